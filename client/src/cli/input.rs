//! Text and attachments from files. A file is named by its option in errors, not by its path: a path can hold a name.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use samverkan_proto::limits::MAX_TRUE_LEN;

use super::console::{Console, MAX_INPUT};
use crate::error::cause::Cause as _;
use crate::error::{Code, Error, Result};
use crate::files::{FileError, FileReason};
use crate::msg;
use crate::pictures::{self, Content};
use crate::text::{Args, MessageId, Text};

/// Text from a file, or from stdin when the path is `-`, without the line end at its end.
///
/// # Errors
/// [`Code::InputFileUnusable`] with the option, [`Code::InputNotText`], [`Code::InputTooLarge`].
pub(super) fn read_text(path: &Path, option: &'static str, console: &mut Console) -> Result<String> {
    let bytes =
        if path == Path::new("-") { console.read_all()? } else { read_file(path, option, MAX_INPUT)? };
    let text = String::from_utf8(bytes).map_err(|_| Error::new(Code::InputNotText))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A file of at most `max` bytes whole.
///
/// # Errors
/// [`Code::InputFileUnusable`] with the option, [`Code::InputTooLarge`].
pub(super) fn read_file(path: &Path, option: &'static str, max: u64) -> Result<Vec<u8>> {
    let unusable = |error| {
        let reason = FileError::from_io(path, error).reason;
        Error::with(Code::InputFileUnusable, Args::none().text("option", option).because(&reason))
    };
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes)).map_err(unusable)?;
    if read as u64 > max {
        return Err(Error::with(Code::InputTooLarge, Args::none().number("max", max)));
    }
    Ok(bytes)
}

/// Looks at every file to attach before anything is sealed or asked: a plain file, readable, at most 2 GiB, and no picture that keeps
/// telling where it was taken, unless somebody wants that.
///
/// # Errors
/// [`Code::AttachmentUnusable`] with the number of the first that can not be attached.
pub(super) fn check_attachments(paths: &[PathBuf], keep_metadata: bool, text: &Text) -> Result<()> {
    for (number, path) in (1u64..).zip(paths) {
        check_attachment(path, keep_metadata).map_err(|cause| {
            let args = Args::none().number("number", number).text("cause", cause.words(text));
            Error::with(Code::AttachmentUnusable, args)
        })?;
    }
    Ok(())
}

/// Why a file can not be attached.
enum Unfit {
    /// It is a folder, a device, a pipe, or too large.
    Rule(MessageId),
    /// What the operating system says.
    System(FileReason),
}

impl Unfit {
    fn words(&self, text: &Text) -> String {
        match self {
            Self::Rule(id) => text.get(*id, &Args::none()),
            Self::System(reason) => reason.words(text),
        }
    }
}

fn check_attachment(path: &Path, keep_metadata: bool) -> std::result::Result<(), Unfit> {
    let system = |error| Unfit::System(FileError::from_io(path, error).reason);
    // Opening a pipe to read would wait for somebody to write into it.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| system(error.into()))?;
    let mut file = File::from(file);
    let meta = file.metadata().map_err(system)?;
    let kind = meta.file_type();
    if kind.is_dir() {
        return Err(Unfit::Rule(msg!("attachment-is-folder")));
    }
    if kind.is_fifo() || kind.is_socket() {
        return Err(Unfit::Rule(msg!("attachment-is-pipe")));
    }
    if kind.is_char_device() || kind.is_block_device() {
        return Err(Unfit::Rule(msg!("attachment-is-device")));
    }
    if meta.len() > MAX_TRUE_LEN {
        return Err(Unfit::Rule(msg!("attachment-too-large")));
    }
    if !keep_metadata && pictures::read(&mut file).map_err(system)? == Content::NotCleaned {
        return Err(Unfit::Rule(msg!("attachment-not-cleaned")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::cli::console::Style;
    use crate::text::Language;

    fn console(input: &[u8]) -> Console {
        Console::scripted(input.to_vec(), Style::Nobody)
    }

    fn refusal(path: &Path) -> String {
        let text = Text::of(Language::English);
        let paths = [path.to_owned()];
        let error = check_attachments(&paths, false, &text).expect_err("refused");
        assert_eq!(error.code(), Code::AttachmentUnusable);
        error.explain(&text).to_string()
    }

    #[test]
    fn text_comes_from_a_file_or_stdin_without_its_last_line_end() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("text");
        fs::write(&path, "\u{feff}en\r\ntvå\r\n").expect("written");
        assert_eq!(read_text(&path, "--text-file", &mut console(b"")).expect("read"), "en\r\ntvå");
        let stdin = read_text(Path::new("-"), "--text-file", &mut console(b"tre\n\n"));
        assert_eq!(stdin.expect("read"), "tre");
    }

    #[test]
    fn a_text_file_that_can_not_be_used_is_named_by_its_option() {
        let dir = tempfile::tempdir().expect("tempdir");
        let text = Text::of(Language::English);
        for path in [dir.path().join("Exempelsson"), dir.path().to_owned()] {
            let error = read_text(&path, "--text-file", &mut console(b"")).expect_err("refused");
            let said = error.explain(&text).to_string();
            assert!(said.contains("--text-file") && !said.contains("Exempelsson"), "{said}");
        }
        let binary = read_text(Path::new("-"), "--text-file", &mut console(b"\xff\xfe"));
        assert_eq!(binary.expect_err("binary").code(), Code::InputNotText);
        let endless = read_text(Path::new("/dev/zero"), "--text-file", &mut console(b""));
        assert_eq!(endless.expect_err("endless").code(), Code::InputTooLarge);
    }

    #[test]
    fn bad_130_what_can_not_be_attached_is_named_by_number_and_option() {
        let dir = tempfile::tempdir().expect("tempdir");
        let fifo = dir.path().join("fifo");
        let mode = Mode::RUSR | Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
        let large = dir.path().join("large");
        File::create(&large).and_then(|file| file.set_len(MAX_TRUE_LEN + 1)).expect("a sparse file");
        let picture = dir.path().join("picture");
        fs::write(&picture, b"\xff\xd8\xff\xe1 cut").expect("written");
        let nul = PathBuf::from(std::ffi::OsString::from("a\0b"));
        let long = dir.path().join("x".repeat(300));
        for (path, word) in [
            (dir.path().join("none"), "exist"),
            (dir.path().to_owned(), "folder"),
            (PathBuf::from("/dev/null"), "device"),
            (fifo, "pipe"),
            (large, "larger"),
            (picture, "--keep-metadata"),
            (nul, ""),
            (long, ""),
        ] {
            let said = refusal(&path);
            assert!(said.contains("Attachment 1") && said.contains("--attach"), "{said}");
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn bad_130_strange_names_are_no_obstacle() {
        let dir = tempfile::tempdir().expect("tempdir");
        let names = ["-rf", ".hidden", "con.txt", "a\nb", "\u{202e}fdp.exe"];
        let paths: Vec<PathBuf> = names.iter().map(|name| dir.path().join(name)).collect();
        for path in &paths {
            fs::write(path, b"x").expect("written");
        }
        check_attachments(&paths, false, &Text::of(Language::English)).expect("all fit");
    }
}
