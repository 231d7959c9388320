//! Following the hub's log: fetch, verify everything, and only then keep it.

use bytes::Bytes;
use samverkan_proto::InvalidField;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{Check, Checkpoint};
use samverkan_proto::v1::{ErrorReason, SyncRequest, SyncResponse};
use tokio::time::timeout;
use tonic::Status;

use super::copy::{self, Entry};
use super::evidence::Against;
use super::{Directory, DirectoryError, LogFault, ahead_by};
use crate::connect::{CALL_TIMEOUT, Link};
use crate::home::ProfileLock;

/// The most leaves that one synchronisation takes.
const MAX_NEW_LEAVES: usize = 500_000;
/// The most bytes that one synchronisation takes: what 800 organisations with three devices each publish in almost three years. They are in
/// memory until they have been compared with the signed root.
const MAX_NEW_BYTES: u64 = 512 << 20;

/// What the hub has and the copy had not when it was asked. Nothing of it is verified.
pub struct News {
    from: u64,
    entries: Vec<Entry>,
    note: Bytes,
}

impl Directory {
    /// Asks the hub for what the copy lacks, up to the newest checkpoint. Nothing changes; no lock is needed.
    ///
    /// # Errors
    /// [`DirectoryError::EvidenceKept`]; [`DirectoryError::Forked`] when the hub has fewer leaves than it signed; and whatever the call
    /// fails with.
    pub async fn fetch(&self, link: &Link, now_ms: u64) -> Result<News, DirectoryError> {
        if self.is_forked() {
            return Err(DirectoryError::EvidenceKept);
        }
        let from = self.size();
        let (entries, note) = match fetch(link, from).await {
            Err(DirectoryError::Call(status)) if is_beyond_the_log(&status) => {
                return Err(self.cut_back(link.hello().checkpoint.clone(), now_ms));
            }
            outcome => outcome?,
        };
        Ok(News { from, entries, note })
    }

    /// The hub has lost, or hides, leaves that it signed. `hello` is the checkpoint that it showed when it was greeted.
    fn cut_back(&self, hello: Bytes, now_ms: u64) -> DirectoryError {
        match self.verify(hello) {
            Ok(shown) => self.forked(LogFault::CutBack, &Against::Checkpoint(&shown), now_ms),
            Err(fault) => DirectoryError::Forked(fault.into()),
        }
    }

    /// Takes what was fetched, if it still follows the copy: another process may have brought it further meanwhile, and false
    /// is given then. `now_ms` decides which epoch keys are of use.
    ///
    /// # Errors
    /// [`DirectoryError::Forked`] when the log contradicts itself or what was believed; the copy on disk is as it was
    /// then, and this value must not be used any more. Any other error leaves everything as it was.
    pub fn take_news(
        &mut self,
        _held: &ProfileLock,
        news: News,
        now_ms: u64,
    ) -> Result<bool, DirectoryError> {
        if news.from != self.size() {
            return Ok(false);
        }
        self.take(news.entries, news.note, now_ms).map(|_| true)
    }

    /// Takes what the hub sent, or nothing of it; gives the number of new leaves.
    pub(super) fn take(
        &mut self,
        entries: Vec<Entry>,
        note: Bytes,
        now_ms: u64,
    ) -> Result<u64, DirectoryError> {
        let forked = |fault: InvalidField| DirectoryError::Forked(fault.into());
        let checkpoint = self.verify(note).map_err(forked)?;
        if let Some(by_ms) = ahead_by(&checkpoint, now_ms) {
            return Err(DirectoryError::FromTheFuture { by_ms });
        }
        if self.stood_still(&checkpoint, now_ms) {
            return Err(self.forked(LogFault::StoodStill, &Against::Checkpoint(&checkpoint), now_ms));
        }
        self.compare_views(&checkpoint, now_ms)?;
        self.apply_all(&entries, &checkpoint, now_ms)?;
        // The hub's answers may overtake each other: of two times for one tree the later is the truth.
        let is_newer = |before: &&Checkpoint| {
            before.head() == checkpoint.head() && before.cosigned_ms() > checkpoint.cosigned_ms()
        };
        let kept = self.checkpoint.as_ref().filter(is_newer).cloned().unwrap_or(checkpoint);
        self.copy.append(self.copy_bytes, &entries, kept.note())?;
        self.copy_bytes += copy::bytes_of(&entries);
        self.views.add(&kept, now_ms);
        self.copy.keep_views(&self.views)?;
        self.checkpoint = Some(kept);
        Ok(entries.len() as u64)
    }

    /// Applies every entry and compares what they add up to with the checkpoint; keeps the evidence when they do not.
    fn apply_all(
        &mut self,
        entries: &[Entry],
        checkpoint: &Checkpoint,
        now_ms: u64,
    ) -> Result<(), DirectoryError> {
        let oldest = Epoch::of(now_ms);
        for (place, entry) in entries.iter().enumerate() {
            let index = self.size();
            if let Err(fault) = self.apply(entry, oldest, Check::Everything) {
                // The leaf stands in the tree already; with those behind it the entry can be proven to be the hub's.
                entries[place + 1..].iter().for_each(|later| self.fold.append_unread(&later.leaf));
                let against = Against::Entry { checkpoint, index, entry, tree: self.fold.tree() };
                return Err(self.forked(fault, &against, now_ms));
            }
        }
        self.check_heads(checkpoint)
            .map_err(|fault| self.forked(fault, &Against::Checkpoint(checkpoint), now_ms))
    }

    /// The leaves add up to the new checkpoint, and to the one that was believed before.
    fn check_heads(&self, checkpoint: &Checkpoint) -> Result<(), LogFault> {
        if self.fold.tree().head() != checkpoint.head() {
            return Err(LogFault::Root);
        }
        let before = self.checkpoint.as_ref().map_or(Ok(()), |before| self.fold.tree().check(before));
        before.map_err(|_| LogFault::Contradiction)
    }
}

/// Whether the hub says that its log ends before the leaf that it was asked for.
fn is_beyond_the_log(status: &Status) -> bool {
    Refusal::from_status(status).is_some_and(|refusal| refusal.reason == ErrorReason::OffsetOutOfRange)
}

async fn fetch(link: &Link, from_leaf: u64) -> Result<(Vec<Entry>, Bytes), DirectoryError> {
    let failed = |status| DirectoryError::Call(Box::new(status));
    let late = |_| DirectoryError::TimedOut;
    let mut client = link.directory();
    let answer = timeout(CALL_TIMEOUT, client.sync(SyncRequest { from_leaf })).await.map_err(late)?;
    let mut stream = answer.map_err(failed)?.into_inner();
    let mut incoming = Incoming::default();
    while let Some(part) = timeout(CALL_TIMEOUT, stream.message()).await.map_err(late)?.map_err(failed)? {
        incoming.add(part)?;
    }
    incoming.finish()
}

/// What came so far, within bounds.
#[derive(Default)]
struct Incoming {
    entries: Vec<Entry>,
    bytes: u64,
    checkpoint: Bytes,
}

impl Incoming {
    fn add(&mut self, part: SyncResponse) -> Result<(), DirectoryError> {
        // Only the last part has the checkpoint, and one that has nothing could be followed by others for ever.
        let says_nothing = part.entries.is_empty() && part.checkpoint.is_empty();
        if !self.checkpoint.is_empty() || says_nothing {
            return Err(DirectoryError::BadAnswer);
        }
        for entry in part.entries {
            let entry = Entry::new(entry.leaf, entry.record).ok_or(DirectoryError::BadAnswer)?;
            self.bytes += copy::bytes_of(std::slice::from_ref(&entry));
            self.entries.push(entry);
        }
        if self.entries.len() > MAX_NEW_LEAVES || self.bytes > MAX_NEW_BYTES {
            return Err(DirectoryError::BadAnswer);
        }
        self.checkpoint = part.checkpoint;
        Ok(())
    }

    fn finish(self) -> Result<(Vec<Entry>, Bytes), DirectoryError> {
        if self.checkpoint.is_empty() {
            Err(DirectoryError::BadAnswer)
        } else {
            Ok((self.entries, self.checkpoint))
        }
    }
}
