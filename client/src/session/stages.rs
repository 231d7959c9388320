//! How far an outgoing message got towards each recipient: a pure function of what is proven, whatever the order in which it became known.
//!
//! | stage | what proves it |
//! |---|---|
//! | `Waiting`, `NotSent` | nothing but this device's own note: nobody has said a word about the message |
//! | `Accepted` | the hub's receipt of type 1 |
//! | `HandedOver` | the hub's receipt of type 2 for a device of the mailbox |
//! | `Delivered` | a device receipt of type 1 by a reader of the mailbox, be it one that came later |
//! | `Answered` | a device receipt of type 4, and a sealed answer from that mailbox, kept here, which its `answer_ref` names |
//! | `Covered` | another mailbox of the same group has it (PROTOCOL.md section 6) |
//! | the ends | the hub's receipts of types 4, 7, 8 and 9, and of type 5 for a recall or a withdrawn consent, while nobody of the group has the message |
//! | `Unproven` | its time is over or the hub serves it no longer, and none of the above says what became of it |
//!
//! The hub's word alone never makes a message delivered. Receipts are verified before they are kept (`receipts.rs`), so only what
//! they say is looked at here.

use std::collections::BTreeMap;
use std::ops::Range;

use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::code::PurgeReason;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::limits::SECOND_MS;
use samverkan_proto::statement::batch::ReceiptProof;
use samverkan_proto::statement::header::{Header, HeaderFields};
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt, MailboxRef, Verdict};

use super::later::LaterReader;
use super::mail::OutState;
use super::model::Stage;
use crate::error::Code;

/// How long after its expiry a message may be without an end before that is told: the hub's own clock comes round in minutes.
const SILENCE_MS: u64 = 60 * 60 * SECOND_MS;

/// What a kept receipt says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said {
    /// By the hub.
    Hub(HubReceipt),
    /// By a recipient's device.
    Device(DeviceReceipt),
}

impl Said {
    /// Reads a proof that was verified when it came.
    pub(super) fn read(proof: &[u8]) -> Option<Self> {
        match ReceiptProof::parse(proof).ok()? {
            ReceiptProof::Hub(receipt) => Some(Self::Hub(*receipt.claimed())),
            ReceiptProof::Device(receipt) => Some(Self::Device(*receipt.claimed())),
        }
    }

    /// The recipient's device that it is about.
    pub(super) const fn reader(&self) -> Option<(OrgId, DeviceId)> {
        match self {
            Self::Device(receipt) => Some((receipt.org, receipt.device)),
            Self::Hub(HubReceipt { event: HubEvent::HandedOver { recipient, device }, .. }) => {
                Some((recipient.org, *device))
            }
            Self::Hub(_) => None,
        }
    }
}

/// A message that came in the thread, and may be the answer which a receipt names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The hash of its header.
    pub(super) hh: [u8; 32],
    /// Where it was sent from.
    pub(super) from: MailboxRef,
}

impl Answer {
    pub(super) const fn of(header: &Header) -> Self {
        let fields = header.fields();
        Self { hh: *header.hh(), from: MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox } }
    }
}

/// Everything that is known about one outgoing message.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) fields: &'a HeaderFields,
    pub(super) secret: &'a MessageSecret,
    pub(super) state: &'a OutState,
    pub(super) said: &'a [Said],
    pub(super) answers: &'a [Answer],
    /// The devices that receipts are of and that the header does not name.
    pub(super) later: &'a [LaterReader],
    pub(super) now_ms: u64,
}

/// How far one message got towards one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) stage: Stage,
    /// The stable name of why it ended so, where somebody gave a reason.
    pub(super) reason: Option<String>,
    /// When each stage was first reached, in the order of stages.
    pub(super) history: Vec<(Stage, u64)>,
    /// When the hub stopped serving the message.
    pub(super) purged_ms: Option<u64>,
}

impl Reached {
    /// Whether it ended undelivered and somebody said so. Silence is an end that news may still undo.
    pub(super) const fn is_told_end(&self) -> bool {
        let is_silence =
            matches!(self.stage, Stage::Unproven) && self.purged_ms.is_none() && self.reason.is_none();
        self.stage.is_end() && !is_silence
    }
}

/// What a message has reached: one entry a recipient, in header order.
pub(super) fn judge(known: &Known<'_>) -> Vec<Reached> {
    let mut proofs = Proofs::none(known);
    for said in known.said {
        match said {
            Said::Hub(receipt) => proofs.add_hub(receipt),
            Said::Device(receipt) => proofs.add_device(receipt),
        }
    }
    proofs.judge()
}

/// How far a message got as a whole: the best of each group, and of these the one that asks for attention most.
pub(super) fn overall(groups: impl Iterator<Item = Range<usize>>, stages: &[Stage]) -> Option<Stage> {
    let best = |group: Range<usize>| {
        stages.get(group).unwrap_or_default().iter().copied().max_by_key(|stage| stage.calm())
    };
    groups.filter_map(best).min_by_key(|stage| stage.calm())
}

/// An end that the hub told.
#[derive(Clone, Debug)]
struct End {
    at_ms: u64,
    stage: Stage,
    reason: Option<&'static str>,
}

impl End {
    /// What is said of one mailbox tells more than what is said of the whole message, and what is said later more than what was said
    /// before.
    fn weight(&self) -> (bool, u64, u8, Option<&'static str>) {
        // Before this one, what was said of one mailbox had ended it there.
        let of_all = matches!(self.stage, Stage::ExpiredUndelivered | Stage::Recalled | Stage::Withdrawn);
        (!of_all, self.at_ms, self.stage.calm(), self.reason)
    }
}

/// Every stage that somebody has proven, and when first, by recipient.
struct Proofs<'a> {
    known: &'a Known<'a>,
    times: Vec<BTreeMap<Stage, u64>>,
    ends: Vec<Option<End>>,
    purged_ms: Option<u64>,
}

impl<'a> Proofs<'a> {
    fn none(known: &'a Known<'a>) -> Self {
        let recipients = known.fields.to.len();
        Self {
            known,
            times: vec![BTreeMap::new(); recipients],
            ends: vec![None; recipients],
            purged_ms: None,
        }
    }

    fn add_hub(&mut self, receipt: &HubReceipt) {
        let at_ms = receipt.hub_time_ms;
        let everyone = 0..self.times.len();
        match &receipt.event {
            HubEvent::SubmissionAccepted { .. } => {
                everyone.for_each(|index| self.reach(index, Stage::Accepted, at_ms));
            }
            HubEvent::HandedOver { recipient, .. } => {
                if let Some(index) = self.index_of(recipient) {
                    self.reach(index, Stage::HandedOver, at_ms);
                }
            }
            HubEvent::ExpiredUndelivered => {
                self.end(everyone, &End { at_ms, stage: Stage::ExpiredUndelivered, reason: None });
            }
            HubEvent::Purged(reason) => {
                self.purged_ms = Some(self.purged_ms.map_or(at_ms, |known| known.min(at_ms)));
                let stage = match reason {
                    PurgeReason::Recalled => Stage::Recalled,
                    PurgeReason::Withdrawn => Stage::Withdrawn,
                    _ => return,
                };
                self.end(everyone, &End { at_ms, stage, reason: None });
            }
            HubEvent::Returned { recipient, reason } => {
                let alone = self.index_of(recipient).map_or(0..0, |index| index..index + 1);
                self.end(alone, &End { at_ms, stage: Stage::Returned, reason: Some(reason.name()) });
            }
            // The hub names the primary when no reader of the whole group can or will take the message.
            HubEvent::Undecryptable { recipient } => {
                let end = End { at_ms, stage: Stage::Undecryptable, reason: None };
                self.end(self.group_of(recipient), &end);
            }
            HubEvent::Refused { recipient, reason } => {
                let end = End { at_ms, stage: Stage::Refused, reason: Some(reason.name()) };
                self.end(self.group_of(recipient), &end);
            }
            HubEvent::Expiring | HubEvent::Shredded | HubEvent::Recalled { .. } => {}
        }
    }

    fn add_device(&mut self, receipt: &DeviceReceipt) {
        let read = self.read_by(receipt);
        match &receipt.verdict {
            Verdict::Delivered { .. } => {
                let all = (0..self.times.len()).filter(|index| read >> index & 1 == 1);
                all.for_each(|index| self.reach(index, Stage::Delivered, receipt.time_ms));
            }
            Verdict::Answered { mailbox, answer_ref, .. } => {
                let from = MailboxRef { org: receipt.org, mailbox: *mailbox };
                let named = |answer: &&Answer| {
                    answer.from == from && self.known.secret.answer_ref(&answer.hh) == *answer_ref
                };
                let is_here = self.known.answers.iter().find(named).is_some();
                if let Some(index) = self.index_of(&from).filter(|index| is_here && read >> index & 1 == 1) {
                    self.reach(index, Stage::Answered, receipt.time_ms);
                }
            }
            // One device's failure is not its mailbox's; the hub says when it is everybody's.
            Verdict::CannotDecrypt(_) | Verdict::Refused { .. } => {}
        }
    }

    /// Bit k: the device that gave a receipt reads `to[k]`, by the header, or because a colleague gave it the message later.
    fn read_by(&self, receipt: &DeviceReceipt) -> u16 {
        let Known { fields, later, .. } = self.known;
        if let Some(wrap) =
            fields.wrap_index(&receipt.org, &receipt.device).and_then(|at| fields.wraps.get(at))
        {
            return wrap.boxes;
        }
        let found = later.iter().find(|one| (one.org, one.device) == (receipt.org, receipt.device));
        found.map_or(0, |one| one.boxes)
    }

    fn reach(&mut self, index: usize, stage: Stage, at_ms: u64) {
        if let Some(times) = self.times.get_mut(index) {
            times.entry(stage).and_modify(|known| *known = at_ms.min(*known)).or_insert(at_ms);
        }
    }

    fn end(&mut self, recipients: Range<usize>, end: &End) {
        for known in self.ends.get_mut(recipients).unwrap_or_default() {
            if known.as_ref().is_none_or(|known| known.weight() < end.weight()) {
                *known = Some(end.clone());
            }
        }
    }

    fn index_of(&self, mailbox: &MailboxRef) -> Option<usize> {
        self.known.fields.to.iter().position(|to| to.org == mailbox.org && to.mailbox == mailbox.mailbox)
    }

    fn group_of(&self, mailbox: &MailboxRef) -> Range<usize> {
        let index = self.index_of(mailbox);
        let holds = |group: &Range<usize>| index.is_some_and(|index| group.contains(&index));
        self.known.fields.groups().find(holds).unwrap_or(0..0)
    }

    fn has(&self, index: usize) -> bool {
        let times = self.times.get(index);
        times.is_some_and(|times| {
            times.contains_key(&Stage::Delivered) || times.contains_key(&Stage::Answered)
        })
    }

    /// An end counts only while nobody of the recipient's group has the message.
    fn judge(self) -> Vec<Reached> {
        let mut all = Vec::with_capacity(self.times.len());
        for group in self.known.fields.groups() {
            let taken = group.clone().any(|index| self.has(index));
            all.extend(group.map(|index| self.one(index, taken)));
        }
        all
    }

    fn one(&self, index: usize, taken: bool) -> Reached {
        let times = self.times.get(index).cloned().unwrap_or_default();
        let proven = times.last_key_value().map(|(stage, _)| *stage);
        let end = self.ends.get(index).and_then(Option::as_ref).filter(|_| !taken);
        let (stage, reason) = match end {
            Some(end) => (end.stage, end.reason.map(str::to_owned)),
            None if taken && !self.has(index) => (Stage::Covered, None),
            None if taken => (proven.unwrap_or(Stage::Delivered), None),
            None => self.open_end(proven),
        };
        let mut history: Vec<_> = times.into_iter().collect();
        history.extend(end.map(|end| (end.stage, end.at_ms)));
        if history.is_empty() && stage == Stage::Waiting {
            history.push((Stage::Waiting, self.known.fields.created_ms));
        }
        Reached { stage, reason, history, purged_ms: self.purged_ms }
    }

    /// The stage of a recipient of whom no end is known, and who is not known to have the message.
    fn open_end(&self, proven: Option<Stage>) -> (Stage, Option<String>) {
        let gone = Code::MessageGone.as_str();
        match self.known.state {
            _ if self.purged_ms.is_some() => (Stage::Unproven, None),
            OutState::Waiting if self.known.said.is_empty() => (Stage::Waiting, None),
            // The hub had it and has it no longer, and its receipt never came.
            OutState::Refused(code) if self.known.said.is_empty() && code == gone => {
                (Stage::Unproven, Some(code.clone()))
            }
            OutState::Refused(code) if self.known.said.is_empty() => (Stage::NotSent, Some(code.clone())),
            OutState::Waiting | OutState::Refused(_) | OutState::Settled => {
                let silent = self.known.now_ms >= self.known.fields.expires_ms.saturating_add(SILENCE_MS);
                if silent { (Stage::Unproven, None) } else { (proven.unwrap_or(Stage::Accepted), None) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
