//! What a server used and what else the machine did meanwhile, both from the operating system.

use super::error::LoadError;
use procfs::process::Process;
use procfs::{CurrentSI as _, KernelStats};
use std::time::Instant;

/// What a server process used during a round.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerUse {
    /// Processor time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory at the end, in bytes.
    pub resident_bytes: u64,
    /// The most resident memory since it was started, in bytes.
    pub peak_bytes: u64,
    /// Bytes that it caused to be written to disks.
    pub written_bytes: u64,
}

/// What a round used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The server, when there was one.
    pub server: Option<ServerUse>,
    /// Cores that others kept busy: neither the load generator nor the server, and time the host took away.
    pub other_cores: f64,
}

impl ServerUse {
    /// What a process has used since it was started.
    ///
    /// # Errors
    /// When `/proc` can not be read.
    pub fn of(pid: u32) -> Result<Self, LoadError> {
        let ServerReading { cpu, resident, peak, written } = ServerReading::now(pid)?;
        let cpu_seconds = cpu as f64 / procfs::ticks_per_second() as f64;
        Ok(Self { cpu_seconds, resident_bytes: resident, peak_bytes: peak, written_bytes: written })
    }

    /// What two parts of a round used, the later one second.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds + later.cpu_seconds,
            written_bytes: self.written_bytes + later.written_bytes,
            ..later
        }
    }
}

/// Runs from [`Meter::start`] to [`Meter::stop`].
#[derive(Debug)]
pub struct Meter {
    server: Option<u32>,
    began: Instant,
    at_start: Reading,
}

impl Meter {
    /// Begins to measure; `server` is the process under test.
    ///
    /// # Errors
    /// When `/proc` can not be read.
    pub fn start(server: Option<u32>) -> Result<Self, LoadError> {
        let at_start = Reading::now(server)?;
        Ok(Self { server, began: Instant::now(), at_start })
    }

    /// When it was started.
    #[must_use]
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Ends it.
    ///
    /// # Errors
    /// When `/proc` can not be read, for instance because the server ended.
    pub fn stop(self) -> Result<Usage, LoadError> {
        let seconds = self.began.elapsed().as_secs_f64();
        let (from, to) = (self.at_start, Reading::now(self.server)?);
        let second = procfs::ticks_per_second() as f64;
        let others = (to.machine - from.machine).saturating_sub(to.ours - from.ours);
        let server = to.server.zip(from.server).map(|(to, from)| ServerUse {
            // The system counts in ticks; less than one is not nothing.
            cpu_seconds: (to.cpu - from.cpu).max(1) as f64 / second,
            resident_bytes: to.resident,
            peak_bytes: to.peak,
            written_bytes: to.written - from.written,
        });
        Ok(Usage { seconds, server, other_cores: others as f64 / second / seconds })
    }
}

/// Counters of the system at one moment, in clock ticks and bytes.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// All cores, without idling, waiting for disks and serving interrupts.
    machine: u64,
    /// The load generator and the server.
    ours: u64,
    server: Option<ServerReading>,
}

#[derive(Clone, Copy, Debug)]
struct ServerReading {
    cpu: u64,
    resident: u64,
    peak: u64,
    written: u64,
}

impl Reading {
    fn now(server: Option<u32>) -> Result<Self, LoadError> {
        let total = KernelStats::current()?.total;
        let machine = total.user + total.nice + total.system + total.steal.unwrap_or(0);
        let own = Process::myself()?.stat()?;
        let server = server.map(ServerReading::now).transpose()?;
        let ours = own.utime + own.stime + server.map_or(0, |server| server.cpu);
        Ok(Self { machine, ours, server })
    }
}

impl ServerReading {
    fn now(pid: u32) -> Result<Self, LoadError> {
        let process = Process::new(i32::try_from(pid).expect("process ids are small"))?;
        let (stat, status, io) = (process.stat()?, process.status()?, process.io()?);
        let kib = |size: Option<u64>| size.unwrap_or(0) * 1024;
        Ok(Self {
            cpu: stat.utime + stat.stime,
            resident: kib(status.vmrss),
            peak: kib(status.vmhwm),
            written: io.write_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_server_that_works_and_writes_is_seen() {
        // It counts until it is told to stop, so that a slow machine only makes it count less.
        let folder = tempfile::tempdir().expect("a folder");
        let script = r#"i=0; while :; do i=$((i+1)); echo "$i" >> "$1/count"; done"#;
        let mut child =
            Command::new("sh").args(["-c", script, "busy"]).arg(folder.path()).spawn().expect("sh");
        let meter = Meter::start(Some(child.id())).expect("/proc");
        let used = || Reading::now(Some(child.id())).expect("alive").server.expect("asked for").cpu;
        let from = used();
        crate::until::until("it works", || (used() > from + 2).then_some(()));
        let usage = meter.stop().expect("/proc");
        child.kill().and_then(|()| child.wait().map(drop)).expect("it is ours");
        let server = usage.server.expect("there was one");
        assert!(server.cpu_seconds > 0.0 && server.cpu_seconds <= 2.0 * usage.seconds, "{usage:?}");
        assert!(server.resident_bytes > 0 && server.peak_bytes >= server.resident_bytes, "{usage:?}");
        assert!(usage.seconds < Duration::from_secs(120).as_secs_f64());
    }
}
