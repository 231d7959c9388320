//! Story 7, its mail: a colleague who comes later reads what waits, without the sender, and nothing of other mailboxes.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
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
