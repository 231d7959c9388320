use samverkan_proto::statement::manifest::Revocation;

use super::*;
use crate::directory::testlog::{Member, NOW_MS, TestLog, signer};
use crate::session::model::Draft;
use crate::session::office::{Silent, referral, take, two_desks_and_another, two_offices};

fn report(
    log: &mut TestLog,
    member: &mut Member,
    device: DeviceId,
    revoked_ms: u64,
    reason: RevocationReason,
) {
    log.change(member, |fields| {
        fields.devices.retain(|known| known.id() != device);
        fields.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers.retain(|reader| *reader != device));
        fields.revocations.push(Revocation { device_id: device, revoked_ms, reason });
        fields.revocations.sort_by_key(|revocation| revocation.device_id);
    });
}

#[tokio::test]
async fn partners_are_told_once_what_the_device_could_read_and_what_came_from_it_is_marked() {
    let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
    let device = desk.member.device.device_id();
    let from_desk = desk.session.send(referral(), &mut Silent).await.expect("sealed").reference;
    take(&mut two, &log, &desk.newest_outgoing()).expect("good");
    let draft = Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() };
    let to_one = two.session.send(draft, &mut Silent).await.expect("sealed").reference;
    assert!(two.session.compromises().is_empty());

    // The hub took the message at NOW_MS + 1.
    report(&mut log, &mut one.member, device, NOW_MS + 1, RevocationReason::Compromised);
    two.synchronise(&log);
    let told = two.session.compromises();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].handle.as_str(), told[0].since_ms), ("one", NOW_MS + 1));
    assert_eq!((&told[0].readable, &told[0].doubtful), (&vec![to_one], &vec![from_desk]));
    let marked = |reference| two.session.thread(reference).expect("kept").messages[0].compromised_since_ms;
    assert_eq!((marked(&from_desk), marked(&to_one)), (Some(NOW_MS + 1), None));
    two.session.mark_told(&told).expect("kept");
    assert!(two.session.compromises().is_empty(), "once");
}

#[tokio::test]
async fn what_was_taken_before_stays_as_it_was_and_who_left_is_no_thief() {
    for (revoked_ms, reason) in
        [(NOW_MS + 2, RevocationReason::Compromised), (NOW_MS - 1, RevocationReason::MemberLeft)]
    {
        let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
        let sent = desk.session.send(referral(), &mut Silent).await.expect("sealed").reference;
        take(&mut two, &log, &desk.newest_outgoing()).expect("good");
        report(&mut log, &mut one.member, desk.member.device.device_id(), revoked_ms, reason);
        two.synchronise(&log);
        assert!(two.session.compromises().is_empty());
        assert_eq!(two.session.thread(&sent).expect("kept").messages[0].compromised_since_ms, None);
    }
}

#[tokio::test]
async fn back_dated_or_not_nothing_is_taken_that_the_hub_took_after_the_time_or_after_the_report() {
    // The time in the manifest is before the hub took the message; then it is after, and the manifest is not.
    for (revoked_ms, sealed_before) in [(NOW_MS + 1, true), (NOW_MS + 2, false)] {
        let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
        desk.session.send(referral(), &mut Silent).await.expect("sealed");
        let request = desk.newest_outgoing();
        let before = crate::session::office::delivery(&log, &request, &two);
        report(
            &mut log,
            &mut one.member,
            desk.member.device.device_id(),
            revoked_ms,
            RevocationReason::Compromised,
        );
        two.synchronise(&log);
        let after = crate::session::office::delivery(&log, &request, &two);
        let delivery = if sealed_before { before } else { after };
        let refused = crate::session::office::take_delivery(&mut two, &delivery).expect_err("refused");
        assert_eq!(refused, "sender_revoked");
    }
}

#[tokio::test]
async fn partners_are_told_of_what_a_device_that_came_later_may_have_been_given() {
    let (mut log, mut one, mut two) = two_offices();
    let draft = Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() };
    let sent = two.session.send(draft, &mut Silent).await.expect("sealed").reference;
    let (later, elsewhere) = (log.add_device(&mut one.member).device_id(), signer(150));
    log.add_readers(&mut one.member, "jour", &[&elsewhere, &signer(151)]);
    for device in [later, elsewhere.device_id()] {
        report(&mut log, &mut one.member, device, NOW_MS + 1, RevocationReason::Compromised);
    }
    two.synchronise(&log);
    let told = two.session.compromises();
    let told: Vec<_> = told.iter().map(|report| (report.device, report.readable.clone())).collect();
    assert_eq!(told, [(later, vec![sent])], "who never read the mailbox was given nothing");
}
