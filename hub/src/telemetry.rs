//! The log on standard error, and what the process keeps to itself.
//!
//! Log lines hold no organisation's name, no device and no address; of a message its random id. Panics print their place and nothing of what was worked on.

use std::panic::{self, PanicHookInfo};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use tracing_subscriber::EnvFilter;

use crate::cli::output::panic_line;
use crate::config::LogFormat;

/// Starts the log. `RUST_LOG` chooses what it says; without it, `info` and worse.
///
/// A second start in one process, as in tests, changes nothing.
pub fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Forbids core dumps, in which keys could end, and keeps other processes of the same user from reading this one's
/// memory.
///
/// # Errors
/// The operating system's; the process must not go on to touch a key.
pub fn protect_memory() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// From now on a panic prints one line: its place.
pub fn hush_panics() {
    panic::set_hook(Box::new(|info| panic_line(&describe(info))));
}

/// An error and what caused it, in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "unknown".to_owned(),
        |place| format!("{}:{}", place.file().rsplit('/').next().unwrap_or_default(), place.line()),
    );
    format!("error [INTERNAL] samverkan-hub failed at {place}. next: report this line (exit 1)")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_gives_a_place_and_no_content() {
        static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let before = panic::take_hook();
        panic::set_hook(Box::new(|info| SEEN.lock().unwrap().push(describe(info))));
        let outcome = panic::catch_unwind(|| panic!("Exempel Exempelsson"));
        panic::set_hook(before);
        assert!(outcome.is_err());
        // Other tests may panic meanwhile; none of the lines may hold a payload.
        let seen = SEEN.lock().unwrap();
        assert!(seen.iter().any(|line| line.contains(" telemetry.rs:")), "{seen:?}");
        assert!(seen.iter().all(|line| !line.contains("Exempel")), "{seen:?}");
    }

    #[test]
    fn core_dumps_are_off() {
        protect_memory().unwrap();
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
