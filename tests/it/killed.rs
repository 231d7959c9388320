//! `faults kill`, a short run: a hub that is killed under load loses nothing.

use samverkan_tests::faults::kill::{Arguments, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_under_load_loses_nothing() {
    let arguments = Arguments { cycles: 30, seed: 1, messages: 40, in_flight: 8, cycles_per_hub: 15 };
    let report = run(&arguments).await;
    assert!(report.is_green(), "{report:#?}");
    assert_eq!(report.cycles, arguments.cycles);
    assert!(report.acknowledged >= arguments.cycles * arguments.messages, "{report:#?}");
    assert!(report.figure("delivered") > 0 && report.figure("kills") >= arguments.cycles, "{report:#?}");
}
