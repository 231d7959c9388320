use proptest::prelude::*;
use samverkan_proto::code::{PurgeReason, RefusalReason, ReturnReason};
use samverkan_proto::ids::{DeviceId, MailboxId, OrgId};
use samverkan_proto::statement::receipt::MailboxRef;
use samverkan_proto::v1::MessageState;

use super::*;

fn org(n: u8) -> OrgId {
    OrgId::parse(&[n; 16]).expect("not zero")
}

fn device(n: u8) -> DeviceId {
    DeviceId::parse(&[n; 16]).expect("not zero")
}

fn wrap(n: u8, boxes: u16) -> WrapShape {
    WrapShape { org: org(n / 10 + 1), device: device(n + 1), boxes }
}

/// `groups` gives the number of mailboxes of each group; mailbox k belongs to organisation k + 1.
fn shape(groups: &[usize], wraps: Vec<WrapShape>) -> Shape {
    let mut start = 0;
    let groups: Vec<_> = groups
        .iter()
        .map(|len| {
            start += len;
            start - len..start
        })
        .collect();
    let to = (0..start as u8)
        .map(|k| MailboxRef { org: org(k + 1), mailbox: MailboxId::parse(&[k + 1; 16]).expect("not zero") })
        .collect();
    Shape { to, groups, wraps }
}

fn accepted(shape: &Shape) -> Marks {
    let mut marks = Marks::default();
    step(shape, &mut marks, Event::Accepted).expect("acceptance is always allowed");
    marks
}

fn says(shape: &Shape, marks: &mut Marks, wrap: usize, verdict: Verdict) -> Vec<Effect> {
    step(shape, marks, Event::Receipt { wrap, verdict, now_ms: 1 }).expect("not contradictory")
}

#[test]
fn the_first_reader_delivers_and_the_last_one_purges() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(1, 1), wrap(90, 0)]);
    let mut marks = Marks::default();
    let queued = step(&shape, &mut marks, Event::Accepted).expect("accepted");
    assert_eq!(queued, (0..3).map(|wrap| Effect::Enqueue { wrap }).collect::<Vec<_>>());
    assert_eq!(
        says(&shape, &mut marks, 0, Verdict::Delivered),
        [Effect::PassOn, Effect::LapseDue, Effect::Dequeue { wrap: 0 }]
    );
    assert_eq!(state(&shape, &marks), MessageState::Delivered);
    // The sent copy neither delivers nor holds the message back.
    assert_eq!(
        says(&shape, &mut marks, 1, Verdict::Delivered),
        [
            Effect::PassOn,
            Effect::Dequeue { wrap: 1 },
            Effect::Dequeue { wrap: 2 },
            Effect::Purge(PurgeReason::Delivered)
        ]
    );
    assert_eq!(says(&shape, &mut marks, 1, Verdict::Answered), [Effect::PassOn]);
}

#[test]
fn a_sent_copy_only_clears_its_own_queue() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(90, 0)]);
    let mut marks = accepted(&shape);
    assert_eq!(says(&shape, &mut marks, 1, Verdict::Delivered), [Effect::Dequeue { wrap: 1 }]);
    assert_eq!(state(&shape, &marks), MessageState::Waiting);
}

#[test]
fn alternates_are_handed_over_when_no_primary_reader_can_open() {
    let shape = shape(&[2], vec![wrap(0, 0b01), wrap(10, 0b10)]);
    let mut marks = accepted(&shape);
    assert_eq!(step(&shape, &mut marks, Event::HandedOver { wrap: 1 }), Ok(vec![]), "not released yet");
    assert_eq!(
        says(&shape, &mut marks, 0, Verdict::CannotDecrypt),
        [Effect::PassOn, Effect::Dequeue { wrap: 0 }, Effect::Enqueue { wrap: 1 }]
    );
    assert_eq!(
        step(&shape, &mut marks, Event::HandedOver { wrap: 1 }),
        Ok(vec![Effect::HandedOver { to: 1, wrap: 1 }])
    );
    let effects = says(&shape, &mut marks, 1, Verdict::CannotDecrypt);
    assert!(effects.contains(&Effect::Undecryptable { to: 0 }), "{effects:?}");
    assert_eq!(state(&shape, &marks), MessageState::Undecryptable);
    // Expiry brings no second final state.
    let end = step(&shape, &mut marks, Event::Expired).expect("always allowed");
    assert_eq!(end, [Effect::Purge(PurgeReason::Expired)]);
    assert_eq!(state(&shape, &marks), MessageState::Undecryptable);
}

#[test]
fn one_refusal_among_failures_is_a_refusal() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(1, 1)]);
    let mut marks = accepted(&shape);
    says(&shape, &mut marks, 0, Verdict::Refused(RefusalReason::ConsentMismatch));
    let effects = says(&shape, &mut marks, 1, Verdict::CannotDecrypt);
    assert!(effects.contains(&Effect::Refused { to: 0, reason: RefusalReason::ConsentMismatch }));
    assert_eq!(state(&shape, &marks), MessageState::Refused);
    // A reader that opens it after all still delivers.
    says(&shape, &mut marks, 1, Verdict::Delivered);
    assert_eq!(state(&shape, &marks), MessageState::Delivered);
}

#[test]
fn suspension_returns_what_was_not_delivered() {
    let shape = shape(&[1, 1], vec![wrap(0, 0b01), wrap(10, 0b10)]);
    let mut marks = accepted(&shape);
    let cut = |org, reason| Event::OrganisationCut { org, reason };
    let effects = step(&shape, &mut marks, cut(org(1), ReturnReason::Suspended)).expect("always allowed");
    assert_eq!(
        effects,
        [Effect::Returned { to: 0, reason: ReturnReason::Suspended }, Effect::Dequeue { wrap: 0 }]
    );
    assert_eq!(state(&shape, &marks), MessageState::Waiting);
    let effects = step(&shape, &mut marks, cut(org(2), ReturnReason::Removed)).expect("always allowed");
    assert_eq!(effects.last(), Some(&Effect::Purge(PurgeReason::Removed)));
    assert_eq!(state(&shape, &marks), MessageState::Returned);
}

#[test]
fn a_group_whose_last_reader_is_revoked_can_not_be_opened() {
    let shape = shape(&[1], vec![wrap(0, 1)]);
    let mut marks = accepted(&shape);
    let effects = step(&shape, &mut marks, Event::DeviceGone { org: org(1), device: device(1) })
        .expect("always allowed");
    assert_eq!(effects, [Effect::Undecryptable { to: 0 }, Effect::Dequeue { wrap: 0 }]);
}

#[test]
fn contradictions_are_refused_and_change_nothing() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(1, 1)]);
    let mut marks = accepted(&shape);
    let answered = Event::Receipt { wrap: 0, verdict: Verdict::Answered, now_ms: 1 };
    assert_eq!(step(&shape, &mut marks, answered), Err(Contradiction));
    says(&shape, &mut marks, 0, Verdict::Delivered);
    let before = marks.clone();
    let cannot = Event::Receipt { wrap: 0, verdict: Verdict::CannotDecrypt, now_ms: 2 };
    assert_eq!(step(&shape, &mut marks, cannot), Err(Contradiction));
    assert_eq!(marks, before);
    assert_eq!(says(&shape, &mut marks, 0, Verdict::Delivered), [], "a repetition brings nothing new");
}

fn shapes() -> impl Strategy<Value = Shape> {
    (prop::collection::vec(1usize..4, 1..4), prop::collection::vec(any::<u16>(), 0..6), any::<bool>())
        .prop_map(|(groups, boxes, copy)| {
            let to: usize = groups.iter().sum();
            // Every mailbox has a reader of its own, and some devices read several.
            let mut wraps: Vec<_> = (0..to).map(|k| wrap(k as u8 * 10, 1 << k)).collect();
            wraps.extend(boxes.iter().zip(1..).map(|(boxes, n)| wrap(n, (boxes & ((1 << to) - 1)).max(1))));
            wraps.extend(copy.then(|| wrap(200, 0)));
            shape(&groups, wraps)
        })
}

fn events() -> impl Strategy<Value = Event> {
    let verdict = prop_oneof![
        Just(Verdict::Delivered),
        Just(Verdict::CannotDecrypt),
        Just(Verdict::Refused(RefusalReason::SchemaTooNew)),
        Just(Verdict::Answered)
    ];
    let reason = prop_oneof![Just(ReturnReason::Suspended), Just(ReturnReason::Removed)];
    prop_oneof![
        4 => (0usize..16).prop_map(|wrap| Event::HandedOver { wrap }),
        8 => (0usize..16, verdict, 1u64..9).prop_map(|(wrap, verdict, now_ms)| Event::Receipt { wrap, verdict, now_ms }),
        1 => (0u8..10).prop_map(|n| { let wrap = wrap(n, 1); Event::DeviceGone { org: wrap.org, device: wrap.device } }),
        1 => (1u8..6, reason).prop_map(|(n, reason)| Event::OrganisationCut { org: org(n), reason }),
        1 => Just(Event::Lapsed),
        1 => Just(Event::Recalled),
        1 => Just(Event::Withdrawn),
    ]
}

proptest! {
    #[test]
    fn every_message_ends_in_one_known_state_with_its_notices(
        shape in shapes(), events in prop::collection::vec(events(), 0..40)
    ) {
        let mut marks = Marks::default();
        let mut queue = 0u64;
        let (mut told, mut purges, mut recalls) = (Vec::new(), 0, 0);
        let all = std::iter::once(Event::Accepted).chain(events).chain(std::iter::once(Event::Expired));
        for event in all {
            if let Event::HandedOver { wrap } | Event::Receipt { wrap, .. } = event && wrap >= shape.wraps.len() {
                continue;
            }
            if event == Event::Expired && marks.purged {
                continue; // The store drops the due entry with the message.
            }
            let before = marks.clone();
            let Ok(effects) = step(&shape, &mut marks, event) else {
                prop_assert_eq!(&marks, &before);
                continue;
            };
            for (index, effect) in effects.iter().enumerate() {
                match effect {
                    Effect::Enqueue { wrap } => { prop_assert_eq!(queue >> wrap & 1, 0); queue |= 1 << wrap; }
                    Effect::Dequeue { wrap } => { prop_assert_eq!(queue >> wrap & 1, 1); queue &= !(1 << wrap); }
                    Effect::Purge(_) => {
                        purges += 1;
                        told.push(*effect);
                        prop_assert_eq!(index, effects.len() - 1);
                    }
                    Effect::Recalled => recalls += 1,
                    Effect::Stop { wrap } => {
                        prop_assert!(shape.wraps[*wrap].boxes != 0, "the sender's own copies are not stopped");
                        let waited = waiting(&shape, &before) >> wrap & 1 == 1;
                        prop_assert!(
                            marks.handed >> wrap & 1 == 1 || waited && event == Event::Withdrawn,
                            "nobody hears of a message that was taken back before it came"
                        );
                    }
                    Effect::Returned { .. } | Effect::Undecryptable { .. } | Effect::Refused { .. }
                    | Effect::ExpiredUndelivered => told.push(*effect),
                    Effect::HandedOver { .. } | Effect::PassOn | Effect::LapseDue => {}
                }
            }
            for (old, new) in before.groups.iter().zip(&marks.groups) {
                prop_assert!(!matches!(old, GroupState::Delivered) || old == new, "delivered stays delivered");
                let taken_back = matches!(old, GroupState::Recalled | GroupState::Withdrawn);
                prop_assert!(!taken_back || old == new, "one of two outcomes, and never the other");
            }
            prop_assert_eq!(Marks::from_bytes(&marks.to_bytes()), Ok(marks.clone()));
        }
        prop_assert_eq!(purges, 1);
        prop_assert!(recalls <= 1);
        prop_assert_eq!(recalls == 1, marks.recalled);
        prop_assert_eq!(queue, 0, "nothing waits for anybody after the purge");
        prop_assert_ne!(state(&shape, &marks), MessageState::Waiting);
        for (index, group) in shape.groups.iter().enumerate() {
            let about = |effect: &Effect| match (marks.groups[index], effect) {
                (GroupState::Expired, Effect::ExpiredUndelivered) => true,
                (GroupState::Returned, Effect::Returned { to, .. }) => group.contains(to),
                (GroupState::Undecryptable, Effect::Undecryptable { to })
                | (GroupState::Refused, Effect::Refused { to, .. }) => *to == group.start,
                (GroupState::Recalled, Effect::Purge(reason)) => *reason == PurgeReason::Recalled,
                (GroupState::Withdrawn, Effect::Purge(reason)) => *reason == PurgeReason::Withdrawn,
                _ => false,
            };
            prop_assert!(marks.groups[index] == GroupState::Delivered || told.iter().any(about), "the sender was told");
        }
    }

    #[test]
    fn stored_marks_are_read_strictly(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(marks) = Marks::from_bytes(&bytes) {
            prop_assert_eq!(marks.to_bytes(), bytes);
        }
    }
}

#[test]
fn a_reader_that_names_one_reason_after_another_says_nothing_new() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(1, 1)]);
    let mut marks = accepted(&shape);
    says(&shape, &mut marks, 0, Verdict::Refused(RefusalReason::ConsentMismatch));
    let first = marks.clone();
    for reason in [RefusalReason::SchemaTooNew, RefusalReason::ConsentMismatch] {
        assert_eq!(says(&shape, &mut marks, 0, Verdict::Refused(reason)), []);
        assert_eq!(marks, first);
    }
}

#[test]
fn a_message_that_nobody_has_is_destroyed_and_its_readers_never_hear_of_it() {
    let shape = shape(&[1], vec![wrap(0, 1), wrap(90, 0)]);
    let mut marks = accepted(&shape);
    let effects = step(&shape, &mut marks, Event::Recalled).expect("always allowed");
    let gone =
        [Effect::Dequeue { wrap: 0 }, Effect::Dequeue { wrap: 1 }, Effect::Purge(PurgeReason::Recalled)];
    assert_eq!(effects[0], Effect::Recalled);
    assert_eq!(effects[1..], gone);
    assert_eq!(state(&shape, &marks), MessageState::Recalled);
    assert_eq!(step(&shape, &mut marks, Event::Recalled), Ok(vec![]), "once");
}

#[test]
fn whoever_has_a_message_is_told_to_stop_when_it_is_taken_back() {
    let shape = shape(&[1, 1], vec![wrap(0, 0b01), wrap(10, 0b10), wrap(11, 0b10)]);
    let mut marks = accepted(&shape);
    for wrap in [0, 2] {
        step(&shape, &mut marks, Event::HandedOver { wrap }).expect("contradicts nothing");
    }
    says(&shape, &mut marks, 0, Verdict::Delivered);
    says(&shape, &mut marks, 2, Verdict::CannotDecrypt);
    let effects = step(&shape, &mut marks, Event::Recalled).expect("always allowed");
    let stops: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Stop { .. })).collect();
    assert_eq!(
        stops,
        [&Effect::Stop { wrap: 0 }],
        "who can not open it has nothing, and who never got it hears nothing"
    );
    // What was delivered stays delivered; the other group never gets it.
    assert_eq!(marks.groups[..2], [GroupState::Delivered, GroupState::Recalled]);
    assert_eq!(state(&shape, &marks), MessageState::Recalled);
}

#[test]
fn a_withdrawn_consent_is_told_to_those_for_whom_the_message_waited_too() {
    let shape = shape(&[1, 1], vec![wrap(0, 0b01), wrap(10, 0b10)]);
    let mut marks = accepted(&shape);
    step(&shape, &mut marks, Event::HandedOver { wrap: 0 }).expect("contradicts nothing");
    says(&shape, &mut marks, 0, Verdict::Delivered);
    let effects = step(&shape, &mut marks, Event::Withdrawn).expect("always allowed");
    assert_eq!(effects[..2], [Effect::Stop { wrap: 0 }, Effect::Stop { wrap: 1 }]);
    assert_eq!(effects.last(), Some(&Effect::Purge(PurgeReason::Withdrawn)));
    assert_eq!(state(&shape, &marks), MessageState::Withdrawn);
    assert_eq!(
        step(&shape, &mut marks, Event::Withdrawn),
        Ok(vec![]),
        "once, however many of its consents go"
    );
}
