//! Who is given what, and what is remembered of it.

use samverkan_proto::code::DeviceReceiptType;
use samverkan_proto::statement::manifest::ManifestFields;
use samverkan_proto::statement::receipt::{HubEvent, MailboxRef, Verdict};
use samverkan_proto::v1::{Delivery, SubmitRequest};

use super::*;
use crate::directory::testlog::{NOW_MS, TestLog};
use crate::session::model::{Draft, Stage};
use crate::session::office::{
    Office, Silent, accepted, delivery, hub_receipt, referral, take, take_delivery, two_desks_and_another,
};

/// Lets a device read every mailbox, or none.
fn let_read(log: &mut TestLog, one: &mut Office, device: DeviceId, it: bool) {
    let change = |fields: &mut ManifestFields| {
        for mailbox in &mut fields.mailboxes {
            mailbox.readers.retain(|reader| *reader != device);
            mailbox.readers.extend(it.then_some(device));
            mailbox.readers.sort_unstable();
        }
    };
    log.change(&mut one.member, change);
    one.synchronise(log);
}

/// `two` has sent to `one`, whose first desk has the message.
async fn came(log: &TestLog, one: &mut Office, two: &mut Office) -> MessageId {
    let draft = Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() };
    two.synchronise(log);
    // The newest is the last.
    two.clock.set(two.clock.now_ms() + 1);
    let sent = two.session.send(draft, &mut Silent).await.expect("sealed");
    take(one, log, &two.newest_outgoing()).expect("good");
    sent.message
}

/// The devices that a message would be given to now.
fn given(one: &Office, id: &MessageId) -> Vec<DeviceId> {
    let kept = one.session.mail.get(id).expect("kept");
    let given = one.session.for_later_devices(kept).expect("sealed");
    given.iter().map(|rewrap| rewrap.value().to_device).collect()
}

fn note(one: &mut Office, id: MessageId, device: DeviceId) {
    let serial = one.session.own_manifest().expect("there").serial();
    let handed_in = HandedIn { settled: vec![(id, device)], left: false };
    one.session.note_given(&handed_in, serial).expect("kept");
}

#[tokio::test]
async fn who_came_later_is_given_a_message_once() {
    let (mut log, mut one, desk, mut two) = two_desks_and_another();
    let later = desk.member.device.device_id();
    let_read(&mut log, &mut one, later, false);
    let id = came(&log, &mut one, &mut two).await;
    assert!(given(&one, &id).is_empty(), "it reads nothing");
    let_read(&mut log, &mut one, later, true);
    assert_eq!(given(&one, &id), [later]);
    note(&mut one, id, later);
    one.reload();
    assert!(given(&one, &id).is_empty(), "written down beside the message");
    let other = came(&log, &mut one, &mut two).await;
    assert!(given(&one, &other).is_empty(), "the header names it");
}

#[tokio::test]
async fn who_gets_the_mailbox_back_is_given_it_again_each_time() {
    let (mut log, mut one, desk, mut two) = two_desks_and_another();
    let later = desk.member.device.device_id();
    let id = came(&log, &mut one, &mut two).await;
    assert!(given(&one, &id).is_empty(), "the header names it");
    for _ in 0..2 {
        let_read(&mut log, &mut one, later, false);
        assert!(given(&one, &id).is_empty());
        let_read(&mut log, &mut one, later, true);
        assert_eq!(given(&one, &id), [later], "the hub took its wrap away");
        note(&mut one, id, later);
        assert!(given(&one, &id).is_empty());
    }
}

#[tokio::test]
async fn what_is_over_is_given_to_nobody() {
    let (mut log, mut one, desk, mut two) = two_desks_and_another();
    let later = desk.member.device.device_id();
    let_read(&mut log, &mut one, later, false);
    let id = came(&log, &mut one, &mut two).await;
    let_read(&mut log, &mut one, later, true);
    one.clock.set(one.session.mail.get(&id).expect("kept").header.fields().expires_ms);
    assert!(given(&one, &id).is_empty());
}

/// A message as the hub hands it to the other desk, by a re-wrap of the first, whether that reads its mailbox or not.
fn by_rewrap(
    log: &TestLog,
    request: &SubmitRequest,
    id: &MessageId,
    one: &Office,
    desk: &Office,
) -> Delivery {
    let kept = one.session.mail.get(id).expect("kept");
    let org = one.member.org();
    let key =
        one.session.directory.organisation(&org).and_then(|organisation| {
            organisation.epoch_key(&desk.member.device.device_id(), Epoch::of(NOW_MS))
        });
    let key = key.expect("published");
    let given = rewrap(&kept.secret, &kept.header, org, &one.session.device, key).expect("sealed");
    let given = given.bytes().to_vec().into();
    Delivery { wrap: bytes::Bytes::new(), rewrap: given, ..delivery(log, request, one) }
}

#[tokio::test]
async fn a_device_refuses_what_is_given_to_it_for_a_mailbox_that_it_does_not_read() {
    let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
    let later = desk.member.device.device_id();
    let_read(&mut log, &mut one, later, false);
    let id = came(&log, &mut one, &mut two).await;
    desk.synchronise(&log);
    // The key of the message is the right one, and the commitment holds.
    let given = by_rewrap(&log, &two.newest_outgoing(), &id, &one, &desk);
    assert_eq!(take_delivery(&mut desk, &given).expect_err("refused"), "not_a_recipient");
    let_read(&mut log, &mut one, later, true);
    desk.synchronise(&log);
    take_delivery(&mut desk, &given).expect("it reads the mailbox now");
}

#[tokio::test]
async fn the_sender_believes_a_device_that_came_later_by_the_messages_own_key() {
    let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
    let later = desk.member.device.device_id();
    let_read(&mut log, &mut one, later, false);
    let id = came(&log, &mut one, &mut two).await;
    let request = two.newest_outgoing();
    two.session.accept(&id, &accepted(&log, &request)).expect("the hub has it");
    desk.synchronise(&log);
    let header = desk.session.verify_delivery(&delivery(&log, &request, &one), &[]);
    assert!(header.is_ok_and(|judged| judged.is_err()), "not the other desk's");
    let recipient = MailboxRef { org: one.member.org(), mailbox: one.member.manifest.mailboxes()[0].id };
    let handed = hub_receipt(&log, &request, HubEvent::HandedOver { recipient, device: later });
    assert!(!two.session.take_event(handed.clone()).expect("left out"), "it read nothing when it was sealed");

    let_read(&mut log, &mut one, later, true);
    for office in [&mut desk, &mut two] {
        office.synchronise(&log);
    }
    let given = by_rewrap(&log, &request, &id, &one, &desk);
    let kept = two.session.mail.get(&id).expect("kept");
    let (header, tag) = (kept.header.clone(), kept.secret.open_tag(&later, DeviceReceiptType::Delivered));
    for (verdict, case) in [
        (Verdict::Delivered { open_tag: [1; 16] }, "a tag of its own making"),
        (Verdict::CannotDecrypt(samverkan_proto::code::CannotDecryptReason::CannotOpen), "no tag at all"),
    ] {
        let forged = desk.session.receipt_for(&header, verdict);
        let forged = desk.session.sign_receipts(&[forged]).expect("signed").remove(0);
        assert!(!two.session.take_event(forged).expect("left out"), "{case}");
    }
    let proofs = take_delivery(&mut desk, &given).expect("opened");
    for proof in [handed, proofs[0].clone()] {
        assert!(two.session.take_event(proof).expect("taken"));
    }
    let reference = samverkan_proto::statement::safety::CaseReference::of_thread(
        &two.session.mail.get(&id).expect("kept").body.thread_id,
    );
    let track = two.session.track(&reference).expect("known");
    assert_eq!(track.overall, Some(Stage::Delivered));
    assert!(track.steps[0].history.iter().any(|(stage, _)| *stage == Stage::HandedOver));
    assert_eq!(desk.session.receipt_for(&header, Verdict::Delivered { open_tag: tag }).device, later);
    let evidence = two.session.evidence(&reference).expect("a bundle").to_json();
    let verdict = crate::session::evidence::Evidence::verify(&evidence, &two.session.directory);
    assert!(verdict.expect("readable").all_hold(), "others can check it as well");
}

#[test]
fn a_round_survives_the_keystore_and_what_was_cut_is_none() {
    let round = Round { serial: 7, keyed: 3, again_ms: u64::MAX };
    let bytes = round.encode();
    assert_eq!(Round::decode(&bytes), Some(round));
    assert!((0..bytes.len()).all(|len| Round::decode(&bytes[..len]).is_none()));
}
