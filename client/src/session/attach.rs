//! Files on their way into and out of sealed attachments (PROTOCOL.md section 9), in constant memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use samverkan_envelope::blob::{BlobOpener, BlobSealer, BlobSecret, SealBlobError};
use samverkan_envelope::body::{Attachment, MAX_NAME};
use samverkan_proto::limits::MAX_TRUE_LEN;
use secrecy::zeroize::{Zeroize as _, Zeroizing};

use super::model::{Progress, Step};
use crate::error::{Code, Error, Result};
use crate::filenames;
use crate::files::{FileError, FileReason};
use crate::secret::NoRandomness;
use crate::text::Args;

/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

/// A file that can be attached: regular, readable, not too large.
pub(super) struct Source {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Source {
    /// Opens a file to attach. FIFOs, devices and folders are refused without blocking on them.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from);
        let file = file.map_err(|error| FileError::from_io(path, error.into()))?;
        let meta = file.metadata().map_err(|error| FileError::from_io(path, error))?;
        if !meta.is_file() {
            return Err(FileError { path: path.to_owned(), reason: FileReason::WrongKind }.into());
        }
        if meta.len() > MAX_TRUE_LEN {
            return Err(
                FileError { path: path.to_owned(), reason: FileReason::TooLarge(MAX_TRUE_LEN) }.into()
            );
        }
        Ok(Self { file, path: path.to_owned(), len: meta.len() })
    }

    /// Seals it into `folder`, under the name that its sealed bytes get.
    pub(super) fn seal_into(mut self, folder: &Path, progress: &mut dyn Progress) -> Result<Attachment> {
        progress.begin(Step::Encrypting, self.len);
        let mut sealed = tempfile::Builder::new()
            .prefix(".samverkan-")
            .tempfile_in(folder)
            .map_err(|error| FileError::from_io(folder, error))?;
        let attachment = self.seal_to(sealed.as_file_mut(), folder, progress)?;
        sealed.as_file().sync_all().map_err(|error| FileError::from_io(folder, error))?;
        let target = folder.join(attachment.blob_id.to_string());
        sealed.persist(&target).map_err(|error| FileError::from_io(&target, error.error))?;
        crate::files::sync_folder(folder)?;
        Ok(attachment)
    }

    fn seal_to(&mut self, out: &mut File, folder: &Path, progress: &mut dyn Progress) -> Result<Attachment> {
        let changed = |error| match error {
            SealBlobError::TooLarge | SealBlobError::LengthChanged => {
                Error::with(Code::AttachmentChanged, Args::none().text("path", self.path.display()))
            }
        };
        let secret = BlobSecret::generate().map_err(|_| NoRandomness)?;
        let mut sealed = Vec::with_capacity(2 * PIECE);
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let mut sealer = BlobSealer::new(secret, self.len, &mut sealed).map_err(changed)?;
        loop {
            let read = self.file.read(&mut piece).map_err(|error| FileError::from_io(&self.path, error))?;
            if read == 0 {
                break;
            }
            sealer.push(&piece[..read], &mut sealed).map_err(changed)?;
            out.write_all(&sealed).map_err(|error| FileError::from_io(folder, error))?;
            sealed.clear();
            progress.advance(read as u64);
        }
        let outline = sealer.finish(&mut sealed).map_err(changed)?;
        out.write_all(&sealed).map_err(|error| FileError::from_io(folder, error))?;
        Ok(outline.attachment(name_of(&self.path), media_type_of(&self.path).to_owned()))
    }
}

/// The name that goes into the seal: one harmless component of at most 255 bytes.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = filenames::incoming(&name);
    debug_assert!(name.len() <= MAX_NAME, "a safe name is at most 201 bytes long");
    name
}

/// What a file is, by its ending. The receiver takes it for the sender's word.
fn media_type_of(path: &Path) -> &'static str {
    let ending =
        path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "pdf" => "application/pdf",
        "txt" => "text/plain; charset=utf-8",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "heic" => "image/heic",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "odt" => "application/vnd.oasis.opendocument.text",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// Takes sealed bytes in order and lets out nothing that was not verified.
pub(super) struct Verifier<'a> {
    opener: BlobOpener,
    out: &'a mut dyn Write,
    plain: Zeroizing<Vec<u8>>,
}

/// Why an attachment was not opened.
pub(super) enum OpenFailure {
    /// The sealed bytes are not those of the message.
    Damaged,
    /// What was verified could not be written.
    Write(io::Error),
}

impl<'a> Verifier<'a> {
    pub(super) fn new(attachment: &Attachment, out: &'a mut dyn Write) -> Self {
        Self {
            opener: BlobOpener::new(attachment),
            out,
            plain: Zeroizing::new(Vec::with_capacity(2 * PIECE)),
        }
    }

    pub(super) fn push(&mut self, sealed: &[u8]) -> std::result::Result<(), OpenFailure> {
        // Piece by piece, so that a large push does not make the plaintext buffer grow and leave copies behind.
        for piece in sealed.chunks(PIECE) {
            self.opener.push(piece, &mut self.plain).map_err(|_| OpenFailure::Damaged)?;
            drain(&mut self.plain, self.out)?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> std::result::Result<(), OpenFailure> {
        let Self { opener, out, mut plain } = self;
        opener.finish(&mut plain).map_err(|_| OpenFailure::Damaged)?;
        drain(&mut plain, out)
    }
}

fn drain(plain: &mut Zeroizing<Vec<u8>>, out: &mut dyn Write) -> std::result::Result<(), OpenFailure> {
    let written = out.write_all(plain).map_err(OpenFailure::Write);
    plain.zeroize();
    written
}

/// Opens the sealed file at `path`, writing the clear bytes to `out`.
pub(super) fn open_file(
    path: &Path,
    attachment: &Attachment,
    out: &mut dyn Write,
) -> std::result::Result<(), OpenFailure> {
    let mut file = crate::files::open_private(path).map_err(|_| OpenFailure::Damaged)?;
    let mut verifier = Verifier::new(attachment, out);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece).map_err(OpenFailure::Write)?;
        if read == 0 {
            return verifier.finish();
        }
        verifier.push(&piece[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::office::Silent;

    fn refused(path: &Path) -> Code {
        Source::open(path).err().expect("refused").code()
    }

    #[test]
    fn only_regular_files_are_attached() {
        let dir = tempfile::tempdir().expect("tempdir");
        let fifo = dir.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, Mode::RUSR | Mode::WUSR).expect("mkfifo");
        assert_eq!(refused(&fifo), Code::FileUnsafe, "and without waiting for a writer");
        assert_eq!(refused(dir.path()), Code::FileUnsafe);
        assert_eq!(refused(Path::new("/dev/zero")), Code::FileUnsafe);
        assert_eq!(refused(&dir.path().join("none")), Code::FileMissing);
        let large = dir.path().join("large");
        let file = File::create(&large).expect("created");
        file.set_len(MAX_TRUE_LEN + 1).expect("a sparse file");
        assert_eq!(refused(&large), Code::FileTooLarge);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_not_sent() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, blobs) = (dir.path().join("growing"), dir.path().join("blobs"));
        std::fs::create_dir(&blobs).expect("folder");
        for (before, after) in [(10, 11), (10, 9)] {
            std::fs::write(&path, vec![1; before]).expect("written");
            let source = Source::open(&path).expect("opened");
            std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(after))
                .expect("changed");
            let error = source.seal_into(&blobs, &mut Silent).err().expect("changed");
            assert_eq!(error.code(), Code::AttachmentChanged);
        }
        assert_eq!(std::fs::read_dir(&blobs).expect("listed").count(), 0, "nothing half sealed is left");
    }

    #[test]
    fn what_was_sealed_opens_and_an_empty_file_too() {
        let dir = tempfile::tempdir().expect("tempdir");
        for len in [0, 1, 65_528, 65_529, 300_000] {
            let path = dir.path().join("fil.txt");
            std::fs::write(&path, vec![9; len]).expect("written");
            let attachment = Source::open(&path).and_then(|source| source.seal_into(dir.path(), &mut Silent));
            let attachment = attachment.expect("sealed");
            let mut out = Vec::new();
            let opened = open_file(&dir.path().join(attachment.blob_id.to_string()), &attachment, &mut out);
            assert!(opened.is_ok() && out == vec![9; len], "{len}");
        }
    }
}
