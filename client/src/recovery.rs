//! The recovery kit: an organisation's root seed as 24 words, on paper and in a file for the safe.
//!
//! ```text
//! samverkan recovery kit 1
//! # what it is for, in the reader's language; lines that start with # carry no meaning
//! organisation: HANDLE
//! organisation id: 32 hexadecimal digits
//! hub: HOST:PORT
//! hub keys: 64 hexadecimal digits, the pin of the invitation
//!  1 word   2 word   3 word   4 word
//! …
//! ```
//!
//! The words are BIP39 (English list, with its checksum). Reading is strict: known lines in this order, words
//! numbered 1 to 24, and the seed must be the root of the organisation that the kit names.

use std::fmt::Write;
use std::path::Path;

use bip39::{Language, Mnemonic};
use data_encoding::HEXLOWER;
use samverkan_proto::ids::{Handle, OrgId};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::invite::HubAddress;
use secrecy::zeroize::Zeroizing;

use crate::files::{self, FileError};
use crate::msg;
use crate::secret::Secret32;
use crate::text::{Args, Text};

/// How many words hold a seed of 32 bytes.
pub const WORDS: usize = 24;

const TITLE: &str = "samverkan recovery kit 1";
const MAX_FILE_BYTES: u64 = 16 << 10;

/// Why a recovery kit was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum KitError {
    /// A line is not what it should be; lines are counted from 1.
    #[error("line {line} is not as it should be")]
    Layout {
        /// Which line; one past the last if something is missing.
        line: usize,
    },
    /// A word is not in the list; words are counted from 1. Which word it is, is not repeated.
    #[error("word {number} is not in the word list")]
    Word {
        /// Which word.
        number: usize,
    },
    /// Every word is in the list, but they do not belong together.
    #[error("the words do not belong together: one is wrong, or two are swapped")]
    Checksum,
    /// The file is not text.
    #[error("it is not text")]
    NotText,
    /// The words are the root of another organisation than the kit names.
    #[error("the words belong to another organisation")]
    Mismatch,
    /// The file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A recovery kit whose words, handle and organisation belong together.
pub struct RecoveryKit {
    handle: Handle,
    org_id: OrgId,
    hub: KitHub,
    seed: Secret32,
}

/// The hub of a kit: with it and the words nothing else is needed on an empty computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KitHub {
    /// Where it answers.
    pub address: HubAddress,
    /// What its keys hash to, as in the invitation.
    pub pin: [u8; 32],
}

impl RecoveryKit {
    /// The kit of the organisation that has `seed` as its root.
    #[must_use]
    pub fn new(handle: Handle, hub: KitHub, seed: Secret32) -> Self {
        Self { handle, org_id: org_of(&seed), hub, seed }
    }

    /// The hub that it is for.
    #[must_use]
    pub const fn hub(&self) -> &KitHub {
        &self.hub
    }

    /// The organisation's handle.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The organisation.
    #[must_use]
    pub const fn org_id(&self) -> OrgId {
        self.org_id
    }

    /// The root seed.
    #[must_use]
    pub const fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The kit as it is printed and kept, explained in the language of `text`.
    #[must_use]
    pub fn render(&self, text: &Text) -> Zeroizing<String> {
        // Room for the whole, so that no shorter copy is left behind in memory by growing.
        let mut out = Zeroizing::new(String::with_capacity(4096));
        let explanation = text.get(msg!("kit-explanation"), &Args::none().text("handle", &self.handle));
        let commented = explanation.lines().map(|line| format!("# {line}").trim_end().to_owned());
        let commented: Vec<String> = commented.collect();
        let (handle, org_id) = (&self.handle, self.org_id);
        out.push_str(TITLE);
        write!(out, "\n\n{}\n\norganisation: {handle}\norganisation id: {org_id}\n", commented.join("\n"))
            .expect("writing to a String can not fail");
        let KitHub { address, pin } = &self.hub;
        write!(out, "hub: {address}\nhub keys: {}\n\n", HEXLOWER.encode(pin))
            .expect("writing to a String can not fail");
        let mnemonic = mnemonic_of(&self.seed);
        for (number, word) in (1..).zip(mnemonic.words()) {
            let end = if number % 4 == 0 { "\n" } else { "  " };
            write!(out, "{number:>2} {word:<8}{end}").expect("writing to a String can not fail");
        }
        out
    }

    /// Reads a kit as [`RecoveryKit::render`] writes it; blank space and `#` lines do not matter.
    ///
    /// # Errors
    /// [`KitError`], naming the line or word. Nothing of the words is in the error.
    pub fn parse(kit: &str) -> Result<Self, KitError> {
        let lines = (1..).zip(kit.lines().map(str::trim));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let end = kit.lines().count() + 1;
        let mut next = || lines.next().ok_or(KitError::Layout { line: end });

        let (line, title) = next()?;
        if title != TITLE {
            return Err(KitError::Layout { line });
        }
        let handle: Handle = value_of(next()?, "organisation:")?;
        let org_id: OrgId = value_of(next()?, "organisation id:")?;
        let address: HubAddress = value_of(next()?, "hub:")?;
        let pin = pin_of(next()?)?;
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        let mut count = 0;
        while count < WORDS {
            count = take_words(next()?, count, &mut words)?;
        }
        if let Some((line, _)) = lines.next() {
            return Err(KitError::Layout { line });
        }
        let seed = seed_of(&words)?;
        if org_of(&seed) != org_id {
            return Err(KitError::Mismatch);
        }
        Ok(Self { handle, org_id, hub: KitHub { address, pin }, seed })
    }

    /// Writes the kit to a file (0600) that must not exist, and flushes it to the disk.
    ///
    /// # Errors
    /// [`KitError::File`]; nothing is left behind then.
    pub fn write(&self, path: &Path, text: &Text) -> Result<(), KitError> {
        Ok(files::create_private(path, self.render(text).as_bytes())?)
    }

    /// Reads a kit from a private file.
    ///
    /// # Errors
    /// [`KitError`].
    pub fn read(path: &Path) -> Result<Self, KitError> {
        let bytes = Zeroizing::new(files::read_private(path, MAX_FILE_BYTES)?);
        Self::parse(str::from_utf8(&bytes).map_err(|_| KitError::NotText)?)
    }
}

fn value_of<T: std::str::FromStr>((line, text): (usize, &str), name: &str) -> Result<T, KitError> {
    let value = text.strip_prefix(name).map(str::trim);
    value.and_then(|value| value.parse().ok()).ok_or(KitError::Layout { line })
}

fn pin_of((line, text): (usize, &str)) -> Result<[u8; 32], KitError> {
    let digits = text.strip_prefix("hub keys:").map(str::trim);
    let bytes = digits.and_then(|digits| HEXLOWER.decode(digits.as_bytes()).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(KitError::Layout { line })
}

/// Appends the words of one line, whose numbers must go on after `count`; gives the new count.
fn take_words((line, text): (usize, &str), count: usize, words: &mut String) -> Result<usize, KitError> {
    let mut count = count;
    let mut parts = text.split_whitespace();
    while let Some(number) = parts.next() {
        count += 1;
        let word = parts.next().ok_or(KitError::Layout { line })?;
        if count > WORDS || number.parse() != Ok(count) {
            return Err(KitError::Layout { line });
        }
        words.push_str(word);
        words.push(' ');
    }
    Ok(count)
}

fn seed_of(words: &str) -> Result<Secret32, KitError> {
    let mnemonic = Mnemonic::parse_in_normalized(Language::English, words).map_err(|error| match error {
        bip39::Error::UnknownWord(index) => KitError::Word { number: index + 1 },
        _ => KitError::Checksum,
    })?;
    let (entropy, len) = mnemonic.to_entropy_array();
    let entropy = Zeroizing::new(entropy);
    Secret32::from_slice(&entropy[..len]).ok_or(KitError::Checksum)
}

fn mnemonic_of(seed: &Secret32) -> Mnemonic {
    Mnemonic::from_entropy_in(Language::English, seed.expose()).expect("32 bytes make 24 words")
}

fn org_of(seed: &Secret32) -> OrgId {
    let root =
        Signer::from_seed(seed.expose()).expect("every 32-byte seed gives a key of the prime-order group");
    OrgId::of_root(root.public_key().as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::files::FileReason;
    use crate::text;

    fn hub() -> KitHub {
        KitHub { address: "hub.example:8443".parse().expect("an address"), pin: [0xab; 32] }
    }

    fn kit(byte: u8) -> RecoveryKit {
        let handle = "brottsofferjouren-exempel".parse().expect("valid");
        RecoveryKit::new(handle, hub(), Secret32::from_slice(&[byte; 32]).expect("32 bytes"))
    }

    fn rendered(byte: u8) -> String {
        kit(byte).render(&Text::of(text::Language::English)).to_string()
    }

    fn error_of(kit: &str) -> KitError {
        RecoveryKit::parse(kit).err().expect("must be refused")
    }

    #[test]
    fn the_words_are_those_of_the_bip39_vectors() {
        // From the reference vectors of BIP39: 32 bytes 0x7f.
        assert_eq!(
            mnemonic_of(&Secret32::from_slice(&[0x7f; 32]).expect("32 bytes")).to_string(),
            "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful \
             legal winner thank year wave sausage worth title"
        );
    }

    #[test]
    fn typed_by_hand_with_other_spacing_it_still_reads() {
        let text = rendered(7).replace("  ", "\t ").replace("# ", "#");
        let read = RecoveryKit::parse(&format!("\n{text}\n\n")).expect("reads");
        assert_eq!(read.seed().expose(), &[7; 32]);
    }

    #[test]
    fn a_wrong_word_is_named_by_its_number_only() {
        let text = rendered(0x7f);
        let error = error_of(&text.replacen("winner", "vinnare", 1));
        assert!(matches!(error, KitError::Word { number: 2 }), "{error}");
        assert!(!error.to_string().contains("vinnare"));
        let error = error_of(&text.replacen("winner", "worth", 1));
        assert!(matches!(error, KitError::Checksum), "{error}");
    }

    #[test]
    fn missing_extra_and_misnumbered_lines_are_refused() {
        let text = rendered(7);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in
            lines.iter().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        {
            let mut fewer = lines.clone();
            fewer.remove(index);
            let error = error_of(&fewer.join("\n"));
            assert!(matches!(error, KitError::Layout { .. }), "without {line:?}: {error}");
        }
        assert!(matches!(error_of(&format!("{text}25 abandon\n")), KitError::Layout { .. }));
        assert!(matches!(error_of(&text.replacen(" 2 ", " 3 ", 1)), KitError::Layout { .. }));
        assert!(matches!(error_of(&text.replacen("kit 1", "kit 2", 1)), KitError::Layout { line: 1 }));
    }

    #[test]
    fn words_of_another_organisation_are_refused() {
        let (one, other) = (rendered(7), rendered(8));
        let id_line = |text: &str| {
            text.lines().find(|line| line.starts_with("organisation id")).expect("id").to_owned()
        };
        let mixed = one.replace(&id_line(&one), &id_line(&other));
        assert!(matches!(error_of(&mixed), KitError::Mismatch));
    }

    #[test]
    fn the_file_is_written_once_and_read_back() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, english) = (dir.path().join("kit.txt"), Text::of(text::Language::English));
        kit(7).write(&path, &english).expect("written");
        let read = RecoveryKit::read(&path).expect("read");
        assert_eq!((read.handle().as_str(), read.org_id()), ("brottsofferjouren-exempel", kit(7).org_id()));
        let again = kit(8).write(&path, &english);
        assert!(matches!(again, Err(KitError::File(FileError { reason: FileReason::Exists, .. }))));
    }

    proptest! {
        #[test]
        fn every_seed_survives_the_paper(seed: [u8; 32]) {
            let kit = RecoveryKit::new("exempel".parse().expect("valid"), hub(), Secret32::from_slice(&seed).expect("32"));
            let text = kit.render(&Text::of(text::Language::English));
            let read = RecoveryKit::parse(&text).expect("reads");
            prop_assert_eq!((read.seed().expose(), read.hub()), (&seed, &hub()));
            prop_assert_eq!(read.render(&Text::of(text::Language::English)), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            prop_assert!(RecoveryKit::parse(&text).is_err());
        }
    }
}
