//! One changed byte, or none.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

/// A part of a message as a recipient gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header.
    Header,
    /// The recipient's own wrap.
    Wrap,
    /// The content.
    Content,
    /// The hub's submission receipt with its proof.
    Receipt,
    /// The sealed attachment.
    Blob,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 5] = [Self::Header, Self::Wrap, Self::Content, Self::Receipt, Self::Blob];

    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Wrap => "wrap",
            Self::Content => "content",
            Self::Receipt => "receipt",
            Self::Blob => "blob",
        }
    }
}

/// A byte to change. As text: `part offset mask`, in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Where the byte is.
    pub part: Part,
    /// Its place in the part.
    pub offset: usize,
    /// What it is combined with by exclusive or; zero leaves it as it is.
    pub mask: u8,
}

impl Flip {
    /// No change at all.
    pub const NONE: Self = Self { part: Part::Header, offset: 0, mask: 0 };

    /// `bytes`, which are `part`, with the byte changed if it is in that part.
    ///
    /// # Panics
    /// When the part has no such byte.
    #[must_use]
    pub fn apply(&self, part: Part, bytes: &Bytes) -> Bytes {
        if part != self.part || self.mask == 0 {
            return bytes.clone();
        }
        let mut changed = bytes.to_vec();
        changed[self.offset] ^= self.mask;
        changed.into()
    }
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.part.name(), self.offset, self.mask)
    }
}

impl FromStr for Flip {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("not `part offset mask`: {line}");
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or_else(wrong);
        let name = word()?;
        let part = Part::ALL.into_iter().find(|part| part.name() == name).ok_or_else(wrong)?;
        let offset = word()?.parse().map_err(|_| wrong())?;
        let mask = word()?.parse().map_err(|_| wrong())?;
        Ok(Self { part, offset, mask })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_which_byte_of_which_part() {
        for part in Part::ALL {
            let flip = Flip { part, offset: 2, mask: 128 };
            assert_eq!(flip.to_string().parse(), Ok(flip));
            let bytes = Bytes::from_static(&[1, 2, 3]);
            for other in Part::ALL {
                let expected = if other == part { &[1, 2, 131][..] } else { &[1, 2, 3] };
                assert_eq!(flip.apply(other, &bytes), expected);
            }
        }
        assert_eq!(Flip::NONE.apply(Part::Header, &Bytes::new()), Bytes::new());
        for wrong in ["", "header", "header 1", "tail 1 1", "header x 1", "header 1 256"] {
            assert!(wrong.parse::<Flip>().is_err(), "{wrong}");
        }
    }
}
