//! What a client needs to seal a message, against what HPKE alone needs.

use super::error::LoadError;
use super::meter::Meter;
use super::round::Round;
use crate::wire::bytes::random;
use crate::wire::member::organisation_number;
use crate::wire::seal::body_with_checkpoint;
use crate::wire::statement::{RawEpochKey, epoch_of};
use crate::wire::{Member, now_ms};
use hpke::{Deserializable, OpModeS};
use samverkan_envelope::EpochSecret;
use samverkan_envelope::body::Body;
use samverkan_envelope::seal::{Draft, SealRandom, Target};
use samverkan_proto::code::{LegalBasis, RecipientKind, Urgency};
use samverkan_proto::ids::{MailboxId, MessageId, OrgId};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::header::Recipient;

/// What a person writes in a message that is padded to 4 KiB.
const TEXT: usize = 3_000;

/// One message to one device, with its keys.
#[derive(Debug)]
pub struct Sealing {
    sender: Member,
    recipient: Member,
    key: EpochKey,
}

impl Sealing {
    /// New keys.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let member = || Member::new("kvinnojouren-exempel", &organisation_number(1));
        let (sender, recipient) = (member(), member());
        let (org, device) = (recipient.org(), recipient.device());
        let secret = EpochSecret::generate().expect("randomness");
        let statement = RawEpochKey::new(org, device.id(), epoch_of(now_ms()), &secret.public_key());
        let key = EpochKey::parse(statement.signed_by(&device.signer).into()).expect("an epoch key");
        Self { sender, recipient, key }
    }

    /// Seals `messages` as a client does: body, signature, wrap, content.
    ///
    /// # Errors
    /// When `/proc` can not be read.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn sealed(&self, messages: usize) -> Result<Round, LoadError> {
        let meter = Meter::start(None)?;
        for _ in 0..messages {
            let random = SealRandom::generate(1).expect("randomness");
            let (sealed, _secret) = self.draft().seal(&self.sender.device().signer, random)?;
            std::hint::black_box(sealed);
        }
        Ok(Round { messages: messages as u64, usage: meter.stop()?, ..Round::default() })
    }

    /// Seals `messages` keys with HPKE in base mode, and nothing else.
    ///
    /// # Errors
    /// When `/proc` can not be read.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn raw(&self, messages: usize) -> Result<Round, LoadError> {
        type Aead = hpke::aead::ChaCha20Poly1305;
        let public = Deserializable::from_bytes(self.key.pk()).expect("a public key");
        let meter = Meter::start(None)?;
        for _ in 0..messages {
            let key: [u8; 32] = random();
            let sealed = hpke::single_shot_seal::<Aead, hpke::kdf::HkdfSha256, hpke::kem::XWing>(
                &OpModeS::Base,
                &public,
                b"svk1 wrap\0",
                &key,
                b"",
            );
            std::hint::black_box(sealed.expect("a good key"));
        }
        Ok(Round { messages: messages as u64, usage: meter.stop()?, ..Round::default() })
    }

    fn draft(&self) -> Draft {
        let created_ms = now_ms();
        let id = |member: &Member| OrgId::parse(&member.org()).expect("an id");
        let mailbox = |member: &Member| MailboxId::parse(&member.mailbox()).expect("an id");
        let to = &self.recipient;
        Draft {
            message_id: MessageId::random(),
            sender_org: id(&self.sender),
            sender_mailbox: mailbox(&self.sender),
            basis: Some(LegalBasis::VoluntaryReport),
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            created_ms,
            expires_ms: created_ms + 7 * DAY_MS,
            to: vec![Recipient {
                org: id(to),
                mailbox: mailbox(to),
                manifest_serial: 1,
                kind: RecipientKind::Primary,
            }],
            devices: vec![Target { key: self.key.clone(), boxes: 1 }],
            body: body(),
        }
    }
}

impl Default for Sealing {
    fn default() -> Self {
        Self::new()
    }
}

fn body() -> Body {
    // A checkpoint's size; nobody opens this.
    body_with_checkpoint(vec![b'c'; 200], &"x".repeat(TEXT))
}
