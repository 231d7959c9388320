//! libFuzzer's entry: runs the one target that `FUZZ_TARGET` names.
#![no_main]

use std::sync::LazyLock;

use samverkan_fuzz::{Target, target};

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    target(&name).expect("FUZZ_TARGET names a target; `fuzz --list` shows them")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.check(bytes));
