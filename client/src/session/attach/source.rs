//! A file to attach: read once, and what that reading gave is what is sealed.
//!
//! **What is promised:** the sealed bytes are one state of the file, the one it had when it was opened. After the
//! reading the path must still lead to that file (device and inode), with the same length and the same times of change
//! of content and status (`mtime`, `ctime`); else it is refused with [`Code::AttachmentChanged`], and nothing is sent.
//! Only who can turn the computer's clock back while the file is read can change it unnoticed. Of a picture, what is sealed is what
//! [`pictures`] leaves of that state.

use std::fs::{File, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use rustix::fs::{Mode, OFlags};
use samverkan_envelope::blob::{BlobSealer, BlobSecret};
use samverkan_envelope::body::{Attachment, MAX_NAME};
use samverkan_proto::limits::MAX_TRUE_LEN;
use secrecy::zeroize::Zeroizing;
use tempfile::NamedTempFile;

use super::PIECE;
use crate::error::{Code, Error, Result};
use crate::filenames;
use crate::files::{self, FileError, FileReason};
use crate::pictures::{self, Content};
use crate::secret::NoRandomness;
use crate::session::model::{Progress, Step};
use crate::text::Args;

/// Longer than a tick of the clock that file systems take their times from (10 ms where it is slowest). Two changes
/// within a tick leave the same time, so the reading begins a tick after the first look.
const TICK: Duration = Duration::from_millis(20);

/// A file that can be attached: regular, readable, not too large.
pub(in crate::session) struct Source {
    file: File,
    path: PathBuf,
    state: State,
}

/// What shows that a file was changed, or that another one took its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    inode: (u64, u64),
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(meta: &Metadata) -> Self {
        Self {
            inode: (meta.dev(), meta.ino()),
            len: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

impl Source {
    /// Opens a file to attach. FIFOs, devices and folders are refused without blocking on them.
    pub(in crate::session) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::open(path, flags, Mode::empty()).map(File::from);
        let file = file.map_err(|error| FileError::from_io(path, error.into()))?;
        let meta = file.metadata().map_err(|error| FileError::from_io(path, error))?;
        let refuse = |reason| Err(FileError { path: path.to_owned(), reason }.into());
        if !meta.is_file() {
            return refuse(FileReason::WrongKind);
        }
        if meta.len() > MAX_TRUE_LEN {
            return refuse(FileReason::TooLarge(MAX_TRUE_LEN));
        }
        Ok(Self { file, path: path.to_owned(), state: State::of(&meta) })
    }

    /// Seals it into a file in `folder` that has no place yet, and is gone when it is dropped or the task is.
    ///
    /// # Errors
    /// [`Code::AttachmentChanged`], and when it can not be read or sealed.
    pub(in crate::session) async fn seal(
        mut self,
        folder: &Path,
        beside: Beside,
        progress: &mut dyn Progress,
    ) -> Result<Sealed> {
        progress.begin(Step::Encrypting, self.state.len);
        tokio::time::sleep(TICK).await;
        let fail = |error| FileError::from_io(folder, error);
        let mut out = tempfile::Builder::new().prefix(files::TEMPORARY).tempfile_in(folder).map_err(fail)?;
        let plain = self.plain(beside)?;
        let cleaned = matches!(plain, Plain::Picture { told: true, .. });
        let attachment = self.seal_to(plain, out.as_file_mut(), folder, progress).await?;
        out.as_file().sync_all().map_err(fail)?;
        Ok(Sealed { out, attachment, cleaned })
    }

    /// What is to be sealed: the file as it is, or the picture in it alone.
    fn plain(&mut self, beside: Beside) -> Result<Plain> {
        let whole = Plain::Whole { len: self.state.len };
        if beside == Beside::Keep {
            return Ok(whole);
        }
        match pictures::read(&mut self.file).map_err(|error| FileError::from_io(&self.path, error))? {
            Content::Other => Ok(whole),
            Content::Picture { clean, told } => Ok(Plain::Picture { clean, told }),
            Content::NotCleaned => Err(Error::new(Code::PictureNotCleaned)),
        }
    }

    async fn seal_to(
        &mut self,
        mut plain: Plain,
        out: &mut File,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<Attachment> {
        let secret = BlobSecret::generate().map_err(|_| NoRandomness)?;
        let mut sealed = Vec::with_capacity(2 * PIECE);
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        let mut sealer = BlobSealer::new(secret, plain.left(), &mut sealed).map_err(|_| self.changed())?;
        loop {
            let read = plain.read(&mut self.file, &mut piece);
            let read = read.map_err(|error| FileError::from_io(&self.path, error))?;
            if read == 0 {
                break;
            }
            sealer.push(&piece[..read], &mut sealed).map_err(|_| self.changed())?;
            write_out(&mut sealed, out, folder)?;
            progress.advance(read as u64);
            // Somebody may want to stop.
            tokio::task::yield_now().await;
        }
        while sealer.pad(&mut sealed).map_err(|_| self.changed())? {
            write_out(&mut sealed, out, folder)?;
        }
        let outline = sealer.finish(&mut sealed).map_err(|_| self.changed())?;
        write_out(&mut sealed, out, folder)?;
        if !self.path.metadata().is_ok_and(|after| State::of(&after) == self.state) {
            return Err(self.changed());
        }
        Ok(outline.attachment(name_of(&self.path), media_type_of(&self.path).to_owned()))
    }

    fn changed(&self) -> Error {
        Error::with(Code::AttachmentChanged, Args::none().text("path", self.path.display()))
    }
}

/// What becomes of what a picture tells beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Beside {
    /// It is taken away.
    Strip,
    /// It stays, because the person said so.
    Keep,
}

impl Beside {
    /// By what a draft says.
    pub(in crate::session) const fn of(keep: bool) -> Self {
        if keep { Self::Keep } else { Self::Strip }
    }
}

/// What is read and sealed.
enum Plain {
    /// The file as it is.
    Whole {
        /// Its length when it was opened.
        len: u64,
    },
    /// A picture, cleaned in memory.
    Picture {
        /// What of it was not read yet.
        clean: Bytes,
        /// Something was taken away.
        told: bool,
    },
}

impl Plain {
    /// How many bytes there are, before the first is read.
    fn left(&self) -> u64 {
        match self {
            Self::Whole { len } => *len,
            Self::Picture { clean, .. } => clean.len() as u64,
        }
    }

    fn read(&mut self, file: &mut File, piece: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Whole { .. } => file.read(piece),
            Self::Picture { clean, .. } => clean.reader().read(piece),
        }
    }
}

/// Writes sealed bytes to a file in `folder`, and makes room for more.
fn write_out(sealed: &mut Vec<u8>, out: &mut File, folder: &Path) -> Result<()> {
    out.write_all(sealed).map_err(|error| FileError::from_io(folder, error))?;
    sealed.clear();
    Ok(())
}

/// A sealed file on disk that has no place yet. Dropping it removes it.
pub(in crate::session) struct Sealed {
    out: NamedTempFile,
    attachment: Attachment,
    cleaned: bool,
}

impl Sealed {
    /// A whole sealed file, synced.
    pub(super) const fn new(out: NamedTempFile, attachment: Attachment) -> Self {
        Self { out, attachment, cleaned: false }
    }

    /// Whether a picture told something beside itself that was taken away.
    pub(in crate::session) const fn is_cleaned(&self) -> bool {
        self.cleaned
    }

    /// Puts it under the name of its sealed bytes.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(in crate::session) fn place(self, folder: &Path) -> Result<Attachment> {
        let target = folder.join(self.attachment.blob_id.to_string());
        self.out.persist(&target).map_err(|error| FileError::from_io(&target, error.error))?;
        files::sync_folder(folder)?;
        Ok(self.attachment)
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

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::os::unix::fs::FileExt as _;

    use super::*;
    use crate::session::attach::open_file;
    use crate::session::office::Silent;

    fn refused(path: &Path) -> Code {
        Source::open(path).err().expect("refused").code()
    }

    fn entries(folder: &Path) -> usize {
        std::fs::read_dir(folder).expect("listed").count()
    }

    fn write_at(path: &Path, byte: u8, at: u64) {
        let file = OpenOptions::new().write(true).open(path).expect("opened");
        file.write_all_at(&[byte], at).expect("written");
    }

    /// Does something to the file each time so many bytes of it were read.
    struct Meanwhile<F>(F);

    impl<F: FnMut(u64)> Progress for Meanwhile<F> {
        fn begin(&mut self, _: Step, _: u64) {}

        fn advance(&mut self, bytes: u64) {
            (self.0)(bytes);
        }
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

    #[tokio::test]
    async fn a_file_that_is_longer_or_shorter_than_when_it_was_opened_is_not_sent() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, blobs) = (dir.path().join("growing"), dir.path().join("blobs"));
        std::fs::create_dir(&blobs).expect("folder");
        for (before, after) in [(10, 11), (10, 9)] {
            std::fs::write(&path, vec![1; before]).expect("written");
            let source = Source::open(&path).expect("opened");
            OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(after)).expect("changed");
            let error = source.seal(&blobs, Beside::Strip, &mut Silent).await.err().expect("changed");
            assert_eq!(error.code(), Code::AttachmentChanged);
        }
        assert_eq!(entries(&blobs), 0, "nothing half sealed is left");
    }

    #[tokio::test]
    async fn a_file_that_changes_and_keeps_its_length_is_not_sent() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, blobs) = (dir.path().join("changing"), dir.path().join("blobs"));
        std::fs::create_dir(&blobs).expect("folder");
        let len = 3 * PIECE as u64;
        // Before what was read, behind it, and the very same byte again: the file was touched while it was read.
        for (at, byte) in [(0, 2), (len - 1, 2), (len - 1, 1)] {
            std::fs::write(&path, vec![1; 3 * PIECE]).expect("written");
            let source = Source::open(&path).expect("opened");
            let mut pieces = 0;
            let mut meanwhile = Meanwhile(|_| {
                pieces += 1;
                if pieces == 2 {
                    write_at(&path, byte, at);
                }
            });
            let error = source.seal(&blobs, Beside::Strip, &mut meanwhile).await.err().expect("changed");
            assert_eq!(error.code(), Code::AttachmentChanged, "byte {at}");
        }
        assert_eq!(entries(&blobs), 0, "nothing half sealed is left");
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_or_removed_while_it_is_read_is_not_sent() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, other, blobs) =
            (dir.path().join("brev"), dir.path().join("nytt"), dir.path().join("blobs"));
        std::fs::create_dir(&blobs).expect("folder");
        let replace = || std::fs::rename(&other, &path);
        let remove = || std::fs::remove_file(&path);
        for (what, happens) in
            [("replaced", &replace as &dyn Fn() -> std::io::Result<()>), ("removed", &remove)]
        {
            std::fs::write(&path, vec![1; 3 * PIECE]).expect("written");
            std::fs::write(&other, vec![1; 3 * PIECE]).expect("written");
            let source = Source::open(&path).expect("opened");
            let mut once = Some(happens);
            let mut meanwhile = Meanwhile(|_| {
                if let Some(happens) = once.take() {
                    happens().expect(what);
                }
            });
            let error = source.seal(&blobs, Beside::Strip, &mut meanwhile).await.err().expect(what);
            assert_eq!(error.code(), Code::AttachmentChanged, "{what}");
        }
        assert_eq!(entries(&blobs), 0, "nothing half sealed is left");
    }

    #[tokio::test]
    async fn whoever_stops_the_sealing_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (path, blobs) = (dir.path().join("fil"), dir.path().join("blobs"));
        std::fs::create_dir(&blobs).expect("folder");
        std::fs::write(&path, vec![1; 3 * PIECE]).expect("written");
        let (told, mut stop) = tokio::sync::mpsc::channel(8);
        let mut begun = Meanwhile(|_| told.try_send(()).expect("there is room"));
        let source = Source::open(&path).expect("opened");
        tokio::select! {
            biased;
            _ = source.seal(&blobs, Beside::Strip, &mut begun) => panic!("it was not stopped"),
            stopped = stop.recv() => stopped.expect("in the middle"),
        }
        assert_eq!(entries(&blobs), 0);
    }

    #[tokio::test]
    async fn what_was_sealed_opens_and_an_empty_file_too() {
        let dir = tempfile::tempdir().expect("tempdir");
        for len in [0, 1, 65_528, 65_529, 300_000] {
            let path = dir.path().join("fil.txt");
            std::fs::write(&path, vec![9; len]).expect("written");
            let sealed =
                Source::open(&path).expect("opened").seal(dir.path(), Beside::Strip, &mut Silent).await;
            let attachment = sealed.and_then(|sealed| sealed.place(dir.path())).expect("sealed");
            let mut out = Vec::new();
            let opened = open_file(
                &dir.path().join(attachment.blob_id.to_string()),
                &attachment,
                &mut out,
                &mut Silent,
            );
            assert!(opened.is_ok() && out == vec![9; len], "{len}");
        }
    }

    #[tokio::test]
    async fn a_picture_is_sealed_without_what_it_tells_unless_somebody_wants_that() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("bild.txt");
        let quiet = b"\xff\xd8\xff\xda\x00\x02pixels\xff\xd9".to_vec();
        let telling = [b"\xff\xd8\xff\xfe\x00\x05who", &quiet[2..]].concat();
        for (content, beside, sealed_as, told) in [
            (&telling, Beside::Strip, &quiet, true),
            (&telling, Beside::Keep, &telling, false),
            (&quiet, Beside::Strip, &quiet, false),
        ] {
            std::fs::write(&path, content).expect("written");
            let sealed = Source::open(&path).expect("opened").seal(dir.path(), beside, &mut Silent).await;
            let sealed = sealed.expect("sealed");
            assert_eq!(sealed.is_cleaned(), told);
            let attachment = sealed.place(dir.path()).expect("placed");
            let (mut out, blob) = (Vec::new(), dir.path().join(attachment.blob_id.to_string()));
            assert!(open_file(&blob, &attachment, &mut out, &mut Silent).is_ok());
            assert_eq!(&out, sealed_as);
        }
        std::fs::write(&path, b"\xff\xd8\xff\xe0 cut").expect("written");
        let broken = Source::open(&path).expect("opened").seal(dir.path(), Beside::Strip, &mut Silent).await;
        assert_eq!(broken.err().map(|error| error.code()), Some(Code::PictureNotCleaned));
    }
}
