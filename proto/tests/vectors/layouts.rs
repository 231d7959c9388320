//! `layouts.toml`, the appendix of PROTOCOL.md, held against the parsers.
//!
//! Every statement of a positive vector is walked by its layout to its end. Then each field that has a rule is broken, in place and alone:
//! the parser must refuse it with the fault that the appendix names. A field that stands elsewhere, or has other limits, shows.

use crate::{Input, hex, outcome, vectors};
use data_encoding::BASE64URL_NOPAD;
use samverkan_proto::ids::sha256;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use toml::Table;

/// The appendix, read.
struct Appendix(Table);

/// A field of a statement.
struct Place<'a> {
    /// The record that it is a field of, and its type.
    name: (&'a str, &'a str),
    spec: &'a Table,
    /// Where its first byte stands.
    at: usize,
    /// How many bytes of value stand there, behind the length if there is one.
    len: usize,
}

impl Appendix {
    fn load() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("layouts.toml");
        let text = std::fs::read_to_string(file).expect("the appendix is there");
        Self(text.parse().expect("TOML"))
    }

    /// Adds the places of a record or a value that begins at `at`; returns where it ends.
    fn walk<'a>(
        &'a self,
        within: &'a str,
        kind: &'a str,
        bytes: &[u8],
        at: usize,
        to: &mut Vec<Place<'a>>,
    ) -> usize {
        let layouts = self.0["layouts"].as_table().expect("a table");
        let Some(fields) = layouts.get(kind) else { return self.walk_value((within, kind), bytes, at, to) };
        let mut end = at;
        let mut variant = String::new();
        for (name, of) in pairs(fields) {
            if name == "type" {
                variant = format!("{kind} {}", bytes[end]);
            }
            end = self.walk(kind, of, bytes, end, to);
        }
        if let Some((kind, fields)) = layouts.get_key_value(&variant) {
            for (_, of) in pairs(fields) {
                end = self.walk(kind, of, bytes, end, to);
            }
        }
        end
    }

    fn walk_value<'a>(
        &'a self,
        name: (&'a str, &'a str),
        bytes: &[u8],
        at: usize,
        to: &mut Vec<Place<'a>>,
    ) -> usize {
        let spec = self.0["types"][name.1].as_table().expect("a table");
        let size = bytes_of_size(spec);
        let count = bytes[at..at + size].iter().fold(0, |count: usize, byte| count << 8 | usize::from(*byte));
        let (start, len) = match form(spec) {
            "bytes" => (at, size),
            "number" => (at + size, 0),
            _ => (at + size, count),
        };
        to.push(Place { name, spec, at, len });
        if let Some(of) = spec.get("of") {
            return (0..count).fold(start, |at, _| self.walk(name.1, text(of), bytes, at, to));
        }
        if let Some(held) = spec.get("holds") {
            assert_eq!(self.walk(name.1, text(held), bytes, start, to), start + len);
        }
        start + len
    }
}

fn pairs(fields: &toml::Value) -> impl Iterator<Item = (&str, &str)> {
    fields.as_array().expect("a list").iter().map(|pair| (text(&pair[0]), text(&pair[1])))
}

fn text(value: &toml::Value) -> &str {
    value.as_str().expect("a text")
}

fn form(spec: &Table) -> &str {
    text(&spec["form"])
}

fn number(spec: &Table, name: &str) -> Option<u64> {
    let value = spec.get(name)?.as_integer().expect("a number");
    Some(u64::try_from(value).expect("no number of the appendix is negative"))
}

fn bytes_of_size(spec: &Table) -> usize {
    usize::try_from(number(spec, "size").expect("every type has a size")).expect("sizes are small")
}

impl Place<'_> {
    /// The statement with this field broken, in every way that its type speaks of.
    fn broken(&self, bytes: &[u8]) -> Vec<Broken> {
        let size = bytes_of_size(self.spec);
        let with = |at: usize, new: &[u8]| {
            let mut changed = bytes.to_vec();
            changed[at..at + new.len()].copy_from_slice(new);
            changed
        };
        let fault = self.spec.get("fault").map_or("", text);
        let only = |statement| Broken { statement, fault: fault.to_owned(), edge: None };
        let has_pattern = self.spec.contains_key("match");
        match form(self.spec) {
            "bytes" if !has_pattern => Vec::new(),
            "bytes" if bytes[self.at..self.at + size].iter().all(|byte| *byte == 0) => {
                vec![only(with(self.at, &[1]))]
            }
            "bytes" => vec![only(with(self.at, &vec![0; size]))],
            "text" if has_pattern && self.len > 0 => {
                let not_utf8 = with(self.at + size, &[0xff]);
                let not_utf8 = Broken { statement: not_utf8, fault: "bad_text".to_owned(), edge: None };
                vec![only(with(self.at + size, &[1])), not_utf8]
            }
            "text" => Vec::new(),
            _ => {
                let above = number(self.spec, "max").map(|max| (max + 1, Some(max)));
                let below = number(self.spec, "min").map(|min| (min - 1, Some(min)));
                let beside = number(self.spec, "step").map(|step| (step + 1, Some(step)));
                let values = [above, below, beside, has_pattern.then_some((0, None))].into_iter().flatten();
                let fitting = values.filter(|(value, _)| size == 8 || value >> (8 * size) == 0);
                let number = |value: u64| with(self.at, &value.to_be_bytes()[8 - size..]);
                let broken = |(value, edge): (u64, Option<u64>)| {
                    let edge = edge.map(number);
                    Broken { statement: number(value), fault: fault.to_owned(), edge }
                };
                fitting.map(broken).collect()
            }
        }
    }
}

/// A statement with one field broken.
struct Broken {
    statement: Vec<u8>,
    /// What its parser must say.
    fault: String,
    /// The same with the last value that the field may have. Other rules may refuse that, but not this field's.
    edge: Option<Vec<u8>>,
}

/// Puts other bytes into an input.
type Replace<'v> = Box<dyn Fn(&[u8]) -> Value + 'v>;

/// A statement in the input of a vector.
struct Target<'v> {
    layout: &'static str,
    bytes: Vec<u8>,
    /// The input with other bytes in its place.
    with: Replace<'v>,
}

impl<'v> Target<'v> {
    fn plain(input: &'v Value, name: &'static str, layout: &'static str) -> Self {
        let with = move |bytes: &[u8]| {
            let mut input = input.clone();
            input[name] = hex(bytes);
            input
        };
        Self { layout, bytes: Input(input).bytes(name), with: Box::new(with) }
    }

    /// The record beside a log leaf; the leaf names its digest, which is its last field.
    fn record(input: &'v Value, layout: &'static str) -> Self {
        let with = move |record: &[u8]| {
            let mut leaf = Input(input).bytes("leaf");
            let digest = leaf.len() - 32;
            leaf[digest..].copy_from_slice(&sha256(record));
            let mut input = input.clone();
            input["leaf"] = hex(&leaf);
            input["record"] = hex(record);
            input
        };
        Self { layout, bytes: Input(input).bytes("record"), with: Box::new(with) }
    }

    fn invite(input: &'v Value, prefix: &'static str, layout: &'static str) -> Self {
        let text = input["invite"].as_str().and_then(|text| text.strip_prefix(prefix)).expect("an invite");
        let with = move |bytes: &[u8]| {
            let mut input = input.clone();
            input["invite"] = format!("{prefix}{}", BASE64URL_NOPAD.encode(bytes)).into();
            input
        };
        Self {
            layout,
            bytes: BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url"),
            with: Box::new(with),
        }
    }

    /// Those that a vector of this kind has.
    fn all(kind: &str, input: &'v Value) -> Vec<Self> {
        let plain = |name, layout| vec![Self::plain(input, name, layout)];
        match kind {
            "header" => plain("header", "header"),
            "device_receipt" => plain("receipt", "device_receipt"),
            "hub_receipt" => plain("receipt", "hub_receipt"),
            "recall" => plain("recall", "recall"),
            "withdrawal" => plain("withdrawal", "withdrawal"),
            "withdrawal_receipt" => plain("receipt", "withdrawal_receipt"),
            "renewal" => plain("renewal", "renewal"),
            "rewrap" => plain("rewrap", "rewrap"),
            "epoch_key" => plain("epoch_key", "epoch_key"),
            "consent_stub" => plain("stub", "consent"),
            "manifest" => plain("signed_manifest", "signed_manifest"),
            "membership" => plain("request", "membership"),
            "operator_action" => plain("action", "action"),
            "agreement" => plain("agreement", "agreement"),
            "invite" => vec![Self::invite(input, "svki1-", "invite")],
            "member_invite" => vec![Self::invite(input, "svkm1-", "member_invite")],
            "log_leaf" => {
                let mut all = plain("leaf", "leaf");
                let record = match Input(input).bytes("leaf")[0] {
                    1 => Some("signed_manifest"),
                    2 => Some("epoch_keys"),
                    4 => Some("hub_keys"),
                    5 => Some("entry"),
                    7 => Some("action"),
                    8 => Some("agreement"),
                    _ => None,
                };
                let kept = record.filter(|_| !Input(input).bytes("record").is_empty());
                all.extend(kept.map(|layout| Self::record(input, layout)));
                all
            }
            _ => Vec::new(),
        }
    }
}

/// Walks a statement by its layout and breaks its fields; returns what was broken, and adds what was not refused as it must be.
fn break_fields(
    appendix: &Appendix,
    kind: &str,
    target: &Target<'_>,
    wrong: &mut Vec<String>,
) -> Vec<String> {
    let mut places = Vec::new();
    let end = appendix.walk("", target.layout, &target.bytes, 0, &mut places);
    assert_eq!(end, target.bytes.len(), "the layout of {} ends elsewhere", target.layout);
    let refusal = |statement: &[u8]| {
        let input = (target.with)(statement);
        let outcome = outcome(kind, &Input(&input)).expect("this crate reads the kind");
        outcome.err().map(|invalid| (invalid.fault.name(), invalid.field))
    };
    let mut names = Vec::new();
    for place in &places {
        let (record, of) = place.name;
        for broken in place.broken(&target.bytes) {
            let found = refusal(&broken.statement);
            if found.is_none_or(|(fault, _)| fault != broken.fault) {
                wrong.push(format!("{record} {of} at {}: {}, found {found:?}", place.at, broken.fault));
            }
            if broken.edge.is_some_and(|edge| refusal(&edge) == found) {
                wrong.push(format!("{record} {of} at {}: the limit itself is refused", place.at));
            }
            names.push(format!("{record} {of}"));
        }
    }
    names
}

#[test]
fn every_field_is_refused_with_the_fault_of_the_appendix() {
    let appendix = Appendix::load();
    let mut wrong = Vec::new();
    let mut broken = BTreeSet::new();
    for (_, vector) in vectors().iter().filter(|(_, vector)| vector["expect"].get("ok").is_some()) {
        let kind = vector["kind"].as_str().expect("a kind");
        for target in Target::all(kind, &vector["input"]) {
            broken.extend(break_fields(&appendix, kind, &target, &mut wrong));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(broken.len() >= 100, "only {} kinds of fields were broken", broken.len());
}
