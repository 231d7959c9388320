//! The rules as a table, and the laws of the fold for any steps in any order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use samverkan_envelope::body::{Body, Field};
use samverkan_proto::code::{Class, Kind};
use samverkan_proto::ids::{MailboxId, OrgId, SendId, ThreadId};

use super::chain::{Broken, Chain};
use super::rules::Denied;
use super::wire::{self, Read};
use super::*;

mod vectors;

fn id(number: u8) -> SendId {
    let mut bytes = [number; 16];
    (bytes[6], bytes[8]) = (0x40, 0x80);
    SendId::parse(&bytes).expect("a UUID of version 4")
}

fn org(number: u8) -> OrgId {
    OrgId::parse(&[number; 16]).expect("an id")
}

fn mailbox(number: u8) -> Mailbox {
    Mailbox { org: org(number), mailbox: MailboxId::parse(&[number; 16]).expect("an id") }
}

/// Every act once, with details where it has any.
fn acts() -> Vec<Act> {
    let reason = Reason::NoCapacity;
    vec![
        Act::Review,
        Act::Accept { contact_by: Some("2026-12-01".parse().expect("a day")) },
        Act::Accept { contact_by: None },
        Act::Decline { reason, suggest: Some(mailbox(3)) },
        Act::Decline { reason, suggest: None },
        Act::Ask,
        Act::Supply,
        Act::Waitlist,
        Act::Start,
        Act::Complete,
        Act::Fail { reason },
        Act::Forward { to: mailbox(4) },
        Act::Reopen,
        Act::Recall,
        Act::WithdrawConsent,
        Act::Mistake,
    ]
}

/// The table of PROTOCOL.md section 21 once more, as text: by whom, from which states, to which.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("review", "recipient", "SENT RECEIVED", "IN_REVIEW"),
    ("accept", "recipient", "SENT RECEIVED IN_REVIEW INFO_REQUESTED WAITLISTED", "ACCEPTED"),
    ("decline", "recipient", "SENT RECEIVED IN_REVIEW INFO_REQUESTED WAITLISTED", "DECLINED"),
    ("ask", "recipient", "SENT RECEIVED IN_REVIEW INFO_REQUESTED WAITLISTED", "INFO_REQUESTED"),
    ("supply", "sender", "INFO_REQUESTED", "IN_REVIEW"),
    ("waitlist", "recipient", "SENT RECEIVED IN_REVIEW INFO_REQUESTED", "WAITLISTED"),
    ("start", "recipient", "ACCEPTED", "IN_PROGRESS"),
    ("complete", "recipient", "ACCEPTED IN_PROGRESS", "COMPLETED"),
    ("fail", "recipient", "ACCEPTED IN_PROGRESS", "FAILED"),
    ("forward", "recipient", "SENT RECEIVED IN_REVIEW INFO_REQUESTED WAITLISTED", "REFERRED_ONWARD"),
    ("reopen", "sender recipient", "DECLINED COMPLETED FAILED", "IN_REVIEW"),
    (
        "recall",
        "sender",
        "SENT RECEIVED IN_REVIEW INFO_REQUESTED WAITLISTED ACCEPTED IN_PROGRESS",
        "RECALLED",
    ),
    (
        "withdraw-consent",
        "sender",
        "ALL BUT RECALLED CONSENT_WITHDRAWN ENTERED_IN_ERROR",
        "CONSENT_WITHDRAWN",
    ),
    ("entered-in-error", "sender", "ALL BUT RECALLED CONSENT_WITHDRAWN ENTERED_IN_ERROR", "ENTERED_IN_ERROR"),
];

fn allowed(state: State, by: Side, act: &Act) -> Option<State> {
    let (_, sides, from, to) = TABLE.iter().find(|row| row.0 == act.name()).expect("a row");
    let named = from.split(' ').any(|name| name == state.name());
    let may = sides.split(' ').any(|side| side == by.name()) && named != from.starts_with("ALL BUT");
    may.then(|| State::from_name(to).expect("a state"))
}

#[test]
fn nothing_leads_anywhere_but_by_the_table() {
    for (class, state) in [Class::Referral, Class::InformationRequest]
        .into_iter()
        .flat_map(|class| State::ALL.iter().map(move |state| (class, *state)))
    {
        for (by, act) in Side::ALL.iter().flat_map(|by| acts().into_iter().map(move |act| (*by, act))) {
            let led = next(class, state, by, &act).ok();
            assert_eq!(led, allowed(state, by, &act), "{class} {state:?} {by:?} {act:?}");
        }
    }
}

#[test]
fn a_concern_report_is_dealt_with_or_handed_over_and_never_decided_about() {
    let refused = ["accept", "decline", "waitlist", "fail"];
    for (state, act) in State::ALL.iter().flat_map(|state| acts().into_iter().map(move |act| (*state, act))) {
        let led = next(Class::ConcernReport, state, Side::Recipient, &act);
        if refused.contains(&act.name()) {
            assert_eq!(led, Err(Denied::NeverDecided), "{state:?} {act:?}");
        }
        assert!(act.kind() != Kind::Decision || led == Err(Denied::NeverDecided), "{act:?}");
    }
    let way = [(Act::Start, State::InProgress), (Act::Forward { to: mailbox(4) }, State::ReferredOnward)];
    let mut state = State::Received;
    for (act, to) in way {
        state = next(Class::ConcernReport, state, Side::Recipient, &act).expect("a way");
        assert_eq!(state, to);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let after = subsequence((0..12u8).collect::<Vec<_>>(), 0..4);
    (0..12u8, select(Side::ALL), after, select(acts())).prop_map(|(number, by, after, act)| Step {
        id: id(number),
        by,
        after: after.into_iter().map(id).collect(),
        act,
    })
}

fn class() -> impl Strategy<Value = Class> {
    select(vec![Class::Referral, Class::ConcernReport, Class::InformationRequest])
}

/// One thing that happens in the life of two sides.
#[derive(Clone, Debug)]
enum Event {
    /// A side does something, as the rules let it by what it knows; which, says the number.
    Takes(Side, usize),
    /// What the other side has sent and this one lacks comes, one of it; which, says the number.
    Comes(Side, usize),
}

fn event() -> impl Strategy<Value = Event> {
    let by = || select(Side::ALL);
    prop_oneof![
        (by(), any::<usize>()).prop_map(|(by, pick)| Event::Takes(by, pick)),
        (by(), any::<usize>()).prop_map(|(by, pick)| Event::Comes(by, pick)),
    ]
}

/// Both sides, each with the steps that it knows.
struct Pair {
    class: Class,
    known: [Vec<Step>; 2],
}

impl Pair {
    fn knows(&mut self, side: Side) -> &mut Vec<Step> {
        &mut self.known[usize::from(side == Side::Recipient)]
    }

    fn fold(&mut self, side: Side) -> Referral {
        fold(self.class, State::Received, self.knows(side).clone())
    }

    /// An honest program offers only what its rules allow.
    fn take(&mut self, side: Side, pick: usize, number: u8) {
        let referral = self.fold(side);
        let may = |act: &Act| next(self.class, referral.state, side, act).is_ok();
        let acts: Vec<Act> = acts().into_iter().filter(may).collect();
        let Some(act) = acts.get(pick % acts.len().max(1)).copied() else { return };
        let step = Step { id: id(number), by: side, after: referral.newest(), act };
        self.knows(side).push(step);
        let after = self.fold(side);
        let last = after.history.iter().find(|entry| entry.step.id == id(number)).expect("kept");
        assert!(matches!(last.effect, Effect::Led(_)), "what was offered has an effect: {last:?}");
    }

    fn come(&mut self, side: Side, pick: usize) {
        let other = if side == Side::Sender { Side::Recipient } else { Side::Sender };
        let known: BTreeSet<SendId> = self.knows(side).iter().map(|step| step.id).collect();
        let lacking: Vec<Step> =
            self.knows(other).iter().filter(|step| !known.contains(&step.id)).cloned().collect();
        if let Some(step) = lacking.get(pick % lacking.len().max(1)) {
            self.knows(side).push(step.clone());
        }
    }
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_gives_the_same(
        class in class(),
        steps in proptest::collection::vec(step(), 0..16),
        again in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        seed in any::<proptest::sample::Index>(),
    ) {
        let once = fold(class, State::Received, steps.clone());
        let mut other = steps.clone();
        if !steps.is_empty() {
            other.extend(again.iter().map(|index| index.get(&steps).clone()));
            let len = other.len();
            other.rotate_left(seed.index(len));
            other.reverse();
        }
        prop_assert_eq!(once, fold(class, State::Received, other));
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_against_the_rules(
        class in class(),
        steps in proptest::collection::vec(step(), 0..16),
    ) {
        let referral = fold(class, State::Sent, steps.clone());
        let given: BTreeSet<SendId> = steps.iter().map(|step| step.id).collect();
        let kept: Vec<SendId> = referral.history.iter().map(|entry| entry.step.id).collect();
        prop_assert_eq!(kept.len(), given.len());
        prop_assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), given);
        let mut state = State::Sent;
        for entry in &referral.history {
            let led = next(class, state, entry.step.by, &entry.step.act);
            match entry.effect {
                Effect::Led(to) => { prop_assert_eq!(led, Ok(to)); state = to; }
                Effect::None(denied) => prop_assert_eq!(led, Err(denied)),
            }
        }
        prop_assert_eq!(state, referral.state);
    }

    #[test]
    fn what_comes_after_counts_after(steps in proptest::collection::vec(step(), 0..16)) {
        // Ids that only name lower ones make no ring.
        let cut = |mut step: Step| {
            step.after.retain(|earlier| *earlier < step.id);
            step
        };
        let referral = fold(Class::Referral, State::Sent, steps.into_iter().map(cut));
        let place = |id: &SendId| referral.history.iter().position(|entry| entry.step.id == *id);
        for entry in &referral.history {
            for earlier in entry.step.after.iter().filter_map(place) {
                prop_assert!(Some(earlier) < place(&entry.step.id));
            }
        }
    }

    #[test]
    fn two_sides_that_have_heard_each_other_agree(
        class in class(),
        events in proptest::collection::vec(event(), 0..24),
    ) {
        let mut pair = Pair { class, known: [Vec::new(), Vec::new()] };
        for (number, event) in (0..).zip(&events) {
            match *event {
                Event::Takes(side, pick) => pair.take(side, pick, number),
                Event::Comes(side, pick) => pair.come(side, pick),
            }
        }
        for side in Side::ALL {
            (0..events.len()).for_each(|_| pair.come(*side, 0));
        }
        prop_assert_eq!(pair.fold(Side::Sender), pair.fold(Side::Recipient));
    }

    #[test]
    fn what_the_sender_takes_back_stays_taken_back(
        steps in proptest::collection::vec(step(), 0..16),
        act in select(vec![Act::WithdrawConsent, Act::Mistake]),
    ) {
        let end = Step { id: id(200), by: Side::Sender, after: BTreeSet::new(), act };
        let referral = fold(Class::Referral, State::Received, steps.into_iter().chain([end]));
        prop_assert!(referral.state.is_taken_back(), "{:?}", referral);
    }

    #[test]
    fn a_step_reads_as_it_was_written(step in step()) {
        let fields = wire::write(&step.act, &step.after);
        prop_assert_eq!(wire::read(&body(&step, fields), step.by), Read::Step(step));
    }

    #[test]
    fn a_step_that_is_written_otherwise_changes_nothing(
        step in step(),
        name in "svk_[a-z_]{1,12}|[a-z]{1,8}",
        value in ".{0,40}",
    ) {
        let mut fields = wire::write(&step.act, &step.after);
        match fields.iter_mut().find(|field| field.name == name) {
            Some(field) if field.value == value => return Ok(()),
            Some(field) => field.value = value,
            None => fields.push(Field { name, value }),
        }
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        match wire::read(&body(&step, fields.clone()), step.by) {
            Read::NotUnderstood => {}
            // Another valid value makes another step, never the same one.
            Read::Step(other) => {
                prop_assert_ne!(&other, &step);
                prop_assert!(wire::write(&other.act, &other.after) == fields);
            }
            Read::Plain => prop_assert!(false, "it claims to be a step"),
        }
    }
}

fn body(step: &Step, fields: Vec<Field>) -> Body {
    Body {
        kind: step.act.kind(),
        send_id: step.id,
        thread_id: ThreadId::random(),
        in_reply_to: None,
        form: wire::FORM.to_owned(),
        fields,
        subject: String::new(),
        text: String::new(),
        attachments: Vec::new(),
        consents: Vec::new(),
        checkpoint: Vec::new(),
    }
}

#[test]
fn a_step_of_another_kind_or_form_is_not_understood() {
    let step = Step { id: id(1), by: Side::Recipient, after: BTreeSet::new(), act: Act::Ask };
    let whole = body(&step, wire::write(&step.act, &step.after));
    for other in [
        Body { kind: Kind::Decision, ..whole.clone() },
        Body { kind: Kind::Reply, ..whole.clone() },
        Body { form: "step-2".to_owned(), ..whole.clone() },
        Body { fields: Vec::new(), ..whole.clone() },
    ] {
        assert_eq!(wire::read(&other, Side::Recipient), Read::NotUnderstood, "{other:?} {}", other.form);
    }
    let plain = Body { kind: Kind::Reply, form: String::new(), fields: Vec::new(), ..whole };
    assert_eq!(wire::read(&plain, Side::Recipient), Read::Plain);
}

#[test]
fn colleagues_who_decide_at_the_same_time_are_heard_in_a_fixed_order() {
    let by = Side::Recipient;
    let none = BTreeSet::new;
    let decline = Act::Decline { reason: Reason::NoCapacity, suggest: None };
    let refused = Step { id: id(1), by, after: none(), act: decline };
    let taken = Step { id: id(9), by, after: none(), act: Act::Accept { contact_by: None } };
    let referral = fold(Class::Referral, State::Received, [refused.clone(), taken.clone()]);
    assert_eq!(referral.state, State::Accepted, "who helps goes before who does not");
    assert_eq!(referral.history[1].effect, Effect::None(Denied::NotNow(State::Accepted)));
    assert_eq!(referral.newest(), [refused.id, taken.id].into());
    assert_eq!(referral.decisive(), Some((&taken, State::Accepted)));
}

#[test]
fn who_takes_steps_without_end_silences_itself_alone() {
    let long = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let mut bytes = [high; 16];
        (bytes[6], bytes[8], bytes[15]) = (0x40, 0x80, low);
        SendId::parse(&bytes).expect("a UUID of version 4")
    };
    let most = u16::try_from(samverkan_proto::limits::MAX_STEPS_A_SIDE).expect("few");
    let flood = (0..2 * most).map(|number| {
        let after = number.checked_sub(1).map(long).into_iter().collect();
        Step { id: long(number), by: Side::Recipient, after, act: Act::Ask }
    });
    let flood: Vec<Step> = flood.collect();
    let asked = fold(Class::Referral, State::Received, flood.clone());
    let counted = asked.history.iter().filter(|entry| entry.effect != Effect::None(Denied::TooMany));
    assert_eq!((counted.count(), asked.is_full_of(Side::Recipient)), (most.into(), true));
    let back = Step { id: id(255), by: Side::Sender, after: asked.newest(), act: Act::WithdrawConsent };
    let referral = fold(Class::Referral, State::Received, flood.into_iter().chain([back]));
    assert_eq!(referral.state, State::ConsentWithdrawn, "the other side is heard all the same");
}

#[test]
fn an_order_to_stop_ends_what_was_not_ended_so_before() {
    let completed = [
        Step { id: id(1), by: Side::Recipient, after: [].into(), act: Act::Accept { contact_by: None } },
        Step { id: id(2), by: Side::Recipient, after: [id(1)].into(), act: Act::Complete },
    ];
    let referral = fold(Class::Referral, State::Received, completed);
    let stopped = referral.clone().taken_back(State::ConsentWithdrawn);
    assert_eq!((stopped.state, &stopped.history), (State::ConsentWithdrawn, &referral.history));
    assert_eq!(stopped.taken_back(State::Recalled).state, State::ConsentWithdrawn);
}

#[test]
fn what_nobody_fetched_is_expired_until_somebody_says_otherwise() {
    assert_eq!(fold(Class::Referral, State::Expired, []).state, State::Expired);
    let taken = Step {
        id: id(1),
        by: Side::Recipient,
        after: BTreeSet::new(),
        act: Act::Accept { contact_by: None },
    };
    assert_eq!(fold(Class::Referral, State::Expired, [taken]).state, State::Accepted);
}

#[test]
fn a_chain_neither_closes_nor_grows_for_ever() {
    let mut chain = Chain::begun_by(org(1));
    for number in 2..=4 {
        chain = chain.passed_on(org(number), &org(number + 1)).expect("within the limit");
        assert_eq!(Chain::read(&chain.write()), Some(chain.clone()));
        assert!(chain.holds(&org(number), &org(number + 1)));
        assert!(!chain.holds(&org(number), &org(1)) && !chain.holds(&org(9), &org(number + 1)));
        let refused = if number < 4 { Broken::Loop } else { Broken::TooLong };
        for had in 1..=number {
            assert_eq!(chain.passed_on(org(number + 1), &org(had)), Err(refused));
        }
    }
    assert_eq!(chain.passed_on(org(5), &org(6)), Err(Broken::TooLong));
    let again = format!("{} {}", org(1), org(1));
    for bad in
        ["", " ", "x", &again, &[org(1), org(2), org(3), org(4), org(5)].map(|org| org.to_string()).join(" ")]
    {
        assert_eq!(Chain::read(bad), None, "{bad}");
    }
}
