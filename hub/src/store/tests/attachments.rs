//! Attachments: uploaded, named, given to those the message is for, and gone with it.

use bytes::Bytes;
use samverkan_proto::ids::{BlobId, sha256};
use samverkan_proto::limits::{AFTER_DELIVERY_MS, DAY_MS};
use samverkan_proto::statement::header::BlobRef;

use super::mail::{DELIVERED, PRIMARY, STOPS, accept, message_with, pass, take, two_orgs};
use super::*;

/// The smallest length that an attachment can have.
pub(super) const LEN: usize = 54 + 4096 + 16;

pub(super) fn blob(fill: u8) -> (BlobId, Bytes) {
    let bytes = Bytes::from(vec![fill; LEN]);
    (BlobId::of_digest(sha256(&bytes)), bytes)
}

pub(super) async fn upload(hub: &TestHub, org: &TestOrg, (id, bytes): &(BlobId, Bytes)) {
    match hub.store.upload(org.id(), *id, LEN as u64, 0).await.unwrap() {
        UploadStart::Complete => {}
        UploadStart::Begun(mut begun) => {
            begun.write(bytes.slice(..1000)).await.unwrap();
            begun.write(bytes.slice(1000..)).await.unwrap();
            assert_eq!(begun.offset(), LEN as u64);
            begun.finish().await.unwrap();
        }
    }
}

pub(super) fn naming(hub: &TestHub, a: &TestOrg, b: &TestOrg, blobs: &[BlobId]) -> Sealed {
    message_with(hub, a, &[(b, PRIMARY)], |fields| {
        fields.blobs = blobs.iter().map(|id| BlobRef { id: *id, len: LEN as u64 }).collect();
        fields.blobs.sort_by_key(|blob| blob.id);
    })
}

pub(super) async fn download(
    hub: &TestHub,
    org: &TestOrg,
    sealed: &Sealed,
    id: BlobId,
) -> Result<Vec<u8>, StoreError> {
    let reader = (org.id(), org.device().id());
    let mut download = hub.store.download(reader, sealed.id(), id, (0, 0)).await?;
    let mut all = Vec::new();
    while let Some(bytes) = download.next().await? {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

/// Waits until the file of an attachment is removed, which a thread of its own does.
async fn removed(hub: &TestHub, org: &TestOrg, id: BlobId) {
    let path = hub.path.join("blobs").join(org.id().to_string()).join(id.to_string());
    while path.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_attachment_must_be_there_and_is_given_to_readers_only() {
    let (mut hub, a, b) = two_orgs().await;
    let stranger = TestOrg::new(9);
    hub.activate(&stranger).await;
    let (first, second) = (blob(1), blob(2));
    let sealed = naming(&hub, &a, &b, &[first.0]);
    assert_eq!(accept(&hub, &sealed).await, Err(StoreError::BlobMissing));
    // Another organisation's upload is not the sender's.
    upload(&hub, &b, &first).await;
    assert_eq!(accept(&hub, &sealed).await, Err(StoreError::BlobMissing));
    upload(&hub, &a, &first).await;
    upload(&hub, &a, &second).await;
    accept(&hub, &sealed).await.unwrap();
    for stop in STOPS {
        assert_eq!(download(&hub, &b, &sealed, first.0).await.unwrap(), first.1);
        assert_eq!(download(&hub, &b, &sealed, second.0).await, Err(StoreError::UnknownBlob));
        assert_eq!(download(&hub, &stranger, &sealed, first.0).await, Err(StoreError::UnknownMessage));
        let held = hub.store.upload_state(a.id(), first.0).await.unwrap();
        assert_eq!((held.offset, held.complete), (LEN as u64, true));
        let reader = (b.id(), b.device().id());
        let beyond = hub.store.download(reader, sealed.id(), first.0, (LEN as u64 + 1, 0)).await;
        assert_eq!(beyond.err(), Some(StoreError::OffsetOutOfRange));
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn an_attachment_goes_with_the_last_message_that_names_it() {
    let (mut hub, a, b) = two_orgs().await;
    let shared = blob(1);
    upload(&hub, &a, &shared).await;
    let messages = [naming(&hub, &a, &b, &[shared.0]), naming(&hub, &a, &b, &[shared.0])];
    for sealed in &messages {
        accept(&hub, sealed).await.unwrap();
    }
    hub.reopen(Stop::Killed).await;
    take(&hub, &b, b.device(), &messages[0], DELIVERED).await.unwrap();
    pass(&hub, AFTER_DELIVERY_MS).await;
    assert_eq!(download(&hub, &b, &messages[0], shared.0).await, Err(StoreError::Gone));
    assert_eq!(download(&hub, &b, &messages[1], shared.0).await.unwrap(), shared.1);
    take(&hub, &b, b.device(), &messages[1], DELIVERED).await.unwrap();
    pass(&hub, AFTER_DELIVERY_MS).await;
    removed(&hub, &a, shared.0).await;
    assert!(!hub.store.upload_state(a.id(), shared.0).await.unwrap().complete);
    let again = naming(&hub, &a, &b, &[shared.0]);
    assert_eq!(accept(&hub, &again).await, Err(StoreError::BlobMissing));
    upload(&hub, &a, &shared).await;
    accept(&hub, &again).await.unwrap();
}

#[tokio::test]
async fn what_no_message_names_goes_after_a_day() {
    let (mut hub, a, b) = two_orgs().await;
    let (named, alone) = (blob(1), blob(2));
    upload(&hub, &a, &named).await;
    upload(&hub, &a, &alone).await;
    let sealed = naming(&hub, &a, &b, &[named.0]);
    accept(&hub, &sealed).await.unwrap();
    hub.reopen(Stop::IndexDeleted).await;
    pass(&hub, DAY_MS - 1).await;
    assert!(hub.store.upload_state(a.id(), alone.0).await.unwrap().complete);
    pass(&hub, 1).await;
    removed(&hub, &a, alone.0).await;
    assert_eq!(download(&hub, &b, &sealed, named.0).await.unwrap(), named.1);
}

#[tokio::test]
async fn wrong_bytes_and_files_without_a_record_are_no_attachments() {
    let (mut hub, a, _) = two_orgs().await;
    let (id, bytes) = blob(1);
    let begin = async || match hub.store.upload(a.id(), id, LEN as u64, 0).await.unwrap() {
        UploadStart::Begun(begun) => begun,
        UploadStart::Complete => panic!("nothing was uploaded"),
    };
    let mut begun = begin().await;
    assert_eq!(hub.store.upload(a.id(), id, LEN as u64, 0).await.err(), Some(StoreError::UploadInProgress));
    begun.write(vec![9; LEN].into()).await.unwrap();
    assert_eq!(begun.finish().await, Err(StoreError::BlobMismatch));
    let mut begun = begin().await;
    begun.write(bytes.clone()).await.unwrap();
    assert_eq!(begun.write(bytes.clone()).await, Err(StoreError::BlobMismatch));
    // A file that came to its place without its record is one that nobody was told of.
    let folder = hub.path.join("blobs").join(a.id().to_string());
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(id.to_string()), &bytes).unwrap();
    assert!(!hub.store.upload_state(a.id(), id).await.unwrap().complete);
    hub.reopen(Stop::Killed).await;
    assert!(!folder.join(id.to_string()).exists());
}
