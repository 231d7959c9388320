//! What nobody can open goes out anew by itself, once, to those who read the mailbox now, and not to somebody whom nobody called.

use samverkan_proto::code::RevocationReason;
use samverkan_proto::limits::{DAY_MS, MAX_VIEW_AGE_MS};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::manifest::{ManifestFields, Revocation};
use samverkan_proto::statement::receipt::{HubEvent, MailboxRef};
use samverkan_proto::statement::safety::{CaseReference, SafetyNumber};
use samverkan_proto::v1::SubmitRequest;

use super::*;
use crate::directory::testlog::{NOW_MS, TestLog};
use crate::error::Code;
use crate::session::model::{Compared, Comparison, Draft, Sent, Settled};
use crate::session::office::{Office, Silent, accepted, hub_receipt, referral, take, two_desks_and_another};

fn to_one() -> Draft {
    Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() }
}

/// Takes a device out of an organisation.
fn without(fields: &mut ManifestFields, device: DeviceId) {
    fields.devices.retain(|known| known.id() != device);
    fields.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers.retain(|reader| *reader != device));
    let reason = RevocationReason::Lost;
    fields.revocations.push(Revocation { device_id: device, revoked_ms: NOW_MS, reason });
}

/// `two` has sent to the mailbox of `one` while only its second desk read it, and the hub has it; now the first reads it too.
async fn sealed_to_one_desk() -> (TestLog, Office, Office, Office, Sent, SubmitRequest) {
    let (mut log, mut one, desk, mut two) = two_desks_and_another();
    let own = one.member.device.device_id();
    let reads = |fields: &mut ManifestFields, it: bool| {
        for mailbox in &mut fields.mailboxes {
            mailbox.readers.retain(|reader| *reader != own);
            mailbox.readers.extend(it.then_some(own));
            mailbox.readers.sort_unstable();
        }
    };
    log.change(&mut one.member, |fields| reads(fields, false));
    two.synchronise(&log);
    let sent = two.session.send(to_one(), &mut Silent).await.expect("sealed");
    let request = two.newest_outgoing();
    two.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    log.change(&mut one.member, |fields| reads(fields, true));
    two.synchronise(&log);
    (log, one, desk, two, sent, request)
}

fn undecryptable(log: &TestLog, request: &SubmitRequest, of: &Office) -> bytes::Bytes {
    let recipient = MailboxRef { org: of.member.org(), mailbox: of.member.manifest.mailboxes()[0].id };
    hub_receipt(log, request, HubEvent::Undecryptable { recipient })
}

fn messages(office: &Office, reference: &CaseReference) -> usize {
    office.session.thread(reference).expect("known").messages.len()
}

#[tokio::test]
async fn what_the_hub_says_nobody_can_open_goes_to_those_who_read_the_mailbox_now() {
    let (log, mut one, _, mut two, sent, request) = sealed_to_one_desk().await;
    assert_eq!(two.session.reseal_unreadable().expect("nothing"), 0, "somebody can open it");
    two.clock.set(NOW_MS + DAY_MS);
    two.session.take_event(undecryptable(&log, &request, &one)).expect("taken");
    assert_eq!(two.session.reseal_unreadable().expect("sealed"), 1);
    assert_eq!(two.session.reseal_unreadable().expect("once"), 0);
    let again = two.newest_outgoing();
    let new = *two.session.mail.waiting().last().expect("it waits");
    let kept = |id| two.session.mail.get(id).expect("kept");
    assert_eq!(kept(&new).header.fields().expires_ms, kept(&sent.message).header.fields().expires_ms);
    assert_eq!(kept(&new).resends, Some(sent.message));
    let track = two.session.track(&sent.reference).expect("known");
    let old = track.steps.iter().find(|step| step.message == sent.message).expect("kept as it ended");
    assert_eq!((old.settled, old.needs_action), (Some(Settled::SentAgain(new)), false));
    assert_eq!((messages(&two, &sent.reference), two.session.cases_to_act_on()), (1, 0));
    one.clock.set(NOW_MS + DAY_MS);
    one.synchronise(&log);
    assert_eq!(take(&mut one, &log, &again).map(|proofs| proofs.len()), Err("clock_out_of_range".to_owned()));
}

#[tokio::test]
async fn who_had_read_the_first_one_after_all_shows_it_once() {
    let (log, one, mut desk, mut two, sent, request) = sealed_to_one_desk().await;
    desk.synchronise(&log);
    take(&mut desk, &log, &request).expect("good");
    // Its receipt is not there yet, and the hub says that nobody could.
    two.session.take_event(undecryptable(&log, &request, &one)).expect("taken");
    assert_eq!(two.session.reseal_unreadable().expect("sealed"), 1);
    assert_eq!(take(&mut desk, &log, &two.newest_outgoing()).expect_err("shown before"), "replayed");
    assert_eq!(messages(&desk, &sent.reference), 1);
}

#[tokio::test]
async fn what_the_log_says_nobody_can_open_needs_no_word_of_the_hub() {
    let (mut log, mut one, desk, mut two, sent, _) = sealed_to_one_desk().await;
    log.change(&mut one.member, |fields| without(fields, desk.member.device.device_id()));
    two.synchronise(&log);
    two.clock.set(NOW_MS + MAX_VIEW_AGE_MS + 1);
    assert_eq!(two.session.reseal_unreadable().expect("nothing"), 0, "not on an old view of the log");
    two.clock.set(NOW_MS);
    assert_eq!(two.session.reseal_unreadable().expect("sealed"), 1);
    one.synchronise(&log);
    take(&mut one, &log, &two.newest_outgoing()).expect("good");
    assert_eq!(messages(&one, &sent.reference), 1);
}

#[tokio::test]
async fn it_ends_after_three_times_and_with_the_time_of_the_message() {
    let (log, one, _, mut two, sent, mut request) = sealed_to_one_desk().await;
    for round in 0..=MAX_BY_ITSELF {
        two.session.take_event(undecryptable(&log, &request, &one)).expect("taken");
        let sealed = two.session.reseal_unreadable().expect("asked");
        assert_eq!(sealed, usize::from(round < MAX_BY_ITSELF), "{round}");
        if sealed == 1 {
            let id = *two.session.mail.waiting().last().expect("it waits");
            request = two.newest_outgoing();
            two.session.accept(&id, &accepted(&log, &request)).expect("the hub has it");
        }
    }
    assert_eq!(two.session.cases_to_act_on(), 1, "now it is a person's");
    assert_eq!(messages(&two, &sent.reference), 1);

    let (log, one, _, mut two, sent, request) = sealed_to_one_desk().await;
    two.session.take_event(undecryptable(&log, &request, &one)).expect("taken");
    let expires_ms = two.session.mail.get(&sent.message).expect("kept").header.fields().expires_ms;
    let kept = two.session.mail.get(&sent.message).expect("kept").clone();
    assert!(two.session.may_be_pending(&kept));
    two.clock.set(expires_ms);
    assert!(!two.session.may_be_pending(&kept));
}

#[tokio::test]
async fn after_a_recovery_it_waits_until_somebody_has_called() {
    let (mut log, mut one, _, mut two, _, _) = sealed_to_one_desk().await;
    log.recover(&mut one.member, NOW_MS + 7);
    log.publish(&one.member, Epoch::of(NOW_MS));
    two.synchronise(&log);
    assert_eq!(two.session.reseal_unreadable().expect("left"), 0, "it may be a thief");
    let blocked = two.session.unreadable().remove(0);
    let held = two.lock();
    let error = two.session.seal_anew(&held, &blocked, None, Lifetime::OfTheOld).expect_err("refused");
    assert_eq!(error.code(), Code::RecoveryUnconfirmed);
    drop(held);
    let number = SafetyNumber::of_root(&one.member.manifest.fields().root_pk);
    let serial = one.member.manifest.serial();
    let compared =
        Comparison { number, how: Compared::ByTelephone, serial, of_new_keys: false, of_recovery: true };
    two.session.verify_organisation(&"one".parse().expect("handle"), &compared).expect("right");
    assert_eq!(two.session.reseal_unreadable().expect("sealed"), 1);
}

#[tokio::test]
async fn one_device_of_the_senders_does_it_and_another_when_that_one_is_gone() {
    let (mut log, mut one, mut desk, mut two) = two_desks_and_another();
    let sent = one.session.send(referral(), &mut Silent).await.expect("sealed");
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    take(&mut desk, &log, &request).expect("a copy");
    let event = undecryptable(&log, &request, &two);
    for office in [&mut one, &mut desk] {
        office.session.take_event(event.clone()).expect("taken");
    }
    assert_eq!(desk.session.reseal_unreadable().expect("nothing"), 0, "it is the other's");
    let author = one.member.device.device_id();
    log.change(&mut one.member, |fields| {
        for mailbox in &mut fields.mailboxes {
            mailbox.readers.retain(|reader| *reader != author);
        }
    });
    desk.synchronise(&log);
    assert_eq!(desk.session.reseal_unreadable().expect("sealed"), 1);
    two.synchronise(&log);
    take(&mut two, &log, &desk.newest_outgoing()).expect("good");
    assert_eq!(messages(&desk, &sent.reference), 1);
}
