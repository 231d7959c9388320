//! The frozen vectors of `proto/testvectors` of the kinds that concern sealed content. `proto/testvectors/README.md` says what
//! stands in them.

mod blob;
mod body;
mod message;
mod seal;

use data_encoding::HEXLOWER;
use samverkan_proto::ids::{DeviceId, MailboxId, OrgId};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One vector. Its accessors panic with the vector's name and the member's.
struct Vector {
    name: String,
    input: Value,
    expect: Value,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/testvectors")
}

fn read(name: &str) -> (String, Vector) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).expect("a vector");
    let mut json: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["name"], name, "a vector is named as its file");
    let vector = Vector { name: name.to_owned(), input: json["input"].take(), expect: json["expect"].take() };
    (text_of(&json["kind"]).to_owned(), vector)
}

/// Every vector of a kind; there are at least `least`, so that none is skipped unseen.
fn of_kind(kind: &str, least: usize) -> Vec<Vector> {
    let names =
        std::fs::read_dir(folder()).expect("the vectors").map(|entry| entry.expect("an entry").path());
    let names = names.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let all = names.map(|path| read(path.file_stem().and_then(|stem| stem.to_str()).expect("a name")));
    let of_kind: Vec<_> = all.filter(|(its_kind, _)| its_kind == kind).map(|(_, vector)| vector).collect();
    assert!(of_kind.len() >= least, "{} vectors of kind {kind}", of_kind.len());
    of_kind
}

impl Vector {
    /// The fault that must be found; `None` when the vector must be accepted.
    fn fault(&self) -> Option<&str> {
        let fault = self.expect.get("fault").map(text_of);
        assert_ne!(fault.is_some(), self.expect.get("ok").is_some(), "{}", self.name);
        fault
    }

    fn ok(&self) -> &Value {
        &self.expect["ok"]
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn bytes_of(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text_of(value).as_bytes()).expect("lowercase hex")
}

fn array_of<const N: usize>(value: &Value) -> [u8; N] {
    bytes_of(value).try_into().expect("as many bytes as the member has")
}

fn number_of(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn code_of<T: TryFrom<u8>>(value: &Value) -> T {
    let code = u8::try_from(number_of(value)).expect("a code point");
    T::try_from(code).ok().expect("a code point of its table")
}

fn org_of(value: &Value) -> OrgId {
    OrgId::parse(&bytes_of(value)).expect("an organisation")
}

fn device_of(value: &Value) -> DeviceId {
    DeviceId::parse(&bytes_of(value)).expect("a device")
}

fn mailbox_of(value: &Value) -> MailboxId {
    MailboxId::parse(&bytes_of(value)).expect("a mailbox")
}
