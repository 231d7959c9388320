//! A person with protected identity needs a shelter: nothing is sent without a safe way to contact them, nothing is opened before the
//! recipient has accepted it, and nothing of the case leaves the recipient; what went to the wrong mailbox is taken back. Nobody's name
//! is anywhere but inside the seal.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::search::{Canary, assert_absent};
use samverkan_tests::site::Invitation;
use samverkan_tests::terminal::{ENTER, Terminal};

const SHELTER: Invitation<'static> = Invitation {
    handle: "kj-exempel",
    name: "Kvinnojouren Exempel",
    number: "8024000013",
    kind: "volunteer",
};

/// What stands for "the next answer below", pressed before [`ENTER`].
const DOWN: &str = "\x1b[B";

/// What is written about the person and those round them.
struct Written {
    name: Canary,
    number: Canary,
    code_word: Canary,
    not_told: Canary,
    subject: Canary,
    /// What a photograph tells beside the picture.
    place: Canary,
}

impl Written {
    fn new() -> Self {
        let plant = Canary::plant;
        Self {
            name: plant("Exempelsson-"),
            number: plant("nummer-"),
            code_word: plant("kodord-"),
            not_told: plant("Exempelman-"),
            subject: plant("skydd-"),
            place: plant("plats-"),
        }
    }

    fn all(&self) -> Vec<Canary> {
        let Self { name, number, code_word, not_told, subject, place } = self;
        [name, number, code_word, not_told, subject, place].map(Clone::clone).to_vec()
    }

    /// What a screen of `send --plain` asks, and what is typed.
    fn answers(&self) -> Vec<(&'static str, String)> {
        let typed = |answer: &str| format!("{answer}{ENTER}");
        let lines = |text: &str| format!("{text}{ENTER}.{ENTER}");
        vec![
            ("Who should get it?", typed("kj-exempel/jour")),
            ("What is it?", typed("1")),
            ("Which form?", typed("2")),
            ("On which legal basis?", typed("3")),
            ("Which section of law?", typed("1")),
            ("How soon must somebody act?", typed("3")),
            ("Name", typed(self.name.text())),
            ("Date of birth", typed("")),
            ("Language", typed("<")),
            ("Date of birth", typed("")),
            ("Language", typed("")),
            ("interpreter", typed("")),
            ("Are the personal data protected?", typed("3")),
            ("How may the person be contacted?", typed("1 2")),
            ("At which number", typed(self.number.text())),
            ("When is it safe?", typed("Vardagar efter 17")),
            ("May a message be left?", typed("")),
            ("Code word", typed(self.code_word.text())),
            ("Who must not know?", lines(self.not_told.text())),
            ("When must the person leave?", typed("1")),
            ("How many children", typed("2")),
            ("How old are they?", typed("")),
            ("Places to avoid", typed(".")),
            ("tracked", typed("")),
            ("Do animals come along?", typed("")),
            ("suited to?", typed(".")),
            ("What the recipient needs to know", typed(".")),
            ("Fill in this part?", typed("")),
            ("What is it about", typed(self.subject.text())),
            ("Send it?", typed("2")),
        ]
    }

    /// A photograph that tells where it was taken.
    fn photograph(&self) -> Vec<u8> {
        let comment = self.place.text().as_bytes();
        let len = u16::try_from(comment.len() + 2).expect("a short comment").to_be_bytes();
        [&b"\xff\xd8\xff\xfe"[..], &len, comment, b"\xff\xda\x00\x02pixels\xff\xd9"].concat()
    }
}

/// The two sides of the referral.
struct Tale {
    hub: HubProcess,
    police: Office,
    shelter: Office,
    /// Somebody who could help as well, and must not hear of it.
    third: Office,
    written: Written,
}

impl Tale {
    fn begin() -> Self {
        let hub = HubProcess::start();
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let shelter = Office::open(&hub, &SHELTER, "jour");
        let third = Office::open(&hub, &ASSOCIATION, "stod");
        Self { hub, police, shelter, third, written: Written::new() }
    }

    /// A file without a safe way to contact the person is refused here, and nothing of it is kept or sent.
    fn is_refused_without_safe_contact(&self) {
        let message = serde_json::json!({
            "to": ["kj-exempel/jour"], "class": "REFERRAL", "form": "shelter-request-1", "basis": "VITAL_INTEREST",
            "fields": { "person_name": self.written.name.text(), "protected_identity": "SECRECY_MARKING",
                "leave_when": "NOW", "children": 2 },
        });
        let before = self.police.kept();
        let send = ["send", "--from-file", "-", "--json"];
        let error =
            self.police.run_with(&send, message.to_string().as_bytes()).refused(6, "SAFE_CONTACT_MISSING");
        let next = error["next"].as_str().expect("a next step");
        assert!(next.contains("safe_contact_when") && next.contains("safe_contact_not_told"), "{error}");
        assert_eq!(self.police.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
        assert_eq!(self.police.kept().len(), before.len(), "no draft stays behind");
    }

    /// One question a screen, with one step back on the way.
    fn is_sent_by_a_person(&self) -> String {
        self.police.file("bild.jpg", self.written.photograph());
        let mut screen = Terminal::start(&self.police.command(&["send", "--plain", "--attach", "bild.jpg"]));
        for (question, answer) in self.written.answers() {
            screen.shows(question);
            screen.press(&answer);
        }
        screen.shows("was taken away");
        screen.ends().exits(0);
        let sent = self.police.json(&["sent"]);
        assert_eq!(sent["threads"].as_array().map(Vec::len), Some(1), "{sent}");
        sent["threads"][0]["reference"].as_str().expect("a reference").to_owned()
    }

    /// What the recipient sees before it has accepted how the person may be contacted.
    fn shows_the_rule_alone(&self, reference: &str) {
        let Written { name, code_word, subject, .. } = &self.written;
        let inbox = self.shelter.run(&["inbox"]);
        assert!(inbox.ok().contains(reference), "{}", inbox.stdout);
        assert_eq!(subject.within(inbox.stdout.as_bytes()), None, "a list is looked at by whoever passes");
        let shown = self.shelter.run(&["show", reference, "--json"]);
        shown.refused(6, "CONTACT_RULE_NOT_ACCEPTED");
        assert!(shown.stdout.contains(code_word.text()), "{}", shown.stdout);
        assert_eq!(name.within(shown.stdout.as_bytes()), None, "{}", shown.stdout);
        self.shelter.run(&["save", reference, "--json"]).refused(6, "CONTACT_RULE_NOT_ACCEPTED");
        let reply = ["reply", reference, "--text-file", "-", "--json"];
        self.shelter.run_with(&reply, b"Exempel").refused(6, "CONTACT_RULE_NOT_ACCEPTED");
        // Whoever just presses Enter opens nothing.
        let mut screen = Terminal::start(&self.shelter.command(&["show", reference]));
        screen.shows("BEFORE YOU OPEN");
        screen.shows("Will everybody here keep to it?");
        screen.press(ENTER);
        let outcome = screen.ends();
        outcome.exits(6);
        assert_eq!(name.within(outcome.stderr.as_bytes()), None, "{}", outcome.stderr);
    }

    /// A person accepts the rule, and the content opens below it.
    fn opens_when_accepted(&self, reference: &str) {
        let Written { name, code_word, .. } = &self.written;
        let mut screen = Terminal::start(&self.shelter.command(&["show", reference]));
        screen.shows("BEFORE YOU OPEN");
        screen.shows(code_word.text());
        screen.shows("Will everybody here keep to it?");
        screen.press(&format!("{DOWN}{ENTER}"));
        screen.shows("Secrecy marking");
        let outcome = screen.ends();
        outcome.exits(0);
        assert!(outcome.stderr.contains(name.text()), "{}", outcome.stderr);
        // It is remembered, and nobody is asked again.
        let shown = self.shelter.json(&["show", reference]);
        assert_eq!(shown["messages"][0]["form"], "shelter-request-1");
        assert_eq!(shown["messages"][0]["section"], "GDPR_9_2_C");
    }

    /// Nothing is put where others get it, and what is saved has a neutral name and tells nothing beside the picture.
    fn does_not_leave(&self, reference: &str) {
        let folder = self.shelter.folder().join("Dropbox");
        std::fs::create_dir(&folder).expect("a folder");
        let into = ["save", reference, "-o", "Dropbox", "--json"];
        self.shelter.run(&into).refused(6, "PROTECTED_IDENTITY");
        assert!(std::fs::read_dir(&folder).expect("a folder").next().is_none());
        let export = ["export", reference, "--format", "json", "-o", "case.json", "--json"];
        self.shelter.run(&export).refused(6, "PROTECTED_IDENTITY");
        assert!(!self.shelter.folder().join("case.json").exists());
        let forward =
            ["forward", reference, "--to", self.third.mailbox(), "--basis", "VITAL_INTEREST", "--json"];
        self.shelter.run(&forward).refused(6, "PROTECTED_IDENTITY");
        let saved = self.shelter.json(&["save", reference]);
        assert_eq!(saved["path"], "bilaga-1.jpg");
        let picture = self.shelter.read("bilaga-1.jpg");
        assert_eq!(self.written.place.within(&picture), None);
        assert!(picture.ends_with(b"pixels\xff\xd9"), "the picture itself is whole");
    }

    /// Sent to the wrong mailbox: what nobody has opened there is destroyed, and what somebody has stays; the answer says which.
    fn is_recalled_from_the_wrong_mailbox(&self) -> [String; 2] {
        let cases = [self.misdirected(), self.misdirected()];
        let [unopened, opened] = &cases;
        self.third.run(&["inbox"]).ok();
        self.third.run(&["show", unopened, "--json"]).refused(6, "CONTACT_RULE_NOT_ACCEPTED");
        self.third.run(&["show", opened, "--accept-contact-rule"]).ok();
        for reference in &cases {
            self.police.run(&["recall", reference, "--yes"]).ok();
        }
        self.third.run(&["inbox"]).ok();
        self.police.run(&["inbox"]).ok();
        for (reference, outcome) in [(unopened, "UNOPENED"), (opened, "OPENED")] {
            let track = self.police.json(&["track", reference]);
            assert_eq!(track["steps"][0]["stop"]["outcome"], outcome, "{track}");
        }
        let left = self.third.run(&["show", unopened]);
        assert_eq!(self.written.name.within(left.ok().as_bytes()), None, "{}", left.stdout);
        cases
    }

    /// The same referral, to a mailbox that it was not meant for.
    fn misdirected(&self) -> String {
        let Written { name, code_word, not_told, .. } = &self.written;
        let message = serde_json::json!({
            "to": [self.third.mailbox()], "class": "REFERRAL", "form": "shelter-request-1", "basis": "VITAL_INTEREST",
            "fields": {
                "person_name": name.text(), "protected_identity": "SECRECY_MARKING",
                "safe_contact_how": ["LETTER"], "safe_contact_when": "Vardagar", "safe_contact_message": "NO",
                "safe_contact_code_word": code_word.text(), "safe_contact_not_told": not_told.text(),
                "leave_when": "NOW", "children": 0,
            },
        });
        let sent =
            self.police.run_with(&["send", "--from-file", "-", "--json"], message.to_string().as_bytes());
        sent.exits(0);
        sent.json()["reference"].as_str().expect("a reference").to_owned()
    }

    /// What every story ends with: proof that holds offline, nothing twice, nothing lost, and nobody's name outside the seal.
    fn ends_well(&self, reference: &str, recalled: &[String]) {
        self.shelter.run(&["inbox"]).ok();
        assert_eq!(self.shelter.references(), [reference], "nothing is there twice");
        let track = self.police.json(&["track", reference]);
        assert_eq!(track["steps"][0]["stage"], "DELIVERED", "{track}");
        for (number, case) in [reference].into_iter().chain(recalled.iter().map(String::as_str)).enumerate() {
            let proof = format!("proof-{number}.json");
            self.police.run(&["receipts", case, "-o", &proof]).ok();
            let verdict = self.police.json(&["receipts", "--verify", &proof]);
            assert_eq!(verdict["all_hold"], true, "{verdict}");
        }
        let canaries = self.written.all();
        assert_absent(&canaries, self.hub.folder());
        for office in [&self.police, &self.shelter, &self.third] {
            assert_absent(&canaries, &office.home());
        }
    }
}

#[test]
fn a_person_with_protected_identity_is_contacted_safely_or_not_at_all() {
    let tale = Tale::begin();
    tale.is_refused_without_safe_contact();
    let reference = tale.is_sent_by_a_person();
    tale.shows_the_rule_alone(&reference);
    tale.opens_when_accepted(&reference);
    tale.does_not_leave(&reference);
    let recalled = tale.is_recalled_from_the_wrong_mailbox();
    tale.ends_well(&reference, &recalled);
}

/// On a screen answers are marked with keys, each question has a screen of its own, and whoever leaves has sent nothing.
#[test]
fn several_answers_are_marked_on_a_screen() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let shelter = Office::open(&hub, &SHELTER, "jour");
    let mut screen = Terminal::start(&police.command(&[
        "send",
        "--to",
        shelter.mailbox(),
        "--class",
        "REFERRAL",
        "--lang",
        "sv",
    ]));
    for (question, keys) in [
        ("Vilket formulär?", ENTER.to_owned()),
        ("rättslig grund?", format!("{DOWN}{DOWN}{ENTER}")),
        ("Vilket lagrum?", ENTER.to_owned()),
        ("Hur snart", ENTER.to_owned()),
        ("Namn", format!("Exempel Exempelsson{ENTER}")),
        ("Födelsedatum", ENTER.to_owned()),
        ("Språk", ENTER.to_owned()),
        ("Behövs tolk?", ENTER.to_owned()),
        ("skyddade personuppgifter?", ENTER.to_owned()),
        // Nothing marked is no answer, and is asked for again.
        ("Hur får personen kontaktas?", ENTER.to_owned()),
        ("Hur får personen kontaktas?", format!(" {DOWN} {ENTER}")),
    ] {
        screen.shows(question);
        screen.press(&keys);
    }
    screen.shows("Telefonsamtal, Sms");
    screen.shows("Fråga 11 av ");
    screen.shows("Säker kontakt");
    screen.press(samverkan_tests::terminal::CTRL_C);
    screen.ends().exits(130);
    assert_eq!(police.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
}

/// A volunteer group hears that a legal basis is not for it before it has written a word about anybody.
#[test]
fn volunteers_are_offered_three_legal_bases_and_told_of_the_others_at_once() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let shelter = Office::open(&hub, &SHELTER, "jour");
    let mut screen = Terminal::start(&shelter.command(&[
        "send",
        "--plain",
        "--to",
        police.mailbox(),
        "--class",
        "INFORMATION_REQUEST",
    ]));
    screen.shows("On which legal basis?");
    screen.shows("3. VITAL_INTEREST");
    screen.shows("[1]");
    screen.press(samverkan_tests::terminal::CTRL_C);
    let asked = screen.ends();
    for basis in ["DUTY_TO_REPORT", "DUTY_TO_DISCLOSE", "SECRECY_ACT_GROUND"] {
        assert!(!asked.stderr.contains(basis), "{}", asked.stderr);
        let dry = [
            "send",
            "--to",
            police.mailbox(),
            "--class",
            "REFERRAL",
            "--basis",
            basis,
            "--dry-run",
            "--json",
        ];
        shelter.run(&dry).refused(6, "LEGAL_BASIS_NOT_AVAILABLE");
    }
}
