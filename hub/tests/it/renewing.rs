//! Certificates that renew: for whom, for how long, and what stands in the log of it.

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use samverkan_proto::code::{RevocationReason, Roles};
use samverkan_proto::limits::{CERTIFICATE_MS, DAY_MS, RENEWAL_MS};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::manifest::Revocation;
use samverkan_proto::statement::renewal::Renewal;
use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::enrolment_service_client::EnrolmentServiceClient;
use samverkan_proto::v1::{self, ErrorReason};
use tonic::Status;

use crate::running::*;

const VOLUNTEER: u32 = 8;

/// A nonce as any stranger gets it.
async fn nonce(hub: &Hub) -> [u8; 32] {
    let mut enrolment = EnrolmentServiceClient::new(hub.stranger().await);
    let hello = enrolment.hello(v1::HelloRequest::default()).await.unwrap().into_inner();
    hello.renewal_nonce[..].try_into().expect("32 bytes")
}

/// What a device asks with. `device` signs for itself.
fn asking(
    member: &Member,
    device: &Signer,
    identity: &Identity,
    nonce: [u8; 32],
) -> v1::RenewCertificateRequest {
    let request = identity.request();
    let renewal = Renewal::new(member.org(), device, nonce, &request).sign(device).unwrap();
    v1::RenewCertificateRequest {
        renewal: Bytes::copy_from_slice(renewal.bytes()),
        certificate_request: request,
    }
}

/// Asks without a client certificate.
async fn ask(hub: &Hub, request: v1::RenewCertificateRequest) -> Result<CertificateDer<'static>, Status> {
    let mut enrolment = EnrolmentServiceClient::new(hub.stranger().await);
    let answer = enrolment.renew_certificate(request).await?.into_inner();
    Ok(CertificateDer::from(answer.certificate.to_vec()))
}

async fn renew(hub: &Hub, member: &Member) -> Result<CertificateDer<'static>, Status> {
    let nonce = nonce(hub).await;
    ask(hub, asking(member, &member.device, &member.identity, nonce)).await
}

/// The log's size, as a device with this certificate is told.
async fn log_size(hub: &Hub, member: &Member) -> Result<u64, ()> {
    let channel = hub.channel(Some(&member.identity)).await.map_err(drop)?;
    let mut pages = DirectoryServiceClient::new(channel)
        .sync(v1::SyncRequest { from_leaf: 0 })
        .await
        .map_err(drop)?
        .into_inner();
    let mut entries = 0;
    while let Some(page) = pages.message().await.map_err(drop)? {
        entries += page.entries.len() as u64;
    }
    Ok(entries)
}

#[tokio::test]
async fn a_certificate_renews_before_its_end_and_long_after() {
    let hub = Hub::start().await;
    let mut member = hub.member("jouren-exempel", VOLUNTEER).await;
    let before = log_size(&hub, &member).await.unwrap();
    for (at_ms, works) in [(70 * DAY_MS, true), (70 * DAY_MS + CERTIFICATE_MS + DAY_MS, false)] {
        hub.hands.set(NOW + at_ms);
        assert_eq!(log_size(&hub, &member).await.is_ok(), works, "the old certificate");
        member.identity.certificate = renew(&hub, &member).await.unwrap();
        log_size(&hub, &member).await.expect("the new one is good");
    }
    assert_eq!(log_size(&hub, &member).await, Ok(before + 2), "each stands in the log");
    let hub = hub.restarted().await;
    assert_eq!(log_size(&hub, &member).await, Ok(before + 2), "also after a restart");
}

#[tokio::test]
async fn a_nonce_is_this_hubs_and_new() {
    let hub = Hub::start().await;
    let member = hub.member("jouren-exempel", VOLUNTEER).await;
    let stale = |answer| assert_eq!(field(answer), (ErrorReason::InvalidField, "renewal.nonce".to_owned()));
    let with = |nonce| asking(&member, &member.device, &member.identity, nonce);
    stale(ask(&hub, with([7; 32])).await);
    let old = nonce(&hub).await;
    hub.hands.set(NOW + RENEWAL_MS);
    stale(ask(&hub, with(old)).await);
    let unused = nonce(&hub).await;
    let used = nonce(&hub).await;
    let request = with(used);
    let certificate = ask(&hub, request.clone()).await.expect("good");
    let logged = log_size(&hub, &member).await;
    assert_eq!(ask(&hub, request).await.expect("a lost answer"), certificate, "the same again");
    stale(ask(&hub, with(unused)).await);
    stale(ask(&hub, with(used)).await);
    assert_eq!(log_size(&hub, &member).await, logged, "nothing of that was logged");
    let hub = hub.restarted().await;
    stale(ask(&hub, asking(&member, &member.device, &member.identity, used)).await);
}

#[tokio::test]
async fn only_the_device_itself_renews_and_only_for_the_key_that_its_organisation_named() {
    let hub = Hub::start().await;
    let member = hub.member("jouren-exempel", VOLUNTEER).await;
    let other = hub.member("annan-exempel", VOLUNTEER).await;
    let good = asking(&member, &member.device, &member.identity, nonce(&hub).await);
    let mut forged = asking(&other, &other.device, &member.identity, nonce(&hub).await);
    // The device's own name over another device's signature.
    let named = good.renewal[6..38].to_vec();
    let mut bytes = forged.renewal.to_vec();
    bytes[6..38].copy_from_slice(&named);
    forged.renewal = bytes.into();
    let refused = |answer, expected: &str| {
        assert_eq!(field(answer), (ErrorReason::InvalidField, expected.to_owned()));
    };
    refused(ask(&hub, forged).await, "renewal.signature");
    let foreign_key = asking(&member, &member.device, &other.identity, nonce(&hub).await);
    refused(ask(&hub, foreign_key).await, "certificate_request");
    let swapped =
        v1::RenewCertificateRequest { certificate_request: other.identity.request(), ..good.clone() };
    refused(ask(&hub, swapped).await, "renewal.csr_hash");
    let unknown = asking(&member, &random_signer(), &member.identity, nonce(&hub).await);
    assert_eq!(reason(ask(&hub, unknown).await), ErrorReason::DeviceUnknown);
    // Of another organisation than the device's.
    let elsewhere = Renewal::new(other.org(), &member.device, nonce(&hub).await, &good.certificate_request);
    let elsewhere = elsewhere.sign(&member.device).unwrap().bytes().to_vec().into();
    let elsewhere = v1::RenewCertificateRequest { renewal: elsewhere, ..good.clone() };
    assert_eq!(reason(ask(&hub, elsewhere).await), ErrorReason::DeviceUnknown);
    ask(&hub, good).await.expect("nothing was used up by the failures");
}

#[tokio::test]
async fn a_device_that_a_later_manifest_names_gets_its_first_certificate_the_same_way() {
    let hub = Hub::start().await;
    let mut member = hub.member("jouren-exempel", VOLUNTEER).await;
    let (second, identity) = (random_signer(), Identity::new());
    let early = asking(&member, &second, &identity, nonce(&hub).await);
    assert_eq!(reason(ask(&hub, early).await), ErrorReason::DeviceUnknown);
    let added = standing(&second, &identity, Roles::READER);
    let request = member.change(|fields| fields.devices.push(added));
    directory(&hub, &member).await.publish_manifest(request).await.unwrap();
    let named = asking(&member, &second, &identity, nonce(&hub).await);
    let certificate = ask(&hub, named).await.expect("named");
    let identity = Identity { certificate, ..identity };
    hub.channel(Some(&identity)).await.expect("it connects");
}

#[tokio::test]
async fn who_may_not_call_may_not_renew() {
    let hub = Hub::start().await;
    let mut member = hub.member("jouren-exempel", VOLUNTEER).await;
    let spare = (random_signer(), Identity::new());
    let mailbox = member.mailbox();
    let request = member.change(|fields| {
        fields.devices.push(standing(&spare.0, &spare.1, Roles::ALL));
        fields.devices.sort_by_key(|device| device.id());
        for of in &mut fields.mailboxes {
            assert_eq!(of.id, mailbox);
            of.readers = vec![spare.0.device_id()];
        }
    });
    let mut directory = directory(&hub, &member).await;
    directory.publish_manifest(request).await.unwrap();
    let lost = member.device.device_id();
    let request = member.change_by(&spare.0, |fields| {
        fields.devices.retain(|device| device.id() != lost);
        let revocation = Revocation { device_id: lost, revoked_ms: NOW, reason: RevocationReason::Lost };
        fields.revocations.push(revocation);
    });
    directory.publish_manifest(request).await.unwrap();
    assert_eq!(reason(renew(&hub, &member).await), ErrorReason::DeviceRevoked);

    let suspended = hub.member("annan-exempel", VOLUNTEER).await;
    let name = || v1::SuspendOrganisationRequest { handle: "annan-exempel".to_owned() };
    hub.operator().await.suspend_organisation(name()).await.unwrap();
    assert_eq!(reason(renew(&hub, &suspended).await), ErrorReason::OrganisationSuspended);
    let resume = v1::ResumeOrganisationRequest { handle: "annan-exempel".to_owned() };
    hub.operator().await.resume_organisation(resume).await.unwrap();
    renew(&hub, &suspended).await.expect("resumed");
    hub.hands.set(NOW + 300 * DAY_MS);
    assert_eq!(reason(renew(&hub, &suspended).await), ErrorReason::DeviceExpired);
}

#[tokio::test]
async fn a_device_that_renews_in_a_loop_is_stopped() {
    let hub = Hub::start().await;
    let (member, other) =
        (hub.member("jouren-exempel", VOLUNTEER).await, hub.member("annan-exempel", VOLUNTEER).await);
    let mut renewed = 0;
    let refused = loop {
        match renew(&hub, &member).await {
            Ok(_) => renewed += 1,
            Err(status) => break status,
        }
        assert!(renewed < 100, "nobody stops it");
    };
    assert_eq!(reason(Err::<(), _>(refused)), ErrorReason::RateLimited);
    renew(&hub, &other).await.expect("nobody else is affected");
}
