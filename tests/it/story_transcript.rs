//! Two people who never met carry a referral from `find` to an answer. They know the README and the help they read on the way, and
//! nothing else: a word on their command lines that stands in neither fails the test. What they typed and saw is a file beside this.

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, POLICE};
use samverkan_tests::process::Outcome;
use samverkan_tests::site::Invitation;
use samverkan_tests::transcript::Transcript;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository").to_owned()
}

/// A person at a machine of their own, and all they have read.
struct Person {
    name: &'static str,
    cli: Cli,
    read: String,
}

impl Person {
    fn new(name: &'static str) -> Self {
        let read = std::fs::read_to_string(repository().join("README.md")).expect("there is a README");
        Self { name, cli: Cli::new(), read }
    }

    /// Reads the help of a command; the first one is told by the README.
    fn reads(&mut self, transcript: &mut Transcript, command: &[&str]) {
        let words = [command, &["--help"]].concat();
        self.knows(&words);
        transcript.typed(self.name, &format!("samverkan {}", words.join(" ")));
        self.read += self.cli.run(&words).ok();
    }

    /// Runs a command and writes it down.
    fn does(&self, transcript: &mut Transcript, words: &[&str]) -> Outcome {
        self.knows(words);
        transcript.typed(self.name, &format!("samverkan {}", words.join(" ")));
        let outcome = self.cli.run(words);
        transcript.said(&outcome);
        outcome.exits(0);
        outcome
    }

    /// Every command and option was read somewhere.
    fn knows(&self, words: &[&str]) {
        let command = words.iter().take_while(|word| !word.starts_with('-')).take(1);
        let options = words.iter().filter(|word| word.starts_with("--"));
        for word in command.chain(options) {
            let stands =
                self.read.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|read| read == *word);
            assert!(stands, "{} has read about {word} nowhere", self.name);
        }
    }

    fn writes(&self, name: &str, content: &str) {
        std::fs::write(self.cli.folder().join(name), content).expect("a file can be written");
    }
}

fn join(hub: &HubProcess, transcript: &mut Transcript, person: &Person, who: &Invitation<'_>, mailbox: &str) {
    transcript.remark(&format!("The operator invites {}.", who.name));
    person.writes("invitation.txt", &hub.invite(who));
    let words =
        ["join", "invitation.txt", "--mailbox", mailbox, "--kit", "kit-1.txt", "--kit-copy", "kit-2.txt"];
    let joined = person.does(transcript, &words);
    let number = joined.stdout.lines().find_map(|line| line.strip_prefix("safety number: "));
    transcript.remark("The operator compares the number that is read out over the telephone.");
    hub.confirm(who.handle, number.expect("join prints the safety number"));
}

#[test]
fn two_people_carry_a_referral_with_the_readme_and_the_help_alone() {
    let hub = HubProcess::start();
    let mut transcript = Transcript::new();
    let (mut police, mut volunteer) = (Person::new("police"), Person::new("volunteer"));
    join(&hub, &mut transcript, &police, &POLICE, "brottsoffer");
    join(&hub, &mut transcript, &volunteer, &ASSOCIATION, "stod");

    transcript.remark("The police look for help and write down what the person agrees to.");
    for command in [&["find"][..], &["consent", "record"], &["send"]] {
        police.reads(&mut transcript, command);
    }
    police.does(&mut transcript, &["find", "--near", "0380"]);
    police.writes("note.txt", "Sagt på telefon till en kollega.\n");
    let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
    let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
    let recorded = police.does(&mut transcript, &[&to[..], &how].concat());
    let consent = reference_in(&recorded.stdout);
    police.writes("text.txt", "Exempel Exempelsson vill bli uppringd, säkrast dagtid.\n");
    police.writes("subject.txt", "Stöd efter brott\n");
    police.writes("report.pdf", "%PDF exempel");
    let envelope = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "CONSENT"];
    let content = ["--consent", &consent, "--subject-file", "subject.txt", "--text-file", "text.txt"];
    let words = [&envelope[..], &content, &["--attach", "report.pdf"]].concat();
    let reference = reference_in(&police.does(&mut transcript, &words).stdout);

    transcript.remark("A volunteer looks what came in.");
    volunteer.reads(&mut transcript, &["inbox"]);
    volunteer.does(&mut transcript, &["inbox", "--waiting"]);
    volunteer.does(&mut transcript, &["show", &reference]);
    volunteer.does(&mut transcript, &["save", &reference, "-o", "report.pdf"]);
    volunteer.writes("answer.txt", "Vi ringer i morgon.\n");
    volunteer.reads(&mut transcript, &["reply"]);
    volunteer.does(&mut transcript, &["reply", &reference, "--text-file", "answer.txt"]);
    volunteer.does(&mut transcript, &["inbox", "--waiting"]);

    transcript.remark("The police follow up.");
    police.does(&mut transcript, &["track", &reference]);
    police.does(&mut transcript, &["show", &reference]);
    police.does(&mut transcript, &["sent", "--unanswered"]);
    police.does(&mut transcript, &["receipts", &reference, "-o", "proof.json"]);
    police.does(&mut transcript, &["receipts", "--verify", "proof.json"]);
    transcript.compare(&repository().join("tests/it/transcripts/referral.txt"));
}

/// The first reference in what was printed.
fn reference_in(said: &str) -> String {
    let is_reference =
        |word: &&str| word.len() == 9 && word.as_bytes()[3] == b'-' && word.as_bytes()[7] == b'-';
    said.split_whitespace().find(is_reference).expect("a reference was printed").to_owned()
}
