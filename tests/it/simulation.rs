//! The randomised run: hub and programs in one process on a network that each seed makes bad in its own way.

use samverkan_tests::simulation::ground::Ground;
use samverkan_tests::simulation::many::run_all;
use samverkan_tests::simulation::summary::Summary;

/// A smaller part of what `simulate` runs.
const SEEDS: u64 = 200;

#[test]
fn two_hundred_bad_networks_lose_and_double_nothing() {
    let (ground, mut summary, mut broken) = (Ground::lay(), Summary::default(), Vec::new());
    run_all(
        &ground,
        0..SEEDS,
        2,
        || true,
        |ended| {
            summary.add(&ended);
            if let Err(failure) = ended.ran {
                broken.push(failure.to_string());
            }
        },
    );
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(summary.runs(), SEEDS);
    assert!(summary.delivered() >= SEEDS, "hardly anything was delivered: {}", summary.line());
}
