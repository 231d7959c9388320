//! The referrals of a case, folded from what is kept: nothing else is remembered of them.
//!
//! A step counts from the moment that it is sealed and kept. One that the hub refused for good does not: nobody has it.

use std::collections::BTreeMap;
use std::ops::Range;

use samverkan_proto::code::Class;
use samverkan_proto::ids::{MailboxAddress, MessageId, SendId};
use samverkan_proto::statement::receipt::MailboxRef;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::{Kept, OutState};
use super::model::{Direction, MessageStep, ReferralLine, Stage, StepLine, StopKind};
use super::track::SentMessage;
use crate::error::{Code, Error, Result};
use crate::referral::wire::{self, Read};
use crate::referral::{Act, Denied, Effect, Entry, Mailbox, Referral, Side, State, fold};
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
        self.lines_of(&self.fold_case(messages, sent), messages)
    }

    /// What folded referrals are to people.
    pub(super) fn lines_of(&self, folded: &[Folded], messages: &[&Kept]) -> Vec<ReferralLine> {
        folded.iter().map(|folded| self.referral_line(folded, messages)).collect()
    }

    /// Folds every referral of a case that is of the own organisation's business, once: at the recipient's the others are not, since it has
    /// nothing of what they say.
    pub(super) fn fold_case(&self, messages: &[&Kept], sent: &[SentMessage<'_>]) -> Vec<Folded> {
        let Some(first) = first_of(messages) else { return Vec::new() };
        let is_own = |party: &Party| first.direction == Direction::Out || self.is_of_own(party);
        let parties = Party::of_case(first).into_iter().filter(is_own);
        parties
            .map(|party| Folded { referral: self.fold_referral(&party, first, messages, sent), party })
            .collect()
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
        let referral = fold(first.header.fields().class, delivery_of(party, first, sent), steps);
        match taken_back(messages) {
            Some(state) => referral.taken_back(state),
            None => referral,
        }
    }

    fn referral_line(&self, folded: &Folded, messages: &[&Kept]) -> ReferralLine {
        let Folded { party, referral } = folded;
        let said = by_send_id(messages);
        // Who took it back did so by an order, and not by the step that was the last to lead anywhere.
        let decisive =
            referral.decisive().filter(|(_, led)| *led == referral.state).map(|(step, _)| step.act);
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
            history: referral.history.iter().filter_map(|entry| self.step_line(entry, &said)).collect(),
        }
    }

    fn address_of(&self, mailbox: Option<Mailbox>) -> Option<MailboxAddress> {
        mailbox.and_then(|found| self.address(&found.org, &found.mailbox))
    }

    fn step_line(&self, entry: &Entry, said: &BTreeMap<SendId, &Kept>) -> Option<StepLine> {
        let act = entry.step.act;
        let said = said.get(&entry.step.id)?;
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

    /// What the messages of a case do beside what their texts say, by the message.
    pub(super) fn steps_by_message(
        &self,
        folded: &[Folded],
        messages: &[&Kept],
    ) -> BTreeMap<MessageId, MessageStep> {
        let said = by_send_id(messages);
        let mut steps = BTreeMap::new();
        for Folded { party, referral } in folded {
            let entries: BTreeMap<SendId, &Entry> =
                referral.history.iter().map(|entry| (entry.step.id, entry)).collect();
            for kept in messages.iter().filter(|kept| kept.header.fields().class == Class::FollowUp) {
                let Some(side) = party.side_of(kept) else { continue };
                let step = match wire::read(&kept.body, side) {
                    Read::Plain => continue,
                    Read::NotUnderstood => MessageStep::NotUnderstood,
                    Read::Step(step) => {
                        // What the hub refused for good does not count, and nobody else has it.
                        let unsent = Entry { effect: Effect::None(Denied::NotNow(referral.state)), step };
                        let entry = entries.get(&unsent.step.id).copied().unwrap_or(&unsent);
                        let Some(line) = self.step_line(entry, &said) else { continue };
                        MessageStep::Known(Box::new(line))
                    }
                };
                steps.entry(kept.id()).or_insert(step);
            }
        }
        steps
    }
}

/// A referral of a case, folded.
pub(super) struct Folded {
    party: Party,
    referral: Referral,
}

/// Messages by what they say; of one that was sealed more than once, the first.
fn by_send_id<'a>(messages: &[&'a Kept]) -> BTreeMap<SendId, &'a Kept> {
    messages.iter().rev().map(|kept| (kept.body.send_id, *kept)).collect()
}

/// What an order to stop made of a case: one about the message that it began with, known to the hub or come from there.
fn taken_back(messages: &[&Kept]) -> Option<State> {
    let ordered = |kind: StopKind| {
        messages
            .iter()
            .filter(|kept| kept.header.fields().class != Class::FollowUp)
            .any(|kept| kept.stop(kind).is_some_and(|stop| stop.taken || kept.direction == Direction::In))
    };
    if ordered(StopKind::Withdrawal) {
        return Some(State::ConsentWithdrawn);
    }
    ordered(StopKind::Recall).then_some(State::Recalled)
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
