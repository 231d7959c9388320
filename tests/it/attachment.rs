//! Attachments as people send them, through the shipped program: large ones in little memory, gone on with wherever they were cut,
//! stopped without half a state, and refused when they were changed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{Context, SHA256};
use samverkan_proto::ids::sha256_of;
use samverkan_proto::limits::{BLOB_HEADER, SEGMENT, TAG_LEN};
use samverkan_proto::padding::blob_len;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::{Outcome, Peak, Running, run_watched};
use samverkan_tests::proxy::{Proxy, Way};
use samverkan_tests::site::Site;
use samverkan_tests::terminal::{CTRL_C, Terminal};
use samverkan_tests::until::until;
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::parcel::random_bytes;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// How much more memory an attachment may take, however large it is.
const ROOM: u64 = 32 * MIB;
/// What a cut may cost: bytes that were on their way, and the rest of a segment.
const LOST_BY_A_CUT: u64 = 8 * MIB;
/// How long one command with a gigabyte may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Two organisations and a hub, with a network between them that can be cut.
struct Stage {
    hub: HubProcess,
    proxy: Proxy,
    from: Office,
    to: Office,
}

impl Stage {
    fn new() -> Self {
        let hub = HubProcess::start();
        let proxy = Proxy::start(hub.address());
        let from = Office::open_over(&hub, proxy.address(), &POLICE, "anmalan");
        let to = Office::open_over(&hub, proxy.address(), &ASSOCIATION, "stod");
        Self { hub, proxy, from, to }
    }

    /// The command line that sends an attachment.
    fn letter<'a>(&'a self, attached: &'a str) -> Vec<&'a str> {
        let text = self.from.file("text", "Ett exempel.");
        let mut letter = vec!["send", "--to", self.to.mailbox(), "--class", "REFERRAL"];
        letter.extend(["--basis", "VITAL_INTEREST", "--text-file", text, "--attach", attached]);
        letter
    }

    /// Runs a command to its end, and gives the most memory it had once its key was unlocked, which is when it connects.
    fn measure(&self, office: &Office, arguments: &[&str]) -> (Outcome, u64) {
        let before = self.proxy.connections();
        let mut peak = Peak::default();
        let outcome = run_watched(&mut office.command(arguments), b"", PATIENCE, |pid| {
            if self.proxy.connections() > before {
                peak.look(pid);
            }
        });
        (outcome, peak.bytes())
    }

    /// Runs a command that carries a gigabyte one way over a network that is cut three times meanwhile. It goes on where it was cut,
    /// in little more memory than `quiet`. Gives what it said on standard error.
    fn endure(&self, way: Way, seed: u64, office: &Office, arguments: &[&str], quiet: u64) -> String {
        let (blob, connections) = (blob_len(GIB), self.proxy.connections());
        self.proxy.cut_at(way, places(seed, way, blob));
        let ((outcome, peak), bytes) = self.count(way, || self.measure(office, arguments));
        outcome.exits(0);
        assert!(self.proxy.connections() >= connections + 4, "seed {seed}: it was cut three times");
        let enough = blob + blob / 100 + 3 * LOST_BY_A_CUT;
        assert!((blob..enough).contains(&bytes), "seed {seed}: {bytes} bytes went {way:?} for {blob}");
        assert!(peak <= quiet + ROOM, "going {way:?} took {peak} bytes, and {quiet} without");
        outcome.stderr
    }

    /// Bytes that went one way while something was done.
    fn count<T>(&self, way: Way, work: impl FnOnce() -> T) -> (T, u64) {
        let before = self.proxy.bytes(way);
        let done = work();
        (done, self.proxy.bytes(way) - before)
    }
}

/// What no compression makes smaller, a piece at a time: the key stream of a cipher.
struct Noise {
    key: LessSafeKey,
    pieces: u64,
}

impl Noise {
    fn new(seed: [u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &seed).expect("32 bytes");
        Self { key: LessSafeKey::new(key), pieces: 0 }
    }

    fn fill(&mut self, piece: &mut [u8]) {
        piece.fill(0);
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.pieces.to_be_bytes());
        self.pieces += 1;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_separate_tag(nonce, Aad::empty(), piece);
        let _tag = sealed.expect("a small piece");
    }
}

/// Writes so many bytes of noise to a file; gives their digest.
fn write_noise(path: &Path, len: u64) -> Vec<u8> {
    let (mut noise, mut digest) = (Noise::new(random()), Context::new(&SHA256));
    let mut file = File::create(path).expect("a file can be made");
    let mut piece = vec![0; MIB as usize];
    for _ in 0..len / MIB {
        noise.fill(&mut piece);
        digest.update(&piece);
        file.write_all(&piece).expect("the disk has room");
    }
    digest.finish().as_ref().to_vec()
}

fn digest_of(path: &Path) -> Vec<u8> {
    let mut file = File::open(path).expect("the file is there");
    let (mut digest, mut piece) = (Context::new(&SHA256), vec![0; MIB as usize]);
    loop {
        match file.read(&mut piece).expect("the file can be read") {
            0 => return digest.finish().as_ref().to_vec(),
            read => digest.update(&piece[..read]),
        }
    }
}

/// Three places among so many bytes, by chance that the seed decides, ascending and apart.
fn places(seed: u64, way: Way, len: u64) -> Vec<u64> {
    let third = len / 3;
    let chance = |index: u64| {
        let digest = sha256_of(&[&[way as u8], &seed.to_be_bytes(), &index.to_be_bytes()]);
        u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"))
    };
    // Not in the last bytes of a third, so that each cut is within the attachment.
    (0..3).map(|index| index * third + MIB + chance(index) % (third - 2 * MIB)).collect()
}

/// Every file and folder that a client keeps.
fn names_kept(office: &Office) -> Vec<PathBuf> {
    office.kept().into_iter().map(|(path, _)| path).collect()
}

/// Sealed attachments, or parts of them, that a client keeps.
fn sealed_files(office: &Office) -> Vec<PathBuf> {
    let in_blobs = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with("blobs"));
    names_kept(office).into_iter().filter(in_blobs).collect()
}

/// The sealed attachment that a hub has.
fn blob_on(hub: &Site) -> PathBuf {
    let mut folders = vec![hub.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            let organisation = path.parent().and_then(Path::parent);
            if path.is_file() && organisation.is_some_and(|folder| folder.ends_with("blobs")) {
                return path;
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    panic!("the hub has no attachment");
}

/// The reference of the only thread.
fn only_reference(office: &Office) -> String {
    let references = office.references();
    let [reference] = references.as_slice() else { panic!("one thread, not {references:?}") };
    reference.clone()
}

#[test]
fn a_gigabyte_is_cut_six_times_and_arrives_in_little_memory() {
    let stage = Stage::new();
    let Stage { hub, from, to, .. } = &stage;
    // What the same commands take with next to nothing.
    from.file("liten.bin", b"x");
    let (sent, sending) = stage.measure(from, &stage.letter("liten.bin"));
    sent.exits(0);
    let (received, receiving) = stage.measure(to, &["inbox"]);
    received.exits(0);
    let (small, serving) = (only_reference(to), hub.resident_bytes());

    let seed = u64::from_be_bytes(random());
    println!("seed {seed}");
    let original = from.folder().join("stor.bin");
    let digest = write_noise(&original, GIB);
    let letter = [stage.letter("stor.bin"), vec!["--plain"]].concat();
    let sent = stage.endure(Way::Up, seed, from, &letter, sending);
    assert!(sent.contains("sealing 100 %") && sent.contains("sending 100 %"), "{sent}");
    // Makes room: what counts is on the hub.
    let sealed = sealed_files(from).into_iter().max_by_key(|path| len(path)).expect("a sealed file");
    for large in [original, sealed] {
        std::fs::remove_file(large).expect("it is the sender's own");
    }

    let received = stage.endure(Way::Down, seed, to, &["inbox", "--plain"], receiving);
    assert!(received.contains("fetching 100 %"), "{received}");
    let peak = hub.peak_resident_bytes();
    assert!(peak <= serving + ROOM, "the hub took {peak} bytes, and {serving} before");

    let references = to.references();
    let large = references.iter().find(|reference| **reference != small).expect("it arrived");
    let save = ["save", large, "-o", "sparad.bin"];
    run_watched(&mut to.command(&save), b"", PATIENCE, |_| {}).exits(0);
    assert_eq!(digest_of(&to.folder().join("sparad.bin")), digest, "byte for byte");
}

fn len(path: &Path) -> u64 {
    path.metadata().map_or(0, |meta| meta.len())
}

#[test]
fn a_segment_changed_on_the_hub_is_noticed_there_and_nothing_is_shown() {
    let stage = Stage::new();
    stage.from.file("bilaga.bin", random_bytes(5 * SEGMENT));
    stage.to.run(&["inbox"]).exits(0);
    stage.from.run(&stage.letter("bilaga.bin")).exits(0);

    let path = blob_on(&stage.hub);
    let mut blob = std::fs::read(&path).expect("a sealed attachment");
    blob[BLOB_HEADER + 3 * (SEGMENT + TAG_LEN) + 1_000] ^= 1;
    std::fs::write(&path, blob).expect("the hub's disk can be written");

    let refused = stage.to.run(&["inbox"]);
    refused.exits(9);
    assert!(refused.stderr.contains("RECORD_DAMAGED"), "the hub notices it first: {}", refused.stderr);
    let kept = sealed_files(&stage.to);
    assert!(kept.iter().all(|path| path.extension().is_some_and(|end| end == "part")), "{kept:?}");
    assert!(stage.to.references().is_empty());
}

#[test]
fn an_upload_that_somebody_stops_goes_on_with_the_next_command() {
    let stage = Stage::new();
    let Stage { proxy, from, to, .. } = &stage;
    let file = random_bytes(24 << 20);
    from.file("bilaga.bin", &file);
    let blob = blob_len(file.len() as u64);

    proxy.stall_after(Way::Up, blob / 2);
    let mut sending =
        Running::start(&mut from.command(&stage.letter("bilaga.bin")), &from.folder().join("log"));
    until("half of it went up", || proxy.is_stalled().then_some(()));
    assert_eq!(ctrl_c(&mut sending), Some(130));
    proxy.resume();
    let sealed = sealed_files(from);
    assert_eq!((sealed.len(), len(&sealed[0])), (1, blob), "sealed, and nothing half made beside it");
    to.run(&["inbox"]).exits(0);
    assert!(to.references().is_empty(), "nothing has been sent");

    let (outcome, bytes) = stage.count(Way::Up, || from.run(&["inbox"]));
    outcome.exits(0);
    assert!(bytes < blob / 2 + LOST_BY_A_CUT, "{bytes} bytes went up for the second half of {blob}");
    arrived(to, &file);
}

#[test]
fn a_hub_that_crashes_in_the_middle_gets_the_rest_when_it_is_back() {
    let stage = Stage::new();
    let Stage { hub, proxy, from, to } = &stage;
    let file = random_bytes(24 << 20);
    from.file("bilaga.bin", &file);
    let blob = blob_len(file.len() as u64);

    proxy.stall_after(Way::Up, blob / 2);
    let log = from.folder().join("log");
    let mut sending = Running::start(&mut from.command(&stage.letter("bilaga.bin")), &log);
    until("half of it went up", || proxy.is_stalled().then_some(()));
    let before = proxy.bytes(Way::Up);
    hub.restart();
    proxy.lose();
    let code = until("the message is sent", || sending.finished()).code();
    assert_eq!(code, Some(0), "{}", std::fs::read_to_string(&log).expect("a log"));
    let bytes = proxy.bytes(Way::Up) - before;
    assert!(bytes < blob / 2 + LOST_BY_A_CUT, "{bytes} bytes went up for the second half of {blob}");
    arrived(to, &file);
}

#[test]
fn whoever_watches_sees_how_far_a_long_transfer_is_and_can_stop_it() {
    let stage = Stage::new();
    let Stage { proxy, from, .. } = &stage;
    from.file("bilaga.bin", random_bytes(24 << 20));
    proxy.stall_after(Way::Up, 8 * MIB);
    let mut terminal = Terminal::start(&from.command(&stage.letter("bilaga.bin")));
    until("a third of it went up", || proxy.is_stalled().then_some(()));
    // What takes less than a second shows nothing.
    let second = Instant::now() + Duration::from_secs(1);
    until("a second has passed", || (Instant::now() >= second).then_some(()));
    proxy.stall_after(Way::Up, 8 * MIB);
    proxy.resume();
    terminal.shows("sending");
    terminal.press(CTRL_C);
    terminal.ends().exits(130);
}

#[test]
fn a_download_that_somebody_stops_goes_on_with_the_next_command() {
    let stage = Stage::new();
    let Stage { proxy, from, to, .. } = &stage;
    let file = random_bytes(24 << 20);
    from.file("bilaga.bin", &file);
    from.run(&stage.letter("bilaga.bin")).exits(0);
    let blob = blob_len(file.len() as u64);

    proxy.stall_after(Way::Down, blob / 2);
    let mut receiving = Running::start(&mut to.command(&["inbox"]), &to.folder().join("log"));
    until("half of it came down", || proxy.is_stalled().then_some(()));
    assert_eq!(ctrl_c(&mut receiving), Some(130));
    proxy.resume();
    assert!(to.references().is_empty(), "nothing is shown before all of it is here");
    let parts = sealed_files(to);
    let [part] = parts.as_slice() else { panic!("one part, not {parts:?}") };
    assert!(part.extension().is_some_and(|ending| ending == "part") && len(part) > blob / 4, "it is kept");

    let (outcome, bytes) = stage.count(Way::Down, || to.run(&["inbox"]));
    outcome.exits(0);
    assert!(bytes < blob / 2 + LOST_BY_A_CUT, "{bytes} bytes came down for the second half of {blob}");
    arrived(to, &file);
}

#[test]
fn sealing_that_somebody_stops_leaves_nothing_and_sends_nothing() {
    let stage = Stage::new();
    let from = &stage.from;
    let before = names_kept(from);
    // Holes take no room, and sealing stops long before the end.
    File::create(from.folder().join("tom.bin"))
        .and_then(|file| file.set_len(2 * GIB - 8))
        .expect("a file with a hole");
    let mut sending = Running::start(&mut from.command(&stage.letter("tom.bin")), &from.folder().join("log"));
    until("sealing has begun", || sealed_files(from).iter().any(|path| len(path) > MIB).then_some(()));
    assert_eq!(ctrl_c(&mut sending), Some(130));
    assert_eq!(sealed_files(from), Vec::<PathBuf>::new());
    let mut after = names_kept(from);
    after.retain(|path| !before.contains(path) && path.is_file());
    assert_eq!(after, Vec::<PathBuf>::new());
    assert_eq!(from.json(&["sent", "--offline"])["threads"].as_array().map(Vec::len), Some(0));
}

/// Ctrl-C; gives the exit code.
fn ctrl_c(running: &mut Running) -> Option<i32> {
    running.interrupt();
    until("a command ends that is stopped", || running.finished()).code()
}

/// The attachment of the only thread is this file.
fn arrived(to: &Office, file: &[u8]) {
    to.run(&["inbox"]).exits(0);
    to.run(&["save", &only_reference(to), "-o", "sparad.bin"]).exits(0);
    assert!(to.read("sparad.bin") == file, "byte for byte");
}
