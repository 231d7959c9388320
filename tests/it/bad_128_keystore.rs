//! 128 and 129: passphrases that are none, and keystores that are not what was written. Two processes at once are in `two_processes`.

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{Office, POLICE, invited, join_line};
use samverkan_tests::ordinary::set_mode;
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::site::Invitation;
use samverkan_tests::wire::member::organisation_number;
use std::fs;
use std::process::Command;

/// The command line that joins as `handle` and answers in JSON.
fn join(handle: &str) -> Vec<&str> {
    [&join_line(handle, "stod")[..], &["--json"]].concat()
}

/// Runs a command with these bytes as the file that the passphrase is in.
fn with_passphrase(cli: &Cli, bytes: &[u8], words: &[&str]) -> Outcome {
    let path = cli.passphrase_file();
    let right = fs::read(&path).expect("a passphrase");
    fs::write(&path, bytes).expect("written");
    let outcome = cli.run(words);
    fs::write(&path, right).expect("written");
    outcome
}

/// What a file holds, and what is said about it.
type NoPassphrase = (&'static str, fn() -> Vec<u8>, &'static str);

/// What is no passphrase at all.
const NONE: [NoPassphrase; 6] = [
    ("empty", Vec::new, "PASSPHRASE_EMPTY"),
    ("an empty line", || b"\n".to_vec(), "PASSPHRASE_EMPTY"),
    ("a megabyte", || vec![b'x'; 1 << 20], "PASSPHRASE_TOO_LONG"),
    ("not UTF-8", || b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8".to_vec(), "PASSPHRASE_NOT_TEXT"),
    ("a NUL", || b"long enough\0but no text".to_vec(), "PASSPHRASE_NOT_TEXT"),
    ("two lines", || b"long enough\nbut two lines".to_vec(), "PASSPHRASE_NOT_TEXT"),
];

#[test]
fn bad_128_what_is_no_passphrase_makes_no_keys_and_opens_none() {
    let hub = HubProcess::start();
    let cli = invited(&hub.invite(&POLICE));
    for (what, bytes, code) in NONE {
        let error = with_passphrase(&cli, &bytes(), &join(POLICE.handle)).refused(2, code);
        assert!(
            error["message"].as_str().is_some_and(|words| words.contains("passphrase")),
            "{what}: {error}"
        );
    }
    with_passphrase(&cli, b"kort\n", &join(POLICE.handle)).refused(2, "PASSPHRASE_TOO_SHORT");
    assert!(!cli.home().join("default/keystore").exists());
    cli.run(&join(POLICE.handle)).exits(0);
    for (_, bytes, code) in NONE {
        with_passphrase(&cli, &bytes(), &["inbox", "--json"]).refused(2, code);
    }
    for _ in 0..10 {
        with_passphrase(&cli, b"fel fel fel\n", &["inbox", "--json"]).refused(5, "WRONG_PASSPHRASE");
    }
    cli.run(&["consent", "show"]).exits(0);
}

/// Who joins with a passphrase that others can read.
const OPEN: &str = "oppen-exempel";

#[test]
fn bad_128_a_passphrase_that_others_can_read_or_nobody_is_refused() {
    let who = Invitation { handle: OPEN, number: &organisation_number(8128), ..POLICE };
    let cli = invited(&HubProcess::shared().invite(&who));
    set_mode(&cli.passphrase_file(), 0o644);
    let error = cli.run(&join(OPEN)).refused(2, "PASSPHRASE_UNREADABLE");
    assert!(error["message"].as_str().is_some_and(|words| words.contains("others can read")), "{error}");
    fs::remove_file(cli.passphrase_file()).expect("removed");
    cli.run(&join(OPEN)).refused(2, "PASSPHRASE_UNREADABLE");
    // Nobody to ask either: the command has no terminal.
    let mut command = Command::new(cli.command(&[]).get_program());
    command.args(join(OPEN)).current_dir(cli.folder()).env_clear().env("SAMVERKAN_HOME", cli.home());
    let error = run(&mut command, b"").refused(5, "PASSPHRASE_NEEDED");
    assert!(error["next"].as_str().is_some_and(|next| next.contains("--passphrase-file")), "{error}");
}

/// Puts the right digest over a header that was tampered with, as somebody would who does it on purpose.
fn forge(bytes: &mut [u8], at: usize, value: u32) {
    const HEADER: usize = 208;
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    let digest = samverkan_proto::ids::sha256(&bytes[..HEADER - 32]);
    bytes[HEADER - 32..HEADER].copy_from_slice(&digest);
}

#[test]
fn bad_129_a_keystore_that_is_not_what_was_written_is_not_used() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let path = office.home().join("default/keystore");
    let whole = fs::read(&path).expect("a keystore");
    type Spoil = fn(&mut Vec<u8>);
    let spoilt: [(&str, Spoil, i32, &str); 19] = [
        ("empty", Vec::clear, 9, "KEYSTORE_DAMAGED"),
        ("truncated in the header", |bytes| bytes.truncate(100), 9, "KEYSTORE_DAMAGED"),
        ("truncated by a byte", |bytes| bytes.truncate(bytes.len() - 1), 9, "KEYSTORE_DAMAGED"),
        ("a byte too long", |bytes| bytes.push(0), 9, "KEYSTORE_DAMAGED"),
        ("a bit of the header", |bytes| bytes[30] ^= 1, 9, "KEYSTORE_DAMAGED"),
        ("a bit of a record", |bytes| bytes[300] ^= 0x80, 9, "KEYSTORE_DAMAGED"),
        ("another version", |bytes| bytes[5] = 2, 3, "KEYSTORE_VERSION"),
        ("memory absurdly high", |bytes| forge(bytes, 8, u32::MAX), 9, "KEYSTORE_COST"),
        ("memory absurdly low", |bytes| forge(bytes, 8, 8), 9, "KEYSTORE_COST"),
        ("passes absurdly high", |bytes| forge(bytes, 12, 1 << 30), 9, "KEYSTORE_COST"),
        ("passes absurdly low", |bytes| forge(bytes, 12, 0), 9, "KEYSTORE_COST"),
        ("lanes absurdly high", |bytes| forge(bytes, 16, 400), 9, "KEYSTORE_COST"),
        ("a KiB above 2 GiB", |bytes| forge(bytes, 8, (2 << 20) + 1), 9, "KEYSTORE_COST"),
        ("a KiB below 19 MiB", |bytes| forge(bytes, 8, (19 << 10) - 1), 9, "KEYSTORE_COST"),
        ("17 passes", |bytes| forge(bytes, 12, 17), 9, "KEYSTORE_COST"),
        ("one pass", |bytes| forge(bytes, 12, 1), 9, "KEYSTORE_COST"),
        ("no lane", |bytes| forge(bytes, 16, 0), 9, "KEYSTORE_COST"),
        ("cheaper than it was made, within the bounds", |bytes| forge(bytes, 12, 2), 5, "WRONG_PASSPHRASE"),
        ("as many records as no keystore has", |bytes| forge(bytes, 168, u32::MAX), 9, "KEYSTORE_DAMAGED"),
    ];
    for (what, spoil, exit, code) in spoilt {
        let mut bytes = whole.clone();
        spoil(&mut bytes);
        fs::write(&path, &bytes).expect("written");
        let outcome = office.run(&["inbox", "--json"]);
        assert!(outcome.stderr.contains(code), "{what}: {}", outcome.stderr);
        let error = outcome.refused(exit, code);
        if exit == 9 {
            // The way to recover is said.
            let next = error["next"].as_str().expect("a next step");
            assert!(next.contains("backup") && next.contains("recovery kit"), "{what}: {next}");
        }
        assert_eq!(fs::read(&path).expect("a keystore"), bytes, "{what}: it was not touched");
    }
    fs::write(&path, &whole).expect("written");
    office.run(&["inbox"]).exits(0);
}

#[test]
fn bad_129_a_keystore_that_others_can_reach_is_not_used() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let path = office.home().join("default/keystore");
    let refused = |exit, code| {
        let error = office.run(&["inbox", "--json"]).refused(exit, code);
        assert!(error["message"].as_str().is_some_and(|words| words.contains("keystore")), "{error}");
    };
    for mode in [0o644, 0o640, 0o666, 0o604] {
        set_mode(&path, mode);
        refused(3, "FILE_EXPOSED");
    }
    set_mode(&path, 0o600);
    let elsewhere = office.folder().join("elsewhere");
    fs::rename(&path, &elsewhere).expect("moved");
    office.run(&["inbox", "--json"]).refused(3, "KEYSTORE_MISSING");
    std::os::unix::fs::symlink(&elsewhere, &path).expect("a link");
    refused(3, "FILE_UNSAFE");
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    refused(3, "FILE_UNSAFE");
    fs::remove_dir(&path).expect("removed");
    fs::rename(&elsewhere, &path).expect("moved back");
    office.run(&["inbox"]).exits(0);
}

#[test]
fn bad_129_a_profile_folder_that_others_can_reach_is_not_used() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let folder = office.home().join("default");
    for mode in [0o701, 0o710, 0o750, 0o777] {
        set_mode(&folder, mode);
        office.run(&["inbox", "--json"]).refused(3, "FILE_EXPOSED");
        office.run(&["unlock", "--json"]).refused(3, "FILE_EXPOSED");
    }
    set_mode(&folder, 0o700);
    let elsewhere = office.folder().join("elsewhere");
    fs::rename(&folder, &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, &folder).expect("a link");
    office.run(&["inbox", "--json"]).refused(3, "FILE_UNSAFE");
    fs::remove_file(&folder).expect("removed");
    fs::rename(&elsewhere, &folder).expect("moved back");
    office.run(&["inbox"]).exits(0);
}

/// Writes a passphrase to a file of the person's own.
fn passphrase_file(cli: &Cli, name: &str, passphrase: &str) -> String {
    let path = cli.folder().join(name);
    fs::write(&path, passphrase).expect("written");
    set_mode(&path, 0o600);
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_passphrase_that_was_changed_opens_nothing_any_more() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let (new, short) =
        (passphrase_file(&office, "new", "en annan fras\n"), passphrase_file(&office, "short", "kort\n"));
    let change = |file: &str| office.run(&["key", "passphrase", "--new-passphrase-file", file, "--json"]);
    let keystore = office.home().join("default/keystore");
    let before = fs::read(&keystore).expect("a keystore");
    change(&short).refused(2, "PASSPHRASE_TOO_SHORT");
    with_passphrase(
        &office,
        b"fel fel fel\n",
        &["key", "passphrase", "--new-passphrase-file", &new, "--json"],
    )
    .refused(5, "WRONG_PASSPHRASE");
    // Not even who sits at an unlocked computer can change it without the old one.
    office.run(&["unlock"]).exits(0);
    office
        .bare(&["key", "passphrase", "--new-passphrase-file", &new, "--json"])
        .refused(5, "PASSPHRASE_NEEDED");
    assert_eq!(fs::read(&keystore).expect("a keystore"), before, "nothing has changed");

    assert_eq!(change(&new).json()["was_unlocked"], true);
    office.run(&["inbox", "--json"]).refused(5, "WRONG_PASSPHRASE");
    office.bare(&["inbox", "--json"]).refused(5, "PASSPHRASE_NEEDED");
    with_passphrase(&office, b"en annan fras\n", &["inbox"]).exits(0);
}

#[test]
fn bad_129_changes_of_the_passphrase_beside_other_commands_lose_nothing() {
    let hub = HubProcess::start();
    let office = Office::open(&hub, &POLICE, "brottsoffer");
    let same = passphrase_file(&office, "same", office.passphrase());
    let lines: [&[&str]; 6] = [
        &["key", "passphrase", "--new-passphrase-file", &same, "--json"],
        &["inbox", "--json"],
        &["key", "passphrase", "--new-passphrase-file", &same, "--json"],
        &["sent", "--json"],
        &["unlock", "--json"],
        &["inbox", "--json"],
    ];
    std::thread::scope(|scope| {
        let running: Vec<_> = lines.iter().map(|line| scope.spawn(|| office.run(line))).collect();
        for one in running {
            let outcome = one.join().expect("a command that runs");
            // Who opened it under the old lock is told so, and nothing of it is written.
            assert!(matches!(outcome.code, Some(0 | 5)), "{}\n{}", outcome.command, outcome.stderr);
        }
    });
    office.run(&["inbox"]).exits(0);
    office.run(&["lock"]).exits(0);
    assert_eq!(office.json(&["doctor"])["checks"][2]["state"], "ok");
}
