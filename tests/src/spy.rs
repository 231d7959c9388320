//! Reads what any user of the machine could read about processes: command lines, and environments.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Watches this process's descendants until it is asked what it saw.
#[derive(Debug)]
pub struct Spy {
    seen: Arc<Mutex<BTreeSet<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Spy {
    /// Begins to look, again and again, for as long as it is kept.
    #[must_use]
    pub fn on_children() -> Self {
        let (seen, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    look(&seen);
                    std::thread::yield_now();
                }
            }
        });
        Self { seen, stop, thread: Some(thread) }
    }

    /// Stops, and returns every command line and environment that was seen, as text.
    ///
    /// # Panics
    /// When nothing was seen: a spy that slept is no evidence.
    #[must_use]
    pub fn seen(mut self) -> String {
        self.end();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!seen.is_empty(), "no process was seen");
        seen.iter().map(|bytes| String::from_utf8_lossy(bytes).replace('\0', " ") + "\n").collect()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Looking does not panic.
            let _ = thread.join();
        }
    }
}

impl Drop for Spy {
    fn drop(&mut self) {
        self.end();
    }
}

fn look(seen: &Mutex<BTreeSet<Vec<u8>>>) {
    let own = std::process::id().to_string();
    for child in children(&own) {
        for file in ["cmdline", "environ"] {
            // A process may end while it is looked at.
            if let Ok(bytes) = std::fs::read(Path::new("/proc").join(&child).join(file)) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(bytes);
            }
        }
    }
}

/// The processes that `parent` has started.
fn children(parent: &str) -> Vec<String> {
    let tasks = std::fs::read_dir(Path::new("/proc").join(parent).join("task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::until::until;
    use std::process::{Command, Stdio};

    #[test]
    fn a_word_on_a_command_line_and_in_an_environment_is_seen() {
        let spy = Spy::on_children();
        let mut command = Command::new("sh");
        command.args(["-c", "read -r _", "seen-argument"]).env("SPIED", "seen-variable");
        let mut child = command.stdin(Stdio::piped()).spawn().expect("there is a shell");
        let has = |word: &str| {
            let seen = spy.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter().any(|bytes| String::from_utf8_lossy(bytes).contains(word))
        };
        until("both are seen", || (has("seen-argument") && has("seen-variable")).then_some(()));
        drop(child.stdin.take());
        child.wait().expect("it ends");
        assert!(spy.seen().contains("seen-argument"));
    }
}
