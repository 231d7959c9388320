//! The referrals of a case, folded from what is kept: nothing else is remembered of them.
//!
//! A step counts from the moment that it is sealed and kept. One that the hub refused for good does not: nobody has it.

use std::ops::Range;

use samverkan_proto::code::Class;
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::receipt::MailboxRef;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::{Kept, OutState};
use super::model::{Direction, MessageStep, ReferralLine, Stage, StepLine};
use super::track::SentMessage;
use crate::error::{Code, Error, Result};
use crate::referral::wire::{self, Read};
use crate::referral::{Act, Effect, Entry, Mailbox, Referral, Side, State, fold};
use crate::text::Args;

/// The group of recipients that a referral is with.
pub(super) struct Party {
    /// Where the case came from.
    sender: MailboxRef,
    /// The primary, then those that stand in for it.
    members: Vec<MailboxRef>,
}

impl Party {
    /// One for each group of a case's first message.
    pub(super) fn of_case(first: &Kept) -> Vec<Self> {
        let fields = first.header.fields();
        let sender = MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox };
        let members = |group: Range<usize>| {
            let group = fields.to.get(group).unwrap_or_default();
            group.iter().map(|to| MailboxRef { org: to.org, mailbox: to.mailbox }).collect()
        };
        fields.groups().map(|group| Self { sender, members: members(group) }).collect()
    }

    /// Whose message it is, if it belongs to this referral.
    pub(super) fn side_of(&self, kept: &Kept) -> Option<Side> {
        let fields = kept.header.fields();
        let from = MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox };
        let goes_to = |mailbox: &MailboxRef| {
            fields.to.iter().any(|to| (to.org, to.mailbox) == (mailbox.org, mailbox.mailbox))
        };
        if self.members.contains(&from) {
            return Some(Side::Recipient);
        }
        (from == self.sender && self.members.iter().any(goes_to)).then_some(Side::Sender)
    }

    /// Whether a mailbox is one of the group.
    pub(super) fn has(&self, mailbox: &MailboxRef) -> bool {
        self.members.contains(mailbox)
    }

    /// The mailboxes of the group.
    pub(super) fn members(&self) -> &[MailboxRef] {
        &self.members
    }
}

/// The message that a case began with; none when this device has only what followed.
pub(super) fn first_of<'a>(messages: &[&'a Kept]) -> Option<&'a Kept> {
    messages.first().copied().filter(|first| first.header.fields().class != Class::FollowUp)
}

/// The messages of a case that belong to one referral, with whose each is and what it says, oldest first.
fn read_all<'a>(party: &Party, messages: &[&'a Kept]) -> Vec<(&'a Kept, Side, Read)> {
    let counts = |kept: &&&Kept| {
        kept.header.fields().class == Class::FollowUp && !matches!(kept.state, OutState::Refused(_))
    };
    let read = |kept: &&'a Kept| {
        let side = party.side_of(kept)?;
        Some((*kept, side, wire::read(&kept.body, side)))
    };
    messages.iter().filter(counts).filter_map(read).collect()
}

impl Session {
    /// The referrals of a case, one for each group of recipients.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`] or [`Code::CaseAmbiguous`].
    pub fn referrals(&self, reference: &CaseReference) -> Result<Vec<ReferralLine>> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        Ok(self.referral_lines(&messages, &self.sent_in(&messages)))
    }

    /// A mailbox of the directory by its ids, to be named in a step.
    ///
    /// # Errors
    /// [`Code::RecipientUnknown`].
    pub fn mailbox(&self, address: &MailboxAddress) -> Result<Mailbox> {
        let unknown = || Error::with(Code::RecipientUnknown, Args::none().text("recipient", address));
        let (org, mailbox) = self.directory.resolve(address).ok_or_else(unknown)?;
        Ok(Mailbox { org, mailbox })
    }

    /// The same for a thread whose messages, oldest first, and what became of those that were sent, are at hand.
    pub(super) fn referral_lines(&self, messages: &[&Kept], sent: &[SentMessage<'_>]) -> Vec<ReferralLine> {
        let Some(first) = first_of(messages) else { return Vec::new() };
        let parties = Party::of_case(first);
        // At the recipient's the others are none of its business: it has nothing of what they say.
        let is_own = |party: &&Party| first.direction == Direction::Out || self.is_of_own(party);
        parties.iter().filter(is_own).map(|party| self.referral_line(party, first, messages, sent)).collect()
    }

    fn is_of_own(&self, party: &Party) -> bool {
        party.members.iter().any(|member| member.org == self.membership.org)
    }

    /// What one referral has come to.
    pub(super) fn fold_referral(
        &self,
        party: &Party,
        first: &Kept,
        messages: &[&Kept],
        sent: &[SentMessage<'_>],
    ) -> Referral {
        let steps = read_all(party, messages).into_iter().filter_map(|(_, _, read)| match read {
            Read::Step(step) => Some(step),
            Read::Plain | Read::NotUnderstood => None,
        });
        fold(first.header.fields().class, delivery_of(party, first, sent), steps)
    }

    fn referral_line(
        &self,
        party: &Party,
        first: &Kept,
        messages: &[&Kept],
        sent: &[SentMessage<'_>],
    ) -> ReferralLine {
        let referral = self.fold_referral(party, first, messages, sent);
        let decisive = referral.decisive().map(|step| step.act);
        let spoke = |(_, side, read): &(&Kept, Side, Read)| *side == Side::Recipient && *read == Read::Plain;
        // Words answer what was asked at first; what the sender asks anew, or supplies, waits for a step.
        let is_begun_anew = decisive.is_some_and(|act| matches!(act, Act::Supply | Act::Reopen));
        let in_words = !is_begun_anew && read_all(party, messages).iter().any(spoke);
        ReferralLine {
            recipients: party.members.iter().filter_map(|to| self.address(&to.org, &to.mailbox)).collect(),
            state: referral.state,
            reason: decisive.and_then(|act| act.reason()),
            other: decisive.and_then(|act| self.address_of(act.other())),
            answered: in_words || !referral.state.waits_for_recipient(),
            history: referral.history.iter().filter_map(|entry| self.step_line(entry, messages)).collect(),
        }
    }

    fn address_of(&self, mailbox: Option<Mailbox>) -> Option<MailboxAddress> {
        mailbox.and_then(|found| self.address(&found.org, &found.mailbox))
    }

    fn step_line(&self, entry: &Entry, messages: &[&Kept]) -> Option<StepLine> {
        let act = entry.step.act;
        let said = messages.iter().find(|kept| kept.body.send_id == entry.step.id)?;
        Some(StepLine {
            message: said.id(),
            at_ms: said.created_ms(),
            by: entry.step.by,
            act: act.name(),
            reason: act.reason(),
            contact_by: if let Act::Accept { contact_by } = act { contact_by } else { None },
            other: self.address_of(act.other()),
            effect: entry.effect,
        })
    }

    /// What a message of a case does beside what its text says.
    pub(super) fn step_of(&self, kept: &Kept, messages: &[&Kept]) -> Option<MessageStep> {
        let first = first_of(messages)?;
        let parties = Party::of_case(first);
        let (party, side) = parties.iter().find_map(|party| Some((party, party.side_of(kept)?)))?;
        let step = match wire::read(&kept.body, side) {
            Read::Plain => return None,
            Read::NotUnderstood => return Some(MessageStep::NotUnderstood),
            Read::Step(step) => step,
        };
        let referral = self.fold_referral(party, first, messages, &[]);
        let folded = referral.history.into_iter().find(|entry| entry.step.id == step.id);
        let unsent = Effect::None(crate::referral::Denied::NotNow(referral.state));
        let entry = folded.unwrap_or(Entry { step, effect: unsent });
        self.step_line(&entry, messages).map(|line| MessageStep::Known(Box::new(line)))
    }
}

/// What receipts say of the message that a case began with, and of what was sent in its place.
fn delivery_of(party: &Party, first: &Kept, sent: &[SentMessage<'_>]) -> State {
    if first.direction == Direction::In {
        return State::Received;
    }
    let stages: Vec<Stage> = sent
        .iter()
        .filter(|sent| sent.kept.header.fields().class != Class::FollowUp)
        .flat_map(|sent| sent.kept.header.fields().to.iter().zip(&sent.reached))
        .filter(|(to, _)| party.has(&MailboxRef { org: to.org, mailbox: to.mailbox }))
        .map(|(_, reached)| reached.stage)
        .collect();
    let arrived = |stage: &Stage| matches!(stage, Stage::Delivered | Stage::Answered | Stage::Covered);
    let expired = |stage: &Stage| *stage == Stage::ExpiredUndelivered;
    if stages.iter().any(arrived) {
        State::Received
    } else if !stages.is_empty() && stages.iter().all(expired) {
        State::Expired
    } else {
        State::Sent
    }
}

#[cfg(test)]
mod tests;
