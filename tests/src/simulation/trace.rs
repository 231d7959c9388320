//! What happened in a run, line by line, kept until somebody wants to read it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// The lines of one run. Clones write to the same ones.
#[derive(Clone, Debug)]
pub struct Trace {
    begun: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    /// Nothing has happened yet. Times are counted from now, by the runtime's clock.
    #[must_use]
    pub fn begin() -> Self {
        Self { begun: Instant::now(), lines: Arc::default() }
    }

    /// Writes a line.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let at = self.begun.elapsed().as_secs_f64();
        let line = format!("{at:9.3} s  {}", line());
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Every line so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
