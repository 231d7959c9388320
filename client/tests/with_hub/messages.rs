//! Messages between two organisations over a real hub: there, back, proven, and only once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use samverkan_client::connect::{Carrier, Connecting, Network};
use samverkan_client::error::Code;
use samverkan_client::session::evidence::Evidence;
use samverkan_client::session::model::{ConsentDraft, Draft, Reply, Stage};
use samverkan_proto::code::{Class, ConsentHow, ConsentPurpose, LegalBasis, Urgency};
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::invite::HubAddress;
use tokio::net::TcpStream;

use crate::hub::TestHub;
use crate::member::{Member, SOCIAL, Silent, VOLUNTEER};

const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn two(hub: &TestHub) -> (Member, Member) {
    let mut police = Member::join(hub, "soc-exempel", SOCIAL).await;
    let support = Member::join(hub, "boj-exempel", VOLUNTEER).await;
    police.session.refresh(&mut Silent).await.expect("refreshed");
    (police, support)
}

pub(crate) fn referral(to: &MailboxAddress) -> Draft {
    Draft {
        to: vec![to.clone()],
        from: None,
        class: Class::Referral,
        basis: Some(LegalBasis::SecrecyActGround),
        urgency: Urgency::Soon,
        answer_within_minutes: None,
        keep_ms: None,
        consent: None,
        section: None,
        form: None,
        subject: "Stöd".to_owned(),
        text: "Exempel Exempelsson önskar stöd".to_owned(),
        fields: vec![("safe_contact".to_owned(), "brev".to_owned())],
        attachments: Vec::new(),
        keep_metadata: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_goes_there_is_answered_and_every_step_is_proven() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let sent = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    assert!(sent.accepted);

    hub.advance(Duration::from_secs(60));
    let received = two.session.receive(&mut Silent).await.expect("received");
    assert_eq!((received.threads.as_slice(), received.refused, received.held), (&[sent.reference][..], 0, 0));
    let thread = two.session.thread(&sent.reference).expect("known");
    assert_eq!(thread.messages[0].text, "Exempel Exempelsson önskar stöd");
    assert_eq!(thread.messages[0].fields, [("safe_contact".to_owned(), "brev".to_owned())]);

    let told = one.session.receive(&mut Silent).await.expect("received");
    assert!(told.receipts >= 2, "handed over, and delivered");
    let stage = |member: &Member| member.session.track(&sent.reference).expect("known").steps[0].stage;
    assert_eq!(stage(&one), Stage::Delivered);

    hub.advance(Duration::from_secs(60));
    let reply = Reply { text: "Vi ringer i dag".to_owned(), attachments: Vec::new(), keep_metadata: false };
    assert!(two.session.reply(&sent.reference, reply, &mut Silent).await.expect("replied").accepted);
    one.session.receive(&mut Silent).await.expect("received");
    assert_eq!(stage(&one), Stage::Answered);
    assert_eq!(one.session.thread(&sent.reference).expect("known").messages.len(), 2);

    let bundle = one.session.evidence(&sent.reference).expect("known").to_json();
    let verdict = Evidence::verify(&bundle, two.session.directory()).expect("of this hub");
    assert!(verdict.all_hold());
    let what: Vec<&str> = verdict.messages[0].statements.iter().map(|statement| statement.what).collect();
    for proven in ["SUBMISSION_ACCEPTED", "HANDED_OVER", "DELIVERED", "ANSWERED"] {
        assert!(what.contains(&proven), "{proven} is missing in {what:?}");
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_does_not_come_again() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    assert_eq!(two.session.receive(&mut Silent).await.expect("received").threads.len(), 1);
    two = two.restart();
    assert_eq!(two.session.receive(&mut Silent).await.expect("received").threads.len(), 0);
    assert_eq!(two.session.inbox().len(), 1);
    one.session.receive(&mut Silent).await.expect("received");
    assert_eq!(one.session.receive(&mut Silent).await.expect("received").receipts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_covers_what_it_says_and_is_used_up() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let third = Member::join(&hub, "annan-exempel", VOLUNTEER).await;
    one.session.refresh(&mut Silent).await.expect("refreshed");
    let draft = ConsentDraft {
        purpose: ConsentPurpose::Referral,
        recipients: vec![two.mailbox.clone()],
        categories: vec!["contact".to_owned()],
        expires_ms: hub.clock.now_ms() + 30 * 24 * 3_600_000,
        how: ConsentHow::Verbally,
        evidence: "Hört av Exempel".to_owned(),
        handles: 1,
    };
    let consent = one.session.record_consent(&draft, &mut Silent).await.expect("recorded");
    let under = |to: &MailboxAddress| Draft {
        basis: Some(LegalBasis::Consent),
        consent: Some(consent.id),
        ..referral(to)
    };
    let outside = one.session.send(under(&third.mailbox), &mut Silent).await.expect_err("not named");
    assert_eq!(outside.code(), Code::ConsentDoesNotCover);
    let sent = one.session.send(under(&two.mailbox), &mut Silent).await.expect("covered");
    let received = two.session.receive(&mut Silent).await.expect("received");
    assert_eq!((received.threads.as_slice(), received.refused), (&[sent.reference][..], 0));
    let again = one.session.send(under(&two.mailbox), &mut Silent).await.expect_err("one message only");
    assert_eq!(again.code(), Code::ConsentHandleUsed);
    assert!(one.restart().session.consents().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_recipient_is_named_and_nothing_is_sent() {
    let hub = TestHub::start().await;
    let (mut one, two) = two(&hub).await;
    hub.suspend("boj-exempel").await;
    let refused = one.session.send(referral(&two.mailbox), &mut Silent).await.expect_err("suspended");
    assert_eq!(refused.code(), Code::RecipientSuspended);
    assert!(one.session.sent().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_without_a_network_is_sent_by_any_later_contact() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    // A message sealed for a directory that changes before it is handed in is sealed again by itself.
    let sent = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    hub.advance(15 * DAY);
    two.session.refresh(&mut Silent).await.expect("publishes new keys");
    let later = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    assert!(sent.accepted && later.accepted && sent.reference != later.reference);
    let received = two.session.receive(&mut Silent).await.expect("received");
    assert_eq!(received.threads.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_nobody_fetched_is_reported_as_expired() {
    let hub = TestHub::start().await;
    let (mut one, two) = two(&hub).await;
    let draft = Draft { keep_ms: Some(24 * 3_600_000), ..referral(&two.mailbox) };
    let sent = one.session.send(draft, &mut Silent).await.expect("sent");
    hub.advance(2 * DAY);
    let mut silent = Silent;
    let told = one.session.wait(&sent.reference, Stage::ExpiredUndelivered, &mut silent);
    let track = tokio::time::timeout(Duration::from_secs(30), told).await.expect("in time").expect("told");
    assert_eq!(track.steps[0].stage, Stage::ExpiredUndelivered);
}

/// The way to a hub, which can be closed.
#[derive(Default)]
struct Gate {
    closed: AtomicBool,
}

impl Carrier for Gate {
    fn connect<'a>(&'a self, address: &'a HubAddress) -> Connecting<'a> {
        Box::pin(async move {
            if self.closed.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            Ok(Box::new(TcpStream::connect(address.to_string()).await?) as _)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_hands_in_the_receipts_that_are_owed() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let sent = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    let gate = Arc::new(Gate::default());
    two.session = two.session.over(Network::of(gate.clone()));
    two.session.receive(&mut Silent).await.expect("received");
    gate.closed.store(true, Ordering::SeqCst);
    let reply = Reply { text: "Vi ringer i dag".to_owned(), attachments: Vec::new(), keep_metadata: false };
    let answer = two.session.reply(&sent.reference, reply, &mut Silent).await.expect("sealed");
    assert!(!answer.accepted, "it waits");
    gate.closed.store(false, Ordering::SeqCst);
    let mut told = None;
    let stop = async {
        let mut silent = Silent;
        let answered = one.session.wait(&sent.reference, Stage::Answered, &mut silent);
        told = tokio::time::timeout(Duration::from_secs(30), answered).await.ok();
    };
    two.session.watch(&mut Silent, &mut |_| (), stop).await.expect("watched until the answer was proven");
    let track = told.expect("in time").expect("told");
    assert_eq!(track.steps[0].stage, Stage::Answered);
}
