//! What people write is planted with canaries, and everything that must not know it is searched: the hub's disk, its log at its most
//! talkative, its metrics page, what the client says, command lines and environments of every process meanwhile, and panics.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::metrics::MetricsPage;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Outcome;
use samverkan_tests::search::{Canary, assert_absent};
use samverkan_tests::site::Site;
use samverkan_tests::spy::Spy;
use std::path::Path;

/// One canary for everything that a person writes.
struct Planted {
    subject: Canary,
    text: Canary,
    field: Canary,
    file: Canary,
    content: Canary,
    evidence: Canary,
    answer: Canary,
}

impl Planted {
    fn new() -> Self {
        Self {
            subject: Canary::plant("Exempelsson-"),
            text: Canary::plant("Exempelsdotter-"),
            field: Canary::plant("Exempelgatan-"),
            file: Canary::plant("utredning-"),
            content: Canary::plant("forhor-"),
            evidence: Canary::plant("samtycke-"),
            answer: Canary::plant("stodsamtal-"),
        }
    }

    fn all(&self) -> Vec<Canary> {
        let Self { subject, text, field, file, content, evidence, answer } = self;
        [subject, text, field, file, content, evidence, answer].map(Clone::clone).to_vec()
    }

    /// The referral as a file, so that nothing of it stands on a command line.
    fn referral(&self, consent: &str) -> String {
        serde_json::json!({
            "to": ["boj-exempel/stod"],
            "class": "REFERRAL",
            "basis": "CONSENT",
            "consent": consent,
            "subject": self.subject.text(),
            "text": self.text.text(),
            "fields": { "adress": self.field.text() },
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
struct Said(Vec<Outcome>);

impl Said {
    /// Runs a command that must succeed, in words and as a document, and keeps what it said.
    fn run(&mut self, office: &Office, words: &[&str]) -> String {
        let outcome = office.run(words);
        let said = outcome.ok().to_owned();
        self.0.push(outcome);
        said
    }

    fn document(&mut self, office: &Office, words: &[&str]) -> serde_json::Value {
        let said = self.run(office, &[words, &["--json"]].concat());
        serde_json::from_str(&said).expect("a document")
    }

    /// Runs a command that must fail.
    fn fail(&mut self, office: &Office, words: &[&str], exit: i32) {
        let outcome = office.run(words);
        outcome.exits(exit);
        self.0.push(outcome);
    }

    /// Whether any of it contains a canary other than those that are allowed there.
    fn is_clean(&self, canaries: &[Canary]) {
        for outcome in &self.0 {
            for canary in canaries {
                for stream in [&outcome.stdout, &outcome.stderr] {
                    let found = canary.within(stream.as_bytes());
                    assert_eq!(found, None, "{} is in what {} said", canary.text(), outcome.command);
                }
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
    /// What may hold nothing that anybody wrote.
    quiet: Said,
    /// What lists cases, and may hold their subjects.
    lists: Said,
}

impl Tale {
    fn tell() -> Self {
        let (hub, metrics) = talkative_hub();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        let (planted, quiet, lists) = (Planted::new(), Said::default(), Said::default());
        let mut tale = Self { hub, metrics, police, association, planted, quiet, lists };
        let consent = tale.consent();
        let reference = tale.send(&consent);
        tale.answer(&reference);
        tale.mistakes(&reference);
        tale
    }

    fn consent(&mut self) -> String {
        self.police.file("note.txt", self.planted.evidence.text());
        let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
        let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
        let recorded = self.quiet.document(&self.police, &[&to[..], &how].concat());
        self.quiet.run(&self.police, &["consent", "show"]);
        recorded["consent"].as_str().expect("a reference").to_owned()
    }

    fn send(&mut self, consent: &str) -> String {
        let name = format!("{}.pdf", self.planted.file.text());
        self.police.file(&name, format!("%PDF {} {}", self.planted.content.text(), "x".repeat(200_000)));
        self.police.file("referral.json", self.planted.referral(consent));
        self.quiet.document(&self.police, &["send", "--from-file", "referral.json", "--dry-run"]);
        let sent = self.quiet.document(&self.police, &["send", "--from-file", "referral.json"]);
        self.lists.document(&self.police, &["sent"]);
        sent["reference"].as_str().expect("a reference").to_owned()
    }

    fn answer(&mut self, reference: &str) {
        self.lists.document(&self.association, &["inbox"]);
        // The two that a person asks for content with.
        let shown = self.association.run(&["show", reference]);
        assert!(shown.ok().contains(self.planted.text.text()), "{}", shown.stdout);
        self.quiet.document(&self.association, &["save", reference, "-o", "saved.pdf"]);
        self.association.file("answer.txt", self.planted.answer.text());
        self.quiet.document(&self.association, &["reply", reference, "--text-file", "answer.txt"]);
        self.quiet.document(&self.police, &["track", reference]);
        self.quiet.document(&self.police, &["receipts", reference, "-o", "proof.json"]);
        self.quiet.document(&self.police, &["receipts", "--verify", "proof.json"]);
        self.quiet.document(&self.police, &["doctor"]);
        self.lists.document(&self.police, &["sent"]);
    }

    /// Mistakes with a person's data in them are not repeated.
    fn mistakes(&mut self, reference: &str) {
        let broken = self.planted.referral("222-222-2").replace("REFERRAL", self.planted.subject.text());
        self.police.file("broken.json", broken);
        let line = format!("{}\n{}", self.planted.subject.text(), self.planted.text.text());
        self.police.file("two-lines.txt", line);
        for format in [&[][..], &["--json"]] {
            let fail = |said: &mut Said, office: &Office, words: &[&str], exit| {
                said.fail(office, &[words, format].concat(), exit);
            };
            let (quiet, police) = (&mut self.quiet, &self.police);
            fail(quiet, police, &["send", "--from-file", "broken.json"], 2);
            let envelope = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL"];
            let basis = ["--basis", "VITAL_INTEREST", "--subject-file", "two-lines.txt"];
            fail(quiet, police, &[&envelope[..], &basis].concat(), 2);
            fail(quiet, &self.association, &["save", reference, "-o", "saved.pdf"], 8);
        }
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
    tale.quiet.is_clean(&canaries);
    let subject = &tale.planted.subject;
    let others: Vec<Canary> =
        canaries.iter().filter(|canary| canary.text() != subject.text()).cloned().collect();
    tale.lists.is_clean(&others);
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
