//! Forms: versioned JSON Schema files (draft 2020-12) under `client/forms/`, part of the program.
//!
//! A form decides what `send` asks, what a file for `--from-file` may hold, what is refused before anything is sealed, and how `show`
//! renders what came. A published form never changes; one with other fields gets the next number.
//!
//! * [`schema`]: a file, read into a [`Form`]
//! * [`values`]: between the JSON values that a schema speaks of and the texts that a body holds (PROTOCOL.md section 8)
//! * [`check`]: what a form does not take, field by field
//! * [`contact`]: safe contact and protected identity, whose names mean the same in every form, known or not
//! * [`law`]: sections of law, which are data too

use std::sync::LazyLock;

use jsonschema::Validator;
use samverkan_proto::code::Class;

mod check;
pub mod contact;
pub mod law;
pub(crate) mod laws;
mod schema;
pub mod values;

pub use crate::referral::wire::RESERVED;
pub use check::Flaw;

/// The files, in the order in which they are offered.
const FILES: [&str; 4] = [
    include_str!("../../forms/victim-support-1.json"),
    include_str!("../../forms/shelter-request-1.json"),
    include_str!("../../forms/concern-report-1.json"),
    include_str!("../../forms/general-1.json"),
];

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms = FILES.iter().map(|file| schema::read(file));
    forms.collect::<Option<_>>().expect("the forms are part of the program, and a test reads each")
});

/// Every form, in the order in which they are offered.
#[must_use]
pub fn all() -> &'static [Form] {
    &FORMS
}

/// The form with this name and version, such as `general-1`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Form> {
    all().iter().find(|form| form.name == name)
}

/// The forms for messages of a class, the one that asks for most first.
pub fn of_class(class: Class) -> impl Iterator<Item = &'static Form> {
    all().iter().filter(move |form| form.classes.contains(&class))
}

/// A form.
pub struct Form {
    /// Its name and version, such as `general-1`.
    pub name: String,
    /// What it is called.
    pub title: Words,
    /// What it is for.
    pub about: Words,
    /// The classes of messages that it is for.
    pub classes: Vec<Class>,
    /// Its fields, part by part, in the order in which they are asked for.
    pub parts: Vec<Part>,
    validator: Validator,
}

/// The name is all there is to say of it: forms are compared and shown by it.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Form").field(&self.name).finish()
    }
}

impl Form {
    /// Every field, in the order in which they are asked for.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.parts.iter().flat_map(|part| &part.fields)
    }

    /// The field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.name == name)
    }

    /// Whether nothing is sent without a safe way to contact the person.
    #[must_use]
    pub fn demands_safe_contact(&self) -> bool {
        let demanded = self.parts.iter().filter(|part| !part.optional).flat_map(|part| &part.fields);
        { demanded }.any(|field| field.required && contact::is_of_rule(&field.name))
    }
}

/// Fields that belong together.
#[derive(Debug)]
pub struct Part {
    /// Its name, `[a-z0-9_]`.
    pub name: String,
    /// What it is called.
    pub title: Words,
    /// It is filled in as a whole or left out; a person is asked which.
    pub optional: bool,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// One question of a form.
#[derive(Debug)]
pub struct Field {
    /// Its name in body and files, `[a-z0-9_]`.
    pub name: String,
    /// The question.
    pub title: Words,
    /// More about it.
    pub hint: Option<Words>,
    /// What answers it.
    pub kind: Kind,
    /// Nothing is sent without it. In an optional part this counts once the part is filled in.
    pub required: bool,
}

/// What answers a question.
#[derive(Debug)]
pub enum Kind {
    /// One line of text.
    Line,
    /// Text of any number of lines.
    Lines,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// A day.
    Date,
    /// One of these, the safe answer first.
    One(Vec<Choice>),
    /// One or more of these.
    Several(Vec<Choice>),
}

impl Kind {
    /// What can be chosen from; nothing for what is written.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        match self {
            Self::One(choices) | Self::Several(choices) => choices,
            Self::Line | Self::Lines | Self::Flag | Self::Number | Self::Date => &[],
        }
    }

    /// A word for it that the sentences of errors go by.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Lines => "lines",
            Self::Flag => "flag",
            Self::Number => "number",
            Self::Date => "date",
            Self::One(_) => "one",
            Self::Several(_) => "several",
        }
    }
}

/// An answer to choose.
#[derive(Debug)]
pub struct Choice {
    /// What stands in body and files, `[A-Z0-9_]`.
    pub code: String,
    /// What a person reads.
    pub label: Words,
}

/// Something that people read, in each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    en: String,
    sv: String,
}

impl Words {
    /// In the language with this tag; whoever speaks another one gets English.
    #[must_use]
    pub fn in_language(&self, tag: &str) -> &str {
        match tag {
            "sv" => &self.sv,
            _ => &self.en,
        }
    }
}

#[cfg(test)]
mod tests;
