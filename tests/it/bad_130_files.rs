//! 130 to 134: files that can not be attached, places that can not be written to, names and texts that try something, and streams that are
//! closed, full or a terminal.

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::ordinary::{Ordinary, set_mode};
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::terminal::Terminal;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Two offices on a hub of their own.
struct Offices {
    police: Office,
    association: Office,
    _hub: HubProcess,
}

impl Offices {
    fn open() -> Self {
        let hub = HubProcess::start();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        Self { police, association, _hub: hub }
    }

    /// Sends a referral that needs no consent; it is fetched. Gives its reference.
    fn refer(&self, subject: &str, text: &str, attachments: &[&str]) -> String {
        self.police.file("referral.json", referral(subject, text, attachments));
        let sent = self.police.json(&["send", "--from-file", "referral.json"]);
        self.association.run(&["inbox"]).exits(0);
        sent["reference"].as_str().expect("a reference").to_owned()
    }
}

fn referral(subject: &str, text: &str, attachments: &[&str]) -> String {
    serde_json::json!({
        "to": ["boj-exempel/stod"], "class": "REFERRAL", "basis": "VITAL_INTEREST",
        "subject": subject, "text": text, "attachments": attachments,
    })
    .to_string()
}

/// Names of files that are allowed, however odd they look, and what they are called when they are sent.
const ODD: [(&str, &str); 8] = [
    ("-rf", "rf"),
    ("--json", "json"),
    ("rad\nbrytning.pdf", "rad_brytning.pdf"),
    ("\u{202e}fdp.exe", "_fdp.exe"),
    ("con.txt", "_con.txt"),
    (" mellanslag .pdf", "mellanslag .pdf"),
    ("åäö-\u{1f4c4}.pdf", "åäö-\u{1f4c4}.pdf"),
    (".gömd", "gömd"),
];

#[test]
fn bad_130_what_can_not_be_attached_is_named_and_nothing_is_sent() {
    let offices = Offices::open();
    let police = &offices.police;
    let here = police.folder();
    police.file("hel.pdf", "%PDF");
    fs::create_dir(here.join("mapp")).expect("a folder");
    rustix::fs::mkfifoat(rustix::fs::CWD, here.join("kö"), rustix::fs::Mode::RUSR).expect("a pipe");
    File::create(here.join("stor")).and_then(|file| file.set_len((2 << 30) + 1)).expect("a file of holes");
    std::os::unix::net::UnixListener::bind(here.join("uttag")).expect("a socket");
    let long = "x".repeat(300);
    for (name, because) in [
        ("finns-inte.pdf", "exist"),
        ("mapp", "folder"),
        ("/dev/null", "device"),
        ("/dev/zero", "device"),
        ("kö", "pipe"),
        ("uttag", ""),
        ("stor", "larger"),
        ("../../../../../../finns/inte", "exist"),
        ("/finns/inte", "exist"),
        (&long, ""),
        ("a\0b", ""),
        ("", ""),
    ] {
        police.file("referral.json", referral("Exempel", "Exempel", &["hel.pdf", name]));
        let error =
            police.run(&["send", "--from-file", "referral.json", "--json"]).refused(2, "ATTACHMENT_UNUSABLE");
        let words = error["message"].as_str().expect("words");
        assert!(words.contains("Attachment 2 (--attach)") && words.contains(because), "{name:?}: {words}");
        assert!(name.is_empty() || !words.contains(name), "{name:?} is repeated: {words}");
        assert!(words.contains("Nothing was sent"), "{words}");
    }
    assert_eq!(police.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
}

#[test]
fn bad_130_what_only_others_may_read_can_not_be_attached() {
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o755);
    let secret = folder.path().join("hemlig.pdf");
    fs::write(&secret, "%PDF").expect("written");
    set_mode(&secret, 0o000);
    let client = &samverkan_tests::binaries::binaries().client;
    let mut command = Command::new(client);
    command.args(["send", "--json", "--attach"]).arg(&secret).current_dir(folder.path());
    let outcome = run(&mut Ordinary::user(client).command(&command), b"");
    let error = outcome.refused(2, "ATTACHMENT_UNUSABLE");
    assert!(error["message"].as_str().is_some_and(|words| words.contains("permission")), "{error}");
}

#[test]
fn bad_130_odd_names_are_made_harmless_before_they_are_sent() {
    let offices = Offices::open();
    for (name, harmless) in ODD {
        offices.police.file(name, harmless);
    }
    let here = offices.police.folder();
    let up = format!("../{}/-rf", here.file_name().and_then(|name| name.to_str()).expect("a name"));
    let whole = here.join("con.txt");
    let odd = ODD.iter().map(|(name, _)| *name);
    let paths: Vec<&str> = odd.chain([up.as_str(), whole.to_str().expect("UTF-8")]).collect();
    let reference = offices.refer("Exempel", "Exempel", &paths);
    let association = &offices.association;
    let shown = association.json(&["show", &reference]);
    let attachments = shown["messages"][0]["attachments"].as_array().expect("attachments");
    assert_eq!(attachments.len(), paths.len());
    for attachment in attachments {
        let (number, name) = (attachment["number"].to_string(), attachment["name"].as_str().expect("a name"));
        assert!(ODD.iter().any(|(_, harmless)| *harmless == name), "{name:?}");
        fs::create_dir(association.folder().join(&number)).expect("a folder");
        let saved = association.json(&["save", &reference, "--attachment", &number, "-o", &number]);
        let path = Path::new(saved["path"].as_str().expect("a path"));
        let called = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert_eq!(
            (path.parent(), called),
            (Some(Path::new(&number)), &*format!("bilaga-{number}")),
            "{name:?}"
        );
        assert_eq!(
            fs::read(association.folder().join(path)).expect("saved"),
            name.as_bytes(),
            "its own content"
        );
        let mode = fs::metadata(association.folder().join(path)).expect("saved").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name:?}");
    }
}

/// Everything in a folder, and how long it is.
fn listed(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        (entry.path(), entry.metadata().expect("its metadata").len())
    };
    let mut listed: Vec<_> = fs::read_dir(folder).expect("a folder").map(entry).collect();
    listed.sort();
    listed
}

#[test]
fn bad_131_a_place_that_can_not_be_written_to_gets_no_part_of_a_file() {
    let offices = Offices::open();
    offices.police.file("bilaga.pdf", vec![b'x'; 300_000]);
    let reference = offices.refer("Exempel", "Exempel", &["bilaga.pdf"]);
    let association = &offices.association;
    let here = association.folder();
    association.file("finns.pdf", "min egen");
    fs::create_dir(here.join("låst")).expect("a folder");
    let ordinary = Ordinary::user(&samverkan_tests::binaries::binaries().client);
    ordinary.owns(here);
    set_mode(&here.join("låst"), 0o555);
    let before = listed(here);
    for (place, exit, code, named) in [
        ("finns.pdf", 8, "FILE_EXISTS", "finns.pdf"),
        ("finns/inte/ut.pdf", 4, "FILE_MISSING", "finns/inte"),
        ("låst/ut.pdf", 1, "FILE_UNUSABLE", "låst"),
        ("finns.pdf/ut.pdf", 3, "FILE_UNSAFE", "finns.pdf"),
        ("/proc/ut.pdf", 4, "FILE_MISSING", "/proc"),
    ] {
        let command = association.command(&["save", &reference, "--json", "-o", place]);
        let error = run(&mut ordinary.command(&command), b"").refused(exit, code);
        assert!(error["message"].as_str().is_some_and(|words| words.contains(named)), "{place}: {error}");
        assert_eq!(listed(here), before, "{place}");
    }
    assert_eq!(listed(&here.join("låst")), []);
    assert_eq!(association.read("finns.pdf"), b"min egen");
}

#[test]
fn bad_131_a_full_disk_is_told_and_no_part_of_a_file_is_left() {
    let offices = Offices::open();
    offices.police.file("bilaga.pdf", vec![b'x'; 300_000]);
    let reference = offices.refer("Exempel", "Exempel", &["bilaga.pdf"]);
    let association = &offices.association;
    fs::create_dir(association.folder().join("full")).expect("a folder");
    let save = association.command(&["save", &reference, "--json", "-o", "full/ut.pdf"]);
    let mount = "mount -t tmpfs -o size=64k tmpfs full && { \"$@\"; code=$?; ls -A full; exit $code; }";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]);
    command.arg(save.get_program()).args(save.get_args()).env_clear();
    command
        .envs(save.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(association.folder());
    let outcome = run(&mut command, b"");
    if outcome.stderr.contains("unshare:") {
        println!("this system lets an ordinary user make no file system: a full disk is not shown");
    } else {
        let error = outcome.refused(1, "DISK_FULL");
        assert!(error["message"].as_str().is_some_and(|words| words.contains("full/ut.pdf")), "{error}");
        assert_eq!(outcome.stdout, "", "nothing is left on the full disk");
    }
    // Where results go may be full as well.
    for words in [&["save", &reference, "-o", "-", "--json"][..], &["inbox", "--json"], &["man"]] {
        let full = File::options().write(true).open("/dev/full").expect("a device");
        let mut command = association.command(words);
        let finished =
            command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().expect("it runs");
        let stderr = String::from_utf8(finished.stderr).expect("UTF-8");
        assert_eq!(finished.status.code(), Some(1), "{words:?}: {stderr}");
        assert!(stderr.contains("OUTPUT_FAILED"), "{words:?}: {stderr}");
    }
}

#[test]
fn bad_133_what_was_written_does_nothing_to_the_terminal_and_is_whole_for_programs() {
    let offices = Offices::open();
    let subject = "rubrik\u{1b}]0;titel\u{7}";
    let text = "en\u{1b}[2Jtvå\u{9b}31m\u{202e}tre\r\nfyra\u{0}fem\u{8}\u{7f}";
    // A web page that says it is a picture.
    offices.police.file("bild.png", "<html><script>alert(1)</script></html>");
    let reference = offices.refer(subject, text, &["bild.png"]);
    let association = &offices.association;
    for words in
        [&["inbox"][..], &["inbox", "--plain"], &["show", &reference], &["show", &reference, "--plain"]]
    {
        let shown = association.run(words).ok().to_owned();
        let acts = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!shown.contains(acts), "{words:?}: {shown:?}");
    }
    let outcome = association.run(&["show", &reference, "--json"]);
    let line = outcome.ok().trim_end_matches('\n');
    assert!(
        !line.contains(|c: char| c.is_control() || c == '\u{202e}'),
        "bad_134: raw characters in {line:?}"
    );
    let message = &outcome.json()["messages"][0];
    assert_eq!((message["subject"].as_str(), message["text"].as_str()), (Some(subject), Some(text)));
    // Nothing is opened, shown or named by what the sender says that it is.
    association.run(&["save", &reference, "-o", "ut.bin"]).exits(0);
    assert_eq!(association.read("ut.bin"), b"<html><script>alert(1)</script></html>");
}

/// Runs a command through a shell, which can close what a process begins with.
fn redirected(office: &Cli, words: &[&str], redirection: &str) -> Outcome {
    let command = office.command(words);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("exec \"$@\" {redirection}"), "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(shell.current_dir(office.folder()), b"")
}

#[test]
fn bad_134_streams_that_are_closed_or_broken() {
    let offices = Offices::open();
    let police = &offices.police;
    let envelope =
        ["send", "--json", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    // Nobody is there to be asked, and nothing is there to be read.
    redirected(police, &envelope, "<&-").refused(2, "ARGUMENT_MISSING");
    redirected(police, &["send", "--from-file", "-", "--json"], "<&-").refused(2, "FILE_NOT_JSON");
    redirected(&Cli::new(), &["join", "-", "--json"], "<&-").refused(2, "INVITE_MALFORMED");
    assert_eq!(police.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
    for redirection in [">&-", "2>&-", "<&- >&- 2>&-"] {
        redirected(police, &["inbox", "--json"], redirection).exits(0);
    }
    // The reader goes away before the first byte, or after it.
    for reads in [0, 1] {
        let mut command = police.command(&["man"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let mut pipe = child.stdout.take().expect("a pipe");
        pipe.read_exact(&mut vec![0; reads]).expect("it begins");
        drop(pipe);
        let finished = child.wait_with_output().expect("it ends");
        assert_eq!(finished.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&finished.stderr), "", "it ends quietly");
    }
}

#[test]
fn bad_134_binary_data_does_not_reach_a_terminal() {
    let offices = Offices::open();
    offices.police.file("bilaga.pdf", b"%PDF\x00\x01\x1b[2J");
    let reference = offices.refer("Exempel", "Exempel", &["bilaga.pdf"]);
    let mut terminal =
        Terminal::start(&offices.association.command(&["save", &reference, "-o", "-", "--json"]));
    let outcome = terminal.ends();
    assert!(!outcome.stderr.contains("PDF"), "{}", outcome.stderr);
    outcome.refused(2, "OUTPUT_IS_TERMINAL");
    let saved = offices.association.command(&["save", &reference, "-o", "-"]).stdin(Stdio::null()).output();
    assert_eq!(saved.expect("it runs").stdout, b"%PDF\x00\x01\x1b[2J");
}

#[test]
fn bad_134_questions_are_put_to_the_terminal_and_results_go_where_they_are_sent() {
    let offices = Offices::open();
    let police = &offices.police;
    let mut command = Command::new(police.command(&[]).get_program());
    command
        .args(["find", "--refresh", "--json"])
        .current_dir(police.folder())
        .env("SAMVERKAN_HOME", police.home());
    let stdout = File::create(police.folder().join("result.json")).expect("a file");
    let mut terminal = Terminal::start_with(&command, Some(stdout));
    terminal.shows("Passphrase:");
    terminal.press(&format!("{}\r", police.passphrase()));
    let outcome = terminal.ends();
    outcome.exits(0);
    assert!(!outcome.stderr.contains(police.passphrase()), "it is not echoed");
    let result: serde_json::Value =
        serde_json::from_slice(&police.read("result.json")).expect("a document alone");
    assert_eq!(result["organisations"][0]["handle"], "boj-exempel");
}
