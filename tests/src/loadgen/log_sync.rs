//! What a leaf of the log costs a client: hashed, read back from its copy, and synchronised with every signature verified.
//!
//! The log is one of epoch keys, as a real one is after its first weeks: one batch a device and week.

use super::command::Size;
use super::error::{LoadError, ensure};
use super::report::Report;
use crate::wire::Member;
use crate::wire::member::organisation_number;
use crate::wire::statement::RawEpochKey;
use bytes::Bytes;
use samverkan_envelope::EpochSecret;
use samverkan_proto::ids::{DeviceId, OrgId, sha256};
use samverkan_proto::limits::XWING_PUBLIC_LEN;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::log::{Check, HubKeys, Leaf, LogFold, LogTree};
use samverkan_proto::statement::manifest::SignedManifest;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

/// Organisations with a device each.
const ORGANISATIONS: usize = 100;
/// The first week that has keys.
const FIRST_WEEK: u32 = 2_900;

/// A leaf and its record.
type Entry = (Vec<u8>, Bytes);

/// Measures a log of `size.messages` leaves, and `delta` more that come on another day.
///
/// # Errors
/// Those of the report.
pub fn measure(delta: usize, size: &Size, report: &mut Report<impl Write>) -> Result<(), LoadError> {
    let (pin, entries) = log_of(size.messages + delta);
    let (whole, news) = entries.split_at(size.messages);
    for _ in 0..size.rounds {
        let hashed = timed(|| hash(whole));
        let read_back = timed(|| fold(pin, whole, Check::VerifiedBefore)).0;
        let (synchronised, mut fold) = timed(|| fold(pin, whole, Check::Everything));
        let (followed, ()) = timed(|| append(&mut fold, news, Check::Everything));
        ensure(fold.tree().size() == entries.len() as u64, "a leaf is missing")?;
        let each = |time: Duration, count: usize| time.as_secs_f64() * 1e6 / count.max(1) as f64;
        let hashing = each(hashed.0, whole.len());
        report.fact("a leaf with its record, hashed", "µs", hashing)?;
        report.fact("the same, read back from the copy", "µs", each(read_back, whole.len()))?;
        report.fact("which is as often hashing", "times", each(read_back, whole.len()) / hashing)?;
        report.fact("the same, every signature verified", "µs", each(synchronised, whole.len()))?;
        report.fact("which is as often hashing", "times", each(synchronised, whole.len()) / hashing)?;
        report.fact("a leaf of a later day, behind all of these", "µs", each(followed, news.len()))?;
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

/// What cannot be spared: each record hashed, each leaf hashed into the tree.
fn hash(entries: &[Entry]) -> LogTree {
    let mut tree = LogTree::new();
    for (leaf, record) in entries {
        black_box(sha256(record));
        tree.append(leaf);
    }
    tree
}

fn fold(pin: [u8; 32], entries: &[Entry], check: Check) -> LogFold {
    let mut fold = LogFold::new(pin);
    append(&mut fold, entries, check);
    fold
}

fn append(fold: &mut LogFold, entries: &[Entry], check: Check) {
    for (leaf, record) in entries {
        fold.append(leaf, record, Epoch::new(u32::MAX), check).expect("a log that keeps the rules");
    }
}

/// A log of `leaves` leaves, and the pin of its hub.
fn log_of(leaves: usize) -> ([u8; 32], Vec<Entry>) {
    let key = |seed| *Signer::from_seed(&[seed; 32]).expect("a seed").public_key();
    let keys = HubKeys { ca_certificate: Bytes::from_static(b"CA"), log_key: key(1), receipt_key: key(2) };
    let first = Leaf::of_hub_keys(&keys).expect("short").encode();
    let mut entries = vec![(first, keys.encode().expect("short").into())];
    let members: Vec<Member> = (0..ORGANISATIONS).map(member).collect();
    entries.extend(members.iter().map(manifest));
    let secret = EpochSecret::generate().expect("randomness");
    let public = secret.public_key();
    for week in FIRST_WEEK.. {
        for member in &members {
            if entries.len() >= leaves {
                return (keys.pin(), entries);
            }
            entries.push(epoch_key(member, week, &public));
        }
    }
    unreachable!("there are more weeks than leaves")
}

fn member(number: usize) -> Member {
    let number = u32::try_from(number).expect("few");
    Member::new(&format!("exempel-{number}"), &organisation_number(number))
}

fn manifest(member: &Member) -> Entry {
    let record = Bytes::from(member.manifest.signed_by(&[(0, &member.root)]));
    let signed = SignedManifest::parse(record.clone()).expect("a manifest");
    (Leaf::of_manifest(&signed).encode(), record)
}

fn epoch_key(member: &Member, week: u32, public: &[u8; XWING_PUBLIC_LEN]) -> Entry {
    let device = member.device();
    let key = RawEpochKey::new(member.org(), device.id(), week, public).signed_by(&device.signer);
    let record = Bytes::from([&[1], &key[..]].concat());
    let org_id = OrgId::parse(&member.org()).expect("an id");
    let device_id = DeviceId::parse(&device.id()).expect("an id");
    (Leaf::EpochKeys { org_id, device_id, record: sha256(&record) }.encode(), record)
}
