//! A hub that lies about its log, with its own keys, before the shipped program: each lie is refused by name, and what proves it is kept
//! in a file that others can check. Reading goes on.

use std::path::PathBuf;
use std::process::Command;

use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::log::Leaf;
use samverkan_proto::v1::LogEntry;
use samverkan_tests::cli::Cli;
use samverkan_tests::evil::{Capture, EvilHub, Forger, manifest_entry};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{Office, POLICE};
use samverkan_tests::wire::{Device, Member, now_ms};
use tempfile::TempDir;

const HOUR_MS: u64 = 3_600_000;

/// An office that knows a recipient with two devices of which one was revoked, and the log as it is then. The hub is stopped.
pub(crate) struct Scene {
    pub(crate) hub: HubProcess,
    office: Office,
    pub(crate) recipient: Member,
    revoked: Device,
    pub(crate) log: Capture,
    pub(crate) forger: Forger,
}

impl Scene {
    pub(crate) async fn set() -> Self {
        let hub = HubProcess::start();
        let office = Office::open(&hub, &POLICE, "anmalan");
        let mut recipient = Member::join(&hub, "mottagare").await;
        let second = recipient.add_device(&hub, 6).await;
        let without = recipient.without(second);
        recipient.publish(&hub, without).await.expect("the revocation");
        let revoked = recipient.devices.remove(second);
        office.run(&["org", "list", "--refresh"]).exits(0);
        let log = Capture::record_log(&hub, &office).await;
        hub.terminate();
        let forger = Forger::of(&hub, &log);
        Self { hub, office, recipient, revoked, log, forger }
    }

    /// What the log says when these entries follow.
    fn followed_by(&self, more: LogEntry) -> Capture {
        let entries = self.log.entries.iter().cloned().chain([more]).collect();
        self.forger.show(&self.log, entries, now_ms())
    }

    /// The office as it is now, to be lied to.
    pub(crate) fn twin(&self) -> Twin {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copied =
            Command::new("cp").arg("-a").arg(self.office.folder().join(".")).arg(folder.path()).status();
        assert!(copied.expect("cp runs").success());
        Twin { cli: Cli::in_folder(folder.path()), _folder: folder }
    }

    /// Shows a log to a twin of the office, which refuses to send on it as `LOG_FORKED`; gives what its evidence proves to the office.
    pub(crate) fn is_refused(&self, lie: &Capture) -> String {
        let _evil = EvilHub::start(&self.hub, lie);
        let twin = self.twin();
        twin.send(&self.recipient).refused(9, "LOG_FORKED");
        twin.cli.run(&["inbox", "--json"]).refused(9, "LOG_FORKED");
        twin.cli.run(&["inbox", "--offline"]).exits(0);
        let again = twin.send(&self.recipient);
        again.refused(9, "LOG_FORKED");
        let evidence = twin.directory().join("evidence.json");
        let evidence = evidence.to_str().expect("UTF-8");
        let told = self.office.json(&["log", "verify", evidence]);
        told["proven"].as_str().expect("what is proven").to_owned()
    }
}

/// A copy of an office's files.
pub(crate) struct Twin {
    cli: Cli,
    _folder: TempDir,
}

impl Twin {
    pub(crate) fn send(&self, to: &Member) -> samverkan_tests::process::Outcome {
        let text = self.cli.folder().join("text");
        std::fs::write(&text, "Ett exempel.").expect("writable");
        let to = format!("{}/{}", to.handle(), to.manifest.mailboxes[0].name);
        let letter = ["send", "--to", &to, "--class", "REFERRAL", "--basis", "VITAL_INTEREST", "--text-file"];
        self.cli.run(&[&letter[..], &[text.to_str().expect("UTF-8"), "--json"]].concat())
    }

    fn directory(&self) -> PathBuf {
        self.cli.profile().folder().join("directory")
    }
}

#[tokio::test]
async fn every_lie_about_the_log_is_refused_and_proven() {
    let scene = Scene::set().await;

    // Another organisation under the recipient's handle.
    let impostor = Member::new(scene.recipient.handle(), &scene.recipient.manifest.orgnr);
    let substituted = manifest_entry(impostor.manifest.signed_by(&[(0, &impostor.root)]));
    assert_eq!(scene.is_refused(&scene.followed_by(substituted)), "entry_signed");

    // A device of the hub's among the readers.
    let ghost = Device::new(6);
    let mut haunted = scene.recipient.next_manifest();
    haunted.devices.push(ghost.entry(now_ms()));
    haunted.mailboxes[0].readers.push(ghost.id());
    haunted.sort();
    let haunted = manifest_entry(haunted.signed_by(&[(1, &ghost.signer)]));
    assert_eq!(scene.is_refused(&scene.followed_by(haunted)), "entry_signed");

    // The thief's device again, without its revocation, signed by the thief.
    let mut undone = scene.recipient.next_manifest();
    undone.devices.push(scene.revoked.entry(now_ms()));
    undone.mailboxes[0].readers.push(scene.revoked.id());
    undone.revocations.clear();
    undone.sort();
    let undone = manifest_entry(undone.signed_by(&[(1, &scene.revoked.signer)]));
    assert_eq!(scene.is_refused(&scene.followed_by(undone)), "entry_signed");

    // A device of the hub's that whoever photographed the recovery kit signs in beside the others.
    let mut beside = scene.recipient.next_manifest();
    beside.devices.push(ghost.entry(now_ms()));
    beside.mailboxes[0].readers.push(ghost.id());
    beside.sort();
    let beside = manifest_entry(beside.signed_by(&[(0, &scene.recipient.root)]));
    assert_eq!(scene.is_refused(&scene.followed_by(beside)), "entry_signed");

    // The log before the revocation, as if it were the newest.
    let is_newest =
        |entry: &LogEntry| matches!(Leaf::parse(&entry.leaf), Ok(Leaf::Manifest { serial: 3, .. }));
    let before = scene.log.entries.iter().position(is_newest).expect("the revocation is in the log");
    let older = scene.log.entries[..before].to_vec();
    let older = scene.forger.show(&scene.log, older, now_ms() + 9 * 60_000);
    assert_eq!(scene.is_refused(&older), "signed_only", "within the minutes that clocks may differ");

    // Another last leaf than the office has seen.
    let mut split = scene.log.entries.clone();
    let last = split.last_mut().expect("a log");
    *last = manifest_entry(impostor.manifest.signed_by(&[(0, &impostor.root)]));
    assert_eq!(scene.is_refused(&scene.forger.show(&scene.log, split, now_ms())), "forked");
}

#[tokio::test]
async fn on_a_frozen_log_nothing_is_sent_and_reading_goes_on() {
    let scene = Scene::set().await;
    let yesterday = now_ms() - DAY_MS - HOUR_MS;
    let frozen = scene.forger.show(&scene.log, scene.log.entries.clone(), yesterday);
    let _evil = EvilHub::start(&scene.hub, &frozen);

    // The office has not seen the hub since that day.
    let twin = scene.twin();
    std::fs::write(twin.directory().join("checkpoint"), &frozen.checkpoint).expect("writable");
    std::fs::remove_file(twin.directory().join("views")).expect("what it was told today");
    twin.send(&scene.recipient).refused(9, "LOG_STALE");
    twin.cli.run(&["inbox"]).exits(0);
    assert!(!twin.directory().join("evidence.json").exists(), "what is old contradicts nothing");

    // Nor is a log taken for fresh of which the hub does not say when it was the newest.
    let mut undated = frozen.clone();
    let plain = undated.checkpoint.windows(2).rposition(|pair| pair == b"\n\xe2").expect("two lines") + 1;
    undated.checkpoint.truncate(plain);
    drop(_evil);
    let _evil = EvilHub::start(&scene.hub, &undated);
    twin.send(&scene.recipient).refused(9, "LOG_STALE");

    // The office that saw the hub today goes on for a day.
    let today = scene.twin();
    let sent = today.send(&scene.recipient);
    assert!(!format!("{sent:?}").contains("LOG_STALE"), "{sent:?}");
}

#[tokio::test]
async fn a_log_is_checked_offline_wherever_it_is() {
    let scene = Scene::set().await;
    let (whole, other) = (scene.office.folder().join("logg.txt"), scene.office.folder().join("hubbens.txt"));
    let name = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    let own = scene.office.json(&["log", "verify"]);
    assert_eq!(own["leaves"], scene.log.entries.len(), "{own}");
    scene.office.run(&["log", "export", "-o", &name(&whole)]).exits(0);
    assert_eq!(scene.office.json(&["log", "verify", &name(&whole)])["root"], own["root"]);

    // The hub is stopped: its folder is checked, exported, and its export is the office's log.
    scene.hub.operator(&["log", "verify"]).exits(0);
    scene.hub.operator(&["log", "export", &name(&other)]).exits(0);
    assert_eq!(scene.office.json(&["log", "verify", &name(&other)])["root"], own["root"]);
    scene.hub.operator(&["log", "verify", &name(&whole)]).exits(0);

    // A record changed in the middle is found by both.
    let mut bytes = std::fs::read(&whole).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    std::fs::write(&other, &bytes).expect("writable");
    scene.office.run(&["log", "verify", &name(&other), "--json"]).refused(9, "LOG_INVALID");
    scene.hub.operator(&["log", "verify", &name(&other), "--json"]).refused(9, "LOG_INVALID");
    scene.hub.restart();
    scene.hub.operator(&["log", "verify", "--json"]).refused(8, "STORE_IN_USE");
}
