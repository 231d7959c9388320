use samverkan_proto::ids::{MailboxId, MessageId, OrgId};

use super::*;
use crate::session::model::RetentionGround;

fn mailbox(n: u8) -> MailboxRef {
    MailboxRef {
        org: OrgId::parse(&[n; 16]).expect("not zero"),
        mailbox: MailboxId::parse(&[n; 16]).expect("not zero"),
    }
}

fn device(n: u8) -> DeviceId {
    DeviceId::parse(&[n; 16]).expect("not zero")
}

fn hub(event: HubEvent) -> Said {
    Said::Hub(HubReceipt {
        message_id: MessageId::random(),
        hh: [0; 32],
        content_hash: [0; 32],
        wraps_hash: [0; 32],
        hub_time_ms: 1,
        policy_version: 1,
        log_size: 1,
        log_root: [0; 32],
        event,
    })
}

fn fetched(by: u8, at: u8) -> Said {
    hub(HubEvent::HandedOver { recipient: mailbox(at), device: device(by) })
}

fn word(by: u8, answer: StopAnswer) -> Word {
    Word { from: mailbox(1), device: device(by), answer }
}

const RETAINED: StopAnswer = StopAnswer::Retained(RetentionGround::PublicRecord);

#[test]
fn what_nobody_fetched_is_destroyed_once_the_hub_says_that_it_is_gone() {
    let purged = hub(HubEvent::Purged(PurgeReason::Recalled));
    assert_eq!(at(mailbox(1), &[], &[]), StopOutcome::Waiting);
    assert_eq!(at(mailbox(1), &[purged], &[]), StopOutcome::Destroyed);
    assert_eq!(at(mailbox(1), &[fetched(1, 2), purged], &[]), StopOutcome::Destroyed, "another mailbox did");
    assert_eq!(at(mailbox(1), &[fetched(1, 1), purged], &[]), StopOutcome::Waiting);
}

#[test]
fn a_mailbox_has_not_opened_it_when_all_its_devices_say_so() {
    let said = [fetched(1, 1), fetched(2, 1)];
    let one = word(1, StopAnswer::Unopened);
    assert_eq!(at(mailbox(1), &said, &[one]), StopOutcome::Waiting);
    let both = [one, word(2, StopAnswer::Unopened)];
    assert_eq!(at(mailbox(1), &said, &both), StopOutcome::Answered(StopAnswer::Unopened));
    let elsewhere = both.map(|word| Word { from: mailbox(2), ..word });
    assert_eq!(at(mailbox(1), &said, &elsewhere), StopOutcome::Waiting, "what others say is about theirs");
}

#[test]
fn what_a_person_decided_comes_before_what_devices_say_and_keeping_before_destroying() {
    let said = [fetched(1, 1), fetched(2, 1), fetched(3, 1)];
    let mut words = vec![word(1, StopAnswer::Unopened), word(2, StopAnswer::Complied)];
    assert_eq!(at(mailbox(1), &said, &words), StopOutcome::Answered(StopAnswer::Complied));
    words.push(word(3, RETAINED));
    for turn in 0..words.len() {
        words.rotate_left(turn);
        assert_eq!(
            at(mailbox(1), &said, &words),
            StopOutcome::Answered(RETAINED),
            "in whatever order it came"
        );
    }
}
