//! What people compare or say aloud: an organisation's safety number and a thread's case reference (PROTOCOL.md section 3).

use crate::fault::{Fault, InvalidField};
use crate::ids::{ThreadId, sha256_of};
use crate::sign::PublicKey;
use ring::digest::{Context, SHA512};
use std::fmt;
use std::str::FromStr;

const GROUPS: usize = 12;
const DIGITS: usize = 5;

/// Sixty digits that vouch for an organisation's root key. Compared over a channel that is not the directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SafetyNumber([u32; GROUPS]);

impl SafetyNumber {
    /// The number of the organisation with this root.
    #[must_use]
    pub fn of_root(root_pk: &PublicKey) -> Self {
        let mut context = Context::new(&SHA512);
        context.update(b"svk1 safety\0");
        context.update(root_pk.as_bytes());
        let digest = context.finish();
        let (groups, _) = digest.as_ref().as_chunks::<5>();
        let number = |group: &[u8; 5]| group.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        let mut of_five_digits = groups.iter().map(|group| (number(group) % 100_000) as u32);
        Self(std::array::from_fn(|_| of_five_digits.next().expect("64 bytes hold twelve groups of five")))
    }
}

/// Twelve groups of five digits between single spaces: always 71 characters.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self.0.map(|group| format!("{group:05}"));
        f.write_str(&groups.join(" "))
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafetyNumber({self})")
    }
}

impl FromStr for SafetyNumber {
    type Err = InvalidField;

    /// Sixty ASCII digits, with white space anywhere.
    ///
    /// # Errors
    /// `bad_text` for anything else.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const BAD: InvalidField = Fault::BadText.in_field("safety_number");
        let mut digits = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(10));
        let mut groups = [0; GROUPS];
        for group in &mut groups {
            for _ in 0..DIGITS {
                *group = *group * 10 + digits.next().flatten().ok_or(BAD)?;
            }
        }
        if digits.next().is_none() { Ok(Self(groups)) } else { Err(BAD) }
    }
}

/// Without 0, 1, B, I, L, O and S, which are mistaken for others on paper.
const ALPHABET: &[u8; 29] = b"23456789ACDEFGHJKMNPQRTUVWXYZ";
const BASE: u64 = ALPHABET.len() as u64;
const SYMBOLS: usize = 6;

/// A thread's name on the telephone: six symbols and a check symbol. Says nothing about the thread to who does not have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseReference([u8; SYMBOLS]);

impl CaseReference {
    /// The reference of a thread.
    #[must_use]
    pub fn of_thread(thread: &ThreadId) -> Self {
        let hash = sha256_of(&[b"svk1 case\0", thread.as_bytes()]);
        let mut n = u64::from_be_bytes(*hash.first_chunk().expect("SHA-256 is longer than 8 bytes"));
        let mut digits = [0; SYMBOLS];
        for digit in digits.iter_mut().rev() {
            *digit = (n % BASE) as u8;
            n /= BASE;
        }
        Self(digits)
    }

    /// `(1·d₁ + 2·d₂ + … + 6·d₆) mod 29`: 29 is prime, so every wrong and every swapped neighbouring symbol changes it.
    fn check(&self) -> u8 {
        let sum: u64 = (1..).zip(self.0).map(|(weight, digit)| weight * u64::from(digit)).sum();
        (sum % BASE) as u8
    }
}

/// `d₁d₂d₃-d₄d₅d₆-c`.
impl fmt::Display for CaseReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let symbol = |digit: u8| char::from(ALPHABET[usize::from(digit)]);
        let [a, b, c, d, e, g] = self.0.map(symbol);
        write!(f, "{a}{b}{c}-{d}{e}{g}-{}", symbol(self.check()))
    }
}

impl fmt::Debug for CaseReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaseReference({self})")
    }
}

impl FromStr for CaseReference {
    type Err = InvalidField;

    /// Seven symbols in either case, with hyphens and white space anywhere.
    ///
    /// # Errors
    /// `bad_text` for anything else, and for a check symbol that does not fit.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const BAD: InvalidField = Fault::BadText.in_field("case_reference");
        let value = |c: char| {
            let at = ALPHABET.iter().position(|symbol| char::from(*symbol) == c.to_ascii_uppercase())?;
            u8::try_from(at).ok()
        };
        let mut symbols = text.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(value);
        let mut digits = [0; SYMBOLS];
        for digit in &mut digits {
            *digit = symbols.next().flatten().ok_or(BAD)?;
        }
        let reference = Self(digits);
        let check = symbols.next().flatten().ok_or(BAD)?;
        if check == reference.check() && symbols.next().is_none() { Ok(reference) } else { Err(BAD) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Signer;
    use proptest::prelude::*;

    #[test]
    fn a_safety_number_is_read_as_it_was_printed_or_typed() {
        let number = SafetyNumber::of_root(Signer::from_seed(&[1; 32]).unwrap().public_key());
        let printed = number.to_string();
        assert_eq!(printed.len(), 71);
        assert_eq!(printed.parse(), Ok(number));
        assert_eq!(printed.replace(' ', "").parse(), Ok(number));
        assert_eq!(format!(" {}\n", printed.replacen(' ', "\n", 6)).parse(), Ok(number));
        for bad in
            ["", "12345", &printed[1..], &format!("{printed}1"), &printed.replace(' ', "-"), &"٣".repeat(60)]
        {
            assert_eq!(bad.parse::<SafetyNumber>(), Err(Fault::BadText.in_field("safety_number")));
        }
    }

    #[test]
    fn safety_numbers_and_case_references_stay_what_they_are() {
        let root = Signer::from_seed(&[1; 32]).unwrap();
        assert_eq!(SafetyNumber::of_root(root.public_key()).to_string(), KNOWN_SAFETY_NUMBER);
        let thread =
            ThreadId::parse(b"\x01\x02\x03\x04\x05\x06\x47\x08\x89\x0a\x0b\x0c\x0d\x0e\x0f\x10").unwrap();
        assert_eq!(CaseReference::of_thread(&thread).to_string(), KNOWN_CASE_REFERENCE);
    }

    /// Both computed apart from this program, from the text of PROTOCOL.md.
    const KNOWN_SAFETY_NUMBER: &str =
        "92824 89817 78160 55551 30727 68594 00841 98644 95701 48275 53942 05927";
    const KNOWN_CASE_REFERENCE: &str = "N52-N5R-7";

    #[test]
    fn a_case_reference_is_read_in_either_case_with_or_without_hyphens() {
        let reference = CaseReference::of_thread(&ThreadId::random());
        let printed = reference.to_string();
        for text in
            [printed.clone(), printed.to_lowercase(), printed.replace('-', ""), printed.replace('-', " ")]
        {
            assert_eq!(text.parse(), Ok(reference), "{text}");
        }
        for bad in ["", "222-222", "222-222-22", "BIL-OS0-1", "222-222-3", "２２２-222-2"] {
            assert_eq!(bad.parse::<CaseReference>(), Err(Fault::BadText.in_field("case_reference")), "{bad}");
        }
        assert_eq!("222-222-2".parse(), Ok(CaseReference([0; 6])));
    }

    proptest! {
        #[test]
        fn one_wrong_symbol_is_noticed(digits in prop::array::uniform6(0u8..29), at in 0usize..7, wrong in 0usize..29) {
            let reference = CaseReference(digits);
            let mut text = reference.to_string().replace('-', "").into_bytes();
            prop_assume!(text[at] != ALPHABET[wrong]);
            text[at] = ALPHABET[wrong];
            prop_assert!(str::from_utf8(&text).unwrap().parse::<CaseReference>().is_err());
        }

        #[test]
        fn two_swapped_neighbours_are_noticed(digits in prop::array::uniform6(0u8..29), at in 0usize..6) {
            let reference = CaseReference(digits);
            let mut text = reference.to_string().replace('-', "").into_bytes();
            prop_assume!(text[at] != text[at + 1]);
            text.swap(at, at + 1);
            prop_assert!(str::from_utf8(&text).unwrap().parse::<CaseReference>().is_err());
        }

        #[test]
        fn whatever_is_accepted_prints_the_same(text in "[2-9a-zA-Z -]{5,12}") {
            if let Ok(reference) = text.parse::<CaseReference>() {
                prop_assert_eq!(reference.to_string().parse(), Ok(reference));
                let plain = text.to_uppercase().replace(['-', ' '], "");
                prop_assert_eq!(reference.to_string().replace('-', ""), plain);
            }
        }
    }
}
