//! What a form does not take.
//!
//! The schema decides; a flaw names the field and never what was written in it, since that is about a person.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use super::{Field, Form, contact, values};
use crate::error::{Code, Error, Result};
use crate::text::Args;

/// One thing that is wrong with what was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Parts of the safe contact are missing: their names.
    NoSafeContact(Vec<String>),
    /// A field that the form demands is missing.
    Missing(String),
    /// A field has a value that it does not take.
    Invalid(String),
    /// There is a field that the form does not have. Its name may be a person's, in the wrong place, and is not told.
    Unknown,
}

impl Form {
    /// Everything that is wrong with these names and texts: the safe contact first, then by field in the form's order.
    #[must_use]
    pub fn flaws(&self, answers: &[(String, String)]) -> Vec<Flaw> {
        let (mut document, mut invalid, mut missing) = (Map::new(), BTreeSet::new(), BTreeSet::new());
        let mut unknown = false;
        for (name, text) in answers {
            match self.field(name).map(|field| values::to_value(&field.kind, text)) {
                Some(Some(value)) => drop(document.insert(name.clone(), value)),
                Some(None) => drop(invalid.insert(name.clone())),
                None => unknown = true,
            }
        }
        let document = Value::Object(document);
        for error in self.validator.iter_errors(&document) {
            match error.kind() {
                ValidationErrorKind::Required { property } => {
                    missing.extend(property.as_str().map(str::to_owned));
                }
                _ => drop(invalid.insert(field_of(error.instance_path().as_str()))),
            }
        }
        missing.retain(|name| !invalid.contains(name));
        self.in_order(&missing, &invalid, unknown)
    }

    fn in_order(&self, missing: &BTreeSet<String>, invalid: &BTreeSet<String>, unknown: bool) -> Vec<Flaw> {
        let names = |is: &dyn Fn(&Field) -> bool| -> Vec<String> {
            self.fields().filter(|field| is(field)).map(|field| field.name.clone()).collect()
        };
        let unsafe_without =
            names(&|field| missing.contains(&field.name) && contact::is_of_rule(&field.name));
        let mut flaws = Vec::new();
        if !unsafe_without.is_empty() {
            flaws.push(Flaw::NoSafeContact(unsafe_without));
        }
        for field in self.fields() {
            if missing.contains(&field.name) && !contact::is_of_rule(&field.name) {
                flaws.push(Flaw::Missing(field.name.clone()));
            } else if invalid.contains(&field.name) {
                flaws.push(Flaw::Invalid(field.name.clone()));
            }
        }
        flaws.extend(unknown.then_some(Flaw::Unknown));
        flaws
    }

    /// The fields that these answers lack.
    #[must_use]
    pub fn lacking(&self, answers: &[(String, String)]) -> Vec<&Field> {
        let flaws = self.flaws(answers);
        let lacks = |field: &&Field| {
            flaws.iter().any(|flaw| match flaw {
                Flaw::NoSafeContact(names) => names.contains(&field.name),
                Flaw::Missing(name) => *name == field.name,
                Flaw::Invalid(_) | Flaw::Unknown => false,
            })
        };
        self.fields().filter(lacks).collect()
    }

    /// Whether one answer alone is one that its field takes.
    #[must_use]
    pub fn takes(&self, name: &str, text: &str) -> bool {
        let answer = [(name.to_owned(), text.to_owned())];
        !self.flaws(&answer).iter().any(|flaw| *flaw == Flaw::Invalid(name.to_owned()))
    }

    /// Refuses what the form does not take.
    ///
    /// # Errors
    /// [`Code::SafeContactMissing`], [`Code::FormFieldMissing`], [`Code::FormFieldInvalid`], [`Code::FormFieldUnknown`].
    pub fn check(&self, answers: &[(String, String)]) -> Result<()> {
        self.flaws(answers).first().map_or(Ok(()), |flaw| Err(self.error_of(flaw)))
    }

    /// A flaw as an error that ends a command.
    #[must_use]
    pub fn error_of(&self, flaw: &Flaw) -> Error {
        let of_form = Args::none().text("form", &self.name);
        match flaw {
            Flaw::NoSafeContact(fields) => {
                Error::with(Code::SafeContactMissing, of_form.text("fields", fields.join(", ")))
            }
            Flaw::Missing(field) => Error::with(Code::FormFieldMissing, of_form.text("field", field)),
            Flaw::Invalid(name) => {
                let field = self.field(name);
                let kind = field.map_or("line", |field| field.kind.name());
                let codes = field.into_iter().flat_map(|field| field.kind.choices());
                let codes: Vec<&str> = codes.map(|choice| choice.code.as_str()).collect();
                let args = of_form.text("field", name).text("kind", kind).text("codes", codes.join(", "));
                Error::with(Code::FormFieldInvalid, args)
            }
            Flaw::Unknown => {
                let known: Vec<&str> = self.fields().map(|field| field.name.as_str()).collect();
                Error::with(Code::FormFieldUnknown, of_form.text("known", known.join(", ")))
            }
        }
    }
}

/// The field that a JSON pointer leads into.
fn field_of(pointer: &str) -> String {
    pointer.split('/').nth(1).unwrap_or_default().to_owned()
}
