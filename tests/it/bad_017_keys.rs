//! 17: the hub's own keys and certificate, missing, half written or of somebody else.

use crate::siege::Siege;
use rustls::pki_types::CertificateDer;
use samverkan_hub::clock::Clock;
use samverkan_proto::limits::DAY_MS;
use samverkan_tests::clocked::ClockedHub;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::site::Site;
use samverkan_tests::until::until_async;
use samverkan_tests::wire::connect::{authority, handshake, tls};
use samverkan_tests::wire::{Parcel, Peer};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FILES: [&str; 4] = ["ca.pem", "ca.key", "receipt.key", "log.key"];

/// A way to spoil a file, given another one of the same folder.
type Fault = (&'static str, fn(&Path, &Path));

const FAULTS: [Fault; 6] = [
    ("missing", |file, _| fs::remove_file(file).expect("it is there")),
    ("empty", |file, _| write(file, b"")),
    ("half written", |file, _| {
        let bytes = read(file);
        write(file, &bytes[..bytes.len() / 2]);
    }),
    ("garbage", |file, _| write(file, &[0xff; 300])),
    ("another file's", |file, other| write(file, &read(other))),
    ("huge", |file, _| write(file, &vec![b'A'; 10 << 20])),
];

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).expect("a file of the hub")
}

fn write(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).expect("it can be written");
}

fn key_files(site: &Site) -> Vec<PathBuf> {
    FILES.map(|name| site.data_dir().join("keys").join(name)).to_vec()
}

/// Spoils each file in each way, calls `see`, and puts the file back.
fn each_fault(site: &Site, mut see: impl FnMut(&str, &Path)) {
    let files = key_files(site);
    for (place, file) in files.iter().enumerate() {
        let other = &files[(place + 2) % files.len()];
        for (fault, spoil) in FAULTS {
            let (good, rights) = (read(file), fs::metadata(file).expect("a file").permissions());
            spoil(file, other);
            see(fault, file);
            write(file, &good);
            fs::set_permissions(file, rights).expect("its rights can be set");
        }
    }
}

#[test]
fn bad_017_keys_at_a_start() {
    let site = Site::new();
    each_fault(&site, |fault, file| {
        let outcome = site.operator(&["serve", "--json"]);
        let error = outcome.refused(3, "KEYS_UNUSABLE");
        let text = error["message"].as_str().expect("a sentence");
        assert!(text.contains(file.to_str().expect("text")), "{fault}: {text}");
        assert!(!site.data_dir().join("store").exists(), "{fault}: nothing was begun");
    });
    drop(HubProcess::start_at(site));
}

/// A running hub does not look at the files again. `check` does, and raises the alarm, before the next start would.
#[tokio::test]
async fn bad_017_keys_of_a_running_hub() {
    let siege = Siege::begin().await;
    each_fault(&siege.hub, |fault, file| {
        let outcome = siege.hub.operator(&["check", "--format", "nagios"]);
        outcome.exits(2);
        let name = file.to_str().expect("text");
        assert!(outcome.stdout.starts_with("SAMVERKAN CRITICAL - keys: "), "{fault}: {}", outcome.stdout);
        assert!(outcome.stdout.contains(name), "{fault}: {}", outcome.stdout);
    });
    let good: Vec<_> = key_files(&siege.hub).into_iter().map(|file| (read(&file), file)).collect();
    good.iter().for_each(|(_, file)| write(file, b""));
    let new = Peer::at(siege.hub.address(), siege.peer.tls());
    for peer in [&siege.peer, &new] {
        Parcel::new(&siege.sender, &[&siege.recipient]).submit(peer).await.expect("the hub goes on");
    }
    drop(new);
    good.iter().for_each(|(bytes, file)| write(file, bytes));
    siege.is_over().await;
}

/// The certificate that a hub presents to a client whose clock shows `now_ms`; `None` when it is not valid then.
async fn certificate_at(
    site: &Site,
    ca: &CertificateDer<'static>,
    now_ms: u64,
) -> Option<CertificateDer<'static>> {
    let mut tls = tls(ca.clone(), None);
    Arc::get_mut(&mut tls).expect("nobody else has it").time_provider = Arc::new(Clock::manual(now_ms).0);
    let stream = handshake(site.address(), tls).await.ok()?;
    let chain = stream.get_ref().1.peer_certificates().expect("a chain");
    Some(chain[0].clone().into_owned())
}

/// The server's certificate is renewed in time, without the files.
#[tokio::test]
async fn bad_017_renewal_without_files() {
    let hub = ClockedHub::start();
    let ca = authority(&hub.data_dir());
    let mut last = certificate_at(&hub, &ca, hub.started_ms()).await.expect("the first one");
    for file in key_files(&hub) {
        fs::remove_file(file).expect("it is there");
    }
    // Two thirds into the life of the first, of the second, and long after the end of the third.
    for days in [61, 122, 365] {
        hub.pass(days * DAY_MS);
        let now_ms = hub.started_ms() + days * DAY_MS;
        last = until_async("a new certificate", || async {
            certificate_at(&hub, &ca, now_ms).await.filter(|found| *found != last)
        })
        .await;
    }
}
