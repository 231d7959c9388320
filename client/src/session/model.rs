//! What crosses the boundary between the session and the commands.

use std::num::NonZeroU32;
use std::path::PathBuf;

use samverkan_proto::code::{Class, ConsentHow, ConsentPurpose, Kind, LegalBasis, Urgency};
use samverkan_proto::ids::{Handle, MailboxAddress, MessageId};
use samverkan_proto::statement::safety::{CaseReference, SafetyNumber};

use super::charter::Difference;
use crate::error::{Code, Error, Result};
use crate::forms::law::Section;
use crate::forms::{self, Form};
use crate::referral::State;
use crate::text::Args;

mod referral;

pub use referral::{Forwarded, Goal, MessageStep, ReferralLine, StepLine};

/// A message as a person composes it, before it is sealed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The mailboxes it goes to; at least one.
    pub to: Vec<MailboxAddress>,
    /// The own mailbox it comes from; the only one, if absent.
    pub from: Option<MailboxAddress>,
    /// What the hub sees of its purpose.
    pub class: Class,
    /// The legal ground; absent for follow-ups alone.
    pub basis: Option<LegalBasis>,
    /// How soon somebody must act.
    pub urgency: Urgency,
    /// When an answer is expected.
    pub answer_within_minutes: Option<NonZeroU32>,
    /// How long it may wait unread, in milliseconds; 30 days if absent.
    pub keep_ms: Option<u64>,
    /// The consent it is sent under, when `basis` is consent.
    pub consent: Option<ConsentId>,
    /// The section of law that supports the basis, if one is named. Sealed.
    pub section: Option<&'static Section>,
    /// The form that its fields are of. Sealed.
    pub form: Option<&'static Form>,
    /// A line that says what it is about. Sealed.
    pub subject: String,
    /// The text. Sealed.
    pub text: String,
    /// Form fields by name. Sealed.
    pub fields: Vec<(String, String)>,
    /// Files to attach, read while sealing.
    pub attachments: Vec<PathBuf>,
    /// Whether pictures keep what they tell beside the picture.
    pub keep_metadata: bool,
}

impl Draft {
    /// Refuses answers that the form does not take, and names that are the program's own.
    ///
    /// # Errors
    /// As [`Form::check`]; [`Code::MessageInvalid`].
    pub fn check_answers(&self) -> Result<()> {
        match self.form {
            Some(form) => form.check(&self.fields),
            None if self.fields.iter().any(|(name, _)| name.starts_with(forms::RESERVED)) => {
                Err(Error::with(Code::MessageInvalid, Args::none().text("field", "fields")))
            }
            None => Ok(()),
        }
    }
}

/// An answer in a thread.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The text. Sealed.
    pub text: String,
    /// Files to attach.
    pub attachments: Vec<PathBuf>,
    /// Whether pictures keep what they tell beside the picture.
    pub keep_metadata: bool,
}

/// The local name of a recorded consent, shown to people; reveals nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsentId(pub CaseReference);

/// One reason why a draft would be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The stable code, spelt as the wire's `ErrorReason` where there is one.
    pub code: Code,
    /// The recipient concerned, when it is one recipient.
    pub recipient: Option<MailboxAddress>,
    /// The recipients that have too many devices together, each with how many it has; empty for any other obstacle.
    pub crowd: Vec<(MailboxAddress, usize)>,
}

/// What became of a send.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The thread's reference.
    pub reference: CaseReference,
    /// The message.
    pub message: MessageId,
    /// The hub's receipt is verified and kept; otherwise the message waits in the outbox and is sent again by itself.
    pub accepted: bool,
}

/// What was done with messages that ended undelivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// Deleted: the hub never had them.
    pub deleted: usize,
    /// Kept with what is proven about them, and not asked about any more.
    pub dismissed: usize,
}

/// What one round of receiving brought.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Threads with new messages, oldest first.
    pub threads: Vec<CaseReference>,
    /// Messages that could not be trusted; nothing of them is shown.
    pub refused: usize,
    /// Messages held back until the log can be synchronised.
    pub held: usize,
    /// Receipts taken about messages sent from here.
    pub receipts: usize,
    /// Messages that others have taken back, or whose consent was withdrawn.
    pub stopped: usize,
    /// Receipts that were left out, because whoever signed them has said too much about one message before.
    pub left_out: usize,
    /// Another process was fetching attachments, and messages may wait that were left to it.
    pub elsewhere: bool,
}

impl Received {
    /// Whether everything that came can be trusted. Nobody learns from the answer what is wrong with a message, or where.
    ///
    /// # Errors
    /// [`Code::MessageUntrusted`].
    pub fn check(&self) -> Result<()> {
        if self.refused > 0 { Err(Error::new(Code::MessageUntrusted)) } else { Ok(()) }
    }
}

/// One line for `watch`: neutral, without names and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something arrived for one of this device's mailboxes.
    Arrived,
    /// Something became known about a message sent from here.
    Receipt,
    /// Something arrived that can not be trusted.
    Refused,
    /// Somebody else has changed the devices or mailboxes of the own organisation.
    OwnChanged,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sent from this organisation.
    Out,
    /// Received.
    In,
}

/// A thread on one line.
#[derive(Clone, Debug)]
pub struct ThreadLine {
    /// The reference to say aloud.
    pub reference: CaseReference,
    /// The other side: who wrote, or whom it went to.
    pub with: Vec<MailboxAddress>,
    /// The class of its first message.
    pub class: Class,
    /// The urgency of its first message.
    pub urgency: Urgency,
    /// The subject of its first message.
    pub subject: String,
    /// When its newest message was created.
    pub newest_ms: u64,
    /// Something in it was not shown yet.
    pub unread: bool,
    /// Every recipient has answered, by a step or in words, and nothing waits for it.
    pub answered: bool,
    /// When an answer is due.
    pub answer_due_ms: Option<u64>,
    /// How far what was sent in it got: what ended undelivered and was not dealt with, else how far the newest message got; absent
    /// when nothing was sent.
    pub stage: Option<Stage>,
    /// Something that was sent in it ended undelivered, and nobody has dealt with that.
    pub needs_action: bool,
    /// What its referral has come to: of several, that which asks for attention most; absent when it is none.
    pub referral: Option<State>,
}

/// A thread, opened.
#[derive(Clone, Debug)]
pub struct Thread {
    /// The same facts as on one line.
    pub line: ThreadLine,
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
    /// What has come of it: one for each group of recipients at the sender's, the own one at a recipient's.
    pub referrals: Vec<ReferralLine>,
}

impl Thread {
    /// Refuses a thread with a message from a handle that has other keys than those compared: who wrote it is not who was compared.
    ///
    /// # Errors
    /// [`Code::KeyChanged`].
    pub fn check_senders(&self) -> Result<()> {
        let changed = |message: &&Message| matches!(message.from_trust, Some(Trust::KeyChanged { .. }));
        match self.messages.iter().find(changed) {
            Some(message) => {
                Err(Error::with(Code::KeyChanged, Args::none().text("recipient", &message.from)))
            }
            None => Ok(()),
        }
    }
}

/// One opened message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// What it is.
    pub kind: Kind,
    /// Who sent it.
    pub from: MailboxAddress,
    /// What is known of the sender's keys; absent for the own organisation.
    pub from_trust: Option<Trust>,
    /// Since when the device that sent it was in other hands, if it was when this was sent, in milliseconds.
    pub compromised_since_ms: Option<u64>,
    /// Whom it went to.
    pub to: Vec<MailboxAddress>,
    /// The legal ground, if its class has one.
    pub basis: Option<LegalBasis>,
    /// The section of law that its sender names, by its code; it may be one that is not known here.
    pub section: Option<String>,
    /// The name of its form, which may be one that is not known here; empty without one.
    pub form: String,
    /// When it was created.
    pub created_ms: u64,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Form fields; those of a step are in `step`.
    pub fields: Vec<(String, String)>,
    /// What it does beside what its text says.
    pub step: Option<MessageStep>,
    /// The organisations that had it before its sender passed it on, the first sender first; empty for what was not passed on.
    pub chain: Vec<Handle>,
    /// What came with it.
    pub attachments: Vec<AttachmentLine>,
    /// That it is to be used no more; absent for what was sent from here.
    pub stop: Option<MessageStop>,
    /// What it says to an order to stop, if that is what it is for.
    pub stop_answer: Option<StopAnswer>,
}

/// How a person may be contacted, by the word of the sender; it is accepted before the message is opened.
#[derive(Clone, Debug)]
pub struct ContactRule {
    /// The message that it came with.
    pub message: MessageId,
    /// Who sent it.
    pub from: MailboxAddress,
    /// The name of its form.
    pub form: String,
    /// The rule, field by field.
    pub answers: Vec<(String, String)>,
}

/// An attachment on one line.
#[derive(Clone, Debug)]
pub struct AttachmentLine {
    /// Its number in the thread, from 1.
    pub number: usize,
    /// The sender's name for it, as it came: a label, never a path.
    pub name: String,
    /// The sender's word on what it is.
    pub media_type: String,
    /// Its length in bytes.
    pub len: u64,
}

/// How far an outgoing message got towards one recipient, by what is proven. Four separate words: sent, fetched, opened, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Sealed, in the outbox, not accepted by the hub yet.
    Waiting,
    /// The hub has it on disk.
    Accepted,
    /// The bytes went to a device of the recipient.
    HandedOver,
    /// Another mailbox of the recipient's group has it, so this one need not.
    Covered,
    /// Decrypted, verified and on disk at the recipient.
    Delivered,
    /// A sealed answer is here and verified.
    Answered,
    /// Ended: the hub refused it for good, and nobody has it.
    NotSent,
    /// Ended: refused by the recipient's program.
    Refused,
    /// Ended: nobody fetched it in time.
    ExpiredUndelivered,
    /// Ended: the recipient was suspended or removed.
    Returned,
    /// Ended: no device of the recipient can open it.
    Undecryptable,
    /// Ended: its time is over, and nobody has said what became of it.
    Unproven,
    /// Ended: taken back, and the hub serves it no longer.
    Recalled,
    /// Ended: the consent was withdrawn, and the hub serves it no longer.
    Withdrawn,
}

impl Stage {
    /// Whether it ended without being delivered: somebody on this side must act.
    #[must_use]
    pub const fn is_undelivered_end(self) -> bool {
        match self {
            Self::NotSent
            | Self::Refused
            | Self::ExpiredUndelivered
            | Self::Returned
            | Self::Undecryptable
            | Self::Unproven => true,
            Self::Waiting
            | Self::Accepted
            | Self::HandedOver
            | Self::Covered
            | Self::Delivered
            | Self::Answered
            | Self::Recalled
            | Self::Withdrawn => false,
        }
    }

    /// Whether nothing more will become of it, though it was not delivered.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.is_undelivered_end() || matches!(self, Self::Recalled | Self::Withdrawn)
    }

    /// How little it asks for attention: 0 is what somebody must look at first.
    pub(super) const fn calm(self) -> u8 {
        match self {
            Self::NotSent => 0,
            Self::Undecryptable => 1,
            Self::Returned => 2,
            Self::Refused => 3,
            Self::ExpiredUndelivered => 4,
            Self::Unproven => 5,
            Self::Recalled => 6,
            Self::Withdrawn => 7,
            Self::Waiting => 8,
            Self::Accepted => 9,
            Self::HandedOver => 10,
            Self::Covered => 11,
            Self::Delivered => 12,
            Self::Answered => 13,
        }
    }
}

/// Why a message is to be used no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    /// Its sender has taken it back.
    Recall,
    /// The person has withdrawn the consent that it was sent under.
    Withdrawal,
}

/// On what ground something is kept although the consent for it was withdrawn. Codes and no text: what is said here leaves the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionGround {
    /// The law asks for a record of what was done.
    DutyToDocument,
    /// It is a public record, and may not be destroyed.
    PublicRecord,
    /// It is needed for a legal claim.
    LegalClaim,
    /// Somebody's life or health depends on it.
    VitalInterest,
}

impl RetentionGround {
    /// Every ground.
    pub const ALL: [Self; 4] =
        [Self::DutyToDocument, Self::PublicRecord, Self::LegalClaim, Self::VitalInterest];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DutyToDocument => "DUTY_TO_DOCUMENT",
            Self::PublicRecord => "PUBLIC_RECORD",
            Self::LegalClaim => "LEGAL_CLAIM",
            Self::VitalInterest => "VITAL_INTEREST",
        }
    }
}

/// What a recipient's device or person says to an order to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopAnswer {
    /// Nobody had opened it, and its content is destroyed.
    Unopened,
    /// Somebody had opened it before it was taken back.
    Opened,
    /// Somebody had opened it, and its content is destroyed.
    Complied,
    /// Somebody had opened it, and it is kept.
    Retained(RetentionGround),
}

impl StopAnswer {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unopened => "UNOPENED",
            Self::Opened => "OPENED",
            Self::Complied => "COMPLIED",
            Self::Retained(_) => "RETAINED",
        }
    }

    /// On what ground it is kept.
    #[must_use]
    pub const fn ground(self) -> Option<RetentionGround> {
        match self {
            Self::Retained(ground) => Some(ground),
            Self::Unopened | Self::Opened | Self::Complied => None,
        }
    }

    /// Whether nothing is left of the content.
    #[must_use]
    pub const fn is_destroyed(self) -> bool {
        matches!(self, Self::Unopened | Self::Complied)
    }

    /// The answer with this name, and with this ground if it has one; `""` for none.
    #[must_use]
    pub fn by_names(name: &str, ground: &str) -> Option<Self> {
        let named = RetentionGround::ALL.into_iter().find(|known| known.name() == ground);
        match (name, named) {
            ("UNOPENED", None) if ground.is_empty() => Some(Self::Unopened),
            ("OPENED", None) if ground.is_empty() => Some(Self::Opened),
            ("COMPLIED", None) if ground.is_empty() => Some(Self::Complied),
            ("RETAINED", Some(ground)) => Some(Self::Retained(ground)),
            _ => None,
        }
    }
}

/// What became of a message that was taken back, at one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopOutcome {
    /// The hub does not know of it yet: it could not be reached.
    NotSent,
    /// The hub does not take it back.
    Refused,
    /// The hub destroyed it, and had handed it to nobody there.
    Destroyed,
    /// They had fetched it, and have not said what became of it.
    Waiting,
    /// They have said it.
    Answered(StopAnswer),
}

impl StopOutcome {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "NOT_SENT",
            Self::Refused => "REFUSED_BY_HUB",
            Self::Destroyed => "DESTROYED_UNREAD",
            Self::Waiting => "WAITING",
            Self::Answered(answer) => answer.name(),
        }
    }
}

/// That a message was taken back, and what became of it at one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopStep {
    /// How it was.
    pub kind: StopKind,
    /// What became of it.
    pub outcome: StopOutcome,
}

/// That a message which came is to be used no more, and what this device has said to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageStop {
    /// Why.
    pub kind: StopKind,
    /// What was said; absent while a person has to decide.
    pub answer: Option<StopAnswer>,
}

/// A message that was gone before this device had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The organisation that took it back or withdrew the consent.
    pub by: Handle,
    /// Which of the two.
    pub kind: StopKind,
    /// When this device heard of it.
    pub at_ms: u64,
}

/// What became of a recall.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// How it stands with every recipient of everything in the case that was taken back.
    pub steps: Vec<TrackStep>,
    /// The hub knows of all of it.
    pub taken: bool,
    /// Messages that the hub never had, which are deleted.
    pub deleted: usize,
}

/// A recorded consent, and what became of it when it was withdrawn.
#[derive(Clone, Debug)]
pub struct ConsentStatus {
    /// The consent.
    pub consent: RecordedConsent,
    /// Its handles that were withdrawn, and of those the ones that the hub knows of; absent while it stands.
    pub withdrawn: Option<(usize, usize)>,
    /// What was sent under it from this device, one entry a recipient.
    pub steps: Vec<TrackStep>,
}

/// What is proven about a thread's outgoing messages.
#[derive(Clone, Debug)]
pub struct Track {
    /// The thread.
    pub reference: CaseReference,
    /// One entry a message and recipient, oldest first.
    pub steps: Vec<TrackStep>,
    /// How far the thread's messages got as a whole: of what nobody has dealt with, that which asks for attention most.
    pub overall: Option<Stage>,
    /// What has come of it.
    pub referrals: Vec<ReferralLine>,
}

/// How far one message got towards one recipient.
#[derive(Clone, Debug)]
pub struct TrackStep {
    /// The message.
    pub message: MessageId,
    /// The recipient.
    pub recipient: MailboxAddress,
    /// The newest stage that is proven.
    pub stage: Stage,
    /// Why it ended so, by a stable name: an error's code when the hub refused it, else the receipt's reason.
    pub reason: Option<String>,
    /// Whether somebody has dealt with an end, and how.
    pub settled: Option<Settled>,
    /// Its group ended undelivered, and nobody has dealt with that.
    pub needs_action: bool,
    /// That it was taken back, and what became of it then.
    pub stop: Option<StopStep>,
    /// When each stage was reached, by the clock of who says so.
    pub history: Vec<(Stage, u64)>,
    /// The hub serves the ciphertext no longer.
    pub purged_ms: Option<u64>,
}

/// What was done about a message that ended undelivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was sealed again to this recipient as another message.
    SentAgain(MessageId),
    /// A person has taken it off the list.
    Dismissed,
}

/// A consent as it is written down.
#[derive(Clone, Debug)]
pub struct ConsentDraft {
    /// What the passing-on is for.
    pub purpose: ConsentPurpose,
    /// Who may be told.
    pub recipients: Vec<MailboxAddress>,
    /// What may be told, `[a-z0-9-]` words.
    pub categories: Vec<String>,
    /// Until when.
    pub expires_ms: u64,
    /// How it was given.
    pub how: ConsentHow,
    /// What shows that it was given. Sealed.
    pub evidence: String,
    /// How many messages may be sent under it; each uses up one handle.
    pub handles: u8,
}

/// A consent that was recorded.
#[derive(Clone, Debug)]
pub struct RecordedConsent {
    /// Its local name.
    pub id: ConsentId,
    /// What was agreed.
    pub purpose: ConsentPurpose,
    /// Who may be told.
    pub recipients: Vec<MailboxAddress>,
    /// Until when.
    pub expires_ms: u64,
    /// Messages that can still be sent under it.
    pub handles_left: u8,
}

/// How a person compared a safety number. Only ways that a hub has no hand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Over a telephone number that was known before.
    ByTelephone,
    /// Face to face.
    InPerson,
}

impl Compared {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::ByTelephone, Self::InPerson];

    /// The number that stands in the keystore.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::ByTelephone => 1,
            Self::InPerson => 2,
        }
    }

    /// The way with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.code() == code)
    }
}

/// What a person heard or read, and compares with what the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The number.
    pub number: SafetyNumber,
    /// How.
    pub how: Compared,
    /// The newest manifest when the person was shown or asked: what came after it nobody has asked about.
    pub serial: u64,
    /// The person knows that the handle has other keys than those compared before.
    pub of_new_keys: bool,
    /// The person has heard from the organisation itself that it used its recovery kit.
    pub of_recovery: bool,
}

/// Whether the safety number of an organisation was compared by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Not yet.
    Unverified,
    /// Never compared, and the handle stands for other keys than when a message was first exchanged.
    Moved,
    /// Compared, at this time.
    Verified {
        /// When, in milliseconds.
        at_ms: u64,
        /// How.
        how: Compared,
    },
    /// Its recovery kit was used since it was compared, or at all if it never was. Whoever holds the kit may be a thief.
    Recovered {
        /// When, by the word of whoever used it, in milliseconds.
        at_ms: u64,
        /// When it had been compared before, if it was.
        compared_ms: Option<u64>,
    },
    /// The handle now belongs to another root key than the one compared: a hard stop.
    KeyChanged {
        /// The handle that moved.
        handle: Handle,
    },
}

/// Told about long work: bytes done and all bytes of the step under way.
pub trait Progress {
    /// A step began.
    fn begin(&mut self, step: Step, total: u64);
    /// So many more bytes of it are done.
    fn advance(&mut self, bytes: u64);
    /// The attachment with this number, counted from 1, is a picture, and what it told beside itself was taken away.
    fn cleaned(&mut self, _number: u64) {}
    /// Somebody else has changed the own organisation; gives whether a person was told.
    fn own_news(&mut self, _news: &[Difference]) -> bool {
        false
    }
    /// Whether the person wants to stop. Asked by work that waits for nothing; all else is stopped where it waits.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// For work whose progress nobody looks at.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// The steps that can take longer than a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An attachment is sealed.
    Encrypting,
    /// An attachment goes to the hub.
    Uploading,
    /// An attachment comes from the hub.
    Downloading,
    /// An attachment is verified and opened.
    Opening,
    /// The log is brought up to date.
    Synchronising,
}
