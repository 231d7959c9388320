//! What became of a message that was taken back, at each recipient: a pure function of what is proven and of what they have said.
//!
//! The hub tells which of two happened: nobody there had fetched it and it is destroyed, or somebody had. Then it is for the recipients to
//! say what became of it. Their devices say `UNOPENED` by themselves; what a person decided comes before that, and of two words of persons
//! the one that says that something is kept.

use std::collections::BTreeSet;

use samverkan_proto::code::PurgeReason;
use samverkan_proto::ids::DeviceId;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef};

use super::mail::Kept;
use super::model::{Direction, StopAnswer, StopKind, StopOutcome, StopStep};
use super::stages::Said;
use super::stops;

/// What one device has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    from: MailboxRef,
    device: DeviceId,
    answer: StopAnswer,
}

/// What became of a message that was sent, at each recipient in header order; `None` for one that was not taken back. `thread` are the
/// messages of its thread.
pub(super) fn of(kept: &Kept, said: &[Said], thread: &[&Kept]) -> Vec<Option<StopStep>> {
    let recipients = &kept.header.fields().to;
    let Some((kind, known)) = taken_back(kept, said) else { return vec![None; recipients.len()] };
    let words: Vec<Word> = thread.iter().filter_map(|answer| word(answer, kept)).collect();
    let step = |mailbox: MailboxRef| {
        let outcome = match known {
            Known::ByHub => at(mailbox, said, &words),
            Known::Here => StopOutcome::NotSent,
            Known::Refused => StopOutcome::Refused,
        };
        Some(StopStep { kind, outcome })
    };
    recipients.iter().map(|to| step(MailboxRef { org: to.org, mailbox: to.mailbox })).collect()
}

/// Who knows that a message was taken back.
#[derive(Clone, Copy)]
enum Known {
    ByHub,
    Here,
    Refused,
}

/// How a message was taken back, and who knows of it. A withdrawn consent weighs more than a recall.
fn taken_back(kept: &Kept, said: &[Said]) -> Option<(StopKind, Known)> {
    let by_hub = |wanted: fn(&HubEvent) -> bool| {
        said.iter().any(|said| matches!(said, Said::Hub(receipt) if wanted(&receipt.event)))
    };
    let withdrawn = by_hub(|event| matches!(event, HubEvent::Purged(PurgeReason::Withdrawn)));
    let recalled = by_hub(|event| matches!(event, HubEvent::Recalled { .. }));
    [(StopKind::Withdrawal, withdrawn), (StopKind::Recall, recalled)].into_iter().find_map(|(kind, told)| {
        let known = match kept.stop(kind) {
            _ if told => Known::ByHub,
            Some(stop) if stop.taken => Known::ByHub,
            Some(stop) if stop.refused.is_some() => Known::Refused,
            Some(_) => Known::Here,
            None => return None,
        };
        Some((kind, known))
    })
}

fn word(answer: &Kept, about: &Kept) -> Option<Word> {
    let fields = answer.header.fields();
    let is_answer = answer.direction == Direction::In && answer.body.in_reply_to == Some(about.id());
    Some(Word {
        from: MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox },
        device: fields.sender_device,
        answer: is_answer.then(|| stops::answer_in(&answer.body)).flatten()?,
    })
}

fn at(mailbox: MailboxRef, said: &[Said], words: &[Word]) -> StopOutcome {
    let fetched: BTreeSet<DeviceId> = said
        .iter()
        .filter_map(|said| match said {
            Said::Hub(HubReceipt { event: HubEvent::HandedOver { recipient, device }, .. }) => {
                (*recipient == mailbox).then_some(*device)
            }
            Said::Hub(_) | Said::Device(_) => None,
        })
        .collect();
    let gone = |said: &Said| matches!(said, Said::Hub(HubReceipt { event: HubEvent::Purged(_), .. }));
    if fetched.is_empty() {
        return if said.iter().any(gone) { StopOutcome::Destroyed } else { StopOutcome::Waiting };
    }
    let from_there = || words.iter().filter(|word| word.from == mailbox);
    let persons = from_there().map(|word| word.answer).filter(|answer| *answer != StopAnswer::Unopened);
    if let Some(decided) = persons.max_by_key(|answer| weight(*answer)) {
        return StopOutcome::Answered(decided);
    }
    // Only when every device that fetched it has said so is it true of the mailbox.
    let unopened: BTreeSet<DeviceId> = from_there().map(|word| word.device).collect();
    if fetched.is_subset(&unopened) {
        StopOutcome::Answered(StopAnswer::Unopened)
    } else {
        StopOutcome::Waiting
    }
}

const fn weight(answer: StopAnswer) -> u8 {
    match answer {
        StopAnswer::Unopened => 0,
        StopAnswer::Complied => 1,
        StopAnswer::Opened => 2,
        StopAnswer::Retained(_) => 3,
    }
}

#[cfg(test)]
mod tests;
