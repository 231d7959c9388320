//! Every byte of a message counts: changed anywhere, it is refused, and nobody learns where it was changed.

use std::path::PathBuf;
use std::process::Command;

use bytes::Bytes;
use samverkan_envelope::blob::{BlobOpener, BlobSealer, BlobSecret};
use samverkan_envelope::body::Attachment;
use samverkan_proto::ids::sha256_of;
use samverkan_proto::v1::Delivery;
use samverkan_tests::binaries::binaries;
use samverkan_tests::evil::{Capture, Flip, Part};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::Running;
use samverkan_tests::until::until;
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::seal::{Reader, body, seal};
use samverkan_tests::wire::{Inbox, Member};
use tempfile::TempDir;

/// Bytes changed before the shipped program.
const FLIPS: usize = 200;
/// Of them in one run of the program.
const FLIPS_A_RUN: usize = 8;
const TEXT: &str = "Ett exempel som ingen annan än mottagaren ska läsa.";

#[tokio::test]
async fn every_changed_byte_of_a_message_is_refused() {
    let hub = HubProcess::shared();
    let (from, to) = (Member::join(hub, "polis").await, Member::join(hub, "boj").await);
    let log = Log::synchronise(&from.connect(hub)).await.expect("the log");
    let receipt = seal(&from, &[&to], body(&log, TEXT)).parcel.submit(&from.connect(hub)).await;
    receipt.expect("the message is accepted");
    let mut inbox = Inbox::open(&to.connect(hub)).await.expect("a receive stream");
    let delivery = inbox.delivery().await.expect("a delivery");
    let log = Log::synchronise(&to.connect(hub)).await.expect("the log");
    let reader = Reader { member: &to, index: 0, log: &log };
    let opened = reader.open(&delivery).expect("the unchanged message is good");
    assert_eq!(opened.body().text, TEXT);
    for part in [Part::Header, Part::Wrap, Part::Content, Part::Receipt] {
        let mut changed = delivery.clone();
        for offset in 0..part_of(&mut changed, part).len() {
            let flip = Flip { part, offset, mask: 1 << (offset % 8) };
            *part_of(&mut changed, part) = flip.apply(part, part_of(&mut delivery.clone(), part));
            let refusal = reader.open(&changed).err().unwrap_or_else(|| panic!("accepted: {flip}"));
            assert_eq!(refusal.to_string(), "the message can not be trusted", "{flip}");
        }
    }
}

fn part_of(delivery: &mut Delivery, part: Part) -> &mut Bytes {
    match part {
        Part::Header => &mut delivery.header,
        Part::Wrap => &mut delivery.wrap,
        Part::Content => &mut delivery.content,
        Part::Receipt => &mut delivery.submission_receipt,
        Part::Blob => panic!("an attachment travels apart"),
    }
}

#[test]
fn every_changed_byte_of_an_attachment_is_refused() {
    let file = random_bytes(3_000);
    let mut blob = Vec::new();
    let secret = BlobSecret::generate().expect("randomness");
    let mut sealer = BlobSealer::new(secret, file.len() as u64, &mut blob).expect("a small file");
    sealer.push(&file, &mut blob).expect("within its length");
    let outline = sealer.finish(&mut blob).expect("of its length");
    let attachment = outline.attachment("bilaga.pdf".to_owned(), "application/pdf".to_owned());
    assert_eq!(open(&attachment, &blob), Some(file), "the unchanged one is good");
    for offset in 0..blob.len() {
        blob[offset] ^= 1 << (offset % 8);
        assert_eq!(open(&attachment, &blob), None, "byte {offset}");
        blob[offset] ^= 1 << (offset % 8);
    }
}

fn open(attachment: &Attachment, blob: &[u8]) -> Option<Vec<u8>> {
    let mut opener = BlobOpener::new(attachment);
    let mut file = Vec::new();
    opener.push(blob, &mut file).ok()?;
    opener.finish(&mut file).ok()?;
    Some(file)
}

#[tokio::test]
async fn the_program_shows_and_keeps_nothing_of_a_changed_message() {
    let hub = HubProcess::start();
    let (from, to) = (Office::open(&hub, &POLICE, "anmalan"), Office::open(&hub, &ASSOCIATION, "stod"));
    let file = random_bytes(3_000);
    let (text, attached) = (from.file("text", TEXT), from.file("bilaga.bin", &file));
    let letter = ["send", "--to", to.mailbox(), "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    from.run(&[&letter[..], &["--text-file", text, "--attach", attached]].concat()).exits(0);
    let capture = Capture::record(&hub, &to).await;
    hub.terminate();
    let evil = Evil::start(&hub, &capture);

    // The directory follows the log first, and everything else works as it should.
    evil.say(&[]);
    to.run(&["inbox"]).exits(0);
    let before = to.kept();
    let seed: u64 = u64::from_be_bytes(random());
    println!("seed {seed}");
    let flips: Vec<Flip> = (0..FLIPS as u64).map(|index| random_flip(&capture, seed, index)).collect();
    let mut texts = Vec::new();
    for flips in flips.chunks(FLIPS_A_RUN) {
        evil.say(flips);
        let outcome = to.run(&["inbox"]);
        assert_eq!(outcome.code, Some(9), "seed {seed}, {flips:?}: {outcome:?}");
        assert_eq!(to.kept(), before, "seed {seed}, {flips:?}: something is kept");
        texts.push((outcome.stdout, outcome.stderr));
    }
    texts.dedup();
    let [(shown, error)] = texts.as_slice() else { panic!("seed {seed}: more than one text: {texts:#?}") };
    assert!(error.contains("MESSAGE_UNTRUSTED"), "{error}");
    assert_eq!(*shown, to.run(&["inbox", "--offline"]).ok(), "the inbox is what it was");
    assert!(to.references().is_empty());

    evil.say(&[Flip::NONE]);
    to.run(&["inbox"]).exits(0);
    let references = to.references();
    let [reference] = references.as_slice() else { panic!("one thread, not {references:?}") };
    assert_eq!(to.json(&["show", reference])["messages"][0]["text"], TEXT);
    to.run(&["save", reference, "-o", "sparad.bin"]).exits(0);
    assert_eq!(to.read("sparad.bin"), file);
}

/// A byte of any part, and a change of it, by chance that the seed decides.
fn random_flip(capture: &Capture, seed: u64, index: u64) -> Flip {
    let chance = sha256_of(&[&seed.to_be_bytes(), &index.to_be_bytes()]);
    let part = Part::ALL[usize::from(chance[0]) % Part::ALL.len()];
    let place = usize::from(u16::from_be_bytes([chance[1], chance[2]]));
    Flip { part, offset: place % capture.part(part).len(), mask: chance[3].max(1) }
}

/// A hub process that changes bytes, in the place of a hub that was stopped.
struct Evil {
    flips: PathBuf,
    _process: Running,
    _folder: TempDir,
}

impl Evil {
    fn start(hub: &HubProcess, capture: &Capture) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (captured, flips) = (folder.path().join("capture"), folder.path().join("flips"));
        capture.write(&captured);
        let mut command = Command::new(&binaries().evil_hub);
        command.arg(hub.data_dir()).arg(hub.address().to_string()).arg(captured).arg(&flips);
        let mut process = Running::start(&mut command, &folder.path().join("log"));
        until("the changed hub answers", || {
            assert!(process.finished().is_none(), "{:?}", std::fs::read_to_string(folder.path().join("log")));
            std::net::TcpStream::connect(hub.address()).ok()
        });
        Self { flips, _process: process, _folder: folder }
    }

    /// One delivery for each of these in the next receive stream.
    fn say(&self, flips: &[Flip]) {
        let lines: String = flips.iter().map(|flip| format!("{flip}\n")).collect();
        std::fs::write(&self.flips, lines).expect("the flips can be written");
    }
}
