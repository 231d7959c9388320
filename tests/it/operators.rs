//! Operators with keys of their own: what they sign is done and stands in every member's log; two must sign what cuts somebody off, where
//! they have agreed on that; and a hub that moves somebody without them is found out.

use samverkan_hub::keys::load_operator_key;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::limits::SECOND_SIGNATURE_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::log::{Leaf, OrganisationEntry, OrganisationFields};
use samverkan_proto::statement::operator::SignedAction;
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::evil::{Capture, EvilHub, Forger};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Outcome;
use samverkan_tests::site::Site;
use samverkan_tests::wire::{Peer, now_ms, refused};
use serde_json::Value;
use tonic::Code;

const HOUR_MS: u64 = 3_600_000;
const MINUTE_MS: u64 = 60_000;

/// An operator with a key in a file of the hub's folder.
pub(crate) struct Operator {
    file: String,
    public_key: String,
}

impl Operator {
    pub(crate) fn new(hub: &Site, name: &str) -> Self {
        let file = hub.folder().join(format!("{name}.pem"));
        let file = file.to_str().expect("UTF-8").to_owned();
        let public_key = hub.operator(&["operator", "new", &file]).ok().trim().to_owned();
        Self { file, public_key }
    }

    /// One of the operator's commands, signed with this key.
    pub(crate) fn run(&self, hub: &Site, words: &[&str]) -> Outcome {
        hub.operator(&[words, &["--key", &self.file, "--json"]].concat())
    }

    fn signer(&self) -> Signer {
        load_operator_key(self.file.as_ref()).expect("the operator's key")
    }
}

/// Two operators, each of whom must agree before somebody is cut off.
pub(crate) fn two_operators(hub: &Site) -> [Operator; 2] {
    let [one, two] = ["drift-ett", "drift-tva"].map(|name| Operator::new(hub, name));
    one.run(hub, &["operator", "add", "drift-ett"]).exits(0);
    one.run(hub, &["operator", "add", "drift-tva", &two.public_key]).exits(0);
    one.run(hub, &["operator", "rule", "two"]).exits(0);
    [one, two]
}

fn state_of(hub: &Site, handle: &str) -> String {
    text(&hub.operator(&["org", "show", handle, "--json"]).json()["state"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Begins what needs a second signature; gives what it is called by.
fn begun(hub: &Site, by: &Operator, words: &[&str]) -> String {
    let waiting = by.run(hub, words).json();
    assert_eq!(waiting["state"], "WAITING", "{waiting}");
    text(&waiting["reference"])
}

/// The action that waits under a reference, as the hub has it.
async fn waiting(hub: &Site, reference: &str) -> SignedAction {
    let peer = Peer::operator(hub);
    let described: v1::DescribeOperatorsResponse = peer
        .call("RegistryService/DescribeOperators", &v1::DescribeOperatorsRequest {})
        .await
        .expect("an answer");
    let parsed = described.waiting.into_iter().map(|one| SignedAction::parse(one.action).expect("an action"));
    let called = |action: &SignedAction| {
        data_encoding::HEXLOWER.encode(&action.statement().hash()).starts_with(&reference.replace('-', ""))
    };
    parsed.into_iter().find(called).expect("it waits")
}

async fn hand_in(
    hub: &Site,
    action: &SignedAction,
) -> Result<v1::ActResponse, samverkan_tests::wire::Refused> {
    let request = v1::ActRequest { action: action.bytes().clone(), invitation: None };
    Peer::operator(hub).call("RegistryService/Act", &request).await
}

#[tokio::test]
async fn one_operator_does_not_suspend_and_two_do() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "anmalan");
    let association = Office::open(&hub, &ASSOCIATION, "stod");
    let check = hub.operator(&["check"]);
    assert!(check.stdout.contains("acts unsigned"), "{}", check.stdout);
    let [one, two] = two_operators(&hub);
    let stranger = Operator::new(&hub, "okand");

    // Nothing happens unsigned any more, neither by the commands nor past them.
    hub.operator(&["org", "suspend", "boj-exempel", "--json"]).refused(3, "OPERATOR_KEY_NEEDED");
    let request = v1::SuspendOrganisationRequest { handle: "boj-exempel".to_owned() };
    let unsigned = Peer::operator(&hub)
        .call::<_, v1::SuspendOrganisationResponse>("RegistryService/SuspendOrganisation", &request)
        .await;
    refused("unsigned", unsigned).is(Code::FailedPrecondition, ErrorReason::OperatorSignatureRequired, "");
    stranger.run(&hub, &["org", "suspend", "boj-exempel"]).refused(6, "ACTION_REFUSED");

    let suspend = ["org", "suspend", "boj-exempel"];
    let reference = begun(&hub, &one, &suspend);
    assert_eq!(state_of(&hub, "boj-exempel"), "ACTIVE");
    one.run(&hub, &["operator", "sign", &reference, "--yes"]).refused(6, "ACTION_REFUSED");
    stranger.run(&hub, &["operator", "sign", &reference, "--yes"]).refused(6, "ACTION_REFUSED");
    assert_eq!(begun(&hub, &one, &suspend), reference, "the same again waits already");
    assert_eq!(begun(&hub, &two, &suspend), reference, "and for whoever else wants it");

    hub.kill9();
    hub.restart();
    let pending = hub.operator(&["operator", "pending", "--json"]).json();
    assert_eq!(pending["waiting"][0]["reference"], *reference);
    assert_eq!(pending["waiting"][0]["signed_by"], "drift-ett");
    assert_eq!(state_of(&hub, "boj-exempel"), "ACTIVE");
    two.run(&hub, &["operator", "sign", &reference, "--yes"]).exits(0);
    assert_eq!(state_of(&hub, "boj-exempel"), "SUSPENDED");
    two.run(&hub, &["operator", "sign", &reference, "--yes"]).refused(4, "ACTION_UNKNOWN");
    association.run(&["org", "list", "--refresh", "--json"]).refused(6, "ORGANISATION_SUSPENDED");

    // What two did one does not undo.
    let reference = begun(&hub, &two, &["org", "resume", "boj-exempel"]);
    assert_eq!(state_of(&hub, "boj-exempel"), "SUSPENDED");
    one.run(&hub, &["operator", "sign", &reference, "--yes"]).exits(0);
    assert_eq!(state_of(&hub, "boj-exempel"), "ACTIVE");
    police.run(&["org", "list", "--refresh"]).exits(0);
    is_listed(&police);
    hub.terminate();
    hub.operator(&["log", "verify"]).exits(0);
}

/// Nobody signs what they were not shown: an organisation with where it stands, a new operator with its key.
#[tokio::test]
async fn who_signs_second_sees_the_whole_deed_and_is_asked() {
    let hub = HubProcess::start();
    let _association = Office::open(&hub, &ASSOCIATION, "stod");
    let [one, two] = two_operators(&hub);
    let three = Operator::new(&hub, "drift-tre");

    let reference = begun(&hub, &one, &["org", "suspend", "boj-exempel"]);
    assert_eq!(reference.replace('-', "").len(), 32, "128 bits: {reference}");
    two.run(&hub, &["operator", "sign", &reference[..8], "--yes"]).refused(4, "ACTION_UNKNOWN");
    let org_id = text(&hub.operator(&["org", "show", "boj-exempel", "--json"]).json()["org_id"]);
    let shown = hub.operator(&["operator", "sign", &reference, "--key", &two.file]);
    for part in ["SUSPEND boj-exempel", &org_id, "ACTIVE since", "drift-ett (", "lapses", &reference] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    shown.exits(2);
    assert_eq!(state_of(&hub, "boj-exempel"), "ACTIVE");

    let reference = begun(&hub, &one, &["operator", "add", "drift-tre", &three.public_key]);
    let pending = hub.operator(&["operator", "pending", "--json"]).json();
    assert_eq!(pending["waiting"][1]["public_key"], *three.public_key);
    assert!(hub.operator(&["operator", "pending"]).stdout.contains(&three.public_key));
    let asked = two.run(&hub, &["operator", "sign", &reference]);
    assert!(
        asked.stdout.contains(&three.public_key) && asked.stdout.contains("drift-ett"),
        "{}",
        asked.stdout
    );
    asked.refused(2, "USAGE");
    let operators = || hub.operator(&["operator", "list", "--json"]).json()["operators"].clone();
    assert_eq!(operators().as_array().map(Vec::len), Some(2), "nothing is done");
    two.run(&hub, &["operator", "sign", &reference, "--yes"]).exits(0);
    assert_eq!(operators().as_array().map(Vec::len), Some(3));
}

/// What the member reads, without the hub's help.
fn is_listed(police: &Office) {
    let listed = police.json(&["log", "actions"]);
    let rows = listed["actions"].as_array().expect("a list");
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(kinds, ["ADD_OPERATOR", "ADD_OPERATOR", "REQUIRE_TWO", "SUSPEND", "RESUME"]);
    let suspended = &rows[3];
    assert_eq!(suspended["about"], "boj-exempel");
    let by: Vec<&Value> =
        suspended["signatures"].as_array().expect("a list").iter().map(|one| &one["operator"]).collect();
    assert_eq!(by, ["drift-ett", "drift-tva"]);
    assert_eq!(listed["two_must_sign"], true);
    let told = police.run(&["log", "actions"]);
    assert!(told.stdout.contains("drift-ett") && told.stdout.contains("suspended"), "{}", told.stdout);
    police.run(&["log", "verify"]).exits(0);
}

#[tokio::test]
async fn organisations_join_by_what_an_operator_signed() {
    let hub = HubProcess::start();
    let one = Operator::new(&hub, "drift-ett");
    one.run(&hub, &["operator", "add", "drift-ett"]).exits(0);
    hub.operator(&["org", "invite", "x-exempel", "--name", "X", "--number", "8024000005", "--kind", "other"])
        .exits(3);
    // From here on the configuration names the key.
    hub.configure("operator_key", &format!("{:?}", one.file));
    let police = Office::open(&hub, &POLICE, "anmalan");
    assert_eq!(state_of(&hub, "polisen-exempel"), "ACTIVE");
    let invite = hub.invite(&ASSOCIATION);
    assert!(invite.starts_with("svki1-"));
    hub.operator(&["org", "remove", "boj-exempel", "--yes"]).exits(0);
    police.run(&["org", "list", "--refresh"]).exits(0);
    let listed = police.json(&["log", "actions"]);
    let rows = listed["actions"].as_array().expect("a list");
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["action"].as_str()).collect();
    assert_eq!(kinds, ["ADD_OPERATOR", "INVITE", "CONFIRM", "INVITE", "WITHDRAW"]);
    hub.operator(&["operator", "remove", "drift-ett", "--json"]).refused(6, "ACTION_REFUSED");
}

#[tokio::test]
async fn a_second_signature_counts_for_a_day() {
    let hub = ClockedHub::start();
    let _police = Office::open(&hub, &POLICE, "anmalan");
    let [one, two] = two_operators(&hub);
    let reference = begun(&hub, &one, &["org", "suspend", "polisen-exempel"]);
    let first = waiting(&hub, &reference).await;
    let since_start_ms = first.first_ms() - hub.started_ms();

    hub.pass(since_start_ms + SECOND_SIGNATURE_MS + MINUTE_MS);
    let pending = hub.operator(&["operator", "pending", "--json"]).json();
    assert_eq!(pending["waiting"][0]["state"], "LAPSED");
    two.run(&hub, &["operator", "sign", &reference, "--yes"]).refused(8, "ACTION_LAPSED");
    let late = first.countersign(&two.signer(), first.first_ms() + SECOND_SIGNATURE_MS + MINUTE_MS);
    assert!(late.is_err(), "no program makes such an action");
    let back_dated =
        first.countersign(&two.signer(), first.first_ms() + SECOND_SIGNATURE_MS).expect("in time, it says");
    let refusal = refused("back-dated", hand_in(&hub, &back_dated).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::ActionRefused, "action.signed_ms");
    assert_eq!(state_of(&hub, "polisen-exempel"), "ACTIVE");

    hub.pass(since_start_ms + 23 * HOUR_MS);
    let in_time = first.countersign(&two.signer(), first.first_ms() + 23 * HOUR_MS).expect("within a day");
    let answer = hand_in(&hub, &in_time).await.expect("done");
    assert!(answer.waiting.is_none());
    assert_eq!(state_of(&hub, "polisen-exempel"), "SUSPENDED");
    // The same again is the same.
    assert!(hand_in(&hub, &in_time).await.expect("done before").waiting.is_none());
}

#[tokio::test]
async fn an_action_of_another_hub_is_refused() {
    let (here, there) = (HubProcess::start(), HubProcess::start());
    let one = Operator::new(&here, "drift-ett");
    for hub in [&here, &there] {
        one.run(hub, &["operator", "add", "drift-ett"]).exits(0);
        let _office = Office::open(hub_with_key(hub, &one), &POLICE, "anmalan");
    }
    one.run(&here, &["operator", "add", "drift-tva", &Operator::new(&here, "drift-tva").public_key]).exits(0);
    one.run(&here, &["operator", "rule", "two"]).exits(0);
    let reference = begun(&here, &one, &["org", "suspend", "polisen-exempel"]);
    let signed = waiting(&here, &reference).await;
    let refusal = refused("another hub's", hand_in(&there, &signed).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::ActionRefused, "action.hub");
    assert_eq!(state_of(&there, "polisen-exempel"), "ACTIVE");
}

fn hub_with_key<'a>(hub: &'a Site, operator: &Operator) -> &'a Site {
    hub.configure("operator_key", &format!("{:?}", operator.file));
    hub
}

/// The hub has operators, and suspends somebody by its own word: every member's client refuses the log.
#[tokio::test]
async fn a_hub_that_suspends_without_its_operators_is_found_out() {
    let hub = HubProcess::start();
    let police = Office::open(&hub, &POLICE, "anmalan");
    let _association = Office::open(&hub, &ASSOCIATION, "stod");
    let one = Operator::new(&hub, "drift-ett");
    one.run(&hub, &["operator", "add", "drift-ett"]).exits(0);
    police.run(&["org", "list", "--refresh"]).exits(0);
    let log = Capture::record_log(&hub, &police).await;
    hub.terminate();
    let forger = Forger::of(&hub, &log);
    let newest = log.entries.iter().rev().filter(|entry| entry.leaf[0] == 5);
    let parsed = newest.map(|entry| OrganisationEntry::parse(entry.record.clone()).expect("an entry"));
    let entry =
        parsed.into_iter().find(|entry| entry.fields().handle.as_str() == "boj-exempel").expect("a member");
    let fields = OrganisationFields {
        revision: entry.fields().revision + 1,
        state: OrganisationState::Suspended,
        since_ms: now_ms(),
        ..entry.fields().clone()
    };
    let forged = OrganisationEntry::build(fields).expect("an entry");
    let leaf = Leaf::of_organisation(&forged).encode().into();
    let more = v1::LogEntry { leaf, record: forged.bytes().clone() };
    let entries = log.entries.iter().cloned().chain([more]).collect();
    let _evil = EvilHub::start(&hub, &forger.show(&log, entries, now_ms()));
    police.run(&["org", "list", "--refresh", "--json"]).refused(9, "LOG_FORKED");
    police.run(&["inbox", "--json"]).refused(9, "LOG_FORKED");
}
