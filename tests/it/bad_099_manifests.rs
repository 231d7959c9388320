//! 99–105, 109 and 110: manifests that do not follow, signatures that do not count, keys that are weak or another's, requests for
//! certificates and codes that are wrong.

use crate::ground::Ground;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SanType};
use samverkan_proto::ids::{DeviceId, sha256};
use samverkan_proto::limits::INVITE_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::v1::{
    self, EnrolResponse, ErrorReason, PublishManifestResponse, RequestMembershipResponse,
};
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::wire::{Device, Joiner, Member, Peer, RawManifest, Refused, refused};
use tonic::Code;
use x509_parser::prelude::{FromDer as _, X509Certificate};

const REQUEST: &str = "EnrolmentService/RequestMembership";

async fn publish(peer: &Peer, signed: Vec<u8>) -> Result<PublishManifestResponse, Refused> {
    let request = v1::PublishManifestRequest { signed_manifest: signed.into() };
    peer.call("DirectoryService/PublishManifest", &request).await
}

/// The refusal of a manifest that its organisation's admin has signed.
async fn refuse(ground: &Ground, case: &str, mut manifest: RawManifest) -> Refused {
    manifest.sort();
    refused(case, publish(&ground.peer, ground.sender.signed(&manifest)).await)
}

#[track_caller]
fn breaks_the_rule(refusal: &Refused, fault: &str) {
    refusal.is(Code::FailedPrecondition, ErrorReason::ManifestRefused, fault);
}

#[tokio::test]
async fn bad_099_serials_that_do_not_follow() {
    let mut ground = Ground::new().await;
    let next = ground.sender.next_manifest();
    let gap = RawManifest { serial: next.serial + 1, ..next.clone() };
    breaks_the_rule(&refuse(&ground, "a gap", gap).await, "wrong_chain");
    let first = ground.sender.manifest.signed_by(&[(0, &ground.sender.root)]);
    ground.sender.publish(ground.hub, next.clone()).await.expect("the next");
    publish(&ground.peer, next.signed_by(&[(1, &ground.sender.device().signer)]))
        .await
        .expect("the newest again");
    let lower = refused("the one before again", publish(&ground.peer, first).await);
    breaks_the_rule(&lower, "wrong_chain");
    let fork = RawManifest { not_after_ms: next.not_after_ms - 1, ..next };
    breaks_the_rule(&refuse(&ground, "the same serial with other bytes", fork).await, "wrong_chain");
}

#[tokio::test]
async fn bad_100_a_previous_manifest_that_there_never_was() {
    let ground = Ground::new().await;
    let next = ground.sender.next_manifest();
    let other = RawManifest { prev: sha256(b"another"), ..next.clone() };
    breaks_the_rule(&refuse(&ground, "another hash", other).await, "wrong_chain");
    let none = refuse(&ground, "no hash", RawManifest { prev: [0; 32], ..next }).await;
    assert_eq!((none.code, &*none.reason), (Code::InvalidArgument, "INVALID_FIELD"), "{none:?}");
}

#[tokio::test]
async fn bad_101_signatures_of_those_who_are_no_admins() {
    let mut ground = Ground::new().await;
    let hub = ground.hub;
    let next = ground.sender.next_manifest();
    let stranger = Device::new(7);
    let foreign =
        refused("a stranger", publish(&ground.peer, next.signed_by(&[(1, &stranger.signer)])).await);
    breaks_the_rule(&foreign, "bad_signature");
    let beyond =
        refused("a second admin", publish(&ground.peer, next.signed_by(&[(2, &stranger.signer)])).await);
    breaks_the_rule(&beyond, "wrong_signers");

    let root = refused("the root", publish(&ground.peer, next.signed_by(&[(0, &ground.sender.root)])).await);
    breaks_the_rule(&root, "wrong_signers");

    // Who is an admin by the manifest that is to be signed signs it, and who was one before signs the next.
    let mut with = ground.sender.next_manifest();
    with.devices.push(stranger.entry(with.issued_ms));
    with.sort();
    let place = |manifest: &RawManifest, device: &Device| {
        let at = manifest.devices.iter().position(|one| one.device_id == device.id());
        u8::try_from(at.expect("a device") + 1).expect("few devices")
    };
    let own = place(&with, &stranger);
    let itself =
        refused("its own entry", publish(&ground.peer, with.signed_by(&[(own, &stranger.signer)])).await);
    assert!(["wrong_signers", "bad_signature"].contains(&&*itself.field), "{itself:?}");
    let second = ground.sender.add_device(hub, 7).await;
    let former = place(&ground.sender.manifest, &ground.sender.devices[second]);
    let without = ground.sender.without(second);
    let leaving = without.signed_by(&[(former, &ground.sender.devices[second].signer)]);
    breaks_the_rule(&refused("its own removal", publish(&ground.peer, leaving).await), "wrong_signers");
    ground.sender.publish(hub, without).await.expect("the removal");
    let after = ground.sender.next_manifest().signed_by(&[(former, &ground.sender.devices[second].signer)]);
    let after = refused("a former admin", publish(&ground.peer, after).await);
    assert!(["wrong_signers", "bad_signature"].contains(&&*after.field), "{after:?}");
}

#[tokio::test]
async fn bad_102_a_threshold_that_is_not_met() {
    let mut ground = Ground::new().await;
    let second = ground.sender.add_device(ground.hub, 7).await;
    let two = RawManifest { threshold: 2, ..ground.sender.next_manifest() };
    ground.sender.publish(ground.hub, two).await.expect("the threshold");
    let next = ground.sender.next_manifest();
    let first_is_lower = ground.sender.device().id() < ground.sender.devices[second].id();
    let (one, other) = if first_is_lower { (1, 2) } else { (2, 1) };
    let (a, b) = (&ground.sender.devices[0].signer, &ground.sender.devices[second].signer);
    let alone = refused("one of two", publish(&ground.peer, next.signed_by(&[(one, a)])).await);
    breaks_the_rule(&alone, "wrong_signers");
    let twice = refused("one twice", publish(&ground.peer, next.signed_by(&[(one, a), (one, a)])).await);
    twice.is(Code::InvalidArgument, ErrorReason::InvalidField, "signatures");
    let both_places = [(1, a), (2, a)];
    let posing = refused("one in both places", publish(&ground.peer, next.signed_by(&both_places)).await);
    breaks_the_rule(&posing, "bad_signature");
    let mut both = [(one, a), (other, b)];
    both.sort_by_key(|(place, _)| *place);
    publish(&ground.peer, next.signed_by(&both)).await.expect("both of them");
}

#[tokio::test]
async fn bad_103_a_device_that_is_not_its_key() {
    let ground = Ground::new().await;
    let mut next = ground.sender.next_manifest();
    let mut entry = Device::new(4).entry(next.issued_ms);
    entry.device_id = Device::new(4).id();
    next.devices.push(entry);
    refuse(&ground, "another device's id", next).await.is_invalid("device_id");
}

#[tokio::test]
async fn bad_104_keys_that_anybody_signs_for() {
    let ground = Ground::new().await;
    let mut small_order = [0; 32];
    small_order[0] = 1;
    let mut not_canonical = [0xff; 32];
    not_canonical[31] = 0x7f;
    for weak in [small_order, [0; 32], not_canonical] {
        let mut next = ground.sender.next_manifest();
        let entry = Device::new(4).entry(next.issued_ms);
        let device_id = *DeviceId::of_key(&weak).as_bytes();
        next.devices.push(samverkan_tests::wire::RawDevice { device_id, sign_pk: weak, ..entry });
        refuse(&ground, "a weak key", next).await.is_invalid("sign_pk");
    }
}

#[tokio::test]
async fn bad_105_keys_of_another_organisation() {
    let ground = Ground::new().await;
    let theirs = ground.recipient.manifest.devices[0].clone();
    let mut device = ground.sender.next_manifest();
    device.devices.push(theirs.clone());
    breaks_the_rule(&refuse(&ground, "their device", device).await, "bad_key");
    let mut tls = ground.sender.next_manifest();
    let own = Device::new(4).entry(tls.issued_ms);
    tls.devices.push(samverkan_tests::wire::RawDevice { tls_spki_sha256: theirs.tls_spki_sha256, ..own });
    breaks_the_rule(&refuse(&ground, "their TLS key", tls).await, "bad_key");
}

/// A joiner whom the organisation's root has signed in.
async fn approved(ground: &mut Ground) -> Joiner {
    let joiner = Joiner::invited(&ground.sender, &ground.peer).await;
    let stranger = Peer::stranger(ground.hub);
    let _: RequestMembershipResponse = stranger.call(REQUEST, &joiner.request()).await.expect("it waits");
    let mut next = ground.sender.next_manifest();
    next.devices.push(joiner.device.entry(next.issued_ms));
    ground.sender.publish(ground.hub, next).await.expect("the approval");
    joiner
}

#[tokio::test]
async fn bad_109_what_a_certificate_request_asks_for_is_not_what_is_issued() {
    let mut ground = Ground::new().await;
    let joiner = approved(&mut ground).await;
    let stranger = Peer::stranger(ground.hub);
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names = vec![SanType::DnsName("hub.exempel.example".try_into().expect("a name"))];
    params.distinguished_name.push(DnType::CommonName, "hub.exempel.example");
    let greedy = v1::RequestMembershipRequest {
        certificate_request: joiner.device.certificate_request_with(&params).into(),
        ..joiner.request()
    };
    let issued: RequestMembershipResponse = stranger.call(REQUEST, &greedy).await.expect("a certificate");
    let (_, certificate) = X509Certificate::from_der(&issued.certificate).expect("a certificate");
    assert!(!certificate.is_ca());
    assert!(certificate.subject_alternative_name().expect("extensions").is_none());
    let name = certificate.subject().iter_common_name().next().expect("a name");
    assert_eq!(name.as_str().expect("text"), joiner.device.signer.device_id().to_string());
    // Asked again, also in another way: the same.
    let again: RequestMembershipResponse = stranger.call(REQUEST, &joiner.request()).await.expect("the same");
    assert_eq!(again.certificate, issued.certificate);
}

#[tokio::test]
async fn bad_109_certificate_requests_that_prove_nothing() {
    let mut ground = Ground::new().await;
    let joiner = approved(&mut ground).await;
    let stranger = Peer::stranger(ground.hub);
    let mut touched = joiner.device.certificate_request();
    let last = touched.len() - 1;
    touched[last] ^= 1;
    let edwards = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let edwards = CertificateParams::default().serialize_request(&edwards).expect("a request").der().to_vec();
    let rsa = include_bytes!("../../hub/src/ca/rsa_2048.csr").to_vec();
    for (case, request) in [
        ("another signature", touched),
        ("an Ed25519 key", edwards),
        ("an RSA key", rsa),
        ("another key", Device::new(7).certificate_request()),
        ("nothing", Vec::new()),
        ("too much", vec![0x30; 9 << 10]),
    ] {
        let request =
            v1::RequestMembershipRequest { certificate_request: request.into(), ..joiner.request() };
        let refusal = refused(case, stranger.call::<_, RequestMembershipResponse>(REQUEST, &request).await);
        refusal.is_invalid("certificate_request");
    }
}

#[tokio::test]
async fn bad_110_codes_that_are_over() {
    let hub = ClockedHub::start();
    let member = Member::join(&hub, "inbjudande").await;
    let joiner = Joiner::invited(&member, &member.connect(&hub)).await;
    let (mut other, invite) = Member::invited(&hub, "inbjuden", "volunteer");
    hub.pass(INVITE_MS + 1);
    let stranger = Peer::stranger(&hub);
    let late = stranger.call::<_, RequestMembershipResponse>(REQUEST, &joiner.request()).await;
    refused("a member's", late).is(Code::PermissionDenied, ErrorReason::InviteInvalid, "");
    let late =
        stranger.call::<_, EnrolResponse>("EnrolmentService/Enrol", &other.enrol_request(&invite)).await;
    refused("an organisation's", late).is(Code::PermissionDenied, ErrorReason::InviteInvalid, "");
}

#[tokio::test]
async fn bad_110_codes_are_not_guessed_at_leisure() {
    let hub = HubProcess::start();
    let member = Member::join(&hub, "inbjudande").await;
    let joiner = Joiner::invited(&member, &member.connect(&hub)).await;
    let stranger = Peer::stranger(&hub);
    let mut guesses = 0;
    let end = loop {
        let guess = Joiner::new(joiner.org).request();
        let refusal =
            refused("a guess", stranger.call::<_, RequestMembershipResponse>(REQUEST, &guess).await);
        if refusal.reason != "INVITE_INVALID" {
            break refusal;
        }
        guesses += 1;
        assert!(guesses < 50, "nobody stops a guesser");
    };
    end.is(Code::ResourceExhausted, ErrorReason::RateLimited, "");
    // Nor does the right one work then, from there.
    let right = stranger.call::<_, RequestMembershipResponse>(REQUEST, &joiner.request()).await;
    refused("the right one", right).is(Code::ResourceExhausted, ErrorReason::RateLimited, "");
}

/// So that what is refused above is refused for what it says.
#[tokio::test]
async fn a_change_that_is_signed_as_it_must_be_is_taken() {
    let ground = Ground::new().await;
    let next = ground.sender.next_manifest();
    let admin: &Signer = &ground.sender.device().signer;
    publish(&ground.peer, next.signed_by(&[(1, admin)])).await.expect("the only admin");
}
