//! The session without a hub: what is sealed, kept, believed and shown.

use samverkan_proto::code::{Class, Kind, LegalBasis, OrganisationState};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::receipt::{HubEvent, MailboxRef};

use super::model::{Direction, Draft, Progress, Reply, Sent, Stage, Step};
use super::office::{
    Office, Silent, accepted, delivery, hub_receipt, referral, take, take_delivery, two_offices,
};
use crate::directory::testlog::{NOW_MS, TestLog, signer};
use crate::error::Code;

const DAY_MS: u64 = 86_400_000;

async fn send(office: &mut Office, draft: Draft) -> Sent {
    office.session.send(draft, &mut Silent).await.expect("sealed")
}

/// Wants to stop at once.
struct Impatient;

impl Progress for Impatient {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}

    fn is_stopped(&self) -> bool {
        true
    }
}

fn codes(office: &Office, draft: &Draft) -> Vec<Code> {
    office.session.obstacles(draft).iter().map(|obstacle| obstacle.code).collect()
}

#[tokio::test]
async fn without_a_network_a_message_waits_sealed_and_survives_a_restart() {
    let (_, mut one, _) = two_offices();
    let sent = send(&mut one, referral()).await;
    assert!(!sent.accepted);
    let before = one.newest_outgoing();
    one.reload();
    assert_eq!(one.newest_outgoing(), before, "a retry sends the same bytes");
    let line = &one.session.sent()[0];
    assert_eq!(
        (line.reference, line.stage, line.subject.as_str()),
        (sent.reference, Some(Stage::Waiting), "Stöd")
    );
}

#[tokio::test]
async fn nothing_that_was_written_is_on_disk_in_the_clear() {
    let (log, mut one, mut two) = two_offices();
    send(&mut one, referral()).await;
    take(&mut two, &log, &one.newest_outgoing()).expect("good");
    for office in [&one, &two] {
        let mut folders = vec![office.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("listed") {
                let path = entry.expect("entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).expect("read");
                assert!(!bytes.windows(11).any(|window| window == b"Exempelsson"), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn what_one_seals_the_other_reads_and_its_receipt_proves_it() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    assert!(one.session.mail.waiting().is_empty());
    let proofs = take(&mut two, &log, &request).expect("good");

    let thread = two.session.thread(&sent.reference).expect("known");
    assert_eq!((thread.line.unread, thread.line.class), (true, Class::Referral));
    assert_eq!(thread.messages[0].text, "Exempel Exempelsson önskar stöd");
    assert_eq!(thread.messages[0].from.to_string(), "one/mottagning");

    assert!(one.session.take_event(proofs[0].clone()).expect("taken"));
    assert!(!one.session.take_event(proofs[0].clone()).expect("taken"), "the same receipt tells nothing new");
    one.reload();
    let track = one.session.track(&sent.reference).expect("known");
    assert_eq!(track.steps[0].stage, Stage::Delivered);
    assert_eq!(track.steps[0].recipient.to_string(), "two/mottagning");
}

#[tokio::test]
async fn an_answer_is_an_answer_only_when_it_is_here() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    take(&mut two, &log, &request).expect("good");

    two.clock.set(NOW_MS + 60_000);
    let reply = Reply { text: "Vi ringer i dag".to_owned(), attachments: Vec::new(), keep_metadata: false };
    let answer = two.session.reply(&sent.reference, reply, &mut Silent).await.expect("sealed");
    let answering = two.newest_outgoing();
    two.session.accept(&answer.message, &accepted(&log, &answering)).expect("the hub has it");
    let owed = two.session.mail.get(&sent.message).expect("kept").pending.clone();
    assert_eq!(owed.len(), 2, "delivered, and answered");
    for receipt in owed {
        one.session.take_event(receipt).expect("taken");
    }
    assert_eq!(one.session.track(&sent.reference).expect("known").steps[0].stage, Stage::Delivered);

    take(&mut one, &log, &answering).expect("good");
    let thread = one.session.thread(&sent.reference).expect("one thread");
    assert_eq!(thread.messages.len(), 2);
    assert_eq!((thread.messages[1].kind, thread.messages[1].direction), (Kind::Reply, Direction::In));
    assert!(thread.line.answered);
    assert_eq!(one.session.track(&sent.reference).expect("known").steps[0].stage, Stage::Answered);
}

#[tokio::test]
async fn a_follow_up_of_nothing_is_refused() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    take(&mut two, &log, &one.newest_outgoing()).expect("good");
    let reply = Reply {
        text: "Exempel Exempelsson bor på Exempelgatan".to_owned(),
        attachments: Vec::new(),
        keep_metadata: false,
    };
    two.session.reply(&sent.reference, reply, &mut Silent).await.expect("sealed");
    let answer = delivery(&log, &two.newest_outgoing(), &one);
    // The same bytes, on a device that never wrote to the sender in that thread.
    let mine = one.session.mail.get(&sent.message).expect("kept").clone();
    one.session.mail.forget(&sent.message).expect("forgotten");
    assert_eq!(take_delivery(&mut one, &answer).expect_err("neither basis nor consent"), "unknown_thread");
    assert!(one.session.inbox().is_empty());
    one.session.mail.put(one.session.keystore.contents(), mine).expect("kept");
    take_delivery(&mut one, &answer).expect("it answers what was sent");
}

#[tokio::test]
async fn a_message_is_shown_once_however_often_it_comes() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    take(&mut two, &log, &one.newest_outgoing()).expect("good");
    let held = one.lock();
    one.session.seal_again(&held, &sent.message).expect("sealed again under another id");
    drop(held);
    let again = delivery(&log, &one.newest_outgoing(), &two);
    assert_eq!(take_delivery(&mut two, &again).expect_err("shown before"), "replayed");
    assert_eq!(two.session.inbox().len(), 1);
    assert_eq!(one.session.sent().len(), 1, "the old id is forgotten");
}

#[tokio::test]
async fn a_sender_that_was_revoked_or_suspended_is_not_believed() {
    let (mut log, mut one, mut two) = two_offices();
    send(&mut one, referral()).await;
    let request = one.newest_outgoing();
    log.enter(&mut one.member, OrganisationState::Suspended, "Ett", &[], &[]);
    let late = delivery(&log, &request, &two);
    assert!(take_delivery(&mut two, &late).expect_err("unknown log").contains("synchronised"));
    two.synchronise(&log);
    assert_eq!(take_delivery(&mut two, &late).expect_err("suspended"), "sender_revoked");
    assert!(two.session.inbox().is_empty());
}

#[tokio::test]
async fn a_message_opened_after_its_time_is_not_shown() {
    let (log, mut one, mut two) = two_offices();
    send(&mut one, Draft { keep_ms: Some(DAY_MS), ..referral() }).await;
    let delivery = delivery(&log, &one.newest_outgoing(), &two);
    two.clock.set(NOW_MS + DAY_MS);
    assert_eq!(take_delivery(&mut two, &delivery).expect_err("too late"), "expired");
}

#[tokio::test]
async fn bad_114_a_forged_or_foreign_receipt_proves_nothing() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    let request = one.newest_outgoing();
    let wrong = accepted(&log, &{
        let mut other = request.clone();
        other.content = vec![0; request.content.len()].into();
        other
    });
    assert_eq!(
        one.session.accept(&sent.message, &wrong).expect_err("another content").code(),
        Code::ReceiptInvalid
    );
    assert_eq!(one.session.mail.waiting(), [sent.message], "it still waits");

    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    let to = MailboxRef { org: one.member.org(), mailbox: one.member.manifest.mailboxes()[0].id };
    let nobody = hub_receipt(&log, &request, HubEvent::Undecryptable { recipient: to });
    assert!(!one.session.take_event(nobody).expect("left out"), "the sender is no recipient");

    let header = samverkan_proto::statement::header::Header::parse(&request.header).expect("a header");
    let guessed = samverkan_proto::statement::receipt::Verdict::Delivered { open_tag: [0; 16] };
    let guessed = two.session.receipt_for(&header, guessed);
    let forged = two.session.sign_receipts(&[guessed]).expect("signed").remove(0);
    assert!(!one.session.take_event(forged).expect("left out"), "nobody opened it to know the tag");
    take(&mut two, &log, &request).expect("good");
    assert_eq!(one.session.track(&sent.reference).expect("known").steps[0].stage, Stage::Accepted);
}

#[tokio::test]
async fn every_end_of_a_message_is_told() {
    let ends = [
        (HubEventKind::Undecryptable, Stage::Undecryptable),
        (HubEventKind::Expired, Stage::ExpiredUndelivered),
        (HubEventKind::Returned, Stage::Returned),
    ];
    for (end, stage) in ends {
        let (log, mut one, two) = two_offices();
        let sent = send(&mut one, referral()).await;
        let request = one.newest_outgoing();
        one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
        let event = end.event(&two);
        assert!(one.session.take_event(hub_receipt(&log, &request, event)).expect("taken"));
        let purged = HubEvent::Purged(samverkan_proto::code::PurgeReason::Expired);
        assert!(one.session.take_event(hub_receipt(&log, &request, purged)).expect("taken"));
        let step = &one.session.track(&sent.reference).expect("known").steps[0];
        assert_eq!((step.stage, step.purged_ms), (stage, Some(NOW_MS + 1)));
    }
}

enum HubEventKind {
    Undecryptable,
    Expired,
    Returned,
}

impl HubEventKind {
    fn event(&self, to: &Office) -> HubEvent {
        let recipient = MailboxRef { org: to.member.org(), mailbox: to.member.manifest.mailboxes()[0].id };
        match self {
            Self::Undecryptable => HubEvent::Undecryptable { recipient },
            Self::Expired => HubEvent::ExpiredUndelivered,
            Self::Returned => {
                HubEvent::Returned { recipient, reason: samverkan_proto::code::ReturnReason::Suspended }
            }
        }
    }
}

#[tokio::test]
async fn the_evidence_of_a_case_is_checked_without_hub_or_key() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    let request = one.newest_outgoing();
    one.session.accept(&sent.message, &accepted(&log, &request)).expect("the hub has it");
    let proofs = take(&mut two, &log, &request).expect("good");
    one.session.take_event(proofs[0].clone()).expect("taken");

    let bundle = one.session.evidence(&sent.reference).expect("known").to_json();
    let verdict = super::evidence::Evidence::verify(&bundle, one.session.directory()).expect("holds");
    assert!(verdict.all_hold());
    let what: Vec<&str> = verdict.messages[0].statements.iter().map(|statement| statement.what).collect();
    assert_eq!(what, ["SUBMISSION_ACCEPTED", "DELIVERED"]);

    let text = String::from_utf8(bundle.clone()).expect("JSON");
    let cek = data_encoding::HEXLOWER
        .encode(one.session.mail.get(&sent.message).expect("kept").secret.expose_cek());
    assert!(!text.contains(&cek) && !text.contains("Exempelsson"));
    assert!(
        super::evidence::Evidence::verify(&bundle, &TestLog::with_other_keys().directory()).is_err(),
        "another hub"
    );
    let altered = text.replacen("\"receipt_type\": 1,", "\"receipt_type\": 3,", 9);
    let verdict =
        super::evidence::Evidence::verify(altered.as_bytes(), one.session.directory()).expect("readable");
    assert!(!verdict.all_hold(), "a receipt without its opening proof does not hold");
}

#[tokio::test]
async fn a_file_travels_sealed_and_is_checked_before_it_is_shown() {
    let (log, mut one, mut two) = two_offices();
    let file = one.folder().join("intyg.PDF");
    std::fs::write(&file, vec![7; 200_000]).expect("written");
    let sent = send(&mut one, Draft { attachments: vec![file], ..referral() }).await;
    let request = one.newest_outgoing();
    take(&mut two, &log, &request).expect("good");
    let attachment = one.session.mail.get(&sent.message).expect("kept").body.attachments[0].clone();
    assert_eq!((attachment.name.as_str(), attachment.media_type.as_str()), ("intyg.PDF", "application/pdf"));
    let (from, to) =
        (one.session.mail.blob_path(&attachment.blob_id), two.session.mail.blob_path(&attachment.blob_id));
    let sealed = std::fs::read(from).expect("sealed");
    crate::files::create_private(&to, &sealed).expect("carried");

    let mut out = Vec::new();
    two.session.attachment(&sent.reference, 1, &mut out, &mut Silent).expect("verified");
    assert_eq!(out, vec![7; 200_000]);
    let mut stopped = Vec::new();
    let error =
        two.session.attachment(&sent.reference, 1, &mut stopped, &mut Impatient).expect_err("stopped");
    assert_eq!((error.code(), stopped.len()), (Code::Interrupted, 0), "whoever wants to stop gets nothing");
    let missing = two.session.attachment(&sent.reference, 2, &mut out, &mut Silent).expect_err("one only");
    assert_eq!(missing.code(), Code::AttachmentUnknown);

    let mut damaged = sealed;
    damaged[150_000] ^= 1;
    crate::files::replace_private(&to, &damaged).expect("damaged");
    let mut nothing = Vec::new();
    let error = two.session.attachment(&sent.reference, 1, &mut nothing, &mut Silent).expect_err("damaged");
    assert_eq!((error.code(), nothing.len()), (Code::FileDamaged, 0), "not a byte before all was checked");
}

#[tokio::test]
async fn every_reason_against_sending_is_told_before_anything_is_written() {
    let (mut log, mut one, _) = two_offices();
    assert_eq!(codes(&one, &referral()), []);
    assert_eq!(codes(&one, &Draft { basis: None, ..referral() }), [Code::BasisMissing]);
    let duty = Draft { basis: Some(LegalBasis::DutyToReport), ..referral() };
    assert_eq!(
        codes(&one, &duty),
        [Code::LegalBasisNotAvailable],
        "a volunteer organisation has no such duty"
    );
    let consent = Draft { basis: Some(LegalBasis::Consent), ..referral() };
    assert_eq!(codes(&one, &consent), [Code::ConsentMissing]);
    let unknown = Draft { to: vec!["three/mottagning".parse().expect("address")], ..referral() };
    assert_eq!(codes(&one, &unknown), [Code::RecipientUnknown]);
    let own = Draft { to: vec!["one/mottagning".parse().expect("address")], ..referral() };
    assert_eq!(codes(&one, &own), [Code::RecipientIsSender]);
    assert_eq!(codes(&one, &Draft { to: Vec::new(), ..referral() }), [Code::RecipientMissing]);
    let foreign = Draft { from: Some("two/mottagning".parse().expect("address")), ..referral() };
    assert_eq!(codes(&one, &foreign), [Code::MailboxNotOwn]);
    let missing = Draft { attachments: vec!["/nonexistent".into()], ..referral() };
    assert_eq!(codes(&one, &missing), [Code::FileMissing]);
    let folder = Draft { attachments: vec![one.folder().to_owned()], ..referral() };
    assert_eq!(codes(&one, &folder), [Code::FileUnsafe]);
    assert_eq!(codes(&one, &Draft { keep_ms: Some(31 * DAY_MS), ..referral() }), [Code::KeepTooLong]);

    let later = NOW_MS + 100 * DAY_MS;
    one.clock.set(later);
    assert_eq!(codes(&one, &referral()), [Code::LogNotRefreshed], "the hub was not asked for so long");
    one.session.reached = true;
    assert_eq!(
        codes(&one, &referral()),
        [Code::LogStale],
        "the hub was asked, and does not say that this is its newest log"
    );
    log.cosign_again(&mut one.session.directory, later);
    assert_eq!(codes(&one, &referral()), [Code::RecipientHasNoKey], "no keys were published so far ahead");
    one.clock.set(NOW_MS);
    log.enter(&mut one.member, OrganisationState::Suspended, "Ett", &[], &[]);
    one.synchronise(&log);
    assert_eq!(codes(&one, &referral()), [Code::OrganisationSuspended]);
    let refused = one.session.send(referral(), &mut Silent).await.expect_err("suspended");
    assert_eq!(refused.code(), Code::OrganisationSuspended);
    assert!(one.session.sent().is_empty(), "nothing was sealed");
}

#[tokio::test]
async fn a_forked_log_stops_sending_and_not_reading() {
    let (log, mut one, mut two) = two_offices();
    let sent = send(&mut one, referral()).await;
    take(&mut two, &log, &one.newest_outgoing()).expect("good");
    let other = samverkan_proto::statement::log::TreeHead { size: 2, root: [1; 32] };
    two.session.directory.compare(log.sign(other), NOW_MS).expect_err("another log");
    let reply = Reply { text: "Vi ringer".to_owned(), attachments: Vec::new(), keep_metadata: false };
    let refused = two.session.reply(&sent.reference, reply, &mut Silent).await.expect_err("stopped");
    assert_eq!(refused.code(), Code::LogForked);
    assert_eq!(two.session.thread(&sent.reference).expect("still readable").messages.len(), 1);
}

/// A log on which `two` has five mailboxes, each read by sixteen devices of its own, and `one` to write to them.
fn crowd() -> (Office, Vec<String>) {
    let (mut log, mut one, mut two) = two_offices();
    let names: Vec<String> = (0..5).map(|number| format!("krets-{number}")).collect();
    for (index, name) in (0..).zip(&names) {
        let devices: Vec<_> = (0..16).map(|device| signer(100 + 16 * index + device)).collect();
        log.add_readers(&mut two.member, name, &devices.iter().collect::<Vec<_>>());
        for device in &devices {
            log.publish_for(two.member.org(), device, Epoch::of(NOW_MS));
        }
    }
    one.synchronise(&log);
    (one, names)
}

#[tokio::test]
async fn more_devices_than_a_message_is_sealed_to_are_told_before_anything_is_written() {
    let (mut one, names) = crowd();
    let to = |count| -> Vec<samverkan_proto::ids::MailboxAddress> {
        names.iter().take(count).map(|name| format!("two/{name}").parse().expect("address")).collect()
    };
    assert_eq!(codes(&one, &Draft { to: to(4), ..referral() }), [], "exactly 64");
    // Nothing about a person is needed to be told.
    let empty = Draft { to: to(5), subject: String::new(), text: String::new(), ..referral() };
    let obstacles = one.session.obstacles(&empty);
    assert_eq!(obstacles.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::TooManyDevices]);
    let text = crate::text::Text::of(crate::text::Language::English);
    let told = obstacles[0].to_error().explain(&text).message;
    assert!(told.contains("at most 64"), "{told}");
    for name in &names {
        assert!(told.contains(&format!("two/{name} (16)")), "{told}");
    }
    let refused =
        one.session.send(Draft { to: to(5), ..referral() }, &mut Silent).await.expect_err("too many");
    assert_eq!(refused.code(), Code::TooManyDevices);
    assert!(one.session.sent().is_empty(), "nothing was sealed");
    send(&mut one, Draft { to: to(4), ..referral() }).await;
}

/// Renames the mailbox of a recipient in the directory of another process, when the first file is being sealed.
struct Renaming {
    log: TestLog,
    other: super::Session,
}

impl Progress for Renaming {
    fn begin(&mut self, step: Step, _: u64) {
        if step == Step::Encrypting {
            self.log.feed(&mut self.other.directory).expect("consistent");
        }
    }

    fn advance(&mut self, _: u64) {}
}

#[tokio::test]
async fn a_recipient_that_is_gone_meanwhile_is_not_left_out_without_a_word() {
    let (mut log, [mut one, mut two, _three]) = super::office::offices(["one", "two", "three"]);
    let file = one.folder().join("intyg.pdf");
    std::fs::write(&file, b"intyg").expect("written");
    let to = ["two/mottagning", "three/mottagning"].map(|address| address.parse().expect("address"));
    let draft = Draft { to: to.to_vec(), attachments: vec![file], ..referral() };
    let other = one.another_process();
    log.change(&mut two.member, |fields| fields.mailboxes[0].name = "annan".parse().expect("name"));
    let refused = one.session.send(draft, &mut Renaming { log, other }).await.expect_err("one is gone");
    assert_eq!(refused.code(), Code::RecipientUnknown);
    assert!(one.session.sent().is_empty(), "nobody got it");
}

#[tokio::test]
async fn a_process_that_starts_while_another_one_sends_knows_of_the_message() {
    let (_, mut one, _) = two_offices();
    one.leave_to_commands();
    let profile = one.session.profile.clone();
    let passphrase = crate::passphrase::Passphrase::parse(super::office::PASSPHRASE.to_vec()).expect("valid");
    let keystore = crate::keystore::Keystore::open(&profile, &passphrase).expect("opens");
    // The other process was this far when this one sent something.
    let sent = send(&mut one, referral()).await;
    let membership = super::Membership::load(keystore.contents()).expect("whole").expect("joined");
    let device = super::device_signer(keystore.contents()).expect("kept");
    let mut other =
        super::Session::assemble(profile, membership, keystore, device, one.clock.clone()).expect("loads");
    drop(other.begin().expect("free"));
    assert!(other.mail.get(&sent.message).is_some(), "receipts about it would be lost");
}
