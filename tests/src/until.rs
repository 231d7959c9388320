//! Waiting for a condition that another process brings about.
//!
//! A test that slept for a fixed time would be slow on a good day and wrong on a bad one. These look again and again until the
//! condition holds, and panic with its name when it does not hold in time; no test measures how long it took.

use std::time::{Duration, Instant};

/// How long a condition may take. Far beyond what a loaded machine needs; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(5);

/// Returns what `probe` finds as soon as it finds something.
///
/// # Panics
/// After [`PATIENCE`], naming `what`.
#[track_caller]
pub fn until<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, probe)
}

/// The same for something that takes longer.
///
/// # Panics
/// After `patience`, naming `what`.
#[track_caller]
pub fn until_within<T>(patience: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The same for an asynchronous probe.
///
/// # Panics
/// After [`PATIENCE`], naming `what`.
pub async fn until_async<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The value of a future that must end by itself.
///
/// # Panics
/// After [`PATIENCE`], naming `what`.
pub async fn in_time<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_elapsed) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}
