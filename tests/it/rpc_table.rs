//! Every call that a hub answers, made by those who may not make it.
//!
//! The calls come from the compiled descriptors, so that a new one without a request in [`requests`] fails. What somebody gets follows
//! from who calls: a stranger, another organisation, a suspended one, a removed device. The few calls that are open to some of them are
//! named in [`opening`], and that they answer is checked as well.

mod requests;

use crate::ground::Ground;
use bytes::Bytes;
use prost::Message as _;
use requests::{Build, TABLE};
use samverkan_proto::v1::{self, ErrorReason};
use samverkan_tests::until::until_async;
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Device, Inbox, Joiner, Member, Parcel, Peer, Refused, refused};
use std::collections::BTreeSet;
use tonic::Code;

/// Everything that a request can be about.
struct Facts {
    ground: Ground,
    /// A message on its way.
    sent: Parcel,
    /// Its attachment.
    blob: Blob,
    /// What an invited organisation would send to join.
    enrolment: v1::EnrolRequest,
    /// What the recipient's device renews with, signed by it: who hands it in does not matter.
    renewal: v1::RenewCertificateRequest,
    /// What a device that its organisation invited would send to become a member.
    joiner: v1::RequestMembershipRequest,
    /// What somebody sends who has the recovery kit of an organisation that does nothing else.
    recovery: v1::RecoverRequest,
    /// Its id.
    recovered: Bytes,
    returned: v1::ReturnLogRequest,
}

impl Facts {
    async fn new() -> Self {
        let ground = Ground::new().await;
        let blob = Blob::random(1);
        blob.upload(&ground.peer).await.expect("uploaded");
        let mut sent = ground.parcel();
        sent.attach(blob.id, blob.len());
        sent.submit(&ground.peer).await.expect("accepted");
        let (mut joining, invite) = Member::invited(ground.hub, "inbjuden", "volunteer");
        let hello: v1::HelloResponse = ground
            .peer
            .call("EnrolmentService/Hello", &v1::HelloRequest::default())
            .await
            .expect("a greeting");
        let nonce = hello.renewal_nonce[..].try_into().expect("32 bytes");
        let renewal = ground.recipient.device().renewal(ground.recipient.org(), nonce);
        let lost = Member::join(ground.hub, "forlorad").await;
        let recovery = lost.recover_request(&Device::new(7));
        let recovered = lost.org().to_vec().into();
        let joiner = Joiner::invited(&ground.sender, &ground.peer).await;
        let log = Log::synchronise(&ground.peer).await.expect("the log");
        Self {
            returned: log.proof_of_all_but_one(),
            enrolment: joining.enrol_request(&invite),
            joiner: joiner.request(),
            renewal,
            recovery,
            recovered,
            ground,
            sent,
            blob,
        }
    }

    fn handle(&self) -> String {
        self.ground.sender.handle().to_owned()
    }

    fn message_id(&self) -> Bytes {
        self.sent.header.message_id.to_vec().into()
    }

    fn request(&self, call: &str) -> Vec<Bytes> {
        let row = TABLE.iter().find(|(path, _)| *path == call);
        let (_, build) = row.unwrap_or_else(|| panic!("{call} has no request"));
        build(self)
    }

    async fn make(&self, call: &str, peer: &Peer) -> Result<Vec<Bytes>, Refused> {
        peer.gather(call, self.request(call)).await
    }

    /// The reason for which a call is refused. The hub also cuts the caller's open connections, and a call on one of them hears no
    /// reason; it is made again, and never goes well.
    async fn refusal(&self, call: &str, peer: &Peer) -> Refused {
        until_async("a refusal that says why", || async {
            let refusal = refused(call, self.make(call, peer).await);
            (!refusal.reason.is_empty()).then_some(refusal)
        })
        .await
    }

    /// The answer to a call that is open. It too may meet a connection that is being cut.
    async fn answer(&self, call: &str, peer: &Peer) {
        until_async("an answer", || async {
            match self.make(call, peer).await {
                Ok(_) => Some(()),
                Err(refused) if refused.code == Code::Unavailable || refused.code == Code::Cancelled => None,
                Err(refused) => panic!("{call} is open, and refused: {refused:?}"),
            }
        })
        .await;
    }
}

/// Every call that the hub answers, as `package.Service/Method`.
fn calls() -> Vec<String> {
    let sets = [v1::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET];
    let files = sets.iter().flat_map(|set| {
        prost_types::FileDescriptorSet::decode(*set).expect("the descriptors are compiled in").file
    });
    let paths = files.flat_map(|file| {
        let services = file.service.iter();
        let methods = services.flat_map(|service| service.method.iter().map(move |method| (service, method)));
        let path = |(service, method): (&prost_types::ServiceDescriptorProto, _)| {
            let method: &prost_types::MethodDescriptorProto = method;
            format!("{}.{}/{}", file.package(), service.name(), method.name())
        };
        methods.map(path).collect::<Vec<_>>()
    });
    paths.collect()
}

/// The calls without a request, and the requests without a call.
fn unmatched(calls: &[String], table: &[(&str, Build)]) -> Vec<String> {
    let calls: BTreeSet<&str> = calls.iter().map(String::as_str).collect();
    let requests: BTreeSet<&str> = table.iter().map(|(path, _)| *path).collect();
    calls.symmetric_difference(&requests).map(|path| (*path).to_owned()).collect()
}

#[test]
fn every_call_has_a_request() {
    assert_eq!(unmatched(&calls(), TABLE), [""; 0]);
    assert!(calls().len() > 20, "the descriptors are those of all services");
}

#[test]
fn a_call_without_a_request_is_found() {
    for missing in 0..TABLE.len() {
        let mut table = TABLE.to_vec();
        let (path, _) = table.remove(missing);
        assert_eq!(unmatched(&calls(), &table), [path]);
    }
    let mut calls = calls();
    calls.push("samverkan.v1.RelayService/Eavesdrop".to_owned());
    assert_eq!(unmatched(&calls, TABLE), ["samverkan.v1.RelayService/Eavesdrop"]);
    assert_eq!(unmatched(&calls[1..], TABLE).len(), 2, "and a request that belongs to no call");
}

/// To whom a call is open.
enum Open {
    /// To anybody: what the request holds is looked at, and not who makes it.
    Anybody,
    /// To every device that ever had a certificate.
    Certified,
    /// To those alone who may call at all.
    Callers,
    /// To the operator, on the hub's local socket.
    Operator,
    /// To nobody: the hub does not have it.
    Nobody,
}

fn opening(call: &str) -> Open {
    match call.split_once('/') {
        Some(("samverkan.v1.EnrolmentService", _)) => Open::Anybody,
        Some(("samverkan.v1.RegistryService", _)) => Open::Operator,
        Some(("grpc.health.v1.Health", "Watch")) => Open::Nobody,
        Some(("grpc.health.v1.Health", _)) => Open::Certified,
        _ => Open::Callers,
    }
}

/// Makes every call as a peer that the hub does not let call, for a reason.
async fn is_shut_out(facts: &Facts, peer: &Peer, code: Code, reason: ErrorReason) {
    let certified = reason != ErrorReason::CertificateRequired;
    for call in calls() {
        match opening(&call) {
            Open::Anybody => facts.answer(&call, peer).await,
            Open::Certified if certified => facts.answer(&call, peer).await,
            Open::Nobody if certified => is_unimplemented(&call, facts, peer).await,
            Open::Operator if certified => {
                let refusal = facts.refusal(&call, peer).await;
                refusal.is(Code::PermissionDenied, ErrorReason::OperatorOnly, "");
            }
            _ => facts.refusal(&call, peer).await.is(code, reason, ""),
        }
    }
}

async fn is_unimplemented(call: &str, facts: &Facts, peer: &Peer) {
    let refusal = until_async("an answer", || async {
        let refusal = refused(call, facts.make(call, peer).await);
        (refusal.code != Code::Unavailable && refusal.code != Code::Cancelled).then_some(refusal)
    })
    .await;
    assert_eq!((refusal.code, refusal.reason.as_str()), (Code::Unimplemented, ""), "{call}");
}

#[tokio::test]
async fn bad_001_without_a_certificate() {
    let facts = Facts::new().await;
    let stranger = Peer::stranger(facts.ground.hub);
    is_shut_out(&facts, &stranger, Code::Unauthenticated, ErrorReason::CertificateRequired).await;
}

#[tokio::test]
async fn as_a_suspended_organisation() {
    let facts = Facts::new().await;
    facts.ground.hub.suspend(facts.ground.sender.handle());
    let peer = &facts.ground.peer;
    is_shut_out(&facts, peer, Code::PermissionDenied, ErrorReason::OrganisationSuspended).await;
}

#[tokio::test]
async fn bad_005_as_a_removed_device() {
    let mut facts = Facts::new().await;
    let hub = facts.ground.hub;
    let second = facts.ground.sender.add_device(hub, 7).await;
    let peer = facts.ground.sender.devices[second].connect(hub);
    let without = facts.ground.sender.without(second);
    facts.ground.sender.publish(hub, without).await.expect("the revocation");
    is_shut_out(&facts, &peer, Code::Unauthenticated, ErrorReason::DeviceRevoked).await;
}

/// Calls that answer about whoever makes them: the request names nobody else.
const ABOUT_THE_CALLER: [&str; 8] = [
    "samverkan.v1.MembershipService/InviteMember",
    "samverkan.v1.MembershipService/WithdrawMemberInvite",
    "samverkan.v1.MembershipService/ListMembershipRequests",
    "samverkan.v1.DirectoryService/Sync",
    "samverkan.v1.DirectoryService/ReturnLog",
    "samverkan.v1.RelayService/Receive",
    "samverkan.v1.RelayService/GetUpload",
    "samverkan.v1.RelayService/UploadBlob",
];

/// Calls about a message that only its sender and its recipients may know of.
const ABOUT_A_MESSAGE: [&str; 2] =
    ["samverkan.v1.RelayService/DownloadBlob", "samverkan.v1.RelayService/GetMessageStatus"];

#[tokio::test]
async fn as_another_organisation() {
    let facts = Facts::new().await;
    let other = Member::join(facts.ground.hub, "annan").await;
    let peer = other.connect(facts.ground.hub);
    for call in calls() {
        let (code, reason) = match opening(&call) {
            Open::Nobody => {
                is_unimplemented(&call, &facts, &peer).await;
                continue;
            }
            Open::Operator => (Code::PermissionDenied, ErrorReason::OperatorOnly),
            Open::Callers if ABOUT_A_MESSAGE.contains(&&*call) => {
                (Code::NotFound, ErrorReason::MessageUnknown)
            }
            Open::Callers if !ABOUT_THE_CALLER.contains(&&*call) => {
                (Code::PermissionDenied, ErrorReason::SenderMismatch)
            }
            Open::Anybody | Open::Certified | Open::Callers => {
                facts.answer(&call, &peer).await;
                continue;
            }
        };
        if call.ends_with("/SubmitStream") {
            assert_eq!(failure_of_the_item(facts.make(&call, &peer).await), reason);
        } else {
            refused(&call, facts.make(&call, &peer).await).is(code, reason, "");
        }
    }
}

#[tokio::test]
async fn what_answers_about_the_caller_tells_another_organisation_nothing() {
    let facts = Facts::new().await;
    let other = Member::join(facts.ground.hub, "annan").await;
    let peer = other.connect(facts.ground.hub);
    let waiting = Inbox::open(&peer).await.expect("its own stream").drain().await.expect("what waits");
    assert_eq!((waiting.deliveries.len(), waiting.events.len()), (0, 0), "a message for somebody else waits");
    let held = facts.blob.held(&peer).await.expect("its own uploads");
    assert_eq!((held.offset, held.complete), (0, false), "somebody else has uploaded it");
}

/// A stream of messages goes on when one of them is refused.
fn failure_of_the_item(answers: Result<Vec<Bytes>, Refused>) -> ErrorReason {
    let answers = answers.expect("the stream itself is the caller's");
    let answer = v1::SubmitStreamResponse::decode(answers[0].clone()).expect("an answer");
    let Some(v1::submit_stream_response::Outcome::Failure(failure)) = answer.outcome else {
        panic!("accepted: {answer:?}");
    };
    failure.reason()
}

#[tokio::test]
async fn as_another_organisation_acknowledging() {
    let facts = Facts::new().await;
    let other = Member::join(facts.ground.hub, "annan").await;
    let recipient = &facts.ground.recipient;
    let mut rightful = Inbox::open(&recipient.connect(facts.ground.hub)).await.expect("a stream");
    let delivery = rightful.delivery().await.expect("a delivery");
    let mut inbox = Inbox::open(&other.connect(facts.ground.hub)).await.expect("a stream");
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
