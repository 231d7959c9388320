//! What time asks of the hub: messages expire, deliveries lapse, what was kept long enough goes.

use std::time::Duration;

use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// The longest rest. A message may come meanwhile that expires before everything the store knew of.
const REST_MS: u64 = 30_000;

/// How long to wait after the store could not do its work.
const RETRY: Duration = Duration::from_secs(1);

/// Has the store do what is due, whenever it is, for as long as the store works and this is polled.
pub(crate) async fn perform(store: Store, clock: Clock) {
    loop {
        match store.step().await {
            Ok(next_ms) => clock.sleep_until(next_ms.min(clock.now_ms().saturating_add(REST_MS))).await,
            // It has stopped for good, and the hub with it.
            Err(StoreError::Failed) => return,
            Err(StoreError::Busy | StoreError::Behind) => tokio::time::sleep(RETRY).await,
            Err(error) => {
                tracing::error!(%error, "what is due could not be done");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
