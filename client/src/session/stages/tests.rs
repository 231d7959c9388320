//! What proves which stage, one line each; and that it does not matter in which order it becomes known.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use samverkan_proto::code::{Class, PurgeReason, RecipientKind, RefusalReason, ReturnReason, Urgency};
use samverkan_proto::ids::{DeviceId, EpochKeyId, MailboxId, MessageId, OrgId};
use samverkan_proto::limits::MAX_LIFETIME_MS;
use samverkan_proto::statement::header::{Recipient, Wrap};
use secrecy::zeroize::Zeroizing;

use super::*;

const CREATED_MS: u64 = 1_767_225_600_000;
const EXPIRES_MS: u64 = CREATED_MS + MAX_LIFETIME_MS;

/// The time of the `n`-th event.
const fn at(n: u64) -> u64 {
    CREATED_MS + 100 * n
}

/// Two groups: mailbox 0 with 1 as its alternate, and mailbox 2 alone. Organisation n has device n, which reads mailbox n; organisation 7
/// has a sent copy.
fn fields() -> HeaderFields {
    let kinds = [RecipientKind::Primary, RecipientKind::Alternate, RecipientKind::Primary];
    let to = (0..).zip(kinds).map(|(index, kind)| Recipient {
        org: mailbox(index).org,
        mailbox: mailbox(index).mailbox,
        manifest_serial: 1,
        kind,
    });
    let wrap = |(index, boxes): (u8, u16)| Wrap {
        org: org(index),
        device: device(index),
        epoch_key: EpochKeyId::parse(&[index + 1; 32]).expect("id"),
        boxes,
    };
    HeaderFields {
        message_id: MessageId::random(),
        sender_org: org(7),
        sender_mailbox: mailbox(7).mailbox,
        sender_device: device(8),
        class: Class::FollowUp,
        basis: None,
        urgency: Urgency::Routine,
        answer_within_minutes: None,
        created_ms: CREATED_MS,
        expires_ms: EXPIRES_MS,
        content_len: 4112,
        key_commit: [1; 32],
        to: to.collect(),
        wraps: [(0, 1), (1, 2), (2, 4), (7, 0)].map(wrap).to_vec(),
        blobs: Vec::new(),
        handles: Vec::new(),
    }
}

fn org(index: u8) -> OrgId {
    OrgId::parse(&[0x10 + index; 16]).expect("id")
}

fn device(index: u8) -> DeviceId {
    DeviceId::parse(&[0x20 + index; 16]).expect("id")
}

fn mailbox(index: u8) -> MailboxRef {
    MailboxRef { org: org(index), mailbox: MailboxId::parse(&[0x30 + index; 16]).expect("id") }
}

fn secret() -> MessageSecret {
    let mut id = [0x84; 16];
    id[6] = 0x44;
    let id = MessageId::parse(&id).expect("of version 4");
    MessageSecret::new(id, Zeroizing::new([5; 32]))
}

fn hub(event: HubEvent, hub_time_ms: u64) -> Said {
    Said::Hub(HubReceipt {
        message_id: MessageId::random(),
        hh: [0; 32],
        content_hash: [0; 32],
        wraps_hash: [0; 32],
        hub_time_ms,
        policy_version: 1,
        log_size: 1,
        log_root: [0; 32],
        event,
    })
}

fn accepted() -> Said {
    hub(HubEvent::SubmissionAccepted { sender: mailbox(7), device: device(8) }, at(0))
}

fn handed_over(to: u8, time_ms: u64) -> Said {
    hub(HubEvent::HandedOver { recipient: mailbox(to), device: device(to) }, time_ms)
}

fn says(by: u8, verdict: Verdict, time_ms: u64) -> Said {
    Said::Device(DeviceReceipt {
        message_id: MessageId::random(),
        hh: [0; 32],
        org: org(by),
        device: device(by),
        time_ms,
        verdict,
    })
}

fn delivered(by: u8, time_ms: u64) -> Said {
    says(by, Verdict::Delivered { open_tag: [0; 16] }, time_ms)
}

fn answered(by: u8, names: &Answer, time_ms: u64) -> Said {
    let answer_ref = secret().answer_ref(&names.hh);
    says(by, Verdict::Answered { open_tag: [0; 16], mailbox: mailbox(by).mailbox, answer_ref }, time_ms)
}

fn answer_from(index: u8) -> Answer {
    Answer { hh: [index; 32], from: mailbox(index) }
}

fn reached_at(state: &OutState, said: &[Said], answers: &[Answer], now_ms: u64) -> Vec<Reached> {
    let (fields, secret) = (fields(), secret());
    judge(&Known { fields: &fields, secret: &secret, state, said, answers, later: &[], now_ms })
}

fn reached(said: &[Said]) -> Vec<Reached> {
    reached_at(&OutState::Settled, said, &[], at(50))
}

fn stages(reached: &[Reached]) -> Vec<Stage> {
    reached.iter().map(|reached| reached.stage).collect()
}

fn overall_of(reached: &[Reached]) -> Stage {
    overall(fields().groups(), &stages(reached)).expect("there are recipients")
}

#[test]
fn each_receipt_proves_its_stage_and_no_more() {
    let refused = hub(HubEvent::Refused { recipient: mailbox(2), reason: RefusalReason::Expired }, at(5));
    let undecryptable = hub(HubEvent::Undecryptable { recipient: mailbox(2) }, at(5));
    let returned = hub(HubEvent::Returned { recipient: mailbox(2), reason: ReturnReason::Suspended }, at(5));
    let expired = hub(HubEvent::ExpiredUndelivered, at(9));
    let (over, has_it) = (handed_over(2, at(1)), delivered(2, at(2)));
    let table: [(&str, Vec<Said>, Stage, Option<&str>); 10] = [
        ("nothing more", vec![], Stage::Accepted, None),
        ("handed over", vec![over], Stage::HandedOver, None),
        ("delivered", vec![over, has_it], Stage::Delivered, None),
        ("delivered, and the hub's word has not come", vec![has_it], Stage::Delivered, None),
        ("refused", vec![over, refused], Stage::Refused, Some("EXPIRED")),
        ("undecryptable", vec![over, undecryptable], Stage::Undecryptable, None),
        ("returned", vec![returned], Stage::Returned, Some("SUSPENDED")),
        ("expired", vec![over, expired], Stage::ExpiredUndelivered, None),
        ("refused, and therefore expired", vec![expired, refused], Stage::Refused, Some("EXPIRED")),
        ("delivered, whatever the hub says", vec![refused, expired, has_it], Stage::Delivered, None),
    ];
    for (case, said, stage, reason) in table {
        let got = &reached(&[&[accepted()], said.as_slice()].concat())[2];
        assert_eq!((got.stage, got.reason.as_deref()), (stage, reason), "{case}");
        assert_eq!(got.history[0], (Stage::Accepted, at(0)), "{case}");
    }
}

#[test]
fn one_delivered_and_one_expired_recipient_are_told_apart_and_need_action() {
    let got = reached(&[accepted(), delivered(0, at(2)), hub(HubEvent::ExpiredUndelivered, at(9))]);
    assert_eq!(stages(&got), [Stage::Delivered, Stage::Covered, Stage::ExpiredUndelivered]);
    assert_eq!(overall_of(&got), Stage::ExpiredUndelivered);
}

#[test]
fn a_group_ends_together_and_lives_together() {
    let refused = hub(HubEvent::Refused { recipient: mailbox(0), reason: RefusalReason::Expired }, at(5));
    assert_eq!(stages(&reached(&[accepted(), refused])), [Stage::Refused, Stage::Refused, Stage::Accepted]);
    let undecryptable = hub(HubEvent::Undecryptable { recipient: mailbox(0) }, at(5));
    assert_eq!(stages(&reached(&[accepted(), undecryptable]))[..2], [Stage::Undecryptable; 2]);
    let got = reached(&[accepted(), handed_over(0, at(1)), refused, delivered(1, at(6))]);
    assert_eq!(stages(&got)[..2], [Stage::Covered, Stage::Delivered], "the alternate has it");
    // The alternate of a primary that left is still to get it.
    let returned = hub(HubEvent::Returned { recipient: mailbox(0), reason: ReturnReason::Removed }, at(5));
    assert_eq!(stages(&reached(&[accepted(), returned]))[..2], [Stage::Returned, Stage::Accepted]);
    assert_eq!(overall(std::iter::once(0..2), &[Stage::Returned, Stage::Accepted]), Some(Stage::Accepted));
}

#[test]
fn an_answer_is_proven_by_the_sealed_message_that_the_receipt_names() {
    let (answer, other) = (answer_from(2), Answer { hh: [9; 32], from: mailbox(2) });
    let said = [accepted(), delivered(2, at(1)), answered(2, &answer, at(2))];
    let stage = |answers: &[Answer]| reached_at(&OutState::Settled, &said, answers, at(50))[2].stage;
    assert_eq!(stage(&[]), Stage::Delivered, "the answer is not here");
    assert_eq!(stage(&[other]), Stage::Delivered, "another message of the thread");
    assert_eq!(stage(&[other, answer]), Stage::Answered);
    let from_elsewhere = Answer { from: mailbox(0), ..answer };
    assert_eq!(stage(&[from_elsewhere]), Stage::Delivered, "sent from another mailbox than the receipt says");
    let nobody = [accepted(), says(7, Verdict::Delivered { open_tag: [0; 16] }, at(1))];
    assert_eq!(stages(&reached(&nobody)), [Stage::Accepted; 3], "a sent copy never counts");
}

#[test]
fn history_has_the_first_time_of_every_stage() {
    let got = reached(&[
        delivered(2, at(4)),
        handed_over(2, at(2)),
        accepted(),
        delivered(2, at(3)),
        handed_over(2, at(1)),
    ]);
    let expected = [(Stage::Accepted, at(0)), (Stage::HandedOver, at(1)), (Stage::Delivered, at(3))];
    assert_eq!(got[2].history, expected);
}

#[test]
fn what_the_hub_never_took_waits_or_was_not_sent() {
    let waiting = reached_at(&OutState::Waiting, &[], &[], at(1));
    assert_eq!(waiting[0].history, [(Stage::Waiting, CREATED_MS)]);
    assert_eq!(stages(&waiting), [Stage::Waiting; 3]);
    let refused = OutState::Refused("RECIPIENT_SUSPENDED".to_owned());
    let got = reached_at(&refused, &[], &[], at(1));
    assert_eq!((got[0].stage, got[0].reason.as_deref()), (Stage::NotSent, Some("RECIPIENT_SUSPENDED")));
    let gone = OutState::Refused("MESSAGE_GONE".to_owned());
    assert_eq!(stages(&reached_at(&gone, &[], &[], at(1))), [Stage::Unproven; 3], "the hub has had it");
    let got = reached_at(&gone, &[delivered(2, at(1))], &[], at(2));
    assert_eq!(got[2].stage, Stage::Delivered, "a receipt proves more than the missing answer");
}

#[test]
fn silence_is_an_end_too() {
    let said = [accepted(), handed_over(0, at(1)), delivered(2, at(2))];
    let at_time = |now_ms| stages(&reached_at(&OutState::Settled, &said, &[], now_ms));
    let open = [Stage::HandedOver, Stage::Accepted, Stage::Delivered];
    assert_eq!(at_time(EXPIRES_MS + SILENCE_MS - 1), open);
    assert_eq!(at_time(EXPIRES_MS + SILENCE_MS), [Stage::Unproven, Stage::Unproven, Stage::Delivered]);
    let silent = reached_at(&OutState::Settled, &said, &[], EXPIRES_MS + SILENCE_MS);
    assert!(!silent[0].is_told_end(), "news may still come");
    let purged = hub(HubEvent::Purged(PurgeReason::Delivered), at(9));
    let got = reached(&[&said[..], &[purged]].concat());
    assert_eq!(
        stages(&got),
        [Stage::Unproven, Stage::Unproven, Stage::Delivered],
        "the hub's word is no delivery"
    );
    assert_eq!(got[0].purged_ms, Some(at(9)));
    assert!(got[0].is_told_end());
}

#[test]
fn overall_is_the_best_of_a_group_and_the_worst_of_groups() {
    use Stage::{
        Accepted, Answered, Covered, Delivered, ExpiredUndelivered, HandedOver, NotSent, Refused, Waiting,
    };
    let table = [
        ([Accepted, Delivered, HandedOver], HandedOver),
        ([Covered, Delivered, Answered], Delivered),
        ([ExpiredUndelivered, ExpiredUndelivered, Delivered], ExpiredUndelivered),
        ([Refused, Refused, ExpiredUndelivered], Refused),
        ([Accepted, ExpiredUndelivered, Delivered], Accepted),
        ([Waiting, Waiting, Waiting], Waiting),
        ([NotSent, NotSent, NotSent], NotSent),
    ];
    for (stages, expected) in table {
        assert_eq!(overall(fields().groups(), &stages), Some(expected), "{stages:?}");
    }
    assert_eq!(overall(std::iter::empty(), &[]), None);
}

/// Anything that anybody may say, also about mailboxes and by devices that have no part in it.
fn said() -> impl Strategy<Value = Said> {
    let event = (0u8..4).prop_flat_map(|to| {
        let recipient = mailbox(to);
        prop_oneof![
            Just(HubEvent::HandedOver { recipient, device: device(to) }),
            Just(HubEvent::ExpiredUndelivered),
            select(PurgeReason::ALL).prop_map(HubEvent::Purged),
            select(ReturnReason::ALL).prop_map(move |reason| HubEvent::Returned { recipient, reason }),
            Just(HubEvent::Undecryptable { recipient }),
            select(RefusalReason::ALL).prop_map(move |reason| HubEvent::Refused { recipient, reason }),
            Just(HubEvent::Expiring),
        ]
    });
    let time = (0u64..40).prop_map(at);
    prop_oneof![
        4 => (event, time.clone()).prop_map(|(event, time)| hub(event, time)),
        2 => (0u8..9, time.clone()).prop_map(|(by, time)| delivered(by, time)),
        1 => (0u8..4, time).prop_map(|(by, time)| answered(by, &answer_from(by), time)),
    ]
}

const ANSWERS: [u8; 2] = [0, 2];

/// Whether one more thing that somebody says may take a recipient from one stage to another.
fn is_allowed(from: Stage, to: Stage) -> bool {
    use Stage::{Accepted, Answered, Covered, Delivered, HandedOver, NotSent, Waiting};
    match (from, to) {
        _ if from == to => true,
        // Nothing undoes that it arrived, and a group that has it keeps it.
        (Answered, _) => false,
        (Delivered, to) => to == Answered,
        (Covered, to) => matches!(to, Delivered | Answered),
        // Nobody takes back that the hub had it.
        (_, Waiting | NotSent | Accepted) => false,
        (Accepted, _) => true,
        (HandedOver, to) => to != HandedOver,
        // An end may be told better, or be overtaken by a delivery; it never becomes open again.
        (from, to) if from.is_end() => to != HandedOver,
        (Waiting | NotSent, _) | (_, _) => false,
    }
}

proptest! {
    #[test]
    fn the_order_in_which_things_become_known_does_not_matter(
        (told, shuffled) in vec(said(), 0..12).prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
    ) {
        let answers = ANSWERS.map(answer_from);
        let judged = |said: &[Said]| reached_at(&OutState::Settled, said, &answers, at(50));
        let in_order = judged(&[&[accepted()], told.as_slice()].concat());
        prop_assert_eq!(&in_order, &judged(&[shuffled.as_slice(), &[accepted()]].concat()));
        let twice = [&[accepted()], told.as_slice(), shuffled.as_slice()].concat();
        prop_assert_eq!(&in_order, &judged(&twice), "what is told twice is told once");
    }

    #[test]
    fn no_step_is_illegal(told in vec(said(), 0..12), now_ms in select(vec![at(50), EXPIRES_MS + SILENCE_MS])) {
        let answers = ANSWERS.map(answer_from);
        let mut said = vec![accepted()];
        let mut before = reached_at(&OutState::Settled, &said, &answers, now_ms);
        for one in told {
            said.push(one);
            let after = reached_at(&OutState::Settled, &said, &answers, now_ms);
            for (from, to) in stages(&before).into_iter().zip(stages(&after)) {
                prop_assert!(is_allowed(from, to), "{from:?} to {to:?} by {one:?}");
            }
            before = after;
        }
    }

    #[test]
    fn a_bad_end_is_never_hidden_by_a_good_one_elsewhere(told in vec(said(), 0..12)) {
        let got = reached(&[&[accepted()], told.as_slice()].concat());
        let lost = fields().groups().any(|group| got[group].iter().all(|one| one.stage.is_undelivered_end()));
        prop_assert_eq!(overall_of(&got).is_undelivered_end(), lost);
    }

    #[test]
    fn every_message_ends(told in vec(said(), 0..12)) {
        let said = [&[accepted()], told.as_slice()].concat();
        for one in reached_at(&OutState::Settled, &said, &[], EXPIRES_MS + SILENCE_MS) {
            let ended = one.stage.is_end() || one.stage.calm() >= Stage::Covered.calm();
            prop_assert!(ended, "{:?}", one.stage);
        }
    }
}
