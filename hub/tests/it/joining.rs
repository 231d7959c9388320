//! Greeting, joining, and what is open to whom before and after.

use samverkan_proto::ids::HubName;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, Record};
use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::enrolment_service_client::EnrolmentServiceClient;
use samverkan_proto::v1::registry_service_client::RegistryServiceClient;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::running::*;
use samverkan_hub::keys::HubKeys;
use samverkan_proto::code::Roles;
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::v1::{self, ErrorReason};
use tonic::Code;

const VOLUNTEER: u32 = 8;

async fn enrolment(hub: &Hub) -> EnrolmentServiceClient<Channel> {
    EnrolmentServiceClient::new(hub.stranger().await)
}

/// The whole log as a caller gets it, checked leaf by leaf against the checkpoint.
async fn log(channel: Channel, hub: &Hub, from_leaf: u64) -> Vec<Record> {
    let mut directory = DirectoryServiceClient::new(channel);
    let mut pages = directory.sync(v1::SyncRequest { from_leaf }).await.unwrap().into_inner();
    let (mut tree, mut records, mut checkpoint) = (LogTree::new(), vec![], None);
    while let Some(page) = pages.message().await.unwrap() {
        assert!(checkpoint.is_none(), "the checkpoint is last");
        for entry in page.entries {
            let leaf = Leaf::parse(&entry.leaf).unwrap();
            records.push(leaf.open(&entry.record).unwrap());
            tree.append(&entry.leaf);
        }
        if !page.checkpoint.is_empty() {
            checkpoint = Some(page.checkpoint);
        }
    }
    let keys = HubKeys::load(hub.folder.path()).unwrap();
    let name: HubName = "exempel".parse().unwrap();
    let checkpoint = Checkpoint::verify(checkpoint.unwrap(), &name, keys.log.public_key()).unwrap();
    if from_leaf == 0 {
        tree.check(&checkpoint).unwrap();
    }
    records
}

#[tokio::test]
async fn hello_shows_what_the_invite_pins() {
    let hub = Hub::start().await;
    let invite = hub.invite("jouren-exempel", VOLUNTEER).await;
    let hello = enrolment(&hub).await.hello(v1::HelloRequest::default()).await.unwrap().into_inner();
    assert_eq!((hello.protocol_min, hello.protocol_max), (1, 1));
    assert_eq!((hello.hub_time_ms, hello.test_hub), (NOW, true));
    let keys = HubKeys::load(hub.folder.path()).unwrap();
    assert_eq!(keys.public().pin(), *invite.pin());
    assert_eq!(hello.ca_certificate, keys.public().ca_certificate);
    assert_eq!(&hello.log_public_key[..], keys.log.public_key().as_bytes());
    assert_eq!(&hello.receipt_public_key[..], keys.receipt.public_key().as_bytes());
    let name: HubName = hello.hub_name.parse().unwrap();
    let checkpoint = Checkpoint::verify(hello.checkpoint, &name, keys.log.public_key()).unwrap();
    assert_eq!(checkpoint.head().size, 1);
}

#[tokio::test]
async fn an_organisation_joins_is_confirmed_and_stands_in_the_log() {
    let hub = Hub::start().await;
    let invite = hub.invite("jouren-exempel", VOLUNTEER).await;
    let code = v1::DescribeInviteRequest { code: invite.code().expose().to_vec().into() };
    let told = enrolment(&hub).await.describe_invite(code).await.unwrap().into_inner();
    assert_eq!((told.handle.as_str(), told.organisation_kind), ("jouren-exempel", VOLUNTEER));

    let member = hub.member("annan-exempel", VOLUNTEER).await;
    let channel = hub.channel(Some(&member.identity)).await.unwrap();
    let records = log(channel, &hub, 0).await;
    let states: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Organisation(entry) => Some(entry.fields().state.name()),
            _ => None,
        })
        .collect();
    assert_eq!(states, ["PENDING", "ACTIVE"]);
    assert!(
        records
            .iter()
            .any(|record| matches!(record, Record::Manifest(m) if m.manifest() == &member.manifest))
    );
    assert!(records.iter().any(|record| matches!(record, Record::EpochKeys(_))));
    let certificate = member.identity.certificate.to_vec();
    assert!(records.iter().any(|record| matches!(record, Record::Certificate(der) if **der == certificate)));
}

#[tokio::test]
async fn a_pending_organisation_synchronises_and_sees_nobody_refuse_it() {
    let hub = Hub::start().await;
    let member = hub.pending("jouren-exempel", VOLUNTEER).await;
    let channel = hub.channel(Some(&member.identity)).await.unwrap();
    let all = log(channel.clone(), &hub, 0).await.len() as u64;
    assert_eq!(log(channel.clone(), &hub, all - 1).await.len(), 1);
    assert!(log(channel.clone(), &hub, all).await.is_empty());
    let mut directory = DirectoryServiceClient::new(channel);
    let beyond = directory.sync(v1::SyncRequest { from_leaf: all + 1 }).await;
    assert_eq!(field(beyond.map(|_| ())), (ErrorReason::OffsetOutOfRange, "from_leaf".to_owned()));
}

#[tokio::test]
async fn the_same_enrolment_gets_the_same_certificate_also_after_a_restart() {
    let hub = Hub::start().await;
    let invite = hub.invite("jouren-exempel", VOLUNTEER).await;
    let member = Member::new("jouren-exempel");
    let request = member.enrolment(&invite);
    let first = enrolment(&hub).await.enrol(request.clone()).await.unwrap().into_inner();
    let hub = hub.restarted().await;
    hub.hands.set(NOW + 1_000);
    let again = enrolment(&hub).await.enrol(request).await.unwrap().into_inner();
    assert_eq!(first.certificate, again.certificate);
    let other = Member::new("jouren-exempel");
    let stolen = enrolment(&hub).await.enrol(other.enrolment(&invite)).await;
    assert_eq!(reason(stolen), ErrorReason::InviteInvalid);
}

#[tokio::test]
async fn codes_that_do_not_work_all_look_alike_and_are_limited() {
    let hub = Hub::start().await;
    let invite = hub.invite("jouren-exempel", VOLUNTEER).await;
    let mut enrolment = enrolment(&hub).await;
    let unknown = v1::DescribeInviteRequest { code: vec![7; 16].into() };
    assert_eq!(reason(enrolment.describe_invite(unknown.clone()).await), ErrorReason::InviteInvalid);
    let short = v1::DescribeInviteRequest { code: vec![7; 15].into() };
    assert_eq!(reason(enrolment.describe_invite(short).await), ErrorReason::InvalidField);
    hub.hands.set(NOW + 72 * 3_600_000);
    let expired = v1::DescribeInviteRequest { code: invite.code().expose().to_vec().into() };
    assert_eq!(reason(enrolment.describe_invite(expired.clone()).await), ErrorReason::InviteInvalid);
    let enrol = Member::new("jouren-exempel").enrolment(&invite);
    assert_eq!(reason(enrolment.enrol(enrol).await), ErrorReason::InviteInvalid);
    let mut reasons = vec![];
    for _ in 0..20 {
        reasons.push(reason(enrolment.describe_invite(unknown.clone()).await));
    }
    assert_eq!(reasons.first(), Some(&ErrorReason::InviteInvalid));
    assert_eq!(reasons.last(), Some(&ErrorReason::RateLimited));
}

#[tokio::test]
async fn what_is_joined_with_must_fit_together() {
    let hub = Hub::start().await;
    let invite = hub.invite("jouren-exempel", VOLUNTEER).await;
    let mut enrolment = enrolment(&hub).await;
    let good = Member::new("jouren-exempel");
    let request = good.enrolment(&invite);

    let foreign_key = v1::EnrolRequest { certificate_request: Identity::new().request(), ..request.clone() };
    assert_eq!(
        field(enrolment.enrol(foreign_key).await),
        (ErrorReason::InvalidField, "certificate_request".to_owned())
    );
    let garbage = v1::EnrolRequest { certificate_request: vec![0x30, 0].into(), ..request.clone() };
    assert_eq!(field(enrolment.enrol(garbage).await).1, "certificate_request");
    let mut forged = request.signed_manifest.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let forged = v1::EnrolRequest { signed_manifest: forged.into(), ..request.clone() };
    assert_eq!(
        field(enrolment.enrol(forged).await),
        (ErrorReason::ManifestRefused, "bad_signature".to_owned())
    );
    let other_handle = Member::new("annan-exempel").enrolment(&invite);
    assert_eq!(reason(enrolment.enrol(other_handle).await), ErrorReason::ManifestRefused);
    let week = Epoch::of(NOW).later(9);
    let too_far = epoch_key(good.org(), &good.device, week).bytes().clone();
    let too_far = v1::EnrolRequest { epoch_keys: vec![too_far], ..request.clone() };
    assert_eq!(reason(enrolment.enrol(too_far).await), ErrorReason::EpochKeyRefused);
    enrolment.enrol(request).await.expect("nothing was used up by the failures");
}

#[tokio::test]
async fn without_a_certificate_there_is_nothing_else_and_no_operators_call_with_one() {
    let hub = Hub::start().await;
    let stranger = hub.stranger().await;
    let sync = DirectoryServiceClient::new(stranger.clone()).sync(v1::SyncRequest { from_leaf: 0 }).await;
    assert_eq!(reason(sync.map(|_| ())), ErrorReason::CertificateRequired);
    let list = v1::ListOrganisationsRequest::default();
    let listed = RegistryServiceClient::new(stranger.clone()).list_organisations(list.clone()).await;
    assert_eq!(reason(listed), ErrorReason::CertificateRequired);
    let health = HealthClient::new(stranger).check(HealthCheckRequest::default()).await;
    assert_eq!(reason(health), ErrorReason::CertificateRequired);

    let member = hub.member("jouren-exempel", VOLUNTEER).await;
    let channel = hub.channel(Some(&member.identity)).await.unwrap();
    let listed = RegistryServiceClient::new(channel.clone()).list_organisations(list).await;
    assert_eq!(reason(listed), ErrorReason::OperatorOnly);
    let mut health = HealthClient::new(channel);
    health.check(HealthCheckRequest::default()).await.unwrap();
    let watched = health.watch(HealthCheckRequest::default()).await.map(|_| ());
    assert_eq!(watched.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn manifests_and_epoch_keys_are_published_once_and_in_order() {
    let hub = Hub::start().await;
    let mut member = hub.member("jouren-exempel", VOLUNTEER).await;
    let mut directory = DirectoryServiceClient::new(hub.channel(Some(&member.identity)).await.unwrap());
    let before = member.manifest.devices().len();
    let second = random_signer();
    let identity = Identity::new();
    let added = standing(&second, &identity, Roles::READER);
    let request = member.change(|fields| fields.devices.push(added));
    let size = directory.publish_manifest(request.clone()).await.unwrap().into_inner().log_size;
    let again = directory.publish_manifest(request).await.unwrap().into_inner().log_size;
    assert_eq!((size, member.manifest.devices().len()), (again, before + 1));

    let key = epoch_key(member.org(), &member.device, Epoch::of(NOW).later(1)).bytes().clone();
    let publish = v1::PublishEpochKeysRequest { epoch_keys: vec![key] };
    let with_key = directory.publish_epoch_keys(publish.clone()).await.unwrap().into_inner().log_size;
    assert_eq!(with_key, size + 1);
    assert_eq!(directory.publish_epoch_keys(publish).await.unwrap().into_inner().log_size, with_key);

    member.change(|_| {});
    let gap = member.change(|_| {});
    assert_eq!(
        field(directory.publish_manifest(gap).await),
        (ErrorReason::ManifestRefused, "wrong_chain".to_owned())
    );
}

#[tokio::test]
async fn a_devices_time_runs_out_and_its_certificate_with_it() {
    let hub = Hub::start().await;
    let member = hub.member("jouren-exempel", VOLUNTEER).await;
    hub.hands.set(NOW + 89 * DAY_MS);
    log(hub.channel(Some(&member.identity)).await.unwrap(), &hub, 0).await;
    hub.hands.set(NOW + 91 * DAY_MS);
    let refused = match hub.channel(Some(&member.identity)).await {
        Err(_) => true,
        Ok(channel) => DirectoryServiceClient::new(channel).sync(v1::SyncRequest::default()).await.is_err(),
    };
    assert!(refused, "an expired certificate does not connect");
    let hello = enrolment(&hub).await.hello(v1::HelloRequest::default()).await;
    hello.expect("the server's own certificate was renewed meanwhile");
}
