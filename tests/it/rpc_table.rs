//! Every call of the contract, made by those who may not make it.
//!
//! The calls come from the compiled descriptors, so that a new one without an entry here fails. An entry is a request that its rightful
//! caller could make; what the others get is the same for all calls but for whom the request is about.

use crate::ground::Ground;
use bytes::Bytes;
use prost::Message as _;
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::until::until_async;
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::statement::RawStub;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer, Refused, now_ms, refused};
use tonic::Code;

/// Everything that a request can be about: a message on its way, with an attachment.
struct Facts {
    ground: Ground,
    sent: Parcel,
    blob: Blob,
    used_code: Bytes,
}

/// What somebody gets who makes another organisation's call.
enum Foreign {
    /// A refusal.
    Refused(Code, ErrorReason),
    /// An answer about the caller itself: the request names nobody else.
    Own,
    /// The call goes well, and its one item says no.
    ItemRefused(ErrorReason),
}

/// What the rightful caller would send.
struct Entry {
    messages: Vec<Bytes>,
    foreign: Foreign,
}

fn one(message: &impl prost::Message, foreign: Foreign) -> Entry {
    Entry { messages: vec![message.encode_to_vec().into()], foreign }
}

const MISMATCH: Foreign = Foreign::Refused(Code::PermissionDenied, ErrorReason::SenderMismatch);
const OPERATOR: Foreign = Foreign::Refused(Code::PermissionDenied, ErrorReason::OperatorOnly);
const USED: Foreign = Foreign::Refused(Code::PermissionDenied, ErrorReason::InviteInvalid);

/// The table: a request for each call.
fn entry(call: &str, facts: &Facts) -> Option<Entry> {
    let handle = || facts.ground.sender.handle().to_owned();
    let ids = || (facts.sent.header.message_id.to_vec().into(), facts.blob.id.to_vec().into());
    Some(match call {
        "EnrolmentService/Hello" => one(&v1::HelloRequest {}, Foreign::Own),
        "EnrolmentService/DescribeInvite" => {
            one(&v1::DescribeInviteRequest { code: facts.used_code.clone() }, USED)
        }
        "EnrolmentService/Enrol" => {
            one(&v1::EnrolRequest { code: facts.used_code.clone(), ..foreign_enrolment() }, USED)
        }
        "DirectoryService/Sync" => one(&v1::SyncRequest { from_leaf: 0 }, Foreign::Own),
        "DirectoryService/PublishManifest" => {
            let next = facts.ground.sender.next_manifest();
            let signed_manifest = next.signed_by(&[(0, &facts.ground.sender.root)]).into();
            one(&v1::PublishManifestRequest { signed_manifest }, MISMATCH)
        }
        "DirectoryService/PublishEpochKeys" => {
            let keys = facts.ground.sender.device().epoch_keys.values();
            let epoch_keys = keys.map(|key| key.statement.clone().into()).collect();
            one(&v1::PublishEpochKeysRequest { epoch_keys }, MISMATCH)
        }
        "ConsentService/RegisterConsents" => one(&consents(&facts.ground.sender), MISMATCH),
        "RelayService/Submit" => one(&facts.ground.parcel().request(), MISMATCH),
        "RelayService/SubmitStream" => {
            let message = Some(facts.ground.parcel().request());
            one(&v1::SubmitStreamRequest { message }, Foreign::ItemRefused(ErrorReason::SenderMismatch))
        }
        "RelayService/Receive" => one(&start(), Foreign::Own),
        "RelayService/GetUpload" => {
            one(&v1::GetUploadRequest { blob_id: facts.blob.id.to_vec().into() }, Foreign::Own)
        }
        "RelayService/UploadBlob" => Entry { messages: upload(&Blob::random(1)), foreign: Foreign::Own },
        "RelayService/DownloadBlob" => {
            let (message_id, blob_id) = ids();
            let request = v1::DownloadBlobRequest { message_id, blob_id, offset: 0, length: 0 };
            one(&request, Foreign::Refused(Code::NotFound, ErrorReason::MessageUnknown))
        }
        "RelayService/GetMessageStatus" => {
            let request = v1::GetMessageStatusRequest { message_id: ids().0 };
            one(&request, Foreign::Refused(Code::NotFound, ErrorReason::MessageUnknown))
        }
        "RegistryService/InviteOrganisation" => one(&v1::InviteOrganisationRequest::default(), OPERATOR),
        "RegistryService/ListOrganisations" => one(&v1::ListOrganisationsRequest::default(), OPERATOR),
        "RegistryService/GetOrganisation" => one(&v1::GetOrganisationRequest { handle: handle() }, OPERATOR),
        "RegistryService/ConfirmOrganisation" => {
            let safety_number = facts.ground.sender.safety_number();
            one(&v1::ConfirmOrganisationRequest { handle: handle(), safety_number }, OPERATOR)
        }
        "RegistryService/SuspendOrganisation" => {
            one(&v1::SuspendOrganisationRequest { handle: handle() }, OPERATOR)
        }
        "RegistryService/ResumeOrganisation" => {
            one(&v1::ResumeOrganisationRequest { handle: handle() }, OPERATOR)
        }
        "RegistryService/RemoveOrganisation" => {
            one(&v1::RemoveOrganisationRequest { handle: handle() }, OPERATOR)
        }
        "RegistryService/CheckHub" => one(&v1::CheckHubRequest {}, OPERATOR),
        _ => return None,
    })
}

fn foreign_enrolment() -> v1::EnrolRequest {
    let number = samverkan_tests::wire::member::organisation_number(7);
    let invite =
        samverkan_tests::wire::invite::Invite { pin: [0; 32], code: [0; 16], address: String::new() };
    Member::new("nagon-annan", &number).enrol_request(&invite)
}

fn consents(member: &Member) -> v1::RegisterConsentsRequest {
    let device = member.device();
    let stub = RawStub::new(member.org(), device.id(), now_ms()).signed_by(&device.signer);
    v1::RegisterConsentsRequest { stubs: vec![stub.into()] }
}

fn start() -> v1::ReceiveRequest {
    let start = v1::Start { cursor: 0, credit: 1 };
    v1::ReceiveRequest { step: Some(v1::receive_request::Step::Start(start)) }
}

fn upload(blob: &Blob) -> Vec<Bytes> {
    use v1::upload_blob_request::Part;
    let parts = [Part::Start(blob.start(0)), Part::Data(blob.bytes.clone())];
    parts.map(|part| v1::UploadBlobRequest { part: Some(part) }.encode_to_vec().into()).into()
}

impl Facts {
    async fn new() -> Self {
        let ground = Ground::new().await;
        let blob = Blob::random(1);
        blob.upload(&ground.peer).await.expect("uploaded");
        let mut sent = ground.parcel();
        sent.attach(blob.id, blob.len());
        sent.submit(&ground.peer).await.expect("accepted");
        let (mut joined, invite) = Member::invited(ground.hub, "inbjuden", "volunteer");
        let request = joined.enrol_request(&invite);
        let enrolled: Result<v1::EnrolResponse, _> =
            Peer::stranger(ground.hub).call("EnrolmentService/Enrol", &request).await;
        enrolled.expect("the code works once");
        Self { ground, sent, blob, used_code: invite.code.to_vec().into() }
    }

    fn entry(&self, call: &str) -> Entry {
        entry(call, self)
            .unwrap_or_else(|| panic!("{call} has no entry: nobody has tried it without the right"))
    }
}

/// Every call of the contract, as `Service/Method`.
fn calls() -> Vec<String> {
    let files =
        prost_types::FileDescriptorSet::decode(v1::DESCRIPTORS).expect("the descriptors are compiled in");
    let services = files.file.iter().flat_map(|file| &file.service);
    let methods = services.flat_map(|service| {
        service.method.iter().map(|method| format!("{}/{}", service.name(), method.name()))
    });
    methods.collect()
}

/// Whether a call answers without a certificate, by what a request holds alone.
fn is_open(call: &str) -> bool {
    call.starts_with("EnrolmentService/")
}

/// The reason for which a call is refused. The hub also cuts the caller's open connections, and a call on one of them hears no reason;
/// it is made again, and never goes well.
async fn said_why(call: &str, facts: &Facts, peer: &Peer) -> Refused {
    until_async("a refusal that says why", || async {
        let refusal = refused(call, peer.gather(call, facts.entry(call).messages).await);
        (!refusal.reason.is_empty()).then_some(refusal)
    })
    .await
}

/// Makes every call but the open ones as `peer`, and all are refused alike; the operator's are as they always are.
async fn refused_alike(
    facts: &Facts,
    peer: &Peer,
    code: Code,
    reason: ErrorReason,
    before: Option<ErrorReason>,
) {
    for call in calls().into_iter().filter(|call| !is_open(call)) {
        let refusal = said_why(&call, facts, peer).await;
        match before {
            Some(first) if call.starts_with("RegistryService/") => {
                refusal.is(Code::PermissionDenied, first, "")
            }
            _ => refusal.is(code, reason, ""),
        }
    }
}

#[tokio::test]
async fn without_a_certificate() {
    let facts = Facts::new().await;
    let stranger = Peer::stranger(facts.ground.hub);
    refused_alike(&facts, &stranger, Code::Unauthenticated, ErrorReason::CertificateRequired, None).await;
    for call in calls().into_iter().filter(|call| is_open(call)) {
        let entry = facts.entry(&call);
        check_foreign(&call, entry.foreign, stranger.gather(&call, entry.messages).await);
    }
}

fn check_foreign(call: &str, foreign: Foreign, result: Result<Vec<Bytes>, Refused>) {
    match foreign {
        Foreign::Refused(code, reason) => refused(call, result).is(code, reason, ""),
        Foreign::Own => assert!(result.is_ok(), "{call}: {result:?}"),
        Foreign::ItemRefused(reason) => {
            let answers = result.unwrap_or_else(|refused| panic!("{call}: {refused:?}"));
            let answer = v1::SubmitStreamResponse::decode(answers[0].clone()).expect("an answer");
            let Some(v1::submit_stream_response::Outcome::Failure(failure)) = answer.outcome else {
                panic!("{call}: accepted");
            };
            assert_eq!(failure.reason(), reason, "{call}");
        }
    }
}

#[tokio::test]
async fn as_another_organisation() {
    let facts = Facts::new().await;
    let other = Member::join(facts.ground.hub, "annan").await;
    let peer = other.connect(facts.ground.hub);
    // What waits for the right recipient is nowhere in the other's own stream.
    let waiting = Inbox::open(&peer, 0).await.expect("its own stream").drain().await.expect("what waits");
    assert_eq!((waiting.deliveries.len(), waiting.events.len()), (0, 0));
    for call in calls().into_iter().filter(|call| call != "RelayService/Receive") {
        let entry = facts.entry(&call);
        check_foreign(&call, entry.foreign, peer.gather(&call, entry.messages).await);
    }
    let held = facts.blob.held(&peer).await.expect("its own uploads");
    assert_eq!((held.offset, held.complete), (0, false), "another organisation's upload is not its own");
}

#[tokio::test]
async fn as_another_organisation_acknowledging() {
    let facts = Facts::new().await;
    let other = Member::join(facts.ground.hub, "annan").await;
    let recipient = &facts.ground.recipient;
    let mut rightful = Inbox::open(&recipient.connect(facts.ground.hub), 0).await.expect("a stream");
    let delivery = rightful.delivery().await.expect("a delivery");
    let mut inbox = Inbox::open(&other.connect(facts.ground.hub), 0).await.expect("a stream");
    let receipts = vec![
        delivered(&delivery, other.org(), other.device()),
        delivered(&delivery, recipient.org(), recipient.device()),
        delivered(&delivery, recipient.org(), other.device()),
    ];
    let failures = inbox.acknowledge(receipts, 0).await.expect("an answer");
    let reasons: Vec<_> =
        failures.iter().map(|item| (item.index, item.failure.as_ref().map(v1::Failure::reason))).collect();
    let no = Some(ErrorReason::ReceiptRefused);
    assert_eq!(reasons, [(0, no), (1, no), (2, no)]);
}

#[tokio::test]
async fn as_a_suspended_organisation() {
    let facts = Facts::new().await;
    let peer = facts.ground.peer.clone();
    facts.ground.hub.suspend(facts.ground.sender.handle());
    let reason = ErrorReason::OrganisationSuspended;
    refused_alike(&facts, &peer, Code::PermissionDenied, reason, Some(ErrorReason::OperatorOnly)).await;
}

#[tokio::test]
async fn as_a_removed_device() {
    let mut facts = Facts::new().await;
    let hub = facts.ground.hub;
    let second = facts.ground.sender.add_device(hub, 7).await;
    let peer = facts.ground.sender.devices[second].connect(hub);
    let without = facts.ground.sender.without(second);
    facts.ground.sender.publish(hub, without).await.expect("the revocation");
    let reason = ErrorReason::DeviceRevoked;
    refused_alike(&facts, &peer, Code::Unauthenticated, reason, Some(ErrorReason::OperatorOnly)).await;
}
