//! Safety numbers that people compared: what they are good for when a handle comes to stand for other keys.

use std::path::Path;
use std::process::Command;

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Outcome;
use samverkan_tests::site::Invitation;

/// Who has written to the association and never compared anything.
const SOCIAL: Invitation<'static> = Invitation {
    handle: "soc-exempel",
    name: "Socialtjänsten Exempel",
    number: "2120000142",
    kind: "social-services",
};

fn compare(office: &Office, handle: &str, number: &str, more: &[&str]) -> Outcome {
    let line = ["org", "verify", handle, "--number", number, "--how", "BY_TELEPHONE", "--json"];
    office.run(&[&line[..], more].concat())
}

#[test]
fn the_handle_of_a_removed_organisation_is_given_to_nobody_else() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.run(&["inbox"]).exits(0);
    compare(&police, ASSOCIATION.handle, &association.safety_number(), &[]).exits(0);
    hub.remove(ASSOCIATION.handle);
    let again = hub.operator(&[
        "org",
        "invite",
        ASSOCIATION.handle,
        "--name",
        ASSOCIATION.name,
        "--number",
        ASSOCIATION.number,
        "--kind",
        ASSOCIATION.kind,
    ]);
    assert_ne!(again.code, Some(0), "{}", again.stdout);
    assert!(again.stderr.contains("HANDLE_TAKEN"), "{}", again.stderr);
    police.refer(association.mailbox(), "Ett exempel.").refused(6, "RECIPIENT_REMOVED");
}

/// Copies a folder as it is, in place of whatever was there.
fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp is there");
    assert!(status.success());
}

/// A hub whose disk was put back to a time before the association had joined, and where somebody else has its handle now. Police and
/// social services had both written to it; only the police had compared its safety number.
struct PutBack {
    hub: HubProcess,
    police: Office,
    social: Office,
    /// The police's case with the association that was.
    reference: String,
    impostor: Office,
}

impl PutBack {
    fn new() -> Self {
        let hub = HubProcess::start();
        let (police, social) =
            (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &SOCIAL, "mottagning"));
        assert!(hub.terminate().success());
        let before = hub.folder().join("before");
        copy(&hub.data_dir(), &before);
        hub.restart();
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        let reference = police.referred(&association, "Ett exempel.");
        social.refer(association.mailbox(), "Ett exempel.").exits(0);
        compare(&police, ASSOCIATION.handle, &association.safety_number(), &[]).exits(0);
        assert!(hub.terminate().success());
        copy(&before, &hub.data_dir());
        hub.restart();
        let impostor = Office::open(&hub, &ASSOCIATION, "stod");
        Self { hub, police, social, reference, impostor }
    }
}

/// The copy of the log on a computer is lost: without it nothing but the notes in the keystore tells what was before.
fn lose_the_log(office: &Office) {
    std::fs::remove_dir_all(office.home().join("default/directory")).expect("a copy of the log");
}

#[test]
fn other_keys_behind_a_compared_handle_stop_everything_until_they_are_compared() {
    let PutBack { hub, police, social, reference, impostor } = PutBack::new();
    // Whoever still has the log sees that this is another one.
    police.refer(impostor.mailbox(), "Ett exempel.").refused(9, "LOG_FORKED");
    lose_the_log(&police);
    lose_the_log(&social);

    let error = police.refer(impostor.mailbox(), "Ett exempel.").refused(6, "KEY_CHANGED");
    assert!(error["next"].as_str().is_some_and(|next| next.contains("number you already had")), "{error}");
    let shown = police.run(&["org", "show", ASSOCIATION.handle, "--json"]);
    shown.refused(6, "KEY_CHANGED");
    let document: serde_json::Value = serde_json::from_str(&shown.stdout).expect("it is shown all the same");
    assert_eq!(document["trust"], "key_changed");
    for line in [&["find"][..], &["org", "list"]] {
        assert!(police.run(line).ok().contains("KEY CHANGED"));
    }
    police
        .run_with(&["reply", &reference, "--text-file", "-", "--json"], b"Exempel")
        .refused(6, "KEY_CHANGED");
    compare(&police, ASSOCIATION.handle, &impostor.safety_number(), &[]).refused(6, "KEY_CHANGED");
    impostor.refer(police.mailbox(), "Ett exempel.").exits(0);
    police.run(&["inbox"]).exits(0);
    let came = police.references();
    let [new] = came.iter().filter(|one| **one != reference).collect::<Vec<_>>()[..] else {
        panic!("one message came: {came:?}")
    };
    police.run(&["show", new, "--json"]).refused(6, "KEY_CHANGED");
    police.run(&["save", new, "-o", "saved.bin", "--json"]).refused(6, "KEY_CHANGED");

    // Who never compared is told loudly, and is not stopped.
    let outcome = social.refer(impostor.mailbox(), "Ett exempel.");
    assert!(
        outcome.exits(0).stderr.contains("has other keys than when you first exchanged messages"),
        "{}",
        outcome.stderr
    );
    assert_eq!(social.json(&["org", "show", ASSOCIATION.handle])["trust"], "moved");

    // They have called: it is the association, with new keys.
    compare(&police, ASSOCIATION.handle, &social.safety_number(), &["--new-keys"])
        .refused(9, "SAFETY_NUMBER_WRONG");
    compare(&police, ASSOCIATION.handle, &impostor.safety_number(), &["--new-keys"]).exits(0);
    let sent = police.refer(impostor.mailbox(), "Ett exempel.");
    assert!(sent.exits(0).stderr.contains("was compared"), "{}", sent.stderr);
    police.run(&["show", new]).exits(0);
    drop(hub);
}
