//! What must hold, whatever goes wrong: pure, and able to fail.
//!
//! * A message is shown once to each office that it was sent to, and stays there; nobody else is shown anything of it.
//! * What is proven about a message only grows, and how far it got follows PROTOCOL.md section 11: nothing that was accepted is ever
//!   waiting again, nothing that was delivered comes to another end.
//! * When everything works again and everybody has come to rest, nothing waits in an outbox, and each message is at a final state
//!   that sender and recipient agree on. An end other than *delivered* is allowed only where time or a wrong clock can be its reason.

use std::collections::{BTreeMap, BTreeSet};

use samverkan_client::session::model::Stage;

/// A message's number in the run: it stands in its text.
pub type Token = u64;
/// An office's number.
pub type Office = usize;
/// A program's number.
pub type Program = usize;

/// What a program shows at a moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Every message in its inbox and among what it sent.
    pub shown: Vec<Shown>,
    /// How far each message that was sent got towards each recipient.
    pub steps: Vec<Step>,
    /// Sealed messages that wait.
    pub outbox: usize,
    /// Kept messages that do not open.
    pub damaged: usize,
}

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which one.
    pub token: Token,
    /// Where it comes from.
    pub from: Office,
    /// Whether it came, or was sent here.
    pub came: bool,
}

/// How far a message got towards one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub token: Token,
    /// The recipient.
    pub to: Office,
    /// The stage.
    pub stage: Stage,
    /// Everything that is proven, and since when.
    pub history: Vec<(Stage, u64)>,
}

/// A message that somebody wrote.
#[derive(Clone, Debug)]
pub struct Written {
    /// Who.
    pub by: Office,
    /// To whom.
    pub to: BTreeSet<Office>,
    /// Whether time, or a wrong clock, may end it otherwise than delivered.
    pub may_end: bool,
}

/// A rule that was broken, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// What is known of a run so far.
#[derive(Clone, Debug, Default)]
pub struct Model {
    written: BTreeMap<Token, Written>,
    unsealed: BTreeSet<Token>,
    shown: BTreeMap<(Program, Token, bool), ()>,
    steps: BTreeMap<(Program, Token, Office), Step>,
}

type Checked = Result<(), Violation>;

fn broken(what: String) -> Checked {
    Err(Violation(what))
}

impl Model {
    /// Somebody begins to send this.
    pub fn write(&mut self, token: Token, written: Written) {
        self.written.insert(token, written);
    }

    /// Whoever wrote it was told that nothing was sealed and nothing will be sent.
    pub fn was_not_sealed(&mut self, token: Token) {
        self.unsealed.insert(token);
    }

    /// A clock jumps: what the hub is not known to have yet, it may refuse for its time.
    pub fn a_clock_jumps(&mut self) {
        let has = |token: Token| self.steps.values().any(|step| step.token == token && is_proof(step.stage));
        let waiting: Vec<Token> = self.written.keys().copied().filter(|token| !has(*token)).collect();
        for token in waiting {
            self.written.entry(token).and_modify(|written| written.may_end = true);
        }
    }

    /// A program of an office shows this now.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn look(&mut self, office: Office, program: Program, view: &View) -> Checked {
        if view.damaged > 0 {
            return broken(format!("{} kept messages do not open", view.damaged));
        }
        let mut now = BTreeSet::new();
        for shown in &view.shown {
            self.may_be_shown(office, shown)?;
            if !now.insert((shown.token, shown.came)) {
                return broken(format!("office {office} is shown message {} twice", shown.token));
            }
            self.shown.insert((program, shown.token, shown.came), ());
        }
        for (_, token, came) in self.shown.keys().filter(|(of, ..)| *of == program) {
            if !now.contains(&(*token, *came)) {
                return broken(format!("program {program} does not show message {token} any more"));
            }
        }
        view.steps.iter().try_for_each(|step| self.take_step(program, step))
    }

    fn may_be_shown(&self, office: Office, shown: &Shown) -> Checked {
        let Shown { token, from, came } = shown;
        let Some(written) = self.written.get(token) else {
            return broken(format!("office {office} is shown message {token}, which nobody wrote"));
        };
        if self.unsealed.contains(token) {
            return broken(format!(
                "message {token} exists, although its sender was told that nothing was sent"
            ));
        }
        if *from != written.by {
            return broken(format!("message {token} of office {} is said to be from {from}", written.by));
        }
        let may = if *came { written.to.contains(&office) } else { written.by == office };
        if may {
            Ok(())
        } else {
            broken(format!("office {office} is shown message {token}, which is not its"))
        }
    }

    fn take_step(&mut self, program: Program, step: &Step) -> Checked {
        let Step { token, to, .. } = step;
        let written = self.written.get(token);
        if !written.is_some_and(|written| written.to.contains(to)) {
            return broken(format!("message {token} is tracked to office {to}, which it did not go to"));
        }
        // Silence is judged by the clock, and taken back when somebody speaks.
        if step.stage == Stage::Unproven {
            return Ok(());
        }
        if let Some(before) = self.steps.insert((program, *token, *to), step.clone()) {
            if !follows(before.stage, step.stage) {
                return broken(format!(
                    "message {token} to {to} went from {:?} to {:?}",
                    before.stage, step.stage
                ));
            }
            if let Some(lost) =
                before.history.iter().find(|proven| is_proof(proven.0) && !step.history.contains(proven))
            {
                return broken(format!("message {token} to {to}: {lost:?} is not proven any more"));
            }
        }
        Ok(())
    }

    /// Everybody has come to rest; these are the last views, by office.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn rest(&self, views: &BTreeMap<Office, View>) -> Checked {
        for (office, view) in views {
            if view.outbox > 0 {
                return broken(format!(
                    "{} messages still wait in the outbox of office {office}",
                    view.outbox
                ));
            }
        }
        self.written.iter().try_for_each(|(token, written)| has_ended_well(*token, written, views))
    }
}

/// A message that its sender still has is at a final state that every recipient agrees on; one that the sender does not have is nowhere.
fn has_ended_well(token: Token, written: &Written, views: &BTreeMap<Office, View>) -> Checked {
    let shows = |office: &Office, came: bool| {
        views
            .get(office)
            .is_some_and(|view| view.shown.iter().any(|shown| shown.token == token && shown.came == came))
    };
    let is_kept = shows(&written.by, false);
    let steps = || views.get(&written.by).into_iter().flat_map(|view| &view.steps);
    for to in &written.to {
        let came = shows(to, true);
        if !is_kept {
            if came {
                return broken(format!("office {to} has message {token}, which its sender does not have"));
            }
            continue;
        }
        let Some(step) = steps().find(|step| step.token == token && step.to == *to) else {
            return broken(format!("nothing is known of message {token} to office {to}"));
        };
        match step.stage {
            Stage::Delivered | Stage::Answered if came => {}
            Stage::NotSent | Stage::ExpiredUndelivered | Stage::Refused if !came && written.may_end => {}
            stage => {
                let has = if came { "has" } else { "does not have" };
                return broken(format!(
                    "message {token} ended as {stage:?} at its sender, and office {to} {has} it"
                ));
            }
        }
    }
    Ok(())
}

/// Whether somebody's word stands behind a stage.
const fn is_proof(stage: Stage) -> bool {
    !matches!(stage, Stage::Waiting | Stage::NotSent | Stage::Unproven | Stage::Covered)
}

/// Whether a message may get from one stage to another, or stay.
#[must_use]
pub fn follows(before: Stage, after: Stage) -> bool {
    let is_delivered = matches!(after, Stage::Delivered | Stage::Answered);
    before == after
        || match before {
            Stage::Waiting | Stage::Unproven => true,
            Stage::Accepted => !matches!(after, Stage::Waiting | Stage::NotSent),
            Stage::HandedOver => !matches!(after, Stage::Waiting | Stage::NotSent | Stage::Accepted),
            Stage::Delivered => after == Stage::Answered,
            Stage::Answered | Stage::NotSent => false,
            // A recipient's own word outweighs what the hub took for the end.
            Stage::Covered
            | Stage::Refused
            | Stage::ExpiredUndelivered
            | Stage::Returned
            | Stage::Undecryptable
            | Stage::Recalled
            | Stage::Withdrawn => is_delivered,
        }
}

#[cfg(test)]
mod tests;
