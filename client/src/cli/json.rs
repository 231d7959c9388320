//! JSON that is safe on a terminal: what [`escape`](crate::escape) finds dangerous is written as `\uXXXX`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::escape::is_dangerous;

/// The version of every document's shape. It grows when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a, T> {
    schema_version: u32,
    kind: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// One document on one line, with `schema_version` and `kind` before the fields of `body`.
///
/// # Errors
/// When `body` does not serialise as a map or struct; a test of each report sees that it does.
pub(crate) fn document<T: Serialize>(kind: &str, body: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut line, TerminalSafe(CompactFormatter));
    Document { schema_version: SCHEMA_VERSION, kind, body }.serialize(&mut serializer)?;
    line.push(b'\n');
    Ok(line)
}

/// A document of somebody else's layout, as safe on a terminal.
///
/// # Errors
/// When `body` does not serialise.
pub(crate) fn foreign<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::new();
    body.serialize(&mut Serializer::with_formatter(&mut line, TerminalSafe(CompactFormatter)))?;
    line.push(b'\n');
    Ok(line)
}

struct TerminalSafe(CompactFormatter);

impl Formatter for TerminalSafe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_dangerous) {
            let (safe, tail) = rest.split_at(at);
            self.0.write_string_fragment(writer, safe)?;
            let mut chars = tail.chars();
            let dangerous = chars.next().into_iter().collect::<String>();
            for unit in dangerous.encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Serialize)]
    struct Named {
        name: String,
    }

    fn written(name: &str) -> String {
        let line = document("thing", &Named { name: name.to_owned() }).expect("serialises");
        String::from_utf8(line).expect("JSON is UTF-8")
    }

    #[test]
    fn every_document_names_its_schema_and_kind() {
        assert_eq!(written("x"), "{\"schema_version\":1,\"kind\":\"thing\",\"name\":\"x\"}\n");
    }

    #[test]
    fn control_and_reordering_characters_are_escaped() {
        let line = written("a\x1b[2J\u{9b}\u{202e}\u{e0041}\u{7f}\n");
        assert!(line.contains("a\\u001b[2J\\u009b\\u202e\\udb40\\udc41\\u007f\\n"), "{line}");
    }

    proptest! {
        #[test]
        fn any_string_survives_and_none_is_dangerous(name in any::<String>()) {
            let line = written(&name);
            prop_assert!(!line.trim_end_matches('\n').contains(is_dangerous));
            let read: serde_json::Value = serde_json::from_str(&line).expect("valid JSON");
            prop_assert_eq!(read["name"].as_str(), Some(name.as_str()));
        }
    }
}
