//! Looks for planted texts where they must not be: in folders, file names, logs and outputs.
//!
//! A canary is searched for in every form that careless code would store it in: as it is, in other case, as hex, as base64 at any
//! alignment, and in UTF-16.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use std::fs;
use std::path::{Path, PathBuf};

/// A planted text and the forms it is searched in.
#[derive(Clone, Debug)]
pub struct Canary {
    text: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

/// Where a canary was found, and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// A file, or the name given to an output.
    pub place: PathBuf,
    /// How it was encoded.
    pub form: &'static str,
}

impl Canary {
    /// A new one: `word` makes it readable in a failure, the random letters make it unique.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn plant(word: &str) -> Self {
        let mut random = [0; 10];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random).expect("randomness");
        Self::of(&format!("{word}{}", HEXLOWER.encode(&random)))
    }

    /// One with this text, such as a secret that the test knows.
    ///
    /// # Panics
    /// For a text so short that it would be found by chance.
    #[must_use]
    pub fn of(text: &str) -> Self {
        assert!(text.len() >= 8, "a short text is found by chance");
        Self { forms: forms(text), text: text.to_owned() }
    }

    /// What to plant.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first form that `bytes` contain.
    #[must_use]
    pub fn within(&self, bytes: &[u8]) -> Option<&'static str> {
        self.forms.iter().find(|(_, needle)| contains(bytes, needle)).map(|(form, _)| *form)
    }

    /// Every file below `folder` that contains it, or is named after it.
    ///
    /// # Panics
    /// When a file or folder can not be read: an unsearched place is no evidence. Files that vanish meanwhile are skipped.
    #[must_use]
    pub fn in_folder(&self, folder: &Path) -> Vec<Sighting> {
        let mut sightings = Vec::new();
        for path in files(folder) {
            let name = path.to_string_lossy();
            let place = || path.clone();
            sightings.extend(self.within(name.as_bytes()).map(|form| Sighting { place: place(), form }));
            if path.is_file()
                && let Some(bytes) = read(&path)
            {
                sightings.extend(self.within(&bytes).map(|form| Sighting { place: place(), form }));
            }
        }
        sightings
    }
}

/// Checks that none of `canaries` is anywhere below `folder`.
///
/// # Panics
/// When one is, saying where.
#[track_caller]
pub fn assert_absent(canaries: &[Canary], folder: &Path) {
    for canary in canaries {
        let found = canary.in_folder(folder);
        assert!(found.is_empty(), "{} was found: {found:?}", canary.text);
    }
}

fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let utf16 = |encode: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(encode).collect::<Vec<u8>>();
    let mut forms = vec![
        ("as it is", bytes.to_vec()),
        ("in lower case", text.to_lowercase().into_bytes()),
        ("in upper case", text.to_uppercase().into_bytes()),
        ("as hex", HEXLOWER.encode(bytes).into_bytes()),
        ("as upper-case hex", HEXUPPER.encode(bytes).into_bytes()),
        ("in UTF-16LE", utf16(u16::to_le_bytes)),
        ("in UTF-16BE", utf16(u16::to_be_bytes)),
    ];
    for shift in 0..3 {
        forms.push(("as base64", base64_inside(&BASE64_NOPAD, bytes, shift)));
        forms.push(("as base64url", base64_inside(&BASE64URL_NOPAD, bytes, shift)));
    }
    forms
}

/// The characters that stand for `bytes` alone when `shift` unknown bytes precede them and others may follow.
fn base64_inside(encoding: &data_encoding::Encoding, bytes: &[u8], shift: usize) -> Vec<u8> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let encoded = encoding.encode(&padded).into_bytes();
    let certain = padded.len() * 8 / 6;
    encoded[(shift * 8).div_ceil(6)..certain].to_vec()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return false };
    let mut rest = haystack;
    while let Some(start) = rest.iter().position(|byte| byte == first) {
        rest = &rest[start..];
        if rest.starts_with(needle) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Every file, socket and folder below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => panic!("{}: {error}", folder.display()),
        };
        for entry in entries {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn a_canary_is_found_in_every_form_and_nowhere_else() {
        let canary = Canary::plant("Exempelsson-Åäö");
        let text = canary.text().to_owned();
        let shifted =
            |prefix: &str| BASE64.encode(format!("{prefix}{text} and more").as_bytes()).into_bytes();
        let planted: Vec<Vec<u8>> = vec![
            text.clone().into_bytes(),
            text.to_uppercase().into_bytes(),
            text.to_lowercase().into_bytes(),
            HEXLOWER.encode(text.as_bytes()).into_bytes(),
            HEXUPPER.encode(text.as_bytes()).into_bytes(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            shifted(""),
            shifted("x"),
            shifted("xy"),
            BASE64URL_NOPAD.encode(format!("a{text}").as_bytes()).into_bytes(),
        ];
        for (index, form) in planted.iter().enumerate() {
            let folder = tempfile::tempdir().expect("a folder");
            let deep = folder.path().join("a/b");
            fs::create_dir_all(&deep).expect("folders");
            fs::write(deep.join("file"), [b"\0\xffbefore".as_slice(), form, b"after"].concat())
                .expect("a file");
            assert_eq!(canary.in_folder(folder.path()).len(), 1, "form {index}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), &text.as_bytes()[1..]).expect("a file");
        assert_absent(&[canary], folder.path());
    }

    #[test]
    fn a_file_name_is_searched_too() {
        let canary = Canary::plant("name");
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join(canary.text())).expect("a folder");
        assert_eq!(canary.in_folder(folder.path())[0].form, "as it is");
    }
}
