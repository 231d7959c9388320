//! What ends a message in the outbox, and two processes that empty it at once.

use super::*;
use crate::directory::testlog::NOW_MS;
use crate::session::model::{Reply, StopOutcome};
use crate::session::office::{Office, Silent, accepted, referral, take, two_offices};

#[test]
fn only_what_is_wrong_with_the_message_ends_it() {
    let ends = [
        Code::RecipientSuspended,
        Code::RecipientHasNoKey,
        Code::ConsentHandleUsed,
        Code::ClockOutOfRange,
        Code::MessageExpired,
        Code::FileDamaged,
        Code::OrganisationSuspended,
    ];
    for code in ends {
        assert!(is_final(&Error::new(code)), "{code:?}");
    }
    let waits = [
        Code::HubUnreachable,
        Code::StaleDirectory,
        Code::DiskFull,
        Code::HubMisbehaved,
        Code::ReceiptInvalid,
        Code::LogForked,
        Code::ProfileBusy,
    ];
    for code in waits {
        assert!(!is_final(&Error::new(code)), "{code:?}");
    }
}

#[test]
fn a_doubt_about_one_message_stops_nothing_and_a_forked_log_everything() {
    let ended = |code| doubt_of::<()>(Err(Error::new(code))).map(|doubt| doubt.map(|error| error.code()));
    for code in [Code::RecordDamaged, Code::ReceiptInvalid, Code::HubMisbehaved] {
        assert_eq!(ended(code).expect("the others go on"), Some(code));
    }
    for code in [Code::RecipientSuspended, Code::HubUnreachable, Code::DiskFull] {
        assert_eq!(ended(code).expect("the others go on"), None);
    }
    assert_eq!(ended(Code::LogForked).expect_err("stops").code(), Code::LogForked);
    assert!(doubt_of(Ok(())).expect("went well").is_none());
}

#[test]
fn a_hub_that_is_not_trusted_is_not_taken_for_one_that_is_away() {
    let reached = |code| if_trusted::<()>(Err(Error::new(code)));
    for code in [Code::LogForked, Code::DeviceCopied] {
        assert_eq!(reached(code).expect_err("told").code(), code);
    }
    assert!(reached(Code::HubUnreachable).expect("it waits").is_none());
    assert!(if_trusted(Ok(())).expect("there").is_some());
}

#[tokio::test]
async fn two_processes_that_hand_in_the_same_message_agree_on_what_became_of_it() {
    let (log, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let sending = one.session.mail.get(&sent.message).expect("kept").body.send_id;
    let mut other = one.another_process();
    let request = one.newest_outgoing();
    let Turn::Submit(submission) = other.look_up(sent.message, &sending).expect("it waits") else {
        panic!("nobody has handed it in")
    };
    assert_eq!(submission.request, request, "the same bytes, whoever hands them in");
    {
        let _held = one.lock();
        one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    }
    // The other process has not looked since, and is told the same by the hub.
    let _held = other.begin().expect("free");
    other.accept(&sent.message, &accepted(&log, &request)).expect("the same receipt");
    drop(_held);
    let Turn::Settled(id) = other.look_up(sent.message, &sending).expect("known") else { panic!("settled") };
    assert_eq!(id, sent.message);
    one.reload();
    let kept = one.session.mail.get(&sent.message).expect("kept");
    assert_eq!((&kept.state, kept.receipts.len()), (&OutState::Settled, 1));
}

#[tokio::test]
async fn a_stale_message_is_sealed_again_by_one_of_two_processes() {
    let (_, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let sending = one.session.mail.get(&sent.message).expect("kept").body.send_id;
    let mut other = one.another_process();
    one.clock.set(NOW_MS + 1);
    let new = one.session.replace_stale(sent.message).expect("sealed again");
    assert_ne!(new, sent.message);
    assert_eq!(other.replace_stale(sent.message).expect("left alone"), sent.message);
    let Turn::Submit(submission) = other.look_up(sent.message, &sending).expect("it waits") else {
        panic!("nobody has handed it in")
    };
    assert_eq!(submission.id, new, "the message that took its place");
    one.reload();
    assert_eq!(one.session.mail.waiting(), [new]);
}

#[tokio::test]
async fn what_one_process_was_refused_the_other_does_not_hand_in() {
    let (log, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let (sending, request) =
        (one.session.mail.get(&sent.message).expect("kept").body.send_id, one.newest_outgoing());
    let mut other = one.another_process();
    one.session.give_up(&sent.message, Error::new(Code::RecipientSuspended)).expect("marked");
    let refused = other.look_up(sent.message, &sending).err().expect("refused");
    assert_eq!(refused.code(), Code::RecipientSuspended);
    // Had the hub taken it after all, nothing that is refused later would undo that.
    {
        let _held = one.lock();
        one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    }
    other.give_up(&sent.message, Error::new(Code::MessageGone)).expect("looked at");
    one.reload();
    assert_eq!(one.session.mail.get(&sent.message).expect("kept").state, OutState::Settled);
}

#[tokio::test]
async fn sealed_bytes_that_are_lost_end_a_message_and_hold_nothing_back() {
    let (_, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let sending = one.session.mail.get(&sent.message).expect("kept").body.send_id;
    one.session.mail.remove_outgoing(&sent.message).expect("removed");
    let lost = one.session.look_up(sent.message, &sending).err().expect("lost");
    assert_eq!(lost.code(), Code::FileMissing);
    let step = &one.session.track(&sent.reference).expect("known").steps[0];
    assert_eq!(step.reason.as_deref(), Some("FILE_DAMAGED"), "a reason that needs no path");
    assert!(one.session.mail.waiting().is_empty());
    let again =
        one.session.resend(&sent.reference, None, &mut Silent).await.expect("what was written is kept");
    assert_eq!(one.session.mail.waiting(), [again[0].message]);
}

#[tokio::test]
async fn an_answer_is_not_settled_before_its_receipt_is_owed() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    take(&mut two, &log, &one.newest_outgoing()).expect("good");
    let reply = Reply { text: "Vi ringer i dag".to_owned(), attachments: Vec::new(), keep_metadata: false };
    let answer = two.session.reply(&sent.reference, reply, &mut Silent).await.expect("sealed");
    let receipt = accepted(&log, &two.newest_outgoing());
    // What is answered can not be written for a while.
    let messages = two.session.profile.subfolder("messages").expect("a folder");
    let (answered, aside) = (messages.join(sent.message.to_string()), messages.join("aside"));
    std::fs::rename(&answered, &aside).expect("renamed");
    std::fs::create_dir(&answered).expect("in the way");
    two.session.accept(&answer.message, &receipt).expect_err("nothing is owed yet");
    assert_eq!(two.session.mail.waiting(), [answer.message], "so it is looked at again");
    std::fs::remove_dir(&answered).expect("out of the way");
    std::fs::rename(&aside, &answered).expect("renamed");
    for _ in 0..2 {
        two.session.accept(&answer.message, &receipt).expect("the hub has it");
    }
    let owed = &two.session.mail.get(&sent.message).expect("kept").pending;
    assert_eq!(owed.len(), 2, "delivered, and answered once");
    assert!(two.session.mail.waiting().is_empty());
}

/// A referral that waits here and was taken back without the hub.
async fn recalled() -> (Office, MessageId, SendId, CaseReference) {
    let (_, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let recalled = one.session.recall(&sent.reference, &mut Silent).await.expect("written down");
    assert!(!recalled.taken && recalled.deleted == 0);
    let sending = one.session.mail.get(&sent.message).expect("kept").body.send_id;
    (one, sent.message, sending, sent.reference)
}

fn outcome(office: &Office, reference: &CaseReference) -> Option<StopOutcome> {
    office.session.track(reference).expect("tracked").steps[0].stop.map(|stop| stop.outcome)
}

#[tokio::test]
async fn what_was_taken_back_is_never_handed_in_whatever_the_hub_says_to_the_recall() {
    let (mut one, id, sending, reference) = recalled().await;
    assert_eq!(outcome(&one, &reference), Some(StopOutcome::NotSent));
    for code in [Code::RoleMissing, Code::SenderMismatch] {
        let refused = one.session.give_up_recall(&id, Error::new(code)).expect_err("it is told");
        assert_eq!(refused.code(), code);
        assert_eq!(outcome(&one, &reference), Some(StopOutcome::Refused));
        one.reload();
        assert!(one.session.mail.waiting().is_empty(), "it does not leave the outbox");
        let held = one.session.look_up(id, &sending).err().map(|error| error.code());
        assert_eq!(held, Some(Code::MessageStopped));
        let again = one.session.replace_stale(id).err().map(|error| error.code());
        assert_eq!(again, Some(Code::MessageStopped), "nor under another id");
    }
    // A person may try again.
    one.session.recall(&reference, &mut Silent).await.expect("written down anew");
    assert_eq!(outcome(&one, &reference), Some(StopOutcome::NotSent));
}

#[tokio::test]
async fn only_what_never_left_this_computer_is_deleted_when_the_hub_does_not_know_it() {
    let unknown = || Error::new(Code::MessageUnknown);
    let (mut one, id, ..) = recalled().await;
    one.session.give_up_recall(&id, unknown()).expect("deleted");
    assert!(one.session.mail.get(&id).is_none());

    let (_, mut one, _) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let sending = one.session.mail.get(&sent.message).expect("kept").body.send_id;
    // Another process hands it in at the same time.
    assert!(matches!(one.session.look_up(sent.message, &sending), Ok(Turn::Submit(_))));
    one.session.recall(&sent.reference, &mut Silent).await.expect("written down");
    one.session.give_up_recall(&sent.message, unknown()).expect("asked again at the next contact");
    one.reload();
    assert_eq!(outcome(&one, &sent.reference), Some(StopOutcome::NotSent));
    one.clock.set(NOW_MS + 31 * 86_400_000);
    one.session.give_up_recall(&sent.message, unknown()).expect_err("its time is over");
    assert_eq!(outcome(&one, &sent.reference), Some(StopOutcome::Refused));
}
