//! Every test vector, under a random name, without its own name and expectation.

use super::{Python, repository};
use data_encoding::HEXLOWER;
use samverkan_envelope::EpochSecret;
use samverkan_envelope::open::{HeldKey, LocalDevice, Received};
use samverkan_proto::ids::{EpochKeyId, MessageId};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::Header;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the implementation was asked, and agreed on.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Vectors that it accepted with every fact that they list.
    pub positive: usize,
    /// Vectors that it refused with their fault.
    pub negative: usize,
    /// Wraps that it made anew of `seal` vectors, which the Rust opened with the readers' keys.
    pub made: usize,
    /// Wraps that `seal` vectors expect, which it opened itself.
    pub opened: usize,
}

/// Hands every vector over and compares the answers.
///
/// # Panics
/// When one is wrong, with its file.
#[must_use]
pub fn check(python: &Python) -> Answered {
    let vectors = Vectors::load();
    let answers = vectors.ask(python);
    let keys = vectors.epoch_keys();
    let mut answered = Answered { positive: 0, negative: 0, made: 0, opened: vectors.open_sealed(python) };
    for ((file, vector), answer) in vectors.0.iter().zip(&answers) {
        let expect = &vector["expect"];
        assert!(agrees(expect, answer), "{}: expected {expect}, answered {answer}", file.display());
        if expect.get("fault").is_some() {
            answered.negative += 1;
        } else {
            answered.positive += 1;
        }
        if vector["kind"] == "seal" {
            answered.made += opened_wraps(&facts(answer).expect("it agreed"), &keys);
        }
    }
    assert!(answered.negative >= 40 && answered.positive >= 40, "the vectors are not all there");
    assert!(
        answered.made > 0 && answered.opened == answered.made,
        "the readers of seal vectors have no keys"
    );
    answered
}

/// Vectors that are not asked: see [`is_given_on`].
const GIVEN_ON: usize = 4;

/// The vectors with their files.
struct Vectors(Vec<(PathBuf, Value)>);

/// Whether a vector is a message that a colleague gave on: the Python implementation opens what is sealed to it, and no more.
fn is_given_on(vector: &Value) -> bool {
    vector["kind"] == "message" && vector["input"].get("rewrap").is_some()
}

impl Vectors {
    fn load() -> Self {
        let folder =
            std::fs::read_dir(repository().join("proto/testvectors")).expect("the vectors are there");
        let files = folder.map(|entry| entry.expect("readable").path());
        let vectors = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let vectors = vectors.map(|path| (path.clone(), read(path)));
        let (given_on, asked): (Vec<_>, _) = vectors.partition(|(_, vector)| is_given_on(vector));
        assert_eq!(given_on.len(), GIVEN_ON, "what Python is not asked stands in its README");
        Self(asked)
    }

    /// The answers, in the order of the vectors.
    fn ask(&self, python: &Python) -> Vec<String> {
        let bare =
            |(_, vector): &(PathBuf, Value)| json!({ "kind": vector["kind"], "input": self.whole(vector) });
        ask(python, self.0.iter().map(bare))
    }

    /// Hands over what `seal` vectors expect as messages without a submission receipt; returns how many wraps were opened.
    ///
    /// The receipt is missed at check 6 of section 7, and checks 2 to 5 opened wrap and content before.
    fn open_sealed(&self, python: &Python) -> usize {
        let inputs = self.0.iter().filter_map(|(_, vector)| vector["input"]["epoch_keys"].as_array());
        let held: BTreeMap<EpochKeyId, &Value> = inputs.flatten().map(|key| (id_of(key), key)).collect();
        let mut questions = Vec::new();
        for (_, vector) in self.0.iter().filter(|(_, vector)| vector["kind"] == "seal") {
            let sealed = &vector["expect"]["ok"];
            let fields = Header::parse(&bytes(&sealed["header"])).expect("a header").fields().clone();
            for (entry, wrap) in fields.wraps.iter().zip(bytes(&sealed["wraps"]).chunks(WRAP_LEN)) {
                let Some(key) = held.get(&entry.epoch_key) else { continue };
                questions.push(json!({ "kind": "message", "input": {
                    "header": sealed["header"], "wrap": hex(wrap), "content": sealed["content"],
                    "org_id": hex(entry.org.as_bytes()), "device_id": hex(entry.device.as_bytes()), "epoch_keys": [key],
                    "receipt": "", "hub_receipt_key": "", "log": {}, "seen": [], "now_ms": 0,
                } }));
            }
        }
        let opened = questions.len();
        for answer in ask(python, questions.into_iter()) {
            assert_eq!(answer, "receipt_mismatch", "a wrap of a seal vector does not open");
        }
        opened
    }

    /// The input of a vector, with the pieces of a sealed attachment put together: they lie in what other vectors expect.
    fn whole(&self, vector: &Value) -> Value {
        let mut input = vector["input"].clone();
        if let Some(pieces) = input.get("blob").and_then(Value::as_array) {
            input["blob"] = pieces.iter().map(|piece| self.piece(piece)).collect::<String>().into();
        }
        input
    }

    fn piece(&self, piece: &Value) -> String {
        if let Some(hex) = piece["hex"].as_str() {
            return hex.to_owned();
        }
        let of = |(_, vector): &&(PathBuf, Value)| vector["name"] == piece["vector"];
        let (_, vector) = self.0.iter().find(of).expect("the vector of a piece exists");
        let place = |end: &str| {
            let bytes = usize::try_from(piece[end].as_u64().expect("a place")).expect("vectors are small");
            bytes * 2
        };
        text(&vector["expect"]["ok"]["blob"])[place("from")..place("to")].to_owned()
    }

    /// The private epoch keys that any vector has.
    fn epoch_keys(&self) -> BTreeMap<EpochKeyId, (EpochSecret, Epoch)> {
        let lists = self.0.iter().filter_map(|(_, vector)| vector["input"]["epoch_keys"].as_array());
        let key = |key: &Value| {
            let secret = secret_of(key);
            let epoch = u32::try_from(key["epoch"].as_u64().expect("a week")).expect("a week");
            (EpochKeyId::of_key(&secret.public_key()), (secret, Epoch::new(epoch)))
        };
        lists.flatten().map(key).collect()
    }
}

/// Hands questions over under random names; returns the answers in their order.
fn ask(python: &Python, questions: impl Iterator<Item = Value>) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let hand_over = |question: Value| {
        let file = folder.path().join(MessageId::random().to_string());
        std::fs::write(&file, question.to_string()).expect("a temporary file can be written");
        file.to_str().expect("temporary names are UTF-8").to_owned()
    };
    let files: Vec<String> = questions.map(hand_over).collect();
    let arguments: Vec<&str> = std::iter::once("vector").chain(files.iter().map(String::as_str)).collect();
    let outcome = python.run(&arguments);
    let answers: Vec<String> = outcome.ok().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), files.len(), "one answer a question");
    answers
}

/// The private half of an epoch key that a vector has.
fn secret_of(key: &Value) -> EpochSecret {
    EpochSecret::from_seed(bytes(&key["seed"]).try_into().expect("a seed"))
}

fn id_of(key: &Value) -> EpochKeyId {
    EpochKeyId::of_key(&secret_of(key).public_key())
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The encapsulation of a wrap is random, and the library lets nobody choose it. So each wrap must open with its reader's key,
/// and the key inside must open the content; that it is the vector's key follows from the commitment in the header.
fn opened_wraps(said: &Value, keys: &BTreeMap<EpochKeyId, (EpochSecret, Epoch)>) -> usize {
    let (header, wraps, content) = (bytes(&said["header"]), bytes(&said["wraps"]), bytes(&said["content"]));
    let fields = Header::parse(&header).expect("the header agrees with the vector").fields().clone();
    assert_eq!(wraps.len(), fields.wraps.len() * WRAP_LEN, "a wrap for each reader");
    let mut opened = 0;
    for (entry, wrap) in fields.wraps.iter().zip(wraps.chunks(WRAP_LEN)) {
        let Some((secret, epoch)) = keys.get(&entry.epoch_key) else { continue };
        let local = LocalDevice { org: entry.org, device: entry.device };
        let held = |_: &EpochKeyId| Some(HeldKey { secret, epoch: *epoch });
        let received = Received::parse(&header, wrap, &content).expect("three well-formed parts");
        assert!(received.unwrap(local, held).is_ok(), "a wrap of Python's does not open");
        opened += 1;
    }
    opened
}

/// A fault must be named exactly; of a positive vector, every fact must be said. Of `wraps` see [`opened_wraps`].
fn agrees(expect: &Value, answer: &str) -> bool {
    match (expect["fault"].as_str(), facts(answer)) {
        (Some(fault), None) => fault == answer,
        (None, Some(said)) => {
            let Some(wanted) = expect["ok"].as_object() else { return false };
            wanted.iter().all(|(name, value)| name == "wraps" || said.get(name) == Some(value))
        }
        _ => false,
    }
}

/// What an answer of acceptance says.
fn facts(answer: &str) -> Option<Value> {
    answer.strip_prefix("ok ").and_then(|facts| serde_json::from_str(facts).ok())
}

fn read(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn bytes(hex: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(hex).as_bytes()).expect("lowercase hex")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_must_be_the_vectors() {
        let expect = json!({ "fault": "bad_time" });
        assert!(agrees(&expect, "bad_time"));
        for wrong in ["bad_length", "bad_time ", "", "ok {}", "ok bad_time"] {
            assert!(!agrees(&expect, wrong), "{wrong}");
        }
    }

    #[test]
    fn every_fact_must_be_said_as_it_is() {
        let expect = json!({ "ok": { "epoch": 7, "root": "ab" } });
        assert!(agrees(&expect, r#"ok {"epoch": 7, "root": "ab", "more": 1}"#));
        for wrong in [r#"ok {"epoch": 7}"#, r#"ok {"epoch": 8, "root": "ab"}"#, "ok {}", "ok", "bad_time"] {
            assert!(!agrees(&expect, wrong), "{wrong}");
        }
    }
}
