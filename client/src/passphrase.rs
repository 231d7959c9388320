//! The passphrase: from a terminal, a file or a descriptor, never from a flag's value or an environment variable.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::msg;
use crate::text::{Args, Text};

/// The longest passphrase, in bytes.
pub const MAX_PASSPHRASE_BYTES: usize = 1024;
/// The shortest passphrase that a new keystore accepts, in characters.
pub const MIN_NEW_PASSPHRASE_CHARS: usize = 8;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Nothing was given.
    #[error("the passphrase is empty")]
    Empty,
    /// A new passphrase has fewer than [`MIN_NEW_PASSPHRASE_CHARS`] characters.
    #[error("the passphrase is too short")]
    TooShort,
    /// It has more than [`MAX_PASSPHRASE_BYTES`] bytes.
    #[error("the passphrase is longer than {MAX_PASSPHRASE_BYTES} bytes")]
    TooLong,
    /// It is not UTF-8, or holds a NUL or a line end.
    #[error("the passphrase is not one line of plain text")]
    NotText,
    /// The second typing differs from the first.
    #[error("the two passphrases differ")]
    Mismatch,
    /// The person pressed Ctrl-C instead of typing it.
    #[error("the question was left")]
    Left,
    /// There is no terminal to ask on, and neither file nor descriptor was given.
    #[error("there is no terminal")]
    NoTerminal,
    /// The file can be read by others.
    #[error("others can read the file")]
    Exposed,
    /// The file, descriptor or terminal can not be read.
    #[error("{0}")]
    Unreadable(io::ErrorKind),
}

impl From<io::Error> for PassphraseError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

/// A passphrase: UTF-8, one line, 1 to 1024 bytes, wiped when dropped, never printed.
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes a passphrase as it is, after removing one trailing line end.
    ///
    /// # Errors
    /// [`PassphraseError`] when it is empty, too long, or not one line of UTF-8.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, PassphraseError> {
        let bytes = Zeroizing::new(bytes);
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if line.len() > MAX_PASSPHRASE_BYTES {
            return Err(PassphraseError::TooLong);
        }
        let text = str::from_utf8(line).map_err(|_| PassphraseError::NotText)?;
        if text.contains(['\0', '\n', '\r']) {
            return Err(PassphraseError::NotText);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The text itself. Every call is a place where it could leak.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn long_enough(self) -> Result<Self, PassphraseError> {
        let long = self.expose().chars().count() >= MIN_NEW_PASSPHRASE_CHARS;
        if long { Ok(self) } else { Err(PassphraseError::TooShort) }
    }
}

/// Where the passphrase comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PassphraseSource {
    /// The terminal, without echo.
    #[default]
    Terminal,
    /// `--passphrase-file`: a file that others can not read, or a pipe.
    File(PathBuf),
    /// `--passphrase-fd`: a descriptor that the caller left open.
    Descriptor(u32),
}

impl PassphraseSource {
    /// The passphrase of a keystore that exists.
    ///
    /// # Errors
    /// [`PassphraseError`]; [`PassphraseError::NoTerminal`] when nobody can be asked.
    pub fn read(&self, text: &Text) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::Terminal => {
                let _quiet = Quiet::terminal();
                ask(&text.get(msg!("ask-passphrase"), &Args::none()))
            }
            Self::File(path) => read_file(path),
            Self::Descriptor(number) => read_descriptor(*number),
        }
    }

    /// A passphrase for a new keystore, asked for twice on a terminal.
    ///
    /// # Errors
    /// As [`PassphraseSource::read`], and when it is too short or typed differently the second time.
    pub fn read_new(&self, text: &Text) -> Result<Passphrase, PassphraseError> {
        let Self::Terminal = self else {
            return self.read(text)?.long_enough();
        };
        let _quiet = Quiet::terminal();
        let passphrase = ask(&text.get(msg!("ask-new-passphrase"), &Args::none()))?.long_enough()?;
        let again = ask(&text.get(msg!("ask-passphrase-again"), &Args::none()))?;
        if again.expose() == passphrase.expose() { Ok(passphrase) } else { Err(PassphraseError::Mismatch) }
    }
}

/// A terminal that does not echo, from before the first question until this is dropped.
///
/// The library turns the echo off after it has asked, and on again between two questions; what is typed meanwhile would be shown.
struct Quiet(Option<(File, Termios)>);

impl Quiet {
    fn terminal() -> Self {
        // Without a terminal nothing is echoed, and asking says what is missing.
        let Ok(terminal) = File::open("/dev/tty") else { return Self(None) };
        let Ok(saved) = tcgetattr(&terminal) else { return Self(None) };
        let mut quiet = saved.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // What fails here fails again in the library, which reports it.
        let _ = tcsetattr(&terminal, OptionalActions::Now, &quiet);
        Self(Some((terminal, saved)))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some((terminal, saved)) = &self.0 {
            // A terminal that is gone needs no repair.
            let _ = tcsetattr(terminal, OptionalActions::Now, saved);
        }
    }
}

fn ask(prompt: &str) -> Result<Passphrase, PassphraseError> {
    if !io::stderr().is_terminal() {
        return Err(PassphraseError::NoTerminal);
    }
    let typed = rpassword::prompt_password(format!("{prompt} ")).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => PassphraseError::Empty,
        // The terminal gives no signal while nothing is echoed; the character itself comes.
        io::ErrorKind::Interrupted => PassphraseError::Left,
        io::ErrorKind::InvalidData => PassphraseError::NotText,
        // No controlling terminal: ENXIO, or a missing /dev/tty.
        _ if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
            PassphraseError::NoTerminal
        }
        io::ErrorKind::NotFound => PassphraseError::NoTerminal,
        kind => PassphraseError::Unreadable(kind),
    })?;
    Passphrase::parse(typed.into_bytes())
}

fn read_file(path: &Path) -> Result<Passphrase, PassphraseError> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    // A pipe, as from `<(…)`, has no mode worth checking; a file lies there for others to find.
    if meta.is_file() && meta.permissions().mode() & 0o077 != 0 {
        return Err(PassphraseError::Exposed);
    }
    read_line(file)
}

fn read_descriptor(number: u32) -> Result<Passphrase, PassphraseError> {
    // Opening the kernel's own link gives the same pipe or file without unsafe code.
    read_line(File::open(format!("/proc/self/fd/{number}"))?)
}

fn read_line(from: impl Read) -> Result<Passphrase, PassphraseError> {
    // Two bytes more for a line end, one more to see that there is too much; never the whole of a large file.
    let limit = MAX_PASSPHRASE_BYTES + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    from.take(limit as u64).read_to_end(&mut bytes)?;
    Passphrase::parse(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::fd::AsRawFd;

    use super::*;
    use crate::text::Language;

    fn parse(bytes: &[u8]) -> Result<String, PassphraseError> {
        Passphrase::parse(bytes.to_vec()).map(|passphrase| passphrase.expose().to_owned())
    }

    fn text() -> Text {
        Text::of(Language::English)
    }

    fn file_with(dir: &Path, bytes: &[u8]) -> PathBuf {
        let path = dir.join("passphrase");
        crate::files::replace_private(&path, bytes).expect("written");
        path
    }

    #[test]
    fn one_trailing_line_end_is_not_part_of_it() {
        for given in ["häst batteri", "häst batteri\n", "häst batteri\r\n"] {
            assert_eq!(parse(given.as_bytes()).expect("valid"), "häst batteri");
        }
        assert_eq!(parse(b" kept as is ").expect("valid"), " kept as is ");
    }

    #[test]
    fn empty_long_binary_and_broken_text_are_each_named() {
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert!(matches!(parse(empty), Err(PassphraseError::Empty)));
        }
        parse(&[b'x'; MAX_PASSPHRASE_BYTES]).expect("exactly the bound");
        assert!(matches!(parse(&[b'x'; MAX_PASSPHRASE_BYTES + 1]), Err(PassphraseError::TooLong)));
        for broken in [&b"a\0b"[..], b"\xff\xfe", b"two\nlines", b"two\n\n"] {
            assert!(matches!(parse(broken), Err(PassphraseError::NotText)), "{broken:?}");
        }
    }

    #[test]
    fn a_megabyte_in_a_file_is_refused_as_too_long() {
        let dir = tempfile::tempdir().expect("tempdir");
        let source = PassphraseSource::File(file_with(dir.path(), &vec![b'x'; 1 << 20]));
        assert!(matches!(source.read(&text()), Err(PassphraseError::TooLong)));
    }

    #[test]
    fn a_file_others_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = file_with(dir.path(), b"korrekt fras\n");
        let source = PassphraseSource::File(path.clone());
        assert_eq!(source.read(&text()).expect("read").expose(), "korrekt fras");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
        assert!(matches!(source.read(&text()), Err(PassphraseError::Exposed)));
        let missing = PassphraseSource::File(dir.path().join("none"));
        assert!(matches!(missing.read(&text()), Err(PassphraseError::Unreadable(io::ErrorKind::NotFound))));
    }

    #[test]
    fn a_descriptor_is_read_and_a_closed_one_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let open = File::open(file_with(dir.path(), b"korrekt fras")).expect("open");
        let number = u32::try_from(open.as_raw_fd()).expect("positive");
        let source = PassphraseSource::Descriptor(number);
        assert_eq!(source.read(&text()).expect("read").expose(), "korrekt fras");
        let closed = PassphraseSource::Descriptor(999_999);
        assert!(matches!(closed.read(&text()), Err(PassphraseError::Unreadable(_))));
    }

    #[test]
    fn a_new_passphrase_must_not_be_short() {
        let dir = tempfile::tempdir().expect("tempdir");
        let short = PassphraseSource::File(file_with(dir.path(), "åäöåäöå".as_bytes()));
        assert!(matches!(short.read_new(&text()), Err(PassphraseError::TooShort)));
        let enough = PassphraseSource::File(file_with(dir.path(), "åäöåäöåä".as_bytes()));
        enough.read_new(&text()).expect("eight characters");
    }
}
