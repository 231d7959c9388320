//! From the hub: sealed bytes are verified as they come, and kept beside their place until all of them are.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Sink, Write as _, sink};
use std::path::{Path, PathBuf};

use samverkan_envelope::body::Attachment;
use samverkan_proto::ids::MessageId;
use samverkan_proto::padding::blob_len;
use samverkan_proto::v1::DownloadBlobRequest;

use super::{Marks, Transfer};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::files::{self, FileError};
use crate::session::attach::{self, Verifier};
use crate::session::call::{unary, within};
use crate::session::model::{Progress, Step};

/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

/// How a download ended that the network did not cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Downloaded {
    /// Verified to the last byte, flushed, and under its own name.
    Whole,
    /// What the hub has is not what the message names.
    Damaged,
}

/// How a try ended that nothing cut.
pub(super) enum Fetched {
    /// The hub has no more; all that came is good so far.
    All,
    /// The hub serves other bytes than the message names, or none.
    Wrong,
}

/// Whether all of it came before, and is what this message names.
pub(super) fn is_here(target: &Path, attachment: &Attachment, progress: &mut dyn Progress) -> bool {
    if !target.exists() {
        return false;
    }
    // Two messages may name the same bytes and say different things of them.
    progress.begin(Step::Opening, blob_len(attachment.plaintext_len));
    attach::open_file(target, attachment, &mut sink(), progress).is_ok()
}

/// Where an attachment is until all of it is here.
pub(super) fn partial(target: &Path) -> PathBuf {
    target.with_extension("part")
}

/// An attachment on its way from the hub.
pub(super) struct Download<'a> {
    message: &'a MessageId,
    attachment: &'a Attachment,
    target: &'a Path,
    partial: PathBuf,
    file: File,
    verifier: Verifier<Sink>,
    /// How many sealed bytes are verified or about to be, and in the file.
    taken: u64,
}

impl<'a> Download<'a> {
    /// Goes on behind what an earlier try left and is still good.
    ///
    /// # Errors
    /// When it can not be read or written.
    pub(super) async fn open(
        message: &'a MessageId,
        attachment: &'a Attachment,
        target: &'a Path,
        marks: &mut Marks<'_>,
    ) -> Result<Self> {
        let partial = partial(target);
        let file = match files::open_private_to_write(&partial) {
            Err(error) if error.is_missing() => {
                files::create_private(&partial, &[])?;
                files::open_private_to_write(&partial)?
            }
            opened => opened?,
        };
        let verifier = Verifier::new(attachment, sink());
        let mut download = Self { message, attachment, target, partial, file, verifier, taken: 0 };
        download.take_stock(marks).await?;
        Ok(download)
    }

    /// Verifies what is in the file already.
    async fn take_stock(&mut self, marks: &mut Marks<'_>) -> Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let read = self.file.read(&mut piece);
            let read = read.map_err(|error| FileError::from_io(&self.partial, error))?;
            if read == 0 || self.verifier.push(&piece[..read]).is_err() {
                return Ok(());
            }
            self.taken += read as u64;
            self.show(marks);
            // Somebody may want to stop.
            tokio::task::yield_now().await;
        }
    }

    /// Throws away what is in the file behind the last verified segment; gives where it ends.
    fn rewind(&mut self) -> Result<u64> {
        self.taken = self.verifier.rewind();
        let cut = self.file.set_len(self.taken).and_then(|()| self.file.seek(SeekFrom::Start(self.taken)));
        Ok(cut.map_err(|error| FileError::from_io(&self.partial, error))?)
    }

    fn show(&self, marks: &mut Marks<'_>) {
        marks.reach(self.taken, blob_len(self.attachment.plaintext_len));
    }

    /// Everything came: verifies the whole, and puts it in its place.
    ///
    /// # Errors
    /// When it can not be written.
    pub(super) fn finish(self) -> Result<Downloaded> {
        let Self { target, partial, file, verifier, .. } = self;
        if verifier.finish().is_err() {
            files::remove(&partial)?;
            return Ok(Downloaded::Damaged);
        }
        file.sync_all().map_err(|error| FileError::from_io(&partial, error))?;
        std::fs::rename(&partial, target).map_err(|error| FileError::from_io(target, error))?;
        files::sync_folder(target.parent().unwrap_or(target))?;
        Ok(Downloaded::Whole)
    }

    /// It can never be what the message names: nothing of it stays.
    ///
    /// # Errors
    /// When it can not be removed.
    pub(super) fn give_up(self) -> Result<Downloaded> {
        files::remove(&self.partial)?;
        Ok(Downloaded::Damaged)
    }
}

impl Transfer for Download<'_> {
    type Done = Fetched;

    async fn go_on(&mut self, link: &Link, marks: &mut Marks<'_>) -> Result<Fetched> {
        let request = DownloadBlobRequest {
            message_id: self.message.as_bytes().to_vec().into(),
            blob_id: self.attachment.blob_id.as_bytes().to_vec().into(),
            offset: self.rewind()?,
            length: 0,
        };
        let mut stream = match unary(link.relay().download_blob(request)).await {
            // It has nothing of that name, or less than has come already.
            Err(error) if matches!(error.code(), Code::BlobUnknown | Code::OffsetOutOfRange) => {
                return Ok(Fetched::Wrong);
            }
            opened => opened?,
        };
        while let Some(piece) = within(stream.message()).await?.map_err(|status| Error::from(&status))? {
            if self.verifier.push(&piece.data).is_err() {
                return Ok(Fetched::Wrong);
            }
            let written = self.file.write_all(&piece.data);
            written.map_err(|error| FileError::from_io(&self.partial, error))?;
            self.taken += piece.data.len() as u64;
            self.show(marks);
        }
        Ok(Fetched::All)
    }

    fn position(&self) -> u64 {
        self.taken
    }
}
