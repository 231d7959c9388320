//! The questions of `send`, in order: one step a screen, how far one has come, one step back, and any step again at the end.
//!
//! Who and why come first, so that nobody writes about a person for a message that is refused. What is to be asked follows from what is
//! answered ([`Wizard::plan`]); what options or a file gave is not asked for.

use super::questions::{self, Desk};
use super::{Unfinished, refuse_early, refuse_known};
use crate::cli::console::{Console, Question};
use crate::cli::output::Output;
use crate::error::{Code, Error, Result};
use crate::forms::{self, Field, Form, law};
use crate::msg;
use crate::session::Session;
use crate::text::{Args, MessageId};

/// What is typed to go back to the step before.
pub(super) const BACK: &str = "<";

const SURE: Question = Question { text: msg!("ask-send"), option: "--text-file" };
const WHICH: Question = Question { text: msg!("ask-which"), option: "--text-file" };

/// One question, or the few that belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    To,
    Class,
    Form,
    Basis,
    Section,
    Consent,
    Urgency,
    /// Whether to fill in the optional part of this name.
    Part(&'static str),
    /// The field of this name.
    Field(&'static str),
    Subject,
    Text,
}

impl Step {
    /// Whether its answer is sealed. Nothing of it is asked for before all else is known to be in order.
    const fn is_content(self) -> bool {
        matches!(self, Self::Part(_) | Self::Field(_) | Self::Subject | Self::Text)
    }
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It was answered, if with nothing.
    Given,
    /// The person wants the step before.
    Back,
}

impl Reply {
    pub(super) const fn of(given: bool) -> Self {
        if given { Self::Given } else { Self::Back }
    }
}

/// What the person decides at the end.
enum Verdict {
    Send,
    Again(Step),
}

/// The questions of one message.
pub(super) struct Wizard {
    /// What came from options and files, as it was before the first question.
    given: Unfinished,
    /// The steps that were answered here, in order.
    answered: Vec<Step>,
    now_ms: u64,
}

impl Wizard {
    pub(super) fn new(given: Unfinished, now_ms: u64) -> Self {
        Self { given, answered: Vec::new(), now_ms }
    }

    /// Asks until everything is answered and the person says that it is to be sent.
    ///
    /// # Errors
    /// [`Code::NotConfirmed`], [`Code::Interrupted`], and the first obstacle once the envelope is known.
    pub(super) fn run(
        mut self,
        session: &Session,
        console: &mut Console,
        output: &mut Output,
    ) -> Result<Unfinished> {
        let mut unfinished = self.given.clone();
        let mut in_order = false;
        loop {
            let plan = self.plan(&unfinished);
            let next = plan.iter().copied().find(|step| !self.answered.contains(step));
            if next.is_none_or(Step::is_content) && !in_order {
                refuse_early(session, &unfinished)?;
                in_order = true;
            }
            let again = match next {
                Some(step) => {
                    self.tell_progress(step, &plan, &unfinished, output);
                    let may_go_back = !self.answered.is_empty();
                    let mut desk = Desk { session, console, output, now_ms: self.now_ms, may_go_back };
                    match desk.ask(step, &mut unfinished)? {
                        Reply::Given => {
                            self.answered.push(step);
                            if !step.is_content() {
                                refuse_known(session, &unfinished)?;
                            }
                            None
                        }
                        Reply::Back => self.answered.last().copied(),
                    }
                }
                None => match self.review(&unfinished, session, console, output)? {
                    Verdict::Send => return Ok(unfinished),
                    Verdict::Again(step) => Some(step),
                },
            };
            if let Some(step) = again {
                self.forget(step, &mut unfinished);
                in_order &= step.is_content();
            }
        }
    }

    /// Every step that there is to be asked for, as far as can be known.
    fn plan(&self, unfinished: &Unfinished) -> Vec<Step> {
        let given = &self.given;
        let about = |step: Step, asked: bool| asked.then_some(step);
        let has_sections = |basis| law::of_basis(basis, self.now_ms).next().is_some();
        let needs_basis = !matches!(unfinished.class, Some(samverkan_proto::code::Class::FollowUp));
        let by_consent = unfinished.basis == Some(samverkan_proto::code::LegalBasis::Consent);
        let mut plan: Vec<Step> = [
            about(Step::To, given.to.is_empty()),
            about(Step::Class, given.class.is_none()),
            about(Step::Form, given.form.is_none() && !given.has_content() && has_choice(unfinished)),
            about(Step::Basis, given.basis.is_none() && needs_basis),
            about(Step::Section, given.section.is_none() && unfinished.basis.is_some_and(has_sections)),
            about(Step::Consent, given.consent.is_none() && by_consent),
            about(Step::Urgency, given.urgency.is_none()),
        ]
        .into_iter()
        .flatten()
        .collect();
        plan.extend(unfinished.form.into_iter().flat_map(|form| self.fields(form, unfinished)));
        plan.extend(about(Step::Subject, given.subject.is_none()));
        plan.extend(about(Step::Text, given.text.is_none() && unfinished.form.is_none()));
        plan
    }

    /// The steps of a form: all of them, or what a file that was begun elsewhere lacks.
    fn fields(&self, form: &'static Form, unfinished: &Unfinished) -> Vec<Step> {
        if !self.given.fields.is_empty() {
            let lacking = form.lacking(&self.given.fields);
            return lacking.into_iter().map(|field| Step::Field(&field.name)).collect();
        }
        let mut steps = Vec::new();
        for part in &form.parts {
            steps.extend(part.optional.then_some(Step::Part(&part.name)));
            if !part.optional || unfinished.opened.contains(&part.name.as_str()) {
                steps.extend(part.fields.iter().map(|field: &Field| Step::Field(&field.name)));
            }
        }
        steps
    }

    /// Says which step it is of how many, and of which part.
    fn tell_progress(&self, step: Step, plan: &[Step], unfinished: &Unfinished, output: &mut Output) {
        output.turn_page();
        let number = plan.iter().position(|planned| *planned == step).unwrap_or_default() + 1;
        let args = Args::none().number("number", number as u64).number("total", plan.len() as u64);
        output.notice(msg!("wizard-progress"), &args);
        if let Some(part) = unfinished.form.and_then(|form| part_of(form, step)) {
            let part = part.title.in_language(output.text().tag());
            output.notice(msg!("wizard-part"), &Args::none().text("part", part));
        }
        if !self.answered.is_empty() {
            output.notice(msg!("wizard-back"), &Args::none().text("back", BACK));
        }
    }

    /// Says where it goes, and asks whether to send it. The safe answer sends nothing.
    fn review(
        &self,
        unfinished: &Unfinished,
        session: &Session,
        console: &mut Console,
        output: &mut Output,
    ) -> Result<Verdict> {
        output.turn_page();
        questions::tell_trust(&unfinished.to, session, output);
        let to: Vec<String> = unfinished.to.iter().map(ToString::to_string).collect();
        output.notice(msg!("send-goes-to"), &Args::none().text("to", to.join(", ")));
        let answers = [msg!("answer-no"), msg!("answer-yes"), msg!("answer-again")];
        let answers = answers.map(|id| output.text().get(id, &Args::none()));
        match console.choice(output, SURE, &answers, 0)? {
            1 => Ok(Verdict::Send),
            2 if !self.answered.is_empty() => {
                let text = output.text();
                let name = |step: &Step| match (step, unfinished.form) {
                    (Step::Field(name), Some(form)) => form.field(name).map(|field| &field.title),
                    (step, Some(form)) => part_of(form, *step).map(|part| &part.title),
                    (_, None) => None,
                };
                let line = |step: &Step| match name(step) {
                    Some(words) => words.in_language(text.tag()).to_owned(),
                    None => text.get(words(*step), &Args::none()),
                };
                let lines: Vec<String> = self.answered.iter().map(line).collect();
                let picked = console.choice(output, WHICH, &lines, 0)?;
                self.answered.get(picked).copied().map(Verdict::Again).ok_or_else(|| WHICH.invalid())
            }
            _ => Err(Error::new(Code::NotConfirmed)),
        }
    }

    /// Takes an answer back, with those that follow from it.
    fn forget(&mut self, step: Step, unfinished: &mut Unfinished) {
        self.answered.retain(|answered| *answered != step);
        match step {
            Step::To => unfinished.to.clear(),
            Step::Class => {
                unfinished.class = None;
                self.forget_all(&[Step::Form, Step::Basis], unfinished);
            }
            Step::Form => {
                unfinished.form = self.given.form;
                unfinished.fields.clone_from(&self.given.fields);
                unfinished.opened.clear();
                self.answered.retain(|answered| !matches!(answered, Step::Part(_) | Step::Field(_)));
            }
            Step::Basis => {
                unfinished.basis = None;
                self.forget_all(&[Step::Section, Step::Consent], unfinished);
            }
            Step::Section => unfinished.section = None,
            Step::Consent => unfinished.consent = None,
            Step::Urgency => unfinished.urgency = None,
            Step::Part(name) => {
                unfinished.opened.retain(|opened| *opened != name);
                for field in unfinished
                    .form
                    .and_then(|form| part_of(form, step))
                    .into_iter()
                    .flat_map(|part| &part.fields)
                {
                    self.forget(Step::Field(&field.name), unfinished);
                }
            }
            Step::Field(name) => unfinished.fields.retain(|(answered, _)| answered != name),
            Step::Subject => unfinished.subject = None,
            Step::Text => unfinished.text = None,
        }
    }

    /// Takes back what was answered here, and leaves what was given.
    fn forget_all(&mut self, steps: &[Step], unfinished: &mut Unfinished) {
        for step in steps {
            if self.answered.contains(step) {
                self.forget(*step, unfinished);
            }
        }
    }
}

/// Whether more than one form is for messages of this class.
fn has_choice(unfinished: &Unfinished) -> bool {
    unfinished.class.is_some_and(|class| forms::of_class(class).nth(1).is_some())
}

/// The part that a step belongs to.
fn part_of(form: &'static Form, step: Step) -> Option<&'static forms::Part> {
    form.parts.iter().find(|part| match step {
        Step::Part(name) => part.name == name,
        Step::Field(name) => part.fields.iter().any(|field| field.name == name),
        _ => false,
    })
}

/// What a step that is of no form is called.
const fn words(step: Step) -> MessageId {
    match step {
        Step::To => msg!("ask-who"),
        Step::Class => msg!("ask-class"),
        Step::Form => msg!("ask-form"),
        Step::Basis => msg!("ask-basis"),
        Step::Section => msg!("ask-section"),
        Step::Consent => msg!("ask-consent"),
        Step::Urgency => msg!("ask-urgency"),
        Step::Subject => msg!("ask-subject"),
        Step::Part(_) | Step::Field(_) | Step::Text => msg!("ask-text"),
    }
}
