//! Statements of fixed length that one device signs by itself: consent stubs, recalls, withdrawals, renewals and re-wraps.

use super::Verified;
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::DeviceId;
use crate::sign::{Label, PublicKey, SIGNATURE_LEN, Signature, Signer};

/// A statement as it was received: its signature is not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified<T> {
    statement: T,
    signature: Signature,
    bytes: Box<[u8]>,
}

impl<T> Unverified<T> {
    /// What it claims, to find the key it must verify under. Nothing else may rest on it.
    #[must_use]
    pub const fn claimed(&self) -> &T {
        &self.statement
    }
}

/// What one statement has its own.
pub(super) struct Layout<T> {
    /// The four bytes it begins with.
    pub(super) magic: &'static [u8; 4],
    /// What its signature is labelled as.
    pub(super) label: Label,
    /// The names that trailing bytes and a refused signature are reported under.
    pub(super) name: &'static str,
    pub(super) signature: &'static str,
    /// The device that signs it.
    pub(super) device: fn(&T) -> &DeviceId,
    /// Reads and writes the fields between version and signature.
    pub(super) read: fn(&mut Reader<'_>) -> Result<T, InvalidField>,
    pub(super) write: fn(&T, &mut Writer),
}

impl<T> Layout<T> {
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Unverified<T>, InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(self.magic)?;
        let statement = (self.read)(&mut r)?;
        let signature = r.array(self.signature)?;
        r.finish(self.name)?;
        Ok(Unverified { statement, signature, bytes: bytes.into() })
    }

    pub(super) fn verify(
        &self,
        unverified: Unverified<T>,
        key: &PublicKey,
    ) -> Result<Verified<T>, InvalidField> {
        let Unverified { statement, signature, bytes } = unverified;
        self.check_signer(&statement, key)?;
        key.verify(self.label, &bytes[..bytes.len() - SIGNATURE_LEN], &signature)
            .map_err(|invalid| invalid.fault.in_field(self.signature))?;
        Ok(Verified::new(statement, bytes))
    }

    pub(super) fn sign(&self, statement: T, signer: &Signer) -> Result<Verified<T>, InvalidField> {
        self.check_signer(&statement, signer.public_key())?;
        let mut w = Writer::statement(self.magic);
        (self.write)(&statement, &mut w);
        let mut bytes = w.finish();
        let signature = signer.sign(self.label, &bytes);
        bytes.extend_from_slice(&signature);
        Ok(Verified::new(statement, bytes.into()))
    }

    fn check_signer(&self, statement: &T, key: &PublicKey) -> Result<(), InvalidField> {
        if *(self.device)(statement) == DeviceId::of_key(key.as_bytes()) {
            Ok(())
        } else {
            Err(Fault::WrongSigners.in_field(self.signature))
        }
    }
}

#[cfg(test)]
mod tests;
