//! What was captured on the hub stays closed to whoever takes a device later than the keys are kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use samverkan_client::keystore::Keystore;
use samverkan_envelope::EpochSecret;
use samverkan_envelope::open::{HeldKey, LocalDevice, Received};
use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::Header;

use crate::hub::TestHub;
use crate::member::{Silent, passphrase, profile_in};
use crate::messages::{referral, two};

/// Longer than anything a passing test waits for.
const SOON: Duration = Duration::from_secs(60);

/// A message as it lies in the hub's journal.
struct Captured {
    header: Header,
    wraps: Vec<u8>,
    content: Vec<u8>,
}

impl Captured {
    /// Finds a message in the segments of a journal: header, wraps and content stand there one after the other.
    fn from_journal(folder: &Path, id: &MessageId) -> Self {
        let found = segments(folder).iter().find_map(|path| {
            let bytes = std::fs::read(path).expect("readable");
            let begins = |at: &usize| {
                bytes[*at..].starts_with(b"SVK1\0\x01") && bytes[*at + 6..].starts_with(id.as_bytes())
            };
            let at = (0..bytes.len().saturating_sub(22)).find(begins)?;
            let header = (0..6_000).find_map(|len| Header::parse(bytes.get(at..at + len)?).ok())?;
            let wraps_at = at + header.bytes().len();
            let content_at = wraps_at + header.fields().wraps.len() * WRAP_LEN;
            let end = content_at + header.fields().content_len as usize;
            let (wraps, content) = (bytes[wraps_at..content_at].to_vec(), bytes[content_at..end].to_vec());
            Some(Self { header, wraps, content })
        });
        found.expect("the message is in the journal")
    }

    /// Whether a copy of a device's folder, with its passphrase, opens it: every key that is there is tried.
    fn opens_with(&self, folder: &Path, device: LocalDevice) -> bool {
        let keystore = Keystore::open(&profile_in(folder), &passphrase()).expect("the passphrase is known");
        let keys = keystore.contents();
        let at = self.header.fields().wrap_index(&device.org, &device.device).expect("a recipient");
        let wrap = &self.wraps[at * WRAP_LEN..(at + 1) * WRAP_LEN];
        keys.epochs().any(|epoch| {
            let seed = keys.epoch_seed(epoch).expect("it is listed");
            let secret = EpochSecret::from_seed(*seed.expose());
            // The week is not the thief's concern.
            let epoch = Epoch::of(self.header.fields().created_ms);
            let held = HeldKey { secret: &secret, epoch };
            let received = Received::parse(self.header.bytes(), wrap, &self.content).expect("whole");
            received.unwrap(device, |_| Some(held)).is_ok()
        })
    }
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("listed") {
        let path = entry.expect("entry").path();
        if path.is_dir() { found.extend(segments(&path)) } else { found.push(path) }
    }
    found
}

/// What a thief has after an hour with the machine: everything in the folder.
fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().expect("tempdir");
    copy_folder(&folder.join("s"), &copy.path().join("s"));
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("made");
    std::fs::set_permissions(to, std::fs::metadata(from).expect("there").permissions()).expect("its mode");
    for entry in std::fs::read_dir(from).expect("listed") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("entry");
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            // A socket is nothing that can be copied.
            drop(std::fs::copy(&path, to.join(name)));
        }
    }
}

/// How a device comes to destroy its keys.
enum By {
    /// A command that talks to the hub.
    ACommand,
    /// A command that only reads what is here, after the hub was seen in a later week.
    ReadingAlone,
    /// A client that only waits.
    AWatch,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_captured_does_not_open_once_its_key_is_destroyed() {
    for by in [By::ACommand, By::ReadingAlone, By::AWatch] {
        let hub = TestHub::start().await;
        let (mut one, mut two) = two(&hub).await;
        let sent = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
        let captured = Captured::from_journal(&hub.data().join("store"), &sent.message);
        assert_eq!(two.session.receive(&mut Silent).await.expect("received").threads, [sent.reference]);
        let device =
            LocalDevice { org: two.session.org(), device: two.session.own_device().expect("it joined").id() };
        let over_ms = Epoch::of(captured.header.fields().created_ms).destroy_at_ms();
        advance_to(&hub, over_ms - 3_600_000);
        two.session.refresh(&mut Silent).await.expect("an hour before");
        let folder = two.folder.path().to_owned();
        let before = copy_of(&folder);
        assert!(captured.opens_with(before.path(), device), "until then it opens, so this test can fail");

        match by {
            By::ACommand => {
                advance_to(&hub, over_ms);
                two.session.refresh(&mut Silent).await.expect("any command");
            }
            By::ReadingAlone => {
                advance_to(&hub, over_ms);
                hub.stop().await;
                two = two.restart();
                assert_eq!(two.session.inbox().len(), 1, "what was received is read without a hub");
            }
            By::AWatch => {
                let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
                let (mut silent, mut unnoticed) = (Silent, |_| ());
                let watching = two.session.watch(&mut silent, &mut unnoticed, async { drop(stopped.await) });
                let looking = async {
                    // All clients of a hub spread over ten minutes.
                    advance_to(&hub, over_ms + 600_000);
                    while captured.opens_with(copy_of(&folder).path(), device) {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    stop.send(()).expect("it watches");
                };
                let both = async { tokio::join!(watching, looking) };
                let (watched, ()) = tokio::time::timeout(SOON, both).await.expect("in time");
                watched.expect("watched to the end");
            }
        }
        let after = copy_of(&folder);
        assert!(!captured.opens_with(after.path(), device), "nothing in the folder opens it any more");
    }
}

fn advance_to(hub: &TestHub, at_ms: u64) {
    hub.advance(Duration::from_millis(at_ms - hub.clock.now_ms()));
}
