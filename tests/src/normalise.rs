//! Replaces what differs from run to run by a word for it, so that outputs can be compared.

use regex::{Captures, Regex};
use std::collections::BTreeMap;
use std::path::Path;

/// What differs, and the word that stands for it. The first pattern that matches at a place wins.
const VARIABLE: [(&str, &str); 9] = [
    ("INVITE", r"svki1-[A-Za-z0-9_-]+"),
    ("SAFETY", r"\b[0-9]{5}(?: [0-9]{5}){11}\b"),
    (
        "TIME",
        r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}(?:[T ]| kl\. )[0-9]{2}[:.][0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z?\b",
    ),
    ("DAY", r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b"),
    ("ID", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    ("HASH", r"\b[0-9a-f]{16,}\b"),
    ("ADDRESS", r"\b127\.0\.0\.1:[0-9]+\b"),
    ("REF", r"\b[2-9A-HJKMNP-RT-Z]{3}-[2-9A-HJKMNP-RT-Z]{3}-[2-9A-HJKMNP-RT-Z]\b"),
    ("DURATION", r"\b[0-9]+(?:\.[0-9]+)? (?:ms|s)\b"),
];

/// Keeps apart what was different: the second reference that is met becomes `REF-2`, wherever it is met again.
#[derive(Debug)]
pub struct Normaliser {
    pattern: Regex,
    numbers: BTreeMap<String, String>,
    counts: [usize; VARIABLE.len()],
    texts: Vec<(String, String)>,
}

impl Normaliser {
    /// One that has met nothing yet.
    ///
    /// # Panics
    /// Never: the patterns are constants.
    #[must_use]
    pub fn new() -> Self {
        let groups = VARIABLE.map(|(name, pattern)| format!("(?P<{name}>{pattern})"));
        let pattern = Regex::new(&groups.join("|")).expect("the patterns are well formed");
        Self { pattern, numbers: BTreeMap::new(), counts: [0; VARIABLE.len()], texts: Vec::new() }
    }

    /// Lets `word` stand for a folder.
    pub fn folder(&mut self, folder: &Path, word: &str) {
        self.text(&folder.to_string_lossy(), word);
    }

    /// Lets `word` stand for a text.
    pub fn text(&mut self, text: &str, word: &str) {
        self.texts.push((text.to_owned(), word.to_owned()));
    }

    /// `text` with words for what differs, and without blanks at the ends of lines.
    pub fn apply(&mut self, text: &str) -> String {
        let named = self.texts.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        let Self { pattern, numbers, counts, .. } = self;
        let replaced = pattern.replace_all(&named, |found: &Captures<'_>| word_for(found, numbers, counts));
        replaced.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

impl Default for Normaliser {
    fn default() -> Self {
        Self::new()
    }
}

fn word_for(
    found: &Captures<'_>,
    numbers: &mut BTreeMap<String, String>,
    counts: &mut [usize; VARIABLE.len()],
) -> String {
    let group = VARIABLE.iter().position(|(name, _)| found.name(name).is_some());
    let group = group.expect("one of the groups matched");
    let name = VARIABLE[group].0;
    // Two times in one run may or may not be the same; which of them does not matter to anybody.
    if matches!(name, "TIME" | "DAY" | "DURATION") {
        return name.to_owned();
    }
    let number = || {
        counts[group] += 1;
        format!("{name}-{}", counts[group])
    };
    numbers.entry(found[0].to_owned()).or_insert_with(number).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_becomes_a_word_and_the_same_thing_the_same_word() {
        let mut normaliser = Normaliser::new();
        normaliser.folder(Path::new("/tmp/x"), "FOLDER");
        let said =
            "K7M-4QD-9 at 2026-05-28 22:26 from /tmp/x/a  \nW2A-4QD-9 and K7M-4QD-9, 127.0.0.1:8443 in 12 ms";
        assert_eq!(
            normaliser.apply(said),
            "REF-1 at TIME from FOLDER/a\nREF-2 and REF-1, ADDRESS-1 in DURATION\n"
        );
        assert_eq!(normaliser.apply("W2A-4QD-9"), "REF-2\n");
    }

    #[test]
    fn safety_numbers_invites_and_hashes_are_known_and_plain_words_are_left() {
        let number = ["12345"; 12].join(" ");
        let said = format!("{number} svki1-AbC_-9 {} boj-exempel/stod 0380 ACCEPTED", "ab".repeat(32));
        assert_eq!(
            Normaliser::new().apply(&said),
            "SAFETY-1 INVITE-1 HASH-1 boj-exempel/stod 0380 ACCEPTED\n"
        );
    }
}
