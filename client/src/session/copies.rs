//! What the sender keeps of what it sent, and the copies that other devices of its mailbox get.

use samverkan_proto::statement::receipt::{HubEvent, MailboxRef};
use samverkan_proto::v1::SubmitRequest;

use super::Session;
use super::model::{Direction, Sent, Settled, Stage};
use super::office::{
    Office, Silent, accepted, delivery, hub_receipt, referral, take, take_delivery, two_desks_and_another,
    two_offices,
};
use crate::directory::testlog::{NOW_MS, TestLog};

/// Sends a referral and lets the hub take it.
async fn hand_in(log: &TestLog, from: &mut Office) -> (Sent, SubmitRequest) {
    let sent = from.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = from.newest_outgoing();
    from.session.accept(&sent.message, &accepted(log, &request)).expect("the hub has it");
    (sent, request)
}

fn text_of(session: &Session, sent: &Sent) -> (Direction, String) {
    let thread = session.thread(&sent.reference).expect("known");
    assert_eq!(thread.messages.len(), 1);
    (thread.messages[0].direction, thread.messages[0].text.clone())
}

#[tokio::test]
async fn the_sender_can_read_what_it_sent_for_as_long_as_it_is_kept() {
    let (log, mut one, _) = two_offices();
    let (sent, request) = hand_in(&log, &mut one).await;
    let wraps = samverkan_proto::statement::header::Header::parse(&request.header).expect("a header");
    let own = one.member.device.device_id();
    assert_eq!(wraps.fields().wrap_index(&one.member.org(), &own), None, "it is not sealed to itself");
    one.reload();
    assert_eq!(text_of(&one.session, &sent), (Direction::Out, "Exempel Exempelsson önskar stöd".to_owned()));
    assert!(!one.session.sent()[0].unread && one.session.inbox().is_empty());
}

#[tokio::test]
async fn another_device_of_the_mailbox_reads_it_as_sent_and_follows_what_becomes_of_it() {
    let (log, mut one, mut desk, mut two) = two_desks_and_another();
    let (sent, request) = hand_in(&log, &mut one).await;
    let copy = delivery(&log, &request, &desk);
    let said = take_delivery(&mut desk, &copy).expect("good");
    desk.reload();
    assert_eq!(text_of(&desk.session, &sent), (Direction::Out, "Exempel Exempelsson önskar stöd".to_owned()));
    assert!(desk.session.inbox().is_empty(), "nothing has come");
    assert_eq!(desk.session.sent()[0].stage, Some(Stage::Accepted));

    // That the copy arrived says nothing about the recipient.
    for receipt in said {
        one.session.take_event(receipt).expect("looked at");
    }
    assert_eq!(one.session.track(&sent.reference).expect("known").overall, Some(Stage::Accepted));
    for receipt in take(&mut two, &log, &request).expect("good") {
        for office in [&mut one, &mut desk] {
            assert!(office.session.take_event(receipt.clone()).expect("taken"));
            assert_eq!(office.session.track(&sent.reference).expect("known").overall, Some(Stage::Delivered));
        }
    }
}

#[tokio::test]
async fn a_copy_never_counts_as_delivered_even_when_its_reader_claims_it() {
    let (log, mut one, mut desk, _) = two_desks_and_another();
    let (sent, request) = hand_in(&log, &mut one).await;
    let copy = delivery(&log, &request, &desk);
    let said = take_delivery(&mut desk, &copy).expect("good").remove(0);
    assert!(!one.session.take_event(said).expect("left out"), "it is no recipient's");
    let own = MailboxRef { org: one.member.org(), mailbox: one.member.manifest.mailboxes()[0].id };
    let over = HubEvent::HandedOver { recipient: own, device: desk.member.device.device_id() };
    assert!(!one.session.take_event(hub_receipt(&log, &request, over)).expect("left out"));
    assert_eq!(one.session.track(&sent.reference).expect("known").overall, Some(Stage::Accepted));
}

#[tokio::test]
async fn what_one_device_sends_again_the_other_knows_of() {
    let (log, mut one, mut desk, mut two) = two_desks_and_another();
    let (sent, request) = hand_in(&log, &mut one).await;
    let copy = delivery(&log, &request, &desk);
    take_delivery(&mut desk, &copy).expect("good");
    for office in [&mut one, &mut desk] {
        let expired = hub_receipt(&log, &request, HubEvent::ExpiredUndelivered);
        assert!(office.session.take_event(expired).expect("taken"));
        assert_eq!(office.session.cases_to_act_on(), 1);
    }
    desk.clock.set(NOW_MS + 1);
    let again = desk.session.resend(&sent.reference, None, &mut Silent).await.expect("sealed anew").remove(0);
    let second = desk.newest_outgoing();
    desk.session.accept(&again.message, &accepted(&log, &second)).expect("the hub has it");

    let copy = delivery(&log, &second, &one);
    take_delivery(&mut one, &copy).expect("good");
    let track = one.session.track(&sent.reference).expect("known");
    let old = track.steps.iter().find(|step| step.message == sent.message).expect("kept as it ended");
    assert_eq!(
        (old.stage, old.settled),
        (Stage::ExpiredUndelivered, Some(Settled::SentAgain(again.message)))
    );
    assert_eq!((one.session.cases_to_act_on(), track.overall), (0, Some(Stage::Accepted)));
    assert_eq!(one.session.thread(&sent.reference).expect("known").messages.len(), 1, "shown once");
    for receipt in take(&mut two, &log, &second).expect("good") {
        assert!(one.session.take_event(receipt).expect("taken"));
    }
    assert_eq!(one.session.track(&sent.reference).expect("known").overall, Some(Stage::Delivered));
}

#[tokio::test]
async fn each_devices_wrap_opens_for_that_device_alone() {
    let (log, mut one, mut desk, mut two) = two_desks_and_another();
    let (_, request) = hand_in(&log, &mut one).await;
    let (for_desk, for_two) = (delivery(&log, &request, &desk), delivery(&log, &request, &two));
    assert_ne!(for_desk.wrap, for_two.wrap);
    for (office, own, others) in [(&mut desk, &for_desk, &for_two), (&mut two, &for_two, &for_desk)] {
        let swapped = samverkan_proto::v1::Delivery { wrap: others.wrap.clone(), ..own.clone() };
        assert_eq!(take_delivery(office, &swapped).expect_err("another device's"), "wrap_failed");
        take_delivery(office, own).expect("its own");
    }
    let own = delivery(&log, &request, &two);
    assert_eq!(take_delivery(&mut one, &own).expect_err("the sender has no wrap"), "not_a_recipient");
}
