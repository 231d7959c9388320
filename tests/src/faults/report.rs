//! What a run of an instrument found: the same figures for every kind of fault, for people and as JSON.

use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

/// Findings that are told one by one; more are only counted.
const TOLD: usize = 20;

/// The figures of one run. The five kinds of findings must be zero for the run to be green.
#[derive(Debug)]
pub struct Report {
    command: String,
    seed: u64,
    begun: Instant,
    /// Kills, images or cases.
    pub cycles: u64,
    /// Everything that was acknowledged and then looked for, counted once for each cycle that looked for it.
    pub acknowledged: u64,
    /// Acknowledged, and not there any more or in an earlier state.
    pub lost: u64,
    /// There twice.
    pub duplicated: u64,
    /// Wrong bytes that were served as right ones, and damage that nothing reported.
    pub silent: u64,
    /// Times the hub refused to open a store that it must open, and panics.
    pub refused: u64,
    /// Anything else that must not be, such as a success after a failed sync.
    pub broken: u64,
    told: Vec<String>,
    more: Vec<(&'static str, u64)>,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Counts in [`Report::lost`].
    Lost,
    /// Counts in [`Report::duplicated`].
    Duplicated,
    /// Counts in [`Report::silent`].
    Silent,
    /// Counts in [`Report::refused`].
    Refused,
    /// Counts in [`Report::broken`].
    Broken,
}

impl Report {
    /// Begins a run of `command`, such as `power --images 2000`.
    #[must_use]
    pub fn begin(command: String, seed: u64) -> Self {
        Self {
            command,
            seed,
            begun: Instant::now(),
            cycles: 0,
            acknowledged: 0,
            lost: 0,
            duplicated: 0,
            silent: 0,
            refused: 0,
            broken: 0,
            told: Vec::new(),
            more: Vec::new(),
        }
    }

    /// Counts a finding; the first of them are told with these words, which name the cycle.
    pub fn find(&mut self, finding: Finding, words: impl Into<String>) {
        *match finding {
            Finding::Lost => &mut self.lost,
            Finding::Duplicated => &mut self.duplicated,
            Finding::Silent => &mut self.silent,
            Finding::Refused => &mut self.refused,
            Finding::Broken => &mut self.broken,
        } += 1;
        if self.told.len() < TOLD {
            self.told.push(format!("{finding:?}: {}", words.into()));
        }
    }

    /// Adds to a figure that this kind of fault alone has, such as `segments`; a new one begins at zero.
    pub fn count(&mut self, name: &'static str, by: u64) {
        match self.more.iter_mut().find(|(known, _)| *known == name) {
            Some((_, figure)) => *figure += by,
            None => self.more.push((name, by)),
        }
    }

    /// Adds the figures of a part of the run, whose name and begin are forgotten.
    pub fn add(&mut self, part: Self) {
        self.cycles += part.cycles;
        self.acknowledged += part.acknowledged;
        self.lost += part.lost;
        self.duplicated += part.duplicated;
        self.silent += part.silent;
        self.refused += part.refused;
        self.broken += part.broken;
        let room = TOLD - self.told.len();
        self.told.extend(part.told.into_iter().take(room));
        part.more.into_iter().for_each(|(name, figure)| self.count(name, figure));
    }

    /// A figure that [`Report::count`] counted.
    #[must_use]
    pub fn figure(&self, name: &str) -> u64 {
        self.more.iter().find(|(known, _)| *known == name).map_or(0, |(_, figure)| *figure)
    }

    /// What was found, in words: the first findings.
    #[must_use]
    pub fn told(&self) -> &[String] {
        &self.told
    }

    /// Whether something was looked at and nothing was found.
    #[must_use]
    pub fn is_green(&self) -> bool {
        let found = self.lost + self.duplicated + self.silent + self.refused + self.broken;
        self.cycles > 0 && found == 0
    }

    /// 0 when the run is green, else 1.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        if self.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Prints the figures, one a line, and the first findings.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn print(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{} (seed {}, {:.1} s)", self.command, self.seed, self.begun.elapsed().as_secs_f64())?;
        for (name, figure) in self.figures() {
            writeln!(out, "  {name:<20} {figure}")?;
        }
        for words in &self.told {
            writeln!(out, "  ! {words}")?;
        }
        writeln!(out, "{}", if self.is_green() { "green" } else { "NOT green" })
    }

    /// The same as a JSON document, with the commit it was built from.
    #[must_use]
    pub fn json(&self) -> Value {
        let figures: serde_json::Map<String, Value> =
            self.figures().map(|(name, figure)| (name.to_owned(), figure.into())).collect();
        json!({
            "command": format!("faults {}", self.command),
            "seed": self.seed,
            "commit": commit(),
            "duration_s": self.begun.elapsed().as_secs_f64(),
            "green": self.is_green(),
            "figures": figures,
            "findings": self.told,
        })
    }

    /// Writes the JSON document into a file.
    ///
    /// # Errors
    /// The file system's.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, format!("{:#}\n", self.json()))
    }

    fn figures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { cycles, acknowledged, lost, duplicated, silent, refused, broken, .. } = *self;
        let common = [
            ("cycles", cycles),
            ("acknowledged", acknowledged),
            ("lost", lost),
            ("duplicated", duplicated),
            ("silent_errors", silent),
            ("refused_to_open", refused),
            ("broken_promises", broken),
        ];
        common.into_iter().chain(self.more.iter().copied())
    }
}

/// The commit of the sources, marked when they were changed since; `unknown` outside a repository.
fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        let output = output.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"])
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_finding_and_a_run_that_looked_at_nothing_are_not_green() {
        assert!(!Report::begin("power".into(), 1).is_green());
        let kinds = [Finding::Lost, Finding::Duplicated, Finding::Silent, Finding::Refused, Finding::Broken];
        for finding in kinds {
            let mut report = Report::begin("power".into(), 1);
            report.cycles = 1;
            assert!(report.is_green());
            report.find(finding, "image 7");
            assert!(!report.is_green());
            assert_eq!(report.told(), [format!("{finding:?}: image 7")]);
        }
    }

    #[test]
    fn parts_add_up_and_every_figure_is_printed_and_in_the_document() {
        let mut report = Report::begin("power --images 3".into(), 7);
        for _ in 0..3 {
            let mut part = Report::begin(String::new(), 0);
            part.cycles = 1;
            part.acknowledged = 10;
            part.count("segments", 2);
            report.add(part);
        }
        report.find(Finding::Lost, "a message");
        let mut out = Vec::new();
        report.print(&mut out).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("text");
        for line in [
            "cycles               3",
            "acknowledged         30",
            "lost                 1",
            "segments             6",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.ends_with("NOT green\n"), "{text}");
        let document = report.json();
        assert_eq!((&document["seed"], &document["figures"]["segments"]), (&json!(7), &json!(6)));
        assert_eq!(document["green"], json!(false));
    }
}
