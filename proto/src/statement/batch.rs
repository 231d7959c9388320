//! Receipts signed in batches, and the proof that each travels with (PROTOCOL.md section 10).

use super::Verified;
use super::merkle::{Hash, Nodes, leaf_hash, path_len, root_from_path};
use super::receipt::{DeviceReceipt, HubReceipt, Record};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::KeyId;
use crate::sign::{Label, PublicKey, Signature, Signer};

const HEAD_MAGIC: &[u8; 4] = b"SVKZ";
const COUNT: &str = "proof.n";
const INDEX: &str = "proof.index";

/// What the signer of a batch signs: `"SVKZ" u16 1 u16 n root[32] key_id[8]`.
fn head(n: u16, root: &Hash, key_id: &KeyId) -> Vec<u8> {
    let mut w = Writer::statement(HEAD_MAGIC);
    w.u16(n);
    w.put(root);
    w.put(key_id.as_bytes());
    w.finish()
}

/// A signature over many receipts, with all that is needed to make the proof of each again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedBatch {
    /// `H(0x00 || record)` of each receipt, in order.
    pub leaf_hashes: Vec<[u8; 32]>,
    /// The RFC 6962 root over them.
    pub root: [u8; 32],
    /// The signer.
    pub key_id: KeyId,
    /// The signature over the batch's head.
    pub signature: Signature,
}

impl SignedBatch {
    /// The signed bytes: `"SVKZ" u16 1 u16 n root[32] key_id[8]`.
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let n = u16::try_from(self.leaf_hashes.len()).expect("a batch has at most 256 receipts");
        head(n, &self.root, &self.key_id)
    }
}

/// Signs receipts of one kind at once.
///
/// # Errors
/// `count_out_of_range` for no receipts, or for more than [`Record::MAX_BATCH`]; `wrong_signers` for a receipt that is not the
/// signer's to give.
pub fn sign_batch<R: Record>(records: &[R], signer: &Signer) -> Result<SignedBatch, InvalidField> {
    if !records.iter().all(|record| record.may_be_signed_by(signer.public_key())) {
        return Err(Fault::WrongSigners.in_field("proof.key_id"));
    }
    let leaf_hashes: Vec<_> = records.iter().map(|record| leaf_hash(&record.encode())).collect();
    let n = batch_size::<R>(leaf_hashes.len())?;
    let root = Nodes::new(leaf_hashes.clone()).root().ok_or(Fault::CountOutOfRange.in_field(COUNT))?;
    let key_id = KeyId::of_key(signer.public_key().as_bytes());
    let signature = signer.sign(Label::Batch, &head(n, &root, &key_id));
    Ok(SignedBatch { leaf_hashes, root, key_id, signature })
}

/// A number of receipts that one signature may cover.
fn batch_size<R: Record>(n: usize) -> Result<u16, InvalidField> {
    u16::try_from(n)
        .ok()
        .filter(|n| (1..=R::MAX_BATCH).contains(n))
        .ok_or(Fault::CountOutOfRange.in_field(COUNT))
}

/// Makes the proofs of a signed batch; the tree is hashed once for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofMaker {
    nodes: Nodes,
    key_id: KeyId,
    signature: Signature,
}

impl ProofMaker {
    /// From what is kept of a batch: its leaf hashes in order, its signer and the signature.
    #[must_use]
    pub fn new(leaf_hashes: Vec<[u8; 32]>, key_id: KeyId, signature: Signature) -> Self {
        Self { nodes: Nodes::new(leaf_hashes), key_id, signature }
    }

    /// The proof of one receipt. The same batch gives the same bytes, so a stored batch answers a repeated call.
    ///
    /// # Errors
    /// `count_out_of_range` when the batch is too large or has no leaf `index`; `hash_mismatch` when that leaf is another record's.
    pub fn prove<R: Record>(&self, record: &R, index: u16) -> Result<Vec<u8>, InvalidField> {
        let n = batch_size::<R>(self.nodes.leaves().len())?;
        let place = usize::from(index);
        let out_of_range = Fault::CountOutOfRange.in_field(INDEX);
        let leaf = self.nodes.leaves().get(place).ok_or(out_of_range)?;
        let path = self.nodes.audit_path(place).ok_or(out_of_range)?;
        let record = record.encode();
        if leaf_hash(&record) != *leaf {
            return Err(Fault::HashMismatch.in_field(INDEX));
        }
        let mut w = Writer::default();
        w.put(&record);
        w.u16(index);
        w.u16(n);
        w.put(path.as_flattened());
        w.put(self.key_id.as_bytes());
        w.put(&self.signature);
        Ok(w.finish())
    }
}

/// The proof of one receipt of a batch, as [`ProofMaker::prove`] makes it.
///
/// # Errors
/// As [`ProofMaker::prove`].
pub fn proof<R: Record>(
    record: &R,
    index: u16,
    leaf_hashes: &[[u8; 32]],
    key_id: &KeyId,
    signature: &Signature,
) -> Result<Vec<u8>, InvalidField> {
    ProofMaker::new(leaf_hashes.to_vec(), *key_id, *signature).prove(record, index)
}

/// A receipt with a proof that nobody has verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedProof<R> {
    record: R,
    n: u16,
    root: Hash,
    key_id: KeyId,
    signature: Signature,
    bytes: Box<[u8]>,
}

/// A device receipt that its device signed.
pub type VerifiedDeviceReceipt = Verified<DeviceReceipt>;
/// A hub receipt that the hub signed.
pub type VerifiedHubReceipt = Verified<HubReceipt>;

impl<R: Record> UnverifiedProof<R> {
    /// Parses a receipt with its proof, and computes the root that must have been signed.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 10.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let (record_bytes, rest) = bytes.split_at_checked(R::LEN).unwrap_or((bytes, &[]));
        let record = R::parse(record_bytes)?;
        let mut r = Reader::new(rest);
        let index = usize::from(r.u16(INDEX)?);
        let n = batch_size::<R>(r.u16(COUNT)?.into())?;
        if index >= n.into() {
            return Err(Fault::CountOutOfRange.in_field(INDEX));
        }
        let path =
            (0..path_len(index, n.into())).map(|_| r.array("proof.path")).collect::<Result<Vec<_>, _>>()?;
        let root = root_from_path(leaf_hash(record_bytes), index, n.into(), &path)
            .expect("as many hashes were read as the path has");
        let key_id = r.id("proof.key_id")?;
        let signature = r.array("proof.signature")?;
        r.finish("proof")?;
        Ok(Self { record, n, root, key_id, signature, bytes: bytes.into() })
    }

    /// What the receipt claims, to find the key it must verify under. Nothing else may rest on it.
    #[must_use]
    pub const fn claimed(&self) -> &R {
        &self.record
    }

    /// The key it claims to be signed with.
    #[must_use]
    pub const fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The root of the batch, as record and path have it.
    #[must_use]
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// Verifies it under the expected signer's key: the hub's receipt key, or the identity key of the device it names.
    ///
    /// # Errors
    /// `wrong_signers` when another key signed, or the key is not that of the receipt's device; `bad_signature`.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<R>, InvalidField> {
        ProofVerifier::new(key).verify(self)
    }
}

/// Verifies proofs under one key. A signature that proofs of one batch share is verified once for those that follow each other,
/// since it costs more than everything else about a receipt.
#[derive(Clone, Debug)]
pub struct ProofVerifier<'a> {
    key: &'a PublicKey,
    /// The head and the signature that were verified last.
    verified: Option<(Vec<u8>, Signature)>,
}

impl<'a> ProofVerifier<'a> {
    /// Verifies under the hub's receipt key, or under the identity key of the device that the receipts name.
    #[must_use]
    pub const fn new(key: &'a PublicKey) -> Self {
        Self { key, verified: None }
    }

    /// Verifies one proof.
    ///
    /// # Errors
    /// As [`UnverifiedProof::verify`].
    pub fn verify<R: Record>(&mut self, proof: UnverifiedProof<R>) -> Result<Verified<R>, InvalidField> {
        if proof.key_id != KeyId::of_key(self.key.as_bytes()) || !proof.record.may_be_signed_by(self.key) {
            return Err(Fault::WrongSigners.in_field("proof.key_id"));
        }
        let signed = (head(proof.n, &proof.root, &proof.key_id), proof.signature);
        if self.verified.as_ref() != Some(&signed) {
            self.key
                .verify(Label::Batch, &signed.0, &signed.1)
                .map_err(|invalid| invalid.fault.in_field("proof.signature"))?;
            self.verified = Some(signed);
        }
        Ok(Verified::new(proof.record, proof.bytes))
    }
}

/// A receipt of either kind, as events carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptProof {
    /// From a device.
    Device(UnverifiedProof<DeviceReceipt>),
    /// From the hub.
    Hub(UnverifiedProof<HubReceipt>),
}

impl ReceiptProof {
    /// Parses a receipt of the kind that its first four bytes name.
    ///
    /// # Errors
    /// `wrong_magic` for neither kind, then as [`UnverifiedProof::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        if bytes.starts_with(DeviceReceipt::MAGIC) {
            UnverifiedProof::parse(bytes).map(Self::Device)
        } else {
            UnverifiedProof::parse(bytes).map(Self::Hub)
        }
    }
}

#[cfg(test)]
mod tests;
