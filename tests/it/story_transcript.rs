//! Two people who never met carry a referral from `find` to an answer. They know the README, the help they read on the way and what
//! the program answered, and nothing else: an option or a word that stands in none of it fails the test, and so does a command of the
//! README's first referral that they do not come by. What they typed and saw is a file beside this.

use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::normalise::Normaliser;
use samverkan_tests::process::Outcome;
use samverkan_tests::transcript::Transcript;
use std::path::{Path, PathBuf};

const README: &str = include_str!("../../README.md");

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository").to_owned()
}

/// The command lines of the README's first referral, in its order.
fn readme_commands() -> impl Iterator<Item = &'static str> {
    let section = README.split("\n## ").find(|section| section.starts_with("The first referral\n"));
    section
        .expect("the README tells the first referral")
        .lines()
        .filter(|line| line.starts_with("samverkan "))
}

/// What a person has read about one command.
struct Page {
    command: Vec<String>,
    text: String,
}

/// A person at a machine of their own, and all they know.
struct Person {
    name: &'static str,
    cli: Cli,
    pages: Vec<Page>,
    /// What the program answered, and the names that the person chose for files and for a mailbox.
    seen: String,
}

impl Person {
    fn new(name: &'static str) -> Self {
        Self { name, cli: Cli::new(), pages: Vec::new(), seen: README.to_owned() }
    }

    /// Reads the help of a command. That there is such help, the README says.
    fn reads(&mut self, told: &mut Told, command: &[&str]) {
        let words = [command, &["--help"]].concat();
        assert!(README.contains("`--help`"), "the README names the help");
        told.typed(self.name, &words);
        let text = self.cli.run(&words).ok().to_owned();
        self.seen += &text;
        self.pages.push(Page { command: command.iter().map(|word| (*word).to_owned()).collect(), text });
    }

    /// Runs a command and writes it down.
    fn does(&mut self, told: &mut Told, words: &[&str]) -> Outcome {
        self.knows(words);
        told.typed(self.name, words);
        let outcome = self.cli.run(words);
        told.transcript.said(&outcome);
        outcome.exits(0);
        self.seen += &outcome.stdout;
        outcome
    }

    /// Where the command of this line is explained: the README's lines that begin with it, and its help if that was read.
    fn explained(&self, words: &[&str]) -> String {
        let lines = README.lines().filter_map(|line| line.strip_prefix("samverkan "));
        let lines = lines.filter(|line| line.split(' ').next() == words.first().copied());
        let is_about = |page: &&Page| words.iter().zip(&page.command).all(|(word, named)| word == named);
        let pages = self.pages.iter().filter(is_about).map(|page| page.text.as_str());
        lines.chain(pages).collect::<Vec<_>>().join("\n")
    }

    /// Everything on the line was read or seen before: options where this very command is explained, the rest anywhere.
    fn knows(&self, words: &[&str]) {
        let explained = self.explained(words);
        for (at, word) in words.iter().enumerate() {
            let source = if at == 0 || word.starts_with('-') { &explained } else { &self.seen };
            let source = if at == 0 { format!("{source}\n{README}") } else { source.clone() };
            assert!(stands(word, &source), "{} has read nowhere about {word} in {words:?}", self.name);
        }
    }

    fn writes(&mut self, name: &str, content: &str) {
        std::fs::write(self.cli.folder().join(name), content).expect("a file can be written");
        self.chooses(name);
    }

    fn chooses(&mut self, name: &str) {
        self.seen += &format!(" {name} ");
    }
}

/// Whether a word stands in a text by itself. A day may be another day.
fn stands(word: &str, text: &str) -> bool {
    let mask = |text: &str| Normaliser::new().apply(text).trim().to_owned();
    let word = if mask(word) == "DAY" { mask(word) } else { word.to_owned() };
    let is_part = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    let read = text.split(|c| !is_part(c)).map(|read| read.trim_end_matches('.'));
    read.map(|read| if word == "DAY" { mask(read) } else { read.to_owned() }).any(|read| read == word)
}

/// The transcript, and the plain command lines for the comparison with the README.
struct Told {
    transcript: Transcript,
    lines: Vec<String>,
}

impl Told {
    fn typed(&mut self, who: &str, words: &[&str]) {
        let line = format!("samverkan {}", words.join(" "));
        self.transcript.typed(who, &line);
        self.lines.push(line);
    }

    /// Every command that the README shows was typed, in its order.
    fn covers_the_readme(&self) {
        let mask = |line: &str| Normaliser::new().apply(line);
        let mut typed = self.lines.iter().map(|line| mask(line));
        for shown in readme_commands() {
            assert!(typed.any(|typed| typed == mask(shown)), "nobody typed, in its turn: {shown}");
        }
    }
}

/// An organisation as the operator writes it down, from its handle on.
const POLICE: [&str; 9] = [
    "polisen-exempel",
    "--name",
    "Polisregion Exempel",
    "--number",
    "2021000076",
    "--kind",
    "POLICE",
    "--municipality",
    "0380",
];
const ASSOCIATION: [&str; 11] = [
    "boj-exempel",
    "--name",
    "Brottsofferjouren Exempel",
    "--number",
    "8024000005",
    "--kind",
    "VOLUNTEER",
    "--municipality",
    "0380",
    "--service",
    "victim-support",
];

fn join(hub: &HubProcess, told: &mut Told, person: &mut Person, who: &[&str], mailbox: &str) {
    told.transcript.remark(&format!("The operator invites {}.", who[2]));
    let invited = hub.operator(&[&["org", "invite"], who].concat());
    person.writes("invitation.txt", invited.ok());
    person.chooses(mailbox);
    person.chooses(who[0]);
    let words = ["join", "invitation.txt", "--handle", who[0], "--mailbox", mailbox];
    let kits = ["--kit", "kit-1.txt", "--kit-copy", "kit-2.txt"];
    let joined = person.does(told, &[&words[..], &kits].concat());
    let number = joined.stdout.lines().find_map(|line| line.strip_prefix("safety number: "));
    told.transcript.remark("The operator compares the number that is read out over the telephone.");
    hub.confirm(who[0], number.expect("join prints the safety number"));
}

#[test]
fn two_people_carry_a_referral_with_the_readme_and_the_help_alone() {
    let hub = HubProcess::start();
    let mut told = Told { transcript: Transcript::new(), lines: Vec::new() };
    let (mut police, mut volunteer) = (Person::new("police"), Person::new("volunteer"));
    join(&hub, &mut told, &mut police, &POLICE, "brottsoffer");
    join(&hub, &mut told, &mut volunteer, &ASSOCIATION, "stod");
    let reference = refer(&mut told, &mut police);
    answer(&mut told, &mut volunteer, &reference);
    follow_up(&mut told, &mut police, &reference);
    told.covers_the_readme();
    told.transcript.compare(&repository().join("tests/it/transcripts/referral.txt"));
}

/// The police find help, write down what the person agrees to, and pass the person on.
fn refer(told: &mut Told, police: &mut Person) -> String {
    told.transcript.remark("The police look for help and write down what the person agrees to.");
    for command in [&["find"][..], &["consent", "record"], &["send"]] {
        police.reads(told, command);
    }
    police.does(told, &["find", "--near", "0380", "--service", "victim-support"]);
    police.writes("note.txt", "Sagt på telefon till en kollega.\n");
    let to = ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact"];
    let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
    let consent = reference_in(&police.does(told, &[&to[..], &how].concat()).stdout);
    police.writes("report.pdf", "%PDF exempel");
    let text = "Exempel Exempelsson vill bli uppringd, säkrast dagtid.";
    let referral =
        serde_json::json!({ "subject": "Stöd efter brott", "text": text, "attachments": ["report.pdf"] });
    police.writes("referral.json", &referral.to_string());
    let envelope = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "CONSENT"];
    let envelope = [&envelope[..], &["--consent", &consent]].concat();
    police.does(told, &[&envelope[..], &["--dry-run"]].concat());
    reference_in(&police.does(told, &[&envelope[..], &["--from-file", "referral.json"]].concat()).stdout)
}

fn answer(told: &mut Told, volunteer: &mut Person, reference: &str) {
    told.transcript.remark("A volunteer looks what came in.");
    volunteer.does(told, &["inbox"]);
    volunteer.does(told, &["show", reference]);
    volunteer.does(told, &["save", reference, "-o", "report.pdf"]);
    let saved = std::fs::read(volunteer.cli.folder().join("report.pdf")).expect("it was saved");
    assert_eq!(saved, b"%PDF exempel");
    volunteer.writes("answer.txt", "Vi ringer i morgon.\n");
    volunteer.does(told, &["reply", reference, "--text-file", "answer.txt"]);
    volunteer.reads(told, &["inbox"]);
    volunteer.does(told, &["inbox", "--waiting"]);
    volunteer.does(told, &["accept", reference, "--contact-by", "2099-12-31"]);
    volunteer.does(told, &["start", reference]);
    volunteer.does(told, &["close", reference, "--outcome", "COMPLETED"]);
}

fn follow_up(told: &mut Told, police: &mut Person, reference: &str) {
    told.transcript.remark("The police follow up.");
    police.does(told, &["sent", "--unanswered"]);
    police.does(told, &["track", reference]);
    police.does(told, &["track", reference, "--wait", "COMPLETED", "--timeout", "2d"]);
    police.does(told, &["show", reference]);
    police.does(told, &["receipts", reference, "-o", "proof.json"]);
    police.does(told, &["receipts", "--verify", "proof.json"]);
}

/// The first reference in what was printed.
fn reference_in(said: &str) -> String {
    let is_reference =
        |word: &&str| word.len() == 9 && word.as_bytes()[3] == b'-' && word.as_bytes()[7] == b'-';
    said.split_whitespace().find(is_reference).expect("a reference was printed").to_owned()
}

#[test]
fn a_word_that_was_read_nowhere_is_not_known() {
    let person = Person::new("somebody");
    person.knows(&["find", "--near", "0380"]);
    for line in [&["find", "--far", "0380"][..], &["find", "--near", "0381"], &["retain"], &["find", "--kit"]]
    {
        let known = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| person.knows(line)));
        assert!(known.is_err(), "{line:?} was read nowhere");
    }
}
