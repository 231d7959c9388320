//! The recovery kit: what it does for an organisation that has lost its last device, and what it does not do for a thief.

use std::fs;

use prost::Message as _;
use samverkan_proto::sign::Signer;
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::ordinary::set_mode;
use samverkan_tests::process::{Outcome, Running};
use samverkan_tests::until::until;
use samverkan_tests::wire::manifest::{RawDevice, RawManifest, RawRevocation};
use samverkan_tests::wire::{Device, Member, Peer, Refused};
use tonic::Code;

/// An empty computer with nothing on it but a copy of a kit.
fn empty_computer(kit: &str) -> Cli {
    let cli = Cli::new();
    let path = cli.folder().join("kit.txt");
    fs::write(&path, kit).expect("written");
    set_mode(&path, 0o600);
    cli
}

fn recover(cli: &Cli) -> Outcome {
    cli.run(&["recover", "kit.txt", "--handle", ASSOCIATION.handle, "--json"])
}

/// The references that a client has in its inbox, after it has asked the hub.
fn inbox(cli: &Cli) -> Vec<String> {
    let threads = cli.json(&["inbox"])["threads"].as_array().expect("threads").clone();
    threads.iter().map(|thread| thread["reference"].as_str().expect("one").to_owned()).collect()
}

/// The police have compared the association's safety number, and sent it something that it has not fetched.
struct Before {
    hub: HubProcess,
    police: Office,
    association: Office,
    reference: String,
    number: String,
}

impl Before {
    fn new() -> Self {
        let hub = HubProcess::start();
        let (police, association) =
            (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
        police.run(&["inbox"]).exits(0);
        let number = association.safety_number();
        let before = Self { hub, police, association, reference: String::new(), number };
        before.confirm();
        Self { reference: before.police.referred(&before.association, "Ett exempel."), ..before }
    }

    /// The police call, on a number they had before.
    fn confirm(&self) {
        let line = ["org", "verify", ASSOCIATION.handle, "--number", &self.number, "--how", "by-telephone"];
        self.police.run(&line).exits(0);
    }

    /// The same after a recovery, of which they are asked.
    fn confirm_recovery(&self) {
        let line = ["org", "verify", ASSOCIATION.handle, "--number", &self.number, "--how", "by-telephone"];
        self.police.run(&[&line[..], &["--json"]].concat()).refused(2, "ARGUMENT_MISSING");
        self.police.run(&[&line[..], &["--after-recovery"]].concat()).exits(0);
    }

    fn kit(&self, copy: &str) -> String {
        String::from_utf8(self.association.read(copy)).expect("text")
    }

    /// The police send nothing: neither again what came back, nor anything new, by whatever command.
    fn nothing_is_sent(&self) {
        until("it came back", || {
            let track = self.police.json(&["track", &self.reference]);
            (track["overall"] == "UNDECRYPTABLE").then_some(())
        });
        let error =
            self.police.run(&["resend", &self.reference, "--json"]).refused(6, "RECOVERY_UNCONFIRMED");
        assert!(
            error["next"].as_str().is_some_and(|next| next.contains("number you already had")),
            "{error}"
        );
        self.police.refer(self.association.mailbox(), "Ett exempel.").refused(6, "RECOVERY_UNCONFIRMED");
        let supplement = ["reply", &self.reference, "--text-file", "-", "--json"];
        self.police.run_with(&supplement, b"Exempel").refused(6, "RECOVERY_UNCONFIRMED");
        assert!(self.police.run(&["find"]).ok().contains("NOT SINCE ITS RECOVERY"));
        let shown = self.police.run(&["org", "show", ASSOCIATION.handle, "--json"]);
        shown.refused(6, "RECOVERY_UNCONFIRMED");
        let document: serde_json::Value =
            serde_json::from_str(&shown.stdout).expect("it is shown all the same");
        assert_eq!(document["trust"], "recovered");
        assert!(document["recovered_at"].is_string());
    }
}

#[test]
fn an_organisation_whose_last_device_is_gone_begins_anew_with_its_kit_alone() {
    let before = Before::new();
    let first = empty_computer(&before.kit("kit-1.txt"));
    first.run(&["recover", "kit.txt", "--handle", POLICE.handle, "--json"]).refused(6, "KIT_FOR_OTHER");
    first.run(&["recover", "kit.txt", "--json"]).refused(2, "ARGUMENT_MISSING");
    let recovered = recover(&first).json();
    assert_eq!(recovered["safety_number"], before.number.as_str());
    assert_eq!(
        (&recovered["revoked_devices"], &recovered["mailboxes"][0]),
        (&1.into(), &"boj-exempel/stod".into())
    );
    first.run(&["recover", "kit.txt", "--handle", ASSOCIATION.handle, "--json"]).refused(8, "ALREADY_JOINED");
    assert!(inbox(&first).is_empty());

    // The old computer turns up again, and shouts.
    let error = before.association.run(&["inbox", "--json"]).refused(6, "ORGANISATION_RECOVERED");
    assert!(error["next"].as_str().is_some_and(|next| next.contains("operator")), "{error}");

    before.nothing_is_sent();
    before.confirm_recovery();
    // Once somebody has called, it goes out by itself.
    before.police.run(&["inbox"]).exits(0);
    let nothing = before.police.run(&["resend", &before.reference, "--json"]);
    assert_ne!(nothing.code, Some(0), "it was sent again before: {}", nothing.stdout);
    let [came] = &inbox(&first)[..] else { panic!("what was sent again comes") };
    assert!(first.run(&["show", came]).ok().contains("Ett exempel."));
    let answer = ["reply", came.as_str(), "--text-file", "-"];
    first.run_with(&answer, b"Exempel").exits(0);
    before.police.run(&["inbox"]).exits(0);
    until("it is answered", || {
        (before.police.json(&["track", &before.reference])["overall"] == "ANSWERED").then_some(())
    });

    // The second copy is as good, after a second loss; and everybody is asked to call again.
    let second = empty_computer(&before.kit("kit-2.txt"));
    recover(&second).exits(0);
    first.run(&["inbox", "--json"]).refused(6, "ORGANISATION_RECOVERED");
    before.police.refer(before.association.mailbox(), "Ett exempel.").refused(6, "RECOVERY_UNCONFIRMED");
    before.confirm_recovery();
    before.police.refer(before.association.mailbox(), "Ett exempel.").exits(0);
    assert_eq!(inbox(&second).len(), 1);
}

#[test]
fn a_thief_with_a_photographed_kit_collects_nothing_and_everybody_is_alarmed() {
    let before = Before::new();
    let log = before.association.folder().join("watch.log");
    let mut watching = Running::start(&mut before.association.command(&["watch", "--json"]), &log);
    // What was sent before anything was stolen comes, and is the association's own.
    until("it watches", || (before.association.references().len() == 1).then_some(()));
    let pending = before.police.referred(&before.association, "Ett exempel.");
    until("that comes too", || (before.association.references().len() == 2).then_some(()));
    before.police.run(&["track", &pending, "--wait", "DELIVERED"]).exits(0);

    let thief = empty_computer(&before.kit("kit-1.txt"));
    recover(&thief).exits(0);
    // The association is working, and hears of it at once.
    let status = until("the watch ends", || watching.finished());
    let said = fs::read_to_string(&log).expect("a log");
    assert_eq!(status.code(), Some(6), "{said}");
    assert!(said.contains("ORGANISATION_RECOVERED"), "{said}");

    assert!(inbox(&thief).is_empty(), "nothing that was sent before is the thief's");
    before.police.refer(before.association.mailbox(), "Ett exempel.").refused(6, "RECOVERY_UNCONFIRMED");
    before
        .police
        .run_with(&["reply", &pending, "--text-file", "-", "--json"], b"Exempel")
        .refused(6, "RECOVERY_UNCONFIRMED");
    assert!(inbox(&thief).is_empty(), "nothing that is sent now is");
    // Nor is anybody deceived by what the thief writes.
    thief
        .run_with(
            &[
                "send",
                "--to",
                before.police.mailbox(),
                "--class",
                "REFERRAL",
                "--basis",
                "VITAL_INTEREST",
                "--text-file",
                "-",
            ],
            b"Exempel",
        )
        .exits(0);
    before.police.run(&["inbox"]).exits(0);
    let lies = before.police.references();
    let [lie] =
        &lies.iter().filter(|one| **one != pending && **one != before.reference).collect::<Vec<_>>()[..]
    else {
        panic!("one came: {lies:?}")
    };
    assert!(before.police.run(&["show", lie]).ok().contains("RECOVERY KIT WAS USED"));

    // The association calls the operator, who stops the thief, and whoever else has a copy.
    before.hub.suspend(ASSOCIATION.handle);
    thief.run(&["inbox", "--json"]).refused(6, "ORGANISATION_SUSPENDED");
    recover(&empty_computer(&before.kit("kit-2.txt"))).refused(6, "ORGANISATION_SUSPENDED");
}

async fn recovers(hub: &HubProcess, request: &v1::RecoverRequest) -> Result<v1::RecoverResponse, Refused> {
    Peer::stranger(hub).call("EnrolmentService/Recover", request).await
}

fn sorted(mut manifest: RawManifest) -> RawManifest {
    manifest.sort();
    manifest
}

#[tokio::test]
async fn only_the_root_begins_anew_and_only_with_nobody_left() {
    let hub = HubProcess::start();
    let (mut member, other) = (Member::join(&hub, "forlorad").await, Member::join(&hub, "annan").await);
    let second = member.add_device(&hub, 7).await;
    let device = Device::new(7);
    let good = member.recover_request(&device);
    let refused =
        async |what: &str, request: v1::RecoverRequest, field: &str| match recovers(&hub, &request).await {
            Ok(_) => panic!("{what} is taken"),
            Err(refusal) => refusal.is(Code::FailedPrecondition, ErrorReason::ManifestRefused, field),
        };

    // What the root may not begin anew with, and what somebody else signs.
    let mut next = member.next_manifest();
    next.revocations.clear();
    next.devices = vec![device.entry(next.issued_ms)];
    next.mailboxes[0].readers = vec![device.id()];
    let sign = |manifest: &RawManifest, signers: &[(u8, &Signer)]| v1::RecoverRequest {
        signed_manifest: manifest.signed_by(signers).into(),
        ..good.clone()
    };
    refused("nobody is revoked", sign(&next, &[(0, &member.root)]), "revocation_changed").await;
    let mut kept = member.next_manifest();
    kept.devices.push(device.entry(kept.issued_ms));
    kept.sort();
    refused("a device is left", sign(&kept, &[(0, &member.root)]), "wrong_signers").await;
    let admin = 1 + u8::from(member.devices[0].id() > member.devices[second].id());
    let by_admin = sign(&kept, &[(admin, &member.devices[0].signer)]);
    refused("an admin may add a device, but not here", by_admin, "wrong_signers").await;
    let lost =
        |gone: &RawDevice| RawRevocation { device_id: gone.device_id, revoked_ms: next.issued_ms, reason: 1 };
    let anew =
        RawManifest { revocations: member.manifest.devices.iter().map(lost).collect(), ..next.clone() };
    refused("another's root", sign(&sorted(anew), &[(0, &other.root)]), "bad_signature").await;
    let wrong_key = v1::RecoverRequest {
        certificate_request: Device::new(7).certificate_request().into(),
        ..good.clone()
    };
    let refusal = recovers(&hub, &wrong_key).await.expect_err("a request for another key");
    refusal.is(Code::InvalidArgument, ErrorReason::InvalidField, "certificate_request");

    // Taken; and the same once more, since the answer may have been lost.
    let taken = recovers(&hub, &good).await.expect("the root's word");
    assert!(!taken.certificate.is_empty());
    recovers(&hub, &good).await.expect("the same again");
    for old in [0, second] {
        let peer = member.devices[old].connect(&hub);
        let sync = vec![v1::SyncRequest { from_leaf: 0 }.encode_to_vec().into()];
        let sync = peer.gather("samverkan.v1.DirectoryService/Sync", sync).await;
        sync.expect_err("revoked").is(Code::Unauthenticated, ErrorReason::OrganisationRecovered, "");
    }
}
