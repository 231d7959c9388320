//! One event, and what follows from it.

use samverkan_proto::code::{PurgeReason, RefusalReason, ReturnReason};
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::v1::MessageState;

use super::marks::{GroupState, Marks};
use super::shape::{Shape, bits};

/// Something that happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is accepted. First, and once.
    Accepted,
    /// The bytes go to the device of this wrap.
    HandedOver {
        /// Index of the wrap.
        wrap: usize,
    },
    /// The device of this wrap says something; its receipt is verified.
    Receipt {
        /// Index of the wrap.
        wrap: usize,
        /// What it says.
        verdict: Verdict,
        /// The hub's time.
        now_ms: u64,
    },
    /// A device was revoked or no longer reads the mailboxes it was wrapped for.
    DeviceGone {
        /// Its organisation.
        org: OrgId,
        /// The device.
        device: DeviceId,
    },
    /// An organisation was suspended or removed.
    OrganisationCut {
        /// The organisation.
        org: OrgId,
        /// Which of the two.
        reason: ReturnReason,
    },
    /// `expires_ms` has come.
    Expired,
    /// Seven days have passed since the newest group was delivered.
    Lapsed,
    /// The sender takes it back.
    Recalled,
    /// A consent that it names is withdrawn.
    Withdrawn,
}

/// What a device says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Type 1.
    Delivered,
    /// Type 2.
    CannotDecrypt,
    /// Type 3.
    Refused(RefusalReason),
    /// Type 4.
    Answered,
}

/// What follows. Indices are those of the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The message waits for this wrap's device now.
    Enqueue {
        /// Index of the wrap.
        wrap: usize,
    },
    /// It no longer waits for this wrap's device.
    Dequeue {
        /// Index of the wrap.
        wrap: usize,
    },
    /// Hub receipt type 2 for the sender.
    HandedOver {
        /// Index of the mailbox it was handed over for.
        to: usize,
        /// Index of the wrap.
        wrap: usize,
    },
    /// The device's receipt is kept and passed on to the sender.
    PassOn,
    /// Hub receipt type 4.
    ExpiredUndelivered,
    /// Hub receipt type 7.
    Returned {
        /// Index of the mailbox.
        to: usize,
        /// Which of the two.
        reason: ReturnReason,
    },
    /// Hub receipt type 8.
    Undecryptable {
        /// Index of the group's primary.
        to: usize,
    },
    /// Hub receipt type 9.
    Refused {
        /// Index of the group's primary.
        to: usize,
        /// The rule named last.
        reason: RefusalReason,
    },
    /// Hub receipt type 11.
    Recalled,
    /// The device of this wrap is told to stop.
    Stop {
        /// Index of the wrap.
        wrap: usize,
    },
    /// Every group is delivered from now on: the lapse is due seven days later.
    LapseDue,
    /// Hub receipt type 5: the ciphertext goes. Always last.
    Purge(PurgeReason),
}

/// A receipt that contradicts what the device said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receipt contradicts an earlier one")]
pub struct Contradiction;

/// Applies `event`. Marks change only when the result is `Ok`. An event that brings nothing new has no effects.
///
/// # Errors
/// [`Contradiction`] for a receipt the device may not send: 2 or 3 after 1, or 4 without 1.
pub fn step(shape: &Shape, marks: &mut Marks, event: Event) -> Result<Vec<Effect>, Contradiction> {
    let mut next = marks.clone();
    let mut effects = Vec::new();
    let waiting_before = waiting(shape, &next);
    match event {
        Event::Accepted => next.open = shape.groups.iter().fold(0, |open, group| open | 1 << group.start),
        Event::HandedOver { wrap } => handed_over(shape, &mut next, wrap, &mut effects),
        Event::Receipt { wrap, verdict, now_ms } => {
            receipt(shape, &mut next, wrap, verdict, now_ms, &mut effects)?
        }
        Event::DeviceGone { org, device } => {
            next.revoked |= shape.bitmap(|wrap| wrap.org == org && wrap.device == device);
        }
        Event::OrganisationCut { org, reason } => cut(shape, &mut next, &org, reason, &mut effects),
        Event::Recalled => recalled(shape, &mut next, &mut effects),
        Event::Withdrawn => withdrawn(shape, &mut next, &mut effects),
        Event::Expired | Event::Lapsed => {}
    }
    if !next.purged {
        settle(shape, &mut next, &mut effects);
        let reason = purge_reason(shape, &mut next, event, &mut effects);
        effects.extend(
            (reason.is_none() && !finished(shape, marks) && finished(shape, &next))
                .then_some(Effect::LapseDue),
        );
        next.purged = reason.is_some();
        queue_changes(waiting_before, waiting(shape, &next), matches!(event, Event::Accepted), &mut effects);
        effects.extend(reason.map(Effect::Purge));
    }
    *marks = next;
    Ok(effects)
}

/// The state that callers are told: the least finished of the groups.
#[must_use]
pub fn state(shape: &Shape, marks: &Marks) -> MessageState {
    let has = |wanted| groups(shape, marks).any(|group| group == wanted);
    if has(GroupState::Open) {
        MessageState::Waiting
    } else if has(GroupState::Expired) {
        MessageState::ExpiredUndelivered
    } else if has(GroupState::Undecryptable) {
        MessageState::Undecryptable
    } else if has(GroupState::Refused) {
        MessageState::Refused
    } else if has(GroupState::Returned) {
        MessageState::Returned
    } else if has(GroupState::Recalled) {
        MessageState::Recalled
    } else if has(GroupState::Withdrawn) {
        MessageState::Withdrawn
    } else {
        MessageState::Delivered
    }
}

fn groups(shape: &Shape, marks: &Marks) -> impl Iterator<Item = GroupState> {
    marks.groups.into_iter().take(shape.groups.len())
}

/// Whether every group is delivered or returned.
fn finished(shape: &Shape, marks: &Marks) -> bool {
    groups(shape, marks).all(|group| matches!(group, GroupState::Delivered | GroupState::Returned))
}

/// The wraps, as a bitmap, whose device the message waits for.
#[must_use]
pub fn waiting(shape: &Shape, marks: &Marks) -> u64 {
    if marks.purged {
        return 0;
    }
    let copies = shape.bitmap(|wrap| wrap.boxes == 0);
    let said = marks.delivered | marks.cannot | marks.refused | marks.revoked;
    (copies | shape.readers(marks.open & !marks.cut)) & !said
}

fn queue_changes(before: u64, after: u64, accepted: bool, effects: &mut Vec<Effect>) {
    // Before acceptance nothing waited, whatever the empty marks say of sent copies.
    let before = if accepted { 0 } else { before };
    for wrap in 0..64 {
        match (before >> wrap & 1, after >> wrap & 1) {
            (0, 1) => effects.push(Effect::Enqueue { wrap }),
            (1, 0) => effects.push(Effect::Dequeue { wrap }),
            _ => {}
        }
    }
}

fn handed_over(shape: &Shape, marks: &mut Marks, wrap: usize, effects: &mut Vec<Effect>) {
    let bit = 1 << wrap;
    let boxes = shape.wraps.get(wrap).map_or(0, |wrap| wrap.boxes) & marks.open & !marks.cut;
    if marks.handed & bit == 0 && boxes != 0 {
        marks.handed |= bit;
        effects.push(Effect::HandedOver { to: boxes.trailing_zeros() as usize, wrap });
    }
}

fn receipt(
    shape: &Shape,
    marks: &mut Marks,
    wrap: usize,
    verdict: Verdict,
    now_ms: u64,
    effects: &mut Vec<Effect>,
) -> Result<(), Contradiction> {
    let bit = 1u64 << wrap;
    let delivered = marks.delivered & bit != 0;
    let map = match verdict {
        Verdict::Delivered => &mut marks.delivered,
        Verdict::CannotDecrypt | Verdict::Refused(_) if delivered => return Err(Contradiction),
        Verdict::CannotDecrypt => &mut marks.cannot,
        Verdict::Refused(reason) => {
            // Once: a device that names one reason after another would otherwise say something new for ever.
            if marks.refused & bit == 0 {
                marks.refusal = reason.code();
            }
            &mut marks.refused
        }
        Verdict::Answered if delivered => &mut marks.answered,
        Verdict::Answered => return Err(Contradiction),
    };
    let repeated = *map & bit != 0;
    *map |= bit;
    if verdict == Verdict::Delivered {
        marks.cannot &= !bit;
        marks.refused &= !bit;
    }
    let counts = shape.wraps.get(wrap).is_some_and(|wrap| wrap.boxes != 0);
    if counts && !repeated {
        effects.push(Effect::PassOn);
        if verdict == Verdict::Delivered {
            delivered_to(shape, marks, bit, now_ms);
        }
    }
    Ok(())
}

/// A group counts as delivered with the first reader of a mailbox it was handed to.
fn delivered_to(shape: &Shape, marks: &mut Marks, bit: u64, now_ms: u64) {
    for (index, group) in shape.groups.iter().enumerate() {
        let settled = match marks.groups[index] {
            GroupState::Open | GroupState::Refused | GroupState::Undecryptable => false,
            GroupState::Delivered
            | GroupState::Returned
            | GroupState::Expired
            | GroupState::Recalled
            | GroupState::Withdrawn => true,
        };
        if !settled && shape.readers(bits(group) & marks.open) & bit != 0 {
            marks.groups[index] = GroupState::Delivered;
            marks.delivered_ms = now_ms;
        }
    }
}

/// Devices that have the bytes and have not said that they can do nothing with them: whoever is told to stop.
fn holders(shape: &Shape, marks: &Marks) -> u64 {
    marks.handed & shape.readers(u16::MAX) & !(marks.cannot | marks.refused)
}

/// A message that nobody has is gone, and whoever was to get it never hears of it; whoever has it is told to stop.
fn recalled(shape: &Shape, marks: &mut Marks, effects: &mut Vec<Effect>) {
    if marks.recalled {
        return;
    }
    marks.recalled = true;
    effects.push(Effect::Recalled);
    stop(shape, marks, holders(shape, marks), GroupState::Recalled, effects);
}

/// The same, but those for whom it waited are told as well: they act for the person, who has changed their mind.
fn withdrawn(shape: &Shape, marks: &mut Marks, effects: &mut Vec<Effect>) {
    if marks.withdrawn {
        return;
    }
    marks.withdrawn = true;
    let told = holders(shape, marks) | waiting(shape, marks) & shape.readers(u16::MAX);
    stop(shape, marks, told, GroupState::Withdrawn, effects);
}

fn stop(shape: &Shape, marks: &mut Marks, told: u64, end: GroupState, effects: &mut Vec<Effect>) {
    let open = marks.groups[..shape.groups.len()].iter_mut().filter(|group| **group == GroupState::Open);
    open.for_each(|group| *group = end);
    effects.extend((0..64).filter(|wrap| told >> wrap & 1 == 1).map(|wrap| Effect::Stop { wrap }));
}

fn cut(shape: &Shape, marks: &mut Marks, org: &OrgId, reason: ReturnReason, effects: &mut Vec<Effect>) {
    for (index, group) in shape.groups.iter().enumerate() {
        let lost = shape.mailboxes_of(org) & bits(group) & !marks.cut;
        let has_ended = matches!(
            marks.groups[index],
            GroupState::Delivered | GroupState::Expired | GroupState::Recalled | GroupState::Withdrawn
        );
        if lost == 0 || has_ended {
            continue;
        }
        marks.cut |= lost;
        effects
            .extend(group.clone().filter(|to| lost >> to & 1 == 1).map(|to| Effect::Returned { to, reason }));
        if bits(group) & !marks.cut == 0 {
            marks.groups[index] = GroupState::Returned;
        }
    }
}

/// Brings every open group to what its readers' marks say, releasing alternates on the way.
fn settle(shape: &Shape, marks: &mut Marks, effects: &mut Vec<Effect>) {
    for (index, group) in shape.groups.iter().enumerate() {
        if marks.groups[index] != GroupState::Open {
            continue;
        }
        if all(shape, marks, bits(group) & marks.open, marks.cannot) {
            marks.open |= bits(group);
        }
        let boxes = bits(group) & marks.open;
        if all(shape, marks, boxes, marks.cannot) {
            marks.groups[index] = GroupState::Undecryptable;
            effects.push(Effect::Undecryptable { to: group.start });
        } else if all(shape, marks, boxes, marks.cannot | marks.refused)
            && let Ok(reason) = RefusalReason::try_from(marks.refusal)
        {
            marks.groups[index] = GroupState::Refused;
            effects.push(Effect::Refused { to: group.start, reason });
        }
    }
}

/// Whether every reader of `boxes` that still counts is in `said`. True when none counts: then nobody can ever open it.
fn all(shape: &Shape, marks: &Marks, boxes: u16, said: u64) -> bool {
    shape.readers(boxes & !marks.cut) & !marks.revoked & !said == 0
}

fn purge_reason(
    shape: &Shape,
    marks: &mut Marks,
    event: Event,
    effects: &mut Vec<Effect>,
) -> Option<PurgeReason> {
    match event {
        Event::Recalled => return Some(PurgeReason::Recalled),
        Event::Withdrawn => return Some(PurgeReason::Withdrawn),
        Event::Expired => {
            expire(shape, marks, effects);
            return Some(PurgeReason::Expired);
        }
        Event::Accepted
        | Event::HandedOver { .. }
        | Event::Receipt { .. }
        | Event::DeviceGone { .. }
        | Event::OrganisationCut { .. }
        | Event::Lapsed => {}
    }
    if !finished(shape, marks) {
        return None;
    }
    if let Event::OrganisationCut { reason, .. } = event
        && groups(shape, marks).all(|group| group == GroupState::Returned)
    {
        return Some(match reason {
            ReturnReason::Suspended => PurgeReason::Suspended,
            ReturnReason::Removed => PurgeReason::Removed,
        });
    }
    if all(shape, marks, marks.open, marks.delivered | marks.refused) {
        return Some(PurgeReason::Delivered);
    }
    if event == Event::Lapsed {
        return Some(PurgeReason::Lapsed);
    }
    None
}

/// Ends every group that is open when the time is up.
fn expire(shape: &Shape, marks: &mut Marks, effects: &mut Vec<Effect>) {
    let open = marks.groups[..shape.groups.len()].iter_mut().filter(|group| **group == GroupState::Open);
    let undelivered = open.map(|group| *group = GroupState::Expired).count() > 0;
    effects.extend(undelivered.then_some(Effect::ExpiredUndelivered));
}
