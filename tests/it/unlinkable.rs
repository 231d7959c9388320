//! Two referrals about one person share nothing at the hub that two referrals about different persons do not share.
//!
//! What is compared is every byte that the hub's journal and its attachments' folder gain by each step; the index is made of the journal.
//! That the handles of one consent are registered in one call is left: whoever sees the calls sees that.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::site::Site;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// The shortest value that could link anything: an eighth of a handle's digest, or a number.
const SHORTEST: usize = 8;
/// Bytes of a signed consent stub, which begins with [`STUB`] (PROTOCOL.md section 12).
const STUB_LEN: usize = 158;
const STUB: &[u8] = b"SVKC\0\x01";

type Windows<'a> = HashSet<&'a [u8]>;

fn windows(bytes: &[u8]) -> Windows<'_> {
    bytes.windows(SHORTEST).collect()
}

/// What `one` and `other` share, and no neighbours among the others do. Times and counts grow slowly, so who stands between two shares
/// their high bytes.
fn links<'a>(one: &'a [u8], other: &'a [u8], strangers: &[&[u8]]) -> Vec<&'a [u8]> {
    let (ones, others) = (windows(one), windows(other));
    let known: Vec<Windows<'_>> = strangers.iter().map(|stranger| windows(stranger)).collect();
    let shared = ones.intersection(&others).copied();
    shared.filter(|window| !known.iter().any(|stranger| stranger.contains(window))).collect()
}

/// Every file of the hub that holds what came in, with its bytes.
struct Stored(BTreeMap<PathBuf, Vec<u8>>);

impl Stored {
    fn of(hub: &HubProcess) -> Self {
        let mut files = BTreeMap::new();
        let store = hub.data_dir().join("store");
        for folder in ["segments", "blobs"] {
            add(&store.join(folder), &mut files);
        }
        assert!(!files.is_empty(), "there is a journal");
        Self(files)
    }

    /// What came to `before`, from the first byte that is another to the last.
    fn since(&self, before: &Self) -> Vec<u8> {
        let mut gained = Vec::new();
        for (path, bytes) in &self.0 {
            let old = before.0.get(path).map_or(&[][..], Vec::as_slice);
            let differs = |at: &usize| old.get(*at).copied().unwrap_or(0) != bytes[*at];
            let (first, last) = ((0..bytes.len()).find(differs), (0..bytes.len()).rev().find(differs));
            if let (Some(first), Some(last)) = (first, last) {
                gained.extend_from_slice(&bytes[first..=last]);
            }
        }
        gained
    }
}

fn add(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = folder.read_dir() else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            add(&path, files);
        } else {
            files.insert(path.clone(), std::fs::read(path).expect("a file of the hub"));
        }
    }
}

/// The consent stubs that a step registered.
fn stubs(gained: &[u8]) -> Vec<Vec<u8>> {
    let found = gained.windows(STUB_LEN).filter(|window| window.starts_with(STUB));
    found.map(<[u8]>::to_vec).collect()
}

struct Ground {
    hub: HubProcess,
    police: Office,
    _association: Office,
}

impl Ground {
    fn new() -> Self {
        let hub = HubProcess::start_at(Site::new());
        let police = Office::open(&hub, &POLICE, "brottsoffer");
        let association = Office::open(&hub, &ASSOCIATION, "stod");
        Self { hub, police, _association: association }
    }

    /// What the hub gains by a step.
    fn gained(&self, step: impl FnOnce()) -> Vec<u8> {
        let before = Stored::of(&self.hub);
        step();
        Stored::of(&self.hub).since(&before)
    }

    /// Writes down what a person agreed to, for two messages; gives its name, and what the hub keeps of it.
    fn consent(&self, person: &str) -> (String, Vec<Vec<u8>>) {
        self.police.file("note.txt", person);
        let to =
            ["consent", "record", "--to", "boj-exempel/stod", "--category", "contact", "--messages", "2"];
        let how = ["--until", "2099-12-31", "--how", "VERBALLY", "--evidence-file", "note.txt"];
        let mut reference = String::new();
        let gained = self.gained(|| {
            let recorded = self.police.json(&[&to[..], &how].concat());
            reference = recorded["consent"].as_str().expect("a reference").to_owned();
        });
        (reference, stubs(&gained))
    }

    /// Refers a person, and gives what the hub gains by it.
    fn refer(&self, person: &str, consent: &str) -> Vec<u8> {
        self.police.file("text.txt", format!("{person} vill bli uppringd."));
        let referral = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "CONSENT"];
        let rest = ["--consent", consent, "--text-file", "text.txt"];
        self.gained(|| {
            self.police.run(&[&referral[..], &rest].concat()).ok();
        })
    }
}

#[test]
fn two_referrals_about_one_person_share_nothing_at_the_hub() {
    let ground = Ground::new();
    let [one, other, third] = ["Exempel Exempelsson", "Exempla Exempelsdotter", "Exempelia Exempel"];
    let (consent, stubs_of_one) = ground.consent(one);
    let (others, stubs_of_other) = ground.consent(other);
    let (thirds, _) = ground.consent(third);
    assert_eq!([stubs_of_one.len(), stubs_of_other.len()], [2, 2], "one for each message");
    let linked = links(&stubs_of_one[0], &stubs_of_one[1], &[&stubs_of_other[0], &stubs_of_other[1]]);
    assert!(linked.is_empty(), "{linked:02x?}");

    // Who is another stands between the two about one person.
    let first = ground.refer(one, &consent);
    let between = ground.refer(other, &others);
    let second = ground.refer(one, &consent);
    let after = ground.refer(third, &thirds);
    let linked = links(&first, &second, &[&between, &after]);
    assert!(linked.is_empty(), "{} values, such as {:02x?}", linked.len(), linked[0]);

    // A value that stood in both would be found.
    let handle = |stub: &[u8]| stub[6..22].to_vec();
    let named = |gained: &[u8]| {
        let handles = stubs_of_one.iter().map(|stub| handle(stub));
        handles
            .filter(|handle| gained.windows(handle.len()).any(|window| window == handle))
            .collect::<Vec<_>>()
    };
    assert_eq!(named(&first).len(), 1, "each names one handle");
    assert_ne!(named(&first), named(&second), "and another");
    let spoilt = [&second[..], &named(&first)[0]].concat();
    assert!(!links(&first, &spoilt, &[&between, &after]).is_empty());
}
