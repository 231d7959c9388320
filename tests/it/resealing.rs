//! Mail that nobody at the recipient's can open any more is sealed again by the sender's own client, and reaches the person once.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Running;
use samverkan_tests::until::until;

const JOUR: &str = "boj-exempel/jour";

/// A message of the police waits for a mailbox that one device alone read; now the office at the front reads it too.
struct Scene {
    _hub: HubProcess,
    police: Office,
    first: Office,
    reference: String,
}

impl Scene {
    fn new() -> Self {
        let hub = HubProcess::start();
        let (police, first) =
            (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
        let lost = first.take_in(&["--role", "handler", "--label", "jouren"]);
        first.run(&["mailbox", "add", "jour", "--reader", "jouren"]).ok();
        lost.run(&["inbox"]).ok();
        let sent = police.refer(JOUR, "Exempel Exempelsson önskar stöd.").json();
        let own = first.json(&["key", "show"])["device"].as_str().expect("a device").to_owned();
        first.run(&["mailbox", "assign", "jour", &own]).ok();
        let reference = sent["reference"].as_str().expect("a reference").to_owned();
        Self { _hub: hub, police, first, reference }
    }

    /// The only device that could open it is gone.
    fn lose(&self) {
        self.first.run(&["inbox"]).ok();
        assert!(self.first.references().is_empty(), "nobody could give it on");
        self.first.run(&["member", "remove", "jouren", "--reason", "lost", "--yes"]).ok();
    }

    /// The person is there, once, on both sides.
    fn is_there(&self) {
        assert_eq!(self.first.references(), [&*self.reference]);
        for office in [&self.first, &self.police] {
            let shown = office.json(&["show", &self.reference]);
            assert_eq!(shown["messages"].as_array().map(Vec::len), Some(1), "{shown}");
            assert_eq!(shown["messages"][0]["text"], "Exempel Exempelsson önskar stöd.");
        }
    }
}

#[test]
fn what_waited_for_a_lost_device_reaches_its_colleagues_by_the_next_command() {
    let scene = Scene::new();
    scene.lose();
    let inbox = scene.police.json(&["inbox"]);
    assert_eq!(inbox["cases_to_act_on"], 0, "nothing is left to do: {inbox}");
    scene.first.run(&["inbox"]).ok();
    scene.is_there();
    let track = scene.police.json(&["track", &scene.reference]);
    assert_eq!(track["overall"], "DELIVERED", "{track}");
    assert_eq!(track["steps"].as_array().map(Vec::len), Some(2), "the old one stands as it ended: {track}");
}

#[test]
fn a_running_watch_does_it_without_a_command() {
    let scene = Scene::new();
    let log = scene.police.folder().join("watch.log");
    let _watch = Running::start(&mut scene.police.command(&["watch", "--json"]), &log);
    until("it watches", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Watching")).then_some(())
    });
    scene.lose();
    until("it is sent again", || {
        scene.first.run(&["inbox"]).ok();
        (scene.first.references() == [&*scene.reference]).then_some(())
    });
    scene.is_there();
}
