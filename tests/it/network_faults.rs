//! Story 9: the connection is cut at every boundary of every call the program makes, and it is as if nothing had happened.
//!
//! The program speaks, the hub answers: each call of a command is a turn of either side, and so are handshake and greeting. A relay ends
//! the connection at the first, second, … turn, until a run gets through before: the request is lost before it arrives, the answer is
//! lost although the request was done, or the answer is torn. Whatever the command makes of it (it tries again by itself, or says that
//! the hub can not be reached and is repeated), each message is there once, with one chain of receipts.
//!
//! The commands between them make every call of the client but `PublishEpochKeys`, which a new week asks for: the simulation has those.

use std::thread;

use crate::between::Between;
use samverkan_client::session::evidence::Evidence;
use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, POLICE, invite_over};
use samverkan_tests::process::{Outcome, Running};
use samverkan_tests::proxy::{Proxy, Way};
use samverkan_tests::site::Invitation;
use samverkan_tests::until::until;
use samverkan_tests::wire::member::organisation_number;

/// More turns than any command needs; a round that reaches it never ends.
const MANY: u64 = 60;
/// Where an answer is torn: within the head and the first bytes of a TLS record.
const TORN_AFTER: u64 = 20;
/// What is proven about a message that arrived.
const PROVEN: [&str; 3] = ["SUBMISSION_ACCEPTED", "HANDED_OVER", "DELIVERED"];

/// Where a call breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// The request never arrives.
    RequestLost,
    /// The request arrives, and its answer does not.
    AnswerLost,
    /// The answer ends in the middle.
    AnswerTorn,
}

const EVERYWHERE: [Break; 3] = [Break::RequestLost, Break::AnswerLost, Break::AnswerTorn];

/// Runs a command whose call with this number breaks; gives what it said, and whether it got as far as that call.
fn run_broken(proxy: &Proxy, place: (Break, u64), cli: &Cli, line: &[&str]) -> (Outcome, bool) {
    let (log, turn) = (cli.folder().join("broken.log"), place.1);
    std::fs::write(&log, "").expect("a file");
    match place.0 {
        Break::RequestLost => proxy.hold_at(Way::Up, turn),
        Break::AnswerLost => proxy.hold_at(Way::Down, turn),
        Break::AnswerTorn => proxy.tear_at(Way::Down, turn, TORN_AFTER),
    }
    let mut running = Running::start(&mut cli.command(line), &log);
    until("the call breaks, or the end", || (proxy.is_held() || running.finished().is_some()).then_some(()));
    if proxy.is_held() {
        proxy.lose();
    }
    let code = until("the end", || running.finished()).code();
    let is_broken = proxy.is_held();
    proxy.resume();
    let said = std::fs::read_to_string(&log).expect("a log");
    let outcome =
        Outcome { command: format!("{line:?} at {place:?}"), code, stdout: String::new(), stderr: said };
    assert!(matches!(code, Some(0 | 7)), "{outcome:?}");
    (outcome, is_broken)
}

/// Calls `round` for every call of a command and every way to break it, until a run gets through; gives the number of breaks.
fn at_every_boundary(ways: &[Break], mut round: impl FnMut((Break, u64)) -> bool) -> usize {
    let mut breaks = 0;
    for way in ways {
        let reached = (1..MANY).find(|turn| !round((*way, *turn))).expect("the command ends");
        breaks += usize::try_from(reached).expect("a small number") - 1;
    }
    breaks
}

/// Two offices that both know that both are confirmed, whatever is cut later.
fn between(relayed: &Invitation<'_>) -> Between {
    let between = Between::new(relayed, 60_000);
    for office in [&between.police, &between.association] {
        office.run(&["find", "--refresh"]).exits(0);
    }
    between
}

impl Between {
    /// Each of these texts came once, and about each the police have one chain of receipts that holds.
    fn each_came_once(&self, written: &[String]) {
        self.police.run(&["sent"]).exits(0);
        self.association.run(&["inbox"]).exits(0);
        let mut texts: Vec<String> =
            self.association.references().iter().map(|case| self.text_of(case)).collect();
        texts.sort();
        assert_eq!(texts, written);
        self.police.run(&["sent"]).exits(0);
        let session = self.police.session();
        let cases = session.sent();
        assert_eq!(cases.len(), written.len());
        for case in cases {
            let evidence = session.evidence(&case.reference).expect("evidence").to_json();
            let verdict = Evidence::verify(&evidence, session.directory()).expect("a verdict");
            assert!(verdict.all_hold(), "{verdict:?}");
            let proven: Vec<Vec<&str>> = verdict
                .messages
                .iter()
                .map(|message| message.statements.iter().map(|statement| statement.what).collect())
                .collect();
            let mut chain = proven.concat();
            // When the hub serves it no longer is told some time afterwards.
            chain.retain(|what| *what != "PURGED");
            chain.sort_by_key(|what| PROVEN.iter().position(|proven| proven == what));
            assert_eq!(chain, PROVEN);
        }
    }

    /// The only message of a case that the association has; its file is whole.
    fn text_of(&self, case: &str) -> String {
        let shown = self.association.json(&["show", case]);
        let messages = shown["messages"].as_array().expect("messages");
        assert_eq!(messages.len(), 1, "{shown}");
        assert_eq!(messages[0]["attachments"].as_array().map(Vec::len), Some(1), "{shown}");
        messages[0]["text"].as_str().expect("a text").to_owned()
    }
}

#[test]
fn story_9_every_call_of_send_breaks_and_each_message_is_there_once() {
    let between = between(&POLICE);
    let mut written = Vec::new();
    let breaks = at_every_boundary(&EVERYWHERE, |place| {
        let text = format!("Exempel {:03}", written.len());
        let line = between.referral(&text);
        let (_, broken) = run_broken(&between.proxy, place, &between.police, &line);
        // It is sealed, and any contact sends it; or nothing of it is here, and it is written again.
        if between.sent(&["--offline"]).len() == written.len() {
            between.police.run(&line).exits(0);
        }
        written.push(text);
        assert_eq!(between.sent(&["--offline"]).len(), written.len(), "{place:?}");
        broken
    });
    assert!(breaks >= 15, "only {breaks} places");
    between.each_came_once(&written);
}

#[test]
fn story_9_an_answer_is_lost_until_the_message_has_arrived_and_is_gone_from_the_hub() {
    let between = between(&POLICE);
    let mut written = Vec::new();
    let reached = (1..MANY).find(|turn| {
        let text = format!("Exempel {:03}", written.len());
        let line = between.referral(&text);
        let log = between.police.folder().join("broken.log");
        between.proxy.hold_at(Way::Down, *turn);
        let mut running = Running::start(&mut between.police.command(&line), &log);
        until("the answer is held, or the end", || {
            (between.proxy.is_held() || running.finished().is_some()).then_some(())
        });
        between.association.run(&["inbox"]).exits(0);
        between.proxy.lose();
        until("the end", || running.finished());
        if between.sent(&["--offline"]).len() == written.len() {
            between.police.run(&line).exits(0);
        }
        written.push(text);
        !between.proxy.is_held()
    });
    assert!(reached.is_some_and(|turns| turns > 6), "{reached:?}");
    between.each_came_once(&written);
}

#[test]
fn story_9_every_call_of_inbox_breaks_and_each_message_is_there_once() {
    let between = between(&ASSOCIATION);
    let mut written = Vec::new();
    let breaks = at_every_boundary(&EVERYWHERE, |place| {
        let text = format!("Exempel {:03}", written.len());
        between.police.run(&between.referral(&text)).exits(0);
        written.push(text);
        let (_, broken) = run_broken(&between.proxy, place, &between.association, &["inbox", "--json"]);
        broken
    });
    assert!(breaks >= 15, "only {breaks} places");
    between.each_came_once(&written);
}

#[test]
fn story_9_two_programs_pull_at_once_over_a_link_that_breaks() {
    let between = between(&ASSOCIATION);
    let mut written = Vec::new();
    for (way, turn) in [(Way::Down, 3), (Way::Up, 4), (Way::Down, 5), (Way::Down, 7), (Way::Up, 9)] {
        for _ in 0..2 {
            let text = format!("Exempel {:03}", written.len());
            between.police.run(&between.referral(&text)).exits(0);
            written.push(text);
        }
        between.proxy.hold_at(way, turn);
        thread::scope(|scope| {
            let pulls = [(); 2].map(|()| scope.spawn(|| between.association.run(&["inbox"])));
            until("the link breaks, or the end", || {
                (between.proxy.is_held() || pulls.iter().all(|pull| pull.is_finished())).then_some(())
            });
            between.proxy.lose();
            for pull in pulls {
                let outcome = pull.join().expect("a command that runs");
                assert!(matches!(outcome.code, Some(0 | 7)), "{outcome:?}");
            }
        });
    }
    between.each_came_once(&written);
}

#[test]
fn story_9_every_call_of_a_consent_breaks_and_it_is_recorded_once() {
    let between = between(&POLICE);
    between.police.file("bevis.txt", "Exempel Exempelsson har samtyckt.");
    let line = "consent record --to boj-exempel/stod --category contact --until 2099-12-31 --how VERBALLY --evidence-file bevis.txt --json";
    let line: Vec<&str> = line.split_whitespace().collect();
    let recorded = || between.police.json(&["consent", "show"])["consents"].as_array().expect("a list").len();
    let mut expected = 0;
    let breaks = at_every_boundary(&EVERYWHERE, |place| {
        let (outcome, broken) = run_broken(&between.proxy, place, &between.police, &line);
        // It is kept, and any contact registers it; or nothing of it is here, and it is recorded again.
        let kept = recorded();
        assert!(kept == expected + 1 || outcome.code != Some(0), "{outcome:?}");
        if kept == expected {
            between.police.run(&line).exits(0);
        }
        expected += 1;
        assert_eq!(recorded(), expected, "{place:?}");
        broken
    });
    assert!(breaks >= 10, "only {breaks} places");
}

#[test]
fn story_9_every_answer_to_joining_breaks_and_the_organisation_is_there_once() {
    let hub = HubProcess::start();
    let proxy = Proxy::start(hub.address());
    let mut number = 0;
    let breaks = at_every_boundary(&[Break::AnswerLost, Break::AnswerTorn], |place| {
        number += 1;
        let (handle, orgnr) = (format!("ny-{number}-exempel"), organisation_number(number));
        let who = Invitation { handle: &handle, number: &orgnr, ..ASSOCIATION };
        let cli = Cli::new();
        std::fs::write(cli.folder().join("invitation.txt"), invite_over(&hub, proxy.address(), &who))
            .expect("a file");
        let line = "join invitation.txt --mailbox stod --kit kit-1.txt --kit-copy kit-2.txt --json --handle";
        let line: Vec<&str> = line.split(' ').chain([handle.as_str()]).collect();
        let (outcome, broken) = run_broken(&proxy, place, &cli, &line);
        if outcome.code != Some(0) {
            cli.run(&line).exits(0);
        }
        cli.run(&["find", "--refresh"]).exits(0);
        let listed = hub.operator(&["org", "list", "--json"]).json();
        let of_this_name = listed["organisations"].as_array().expect("organisations").iter();
        assert_eq!(of_this_name.filter(|found| found["handle"] == handle.as_str()).count(), 1, "{place:?}");
        broken
    });
    assert!(breaks >= 8, "only {breaks} places");
}
