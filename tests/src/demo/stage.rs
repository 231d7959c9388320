//! Who is there, and how a step is told.

use crate::cli::Cli;
use crate::hub::HubProcess;
use crate::process::Outcome;
use crate::site::Site;
use crate::stop::Stop;
use crate::story::Story;
use std::fmt;
use std::io::Write;
use std::path::Path;

/// Longer lines of a result are cut when they are quoted. What a program says besides, errors above all, ends in what to do next, and is
/// quoted whole.
const WIDTH: usize = 110;

/// What did not happen as told.
#[derive(Debug)]
pub enum Broken {
    /// A program ended with another exit code.
    Exit {
        /// The code that was told.
        told: i32,
        /// What it did.
        outcome: Box<Outcome>,
    },
    /// A program did not say what was told.
    Unsaid {
        /// What it should have said.
        told: String,
        /// What it did.
        outcome: Box<Outcome>,
    },
    /// Something else is not so.
    Untrue(String),
    /// Somebody asked it to stop.
    Stopped,
    /// Nobody listens, or the disk failed.
    Io(std::io::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |outcome: &Outcome| {
            format!("{}\n--- stdout\n{}--- stderr\n{}", outcome.command, outcome.stdout, outcome.stderr)
        };
        match self {
            Self::Exit { told, outcome } => {
                write!(f, "it should have ended with {told}, not {:?}: {}", outcome.code, said(outcome))
            }
            Self::Unsaid { told, outcome } => write!(f, "it did not say {told:?}: {}", said(outcome)),
            Self::Untrue(what) => write!(f, "this is not so: {what}"),
            Self::Stopped => f.write_str("it was asked to stop"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Broken {}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Everybody and the narrator.
pub(super) struct Stage<'a, W> {
    stop: &'a Stop,
    story: Story<W>,
    pub(super) hub: HubProcess,
    police: Cli,
    association: Cli,
    shelter: Cli,
}

/// Whose keyboard it is.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Police,
    Association,
    Shelter,
}

/// A command line of a person, and what it must lead to.
pub(super) struct Step<'a> {
    pub(super) who: Who,
    pub(super) words: &'a [&'a str],
    /// The exit code.
    pub(super) exit: i32,
    /// Parts of lines that must be printed; those lines are quoted, in this order.
    pub(super) quotes: &'a [&'a str],
}

impl<'a, W: Write> Stage<'a, W> {
    /// Starts the hub and gives everybody a machine.
    pub(super) fn set(out: W, folder: &Path, stop: &'a Stop) -> Result<Self, Broken> {
        let story = Story::begin(out, "Samverkan: one referral, from the first invitation to the answer")?;
        let room = |name: &str| -> std::io::Result<_> {
            let room = folder.join(name);
            std::fs::create_dir(&room)?;
            Ok(room)
        };
        Ok(Self {
            stop,
            story,
            hub: HubProcess::start_at(Site::in_folder(&room("hub")?)),
            police: Cli::in_folder(&room("police")?),
            association: Cli::in_folder(&room("association")?),
            shelter: Cli::in_folder(&room("shelter")?),
        })
    }

    pub(super) fn chapter(&mut self, title: &str) -> Result<(), Broken> {
        Ok(self.story.chapter(title)?)
    }

    pub(super) fn tell(&mut self, sentence: &str) -> Result<(), Broken> {
        Ok(self.story.tell(sentence)?)
    }

    pub(super) fn end(self, line: &str) -> Result<(), Broken> {
        Ok(self.story.end(line)?)
    }

    /// A person's command, which must succeed.
    pub(super) fn does(&mut self, who: Who, words: &[&str], quotes: &[&str]) -> Result<Outcome, Broken> {
        self.step(&Step { who, words, exit: 0, quotes })
    }

    /// A person's command, told and checked.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Result<Outcome, Broken> {
        self.story.typed(step.who.prompt(), &typed("samverkan", step.words))?;
        let outcome = self.cli(step.who).run(step.words);
        self.check(outcome, step.exit, step.quotes)
    }

    /// A command of the operator, which must succeed.
    pub(super) fn operates(&mut self, words: &[&str], quotes: &[&str]) -> Result<Outcome, Broken> {
        self.story.typed("operator", &typed("samverkan-hub", words))?;
        let outcome = self.hub.operator(words);
        self.check(outcome, 0, quotes)
    }

    /// What a person's program knows, as a document; the story needs it and does not tell it.
    pub(super) fn knows(&self, who: Who, words: &[&str]) -> Result<serde_json::Value, Broken> {
        let outcome = self.cli(who).run(&[words, &["--json"]].concat());
        if outcome.code != Some(0) {
            return Err(Broken::Exit { told: 0, outcome: Box::new(outcome) });
        }
        serde_json::from_str(&outcome.stdout)
            .map_err(|_| Broken::Unsaid { told: "a JSON document".to_owned(), outcome: Box::new(outcome) })
    }

    /// The folder in which a person works.
    pub(super) fn desk(&self, who: Who) -> &Path {
        self.cli(who).folder()
    }

    fn cli(&self, who: Who) -> &Cli {
        match who {
            Who::Police => &self.police,
            Who::Association => &self.association,
            Who::Shelter => &self.shelter,
        }
    }

    fn check(&mut self, outcome: Outcome, exit: i32, quotes: &[&str]) -> Result<Outcome, Broken> {
        if self.stop.is_asked() {
            return Err(Broken::Stopped);
        }
        if outcome.code != Some(exit) {
            return Err(Broken::Exit { told: exit, outcome: Box::new(outcome) });
        }
        for quote in quotes {
            match quoted(&outcome, quote) {
                Some(line) => self.story.said(&line)?,
                None => {
                    return Err(Broken::Unsaid { told: (*quote).to_owned(), outcome: Box::new(outcome) });
                }
            }
        }
        Ok(outcome)
    }
}

impl Who {
    const fn prompt(self) -> &'static str {
        match self {
            Self::Police => "police",
            Self::Association => "association",
            Self::Shelter => "shelter",
        }
    }
}

/// Fails the story when something is not so.
pub(super) fn so(is_so: bool, what: &str) -> Result<(), Broken> {
    if is_so { Ok(()) } else { Err(Broken::Untrue(what.to_owned())) }
}

/// A text field of a document.
pub(super) fn text_of(document: &serde_json::Value, pointer: &str) -> Result<String, Broken> {
    let text = document.pointer(pointer).and_then(serde_json::Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Broken::Untrue(format!("{pointer} is a text in {document}")))
}

/// A command line as it would be typed in a shell.
fn typed(program: &str, words: &[&str]) -> String {
    let quoted = |word: &&str| if word.contains(' ') { format!("\"{word}\"") } else { (*word).to_owned() };
    let words: Vec<String> = words.iter().map(quoted).collect();
    format!("{program} {}", words.join(" "))
}

/// The first line of what a program said that has this in it.
fn quoted(outcome: &Outcome, part: &str) -> Option<String> {
    let has_it = |line: &&str| line.contains(part);
    let result = outcome.stdout.lines().find(has_it).map(cut);
    result.or_else(|| outcome.stderr.lines().find(has_it).map(str::to_owned))
}

fn cut(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let kept: String = line.chars().take(WIDTH - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_and_words_with_blanks_are_quoted() {
        assert_eq!(typed("samverkan", &["find", "två ord"]), "samverkan find \"två ord\"");
        let line = cut(&"å".repeat(WIDTH + 1));
        assert_eq!((line.chars().count(), line.ends_with('…')), (WIDTH, true));
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn results_are_cut_and_errors_are_quoted_whole() {
        let long = "å".repeat(WIDTH + 1);
        let outcome = Outcome {
            command: String::new(),
            code: Some(6),
            stdout: format!("result {long}\n"),
            stderr: format!("error {long}\n"),
        };
        assert_eq!(quoted(&outcome, "result").map(|line| line.chars().count()), Some(WIDTH));
        assert_eq!(quoted(&outcome, "error"), Some(format!("error {long}")));
        assert_eq!(quoted(&outcome, "else"), None);
    }
}
