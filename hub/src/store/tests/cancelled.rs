//! Calls that are dropped at each of their await points, as when their caller cancels or its connection breaks: whoever
//! asks again gets what the first would have got, and nothing is there half or twice.

use std::pin::pin;
use std::task::Poll;

use super::attachments::{LEN, blob, download, naming, upload};
use super::mail::{DELIVERED, PRIMARY, accept, delivered_ids, events, hand_over, message, says, two_orgs};
use super::*;

/// More await points than any call has.
const MOST: usize = 100;

/// Where a call is dropped.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// How often it was polled before.
    polls: usize,
    /// Whether what it waited for has come meanwhile.
    woken: bool,
}

/// Every place to drop a call at, the earliest first.
fn cuts() -> impl Iterator<Item = Cut> {
    (0..MOST).flat_map(|polls| [false, true].map(|woken| Cut { polls, woken }))
}

impl Cut {
    /// Runs a call up to here; what it said if it was done before.
    async fn off<F: Future>(self, call: F) -> Option<F::Output> {
        let (mut call, mut left) = (pin!(call), self.polls);
        std::future::poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match call.as_mut().poll(cx) {
                Poll::Ready(said) => Poll::Ready(Some(said)),
                Poll::Pending if left == 0 && !self.woken => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

#[tokio::test]
async fn bad_035_submission_dropped_at_every_step() {
    let (hub, a, b) = two_orgs().await;
    let mut sent = Vec::new();
    let finished = async {
        for cut in cuts() {
            let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
            let first = cut.off(accept(&hub, &sealed)).await;
            let again = accept(&hub, &sealed).await.unwrap();
            sent.push(sealed.id());
            if let Some(first) = first {
                assert_eq!(first, Ok(again), "{cut:?}");
                return true;
            }
        }
        false
    };
    assert!(finished.await, "it never came to its end");
    assert!(sent.len() > 2, "it waits for something");
    assert_eq!(delivered_ids(&hub, b.device()).await, sent, "each once, and in order");
}

#[tokio::test]
async fn bad_035_joining_dropped_at_every_step() {
    let hub = TestHub::new();
    for (n, cut) in cuts().enumerate() {
        let org = TestOrg::new(n);
        let (code, _) = hub.store.invite(org.invitation()).await.unwrap();
        let first = cut.off(hub.store.enrol(enrolment(&org, code))).await;
        let again = hub.store.enrol(enrolment(&org, code)).await.unwrap();
        // The hub's own keys, and four leaves for each that has joined.
        assert_eq!(verified_log(&hub.store).await.len(), 1 + 4 * (n + 1), "{cut:?}");
        if let Some(first) = first {
            assert_eq!(first, Ok(again), "{cut:?}");
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn bad_035_acknowledgement_dropped_at_every_step() {
    let (hub, a, b) = two_orgs().await;
    let device = b.device();
    for cut in cuts() {
        let sealed = message(&hub, &a, &[(&b, PRIMARY)]);
        accept(&hub, &sealed).await.unwrap();
        hand_over(&hub, &b, device).await;
        let told = events(&hub, a.device()).await.len();
        let receipt = || vec![says(&sealed, &b, device, DELIVERED)];
        let first = cut.off(hub.store.receipts(b.id(), device.id(), receipt())).await;
        let again = hub.store.receipts(b.id(), device.id(), receipt()).await.unwrap();
        assert_eq!(again, [Ok(())], "{cut:?}");
        assert!(!delivered_ids(&hub, device).await.contains(&sealed.id()), "{cut:?}: it is acknowledged");
        let more = events(&hub, a.device()).await.split_off(told);
        assert_eq!(more.iter().filter(|event| event.starts_with("device")).count(), 1, "{cut:?}: {more:?}");
        if let Some(first) = first {
            assert_eq!(first.unwrap(), [Ok(())], "{cut:?}");
            return;
        }
    }
    panic!("it never came to its end");
}

#[tokio::test]
async fn bad_035_upload_dropped_at_every_step() {
    let (hub, a, b) = two_orgs().await;
    for (fill, cut) in (0..).zip(cuts()) {
        let blob = blob(fill);
        let first = cut.off(upload(&hub, &a, &blob)).await;
        // What was dropped may still write on its thread for a moment, and others are told so as long.
        while hub.store.upload(a.id(), blob.0, LEN as u64, 0).await.err()
            == Some(StoreError::UploadInProgress)
        {
            tokio::task::yield_now().await;
        }
        upload(&hub, &a, &blob).await;
        let sealed = naming(&hub, &a, &b, &[blob.0]);
        accept(&hub, &sealed).await.unwrap();
        assert_eq!(download(&hub, &b, &sealed, blob.0).await.unwrap(), blob.1, "{cut:?}");
        if first.is_some() {
            return;
        }
    }
    panic!("it never came to its end");
}
