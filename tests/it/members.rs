//! Story 7, its people: who comes into an organisation, what they may do, and what happens when they go.

use crate::ground::Ground;
use samverkan_proto::statement::member::MemberInvite;
use samverkan_proto::v1::{self, ErrorReason, RequestMembershipResponse};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::ordinary::set_mode;
use samverkan_tests::process::Running;
use samverkan_tests::until::until;
use samverkan_tests::wire::{Joiner, Member, Parcel, Peer, refused};
use serde_json::Value;
use tonic::Code;

const REQUEST: &str = "EnrolmentService/RequestMembership";
const HANDLER: [&str; 4] = ["--role", "handler", "--mailbox", "stod"];

/// A hub and the two offices.
fn offices() -> (HubProcess, Office, Office) {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    for office in [&police, &association] {
        office.file("text.txt", "Ett exempel.\n");
    }
    (hub, police, association)
}

fn threads(list: &Value) -> Vec<&str> {
    let threads = list["threads"].as_array().expect("threads");
    threads.iter().map(|thread| thread["reference"].as_str().expect("one")).collect()
}

/// The number of a machine, as its colleagues see it.
fn device_of(office: &Office) -> String {
    office.json(&["key", "show"])["device"].as_str().expect("a device").to_owned()
}

#[test]
fn two_devices_of_one_mailbox_receive_send_and_see_each_others_mail() {
    let (_hub, police, first) = offices();
    let second = first.take_in(&HANDLER);
    second.file("text.txt", "Ett svar.\n");
    let members = first.json(&["member", "list"]);
    assert_eq!(members["members"].as_array().map(Vec::len), Some(2), "{members}");

    let reference = police.referred(&first, "Ett exempel.");
    assert_eq!(threads(&second.json(&["inbox"])), [&*reference]);
    // The first of the two that has it is enough.
    assert_eq!(police.json(&["track", &reference])["overall"], "DELIVERED");
    assert_eq!(threads(&first.json(&["inbox"])), [&*reference]);

    second.run(&["reply", &reference, "--text-file", "text.txt"]).ok();
    first.run(&["inbox"]).ok();
    let shown = first.json(&["show", &reference]);
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(2), "the colleague's answer: {shown}");
    assert_eq!(police.json(&["track", &reference])["overall"], "ANSWERED");

    let begun = second.referred(&police, "Ett exempel.");
    first.run(&["inbox"]).ok();
    assert_eq!(threads(&first.json(&["sent"])), [&*begun], "what a colleague sent");
    assert_eq!(threads(&police.json(&["inbox"])), [&*begun]);
}

#[test]
fn who_has_asked_waits_and_is_told_so_until_an_admin_approves() {
    let (_hub, _police, first) = offices();
    let second = first.applicant(&HANDLER);
    second.run(&["inbox", "--json"]).refused(3, "MEMBERSHIP_WAITS");
    assert_eq!(second.json(&["join"])["kind"], "membership_waits");
    first.run(&["member", "approve", "--json"]).refused(2, "ARGUMENT_MISSING");
    first.run(&["member", "approve", "2", "--yes", "--json"]).refused(4, "MEMBER_REQUEST_UNKNOWN");
    first.run(&["member", "approve", "--yes"]).ok();
    let joined = second.json(&["join"]);
    assert_eq!(
        (&joined["kind"], &joined["mailboxes"][0]),
        (&"joined_as_member".into(), &"boj-exempel/stod".into())
    );
    assert_eq!(joined["safety_number"], first.json(&["key", "show"])["safety_number"]);
    second.run(&["join", "--json"]).refused(8, "ALREADY_JOINED");
    assert_eq!(first.json(&["member", "approve"])["requests"], Value::Array(Vec::new()));
}

#[test]
fn an_invite_is_used_once_and_a_second_person_gets_nothing() {
    let (_hub, _police, first) = offices();
    let invited = first.json(&[&["member", "invite"], &HANDLER[..]].concat());
    let invite = invited["invite"].as_str().expect("an invite");
    let (one, other) = (samverkan_tests::office::invited(invite), samverkan_tests::office::invited(invite));
    one.run(&["join", "invitation.txt"]).ok();
    other.run(&["join", "invitation.txt", "--json"]).refused(6, "INVITE_INVALID");
    first.run(&["member", "approve", "--yes"]).ok();
    other.run(&["join", "--json"]).refused(6, "INVITE_INVALID");
    one.run(&["join"]).ok();
    other.run(&["join", "--json"]).refused(6, "INVITE_INVALID");
}

/// What a hub can do that wants its own device in the organisation: it knows the code, and not the secret.
#[tokio::test]
async fn a_device_that_the_hub_puts_in_the_place_of_the_invited_one_is_not_signed() {
    let (hub, _police, first) = offices();
    let invited = first.json(&[&["member", "invite"], &HANDLER[..]].concat());
    let invite = MemberInvite::parse(invited["invite"].as_str().expect("an invite")).expect("an invite");
    let code = *invite.secret().hub_code().expose();
    let forged = Joiner { secret: code, ..Joiner::new(*invite.org().as_bytes()) };
    let request = v1::RequestMembershipRequest { code: code.to_vec().into(), ..forged.request() };
    let waits: RequestMembershipResponse =
        Peer::stranger(&hub).call(REQUEST, &request).await.expect("the hub can not tell");
    assert!(waits.certificate.is_empty());
    let before = first.json(&["member", "list"])["serial"].clone();
    first.run(&["member", "approve", "--yes", "--json"]).refused(9, "MEMBER_REQUEST_FORGED");
    assert_eq!(first.json(&["member", "list", "--refresh"])["serial"], before);
}

#[tokio::test]
async fn the_hub_takes_a_request_for_its_own_code_and_organisation_alone() {
    let ground = Ground::new().await;
    let stranger = Peer::stranger(ground.hub);
    let joiner = Joiner::invited(&ground.sender, &ground.peer).await;
    let refuse = async |case: &str, request: &v1::RequestMembershipRequest| {
        refused(case, stranger.call::<_, RequestMembershipResponse>(REQUEST, request).await)
    };
    let invalid = |refusal: samverkan_tests::wire::Refused| {
        refusal.is(Code::PermissionDenied, ErrorReason::InviteInvalid, "");
    };
    let request = joiner.request();
    let of_other = Joiner { org: ground.recipient.org(), ..Joiner::new(joiner.org) };
    let elsewhere = v1::RequestMembershipRequest { code: request.code.clone(), ..of_other.request() };
    invalid(refuse("another organisation's", &elsewhere).await);
    invalid(refuse("a code nobody was told", &Joiner::new(joiner.org).request()).await);
    let short = v1::RequestMembershipRequest { code: vec![1; 15].into(), ..request.clone() };
    refuse("a short code", &short).await.is(Code::InvalidArgument, ErrorReason::InvalidField, "code");
    let foreign = Joiner::new(joiner.org).device.certificate_request().into();
    let swapped = v1::RequestMembershipRequest { certificate_request: foreign, ..request.clone() };
    let refusal = refuse("a certificate for another key", &swapped).await;
    refusal.is(Code::InvalidArgument, ErrorReason::InvalidField, "certificate_request");

    for _ in 0..2 {
        let waits: RequestMembershipResponse = stranger.call(REQUEST, &request).await.expect("it waits");
        assert!(waits.certificate.is_empty() && waits.handle == ground.sender.handle());
    }
    let second = Joiner { secret: joiner.secret, ..Joiner::new(joiner.org) };
    invalid(refuse("the code a second time", &second.request()).await);
    let listed: v1::ListMembershipRequestsResponse = ground
        .peer
        .call("MembershipService/ListMembershipRequests", &v1::ListMembershipRequestsRequest {})
        .await
        .expect("a list");
    assert_eq!(
        (&*listed.requests[0].request, &*listed.requests[0].code_hash),
        (&*joiner.statement(), &joiner.code_hash()[..])
    );
    assert_eq!(listed.requests.len(), 1);
}

#[tokio::test]
async fn only_admins_invite_and_see_who_asks() {
    let mut ground = Ground::new().await;
    for roles in [2, 4, 6] {
        let device = ground.sender.add_device(ground.hub, roles | 4).await;
        let peer = ground.sender.devices[device].connect(ground.hub);
        let refusal = refused("inviting", Joiner::new(ground.sender.org()).announce(&peer).await);
        refusal.is(Code::PermissionDenied, ErrorReason::RoleMissing, "");
        let request = v1::ListMembershipRequestsRequest {};
        let list = peer.call::<_, v1::ListMembershipRequestsResponse>(
            "MembershipService/ListMembershipRequests",
            &request,
        );
        refused("listing", list.await).is(Code::PermissionDenied, ErrorReason::RoleMissing, "");
    }
}

#[tokio::test]
async fn an_organisation_has_so_many_invites_open_and_no_more() {
    let hub = HubProcess::shared();
    let member = Member::join(hub, "inbjudande").await;
    let peer = member.connect(hub);
    for _ in 0..64 {
        Joiner::new(member.org()).announce(&peer).await.expect("an invite");
    }
    let refusal = refused("the 65th", Joiner::new(member.org()).announce(&peer).await);
    refusal.is(Code::ResourceExhausted, ErrorReason::QuotaExceeded, "");
}

#[test]
fn a_reader_reads_and_is_refused_before_anything_is_typed() {
    let (_hub, police, first) = offices();
    let reader = first.take_in(&["--role", "reader", "--mailbox", "stod"]);
    reader.file("text.txt", "Ett exempel.\n");
    let reference = police.referred(&first, "Ett exempel.");
    assert_eq!(threads(&reader.json(&["inbox"])), [&*reference]);
    assert_eq!(police.json(&["track", &reference])["overall"], "DELIVERED");
    // No text is given, and none is asked for.
    let bare =
        ["send", "--to", police.mailbox(), "--class", "REFERRAL", "--basis", "VITAL_INTEREST", "--json"];
    reader.run(&bare).refused(6, "ROLE_MISSING");
    reader.run(&["reply", &reference, "--text-file", "text.txt", "--json"]).refused(6, "ROLE_MISSING");
    for line in [
        &["member", "invite", "--role", "reader"][..],
        &["member", "approve"],
        &["mailbox", "add", "jour"],
        &["org", "threshold", "1"],
    ] {
        reader.run(&[line, &["--json"]].concat()).refused(6, "ADMIN_ONLY");
    }
}

#[tokio::test]
async fn a_readers_message_is_refused_by_the_hub() {
    let mut ground = Ground::new().await;
    let reader = ground.sender.add_device(ground.hub, 4).await;
    let peer = ground.sender.devices[reader].connect(ground.hub);
    let mut parcel = Parcel::new(&ground.sender, &[&ground.recipient]);
    parcel.header.sender_device = ground.sender.devices[reader].id();
    refused("a reader's", parcel.submit(&peer).await).is(
        Code::PermissionDenied,
        ErrorReason::RoleMissing,
        "",
    );
}

#[test]
fn who_is_removed_is_cut_off_at_once_and_leaves_a_list_behind() {
    let (_hub, police, first) = offices();
    let second = first.take_in(&[&HANDLER[..], &["--label", "datorn i receptionen"]].concat());
    second.file("text.txt", "Ett exempel.\n");
    let waiting = police.referred(&first, "Ett exempel.");
    first.run(&["inbox"]).ok();
    let begun = second.referred(&police, "Ett exempel.");
    first.run(&["inbox"]).ok();
    let log = second.folder().join("watch.log");
    let mut watch = Running::start(&mut second.command(&["watch", "--json"]), &log);
    until("it watches", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Watching")).then_some(())
    });

    let removed = first.json(&["member", "remove", "datorn i receptionen", "--reason", "left", "--yes"]);
    assert_eq!(removed["hand_over"]["unanswered"], serde_json::json!([waiting]), "{removed}");
    assert_eq!(removed["hand_over"]["begun"], serde_json::json!([begun]), "{removed}");
    assert_eq!(until("the stream ends", || watch.finished()).code(), Some(6));
    let said = std::fs::read_to_string(&log).expect("a log");
    assert!(said.contains("DEVICE_REVOKED"), "{said}");
    second.run(&["inbox", "--json"]).refused(6, "DEVICE_REVOKED");
    assert_eq!(first.json(&["member", "list"])["members"].as_array().map(Vec::len), Some(1));
    // Nothing is sealed to it any more, and the mailbox goes on.
    let next = police.referred(&first, "Ett exempel.");
    assert!(threads(&first.json(&["inbox"])).contains(&&*next));
}

#[test]
fn the_last_admin_and_the_last_reader_stay() {
    let (_hub, _police, first) = offices();
    let own = device_of(&first);
    first.run(&["member", "remove", &own, "--yes", "--json"]).refused(6, "LAST_ADMIN");
    let second = first.take_in(&["--role", "handler", "--label", "jouren"]);
    first.run(&["mailbox", "add", "jour", "--reader", "jouren"]).ok();
    first.run(&["mailbox", "add", "jour", "--json"]).refused(8, "MAILBOX_EXISTS");
    first.run(&["member", "remove", "jouren", "--yes", "--json"]).refused(6, "LAST_READER");
    first.run(&["mailbox", "assign", "jour", "jouren", "--remove", "--json"]).refused(6, "LAST_READER");
    second.run(&["inbox"]).ok();
    let readers = |list: &Value| {
        let jour =
            list["mailboxes"].as_array().expect("mailboxes").iter().find(|one| one["mailbox"] == "jour");
        jour.map_or(0, |one| one["readers"].as_array().expect("readers").len())
    };
    assert_eq!(readers(&second.json(&["mailbox", "list"])), 1);
    first.run(&["mailbox", "assign", "jour", &own]).ok();
    assert_eq!(readers(&first.json(&["mailbox", "list"])), 2);
    first.run(&["mailbox", "assign", "jour", &own, "--json"]).refused(8, "NOTHING_TO_CHANGE");
    first.run(&["member", "remove", "jouren", "--reason", "replaced", "--yes"]).ok();
    assert_eq!(readers(&first.json(&["mailbox", "list"])), 1);
}

#[test]
fn two_admins_sign_each_change_when_the_organisation_wants_it() {
    let (_hub, _police, first) = offices();
    let second = first.take_in(&["--role", "admin", "--role", "handler", "--mailbox", "stod"]);
    first.run(&["org", "threshold", "3", "--json"]).refused(2, "THRESHOLD_INVALID");
    assert_eq!(first.json(&["org", "threshold", "2"])["published"], true);

    let proposed = first.json(&["mailbox", "add", "jour", "--proposal", "proposal.txt"]);
    assert_eq!((&proposed["published"], &proposed["needed"]), (&false.into(), &2.into()), "{proposed}");
    assert_eq!(first.json(&["mailbox", "list", "--refresh"])["mailboxes"].as_array().map(Vec::len), Some(1));
    first.run(&["org", "cosign", "proposal.txt", "--yes", "--json"]).refused(8, "PROPOSAL_SIGNED");
    let proposal = first.read("proposal.txt");
    second.file("proposal.txt", &proposal);
    second.run(&["org", "cosign", "proposal.txt", "--json"]).refused(2, "ARGUMENT_MISSING");
    let cosigned = second.run(&["org", "cosign", "proposal.txt", "--yes"]);
    assert!(cosigned.stderr.contains("mailbox jour comes"), "{}", cosigned.stderr);
    cosigned.ok();
    assert_eq!(second.json(&["mailbox", "list"])["mailboxes"].as_array().map(Vec::len), Some(2));
    second.run(&["org", "cosign", "proposal.txt", "--yes", "--json"]).refused(8, "PROPOSAL_OUTDATED");

    let third = first.applicant(&HANDLER);
    let proposed = first.json(&["member", "approve", "--yes", "--proposal", "third.txt"]);
    assert_eq!(proposed["published"], false);
    assert_eq!(third.json(&["join"])["kind"], "membership_waits", "one admin is not enough");
    second.file("third.txt", first.read("third.txt"));
    second.run(&["org", "cosign", "third.txt", "--yes"]).ok();
    assert_eq!(third.json(&["join"])["kind"], "joined_as_member");

    let mut touched = String::from_utf8(proposal).expect("text");
    touched.replace_range(100..101, if &touched[100..101] == "A" { "B" } else { "A" });
    second.file("touched.txt", touched);
    let refusal = second.run(&["org", "cosign", "touched.txt", "--yes", "--json"]);
    assert!(matches!(refusal.code, Some(8 | 9)), "{}", refusal.stderr);
}

#[test]
fn who_named_another_organisation_or_founds_one_is_told() {
    let (_hub, _police, first) = offices();
    let invited = first.json(&[&["member", "invite"], &HANDLER[..]].concat());
    let person = samverkan_tests::office::invited(invited["invite"].as_str().expect("an invite"));
    let refusal = person.run(&["join", "invitation.txt", "--handle", "kvj-exempel", "--json"]);
    let refusal = refusal.refused(6, "INVITE_FOR_OTHER");
    assert!(refusal["message"].as_str().is_some_and(|message| message.contains("boj-exempel")), "{refusal}");
    first.run(&["member", "approve", "--yes"]).ok();
    assert_eq!(person.json(&["join", "--handle", "boj-exempel"])["kind"], "joined_as_member");
    let nobody = samverkan_tests::cli::Cli::new();
    nobody.run(&["join", "--json"]).refused(2, "ARGUMENT_MISSING");
}

/// A second invitation before the first is approved: the person has lost the first, or asked the wrong admin.
#[test]
fn another_invitation_begins_anew_with_other_keys() {
    let (_hub, _police, first) = offices();
    let second = first.applicant(&HANDLER);
    let before = second.json(&["join"])["device"].clone();
    let invited = first.json(&["member", "invite", "--role", "reader"]);
    second.file("invitation.txt", invited["invite"].as_str().expect("an invite"));
    let asked = second.json(&["join", "invitation.txt"]);
    assert_ne!(asked["device"], before);
    let kit = String::from_utf8(first.read("kit-1.txt")).expect("text");
    second.file("kit.txt", kit);
    set_mode(&second.folder().join("kit.txt"), 0o600);
    let recover = ["recover", "kit.txt", "--handle", ASSOCIATION.handle, "--json"];
    second.run(&recover).refused(8, "INVITE_OTHER");
    first.run(&["member", "approve", "--yes", "--json"]).refused(2, "ARGUMENT_MISSING");
    let number = |wanted: &Value| {
        let place = [&before, &asked["device"]].map(|device| device.as_str().expect("a device"));
        if (place[0] < place[1]) == (wanted == &before) { "1" } else { "2" }
    };
    first.run(&["member", "approve", number(&asked["device"]), "--yes"]).ok();
    let joined = second.json(&["join"]);
    assert_eq!(
        (&joined["kind"], &joined["roles"]),
        (&"joined_as_member".into(), &serde_json::json!(["READER"]))
    );
}

/// The admin approves, the operator suspends, and only then the newcomer asks for the certificate.
#[test]
fn a_suspended_organisation_gets_no_certificate_for_a_new_device() {
    let (hub, _police, first) = offices();
    let second = first.applicant(&HANDLER);
    first.run(&["member", "approve", "--yes"]).ok();
    hub.suspend(ASSOCIATION.handle);
    second.run(&["join", "--json"]).refused(6, "ORGANISATION_SUSPENDED");
    hub.resume(ASSOCIATION.handle);
    assert_eq!(second.json(&["join"])["kind"], "joined_as_member");
}

#[test]
fn an_invitation_that_is_taken_back_lets_nobody_in() {
    let (_hub, _police, first) = offices();
    first.run(&["member", "withdraw", "--json"]).refused(4, "MEMBER_REQUEST_UNKNOWN");
    let waiting = first.applicant(&[&HANDLER[..], &["--label", "jouren"]].concat());
    let withdrawn = first.json(&["member", "withdraw"]);
    assert_eq!(
        (&withdrawn["kind"], &withdrawn["invite"]["label"]),
        (&"member_invite_withdrawn".into(), &"jouren".into())
    );
    assert_eq!(first.json(&["member", "approve"])["requests"], Value::Array(Vec::new()), "nobody waits");
    waiting.run(&["join", "--json"]).refused(6, "INVITE_INVALID");

    let invited = first.json(&[&["member", "invite"], &HANDLER[..]].concat());
    let other = first.json(&["member", "invite", "--role", "reader", "--label", "natten"]);
    first.run(&["member", "withdraw", "--json"]).refused(2, "ARGUMENT_MISSING");
    assert_eq!(
        first.json(&["member", "withdraw", "1"])["invite"]["roles"],
        serde_json::json!(["HANDLER", "READER"])
    );
    let person = samverkan_tests::office::invited(invited["invite"].as_str().expect("an invite"));
    person.run(&["join", "invitation.txt", "--json"]).refused(6, "INVITE_INVALID");
    let person = samverkan_tests::office::invited(other["invite"].as_str().expect("an invite"));
    assert_eq!(person.json(&["join", "invitation.txt"])["kind"], "membership_waits", "the other one works");
}

#[test]
fn a_device_gets_other_roles_while_an_admin_is_left() {
    let (_hub, police, first) = offices();
    let second = first.take_in(&["--role", "reader", "--mailbox", "stod", "--label", "jouren"]);
    second.file("text.txt", "Ett svar.\n");
    let reference = police.referred(&first, "Ett exempel.");
    second.run(&["inbox"]).ok();
    let answer = ["reply", &reference, "--text-file", "text.txt", "--json"];
    second.run(&answer).refused(6, "ROLE_MISSING");
    first.run(&["member", "role", "jouren", "--role", "handler"]).ok();
    second.run(&["inbox"]).ok();
    second.run(&answer).exits(0);
    first.run(&["member", "role", "jouren", "--role", "handler", "--json"]).refused(8, "NOTHING_TO_CHANGE");
    first.run(&["member", "role", "jouren", "--role", "admin", "--json"]).refused(2, "ROLES_CONTRADICT");
    let own = device_of(&first);
    first.run(&["member", "role", &own, "--role", "handler", "--json"]).refused(6, "LAST_ADMIN");
    second.run(&["member", "role", &own, "--role", "reader", "--json"]).refused(6, "ADMIN_ONLY");
}
