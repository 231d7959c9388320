use samverkan_proto::code::RevocationReason;
use samverkan_proto::statement::manifest::Revocation;

use super::*;
use crate::directory::testlog::{Member, NOW_MS, TestLog};
use crate::session::model::Draft;
use crate::session::office::{Office, Silent, referral, take, two_desks_and_another};

/// A referral to the organisation that has two desks.
fn to_one() -> Draft {
    Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() }
}

fn remove(log: &mut TestLog, member: &mut Member, device: DeviceId) {
    log.change(member, |fields| {
        fields.issued_ms = NOW_MS + 7;
        fields.devices.retain(|known| known.id() != device);
        fields.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers.retain(|reader| *reader != device));
        let reason = RevocationReason::Compromised;
        fields.revocations.push(Revocation { device_id: device, revoked_ms: NOW_MS, reason });
    });
}

async fn sent(office: &mut Office, draft: Draft) -> MessageId {
    office.session.send(draft, &mut Silent).await.expect("sealed").message
}

#[tokio::test]
async fn it_names_every_message_that_the_device_was_sealed_to_or_wrote_and_no_other() {
    let (mut log, mut one, desk, mut two) = two_desks_and_another();
    let device = desk.member.device.device_id();
    let out = sent(&mut one, referral()).await;
    let came = sent(&mut two, to_one()).await;
    take(&mut one, &log, &two.newest_outgoing()).expect("good");
    remove(&mut log, &mut one.member, device);
    for office in [&mut one, &mut two] {
        office.synchronise(&log);
    }
    // Sealed when the device was gone.
    two.clock.set(NOW_MS + 1);
    let later = sent(&mut two, to_one()).await;
    take(&mut one, &log, &two.newest_outgoing()).expect("good");

    let exposure = one.session.exposure(&device).expect("a list");
    let mut found: Vec<_> =
        exposure.messages.iter().map(|message| (message.id, message.access, message.direction)).collect();
    found.sort_by_key(|(id, ..)| *id);
    let mut expected = vec![
        (out, Access::SealedTo, Direction::Out),
        (came, Access::SealedTo, Direction::In),
        (later, Access::MayBeGiven, Direction::In),
    ];
    expected.sort_by_key(|(id, ..)| *id);
    assert_eq!(found, expected);
    assert!(exposure.messages.iter().all(|message| message.with[0].to_string() == "two/mottagning"));
    assert!(exposure.unseen.is_empty() && exposure.changes.is_empty());
    let own = one.session.exposure(&one.member.device.device_id()).expect("a list");
    let of = |id| own.messages.iter().find(|message| message.id == id).map(|message| message.access);
    let serials: Vec<u64> = own.changes.iter().map(|change| change.serial).collect();
    assert_eq!((of(out), serials), (Some(Access::Sent), vec![3, 2]), "it took the desk in and out");
    let stranger = two.member.device.device_id();
    assert!(one.session.exposure(&stranger).expect("a list").messages.is_empty());
}

#[tokio::test]
async fn mailboxes_that_only_the_other_device_reads_are_named() {
    let (mut log, mut one, desk, _) = two_desks_and_another();
    let (device, own) = (desk.member.device.device_id(), one.member.device.device_id());
    log.add_readers(&mut one.member, "jour", &[&desk.member.device]);
    log.change(&mut one.member, |fields| {
        let shared = fields.mailboxes.iter_mut().filter(|mailbox| mailbox.name.to_string() != "jour");
        shared.for_each(|mailbox| mailbox.readers.retain(|reader| *reader == own));
    });
    one.synchronise(&log);
    let exposure = one.session.exposure(&device).expect("a list");
    assert_eq!(exposure.unseen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["one/jour"]);
}

#[tokio::test]
async fn what_a_thief_back_dates_is_in_the_list_and_the_list_ends() {
    let (mut log, mut one, _, _) = two_desks_and_another();
    let device = one.member.device.device_id();
    let back_dated = NOW_MS - 300 * 86_400_000;
    log.change(&mut one.member, |fields| fields.issued_ms = back_dated);
    one.synchronise(&log);
    let exposure = one.session.exposure(&device).expect("a list");
    let newest = SignedChange { serial: 3, claimed_ms: back_dated };
    assert_eq!((exposure.changes.first(), exposure.older_changes), (Some(&newest), 0));

    (0..MAX_CHANGES).for_each(|_| log.change(&mut one.member, |_| {}));
    one.synchronise(&log);
    let exposure = one.session.exposure(&device).expect("a list");
    assert_eq!(
        (exposure.changes.len(), exposure.older_changes),
        (MAX_CHANGES, 2),
        "it says how many are left out"
    );
    assert!(exposure.changes.is_sorted_by(|newer, older| newer.serial > older.serial));
}
