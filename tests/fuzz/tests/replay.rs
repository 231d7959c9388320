//! Holds every law against the committed corpora, and against every input that once broke one. No fuzzer is needed for it.

use std::panic::catch_unwind;

use samverkan_fuzz::{engine, target, targets};

#[test]
fn every_law_holds_for_every_committed_input() {
    for target in targets() {
        let seeds = engine::files_in(&engine::corpus(target)).expect("the folder is readable");
        assert!(!seeds.is_empty(), "{} has no corpus", target.name);
        let broken = engine::files_in(&engine::regressions(target)).expect("the folder is readable");
        target.check(&[]);
        for file in seeds.iter().chain(&broken) {
            let input = std::fs::read(file).expect("the file is readable");
            assert!(input.len() <= target.max_len, "{} is longer than the target's inputs", file.display());
            let held = catch_unwind(|| target.check(&input));
            assert!(held.is_ok(), "{} breaks the law of {}", file.display(), target.name);
            // A seed is there to be changed: so the laws meet what is almost right, too.
            for at in 0..input.len().min(64) {
                let mut changed = input.clone();
                changed[at * input.len() / input.len().min(64)] ^= 1 << (at % 8);
                target.check(&changed);
            }
        }
    }
}

#[test]
fn corpora_and_regressions_belong_to_targets() {
    for folder in ["corpus", "regressions"] {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in engine::files_in(&folder).expect("the folder is readable") {
            let name = entry.file_name().and_then(|name| name.to_str()).expect("a name");
            assert!(target(name).is_some() || name == "README.md", "{name} is no target");
        }
    }
}
