//! How far something long has come: a bar on a terminal, quarters in words for screen readers, else nothing.
//!
//! Nothing shows during the first second, since most things are done by then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that takes less than this shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// A bar that moves.
    Bar,
    /// A line at every quarter.
    Lines,
    /// Nothing.
    Hidden,
}

/// Progress of one piece of work; dropping it clears the bar.
pub struct Progress {
    label: String,
    total: u64,
    done: u64,
    quarters_told: u64,
    display: Display,
    started: Instant,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(label: String, total: u64, display: Display) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}%");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(label.clone());
        Self { label, total, done: 0, quarters_told: 0, display, started: Instant::now(), bar }
    }

    /// More is done; `units` are those of the total. Gives the line that a screen reader should hear, if any.
    pub(crate) fn advance(&mut self, units: u64) -> Option<String> {
        self.advance_at(units, self.started.elapsed())
    }

    fn advance_at(&mut self, units: u64, elapsed: Duration) -> Option<String> {
        self.done = self.done.saturating_add(units).min(self.total);
        if elapsed < PATIENCE {
            return None;
        }
        match self.display {
            Display::Hidden => None,
            Display::Bar => {
                if self.bar.is_hidden() {
                    self.bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                self.bar.set_position(self.done);
                None
            }
            Display::Lines => {
                let quarters = self.done.saturating_mul(4) / self.total.max(1);
                let news = quarters > self.quarters_told;
                self.quarters_told = quarters;
                news.then(|| format!("{} {} %", self.label, quarters * 25))
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_within_the_first_second() {
        let mut progress = Progress::new("work".to_owned(), 100, Display::Lines);
        assert_eq!(progress.advance_at(99, Duration::from_millis(999)), None);
    }

    #[test]
    fn each_quarter_is_told_once() {
        let mut progress = Progress::new("work".to_owned(), 100, Display::Lines);
        let mut told = Vec::new();
        for _ in 0..25 {
            told.extend(progress.advance_at(5, Duration::from_secs(2)));
        }
        assert_eq!(told, ["work 25 %", "work 50 %", "work 75 %", "work 100 %"]);
    }
}
