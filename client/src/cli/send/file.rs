//! A message in a JSON file. Every field is optional and an unknown one is refused, so that none is lost by a typing
//! error:
//!
//! `to` (a list), `from`, `class`, `basis`, `section`, `urgency`, `answer_within`, `keep`, `consent`, `form`, `subject`, `text`,
//! `fields` (the form's names and values: a text, a number, `true` or `false`, a code, a list of codes; `null` is no answer),
//! `attachments` (a list of paths), `keep_metadata` (`true` leaves in pictures what they tell beside the picture).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::{Unfinished, parse_form, parse_minutes, parse_section};
use crate::cli::fields::Fields;
use crate::cli::moment::parse_duration;
use crate::cli::reference::{parse_mailbox, parse_reference};
use crate::error::{Code, Error, Result};
use crate::forms::values;
use crate::text::Args;

/// Reads a message file.
///
/// # Errors
/// [`Code::FileNotJson`]; [`Code::FieldUnknown`] and [`Code::FieldInvalid`] with the field's name.
pub(super) fn parse(json: &str) -> Result<Unfinished> {
    let mut fields = Fields::parse(json)?;
    let unfinished = Unfinished {
        to: fields.each("to", parse_mailbox)?,
        from: fields.one("from", parse_mailbox)?,
        class: fields.named("class")?,
        basis: fields.named("basis")?,
        urgency: fields.named("urgency")?,
        answer_within: fields.one("answer_within", parse_minutes)?,
        keep_ms: fields.one("keep", parse_duration)?,
        consent: fields.one("consent", parse_reference)?,
        section: fields.one("section", parse_section)?,
        form: fields.one("form", parse_form)?,
        subject: fields.take("subject")?,
        text: fields.take("text")?,
        fields: answers(&mut fields)?,
        opened: Vec::new(),
        attachments: fields.take::<Vec<PathBuf>>("attachments")?.unwrap_or_default(),
        keep_metadata: fields.take("keep_metadata")?,
    };
    fields.nothing_left()?;
    Ok(unfinished)
}

/// The answers as a body holds them.
fn answers(fields: &mut Fields) -> Result<Vec<(String, String)>> {
    let values: BTreeMap<String, Value> = fields.take("fields")?.unwrap_or_default();
    let invalid = || Error::with(Code::FieldInvalid, Args::none().text("field", "fields"));
    let answer = |(name, value): (String, Value)| Some((name, values::to_text(&value)?));
    let given = values.into_iter().filter(|(_, value)| !value.is_null());
    given.map(|given| answer(given).ok_or_else(invalid)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use samverkan_proto::code::{Class, LegalBasis, Urgency};

    use super::*;
    use crate::text::{Language, Text};

    fn refused(json: &str) -> (Code, String) {
        let error = parse(json).err().unwrap_or_else(|| panic!("{json} must be refused"));
        (error.code(), error.explain(&Text::of(Language::English)).to_string())
    }

    #[test]
    fn every_field_is_read() {
        let unfinished = parse(
            r#"{"to":["boj-exempel/stod"],"from":"polis-exempel/anmalan","class":"referral","basis":"CONSENT",
            "urgency":"soon","answer_within":"2d","keep":"1w","consent":"222-222-2","subject":"Ärende","text":"Hej",
            "fields":{"age":"34"},"attachments":["a.pdf"]}"#,
        )
        .expect("valid");
        assert_eq!(unfinished.to[0].to_string(), "boj-exempel/stod");
        assert_eq!((unfinished.class, unfinished.basis), (Some(Class::Referral), Some(LegalBasis::Consent)));
        assert_eq!((unfinished.urgency, unfinished.keep_ms), (Some(Urgency::Soon), Some(604_800_000)));
        assert_eq!(unfinished.answer_within.map(u32::from), Some(2880));
        assert_eq!(unfinished.fields, [("age".to_owned(), "34".to_owned())]);
        assert_eq!(unfinished.attachments, [PathBuf::from("a.pdf")]);
        assert!(!unfinished.is_missing_something());
    }

    #[test]
    fn an_unknown_field_is_told_by_the_known_ones_and_nothing_in_the_file_is_repeated() {
        let (code, said) = refused(r#"{"Exempelsson":["boj-exempel/stod"]}"#);
        assert_eq!(code, Code::FieldUnknown);
        assert!(said.contains("to, from, class") && !said.contains("Exempelsson"), "{said}");
        for (json, field) in [
            (r#"{"to":"Exempelsson"}"#, "to"),
            (r#"{"to":["Exempelsson"]}"#, "to"),
            (r#"{"class":"Exempelsson"}"#, "class"),
            (r#"{"keep":"Exempelsson"}"#, "keep"),
            (r#"{"text":["Exempelsson"]}"#, "text"),
            (r#"{"fields":{"a":["Exempelsson"]}}"#, "fields"),
        ] {
            let (code, said) = refused(json);
            assert_eq!(code, Code::FieldInvalid, "{json}");
            assert!(said.contains(field) && !said.contains("Exempelsson"), "{said}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in ["", "[]", "null", "{", "\"Exempelsson\"", "{} {}"] {
            let (code, said) = refused(bad);
            assert_eq!(code, Code::FileNotJson, "{bad}");
            assert!(!said.contains("Exempelsson"), "{said}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            // Whether it is a message or not, it ends.
            let _ = parse(&text);
        }
    }
}
