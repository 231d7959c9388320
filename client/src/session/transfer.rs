//! Attachments to and from the hub: resumable, in pieces, the bytes sealed all the way.
//!
//! * [`upload`]: the hub is asked how far it got, and gets the rest.
//! * [`download`]: what is here already is verified again, and the rest is fetched.
//! * [`patience`]: how long a transfer that gets nowhere is tried again.
//!
//! Whatever ends a try (a lost connection, a hub that is busy or stops), the next one goes on where it stopped, over a
//! new connection if the old one is gone. Each single step of a try has a deadline.

use std::path::Path;

use samverkan_envelope::body::Attachment;
use samverkan_proto::ids::MessageId;
use samverkan_proto::padding::blob_len;
use tokio::time::Instant;

use super::Session;
use super::model::{Progress, Step};
use crate::connect::Link;
use crate::error::Result;
use crate::files::{self, FileError, FileReason};

mod download;
mod patience;
mod upload;

pub(super) use download::Downloaded;
use download::Fetched;
use patience::Patience;

/// What attachments leave free on the disk, for messages, receipts, and whatever else this computer is there for.
const RESERVE_BYTES: u64 = 64 << 20;

/// One transfer under way, over as many connections as it takes.
trait Transfer {
    /// What it ends with.
    type Done;

    /// Goes on until the end, or until something stops it.
    async fn go_on(&mut self, link: &Link, marks: &mut Marks<'_>) -> Result<Self::Done>;

    /// How many sealed bytes are where they should be, as far as is known.
    fn position(&self) -> u64;
}

impl Session {
    /// Uploads the sealed bytes of an attachment, or the rest of them. `link` is replaced when it is lost.
    ///
    /// # Errors
    /// What does not pass by itself in a while, as the hub or the connection says it.
    pub(super) async fn upload(
        &self,
        link: &mut Link,
        attachment: &Attachment,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let mut upload = upload::Upload::open(&self.mail.blob_path(&attachment.blob_id), attachment)?;
        self.persist(link, &mut upload, Marks::new(Step::Uploading, progress)).await
    }

    /// Sees that there is room for what these attachments lack here. A sender says how large they are, and must not be able to fill
    /// the disk with them.
    ///
    /// # Errors
    /// [`crate::error::Code::DiskFull`], before a byte is fetched.
    pub(super) fn check_room(&self, attachments: &[Attachment]) -> Result<()> {
        let lacking = attachments.iter().map(|attachment| self.lacking(attachment));
        let lacking = lacking.fold(0, u64::saturating_add);
        let folder = self.mail.blobs();
        if lacking == 0 || fits(lacking, files::free_bytes(folder)?) {
            return Ok(());
        }
        Err(FileError { path: folder.to_owned(), reason: FileReason::DiskFull }.into())
    }

    /// How many sealed bytes of an attachment are not here yet.
    fn lacking(&self, attachment: &Attachment) -> u64 {
        let target = self.mail.blob_path(&attachment.blob_id);
        let len = |path: &Path| path.symlink_metadata().map_or(0, |meta| meta.len());
        blob_len(attachment.plaintext_len).saturating_sub(len(&target).max(len(&download::partial(&target))))
    }

    /// Fetches and verifies the sealed bytes of an attachment, or the rest of them. `link` is replaced when it is lost.
    ///
    /// # Errors
    /// As [`Session::upload`]. What was fetched until then is kept, and the next call goes on behind it.
    pub(super) async fn download(
        &self,
        link: &mut Link,
        message: &MessageId,
        attachment: &Attachment,
        progress: &mut dyn Progress,
    ) -> Result<Downloaded> {
        let target = self.mail.blob_path(&attachment.blob_id);
        if download::is_here(&target, attachment, progress) {
            return Ok(Downloaded::Whole);
        }
        let mut marks = Marks::new(Step::Downloading, progress);
        let mut download = download::Download::open(message, attachment, &target, &mut marks).await?;
        match self.persist(link, &mut download, marks).await {
            Ok(Fetched::All) => download.finish(),
            Ok(Fetched::Wrong) => download.give_up(),
            Err(error) => Err(error),
        }
    }

    /// Tries until a transfer ends, fails for good, or has got nowhere for too long.
    async fn persist<T: Transfer>(
        &self,
        link: &mut Link,
        transfer: &mut T,
        mut marks: Marks<'_>,
    ) -> Result<T::Done> {
        let mut patience = Patience::new(Instant::now());
        loop {
            let before = transfer.position();
            let error = match transfer.go_on(link, &mut marks).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            if transfer.position() > before {
                patience = Patience::new(Instant::now());
            }
            let Some(pause) = patience.pause_after(error.code(), Instant::now()) else { return Err(error) };
            tracing::debug!(code = error.code().as_str(), ?pause, "a transfer goes on in a moment");
            tokio::time::sleep(pause).await;
            if patience::connection_is_over(error.code()) {
                match self.dial().await {
                    Ok(new) => *link = new,
                    // The next try fails on the dead connection, and counts.
                    Err(error) if patience::may_pass(error.code()) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

/// Whether so many bytes more leave enough of what is free.
const fn fits(lacking: u64, free: u64) -> bool {
    lacking.saturating_add(RESERVE_BYTES) <= free
}

/// What is shown of a transfer: each byte once, over all its tries.
struct Marks<'a> {
    progress: &'a mut dyn Progress,
    step: Step,
    shown: Option<u64>,
}

impl<'a> Marks<'a> {
    fn new(step: Step, progress: &'a mut dyn Progress) -> Self {
        Self { progress, step, shown: None }
    }

    /// So many of all bytes are done. What was shown before is never taken back.
    fn reach(&mut self, done: u64, total: u64) {
        let shown = *self.shown.get_or_insert_with(|| {
            self.progress.begin(self.step, total);
            0
        });
        if done > shown {
            self.progress.advance(done - shown);
            self.shown = Some(done);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::session::model::Draft;
    use crate::session::office::{Silent, referral, two_offices};

    #[test]
    fn attachments_leave_a_reserve() {
        assert!(fits(1, RESERVE_BYTES + 1) && fits(0, RESERVE_BYTES));
        assert!(!fits(2, RESERVE_BYTES + 1) && !fits(u64::MAX, u64::MAX - 1));
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_before_a_byte_is_fetched_and_what_is_here_needs_no_room() {
        let (_, mut one, _) = two_offices();
        let file = one.folder().join("intyg.pdf");
        std::fs::write(&file, [7; 1000]).expect("written");
        let draft = Draft { attachments: vec![file], ..referral() };
        let sent = one.session.send(draft, &mut Silent).await.expect("sealed");
        let here = one.session.mail.get(&sent.message).expect("kept").body.attachments.clone();
        assert_eq!(one.session.lacking(&here[0]), 0);
        let free = files::free_bytes(one.session.mail.blobs()).expect("told");
        let blob_id = samverkan_proto::ids::BlobId::parse(&[9; 32]).expect("any digest will do");
        let vast = Attachment { plaintext_len: free, blob_id, ..here[0].clone() };
        let refused = one.session.check_room(&[here[0].clone(), vast]).expect_err("too much");
        assert_eq!(refused.code(), Code::DiskFull);
        one.session.check_room(&here).expect("nothing is lacking");
    }
}
