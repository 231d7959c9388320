//! Reading what is committed, from any thread that may wait for the disk.

use std::sync::Arc;

use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::receipt::HubReceipt;

use super::error::StoreError;
use super::index::Index;
use super::journal::{Location, ReadError, Reader, Record};
use super::key;
use super::mail::value::{FactValue, MessageValue, TombstoneValue};
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
    /// The record at a location that the index has just given; `None` when it was deleted meanwhile.
    pub(super) fn read(&self, location: Location) -> Result<Option<Record>, StoreError> {
        gone_is_none(self.reader.read(location))
    }

    /// The same without the body.
    pub(super) fn read_head(&self, location: Location) -> Result<Option<Record>, StoreError> {
        gone_is_none(self.reader.read_head(location))
    }

    /// A receipt with its proof, as it was given.
    pub(super) fn proof(&self, receipt: &HubReceipt, given: &Given) -> Result<Vec<u8>, StoreError> {
        let maker = self.shown.proofs.get(&self.index, &self.reader, given.batch)?;
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
        let Some(value) = self.index.get(&key::fact(id, seq))? else { return Ok(None) };
        let value = FactValue::parse(&value).ok_or(StoreError::Damaged)?;
        let Some(record) = self.read_head(value.location)? else { return Ok(None) };
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

fn gone_is_none(read: Result<Record, ReadError>) -> Result<Option<Record>, StoreError> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(ReadError::Gone) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
