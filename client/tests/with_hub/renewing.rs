//! Certificates and keys as time passes: by any command, and by a client that only waits.

use std::time::Duration;

use samverkan_client::error::Code;
use samverkan_client::session::model::{Notice, Stage};
use samverkan_proto::limits::CERTIFICATE_MS;
use samverkan_proto::statement::epoch_key::Epoch;

use crate::hub::TestHub;
use crate::member::{Member, Silent, VOLUNTEER};
use crate::messages::{referral, two};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Longer than anything a passing test waits for.
const SOON: Duration = Duration::from_secs(60);

/// When the device's certificate ends.
fn certificate_end(member: &Member) -> u64 {
    member.session.membership().certificate_facts().expect("a certificate").not_after_ms
}

/// The weeks for which others can seal to the device.
fn weeks_ahead(member: &Member, hub: &TestHub) -> u64 {
    let until_ms = member.session.key_facts().published_until_ms.expect("keys");
    until_ms.saturating_sub(Epoch::of(hub.clock.now_ms()).encrypt_until_ms()) / (7 * 86_400_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_renews_in_good_time_and_only_then() {
    let hub = TestHub::start().await;
    let mut member = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    let first = certificate_end(&member);
    hub.advance(59 * DAY);
    member.session.refresh(&mut Silent).await.expect("refreshed");
    assert_eq!(certificate_end(&member), first, "a third of its life and more is left");
    hub.advance(2 * DAY);
    member.session.refresh(&mut Silent).await.expect("refreshed");
    let second = certificate_end(&member);
    assert_eq!(second, hub.clock.now_ms() + CERTIFICATE_MS);
    member = member.restart();
    assert_eq!(certificate_end(&member), second, "it is kept");
    member.session.refresh(&mut Silent).await.expect("refreshed");
    assert_eq!(certificate_end(&member), second, "and not renewed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_renews_also_long_after_its_end_and_mail_goes_on() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    hub.advance(200 * DAY);
    // The recipient comes back first: until then there is no key of this week that one could seal to.
    two.session.refresh(&mut Silent).await.expect("back after half a year");
    assert_eq!(weeks_ahead(&two, &hub), 8);
    let sent = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    assert!(sent.accepted);
    assert_eq!(two.session.receive(&mut Silent).await.expect("received").threads, [sent.reference]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_own_time_is_over_is_told_so() {
    let hub = TestHub::start().await;
    let mut member = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    hub.advance(400 * DAY);
    let error = member.session.refresh(&mut Silent).await.expect_err("over");
    assert_eq!(error.code(), Code::DeviceExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_at_once_both_go_on() {
    let hub = TestHub::start().await;
    let mut member = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    let mut other = member.another_process();
    hub.advance(100 * DAY);
    let (mut quiet, mut silent) = (Silent, Silent);
    let (one, two) = tokio::join!(member.session.refresh(&mut quiet), other.refresh(&mut silent));
    one.expect("refreshed");
    two.expect("refreshed");
    assert_eq!(certificate_end(&member.restart()), hub.clock.now_ms() + CERTIFICATE_MS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_renews_and_publishes_by_itself_and_receives_all_the_time() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let (arrived, mut arrivals) = tokio::sync::mpsc::channel(16);
    let mailbox = two.mailbox.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let sending = async {
        // Two hundred days in steps of twenty: past the certificate's end, and past all keys of the first day.
        for _ in 0..10 {
            hub.advance(20 * DAY);
            let sent = loop {
                // Until the watching client has published, there is nobody to seal to.
                match one.session.send(referral(&mailbox), &mut Silent).await {
                    Ok(sent) => break sent,
                    Err(error) => assert_eq!(error.code(), Code::RecipientHasNoKey, "{error:?}"),
                }
            };
            arrivals.recv().await.expect("it watches");
            one.session.wait(&sent.reference, Stage::Delivered, &mut Silent).await.expect("delivered");
        }
        stop.send(()).expect("it watches");
    };
    let mut notify = |notice| {
        if notice == Notice::Arrived {
            arrived.try_send(()).expect("there is room for all");
        }
    };
    let mut silent = Silent;
    let watching = two.session.watch(&mut silent, &mut notify, async { drop(stopped.await) });
    let (watched, ()) =
        tokio::time::timeout(SOON, async { tokio::join!(watching, sending) }).await.expect("in time");
    watched.expect("watched to the end");
    assert_eq!(two.session.inbox().len(), 10);
    assert!(certificate_end(&two) > hub.clock.now_ms() + CERTIFICATE_MS / 3);
    assert_eq!(weeks_ahead(&two, &hub), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_closed_for_july_still_receives() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    hub.advance(25 * DAY);
    let early = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    hub.advance(24 * DAY);
    let late = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent in the seventh week");
    let received = two.session.receive(&mut Silent).await.expect("back again");
    let mut threads = received.threads;
    threads.sort_by_key(|reference| *reference != early.reference);
    assert_eq!(threads, [early.reference, late.reference]);
}
