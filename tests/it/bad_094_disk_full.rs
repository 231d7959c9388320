//! 94: the disk is full half-way through an upload.
//!
//! The hub runs in a mount namespace of its own, where its data folder is a small file system in memory. Where the system does not let
//! an ordinary user make namespaces, the test says so and proves nothing.

use samverkan_proto::v1::ErrorReason;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::process::run;
use samverkan_tests::site::Site;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Member, Parcel, refused};
use std::fs::{File, remove_file};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tonic::Code;

/// The data folder's file system: the 256 MiB that the journal keeps free, and room to fill up.
const DISK: &str = "size=384m,mode=700";
const MIB: u64 = 1 << 20;

fn in_namespace() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec"]);
    command
}

fn namespaces_work() -> bool {
    let mount = format!("mount -t tmpfs -o {DISK} tmpfs /mnt");
    run(in_namespace().arg(mount), b"").code == Some(0)
}

fn hub_on_a_small_disk() -> HubProcess {
    let site = Site::new();
    // The keys that `init` made move onto the small disk, which nobody else sees.
    let script = format!(
        "cp -a \"$1\" \"$1.made\"; mount -t tmpfs -o {DISK} tmpfs \"$1\"; cp -a \"$1.made/.\" \"$1\"; shift; exec \"$@\""
    );
    let serve = site.command(&["serve"]);
    let mut command = in_namespace();
    command.arg(script).arg("sh").arg(site.data_dir()).arg(serve.get_program()).args(serve.get_args());
    HubProcess::start_by(site, &mut command)
}

/// A file that takes all the room there is but for `leave` bytes.
fn fill_up(folder: &Path, leave: u64) -> PathBuf {
    let path = folder.join("ballast");
    let mut file = File::create(&path).expect("the hub's own view of its folder");
    let chunk = vec![0; 4096];
    let mut len: u64 = 0;
    while file.write_all(&chunk).is_ok() {
        len += chunk.len() as u64;
    }
    file.set_len(len.saturating_sub(leave)).expect("a file can be made shorter");
    path
}

#[tokio::test]
async fn bad_094_disk_full_half_way() {
    if !namespaces_work() {
        println!("not tried: this system has no mount namespaces for ordinary users");
        return;
    }
    let hub = hub_on_a_small_disk();
    let (sender, recipient) = (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
    let peer = sender.connect(&hub);
    // As the hub sees it.
    let data = PathBuf::from(format!("/proc/{}/root{}", hub.pid(), hub.data_dir().display()));
    let ballast = fill_up(&data, 3 * MIB);

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
