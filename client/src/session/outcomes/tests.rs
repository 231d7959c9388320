use samverkan_proto::ids::MailboxId;

use super::*;
use crate::session::model::RetentionGround;
use crate::session::office::{Silent, referral, two_offices};

fn device(n: u8) -> DeviceId {
    DeviceId::parse(&[n; 16]).expect("not zero")
}

fn word(by: u8, answer: StopAnswer) -> Word {
    let (org, mailbox) = (OrgId::parse(&[1; 16]), MailboxId::parse(&[1; 16]));
    let from = MailboxRef { org: org.expect("not zero"), mailbox: mailbox.expect("not zero") };
    Word { from, device: device(by), answer }
}

fn devices<const N: usize>(all: [u8; N]) -> BTreeSet<DeviceId> {
    all.into_iter().map(device).collect()
}

const RETAINED: StopAnswer = StopAnswer::Retained(RetentionGround::PublicRecord);

#[test]
fn what_nobody_fetched_is_destroyed_once_the_hub_says_that_it_is_gone() {
    assert_eq!(at(&devices([]), false, &[]), StopOutcome::Waiting);
    assert_eq!(at(&devices([]), true, &[]), StopOutcome::Destroyed);
    assert_eq!(at(&devices([1]), true, &[]), StopOutcome::Waiting);
}

#[test]
fn a_mailbox_has_not_opened_it_when_all_its_devices_say_so() {
    let one = word(1, StopAnswer::Unopened);
    assert_eq!(at(&devices([1, 2]), true, &[one]), StopOutcome::Waiting);
    let both = [one, word(2, StopAnswer::Unopened)];
    assert_eq!(at(&devices([1, 2]), true, &both), StopOutcome::Answered(StopAnswer::Unopened));
}

#[test]
fn what_a_person_decided_comes_before_what_devices_say_and_keeping_before_destroying() {
    let fetched = devices([1, 2, 3]);
    let mut words = vec![word(1, StopAnswer::Unopened), word(2, StopAnswer::Complied)];
    assert_eq!(at(&fetched, true, &words), StopOutcome::Answered(StopAnswer::Complied));
    words.push(word(3, RETAINED));
    for turn in 0..words.len() {
        words.rotate_left(turn);
        assert_eq!(at(&fetched, true, &words), StopOutcome::Answered(RETAINED), "in whatever order it came");
    }
}

/// The hub names one of the mailboxes that a device reads; the device has the message for all of them.
#[tokio::test]
async fn a_device_that_reads_two_mailboxes_has_it_in_both() {
    let (_, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let mut fields = one.session.mail.get(&sent.message).expect("kept").header.fields().clone();
    let second = MailboxId::parse(&[9; 16]).expect("not zero");
    fields.to.push(samverkan_proto::statement::header::Recipient { mailbox: second, ..fields.to[0] });
    let at_two = fields.wraps.iter_mut().find(|wrap| wrap.org == fields.to[0].org).expect("a reader");
    at_two.boxes = 0b11;
    let reader = at_two.device;
    let first = MailboxRef { org: fields.to[0].org, mailbox: fields.to[0].mailbox };
    let said = [Said::Hub(HubReceipt {
        message_id: sent.message,
        hh: [0; 32],
        content_hash: [0; 32],
        wraps_hash: [0; 32],
        hub_time_ms: 1,
        policy_version: 1,
        log_size: 1,
        log_root: [0; 32],
        event: HubEvent::HandedOver { recipient: first, device: reader },
    })];
    for index in 0..2 {
        assert_eq!(fetched(&fields, index, &said), BTreeSet::from([reader]));
        let words = [Word { from: first, device: reader, answer: StopAnswer::Opened }];
        assert_eq!(words_at(&fields, index, &words).len(), 1, "and what it says counts for both");
    }
}
