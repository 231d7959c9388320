//! Ed25519 (RFC 8032) under the labels of PROTOCOL.md section 2, strict on what it accepts.
//!
//! ring refuses `S ≥ L` and compares `R` bytewise. Canonical and large-order public keys are checked here, once, when a
//! [`PublicKey`] is made; an `R` of small order, which ring takes, with every signature.

use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, KeyId, sha256};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// A signature as it travels.
pub type Signature = [u8; SIGNATURE_LEN];

/// What is signed: every signature is over `"svk1 <name> signature\0" || H(bytes)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// An organisation's manifest.
    Manifest,
    /// An epoch key.
    EpochKey,
    /// A sealed message.
    Message,
    /// A consent stub.
    Consent,
    /// A recall.
    Recall,
    /// The withdrawal of a consent.
    Withdrawal,
    /// A device's request for its next certificate.
    Renewal,
    /// A message's key for a colleague's later device.
    Rewrap,
    /// What an operator of the hub does.
    Operator,
    /// An agreement between two organisations.
    Agreement,
    /// A batch of receipts.
    Batch,
}

impl Label {
    const fn prefix(self) -> &'static [u8] {
        match self {
            Self::Manifest => b"svk1 manifest signature\0",
            Self::EpochKey => b"svk1 epoch key signature\0",
            Self::Message => b"svk1 message signature\0",
            Self::Consent => b"svk1 consent signature\0",
            Self::Recall => b"svk1 recall signature\0",
            Self::Withdrawal => b"svk1 withdrawal signature\0",
            Self::Renewal => b"svk1 renewal signature\0",
            Self::Rewrap => b"svk1 rewrap signature\0",
            Self::Operator => b"svk1 operator signature\0",
            Self::Agreement => b"svk1 agreement signature\0",
            Self::Batch => b"svk1 batch signature\0",
        }
    }

    /// The bytes that Ed25519 signs, for a statement with this digest.
    fn message(self, digest: &[u8; 32]) -> Vec<u8> {
        [self.prefix(), digest].concat()
    }
}

/// `p = 2^255 − 19`, little-endian.
pub(crate) const P: [u8; 32] = {
    let mut p = [0xff; 32];
    p[0] = 0xed;
    p[31] = 0x7f;
    p
};

/// The y coordinates of the points of small order, little-endian: 1, p − 1, 0 and those of the two pairs of order eight.
const SMALL_ORDER_Y: [[u8; 32]; 5] = {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = P;
    minus_one[0] = 0xec;
    [
        one,
        minus_one,
        [0; 32],
        *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
        *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
    ]
};

/// The y coordinate of an encoded point, without the sign of x.
const fn y_of(point: &[u8; 32]) -> [u8; 32] {
    let mut y = *point;
    y[31] &= 0x7f;
    y
}

/// Whether a canonically encoded point has small order.
fn has_small_order(point: &[u8; 32]) -> bool {
    SMALL_ORDER_Y.contains(&y_of(point))
}

/// An Ed25519 public key that was found canonical and not of small order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", KeyId::of_key(&self.0))
    }
}

impl PublicKey {
    /// Takes a key if its encoding is canonical and its order is not small.
    ///
    /// # Errors
    /// `bad_key` in `field`.
    pub fn parse(bytes: &[u8; 32], field: &'static str) -> Result<Self, InvalidField> {
        // Little-endian numbers compare from their last byte on.
        let canonical = y_of(bytes).iter().rev().lt(P.iter().rev());
        if canonical && !has_small_order(bytes) {
            Ok(Self(*bytes))
        } else {
            Err(Fault::BadKey.in_field(field))
        }
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Verifies `signature` over a statement.
    ///
    /// # Errors
    /// `bad_signature`, in the field `signature`.
    pub fn verify(&self, label: Label, statement: &[u8], signature: &Signature) -> Result<(), InvalidField> {
        self.verify_digest(label, &sha256(statement), signature)
    }

    /// The same for a statement whose SHA-256 is known.
    ///
    /// # Errors
    /// `bad_signature`, in the field `signature`.
    pub fn verify_digest(
        &self,
        label: Label,
        digest: &[u8; 32],
        signature: &Signature,
    ) -> Result<(), InvalidField> {
        self.verify_plain(&label.message(digest), signature)
    }

    /// Verifies plain Ed25519, as checkpoints use it.
    ///
    /// # Errors
    /// `bad_signature`, in the field `signature`.
    pub fn verify_plain(&self, message: &[u8], signature: &Signature) -> Result<(), InvalidField> {
        const BAD: InvalidField = Fault::BadSignature.in_field("signature");
        // Verifiers differ on such an `R`, so its maker could sign what half of the world believes.
        if signature.first_chunk().is_none_or(has_small_order) {
            return Err(BAD);
        }
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).map_err(|_| BAD)
    }
}

/// An Ed25519 key that signs. ring keeps the secret half and never shows it.
pub struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Signer {
    /// From a 32-byte seed (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// `bad_key` for a seed that is not 32 bytes, or whose public half is not acceptable.
    pub fn from_seed(seed: &[u8]) -> Result<Self, InvalidField> {
        Self::new(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Fault::BadKey.in_field("seed"))?)
    }

    /// From PKCS #8 (RFC 5958), as ring generates it.
    ///
    /// # Errors
    /// `bad_key` for bytes that are no such key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InvalidField> {
        Self::new(Ed25519KeyPair::from_pkcs8(der).map_err(|_| Fault::BadKey.in_field("pkcs8"))?)
    }

    fn new(pair: Ed25519KeyPair) -> Result<Self, InvalidField> {
        use ring::signature::KeyPair as _;
        let bytes =
            pair.public_key().as_ref().try_into().map_err(|_| Fault::BadKey.in_field("public_key"))?;
        let public = PublicKey::parse(&bytes, "public_key")?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The device with this key.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_key(self.public.as_bytes())
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, label: Label, statement: &[u8]) -> Signature {
        self.sign_digest(label, &sha256(statement))
    }

    /// Signs a statement whose SHA-256 is known.
    #[must_use]
    pub fn sign_digest(&self, label: Label, digest: &[u8; 32]) -> Signature {
        self.sign_plain(&label.message(digest))
    }

    /// Signs plain Ed25519, as checkpoints use it.
    #[must_use]
    pub fn sign_plain(&self, message: &[u8]) -> Signature {
        self.pair.sign(message).as_ref().try_into().expect("an Ed25519 signature is 64 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_label_and_bytes_alone() {
        let signer = Signer::from_seed(&[7; 32]).expect("seed");
        let signature = signer.sign(Label::Manifest, b"bytes");
        assert!(signer.public_key().verify(Label::Manifest, b"bytes", &signature).is_ok());
        assert!(signer.public_key().verify(Label::EpochKey, b"bytes", &signature).is_err());
        assert!(signer.public_key().verify(Label::Manifest, b"byteS", &signature).is_err());
    }

    #[test]
    fn a_signature_with_s_beyond_the_group_order_is_refused() {
        let signer = Signer::from_seed(&[7; 32]).expect("seed");
        let mut signature = signer.sign(Label::Batch, b"bytes");
        // S + L, with L = 2^252 + 27742317777372353535851937790883648493 little-endian.
        let order = *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
        }
        assert_eq!(
            signer.public_key().verify(Label::Batch, b"bytes", &signature).expect_err("malleated").fault,
            Fault::BadSignature
        );
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        let mut refused: Vec<[u8; 32]> = SMALL_ORDER_Y.to_vec();
        refused.extend(SMALL_ORDER_Y.map(|mut y| {
            y[31] |= 0x80;
            y
        }));
        refused.push(P);
        refused.push([0xff; 32]);
        for key in refused {
            assert_eq!(PublicKey::parse(&key, "key").expect_err("weak").fault, Fault::BadKey);
        }
    }
}
