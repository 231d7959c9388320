//! One kept message, and its bytes inside the sealed file.

use bytes::Bytes;
use prost::Message as _;
use samverkan_envelope::body::Body;
use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::ids::{DeviceId, MessageId};
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::HubEvent;
use secrecy::zeroize::Zeroizing;

use super::stop::{Stop, StopOnWire};
use crate::error::{Code, Error, Result};
use crate::session::model::{Direction, StopAnswer, StopKind};
use crate::session::stages::Said;

/// The only version of the layout.
const VERSION: u32 = 1;

/// Where an outgoing message stands. Incoming ones are [`OutState::Settled`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum OutState {
    /// In the outbox, handed in at every contact with the hub until it answers.
    Waiting,
    /// The hub refused it for a reason that does not go away by itself: it is not handed in again, and a person decides what becomes
    /// of it. Holds the stable name of the reason.
    Refused(String),
    /// The hub has it, or it came from elsewhere.
    Settled,
}

/// A device that came to a mailbox later, and was given a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct GivenOn {
    /// Which one.
    pub(in crate::session) device: DeviceId,
    /// The serial of the own organisation's newest manifest when that was done.
    pub(in crate::session) serial: u64,
}

/// One message that came or went.
#[derive(Clone)]
pub(in crate::session) struct Kept {
    pub(in crate::session) direction: Direction,
    pub(in crate::session) header: Header,
    pub(in crate::session) body: Body,
    pub(in crate::session) secret: MessageSecret,
    pub(in crate::session) content_hash: [u8; 32],
    /// Zero for a message that came: only the sender knows all wraps.
    pub(in crate::session) wraps_hash: [u8; 32],
    /// A person has seen it.
    pub(in crate::session) shown: bool,
    pub(in crate::session) state: OutState,
    /// Verified receipts about it with their proofs, in the order in which they came.
    pub(in crate::session) receipts: Vec<Bytes>,
    /// This device's own receipts about it that the hub has taken.
    pub(in crate::session) given: Vec<Bytes>,
    /// This device's own receipts about it that the hub has not taken yet.
    pub(in crate::session) pending: Vec<Bytes>,
    /// The message that ended undelivered and that this one sends again.
    pub(in crate::session) resends: Option<MessageId>,
    /// The message that this one was sealed in place of, and that nobody has.
    pub(in crate::session) replaces: Option<MessageId>,
    /// The devices of colleagues that this device has given it to, and the manifest of that time.
    pub(in crate::session) given_on: Vec<GivenOn>,
    /// Bit k: a person has dealt with the end it came to at `to[k]`.
    pub(in crate::session) dismissed: u16,
    /// A person has accepted how the one it is about may be contacted.
    pub(in crate::session) rule_accepted: bool,
    /// Of an outgoing message: no byte of it has ever left this computer.
    pub(in crate::session) unsubmitted: bool,
    /// Orders to stop, at most one of each kind.
    pub(in crate::session) stops: Vec<Stop>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Wire {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bool, tag = "2")]
    outgoing: bool,
    #[prost(bytes = "vec", tag = "3")]
    header: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    body: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    cek: Vec<u8>,
    #[prost(bytes = "vec", tag = "6")]
    content_hash: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    wraps_hash: Vec<u8>,
    #[prost(bool, tag = "8")]
    shown: bool,
    #[prost(bool, tag = "9")]
    waiting: bool,
    #[prost(string, tag = "10")]
    refused: String,
    #[prost(bytes = "bytes", repeated, tag = "11")]
    receipts: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "12")]
    given: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "13")]
    pending: Vec<Bytes>,
    #[prost(bytes = "vec", tag = "14")]
    resends: Vec<u8>,
    #[prost(uint32, tag = "15")]
    dismissed: u32,
    #[prost(bytes = "vec", tag = "16")]
    replaces: Vec<u8>,
    #[prost(message, repeated, tag = "17")]
    given_on: Vec<GivenOnWire>,
    #[prost(bool, tag = "24")]
    rule_accepted: bool,
    #[prost(bool, tag = "19")]
    unsubmitted: bool,
    #[prost(message, repeated, tag = "18")]
    stops: Vec<StopOnWire>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct GivenOnWire {
    #[prost(bytes = "vec", tag = "1")]
    device: Vec<u8>,
    #[prost(uint64, tag = "2")]
    serial: u64,
}

impl GivenOn {
    fn to_wire(self) -> GivenOnWire {
        GivenOnWire { device: self.device.as_bytes().to_vec(), serial: self.serial }
    }

    fn from_wire(wire: &GivenOnWire) -> Option<Self> {
        Some(Self { device: DeviceId::parse(&wire.device).ok()?, serial: wire.serial })
    }
}

impl Kept {
    /// The message.
    pub(in crate::session) fn id(&self) -> MessageId {
        self.header.fields().message_id
    }

    /// The order of this kind, if there is one.
    pub(in crate::session) fn stop(&self, kind: StopKind) -> Option<&Stop> {
        self.stops.iter().find(|stop| stop.kind() == kind)
    }

    /// Whether it came, and is not to be used any more: not given on, not taken out.
    pub(in crate::session) fn is_stopped(&self) -> bool {
        self.direction == Direction::In && !self.stops.is_empty()
    }

    /// Whether a person has seen what it says: its contact rule is part of that. Also when it is put before somebody again because of an order to stop.
    pub(in crate::session) fn was_opened(&self) -> bool {
        self.shown || self.rule_accepted || self.stops.iter().any(|stop| stop.seen)
    }

    /// Whether its content was destroyed because of an order to stop.
    pub(in crate::session) fn is_destroyed(&self) -> bool {
        self.stops.iter().filter_map(|stop| stop.answer).any(StopAnswer::is_destroyed)
    }

    /// Leaves nothing of it but what names it: who sent it when in which thread, and that it must not be shown again.
    pub(in crate::session) fn erase(&mut self) {
        let Body { kind, send_id, thread_id, in_reply_to, .. } = self.body;
        self.body = Body {
            kind,
            send_id,
            thread_id,
            in_reply_to,
            form: String::new(),
            fields: Vec::new(),
            subject: String::new(),
            text: String::new(),
            attachments: Vec::new(),
            consents: Vec::new(),
            checkpoint: self.body.checkpoint.clone(),
        };
        self.secret = MessageSecret::new(self.id(), Zeroizing::new([0; 32]));
    }

    /// When it was sealed.
    pub(in crate::session) fn created_ms(&self) -> u64 {
        self.header.fields().created_ms
    }

    /// When the hub took it, by its receipt; when it was sealed, while there is none.
    pub(in crate::session) fn accepted_ms(&self) -> u64 {
        let accepted = |proof: &Bytes| match Said::read(proof) {
            Some(Said::Hub(receipt)) if matches!(receipt.event, HubEvent::SubmissionAccepted { .. }) => {
                Some(receipt.hub_time_ms)
            }
            _ => None,
        };
        self.receipts.iter().find_map(accepted).unwrap_or_else(|| self.created_ms())
    }

    pub(in crate::session) fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let refused = if let OutState::Refused(code) = &self.state { code.clone() } else { String::new() };
        let mut wire = Wire {
            version: VERSION,
            outgoing: self.direction == Direction::Out,
            header: self.header.bytes().to_vec(),
            body: self.body.encode().map_err(|_| Error::new(Code::ProgramDefect))?.to_vec(),
            cek: self.secret.expose_cek().to_vec(),
            content_hash: self.content_hash.to_vec(),
            wraps_hash: self.wraps_hash.to_vec(),
            shown: self.shown,
            waiting: self.state == OutState::Waiting,
            refused,
            receipts: self.receipts.clone(),
            given: self.given.clone(),
            pending: self.pending.clone(),
            resends: bytes_of(self.resends),
            replaces: bytes_of(self.replaces),
            given_on: self.given_on.iter().copied().map(GivenOn::to_wire).collect(),
            dismissed: self.dismissed.into(),
            rule_accepted: self.rule_accepted,
            unsubmitted: self.unsubmitted,
            stops: self.stops.iter().map(Stop::to_wire).collect(),
        };
        let bytes = Zeroizing::new(wire.encode_to_vec());
        wipe(&mut wire);
        Ok(bytes)
    }

    pub(in crate::session) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire::decode(bytes).ok()?;
        let kept = Self::from_wire(&wire);
        wipe(&mut wire);
        kept
    }

    fn from_wire(wire: &Wire) -> Option<Self> {
        (wire.version == VERSION).then_some(())?;
        let header = Header::parse(&wire.header).ok()?;
        let mut cek = Zeroizing::new([0; 32]);
        cek.copy_from_slice(wire.cek.get(..32)?);
        Some(Self {
            direction: if wire.outgoing { Direction::Out } else { Direction::In },
            secret: MessageSecret::new(header.fields().message_id, cek),
            header,
            body: Body::decode(&wire.body).ok()?,
            content_hash: wire.content_hash.as_slice().try_into().ok()?,
            wraps_hash: wire.wraps_hash.as_slice().try_into().ok()?,
            shown: wire.shown,
            state: match (wire.waiting, wire.refused.as_str()) {
                (true, _) => OutState::Waiting,
                (false, "") => OutState::Settled,
                (false, code) => OutState::Refused(code.to_owned()),
            },
            receipts: wire.receipts.clone(),
            given: wire.given.clone(),
            pending: wire.pending.clone(),
            resends: id_of(&wire.resends)?,
            replaces: id_of(&wire.replaces)?,
            given_on: wire.given_on.iter().map(GivenOn::from_wire).collect::<Option<_>>()?,
            dismissed: u16::try_from(wire.dismissed).ok()?,
            rule_accepted: wire.rule_accepted,
            unsubmitted: wire.unsubmitted,
            stops: wire.stops.iter().map(Stop::from_wire).collect::<Option<_>>()?,
        })
    }
}

/// An id, or nothing for none.
fn bytes_of(id: Option<MessageId>) -> Vec<u8> {
    id.map(|id| id.as_bytes().to_vec()).unwrap_or_default()
}

fn id_of(bytes: &[u8]) -> Option<Option<MessageId>> {
    match bytes {
        [] => Some(None),
        id => MessageId::parse(id).ok().map(Some),
    }
}

/// Wipes what the protobuf library copied.
fn wipe(wire: &mut Wire) {
    use secrecy::zeroize::Zeroize as _;
    wire.cek.zeroize();
    wire.body.zeroize();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::session::model::RetentionGround;
    use crate::session::office::{Silent, referral, two_offices};

    #[tokio::test]
    async fn what_is_kept_reads_back_the_same() {
        let (_, mut one, _) = two_offices();
        let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
        let kept = one.session.mail.get(&sent.message).expect("kept");
        for state in [OutState::Waiting, OutState::Refused("QUOTA_EXCEEDED".to_owned()), OutState::Settled] {
            let mut kept = kept.clone();
            kept.state = state.clone();
            kept.receipts = vec![Bytes::from_static(b"receipt")];
            kept.pending = vec![Bytes::from_static(b"owed")];
            kept.resends = Some(MessageId::random());
            kept.replaces = Some(MessageId::random());
            kept.given_on = vec![GivenOn { device: kept.header.fields().sender_device, serial: u64::MAX }];
            kept.dismissed = 0b101;
            kept.rule_accepted = true;
            let recall = Stop { taken: true, ..Stop::new(b"SVKX".to_vec()) };
            let answer = Some(StopAnswer::Retained(RetentionGround::LegalClaim));
            let sealed = Some(MessageId::random());
            kept.stops = vec![recall, Stop { answer, sealed, ..Stop::new(b"SVKD".to_vec()) }];
            let bytes = kept.encode().expect("encodes");
            let read = Kept::decode(&bytes).expect("decodes");
            assert_eq!(read.encode().expect("encodes"), bytes);
            assert_eq!((read.id(), read.direction), (sent.message, Direction::Out));
            assert_eq!(read.state, state);
            assert_eq!((read.resends, read.replaces), (kept.resends, kept.replaces));
            assert_eq!((read.dismissed, read.given_on), (kept.dismissed, kept.given_on));
            assert!(read.rule_accepted);
            assert_eq!(read.stops, kept.stops);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            prop_assert!(Kept::decode(&bytes).is_none());
        }
    }
}
