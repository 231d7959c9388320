//! Reading what is committed, from any thread that may wait for the disk.

use std::sync::Arc;

use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::receipt::Record as ReceiptRecord;

use super::error::StoreError;
use super::index::Index;
use super::journal::{Location, ReadError, Reader, Record};
use super::key;
use super::mail::value::{MessageValue, TombstoneValue};
use super::record::kind;
use super::record::mail::{DeviceReceiptHead, Given, Hashes, HubReceiptHead};
use super::writer::Shown;

/// Everything that reading needs. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) index: Index,
    pub(super) reader: Reader,
    pub(super) shown: Arc<Shown>,
}

impl View {
    /// What the index has at `key`, and the record that it leads to; `None` when there is no such entry.
    pub(super) fn record(&self, key: &[u8]) -> Result<Option<(Vec<u8>, Record)>, StoreError> {
        self.look(key, Reader::read)
    }

    /// The same with the record's head alone.
    pub(super) fn head(&self, key: &[u8]) -> Result<Option<(Vec<u8>, Record)>, StoreError> {
        self.look(key, Reader::read_head)
    }

    /// A record that was moved, to give its segment's space back, after the index had said where it is, is looked
    /// for again. The index is told before the segment goes, so it says something new then.
    pub(super) fn look(
        &self,
        key: &[u8],
        read: impl Fn(&Reader, Location) -> Result<Record, ReadError>,
    ) -> Result<Option<(Vec<u8>, Record)>, StoreError> {
        let mut before = None;
        loop {
            let Some(value) = self.index.get(key)? else { return Ok(None) };
            let location = key::location(&value).ok_or(StoreError::Damaged)?;
            match read(&self.reader, location) {
                Err(ReadError::Gone) if before != Some(location) => before = Some(location),
                read => return Ok(Some((value, read?))),
            }
        }
    }

    /// A receipt with its proof, as it was given.
    pub(super) fn proof<R: ReceiptRecord>(&self, receipt: &R, given: &Given) -> Result<Vec<u8>, StoreError> {
        let maker = self.shown.proofs.get(self, given.batch)?;
        maker.prove(receipt, given.leaf).map_err(|_| StoreError::Damaged)
    }

    /// The hashes of a message that is stored or has been.
    pub(super) fn hashes(&self, id: &MessageId) -> Result<Option<Hashes>, StoreError> {
        if let Some(value) = self.index.get(&key::message(id))? {
            return Ok(Some(MessageValue::parse(&value).ok_or(StoreError::Damaged)?.hashes));
        }
        match self.index.get(&key::tombstone(id))? {
            Some(value) => Ok(Some(TombstoneValue::parse(&value).ok_or(StoreError::Damaged)?.hashes)),
            None => Ok(None),
        }
    }

    /// What was said about a message under a number, with its proof; `None` when it is forgotten, or no receipt.
    pub(super) fn fact(&self, id: &MessageId, seq: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((_, record)) = self.head(&key::fact(id, seq))? else { return Ok(None) };
        match record.kind {
            kind::HUB_RECEIPT => {
                let head = HubReceiptHead::parse(&record.head).ok_or(StoreError::Damaged)?;
                let Some(hashes) = self.hashes(id)? else { return Ok(None) };
                let receipt = head.given.receipt(*id, &hashes, head.event);
                self.proof(&receipt, &head.given).map(Some)
            }
            kind::DEVICE_RECEIPT => {
                let head = DeviceReceiptHead::parse(&record.head).ok_or(StoreError::Damaged)?;
                Ok(Some(head.proof))
            }
            _ => Ok(None),
        }
    }
}
