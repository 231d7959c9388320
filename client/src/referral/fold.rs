//! Steps in, one referral out: a pure function of the set of steps, whatever the order in which they came and how often.

use std::collections::{BTreeMap, BTreeSet};

use samverkan_proto::code::Class;
use samverkan_proto::ids::SendId;
use samverkan_proto::limits::{MAX_STEPS_A_SIDE, MAX_STEPS_SEEN};

use super::order::arrange;
use super::rules::{Denied, next};
use super::step::Step;
use super::words::{Side, State};

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It led to this state.
    Led(State),
    /// It is kept, and changed nothing.
    None(Denied),
}

/// A step with what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The step.
    pub step: Step,
    /// What it did.
    pub effect: Effect,
}

/// What was done with a referral, and what it has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Every step, in the order in which they count.
    pub history: Vec<Entry>,
    /// What it has come to.
    pub state: State,
}

/// Takes the steps in their order, beginning with a case of `class` that was delivered or not. [`State::Sent`], [`State::Received`] and
/// [`State::Expired`] are what a referral can be before anybody has taken a step; receipts tell which.
#[must_use]
pub fn fold(class: Class, begin: State, steps: impl IntoIterator<Item = Step>) -> Referral {
    let mut state = begin;
    let mut counted: BTreeMap<Side, usize> = BTreeMap::new();
    let take = |step: Step| {
        let taken = counted.entry(step.by).or_default();
        *taken += 1;
        if *taken > MAX_STEPS_A_SIDE {
            // Who takes steps without end silences itself and nobody else.
            return Entry { step, effect: Effect::None(Denied::TooMany) };
        }
        // Whoever takes a step has the referral, whatever the receipts say so far.
        let from = if state == State::Expired { State::Sent } else { state };
        let effect = match next(class, from, step.by, &step.act) {
            Ok(led) => {
                state = led;
                Effect::Led(led)
            }
            Err(denied) => Effect::None(denied),
        };
        Entry { step, effect }
    };
    let history = arrange(steps).into_iter().map(take).collect();
    Referral { history, state }
}

impl Referral {
    /// The case was taken back by an order to stop (PROTOCOL.md sections 11 and 12), which holds whatever was done with it.
    #[must_use]
    pub fn taken_back(self, state: State) -> Self {
        if self.state.is_taken_back() { self } else { Self { state, ..self } }
    }

    /// Whether a side has taken as many steps as count.
    #[must_use]
    pub fn is_full_of(&self, side: Side) -> bool {
        self.history.iter().filter(|entry| entry.step.by == side).count() >= MAX_STEPS_A_SIDE
    }

    /// The newest steps: those that no other one names. A new step names them; where there are too many, the last in order.
    #[must_use]
    pub fn newest(&self) -> BTreeSet<SendId> {
        let named: BTreeSet<SendId> =
            self.history.iter().flat_map(|entry| entry.step.after.clone()).collect();
        let ids = self.history.iter().rev().map(|entry| entry.step.id);
        ids.filter(|id| !named.contains(id)).take(MAX_STEPS_SEEN).collect()
    }

    /// The last step that led anywhere, and where.
    #[must_use]
    pub fn decisive(&self) -> Option<(&Step, State)> {
        self.history.iter().rev().find_map(|entry| match entry.effect {
            Effect::Led(state) => Some((&entry.step, state)),
            Effect::None(_) => None,
        })
    }
}
