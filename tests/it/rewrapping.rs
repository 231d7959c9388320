//! Story 7, its mail: a colleague who comes later reads what waits, without the sender, and nothing of other mailboxes.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Running;
use samverkan_tests::until::until;
use serde_json::Value;

const HANDLER: [&str; 4] = ["--role", "handler", "--mailbox", "stod"];

fn offices() -> (HubProcess, Office, Office) {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    (hub, police, association)
}

fn threads(office: &Office) -> Vec<String> {
    let list: Value = office.json(&["inbox"]);
    let threads = list["threads"].as_array().expect("threads");
    threads.iter().map(|thread| thread["reference"].as_str().expect("one").to_owned()).collect()
}

#[test]
fn a_new_member_reads_what_waited_before_it_came() {
    let (hub, police, first) = offices();
    let reference = police.referred(&first, "Exempel Exempelsson önskar stöd.");
    let second = first.take_in(&HANDLER);
    assert!(threads(&second).is_empty(), "the sender knew nothing of this device");
    // The sender is never asked again.
    assert_eq!(threads(&first), [&*reference]);
    assert_eq!(threads(&second), [&*reference]);
    let shown = second.json(&["show", &reference]);
    assert_eq!(shown["messages"][0]["text"], "Exempel Exempelsson önskar stöd.", "{shown}");
    assert_eq!(police.json(&["track", &reference])["overall"], "DELIVERED");
    assert!(!hub.log().contains("error"), "{}", hub.log());
}

#[test]
fn what_a_colleague_has_taken_already_is_given_on_while_the_hub_still_has_it() {
    let (hub, police, first) = offices();
    let second = first.take_in(&HANDLER);
    second.run(&["inbox"]).ok();
    let reference = police.referred(&first, "Exempel Exempelsson önskar stöd.");
    assert_eq!(threads(&first), [&*reference]);
    // The second has not looked yet, so the message is still there when the third comes.
    let third = first.take_in(&HANDLER);
    assert!(threads(&third).is_empty());
    hub.restart();
    first.run(&["inbox"]).ok();
    assert_eq!(threads(&third), [&*reference]);
    assert_eq!(threads(&second), [&*reference]);
    // Everybody has it: the hub lets go of it, and a fourth comes too late.
    let fourth = first.take_in(&HANDLER);
    first.run(&["inbox"]).ok();
    assert!(threads(&fourth).is_empty());
}

#[test]
fn a_running_watch_gives_on_what_it_keeps_when_a_colleague_comes() {
    let (_hub, police, first) = offices();
    let second = first.take_in(&HANDLER);
    second.run(&["inbox"]).ok();
    let reference = police.referred(&first, "Exempel Exempelsson önskar stöd.");
    assert_eq!(threads(&first), [&*reference]);
    let log = first.folder().join("watch.log");
    let _watch = Running::start(&mut first.command(&["watch", "--json"]), &log);
    until("it watches", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Watching")).then_some(())
    });
    // The commands that take it in are done before it has a key.
    let third = first.take_in(&HANDLER);
    until("it is given on", || (threads(&third) == [&*reference]).then_some(()));
}

#[test]
fn who_gets_a_mailbox_back_gets_what_waited_and_the_sender_hears_of_it() {
    let (_hub, police, first) = offices();
    let second = first.take_in(&[&HANDLER[..], &["--label", "jouren"]].concat());
    second.run(&["inbox"]).ok();
    first.run(&["mailbox", "add", "annan", "--reader", "jouren"]).ok();
    let reference = police.referred(&first, "Exempel Exempelsson önskar stöd.");
    for back in [&["--remove"][..], &[]] {
        first.run(&[&["mailbox", "assign", "stod", "jouren"], back].concat()).ok();
        assert!(threads(&second).is_empty(), "the hub took its wrap away");
    }
    assert_eq!(threads(&first), [&*reference]);
    assert_eq!(threads(&second), [&*reference]);
    assert_eq!(police.json(&["track", &reference])["overall"], "DELIVERED");
}

#[test]
fn a_senders_proof_holds_with_the_receipt_of_a_colleague_who_came_later() {
    let (_hub, police, first) = offices();
    let reference = police.referred(&first, "Exempel Exempelsson önskar stöd.");
    let second = first.take_in(&HANDLER);
    second.run(&["inbox"]).ok();
    assert_eq!(threads(&first), [&*reference]);
    assert_eq!(threads(&second), [&*reference]);
    police.run(&["inbox"]).ok();
    let track = police.json(&["track", &reference]);
    assert_eq!(track["overall"], "DELIVERED", "{track}");
    police.run(&["receipts", &reference, "-o", "proof.json"]).ok();
    police.run(&["receipts", "--verify", "proof.json"]).ok();
}
