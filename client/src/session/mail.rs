//! The messages kept on this device: each in a file of its own, under a key of its own in the keystore.
//!
//! ```text
//! messages/<message id>    what came or went, opened, with every receipt about it
//! outbox/<message id>      the sealed bytes of one that the hub has not accepted yet
//! blobs/<blob id>          sealed attachments, whose keys are in the messages
//! ```
//!
//! Deleting a message's key deletes the message.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use samverkan_envelope::body::Attachment;
use samverkan_envelope::seal::SealedMessage;
use samverkan_proto::ids::{BlobId, MessageId, SendId, ThreadId};
use samverkan_proto::statement::receipt::wraps_hash;

use super::model::Direction;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::home::Profile;
use crate::keystore::Contents;
use crate::sealed_file::{self, Kind, Label, SealedFileError};
use crate::secret::Secret32;

mod kept;
mod outbox;
mod stop;

pub(super) use kept::{GivenOn, Kept, OutState};
pub(super) use outbox::Outgoing;
pub(super) use stop::Stop;

/// Every kept message, opened.
pub(super) struct Mail {
    messages: PathBuf,
    outbox: PathBuf,
    blobs: PathBuf,
    kept: BTreeMap<MessageId, Kept>,
    damaged: usize,
}

impl Mail {
    /// Opens everything that has a key. A damaged message is counted and left alone, so that it does not hide others.
    pub(super) fn load(profile: &Profile, contents: &Contents) -> Result<Self> {
        let mut mail = Self {
            messages: profile.subfolder("messages")?,
            outbox: profile.subfolder("outbox")?,
            blobs: profile.subfolder("blobs")?,
            kept: BTreeMap::new(),
            damaged: 0,
        };
        for id in contents.message_keys() {
            let Some(key) = contents.message_key(&id) else { continue };
            match sealed_file::read(&mail.message_path(&id), &key, message_label(&id)) {
                Ok(bytes) => match Kept::decode(&bytes) {
                    Some(kept) if kept.id() == id => drop(mail.kept.insert(id, kept)),
                    _ => mail.damaged += 1,
                },
                // A key whose file was never written, or which is of something else that is kept.
                Err(SealedFileError::File(error)) if error.is_missing() => {}
                Err(SealedFileError::Damaged) => match mail.left_beside(&id, &key) {
                    Some(kept) => mail.take_beside(kept)?,
                    None => mail.damaged += 1,
                },
                Err(error) => return Err(error.into()),
            }
        }
        Ok(mail)
    }

    /// How many messages could not be opened again.
    pub(super) const fn damaged(&self) -> usize {
        self.damaged
    }

    pub(super) fn get(&self, id: &MessageId) -> Option<&Kept> {
        self.kept.get(id)
    }

    /// Every message, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.kept.values()
    }

    /// Every thread's messages, oldest first.
    pub(super) fn threads(&self) -> BTreeMap<ThreadId, Vec<&Kept>> {
        let mut threads: BTreeMap<ThreadId, Vec<&Kept>> = BTreeMap::new();
        for kept in self.iter() {
            threads.entry(kept.body.thread_id).or_default().push(kept);
        }
        threads.values_mut().for_each(|messages| messages.sort_by_key(|kept| (kept.created_ms(), kept.id())));
        threads
    }

    /// The messages of a thread, oldest first.
    pub(super) fn thread(&self, thread: &ThreadId) -> Vec<&Kept> {
        let mut messages: Vec<&Kept> = self.iter().filter(|kept| kept.body.thread_id == *thread).collect();
        messages.sort_by_key(|kept| (kept.created_ms(), kept.id()));
        messages
    }

    /// Keeps a message whose key is in the keystore on disk already; replaces what was kept under its id.
    pub(super) fn put(&mut self, contents: &Contents, kept: Kept) -> Result<()> {
        let id = kept.id();
        let key = contents.message_key(&id).ok_or(Error::new(Code::ProgramDefect))?;
        sealed_file::write(&self.message_path(&id), &key, message_label(&id), &kept.encode()?)?;
        self.kept.insert(id, kept);
        Ok(())
    }

    /// Writes what takes the place of a kept message once its new key is in the keystore.
    pub(super) fn put_beside(&self, key: &Secret32, kept: &Kept) -> Result<()> {
        let id = kept.id();
        Ok(sealed_file::write(&self.beside_path(&id), key, message_label(&id), &kept.encode()?)?)
    }

    /// Puts it in its place: the key is in the keystore on disk.
    pub(super) fn take_beside(&mut self, kept: Kept) -> Result<()> {
        let id = kept.id();
        files::rename(&self.beside_path(&id), &self.message_path(&id))?;
        self.kept.insert(id, kept);
        Ok(())
    }

    /// What was to take the place of a message whose key is a new one already, when a stop came in between.
    fn left_beside(&self, id: &MessageId, key: &Secret32) -> Option<Kept> {
        let bytes = sealed_file::read(&self.beside_path(id), key, message_label(id)).ok()?;
        Kept::decode(&bytes).filter(|kept| kept.id() == *id)
    }

    /// Changes a kept message; nothing happens to one that is not kept.
    pub(super) fn change(
        &mut self,
        contents: &Contents,
        id: &MessageId,
        change: impl FnOnce(&mut Kept),
    ) -> Result<()> {
        let Some(mut kept) = self.kept.get(id).cloned() else { return Ok(()) };
        change(&mut kept);
        self.put(contents, kept)
    }

    /// Forgets a message whose key has been removed from the keystore on disk, with the attachments that no other one has.
    pub(super) fn forget(&mut self, id: &MessageId) -> Result<()> {
        let attachments = self.kept.remove(id).map(|kept| kept.body.attachments).unwrap_or_default();
        self.drop_attachments(&attachments)?;
        files::remove(&self.outbox_path(id))?;
        files::remove(&self.beside_path(id))?;
        Ok(files::remove(&self.message_path(id))?)
    }

    /// Deletes those of a message's attachments that no kept message names any more.
    pub(super) fn drop_attachments(&self, attachments: &[Attachment]) -> Result<()> {
        let blobs = attachments.iter().map(|attachment| &attachment.blob_id);
        for blob in blobs.filter(|blob| !self.names_blob(blob)) {
            files::remove(&self.blob_path(blob))?;
        }
        Ok(())
    }

    /// Keeps the sealed bytes of a message until the hub has accepted it.
    pub(super) fn put_outgoing(&self, key: &Secret32, sealed: &SealedMessage) -> Result<()> {
        let id = sealed.header().fields().message_id;
        let outgoing = Outgoing::of(sealed);
        Ok(sealed_file::write(&self.outbox_path(&id), key, outbox_label(&id), &outgoing.encode())?)
    }

    /// The sealed bytes of a message that waits.
    pub(super) fn outgoing(&self, contents: &Contents, id: &MessageId) -> Result<Outgoing> {
        let key = contents.message_key(id).ok_or(Error::new(Code::ProgramDefect))?;
        let bytes = sealed_file::read(&self.outbox_path(id), &key, outbox_label(id))?;
        Outgoing::decode(&bytes).ok_or(Error::new(Code::FileDamaged))
    }

    /// The hub has accepted a message: its sealed bytes are not needed any more.
    pub(super) fn remove_outgoing(&self, id: &MessageId) -> Result<()> {
        Ok(files::remove(&self.outbox_path(id))?)
    }

    /// What waits in the outbox and was neither refused nor taken back, oldest first.
    pub(super) fn waiting(&self) -> Vec<MessageId> {
        let waits = |kept: &&Kept| kept.state == OutState::Waiting && kept.stops.is_empty();
        let mut waiting: Vec<&Kept> = self.iter().filter(waits).collect();
        waiting.sort_by_key(|kept| kept.created_ms());
        waiting.into_iter().map(Kept::id).collect()
    }

    /// What another message was sealed in place of, and is here still.
    pub(super) fn replaced(&self) -> Vec<MessageId> {
        let replaced = self.iter().filter_map(|kept| self.get(&kept.replaces?));
        replaced.filter(|old| old.state != OutState::Settled).map(Kept::id).collect()
    }

    /// The newest outgoing message that says this, under whatever id it is now.
    pub(super) fn newest_sending(&self, sending: &SendId) -> Option<&Kept> {
        let same =
            self.iter().filter(|kept| kept.direction == Direction::Out && kept.body.send_id == *sending);
        same.max_by_key(|kept| kept.created_ms())
    }

    /// Whether a kept message names an attachment.
    pub(super) fn names_blob(&self, id: &BlobId) -> bool {
        self.iter().flat_map(|kept| &kept.body.attachments).any(|attachment| attachment.blob_id == *id)
    }

    /// The folder of sealed attachments.
    pub(super) fn blobs(&self) -> &Path {
        &self.blobs
    }

    /// Where the sealed bytes of an attachment are, or go.
    pub(super) fn blob_path(&self, id: &BlobId) -> PathBuf {
        self.blobs.join(id.to_string())
    }

    fn message_path(&self, id: &MessageId) -> PathBuf {
        self.messages.join(id.to_string())
    }

    fn beside_path(&self, id: &MessageId) -> PathBuf {
        self.messages.join(format!("{id}.next"))
    }

    fn outbox_path(&self, id: &MessageId) -> PathBuf {
        self.outbox.join(id.to_string())
    }
}

fn message_label(id: &MessageId) -> Label {
    Label { kind: Kind::Message, id: *id.as_bytes() }
}

fn outbox_label(id: &MessageId) -> Label {
    Label { kind: Kind::Outbox, id: *id.as_bytes() }
}

/// What the hub must name in its receipt for a sealed message.
pub(super) struct SealedHashes {
    pub(super) content: [u8; 32],
    pub(super) wraps: [u8; 32],
}

impl SealedHashes {
    pub(super) fn of(sealed: &SealedMessage) -> Self {
        Self { content: samverkan_proto::ids::sha256(sealed.content()), wraps: wraps_hash(sealed.wraps()) }
    }
}

/// Receipts by their bytes, each once, in the order in which they came.
pub(super) fn add_once(list: &mut Vec<Bytes>, receipt: Bytes) -> bool {
    let new = !list.contains(&receipt);
    if new {
        list.push(receipt);
    }
    new
}

#[cfg(test)]
mod tests;
