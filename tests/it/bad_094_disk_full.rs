//! 94: the disk is full half-way through an upload.
//!
//! Where the system does not let an ordinary user make mount namespaces, the test says so and proves nothing.

use samverkan_proto::v1::ErrorReason;
use samverkan_tests::small_disk::{ROOM, data_of, fill_up, hub_on, namespaces_work};
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Member, Parcel, refused};
use std::fs::remove_file;
use tonic::Code;

const MIB: u64 = 1 << 20;

#[tokio::test]
async fn bad_094_disk_full_half_way() {
    if !namespaces_work() {
        println!("not tried: this system has no mount namespaces for ordinary users");
        return;
    }
    let hub = hub_on(ROOM);
    let (sender, recipient) = (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
    let peer = sender.connect(&hub);
    let ballast = fill_up(&data_of(&hub), 3 * MIB);

    let large = Blob::random(6 * MIB);
    let refusal = refused("no room", large.upload(&peer).await);
    refusal.is(Code::ResourceExhausted, ErrorReason::StorageFull, "");
    let held = large.held(&peer).await.expect("the hub goes on");
    assert!(!held.complete && held.offset < large.len());
    let mut naming = Parcel::new(&sender, &[&recipient]);
    naming.attach(large.id, large.len());
    let refusal = refused("half an attachment", naming.submit(&peer).await);
    assert!(["BLOB_MISSING", "STORAGE_FULL"].contains(&refusal.reason.as_str()), "{refusal:?}");

    remove_file(ballast).expect("the ballast can go");
    let held = large.held(&peer).await.expect("the hub goes on");
    let done = large.upload_from(&peer, held.offset).await.expect("there is room again");
    assert!(done.complete);
    naming.header.message_id = *samverkan_proto::ids::MessageId::random().as_bytes();
    naming.submit(&peer).await.expect("now it is all there");
}
