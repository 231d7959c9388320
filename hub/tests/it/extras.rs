//! What messages name: attachments and consents.

use bytes::Bytes;
use samverkan_proto::code::LegalBasis;
use samverkan_proto::ids::{BlobId, ConsentHandle, sha256};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::consent::ConsentStub;
use samverkan_proto::statement::header::{BlobRef, Header, HeaderFields};
use samverkan_proto::v1::consent_service_client::ConsentServiceClient;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{self, ErrorReason};
use tonic::Status;

use crate::mail::{handed_in, relay};
use crate::running::*;

const POLICE: u32 = 1;

/// Bytes of the length that a sealed attachment with `segments` full segments has, and their id.
fn blob(segments: usize, fill: u8) -> (Bytes, BlobId) {
    let bytes = vec![fill; 54 + segments * (65_536 + 16)];
    let id = BlobId::of_digest(sha256(&bytes));
    (bytes.into(), id)
}

fn parts(id: BlobId, length: u64, offset: u64, data: &[u8]) -> Vec<v1::UploadBlobRequest> {
    let start = v1::UploadStart { blob_id: id.as_bytes().to_vec().into(), length, offset };
    let start = v1::UploadBlobRequest { part: Some(Part::Start(start)) };
    let frames = data
        .chunks(300_000)
        .map(|data| v1::UploadBlobRequest { part: Some(Part::Data(data.to_vec().into())) });
    std::iter::once(start).chain(frames).collect()
}

async fn upload(hub: &Hub, by: &Member, parts: Vec<v1::UploadBlobRequest>) -> Result<(u64, bool), Status> {
    let reply = relay(hub, by).await.upload_blob(tokio_stream::iter(parts)).await?.into_inner();
    Ok((reply.offset, reply.complete))
}

async fn held(hub: &Hub, by: &Member, id: BlobId) -> (u64, bool) {
    let request = v1::GetUploadRequest { blob_id: id.as_bytes().to_vec().into() };
    let reply = relay(hub, by).await.get_upload(request).await.unwrap().into_inner();
    (reply.offset, reply.complete)
}

async fn download(
    hub: &Hub,
    by: &Member,
    message: &v1::SubmitRequest,
    id: BlobId,
    (offset, length): (u64, u64),
) -> Result<Vec<u8>, Status> {
    let request = v1::DownloadBlobRequest {
        message_id: message.header.slice(6..22),
        blob_id: id.as_bytes().to_vec().into(),
        offset,
        length,
    };
    let mut frames = relay(hub, by).await.download_blob(request).await?.into_inner();
    let mut data = vec![];
    while let Some(frame) = frames.message().await? {
        assert!((1..=1 << 20).contains(&frame.data.len()));
        data.extend_from_slice(&frame.data);
    }
    Ok(data)
}

fn with_blob(from: &Member, to: &Member, id: BlobId, len: u64) -> v1::SubmitRequest {
    let blobs = vec![BlobRef { id, len }];
    handed_in(&Header::new(HeaderFields { blobs, ..referral(from, to) }).unwrap())
}

#[tokio::test]
async fn an_attachment_is_uploaded_named_and_downloaded_in_pieces() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let (bytes, id) = blob(31, 7);
    let len = bytes.len() as u64;
    let message = with_blob(&from, &to, id, len);
    let mut sender = relay(&hub, &from).await;
    assert_eq!(reason(sender.submit(message.clone()).await), ErrorReason::BlobMissing);

    let some = 54 + 5 * 65_552 + 100;
    let begun = upload(&hub, &from, parts(id, len, 0, &bytes[..some])).await.unwrap();
    assert_eq!(begun, (some as u64, false));
    let (offset, complete) = held(&hub, &from, id).await;
    assert_eq!((offset, complete), (54 + 5 * 65_552, false), "rounded down to a segment");
    let rest = parts(id, len, offset, &bytes[offset as usize..]);
    assert_eq!(upload(&hub, &from, rest).await.unwrap(), (len, true));
    assert_eq!(held(&hub, &from, id).await, (len, true));
    assert_eq!(upload(&hub, &from, parts(id, len, 0, &[])).await.unwrap(), (len, true), "it is here already");

    sender.submit(message.clone()).await.unwrap();
    let hub = hub.restarted().await;
    assert_eq!(download(&hub, &to, &message, id, (0, 0)).await.unwrap(), bytes);
    assert_eq!(download(&hub, &to, &message, id, (100, 70_000)).await.unwrap(), bytes[100..70_100]);
    let beyond = download(&hub, &to, &message, id, (len + 1, 0)).await;
    assert_eq!(reason(beyond), ErrorReason::OffsetOutOfRange);
    let third = hub.member("tredje-exempel", POLICE).await;
    assert_eq!(reason(download(&hub, &third, &message, id, (0, 0)).await), ErrorReason::MessageUnknown);
    let (_, other) = blob(1, 1);
    assert_eq!(reason(download(&hub, &to, &message, other, (0, 0)).await), ErrorReason::BlobUnknown);
}

#[tokio::test]
async fn uploads_that_lie_are_refused() {
    let hub = Hub::start().await;
    let from = hub.member("from-exempel", POLICE).await;
    let (bytes, id) = blob(2, 7);
    let len = bytes.len() as u64;
    let (_, other) = blob(3, 1);
    let data = |data: Vec<u8>| v1::UploadBlobRequest { part: Some(Part::Data(data.into())) };
    let start = |offset| parts(id, len, offset, &[]);
    let cases: Vec<(&str, Vec<v1::UploadBlobRequest>, ErrorReason)> = vec![
        ("other bytes than the id", parts(other, len, 0, &bytes), ErrorReason::InvalidField),
        ("more than announced", parts(id, len, 0, &[&bytes, &b"x"[..]].concat()), ErrorReason::InvalidField),
        ("a length that nothing is padded to", parts(id, len - 1, 0, &[]), ErrorReason::InvalidField),
        ("no length", parts(id, 0, 0, &[]), ErrorReason::InvalidField),
        ("an absurd length", parts(id, u64::MAX, 0, &[]), ErrorReason::MessageTooLarge),
        ("nothing held to go on from", start(65_606), ErrorReason::OffsetOutOfRange),
        ("data first", vec![data(vec![1])], ErrorReason::InvalidField),
        ("nothing at all", vec![], ErrorReason::InvalidField),
        ("an empty frame", [start(0), vec![data(vec![])]].concat(), ErrorReason::InvalidField),
        (
            "a frame too large",
            [start(0), vec![data(vec![7; (1 << 20) + 1])]].concat(),
            ErrorReason::InvalidField,
        ),
        ("two starts", [start(0), start(0)].concat(), ErrorReason::InvalidField),
        ("no part", vec![v1::UploadBlobRequest { part: None }], ErrorReason::InvalidField),
    ];
    for (about, parts, expected) in cases {
        assert_eq!(reason(upload(&hub, &from, parts).await), expected, "{about}");
    }
    assert_eq!(upload(&hub, &from, parts(id, len, 0, &bytes)).await.unwrap(), (len, true));
    assert_eq!(held(&hub, &from, other).await, (0, false));
}

#[tokio::test]
async fn one_upload_at_a_time_and_each_organisation_its_own() {
    let hub = Hub::start().await;
    let (from, other) = (hub.member("from-exempel", POLICE).await, hub.member("annan-exempel", POLICE).await);
    let (bytes, id) = blob(2, 7);
    let len = bytes.len() as u64;
    let (open, stream) = tokio::sync::mpsc::channel(2);
    let mut first = relay(&hub, &from).await;
    let running = tokio::spawn(async move {
        first.upload_blob(tokio_stream::wrappers::ReceiverStream::new(stream)).await.map(|_| ())
    });
    for part in parts(id, len, 0, &bytes[..bytes.len() - 1]) {
        open.send(part).await.unwrap();
    }
    let has_its_place = async {
        while held(&hub, &from, id).await.0 == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, has_its_place).await.unwrap();
    assert_eq!(reason(upload(&hub, &from, parts(id, len, 0, &bytes)).await), ErrorReason::UploadInProgress);
    assert_eq!(upload(&hub, &other, parts(id, len, 0, &bytes)).await.unwrap(), (len, true));
    drop(open);
    running.await.unwrap().unwrap();
    assert_eq!(upload(&hub, &from, parts(id, len, 0, &bytes)).await.unwrap(), (len, true));
}

fn stub(by: &Member, handle: u8, expires_ms: u64) -> Bytes {
    let handle = ConsentHandle::parse(&[handle; 16]).unwrap();
    let (issuer_org, issuer_device) = (by.org(), by.device.device_id());
    let stub = ConsentStub { handle, commitment: [9; 32], issuer_org, issuer_device, expires_ms };
    Bytes::copy_from_slice(stub.sign(&by.device).unwrap().bytes())
}

fn on_consent(from: &Member, to: &Member, handle: u8) -> v1::SubmitRequest {
    let handles = vec![ConsentHandle::parse(&[handle; 16]).unwrap()];
    let fields = HeaderFields { basis: Some(LegalBasis::Consent), handles, ..referral(from, to) };
    handed_in(&Header::new(fields).unwrap())
}

async fn register(hub: &Hub, by: &Member, stubs: Vec<Bytes>) -> Result<(), Status> {
    let channel = hub.channel(Some(&by.identity)).await.unwrap();
    let request = v1::RegisterConsentsRequest { stubs };
    ConsentServiceClient::new(channel).register_consents(request).await.map(|_| ())
}

#[tokio::test]
async fn a_consent_is_registered_once_and_used_once() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let day = NOW / DAY_MS * DAY_MS;
    let mut sender = relay(&hub, &from).await;
    let message = on_consent(&from, &to, 1);
    assert_eq!(reason(sender.submit(message.clone()).await), ErrorReason::ConsentHandleUnknown);
    let good = stub(&from, 1, day + 10 * DAY_MS);
    for _ in 0..2 {
        register(&hub, &from, vec![good.clone()]).await.unwrap();
    }
    let other = stub(&from, 1, day + 11 * DAY_MS);
    assert_eq!(reason(register(&hub, &from, vec![other]).await), ErrorReason::IdempotencyConflict);
    assert_eq!(reason(register(&hub, &to, vec![good]).await), ErrorReason::SenderMismatch);
    let first = sender.submit(message.clone()).await.unwrap().into_inner();
    assert_eq!(
        sender.submit(message).await.unwrap().into_inner(),
        first,
        "the same message, not a second use"
    );
    let again = sender.submit(on_consent(&from, &to, 1)).await;
    assert_eq!(reason(again), ErrorReason::ConsentHandleUsed);

    register(&hub, &from, vec![stub(&from, 2, day + 2 * DAY_MS)]).await.unwrap();
    hub.hands.set(day + 2 * DAY_MS);
    let late = reason(sender.submit(on_consent(&from, &to, 2)).await);
    assert!(
        matches!(late, ErrorReason::ConsentHandleExpired | ErrorReason::ConsentHandleUnknown),
        "{late:?}"
    );
}
