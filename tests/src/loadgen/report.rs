//! What is printed and written down.

use super::error::LoadError;
use super::machine::Heading;
use super::round::{Figures, Round, rounded};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Tells of rounds as they end, and keeps their figures.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
    name: String,
    rounds: Vec<Figures>,
    facts: Vec<Fact>,
}

/// A figure that is none of a round's.
#[derive(Clone, Debug, Serialize)]
struct Fact {
    what: &'static str,
    unit: &'static str,
    value: f64,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    heading: Heading,
    name: &'a str,
    rounds: &'a [Figures],
    facts: &'a [Fact],
}

impl<W: Write> Report<W> {
    /// Begins with what is measured.
    pub fn new(out: W, name: impl Into<String>) -> Self {
        Self { out, name: name.into(), rounds: Vec::new(), facts: Vec::new() }
    }

    /// Tells of a round.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn round(&mut self, round: &Round) -> Result<(), LoadError> {
        let figures = round.figures();
        writeln!(self.out, "{} {}", self.name, line(&figures))?;
        if let Some(per_sync) = round.per_sync() {
            writeln!(self.out, "    {per_sync:.1} for each sync")?;
        }
        self.out.flush()?;
        self.rounds.push(figures);
        Ok(())
    }

    /// Tells of a figure with its unit.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn fact(&mut self, what: &'static str, unit: &'static str, value: f64) -> Result<(), LoadError> {
        let value = rounded(value);
        writeln!(self.out, "{}: {what} {value} {unit}", self.name)?;
        self.out.flush()?;
        self.facts.push(Fact { what, unit, value });
        Ok(())
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write(&self, path: &Path) -> Result<(), LoadError> {
        let document =
            Document { heading: Heading::now(), name: &self.name, rounds: &self.rounds, facts: &self.facts };
        let mut file = File::create(path)?;
        serde_json::to_writer_pretty(&mut file, &document).map_err(std::io::Error::from)?;
        Ok(writeln!(file)?)
    }
}

fn line(figures: &Figures) -> String {
    let Figures { messages, seconds, per_second, other_cores, disturbed, .. } = figures;
    let mut line = format!("{per_second:>8.0}/s  {messages} in {seconds:.2} s");
    let mut add = |what: &str, figure: Option<f64>, unit: &str| {
        if let Some(figure) = figure {
            line.push_str(&format!("  {what} {figure:.2} {unit}"));
        }
    };
    add("answer p50", figures.answered_p50_ms, "ms");
    add("p99", figures.answered_p99_ms, "ms");
    add("arrival p99", figures.arrived_p99_ms, "ms");
    add("server", figures.server_cpu_us, "µs each");
    add("memory", figures.server_resident_mib, "MiB");
    if *disturbed {
        line.push_str(&format!("  DISTURBED by {other_cores:.2} cores"));
    }
    line
}
