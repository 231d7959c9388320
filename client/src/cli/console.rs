//! Questions to the person, and what stdin gives.
//!
//! Somebody is asked only when stdin and stderr are a terminal. `--plain` asks with numbered lines that a screen
//! reader reads; everybody else gets one question at a time, the safe answer being the one that is set.

use std::io::{BufRead, IsTerminal as _, Read as _};

use inquire::InquireError;
use inquire::ui::{RenderConfig, Styled};

use super::output::Output;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text::{Args, MessageId, Text};

/// The most that is read from stdin in one go: longer than any field it may be for.
pub(super) const MAX_INPUT: u64 = 2 << 20;

/// How a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Nobody is there.
    Nobody,
    /// A list to move in, a line to edit.
    Screen,
    /// Numbered lines.
    Numbered,
}

/// One question, and the option that answers it when nobody can be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) text: MessageId,
    pub(super) option: &'static str,
}

/// Anything that can be asked.
pub(super) trait Ask {
    /// The question in a language.
    fn words(&self, text: &Text) -> String;

    /// Nobody can be asked; the error names the option that answers.
    fn unanswered(&self) -> Error;
}

impl Ask for Question {
    fn words(&self, text: &Text) -> String {
        text.get(self.text, &Args::none())
    }

    fn unanswered(&self) -> Error {
        Self::unanswered(*self)
    }
}

/// Stdin, and the person behind it if there is one.
pub(super) struct Console {
    input: Box<dyn BufRead + Send>,
    style: Style,
}

impl Console {
    /// This process's stdin.
    pub(super) fn of_process() -> Self {
        let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
        let person = stdin.is_terminal() && stderr.is_terminal();
        let style = if person { Style::Screen } else { Style::Nobody };
        Self { input: Box::new(std::io::BufReader::new(stdin)), style }
    }

    /// A person who types these lines, or a file that is piped in.
    #[cfg(test)]
    pub(super) fn scripted(input: Vec<u8>, style: Style) -> Self {
        Self { input: Box::new(std::io::Cursor::new(input)), style }
    }

    /// Asks in numbered lines from now on, if anybody.
    pub(super) fn make_plain(&mut self) {
        if self.style == Style::Screen {
            self.style = Style::Numbered;
        }
    }

    /// Whether somebody can be asked.
    pub(super) fn has_person(&self) -> bool {
        self.style != Style::Nobody
    }

    /// All of stdin.
    ///
    /// # Errors
    /// [`Code::InputTooLarge`], [`Code::InputUnreadable`].
    pub(super) fn read_all(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if read as u64 > MAX_INPUT {
            return Err(Error::with(Code::InputTooLarge, Args::none().number("max", MAX_INPUT)));
        }
        Ok(bytes)
    }

    /// One line; the default when nothing is typed.
    ///
    /// # Errors
    /// [`Code::ArgumentMissing`] with the option when nobody can be asked, [`Code::Interrupted`].
    pub(super) fn line(&mut self, output: &mut Output, question: impl Ask, default: &str) -> Result<String> {
        match self.style {
            Style::Nobody => Err(question.unanswered()),
            Style::Screen => {
                let text = question.words(output.text());
                let prompt = inquire::Text::new(&text).with_render_config(render_config());
                let prompt = if default.is_empty() { prompt } else { prompt.with_default(default) };
                prompt.prompt().map_err(stopped)
            }
            Style::Numbered => {
                output.ask(&question.words(output.text()));
                if !default.is_empty() {
                    output.notice(msg!("ask-default"), &Args::none().text("default", default));
                }
                let typed = self.typed(&question)?;
                Ok(if typed.is_empty() { default.to_owned() } else { typed })
            }
        }
    }

    /// One line that `parse` takes. Whoever types another one is told why, and asked again.
    ///
    /// # Errors
    /// As [`Console::line`].
    pub(super) fn parsed<T>(
        &mut self,
        output: &mut Output,
        question: impl Ask + Copy,
        default: &str,
        parse: impl Fn(&str) -> Result<T>,
    ) -> Result<T> {
        loop {
            match parse(&self.line(output, question, default)?) {
                Ok(answer) => return Ok(answer),
                Err(error) => output.complaint(&error),
            }
        }
    }

    /// One of several answers, by its place in the list. Whoever types another number is told so, and asked again.
    ///
    /// # Errors
    /// As [`Console::line`].
    pub(super) fn choice(
        &mut self,
        output: &mut Output,
        question: impl Ask,
        answers: &[String],
        default: usize,
    ) -> Result<usize> {
        match self.style {
            Style::Nobody => Err(question.unanswered()),
            Style::Screen => {
                let text = question.words(output.text());
                let answers = answers.iter().map(|answer| crate::escape::line(answer)).collect();
                let keys = output.text().get(msg!("ask-keys"), &Args::none());
                let prompt = inquire::Select::new(&text, answers).with_starting_cursor(default);
                let prompt = prompt.with_help_message(&keys).with_render_config(render_config());
                prompt.raw_prompt().map(|picked| picked.index).map_err(stopped)
            }
            Style::Numbered => {
                output.ask(&question.words(output.text()));
                list(answers, output);
                output.notice(msg!("ask-default"), &Args::none().text("default", default + 1));
                loop {
                    let typed = self.typed(&question)?;
                    let picked = if typed.is_empty() { Some(default) } else { chosen(&typed, answers) };
                    match picked {
                        Some(picked) => return Ok(picked),
                        None => output
                            .notice(msg!("ask-number"), &Args::none().number("last", answers.len() as u64)),
                    }
                }
            }
        }
    }

    /// Several of several answers, by their places in the list, ascending; maybe none.
    ///
    /// # Errors
    /// As [`Console::line`].
    pub(super) fn choices(
        &mut self,
        output: &mut Output,
        question: impl Ask,
        answers: &[String],
    ) -> Result<Vec<usize>> {
        match self.style {
            Style::Nobody => Err(question.unanswered()),
            Style::Screen => {
                let text = question.words(output.text());
                let answers = answers.iter().map(|answer| crate::escape::line(answer)).collect();
                let keys = output.text().get(msg!("ask-keys-several"), &Args::none());
                let prompt = inquire::MultiSelect::new(&text, answers).with_help_message(&keys);
                let picked = prompt.with_render_config(render_config()).raw_prompt().map_err(stopped)?;
                Ok(picked.iter().map(|picked| picked.index).collect())
            }
            Style::Numbered => {
                output.ask(&question.words(output.text()));
                list(answers, output);
                output.notice(msg!("ask-several"), &Args::none());
                loop {
                    if let Some(picked) = numbers(&self.typed(&question)?, answers.len()) {
                        return Ok(picked);
                    }
                    output.notice(msg!("ask-number"), &Args::none().number("last", answers.len() as u64));
                }
            }
        }
    }

    /// Several lines, until a line with nothing but a full stop, or the end of the input.
    ///
    /// # Errors
    /// As [`Console::line`].
    pub(super) fn paragraph(&mut self, output: &mut Output, question: impl Ask) -> Result<String> {
        self.paragraph_or(output, question, None)
    }

    /// The same; ended also by this line alone, before any other.
    ///
    /// # Errors
    /// As [`Console::line`].
    pub(super) fn paragraph_or(
        &mut self,
        output: &mut Output,
        question: impl Ask,
        alone: Option<&str>,
    ) -> Result<String> {
        if self.style == Style::Nobody {
            return Err(question.unanswered());
        }
        output.ask(&question.words(output.text()));
        output.notice(msg!("ask-paragraph"), &Args::none());
        let mut lines: Vec<String> = Vec::new();
        while let Some(line) = self.next_line()?.filter(|line| line != ".") {
            let ends = lines.is_empty() && alone == Some(line.as_str());
            lines.push(line);
            if ends {
                break;
            }
        }
        Ok(lines.join("\n"))
    }

    fn typed(&mut self, question: &impl Ask) -> Result<String> {
        let line = self.next_line()?.ok_or_else(|| question.unanswered())?;
        Ok(line.trim().to_owned())
    }

    fn next_line(&mut self) -> Result<Option<String>> {
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(MAX_INPUT).read_until(b'\n', &mut bytes).map_err(unreadable)?;
        let line = String::from_utf8(bytes).map_err(|_| Error::new(Code::InputNotText))?;
        Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
    }
}

impl Question {
    /// Nobody can be asked; the error names the option.
    pub(super) fn unanswered(self) -> Error {
        Error::with(Code::ArgumentMissing, Args::none().text("option", self.option))
    }

    /// The answer is not one that the question takes.
    pub(super) fn invalid(self) -> Error {
        Error::with(Code::ArgumentInvalid, Args::none().text("option", self.option).text("allowed", "none"))
    }
}

/// The answer that a person means: its number, or its first word, such as yes, no, ja or nej.
fn chosen(typed: &str, answers: &[String]) -> Option<usize> {
    if let Ok(number) = typed.parse::<usize>() {
        return number.checked_sub(1).filter(|at| *at < answers.len());
    }
    let first_word = |answer: &str| {
        let word = answer.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        word.to_lowercase()
    };
    let mut meant =
        answers.iter().enumerate().filter(|(_, answer)| first_word(answer) == typed.to_lowercase());
    // Two answers that begin alike are told apart by their numbers alone.
    meant.next().filter(|_| meant.next().is_none()).map(|(at, _)| at)
}

/// How questions look: what the library says in English of a question that is left, a sign says in every language.
fn render_config() -> RenderConfig<'static> {
    RenderConfig::default_colored().with_canceled_prompt_indicator(Styled::new("^C"))
}

/// Puts numbered answers on the screen.
fn list(answers: &[String], output: &mut Output) {
    for (number, answer) in (1u64..).zip(answers) {
        let args = Args::none().number("number", number).text("answer", answer);
        output.notice(msg!("ask-numbered"), &args);
    }
}

/// Places from numbers such as `1 3`, ascending, each once; `None` when one is not of the list.
fn numbers(typed: &str, last: usize) -> Option<Vec<usize>> {
    let words = typed.split([' ', ',']).filter(|word| !word.is_empty());
    let place =
        |word: &str| word.parse().ok().filter(|number| (1..=last).contains(number)).map(|number| number - 1);
    let mut places = words.map(place).collect::<Option<Vec<usize>>>()?;
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn unreadable(error: std::io::Error) -> Error {
    Error::with(Code::InputUnreadable, Args::none().because(&error.kind()))
}

/// A question that was left with Esc or Ctrl-C stops the command: nothing has happened yet.
fn stopped(error: InquireError) -> Error {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => Error::new(Code::Interrupted),
        InquireError::IO(error) => unreadable(error),
        InquireError::NotTTY | InquireError::InvalidConfiguration(_) | InquireError::Custom(_) => {
            Error::with(Code::InputUnreadable, Args::none().because(&msg!("cause-no-terminal")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Format;
    use crate::text::Language;

    const QUESTION: Question = Question { text: MessageId::named("what"), option: "--what" };

    fn output() -> (Output, super::super::output::Captured) {
        Output::captured(Format::Plain, Language::English)
    }

    fn typing(typed: &str) -> Console {
        Console::scripted(typed.as_bytes().to_vec(), Style::Numbered)
    }

    fn answers() -> Vec<String> {
        ["ett", "två"].map(str::to_owned).to_vec()
    }

    #[test]
    fn without_a_person_the_option_is_named() {
        let mut nobody = Console::scripted(Vec::new(), Style::Nobody);
        let (mut output, _) = output();
        let outcomes = [
            nobody.line(&mut output, QUESTION, "default").map(drop),
            nobody.choice(&mut output, QUESTION, &answers(), 0).map(drop),
            nobody.paragraph(&mut output, QUESTION).map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.expect_err("nobody"), QUESTION.unanswered());
        }
    }

    #[test]
    fn an_answer_goes_by_its_number_or_its_first_word() {
        let words = |answers: [&str; 2]| answers.map(str::to_owned);
        for (typed, swedish, english) in [
            ("ja", Some(1), None),
            ("NEJ", Some(0), None),
            ("yes", None, Some(1)),
            ("2", Some(1), Some(1)),
            ("0", None, None),
            ("3", None, None),
            ("", None, None),
            ("ja,", None, None),
        ] {
            assert_eq!(
                chosen(typed, &words(["Nej, skicka ingenting", "Ja, skicka det"])),
                swedish,
                "{typed}"
            );
            assert_eq!(chosen(typed, &words(["No, send nothing", "Yes, send it"])), english, "{typed}");
        }
        assert_eq!(chosen("ja", &words(["Ja, allt", "Ja, en del"])), None);
    }

    #[test]
    fn a_line_is_what_is_typed_or_the_default() {
        let (mut output, _) = output();
        let mut console = typing(" stod \n\n");
        assert_eq!(console.line(&mut output, QUESTION, "inkorg").expect("typed"), "stod");
        assert_eq!(console.line(&mut output, QUESTION, "inkorg").expect("default"), "inkorg");
        assert_eq!(
            console.line(&mut output, QUESTION, "").expect_err("the end").code(),
            Code::ArgumentMissing
        );
    }

    #[test]
    fn answers_are_numbered_and_picked_by_number() {
        let (mut output, captured) = output();
        let mut console = typing("2\n\n3\n0\ntre\n1\n3\n");
        assert_eq!(console.choice(&mut output, QUESTION, &answers(), 0).expect("picked"), 1);
        assert_eq!(console.choice(&mut output, QUESTION, &answers(), 0).expect("default"), 0);
        assert_eq!(console.choice(&mut output, QUESTION, &answers(), 1).expect("at last"), 0);
        assert!(captured.stderr().contains("1. ett\n2. två\n"), "{}", captured.stderr());
        assert_eq!(
            captured.stderr().matches("Type a number from 1 to 2.").count(),
            3,
            "{}",
            captured.stderr()
        );
        let ended = console.choice(&mut output, QUESTION, &answers(), 0).expect_err("the end");
        assert_eq!(ended.code(), Code::ArgumentMissing);
    }

    #[test]
    fn an_answer_that_makes_no_sense_is_asked_for_again() {
        let (mut output, captured) = output();
        let mut console = typing("snart\n7\nsnart\n");
        let day = |typed: &str| typed.parse::<u8>().map_err(|_| Error::new(Code::DateInvalid));
        assert_eq!(console.parsed(&mut output, QUESTION, "", day).expect("at last"), 7);
        let complaint = Error::new(Code::DateInvalid).explain(output.text()).message;
        assert_eq!(captured.stderr().matches(&complaint).count(), 1, "{}", captured.stderr());
        let ended = console.parsed(&mut output, QUESTION, "", day).expect_err("the end");
        assert_eq!(ended.code(), Code::ArgumentMissing);
    }

    #[test]
    fn several_are_picked_by_their_numbers() {
        let (mut output, captured) = output();
        let mut console = typing("2, 1 2\n\n3\n0\nett\n1\n");
        let mut picked = || console.choices(&mut output, QUESTION, &answers()).expect("picked");
        assert_eq!([picked(), picked(), picked()], [vec![0, 1], vec![], vec![0]]);
        assert_eq!(captured.stderr().matches("Type a number from 1 to 2.").count(), 3);
    }

    #[test]
    fn a_paragraph_may_end_with_one_word_alone() {
        let (mut output, _) = output();
        let mut console = typing("<\na\n<\n.\n");
        let mut typed = || console.paragraph_or(&mut output, QUESTION, Some("<")).expect("typed");
        assert_eq!([typed(), typed()], ["<", "a\n<"]);
    }

    #[test]
    fn a_paragraph_ends_with_a_full_stop_alone() {
        let (mut output, _) = output();
        let mut console = typing("en rad\r\n\nen till.\n.\nmer\n");
        assert_eq!(console.paragraph(&mut output, QUESTION).expect("typed"), "en rad\n\nen till.");
        assert_eq!(console.read_all().expect("the rest"), b"mer\n");
    }

    #[test]
    fn bad_134_a_closed_stdin_is_no_answer_and_too_much_is_refused() {
        let mut closed = Console::scripted(Vec::new(), Style::Nobody);
        assert_eq!(closed.read_all().expect("empty"), b"");
        let much = vec![b'x'; usize::try_from(MAX_INPUT).expect("fits") + 1];
        let mut endless = Console::scripted(much, Style::Nobody);
        assert_eq!(endless.read_all().expect_err("too much").code(), Code::InputTooLarge);
    }
}
