use std::fs;

use super::*;
use crate::cli::testing::Run;
use crate::exit::Exit;

#[test]
fn mistakes_on_the_command_line_are_told_before_the_passphrase_is_asked_for() {
    let run = Run::new();
    let table: [(&[&str], Code); 9] = [
        (&["send", "--to", "Exempelsson"], Code::MailboxInvalid),
        (&["send", "--class", "letter"], Code::ArgumentInvalid),
        (&["send", "--basis", "because"], Code::ArgumentInvalid),
        (&["send", "--urgency", "now"], Code::ArgumentInvalid),
        (&["send", "--answer-within", "soon"], Code::DurationInvalid),
        (&["send", "--keep", "0d"], Code::DurationInvalid),
        (&["send", "--consent", "222-222-3"], Code::ReferenceInvalid),
        (&["send", "--text-file", "-", "--from-file", "-"], Code::StdinTwice),
        (&["send", "--text", "Exempelsson"], Code::UnknownArgument),
    ];
    for (line, code) in table {
        let error = run.fails(line);
        assert_eq!((error.code(), error.exit()), (code, Exit::Usage), "{line:?}");
    }
}

#[test]
fn bad_130_an_attachment_is_looked_at_before_the_passphrase_is_asked_for() {
    let run = Run::new();
    let error = run.fails(&["send", "--attach", "no-such-file"]);
    assert_eq!((error.code(), error.exit()), (Code::AttachmentUnusable, Exit::Usage));
    assert_eq!(run.fails(&["reply", "222-222-2", "--attach", "/"]).code(), Code::AttachmentUnusable);
}

#[test]
fn without_a_profile_it_is_not_set_up() {
    let run = Run::new();
    let error = run.piped(b"hej").fails(&["send", "--text-file", "-"]);
    assert_eq!((error.code(), error.exit()), (Code::ProfileMissing, Exit::NotSetUp));
}

#[test]
fn an_option_wins_over_the_file_and_the_rest_of_the_file_stays() {
    let dir = tempfile::tempdir().expect("tempdir");
    let path = dir.path().join("message.json");
    fs::write(&path, r#"{"to":["a-exempel/x"],"class":"REFERRAL","urgency":"ACUTE","text":"hej"}"#)
        .expect("written");
    let mut unfinished = file::parse(&fs::read_to_string(path).expect("read")).expect("valid");
    let options = Send {
        to: vec!["b-exempel/y".parse().expect("mailbox")],
        basis: Some(LegalBasis::VitalInterest),
        ..Send::default()
    };
    unfinished.override_with(options);
    let draft = unfinished.finish().expect("complete");
    assert_eq!(draft.to, ["b-exempel/y".parse().expect("mailbox")]);
    assert_eq!((draft.class, draft.basis), (Class::Referral, Some(LegalBasis::VitalInterest)));
    assert_eq!((draft.urgency, draft.text.as_str()), (Urgency::Acute, "hej"));
}

#[test]
fn what_is_missing_is_named_by_its_option() {
    let missing = |unfinished: Unfinished| unfinished.finish().expect_err("incomplete");
    let named = |option| Error::with(Code::ArgumentMissing, text::Args::none().text("option", option));
    assert_eq!(missing(Unfinished::default()), named("--class"));
    let no_text = Unfinished { class: Some(Class::FollowUp), ..Unfinished::default() };
    assert_eq!(missing(no_text), named("--text-file"));
    let two_lines = Unfinished {
        class: Some(Class::FollowUp),
        subject: Some("en\ntvå".to_owned()),
        ..Unfinished::default()
    };
    assert_eq!(missing(two_lines).code(), Code::MessageInvalid);
}

#[test]
fn the_envelope_that_is_checked_first_holds_nothing_about_a_person() {
    let unfinished = Unfinished {
        class: Some(Class::Referral),
        subject: Some("Exempel Exempelsson".to_owned()),
        text: Some("Exempel Exempelsson".to_owned()),
        fields: vec![("name".to_owned(), "Exempel Exempelsson".to_owned())],
        ..Unfinished::default()
    };
    assert!(!format!("{:?}", unfinished.envelope()).contains("Exempelsson"));
}

#[test]
fn minutes_are_rounded_up() {
    assert_eq!(parse_minutes("90s").map(u32::from), Ok(2));
    assert_eq!(parse_minutes("2d").map(u32::from), Ok(2880));
}

#[test]
fn a_message_that_waits_is_an_error_for_scripts_after_it_is_printed() {
    use crate::cli::output::{Format, Output};
    use crate::session::model::Sent;
    let sent = |accepted| Sent {
        reference: "222-222-2".parse().expect("reference"),
        message: samverkan_proto::ids::MessageId::random(),
        accepted,
    };
    let (mut output, captured) = Output::captured(Format::Json, text::Language::English);
    SentReport::of(&sent(true)).tell(&mut output).expect("accepted");
    let error = SentReport::of(&sent(false)).tell(&mut output).expect_err("waits");
    assert_eq!((error.code(), error.exit()), (Code::WaitsInOutbox, Exit::HubUnreachable));
    let accepted: Vec<bool> = captured
        .stdout()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["accepted"] == true)
        .collect();
    assert_eq!(accepted, [true, false]);
}
