//! A hub that was restored from an older backup: members give it back what it has signed since, and it goes on where it was.

use samverkan_proto::v1::{HelloRequest, HelloResponse};
use samverkan_tests::evil::presented_by;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::wire::Peer;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const HANDLER: [&str; 4] = ["--role", "handler", "--mailbox", "stod"];

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.expect("cp runs").success());
}

/// A hub with two members, and its data from before the association changed.
struct Before {
    hub: HubProcess,
    police: Office,
    association: Office,
    /// The association's second machine.
    second: Office,
    backup: TempDir,
}

impl Before {
    fn new() -> Self {
        let hub = HubProcess::start();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        let second = association.take_in(&HANDLER);
        for office in [&association, &second, &police] {
            office.run(&["inbox"]).exits(0);
        }
        hub.terminate();
        let backup = tempfile::tempdir().expect("a temporary folder");
        copy(&hub.data_dir(), backup.path());
        hub.restart();
        Self { hub, police, association, second, backup }
    }

    /// Removes the second machine and takes a third one in.
    fn go_on(&self) -> Office {
        let gone = self.second.json(&["key", "show"])["device"].as_str().expect("a device").to_owned();
        self.association.run(&["member", "remove", &gone, "--reason", "left", "--yes"]).exits(0);
        let third = self.association.take_in(&HANDLER);
        third.run(&["inbox"]).exits(0);
        self.association.run(&["org", "list", "--refresh"]).exits(0);
        third
    }

    /// Puts the backup in the place of the data, and starts.
    fn restore(&self) {
        self.hub.terminate();
        std::fs::remove_dir_all(self.hub.data_dir()).expect("removable");
        let name = self.hub.data_dir();
        copy(&self.backup.path().join(name.file_name().expect("a name")), self.hub.folder());
        self.hub.restart();
    }

    fn leaves(office: &Office) -> u64 {
        office.json(&["log", "verify"])["leaves"].as_u64().expect("a number")
    }

    fn has_no_evidence(&self) {
        for office in [&self.police, &self.association] {
            assert!(!office.profile().folder().join("directory").join("evidence.json").exists());
        }
    }
}

#[test]
fn a_restored_hub_gets_back_what_it_signed_and_refuses_who_was_removed_meanwhile() {
    let before = Before::new();
    let third = before.go_on();
    let leaves = Before::leaves(&before.association);
    before.restore();

    before.association.run(&["org", "list", "--refresh"]).exits(0);
    assert!(Before::leaves(&before.association) >= leaves);
    before.second.run(&["inbox", "--json"]).refused(6, "DEVICE_REVOKED");
    third.run(&["inbox"]).exits(0);
    before.hub.operator(&["check"]).exits(0);

    // Who was not there notices nothing, and writes to the machine that the backup did not know.
    let reference = before.police.referred(&before.association, "Ett exempel.");
    third.run(&["inbox"]).exits(0);
    assert_eq!(third.references(), [reference]);
    before.has_no_evidence();
    before.hub.restart();
    before.police.run(&["org", "list", "--refresh"]).exits(0);
    before.hub.terminate();
    before.hub.operator(&["log", "verify"]).exits(0);
}

#[tokio::test]
async fn a_hub_that_knows_that_it_is_behind_takes_nothing_until_it_is_not() {
    let before = Before::new();
    let third = before.go_on();
    before.restore();

    // Somebody shows what is missing and does not return it.
    let shown = std::fs::read(before.association.profile().folder().join("directory").join("checkpoint"));
    let greeting = HelloRequest { checkpoint: shown.expect("a checkpoint").into() };
    let peer = Peer::presenting(&before.hub, Some(presented_by(&before.police)));
    let answer: HelloResponse = peer.call("EnrolmentService/Hello", &greeting).await.expect("a greeting");
    let note = String::from_utf8(answer.checkpoint.to_vec()).expect("text");
    assert_eq!(note.lines().filter(|line| line.starts_with('\u{2014}')).count(), 1, "it has no time: {note}");

    before.second.run(&["org", "list", "--refresh", "--json"]).refused(7, "LOG_BEHIND");
    before.police.run(&["org", "list", "--refresh", "--json"]).refused(7, "LOG_BEHIND");
    before.hub.restart();
    before.police.run(&["org", "list", "--refresh", "--json"]).refused(7, "LOG_BEHIND");
    let check = before.hub.operator(&["check"]);
    assert!(check.stdout.contains("signed leaves are missing"), "{check:?}");

    third.run(&["inbox"]).exits(0);
    before.police.run(&["org", "list", "--refresh"]).exits(0);
    before.association.run(&["org", "list", "--refresh"]).exits(0);
    before.second.run(&["inbox", "--json"]).refused(6, "DEVICE_REVOKED");
    before.hub.operator(&["check"]).exits(0);
    before.has_no_evidence();
}

#[test]
fn a_restored_hub_that_went_on_otherwise_is_refused_and_says_so_itself() {
    let before = Before::new();
    before.go_on();
    before.restore();
    before.hub.suspend(POLICE.handle);
    before.hub.resume(POLICE.handle);

    before.association.run(&["org", "list", "--refresh", "--json"]).refused(9, "LOG_FORKED");
    let evidence = before.association.profile().folder().join("directory").join("evidence.json");
    assert!(evidence.exists(), "what proves it is kept");
    let check = before.hub.operator(&["check"]);
    assert!(check.stdout.contains("another log than the one that the hub signed"), "{check:?}");
    assert!(before.hub.log().contains("a member has shown another log than this one"));
    before.police.run(&["org", "list", "--refresh"]).exits(0);
}
