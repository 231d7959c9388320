//! The frozen vectors of `proto/testvectors/referral` (PROTOCOL.md section 21).

use std::path::Path;

use samverkan_envelope::body::Field;
use serde_json::{Value, json};

use super::*;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is text in {value}"))
}

/// What became of one message: the name of its effect, and the state that it led to or found.
fn outcome(entry: &Entry) -> Value {
    let effect = match entry.effect {
        Effect::Led(state) => json!({ "led": state.name() }),
        Effect::None(denied) => json!({ "without_effect": denied.name() }),
    };
    json!({ "send_id": entry.step.id.to_string(), "effect": effect })
}

fn run(input: &Value) -> Value {
    let class = text(input, "class").parse().expect("a class");
    let (mut steps, mut not_understood) = (Vec::new(), Vec::new());
    for message in input["messages"].as_array().expect("messages") {
        let by = Side::from_name(text(message, "by")).expect("a side");
        let kind = *Kind::ALL.iter().find(|kind| kind.name() == text(message, "kind")).expect("a kind");
        let fields = message["fields"].as_object().expect("fields").iter();
        let fields: Vec<Field> = fields
            .map(|(name, value)| Field {
                name: name.clone(),
                value: value.as_str().expect("text").to_owned(),
            })
            .collect();
        let send_id: SendId = text(message, "send_id").parse().expect("an id");
        let step = Step { id: send_id, by, after: BTreeSet::new(), act: Act::Ask };
        let body = Body { kind, form: text(message, "form").to_owned(), ..body(&step, fields) };
        match wire::read(&body, by) {
            Read::Step(step) => steps.push(step),
            Read::NotUnderstood => not_understood.push(send_id.to_string()),
            Read::Plain => {}
        }
    }
    let referral = fold(class, State::Received, steps);
    let history: Vec<Value> = referral.history.iter().map(outcome).collect();
    json!({ "state": referral.state.name(), "history": history, "not_understood": not_understood })
}

#[test]
fn the_vectors_of_referrals_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/testvectors/referral");
    let mut found = 0;
    for file in std::fs::read_dir(folder).expect("the vectors are there") {
        let path = file.expect("readable").path();
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        assert_eq!(vector["kind"], "referral", "{}", path.display());
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), vector["name"].as_str());
        assert_eq!(run(&vector["input"]), vector["expect"]["ok"], "{}", path.display());
        found += 1;
    }
    assert!(found >= 8, "{found} vectors");
}
