//! 120: a disk that is full, that has no inodes left, that can only be read, that fails to sync.
//!
//! The program is the shipped one. Where a test needs a mount namespace and the system does not let an ordinary user make one, it says
//! so and proves nothing.

use samverkan_proto::v1::ErrorReason;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::process::run;
use samverkan_tests::shim::{Refuse, Shim};
use samverkan_tests::site::Site;
use samverkan_tests::small_disk::{ROOM, data_of, fill_up, hub_on, in_namespace, namespaces_work};
use samverkan_tests::wire::inbox::delivered;
use samverkan_tests::wire::upload::Blob;
use samverkan_tests::wire::{Inbox, Member, Parcel, Refused, refused};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use tonic::Code;

const MIB: u64 = 1 << 20;
/// Messages accepted before the disk fails.
const BEFORE: usize = 20;

/// A hub, an organisation that has sent, and one for which the messages wait.
struct Ground {
    hub: HubProcess,
    sender: Member,
    recipient: Member,
    /// With the receipt that the sender holds.
    accepted: Vec<(Parcel, Vec<u8>)>,
}

impl Ground {
    async fn on(hub: HubProcess) -> Self {
        let (sender, recipient) =
            (Member::join(&hub, "avsandare").await, Member::join(&hub, "mottagare").await);
        let mut ground = Self { hub, sender, recipient, accepted: Vec::new() };
        ground.accept(BEFORE).await;
        ground
    }

    fn parcel(&self) -> Parcel {
        Parcel::new(&self.sender, &[&self.recipient])
    }

    async fn accept(&mut self, n: usize) {
        let peer = self.sender.connect(&self.hub);
        for _ in 0..n {
            let parcel = self.parcel();
            let receipt = parcel.submit(&peer).await.expect("accepted");
            self.accepted.push((parcel, receipt));
        }
    }

    /// What waits for the recipient is what was accepted and not acknowledged: `waiting` of them.
    async fn all_wait(&self, waiting: &[(Parcel, Vec<u8>)]) {
        let peer = self.recipient.connect(&self.hub);
        let shown = Inbox::open(&peer).await.expect("a stream").drain().await.expect("what waits").deliveries;
        let shown: BTreeSet<_> = shown.iter().map(|delivery| delivery.header.to_vec()).collect();
        assert_eq!(shown, waiting.iter().map(|(parcel, _)| parcel.header_bytes()).collect());
    }

    /// The same bytes give the receipt that the sender holds.
    async fn receipts_hold(&self) {
        let peer = self.sender.connect(&self.hub);
        for (parcel, receipt) in &self.accepted {
            assert_eq!(&parcel.submit(&peer).await.expect("accepted before"), receipt);
        }
    }

    /// Acknowledges what waits.
    async fn acknowledge(&self) -> Result<usize, Refused> {
        let mut inbox = Inbox::open(&self.recipient.connect(&self.hub)).await?;
        let deliveries = inbox.drain().await?.deliveries;
        let device = self.recipient.device();
        let said = |delivery| delivered(delivery, self.recipient.org(), device);
        assert_eq!(inbox.acknowledge(deliveries.iter().map(said).collect(), 0).await?, []);
        Ok(deliveries.len())
    }
}

/// The refusal that a sender waits out.
fn is_no_room(refusal: &Refused) {
    refusal.is(Code::ResourceExhausted, ErrorReason::StorageFull, "");
    assert_eq!(refusal.class, "TRANSIENT");
}

fn behind(shim: &Shim) -> HubProcess {
    let site = Site::new();
    let mut serve = site.command(&["serve"]);
    shim.stand_before(&mut serve);
    HubProcess::start_by(site, &mut serve)
}

#[tokio::test]
async fn bad_120_failed_sync_ends_the_hub() {
    let shim = Shim::build();
    let mut ground = Ground::on(behind(&shim)).await;
    shim.refuse(Refuse::Syncs);
    let peer = ground.sender.connect(&ground.hub);
    let doubtful: Vec<Parcel> = (0..8).map(|_| ground.parcel()).collect();
    for parcel in &doubtful {
        // The first is told why, if it is told at all; for the others the hub may be gone.
        let refusal = refused("nothing is acknowledged after a failed sync", parcel.submit(&peer).await);
        assert!(["STORE_FAILED", "DRAINING", ""].contains(&refusal.reason.as_str()), "{refusal:?}");
        assert_eq!(refusal.code, Code::Unavailable, "{refusal:?}");
    }
    // The syncs work again, and still nothing is acknowledged: the kernel may have dropped what it could not write.
    shim.allow();
    refused("the store has failed for good", ground.parcel().submit(&peer).await);
    assert_eq!(ground.hub.wait_for_end().code(), Some(1));
    let log = ground.hub.log();
    for words in ["the disk failed", "Input/output error", "error [STORE_FAILED] ", "check the disk"] {
        assert!(log.contains(words), "{words}: {log}");
    }

    ground.hub.restart();
    ground.receipts_hold().await;
    let peer = ground.sender.connect(&ground.hub);
    for parcel in doubtful {
        let receipt = parcel.submit(&peer).await.expect("accepted, now or before");
        ground.accepted.push((parcel, receipt));
    }
    ground.all_wait(&ground.accepted).await;
    assert_eq!(ground.acknowledge().await.expect("acknowledged"), BEFORE + 8);
}

#[tokio::test]
async fn bad_120_read_only_for_a_while() {
    let shim = Shim::build();
    let mut ground = Ground::on(behind(&shim)).await;
    let peer = ground.sender.connect(&ground.hub);
    let named = Blob::random(100_000);
    named.upload(&peer).await.expect("uploaded");
    let waiting = ground.parcel();
    let pid = ground.hub.pid();
    for _ in 0..3 {
        shim.refuse(Refuse::Changes);
        for _ in 0..3 {
            is_no_room(&refused("nothing can be stored", waiting.submit(&peer).await));
        }
        is_no_room(&refused("nothing can be stored", Blob::random(100_000).upload(&peer).await));
        // What needs no change goes on.
        ground.receipts_hold().await;
        assert!(named.held(&peer).await.expect("it is asked").complete);
        is_no_room(&refused("an acknowledgement has to be stored", ground.acknowledge().await));
        shim.allow();
        ground.accept(1).await;
    }
    let receipt = waiting.submit(&peer).await.expect("accepted at last");
    ground.accepted.push((waiting, receipt));
    ground.all_wait(&ground.accepted).await;
    assert_eq!(ground.hub.pid(), pid, "the service went on without a restart");
    let told = ground.hub.log().matches("the disk takes no more").count();
    assert_eq!(told, 3, "once each time: {}", ground.hub.log());

    // A hub that dies on a file system that can not be written has lost nothing either.
    shim.refuse(Refuse::Changes);
    is_no_room(&refused("nothing can be stored", ground.parcel().submit(&peer).await));
    ground.hub.kill9();
    ground.hub.restart();
    ground.receipts_hold().await;
    ground.all_wait(&ground.accepted).await;
}

#[test]
fn bad_120_read_only_from_the_start() {
    if !namespaces_work() {
        println!("not tried: this system has no mount namespaces for ordinary users");
        return;
    }
    let site = Site::new();
    let script = "mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"; shift; exec \"$@\"";
    let serve = site.command(&["serve"]);
    let mut command = in_namespace();
    command.arg(script).arg("sh").arg(site.data_dir()).arg(serve.get_program()).args(serve.get_args());
    let outcome = run(&mut command, b"");
    outcome.exits(3);
    assert!(outcome.stderr.contains("error [STORE_READ_ONLY] "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("make data_dir writable"), "{}", outcome.stderr);
}

#[tokio::test]
async fn bad_120_disk_full() {
    if !namespaces_work() {
        println!("not tried: this system has no mount namespaces for ordinary users");
        return;
    }
    let mut ground = Ground::on(hub_on(ROOM)).await;
    let peer = ground.sender.connect(&ground.hub);
    let (waiting, pid) = (ground.parcel(), ground.hub.pid());
    // Less is free than the hub keeps for deletions: nothing new is taken, and what waits goes on.
    let ballast = fill_up(&data_of(&ground.hub), 32 * MIB);
    for _ in 0..3 {
        is_no_room(&refused("the rest is kept", waiting.submit(&peer).await));
    }
    ground.receipts_hold().await;
    assert_eq!(ground.acknowledge().await.expect("there is room for that"), BEFORE);
    fs::remove_file(ballast).expect("the ballast can go");
    ground.accepted.clear();
    ground.accept(5).await;

    // Nothing at all is free.
    let ballast = fill_up(&data_of(&ground.hub), 0);
    for _ in 0..20 {
        is_no_room(&refused("nothing is free", waiting.submit(&peer).await));
        is_no_room(&refused("nothing is free", Blob::random(1).upload(&peer).await));
    }
    ground.receipts_hold().await;
    fs::remove_file(ballast).expect("the ballast can go");
    let receipt = waiting.submit(&peer).await.expect("there is room again");
    ground.accepted.push((waiting, receipt));
    ground.all_wait(&ground.accepted).await;
    assert_eq!(ground.acknowledge().await.expect("acknowledged"), 6);
    assert_eq!(ground.hub.pid(), pid, "the service went on without a restart");
}

#[tokio::test]
async fn bad_120_no_inodes() {
    if !namespaces_work() {
        println!("not tried: this system has no mount namespaces for ordinary users");
        return;
    }
    let mut ground = Ground::on(hub_on("size=1g,nr_inodes=400,mode=700")).await;
    let peer = ground.sender.connect(&ground.hub);
    let crowd = data_of(&ground.hub).join("crowd");
    take_all_inodes(&crowd);
    for _ in 0..3 {
        is_no_room(&refused("a new file", Blob::random(100_000).upload(&peer).await));
    }
    // Messages need no new file, until the journal begins its next one.
    ground.accept(5).await;
    ground.all_wait(&ground.accepted).await;
    fs::remove_dir_all(crowd).expect("the crowd can go");
    Blob::random(100_000).upload(&peer).await.expect("there are inodes again");
    assert_eq!(ground.acknowledge().await.expect("acknowledged"), BEFORE + 5);
}

fn take_all_inodes(folder: &Path) {
    fs::create_dir(folder).expect("one more folder");
    let mut made = 0;
    while fs::write(folder.join(made.to_string()), "").is_ok() {
        made += 1;
        assert!(made < 1000, "this file system has inodes without end");
    }
}

/// A file may not grow any further: what `ulimit -f` and quotas of some file systems do.
#[tokio::test]
async fn bad_120_largest_file() {
    let site = Site::new();
    let serve = site.command(&["serve"]);
    let mut command = Command::new("sh");
    // Else the system would end the program by a signal, which is not what is looked at here.
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(serve.get_program()).args(serve.get_args());
    let mut ground = Ground::on(HubProcess::start_by(site, &mut command)).await;
    let peer = ground.sender.connect(&ground.hub);
    let segment = ground.hub.data_dir().join("store/segments/0000000001.seg");
    let waiting = ground.parcel();
    for _ in 0..3 {
        let len = fs::metadata(&segment).expect("the journal").len();
        limit_files(ground.hub.pid(), Some(len + 1_000));
        for _ in 0..3 {
            is_no_room(&refused("the journal may not grow", waiting.submit(&peer).await));
        }
        limit_files(ground.hub.pid(), None);
        ground.accept(1).await;
    }
    let receipt = waiting.submit(&peer).await.expect("accepted at last");
    ground.accepted.push((waiting, receipt));
    ground.hub.kill9();
    ground.hub.restart();
    ground.receipts_hold().await;
    ground.all_wait(&ground.accepted).await;
}

fn limit_files(pid: u32, bytes: Option<u64>) {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
    let maximum = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit { current: bytes.or(maximum), maximum };
    prlimit(pid, Resource::Fsize, limit).expect("one's own process can be limited");
}
