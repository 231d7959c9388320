//! Power cuts: a hub under load over the recorder, and its store opened again from what a cut at many moments would have left.
//!
//! A round is one recording. Each of its images is the disk at the begin or end of a sync, or at a random moment, with the pieces that
//! chance let survive; beside it lies no index, one of an earlier moment, or a spoilt one. The store must open from it and hold
//! everything that a client had been told by then. Now and then the power goes again while it opens.

use super::folders::{all_files, copy_folder, private_folder};
use super::hosted::Hosted;
use super::judge::{Judge, open};
use super::ledger::Ledger;
use super::load::Load;
use super::report::{Finding, Report};
use crate::chance::Chance;
use crate::recorder::{Change, Platter, Recorder, Recording, Survival, Syncing, now_ns};
use crate::site::Site;
use clap::Args;
use samverkan_hub::disk::{Disk, SystemDisk};
use samverkan_hub::store::StoreOptions;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Organisations under load.
const PARTIES: usize = 3;
/// Messages that each of them sends before the hub is stopped, and as many after it was started again.
const MESSAGES: usize = 40;
/// A random moment is added for so many begins and ends of syncs.
const BOUNDARIES_FOR_A_RANDOM_ONE: usize = 4;

/// What to do.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Images to look at, over as many recordings as that takes.
    #[arg(long, default_value_t = 2000)]
    pub images: u64,
    /// Repeats the choices of a run; what the hub does in between is timing.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Switches syncing off, which this must find out.
    #[arg(long)]
    pub no_sync: bool,
    /// Kills a hub on ext4 in a file and mounts a copy, instead of replaying a recording; needs root.
    #[arg(long, conflicts_with = "no_sync")]
    pub loop_file: bool,
}

/// Looks at images until there were as many as asked for.
///
/// # Panics
/// When a hub does not start, or refuses the load.
#[must_use]
pub fn run(arguments: &Arguments) -> Report {
    let Arguments { images, seed, no_sync, loop_file } = *arguments;
    if loop_file {
        return super::loop_file::run(images, seed);
    }
    let flag = if no_sync { " --no-sync" } else { "" };
    let mut report = Report::begin(format!("power --images {images} --seed {seed}{flag}"), seed);
    let syncing = if no_sync { Syncing::Off } else { Syncing::On };
    let runtime = super::runtime();
    for number in 0.. {
        if report.cycles >= images {
            break;
        }
        let chance = Chance::of_seed(seed).fork("round", number);
        let round = Round::record(syncing, &runtime, &chance);
        report.count("recordings", 1);
        round.judge(images - report.cycles, &chance, &mut report);
    }
    report
}

/// One recording.
struct Round {
    site: Site,
    recording: Recording,
    ledger: Ledger,
    /// Copies of the index from several moments, the one of the clean stop among them.
    indices: Vec<TempDir>,
    segment_bytes: u32,
}

impl Round {
    fn record(syncing: Syncing, runtime: &Runtime, chance: &Chance) -> Self {
        let site = Site::new();
        let disk = Recorder::in_memory(syncing);
        let segment_bytes = chance.fork("segment", 0).one_of(&[64 << 10, 256 << 10, 1 << 20]);
        let options = || StoreOptions {
            disk: Arc::clone(&disk) as Arc<dyn Disk>,
            segment_bytes,
            ..StoreOptions::default()
        };
        let mut indices = Vec::new();
        let start = || Hosted::start(&site, options()).expect("the hub starts");
        let hub = start();
        let load = runtime.block_on(Load::join(&site, PARTIES));
        indices.push(copy_of_index(&site));
        runtime.block_on(load.run(&site, MESSAGES, &chance.fork("load", 1)));
        indices.push(copy_of_index(&site));
        hub.stop().expect("a clean stop");
        indices.push(copy_of_index(&site));
        let hub = start();
        runtime.block_on(load.run(&site, MESSAGES, &chance.fork("load", 2)));
        hub.stop().expect("a clean stop");
        indices.push(copy_of_index(&site));
        let ledger = std::mem::take(&mut *load.ledger());
        Self { site, recording: disk.recording(), ledger, indices, segment_bytes }
    }

    /// Looks at up to `most` images.
    fn judge(&self, most: u64, chance: &Chance, report: &mut Report) {
        let moments = self.moments(most, &mut chance.fork("moments", 0));
        report.count("steps", self.recording.steps().len() as u64);
        let threads = super::threads();
        let parts = std::thread::scope(|scope| {
            let share = |thread: usize| {
                let mine: Vec<_> = moments.iter().enumerate().skip(thread).step_by(threads).collect();
                scope.spawn(move || self.share(&mine, chance))
            };
            let running: Vec<_> = (0..threads).map(share).collect();
            running.into_iter().map(|part| part.join().expect("a judge does not panic")).collect::<Vec<_>>()
        });
        parts.into_iter().for_each(|part| report.add(part));
    }

    /// The begin and the end of every sync and random moments between, or a selection of them, ascending.
    fn moments(&self, most: u64, chance: &mut Chance) -> Vec<u64> {
        let sync = |change: &Change| matches!(change, Change::Sync { .. } | Change::SyncFolder { .. });
        let steps = self.recording.steps();
        let mut moments: Vec<u64> = steps
            .iter()
            .filter(|step| sync(&step.change))
            .flat_map(|step| [step.begun_ns, step.ended_ns])
            .collect();
        let (first, last) = (steps[0].begun_ns, steps[steps.len() - 1].ended_ns);
        let random = moments.len() / BOUNDARIES_FOR_A_RANDOM_ONE;
        moments.extend((0..random).map(|_| chance.within(first..last)));
        while moments.len() as u64 > most {
            moments.swap_remove(chance.within(0..moments.len() as u64) as usize);
        }
        moments.sort_unstable();
        moments
    }

    fn share(&self, moments: &[(usize, &u64)], chance: &Chance) -> Report {
        let runtime = super::runtime();
        let mut report = Report::begin(String::new(), 0);
        let mut platter = Platter::new(&self.site.data_dir(), &self.recording);
        for (number, moment) in moments {
            platter.advance(**moment);
            let mut image = Image {
                round: self,
                name: format!("image {number}"),
                cut_ns: **moment,
                chance: chance.fork("image", *number as u64),
            };
            image.look(&platter, &runtime, &mut report);
        }
        report
    }
}

/// What one cut left.
struct Image<'a> {
    round: &'a Round,
    name: String,
    cut_ns: u64,
    chance: Chance,
}

impl Image<'_> {
    fn look(&mut self, platter: &Platter, runtime: &Runtime, report: &mut Report) {
        report.cycles += 1;
        let survival = Survival::choose(&mut self.chance);
        self.name.push_str(&format!(" ({survival:?})"));
        let folder = tempfile::tempdir().expect("a folder");
        platter.leave(folder.path(), survival, &mut self.chance).expect("the image can be written");
        self.put_index(&folder.path().join("store"));
        if self.chance.percent(20) {
            self.cut_again(folder.path(), runtime, report);
        } else {
            self.open_and_judge(folder.path(), Arc::new(SystemDisk), runtime, report);
        }
    }

    /// The power goes again at some moment of opening, or after it.
    fn cut_again(&mut self, folder: &Path, runtime: &Runtime, report: &mut Report) {
        let before = tempfile::tempdir().expect("a folder");
        copy_folder(folder, before.path());
        let disk = Recorder::in_memory(Syncing::On);
        self.name.push_str(", opening");
        self.open_and_judge(folder, Arc::clone(&disk) as Arc<dyn Disk>, runtime, report);
        let recording = disk.recording();
        let mut platter = Platter::over(folder, before.path(), &recording).expect("the image can be read");
        let first = recording.steps().first().map_or(0, |step| step.begun_ns);
        platter.advance(self.chance.within(first..now_ns()));
        let again = tempfile::tempdir().expect("a folder");
        let survival = Survival::choose(&mut self.chance);
        platter.leave(again.path(), survival, &mut self.chance).expect("the image can be written");
        self.name.push_str(&format!(", cut again ({survival:?})"));
        self.put_index(&again.path().join("store"));
        report.count("cut_again", 1);
        self.open_and_judge(again.path(), Arc::new(SystemDisk), runtime, report);
    }

    fn open_and_judge(&self, folder: &Path, disk: Arc<dyn Disk>, runtime: &Runtime, report: &mut Report) {
        let options =
            StoreOptions { disk, segment_bytes: self.round.segment_bytes, ..StoreOptions::default() };
        let (store, found) = match open(&self.round.site.data_dir(), &folder.join("store"), options) {
            Ok(opened) => opened,
            Err(error) => return report.find(Finding::Refused, format!("{}: {error}", self.name)),
        };
        if found.journal.damages + found.strange > 0 {
            report.find(Finding::Broken, format!("{}: {found:?}", self.name));
        }
        report.count("torn_tails", u64::from(found.journal.torn_tail.is_some()));
        report.count("clean_starts", u64::from(found.journal.clean));
        let judge =
            Judge { ledger: &self.round.ledger, cut_ns: self.cut_ns, name: &self.name, damaged: false };
        runtime.block_on(async {
            judge.judge(&store, report).await;
            if let Err(error) = store.close().await {
                report.find(Finding::Broken, format!("{}: closing: {error}", self.name));
            }
        });
    }

    /// No index, one of some moment, or a spoilt one.
    fn put_index(&mut self, store: &Path) {
        let indices = &self.round.indices;
        let choice = self.chance.within(0..indices.len() as u64 * 2 + 1) as usize;
        let Some(index) = indices.get(choice % (indices.len() + 1)).filter(|_| store.is_dir()) else {
            return;
        };
        let target = store.join("index");
        // The recorder knows of the folder, and chance may have let it survive.
        if target.is_dir() {
            std::fs::remove_dir_all(&target).expect("it can be removed");
        }
        private_folder(&target);
        copy_folder(index.path(), &target);
        if choice > indices.len() {
            for file in all_files(&target) {
                let len = self.chance.within(1..100_000) as usize;
                std::fs::write(file, self.chance.bytes(len)).expect("garbage can be written");
            }
        }
    }
}

fn copy_of_index(site: &Site) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    copy_folder(&site.data_dir().join("store/index"), copy.path());
    copy
}
