use samverkan_proto::code::WithdrawalReason;
use samverkan_proto::ids::ConsentHandle;
use samverkan_proto::sign::Signer;
use samverkan_proto::v1::SubmitRequest;

use super::*;
use crate::directory::testlog::{NOW_MS, TestLog};
use crate::referral::{Act, State};
use crate::session::model::{ContactRule, RetentionGround, Silent};
use crate::session::office::{Office, offices, referral, take, two_offices};

/// A referral from `one` that has come to `two`.
async fn sent_and_taken() -> (TestLog, Office, Office, SubmitRequest, MessageId) {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = one.newest_outgoing();
    take(&mut two, &log, &request).expect("taken");
    (log, one, two, request, sent.message)
}

fn recall(by: &Office, about: &Kept, signer: &Signer) -> v1::Stop {
    let recall = Recall {
        message_id: about.id(),
        hh: *about.header.hh(),
        org: by.member.org(),
        device: signer.device_id(),
        time_ms: NOW_MS,
    };
    let statement = recall.sign(signer).expect("its own").bytes().to_vec().into();
    v1::Stop { cursor: 1, message_id: about.id().as_bytes().to_vec().into(), statement }
}

/// Takes an order as the receive loop does; says whether something was stopped by it.
fn obey(office: &mut Office, stop: &v1::Stop) -> bool {
    let Some((by, device)) = signer_of(&stop.statement) else { return false };
    let key = office.session.directory.device_key(&by, &device);
    let Some(order) = key.and_then(|key| verified(stop, &key)) else { return false };
    let held = office.lock();
    let mut received = Received::default();
    office.session.take_stop(&held, &order, &mut received).expect("taken");
    received.stopped > 0
}

fn kept<'a>(office: &'a Office, id: &MessageId) -> &'a Kept {
    office.session.mail.get(id).expect("kept")
}

#[tokio::test]
async fn what_nobody_opened_is_destroyed_with_its_key_and_not_shown_again() {
    let (log, one, mut two, request, id) = sent_and_taken().await;
    let about = kept(&two, &id).clone();
    let key = two.session.keystore.contents().message_key(&id).map(|key| key.expose().to_vec());
    assert!(obey(&mut two, &recall(&one, &about, &one.member.device)));
    for _ in 0..2 {
        let left = kept(&two, &id);
        assert!(left.is_destroyed() && left.body.text.is_empty() && left.body.subject.is_empty());
        assert_eq!(left.secret.expose_cek(), &[0; 32]);
        assert_eq!(left.stop(StopKind::Recall).and_then(|stop| stop.answer), Some(StopAnswer::Unopened));
        let now = two.session.keystore.contents().message_key(&id).map(|key| key.expose().to_vec());
        assert_ne!(now, key, "whatever is left of the old file on the disk opens no more");
        two.reload();
    }
    // The hub hands it over once more, and the order.
    let again = take(&mut two, &log, &request);
    assert!(again.is_err() || kept(&two, &id).body.text.is_empty(), "nothing brings it back");
    assert!(!obey(&mut two, &recall(&one, &about, &one.member.device)), "once");
}

#[tokio::test]
async fn only_the_sender_takes_back_and_only_that_very_message() {
    let (_log, one, mut two, _, id) = sent_and_taken().await;
    let about = kept(&two, &id).clone();
    let by_the_recipient = recall(&two, &about, &two.member.device);
    let mut forged = recall(&one, &about, &one.member.device);
    let mut changed = forged.statement.to_vec();
    *changed.last_mut().expect("a signature") ^= 1;
    forged.statement = changed.into();
    let mut elsewhere = recall(&one, &about, &one.member.device);
    elsewhere.message_id = MessageId::random().as_bytes().to_vec().into();
    for (case, stop) in
        [("by the recipient", by_the_recipient), ("forged", forged), ("of another", elsewhere)]
    {
        assert!(!obey(&mut two, &stop), "{case}");
        assert!(kept(&two, &id).stops.is_empty(), "{case}");
    }
    assert!(two.session.missed().is_empty());
}

#[tokio::test]
async fn a_withdrawal_counts_only_for_a_handle_that_the_message_opens() {
    let (_log, one, mut two, _, id) = sent_and_taken().await;
    let signer = &one.member.device;
    let (handle, org) = (ConsentHandle::parse(&[9; 16]).expect("not zero"), one.member.org());
    let reason = WithdrawalReason::PersonWithdrew;
    let withdrawal = Withdrawal { handle, org, device: signer.device_id(), time_ms: NOW_MS, reason };
    let statement = withdrawal.sign(signer).expect("its own").bytes().to_vec().into();
    let stop = v1::Stop { cursor: 1, message_id: id.as_bytes().to_vec().into(), statement };
    assert!(!obey(&mut two, &stop));
    assert!(kept(&two, &id).stops.is_empty());
    // About a message that is not here it is told, and nothing else happens.
    let missing = v1::Stop { message_id: MessageId::random().as_bytes().to_vec().into(), ..stop };
    assert!(obey(&mut two, &missing));
    let missed = two.session.missed();
    assert_eq!(missed.len(), 1);
    assert_eq!((missed[0].by.as_str(), missed[0].kind), ("one", StopKind::Withdrawal));
}

#[tokio::test]
async fn what_was_opened_stays_and_may_not_be_carried_further_and_both_are_told() {
    for shown in [false, true] {
        let (log, mut one, mut two, _, id) = sent_and_taken().await;
        let reference = CaseReference::of_thread(&kept(&two, &id).body.thread_id);
        if shown {
            two.session.open_thread(&reference).expect("opened");
        }
        let about = kept(&two, &id).clone();
        assert!(obey(&mut two, &recall(&one, &about, &one.member.device)));
        assert_eq!(kept(&two, &id).body.text.is_empty(), !shown);
        let refused = two.session.check_not_stopped(&reference).expect_err("stopped");
        assert_eq!(refused.code(), Code::MessageStopped);
        let expected = if shown { StopAnswer::Opened } else { StopAnswer::Unopened };
        assert_eq!(two.session.seal_stop_answers().expect("sealed"), 1);
        assert_eq!(two.session.seal_stop_answers().expect("nothing left"), 0);
        let answer = two.newest_outgoing();
        take(&mut one, &log, &answer).expect("the answer comes");
        let came = one.session.mail.iter().find(|kept| kept.direction == Direction::In).expect("an answer");
        assert_eq!(answer_in(&came.body), Some(expected));
        assert_eq!(came.body.in_reply_to, Some(id));
    }
}

#[test]
fn answers_are_read_strictly() {
    let field = |name: &str, value: &str| Field { name: name.to_owned(), value: value.to_owned() };
    let all = [StopAnswer::Unopened, StopAnswer::Opened, StopAnswer::Complied];
    let retained = RetentionGround::ALL.map(StopAnswer::Retained);
    for answer in all.into_iter().chain(retained) {
        let ground = answer.ground().map(RetentionGround::name).unwrap_or_default();
        assert_eq!(StopAnswer::by_names(answer.name(), ground), Some(answer));
        let fields = fields_of(answer);
        assert!(
            fields[0] == field(ANSWER, answer.name()) && fields.len() == 1 + usize::from(!ground.is_empty())
        );
    }
    for (name, ground) in
        [("", ""), ("RETAINED", ""), ("OPENED", "LEGAL_CLAIM"), ("RETAINED", "other"), ("opened", "")]
    {
        assert_eq!(StopAnswer::by_names(name, ground), None, "{name} {ground}");
    }
}

#[tokio::test]
async fn whatever_has_given_content_out_makes_it_opened_and_a_refusal_does_not() {
    type Give = fn(&mut Office, &CaseReference);
    let ways: [(&str, Give, bool); 4] = [
        ("shown", |two, case| drop(two.session.open_thread(case).expect("opened")), true),
        ("exported", |two, case| drop(two.session.archive(case).expect("exported")), true),
        (
            "its rule accepted",
            |two, _| {
                let message = two.session.mail.iter().next().expect("kept").id();
                let from = "one/mottagning".parse().expect("address");
                let rule = ContactRule { message, from, form: String::new(), answers: Vec::new() };
                two.session.accept_contact_rules(&[rule]).expect("accepted");
            },
            true,
        ),
        (
            "an attachment that is not there",
            |two, case| {
                two.session.open_attachment(case, 1).expect_err("none");
            },
            false,
        ),
    ];
    for (way, give, opened) in ways {
        let (_log, one, mut two, _, id) = sent_and_taken().await;
        let reference = CaseReference::of_thread(&kept(&two, &id).body.thread_id);
        give(&mut two, &reference);
        two.reload();
        assert_eq!(kept(&two, &id).was_opened(), opened, "{way}");
        let about = kept(&two, &id).clone();
        assert!(obey(&mut two, &recall(&one, &about, &one.member.device)));
        let said = if opened { StopAnswer::Opened } else { StopAnswer::Unopened };
        assert_eq!(kept(&two, &id).stop(StopKind::Recall).and_then(|stop| stop.answer), Some(said), "{way}");
    }
}

#[tokio::test]
async fn a_stopped_case_is_over_and_what_was_passed_on_of_it_stays_here() {
    let (log, [mut one, mut two, _three]) = offices(["one", "two", "three"]);
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    take(&mut two, &log, &one.newest_outgoing()).expect("taken");
    let to = "three/mottagning".parse().expect("address");
    let forwarded = two.session.forward(&sent.reference, &to, None, &mut Silent).await.expect("sealed");
    assert_eq!(two.session.mail.waiting(), [forwarded.sent.message]);
    let about = kept(&two, &sent.message).clone();
    assert!(obey(&mut two, &recall(&one, &about, &one.member.device)));
    two.reload();
    assert!(two.session.mail.waiting().is_empty(), "it does not leave any more");
    let answer = kept(&two, &sent.message).stop(StopKind::Recall).and_then(|stop| stop.answer);
    assert_eq!(answer, Some(StopAnswer::Opened), "who passes it on has seen it");
    assert_eq!(two.session.referrals(&sent.reference).expect("known")[0].state, State::Recalled);
    let accept = Act::Accept { contact_by: None };
    let refused = two.session.check_step(&sent.reference, &accept).expect_err("over");
    assert_eq!(refused.code(), Code::NotInThisState);
    let again = two.session.resend(&forwarded.sent.reference, None, &mut Silent).await;
    assert_eq!(again.expect_err("stopped").code(), Code::MessageStopped);
}

#[tokio::test]
async fn an_order_that_overtakes_its_message_stops_it_before_anybody_is_shown_it() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = one.newest_outgoing();
    let about = kept(&one, &sent.message).clone();
    assert!(obey(&mut two, &recall(&one, &about, &one.member.device)));
    assert_eq!(two.session.missed().len(), 1);
    two.reload();
    take(&mut two, &log, &request).expect("it comes");
    let came = kept(&two, &sent.message);
    assert!(came.is_destroyed() && came.body.text.is_empty());
    assert!(two.session.missed().is_empty(), "it was not missed after all");
}

#[tokio::test]
async fn a_stop_of_the_program_while_it_destroys_leaves_the_one_or_the_other() {
    let (_log, _one, mut two, _, id) = sent_and_taken().await;
    let about = kept(&two, &id).clone();
    let stop = Stop { answer: Some(StopAnswer::Unopened), ..Stop::new(b"SVKX".to_vec()) };
    let mut erased = about.clone();
    erased.stops.push(stop);
    erased.erase();
    let key = Secret32::random().expect("random");
    two.session.mail.put_beside(&key, &erased).expect("written");
    two.reload();
    assert_eq!(kept(&two, &id).body.text, about.body.text, "before the key is changed the old one stands");
    let held = two.lock();
    two.session.keystore.contents_mut().put_message_key(&id, &key);
    two.session.keystore.commit(&held).expect("committed");
    drop(held);
    for _ in 0..2 {
        two.reload();
        assert_eq!(two.session.damaged_messages(), 0);
        assert!(kept(&two, &id).is_destroyed() && kept(&two, &id).body.text.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_destroyed_for_a_device_that_may_send_no_more_until_a_person_says_so() {
    let (mut log, mut one, mut two, _, id) = sent_and_taken().await;
    let about = kept(&two, &id).clone();
    let order = recall(&one, &about, &one.member.device);
    log.change(&mut one.member, |fields| fields.devices[0].roles = Roles::ADMIN | Roles::READER);
    two.synchronise(&log);
    assert!(obey(&mut two, &order), "it is told");
    let reference = CaseReference::of_thread(&about.body.thread_id);
    assert_eq!(kept(&two, &id).body.text, about.body.text);
    assert!(waits(kept(&two, &id)));
    assert_eq!(two.session.check_not_stopped(&reference).expect_err("held").code(), Code::MessageStopped);
    two.session.answer_withdrawal(&reference, StopAnswer::Complied, &mut Silent).await.expect("decided");
    assert!(kept(&two, &id).body.text.is_empty());
}
