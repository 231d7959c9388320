//! What was filled in, for people: in the words and the order of its form. A form that is not known here is told as such, and its fields
//! are shown as they came.

use super::page::{Page, Tone};
use crate::forms::{self, Choice, Field, Form, Kind, law, values};
use crate::msg;
use crate::referral::wire;
use crate::text::{Args, Text};

/// Puts the answers on a page; `form` is the name that came with them, empty without one. A step is none that a
/// person filled in.
pub(super) fn lines(form: &str, answers: &[(String, String)], page: &mut Page<'_>) {
    if form.is_empty() || form == wire::FORM {
        return as_they_came(answers.iter(), page);
    }
    let Some(form) = forms::find(form) else {
        page.say_in(Tone::Warning, msg!("show-form-unknown"), &Args::none().text("form", form));
        return as_they_came(answers.iter(), page);
    };
    of_form(form, answers, page);
    let beside: Vec<_> = answers.iter().filter(|(name, _)| form.field(name).is_none()).collect();
    if !form.flaws(answers).is_empty() {
        page.say_in(Tone::Warning, msg!("show-form-broken"), &Args::none());
    }
    as_they_came(beside.into_iter(), page);
}

/// A contact rule alone: every form asks for it in the same words.
pub(super) fn rule_lines(form: &str, answers: &[(String, String)], page: &mut Page<'_>) {
    match forms::find(form) {
        Some(form) => {
            parts(form, answers, page);
            as_they_came(answers.iter().filter(|(name, _)| form.field(name).is_none()), page);
        }
        None => as_they_came(answers.iter(), page),
    }
}

/// The answers to the fields of a form, under its title.
fn of_form(form: &Form, answers: &[(String, String)], page: &mut Page<'_>) {
    let tag = page.text().tag();
    page.blank().say_in(
        Tone::Strong,
        msg!("show-form"),
        &Args::none().text("form", form.title.in_language(tag)),
    );
    parts(form, answers, page);
}

/// The answers part by part.
fn parts(form: &Form, answers: &[(String, String)], page: &mut Page<'_>) {
    let (text, tag) = (page.text(), page.text().tag());
    for part in &form.parts {
        let answer = |field: &Field| answers.iter().find(|(name, _)| *name == field.name);
        let answered: Vec<_> =
            part.fields.iter().filter_map(|field| Some((field, &answer(field)?.1))).collect();
        if answered.is_empty() {
            continue;
        }
        page.blank().say_in(
            Tone::Strong,
            msg!("show-part"),
            &Args::none().text("part", part.title.in_language(tag)),
        );
        for (field, value) in answered {
            let title = field.title.in_language(tag);
            if matches!(field.kind, Kind::Lines) {
                page.line(title).block(value);
            } else {
                page.line(&labelled(title, &in_words(field, value, text)));
            }
        }
    }
}

/// An answer in words: codes by what they are called.
fn in_words(field: &Field, value: &str, text: &Text) -> String {
    let label = |choice: &Choice| choice.label.in_language(text.tag()).to_owned();
    let word = |choices: &[Choice], code: &str| {
        choices.iter().find(|choice| choice.code == code).map_or_else(|| code.to_owned(), label)
    };
    match (&field.kind, value) {
        (Kind::Flag, "true") => text.get(msg!("answer-flag-yes"), &Args::none()),
        (Kind::Flag, "false") => text.get(msg!("answer-flag-no"), &Args::none()),
        (Kind::One(choices), code) => word(choices, code),
        (Kind::Several(choices), codes) => {
            values::codes(codes).map(|code| word(choices, code)).collect::<Vec<_>>().join(", ")
        }
        _ => value.to_owned(),
    }
}

/// A label and a value, where a question brings its own mark.
fn labelled(title: &str, value: &str) -> String {
    let between = if title.ends_with('?') { " " } else { ": " };
    format!("{title}{between}{value}")
}

fn as_they_came<'a>(answers: impl Iterator<Item = &'a (String, String)>, page: &mut Page<'_>) {
    for (name, value) in answers {
        page.block(&format!("{name}: {value}"));
    }
}

/// The section of law with this code, as people cite it; the code itself when it is not known here.
pub(super) fn section(code: &str, text: &Text) -> String {
    match law::find(code) {
        Some(section) => format!("{}: {}", section.citation(), section.label.in_language(text.tag())),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::page::Layout;
    use crate::text::Language;

    fn shown(form: &str, answers: &[(&str, &str)]) -> String {
        let text = Text::of(Language::English);
        let mut page = Page::new(&text, Layout { plain: true, colour: false });
        let answers: Vec<_> =
            answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        lines(form, &answers, &mut page);
        page.finish()
    }

    #[test]
    fn answers_are_shown_in_the_forms_order_and_words() {
        let page = shown(
            "shelter-request-1",
            &[
                ("about", "en\ntvå"),
                ("children", "2"),
                ("person_interpreter", "true"),
                ("person_name", "Exempel Exempelsson"),
                ("safe_contact_how", "SMS,LETTER"),
                ("safe_contact_message", "NO"),
            ],
        );
        let order = [
            "Shelter",
            "The person",
            "Name: Exempel Exempelsson",
            "Is an interpreter needed? yes",
            "Safe contact",
            "How may the person be contacted? Text message, Letter",
            "May a message be left? No, never",
            "How many children come along? 2",
            "What the recipient needs to know\n  en\n  två",
        ];
        let at: Vec<_> =
            order.iter().map(|words| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"))).collect();
        assert!(at.is_sorted(), "{page}");
        assert!(page.contains("does not follow"), "fields are missing: {page}");
    }

    #[test]
    fn a_form_that_is_not_known_is_told_and_shown_plainly() {
        for form in ["victim-support-9", "vård-1"] {
            let page = shown(form, &[("new_field", "Exempel")]);
            assert!(page.contains(form) && page.contains("new_field: Exempel"), "{page}");
        }
        assert_eq!(shown("", &[("own", "Exempel")]), "  own: Exempel\n");
    }

    #[test]
    fn nothing_in_an_answer_acts_on_the_terminal() {
        let page = shown("general-1", &[("person_name", "a\x1b[2J\nb"), ("x\x1b", "\u{202e}")]);
        assert!(!page.contains(|c: char| c != '\n' && crate::escape::is_dangerous(c)), "{page:?}");
    }

    #[test]
    fn a_section_is_cited_and_an_unknown_one_stays_its_code() {
        let text = Text::of(Language::English);
        assert!(section("OSL_12_2", &text).contains("12 kap. 2 §"));
        assert_eq!(section("XYZ_1", &text), "XYZ_1");
    }
}
