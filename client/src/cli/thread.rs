//! A thread on one line, for `inbox`, `sent` and `show`.
//!
//! Its document holds nothing that a person wrote: lists are kept by programs and end in logs. The subject is for the eyes of whoever
//! looks at the table, and for the document of `show`.

use serde::Serialize;

use super::moment::Moment;
use super::names::{Named as _, stage_words};
use super::page::Page;
use super::referral::state_words;
use crate::msg;
use crate::referral::State;
use crate::session::model::{Stage, ThreadLine};
use crate::text::{Args, MessageId, Text};

/// A thread.
#[derive(Clone, Serialize)]
pub(super) struct ThreadReport {
    pub(super) reference: String,
    with: Vec<String>,
    class: &'static str,
    urgency: &'static str,
    newest_at: Moment,
    unread: bool,
    answered: bool,
    answer_due_at: Option<Moment>,
    overdue: bool,
    stage: Option<&'static str>,
    referral: Option<&'static str>,
    pub(super) needs_action: bool,
    #[serde(skip)]
    subject: String,
    #[serde(skip)]
    reached: Option<Stage>,
    #[serde(skip)]
    come_to: Option<State>,
}

impl ThreadReport {
    pub(super) fn of(line: &ThreadLine, now_ms: u64) -> Self {
        Self {
            reference: line.reference.to_string(),
            with: line.with.iter().map(ToString::to_string).collect(),
            class: line.class.name(),
            urgency: line.urgency.name(),
            newest_at: Moment(line.newest_ms),
            unread: line.unread,
            answered: line.answered,
            answer_due_at: line.answer_due_ms.map(Moment),
            overdue: is_overdue(line, now_ms),
            stage: line.stage.map(|stage| stage.name()),
            referral: line.referral.map(State::name),
            needs_action: line.needs_action,
            subject: line.subject.clone(),
            reached: line.stage,
            come_to: line.referral,
        }
    }

    /// The most urgent thing that there is to say about it.
    fn state(&self, text: &Text) -> String {
        let id: MessageId = match self.reached {
            Some(stage) if stage.is_undelivered_end() => stage_words(stage),
            _ if self.overdue => msg!("thread-overdue"),
            _ if self.unread => msg!("thread-new"),
            // What it has come to says more than that somebody answered; before that, receipts say how far it got.
            reached => match self.come_to {
                Some(state) if !matches!(state, State::Sent | State::Received) => state_words(state),
                _ if self.answered => msg!("thread-answered"),
                _ => reached.map_or(msg!("thread-waiting"), stage_words),
            },
        };
        text.get(id, &Args::none())
    }

    fn row(&self, text: &Text) -> Vec<String> {
        vec![
            self.reference.clone(),
            self.state(text),
            self.urgency.to_owned(),
            self.class.to_owned(),
            self.with.join(", "),
            self.newest_at.local(text),
            self.subject.clone(),
        ]
    }

    /// The same facts as labelled lines, above everything that is in it: nothing is new to whoever reads them.
    pub(super) fn head(&self, page: &mut Page<'_>) {
        let state = Self { unread: false, ..self.clone() }.state(page.text());
        page.field(msg!("label-reference"), &self.reference);
        page.field(msg!("label-with"), &self.with.join(", "));
        page.field(msg!("label-class"), self.class);
        page.field(msg!("label-urgency"), self.urgency);
        page.field(msg!("label-state"), &state);
        if let Some(due) = self.answer_due_at {
            page.field(msg!("label-answer-due"), &due.local(page.text()));
        }
    }
}

/// Whether an answer is due and there is none.
pub(super) fn is_overdue(line: &ThreadLine, now_ms: u64) -> bool {
    !line.answered && line.answer_due_ms.is_some_and(|due_ms| now_ms > due_ms)
}

/// Threads in a table.
pub(super) fn table(threads: &[ThreadReport], page: &mut Page<'_>) {
    let rows: Vec<Vec<String>> = threads.iter().map(|thread| thread.row(page.text())).collect();
    let headings = [
        msg!("column-reference"),
        msg!("column-state"),
        msg!("column-urgency"),
        msg!("column-class"),
        msg!("column-with"),
        msg!("column-newest"),
        msg!("column-subject"),
    ];
    page.table(&headings, &rows);
}

#[cfg(test)]
pub(super) mod tests {
    use samverkan_proto::code::{Class, Urgency};

    use super::*;
    use crate::cli::page::Layout;
    use crate::text::Language;

    /// A thread that began elsewhere and is neither read nor answered.
    pub(in crate::cli) fn line() -> ThreadLine {
        ThreadLine {
            reference: "222-222-2".parse().expect("reference"),
            with: vec!["polis-exempel/anmalan".parse().expect("mailbox")],
            class: Class::Referral,
            urgency: Urgency::Soon,
            subject: "\u{202e}tnenatlas \x1b[2J".to_owned(),
            newest_ms: 1_780_000_000_000,
            unread: false,
            answered: false,
            answer_due_ms: Some(10),
            stage: None,
            needs_action: false,
            referral: None,
        }
    }

    fn state(line: &ThreadLine, now_ms: u64) -> String {
        ThreadReport::of(line, now_ms).state(&Text::of(Language::English))
    }

    #[test]
    fn silence_is_told_before_anything_else_and_a_bad_end_before_that() {
        let silent = ThreadLine { unread: true, ..line() };
        assert_eq!(state(&silent, 10), "new");
        assert_eq!(state(&silent, 11), "OVERDUE");
        assert_eq!(state(&ThreadLine { stage: Some(Stage::Returned), ..silent }, 11), "RETURNED");
        let answered = ThreadLine { answered: true, ..line() };
        assert_eq!(state(&answered, 11), "answered");
        assert_eq!(state(&ThreadLine { stage: Some(Stage::HandedOver), ..line() }, 1), "fetched");
        assert_eq!(state(&line(), 1), "waits for you");
    }

    #[test]
    fn an_answer_that_stands_below_is_not_new() {
        let text = Text::of(Language::English);
        let mut page = Page::new(&text, Layout { plain: false, colour: false });
        let answer = ThreadLine { unread: true, answered: true, stage: Some(Stage::Delivered), ..line() };
        assert_eq!(state(&answer, 1), "new");
        ThreadReport::of(&answer, 1).head(&mut page);
        let head = page.finish();
        assert!(head.lines().any(|line| line.ends_with(" answered")), "{head}");
    }

    #[test]
    fn bad_133_a_subject_can_not_act_on_the_terminal() {
        let text = Text::of(Language::English);
        let mut page = Page::new(&text, Layout { plain: false, colour: false });
        table(&[ThreadReport::of(&line(), 1)], &mut page);
        let shown = page.finish();
        assert!(shown.contains("\\u{202e}tnenatlas \\x1b[2J"), "{shown}");
        assert!(!shown.contains('\x1b') && !shown.contains('\u{202e}'));
    }

    #[test]
    fn a_document_has_every_fact() {
        let json = serde_json::to_value(ThreadReport::of(&line(), 11)).expect("serialises");
        assert_eq!(json["reference"], "222-222-2");
        assert_eq!((&json["overdue"], &json["answered"]), (&true.into(), &false.into()));
        assert_eq!(json["newest_at"], "2026-05-28T20:26:40Z");
        assert_eq!(json["with"][0], "polis-exempel/anmalan");
    }

    #[test]
    fn a_document_has_nothing_that_a_person_wrote() {
        let report = ThreadReport::of(&line(), 11);
        assert!(report.subject.contains("tnenatlas"));
        let json = serde_json::to_string(&report).expect("serialises");
        assert!(!json.contains("subject") && !json.contains("tnenatlas"), "{json}");
    }
}
