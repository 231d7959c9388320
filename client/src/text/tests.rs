//! What holds of the words in every language.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::error::{Code, Error};

/// The ids of a Fluent file, each of which the library's parser finds too.
fn message_ids(source: &str) -> Vec<String> {
    let resource = FluentResource::try_new(source.to_owned());
    let resource = resource.unwrap_or_else(|(_, errors)| panic!("a file does not parse: {errors:?}"));
    let mut bundle = FluentBundle::new_concurrent(vec![]);
    bundle.add_resource(resource).expect("no id twice");
    let ids = source.lines().filter_map(|line| line.split_once(" =")).map(|(id, _)| id);
    let ids = ids.filter(|id| id.starts_with(|c: char| c.is_ascii_alphabetic()));
    ids.inspect(|id| assert!(bundle.has_message(id), "{id}")).map(str::to_owned).collect()
}

fn ids_in_files(language: Language) -> BTreeSet<String> {
    let ids: Vec<String> = language.sources().iter().flat_map(|source| message_ids(source)).collect();
    let unique: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), unique.len(), "an id is defined twice");
    unique
}

fn collect_uses(folder: &Path, ids: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            collect_uses(&path, ids);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).expect("source");
            // Only what stands before the tests counts as use.
            let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let uses = line.split("msg!(\"").skip(1).filter_map(|rest| rest.split('"').next());
                ids.extend(uses.map(str::to_owned));
            }
        }
    }
}

fn ids_in_use() -> BTreeSet<String> {
    let mut ids: BTreeSet<String> = Code::ALL.iter().map(|code| code.message_id()).collect();
    ids.extend(crate::cli::help_message_ids());
    collect_uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut ids);
    ids
}

#[test]
fn every_message_used_exists_and_every_message_that_exists_is_used() {
    for language in Language::ALL {
        let (files, uses) = (ids_in_files(language), ids_in_use());
        let apart: Vec<&String> = files.symmetric_difference(&uses).collect();
        assert!(apart.is_empty(), "{language:?}: in the files or in use alone: {apart:?}");
    }
}

/// What a text of a message or attribute names: its id with the attribute, and the names of its values.
fn texts(language: Language) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let (mut found, mut message, mut name) = (BTreeMap::new(), String::new(), String::new());
    for line in language.sources().iter().flat_map(|source| source.lines()) {
        let head = line.split_once(" =").map_or("", |(head, _)| head);
        let rest = if head.starts_with(|c: char| c.is_ascii_lowercase()) {
            head.clone_into(&mut message);
            name = message.clone();
            &line[head.len() + 2..]
        } else if let Some(attribute) = head.strip_prefix("    .") {
            name = format!("{message}.{attribute}");
            &line[head.len() + 2..]
        } else if line.starts_with('#') {
            continue;
        } else {
            line
        };
        let (text, values): &mut (String, BTreeSet<String>) = found.entry(name.clone()).or_default();
        text.push_str(rest.trim());
        text.push(' ');
        let name_of =
            |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        values.extend(rest.split('$').skip(1).map(name_of));
    }
    found.remove("");
    found
}

#[test]
fn every_language_has_every_message_attribute_and_value() {
    let english = texts(Language::English);
    assert!(english.len() > 1000, "{}", english.len());
    for language in Language::ALL {
        let other = texts(language);
        let missing: Vec<&String> = english.keys().filter(|name| !other.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{language:?} has not {missing:?}");
        for (name, (text, values)) in &other {
            assert!(!text.trim().is_empty(), "{language:?} {name} is empty");
            let in_english = english.get(name).map(|(_, values)| values);
            assert_eq!(Some(values), in_english, "{language:?} {name}");
        }
    }
}

#[test]
fn nothing_is_left_in_english() {
    // Titles, tags and what is typed are alike in both; a sentence is not.
    let words = |text: &str| text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).count();
    let (english, swedish) = (texts(Language::English), texts(Language::Swedish));
    let same = |name: &&String| {
        swedish.get(*name).is_some_and(|(text, _)| *text == english[*name].0 && words(text) > 2)
    };
    let left: Vec<&String> = english.keys().filter(|name| !name.ends_with(".example")).filter(same).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn every_message_can_be_filled_in_for_one_and_for_many() {
    for language in Language::ALL {
        let text = Text::of(language);
        for (name, (_, values)) in texts(language) {
            let (id, attribute) =
                name.split_once('.').map_or((name.as_str(), None), |(id, at)| (id, Some(at)));
            let message = text.bundle.get_message(id).expect("exists");
            let pattern = match attribute {
                None => message.value().expect("a value"),
                Some(attribute) => message.get_attribute(attribute).expect("exists").value(),
            };
            for number in [0_u64, 1, 2, 123_456] {
                let args = values.iter().map(|value| (value.clone(), FluentValue::from(number))).collect();
                let mut errors = Vec::new();
                let said = text.bundle.format_pattern(pattern, Some(&args), &mut errors);
                assert!(errors.is_empty() && !said.trim().is_empty(), "{language:?} {name}: {errors:?}");
                assert!(!said.contains(['{', '}', '$']), "{language:?} {name}: {said}");
            }
        }
    }
}

#[test]
fn every_error_has_a_sentence_and_a_next_step_without_an_end() {
    for language in Language::ALL {
        let text = Text::of(language);
        for code in Code::ALL {
            let explained = Error::new(*code).explain(&text);
            assert!(
                explained.message.trim_end().ends_with(['.', '}', '?']),
                "{language:?} {code:?}: {explained}"
            );
            assert!(!explained.next.is_empty() && !explained.next.ends_with('.'), "{language:?} {code:?}");
        }
    }
}

#[test]
fn locales_that_are_not_spoken_get_english() {
    let locale = |value: &str| Language::choose(None, &[None, None, None, Some(value.to_owned())]);
    for value in ["C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "", "\u{202e}", "en_GB.UTF-8", "nb_NO.UTF-8"] {
        assert_eq!(locale(value), Language::English, "{value:?}");
    }
    for value in ["sv", "sv_SE", "sv_SE.UTF-8", "sv_FI@euro", "sv-SE"] {
        assert_eq!(locale(value), Language::Swedish, "{value:?}");
    }
    assert_eq!(Language::from_tag("en-GB"), Some(Language::English));
    assert_eq!(Language::from_tag("tr_TR.UTF-8"), None);
}

#[test]
fn the_option_comes_before_the_variables_and_the_first_variable_before_the_others() {
    let set = |values: [&str; 4]| values.map(|value| Some(value.to_owned()));
    let ours_first = set(["sv", "en_GB.UTF-8", "en_GB.UTF-8", "en_GB.UTF-8"]);
    assert_eq!(Language::choose(None, &ours_first), Language::Swedish);
    assert_eq!(Language::choose(Some("en"), &ours_first), Language::English);
    assert_eq!(Language::choose(None, &set(["", "", "sv_SE", "en"])), Language::Swedish);
    // Who asks for a language that is not spoken is not given the next best variable's.
    assert_eq!(Language::choose(None, &set(["tr", "sv_SE", "sv_SE", "sv_SE"])), Language::English);
}

#[test]
fn each_language_writes_numbers_its_own_way() {
    let table = [
        (0, "0", "0"),
        (1024, "1024", "1024"),
        (10_000, "10,000", "10\u{a0}000"),
        (1_048_576, "1,048,576", "1\u{a0}048\u{a0}576"),
    ];
    for (number, english, swedish) in table {
        let args = Args::none().number("max", number as u64);
        for (language, written) in [(Language::English, english), (Language::Swedish, swedish)] {
            let said = Text::of(language).lookup("error-input-too-large", None, &args).expect("exists");
            assert!(said.contains(&format!(" {written} byte")), "{said}");
        }
    }
}

#[test]
fn values_are_escaped_and_unmarked() {
    let args = Args::none().text("path", "/tmp/a\x1b[31m").text("cause", "full");
    let shown = Text::of(Language::English).lookup("error-file-unusable", None, &args).expect("exists");
    assert!(shown.contains("/tmp/a\\x1b[31m"), "{shown}");
    assert!(!shown.contains(escape::is_dangerous), "{shown:?}");
}

#[test]
fn a_missing_message_shows_its_name() {
    let text = Text::of(Language::English);
    assert_eq!(text.get(MessageId::named("no-such-message"), &Args::none()), "no-such-message");
}
