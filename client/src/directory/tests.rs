//! A log that keeps the rules is believed, at every size; one that breaks any is refused and the evidence kept.

use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::log::{ActionFault, TreeHead};
use samverkan_proto::statement::operator::{Deed, Step};

use super::evidence::{LogEvidence, Proven};
use super::testlog::{Member, NOW_MS, TestLog, signer};
use super::*;

const MONTH_MS: u64 = 30 * 86_400_000;

fn fault_of(log: &TestLog) -> LogFault {
    match log.feed(&mut log.load().expect("loads")) {
        Err(DirectoryError::Forked(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_synchronised_copy_is_the_same_after_loading_it() {
    let mut log = TestLog::new();
    let member = log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let epoch = Epoch::of(NOW_MS);
    let key = log.publish(&member, epoch);
    let synchronised = log.directory();
    let loaded = log.load().expect("loads");
    for directory in [&synchronised, &loaded] {
        assert_eq!(directory.size(), log.entries.len() as u64);
        let organisation = directory.organisation(&member.org()).expect("there");
        assert_eq!(organisation.manifest(), Some(&member.manifest));
        assert_eq!(organisation.epoch_key(&member.device.device_id(), epoch), Some(&key));
        let address = "boj-exempel/mottagning".parse().expect("address");
        let (org, mailbox) = directory.resolve(&address).expect("resolves");
        assert_eq!(directory.address_of(&org, &mailbox), Some(address));
    }
    assert_eq!(synchronised.checkpoint(), loaded.checkpoint());
    assert_eq!(log.feed(&mut log.load().expect("loads")).expect("nothing new"), 0);
}

#[test]
fn every_earlier_size_is_judged_by_its_own_leaves() {
    let mut log = TestLog::new();
    let mut member = log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let active_at = log.entries.len() as u64;
    let old = member.manifest.clone();
    log.change(&mut member, |fields| fields.not_after_ms += 1);
    log.enter(&mut member, OrganisationState::Suspended, "Brottsofferjouren Exempel", &[], &[]);
    let directory = log.directory();
    let state = |size| directory.organisation_state_at(&member.org(), size);
    assert_eq!(state(2), None);
    assert_eq!(state(3), Some(OrganisationState::Pending));
    assert_eq!(state(active_at), Some(OrganisationState::Active));
    assert_eq!(state(directory.size()), Some(OrganisationState::Suspended));
    assert_eq!(directory.manifest_at(&member.org(), active_at), Some(&old));
    assert_eq!(directory.manifest_at(&member.org(), active_at + 1), Some(&member.manifest));
    assert_eq!(directory.manifest_at(&member.org(), 1), None);
    assert!(directory.root_at(directory.size() + 1).is_none());
}

#[test]
fn the_key_of_a_revoked_device_is_still_known() {
    let mut log = TestLog::new();
    let mut member = log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let gone = member.device.device_id();
    let key = *member.device.public_key();
    log.recover(&mut member, NOW_MS);
    let directory = log.directory();
    assert_eq!(directory.device_key(&member.org(), &gone), Some(key));
    assert!(directory.newest_manifest(&member.org()).expect("there").device(&gone).is_none());
    assert_eq!(directory.device_key(&member.org(), &signer(151).device_id()), None);
}

#[test]
fn a_damaged_copy_starts_anew_but_keeps_its_word() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let checkpoint = log.directory().checkpoint().expect("synchronised").note().clone();
    let path = log.dir.path().join("log");
    let mut bytes = std::fs::read(&path).expect("read");
    let at = bytes.len() - 3;
    bytes[at] ^= 1;
    crate::files::replace_private(&path, &bytes).expect("written");

    let mut directory = log.load().expect("loads");
    assert_eq!(
        (directory.size(), directory.by_handle(&"boj-exempel".parse().expect("handle")).is_none()),
        (0, true)
    );
    assert_eq!(directory.checkpoint().expect("kept").note(), &checkpoint);
    assert!(directory.returnable().is_none(), "a restored hub would wait for leaves that are not there");
    log.feed(&mut directory).expect("the same log again");
    assert_eq!(directory.returnable().expect("whole again").note(), &checkpoint);
    assert_eq!(log.load().expect("loads").size(), log.entries.len() as u64);
}

#[test]
fn a_shorter_or_other_log_than_the_one_believed_is_a_fork() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    log.directory();
    std::fs::remove_file(log.dir.path().join("log")).expect("removed");
    log.entries.pop();
    assert_eq!(fault_of(&log), LogFault::Contradiction);
    let directory = log.load().expect("what was believed may be read");
    assert!(directory.is_forked() && directory.evidence().is_some_and(|path| path.exists()));
    let outcome = directory.compare(log.checkpoint(1), NOW_MS);
    assert!(matches!(outcome, Err(DirectoryError::EvidenceKept)), "nothing new is believed after that");
}

#[test]
fn a_checkpoint_from_elsewhere_is_compared() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let directory = log.directory();
    directory.compare(log.checkpoint(2), NOW_MS).expect("an earlier one");
    let larger = TreeHead { size: 99, root: [1; 32] };
    directory.compare(log.sign(larger), NOW_MS).expect("a larger one says nothing yet");
    let other = TreeHead { size: 2, root: [1; 32] };
    assert!(matches!(directory.compare(log.sign(other), NOW_MS), Err(DirectoryError::Forked(_))));
    assert_eq!(proven(&log), Proven::Forked);
}

/// What the evidence that was kept proves to somebody else who knows the hub.
fn proven(log: &TestLog) -> Proven {
    let path = log.load().expect("loads").evidence().expect("kept");
    let file = LogEvidence::read(&std::fs::read(path).expect("readable")).expect("evidence");
    let foreign = TestLog::with_other_keys();
    assert_eq!(file.judge(&foreign.hub, &foreign.pins), None, "of another hub");
    file.judge(&log.hub, &log.pins).expect("every signature holds")
}

#[test]
fn a_log_that_stood_still_is_proven_by_its_times() {
    const HOUR_MS: u64 = 3_600_000;
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let mut directory = log.load().expect("loads");
    let held_back = TreeHead { size: 2, root: root_of(&log, 2) };
    let note = log.cosign(held_back, NOW_MS + HOUR_MS);
    directory.take(log.entries[..2].to_vec(), note, NOW_MS + HOUR_MS).expect("it contradicts nothing yet");
    let larger = TreeHead { size: 3, root: root_of(&log, 3) };
    let minutes = |count: u64| log.cosign(larger, NOW_MS + count * 60_000);
    directory.compare(minutes(50), NOW_MS + HOUR_MS).expect("ten minutes are what clocks may differ");
    let outcome = directory.compare(minutes(49), NOW_MS + HOUR_MS);
    assert!(matches!(outcome, Err(DirectoryError::Forked(LogFault::StoodStill))), "{outcome:?}");
    assert_eq!(proven(&log), Proven::StoodStill);
}

#[test]
fn a_log_that_was_cut_back_is_proven_by_its_times() {
    const HOUR_MS: u64 = 3_600_000;
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let directory = log.directory();
    let shorter = TreeHead { size: 2, root: root_of(&log, 2) };
    let later = NOW_MS + HOUR_MS;
    let outcome = directory.compare(log.cosign(shorter, later), later);
    assert!(matches!(outcome, Err(DirectoryError::Forked(LogFault::StoodStill))), "{outcome:?}");
    assert_eq!(proven(&log), Proven::StoodStill);
}

#[test]
fn new_times_every_hour_do_not_wash_out_that_a_member_was_held_back() {
    const HOUR_MS: u64 = 3_600_000;
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let mut directory = log.load().expect("loads");
    let whole = TreeHead { size: log.entries_len(), root: log.root() };
    directory.take(log.entries.clone(), log.cosign(whole, NOW_MS), NOW_MS).expect("the log");
    for hour in 1..6 {
        let now_ms = NOW_MS + hour * HOUR_MS;
        directory.take(Vec::new(), log.cosign(whole, now_ms), now_ms).expect("the same log, later");
    }
    // Its newest view alone has nothing against what the member who is held back was told an hour ago.
    let (now_ms, told_ms) = (NOW_MS + 5 * HOUR_MS, NOW_MS + 4 * HOUR_MS);
    let older = TreeHead { size: 2, root: root_of(&log, 2) };
    let directory = log.load().expect("loads");
    directory.compare(log.cosign(older, NOW_MS + HOUR_MS / 6), now_ms).expect("as far as clocks may differ");
    let outcome = directory.compare(log.cosign(older, told_ms), now_ms);
    assert!(matches!(outcome, Err(DirectoryError::Forked(LogFault::StoodStill))), "{outcome:?}");
    assert_eq!(proven(&log), Proven::StoodStill);
}

#[test]
fn a_time_that_has_not_come_is_not_believed_and_proves_nothing() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let mut directory = log.directory();
    let far = NOW_MS + 3_600_000;
    let shorter = TreeHead { size: 2, root: root_of(&log, 2) };
    directory.compare(log.cosign(shorter, far), NOW_MS).expect("somebody's clock was wrong");
    let whole = TreeHead { size: log.entries_len(), root: log.root() };
    let outcome = directory.take(Vec::new(), log.cosign(whole, far), NOW_MS);
    assert!(matches!(outcome, Err(DirectoryError::FromTheFuture { by_ms: 3_600_000 })), "{outcome:?}");
    assert!(!directory.is_forked() && directory.is_fresh(NOW_MS));
}

#[test]
fn a_view_is_fresh_for_a_day_and_of_two_times_the_later_counts() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let mut directory = log.directory();
    assert!(
        directory.is_fresh(NOW_MS + MAX_VIEW_AGE_MS) && !directory.is_fresh(NOW_MS + MAX_VIEW_AGE_MS + 1)
    );
    let whole = TreeHead { size: log.entries_len(), root: log.root() };
    let later = NOW_MS + 3_600_000;
    directory.take(Vec::new(), log.cosign(whole, later), later).expect("the same tree, later");
    directory.take(Vec::new(), log.cosign(whole, NOW_MS), later).expect("an answer that was overtaken");
    assert_eq!(directory.cosigned_ms(), Some(later));
    assert_eq!(log.load().expect("loads").cosigned_ms(), Some(later));
}

#[test]
fn a_checkpoint_without_a_time_makes_no_view_fresh() {
    let log = TestLog::new();
    let mut directory = log.load().expect("loads");
    let plain = log.plain(TreeHead { size: 1, root: log.root() });
    directory.take(log.entries.clone(), plain, NOW_MS).expect("it is the hub's");
    assert!(!directory.is_fresh(NOW_MS) && directory.cosigned_ms().is_none());
}

#[test]
fn an_entry_that_breaks_a_rule_is_proven_to_be_the_hubs() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    log.join("boj-exempel", "Ett annat", &[], &[]);
    log.join("andra", "Ett tredje", &[], &[]);
    assert_eq!(fault_of(&log), LogFault::HandleTwice);
    assert_eq!(proven(&log), Proven::EntrySigned);
}

fn root_of(log: &TestLog, size: usize) -> [u8; 32] {
    let note = log.checkpoint(size);
    Checkpoint::verify(note, &log.hub, log.pins.log()).expect("the log's own").head().root
}

#[test]
fn leaves_that_do_not_add_up_are_refused() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    let mut directory = log.load().expect("loads");
    let outcome = directory.take(log.entries.clone(), log.checkpoint(2), NOW_MS);
    assert!(matches!(outcome, Err(DirectoryError::Forked(LogFault::Root))), "{outcome:?}");
}

#[test]
fn two_organisations_can_not_have_one_handle() {
    let mut log = TestLog::new();
    log.join("boj-exempel", "Brottsofferjouren Exempel", &[], &[]);
    log.join("boj-exempel", "En annan", &[], &[]);
    assert_eq!(fault_of(&log), LogFault::HandleTwice);
}

#[test]
fn the_operators_entries_follow_each_other_and_end_with_removal() {
    let mut skipped = TestLog::new();
    let mut member = skipped.join("boj-exempel", "Exempel", &[], &[]);
    member.revision += 1;
    skipped.enter(&mut member, OrganisationState::Active, "Exempel", &[], &[]);
    assert_eq!(fault_of(&skipped), LogFault::EntryOutOfOrder);

    let mut unsigned = TestLog::new();
    unsigned.join_pending("boj-exempel", "Exempel");
    unsigned.entries.remove(1);
    assert_eq!(fault_of(&unsigned), LogFault::EntryOutOfOrder, "an entry without a manifest");

    let mut revived = TestLog::new();
    let mut member = revived.join("boj-exempel", "Exempel", &[], &[]);
    revived.enter(&mut member, OrganisationState::Removed, "Exempel", &[], &[]);
    revived.enter(&mut member, OrganisationState::Active, "Exempel", &[], &[]);
    assert_eq!(fault_of(&revived), LogFault::AfterRemoval);
}

#[test]
fn a_removed_organisation_says_nothing_more() {
    let goes_on: [fn(&mut TestLog, &mut Member); 3] = [
        |log, member| log.change(member, |fields| fields.not_after_ms += 1),
        |log, member| drop(log.publish(member, Epoch::of(NOW_MS))),
        |log, member| log.certify(member.org(), member.device.device_id()),
    ];
    for goes_on in goes_on {
        let mut log = TestLog::new();
        let mut member = log.join("boj-exempel", "Exempel", &[], &[]);
        log.enter(&mut member, OrganisationState::Suspended, "Exempel", &[], &[]);
        goes_on(&mut log, &mut member);
        log.enter(&mut member, OrganisationState::Removed, "Exempel", &[], &[]);
        log.directory();
        goes_on(&mut log, &mut member);
        assert_eq!(fault_of(&log), LogFault::AfterRemoval);
    }
}

#[test]
fn a_certificate_is_of_a_device_that_the_manifest_names() {
    let mut log = TestLog::new();
    let member = log.join("boj-exempel", "Exempel", &[], &[]);
    log.certify(member.org(), member.device.device_id());
    log.directory();
    log.certify(member.org(), signer(150).device_id());
    assert_eq!(fault_of(&log), LogFault::UnknownDevice);
}

#[test]
fn an_epoch_key_needs_its_device_its_signature_and_its_own_week() {
    let epoch = Epoch::of(NOW_MS);
    let mut twice = TestLog::new();
    let member = twice.join("boj-exempel", "Exempel", &[], &[]);
    twice.publish(&member, epoch);
    twice.publish(&member, epoch);
    assert_eq!(fault_of(&twice), LogFault::EpochKeyTwice);

    let mut stranger = TestLog::new();
    let member = stranger.join("boj-exempel", "Exempel", &[], &[]);
    let public = samverkan_envelope::EpochSecret::generate().expect("random").public_key();
    stranger.publish_keys(vec![EpochKey::sign(member.org(), epoch, &public, &signer(150)).expect("key")]);
    assert_eq!(fault_of(&stranger), LogFault::UnknownDevice);

    let mut forged = TestLog::new();
    let member = forged.join("boj-exempel", "Exempel", &[], &[]);
    let key = EpochKey::sign(member.org(), epoch, &public, &member.device).expect("key");
    let mut bytes = key.bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last - 40] ^= 1;
    forged.publish_keys(vec![EpochKey::parse(bytes.into()).expect("structure")]);
    assert!(matches!(fault_of(&forged), LogFault::Statement(_)));
}

#[test]
fn a_second_key_for_a_week_is_evidence_of_a_fork_whenever_it_comes() {
    let epoch = Epoch::of(NOW_MS);
    for past in [false, true] {
        let mut log = TestLog::new();
        let member = log.join("boj-exempel", "Exempel", &[], &[]);
        let epoch = if past { Epoch::of(NOW_MS - MONTH_MS) } else { epoch };
        let first = log.publish(&member, epoch);
        let mut directory = log.directory();
        log.publish_keys(vec![first.clone()]);
        let twice = log.feed(&mut directory);
        assert!(matches!(twice, Err(DirectoryError::Forked(LogFault::EpochKeyTwice))), "{twice:?}");
        assert_eq!(proven(&log), Proven::EntrySigned, "what the hub signed is kept");

        // The copy that was believed stands, is loaded again, and goes no further.
        let mut directory = log.load().expect("loads");
        assert!(directory.is_forked());
        let device = member.device.device_id();
        let known = directory.organisation(&member.org()).and_then(|org| org.epoch_key(&device, epoch));
        assert_eq!(known.map(|key| key.id()), (!past).then(|| first.id()), "the first key stands");
        let other = directory.compare(log.checkpoint(log.entries.len()), NOW_MS);
        assert!(matches!(other, Err(DirectoryError::EvidenceKept)), "{other:?}");
        log.entries.pop();
        log.publish(&member, epoch);
        let twice = log.feed(&mut directory);
        assert!(
            matches!(twice, Err(DirectoryError::Forked(LogFault::EpochKeyTwice))),
            "another key, after a restart"
        );
    }
}

#[test]
fn keys_of_past_weeks_are_checked_and_forgotten() {
    let mut log = TestLog::new();
    let member = log.join("boj-exempel", "Exempel", &[], &[]);
    let (past, now) = (Epoch::of(NOW_MS - MONTH_MS), Epoch::of(NOW_MS));
    log.publish(&member, past);
    log.publish(&member, now);
    let directory = log.directory();
    let organisation = directory.organisation(&member.org()).expect("there");
    let device = member.device.device_id();
    assert!(
        organisation.epoch_key(&device, past).is_none() && organisation.epoch_key(&device, now).is_some()
    );
    assert_eq!(organisation.epoch_keys_of(&device).count(), 1);
}

#[test]
fn another_hubs_log_is_never_taken() {
    let mut log = TestLog::new();
    log.entries.remove(0);
    log.join("boj-exempel", "Exempel", &[], &[]);
    assert_eq!(fault_of(&log), LogFault::HubKeys);

    let log = TestLog::new();
    let mut directory = log.load().expect("loads");
    let foreign = Checkpoint::sign(&log.hub, TreeHead { size: 1, root: [0; 32] }, &signer(9)).note().clone();
    let outcome = directory.take(log.entries.clone(), foreign, NOW_MS);
    assert!(matches!(outcome, Err(DirectoryError::Forked(LogFault::Statement(_)))), "{outcome:?}");
}

/// A log with a record of every kind.
fn varied() -> TestLog {
    let mut log = TestLog::new();
    let mut member = log.join("boj-exempel", "Brottsofferjouren Exempel", &["0380"], &["stod"]);
    log.add_device(&mut member);
    log.publish(&member, Epoch::of(NOW_MS));
    log.certify(member.org(), member.device.device_id());
    let operators = log.operators();
    suspend(&mut log, &mut member, &operators.each_ref());
    log
}

/// A suspension that these operators have signed, with the entry that it leads to.
fn suspend(log: &mut TestLog, member: &mut Member, by: &[&Signer]) {
    let newest = log.entries.iter().rfind(|entry| entry.leaf[0] == 5).expect("an entry");
    let before = samverkan_proto::ids::sha256(&newest.record);
    let (org, handle) = (member.org(), member.manifest.fields().handle.clone());
    log.act(by, Deed::Move { step: Step::Suspend, org, handle, before });
    log.enter(member, OrganisationState::Suspended, "Brottsofferjouren Exempel", &["0380"], &["stod"]);
}

#[test]
fn what_operators_sign_is_listed_and_what_they_did_not_sign_is_a_fork() {
    let log = varied();
    let mut directory = log.load().expect("loads");
    log.feed(&mut directory).expect("good");
    let names: Vec<String> = directory.actions()[3].names.iter().map(ToString::to_string).collect();
    assert_eq!((directory.actions().len(), names), (4, vec!["drift-ett".to_owned(), "drift-tva".to_owned()]));
    let forked = |spoil: &dyn Fn(&mut TestLog, &mut Member, [Signer; 2])| {
        let mut log = TestLog::new();
        let mut member = log.join("boj-exempel", "Brottsofferjouren Exempel", &["0380"], &["stod"]);
        let operators = log.operators();
        spoil(&mut log, &mut member, operators);
        match fault_of(&log) {
            LogFault::Action(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    let alone = forked(&|log, member, [one, _]| suspend(log, member, &[&one]));
    assert_eq!(alone, ActionFault::Signatures);
    let strange = forked(&|log, member, [one, _]| suspend(log, member, &[&one, &signer(250)]));
    assert!(matches!(strange, ActionFault::Signature(_)));
    let unsigned = forked(&|log, member, _| {
        log.enter(member, OrganisationState::Suspended, "Brottsofferjouren Exempel", &["0380"], &["stod"]);
    });
    assert_eq!(unsigned, ActionFault::NotDone);
}

/// How many bytes are changed: each once, or as many by chance as `MUTATIONS` says.
fn mutations(len: usize) -> Vec<(usize, u8)> {
    let wanted = std::env::var("MUTATIONS").ok().and_then(|count| count.parse::<u64>().ok());
    let by_chance = |index: u64| {
        let chance = samverkan_proto::ids::sha256(&index.to_be_bytes());
        let place = u64::from_be_bytes(*chance.first_chunk().expect("long enough"));
        (usize::try_from(place % len as u64).expect("small"), chance[8].max(1))
    };
    match wanted {
        Some(count) => (0..count).map(by_chance).collect(),
        None => (0..len).map(|place| (place, 1 << (place % 8))).collect(),
    }
}

#[test]
fn no_changed_byte_of_anything_that_the_log_relays_is_taken() {
    let log = varied();
    let note = log.checkpoint(log.entries.len());
    let parts = log.entries.iter().flat_map(|entry| [&entry.leaf, &entry.record]).chain([&note]);
    let lengths: Vec<usize> = parts.map(Bytes::len).collect();
    let len: usize = lengths.iter().sum();
    assert!(len > 3_000, "{len} bytes");
    for (place, mask) in mutations(len) {
        let (mut part, mut at) = (0, place);
        while at >= lengths[part] {
            at -= lengths[part];
            part += 1;
        }
        let changed = |index: usize, bytes: &Bytes| {
            let mut bytes = bytes.to_vec();
            if index == part {
                bytes[at] ^= mask;
            }
            Bytes::from(bytes)
        };
        let entry = |(index, entry): (usize, &Entry)| Entry {
            leaf: changed(2 * index, &entry.leaf),
            record: changed(2 * index + 1, &entry.record),
        };
        let entries = log.entries.iter().enumerate().map(entry).collect();
        let mut directory = log.load().expect("loads");
        let outcome = directory.take(entries, changed(2 * log.entries.len(), &note), NOW_MS);
        assert!(matches!(outcome, Err(DirectoryError::Forked(_))), "byte {at} of part {part}: {outcome:?}");
    }
    log.feed(&mut log.load().expect("loads")).expect("unchanged, it is good");
}
