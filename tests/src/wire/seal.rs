//! Messages that are really sealed, with everything needed to seal them wrongly; and a device that opens them.

use super::bytes::Put as _;
use super::header::RawHeader;
use super::log::Log;
use super::member::{Device, EpochKey, Member};
use super::now_ms;
use super::parcel::Parcel;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use samverkan_client::directory::Directory;
use samverkan_envelope::body::Body;
use samverkan_envelope::open::{HeldKey, LocalDevice, Memory, OpenError, Received, Verified};
use samverkan_envelope::seal::{Draft, SealRandom, SealedMessage, Target};
use samverkan_proto::code::{Class, Kind, LegalBasis, RecipientKind, Urgency};
use samverkan_proto::ids::{
    DeviceId, EpochKeyId, MailboxAddress, MailboxId, MessageId, OrgId, SendId, ThreadId, sha256_of,
};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::{Label, Signature, Signer};
use samverkan_proto::statement::epoch_key::{self, Epoch};
use samverkan_proto::statement::header::Recipient;
use samverkan_proto::v1::Delivery;

/// A sealed message, and the key that a malicious sender would have.
#[derive(Debug)]
pub struct Sealed {
    /// What is submitted.
    pub parcel: Parcel,
    /// The message key.
    pub cek: [u8; 32],
}

/// A referral without attachments. `note` is the sender's newest checkpoint.
#[must_use]
pub fn body(log: &Log, text: &str) -> Body {
    body_with_checkpoint(log.note.to_vec(), text)
}

/// The same with a checkpoint that the caller makes up.
#[must_use]
pub fn body_with_checkpoint(checkpoint: Vec<u8>, text: &str) -> Body {
    Body {
        kind: Kind::Referral,
        send_id: SendId::random(),
        thread_id: ThreadId::random(),
        in_reply_to: None,
        form: "general-1".to_owned(),
        fields: Vec::new(),
        subject: "Stöd till målsägande".to_owned(),
        text: text.to_owned(),
        attachments: Vec::new(),
        consents: Vec::new(),
        checkpoint,
    }
}

/// Seals `body` as the first device of `sender`, for the first mailbox of each of `to`.
///
/// # Panics
/// When the body breaks a rule, or a reader has no key for this week.
#[must_use]
pub fn seal(sender: &Member, to: &[&Member], body: Body) -> Sealed {
    seal_as(sender, 0, to, body)
}

/// The same as the device at `index`.
///
/// # Panics
/// As [`seal`].
#[must_use]
pub fn seal_as(sender: &Member, index: usize, to: &[&Member], body: Body) -> Sealed {
    let created_ms = now_ms();
    let mut members = to.to_vec();
    members.sort_by_key(|member| (member.org(), member.mailbox()));
    let recipients = members.iter().map(|member| recipient(member)).collect();
    let devices =
        (0..).zip(&members).flat_map(|(index, member)| targets(member, index, created_ms)).collect();
    seal_to(sender, index, recipients, devices, body, created_ms)
}

fn seal_to(
    sender: &Member,
    index: usize,
    to: Vec<Recipient>,
    devices: Vec<Target>,
    body: Body,
    created_ms: u64,
) -> Sealed {
    let draft = Draft {
        message_id: MessageId::random(),
        sender_org: OrgId::parse(&sender.org()).expect("an id"),
        sender_mailbox: MailboxId::parse(&sender.mailbox()).expect("an id"),
        basis: (body.kind.class() != Class::FollowUp).then_some(LegalBasis::VoluntaryReport),
        urgency: Urgency::Routine,
        answer_within_minutes: None,
        created_ms,
        expires_ms: created_ms + 7 * DAY_MS,
        to,
        devices,
        body,
    };
    let random = SealRandom::generate(draft.devices.len()).expect("randomness");
    let (sealed, secret) = draft.seal(&sender.devices[index].signer, random).expect("a good draft");
    Sealed { parcel: parcel(&sealed), cek: *secret.expose_cek() }
}

/// The same for a mailbox as a program's copy of the log has it.
///
/// # Panics
/// When the mailbox is not there, or no reader has a key for this week.
#[must_use]
pub fn seal_from_log(sender: &Member, log: &Directory, to: &MailboxAddress, body: Body) -> Sealed {
    let created_ms = now_ms();
    let (org, mailbox) = log.resolve(to).expect("the mailbox is in the log");
    let organisation = log.organisation(&org).expect("it has an organisation");
    let manifest = organisation.manifest().expect("a manifest");
    let key = |device: DeviceId| organisation.epoch_key(&device, Epoch::of(created_ms)).cloned();
    let keys = manifest.readers(&mailbox).filter_map(|device| key(device.id()));
    let recipient =
        Recipient { org, mailbox, manifest_serial: manifest.serial(), kind: RecipientKind::Primary };
    let devices = keys.map(|key| Target { key, boxes: 1 }).collect();
    seal_to(sender, 0, vec![recipient], devices, body, created_ms)
}

fn recipient(member: &Member) -> Recipient {
    Recipient {
        org: OrgId::parse(&member.org()).expect("an id"),
        mailbox: MailboxId::parse(&member.mailbox()).expect("an id"),
        manifest_serial: member.manifest.serial,
        kind: RecipientKind::Primary,
    }
}

fn targets(member: &Member, index: u32, created_ms: u64) -> Vec<Target> {
    let week = super::statement::epoch_of(created_ms);
    let readers = &member.manifest.mailboxes[0].readers;
    let devices = member.devices.iter().filter(|device| readers.contains(&device.id()));
    let key = |device: &Device| epoch_key::EpochKey::parse(device.epoch_keys[&week].statement.clone().into());
    devices.map(|device| Target { key: key(device).expect("an epoch key"), boxes: 1 << index }).collect()
}

fn parcel(sealed: &SealedMessage) -> Parcel {
    let (wraps, content) = (sealed.wraps().to_vec(), sealed.content().to_vec());
    Parcel { header: RawHeader::of(sealed.header()), wraps, content }
}

impl Sealed {
    /// Encrypts any plaintext under the message's key and header, as its content.
    ///
    /// # Panics
    /// Never for plaintext that fits into memory.
    pub fn reseal(&mut self, mut plain: Vec<u8>) {
        let hh = self.parcel.header_hash();
        let info = [b"svk1 content\0".as_slice(), &hh].concat();
        let key = hkdf(&self.parcel.header.message_id, &self.cek, &info);
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("32 bytes"));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::from(hh), &mut plain)
            .expect("a small plaintext");
        self.parcel.content = plain;
    }

    /// The plaintext of a body: length, signature, body, and zeros up to the size that the header announces.
    ///
    /// # Panics
    /// For a body beyond 4 GiB.
    #[must_use]
    pub fn plain(&self, signature: &Signature, body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        plain.u32(u32::try_from(body.len()).expect("a small body"));
        plain.put(signature);
        plain.put(body);
        plain.resize(self.parcel.header.content_len as usize - 16, 0);
        plain
    }

    /// The message signature of `signer` over `body`.
    #[must_use]
    pub fn signature(&self, signer: &Signer, body: &[u8]) -> Signature {
        let hh = self.parcel.header_hash();
        signer.sign_digest(Label::Message, &sha256_of(&[&hh, &sha256_of(&[b"svk1 body\0", body])]))
    }

    /// Replaces the body by any bytes, signed by `signer`.
    pub fn replace_body(&mut self, signer: &Signer, body: &[u8]) {
        let signature = self.signature(signer, body);
        self.reseal(self.plain(&signature, body));
    }
}

/// HKDF-SHA256 (RFC 5869), 32 bytes.
///
/// # Panics
/// Never for 32 bytes.
#[must_use]
pub fn hkdf(salt: &[u8], key: &[u8; 32], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let prk = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, salt).extract(key);
    prk.expand(&[info], ring::hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out)).expect("one block");
    out
}

/// A device that opens what it gets, with its keys and its copy of the log.
#[derive(Debug)]
pub struct Reader<'a> {
    /// Its organisation.
    pub member: &'a Member,
    /// Which of its devices.
    pub index: usize,
    /// Its copy of the log.
    pub log: &'a Log,
}

impl Reader<'_> {
    /// Opens a delivery. Nothing was shown before, and every thread is known.
    ///
    /// # Errors
    /// The first fault.
    pub fn open(&self, delivery: &Delivery) -> Result<Verified, OpenError> {
        self.open_at(delivery, now_ms(), |_| false)
    }

    /// The same at another time, and with a memory of what was shown.
    ///
    /// # Errors
    /// The first fault.
    pub fn open_at(
        &self,
        delivery: &Delivery,
        now_ms: u64,
        shown: impl Fn(&SendId) -> bool,
    ) -> Result<Verified, OpenError> {
        let device = &self.member.devices[self.index];
        let local = LocalDevice {
            org: OrgId::parse(&self.member.org()).expect("an id"),
            device: device.signer.device_id(),
        };
        Received::parse(&delivery.header, &delivery.wrap, &delivery.content)?
            .unwrap(local, |id| held(device, id))?
            .accept(&delivery.submission_receipt, &self.log.receipt_key)?
            .verify(self.log, now_ms, &Shown(shown))
    }
}

/// What was shown before; every thread is known.
struct Shown<F>(F);

impl<F: Fn(&SendId) -> bool> Memory for Shown<F> {
    fn was_shown(&self, _: &OrgId, send_id: &SendId) -> bool {
        self.0(send_id)
    }

    fn exchanged(&self, _: &OrgId, _: &ThreadId) -> bool {
        true
    }
}

fn held<'a>(device: &'a Device, id: &EpochKeyId) -> Option<HeldKey<'a>> {
    let (week, EpochKey { secret, .. }) =
        device.epoch_keys.iter().find(|(_, key)| key.id == *id.as_bytes())?;
    Some(HeldKey { secret, epoch: Epoch::new(*week) })
}
