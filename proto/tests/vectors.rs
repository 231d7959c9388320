//! The frozen vectors of `testvectors/` that concern this crate (PROTOCOL.md section 19).

mod vectors {
    pub(crate) mod directory;
    mod layouts;
    pub(crate) mod statements;
}

use data_encoding::HEXLOWER;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::{Fault, InvalidField};
use serde_json::Value;
use std::path::{Path, PathBuf};
use vectors::{directory, statements};

/// Kinds whose statements other crates open.
const ELSEWHERE: [&str; 6] = ["message", "seal", "blob", "blob_seal", "body", "consent_record"];

type Outcome = Result<Value, InvalidField>;

/// What a vector hands to the parser of its kind.
struct Input<'a>(&'a Value);

impl Input<'_> {
    fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.0[name].as_str().unwrap_or_else(|| panic!("input has no {name}"));
        HEXLOWER.decode(text.as_bytes()).unwrap_or_else(|_| panic!("{name} is not lowercase hex"))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} is not {N} bytes"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("{name} is no text"))
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name} is no number"))
    }

    fn hashes(&self, name: &str) -> Vec<[u8; 32]> {
        let list = self.0[name].as_array().unwrap_or_else(|| panic!("{name} is no list"));
        let hash = |text: &Value| HEXLOWER.decode(text.as_str()?.as_bytes()).ok()?.try_into().ok();
        list.iter().map(|text| hash(text).unwrap_or_else(|| panic!("{name} holds no hash"))).collect()
    }

    fn public_key(&self) -> Result<PublicKey, InvalidField> {
        PublicKey::parse(&self.array("public_key"), "public_key")
    }
}

fn hex(bytes: &[u8]) -> Value {
    HEXLOWER.encode(bytes).into()
}

/// What this crate makes of a vector; `None` for a kind that another crate opens.
fn outcome(kind: &str, input: &Input<'_>) -> Option<Outcome> {
    Some(match kind {
        "header" => statements::header(input),
        "device_receipt" => statements::device_receipt(input),
        "hub_receipt" => statements::hub_receipt(input),
        "receipt_proof" => statements::receipt_proof(input),
        "consent_stub" => statements::consent_stub(input),
        "recall" => statements::recall(input),
        "withdrawal" => statements::withdrawal(input),
        "withdrawal_receipt" => statements::withdrawal_receipt(input),
        "renewal" => statements::renewal(input),
        "rewrap" => statements::rewrap(input),
        "manifest" => directory::manifest(input),
        "epoch_key" => directory::epoch_key(input),
        "checkpoint" => directory::checkpoint(input),
        "log_leaf" => directory::log_leaf(input),
        "log_proof" => directory::log_proof(input),
        "operator_action" => directory::operator_action(input),
        "agreement" => directory::agreement(input),
        "invite" => directory::invite(input),
        "member_invite" => directory::member_invite(input),
        "membership" => directory::membership(input),
        "case_reference" => directory::case_reference(input),
        other if ELSEWHERE.contains(&other) => return None,
        other => panic!("no test reads vectors of kind {other}"),
    })
}

/// Compares the outcome with what the vector expects; says what differs.
fn check(vector: &Value) -> Result<(), String> {
    let kind = vector["kind"].as_str().ok_or("no kind")?;
    let Some(outcome) = outcome(kind, &Input(&vector["input"])) else { return Ok(()) };
    let expected = &vector["expect"];
    match (outcome, expected["fault"].as_str()) {
        (Ok(ok), None) if ok == expected["ok"] => Ok(()),
        (Err(invalid), Some(fault)) if invalid.fault.name() == fault => Ok(()),
        (outcome, _) => Err(format!("expected {expected}, found {outcome:?}")),
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/testvectors"))
}

/// Every vector, with the name of its file.
fn vectors() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(folder())
        .expect("the vectors are there")
        .map(|entry| entry.expect("readable").path());
    let vectors = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: PathBuf| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("names are UTF-8").to_owned();
        (name, serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON"))
    };
    vectors.map(read).collect()
}

#[test]
fn the_attacks_of_the_protocol_name_vectors_in_which_they_fail() {
    let text = include_str!("../PROTOCOL.md");
    let (_, table) = text.split_once("\n## 20 ").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let last_column = table.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit(" | ").next());
    let names: Vec<&str> = last_column.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 60, "{names:?}");
    for name in names {
        let vector = std::fs::read(folder().join(format!("{name}.json"))).expect(name);
        let vector: Value = serde_json::from_slice(&vector).unwrap();
        assert!(vector["expect"]["fault"].is_string(), "{name} succeeds");
    }
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    let vectors = vectors();
    for (name, vector) in &vectors {
        assert_eq!(vector["name"], **name);
        assert_eq!(vector.as_object().unwrap().len(), 5, "{name}");
        assert_eq!(vector["expect"].as_object().unwrap().len(), 1, "{name}");
        if let Some(fault) = vector["expect"]["fault"].as_str() {
            assert!(Fault::ALL.iter().any(|known| known.name() == fault), "{name}: {fault}");
        }
        wrong.extend(check(vector).err().map(|difference| format!("{name}: {difference}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(vectors.len() >= 781, "vectors are missing: found {}", vectors.len());
}
