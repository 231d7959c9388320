//! Two processes of one device that receive at once.

use samverkan_proto::code::CannotDecryptReason;
use samverkan_proto::statement::receipt::Verdict;

use super::*;
use crate::directory::testlog::{NOW_MS, TestLog};
use crate::session::model::Stage;
use crate::session::office::{Office, Silent, accepted, delivery, referral, take, two_offices};

/// What an office has sent, handed to another one's device.
fn handed_over(log: &TestLog, from: &Office, to: &Office) -> Delivery {
    delivery(log, &from.newest_outgoing(), to)
}

/// A delivery as a session opens it, before anything is kept.
fn open(session: &Session, delivery: &Delivery) -> Opened {
    let Ok(Ok(verified)) = session.verify_delivery(delivery, &[]) else { panic!("a good message") };
    let receipt = session.receipt_for(verified.header(), verified.delivered());
    Opened::Good { kept: Box::new(crate::session::incoming::keep(delivery, verified)), receipt }
}

fn keep(session: &mut Session, opened: Opened) -> (Signed, Vec<Bytes>, Received) {
    let mut received = Received::default();
    let batch = Batch { opened: vec![opened], ..Batch::default() };
    let (signed, again) = session.keep_batch(batch, &mut received).expect("kept");
    (signed, again, received)
}

#[tokio::test]
async fn the_same_delivery_is_kept_once_and_acknowledged_with_the_same_receipt() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let delivery = handed_over(&log, &one, &two);
    let mut other = two.another_process();
    let (first, second) = (open(&two.session, &delivery), open(&other, &delivery));
    let (signed, again, received) = keep(&mut two.session, first);
    assert_eq!((signed.receipts.len(), again.len(), received.threads.len()), (1, 0, 1));
    let (nothing, again, received) = keep(&mut other, second);
    assert_eq!((nothing.receipts.len(), received.threads.len()), (0, 0), "it is not new");
    assert_eq!(again, signed.receipts);
    two.reload();
    for session in [&two.session, &other] {
        assert_eq!(session.damaged_messages(), 0, "its key was not replaced");
        assert_eq!(session.thread(&sent.reference).expect("kept").messages.len(), 1);
    }
}

#[tokio::test]
async fn one_sending_under_two_ids_is_shown_once() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let mut other = two.another_process();
    let first = open(&two.session, &handed_over(&log, &one, &two));
    let held = one.lock();
    one.session.seal_again(&held, &sent.message).expect("sealed again under another id");
    drop(held);
    let second = open(&other, &handed_over(&log, &one, &two));
    keep(&mut two.session, first);
    let (signed, again, received) = keep(&mut other, second);
    assert_eq!((signed.receipts.len(), again.len()), (1, 0), "the other id is acknowledged too");
    assert!(signed.by_message.is_empty() && received.threads.is_empty());
    assert_eq!(other.inbox().len(), 1);
    assert_eq!(other.thread(&sent.reference).expect("kept").messages.len(), 1);
}

#[tokio::test]
async fn a_receipt_that_is_owed_meanwhile_is_not_taken_for_given() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let opened = open(&two.session, &handed_over(&log, &one, &two));
    let (signed, _, _) = keep(&mut two.session, opened);
    let mut other = two.another_process();
    let owed = Bytes::from_static(b"answered");
    {
        let _held = other.begin().expect("free");
        let contents = other.keystore.contents();
        other.mail.change(contents, &sent.message, |kept| kept.pending.push(owed.clone())).expect("noted");
    }
    two.session.mark_given(&signed.by_message).expect("noted");
    let kept = two.session.mail.get(&sent.message).expect("kept");
    assert_eq!((&kept.pending, &kept.given), (&vec![owed], &signed.receipts));
}

#[tokio::test]
async fn keys_made_by_another_process_are_not_a_strangers() {
    let (mut log, _, mut two) = two_offices();
    let mut other = two.another_process();
    let later = NOW_MS + samverkan_proto::limits::WEEK_MS;
    two.clock.set(later);
    let due = two.session.make_due_keys().expect("made");
    assert_eq!(due.len(), 1, "one more week");
    log.publish_keys(due.clone());
    log.feed(&mut other.directory).expect("consistent");
    assert!(other.make_due_keys().expect("its own").is_empty(), "nothing is made or published twice");
}

#[tokio::test]
async fn a_device_that_signs_without_end_fills_nothing_and_keeps_nobody_out() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    let header = one.session.mail.get(&sent.message).expect("kept").header.clone();
    let mut events = Vec::new();
    for later in 0..40 {
        two.clock.set(NOW_MS + later);
        let verdict = Verdict::CannotDecrypt(CannotDecryptReason::AttachmentDamaged);
        let receipt = two.session.receipt_for(&header, verdict);
        events.extend(two.session.sign_receipts(&[receipt]).expect("signed"));
    }
    two.clock.set(NOW_MS);
    events.extend(take(&mut two, &log, &request).expect("good"));
    let again = events.clone();
    let mut received = Received::default();
    let batch = Batch { events, ..Batch::default() };
    one.session.keep_batch(batch, &mut received).expect("none of them stops the others");
    assert_eq!((received.receipts, received.left_out), (17, 24));
    let kept = one.session.mail.get(&sent.message).expect("kept");
    assert_eq!(kept.receipts.len(), 18, "accepted, sixteen complaints, and delivered");
    assert_eq!(one.session.track(&sent.reference).expect("known").overall, Some(Stage::Delivered));
    let batch = Batch { events: again, ..Batch::default() };
    let mut received = Received::default();
    one.session.keep_batch(batch, &mut received).expect("as often as they come");
    assert_eq!(received.receipts, 0, "what is kept already is not kept again");
}
