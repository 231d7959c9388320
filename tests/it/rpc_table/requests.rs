//! A request for each call, as its rightful caller would make it. Nothing here says what anybody gets for it.

use super::Facts;
use bytes::Bytes;
use prost::Message as _;
use samverkan_proto::code::{Bases, Classes};
use samverkan_proto::ids::{AgreementId, OrgId};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::sign::Label;
use samverkan_proto::statement::agreement::{
    Agreement, AgreementFields, Clause, Provision, SignedAgreement, Terms,
};
use samverkan_proto::v1;
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::statement::{RawStub, raw_recall, raw_withdrawal};
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Member, now_ms};
use tonic_health::pb::HealthCheckRequest;

/// The messages of a request.
pub(super) type Build = fn(&Facts) -> Vec<Bytes>;

/// A request for each call, by the call's path.
pub(super) const TABLE: &[(&str, Build)] = &[
    ("grpc.health.v1.Health/Check", |_| one(&HealthCheckRequest::default())),
    ("grpc.health.v1.Health/Watch", |_| one(&HealthCheckRequest::default())),
    ("samverkan.v1.EnrolmentService/Hello", |_| one(&v1::HelloRequest::default())),
    ("samverkan.v1.EnrolmentService/DescribeInvite", |facts| {
        one(&v1::DescribeInviteRequest { code: facts.enrolment.code.clone() })
    }),
    ("samverkan.v1.EnrolmentService/Enrol", |facts| one(&facts.enrolment)),
    ("samverkan.v1.EnrolmentService/RenewCertificate", |facts| one(&facts.renewal)),
    ("samverkan.v1.EnrolmentService/RequestMembership", |facts| one(&facts.joiner)),
    ("samverkan.v1.MembershipService/InviteMember", |_| {
        one(&v1::InviteMemberRequest { code: vec![9; 16].into() })
    }),
    ("samverkan.v1.MembershipService/WithdrawMemberInvite", |_| {
        one(&v1::WithdrawMemberInviteRequest { code_hash: vec![9; 32].into() })
    }),
    ("samverkan.v1.MembershipService/ListMembershipRequests", |_| one(&v1::ListMembershipRequestsRequest {})),
    ("samverkan.v1.EnrolmentService/DescribeRecovery", |facts| {
        one(&v1::DescribeRecoveryRequest { org_id: facts.recovered.clone() })
    }),
    ("samverkan.v1.EnrolmentService/Recover", |facts| one(&facts.recovery)),
    ("samverkan.v1.DirectoryService/Sync", |_| one(&v1::SyncRequest { from_leaf: 0 })),
    ("samverkan.v1.DirectoryService/PublishManifest", |facts| {
        let sender = &facts.ground.sender;
        let signed_manifest = sender.signed(&sender.next_manifest()).into();
        one(&v1::PublishManifestRequest { signed_manifest })
    }),
    ("samverkan.v1.DirectoryService/PublishEpochKeys", |facts| {
        let keys = facts.ground.sender.device().epoch_keys.values();
        let epoch_keys = keys.map(|key| key.statement.clone().into()).collect();
        one(&v1::PublishEpochKeysRequest { epoch_keys })
    }),
    ("samverkan.v1.DirectoryService/PublishAgreement", |facts| {
        let agreed = agreed(&facts.ground.sender, &facts.ground.recipient).bytes().clone();
        one(&v1::PublishAgreementRequest { agreement: agreed })
    }),
    ("samverkan.v1.DirectoryService/ReturnLog", |facts| one(&facts.returned)),
    ("samverkan.v1.ConsentService/RegisterConsents", |facts| one(&consents(&facts.ground.sender))),
    ("samverkan.v1.RelayService/Submit", |facts| one(&facts.ground.parcel().request())),
    ("samverkan.v1.RelayService/SubmitStream", |facts| {
        one(&v1::SubmitStreamRequest { message: Some(facts.ground.parcel().request()) })
    }),
    ("samverkan.v1.RelayService/Receive", |_| {
        let start = v1::Start { credit: 1 };
        one(&v1::ReceiveRequest { step: Some(v1::receive_request::Step::Start(start)) })
    }),
    ("samverkan.v1.RelayService/GetUpload", |facts| {
        one(&v1::GetUploadRequest { blob_id: facts.blob.id.to_vec().into() })
    }),
    ("samverkan.v1.RelayService/UploadBlob", |_| upload(&Blob::random(1))),
    ("samverkan.v1.RelayService/DownloadBlob", |facts| {
        let (message_id, blob_id) = (facts.message_id(), facts.blob.id.to_vec().into());
        one(&v1::DownloadBlobRequest { message_id, blob_id, offset: 0, length: 0 })
    }),
    ("samverkan.v1.ConsentService/WithdrawConsent", |facts| one(&withdrawal(&facts.ground.sender))),
    ("samverkan.v1.RelayService/Recall", |facts| one(&recall(facts))),
    ("samverkan.v1.RelayService/Rewrap", |facts| one(&rewrap(facts))),
    ("samverkan.v1.RelayService/GetMessageStatus", |facts| {
        one(&v1::GetMessageStatusRequest { message_id: facts.message_id() })
    }),
    ("samverkan.v1.RegistryService/InviteOrganisation", |_| {
        one(&v1::InviteOrganisationRequest {
            handle: "inbjuden-av-fel-hand".to_owned(),
            name: "Inbjuden Exempel".to_owned(),
            organisation_number: samverkan_tests::wire::member::organisation_number(7),
            kind: 1,
            municipalities: Vec::new(),
            services: Vec::new(),
        })
    }),
    ("samverkan.v1.RegistryService/ListOrganisations", |_| one(&v1::ListOrganisationsRequest::default())),
    ("samverkan.v1.RegistryService/GetOrganisation", |facts| {
        one(&v1::GetOrganisationRequest { handle: facts.handle() })
    }),
    ("samverkan.v1.RegistryService/ConfirmOrganisation", |facts| {
        let safety_number = facts.ground.sender.safety_number();
        one(&v1::ConfirmOrganisationRequest { handle: facts.handle(), safety_number })
    }),
    ("samverkan.v1.RegistryService/SuspendOrganisation", |facts| {
        one(&v1::SuspendOrganisationRequest { handle: facts.handle() })
    }),
    ("samverkan.v1.RegistryService/ResumeOrganisation", |facts| {
        one(&v1::ResumeOrganisationRequest { handle: facts.handle() })
    }),
    ("samverkan.v1.RegistryService/RemoveOrganisation", |facts| {
        one(&v1::RemoveOrganisationRequest { handle: facts.handle() })
    }),
    ("samverkan.v1.RegistryService/DescribeOperators", |_| one(&v1::DescribeOperatorsRequest {})),
    ("samverkan.v1.RegistryService/Act", |_| one(&v1::ActRequest::default())),
    ("samverkan.v1.RegistryService/CheckHub", |_| one(&v1::CheckHubRequest {})),
];

fn one(message: &impl prost::Message) -> Vec<Bytes> {
    vec![message.encode_to_vec().into()]
}

fn consents(member: &Member) -> v1::RegisterConsentsRequest {
    let device = member.device();
    let stub = RawStub::new(member.org(), device.id(), now_ms()).signed_by(&device.signer);
    v1::RegisterConsentsRequest { stubs: vec![stub.into()] }
}

fn withdrawal(member: &Member) -> v1::WithdrawConsentRequest {
    let withdrawal = raw_withdrawal([9; 16], member.org(), member.device());
    v1::WithdrawConsentRequest { withdrawal: withdrawal.into() }
}

fn recall(facts: &Facts) -> v1::RecallRequest {
    let (sender, sent) = (&facts.ground.sender, &facts.sent);
    let recall = raw_recall(sent.header.message_id, sent.header_hash(), sender.org(), sender.device());
    v1::RecallRequest { recall: recall.into() }
}

/// A message that the sender's device gives to some other device.
fn rewrap(facts: &Facts) -> v1::RewrapRequest {
    let (sender, device) = (&facts.ground.sender, facts.ground.sender.device());
    let to = facts.ground.recipient.device().id();
    let mut statement = [
        &b"SVKW\0\x01"[..],
        &facts.sent.header.message_id,
        &facts.sent.header_hash(),
        &sender.org(),
        &device.id(),
        &to,
        &[7; 32],
        &[9; WRAP_LEN],
    ]
    .concat();
    statement.extend_from_slice(&device.signer.sign(Label::Rewrap, &statement));
    v1::RewrapRequest { rewrap: statement.into() }
}

fn upload(blob: &Blob) -> Vec<Bytes> {
    use v1::upload_blob_request::Part;
    let parts = [Part::Start(blob.start(0)), Part::Data(blob.bytes.clone())];
    parts.map(|part| v1::UploadBlobRequest { part: Some(part) }.encode_to_vec().into()).into()
}

/// An agreement that both have signed, and that the hub does not have yet.
fn agreed(sender: &Member, recipient: &Member) -> SignedAgreement {
    let [from, to] = [sender, recipient].map(|party| OrgId::parse(&party.org()).expect("an organisation"));
    let now_ms = now_ms();
    let clause =
        Clause { mailbox: None, classes: Classes::ALL, bases: Bases::ALL, answer_within_minutes: None };
    let terms = Terms { valid_from_ms: now_ms, valid_until_ms: now_ms + 3_600_000, clauses: vec![clause] };
    let agreement = Agreement::build(AgreementFields {
        id: AgreementId::from_random(random()).expect("not zero"),
        version: 1,
        prev: [0; 32],
        sender: from,
        recipient: to,
        issued_ms: now_ms,
        provision: Provision::Terms(terms),
    })
    .expect("an agreement");
    let one = SignedAgreement::sign(&agreement, from, &sender.device().signer).expect("a party");
    one.countersign(to, &recipient.device().signer).expect("the other party")
}
