//! Every byte of a message counts: changed anywhere, it is refused, and nobody learns where it was changed.

use std::time::Instant;

use samverkan_client::session::model::{Progress, Step};
use samverkan_client::text::{Language, Text};
use samverkan_proto::ids::sha256_of;
use samverkan_tests::evil::{Capture, EvilHub, Flip, Part};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::parcel::random_bytes;

/// Bytes changed before the shipped program.
const FLIPS: usize = 200;
/// Of them in one run of the program.
const FLIPS_A_RUN: usize = 8;
const TEXT: &str = "Ett exempel som ingen annan än mottagaren ska läsa.";

/// A message with an attachment that waits for `to`, and a hub in place of the one that took it.
async fn waiting_message(file: &[u8]) -> (Office, Capture, EvilHub, HubProcess) {
    let hub = HubProcess::start();
    let (from, to) = (Office::open(&hub, &POLICE, "anmalan"), Office::open(&hub, &ASSOCIATION, "stod"));
    let (text, attached) = (from.file("text", TEXT), from.file("bilaga.bin", file));
    let letter = ["send", "--to", to.mailbox(), "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    from.run(&[&letter[..], &["--text-file", text, "--attach", attached]].concat()).exits(0);
    let capture = Capture::record(&hub, &to).await;
    hub.terminate();
    let evil = EvilHub::start(&hub, &capture);
    // The directory follows the log first, and everything else works as it should.
    to.run(&["inbox"]).exits(0);
    (to, capture, evil, hub)
}

#[tokio::test]
async fn the_library_refuses_every_changed_byte_of_every_part_with_one_error() {
    let (to, capture, evil, _hub) = waiting_message(b"En liten bilaga.").await;
    let before = to.kept();
    let flips = |part: Part| {
        let flip = move |offset| Flip { part, offset, mask: 1 << (offset % 8) };
        (0..capture.part(part).len()).map(flip).collect::<Vec<_>>()
    };
    let mut session = to.session();
    for part in Part::ALL {
        let flips = flips(part);
        evil.say(&flips);
        let began = Instant::now();
        let received = session.receive(&mut Silent).await.expect("the stream itself is good");
        println!("{part:?}: {} bytes in {:?}", flips.len(), began.elapsed());
        assert_eq!(received.refused, flips.len(), "{part:?}: every one is refused");
        assert_eq!((received.threads.len(), received.held, received.receipts), (0, 0, 0), "{part:?}");
        let error = received.check().expect_err("it is told");
        let told = error.explain(&Text::of(Language::English));
        assert_eq!((told.code, told.exit), ("MESSAGE_UNTRUSTED", 9), "{part:?}");
        assert_eq!(told.message, "A message came that can not be trusted. Nothing of it is shown or kept.");
        assert!(session.inbox().is_empty(), "{part:?}");
    }
    assert_eq!(to.kept(), before, "nothing is kept");

    evil.say(&[Flip::NONE]);
    let received = session.receive(&mut Silent).await.expect("a good message");
    received.check().expect("nothing was wrong with it");
    let [reference] = received.threads.as_slice() else { panic!("one thread, not {:?}", received.threads) };
    assert_eq!(session.thread(reference).expect("kept").messages[0].text, TEXT);
    let mut file = Vec::new();
    session.attachment(reference, 1, &mut file, &mut Silent).expect("verified");
    assert_eq!(file, b"En liten bilaga.");
}

/// Nobody looks.
struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

#[tokio::test]
async fn the_program_shows_and_keeps_nothing_of_a_changed_message() {
    let file = random_bytes(3_000);
    let (to, capture, evil, _hub) = waiting_message(&file).await;
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
