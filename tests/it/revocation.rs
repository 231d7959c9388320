//! How long a revoked device is still let in: from the answer to the manifest that revokes it to its last call that was taken, and to
//! the end of its open stream.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::until::in_time;
use samverkan_tests::wire::{Blob, Device, Inbox, Member, Peer, Refused};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Organisations, since each may publish thirty manifests in a row.
const ORGANISATIONS: usize = 8;
/// Devices that each revokes, one manifest for each.
const DEVICES: usize = 25;
/// The most that either may take.
const MOST: Duration = Duration::from_secs(1);

/// What one revocation took.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    /// To the last call that was taken.
    call: Duration,
    /// To the end of the open stream.
    stream: Duration,
}

/// An organisation with so many further devices, which all have certificates.
async fn with_devices(hub: &HubProcess) -> Member {
    let mut member = Member::join(hub, "aterkallande").await;
    let mut manifest = member.next_manifest();
    for _ in 0..DEVICES {
        let mut device = Device::new(6);
        manifest.devices.push(device.entry(manifest.issued_ms));
        device.certify(hub);
        member.devices.push(device);
    }
    member.publish(hub, manifest).await.expect("the devices");
    member
}

/// Calls again and again until it is refused; gives when the last call that was taken was answered, and the refusal.
async fn call_until_refused(peer: Peer) -> (Instant, Refused) {
    let blob = Blob::random(1);
    let mut last = Instant::now();
    loop {
        match blob.held(&peer).await {
            Ok(_) => last = Instant::now(),
            Err(refused) => return (last, refused),
        }
    }
}

/// Reads a stream to its end; gives when that was.
async fn end_of(mut inbox: Inbox) -> Instant {
    while let Ok(Some(_)) = inbox.next().await {}
    Instant::now()
}

async fn revoke(hub: &HubProcess, member: &mut Member, device: usize) -> Took {
    let (calling, streaming) = (member.devices[device].connect(hub), member.devices[device].connect(hub));
    let mut inbox = Inbox::open(&streaming).await.expect("a stream");
    inbox.drain().await.expect("nothing waits");
    Blob::random(1).held(&calling).await.expect("it may call");
    let (calls, stream) = (tokio::spawn(call_until_refused(calling)), tokio::spawn(end_of(inbox)));
    let without = member.without(device);
    member.publish(hub, without).await.expect("the revocation");
    let revoked = Instant::now();
    let (last, refused) = in_time("a refusal", calls).await.expect("no panic");
    // Whoever is cut off in the middle of a call hears no reason.
    assert!(refused.reason == "DEVICE_REVOKED" || refused.reason.is_empty(), "{refused:?}");
    let ended = in_time("the end of the stream", stream).await.expect("no panic");
    Took { call: last.saturating_duration_since(revoked), stream: ended.saturating_duration_since(revoked) }
}

/// Revokes every further device of a new organisation, one after the other.
async fn revoke_all(hub: &HubProcess) -> Vec<Took> {
    let mut member = with_devices(hub).await;
    let mut took = Vec::new();
    for device in 1..=DEVICES {
        took.push(revoke(hub, &mut member, device).await);
    }
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_revoked_devices_are_let_in_for_less_than_a_second() {
    let hub = HubProcess::shared();
    let organisations: JoinSet<_> = (0..ORGANISATIONS).map(|_| revoke_all(hub)).collect();
    let took: Vec<Took> = organisations.join_all().await.into_iter().flatten().collect();
    assert_eq!(took.len(), 200);
    let longest = Took {
        call: took.iter().map(|one| one.call).max().unwrap_or_default(),
        stream: took.iter().map(|one| one.stream).max().unwrap_or_default(),
    };
    let said = format!("longest of {}: {longest:?}\n", took.len());
    assert!(longest.call <= MOST && longest.stream <= MOST, "{said}");
    // What whoever runs it wants to know.
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("stderr");
}
