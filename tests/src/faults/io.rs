//! Errors of the disk: a scripted run in which the k-th step of the disk fails, for every k and kind, and a start afterwards.
//!
//! After a failed sync of the journal nothing may be acknowledged any more and the hub must stop by itself; while the disk is full
//! callers must hear `RESOURCE_EXHAUSTED` and `TRANSIENT`, and be served when there is room again. Whatever happened, the next start
//! holds everything that was acknowledged, both on the disk as it is and on what a power cut would leave of it.

use super::failing::{Failing, Failure, KINDS, Kind, Operation};
use super::folders::{copy_folder, private_folder};
use super::hosted::Hosted;
use super::judge::{Judge, open};
use super::report::{Finding, Report};
use super::script::{Played, Script};
use crate::chance::Chance;
use crate::recorder::{Platter, Recorder, Survival, now_ns};
use crate::site::Site;
use clap::Args;
use samverkan_hub::disk::{Disk, SystemDisk};
use samverkan_hub::store::StoreOptions;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tonic::Code;

/// So small that the script fills several.
const SEGMENT_BYTES: u32 = 64 << 10;

/// What to do.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Cases that chance chooses; without it every step fails once in every way.
    #[arg(long)]
    pub cases: Option<u64>,
    /// Operations of the script.
    #[arg(long, default_value_t = 200)]
    pub operations: usize,
    /// Repeats the choices of a run.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Plays the script in every case.
///
/// # Panics
/// When the hub does not do it without faults.
#[must_use]
pub fn run(arguments: &Arguments) -> Report {
    let Arguments { cases, operations, seed } = *arguments;
    let all = cases.map_or(String::new(), |cases| format!(" --cases {cases}"));
    let mut report = Report::begin(format!("io{all} --operations {operations} --seed {seed}"), seed);
    let chance = Chance::of_seed(seed);
    let stage = Stage::new(operations);
    let steps = stage.steps(&mut report);
    let chosen: Vec<(u64, Kind)> = match cases {
        None => (1..=steps).flat_map(|step| KINDS.map(|kind| (step, kind))).collect(),
        Some(cases) => {
            let mut chance = chance.fork("cases", 0);
            (0..cases).map(|_| (1 + chance.within(0..steps), chance.one_of(&KINDS))).collect()
        }
    };
    let threads = super::threads();
    let parts = std::thread::scope(|scope| {
        let share = |thread: usize| {
            let (chosen, chance) = (&chosen, &chance);
            scope.spawn(move || {
                let (stage, mut part) = (Stage::new(operations), Report::begin(String::new(), 0));
                for (number, (step, kind)) in chosen.iter().enumerate().skip(thread).step_by(threads) {
                    stage.case(*step, *kind, &mut chance.fork("case", number as u64), &mut part);
                }
                part
            })
        };
        let running: Vec<_> = (0..threads).map(share).collect();
        running.into_iter().map(|part| part.join().expect("a stage does not panic")).collect::<Vec<_>>()
    });
    parts.into_iter().for_each(|part| report.add(part));
    report
}

/// A hub's folder with two organisations in it, which each case begins with.
struct Stage {
    site: Site,
    template: TempDir,
    script: Script,
    operations: usize,
    runtime: Runtime,
}

impl Stage {
    fn new(operations: usize) -> Self {
        let (site, runtime) = (Site::new(), super::runtime());
        let hub = Hosted::start(&site, options(Arc::new(SystemDisk))).expect("the hub starts");
        let script = runtime.block_on(Script::new(&site));
        hub.stop().expect("a clean stop");
        let template = tempfile::tempdir().expect("a folder");
        copy_folder(&site.data_dir().join("store"), template.path());
        Self { site, template, script, operations, runtime }
    }

    /// Steps of the disk when none fails.
    fn steps(&self, report: &mut Report) -> u64 {
        let disk = Arc::new(Failing::new(Kind::Io, 0));
        self.set_up();
        let hub = Hosted::start(&self.site, options(Arc::clone(&disk) as Arc<dyn Disk>)).expect("it starts");
        let played = self.runtime.block_on(self.script.play(&self.site, self.operations));
        assert!(played.refused.is_empty(), "without faults nothing is refused: {:?}", played.refused);
        hub.stop().expect("a clean stop");
        report.count("steps", disk.steps());
        disk.steps()
    }

    fn set_up(&self) {
        let store = self.site.data_dir().join("store");
        std::fs::remove_dir_all(&store).expect("the last case's store");
        private_folder(&store);
        copy_folder(self.template.path(), &store);
    }

    fn case(&self, step: u64, kind: Kind, chance: &mut Chance, report: &mut Report) {
        report.cycles += 1;
        self.set_up();
        let disk = Arc::new(Failing::new(kind, step));
        let recorder = Recorder::over(Arc::clone(&disk) as Arc<dyn Disk>);
        let name = format!("step {step} {kind:?}");
        let (played, ended) = match Hosted::start(&self.site, options(Arc::clone(&recorder) as Arc<dyn Disk>))
        {
            Ok(hub) => {
                let played = self.runtime.block_on(self.script.play(&self.site, self.operations));
                (played, hub.stop())
            }
            Err(told) => {
                report.count("did_not_start", 1);
                (Played::default(), Err(told))
            }
        };
        let Some(failure) = disk.failure() else {
            report.count("not_reached", 1);
            return;
        };
        let case = Case { name, kind, failure, played, ended, over: disk.is_over() };
        case.judge(report);
        let end = now_ns();
        let store = self.site.data_dir().join("store");
        let left = tempfile::tempdir().expect("a folder");
        let mut platter =
            Platter::over(&store, self.template.path(), &recorder.recording()).expect("readable");
        platter.advance(end);
        let image = left.path().join("store");
        private_folder(&image);
        platter.leave(&image, Survival::choose(chance), chance).expect("the image can be written");
        self.start_again(&case, &store, "", report);
        self.start_again(&case, &image, ", power cut", report);
    }

    /// Everything that was acknowledged is there at the next start.
    fn start_again(&self, case: &Case, store: &Path, how: &str, report: &mut Report) {
        let name = format!("{} ({:?}){how}", case.name, case.failure);
        let (store, found) = match open(&self.site.data_dir(), store, options(Arc::new(SystemDisk))) {
            Ok(opened) => opened,
            Err(error) => return report.find(Finding::Refused, format!("{name}: {error}")),
        };
        if found.journal.damages + found.strange > 0 {
            report.find(Finding::Broken, format!("{name}: {found:?}"));
        }
        let ledger = &case.played.ledger;
        let judge = Judge { ledger, cut_ns: u64::MAX, name: &name, damaged: false };
        self.runtime.block_on(async {
            judge.judge(&store, report).await;
            if let Err(error) = store.close().await {
                report.find(Finding::Broken, format!("{name}: closing: {error}"));
            }
        });
    }
}

fn options(disk: Arc<dyn Disk>) -> StoreOptions {
    StoreOptions { disk, segment_bytes: SEGMENT_BYTES, ..StoreOptions::default() }
}

/// What happened in one case.
struct Case {
    name: String,
    kind: Kind,
    failure: Failure,
    played: Played,
    ended: Result<(), String>,
    /// The fault had passed when the script ended.
    over: bool,
}

impl Case {
    fn judge(&self, report: &mut Report) {
        let Self { name, failure, ended, played, .. } = self;
        report.count("refusals_heard", played.refused.len() as u64);
        report.count("stopped_by_itself", u64::from(ended.is_err()));
        let about_journal = failure.path.iter().any(|part| part == "segments");
        let sync = matches!(failure.operation, Operation::Sync | Operation::SyncFolder);
        let late = played.done.iter().filter(|done| **done > failure.at_ns).count();
        if sync && about_journal {
            report.count("failed_journal_syncs", 1);
            if late > 0 {
                let words = format!("{name}: {late} successes after {failure:?}");
                report.find(Finding::Broken, words);
            }
            if ended.is_ok() && !played.done.is_empty() {
                report.find(Finding::Broken, format!("{name}: the hub went on after {failure:?}"));
            }
        }
        if let Err(told) = ended
            && told.is_empty()
        {
            report.find(Finding::Broken, format!("{name}: the hub stopped and does not say why"));
        }
        if self.kind == Kind::NoSpace && !sync && !played.refused.is_empty() {
            self.judge_full(late, report);
        }
    }

    fn judge_full(&self, late: usize, report: &mut Report) {
        let Self { name, failure, ended, played, over, .. } = self;
        for refused in &played.refused {
            if refused.code != Code::ResourceExhausted || refused.class != "TRANSIENT" {
                report.find(Finding::Broken, format!("{name}: {failure:?}: {refused:?}"));
            }
        }
        report.count("full_and_resumed", u64::from(ended.is_ok() && late > 0));
        if *over && ended.is_err() {
            report.find(Finding::Broken, format!("{name}: {failure:?} ended it: {ended:?}"));
        }
    }
}
