//! The Python implementation against the vectors and against a running hub.
//!
//! `interop PYTHON`: PYTHON is an interpreter with the packages of `tests/interop/requirements.txt`. Every vector is handed over under a
//! random name, without its own name and expectation. Then Python and `samverkan` write to each other through a real hub.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::{HubProcess, Invitation};
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::story::Story;
use serde_json::{Value, json};

fn main() -> std::io::Result<ExitCode> {
    let mut story =
        Story::begin(std::io::stdout(), "A second implementation, written from PROTOCOL.md alone")?;
    let Some(python) = std::env::args_os().nth(1) else {
        story.tell("usage: interop PYTHON")?;
        return Ok(ExitCode::from(2));
    };
    let python = Python { interpreter: PathBuf::from(python) };
    story.chapter("Every vector, told apart by its bytes alone")?;
    let (positive, negative) = vectors(&python);
    story.tell(&format!("{positive} positive and {negative} negative vectors answered as expected"))?;
    story.chapter("Python and samverkan through one hub")?;
    live(&python, &mut story)?;
    story.tell("interoperability holds")?;
    Ok(ExitCode::SUCCESS)
}

/// The interpreter and the program it runs.
struct Python {
    interpreter: PathBuf,
}

impl Python {
    fn run(&self, arguments: &[&str]) -> Outcome {
        let program = repository().join("tests/interop/samverkan.py");
        run(Command::new(&self.interpreter).arg(program).args(arguments), b"")
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository")
}

/// Hands every vector over and compares the answers; returns how many were positive and negative.
fn vectors(python: &Python) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut expected = Vec::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(repository().join("proto/testvectors")).expect("the vectors are there") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
        let bare = json!({ "kind": vector["kind"], "input": vector["input"] });
        let name = folder.path().join(samverkan_proto::ids::MessageId::random().to_string());
        std::fs::write(&name, bare.to_string()).expect("a temporary file can be written");
        files.push(name.to_str().expect("temporary names are UTF-8").to_owned());
        expected.push((path, vector["expect"].clone()));
    }
    let arguments: Vec<&str> = std::iter::once("vector").chain(files.iter().map(String::as_str)).collect();
    let outcome = python.run(&arguments);
    let answers: Vec<&str> = outcome.ok().lines().collect();
    assert_eq!(answers.len(), expected.len(), "one answer a vector");
    let wrong: Vec<_> =
        expected.iter().zip(&answers).filter(|((_, expect), answer)| !agrees(expect, answer)).collect();
    assert!(wrong.is_empty(), "{} vectors answered wrongly, the first: {:?}", wrong.len(), wrong.first());
    let negative = expected.iter().filter(|(_, expect)| expect.get("fault").is_some()).count();
    assert!(negative >= 40 && negative < expected.len(), "the vectors are not all there");
    (expected.len() - negative, negative)
}

/// A fault must be named exactly; of a positive vector, everything that Python says must be what the vector says, and it must say something.
fn agrees(expect: &Value, answer: &str) -> bool {
    match (expect.get("fault").and_then(Value::as_str), answer.strip_prefix("ok ")) {
        (Some(fault), None) => fault == answer,
        (None, Some(facts)) => {
            let Ok(Value::Object(said)) = serde_json::from_str(facts) else { return false };
            let Some(wanted) = expect["ok"].as_object() else { return false };
            (wanted.is_empty() || !said.is_empty())
                && said.iter().all(|(name, value)| wanted.get(name) == Some(value))
        }
        _ => false,
    }
}

fn live(python: &Python, story: &mut Story<impl Write>) -> std::io::Result<()> {
    let hub = HubProcess::start();
    let cli = Cli::new();
    let state = tempfile::tempdir().expect("a temporary folder");
    let state = state.path().join("state");
    let state = state.to_str().expect("temporary names are UTF-8");

    let number = |handle, name, number, kind| hub.invite(&Invitation { handle, name, number, kind });
    let invite = number("polisen-exempel", "Polisregion Exempel", "2021000076", "POLICE");
    let kit = cli.folder().join("kit");
    let copy = cli.folder().join("kit-copy");
    let paths = [&kit, &copy].map(|path| path.to_str().expect("temporary names are UTF-8"));
    let kits = ["--kit", paths[0], "--kit-copy", paths[1]];
    let join = ["join", &invite, "--handle", "polisen-exempel", "--mailbox", "utredning"];
    cli.run(&[&join[..], &kits].concat()).exits(0);
    let key = cli.json(&["key", "show"]);
    hub.confirm("polisen-exempel", key["safety_number"].as_str().expect("a safety number"));

    let invite = number("boj-exempel", "Brottsofferjouren Exempel", "8024000005", "VOLUNTEER");
    let joined = python.run(&["live", "--state", state, "join", &invite, "--mailbox", "stod"]);
    let joined: Value = serde_json::from_str(joined.ok()).expect("JSON");
    hub.confirm("boj-exempel", joined["safety_number"].as_str().expect("a safety number"));
    story.tell("both joined and were confirmed")?;

    let text = cli.folder().join("text");
    std::fs::write(&text, "Ett exempel på ett meddelande.").expect("writable");
    let text = text.to_str().expect("temporary names are UTF-8");
    let file = cli.folder().join("bild.bin");
    std::fs::write(&file, vec![7u8; 200_000]).expect("writable");
    let file = file.to_str().expect("temporary names are UTF-8");
    cli.run(&[
        "send",
        "--to",
        "boj-exempel/stod",
        "--class",
        "REFERRAL",
        "--basis",
        "VITAL_INTEREST",
        "--text-file",
        text,
        "--attach",
        file,
    ])
    .exits(0);
    let received = python.run(&["live", "--state", state, "receive"]);
    let message = received
        .ok()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line.get("text").is_some())
        .expect("a message");
    assert_eq!(message["text"], "Ett exempel på ett meddelande.");
    assert_eq!(message["attachments"][0]["len"], 200_000);
    story.tell("samverkan sealed, Python opened and acknowledged")?;
    let sent = cli.json(&["sent"]);
    let reference = sent["threads"][0]["reference"].as_str().expect("a reference").to_owned();
    cli.run(&["track", &reference, "--wait", "DELIVERED", "--timeout", "30s"]).exits(0);
    story.tell("samverkan verified Python's receipt")?;

    python
        .run(&[
            "live",
            "--state",
            state,
            "send",
            "--to",
            "polisen-exempel/utredning",
            "--text-file",
            text,
            "--attach",
            file,
        ])
        .exits(0);
    let inbox = cli.json(&["inbox"]);
    let reference = inbox["threads"][0]["reference"].as_str().expect("a reference").to_owned();
    let shown = cli.json(&["show", &reference]);
    assert_eq!(shown["messages"][0]["text"], "Ett exempel på ett meddelande.", "{shown}");
    let saved = cli.folder().join("saved.bin");
    cli.run(&["save", &reference, "--attachment", "1", "-o", saved.to_str().expect("UTF-8")]).exits(0);
    assert_eq!(std::fs::read(saved).expect("saved"), vec![7u8; 200_000]);
    story.tell("Python sealed, samverkan opened")?;
    Ok(())
}
