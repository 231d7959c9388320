//! Whole command lines on the computers of two offices whose hub can not be reached.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use samverkan_proto::statement::safety::SafetyNumber;

use super::testing::Run;
use crate::directory::testlog::TestLog;
use crate::error::Code;
use crate::exit::Exit;
use crate::session::office::{Office, Silent, referral, take, two_offices};

mod forms;

/// Two offices, and the computers at which they work.
struct World {
    log: TestLog,
    one: Office,
    two: Office,
}

impl World {
    fn new() -> Self {
        let (log, mut one, mut two) = two_offices();
        one.leave_to_commands();
        two.leave_to_commands();
        Self { log, one, two }
    }

    /// What `one` has in its outbox reaches `two`.
    fn carry(&mut self) {
        self.one.reload();
        let request = self.one.newest_outgoing();
        take(&mut self.two, &self.log, &request).expect("good");
    }
}

/// A referral that needs no consent, by options.
const REFERRAL: [&str; 7] =
    ["send", "--to", "two/mottagning", "--class", "referral", "--basis", "vital-interest"];

/// Sends a referral with a text; gives its reference.
#[track_caller]
fn send(run: &Run, more: &[&str]) -> String {
    let line = [&REFERRAL[..], &["--text-file", "-"], more].concat();
    let (sent, error) = run.piped("Exempel Exempelsson önskar stöd\n".as_bytes()).json_and_fails(&line);
    assert_eq!((error.code(), error.exit()), (Code::WaitsInOutbox, Exit::HubUnreachable));
    assert_eq!((&sent["kind"], &sent["accepted"]), (&"sent".into(), &false.into()));
    sent["reference"].as_str().expect("a reference").to_owned()
}

/// Sends a referral with a text and the file `a.txt`, which is made; gives its reference.
#[track_caller]
fn send_with_file(run: &Run, content: &str) -> String {
    fs::write(run.path("a.txt"), content).expect("written");
    send(run, &["--attach", &run.path("a.txt")])
}

/// How many files the person has.
fn files(run: &Run) -> usize {
    fs::read_dir(run.folder()).expect("listed").count()
}

#[test]
fn bad_135_without_a_hub_a_message_waits_and_everything_says_so() {
    let world = World::new();
    let run = Run::at(&world.one);
    let reference = send(&run, &["--urgency", "acute", "--answer-within", "2d"]);
    let sent = run.json(&["sent", "--unanswered", "--offline"]);
    assert_eq!(sent["threads"][0]["reference"], reference.as_str());
    assert_eq!(sent["threads"][0]["stage"], "WAITING");
    assert_eq!(sent["threads"][0]["urgency"], "ACUTE");
    let (listed, error) = run.json_and_fails(&["sent"]);
    assert_eq!((listed["threads"].as_array().map(Vec::len), error.exit()), (Some(1), Exit::HubUnreachable));
    let (diagnosis, error) = run.json_and_fails(&["doctor"]);
    assert_eq!(error.code(), Code::HubUnreachable);
    let outbox =
        diagnosis["checks"].as_array().and_then(|checks| checks.iter().find(|c| c["check"] == "outbox"));
    assert_eq!(outbox.map(|check| check["value"].clone()), Some("1".into()));
}

#[test]
fn a_case_is_shown_with_what_was_written_and_then_counts_as_read() {
    let mut world = World::new();
    let reference = send(&Run::at(&world.one), &[]);
    world.carry();
    let run = Run::at(&world.two);
    assert_eq!(run.json(&["inbox", "--offline", "--new"])["threads"][0]["unread"], true);
    let shown = run.json(&["show", &reference.to_lowercase()]);
    assert_eq!(shown["messages"][0]["text"], "Exempel Exempelsson önskar stöd");
    assert_eq!(shown["messages"][0]["from"], "one/mottagning");
    assert_eq!(shown["messages"][0]["basis"], "VITAL_INTEREST");
    assert_eq!(run.json(&["inbox", "--offline", "--new"])["threads"], serde_json::json!([]));
    assert_eq!(run.json(&["inbox", "--offline", "--waiting"])["threads"][0]["answered"], false);
    assert!(run.human(&["show", &reference]).contains("  Exempel Exempelsson önskar stöd\n"));
}

#[test]
fn an_answer_is_sealed_and_waits_too() {
    let mut world = World::new();
    let reference = send(&Run::at(&world.one), &[]);
    world.carry();
    let run = Run::at(&world.two).later(1);
    let line = ["reply", &reference, "--text-file", "-"];
    let (answer, error) = run.piped(b"Vi ringer").json_and_fails(&line);
    assert_eq!((answer["reference"].as_str(), error.code()), (Some(&*reference), Code::WaitsInOutbox));
    let shown = run.json(&["show", &reference]);
    assert_eq!((&shown["messages"][1]["kind"], &shown["answered"]), (&"REPLY".into(), &true.into()));
    assert_eq!(run.fails(&["reply", &reference]).code(), Code::ArgumentMissing);
}

#[test]
fn a_dry_run_names_every_obstacle_and_sends_nothing() {
    let world = World::new();
    let run = Run::at(&world.one);
    let line = ["send", "--to", "two/mottagning", "--class", "referral", "--dry-run"];
    let fine = run.json(&[&line[..], &["--basis", "vital-interest"]].concat());
    assert_eq!((&fine["would_be_sent"], &fine["obstacles"]), (&true.into(), &serde_json::json!([])));
    let more = ["--basis", "consent", "--consent", "222-222-2", "--to", "three/mottagning"];
    let (refused, error) = run.json_and_fails(&[&line[..], &more].concat());
    let codes: Vec<&str> = refused["obstacles"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["code"].as_str())
        .collect();
    assert_eq!(codes, ["CONSENT_UNKNOWN", "RECIPIENT_UNKNOWN"]);
    assert_eq!(refused["obstacles"][1]["recipient"], "three/mottagning");
    assert_eq!(error.code(), Code::ConsentUnknown);
    assert_eq!(run.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
}

#[test]
fn a_person_is_asked_one_thing_at_a_time_and_no_is_the_answer_that_is_set() {
    let world = World::new();
    let run = Run::at(&world.one);
    // Who, which one, class, form, basis, section, urgency; name, protected, about, safe contact; subject, and whether to send it.
    let composed = "två\n1\n1\n3\n3\n3\n2\n\n\nExempel Exempelsson\nönskar stöd\n.\n\nStöd\n";
    let stopped = run.typing(&format!("{composed}\n")).fails(&["send"]);
    assert_eq!((stopped.code(), stopped.exit()), (Code::NotConfirmed, Exit::Interrupted));
    assert_eq!(run.json(&["sent", "--offline"])["threads"], serde_json::json!([]));

    let sent = run.typing(&format!("{composed}2\n")).fails(&["send"]);
    assert_eq!(sent.code(), Code::WaitsInOutbox);
    let listed = run.json(&["sent", "--offline"]);
    assert_eq!(listed["threads"][0]["urgency"], "SOON");
    assert_eq!(listed["threads"][0].get("subject"), None, "lists for programs hold nothing that was written");
    let reference = listed["threads"][0]["reference"].as_str().expect("a reference");
    assert_eq!(run.json(&["show", reference])["subject"], "Stöd");
    assert!(run.human(&["sent", "--offline"]).contains("Stöd"), "{}", run.last_stdout());
}

#[test]
fn bad_138_a_recipient_that_was_not_compared_is_told_before_it_is_sent() {
    let world = World::new();
    let run = Run::at(&world.one);
    run.typing("två\n1\n1\n3\n3\n3\n1\n\n\ntext\n.\n\nStöd\n1\n").fails(&["send"]);
    assert!(
        run.last_stderr().contains("The safety number of two/mottagning was not compared"),
        "{}",
        run.last_stderr()
    );
    assert!(run.last_stderr().contains("two/mottagning  Två"), "the handle stands beside the name");
}

#[test]
fn nobody_writes_about_a_person_for_a_message_that_is_refused() {
    let world = World::new();
    let run = Run::at(&world.one);
    // The recipient is unknown: the questions end as soon as the basis is known, which is the last thing that can be refused.
    let error = run.typing("three/mottagning\n1\n1\n3\n3\n1\nExempel Exempelsson\n").fails(&["send"]);
    assert_eq!(error.code(), Code::RecipientUnknown);
    let asked = run.last_stderr();
    assert!(asked.contains("On which legal basis?"), "{asked}");
    assert!(!asked.contains("How soon must somebody act?") && !asked.contains("Name"), "{asked}");
}

#[test]
fn an_attachment_comes_out_as_it_went_in_and_only_its_owner_can_read_it() {
    let world = World::new();
    let run = Run::at(&world.one);
    let content: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(run.path("-rf rapport.pdf"), &content).expect("written");
    let reference = send(&run, &["--attach", &run.path("-rf rapport.pdf")]);
    let saved = run.json(&["save", &reference, "-o", &run.path("ut.pdf")]);
    assert_eq!((&saved["bytes"], &saved["attachment"]), (&100_000.into(), &1.into()));
    assert_eq!(fs::read(run.path("ut.pdf")).expect("saved"), content);
    let mode = fs::metadata(run.path("ut.pdf")).expect("saved").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    run.json(&["save", &reference, "--attachment", "1", "-o", &run.path("")]);
    assert_eq!(fs::read(run.path("bilaga-1.pdf")).expect("a neutral name"), content);
}

#[test]
fn bad_131_a_save_that_can_not_be_leaves_nothing_behind() {
    let world = World::new();
    let run = Run::at(&world.one);
    let reference = send_with_file(&run, "innehall");
    let before = files(&run);

    let exists = run.fails(&["save", &reference, "-o", &run.path("a.txt")]);
    assert_eq!((exists.code(), exists.exit()), (Code::FileExists, Exit::Conflict));
    let nowhere = run.fails(&["save", &reference, "-o", &run.path("no/such/folder")]);
    assert_eq!(nowhere.code(), Code::FileMissing);
    let not_one = run.fails(&["save", &reference, "--attachment", "2", "-o", &run.path("b.txt")]);
    assert_eq!((not_one.code(), not_one.exit()), (Code::AttachmentUnknown, Exit::NotFound));
    assert_eq!(files(&run), before);
    assert_eq!(fs::read(run.path("a.txt")).expect("untouched"), b"innehall");

    run.json(&["save", &reference, "-o", &run.path("a.txt"), "--force"]);
    assert_eq!(files(&run), before);
}

#[test]
fn bad_137_a_save_that_is_stopped_in_the_middle_leaves_nothing_behind() {
    let world = World::new();
    let run = Run::at(&world.one);
    let reference = send_with_file(&run, "innehall");
    let before = files(&run);
    let stopped = run.stop().fails(&["save", &reference, "-o", &run.path("b.txt")]);
    assert_eq!((stopped.code(), stopped.exit()), (Code::Interrupted, Exit::Interrupted));
    let forced = run.fails(&["save", &reference, "-o", &run.path("a.txt"), "--force"]);
    assert_eq!(forced.code(), Code::Interrupted);
    assert_eq!(
        (files(&run), fs::read(run.path("a.txt")).expect("untouched")),
        (before, b"innehall".to_vec())
    );
}

#[test]
fn a_watch_that_is_stopped_while_the_hub_is_away_ends_well() {
    let world = World::new();
    let run = Run::at(&world.one);
    assert_eq!(run.stop().human(&["watch"]), "");
}

#[test]
fn an_attachment_goes_to_another_program_byte_for_byte() {
    let world = World::new();
    let run = Run::at(&world.one);
    let reference = send_with_file(&run, "rad\n");
    assert_eq!(run.human(&["save", &reference, "-o", "-"]), "rad\n");
}

#[test]
fn unknown_and_misread_references_are_told_apart() {
    let world = World::new();
    let run = Run::at(&world.one);
    for command in ["show", "track", "reply", "save", "receipts"] {
        let unknown = run.fails(&[command, "222-222-2"]);
        assert_eq!((unknown.code(), unknown.exit()), (Code::CaseUnknown, Exit::NotFound), "{command}");
        let misread = run.fails(&[command, "222-222-3"]);
        assert_eq!((misread.code(), misread.exit()), (Code::ReferenceInvalid, Exit::Usage), "{command}");
    }
}

#[test]
fn a_wait_that_is_too_long_has_an_exit_code_of_its_own() {
    let world = World::new();
    let run = Run::at(&world.one);
    let reference = send(&run, &[]);
    assert_eq!(run.json(&["track", &reference, "--offline"])["steps"][0]["stage"], "WAITING");
    let line = ["track", &reference, "--wait", "delivered", "--timeout", "20ms"];
    let (track, error) = run.json_and_fails(&line);
    assert_eq!((error.code(), error.exit()), (Code::WaitTimedOut, Exit::WaitTimedOut));
    assert_eq!(track["steps"][0]["recipient"], "two/mottagning");
}

#[test]
fn proofs_are_checked_without_a_passphrase_and_a_changed_file_is_not_trusted() {
    let mut world = World::new();
    let reference = send(&Run::at(&world.one), &[]);
    world.carry();
    let run = Run::at(&world.two);
    let file = run.path("proofs.json");
    let written = run.json(&["receipts", &reference, "--offline", "-o", &file]);
    assert_eq!(written["statements"], 1, "the hub's word that came with it");
    assert_eq!(run.fails(&["receipts", &reference, "--offline", "-o", &file]).code(), Code::FileExists);

    let verdict = run.lock().json(&["receipts", "--verify", &file]);
    assert_eq!((&verdict["all_hold"], &verdict["reference"]), (&true.into(), &reference.as_str().into()));
    let statement = &verdict["messages"][0]["statements"][0];
    assert_eq!((&statement["what"], &statement["by"]), (&"SUBMISSION_ACCEPTED".into(), &"hub".into()));

    let bundle = fs::read_to_string(&file).expect("read");
    let value: serde_json::Value = serde_json::from_str(&bundle).expect("JSON");
    let hash = value["messages"][0]["content_hash"].as_str().expect("a digest");
    let changed = bundle.replace(hash, &"0".repeat(hash.len()));
    fs::write(&file, changed).expect("written");
    let (verdict, error) = run.json_and_fails(&["receipts", "--verify", &file]);
    assert_eq!((&verdict["all_hold"], error.exit()), (&false.into(), Exit::Integrity));
    fs::write(&file, b"{}").expect("written");
    assert_eq!(run.fails(&["receipts", "--verify", &file]).exit(), Exit::Integrity);
}

#[test]
fn organisations_are_found_without_a_passphrase_and_compared_with_one() {
    let world = World::new();
    let run = Run::at(&world.one);
    let number =
        |office: &Office| SafetyNumber::of_root(&office.member.manifest.fields().root_pk).to_string();
    let (right, wrong) = (number(&world.two), number(&world.one));

    let by_phone = ["--how", "by-telephone"];
    let refused = run.fails(&[&["org", "verify", "two", "--number", &wrong], &by_phone[..]].concat());
    assert_eq!((refused.code(), refused.exit()), (Code::SafetyNumberWrong, Exit::Integrity));
    // The safe answers are the defaults: nobody has read it out, and it was compared in a way that proves nothing.
    let unheard = run.typing("\n").fails(&["org", "verify", "two"]);
    assert_eq!(unheard.code(), Code::SafetyNumberWrong);
    assert!(run.last_stderr().contains(&right), "{}", run.last_stderr());
    let worthless = run.typing("2\n\n").fails(&["org", "verify", "two"]);
    assert_eq!((worthless.code(), worthless.exit()), (Code::ComparisonWorthless, Exit::Refused));
    assert_eq!(run.json(&["org", "show", "two"])["trust"], "unverified");
    let verified = run.typing("2\n1\n").json(&["org", "verify", "two"]);
    assert_eq!((&verified["trust"], &verified["handle"]), (&"verified".into(), &"two".into()));
    assert_eq!(verified["compared_how"], "BY_TELEPHONE");
    assert!(verified["compared_at"].is_string() && run.human(&["org", "show", "two"]).contains("yes, "));
    let scripted = [&["org", "verify", "two", "--number", &right], &["--how", "in-person"][..]].concat();
    assert_eq!(run.piped(b"").json(&scripted)["compared_how"], "IN_PERSON");
    assert_eq!(run.piped(b"").fails(&["org", "verify", "two"]).code(), Code::ArgumentMissing);

    let own = run.json(&["org", "show"]);
    assert_eq!(
        (&own["handle"], &own["own"], &own["safety_number"]),
        (&"one".into(), &true.into(), &wrong.into())
    );
    assert_eq!(own["trust"], serde_json::Value::Null);
    assert!(!run.human(&["org", "show"]).contains("compared"), "{}", run.last_stdout());
    assert!(run.human(&["org", "show", "two"]).contains("compared"), "{}", run.last_stdout());
    for words in ["find", "org list"] {
        let words: Vec<&str> = words.split(' ').collect();
        assert!(run.human(&words).lines().next().is_some_and(|line| line.ends_with("COMPARED")), "{words:?}");
    }
    let found = run.json(&["find"]);
    let handles: Vec<_> =
        found["organisations"].as_array().into_iter().flatten().map(|o| &o["handle"]).collect();
    assert_eq!(handles, ["two"], "oneself is nobody to turn to");

    let found = run.lock().json(&["find", "TVA"]);
    assert_eq!(found["organisations"][0]["mailboxes"][0], "two/mottagning");
    assert_eq!(found["organisations"][0]["trust"], serde_json::Value::Null);
    assert!(run.human(&["find", "finns", "inte"]).starts_with("Nobody fits"));
    assert_eq!(run.json(&["org", "list"])["organisations"].as_array().map(Vec::len), Some(2));
    assert_eq!(run.fails(&["org", "show", "three"]).exit(), Exit::NotFound);
    assert_eq!(run.fails(&["find", "--near", "Uppsala"]).code(), Code::PlaceInvalid);
}

#[test]
fn the_device_shows_its_dates_and_no_secret() {
    let world = World::new();
    let run = Run::at(&world.one);
    let device = run.json(&["key", "show"]);
    assert_eq!(device["device"], world.one.member.device.device_id().to_string());
    assert_eq!(device["roles"], serde_json::json!(["ADMIN", "HANDLER", "READER"]));
    assert!(device["keys_until"].is_string() && device["certificate_expires_at"].is_string());
}

#[test]
fn a_consent_that_can_not_be_registered_is_not_kept() {
    let world = World::new();
    let run = Run::at(&world.one);
    let line = [
        "consent",
        "record",
        "--to",
        "two/mottagning",
        "--category",
        "contact",
        "--until",
        "2099-12-31",
        "--how",
        "verbally",
    ];
    assert_eq!(run.fails(&line).exit(), Exit::HubUnreachable);
    assert_eq!(run.json(&["consent", "show"])["consents"], serde_json::json!([]));
}

#[test]
fn bad_128_a_wrong_passphrase_says_so_ten_times_and_the_right_one_still_opens() {
    let world = World::new();
    let run = Run::at(&world.one);
    crate::files::replace_private(&run.passphrase_file(), b"fel fel fel").expect("written");
    for _ in 0..10 {
        let error = run.fails(&["inbox", "--offline"]);
        assert_eq!((error.code(), error.exit()), (Code::WrongPassphrase, Exit::Locked));
    }
    let again = Run::at(&world.one);
    assert!(again.human(&["inbox", "--offline"]).starts_with("Nothing is here"));
}

#[test]
fn without_anybody_to_ask_a_passphrase_is_needed() {
    let world = World::new();
    let run = Run::at(&world.one);
    let error = run.lock().fails(&["inbox", "--offline"]);
    assert_eq!((error.code(), error.exit()), (Code::PassphraseNeeded, Exit::Locked));
}

#[tokio::test]
async fn bad_142_what_an_earlier_run_left_in_the_outbox_is_there_for_the_next() {
    let mut world = World::new();
    let sent = world.one.session.send(referral(), &mut Silent).await.expect("sealed");
    let one = world.one;
    let threads = tokio::task::spawn_blocking(move || Run::at(&one).json(&["sent", "--offline"]))
        .await
        .expect("no panic");
    assert_eq!(threads["threads"][0]["reference"], sent.reference.to_string());
    assert_eq!(threads["threads"][0]["stage"], "WAITING");
}

#[test]
fn nothing_of_a_message_is_left_where_it_was_written() {
    let world = World::new();
    let run = Run::at(&world.one);
    send(&run, &[]);
    let holds_the_name = |path: &Path| {
        fs::read(path).is_ok_and(|bytes| bytes.windows(11).any(|window| window == b"Exempelsson"))
    };
    let mut folders = vec![world.one.folder().to_owned(), run.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert!(!holds_the_name(&path), "{}", path.display());
            }
        }
    }
}
