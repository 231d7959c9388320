//! The one order in which steps count.
//!
//! A step comes after every step that it names and that is known. Among those that may come next, the one with the lowest rank does,
//! and of these the one whose id is lowest. What is not known is left out: a step whose forerunner was lost counts all the same. Ids
//! that name each other in a ring, which no honest author can make, are broken where the same rule says.

use std::collections::{BTreeMap, BTreeSet};

use samverkan_proto::ids::SendId;

use super::step::Step;

/// What is compared among steps that may come next.
type Turn = (u8, SendId);

fn turn(step: &Step) -> Turn {
    (step.act.rank(), step.id)
}

/// Every step once, in the order in which they count.
pub(super) fn arrange(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut waiting = distinct(steps);
    let (mut missing, followers) = edges(&waiting);
    let is_free = |step: &&Step| !missing.contains_key(&step.id);
    let mut free: BTreeSet<Turn> = waiting.values().filter(is_free).map(turn).collect();
    let mut bound: BTreeSet<Turn> = waiting.values().filter(|step| !is_free(step)).map(turn).collect();
    let mut arranged = Vec::with_capacity(waiting.len());
    while let Some((_, id)) = free.pop_first().or_else(|| bound.pop_first()) {
        let Some(step) = waiting.remove(&id) else { continue };
        for follower in followers.get(&id).into_iter().flatten() {
            let (Some(left), Some(next)) = (missing.get_mut(follower), waiting.get(follower)) else {
                continue;
            };
            left.remove(&id);
            if left.is_empty() {
                bound.remove(&turn(next));
                free.insert(turn(next));
            }
        }
        arranged.push(step);
    }
    arranged
}

/// Each id once. Of two steps under one id, which no honest author makes, the lower counts.
fn distinct(steps: impl IntoIterator<Item = Step>) -> BTreeMap<SendId, Step> {
    let mut distinct: BTreeMap<SendId, Step> = BTreeMap::new();
    for step in steps {
        match distinct.get(&step.id) {
            Some(known) if *known <= step => {}
            _ => drop(distinct.insert(step.id, step)),
        }
    }
    distinct
}

type Edges = BTreeMap<SendId, BTreeSet<SendId>>;

/// For each step the known ones before it, and for each step those that name it. Steps that name no known one are not in the first.
fn edges(steps: &BTreeMap<SendId, Step>) -> (Edges, Edges) {
    let (mut before, mut behind) = (Edges::new(), Edges::new());
    for step in steps.values() {
        for earlier in step.after.iter().filter(|id| **id != step.id && steps.contains_key(id)) {
            before.entry(step.id).or_default().insert(*earlier);
            behind.entry(*earlier).or_default().insert(step.id);
        }
    }
    (before, behind)
}
