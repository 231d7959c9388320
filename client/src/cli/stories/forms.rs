//! Forms: asked for one question a screen, or taken from a file; sealed, and shown once the contact rule is accepted.

use super::*;

/// Answers to every question about a referral to `two` with the form for victim support, up to whether to send it.
const ANSWERS: [&str; 25] = [
    "two/mottagning",
    "1",
    "",
    "3",
    "1",
    "2",
    "Exempel Exempelsson",
    "",
    "",
    "",
    "2",
    "1 2",
    "070-000 00 00",
    "Vardagar efter 17",
    "",
    "sommarregn",
    "ingen särskild\n.",
    "7",
    "",
    "1 2",
    "",
    "Behöver någon att tala med.\n.",
    "",
    "Stöd åt Exempel Exempelsson",
    "",
];

/// What the same answers are in a file.
fn as_file() -> serde_json::Value {
    serde_json::json!({
        "to": ["two/mottagning"], "class": "REFERRAL", "form": "victim-support-1", "basis": "VITAL_INTEREST",
        "section": "GDPR_9_2_C", "urgency": "SOON", "subject": "Stöd åt Exempel Exempelsson",
        "fields": {
            "person_name": "Exempel Exempelsson", "protected_identity": "NONE",
            "safe_contact_how": ["PHONE", "SMS"], "safe_contact_at": "070-000 00 00",
            "safe_contact_when": "Vardagar efter 17", "safe_contact_message": "NO",
            "safe_contact_code_word": "sommarregn", "safe_contact_not_told": "ingen särskild",
            "event_kind": ["ROBBERY"], "support_wanted": ["TALK", "TRIAL"], "about": "Behöver någon att tala med.",
        }
    })
}

fn typed(answers: &[&str]) -> String {
    answers.iter().map(|answer| format!("{answer}\n")).collect()
}

/// Sends what is typed; gives its reference, and what was asked.
fn sent(run: &Run, answers: &[&str]) -> (String, String) {
    let error = run.typing(&typed(answers)).fails(&["send"]);
    let asked = run.last_stderr();
    assert_eq!(error.code(), Code::WaitsInOutbox, "{asked}");
    (newest(run), asked)
}

fn newest(run: &Run) -> String {
    let listed = run.json(&["sent", "--offline"]);
    listed["threads"][0]["reference"].as_str().expect("a reference").to_owned()
}

fn write(run: &Run, message: &serde_json::Value) -> String {
    fs::write(run.path("message.json"), message.to_string()).expect("written");
    run.path("message.json")
}

/// Sends a message file; gives its reference.
fn sent_from_file(run: &Run, message: &serde_json::Value) -> String {
    let path = write(run, message);
    let (sent, error) = run.piped(b"").json_and_fails(&["send", "--from-file", &path]);
    assert_eq!(error.code(), Code::WaitsInOutbox);
    sent["reference"].as_str().expect("a reference").to_owned()
}

/// The file without one of its answers, or with another one.
fn changed(field: &str, value: serde_json::Value) -> serde_json::Value {
    let mut message = as_file();
    message["fields"][field] = value;
    message
}

#[test]
fn answers_on_a_screen_and_in_a_file_make_the_same_referral() {
    let world = World::new();
    let run = Run::at(&world.one);
    let (by_person, asked) = sent(&run, &[&ANSWERS[..24], &["2"]].concat());
    assert!(asked.contains("Question 1 of ") && asked.contains("Safe contact"), "{asked}");
    assert!(asked.contains("This may be left empty."), "{asked}");
    let shown = run.json(&["show", &by_person]);
    let by_file = sent_from_file(&run, &as_file());
    let again = run.json(&["show", &by_file]);
    for fact in ["form", "section", "basis", "subject", "fields"] {
        assert_eq!(shown["messages"][0][fact], again["messages"][0][fact], "{fact}");
    }
    assert_eq!(again["messages"][0]["form"], "victim-support-1");
    let page = run.human(&["show", &by_file]);
    for words in ["Victim support", "Name: Exempel Exempelsson", "Text message", "art. 6.1 d", "Robbery"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("svk_"), "{page}");
}

#[test]
fn the_safe_answer_is_the_one_that_is_set() {
    let world = World::new();
    let run = Run::at(&world.one);
    let mut answers = ANSWERS;
    // Whether data are protected, and whether a message may be left: nothing is typed.
    answers[10] = "";
    let stopped = run.typing(&typed(&answers)).fails(&["send"]);
    assert_eq!(stopped.code(), Code::NotConfirmed, "nothing is sent unless somebody says so");
    let (reference, _) = sent(&run, &[&answers[..24], &["2"]].concat());
    let shown = run.json(&["show", &reference]).to_string();
    assert!(shown.contains(r#"{"name":"protected_identity","value":"UNKNOWN"}"#), "{shown}");
    assert!(shown.contains(r#"{"name":"safe_contact_message","value":"NO"}"#), "{shown}");
    assert!(!shown.contains("risk_"), "an optional part is left out: {shown}");
}

#[test]
fn one_can_go_back_and_answer_again() {
    let world = World::new();
    let run = Run::at(&world.one);
    // Back from the second field to the first, over a part, and from a choice by its last line.
    let begun =
        [&ANSWERS[..6], &["Exempel Fel", "<", "Exempel Exempelsson", "", "", "", "6", "", "2"]].concat();
    let middle = [&begun[..], &ANSWERS[11..24]].concat();
    // At the end: change an answer, the seventh that was given, and only that.
    let whole = [&middle[..], &["3", "7", "Exempel Annansson", "2"]].concat();
    let (reference, asked) = sent(&run, &whole);
    let shown = run.json(&["show", &reference]).to_string();
    assert!(shown.contains(r#"{"name":"person_name","value":"Exempel Annansson"}"#), "{shown}");
    assert!(!shown.contains("Exempel Fel"), "{shown}");
    assert_eq!(
        asked.matches("Name\n").count(),
        4,
        "asked, gone back to, in the list of answers, and asked again: {asked}"
    );
}

#[test]
fn another_form_is_begun_anew() {
    let world = World::new();
    let run = Run::at(&world.one);
    // Everything answered, then another form: the answers of the first are gone.
    let general = ["", "", "Något annat.\n.", "", "2"];
    let whole = [&ANSWERS[..24], &["3", "3", "3"], &general[..]].concat();
    let (reference, _) = sent(&run, &whole);
    let shown = run.json(&["show", &reference]);
    assert_eq!(shown["messages"][0]["form"], "general-1");
    assert_eq!(shown["messages"][0]["fields"].as_array().map(Vec::len), Some(1), "{shown}");
}

#[test]
fn a_wrong_answer_is_asked_for_again_and_what_a_file_lacks_is_asked_for_alone() {
    let world = World::new();
    let run = Run::at(&world.one);
    let mut answers = ANSWERS.map(str::to_owned);
    answers[18] = "2026-02-30\n2026-02-28".to_owned();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let (reference, asked) = sent(&run, &[&answers[..24], &["2"]].concat());
    assert!(asked.contains("event_on"), "{asked}");
    assert!(run.json(&["show", &reference]).to_string().contains("2026-02-28"));
    let path = write(&run, &changed("safe_contact_when", serde_json::Value::Null));
    let error = run.typing("Vardagar\n2\n").fails(&["send", "--from-file", &path]);
    assert_eq!(error.code(), Code::WaitsInOutbox, "{}", run.last_stderr());
    assert!(run.last_stderr().contains("Question 1 of 1"), "{}", run.last_stderr());
}

#[test]
fn what_a_form_does_not_take_is_refused_before_anything_is_sealed() {
    let world = World::new();
    let run = Run::at(&world.one);
    for (message, code, exit) in [
        (changed("safe_contact_how", serde_json::Value::Null), Code::SafeContactMissing, Exit::Refused),
        (changed("person_name", serde_json::Value::Null), Code::FormFieldMissing, Exit::Usage),
        (changed("event_kind", "Exempelsson".into()), Code::FormFieldInvalid, Exit::Usage),
        (changed("Exempelsson", "x".into()), Code::FormFieldUnknown, Exit::Usage),
        (changed("svk_step", "accept".into()), Code::FormFieldUnknown, Exit::Usage),
    ] {
        let path = write(&run, &message);
        let error = run.piped(b"").fails(&["send", "--from-file", &path]);
        assert_eq!((error.code(), error.exit()), (code, exit));
        assert!(!run.last_stderr().contains("Exempelsson"), "{}", run.last_stderr());
        let (refused, error) = run.json_and_fails(&["send", "--from-file", &path, "--dry-run"]);
        let codes: Vec<_> = refused["obstacles"].as_array().expect("a list").iter().collect();
        assert!(codes.iter().any(|obstacle| obstacle["code"] == code.as_str()), "{refused}");
        assert_eq!(error.code(), code);
    }
    let own = serde_json::json!({ "to": ["two/mottagning"], "class": "REFERRAL", "basis": "VITAL_INTEREST", "fields": { "svk_step": "accept" } });
    let path = write(&run, &own);
    assert_eq!(run.piped(b"").fails(&["send", "--from-file", &path]).code(), Code::MessageInvalid);
    assert_eq!(run.json(&["sent", "--offline"])["threads"], serde_json::json!([]));
}

#[test]
fn forms_and_sections_that_do_not_fit_are_told_before_a_word_is_written() {
    let world = World::new();
    let run = Run::at(&world.one);
    let dry = |more: &[&str]| run.json_and_fails(&[&REFERRAL[..], more, &["--dry-run"]].concat()).1.code();
    assert_eq!(dry(&["--form", "concern-report-1"]), Code::FormNotForClass);
    assert_eq!(dry(&["--section", "OSL_12_2"]), Code::SectionDoesNotApply);
    assert_eq!(dry(&["--section", "SOL_14_1"]), Code::SectionDoesNotApply);
    assert_eq!(run.fails(&["send", "--form", "victim-support-2"]).exit(), Exit::NotFound);
    assert_eq!(run.fails(&["send", "--section", "XYZ"]).exit(), Exit::NotFound);
    run.json(
        &[&REFERRAL[..], &["--form", "victim-support-1", "--section", "BRB_24_4", "--dry-run"]].concat(),
    );
}

#[test]
fn the_contact_rule_is_accepted_before_anything_else_is_opened() {
    let mut world = World::new();
    let (one, two) = (Run::at(&world.one), Run::at(&world.two));
    let reference = sent_from_file(&one, &as_file());
    one.json(&["show", &reference]);
    world.carry();
    let listed = two.human(&["inbox", "--offline"]);
    assert!(!listed.contains("Exempelsson"), "a subject is content: {listed}");

    // Nobody to ask: the rule alone, and nothing else of it.
    let (rule, error) = two.piped(b"").json_and_fails(&["show", &reference]);
    assert_eq!((error.code(), error.exit()), (Code::ContactRuleNotAccepted, Exit::Refused));
    assert_eq!(rule["kind"], "contact_rule");
    let said = rule.to_string();
    assert!(
        said.contains("sommarregn") && !said.contains("Exempelsson") && !said.contains("tala med"),
        "{said}"
    );
    for line in [&["reply", &reference][..], &["save", &reference]] {
        assert_eq!(two.fails(line).code(), Code::ContactRuleNotAccepted, "{line:?}");
    }
    // Whoever is asked and just presses Enter opens nothing.
    assert_eq!(two.typing("\n").fails(&["show", &reference]).code(), Code::ContactRuleNotAccepted);
    assert!(two.last_stdout().contains("Code word"), "{}", two.last_stdout());
    assert!(!two.last_stdout().contains("Exempelsson"), "{}", two.last_stdout());

    let page = two.typing("2\n").human(&["show", &reference]);
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    assert!(at("sommarregn") < at("Exempelsson"), "the rule comes first: {page}");
    // It is remembered, also by another process.
    two.piped(b"").json(&["show", &reference]);
    assert!(two.human(&["inbox", "--offline"]).contains("Exempelsson"));
}

#[test]
fn a_program_accepts_a_contact_rule_by_option_and_gets_one_document() {
    let mut world = World::new();
    let (one, two) = (Run::at(&world.one), Run::at(&world.two));
    let reference = sent_from_file(&one, &as_file());
    one.json(&["show", &reference]);
    world.carry();
    let shown = two.piped(b"").json(&["show", &reference, "--accept-contact-rule"]);
    assert_eq!(shown["kind"], "thread");
    two.json(&["show", &reference]);
}

#[test]
fn what_is_protected_is_not_put_where_others_get_it() {
    for (protected, code) in [("UNKNOWN", Some(Code::ProtectedIdentity)), ("NONE", None)] {
        let mut world = World::new();
        let (one, two) = (Run::at(&world.one), Run::at(&world.two));
        fs::write(one.path("a.txt"), "innehåll").expect("written");
        let mut message = changed("protected_identity", protected.into());
        message["attachments"] = serde_json::json!([one.path("a.txt")]);
        let reference = sent_from_file(&one, &message);
        one.json(&["show", &reference]);
        world.carry();
        two.piped(b"").json(&["show", &reference, "--accept-contact-rule"]);
        world.two.reload();
        let may_leave = world.two.session.may_leave(&reference.parse().expect("a reference"));
        assert_eq!(may_leave.err().map(|error| error.code()), code);
        if code.is_some() {
            let folder = two.path("Dropbox");
            fs::create_dir(&folder).expect("made");
            let error = two.fails(&["save", &reference, "-o", &folder]);
            assert_eq!((error.code(), error.exit()), (Code::ProtectedIdentity, Exit::Refused));
            assert!(fs::read_dir(&folder).expect("listed").next().is_none());
        }
    }
}
