//! How an answer is written in a body, whose fields hold text alone (PROTOCOL.md section 8).
//!
//! A text stands as it is, a day as `2027-01-31`, a number in decimal digits, yes and no as `true` and `false`, a choice as its code, and
//! several as their codes with commas between. What was not answered is not there.

use serde_json::Value;

use super::Kind;

const BETWEEN: char = ',';

/// A value of a JSON file as a body holds it; `None` for what no body can.
#[must_use]
pub fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::Array(codes) => {
            let codes = codes.iter().map(|code| code.as_str().filter(|code| is_code(code)));
            Some(codes.collect::<Option<Vec<_>>>()?.join(&BETWEEN.to_string()))
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// What a body holds as the value that a schema speaks of; `None` when it is not written as one of this kind.
#[must_use]
pub fn to_value(kind: &Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Line | Kind::Lines | Kind::Date | Kind::One(_) => Some(text.into()),
        Kind::Flag => text.parse::<bool>().ok().map(Value::from),
        // Each number is written in one way.
        Kind::Number => text.parse::<u64>().ok().filter(|number| number.to_string() == text).map(Value::from),
        Kind::Several(_) => Some(codes(text).map(Value::from).collect()),
    }
}

/// The codes of a text that stands for several.
pub fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.split(BETWEEN)
}

fn is_code(code: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !code.is_empty() && code.bytes().all(letter)
}
