//! `samverkan show`: one thread, opened.

use clap::Args;
use samverkan_proto::statement::safety::CaseReference;
use serde::Serialize;

use super::answers;
use super::console::{Console, Question};
use super::context::Context;
use super::moment::Moment;
use super::names::answer_words;
use super::organisation::TrustMark;
use super::output::{Format, Output, Report};
use super::page::{Page, Tone};
use super::reference::parse_reference;
use super::referral::{MessageStepReport, ReferralReport};
use super::stopped::OrderReport;
use super::thread::ThreadReport;
use crate::error::{Code, Error, Result};
use crate::forms;
use crate::msg;
use crate::session::model::{AttachmentLine, ContactRule, Direction, Message, StopAnswer, Thread, Trust};
use crate::text;

const ACCEPT: Question = Question { text: msg!("ask-contact-rule"), option: "--accept-contact-rule" };

#[derive(Args)]
pub(super) struct Show {
    #[arg(value_name = "REF", value_parser = parse_reference)]
    reference: CaseReference,
    #[arg(long)]
    accept_contact_rule: bool,
}

impl Show {
    pub(super) fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut session = context.session(output)?;
        let rules = session.contact_rules(&self.reference)?;
        if !rules.is_empty() {
            self.demand(&rules, &mut context.console, output)?;
            session.accept_contact_rules(&rules)?;
        }
        let thread = session.open_thread(&self.reference)?;
        output.result(&Opened::of(&thread, context.clock.now_ms()))
    }
}

impl Show {
    /// Shows how the person may be contacted, before anything else, and demands that somebody accepts it.
    fn demand(&self, rules: &[ContactRule], console: &mut Console, output: &mut Output) -> Result<()> {
        // A program that accepts it gets one document, which holds the rule as well.
        if !(self.accept_contact_rule && output.format() == Format::Json) {
            output.result(&Rules::of(&self.reference, rules))?;
        }
        if self.accept_contact_rule {
            return Ok(());
        }
        let refused = || {
            Error::with(Code::ContactRuleNotAccepted, text::Args::none().text("reference", self.reference))
        };
        if !console.has_person() {
            return Err(refused());
        }
        let answers = [msg!("answer-rule-no"), msg!("answer-rule-yes")];
        let answers = answers.map(|id| output.text().get(id, &text::Args::none()));
        match console.choice(output, ACCEPT, &answers, 0)? {
            1 => Ok(()),
            _ => Err(refused()),
        }
    }
}

/// How the person may be contacted, and nothing else of the messages.
#[derive(Serialize)]
struct Rules {
    reference: String,
    rules: Vec<RuleReport>,
}

#[derive(Serialize)]
struct RuleReport {
    message: String,
    from: String,
    fields: Vec<Field>,
    #[serde(skip)]
    form: String,
}

impl Rules {
    fn of(reference: &CaseReference, rules: &[ContactRule]) -> Self {
        let rule = |rule: &ContactRule| RuleReport {
            message: rule.message.to_string(),
            from: rule.from.to_string(),
            fields: rule.answers.iter().map(Field::of).collect(),
            form: rule.form.clone(),
        };
        Self { reference: reference.to_string(), rules: rules.iter().map(rule).collect() }
    }
}

impl Report for Rules {
    const KIND: &'static str = "contact_rule";

    fn lines(&self, page: &mut Page<'_>) {
        for rule in &self.rules {
            let args = text::Args::none().text("reference", &self.reference).text("from", &rule.from);
            page.say_in(Tone::Warning, msg!("show-contact-rule"), &args);
            answers::rule_lines(&rule.form, &Field::pairs(&rule.fields), page);
        }
    }
}

/// A thread with its messages.
#[derive(Serialize)]
pub(super) struct Opened {
    #[serde(flatten)]
    thread: ThreadReport,
    subject: String,
    referrals: Vec<ReferralReport>,
    messages: Vec<MessageReport>,
}

#[derive(Serialize)]
struct MessageReport {
    message: String,
    direction: &'static str,
    kind: &'static str,
    from: String,
    from_verified: bool,
    /// What is known of the sender's keys; absent for the own organisation.
    from_trust: Option<TrustMark>,
    /// Since when the sender's device was in other hands, if it was when this was sent.
    sender_compromised_since: Option<Moment>,
    to: Vec<String>,
    basis: Option<&'static str>,
    /// The section of law that the sender names, by its code.
    section: Option<String>,
    /// The name of the form that the fields are of; absent without one.
    form: Option<String>,
    /// Whether this program knows that form.
    form_known: bool,
    created_at: Moment,
    subject: String,
    text: String,
    fields: Vec<Field>,
    /// What it does beside what its text says.
    step: Option<MessageStepReport>,
    /// Who had it before its sender passed it on.
    chain: Vec<String>,
    attachments: Vec<Attachment>,
    /// That it is to be used no more.
    stop: Option<OrderReport>,
    /// What it says to an order to stop.
    stop_answer: Option<&'static str>,
    #[serde(skip)]
    said: Option<StopAnswer>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Attachment {
    number: usize,
    name: String,
    media_type: String,
    bytes: u64,
}

impl Opened {
    pub(super) fn of(thread: &Thread, now_ms: u64) -> Self {
        Self {
            thread: ThreadReport::of(&thread.line, now_ms),
            subject: thread.line.subject.clone(),
            referrals: thread.referrals.iter().map(ReferralReport::of).collect(),
            messages: thread.messages.iter().map(MessageReport::of).collect(),
        }
    }
}

impl MessageReport {
    fn of(message: &Message) -> Self {
        Self {
            message: message.id.to_string(),
            direction: match message.direction {
                Direction::Out => "out",
                Direction::In => "in",
            },
            kind: message.kind.name(),
            from: message.from.to_string(),
            from_verified: matches!(message.from_trust, None | Some(Trust::Verified { .. })),
            from_trust: message.from_trust.as_ref().map(TrustMark::from),
            sender_compromised_since: message.compromised_since_ms.map(Moment),
            to: message.to.iter().map(ToString::to_string).collect(),
            basis: message.basis.map(|basis| basis.name()),
            section: message.section.clone(),
            form: Some(message.form.clone()).filter(|form| !form.is_empty()),
            form_known: forms::find(&message.form).is_some(),
            created_at: Moment(message.created_ms),
            subject: message.subject.clone(),
            text: message.text.clone(),
            fields: message.fields.iter().map(Field::of).collect(),
            step: message.step.as_ref().map(MessageStepReport::of),
            chain: message.chain.iter().map(ToString::to_string).collect(),
            attachments: message.attachments.iter().map(Attachment::of).collect(),
            stop: message.stop.map(OrderReport::of),
            stop_answer: message.stop_answer.map(StopAnswer::name),
            said: message.stop_answer,
        }
    }

    fn lines(&self, reference: &str, page: &mut Page<'_>) {
        let title = text::Args::none()
            .text("from", &self.from)
            .text("at", self.created_at.local(page.text()))
            .text("kind", self.kind);
        page.blank().say_in(Tone::Strong, msg!("show-message"), &title);
        let doubt = match self.from_trust {
            None | Some(TrustMark::Verified) => None,
            Some(TrustMark::Unverified) => Some(msg!("show-unverified")),
            Some(TrustMark::Moved) => Some(msg!("show-moved")),
            Some(TrustMark::Recovered) => Some(msg!("show-recovered")),
            Some(TrustMark::KeyChanged) => Some(msg!("trust-key-changed")),
        };
        if let Some(doubt) = doubt {
            page.say_in(Tone::Warning, doubt, &text::Args::none());
        }
        if let Some(since) = self.sender_compromised_since {
            page.say_in(
                Tone::Warning,
                msg!("show-compromised"),
                &text::Args::none().text("since", since.local(page.text())),
            );
        }
        if let Some(stop) = &self.stop {
            stop.lines(reference, page);
        }
        page.field(msg!("label-to"), &self.to.join(", "));
        if let Some(basis) = self.basis {
            page.field(msg!("label-basis"), basis);
        }
        if let Some(section) = &self.section {
            page.field(msg!("label-section"), &answers::section(section, page.text()));
        }
        if let Some(step) = &self.step {
            step.lines(page);
        }
        if !self.chain.is_empty() {
            page.field(msg!("label-chain"), &self.chain.join(" → "));
        }
        if !self.subject.is_empty() {
            page.field(msg!("label-subject"), &self.subject);
        }
        if !self.text.is_empty() {
            page.blank().block(&self.text);
        }
        if let Some(said) = self.said {
            let words = page.text().get(answer_words(said), &text::Args::none());
            page.blank().say(msg!("show-stop-answer"), &text::Args::none().text("answer", words));
            return;
        }
        answers::lines(self.form.as_deref().unwrap_or_default(), &Field::pairs(&self.fields), page);
        for attachment in &self.attachments {
            attachment.lines(page);
        }
    }
}

impl Field {
    fn of((name, value): &(String, String)) -> Self {
        Self { name: name.clone(), value: value.clone() }
    }

    fn pairs(fields: &[Self]) -> Vec<(String, String)> {
        fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
    }
}

impl Attachment {
    fn of(line: &AttachmentLine) -> Self {
        Self {
            number: line.number,
            name: line.name.clone(),
            media_type: line.media_type.clone(),
            bytes: line.len,
        }
    }

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none()
            .number("number", self.number as u64)
            .text("name", &self.name)
            .number("bytes", self.bytes);
        page.say(msg!("show-attachment"), &args);
    }
}

impl Report for Opened {
    const KIND: &'static str = "thread";

    fn lines(&self, page: &mut Page<'_>) {
        self.thread.head(page);
        for referral in self.referrals.iter().filter(|referral| referral.has_history()) {
            referral.line(page);
        }
        for message in &self.messages {
            message.lines(&self.thread.reference, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::code::{Kind, LegalBasis};
    use samverkan_proto::ids::MessageId;

    use super::*;
    use crate::cli::thread::tests::line;
    use crate::text::Language;

    fn hostile() -> Thread {
        let mailbox = |text: &str| text.parse().expect("mailbox");
        let message = Message {
            id: MessageId::random(),
            direction: Direction::In,
            kind: Kind::Referral,
            from: mailbox("polis-exempel/anmalan"),
            from_trust: Some(Trust::Unverified),
            compromised_since_ms: None,
            to: vec![mailbox("boj-exempel/stod")],
            basis: Some(LegalBasis::Consent),
            section: Some("\x1b]0;1 §".to_owned()),
            form: "general-1".to_owned(),
            created_ms: 1_780_000_000_000,
            subject: "a\nb\u{9b}31m".to_owned(),
            text: "en\r\ntvå\x1b]0;titel\x07\u{2066}".to_owned(),
            fields: vec![("n\x1b".to_owned(), "v\u{feff}".to_owned())],
            step: None,
            chain: Vec::new(),
            attachments: vec![AttachmentLine {
                number: 1,
                name: "../../.ssh/authorized_keys\n".to_owned(),
                media_type: "text/html\x1b".to_owned(),
                len: 1,
            }],
            stop: None,
            stop_answer: None,
        };
        Thread { line: line(), messages: vec![message], referrals: Vec::new() }
    }

    #[test]
    fn bad_133_nothing_in_a_message_acts_on_the_terminal() {
        for format in [Format::Human, Format::Plain, Format::Json] {
            let (mut output, captured) = Output::captured(format, Language::English);
            output.result(&Opened::of(&hostile(), 0)).expect("written");
            let shown = captured.stdout();
            let dangerous = |c: char| c != '\n' && crate::escape::is_dangerous(c);
            assert!(!shown.contains(dangerous), "{shown:?}");
            assert!(shown.contains("authorized_keys"), "{shown}");
        }
    }

    #[test]
    fn as_json_nothing_is_lost() {
        let json = serde_json::to_value(Opened::of(&hostile(), 0)).expect("serialises");
        let message = &json["messages"][0];
        assert_eq!(message["text"], "en\r\ntvå\x1b]0;titel\x07\u{2066}");
        assert_eq!((&message["direction"], &message["from_verified"]), (&"in".into(), &false.into()));
        assert_eq!(message["attachments"][0]["bytes"], 1);
        assert_eq!(message["fields"][0]["value"], "v\u{feff}");
        assert_eq!(json["subject"], line().subject);
    }
}
