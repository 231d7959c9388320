//! The safety number of an organisation: what two people compare aloud (PROTOCOL.md section 3).

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA512};

use crate::fault::{Fault, InvalidField};
use crate::sign::PublicKey;

const GROUPS: usize = 12;
const DIGITS: usize = 5;

/// Twelve groups of five digits that vouch for an organisation's root key.
///
/// Printed with a space between groups; parsed with or without blank space anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafetyNumber([u32; GROUPS]);

impl SafetyNumber {
    /// The number of the organisation with this root key.
    #[must_use]
    pub fn of_root(root_pk: &PublicKey) -> Self {
        let mut context = Context::new(&SHA512);
        context.update(b"svk1 safety\0");
        context.update(root_pk.as_bytes());
        let digest = context.finish();
        let mut groups = [0; GROUPS];
        for (group, bytes) in groups.iter_mut().zip(digest.as_ref().chunks_exact(5)) {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            *group = (number % 100_000) as u32;
        }
        Self(groups)
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, group)| {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{group:05}")
        })
    }
}

impl FromStr for SafetyNumber {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const WRONG: InvalidField = Fault::BadText.in_field("safety_number");
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(10).ok_or(WRONG))
            .take(GROUPS * DIGITS + 1)
            .collect::<Result<_, _>>()?;
        if digits.len() != GROUPS * DIGITS {
            return Err(WRONG);
        }
        let mut groups = [0; GROUPS];
        for (group, digits) in groups.iter_mut().zip(digits.chunks_exact(DIGITS)) {
            *group = digits.iter().fold(0, |number, digit| number * 10 + digit);
        }
        Ok(Self(groups))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sign::Signer;

    /// Computed by another program for the root key of seed `07…07`.
    const KNOWN: &str = "90966 86801 46739 66206 27759 15659 05541 15337 07356 16908 28811 35424";

    #[test]
    fn a_known_root_has_its_known_number() {
        let root = *Signer::from_seed(&[7; 32]).expect("seed").public_key();
        assert_eq!(SafetyNumber::of_root(&root).to_string(), KNOWN);
    }

    #[test]
    fn what_was_heard_is_taken_with_any_spacing() {
        let number: SafetyNumber = KNOWN.parse().expect("as printed");
        assert_eq!(KNOWN.replace(' ', "").parse(), Ok(number));
        assert_eq!(KNOWN.replace(' ', "\n  ").parse(), Ok(number));
        for wrong in
            ["", "1", &KNOWN[1..], &format!("{KNOWN}1"), &KNOWN.replace(' ', "-"), &"9".repeat(10_000)]
        {
            assert_eq!(wrong.parse::<SafetyNumber>().expect_err(wrong).fault, Fault::BadText);
        }
    }

    proptest! {
        #[test]
        fn a_number_prints_and_parses(seed: [u8; 32]) {
            let root = *Signer::from_seed(&seed).expect("seed").public_key();
            let number = SafetyNumber::of_root(&root);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number.to_string().len(), 71);
        }
    }
}
