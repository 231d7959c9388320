//! What people write is planted with canaries, and everything that must not know it is searched: the hub's disk, its log at its most
//! talkative, its metrics page, what the client says, command lines and environments of every process meanwhile, and panics.
//!
//! Every command of both programs is run with `--json` on the way, and a command that nobody thought of here fails the test. `show` and
//! `save` alone may repeat what a person wrote.

use crate::cli_walk;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::metrics::MetricsPage;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::{Outcome, Running};
use samverkan_tests::search::{Canary, assert_absent};
use samverkan_tests::site::Site;
use samverkan_tests::spy::Spy;
use samverkan_tests::until::until;
use std::collections::BTreeSet;
use std::path::Path;

/// The commands by which a person asks for content.
const ASKS_FOR_CONTENT: [&str; 2] = ["show", "save"];

/// One canary for everything that a person writes.
struct Planted {
    subject: Canary,
    text: Canary,
    field: Canary,
    contact: Canary,
    not_told: Canary,
    file: Canary,
    content: Canary,
    evidence: Canary,
    answer: Canary,
    answer_file: Canary,
}

impl Planted {
    fn new() -> Self {
        Self {
            subject: Canary::plant("Exempelsson-"),
            text: Canary::plant("Exempelsdotter-"),
            field: Canary::plant("Exempelgatan-"),
            contact: Canary::plant("tider-"),
            not_told: Canary::plant("Exempelman-"),
            file: Canary::plant("utredning-"),
            content: Canary::plant("forhor-"),
            evidence: Canary::plant("samtycke-"),
            answer: Canary::plant("stodsamtal-"),
            answer_file: Canary::plant("journal-"),
        }
    }

    fn all(&self) -> Vec<Canary> {
        let Self { subject, text, field, contact, not_told, file, content, evidence, answer, answer_file } =
            self;
        [subject, text, field, contact, not_told, file, content, evidence, answer, answer_file]
            .map(Clone::clone)
            .to_vec()
    }

    /// The referral as a file, so that nothing of it stands on a command line.
    fn referral(&self, consent: &str) -> String {
        serde_json::json!({
            "to": ["boj-exempel/stod"],
            "class": "REFERRAL",
            "basis": "CONSENT",
            "consent": consent,
            "form": "victim-support-1",
            "subject": self.subject.text(),
            "text": self.text.text(),
            "fields": {
                "person_name": self.field.text(),
                "protected_identity": "NONE",
                "safe_contact_how": ["PHONE"],
                "safe_contact_when": self.contact.text(),
                "safe_contact_message": "NO",
                "safe_contact_not_told": self.not_told.text(),
                "event_kind": ["THEFT"],
                "support_wanted": ["TALK"],
            },
            "attachments": [format!("{}.pdf", self.file.text())],
        })
        .to_string()
    }
}

/// A hub that logs all it can, with a metrics page.
fn talkative_hub() -> (HubProcess, MetricsPage) {
    let site = Site::new();
    let metrics = MetricsPage::of(&site);
    let mut command = site.command(&["serve"]);
    command.env("RUST_LOG", "trace");
    (HubProcess::start_by(site, &mut command), metrics)
}

/// Everything that was said on the way, by whom it does not matter.
#[derive(Default)]
struct Said {
    outcomes: Vec<Outcome>,
    /// The commands that were run with `--json`, such as `samverkan org show`.
    as_document: BTreeSet<String>,
}

impl Said {
    /// Runs a command that must succeed, in words and as a document, keeps what it said, and gives the document.
    fn run(&mut self, office: &Office, words: &[&str]) -> serde_json::Value {
        let outcome = office.run(words);
        outcome.exits(0);
        self.outcomes.push(outcome);
        self.document(office, words)
    }

    /// The same for a command that does something that can be done only once: as a document alone.
    fn document(&mut self, office: &Office, words: &[&str]) -> serde_json::Value {
        let outcome = office.run(&[words, &["--json"]].concat());
        let document = outcome.json();
        assert!(document["schema_version"].is_u64(), "{document}");
        self.keep("samverkan", words, outcome);
        document
    }

    /// Runs a command that must fail.
    fn fail(&mut self, office: &Office, words: &[&str], exit: i32) {
        for words in [words.to_vec(), [words, &["--json"]].concat()] {
            let outcome = office.run(&words);
            outcome.exits(exit);
            self.keep("samverkan", &words, outcome);
        }
    }

    /// Runs one of the operator's commands.
    fn operate(&mut self, hub: &HubProcess, words: &[&str], exit: i32) {
        let outcome = hub.operator(&[words, &["--json"]].concat());
        outcome.exits(exit);
        self.keep("samverkan-hub", words, outcome);
    }

    fn keep(&mut self, program: &str, words: &[&str], outcome: Outcome) {
        let is_run =
            |path: &Vec<String>| words.len() >= path.len() && path.iter().zip(words).all(|(a, b)| a == b);
        // The walk leaves `help` out, since nothing is below it and every list ends with it.
        let known = cli_walk::leaves(program).into_iter().chain([vec!["help".to_owned()]]);
        let path = { known }.find(is_run).expect("a command");
        self.as_document.insert(format!("{program} {}", path.join(" ")));
        self.outcomes.push(outcome);
    }

    /// Whether none of it contains a canary.
    fn is_clean(&self, canaries: &[Canary]) {
        for outcome in &self.outcomes {
            for canary in canaries {
                for stream in [&outcome.stdout, &outcome.stderr] {
                    let found = canary.within(stream.as_bytes());
                    assert_eq!(found, None, "{} is in what {} said", canary.text(), outcome.command);
                }
            }
        }
    }

    /// Whether every command of both programs was run with `--json`, but for those that ask for content and the hub's own process,
    /// whose words are its log.
    fn is_complete(&self) {
        for program in ["samverkan", "samverkan-hub"] {
            for path in cli_walk::leaves(program) {
                let path = path.join(" ");
                let left_out = ASKS_FOR_CONTENT.contains(&path.as_str()) || path == "serve";
                assert!(
                    left_out || self.as_document.contains(&format!("{program} {path}")),
                    "{program} {path} was not run"
                );
            }
        }
    }
}

/// The two sides of one referral, from consent to answer.
struct Tale {
    hub: HubProcess,
    metrics: MetricsPage,
    police: Office,
    association: Office,
    planted: Planted,
    said: Said,
}

impl Tale {
    fn tell() -> Self {
        let (hub, metrics) = talkative_hub();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        let mut tale =
            Self { hub, metrics, police, association, planted: Planted::new(), said: Said::default() };
        let consent = tale.consent();
        let reference = tale.send(&consent);
        tale.answer(&reference);
        tale.follow_up(&reference);
        tale.mistakes(&reference);
        tale.take_back(&reference, &consent);
        tale.everything_else();
        tale.the_operators();
        tale
    }

    fn consent(&mut self) -> String {
        self.police.file("note.txt", self.planted.evidence.text());
        let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
        let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
        let recorded = self.said.document(&self.police, &[&to[..], &how].concat());
        self.said.run(&self.police, &["consent", "refuse"]);
        self.said.run(&self.police, &["consent", "show"]);
        recorded["consent"].as_str().expect("a reference").to_owned()
    }

    fn send(&mut self, consent: &str) -> String {
        let name = format!("{}.pdf", self.planted.file.text());
        self.police.file(&name, format!("%PDF {} {}", self.planted.content.text(), "x".repeat(200_000)));
        self.police.file("referral.json", self.planted.referral(consent));
        self.said.run(&self.police, &["send", "--from-file", "referral.json", "--dry-run"]);
        let sent = self.said.document(&self.police, &["send", "--from-file", "referral.json"]);
        self.said.document(&self.police, &["sent"]);
        sent["reference"].as_str().expect("a reference").to_owned()
    }

    fn answer(&mut self, reference: &str) {
        self.watch();
        self.said.document(&self.association, &["inbox"]);
        // What is asked for by name is shown, and is therefore no evidence of anything above.
        let rule = self.association.run(&["show", reference, "--json"]);
        rule.exits(6);
        assert!(rule.stdout.contains(self.planted.contact.text()), "{}", rule.stdout);
        let shown = self.association.json(&["show", reference, "--accept-contact-rule"]).to_string();
        for canary in [&self.planted.subject, &self.planted.text, &self.planted.field, &self.planted.file] {
            assert!(shown.contains(canary.text()), "{shown}");
        }
        let saved = self.association.json(&["save", reference, "-o", "saved.pdf"]);
        assert_eq!(saved["kind"], "saved");
        let neutral = self.association.json(&["save", reference]);
        assert_eq!(neutral["path"], "bilaga-1.pdf", "no name of a person in the name of a file");
        let export = ["export", reference, "--format", "fhir", "-o", "case.json"];
        self.said.document(&self.association, &export);
        self.said.fail(&self.association, &export, 8);
        let name = format!("{}.pdf", self.planted.answer_file.text());
        self.association.file(&name, "%PDF");
        let answer = serde_json::json!({ "text": self.planted.answer.text(), "attachments": [name] });
        self.association.file("answer.json", answer.to_string());
        self.said.document(&self.association, &["reply", reference, "--from-file", "answer.json"]);
        self.decide(reference);
    }

    /// The referral through every state that a command leads to, with words that are the person's.
    fn decide(&mut self, reference: &str) {
        let (said, association, police) = (&mut self.said, &self.association, &self.police);
        for office in [association, police] {
            office.file("words.txt", self.planted.answer.text());
        }
        let mut step = |words: &[&str]| {
            said.document(association, &[words, &["--text-file", "words.txt"]].concat());
        };
        step(&["review", reference]);
        step(&["ask", reference]);
        police.run(&["inbox"]).exits(0);
        police.run(&["reply", reference, "--text-file", "words.txt"]).exits(0);
        association.run(&["inbox"]).exits(0);
        step(&["waitlist", reference]);
        step(&["accept", reference, "--contact-by", "2099-12-31"]);
        step(&["start", reference]);
        step(&["close", reference, "--outcome", "FAILED", "--reason", "COULD_NOT_CONTACT"]);
        step(&["reopen", reference]);
        step(&["decline", reference, "--reason", "NO_CAPACITY", "--suggest", police.mailbox()]);
        said.fail(association, &["accept", reference], 8);
        said.fail(association, &["forward", reference, "--to", police.mailbox()], 8);
        said.fail(association, &["close", reference, "--outcome", "ENTERED_IN_ERROR"], 6);
    }

    /// The stream says that something is there, and ends when it is stopped.
    fn watch(&mut self) {
        let log = self.association.folder().join("watch.log");
        let mut watching = Running::start(&mut self.association.command(&["watch", "--json"]), &log);
        let said = || std::fs::read_to_string(&log).expect("a log");
        until("the arrival is told", || said().contains("arrived").then_some(()));
        watching.interrupt();
        let code = until("watch ends", || watching.finished()).code();
        let outcome =
            Outcome { command: "watch --json".to_owned(), code, stdout: said(), stderr: String::new() };
        self.said.keep("samverkan", &["watch"], outcome);
    }

    fn follow_up(&mut self, reference: &str) {
        let police = &self.police;
        self.said.document(police, &["inbox"]);
        self.said.document(police, &["sent"]);
        self.said.run(police, &["track", reference]);
        // Everything arrived, so there is nothing to do about it.
        self.said.fail(police, &["resend", reference], 8);
        self.said.fail(police, &["discard", reference], 8);
        self.said.run(police, &["receipts", reference]);
        self.said.document(police, &["receipts", reference, "-o", "proof.json"]);
        self.said.run(police, &["receipts", "--verify", "proof.json"]);
    }

    /// Mistakes with a person's data in them are not repeated.
    fn mistakes(&mut self, reference: &str) {
        let broken = self.planted.referral("222-222-2").replace("REFERRAL", self.planted.subject.text());
        self.police.file("broken.json", broken);
        let misplaced = serde_json::json!({ self.planted.subject.text(): self.planted.text.text() });
        self.police.file("misplaced.json", misplaced.to_string());
        self.police.file("cut-off.json", format!("{{\"text\": \"{}", self.planted.text.text()));
        let line = format!("{}\n{}", self.planted.subject.text(), self.planted.text.text());
        self.police.file("two-lines.txt", line);
        let (said, police) = (&mut self.said, &self.police);
        for file in ["broken.json", "misplaced.json", "cut-off.json"] {
            said.fail(police, &["send", "--from-file", file], 2);
            said.fail(police, &["reply", reference, "--from-file", file], 2);
            said.fail(police, &["consent", "record", "--from-file", file], 2);
        }
        let envelope = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL"];
        let basis = ["--basis", "VITAL_INTEREST", "--subject-file", "two-lines.txt"];
        said.fail(police, &[&envelope[..], &basis].concat(), 2);
        said.fail(&self.association, &["save", reference, "--attachment", "1", "-o", "saved.pdf"], 8);
    }

    /// The case is taken back, and then the consent withdrawn.
    fn take_back(&mut self, reference: &str, consent: &str) {
        let (said, police, association) = (&mut self.said, &self.police, &self.association);
        said.document(police, &["recall", reference, "--yes"]);
        said.document(police, &["consent", "withdraw", consent, "--yes"]);
        said.run(police, &["consent", "show", consent]);
        // What these two show, they show to those whom it is for.
        association.run(&["inbox"]).ok();
        association.run(&["show", reference, "--accept-contact-rule"]).ok();
        said.document(association, &["consent", "retain", reference, "--ground", "LEGAL_CLAIM"]);
        said.fail(association, &["consent", "comply", reference, "--yes"], 8);
        said.run(police, &["track", reference]);
    }

    /// The commands that have nothing to do with the case.
    fn everything_else(&mut self) {
        let (said, police) = (&mut self.said, &self.police);
        let number = self.association.json(&["org", "show"])["safety_number"].clone();
        let number = number.as_str().expect("a safety number");
        for words in [
            &["find"][..],
            &["org", "list"],
            &["org", "show", "boj-exempel"],
            &["org", "verify", "boj-exempel", "--number", number, "--how", "by-telephone"],
            &["unlock"],
            &["lock"],
            &["key", "show"],
            &["doctor"],
            &["profile", "list"],
            &["profile", "use", "default"],
            &["log", "verify"],
            &["log", "actions"],
            &["help"],
            &["completions", "bash"],
            &["man"],
        ] {
            said.run(police, words);
        }
        let same = police.passphrase_file();
        let same = same.to_str().expect("UTF-8");
        said.run(police, &["key", "passphrase", "--new-passphrase-file", same]);
        let device = police.json(&["key", "show"])["device"].clone();
        let device = device.as_str().expect("a device");
        for words in [
            &["member", "list"][..],
            &["member", "label", device, "reception"],
            &["member", "invite", "--role", "reader", "--mailbox", "brottsoffer"],
            &["mailbox", "list"],
        ] {
            said.run(police, words);
        }
        said.document(police, &["mailbox", "add", "extra"]);
        said.fail(police, &["mailbox", "assign", "extra", device], 8);
        let nobody = "0123456789abcdef0123456789abcdef";
        said.fail(police, &["member", "approve", nobody], 2);
        said.fail(police, &["member", "remove", nobody], 4);
        said.fail(police, &["key", "report-compromise", "--since", "2026-01-01", nobody], 4);
        said.document(police, &["member", "withdraw", "1"]);
        said.fail(police, &["member", "role", device, "--role", "reader"], 6);
        said.fail(police, &["org", "threshold", "1"], 8);
        said.fail(police, &["org", "cosign", "no-such-file"], 2);
        let offer =
            ["agreement", "propose", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "CONSENT"];
        let offer =
            [&offer[..], &["--valid-until", "2099-12-31", "--proposal", "offer.txt", "--yes"]].concat();
        said.document(police, &offer);
        said.fail(police, &["agreement", "sign", "offer.txt", "--yes"], 8);
        said.fail(police, &["agreement", "end", "00000000", "--yes"], 4);
        said.run(police, &["agreement", "list", "--all"]);
        said.document(police, &["log", "export", "-o", "log.txt"]);
        said.document(police, &["profile", "add", "extra"]);
        said.fail(police, &["recover", "kit-1.txt", "--handle", "polisen-exempel"], 8);
        said.fail(
            police,
            &[
                "join",
                "invitation.txt",
                "--handle",
                "x-y",
                "--mailbox",
                "stod",
                "--kit",
                "a",
                "--kit-copy",
                "b",
            ],
            8,
        );
    }

    fn the_operators(&mut self) {
        let (said, hub) = (&mut self.said, &self.hub);
        for words in [
            &["check"][..],
            &["org", "list"],
            &["org", "show", "boj-exempel"],
            &["org", "suspend", "boj-exempel"],
            &["org", "resume", "boj-exempel"],
            &["org", "remove", "boj-exempel", "--yes"],
        ] {
            said.operate(hub, words, 0);
        }
        let kvinnojour = ["org", "invite", "kj-exempel", "--name", "Kvinnojouren Exempel"];
        said.operate(hub, &[&kvinnojour[..], &["--number", "8024000013", "--kind", "volunteer"]].concat(), 0);
        said.operate(hub, &["org", "confirm", "kj-exempel", "--safety-number", &"00000 ".repeat(12)], 8);
        let key = hub.folder().join("operator.pem");
        let key = key.to_str().expect("UTF-8");
        for words in [
            &["operator", "new", key][..],
            &["operator", "add", "drift-ett", "--key", key],
            &["operator", "list"],
            &["operator", "pending"],
            &["policy", "show"],
            &["policy", "set", "--agreement-for", "REFERRAL", "--key", key],
        ] {
            said.operate(hub, words, 0);
        }
        said.operate(hub, &["operator", "rule", "two", "--key", key], 6);
        said.operate(hub, &["operator", "remove", "drift-ett", "--key", key], 6);
        said.operate(hub, &["operator", "sign", "00000000", "--key", key], 4);
        said.operate(hub, &["init"], 8);
        said.operate(hub, &["certificate"], 8);
        said.operate(hub, &["log", "verify"], 8);
        said.operate(hub, &["log", "export", "log.txt"], 8);
    }
}

#[test]
fn what_people_write_is_nowhere_but_with_them() {
    let spy = Spy::on_children();
    let tale = Tale::tell();
    let seen = spy.seen();
    let canaries = tale.planted.all();
    let metrics = tale.metrics.read();
    assert!(metrics.contains("# TYPE"), "a metrics page: {metrics}");
    let log = tale.hub.log();
    assert!(log.contains("TRACE"), "the hub logs all it can");
    assert!(!log.contains("panic"), "the hub panicked: {log}");
    // Everything the hub has, its log among it.
    assert_absent(&canaries, tale.hub.folder());
    tale.said.is_clean(&canaries);
    tale.said.is_complete();
    for canary in &canaries {
        assert_eq!(canary.within(metrics.as_bytes()), None, "{} is in the metrics", canary.text());
        assert_eq!(canary.within(seen.as_bytes()), None, "{} was in a process list", canary.text());
    }
    assert_absent_in_homes(&tale, &canaries);
}

/// What the programs keep for themselves is sealed, at both ends; people's own files are their own.
fn assert_absent_in_homes(tale: &Tale, canaries: &[Canary]) {
    for office in [&tale.police, &tale.association] {
        assert!(office.home().join("default").is_dir(), "there is a home to search");
        assert_absent(canaries, &office.home());
        let passphrase = Canary::of(office.passphrase());
        assert_absent(&[passphrase], &office.home());
    }
}

#[test]
fn a_canary_that_is_logged_is_found() {
    let hub = HubProcess::shared();
    let canary = Canary::plant("Exempelsson-");
    let copy = tempfile::tempdir().expect("a folder");
    assert!(found(&canary, copy.path(), &hub.log()).is_empty(), "the log itself is clean");
    let logged = format!("{}2026-01-01T00:00:00Z  INFO accepted {}\n", hub.log(), canary.text());
    assert_eq!(found(&canary, copy.path(), &logged).len(), 1);
}

fn found(canary: &Canary, folder: &Path, log: &str) -> Vec<samverkan_tests::search::Sighting> {
    std::fs::write(folder.join("hub.log"), log).expect("a file");
    canary.in_folder(folder)
}
