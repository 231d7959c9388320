//! 129: several programs at once over one profile. They wait for each other's changes and never for each other's network.

use std::net::TcpListener;
use std::thread;

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::{Outcome, Running};
use samverkan_tests::until::until;

const MESSAGES: usize = 4;
const TEXT: &str = "Ett exempel.\n";

fn send<'a>(to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let what =
        ["send", "--to", to, "--class", "REFERRAL", "--basis", "VITAL_INTEREST", "--text-file", "text.txt"];
    [&what[..], more].concat()
}

/// Runs commands at the same time, each in a process of its own; gives how they ended.
fn at_once(office: &Office, commands: &[Vec<&str>]) -> Vec<Outcome> {
    thread::scope(|scope| {
        let running: Vec<_> = commands.iter().map(|line| scope.spawn(|| office.run(line))).collect();
        running.into_iter().map(|one| one.join().expect("a command that runs")).collect()
    })
}

fn watch(office: &Office) -> Running {
    let log = office.folder().join("watch.log");
    let running = Running::start(&mut office.command(&["watch"]), &log);
    until("it watches", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Watching")).then_some(())
    });
    running
}

#[test]
fn bad_129_commands_run_beside_a_watch_and_each_other_and_nothing_is_lost_or_doubled() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.file("text.txt", TEXT);
    association.file("text.txt", TEXT);
    let file = police.file("bilaga.bin", vec![7; 300_000]);
    let (mut police_watches, mut association_watches) = (watch(&police), watch(&association));

    let with_file = send(association.mailbox(), &["--attach", file]);
    let mut sendings = vec![with_file];
    sendings.resize(MESSAGES, send(association.mailbox(), &[]));
    sendings.push(vec!["inbox"]);
    for outcome in at_once(&police, &sendings) {
        outcome.exits(0);
    }
    for outcome in at_once(&association, &vec![vec!["inbox"]; 3]) {
        outcome.exits(0);
    }
    until("everything has come", || (association.references().len() == MESSAGES).then_some(()));

    let references = association.references();
    let replies = references.iter().map(|reference| vec!["reply", reference, "--text-file", "text.txt"]);
    for outcome in at_once(&association, &replies.collect::<Vec<_>>()) {
        outcome.exits(0);
    }
    for reference in &references {
        until("it is answered", || {
            let track = police.json(&["track", reference]);
            (track["overall"] == "ANSWERED").then_some(())
        });
        for (office, shown) in [(&police, 2), (&association, 2)] {
            let thread = office.json(&["show", reference]);
            assert_eq!(thread["messages"].as_array().map(Vec::len), Some(shown), "{thread}");
        }
    }
    for (office, watches) in [(&police, &mut police_watches), (&association, &mut association_watches)] {
        assert_eq!(watches.finished().map(|status| status.code()), None, "it watches on");
        let inbox = office.run(&["inbox", "--offline"]);
        inbox.ok();
        assert!(!inbox.stderr.contains("open any more"), "something is damaged: {}", inbox.stderr);
    }
    // Either way is how a watch ends, and no failure.
    police_watches.interrupt();
    association_watches.ask_to_stop();
    for (office, watches) in [(&police, &mut police_watches), (&association, &mut association_watches)] {
        assert_eq!(until("the watch ends", || watches.finished()).code(), Some(0));
        let log = String::from_utf8(office.read("watch.log")).expect("text");
        assert!(log.contains("Something") && !log.contains("error"), "{log}");
    }
}

#[test]
fn bad_129_a_command_that_waits_for_the_network_is_in_nobodys_way() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.file("text.txt", TEXT);
    police.run(&send(association.mailbox(), &[])).exits(0);
    association.run(&["inbox"]).exits(0);
    let references = association.references();
    let [reference] = references.as_slice() else { panic!("one thread, not {references:?}") };

    hub.kill9();
    let nobody = TcpListener::bind(hub.address()).expect("the hub's port is free");
    let log = association.folder().join("inbox.log");
    let mut waiting = Running::start(&mut association.command(&["inbox"]), &log);
    let (_silent, _) = nobody.accept().expect("the command has called");
    // This marks the thread as read, for which the profile is needed.
    association.run(&["show", reference]).exits(0);
    let read = association.json(&["inbox", "--offline"]);
    assert_eq!(read["threads"][0]["unread"], false);
    assert_eq!(waiting.finished().map(|status| status.code()), None, "it was waiting all the time");
}
