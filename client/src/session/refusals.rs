//! How many persons said no: a number, sealed in the keystore, and nothing else. Without a consent nothing can be sent under one.

use super::Session;
use crate::error::Result;
use crate::keystore::{Contents, EntryName};

/// Where the number is, as eight bytes, big-endian.
const SETTING: &str = "consents-refused";

impl Session {
    /// Counts one person who said no, and gives how many did so far.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn count_refusal(&mut self) -> Result<u64> {
        let held = self.begin()?;
        let count = count_in(self.keystore.contents()).saturating_add(1);
        self.keystore.contents_mut().put_setting(&setting(), &count.to_be_bytes())?;
        self.keystore.commit(&held)?;
        Ok(count)
    }

    /// How many persons said no.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        count_in(self.keystore.contents())
    }
}

fn setting() -> EntryName {
    SETTING.parse().expect("the name is well-formed")
}

fn count_in(contents: &Contents) -> u64 {
    let kept = contents.setting(&setting()).and_then(|bytes| bytes.try_into().ok());
    kept.map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use crate::session::office::two_offices;

    #[test]
    fn a_no_is_a_number_that_other_processes_see() {
        let (_, mut one, _) = two_offices();
        assert_eq!(one.session.refusals(), 0);
        assert_eq!(one.session.count_refusal(), Ok(1));
        let mut other = one.another_process();
        assert_eq!(other.count_refusal(), Ok(2));
        assert_eq!(one.session.count_refusal(), Ok(3));
    }
}
