//! The operator's commands against a running hub: what is printed, in both forms, and how they end.

use std::ffi::OsString;

use clap::Parser;
use samverkan_hub::cli::Arguments;
use samverkan_hub::cli::output::Output;
use samverkan_proto::statement::invite::Invite;
use serde_json::Value;

use crate::running::*;

/// What a run printed, and how it ended.
struct Printed {
    out: String,
    err: String,
    exit: u8,
}

/// Runs a command against `hub`, as the program would.
async fn command(hub: &Hub, line: &[&str]) -> Printed {
    let config = hub.folder.path().join("hub.toml");
    let mut arguments: Vec<OsString> = vec!["samverkan-hub".into(), "--config".into(), config.into()];
    arguments.extend(line.iter().map(OsString::from));
    let json = line.contains(&"--json");
    let run = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let arguments = Arguments::try_parse_from(arguments).expect("a valid command line");
        let exit = arguments.run(&mut Output::to(&mut out, &mut err, json));
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Printed { out: text(out), err: text(err), exit }
    });
    run.await.unwrap()
}

/// The document that a command prints with `--json`.
async fn document(hub: &Hub, line: &[&str]) -> Value {
    let printed = command(hub, &[line, &["--json"]].concat()).await;
    assert_eq!((printed.exit, printed.err.as_str()), (0, ""), "{line:?}");
    let document: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(document["schema_version"], 1, "{line:?}");
    document
}

const INVITE: [&str; 12] = [
    "org",
    "invite",
    "jouren-exempel",
    "--name",
    "Jouren Exempel",
    "--number",
    "999827-8882",
    "--kind",
    "volunteer",
    "--municipality",
    "0180",
    "--json",
];

#[tokio::test]
async fn an_organisation_is_led_from_its_invite_to_its_removal() {
    let hub = Hub::start().await;
    let (json, human) = (&INVITE[..], &INVITE[..11]);
    let printed = command(&hub, human).await;
    assert_eq!(printed.exit, 0, "{}", printed.err);
    assert_eq!(printed.out.lines().count(), 1, "one string and nothing else");
    let invite = Invite::parse(printed.out.trim_end()).unwrap();
    assert!(printed.err.contains("over a channel you trust"), "{}", printed.err);
    let again = command(&hub, json).await;
    assert_eq!((again.exit, again.out.as_str()), (8, ""), "the handle is taken");
    let refused: Value = serde_json::from_str(&again.err).unwrap();
    assert_eq!(refused["error"]["code"], "HANDLE_TAKEN");
    let mut same_number = INVITE;
    same_number[2] = "annan-exempel";
    let refused = command(&hub, &same_number).await;
    assert_eq!((refused.exit, refused.out.as_str()), (8, ""), "the organisation number is taken");
    let refused: Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(refused["error"]["code"], "NUMBER_TAKEN");
    let told = refused["error"]["message"].as_str().unwrap();
    assert!(told.contains("annan-exempel") && told.contains("jouren-exempel"), "{told}");

    let member = hub.enrolled("jouren-exempel", &invite).await;
    let show = ["org", "show", "jouren-exempel"];
    let shown = document(&hub, &show).await;
    assert_eq!((&shown["state"], &shown["kind"]), (&"PENDING".into(), &"VOLUNTEER".into()));
    assert_eq!(shown["safety_number"], member.safety_number());
    let wrong = ["org", "confirm", "jouren-exempel", "--safety-number", &"1".repeat(60)];
    assert_eq!(command(&hub, &wrong).await.exit, 9);
    let number = member.safety_number();
    let confirmed = document(&hub, &["org", "confirm", "jouren-exempel", "--safety-number", &number]).await;
    assert_eq!(confirmed["state"], "ACTIVE");
    assert_eq!(document(&hub, &["org", "suspend", "jouren-exempel"]).await["state"], "SUSPENDED");
    assert_eq!(document(&hub, &["org", "resume", "jouren-exempel"]).await["state"], "ACTIVE");
    assert_eq!(command(&hub, &["org", "remove", "jouren-exempel"]).await.exit, 2, "not without --yes");
    assert_eq!(document(&hub, &["org", "remove", "jouren-exempel", "--yes"]).await["state"], "REMOVED");

    assert_eq!(command(&hub, &same_number).await.exit, 0, "nobody has the number any more");
    let withdrawn = document(&hub, &["org", "remove", "annan-exempel", "--yes"]).await;
    assert_eq!(withdrawn["state"], "WITHDRAWN");
    let list = document(&hub, &["org", "list"]).await;
    assert_eq!(list["organisations"][0]["handle"], "jouren-exempel");
    let text = command(&hub, &["org", "list"]).await.out;
    assert!(text.starts_with("jouren-exempel  REMOVED"), "{text}");
}

#[tokio::test]
async fn a_withdrawn_invite_and_unknown_names_end_as_documented() {
    let hub = Hub::start().await;
    assert_eq!(command(&hub, &INVITE).await.exit, 0);
    let withdrawn = document(&hub, &["org", "remove", "jouren-exempel", "--yes"]).await;
    assert_eq!(withdrawn["state"], "WITHDRAWN");
    let unknown = command(&hub, &["org", "show", "jouren-exempel"]).await;
    assert_eq!(unknown.exit, 4);
    assert!(unknown.err.starts_with("error [ORGANISATION_UNKNOWN] "), "{}", unknown.err);
    let empty = command(&hub, &["org", "list"]).await;
    assert!(empty.out.contains("org invite"), "{}", empty.out);
}

#[tokio::test]
async fn check_is_content_with_a_hub_that_runs() {
    let hub = Hub::start().await;
    // The certificate is as old as the turned clock, so the machine's own clock finds it expired.
    let findings = document(&hub, &["check"]).await["findings"].clone();
    let level = |what: &str| {
        let found = findings.as_array().unwrap().iter().find(|finding| finding["what"] == what);
        found.map(|finding| finding["level"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    for what in ["configuration", "keys", "hub", "storage", "records"] {
        assert_eq!(level(what), "ok", "{what}");
    }
    assert_eq!(level("certificate"), "warning");
    let nagios = command(&hub, &["check", "--format", "nagios"]).await;
    assert_eq!((nagios.exit, nagios.out.lines().count()), (1, 1), "{}", nagios.out);
    assert!(nagios.out.starts_with("SAMVERKAN WARNING - certificate: "), "{}", nagios.out);
}
