//! What ended undelivered is sent again or taken off the list, and nothing else is.

use samverkan_proto::code::RefusalReason;
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::receipt::{HubEvent, MailboxRef};

use super::*;
use crate::directory::testlog::{NOW_MS, TestLog};
use crate::session::model::{Settled, Stage, Track};
use crate::session::office::{Office, Silent, accepted, hub_receipt, offices, referral, take, two_offices};

/// A referral that the hub has refused for good.
async fn refused(office: &mut Office, code: Code) -> Sent {
    let sent = office.session.send(referral(), &mut Silent).await.expect("sealed");
    let error = office.session.give_up(&sent.message, Error::new(code)).expect("marked");
    assert_eq!(error.code(), code);
    sent
}

async fn resend(office: &mut Office, reference: &CaseReference) -> Result<Vec<Sent>> {
    office.session.resend(reference, None, &mut Silent).await
}

fn track(office: &Office, reference: &CaseReference) -> Track {
    office.session.track(reference).expect("known")
}

/// The hub has taken the newest message of an office's outbox.
fn take_by_hub(office: &mut Office, log: &TestLog) -> samverkan_proto::v1::SubmitRequest {
    let request = office.newest_outgoing();
    let id = *office.session.mail.waiting().last().expect("something waits");
    office.session.accept(&id, &accepted(log, &request)).expect("the hub has it");
    request
}

fn mailbox_of(office: &Office) -> MailboxRef {
    MailboxRef { org: office.member.org(), mailbox: office.member.manifest.mailboxes()[0].id }
}

#[tokio::test]
async fn what_the_hub_refused_for_good_is_told_and_never_handed_in_again() {
    let (_, mut one, _) = two_offices();
    let sent = refused(&mut one, Code::RecipientSuspended).await;
    one.reload();
    assert!(one.session.mail.waiting().is_empty());
    let step = &track(&one, &sent.reference).steps[0];
    assert_eq!((step.stage, step.reason.as_deref()), (Stage::NotSent, Some("RECIPIENT_SUSPENDED")));
    assert!(step.needs_action && one.session.sent()[0].needs_action);
    assert_eq!(one.session.cases_to_act_on(), 1);
    assert_eq!(one.session.sent()[0].stage, Some(Stage::NotSent));
}

#[tokio::test]
async fn it_is_sealed_anew_and_takes_the_place_of_the_old_one() {
    let (log, mut one, mut two) = two_offices();
    let sent = refused(&mut one, Code::RecipientSuspended).await;
    one.clock.set(NOW_MS + DAY_MS);
    let again = resend(&mut one, &sent.reference).await.expect("sealed anew").remove(0);
    assert_ne!(again.message, sent.message);
    let track = track(&one, &sent.reference);
    assert_eq!((track.steps.len(), track.overall), (1, Some(Stage::Waiting)), "one message, as before");
    assert_eq!(one.session.cases_to_act_on(), 0);
    assert_eq!(one.session.mail.get(&again.message).expect("kept").created_ms(), NOW_MS + DAY_MS);
    two.clock.set(NOW_MS + DAY_MS);
    let request = one.newest_outgoing();
    assert_eq!(
        take(&mut two, &log, &request).map(|proofs| proofs.len()),
        Err("clock_out_of_range".to_owned())
    );
    let nothing = resend(&mut one, &sent.reference).await.expect_err("it is on its way");
    assert_eq!(nothing.code(), Code::NothingUndelivered);
}

#[tokio::test]
async fn only_those_who_did_not_get_it_get_it_again() {
    let (log, [mut one, mut two, three]) = offices(["one", "two", "three"]);
    let to = ["two/mottagning", "three/mottagning"].map(|address| address.parse().expect("address"));
    let draft = Draft { to: to.to_vec(), ..referral() };
    let sent = one.session.send(draft, &mut Silent).await.expect("sealed");
    let request = take_by_hub(&mut one, &log);
    let proofs = take(&mut two, &log, &request).expect("good");
    one.session.take_event(proofs[0].clone()).expect("taken");
    assert_eq!(
        resend(&mut one, &sent.reference).await.expect_err("too soon").code(),
        Code::NothingUndelivered
    );

    let recipient = mailbox_of(&three);
    let refused = HubEvent::Refused { recipient, reason: RefusalReason::SchemaTooNew };
    for event in [refused, HubEvent::ExpiredUndelivered] {
        assert!(one.session.take_event(hub_receipt(&log, &request, event)).expect("taken"));
    }
    let stages = |track: &Track| {
        let steps = track.steps.iter().map(|step| (step.recipient.handle.to_string(), step.stage));
        steps.collect::<Vec<_>>()
    };
    let before = track(&one, &sent.reference);
    let told = |handle: &str, stage| (handle.to_owned(), stage);
    let mut expected = vec![told("two", Stage::Delivered), told("three", Stage::Refused)];
    expected.sort();
    let mut found = stages(&before);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(before.overall, Some(Stage::Refused), "what went well elsewhere hides nothing");

    let again = resend(&mut one, &sent.reference).await.expect("sealed anew").remove(0);
    let track = track(&one, &sent.reference);
    assert_eq!(track.overall, Some(Stage::Waiting));
    let new: Vec<_> = track.steps.iter().filter(|step| step.message == again.message).collect();
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].recipient.to_string(), "three/mottagning");
    let old = track.steps.iter().find(|step| step.stage == Stage::Refused).expect("kept as it ended");
    assert_eq!((old.settled, old.needs_action), (Some(Settled::SentAgain(again.message)), false));
    let shown = one.session.thread(&sent.reference).expect("known").messages;
    assert_eq!((shown.len(), shown[0].to.len()), (1, 2), "what was written is shown once");
}

#[tokio::test]
async fn who_has_it_already_shows_it_once_and_says_so_again() {
    let (log, mut one, mut two) = two_offices();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = take_by_hub(&mut one, &log);
    take(&mut two, &log, &request).expect("good");
    // Its receipt never arrives, and the hub says that the time was up.
    one.session.take_event(hub_receipt(&log, &request, HubEvent::ExpiredUndelivered)).expect("taken");
    resend(&mut one, &sent.reference).await.expect("sealed anew");
    assert_eq!(take(&mut two, &log, &one.newest_outgoing()).expect_err("shown before"), "replayed");
    assert_eq!(two.session.thread(&sent.reference).expect("known").messages.len(), 1);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_and_leaves_everything_as_it_was() {
    let (mut log, mut one, mut two) = two_offices();
    let sent = refused(&mut one, Code::ClockOutOfRange).await;
    log.enter(&mut two.member, samverkan_proto::code::OrganisationState::Suspended, "Två", &[], &[]);
    one.synchronise(&log);
    let error = resend(&mut one, &sent.reference).await.expect_err("suspended");
    assert_eq!(error.code(), Code::RecipientSuspended);
    let track = track(&one, &sent.reference);
    assert_eq!((track.steps.len(), track.steps[0].message), (1, sent.message));
    assert_eq!(one.session.cases_to_act_on(), 1);
}

#[tokio::test]
async fn what_nobody_ever_had_is_deleted_and_the_rest_is_kept_and_not_asked_about() {
    let (log, mut one, two) = two_offices();
    let never = refused(&mut one, Code::RecipientSuspended).await;
    let discarded = one.session.discard(&never.reference).expect("undelivered");
    assert_eq!(discarded, Discarded { deleted: 1, dismissed: 0 });
    one.reload();
    assert_eq!(one.session.track(&never.reference).expect_err("gone").code(), Code::CaseUnknown);

    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let nothing = one.session.discard(&sent.reference).expect_err("it waits");
    assert_eq!(nothing.code(), Code::NothingUndelivered, "the hub may have it by now");
    let request = take_by_hub(&mut one, &log);
    let event = HubEvent::Undecryptable { recipient: mailbox_of(&two) };
    one.session.take_event(hub_receipt(&log, &request, event)).expect("taken");
    assert_eq!(one.session.cases_to_act_on(), 1);
    let discarded = one.session.discard(&sent.reference).expect("undelivered");
    assert_eq!(discarded, Discarded { deleted: 0, dismissed: 1 });
    one.reload();
    let step = &track(&one, &sent.reference).steps[0];
    assert_eq!((step.stage, step.settled), (Stage::Undecryptable, Some(Settled::Dismissed)));
    assert_eq!(one.session.cases_to_act_on(), 0);
}

/// Puts a message back that was forgotten, as it is on disk when the program is stopped before it forgets.
fn put_back(office: &mut Office, old: Kept) {
    let held = office.lock();
    let key = crate::secret::Secret32::random().expect("random");
    office.session.keystore.contents_mut().put_message_key(&old.id(), &key);
    office.session.keystore.commit(&held).expect("committed");
    office.session.mail.put(office.session.keystore.contents(), old).expect("kept");
}

#[tokio::test]
async fn a_stop_between_sealing_anew_and_forgetting_leaves_one_message() {
    for refusal in [None, Some(Code::RecipientSuspended)] {
        let (_, mut one, _) = two_offices();
        let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
        if let Some(code) = refusal {
            one.session.give_up(&sent.message, Error::new(code)).expect("marked");
        }
        let old = one.session.mail.get(&sent.message).expect("kept").clone();
        let new = match refusal {
            None => {
                let held = one.lock();
                one.session.seal_again(&held, &sent.message).expect("sealed again")
            }
            Some(_) => resend(&mut one, &sent.reference).await.expect("sealed anew")[0].message,
        };
        put_back(&mut one, old);
        let mut other = one.another_process();
        drop(other.begin().expect("free"));
        let left: Vec<_> = other.mail.iter().map(Kept::id).collect();
        assert_eq!(left, [new], "{refusal:?}");
        assert_eq!(other.mail.waiting(), [new]);
    }
}
