//! An attachment that came, sealed anew for somebody else: opened and sealed in one pass, so that it is on no disk in the clear, and under
//! a key of its own, so that the hub can not see that it is the same.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use samverkan_envelope::blob::{BlobSealer, BlobSecret};
use samverkan_envelope::body::Attachment;

use super::source::Sealed;
use super::{OpenFailure, open_file};
use crate::error::{Code, Error, Result};
use crate::files::{self, FileError};
use crate::secret::NoRandomness;
use crate::session::model::{Progress, Step};

/// Seals the attachment whose sealed bytes are at `path` anew, into a file in `folder` that has no place yet.
///
/// # Errors
/// [`Code::FileDamaged`] when what is kept is not what came; when `folder` can not be written.
pub(in crate::session) fn pass_on(
    path: &Path,
    attachment: &Attachment,
    folder: &Path,
    progress: &mut dyn Progress,
) -> Result<Sealed> {
    progress.begin(Step::Encrypting, attachment.plaintext_len);
    let fail = |error| FileError::from_io(folder, error);
    let mut out = tempfile::Builder::new().prefix(files::TEMPORARY).tempfile_in(folder).map_err(fail)?;
    let secret = BlobSecret::generate().map_err(|_| NoRandomness)?;
    let mut sealed = Vec::new();
    let sealer = BlobSealer::new(secret, attachment.plaintext_len, &mut sealed)
        .map_err(|_| Error::new(Code::FileDamaged))?;
    let mut through = Through { sealer, sealed, out: out.as_file_mut() };
    open_file(path, attachment, &mut through, progress).map_err(|failure| match failure {
        OpenFailure::Damaged => Error::new(Code::FileDamaged),
        OpenFailure::Stopped => Error::new(Code::Interrupted),
        OpenFailure::Write(error) => fail(error).into(),
    })?;
    let passed_on = through.finish(attachment).map_err(fail)?;
    out.as_file().sync_all().map_err(fail)?;
    Ok(Sealed::new(out, passed_on))
}

/// Seals what is written to it.
struct Through<'a> {
    sealer: BlobSealer,
    sealed: Vec<u8>,
    out: &'a mut File,
}

impl Through<'_> {
    fn drain(&mut self) -> io::Result<()> {
        self.out.write_all(&self.sealed)?;
        self.sealed.clear();
        Ok(())
    }

    fn finish(mut self, of: &Attachment) -> io::Result<Attachment> {
        while self.sealer.pad(&mut self.sealed).map_err(io::Error::other)? {
            self.drain()?;
        }
        let outline = self.sealer.finish(&mut self.sealed).map_err(io::Error::other)?;
        self.out.write_all(&self.sealed)?;
        Ok(outline.attachment(of.name.clone(), of.media_type.clone()))
    }
}

impl Write for Through<'_> {
    fn write(&mut self, plain: &[u8]) -> io::Result<usize> {
        self.sealer.push(plain, &mut self.sealed).map_err(io::Error::other)?;
        self.drain()?;
        Ok(plain.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::attach::{Beside, Source};
    use crate::session::office::Silent;

    #[tokio::test]
    async fn what_is_passed_on_opens_the_same_and_looks_like_nothing_that_was_there() {
        let dir = tempfile::tempdir().expect("tempdir");
        for len in [0, 1, 65_529, 300_000] {
            let path = dir.path().join("fil.pdf");
            std::fs::write(&path, vec![7; len]).expect("written");
            let came =
                Source::open(&path).expect("opened").seal(dir.path(), Beside::Strip, &mut Silent).await;
            let came = came.and_then(|sealed| sealed.place(dir.path())).expect("sealed");
            let at = |attachment: &Attachment| dir.path().join(attachment.blob_id.to_string());
            let passed_on = pass_on(&at(&came), &came, dir.path(), &mut Silent).expect("sealed anew");
            let passed_on = passed_on.place(dir.path()).expect("placed");
            assert_ne!(passed_on.blob_id, came.blob_id);
            assert_eq!((&passed_on.name, passed_on.plaintext_sha256), (&came.name, came.plaintext_sha256));
            let mut out = Vec::new();
            assert!(
                open_file(&at(&passed_on), &passed_on, &mut out, &mut Silent).is_ok() && out == vec![7; len]
            );
            let mut damaged = std::fs::read(at(&came)).expect("read");
            *damaged.last_mut().expect("not empty") ^= 1;
            std::fs::write(at(&came), damaged).expect("written");
            let error = pass_on(&at(&came), &came, dir.path(), &mut Silent).err().expect("damaged");
            assert_eq!(error.code(), Code::FileDamaged);
        }
    }
}
