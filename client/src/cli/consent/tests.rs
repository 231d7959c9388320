use super::*;
use crate::cli::console::Style;
use crate::cli::output::Format;
use crate::cli::testing::Run;
use crate::text::Language;

fn unfinished(json: &str) -> Result<Unfinished> {
    parse_file(json)
}

#[test]
fn a_file_says_everything() {
    let draft = unfinished(
        r#"{"to":["boj-exempel/stod","kj-exempel/jour"],"purpose":"INFORMATION_EXCHANGE",
        "categories":["contact"],"until":"2099-12-31","how":"verbally","evidence":"Sagt på telefon"}"#,
    )
    .and_then(Unfinished::finish)
    .expect("complete");
    assert_eq!(draft.recipients.len(), 2);
    assert_eq!((draft.purpose, draft.how), (ConsentPurpose::InformationExchange, ConsentHow::Verbally));
    assert_eq!((draft.handles, draft.evidence.as_str()), (2, "Sagt på telefon"));
}

#[test]
fn what_is_missing_is_named_by_its_option() {
    for (json, option) in [
        (r#"{}"#, "--to"),
        (r#"{"to":["a-exempel/x"]}"#, "--category"),
        (r#"{"to":["a-exempel/x"],"categories":["contact"]}"#, "--until"),
        (r#"{"to":["a-exempel/x"],"categories":["contact"],"until":"2099-12-31"}"#, "--how"),
    ] {
        let error = unfinished(json).and_then(Unfinished::finish).err();
        let args = text::Args::none().text("option", option);
        assert_eq!(error, Some(Error::with(Code::ArgumentMissing, args)), "{json}");
    }
}

#[test]
fn an_unknown_field_and_a_bad_value_are_named() {
    for (json, code) in [
        (r#"{"person":"Exempelsson"}"#, Code::FieldUnknown),
        (r#"{"messages":300}"#, Code::FieldInvalid),
        (r#"{"until":"Exempelsson"}"#, Code::FieldInvalid),
    ] {
        assert_eq!(unfinished(json).err().map(|error| error.code()), Some(code), "{json}");
    }
}

#[test]
fn a_person_is_asked_for_what_is_missing() {
    let typed = "boj-exempel\nboj-exempel/stod\n\nsnart\n2099-12-31\n2\nSagt på telefon\n";
    let mut console = Console::scripted(typed.as_bytes().to_vec(), Style::Numbered);
    let (mut output, captured) = Output::captured(Format::Plain, Language::English);
    let mut asked = Unfinished::default();
    asked.ask(&mut console, &mut output).expect("answered");
    let draft = asked.finish().expect("complete");
    assert_eq!((draft.how, draft.categories.len()), (ConsentHow::InWriting, 2));
    assert!(captured.stderr().contains("2. it was written"), "{}", captured.stderr());
}

#[test]
fn a_wrong_command_line_is_told_before_the_passphrase_is_asked_for() {
    let run = Run::new();
    assert_eq!(run.fails(&["consent", "record", "--until", "soon"]).code(), Code::DateInvalid);
    assert_eq!(run.fails(&["consent", "record", "--how", "loudly"]).code(), Code::ArgumentInvalid);
    let twice = run.fails(&["consent", "record", "--from-file", "-", "--evidence-file", "-"]);
    assert_eq!(twice.code(), Code::StdinTwice);
}
