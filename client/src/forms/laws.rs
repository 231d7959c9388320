//! The law of answers; see [`crate::laws`].

use super::{all, values};

/// Input: `u8 which form | lines of "name text"`. What a form takes is written in one way; each answer that it takes with others it takes
/// alone.
pub fn answers(input: &[u8]) {
    let Some((which, lines)) = input.split_first() else { return };
    let Ok(lines) = std::str::from_utf8(lines) else { return };
    let form = &all()[usize::from(*which) % all().len()];
    let answer = |line: &str| {
        let (name, text) = line.split_once(' ').unwrap_or((line, ""));
        (name.to_owned(), text.to_owned())
    };
    let answers: Vec<(String, String)> = lines.lines().map(answer).collect();
    let taken = form.flaws(&answers).is_empty();
    for (name, text) in &answers {
        let Some(field) = form.field(name) else {
            assert!(!taken, "a field that the form has not is taken");
            continue;
        };
        if form.takes(name, text) {
            let value = values::to_value(&field.kind, text).expect("it is written as its kind is");
            assert_eq!(values::to_text(&value).as_ref(), Some(text), "it is written in two ways");
        } else {
            assert!(
                !taken || answers.iter().filter(|(other, _)| other == name).count() > 1,
                "{} alone",
                field.name
            );
        }
    }
}
