//! Makes text of foreign origin harmless on a terminal.
//!
//! A message, a name or an error from elsewhere may hold control characters, ANSI sequences, or characters that
//! reorder or hide what stands beside them. They are shown as visible escapes (`\x1b`, `\u{202e}`), so that nothing
//! is lost and nothing takes effect.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character could act on the terminal, or change how its neighbours are read.
///
/// These are the C0 and C1 controls (Unicode category Cc), the bidirectional controls (UAX #9), line and paragraph
/// separators, invisible joiners and fillers, interlinear annotation and the deprecated tag characters. The joiners
/// U+200C and U+200D stay: Persian and emoji need them.
#[must_use]
pub const fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180e}'
        | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line: every dangerous character is escaped, line ends and tabs among them.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// Several lines: as [`line`](fn@line), but `\n` and `\t` keep their meaning and `\r\n` becomes `\n`.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    let keeps = |c| matches!(c, '\n' | '\t');
    if text.contains("\r\n") {
        return Cow::Owned(escape(&text.replace("\r\n", "\n"), keeps).into_owned());
    }
    escape(text, keeps)
}

fn escape(text: &str, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hurts = |c: char| is_dangerous(c) && !keeps(c);
    if !text.contains(hurts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !hurts(c) {
            out.push(c);
            continue;
        }
        let code = u32::from(c);
        let written =
            if code <= 0xff { write!(out, "\\x{code:02x}") } else { write!(out, "\\u{{{code:x}}}") };
        written.expect("writing to a String can not fail");
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminal_sequences_are_shown_not_obeyed() {
        assert_eq!(line("\x1b]0;title\x07\x1b[2J"), "\\x1b]0;title\\x07\\x1b[2J");
        assert_eq!(line("\u{9b}31m"), "\\x9b31m");
        assert_eq!(line("a\nb\tc\rd"), "a\\x0ab\\x09c\\x0dd");
    }

    #[test]
    fn reordering_and_invisible_characters_are_shown() {
        assert_eq!(line("rapport\u{202e}fdp.exe"), "rapport\\u{202e}fdp.exe");
        assert_eq!(line("a\u{200b}b\u{2066}c\u{e0041}"), "a\\u{200b}b\\u{2066}c\\u{e0041}");
    }

    #[test]
    fn ordinary_text_of_many_languages_is_untouched() {
        for text in ["Västra Götaland", "فارسی می\u{200c}خواهم", "日本語", "👩\u{200d}🚒", "é e\u{301}"]
        {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("one\r\ntwo\n\tthree\rfour"), "one\ntwo\n\tthree\\x0dfour");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_dangerous));
            prop_assert!(!block(&text).contains(|c| is_dangerous(c) && c != '\n' && c != '\t'));
        }

        #[test]
        fn escaping_twice_changes_nothing(text in any::<String>()) {
            let once = line(&text).into_owned();
            prop_assert_eq!(line(&once).into_owned(), once);
        }
    }
}
