//! Taking a step in a referral: checked against the rules by what is kept here, sealed, and sent like any answer.

use samverkan_envelope::body::Field;
use samverkan_proto::code::Roles;
use samverkan_proto::ids::MailboxId;
use samverkan_proto::limits::MAX_STEPS_A_SIDE;
use samverkan_proto::statement::receipt::MailboxRef;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::mail::Kept;
use super::model::{Direction, Progress, Reply, Sent};
use super::referrals::{Party, first_of};
use super::send::Answered;
use crate::error::{Code, Error, Result};
use crate::referral::{Act, Denied, Referral, Side, State, next, wire};
use crate::text::Args;

impl Session {
    /// Refuses a step that the rules do not allow now, before anything is written.
    ///
    /// # Errors
    /// [`Code::NotInThisState`], [`Code::NotYourStep`] or [`Code::ReportNotDeclinable`]; [`Code::FirstMessageMissing`] when this device
    /// has not got what the case began with; [`Code::CaseUnknown`].
    pub fn check_step(&self, reference: &CaseReference, act: &Act) -> Result<()> {
        self.answers(reference, act).map(drop)
    }

    /// Takes a step in a case: in its referral at the recipient's, and in every referral that it is possible in at the sender's.
    ///
    /// # Errors
    /// As [`Session::check_step`] and [`Session::reply`].
    pub async fn take_step(
        &mut self,
        reference: &CaseReference,
        act: Act,
        said: &Reply,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Sent>> {
        let mut link = self.contact(progress).await?;
        drop(self.begin()?);
        let mut all = Vec::new();
        for answered in self.answers(reference, &act)? {
            all.push(self.answer(&mut link, answered, said, progress).await?);
        }
        Ok(all)
    }

    /// The messages that a step is said in: one for each referral that it is possible in.
    fn answers(&self, reference: &CaseReference, act: &Act) -> Result<Vec<Answered>> {
        let thread = self.thread_id(reference)?;
        let messages = self.mail.thread(&thread);
        let named = || Args::none().text("reference", reference);
        let first = first_of(&messages).ok_or_else(|| Error::with(Code::FirstMessageMissing, named()))?;
        let (side, parties) = self.own_parties(first)?;
        let sent = self.sent_in(&messages);
        let (mut answers, mut denied) = (Vec::new(), None);
        for (party, from) in parties {
            let referral = self.fold_referral(&party, first, &messages, &sent);
            let class = first.header.fields().class;
            let led = if referral.is_full_of(side) {
                Err(Denied::TooMany)
            } else {
                next(class, referral.state, side, act)
            };
            match led {
                Ok(_) => answers.push(step_message(&party, from, side, first, &messages, &referral, act)),
                Err(reason) => denied = Some(reason),
            }
        }
        match denied {
            Some(reason) if answers.is_empty() => Err(refusal(reason, reference)),
            _ => Ok(answers),
        }
    }

    /// Which side of a case this device is on, and the referrals in which it can act, each with the mailbox that it acts from.
    pub(super) fn own_parties(&self, first: &Kept) -> Result<(Side, Vec<(Party, MailboxId)>)> {
        let manifest = self.own_manifest().ok_or(Error::new(Code::DeviceUnknown))?;
        let own = self.device.device_id();
        let is_handler = manifest.device(&own).is_some_and(|device| device.roles.contains(Roles::HANDLER));
        let parties = Party::of_case(first);
        let (side, mut may): (Side, Vec<(Party, MailboxId)>) = match first.direction {
            Direction::Out => {
                let from = first.header.fields().sender_mailbox;
                (Side::Sender, parties.into_iter().map(|party| (party, from)).collect())
            }
            Direction::In => {
                let acting = |party: &Party| {
                    let own_box = |member: &&MailboxRef| member.org == self.membership.org;
                    let mut readable = party.members().iter().filter(own_box).map(|member| member.mailbox);
                    readable.find(|mailbox| manifest.reads(&own, mailbox))
                };
                let with_box = |party: Party| acting(&party).map(|mailbox| (party, mailbox));
                (Side::Recipient, parties.into_iter().filter_map(with_box).collect())
            }
        };
        may.retain(|(_, mailbox)| is_handler && manifest.reads(&own, mailbox));
        if may.is_empty() { Err(Error::new(Code::RoleMissing)) } else { Ok((side, may)) }
    }

    /// The step that a sender's answer is: who is asked and answers supplies what was asked for. Anything else is text alone.
    pub(super) fn supply_of(&self, messages: &[&Kept], to: &MailboxRef) -> Option<(Act, Vec<Field>)> {
        let first = first_of(messages).filter(|first| first.direction == Direction::Out)?;
        let party = Party::of_case(first).into_iter().find(|party| party.has(to))?;
        let referral = self.fold_referral(&party, first, messages, &self.sent_in(messages));
        let is_asked = referral.state == State::InfoRequested;
        is_asked.then(|| (Act::Supply, wire::write(&Act::Supply, &referral.newest())))
    }
}

/// One step as a message of a case.
pub(super) fn step_message(
    party: &Party,
    from: MailboxId,
    side: Side,
    first: &Kept,
    messages: &[&Kept],
    referral: &Referral,
    act: &Act,
) -> Answered {
    let came = messages
        .iter()
        .rev()
        .find(|kept| kept.direction == Direction::In && party.side_of(kept) == Some(Side::Recipient));
    let fields = first.header.fields();
    let (message, to) = match side {
        // What is answered is the case itself, so that its receipt says so.
        Side::Recipient => (Some(first.id()), vec![(fields.sender_org, fields.sender_mailbox)]),
        Side::Sender => {
            let to = party.members().iter().map(|member| (member.org, member.mailbox)).collect();
            (came.map(|kept| kept.id()), to)
        }
    };
    Answered {
        thread: first.body.thread_id,
        message,
        kind: act.kind(),
        to,
        from,
        step: wire::write(act, &referral.newest()),
    }
}

/// Why a step is not possible, as an error that ends a command.
fn refusal(denied: Denied, reference: &CaseReference) -> Error {
    let args = Args::none().text("reference", reference);
    match denied {
        Denied::NotNow(state) => Error::with(Code::NotInThisState, args.text("state", state.name())),
        Denied::TooMany => Error::with(Code::TooManySteps, args.number("max", MAX_STEPS_A_SIDE as u64)),
        Denied::NotTheirs => Error::with(Code::NotYourStep, args),
        Denied::NeverDecided => Error::with(Code::ReportNotDeclinable, args),
    }
}
