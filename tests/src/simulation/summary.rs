//! What many runs were, in words and as JSON.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};

use super::many::Ended;

/// The runs so far.
#[derive(Debug, Default)]
pub struct Summary {
    runs: u64,
    failed: Vec<u64>,
    messages: u64,
    delivered: u64,
    connections: u64,
    longest: Duration,
    busy: Duration,
}

impl Summary {
    /// Counts a run.
    pub fn add(&mut self, ended: &Ended) {
        self.runs += 1;
        self.busy += ended.took;
        self.longest = self.longest.max(ended.took);
        match &ended.ran {
            Ok(ran) => {
                self.messages += ran.facts.messages;
                self.delivered += ran.facts.delivered;
                self.connections += ran.facts.connections;
            }
            Err(failure) => self.failed.push(failure.seed),
        }
    }

    /// How many there were.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// Messages of which somebody got a copy.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The seeds with which a rule was broken.
    #[must_use]
    pub fn failed(&self) -> &[u64] {
        &self.failed
    }

    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { runs, messages, delivered, connections, .. } = self;
        let (mean, longest) = (self.mean().as_millis(), self.longest.as_millis());
        let failed = self.failed.len();
        format!(
            "{runs} seeds, {failed} failed; {messages} messages written, {delivered} of them delivered to somebody, \
             {connections} connections; {mean} ms a seed, {longest} ms at most"
        )
    }

    /// As a document, for the seeds and the commit that were run.
    #[must_use]
    pub fn to_json(&self, seeds: &Range<u64>, commit: &str, wall: Duration) -> Value {
        json!({
            "schema_version": 1,
            "command": format!("simulate --seeds {}..{}", seeds.start, seeds.end),
            "commit": commit,
            "seconds": wall.as_secs_f64(),
            "seeds": self.runs,
            "failed_seeds": self.failed,
            "messages": self.messages,
            "delivered": self.delivered,
            "connections": self.connections,
            "mean_ms_per_seed": self.mean().as_secs_f64() * 1000.0,
            "longest_ms": self.longest.as_secs_f64() * 1000.0,
        })
    }

    fn mean(&self) -> Duration {
        self.busy / u32::try_from(self.runs.max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::model::Violation;
    use crate::simulation::{Facts, Failure, Ran};

    #[test]
    fn runs_are_counted_and_failures_named() {
        let mut summary = Summary::default();
        let facts = Facts { messages: 3, delivered: 2, connections: 10 };
        let ran = Ok(Ran { facts, trace: Vec::new() });
        summary.add(&Ended { seed: 4, ran, took: Duration::from_millis(100) });
        let failure = Failure { seed: 5, violation: Violation("broken".to_owned()), trace: Vec::new() };
        summary.add(&Ended { seed: 5, ran: Err(Box::new(failure)), took: Duration::from_millis(300) });
        assert_eq!((summary.runs(), summary.failed()), (2, &[5][..]));
        assert!(summary.line().starts_with("2 seeds, 1 failed; 3 messages written"), "{}", summary.line());
        let document = summary.to_json(&(4..6), "abc", Duration::from_secs(1));
        assert_eq!((&document["failed_seeds"][0], &document["mean_ms_per_seed"]), (&json!(5), &json!(200.0)));
    }
}
