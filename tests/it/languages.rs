//! The programs speak Swedish to whoever wants it, and to programs what they always said.

use std::process::Command;

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::terminal::{CTRL_C, ENTER, Terminal};

/// The command line of somebody whose computer is set to Swedish.
fn swedish(mut command: Command) -> Command {
    command.env("LANG", "sv_SE.UTF-8");
    command
}

fn in_swedish(office: &Office, words: &[&str]) -> Outcome {
    run(&mut swedish(office.command(words)), b"")
}

/// A referral from one to the other, and its reference.
fn referred(police: &Office, association: &Office) -> String {
    let reference = police.referred(association, "Ett exempel.");
    association.run(&["inbox"]).exits(0);
    reference
}

#[test]
fn help_errors_and_lists_are_in_the_language_of_the_computer_or_the_option() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    let reference = referred(&police, &association);
    let help = in_swedish(&association, &["inbox", "--help"]);
    assert!(help.ok().starts_with("Hämta det som har kommit"), "{}", help.stdout);
    assert!(help.stdout.contains("\nSlutkoder:\n"), "{}", help.stdout);
    let unknown = in_swedish(&association, &["show", "222-222-2"]);
    let sentence = "fel [CASE_UNKNOWN] Ärendet 222-222-2 finns inte på den här enheten. nästa steg: ";
    assert!(unknown.exits(4).stderr.contains(sentence), "{}", unknown.stderr);
    let inbox = in_swedish(&association, &["inbox"]);
    assert!(inbox.ok().starts_with("REFERENS") && inbox.stdout.contains("nytt"), "{}", inbox.stdout);
    let moment = regex::Regex::new(r"20\d\d-\d\d-\d\d kl\. \d\d\.\d\d").expect("an expression");
    assert!(moment.is_match(&inbox.stdout), "{}", inbox.stdout);
    let shown = in_swedish(&association, &["show", &reference]);
    assert!(shown.ok().contains("Avsändarens säkerhetsnummer är inte jämfört."), "{}", shown.stdout);

    // The option comes before the computer, and our own variable before the others.
    let option = in_swedish(&association, &["inbox", "--lang", "en"]);
    assert!(option.ok().starts_with("REFERENCE"), "{}", option.stdout);
    let mut command = association.command(&["inbox"]);
    let variable = run(command.env("LC_ALL", "en_GB.UTF-8").env("SAMVERKAN_LANG", "sv"), b"");
    assert!(variable.ok().starts_with("REFERENS"), "{}", variable.stdout);
}

#[test]
fn a_program_reads_the_same_in_every_language() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    let reference = referred(&police, &association);
    // What is shown for the first time is new, whatever the language.
    association.run(&["show", &reference]).exits(0);
    for words in [
        &["inbox", "--offline", "--json"][..],
        &["show", &reference, "--json"],
        &["org", "list", "--json"],
        &["member", "list", "--json"],
    ] {
        let (english, swedish) = (association.run(words), in_swedish(&association, words));
        assert_eq!(english.ok(), swedish.ok(), "{words:?}");
    }
    let refused = |outcome: &Outcome| {
        let line = outcome.stderr.lines().last().expect("an error");
        let mut error: serde_json::Value = serde_json::from_str(line).expect("an error as JSON");
        for words in ["message", "next"] {
            assert!(error["error"][words].take().is_string(), "{}", outcome.stderr);
        }
        error
    };
    let words = ["show", "222-222-2", "--json"];
    assert_eq!(refused(&association.run(&words)), refused(&in_swedish(&association, &words)));
}

#[test]
fn somebody_at_a_terminal_is_asked_in_swedish_and_answers_ja() {
    let hub = HubProcess::start();
    let (police, _association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    police.run(&["find", "--refresh"]).exits(0);
    let line = ["org", "verify", ASSOCIATION.handle];
    let mut left = Terminal::start(&swedish(police.command(&line)));
    left.shows("Läste de upp exakt de här sextio siffrorna för dig?");
    left.shows("för att flytta, retur för att välja");
    left.press(CTRL_C);
    let outcome = left.ends();
    let sentence = "fel [INTERRUPTED] Avbrutet, som du bad om.";
    assert!(outcome.exits(130).stderr.contains(sentence), "{}", outcome.stderr);

    let mut terminal = Terminal::start(&swedish(police.command(&[&line[..], &["--plain"]].concat())));
    terminal.shows("2. Ja, alla sextio");
    terminal.press(&format!("kanske{ENTER}"));
    terminal.shows("Skriv ett tal från 1 till 2.");
    terminal.press(&format!("ja{ENTER}"));
    terminal.shows("Hur jämförde du?");
    terminal.shows("Per telefon, på ett nummer som jag redan hade");
    terminal.press(&format!("per{ENTER}"));
    terminal.ends().exits(0);
    let shown = police.json(&["org", "show", ASSOCIATION.handle]);
    assert_eq!(shown["compared_how"], "BY_TELEPHONE", "{shown}");
}
