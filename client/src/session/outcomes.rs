//! What became of a message that was taken back, at each recipient: a pure function of what is proven and of what they have said.
//!
//! The hub tells which of two happened: nobody there had fetched it and it is destroyed, or somebody had. Then it is for the recipients to
//! say what became of it. Their devices say `UNOPENED` by themselves; what a person decided comes before that, and of two words of persons
//! the one that says that something is kept.

use std::collections::BTreeSet;

use samverkan_proto::code::PurgeReason;
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::statement::header::HeaderFields;
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
    let fields = kept.header.fields();
    let step = |index: usize| {
        let outcome = match known {
            Known::ByHub => {
                at(&fetched(fields, index, said), is_gone(said), &words_at(fields, index, &words))
            }
            Known::Here => StopOutcome::NotSent,
            Known::Refused => StopOutcome::Refused,
        };
        Some(StopStep { kind, outcome })
    };
    (0..recipients.len()).map(step).collect()
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

/// Whether a device reads `to[index]`: by its wrap, or, if it came later, because it is of that organisation. The hub names one mailbox of
/// those that a device reads.
fn reads(fields: &HeaderFields, index: usize, org: &OrgId, device: &DeviceId) -> bool {
    match fields.wrap_index(org, device).and_then(|at| fields.wraps.get(at)) {
        Some(wrap) => wrap.reads(index),
        None => fields.to.get(index).is_some_and(|to| to.org == *org),
    }
}

/// The devices that read a recipient mailbox and have got the message, by the hub's word or their own.
fn fetched(fields: &HeaderFields, index: usize, said: &[Said]) -> BTreeSet<DeviceId> {
    let reader = said.iter().filter_map(Said::reader);
    reader.filter(|(org, device)| reads(fields, index, org, device)).map(|(_, device)| device).collect()
}

fn is_gone(said: &[Said]) -> bool {
    said.iter().any(|said| matches!(said, Said::Hub(HubReceipt { event: HubEvent::Purged(_), .. })))
}

fn words_at(fields: &HeaderFields, index: usize, words: &[Word]) -> Vec<Word> {
    let is_there = |word: &&Word| reads(fields, index, &word.from.org, &word.device);
    words.iter().filter(is_there).copied().collect()
}

/// What became of it at a mailbox whose devices have said this.
fn at(fetched: &BTreeSet<DeviceId>, is_gone: bool, words: &[Word]) -> StopOutcome {
    if fetched.is_empty() {
        return if is_gone { StopOutcome::Destroyed } else { StopOutcome::Waiting };
    }
    let persons = words.iter().map(|word| word.answer).filter(|answer| *answer != StopAnswer::Unopened);
    if let Some(decided) = persons.max_by_key(|answer| weight(*answer)) {
        return StopOutcome::Answered(decided);
    }
    // Only when every device that fetched it has said so is it true of the mailbox.
    let unopened: BTreeSet<DeviceId> = words.iter().map(|word| word.device).collect();
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
