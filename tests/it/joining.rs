//! An organisation joins: what the invite pins, what a repeated request gets, and what stands in the log afterwards.

use samverkan_envelope::open::LogView as _;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{OrgId, sha256_of};
use samverkan_proto::v1::{EnrolResponse, ErrorReason, HelloRequest, HelloResponse};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::{Member, Peer, Refused, refused};
use tonic::Code;

const ENROL: &str = "EnrolmentService/Enrol";

#[tokio::test]
async fn the_invite_pins_the_hubs_keys() {
    let hub = HubProcess::shared();
    let (_, invite) = Member::invited(hub, "inbjuden", "volunteer");
    let hello: HelloResponse = Peer::stranger(hub)
        .call("EnrolmentService/Hello", &HelloRequest::default())
        .await
        .expect("an answer");
    let keys = [&*hello.ca_certificate, &hello.log_public_key, &hello.receipt_public_key];
    assert_eq!(invite.pin, sha256_of(&keys));
    assert_eq!(invite.address, hub.address().to_string());
}

#[tokio::test]
async fn a_code_works_once_and_its_request_again() {
    let hub = HubProcess::shared();
    let stranger = Peer::stranger(hub);
    let (mut member, invite) = Member::invited(hub, "inbjuden", "volunteer");
    let request = member.enrol_request(&invite);
    let first: EnrolResponse = stranger.call(ENROL, &request).await.expect("joined");
    let again: EnrolResponse = stranger.call(ENROL, &request).await.expect("the answer again");
    assert_eq!(first.certificate, again.certificate);
    let other = Member::new(member.handle(), &member.manifest.orgnr).enrol_request(&invite);
    let refusal = refused("somebody else", stranger.call::<_, EnrolResponse>(ENROL, &other).await);
    refusal.is(Code::PermissionDenied, ErrorReason::InviteInvalid, "");
}

#[tokio::test]
async fn the_log_shows_an_organisation_as_it_stands() {
    let hub = HubProcess::shared();
    let mut member = Member::join_unconfirmed(hub, "ny", "volunteer").await;
    let org = OrgId::parse(&member.org()).expect("an id");
    let state = async |member: &Member| -> Result<_, Refused> {
        let log = Log::synchronise(&member.connect(hub)).await?;
        Ok(log.organisation_state_at(&org, u64::MAX))
    };
    assert_eq!(state(&member).await, Ok(Some(OrganisationState::Pending)));
    hub.confirm(member.handle(), &member.safety_number());
    assert_eq!(state(&member).await, Ok(Some(OrganisationState::Active)));
    let second = member.add_device(hub, 6).await;
    let log =
        Log::synchronise(&member.devices[second].connect(hub)).await.expect("the second device may call");
    assert_eq!(log.newest_manifest(&org).expect("a manifest").serial(), 2);
    let peer = member.devices[second].connect(hub);
    let without = member.without(second);
    member.publish(hub, without).await.expect("the revocation");
    let refusal = refused("a revoked device", Log::synchronise(&peer).await);
    refusal.is(Code::Unauthenticated, ErrorReason::DeviceRevoked, "");
    hub.suspend(member.handle());
    let refusal = refused("suspended", Log::synchronise(&member.connect(hub)).await);
    refusal.is(Code::PermissionDenied, ErrorReason::OrganisationSuspended, "");
}
