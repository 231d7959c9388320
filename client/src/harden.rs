//! What the process does for itself before it touches a secret: no core dump, no debugger, no content in a panic.

use std::panic::{self, PanicHookInfo};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::cli::output;
use crate::exit::Exit;

/// Forbids core dumps and keeps other processes of the same user from reading this one's memory.
///
/// # Errors
/// The operating system's error; the caller must not go on, since secrets could end in a dump.
pub fn protect_memory() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Runs the program; a panic in it prints a code and a place, never what was being worked on.
pub fn guarded(program: impl FnOnce() -> Exit + panic::UnwindSafe) -> Exit {
    panic::set_hook(Box::new(|info| output::panic_line(&describe(info))));
    panic::catch_unwind(program).unwrap_or(Exit::Unexpected)
}

/// The place as file and line. The payload is left out: it may quote what was being worked on.
fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "unknown".to_owned(),
        |place| {
            let file = place.file().rsplit('/').next().unwrap_or_default();
            format!("{file}:{}", place.line())
        },
    );
    format!(
        "error [PROGRAM_DEFECT] samverkan stopped at {place}. next: report this line (exit {})",
        Exit::Unexpected.code()
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// The hook is the process's own, and tests run at the same time.
    static HOOK: Mutex<()> = Mutex::new(());

    #[test]
    fn a_panic_gives_a_place_and_no_content() {
        let _alone = HOOK.lock().expect("not poisoned");
        static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let before = panic::take_hook();
        panic::set_hook(Box::new(|info| {
            SEEN.lock().expect("not poisoned").push(describe(info));
        }));
        let outcome = panic::catch_unwind(|| panic!("Exempel Exempelsson"));
        panic::set_hook(before);
        assert!(outcome.is_err());
        // Other tests may panic meanwhile; none of the lines may hold a payload.
        let seen = SEEN.lock().expect("not poisoned");
        assert!(seen.iter().any(|line| line.contains(" harden.rs:")), "{seen:?}");
        assert!(seen.iter().all(|line| !line.contains("Exempel")), "{seen:?}");
    }

    #[test]
    fn a_program_that_ends_well_keeps_its_exit_code() {
        let _alone = HOOK.lock().expect("not poisoned");
        let before = panic::take_hook();
        let exit = guarded(|| Exit::Refused);
        panic::set_hook(before);
        assert_eq!(exit, Exit::Refused);
    }

    #[test]
    fn core_dumps_are_off_after_protecting() {
        protect_memory().expect("protected");
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        let dumpable = rustix::process::dumpable_behavior().expect("asked");
        assert_eq!(dumpable, DumpableBehavior::NotDumpable);
    }
}
