//! What organisations may send each other: the operators say what needs an agreement, admins of both parties make it, the hub keeps to it
//! from the header alone, and nobody makes one up.

use crate::operators::{Operator, two_operators};
use samverkan_proto::code::{Bases, Classes};
use samverkan_proto::ids::{AgreementId, OrgId};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::agreement::{
    Agreement, AgreementFields, Clause, Provision, SignedAgreement, Terms,
};
use samverkan_proto::statement::log::{Leaf, OrganisationEntry};
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::evil::{Capture, EvilHub, Forger};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::site::Site;
use samverkan_tests::wire::{Member, Parcel, now_ms, refused};
use serde_json::Value;
use tonic::Code;

/// A hub at which referrals are sent on an agreement alone, with two offices.
fn strict_hub() -> (HubProcess, Operator, Office, Office) {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    let operator = Operator::new(&hub, "drift-ett");
    operator.run(&hub, &["operator", "add", "drift-ett"]).exits(0);
    require_referrals(&hub, &operator);
    (hub, operator, police, association)
}

fn require_referrals(hub: &Site, operator: &Operator) {
    let set = operator.run(hub, &["policy", "set", "--agreement-for", "REFERRAL"]);
    assert_eq!(set.json()["agreement_required"], serde_json::json!(["REFERRAL"]));
}

/// The codes of all that stands in a referral's way, without anything about a person.
fn obstacles(office: &Office, to: &str, more: &[&str]) -> Vec<String> {
    let line = ["send", "--to", to, "--class", "REFERRAL", "--basis", "VITAL_INTEREST", "--dry-run"];
    let outcome = office.run(&[&line[..], more, &["--json"]].concat());
    let found: Value = serde_json::from_str(&outcome.stdout).expect("a document");
    let all = found["obstacles"].as_array().expect("a list").iter();
    all.map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
}

/// Makes the agreement by which the police may refer to the association's mailbox; gives its number.
fn agree(police: &Office, association: &Office) -> String {
    let terms =
        ["--class", "REFERRAL", "--basis", "VITAL_INTEREST", "--basis", "CONSENT", "--answer-within", "2d"];
    let times = ["--valid-until", "2099-12-31", "--proposal", "offer.txt", "--yes"];
    let offered =
        police.json(&[&["agreement", "propose", "--to", association.mailbox()], &terms[..], &times].concat());
    assert_eq!((&offered["published"], &offered["signatures"][0]["given"]), (&false.into(), &1.into()));
    association.file("offer.txt", police.read("offer.txt"));
    let signed = association.json(&["agreement", "sign", "offer.txt", "--yes"]);
    assert_eq!(signed["published"], true, "{signed}");
    signed["agreement"].as_str().expect("a number").to_owned()
}

#[test]
fn a_referral_needs_an_agreement_of_both_and_an_answer_needs_none() {
    let (hub, _operator, police, association) = strict_hub();
    let stod = association.mailbox();
    assert_eq!(obstacles(&police, stod, &[]), ["AGREEMENT_MISSING"]);
    police.refer(stod, "Ett exempel.").refused(6, "AGREEMENT_MISSING");

    let id = agree(&police, &association);
    assert_eq!(obstacles(&police, stod, &[]), [""; 0]);
    let other_basis =
        ["send", "--to", stod, "--class", "REFERRAL", "--basis", "DUTY_TO_DISCLOSE", "--dry-run"];
    police.run(&[&other_basis[..], &["--json"]].concat()).exits(6);
    let reference = police.referred(&association, "Ett exempel.");
    let listed = association.json(&["agreement", "list", "--refresh"]);
    assert_eq!(listed["agreement_required"], serde_json::json!(["REFERRAL"]));
    assert_eq!(listed["agreements"][0]["agreement"], id.as_str());
    assert_eq!(
        (&listed["agreements"][0]["state"], &listed["agreements"][0]["version"]),
        (&"IN_FORCE".into(), &1.into())
    );

    // The other way round nothing was agreed on; what was begun is answered all the same.
    assert_eq!(obstacles(&association, police.mailbox(), &[]), ["AGREEMENT_MISSING"]);
    association.run(&["inbox"]).exits(0);
    let shown = association.json(&["show", &reference]);
    assert!(shown.to_string().contains("Ett exempel."), "{shown}");
    answers(&association, &reference, "Mottaget.");

    // Either party ends it; a second end is one too many.
    let ended = association.json(&["agreement", "end", &id[..8], "--yes"]);
    assert_eq!((&ended["published"], &ended["ended"]), (&true.into(), &true.into()));
    association.run(&["agreement", "end", &id[..8], "--yes", "--json"]).refused(8, "AGREEMENT_OUTDATED");
    assert_eq!(obstacles(&police, stod, &[]), ["AGREEMENT_ENDED"]);
    police.run(&["inbox"]).exits(0);
    answers(&police, &reference, "Tack.");

    // Both agree anew, in the next version.
    let again =
        ["agreement", "propose", "--to", "boj-exempel", "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    let times = ["--valid-until", "2099-12-31", "--replaces", &id, "--proposal", "again.txt", "--yes"];
    police.run(&[&again[..], &times].concat()).exits(0);
    association.file("again.txt", police.read("again.txt"));
    let signed = association.json(&["agreement", "sign", "again.txt", "--yes"]);
    assert_eq!((&signed["agreement"], &signed["version"]), (&id.as_str().into(), &3.into()));
    assert_eq!(obstacles(&police, stod, &[]), [""; 0]);
    police.run(&["log", "verify"]).exits(0);
    hub.terminate();
    hub.operator(&["log", "verify"]).exits(0);
}

fn answers(office: &Office, reference: &str, text: &str) {
    office.file("svar.txt", text);
    let sent = office.json(&["reply", reference, "--text-file", "svar.txt"]);
    assert_eq!(sent["accepted"], true, "{sent}");
}

#[test]
fn the_agreed_answer_time_is_what_a_message_asks_for() {
    let (_hub, _operator, police, association) = strict_hub();
    agree(&police, &association);
    let due = |office: &Office, reference: &str| {
        let inbox = office.json(&["inbox"]);
        let mut threads = inbox["threads"].as_array().expect("threads").iter();
        let thread = threads.find(|thread| thread["reference"] == reference).expect("it came");
        thread["answer_due_at"].as_str().map(str::to_owned)
    };
    let reference = police.referred(&association, "Ett exempel.");
    let agreed = due(&association, &reference);
    assert!(agreed.is_some(), "two days were agreed on");
    let line = [
        "send",
        "--to",
        association.mailbox(),
        "--class",
        "INFORMATION_REQUEST",
        "--basis",
        "VITAL_INTEREST",
    ];
    let open = police.run_with(&[&line[..], &["--text-file", "-", "--json"]].concat(), b"En fraga.");
    open.exits(0);
    let open = open.json()["reference"].as_str().expect("a reference").to_owned();
    assert_eq!(due(&association, &open), None, "nothing was agreed on for that class");
}

/// Whoever leaves its own client's checks out meets the hub's.
#[tokio::test]
async fn the_hub_decides_by_the_header_whatever_the_client_does() {
    let hub = HubProcess::start();
    let (from, to) = (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
    let peer = from.connect(&hub);
    Parcel::new(&from, &[&to]).submit(&peer).await.expect("open, before an operator says otherwise");
    let operator = Operator::new(&hub, "drift-ett");
    operator.run(&hub, &["operator", "add", "drift-ett"]).exits(0);
    require_referrals(&hub, &operator);
    let refusal = refused("no agreement", Parcel::new(&from, &[&to]).submit(&peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::AgreementMissing, "");

    let version = |sender: &Member, recipient: &Member| agreement(sender.org(), recipient.org());
    let publish = async |signed: SignedAgreement| {
        let request = v1::PublishAgreementRequest { agreement: signed.bytes().clone() };
        peer.call::<_, v1::PublishAgreementResponse>("DirectoryService/PublishAgreement", &request).await
    };
    let agreement = version(&from, &to);
    let one = SignedAgreement::sign(&agreement, org(from.org()), &from.device().signer).expect("a party");
    let one_sided = refused("one-sided", publish(one.clone()).await);
    one_sided.is(Code::FailedPrecondition, ErrorReason::AgreementRefused, "wrong_signers");
    let both = one.countersign(org(to.org()), &to.device().signer).expect("the other party");
    let size = publish(both.clone()).await.expect("both have signed").log_size;
    assert_eq!(publish(both).await.expect("the same again").log_size, size);
    Parcel::new(&from, &[&to]).submit(&peer).await.expect("agreed on");
    let back = refused("back", Parcel::new(&to, &[&from]).submit(&to.connect(&hub)).await);
    back.is(Code::FailedPrecondition, ErrorReason::AgreementMissing, "");
}

fn org(id: [u8; 16]) -> OrgId {
    OrgId::parse(&id).expect("an organisation")
}

/// Everything on every basis, for an hour.
fn agreement(sender: [u8; 16], recipient: [u8; 16]) -> Agreement {
    let clause =
        Clause { mailbox: None, classes: Classes::ALL, bases: Bases::ALL, answer_within_minutes: None };
    let (valid_from_ms, valid_until_ms) = (now_ms(), now_ms() + 3_600_000);
    Agreement::build(AgreementFields {
        id: AgreementId::parse(&[7; 16]).expect("not zero"),
        version: 1,
        prev: [0; 32],
        sender: org(sender),
        recipient: org(recipient),
        issued_ms: valid_from_ms,
        provision: Provision::Terms(Terms { valid_from_ms, valid_until_ms, clauses: vec![clause] }),
    })
    .expect("an agreement")
}

#[test]
fn the_policy_takes_two_operators_where_they_agreed_on_that_and_says_what_it_is() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    hub.operator(&["policy", "set", "--agreement-for", "REFERRAL", "--json"]).refused(8, "OPERATOR_MISSING");
    let [one, two] = two_operators(&hub);
    let waiting = one.run(&hub, &["policy", "set", "--agreement-for", "CONCERN_REPORT"]).json();
    assert_eq!((&waiting["state"], &waiting["agreement_for"]), (&"WAITING".into(), &"CONCERN_REPORT".into()));
    let open = hub.operator(&["policy", "show", "--json"]).json();
    assert_eq!(open["agreement_required"], serde_json::json!([]));
    let reference = waiting["reference"].as_str().expect("a reference");
    let shown = hub.operator(&["operator", "sign", reference]);
    assert!(
        shown.stdout.contains("agreement for") && shown.stdout.contains("CONCERN_REPORT"),
        "{}",
        shown.stdout
    );
    two.run(&hub, &["operator", "sign", reference, "--yes"]).exits(0);
    let set = hub.operator(&["policy", "show", "--json"]).json();
    assert_eq!(set["agreement_required"], serde_json::json!(["CONCERN_REPORT"]));

    // Every member reads it in the log, and a restart forgets nothing.
    let actions = police.json(&["org", "list", "--refresh"]);
    assert!(actions["organisations"].is_array());
    let actions = police.json(&["log", "actions"]);
    let last = actions["actions"].as_array().expect("a list").last().expect("an action").clone();
    assert_eq!(
        (&last["action"], &last["agreement_required"][0]),
        (&"SET_POLICY".into(), &"CONCERN_REPORT".into())
    );
    hub.kill9();
    hub.restart();
    let line =
        ["send", "--to", association.mailbox(), "--class", "CONCERN_REPORT", "--basis", "DUTY_TO_REPORT"];
    police
        .run_with(&[&line[..], &["--text-file", "-", "--json"]].concat(), b"Ett exempel.")
        .refused(6, "AGREEMENT_MISSING");
    assert_eq!(obstacles(&police, association.mailbox(), &[]), [""; 0]);
}

/// The hub signs for everybody whose keys it does not have: every member's client refuses the log.
#[tokio::test]
async fn a_hub_that_makes_an_agreement_up_is_found_out() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "brottsoffer");
    let _association = Office::open(&hub, &ASSOCIATION, "stod");
    police.run(&["org", "list", "--refresh"]).exits(0);
    let log = Capture::record_log(&hub, &police).await;
    hub.terminate();
    let forger = Forger::of(&hub, &log);
    let entries = log.entries.iter().filter(|entry| entry.leaf[0] == 5);
    let ids: Vec<[u8; 16]> = entries
        .map(|entry| OrganisationEntry::parse(entry.record.clone()).expect("an entry"))
        .map(|entry| *entry.fields().org_id.as_bytes())
        .collect();
    let other = ids.iter().find(|id| **id != ids[0]).expect("two organisations");
    let key = Signer::from_seed(&[5; 32]).expect("a key of nobody's");
    let forged = SignedAgreement::sign(&agreement(ids[0], *other), org(ids[0]), &key)
        .and_then(|one| one.countersign(org(*other), &key))
        .expect("both are parties");
    let leaf = Leaf::of_agreement(&forged).encode().into();
    let more = v1::LogEntry { leaf, record: forged.bytes().clone() };
    let entries = log.entries.iter().cloned().chain([more]).collect();
    let _evil = EvilHub::start(&hub, &forger.show(&log, entries, now_ms()));
    police.run(&["agreement", "list", "--refresh", "--json"]).refused(9, "LOG_FORKED");
}
