//! What the figures were measured on, and from which sources.

use procfs::Current as _;
use serde::Serialize;
use std::process::Command;

/// The heading of every file of figures.
#[derive(Clone, Debug, Serialize)]
pub struct Heading {
    /// Of the layout.
    pub schema_version: u32,
    /// How the load generator was called.
    pub command: String,
    /// Bodies and keys are random and never the same; there is no seed.
    pub seed: Option<u64>,
    /// The sources.
    pub commit: String,
    /// The profile that the programs were built in.
    pub profile: &'static str,
    /// The machine.
    pub machine: Machine,
}

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Its processor.
    pub processor: String,
    /// Its cores.
    pub cores: usize,
    /// Its memory.
    pub memory_mib: u64,
    /// Its kernel.
    pub kernel: String,
}

impl Heading {
    /// Of this process, now.
    #[must_use]
    pub fn now() -> Self {
        let arguments = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        Self {
            schema_version: 1,
            command: format!("loadgen {arguments}"),
            seed: None,
            commit: commit(),
            profile: if cfg!(debug_assertions) { "dev" } else { "release" },
            machine: Machine::this(),
        }
    }
}

impl Machine {
    fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let processors = procfs::CpuInfo::current().ok();
        let processor = processors.as_ref().and_then(|all| all.model_name(0).map(str::to_owned));
        let memory = procfs::Meminfo::current().map_or(0, |memory| memory.mem_total);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease");
        Self {
            processor: processor.unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory >> 20,
            kernel: kernel.map_or_else(|_| unknown(), |kernel| kernel.trim().to_owned()),
        }
    }
}

/// The commit, with a mark when files are not as in it.
fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--abbrev=12"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let said = git.output().ok().filter(|output| output.status.success());
    said.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
