//! Many seeds, on as many threads as are wanted; each run has a thread to itself.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::ground::Ground;
use super::{Failure, Ran, run};

/// How one run ended, and how long it took.
#[derive(Debug)]
pub struct Ended {
    /// Its seed.
    pub seed: u64,
    /// What it was, or which rule was broken.
    pub ran: Result<Ran, Box<Failure>>,
    /// By a real clock.
    pub took: Duration,
}

/// Runs every seed once and calls `ended` after each, in the order in which they end. `goes_on` is asked before each one.
///
/// # Panics
/// As [`run`].
pub fn run_all(
    ground: &Ground,
    seeds: Range<u64>,
    threads: usize,
    goes_on: impl Fn() -> bool,
    mut ended: impl FnMut(Ended),
) {
    let (next, over) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (tell, next, over) = (tell.clone(), &next, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let (seed, begun) = (next.fetch_add(1, Ordering::Relaxed), Instant::now());
                    if seed >= seeds.end {
                        return;
                    }
                    let ran = run(ground, seed);
                    // Nobody listens any more when the other end has panicked.
                    let _ = tell.send(Ended { seed, ran, took: begun.elapsed() });
                }
            });
        }
        drop(tell);
        for one in told {
            ended(one);
            over.store(!goes_on(), Ordering::Relaxed);
        }
    });
}
