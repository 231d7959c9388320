//! `samverkan help`: a command's help, or a topic that concerns several.

use clap::Args;
use serde::Serialize;

use super::commands;
use super::exits;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::exit::Exit;
use crate::msg;
use crate::text::{self, MessageId, Text};

#[derive(Args)]
pub(super) struct Help {
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

/// A thing worth a page that is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    FirstSteps,
    Colleagues,
    ExitCodes,
    References,
    Consent,
    LegalBases,
    Evidence,
}

impl Topic {
    const ALL: [Self; 7] = [
        Self::FirstSteps,
        Self::Colleagues,
        Self::ExitCodes,
        Self::References,
        Self::Consent,
        Self::LegalBases,
        Self::Evidence,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::FirstSteps => "first-steps",
            Self::Colleagues => "colleagues",
            Self::ExitCodes => "exit-codes",
            Self::References => "references",
            Self::Consent => "consent",
            Self::LegalBases => "legal-bases",
            Self::Evidence => "evidence",
        }
    }

    const fn title(self) -> MessageId {
        match self {
            Self::FirstSteps => msg!("topic-first-steps-title"),
            Self::Colleagues => msg!("topic-colleagues-title"),
            Self::ExitCodes => msg!("topic-exit-codes-title"),
            Self::References => msg!("topic-references-title"),
            Self::Consent => msg!("topic-consent-title"),
            Self::LegalBases => msg!("topic-legal-bases-title"),
            Self::Evidence => msg!("topic-evidence-title"),
        }
    }

    const fn body(self) -> MessageId {
        match self {
            Self::FirstSteps => msg!("topic-first-steps"),
            Self::Colleagues => msg!("topic-colleagues"),
            Self::ExitCodes => msg!("topic-exit-codes"),
            Self::References => msg!("topic-references"),
            Self::Consent => msg!("topic-consent"),
            Self::LegalBases => msg!("topic-legal-bases"),
            Self::Evidence => msg!("topic-evidence"),
        }
    }
}

/// A topic in words.
#[derive(Serialize)]
struct TopicPage {
    topic: &'static str,
    title: String,
    text: String,
    #[serde(skip)]
    which: Topic,
}

impl TopicPage {
    fn new(topic: Topic, text: &Text) -> Self {
        let say = |id| text.get(id, &text::Args::none());
        Self { topic: topic.name(), title: say(topic.title()), text: say(topic.body()), which: topic }
    }
}

impl Report for TopicPage {
    const KIND: &'static str = "help_topic";

    fn lines(&self, page: &mut Page<'_>) {
        let none = text::Args::none();
        page.say_in(Tone::Strong, self.which.title(), &none).blank().say(self.which.body(), &none);
        if self.which == Topic::ExitCodes {
            page.blank();
            exits::list(&Exit::ALL, page);
        }
    }
}

/// A command's help.
#[derive(Serialize)]
pub(super) struct CommandPage {
    text: String,
}

impl CommandPage {
    pub(super) fn new(text: String) -> Self {
        Self { text: text.trim_end().to_owned() }
    }
}

impl Report for CommandPage {
    const KIND: &'static str = "help_command";

    fn lines(&self, page: &mut Page<'_>) {
        for line in self.text.lines() {
            page.line(line);
        }
    }
}

/// The root's help and the list of topics.
#[derive(Serialize)]
struct Overview {
    text: String,
    topics: Vec<&'static str>,
}

impl Report for Overview {
    const KIND: &'static str = "help";

    fn lines(&self, page: &mut Page<'_>) {
        for line in self.text.lines() {
            page.line(line);
        }
        page.blank().say(msg!("help-topics-are"), &text::Args::none());
        for topic in Topic::ALL {
            let title = page.text().get(topic.title(), &text::Args::none());
            page.line(&format!("  {:<12} {title}", topic.name()));
        }
    }
}

impl Help {
    pub(super) fn run(self, output: &mut Output) -> Result<()> {
        let mut tree = commands::tree(output.text());
        tree.build();
        let topic = Topic::ALL.into_iter().find(|topic| self.topic == [topic.name()]);
        if self.topic.is_empty() {
            let topics = Topic::ALL.iter().map(|topic| topic.name()).collect();
            return output.result(&Overview { text: tree.render_help().to_string(), topics });
        }
        // `consent` is a command as well as a topic: the words come first, and the command's help is one option away.
        if let Some(topic) = topic {
            let page = TopicPage::new(topic, output.text());
            return output.result(&page);
        }
        let mut command = &mut tree;
        for word in &self.topic {
            let unknown = || Error::new(Code::TopicUnknown);
            command = command.find_subcommand_mut(word).ok_or_else(unknown)?;
        }
        output.result(&CommandPage::new(command.render_help().to_string()))
    }
}

/// Which program this is.
#[derive(Serialize)]
pub(super) struct Version {
    program: &'static str,
    version: &'static str,
}

impl Version {
    pub(super) const fn of_this_program() -> Self {
        Self { program: commands::PROGRAM, version: env!("CARGO_PKG_VERSION") }
    }
}

impl Report for Version {
    const KIND: &'static str = "version";

    fn lines(&self, page: &mut Page<'_>) {
        page.line(&format!("{} {}", self.program, self.version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Format;
    use crate::text::Language;

    fn help(words: &[&str], format: Format) -> (Result<()>, String) {
        let (mut output, captured) = Output::captured(format, Language::English);
        let topic = words.iter().map(|word| (*word).to_owned()).collect();
        (Help { topic }.run(&mut output), captured.stdout())
    }

    #[test]
    fn every_topic_has_a_title_and_a_text_in_both_forms() {
        for topic in Topic::ALL {
            let (outcome, page) = help(&[topic.name()], Format::Human);
            outcome.expect("printed");
            assert!(page.lines().count() > 4, "{page}");
            let (_, json) = help(&[topic.name()], Format::Json);
            let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            assert_eq!(json["topic"], topic.name());
            assert!(json["text"].as_str().is_some_and(|text| text.len() > 100), "{json}");
        }
    }

    #[test]
    fn the_topic_of_exit_codes_has_each_of_them() {
        let (_, page) = help(&["exit-codes"], Format::Human);
        for exit in Exit::ALL {
            let number = format!("{:>3}  ", exit.code());
            assert!(page.lines().any(|line| line.starts_with(&number)), "{exit:?}");
        }
    }

    #[test]
    fn a_command_has_help_and_nonsense_has_not() {
        let (outcome, page) = help(&["profile", "use"], Format::Human);
        outcome.expect("printed");
        assert!(page.contains("samverkan profile use"), "{page}");
        assert_eq!(help(&["nonsense"], Format::Human).0.expect_err("none").code(), Code::TopicUnknown);
        assert_eq!(
            help(&["profile", "nonsense"], Format::Human).0.expect_err("none").code(),
            Code::TopicUnknown
        );
    }

    #[test]
    fn without_a_word_it_lists_commands_and_topics() {
        let (outcome, page) = help(&[], Format::Human);
        outcome.expect("printed");
        assert!(page.contains("doctor") && page.contains("legal-bases"), "{page}");
    }
}
