//! What is proven about the messages that were sent: per recipient, by whom, when, and what was done about those that ended badly.

use std::ops::Range;

use samverkan_proto::statement::header::Recipient;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::later::LaterReader;
use super::mail::Kept;
use super::model::{Direction, Goal, Progress, ReferralLine, Settled, Stage, StopStep, Track, TrackStep};
use super::outcomes;
use super::stages::{self, Answer, Known, Reached, Said};
use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::referral::State;

impl Session {
    /// What is proven about each message of a thread that was sent from here.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`] or [`Code::CaseAmbiguous`].
    pub fn track(&self, reference: &CaseReference) -> Result<Track> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let sent = self.sent_in(&messages);
        let steps = sent.iter().flat_map(|sent| self.steps(sent)).collect();
        let referrals = self.referral_lines(&messages, &sent);
        Ok(Track { reference: *reference, steps, overall: overall(&sent), referrals })
    }

    /// Receives until every message sent in a thread has reached a stage, or every referral of it a state, or has ended otherwise. The
    /// caller sets the time limit, by dropping the future.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`], and whatever receiving fails with for good.
    pub async fn wait(
        &mut self,
        reference: &CaseReference,
        goal: impl Into<Goal>,
        progress: &mut dyn Progress,
    ) -> Result<Track> {
        let goal = goal.into();
        loop {
            let track = self.track(reference)?;
            let messages = self.mail.thread(&self.thread_id(reference)?);
            let sent = self.sent_in(&messages);
            let (is_empty, is_over) = match goal {
                Goal::Stage(stage) => (sent.is_empty(), sent.iter().all(|sent| sent.is_over_or_at(stage))),
                Goal::State(state) => (
                    track.referrals.is_empty(),
                    needs_action(&sent) || track.referrals.iter().all(|one| is_over_or_in(one, state)),
                ),
            };
            if is_empty {
                return Err(Error::new(Code::CaseUnknown));
            }
            if is_over {
                return Ok(track);
            }
            self.receive_more(progress).await?;
        }
    }

    /// How many cases hold something that ended undelivered and that nobody has dealt with.
    #[must_use]
    pub fn cases_to_act_on(&self) -> usize {
        self.mail.threads().values().filter(|messages| needs_action(&self.sent_in(messages))).count()
    }

    /// Every message of a thread that was sent from here, and how far it got; `messages` are those of the thread, oldest first.
    pub(super) fn sent_in<'a>(&self, messages: &[&'a Kept]) -> Vec<SentMessage<'a>> {
        let came = messages.iter().filter(|kept| kept.direction == Direction::In);
        let answers: Vec<Answer> = came.map(|kept| Answer::of(&kept.header)).collect();
        let sent = messages.iter().filter(|kept| kept.direction == Direction::Out);
        sent.map(|kept| SentMessage::of(kept, messages, &answers, &self.directory, self.clock.now_ms()))
            .collect()
    }

    pub(super) fn steps(&self, sent: &SentMessage<'_>) -> Vec<TrackStep> {
        let step = |index: usize, to: &Recipient| {
            let Reached { stage, reason, history, purged_ms } = sent.reached.get(index)?.clone();
            Some(TrackStep {
                message: sent.kept.id(),
                recipient: self.address(&to.org, &to.mailbox)?,
                stage,
                reason,
                settled: sent.settled.get(index).copied().flatten(),
                needs_action: sent.recipients_to_act_on().contains(&index),
                stop: sent.stopped.get(index).copied().flatten(),
                history,
                purged_ms,
            })
        };
        let recipients = sent.kept.header.fields().to.iter().enumerate();
        recipients.filter_map(|(index, to)| step(index, to)).collect()
    }
}

/// A message that was sent, how far it got towards each recipient, what was done where it ended badly, and what became of it when it was
/// taken back. All lists are in header order.
pub(super) struct SentMessage<'a> {
    pub(super) kept: &'a Kept,
    pub(super) reached: Vec<Reached>,
    settled: Vec<Option<Settled>>,
    stopped: Vec<Option<StopStep>>,
}

impl<'a> SentMessage<'a> {
    fn of(kept: &'a Kept, thread: &[&Kept], answers: &[Answer], directory: &Directory, now_ms: u64) -> Self {
        let said: Vec<Said> = kept.receipts.iter().filter_map(|proof| Said::read(proof)).collect();
        let fields = kept.header.fields();
        let (secret, state) = (&kept.secret, &kept.state);
        let later = &LaterReader::spoken_of(directory, fields, &said);
        let known = Known { fields, secret, state, said: &said, answers, later, now_ms };
        let settled = (0..).zip(&fields.to).map(|(index, to)| settled(kept, index, to, thread)).collect();
        Self { kept, reached: stages::judge(&known), settled, stopped: outcomes::of(kept, &said, thread) }
    }

    /// Whether the hub refused it for good and has never had it.
    pub(super) fn was_never_sent(&self) -> bool {
        self.reached.iter().all(|reached| reached.stage == Stage::NotSent)
    }

    /// The recipients, as indices into `to`, of every group that ended undelivered and with which nobody has dealt.
    pub(super) fn recipients_to_act_on(&self) -> Vec<usize> {
        let ended = |index: &usize| {
            let reached = self.reached.get(*index);
            reached.is_some_and(|reached| reached.stage.is_undelivered_end())
                && self.settled.get(*index).is_none_or(Option::is_none)
        };
        // What was taken back waits for nobody on this side.
        if !self.kept.stops.is_empty() {
            return Vec::new();
        }
        let groups =
            self.kept.header.fields().groups().filter(|group| group.clone().all(|index| ended(&index)));
        groups.flatten().collect()
    }

    /// How far it got towards a recipient; `None` when somebody has dealt with the end it came to there.
    pub(super) fn open_stage(&self, index: usize) -> Option<Stage> {
        let is_settled = self.settled.get(index).is_some_and(Option::is_some);
        self.reached.get(index).filter(|_| !is_settled).map(|reached| reached.stage)
    }

    fn was_sent_again(&self) -> bool {
        self.settled.iter().any(|settled| matches!(settled, Some(Settled::SentAgain(_))))
    }

    fn needs_action(&self) -> bool {
        !self.recipients_to_act_on().is_empty()
    }

    fn overall(&self) -> Option<Stage> {
        let stages: Vec<Stage> = self.reached.iter().map(|reached| reached.stage).collect();
        stages::overall(self.kept.header.fields().groups(), &stages)
    }

    /// Whether each group has got to a stage, or has ended without ever getting there. What is delivered comes to no other end.
    fn is_over_or_at(&self, stage: Stage) -> bool {
        let goal = if stage.is_end() { Stage::Covered } else { stage };
        let there = |reached: &Reached| reached.is_told_end() || reached.stage.calm() >= goal.calm();
        let best = |mut group: Range<usize>| group.any(|index| self.reached.get(index).is_some_and(there));
        self.kept.header.fields().groups().all(best)
    }
}

/// Whether a referral has come to a state, or to an end that is another.
fn is_over_or_in(referral: &ReferralLine, state: State) -> bool {
    referral.has_been(state) || !referral.state.is_open()
}

/// What was done about the end that a message came to, or may come to, at one recipient.
fn settled(kept: &Kept, index: u32, to: &Recipient, thread: &[&Kept]) -> Option<Settled> {
    let again = thread.iter().find(|other| {
        let goes_there = |other: &Recipient| (other.org, other.mailbox) == (to.org, to.mailbox);
        other.resends == Some(kept.id()) && other.header.fields().to.iter().any(goes_there)
    });
    let dismissed = kept.dismissed.checked_shr(index).is_some_and(|bits| bits & 1 == 1);
    again.map(|again| Settled::SentAgain(again.id())).or(dismissed.then_some(Settled::Dismissed))
}

/// Whether something of what was sent in a thread waits for a person.
pub(super) fn needs_action(sent: &[SentMessage<'_>]) -> bool {
    sent.iter().any(SentMessage::needs_action)
}

/// How far a thread's messages, oldest first, got as a whole: what needs action before what does not, and of that the worst.
pub(super) fn overall(sent: &[SentMessage<'_>]) -> Option<Stage> {
    let open = sent.iter().filter(|sent| sent.needs_action()).filter_map(SentMessage::overall);
    let newest = || sent.iter().rev().find(|sent| !sent.was_sent_again()).or(sent.last());
    open.min_by_key(|stage| stage.calm()).or_else(|| newest().and_then(SentMessage::overall))
}
