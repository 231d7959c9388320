use std::fs;

use super::*;
use crate::cli::console::Style;
use crate::cli::output::Format;
use crate::cli::testing::Run;
use crate::exit::Exit;
use crate::text::Language;

/// An invitation to a hub at an address where nobody listens.
fn invite() -> String {
    let code = samverkan_proto::statement::invite::InviteCode::parse(&[7; 16]).expect("sixteen bytes");
    Invite::new([1; 32], code, "127.0.0.1:1".parse().expect("address")).encode().to_string()
}

fn passphrase_file(run: &Run) -> String {
    let path = run.folder().join("passphrase");
    crate::files::create_private(&path, b"ett exempel som ingen har\n").expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn what_is_no_invitation_is_told_before_anything_is_asked() {
    let run = Run::new();
    let damaged = invite().replace("svki1-", "svki2-");
    for bad in ["svki1-", "svki1-AAAA", "no-such-file", &damaged] {
        assert_eq!(run.fails(&["join", bad]).code(), Code::InviteMalformed, "{bad}");
    }
    assert_eq!(run.piped(b"\xff\xfe").fails(&["join", "-"]).code(), Code::InviteMalformed);
    assert!(run.home().profiles().expect("listed").is_empty());
}

#[test]
fn an_invitation_is_read_from_an_argument_a_file_and_stdin() {
    let run = Run::new();
    let file = run.folder().join("invitation.txt");
    fs::write(&file, format!("\n {} \n", invite())).expect("written");
    for (given, stdin) in
        [(invite(), ""), (file.to_str().expect("UTF-8").to_owned(), ""), ("-".to_owned(), &*invite())]
    {
        // Whoever reads it gets as far as the first question, which nobody answers.
        let error = run.piped(stdin.as_bytes()).fails(&["join", &given]);
        assert_eq!((error.code(), error.exit()), (Code::ArgumentMissing, Exit::Usage));
    }
}

#[test]
fn two_copies_of_the_kit_are_two_files() {
    let run = Run::new();
    let error = run.fails(&["join", &invite(), "--mailbox", "stod", "--kit", "kit", "--kit-copy", "kit"]);
    assert_eq!(error.code(), Code::KitCopiesSame);
}

#[test]
fn a_mailbox_is_a_function_in_plain_letters() {
    let run = Run::new();
    for bad in ["Exempel Exempelsson", "", "stöd", "a/b"] {
        assert_eq!(
            run.fails(&["join", &invite(), "--mailbox", bad]).code(),
            Code::MailboxNameInvalid,
            "{bad}"
        );
    }
}

#[test]
fn bad_135_a_hub_that_is_not_there_is_unreachable_and_what_is_made_stays() {
    let run = Run::new();
    let passphrase = passphrase_file(&run);
    let line = [
        "join",
        &invite(),
        "--handle",
        "boj-exempel",
        "--mailbox",
        "stod",
        "--kit",
        "a",
        "--kit-copy",
        "b",
        "--passphrase-file",
        &passphrase,
    ];
    assert_eq!(run.fails(&line).code(), Code::HubUnreachable);
    assert_eq!(run.fails(&line).exit(), Exit::HubUnreachable);
    assert!(run.home().root().join("default/keystore").exists());
}

#[test]
fn bad_128_a_new_passphrase_is_checked_before_keys_are_made() {
    let run = Run::new();
    let path = run.folder().join("passphrase");
    for (bad, code) in [
        (&b""[..], Code::PassphraseEmpty),
        (b"short\n", Code::PassphraseTooShort),
        (b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", Code::PassphraseNotText),
        (b"long enough\0but not text", Code::PassphraseNotText),
        (&[b'x'; 1 << 20], Code::PassphraseTooLong),
    ] {
        crate::files::replace_private(&path, bad).expect("written");
        let file = path.to_str().expect("UTF-8");
        let line = [
            "join",
            &invite(),
            "--handle",
            "boj-exempel",
            "--mailbox",
            "stod",
            "--kit",
            "a",
            "--kit-copy",
            "b",
            "--passphrase-file",
            file,
        ];
        assert_eq!(run.fails(&line).code(), code);
    }
    assert!(!run.home().root().join("default/keystore").exists());
}

/// What an operator wrote down.
fn invited() -> Invited {
    Invited {
        organisation: "Brottsofferjouren\u{202e} Exempel".to_owned(),
        handle: "boj-exempel".parse().expect("handle"),
        number: "8024000005".parse().expect("number"),
        hub: "exempel".to_owned(),
    }
}

#[test]
fn only_the_invited_organisation_goes_on() {
    let ask = |named: Option<&str>, typed: &str, style| {
        let (mut output, captured) = Output::captured(Format::Plain, Language::English);
        let mut console = Console::scripted(typed.as_bytes().to_vec(), style);
        let named = named.map(|handle| handle.parse().expect("handle"));
        let answer = confirm(&invited(), named.as_ref(), &mut console, &mut output);
        (answer.map_err(|error| error.code()), captured.stderr())
    };
    assert_eq!(ask(Some("boj-exempel"), "", Style::Nobody).0, Ok(()));
    assert_eq!(ask(Some("polisen-exempel"), "2\n", Style::Numbered).0, Err(Code::InviteForOther));
    assert_eq!(ask(None, "", Style::Nobody).0, Err(Code::ArgumentMissing));
    let (answer, asked) = ask(None, "2\n", Style::Numbered);
    assert_eq!(answer, Ok(()));
    for shown in ["Brottsofferjouren\\u{202e} Exempel", "8024000005", "boj-exempel", "exempel"] {
        assert!(asked.contains(shown), "{asked}");
    }
    for no in ["\n", "1\n"] {
        assert_eq!(ask(None, no, Style::Numbered).0, Err(Code::Interrupted), "the answer that is set is no");
    }
}

#[test]
fn without_a_person_the_handle_is_needed_before_anything_is_made() {
    let run = Run::new();
    let line = ["join", &invite(), "--mailbox", "stod", "--kit", "a", "--kit-copy", "b"];
    let passphrase = passphrase_file(&run);
    let error = run.fails(&[&line[..], &["--passphrase-file", &passphrase]].concat());
    assert_eq!(error.code(), Code::ArgumentMissing);
    assert!(run.home().profiles().expect("listed").is_empty());
}

#[test]
fn the_questions_have_answers_ready() {
    let run = Run::new();
    let passphrase = passphrase_file(&run);
    let error = run.typing("\n\n\n").fails(&["join", &invite(), "--passphrase-file", &passphrase]);
    assert_eq!(error.code(), Code::HubUnreachable);
}
