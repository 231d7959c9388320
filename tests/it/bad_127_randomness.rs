//! 127: the system gives no random numbers. Then there are no keys, no nonces and no secrets, and the hub must not run.
//!
//! A filter of system calls (seccomp) lets `getrandom` fail in the hub's process: with an error after which nobody looks for random
//! numbers elsewhere.

use samverkan_tests::process::{Outcome, run};
use samverkan_tests::site::Site;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// EIO, which means a broken device; with ENOSYS or EPERM, libraries would read `/dev/urandom` instead.
const BROKEN: u32 = 5;

/// The number of the system call `getrandom`; `None` on machines whose number this test does not know.
fn getrandom() -> Option<i64> {
    match std::env::consts::ARCH {
        "x86_64" => Some(318),
        "aarch64" => Some(278),
        _ => None,
    }
}

/// Runs a command in a process that gets no random numbers; `None` where the system has no such filters.
fn without_randomness(command: &mut Command) -> Option<Outcome> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH).ok()?;
    let calls = BTreeMap::from([(getrandom()?, Vec::new())]);
    let broken = SeccompAction::Errno(BROKEN);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, broken, architecture).expect("a filter");
    let program = BpfProgram::try_from(filter).expect("a program");
    // A filter holds for the thread that takes it, and for every process that comes from there.
    let filtered = || {
        seccompiler::apply_filter(&program).ok()?;
        Some(run(command, b""))
    };
    std::thread::scope(|scope| scope.spawn(filtered).join().expect("nothing panics there"))
}

/// The hub says that there is no randomness, and does nothing; `false` where that could not be tried.
#[track_caller]
fn refuses(site: &Site, arguments: &[&str]) -> bool {
    let Some(outcome) = without_randomness(&mut site.command(arguments)) else { return false };
    let error = outcome.refused(1, "NO_RANDOMNESS");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("random numbers")), "{error}");
    true
}

#[test]
fn bad_127_no_randomness_to_make_keys_with() {
    let site = Site::new();
    let keys = site.data_dir().join("keys");
    fs::remove_dir_all(&keys).expect("the keys that were made");
    if !refuses(&site, &["init", "--json"]) {
        println!("not tried: this system has no filters of system calls");
    }
    let left = fs::read_dir(site.data_dir()).expect("a folder").count();
    assert_eq!(left, 0, "not a part of a key was made");
    site.operator(&["init"]).ok();
    assert!(keys.exists());
}

#[test]
fn bad_127_no_randomness_to_serve_with() {
    let site = Site::new();
    if !refuses(&site, &["serve", "--json"]) {
        println!("not tried: this system has no filters of system calls");
    }
    assert!(!site.data_dir().join("store").exists(), "nothing was begun");
    assert!(!site.operator_socket().exists(), "nobody was let in");
}
