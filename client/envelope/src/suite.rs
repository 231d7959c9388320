//! All choice of algorithms: suite `0x0001` of PROTOCOL.md section 2. Nothing outside this file names one.
//!
//! HPKE base mode (RFC 9180) with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305; HKDF (RFC 5869) with SHA-256;
//! ChaCha20-Poly1305 (RFC 8439). The functions are named as in the RFCs.

use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SecureRandom as _;
use samverkan_proto::limits::{TAG_LEN, WRAP_LEN, XWING_ENC_LEN, XWING_PUBLIC_LEN};
use std::convert::Infallible;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

type HpkeKem = hpke::kem::XWing;
type HpkeKdf = hpke::kdf::HkdfSha256;
type HpkeAead = hpke::aead::ChaCha20Poly1305;

/// Bytes of randomness that one X-Wing encapsulation takes.
pub const ENCAPSULATION_RANDOMNESS: usize = 64;

/// The operating system's generator gave nothing. Nothing may be sealed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random generator failed")]
pub struct NoRandomness;

/// A cryptographic operation failed; the caller knows what that means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

/// `N` bytes from the operating system's generator.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    ring::rand::SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

struct OutputLen(usize);

impl ring::hkdf::KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF extract-and-expand (RFC 5869) with SHA-256, to `N` ≤ 8,160 bytes.
pub(crate) fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8; 32], info: &[u8]) -> Zeroizing<[u8; N]> {
    let prk = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, salt).extract(ikm);
    let mut okm = Zeroizing::new([0; N]);
    prk.expand(&[info], OutputLen(N))
        .and_then(|expanded| expanded.fill(okm.as_mut_slice()))
        .expect("32 bytes are fewer than 255 hash lengths");
    okm
}

/// A key of ChaCha20-Poly1305. Its users see to it that no nonce is used for two plaintexts.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key is 32 bytes")))
    }

    /// Encrypts in place and returns the tag.
    pub(crate) fn seal(&self, nonce: [u8; 12], aad: &[u8], in_out: &mut [u8]) -> [u8; TAG_LEN] {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce, Aad::from(aad), in_out)
            .expect("plaintexts are far below 256 GiB");
        tag.as_ref().try_into().expect("a tag is 16 bytes")
    }

    /// Decrypts in place; the plaintext stands at the front, without the tag.
    pub(crate) fn open<'a>(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        in_out: &'a mut [u8],
    ) -> Result<&'a [u8], Failed> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(aad), in_out).map(|plain| &*plain).map_err(|_| Failed)
    }
}

/// The private half of an epoch key: an X-Wing seed. Wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct EpochSecret([u8; 32]);

impl EpochSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        random().map(|seed| Self(*seed))
    }

    /// From a seed that was stored.
    #[must_use]
    pub const fn from_seed(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The seed, to be stored sealed.
    #[must_use]
    pub const fn expose_seed(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public half, as an epoch key names it.
    #[must_use]
    pub fn public_key(&self) -> [u8; XWING_PUBLIC_LEN] {
        HpkeKem::sk_to_pk(&self.private_key()).to_bytes().into()
    }

    fn private_key(&self) -> <HpkeKem as Kem>::PrivateKey {
        Deserializable::from_bytes(&self.0).expect("an X-Wing private key is any 32 bytes")
    }
}

/// Hands an encapsulation the randomness it was given, once.
struct Given<'a>(&'a [u8]);

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word).map(|()| u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word).map(|()| u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let (head, rest) =
            self.0.split_at_checked(out.len()).expect("an X-Wing encapsulation takes 64 bytes, which it has");
        out.copy_from_slice(head);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

/// `HPKE.SealBase(pk, info, aad = "", key)`: `enc | ct`. The public key was checked when its epoch key was parsed;
/// one that HPKE does not accept fails.
pub(crate) fn seal_base(
    pk: &[u8],
    info: &[u8],
    key: &[u8; 32],
    randomness: &[u8; ENCAPSULATION_RANDOMNESS],
) -> Result<[u8; WRAP_LEN], Failed> {
    let pk = Deserializable::from_bytes(pk).map_err(|_| Failed)?;
    let (enc, ct) = hpke::single_shot_seal_with_rng::<HpkeAead, HpkeKdf, HpkeKem>(
        &OpModeS::Base,
        &pk,
        info,
        key,
        b"",
        &mut Given(randomness),
    )
    .map_err(|_| Failed)?;
    let mut wrap = [0; WRAP_LEN];
    let (enc_half, ct_half) = wrap.split_at_mut(XWING_ENC_LEN);
    enc.write_exact(enc_half);
    ct_half.copy_from_slice(&ct);
    Ok(wrap)
}

/// `HPKE.OpenBase(enc, sk, info, aad = "", ct)`.
pub(crate) fn open_base(
    wrap: &[u8; WRAP_LEN],
    secret: &EpochSecret,
    info: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Failed> {
    let (enc, ct) = wrap.split_at(XWING_ENC_LEN);
    let enc = Deserializable::from_bytes(enc).map_err(|_| Failed)?;
    let key = hpke::single_shot_open::<HpkeAead, HpkeKdf, HpkeKem>(
        &OpModeR::Base,
        &secret.private_key(),
        &enc,
        info,
        ct,
        b"",
    )
    .map(Zeroizing::new)
    .map_err(|_| Failed)?;
    key.as_slice().try_into().map(Zeroizing::new).map_err(|_| Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    /// One encryption under exactly this suite, from the vectors of draft-ietf-hpke-pq.
    #[test]
    fn the_official_vector_holds() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../testdata/hpke-xwing.json")).expect("JSON");
        let bytes = |name: &str| {
            HEXLOWER.decode(vector[name].as_str().expect("text").as_bytes()).expect("lowercase hex")
        };
        let secret = EpochSecret::from_seed(bytes("seed").try_into().expect("32 bytes"));
        assert_eq!(secret.public_key().as_slice(), bytes("public_key"));

        let pk = Deserializable::from_bytes(&bytes("public_key")).expect("public key");
        let (enc, ct) = hpke::single_shot_seal_with_rng::<HpkeAead, HpkeKdf, HpkeKem>(
            &OpModeS::Base,
            &pk,
            &bytes("info"),
            &bytes("pt"),
            &bytes("aad"),
            &mut Given(&bytes("encapsulation_randomness")),
        )
        .expect("sealed");
        assert_eq!(enc.to_bytes().as_slice(), bytes("enc"));
        assert_eq!(ct, bytes("ct"));
    }

    #[test]
    fn a_wrap_opens_for_its_key_and_context_alone() {
        let secret = EpochSecret::from_seed([1; 32]);
        let wrap = seal_base(&secret.public_key(), b"info", &[7; 32], &[9; 64]).expect("sealed");
        assert_eq!(open_base(&wrap, &secret, b"info").expect("opened").as_slice(), [7; 32]);
        assert_eq!(open_base(&wrap, &secret, b"infO").expect_err("other context"), Failed);
        assert_eq!(
            open_base(&wrap, &EpochSecret::from_seed([2; 32]), b"info").expect_err("other key"),
            Failed
        );
    }

    /// RFC 5869 test case 1 with a 32-byte key is not published; this pins the construction to HMAC instead.
    #[test]
    fn hkdf_is_extract_and_expand() {
        let prk = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"salt"), &[5; 32]);
        let okm = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, prk.as_ref()), b"info\x01");
        assert_eq!(hkdf::<32>(b"salt", &[5; 32], b"info").as_slice(), okm.as_ref());
    }
}
