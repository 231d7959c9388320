//! The questions of a form: one field at a time, in the form's words, checked by its schema before the next one is asked.

use super::Unfinished;
use super::questions::Desk;
use super::wizard::{BACK, Reply};
use crate::cli::console::{Ask, Question};
use crate::error::{Code, Error, Result};
use crate::forms::{Choice, Field, Flaw, Form, Kind};
use crate::msg;
use crate::text::{Args, Text};

const PART: Question = Question { text: msg!("ask-part"), option: "--from-file" };

/// A field as a question.
#[derive(Clone, Copy)]
struct Asked(&'static Field);

impl Ask for Asked {
    fn words(&self, text: &Text) -> String {
        let title = self.0.title.in_language(text.tag());
        match &self.0.hint {
            Some(hint) => format!("{title} ({})", hint.in_language(text.tag())),
            None => title.to_owned(),
        }
    }

    fn unanswered(&self) -> Error {
        Error::with(Code::ArgumentMissing, Args::none().text("option", "--from-file"))
    }
}

impl Desk<'_> {
    /// Whether to fill in an optional part; leaving it out is the answer that is set.
    pub(super) fn ask_part(&mut self, name: &'static str, unfinished: &mut Unfinished) -> Result<Reply> {
        let answers = [msg!("answer-leave-out"), msg!("answer-fill-in")];
        let answers = answers.map(|id| self.output.text().get(id, &Args::none()));
        let picked = self.choose(PART, &answers)?;
        if picked == Some(1) {
            unfinished.opened.push(name);
        }
        Ok(Reply::of(picked.is_some()))
    }

    /// One field.
    pub(super) fn ask_field(&mut self, name: &'static str, unfinished: &mut Unfinished) -> Result<Reply> {
        let found = unfinished.form.and_then(|form| Some((form, form.field(name)?)));
        let (form, field) = found.ok_or(Error::new(Code::ProgramDefect))?;
        let answer = match &field.kind {
            Kind::Lines => self.lines(form, field)?,
            Kind::Line | Kind::Number | Kind::Date => self.text(form, field)?,
            Kind::Flag => self.flag(field)?,
            Kind::One(choices) => self.one(field, choices)?,
            Kind::Several(choices) => self.several(form, field, choices)?,
        };
        let Some(answer) = answer else { return Ok(Reply::Back) };
        if !answer.is_empty() {
            unfinished.fields.push((name.to_owned(), answer));
        }
        Ok(Reply::Given)
    }

    /// What is typed on one line; `None` to go back, as in all below.
    fn text(&mut self, form: &Form, field: &'static Field) -> Result<Option<String>> {
        self.tell_optional(field);
        let may_go_back = self.may_go_back;
        let parse = |typed: &str| {
            let typed = typed.trim();
            let is_back = may_go_back && typed == BACK;
            if is_back { Ok(None) } else { checked(form, field, typed).map(Some) }
        };
        self.console.parsed(self.output, Asked(field), "", parse)
    }

    fn lines(&mut self, form: &Form, field: &'static Field) -> Result<Option<String>> {
        self.tell_optional(field);
        loop {
            let Some(typed) = self.paragraph(Asked(field))? else { return Ok(None) };
            match checked(form, field, typed.trim()) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => self.output.complaint(&error),
            }
        }
    }

    /// No comes first. Where nothing need be said, that does.
    fn flag(&mut self, field: &'static Field) -> Result<Option<String>> {
        let codes = ["false", "true"].map(str::to_owned);
        let words = [msg!("answer-flag-no"), msg!("answer-flag-yes")];
        let words = words.map(|id| self.output.text().get(id, &Args::none()));
        self.pick_one(field, codes.to_vec(), words.to_vec())
    }

    fn one(&mut self, field: &'static Field, choices: &[Choice]) -> Result<Option<String>> {
        let codes = choices.iter().map(|choice| choice.code.clone()).collect();
        let labels = self.labels(choices);
        self.pick_one(field, codes, labels)
    }

    fn pick_one(
        &mut self,
        field: &'static Field,
        mut codes: Vec<String>,
        mut lines: Vec<String>,
    ) -> Result<Option<String>> {
        if !field.required {
            codes.insert(0, String::new());
            lines.insert(0, self.output.text().get(msg!("answer-nothing"), &Args::none()));
        }
        let picked = self.choose(Asked(field), &lines)?;
        Ok(picked.and_then(|picked| codes.into_iter().nth(picked)))
    }

    fn several(&mut self, form: &Form, field: &'static Field, choices: &[Choice]) -> Result<Option<String>> {
        self.tell_optional(field);
        let mut lines = self.labels(choices);
        if self.may_go_back {
            lines.push(self.output.text().get(msg!("answer-back"), &Args::none()));
        }
        loop {
            let picked = self.console.choices(self.output, Asked(field), &lines)?;
            if picked.iter().any(|picked| *picked >= choices.len()) {
                return Ok(None);
            }
            let codes = picked.iter().filter_map(|picked| choices.get(*picked));
            let codes: Vec<&str> = codes.map(|choice| choice.code.as_str()).collect();
            match checked(form, field, &codes.join(",")) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => self.output.complaint(&error),
            }
        }
    }

    fn labels(&self, choices: &[Choice]) -> Vec<String> {
        let tag = self.output.text().tag();
        choices.iter().map(|choice| choice.label.in_language(tag).to_owned()).collect()
    }

    fn tell_optional(&mut self, field: &Field) {
        if !field.required {
            self.output.notice(msg!("ask-optional"), &Args::none());
        }
    }
}

/// An answer that the field takes, or nothing where nothing need be said.
fn checked(form: &Form, field: &Field, typed: &str) -> Result<String> {
    match (typed.is_empty(), field.required) {
        (true, false) => Ok(String::new()),
        (true, true) => Err(form.error_of(&Flaw::Missing(field.name.clone()))),
        (false, _) if form.takes(&field.name, typed) => Ok(typed.to_owned()),
        (false, _) => Err(form.error_of(&Flaw::Invalid(field.name.clone()))),
    }
}
