//! Nobody comes into an organisation unseen: every machine of it says once what others have changed.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office};
use samverkan_tests::process::Running;
use samverkan_tests::until::until;
use std::fs;

const HANDLER: [&str; 4] = ["--role", "handler", "--mailbox", "stod"];
const CHANGED: &str = "Your organisation was changed, not by this computer";

#[test]
fn every_machine_tells_once_of_what_others_have_changed() {
    let hub = HubProcess::start();
    let first = Office::open(&hub, &ASSOCIATION, "stod");
    first.run(&["inbox"]).exits(0);
    let second = first.take_in(&HANDLER);
    // Who made the change, and who has just come, need not be told.
    for machine in [&first, &second, &first, &second] {
        assert!(!machine.run(&["inbox"]).stderr.contains(CHANGED));
    }

    let third = first.take_in(&HANDLER);
    let device = third.json(&["key", "show"])["device"].as_str().expect("a device").to_owned();
    let log = second.folder().join("watch.log");
    let mut watching = Running::start(&mut second.command(&["watch", "--json"]), &log);
    until("it says so", || {
        fs::read_to_string(&log).is_ok_and(|said| said.contains("own_changed")).then_some(())
    });
    let told = fs::read_to_string(&log).expect("a log");
    assert!(!told.contains(&device), "a stream that others may see names nobody: {told}");
    watching.terminate();

    let told = second.run(&["inbox"]);
    assert!(told.stderr.contains(CHANGED) && told.stderr.contains(&device), "{}", told.stderr);
    assert!(told.stderr.contains("reads stod") && told.stderr.contains("member remove"), "{}", told.stderr);
    assert!(!second.run(&["inbox"]).stderr.contains(CHANGED), "once is enough");
    assert!(
        !first.run(&["inbox"]).stderr.contains(CHANGED) && !third.run(&["inbox"]).stderr.contains(CHANGED)
    );
}
