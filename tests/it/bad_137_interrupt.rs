//! Ctrl-C at every question and at every turn of the conversation with the hub: the exit code is 130, nothing is half done, and the same
//! command goes on.
//!
//! The relay holds the conversation at its first, second, … turn, so that each run is stopped at a place of its own; the round ends with
//! the run that gets through before the relay holds it.

use crate::between::Between;
use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, POLICE, invite_over, invited, join_line};
use samverkan_tests::process::{Outcome, Running};
use samverkan_tests::proxy::{Proxy, Way};
use samverkan_tests::site::Invitation;
use samverkan_tests::terminal::{CTRL_C, ENTER, Terminal};
use samverkan_tests::until::until;
use samverkan_tests::wire::member::organisation_number;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// More turns than any command needs; a round that reaches it never ends.
const MANY: u64 = 100;

/// Where a command is stopped: when this side speaks for the so-manieth time.
type Place = (Way, u64);

/// Runs a command until the relay holds it there, and presses Ctrl-C. Gives what it said, and whether it was stopped: it was not if it
/// came to its end before.
fn stop_at(proxy: &Proxy, place: Place, command: &mut Command, folder: &Path) -> (Outcome, bool) {
    let log = folder.join("stopped.log");
    std::fs::write(&log, "").expect("a file");
    proxy.hold_at(place.0, place.1);
    let mut running = Running::start(command, &log);
    until("the relay holds, or the end", || (proxy.is_held() || running.finished().is_some()).then_some(()));
    running.interrupt();
    let code = until("the end", || running.finished()).code();
    proxy.lose();
    let said = std::fs::read_to_string(&log).expect("a log");
    let outcome =
        Outcome { command: format!("{command:?} at {place:?}"), code, stdout: String::new(), stderr: said };
    let stopped = outcome.code != Some(0);
    if stopped {
        outcome.refused(130, "INTERRUPTED");
    }
    (outcome, stopped)
}

/// Calls `round` for every place, each way from the first turn on, until a run is not stopped any more; gives the number of stops.
fn at_every_turn(mut round: impl FnMut(Place) -> bool) -> usize {
    let mut stops = 0;
    for way in [Way::Up, Way::Down] {
        let reached = (1..MANY).find(|turn| !round((way, *turn))).expect("the command ends");
        stops += usize::try_from(reached).expect("a small number") - 1;
    }
    stops
}

/// The names of everything below a folder.
fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let (mut names, mut folders) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            names.insert(path.strip_prefix(folder).expect("it is below").to_owned());
        }
    }
    names
}

/// An organisation that nobody else is.
fn newcomer(number: u32) -> (String, String) {
    (format!("ny-{number}-exempel"), organisation_number(number))
}

/// Somebody with an invitation to the hub behind a relay.
fn invited_over(hub: &HubProcess, proxy: &Proxy, number: u32) -> Cli {
    let (handle, orgnr) = newcomer(number);
    let who = Invitation { handle: &handle, name: "Jouren Exempel", number: &orgnr, kind: "volunteer" };
    invited(&invite_over(hub, proxy.address(), &who))
}

#[test]
fn bad_137_ctrl_c_at_every_turn_of_join_is_gone_on_from() {
    let hub = HubProcess::start();
    let proxy = Proxy::start(hub.address());
    let whole = invited_over(&hub, &proxy, 0);
    whole.run(&join_line(&newcomer(0).0, "stod")).exits(0);
    let as_it_should_be = names(&whole.home());
    let mut number = 0;
    let stops = at_every_turn(|place| {
        number += 1;
        let cli = invited_over(&hub, &proxy, number);
        let (handle, _) = newcomer(number);
        let line = [&join_line(&handle, "stod")[..], &["--json"]].concat();
        let mut command = cli.command(&line);
        let (_, stopped) = stop_at(&proxy, place, &mut command, cli.folder());
        let again = cli.run(&line);
        match again.code {
            Some(0) => assert!(again.json()["safety_number"].is_string()),
            // The hub's last word was here already: all that is left is to read the safety number out.
            _ => drop(again.refused(8, "ALREADY_JOINED")),
        }
        // The directory of those who stopped at the very end is read by the next command that needs it.
        cli.run(&["find", "--refresh"]).exits(0);
        assert_eq!(cli.json(&["org", "show"])["handle"], handle.as_str(), "{place:?}");
        assert_eq!(names(&cli.home()), as_it_should_be, "{place:?}");
        let kit = |name: &str| std::fs::read_to_string(cli.folder().join(name)).expect("a kit");
        assert_eq!(kit("kit-1.txt"), kit("kit-2.txt"), "{place:?}");
        stopped
    });
    assert!(stops >= 10, "only {stops} places");
}

impl Between {
    /// What the association reads in each of its threads.
    fn read(&self) -> Vec<String> {
        let text = |reference: &String| {
            let shown = self.association.json(&["show", reference]);
            shown["messages"][0]["text"].as_str().expect("a text").to_owned()
        };
        let mut texts: Vec<String> = self.association.references().iter().map(text).collect();
        texts.sort();
        texts
    }
}

#[test]
fn bad_137_ctrl_c_at_every_turn_of_send_leaves_nothing_half_sent() {
    let between = Between::new(&POLICE, 300_000);
    let mut written = Vec::new();
    let stops = at_every_turn(|place| {
        let text = format!("Exempel {:03}", written.len());
        let line = between.referral(&text);
        let (_, stopped) =
            stop_at(&between.proxy, place, &mut between.police.command(&line), between.police.folder());
        // It is sealed and waits, or nothing of it is here.
        let before = written.len();
        match between.sent(&["--offline"]).len() - before {
            0 => drop(between.police.run(&line).ok()),
            1 => {}
            more => panic!("{more} cases at {place:?}"),
        }
        let sent = between.sent(&[]);
        assert_eq!(sent.len(), before + 1, "{place:?}");
        assert!(sent.iter().all(|thread| thread["stage"] != "WAITING"), "{place:?}: {sent:?}");
        written.push(text);
        stopped
    });
    assert!(stops >= 10, "only {stops} places");
    between.association.run(&["inbox"]).exits(0);
    assert_eq!(between.read(), written, "each came once, and whole");
}

#[test]
fn bad_137_ctrl_c_at_every_turn_of_inbox_loses_nothing_and_shows_nothing_twice() {
    let between = Between::new(&ASSOCIATION, 300_000);
    let mut written = Vec::new();
    let stops = at_every_turn(|place| {
        let text = format!("Exempel {:03}", written.len());
        between.police.run(&between.referral(&text)).exits(0);
        written.push(text);
        let mut inbox = between.association.command(&["inbox", "--json"]);
        let (_, stopped) = stop_at(&between.proxy, place, &mut inbox, between.association.folder());
        let here = between.association.references().len();
        assert!((written.len() - 1..=written.len()).contains(&here), "{here} at {place:?}");
        between.association.run(&["inbox"]).exits(0);
        assert_eq!(between.association.references().len(), written.len(), "{place:?}");
        stopped
    });
    assert!(stops >= 6, "only {stops} places");
    assert_eq!(between.read(), written, "each is there once, and whole");
    assert!(
        between.sent(&[]).iter().all(|thread| thread["stage"] == "DELIVERED"),
        "{:?}",
        between.sent(&["--offline"])
    );
}

#[test]
fn bad_137_ctrl_c_while_an_attachment_is_saved_leaves_no_part_of_it() {
    let between = Between::new(&POLICE, 300_000);
    between.police.run(&between.referral("Exempel")).exits(0);
    between.association.run(&["inbox"]).exits(0);
    let reference = between.association.references().remove(0);
    let files = names(between.association.folder());
    // The first waits for its passphrase in a pipe that nobody writes to, the second in the middle of the attachment for a reader.
    let mut locked =
        asked_for_passphrase(&between.association, &["save", &reference, "--json", "-o", "saved.pdf"]);
    locked.args(["--passphrase-fd", "0"]);
    let mut piped = between.association.command(&["save", &reference, "--json", "-o", "-"]);
    for (command, begins) in [(&mut locked, false), (&mut piped, true)] {
        let mut saving = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        if begins {
            saving.stdout.as_mut().expect("a pipe").read_exact(&mut [0]).expect("it began");
        } else {
            until("it waits for a passphrase", || waits_for_input(saving.id()).then_some(()));
        }
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&saving),
            rustix::process::Signal::INT,
        )
        .expect("it runs");
        let mut said = String::new();
        saving.stderr.as_mut().expect("a pipe").read_to_string(&mut said).expect("words");
        let code = saving.wait().expect("it ends").code();
        let outcome = Outcome { command: format!("{command:?}"), code, stdout: String::new(), stderr: said };
        outcome.refused(130, "INTERRUPTED");
        assert_eq!(names(between.association.folder()), files);
    }
    let saved = between.association.json(&["save", &reference, "-o", "saved.pdf"]);
    assert_eq!(saved["bytes"], 300_000);
}

/// Whether one of a process's threads waits in a read from a pipe.
fn waits_for_input(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let waits =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("wchan")).unwrap_or_default();
    { tasks }.any(|task| waits(task).contains("pipe_read"))
}

/// Presses Ctrl-C at the first, the second, … question of a command, answering those before it; `answers` holds each question with its
/// answer. Checks after each time that nothing was made.
fn stop_at_every_question(
    command: impl Fn() -> Command,
    questions: &[(&str, &str)],
    nothing_is_made: impl Fn(&str),
) {
    for (last, (question, _)) in questions.iter().enumerate() {
        let mut terminal = Terminal::start(&command());
        for (question, answer) in &questions[..last] {
            terminal.shows(question);
            terminal.press(answer);
        }
        terminal.shows(question);
        terminal.press(CTRL_C);
        let outcome = terminal.ends();
        outcome.exits(130);
        assert!(outcome.stderr.contains("error [INTERRUPTED] Stopped as you asked."), "{}", outcome.stderr);
        nothing_is_made(question);
    }
}

/// A command line without the passphrase file that every other one has.
fn asked_for_passphrase(cli: &Cli, words: &[&str]) -> Command {
    let mut command = Command::new(cli.command(&[]).get_program());
    command.args(words).current_dir(cli.folder()).env("SAMVERKAN_HOME", cli.home()).env("NO_COLOR", "1");
    command
}

#[test]
fn bad_137_ctrl_c_at_every_question_of_join_makes_nothing() {
    let hub = HubProcess::shared();
    let proxy = Proxy::start(hub.address());
    let who = Invitation {
        handle: "fragad-exempel",
        name: "Jouren Exempel",
        number: "8024000021",
        kind: "volunteer",
    };
    let cli = invited(&invite_over(hub, proxy.address(), &who));
    let passphrase = format!("{}{ENTER}", cli.passphrase());
    let questions = [
        ("What is your first mailbox called?", ENTER),
        ("Where should the recovery kit be written?", ENTER),
        ("Where should its second copy be written?", ENTER),
        ("New passphrase", &passphrase),
        ("The same passphrase again:", &passphrase),
    ];
    let before = names(cli.folder());
    let join = || asked_for_passphrase(&cli, &["join", "invitation.txt"]);
    stop_at_every_question(join, &questions, |question| {
        let made: Vec<PathBuf> = names(cli.folder()).difference(&before).cloned().collect();
        let keys = made.iter().find(|path| path.ends_with("keystore") || path.ends_with("kit"));
        assert_eq!(keys, None, "at {question}");
        assert_eq!(proxy.connections(), 0, "at {question} the hub was asked");
    });
    let mut terminal = Terminal::start(&join());
    for (question, answer) in questions {
        terminal.shows(question);
        terminal.press(answer);
    }
    terminal.shows("Is this your organisation?");
    terminal.press("\x1b[B\r");
    terminal.ends().exits(0);
    assert!(cli.folder().join("samverkan-recovery-kit-2.txt").is_file());
}

#[test]
fn bad_137_ctrl_c_at_every_question_of_send_sends_nothing() {
    let between = Between::new(&POLICE, 300_000);
    let police = &between.police;
    let questions = [
        ("Who should get it?", "boj-exempel/stod\r"),
        ("What is it?", ENTER),
        ("Which form?", "\x1b[B\x1b[B\r"),
        ("On which legal basis?", "\x1b[B\x1b[B\r"),
        ("Which section of law?", ENTER),
        ("How soon must somebody act?", ENTER),
        ("Name", ENTER),
        ("Are the personal data protected?", ENTER),
        ("nothing but a full stop", "Exempel Exempelsson\r.\r"),
        ("Fill in this part?", ENTER),
        ("What is it about", "Exempel\r"),
        ("Send it?", "\x1b[B\r"),
    ];
    let send = || {
        let mut command = asked_for_passphrase(police, &["send", "--passphrase-file"]);
        command.arg(police.passphrase_file());
        command
    };
    stop_at_every_question(send, &questions, |question| {
        assert!(between.sent(&["--offline"]).is_empty(), "at {question}");
    });
    let mut terminal = Terminal::start(&send());
    for (question, answer) in questions {
        terminal.shows(question);
        terminal.press(answer);
    }
    terminal.ends().exits(0);
    assert_eq!(between.sent(&[]).len(), 1);
}
