//! Everything that was said about a message.

use samverkan_proto::ids::{MailboxId, MessageId, OrgId};
use samverkan_proto::v1::MessageState;

use super::value::{FactValue, MessageValue, TombstoneValue};
use crate::mail::{Shape, state};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::key;
use crate::store::record::mail::{Given, MessageHead, Sender};
use crate::store::record::tombstone::Tombstone;
use crate::store::view::View;

/// What became of a message, with all that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: MessageState,
    /// Hub and device receipts with their proofs, oldest first.
    pub receipts: Vec<Vec<u8>>,
    /// The organisation that sent it.
    pub sender_org: OrgId,
    /// The mailbox that it was sent from.
    pub sender_mailbox: MailboxId,
}

impl Store {
    /// Everything the hub holds about a message; `None` when it knows no such message, or no more.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub async fn status(&self, id: MessageId) -> Result<Option<Status>, StoreError> {
        self.read(move |view| {
            let Some((state, sender, accepted)) = view.message(&id)? else { return Ok(None) };
            let Some(hashes) = view.hashes(&id)? else { return Ok(None) };
            let mut receipts =
                vec![view.proof(&accepted.receipt(id, &hashes, sender.accepted()), &accepted)?];
            for pair in view.index.prefix(&key::facts(&id)) {
                let (key, value) = pair?;
                let told = FactValue::parse(&value).ok_or(StoreError::Damaged)?.is_event();
                let seq = key::cursor(&key).filter(|_| told);
                receipts.extend(seq.map(|seq| view.fact(&id, seq)).transpose()?.flatten());
            }
            let (sender_org, sender_mailbox) = (sender.org, sender.mailbox);
            Ok(Some(Status { state, receipts, sender_org, sender_mailbox }))
        })
        .await
    }
}

impl View {
    /// The state, the sender and the acceptance of a message that is stored or has been.
    fn message(&self, id: &MessageId) -> Result<Option<(MessageState, Sender, Given)>, StoreError> {
        if let Some((value, record)) = self.head(&key::message(id))? {
            let value = MessageValue::parse(&value).ok_or(StoreError::Damaged)?;
            let head = MessageHead::parse(&record.head).ok_or(StoreError::Damaged)?;
            let state = state(&Shape::of(head.header.fields()), &value.marks);
            return Ok(Some((state, value.sender, head.accepted)));
        }
        let Some((value, record)) = self.head(&key::tombstone(id))? else { return Ok(None) };
        let value = TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?;
        let tombstone = Tombstone::parse(&record.head).ok_or(StoreError::Damaged)?;
        Ok(Some((state(&tombstone.shape, &value.marks), value.sender, tombstone.accepted)))
    }
}
