//! Every rule, broken once.

use super::*;

fn model() -> Model {
    let mut model = Model::default();
    model.write(1, Written { by: 0, to: [1].into(), may_end: false });
    model
}

fn shown(token: Token, came: bool) -> Shown {
    Shown { token, from: 0, came }
}

fn step(stage: Stage) -> Step {
    let history = vec![(Stage::Accepted, 5)];
    Step { token: 1, to: 1, stage, history }
}

fn view(shown: Vec<Shown>, steps: Vec<Step>) -> View {
    View { shown, steps, ..View::default() }
}

#[track_caller]
fn breaks(checked: Checked, words: &str) {
    let violation = checked.expect_err("a rule is broken");
    assert!(violation.0.contains(words), "{}", violation.0);
}

#[test]
fn a_good_run_breaks_nothing() {
    let mut model = model();
    for stage in [Stage::Waiting, Stage::Accepted, Stage::HandedOver, Stage::Delivered, Stage::Answered] {
        model.look(0, 0, &view(vec![shown(1, false)], vec![step(stage)])).expect("in order");
    }
    model.look(1, 1, &view(vec![shown(1, true)], vec![])).expect("it came");
    let sent = view(vec![shown(1, false)], vec![step(Stage::Delivered)]);
    let views = [(0, sent), (1, view(vec![shown(1, true)], vec![]))].into();
    model.rest(&views).expect("delivered");
}

#[test]
fn what_is_shown_twice_elsewhere_or_no_more_is_found() {
    breaks(model().look(1, 1, &view(vec![shown(1, true), shown(1, true)], vec![])), "twice");
    breaks(model().look(2, 3, &view(vec![shown(1, true)], vec![])), "not its");
    breaks(model().look(1, 1, &view(vec![shown(1, false)], vec![])), "not its");
    breaks(model().look(1, 1, &view(vec![shown(2, true)], vec![])), "nobody wrote");
    breaks(model().look(1, 1, &view(vec![Shown { from: 2, ..shown(1, true) }], vec![])), "said to be from");
    breaks(model().look(1, 1, &View { damaged: 1, ..View::default() }), "do not open");
    let mut lost = model();
    lost.look(1, 1, &view(vec![shown(1, true)], vec![])).expect("it came");
    lost.look(1, 2, &View::default()).expect("another program may be behind");
    breaks(lost.look(1, 1, &View::default()), "any more");
    let mut unsealed = model();
    unsealed.was_not_sealed(1);
    breaks(unsealed.look(0, 0, &view(vec![shown(1, false)], vec![])), "nothing was sent");
}

#[test]
fn a_stage_that_goes_back_and_a_proof_that_is_lost_are_found() {
    for (before, after) in [
        (Stage::Accepted, Stage::Waiting),
        (Stage::HandedOver, Stage::Accepted),
        (Stage::Delivered, Stage::ExpiredUndelivered),
        (Stage::Answered, Stage::Delivered),
        (Stage::NotSent, Stage::Accepted),
        (Stage::ExpiredUndelivered, Stage::HandedOver),
    ] {
        let mut model = model();
        model.look(0, 0, &view(vec![], vec![step(before)])).expect("the first word");
        breaks(model.look(0, 0, &view(vec![], vec![step(after)])), "went from");
    }
    let mut model = model();
    model.look(0, 0, &view(vec![], vec![step(Stage::Accepted)])).expect("accepted");
    let other = Step { history: vec![(Stage::Accepted, 6)], ..step(Stage::Delivered) };
    breaks(model.look(0, 0, &view(vec![], vec![other])), "not proven any more");
    breaks(model.look(0, 0, &view(vec![], vec![Step { to: 2, ..step(Stage::Accepted) }])), "did not go to");
}

#[test]
fn an_end_that_the_two_sides_do_not_agree_on_is_found() {
    let ends = |stage, sender: Vec<Shown>, recipient: Vec<Shown>| -> BTreeMap<Office, View> {
        [(0, view(sender, vec![step(stage)])), (1, view(recipient, vec![]))].into()
    };
    let (sent, came) = (vec![shown(1, false)], vec![shown(1, true)]);
    breaks(model().rest(&ends(Stage::Delivered, sent.clone(), vec![])), "does not have it");
    breaks(model().rest(&ends(Stage::HandedOver, sent.clone(), came.clone())), "HandedOver");
    breaks(model().rest(&ends(Stage::ExpiredUndelivered, sent.clone(), vec![])), "ExpiredUndelivered");
    breaks(model().rest(&ends(Stage::Delivered, vec![], came)), "its sender does not have");
    let nothing = [(0, view(sent.clone(), vec![])), (1, View::default())].into();
    breaks(model().rest(&nothing), "nothing is known");
    let waits = [(0, View { outbox: 1, ..View::default() })].into();
    breaks(model().rest(&waits), "still wait");
    let mut late = Model::default();
    late.write(1, Written { by: 0, to: [1].into(), may_end: true });
    late.rest(&ends(Stage::ExpiredUndelivered, sent, vec![])).expect("time may end it now");
    late.rest(&BTreeMap::new()).expect("what was never sealed is nowhere");
}

#[test]
fn a_clock_that_jumps_excuses_only_what_the_hub_does_not_have() {
    let refused = [
        (0, view(vec![shown(1, false)], vec![Step { history: vec![], ..step(Stage::NotSent) }])),
        (1, View::default()),
    ]
    .into();
    breaks(model().rest(&refused), "NotSent");
    let mut jumped = model();
    jumped.a_clock_jumps();
    jumped.rest(&refused).expect("the hub may refuse it for its time");
    let mut taken = model();
    taken.look(0, 0, &view(vec![], vec![step(Stage::Accepted)])).expect("accepted");
    taken.a_clock_jumps();
    breaks(taken.rest(&refused), "NotSent");
}
