//! The smaller statements, written by hand: epoch keys, consent stubs, device receipts and batches of them.

use super::bytes::{Put as _, count, random};
use super::{Device, now_ms};
use samverkan_proto::ids::{ConsentHandle, EpochKeyId, KeyId, sha256, sha256_of};
use samverkan_proto::limits::{MAX_LIFETIME_MS, WEEK_MS, XWING_PUBLIC_LEN};
use samverkan_proto::sign::{Label, Signer};

/// An epoch key (PROTOCOL.md section 5), field by field.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 5")]
pub struct RawEpochKey {
    pub org_id: [u8; 16],
    pub device_id: [u8; 16],
    pub epoch: u32,
    pub suite: u16,
    pub pk: Vec<u8>,
    pub not_before_ms: u64,
    pub encrypt_until_ms: u64,
    pub destroy_at_ms: u64,
}

impl RawEpochKey {
    /// A key that obeys the rules.
    #[must_use]
    pub fn new(org_id: [u8; 16], device_id: [u8; 16], epoch: u32, pk: &[u8; XWING_PUBLIC_LEN]) -> Self {
        let not_before_ms = u64::from(epoch) * WEEK_MS;
        let encrypt_until_ms = not_before_ms + WEEK_MS;
        let destroy_at_ms = encrypt_until_ms + MAX_LIFETIME_MS;
        Self {
            org_id,
            device_id,
            epoch,
            suite: 1,
            pk: pk.to_vec(),
            not_before_ms,
            encrypt_until_ms,
            destroy_at_ms,
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        *EpochKeyId::of_key(&self.pk).as_bytes()
    }

    /// The 1,348 bytes under `signer`.
    #[must_use]
    pub fn signed_by(&self, signer: &Signer) -> Vec<u8> {
        let mut w = b"SVKE\0\x01".to_vec();
        w.put(&self.org_id);
        w.put(&self.device_id);
        w.u32(self.epoch);
        w.u16(self.suite);
        w.put(&self.pk);
        w.u64(self.not_before_ms);
        w.u64(self.encrypt_until_ms);
        w.u64(self.destroy_at_ms);
        signed(w, Label::EpochKey, signer)
    }
}

/// The week that holds `now_ms`.
///
/// # Panics
/// Some eighty thousand millennia from now.
#[must_use]
pub fn epoch_of(now_ms: u64) -> u32 {
    u32::try_from(now_ms / WEEK_MS).expect("the week is a u32")
}

/// A consent stub (PROTOCOL.md section 12), field by field.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 12")]
pub struct RawStub {
    pub handle: [u8; 16],
    pub commitment: [u8; 32],
    pub issuer_org: [u8; 16],
    pub issuer_device: [u8; 16],
    pub expires_ms: u64,
}

impl RawStub {
    /// A stub that obeys the rules, over a record that nobody knows. It ends at the first midnight (UTC) after `until_ms`.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new(issuer_org: [u8; 16], issuer_device: [u8; 16], until_ms: u64) -> Self {
        let handle = ConsentHandle::from_random(random()).expect("chance does not give zero");
        let expires_ms = until_ms.next_multiple_of(86_400_000);
        Self { handle: *handle.as_bytes(), commitment: random(), issuer_org, issuer_device, expires_ms }
    }

    /// The 158 bytes under `signer`.
    #[must_use]
    pub fn signed_by(&self, signer: &Signer) -> Vec<u8> {
        let mut w = b"SVKC\0\x01".to_vec();
        w.put(&self.handle);
        w.put(&self.commitment);
        w.put(&self.issuer_org);
        w.put(&self.issuer_device);
        w.u64(self.expires_ms);
        signed(w, Label::Consent, signer)
    }
}

/// A recall (PROTOCOL.md section 10), signed by the device.
#[must_use]
pub fn raw_recall(message_id: [u8; 16], hh: [u8; 32], org: [u8; 16], device: &Device) -> Vec<u8> {
    let mut w = b"SVKX\0\x01".to_vec();
    w.put(&message_id);
    w.put(&hh);
    w.put(&org);
    w.put(&device.id());
    w.u64(now_ms());
    signed(w, Label::Recall, &device.signer)
}

/// The withdrawal of a handle because the person withdrew (PROTOCOL.md section 12), signed by the device.
#[must_use]
pub fn raw_withdrawal(handle: [u8; 16], org: [u8; 16], device: &Device) -> Vec<u8> {
    let mut w = b"SVKD\0\x01".to_vec();
    w.put(&handle);
    w.put(&org);
    w.put(&device.id());
    w.u64(now_ms());
    w.put(&[1]);
    signed(w, Label::Withdrawal, &device.signer)
}

fn signed(mut bytes: Vec<u8>, label: Label, signer: &Signer) -> Vec<u8> {
    let signature = signer.sign(label, &bytes);
    bytes.put(&signature);
    bytes
}

/// A device receipt (PROTOCOL.md section 10), field by field.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of PROTOCOL.md section 10")]
pub struct RawReceipt {
    pub kind: u8,
    pub reason: u8,
    pub message_id: [u8; 16],
    pub hh: [u8; 32],
    pub org: [u8; 16],
    pub device: [u8; 16],
    pub mailbox: [u8; 16],
    pub time_ms: u64,
    pub open_tag: [u8; 16],
    pub reference: [u8; 32],
}

impl RawReceipt {
    /// What `device` says about the message with this header: type and reason. The tag, which only an opener can make, is random.
    ///
    /// # Panics
    /// For bytes that are no header.
    #[must_use]
    pub fn about(
        header: &[u8],
        org: [u8; 16],
        device: [u8; 16],
        (kind, reason): (u8, u8),
        time_ms: u64,
    ) -> Self {
        Self {
            kind,
            reason,
            message_id: header[6..22].try_into().expect("a header names its message"),
            hh: header_hash(header),
            org,
            device,
            mailbox: [0; 16],
            time_ms,
            open_tag: if kind == 2 { [0; 16] } else { random() },
            reference: [0; 32],
        }
    }

    /// The 160 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = b"SVKR\0\x01".to_vec();
        w.put(&[self.kind, self.reason]);
        w.put(&self.message_id);
        w.put(&self.hh);
        w.put(&self.org);
        w.put(&self.device);
        w.put(&self.mailbox);
        w.u64(self.time_ms);
        w.put(&self.open_tag);
        w.put(&self.reference);
        w
    }
}

/// `H("svk1 header\0" || header)`.
#[must_use]
pub fn header_hash(header: &[u8]) -> [u8; 32] {
    sha256_of(&[b"svk1 header\0", header])
}

/// Signs records as batches of one, each with its proof.
#[must_use]
pub fn prove_each(records: &[Vec<u8>], signer: &Signer) -> Vec<Vec<u8>> {
    records.iter().map(|record| prove_alone(record, signer)).collect()
}

/// One record as a batch of its own: `record | index 0 | n 1 | no path | key_id | sig`.
#[must_use]
pub fn prove_alone(record: &[u8], signer: &Signer) -> Vec<u8> {
    let key_id = *KeyId::of_key(signer.public_key().as_bytes()).as_bytes();
    let root = sha256_of(&[&[0], record]);
    let mut head = b"SVKZ\0\x01".to_vec();
    head.u16(count(1));
    head.put(&root);
    head.put(&key_id);
    let mut proof = record.to_vec();
    proof.u16(0);
    proof.u16(1);
    proof.put(&key_id);
    proof.put(&signer.sign_digest(Label::Batch, &sha256(&head)));
    proof
}

/// Random bytes that every check on an X-Wing public key passes: coefficients below 3,329 and a canonical coordinate. Nobody holds the
/// private half, which is enough for whoever can not open anything.
#[must_use]
pub fn random_public_key() -> [u8; XWING_PUBLIC_LEN] {
    let mut key: [u8; XWING_PUBLIC_LEN] = random();
    // Twelve-bit coefficients, little-endian, two in three bytes: clearing the top bit of each leaves them below 2,048.
    for pair in key[..1152].chunks_exact_mut(3) {
        pair[1] &= 0xf7;
        pair[2] &= 0x7f;
    }
    key[XWING_PUBLIC_LEN - 1] &= 0x3f;
    key
}
