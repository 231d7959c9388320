//! One round of a measurement, and what is said about it.

use super::meter::Usage;
use super::quiet::OTHERS;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

/// Times in microseconds, to three digits, up to ten minutes.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let longest = Duration::from_secs(600).as_micros() as u64;
        Self(Histogram::new_with_bounds(1, longest, 3).expect("the bounds are in order"))
    }
}

impl Latencies {
    /// Adds one; what is longer than ten minutes counts as that.
    pub fn add(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// The time that this share (0 to 1) of all did not exceed, in milliseconds.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1000.0
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }
}

/// What was measured in one round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Messages, calls or records that were done from beginning to end.
    pub messages: u64,
    /// Time, server, and what else ran.
    pub usage: Usage,
    /// From sending to the answer.
    pub answered: Latencies,
    /// From sending to the subscriber.
    pub arrived: Latencies,
    /// From the sender's receipt to the subscriber; none for what was there before the receipt.
    pub delivered: Latencies,
    /// How often the server, or the log, synced its file; `None` for servers without a file.
    pub syncs: Option<u64>,
    /// How many rounds before it others disturbed more.
    pub repeated: u32,
}

impl Round {
    /// Whether others kept more of the machine busy than a measurement bears.
    #[must_use]
    pub fn disturbed(&self) -> bool {
        self.usage.other_cores > OTHERS
    }

    /// Goes on with another round, as if both were one.
    pub fn append(&mut self, later: &Self) {
        let (mine, theirs) = (&mut self.usage, &later.usage);
        let seconds = mine.seconds + theirs.seconds;
        let others = mine.other_cores * mine.seconds + theirs.other_cores * theirs.seconds;
        mine.other_cores = if seconds > 0.0 { others / seconds } else { 0.0 };
        mine.seconds = seconds;
        mine.server = match (mine.server, theirs.server) {
            (Some(mine), Some(theirs)) => Some(mine.and(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        self.messages += later.messages;
        self.answered.add_all(&later.answered);
        self.arrived.add_all(&later.arrived);
        self.delivered.add_all(&later.delivered);
        self.syncs = Some(self.syncs.unwrap_or(0) + later.syncs.unwrap_or(0));
    }

    /// Messages a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.messages as f64 / self.usage.seconds
    }

    /// Messages that one sync covered, on the average.
    #[must_use]
    pub fn per_sync(&self) -> Option<f64> {
        self.syncs.map(|syncs| self.messages as f64 / syncs.max(1) as f64)
    }

    /// The server's processor time for one message, in microseconds.
    #[must_use]
    pub fn cpu_micros(&self) -> Option<f64> {
        self.usage.server.map(|server| server.cpu_seconds * 1e6 / self.messages as f64)
    }

    /// The figures, for people and programs.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let server = self.usage.server.unwrap_or_default();
        let shown = |latencies: &Latencies, share| {
            (latencies.count() > 0).then(|| latencies.quantile_ms(share)).map(rounded)
        };
        Figures {
            messages: self.messages,
            seconds: rounded(self.usage.seconds),
            per_second: self.rate().round(),
            answered_p50_ms: shown(&self.answered, 0.5),
            answered_p99_ms: shown(&self.answered, 0.99),
            arrived_p99_ms: shown(&self.arrived, 0.99),
            delivered_p99_ms: shown(&self.delivered, 0.99),
            server_cpu_us: self.cpu_micros().map(rounded),
            server_resident_mib: mib(server.resident_bytes),
            server_peak_mib: mib(server.peak_bytes),
            written_bytes: self.usage.server.map(|server| server.written_bytes),
            syncs: self.syncs,
            other_cores: rounded(self.usage.other_cores),
            disturbed: self.disturbed(),
        }
    }
}

/// What is said about a round.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Messages, calls or records.
    pub messages: u64,
    /// How long they took.
    pub seconds: f64,
    /// Of them a second.
    pub per_second: f64,
    /// Half were answered within this time.
    pub answered_p50_ms: Option<f64>,
    /// 99 of 100 were answered within this time.
    pub answered_p99_ms: Option<f64>,
    /// 99 of 100 were at the subscriber this long after they were sent.
    pub arrived_p99_ms: Option<f64>,
    /// 99 of 100 were at the subscriber this long after the sender had the receipt.
    pub delivered_p99_ms: Option<f64>,
    /// The server's processor time for each.
    pub server_cpu_us: Option<f64>,
    /// The server's memory at the end.
    pub server_resident_mib: Option<f64>,
    /// The server's memory at its largest.
    pub server_peak_mib: Option<f64>,
    /// What the server caused to be written to disks.
    pub written_bytes: Option<u64>,
    /// How often it synced.
    pub syncs: Option<u64>,
    /// Cores kept busy by neither side of the measurement.
    pub other_cores: f64,
    /// Whether that was too much.
    pub disturbed: bool,
}

fn mib(bytes: u64) -> Option<f64> {
    (bytes > 0).then(|| rounded(bytes as f64 / f64::from(1 << 20)))
}

/// To three places: more is noise.
pub(super) fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}
