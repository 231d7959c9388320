//! 138, 140 and 141: recipients that are not who they seem, and a process that was started under odd circumstances.

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE, invited, join_line};
use samverkan_tests::ordinary::{Ordinary, set_mode};
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::site::Invitation;
use samverkan_tests::terminal::{CTRL_C, ENTER, Terminal};
use samverkan_tests::wire::member::organisation_number;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The client's program with nothing of this process's environment.
fn bare(cli: &Cli, words: &[&str]) -> Command {
    let mut command = Command::new(cli.command(&[]).get_program());
    command.args(words).current_dir(cli.folder()).env_clear();
    command
}

fn referral(to: &str) -> [&str; 10] {
    let [class, basis] = ["REFERRAL", "VITAL_INTEREST"];
    ["send", "--json", "--to", to, "--class", class, "--basis", basis, "--text-file", "-"]
}

#[test]
fn bad_138_a_recipient_that_was_not_compared_is_told_in_scripts_too() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    let warning = "The safety number of boj-exempel/stod was not compared";
    let outcome = police.run_with(&referral("boj-exempel/stod"), b"Exempel");
    outcome.exits(0);
    assert!(outcome.stderr.contains(warning), "{}", outcome.stderr);
    let number = association.json(&["org", "show"])["safety_number"].as_str().expect("a number").to_owned();
    police.run(&["org", "verify", "boj-exempel", "--number", &number, "--how", "in-person"]).exits(0);
    let outcome = police.run_with(&referral("boj-exempel/stod"), b"Exempel");
    assert!(!outcome.exits(0).stderr.contains(warning), "{}", outcome.stderr);
    let wrong = police.json(&["org", "show"])["safety_number"].as_str().expect("a number").to_owned();
    let error =
        police.run(&["org", "verify", "boj-exempel", "--number", &wrong, "--how", "in-person", "--json"]);
    error.refused(9, "SAFETY_NUMBER_WRONG");
}

#[test]
fn bad_138_names_are_no_addresses_and_like_names_are_told_apart() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    for (number, handle) in [(1, "kj-exempel-norr"), (2, "kj-exempel-syd")] {
        let number = organisation_number(number);
        let who = Invitation { handle, name: "Kvinnojouren Exempel", number: &number, kind: "volunteer" };
        drop(Office::open(&hub, &who, "jour"));
    }
    let both = ["kj-exempel-norr/jour", "kj-exempel-syd/jour"];
    // A name is never taken for an address, however clear it seems.
    for to in
        ["Kvinnojouren Exempel", "kj-exempel", "kj-exempel-norr", "kj-exempel-norr/", "Kj-exempel-norr/jour"]
    {
        police.run_with(&referral(to), b"Exempel").refused(2, "MAILBOX_INVALID");
    }
    // Letters that look like others are none that an address can have.
    police.run_with(&referral("kj-ехеmpel-norr/jour"), b"Exempel").refused(2, "MAILBOX_INVALID");
    for to in ["kj-exempel-vast/jour", "kj-exempel-norr/jouren", "kj-exempe1-norr/jour"] {
        let error = police.run_with(&referral(to), b"Exempel").refused(4, "RECIPIENT_UNKNOWN");
        assert!(error["message"].as_str().is_some_and(|words| words.contains("Nothing was sent")), "{error}");
    }
    let found = police.json(&["find", "kvinnojouren"]);
    let handles: Vec<_> =
        found["organisations"].as_array().expect("two").iter().map(|one| &one["mailboxes"][0]).collect();
    assert_eq!(handles, both);
    let mut asked = Terminal::start(&police.command(&["send"]));
    asked.shows("Who should get it?");
    asked.press(&format!("kvinnojouren{ENTER}"));
    asked.shows("Which one?");
    asked.shows("not compared");
    asked.shows("not compared");
    let screen = asked.screen();
    assert!(
        both.iter().all(|mailbox| screen.contains(&format!("{mailbox}  Kvinnojouren Exempel"))),
        "{screen}"
    );
    asked.press(CTRL_C);
    asked.ends().exits(130);
    assert_eq!(police.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
}

#[test]
fn bad_138_a_name_that_only_looks_like_another_is_seen_to_be_another() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    // The second has a Cyrillic letter, the third one that is not seen, the fourth one that turns the direction of writing.
    let names = [
        ("kj-exempel", "Kvinnojouren Exempel"),
        ("kj-exempe1", "Kv\u{456}nnojouren Exempel"),
        ("kj-exemple", "Kvinnojouren\u{200b} Exempel"),
        ("kj-lepmexe", "\u{202e}lepmexE nerouj"),
    ];
    for (number, (handle, name)) in (10..).zip(names) {
        let number = organisation_number(number);
        let line =
            ["org", "invite", handle, "--name", name, "--number", &number, "--kind", "volunteer", "--json"];
        let outcome = hub.operator(&line);
        if outcome.code == Some(0) {
            let cli = invited(outcome.json()["invite"].as_str().expect("an invitation"));
            let joined = cli.json(&join_line(handle, "stod"));
            hub.confirm(handle, joined["safety_number"].as_str().expect("a number"));
        }
    }
    police.run(&["find", "--refresh"]).exits(0);
    // Who searches by the letters of the keyboard does not find the one that has others.
    let found = police.json(&["find", "kvinnojouren exempel"]);
    let handles: Vec<_> =
        found["organisations"].as_array().expect("a list").iter().map(|one| &one["handle"]).collect();
    assert!(
        handles.contains(&&"kj-exempel".into()) && !handles.contains(&&"kj-exempe1".into()),
        "{handles:?}"
    );
    // The address, which has plain letters alone, and the mark stand beside every name; what can not be seen is made visible.
    for words in [&["find"][..], &["org", "list"], &["find", "--plain"]] {
        let shown = police.run(words).ok().to_owned();
        assert!(!shown.contains(['\u{200b}', '\u{202e}']), "{words:?}: {shown:?}");
        for (handle, _) in
            names.iter().filter(|(handle, _)| police.run(&["org", "show", handle]).code == Some(0))
        {
            assert!(shown.contains(handle), "{words:?}: {shown}");
        }
    }
}

/// Everything below a folder that others than its owner may read, write or enter.
fn open_to_others(folder: &Path) -> Vec<(PathBuf, u32)> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = left.pop() {
        let meta = path.symlink_metadata().expect("it is there");
        if meta.permissions().mode() & 0o077 != 0 {
            found.push((path.clone(), meta.permissions().mode()));
        }
        if meta.is_dir() {
            left.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
    }
    found
}

#[test]
fn bad_140_umask_000_opens_nothing_to_others() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let cli = invited(&hub.invite(&ASSOCIATION));
    let unmasked = |words: &[&str]| {
        let command = cli.command(words);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "umask 000; exec \"$@\"", "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        run(shell.current_dir(cli.folder()), b"")
    };
    unmasked(&join_line(ASSOCIATION.handle, "stod")).exits(0);
    let own = unmasked(&["org", "show", "--json"]).json();
    hub.confirm("boj-exempel", own["safety_number"].as_str().expect("a number"));
    police.file("bilaga.pdf", "%PDF");
    police.file("referral.json", r#"{"to":["boj-exempel/stod"],"class":"REFERRAL","basis":"VITAL_INTEREST","subject":"x","text":"x","attachments":["bilaga.pdf"]}"#);
    let sent = police.json(&["send", "--from-file", "referral.json"]);
    let reference = sent["reference"].as_str().expect("a reference");
    unmasked(&["inbox"]).exits(0);
    unmasked(&["save", reference, "-o", "ut.pdf"]).exits(0);
    unmasked(&["receipts", reference, "-o", "bevis.json"]).exits(0);
    unmasked(&["profile", "add", "extra"]).exits(0);
    fs::write(cli.folder().join("svar.txt"), "x").expect("written");
    unmasked(&["reply", reference, "--text-file", "svar.txt"]).exits(0);
    let home = open_to_others(&cli.home());
    // The folder of all profiles may be looked at; what is in them may not.
    assert!(home.iter().all(|(path, mode)| *path == cli.home() && mode & 0o022 == 0), "{home:?}");
    for name in ["kit-1.txt", "kit-2.txt", "ut.pdf", "bevis.json"] {
        assert_eq!(open_to_others(&cli.folder().join(name)), [], "{name}");
    }
}

/// Somebody with an invitation to the shared hub, as an association that nobody else is.
fn newcomer(handle: &str, number: u32) -> Cli {
    let who = Invitation { handle, number: &organisation_number(number), ..ASSOCIATION };
    invited(&HubProcess::shared().invite(&who))
}

#[test]
fn bad_140_without_a_home_or_with_one_that_is_no_place() {
    let cli = newcomer("hemlos-exempel", 8140);
    let passphrase = ["--passphrase-file", "passphrase", "--json"];
    for words in
        [&["inbox"][..], &["doctor"], &["find"], &["profile", "list"], &join_line("hemlos-exempel", "stod")]
    {
        let line = [words, &passphrase].concat();
        let error = run(&mut bare(&cli, &line), b"").refused(3, "HOME_NOT_SET");
        assert!(
            error["message"].as_str().is_some_and(|message| message.contains("HOME")),
            "{words:?}: {error}"
        );
        run(bare(&cli, &line).env("HOME", ""), b"").refused(3, "HOME_NOT_SET");
        let error = run(bare(&cli, &line).env("HOME", "här"), b"").refused(3, "HOME_NOT_ABSOLUTE");
        assert!(
            error["message"].as_str().is_some_and(|message| message.contains("HOME")),
            "{words:?}: {error}"
        );
        let error = run(bare(&cli, &line).env("SAMVERKAN_HOME", "."), b"").refused(3, "HOME_NOT_ABSOLUTE");
        assert!(
            error["message"].as_str().is_some_and(|message| message.contains("SAMVERKAN_HOME")),
            "{error}"
        );
    }
    for words in [&["help"][..], &["completions", "bash"], &["man"], &["--version"], &["join", "--help"]] {
        run(&mut bare(&cli, words), b"").exits(0);
    }
}

#[test]
fn bad_140_a_home_that_can_not_be_written_to() {
    let cli = newcomer("last-exempel", 8141);
    let ordinary = Ordinary::user(&samverkan_tests::binaries::binaries().client);
    fs::create_dir(cli.folder().join("låst")).expect("a folder");
    ordinary.owns(cli.folder());
    set_mode(&cli.folder().join("låst"), 0o555);
    let line =
        [&join_line("last-exempel", "stod")[..], &["--passphrase-file", "passphrase", "--json"]].concat();
    let mut command = bare(&cli, &line);
    command.env("HOME", cli.folder().join("låst"));
    let error = run(&mut ordinary.command(&command), b"").refused(3, "HOME_UNUSABLE");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("låst")), "{error}");
    assert!(!cli.folder().join("kit-1.txt").exists());
    // A home that became read-only after joining.
    let mut command = bare(&cli, &line);
    command.env("SAMVERKAN_HOME", cli.home());
    run(&mut ordinary.command(&command), b"").exits(0);
    let profile = cli.home().join("default");
    set_mode(&profile, 0o500);
    let words = |words: &[&str]| {
        let mut command = bare(&cli, &[words, &["--passphrase-file", "passphrase", "--json"]].concat());
        command.env("SAMVERKAN_HOME", cli.home());
        run(&mut ordinary.command(&command), b"")
    };
    let files = fs::read_dir(&profile).expect("a folder").count();
    words(&["key", "show"]).exits(0);
    for line in [&["inbox"][..], &["find", "--refresh"]] {
        let error = words(line).refused(1, "FILE_UNUSABLE");
        assert!(
            error["message"].as_str().is_some_and(|message| message.contains("permission denied")),
            "{line:?}: {error}"
        );
    }
    assert_eq!(fs::read_dir(&profile).expect("a folder").count(), files, "nothing half made is left");
    set_mode(&profile, 0o700);
    words(&["key", "show"]).exits(0);
}

#[test]
fn bad_140_another_users_home_is_not_used_not_even_by_root() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let ordinary = Ordinary::user(&samverkan_tests::binaries::binaries().client);
    if rustix::process::geteuid().is_root() {
        // What root keeps is private although root could read anything, and root does not use what somebody else could have put there.
        assert_eq!(open_to_others(&office.home().join("default")), []);
        ordinary.owns(&office.home());
        let error = office.run(&["inbox", "--json"]).refused(3, "FILE_UNSAFE");
        assert!(error["message"].as_str().is_some_and(|message| message.contains("another user")), "{error}");
    } else {
        let mut command = bare(&office, &["inbox", "--json"]);
        run(command.env("SAMVERKAN_HOME", "/etc"), b"").refused(3, "FILE_UNSAFE");
    }
}

#[test]
fn bad_141_the_locale_changes_no_meaning_and_no_letter() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let number = organisation_number(4);
    let who = Invitation {
        handle: "boj-exempel",
        name: "Åsa Öst Ärla İiıI Exempel",
        number: &number,
        kind: "volunteer",
    };
    let association = Office::open(&hub, &who, "stod");
    let in_locale = |office: &Office, locale: &[(&str, &str)], words: &[&str]| -> Outcome {
        let mut command = office.command(words);
        command.env_remove("LANG").envs(locale.iter().copied());
        run(&mut command, "Åäö ğışİI".as_bytes())
    };
    let locales: [&[(&str, &str)]; 7] = [
        &[],
        &[("LC_ALL", "C")],
        &[("LANG", "C.UTF-8")],
        &[("LANG", "sv_SE.UTF-8")],
        &[("LC_ALL", "tr_TR.UTF-8")],
        &[("LC_ALL", "tr_TR.ISO8859-9"), ("LANG", "az_AZ")],
        &[("LC_ALL", "\u{fffd}/../no-such-locale")],
    ];
    police.run(&["find", "--refresh"]).exits(0);
    let said = |words: &[&str]| -> Vec<String> {
        locales.iter().map(|locale| in_locale(&police, locale, words).ok().to_owned()).collect()
    };
    let swedish = |locale: &[(&str, &str)]| locale.contains(&("LANG", "sv_SE.UTF-8"));
    // Small letters stand for capitals as in English: an i has its dot in Turkey too.
    for (words, for_people) in [
        (&["find", "ASA OST"][..], true),
        (&["find", "exempel", "--json"], false),
        (&["org", "list"], true),
        (&["org", "list", "--json"], false),
    ] {
        let all = said(words);
        for (one, locale) in all.iter().zip(locales) {
            let in_swedish = for_people && swedish(locale);
            assert!(one.contains("boj-exempel") && (*one == all[0]) != in_swedish, "{words:?}: {one}");
        }
    }
    let line = [
        "send",
        "--to",
        "boj-exempel/stod",
        "--class",
        "referral",
        "--basis",
        "vital-interest",
        "--text-file",
        "-",
    ];
    for locale in locales {
        in_locale(&police, locale, &line).exits(0);
        let words = in_locale(&police, locale, &["inbex"]);
        let begins = match swedish(locale) {
            true => "fel [UNKNOWN_COMMAND] Det kommandot finns inte.",
            false => "error [UNKNOWN_COMMAND] There is no such command.",
        };
        assert!(words.exits(2).stderr.starts_with(begins), "{}", words.stderr);
    }
    association.run(&["inbox"]).exits(0);
    for (locale, reference) in locales.iter().zip(association.references()) {
        let shown = in_locale(&association, locale, &["show", &reference]);
        assert!(shown.ok().contains("Åäö ğışİI"), "{locale:?}: {}", shown.stdout);
        let reference = reference.to_lowercase();
        in_locale(&association, locale, &["track", &reference, "--offline"]).exits(0);
    }
}
