use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::error::Code;
use crate::text::{Language, Text};

fn filled(form: &Form) -> Vec<(String, String)> {
    let answer = |field: &Field| match &field.kind {
        Kind::Line | Kind::Lines => "Exempel".to_owned(),
        Kind::Flag => "true".to_owned(),
        Kind::Number => "2".to_owned(),
        Kind::Date => "2026-11-22".to_owned(),
        Kind::One(choices) => choices[0].code.clone(),
        Kind::Several(choices) => {
            choices.iter().map(|choice| choice.code.as_str()).collect::<Vec<_>>().join(",")
        }
    };
    form.fields().map(|field| (field.name.clone(), answer(field))).collect()
}

fn without(answers: &[(String, String)], leave_out: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    answers.iter().filter(|(name, _)| !leave_out(name)).cloned().collect()
}

#[test]
fn every_file_is_a_form_and_every_form_a_valid_schema_of_the_2020_draft() {
    for file in FILES {
        let schema: Value = serde_json::from_str(file).expect("JSON");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", schema["$id"]);
        assert_eq!(schema["additionalProperties"], false);
        let form = schema::read(file).unwrap_or_else(|| panic!("{} says too little", schema["$id"]));
        let parted: Vec<&str> = form.fields().map(|field| field.name.as_str()).collect();
        let unique: BTreeSet<&str> = parted.iter().copied().collect();
        assert_eq!(parted.len(), unique.len(), "{form:?}: each field is in one part");
        let properties = schema["properties"].as_object().expect("properties").keys().map(String::as_str);
        assert_eq!(unique, properties.collect(), "{form:?}: every field is in a part");
    }
}

#[test]
fn names_are_legal_and_none_is_the_programs_own() {
    let legal = |name: &str, also: &[u8]| {
        (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || also.contains(&byte))
    };
    let names: BTreeSet<&str> = all().iter().map(|form| form.name.as_str()).collect();
    assert_eq!(
        names,
        BTreeSet::from(["concern-report-1", "general-1", "shelter-request-1", "victim-support-1"])
    );
    for form in all() {
        assert!(
            legal(&form.name, b"-") && form.name.ends_with(|last: char| last.is_ascii_digit()),
            "{form:?}"
        );
        assert!(form.fields().count() <= samverkan_envelope::body::MAX_FIELDS);
        for field in form.fields() {
            assert!(legal(&field.name, b"_") && !field.name.starts_with(RESERVED), "{}", field.name);
            for choice in field.kind.choices() {
                assert!(values::to_text(&serde_json::json!([choice.code])).is_some(), "{}", choice.code);
            }
        }
    }
}

#[test]
fn everything_that_is_read_is_there_in_both_languages() {
    let mut words: Vec<&Words> = Vec::new();
    for form in all() {
        words.extend([&form.title, &form.about]);
        words.extend(form.parts.iter().map(|part| &part.title));
        for field in form.fields() {
            words.push(&field.title);
            words.extend(&field.hint);
            words.extend(field.kind.choices().iter().map(|choice| &choice.label));
        }
    }
    for Words { en, sv } in words {
        assert!(!en.trim().is_empty() && !sv.trim().is_empty(), "{en:?} {sv:?}");
    }
}

#[test]
fn a_field_means_the_same_in_every_form() {
    let mut seen: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    for form in all() {
        for field in form.fields() {
            let meaning = format!("{:?} {:?} {:?}", field.title, field.hint, field.kind);
            let before = seen.entry(&field.name).or_insert_with(|| meaning.clone());
            assert_eq!(*before, meaning, "{} of {form:?}", field.name);
        }
    }
}

#[test]
fn a_form_that_is_filled_in_is_taken_and_each_missing_field_is_named() {
    for form in all() {
        let whole = filled(form);
        assert_eq!(form.flaws(&whole), [], "{form:?}");
        for field in form.fields().filter(|field| field.required) {
            let flaws = form.flaws(&without(&whole, |name| name == field.name));
            let expected = if contact::is_of_rule(&field.name) {
                Flaw::NoSafeContact(vec![field.name.clone()])
            } else {
                Flaw::Missing(field.name.clone())
            };
            assert_eq!(flaws, [expected], "{form:?}");
        }
    }
}

#[test]
fn forms_about_violence_are_refused_without_safe_contact_and_that_is_said_first() {
    let demanding: Vec<&str> =
        all().iter().filter(|form| form.demands_safe_contact()).map(|form| form.name.as_str()).collect();
    assert_eq!(demanding, ["victim-support-1", "shelter-request-1"]);
    for name in demanding {
        let form = find(name).expect("a form");
        let error = form.check(&[]).expect_err("empty");
        assert_eq!((error.code(), error.exit().code()), (Code::SafeContactMissing, 6));
        let said = error.explain(&Text::of(Language::English)).to_string();
        for field in
            ["safe_contact_how", "safe_contact_when", "safe_contact_message", "safe_contact_not_told"]
        {
            assert!(said.contains(field), "{said}");
        }
    }
}

#[test]
fn an_optional_part_is_whole_or_not_there() {
    let form = find("general-1").expect("a form");
    let whole = filled(form);
    let without_rule = without(&whole, contact::is_of_rule);
    assert_eq!(form.flaws(&without_rule), []);
    let half = without(&whole, |name| contact::is_of_rule(name) && name != "safe_contact_code_word");
    assert!(matches!(&form.flaws(&half)[..], [Flaw::NoSafeContact(missing)] if missing.len() == 4));
    let risk = find("victim-support-1").expect("a form");
    let undated = without(&filled(risk), |name| name == "risk_assessed_on");
    assert_eq!(risk.flaws(&undated), [Flaw::Missing("risk_assessed_on".to_owned())]);
    assert_eq!(risk.flaws(&without(&undated, |name| name.starts_with("risk_"))), []);
}

#[test]
fn what_a_field_does_not_take_is_named_and_not_repeated() {
    let text = Text::of(Language::English);
    for (form, field, value) in [
        ("victim-support-1", "person_name", "Exempel\nExempelsson"),
        ("victim-support-1", "person_interpreter", "Exempelsson"),
        ("victim-support-1", "event_on", "2026-02-30"),
        ("victim-support-1", "event_on", "22 Exempelsson"),
        ("victim-support-1", "event_kind", "THEFT,Exempelsson"),
        ("victim-support-1", "event_kind", "THEFT,THEFT"),
        ("victim-support-1", "protected_identity", "Exempelsson"),
        ("shelter-request-1", "children", "21"),
        ("shelter-request-1", "children", "02"),
        ("general-1", "about", ""),
    ] {
        let form = find(form).expect("a form");
        let mut answers = without(&filled(form), |name| name == field);
        answers.push((field.to_owned(), value.to_owned()));
        assert_eq!(form.flaws(&answers), [Flaw::Invalid(field.to_owned())], "{field} {value}");
        assert!(!form.takes(field, value));
        let said = form.check(&answers).expect_err("refused").explain(&text).to_string();
        assert!(said.contains(field) && !said.contains("Exempelsson"), "{said}");
    }
    let form = find("general-1").expect("a form");
    let mut answers = filled(form);
    answers.push(("Exempelsson".to_owned(), "x".to_owned()));
    let error = form.check(&answers).expect_err("unknown");
    assert_eq!(error.code(), Code::FormFieldUnknown);
    let said = error.explain(&text).to_string();
    assert!(said.contains("about") && !said.contains("Exempelsson"), "{said}");
}

proptest! {
    #[test]
    fn a_value_of_a_file_comes_back_from_the_body(number: u64, flag: bool, text in "(?s).{0,40}", which in prop::collection::btree_set(0usize..4, 1..4)) {
        let kind = &find("victim-support-1").and_then(|form| form.field("event_kind")).expect("a field").kind;
        let codes: Vec<&str> = which.iter().map(|at| kind.choices()[*at].code.as_str()).collect();
        for (kind, value) in [
            (&Kind::Number, Value::from(number)),
            (&Kind::Flag, Value::from(flag)),
            (&Kind::Lines, Value::from(text)),
            (kind, Value::from(codes)),
        ] {
            let written = values::to_text(&value).expect("a value");
            prop_assert_eq!(values::to_value(kind, &written), Some(value));
        }
    }

    #[test]
    fn no_answer_makes_checking_panic(name in "[a-z_]{0,20}", text in any::<String>()) {
        for form in all() {
            let mut answers = filled(form);
            answers.push((name.clone(), text.clone()));
            // Whether it is taken or not, it ends.
            let _ = form.flaws(&answers);
            for field in form.fields() {
                let _ = form.takes(&field.name, &text);
            }
        }
    }
}
