//! Small runs of the instruments that look for anything acknowledged and lost; `tests/README.md` has the long ones.

use samverkan_tests::faults::{Report, io, power};

#[track_caller]
fn green(report: &Report) {
    assert!(report.is_green(), "{:#}", report.json());
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let report = power::run(&power::Arguments { images: 200, seed: 1, no_sync: false, loop_file: false });
    green(&report);
    assert!(report.acknowledged > 10_000 && report.figure("torn_tails") > 0, "{:#}", report.json());
}

#[test]
fn the_rig_sees_the_loss_when_syncing_is_switched_off() {
    let report = power::run(&power::Arguments { images: 20, seed: 1, no_sync: true, loop_file: false });
    assert!(report.lost > 0 && !report.is_green(), "{:#}", report.json());
}

#[test]
fn a_step_of_the_disk_that_fails_loses_nothing_that_was_acknowledged() {
    let report = io::run(&io::Arguments { cases: Some(200), operations: 30, seed: 1 });
    green(&report);
    assert!(report.figure("failed_journal_syncs") > 10, "{:#}", report.json());
    assert!(report.figure("full_and_resumed") > 10, "{:#}", report.json());
}
