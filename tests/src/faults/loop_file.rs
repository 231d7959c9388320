//! Power cuts on a real file system: a hub's folder on ext4 in a file, the hub killed under load, the file copied at once, and the
//! copy mounted. What the kernel had not written by then is not in the copy. It needs root, `mkfs.ext4` and loop devices.

use super::judge::{Judge, open};
use super::load::Load;
use super::report::{Finding, Report};
use crate::chance::Chance;
use crate::hub::HubProcess;
use crate::site::Site;
use samverkan_hub::store::StoreOptions;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Size of the file system, in bytes: more than the hub's reserve.
const SIZE: u64 = 512 << 20;
/// Organisations under load.
const PARTIES: usize = 3;
/// More messages than an organisation sends before the hub is killed.
const MESSAGES: usize = 10_000;
/// The hub is killed so many milliseconds after the load has begun, at most.
const KILLED_WITHIN_MS: u64 = 1500;

/// Kills and mounts so many times; without root it says that it was not run.
#[must_use]
pub fn run(images: u64, seed: u64) -> Report {
    let mut report = Report::begin(format!("power --loop-file --images {images} --seed {seed}"), seed);
    if !rustix::process::geteuid().is_root() {
        report.find(Finding::Broken, "not run: mounting needs root");
        return report;
    }
    let (chance, runtime) = (Chance::of_seed(seed), super::runtime());
    for image in 0..images {
        report.cycles += 1;
        let name = format!("image {image}");
        if let Err(error) = cut(&name, &mut chance.fork("image", image), &runtime, &mut report) {
            report.find(Finding::Broken, format!("{name}: {error}"));
        }
    }
    report
}

/// One power cut. The errors are those of the tools.
fn cut(name: &str, chance: &mut Chance, runtime: &Runtime, report: &mut Report) -> Result<(), String> {
    let outer = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (disk, copy) = (outer.path().join("disk"), outer.path().join("copy"));
    let file = File::create(&disk).and_then(|file| file.set_len(SIZE));
    file.map_err(|error| error.to_string())?;
    tool("mkfs.ext4", &["-q".as_ref(), &disk])?;
    let mounted = Mounted::new(&disk)?;
    let folder = mounted.folder.path().join("hub");
    std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
    let hub = HubProcess::start_at(Site::in_folder(&folder));
    let load = runtime.block_on(async {
        let load = Load::join(&hub, PARTIES).await;
        let life = Duration::from_millis(chance.within(100..KILLED_WITHIN_MS));
        // Whoever still waits for an answer when the time is up never gets it.
        let _ = tokio::time::timeout(life, load.run(&hub, MESSAGES, chance)).await;
        load
    });
    hub.kill9();
    std::fs::copy(&disk, &copy).map_err(|error| error.to_string())?;
    drop(hub);
    drop(mounted);
    let mounted = Mounted::new(&copy)?;
    let data = mounted.folder.path().join("hub/data");
    match open(&data, &data.join("store"), StoreOptions::default()) {
        Ok((store, found)) => runtime.block_on(async {
            let ledger = std::mem::take(&mut *load.ledger());
            report.count("torn_tails", u64::from(found.journal.torn_tail.is_some()));
            Judge { ledger: &ledger, cut_ns: u64::MAX, name, damaged: false }.judge(&store, report).await;
            if let Err(error) = store.close().await {
                report.find(Finding::Broken, format!("{name}: closing: {error}"));
            }
        }),
        Err(error) => report.find(Finding::Refused, format!("{name}: {error}")),
    }
    Ok(())
}

/// A file system in a file; dropping it unmounts it.
#[derive(Debug)]
struct Mounted {
    folder: TempDir,
}

impl Mounted {
    fn new(file: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        tool("mount", &["-o".as_ref(), "loop".as_ref(), file, folder.path()])?;
        Ok(Self { folder })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Whoever still has a file open lets go of the rest.
        let _ = tool("umount", &["--lazy".as_ref(), self.folder.path()]);
    }
}

fn tool(name: &str, arguments: &[&Path]) -> Result<(), String> {
    let output = Command::new(name).args(arguments).output().map_err(|error| format!("{name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{name}: {}", said.trim())) }
}
