//! Story 7, the stolen laptop: it is cut off at once, a list says what it could read, nothing of it is believed any more, and partners are
//! told once.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Running;
use samverkan_tests::until::until;
use serde_json::{Value, json};

const ADMIN: [&str; 8] =
    ["--role", "admin", "--role", "handler", "--mailbox", "stod", "--label", "den stulna datorn"];
const STOLEN: &str = "den stulna datorn";

fn offices() -> (HubProcess, Office, Office) {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    (hub, police, association)
}

fn first_message(office: &Office, reference: &str) -> Value {
    office.json(&["show", reference])["messages"][0].clone()
}

/// The row of a case in the list of what a device could read.
fn row<'a>(reported: &'a Value, reference: &str) -> &'a Value {
    let rows = reported["readable"].as_array().expect("a list");
    rows.iter().find(|row| row["reference"] == reference).unwrap_or_else(|| panic!("{reference}: {reported}"))
}

#[test]
fn a_stolen_laptop_is_cut_off_and_a_list_says_what_it_could_read() {
    let (_hub, police, first) = offices();
    let stolen = first.take_in(&ADMIN);
    let read = police.referred(&first, "Ett exempel.");
    for office in [&first, &stolen] {
        office.run(&["inbox"]).ok();
    }
    let by_thief = stolen.referred(&police, "Ett påhitt.");
    for office in [&first, &police] {
        office.run(&["inbox"]).ok();
    }
    let waiting = police.referred(&first, "Ett till exempel.");
    let since = first_message(&stolen, &by_thief)["created_at"].as_str().expect("a time").to_owned();
    let log = stolen.folder().join("watch.log");
    let mut watch = Running::start(&mut stolen.command(&["watch", "--json"]), &log);
    until("it watches", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Watching")).then_some(())
    });

    let reported = first.json(&["key", "report-compromise", "--since", &since, STOLEN, "--yes"]);
    assert_eq!((&reported["published"], &reported["complete"]), (&true.into(), &true.into()), "{reported}");
    let facts = |reference: &str| {
        let row = row(&reported, reference);
        (row["access"].clone(), row["after"].clone(), row["with"].clone())
    };
    let with = json!(["polisen-exempel/brottsoffer"]);
    assert_eq!(facts(&read), ("SEALED_TO".into(), false.into(), with.clone()));
    assert_eq!(facts(&by_thief), ("SENT".into(), true.into(), with.clone()));
    assert_eq!(
        facts(&waiting),
        ("SEALED_TO".into(), true.into(), with),
        "what waited was fetched for the list"
    );
    assert_eq!(reported["readable"].as_array().map(Vec::len), Some(3), "{reported}");
    assert_eq!(row(&reported, &read)["message"], first_message(&first, &read)["message"]);
    assert_eq!((&reported["unseen"], &reported["signed_changes"]), (&json!([]), &json!([])));

    assert_eq!(until("the stream ends", || watch.finished()).code(), Some(6));
    for line in [&["inbox"][..], &["mailbox", "add", "jour"], &["member", "invite", "--role", "reader"]] {
        stolen.run(&[line, &["--json"]].concat()).refused(6, "DEVICE_REVOKED");
    }
    assert_eq!(first.json(&["member", "list", "--refresh"])["members"].as_array().map(Vec::len), Some(1));

    let inbox = police.run(&["inbox", "--json"]);
    let told = inbox.json()["compromised"].clone();
    assert_eq!(told[0]["organisation"], "boj-exempel", "{told}");
    let mut readable = [read.clone(), waiting];
    readable.sort();
    assert_eq!((&told[0]["readable"], &told[0]["doubtful"]), (&json!(readable), &json!([by_thief])));
    assert!(inbox.stderr.contains("WAS IN OTHER HANDS"), "{}", inbox.stderr);
    for again in [&["inbox"][..], &["sent"]] {
        assert_eq!(police.json(again)["compromised"], json!([]), "once");
    }
    assert!(first_message(&police, &by_thief)["sender_compromised_since"].is_string());
    assert!(first_message(&police, &read)["sender_compromised_since"].is_null());
}

#[test]
fn the_only_admin_is_told_to_begin_anew_and_no_device_reports_itself() {
    let (_hub, _police, first) = offices();
    let earlier = "2026-01-01";
    let refused = first.run(&["key", "report-compromise", "--since", earlier, "--yes", "--json"]);
    let refused = refused.refused(6, "LAST_ADMIN");
    assert!(refused["next"].as_str().is_some_and(|next| next.contains("samverkan recover")), "{refused}");
    first
        .run(&["key", "report-compromise", "--since", "2999-01-01", "--yes", "--json"])
        .refused(2, "TIME_INVALID");
    first.run(&["key", "report-compromise", "--since", earlier, "--json"]).refused(2, "ARGUMENT_MISSING");

    let second = first.take_in(&ADMIN);
    second
        .run(&["key", "report-compromise", "--since", earlier, "--yes", "--json"])
        .refused(6, "SIGNERS_MISSING");
    let own = second.json(&["key", "show"])["device"].as_str().expect("a device").to_owned();
    first.run(&["key", "report-compromise", &own, "--since", earlier, "--yes"]).ok();
    second.run(&["inbox", "--json"]).refused(6, "DEVICE_REVOKED");
}
