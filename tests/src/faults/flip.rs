//! Damage: a populated store with one file spoilt, opened again. What is served must be right, what is missing must be told, and the
//! rest must be served.

use super::folders::{all_files, copy_folder, private_folder};
use super::hosted::Hosted;
use super::judge::{Judge, open};
use super::ledger::Ledger;
use super::load::Load;
use super::report::{Finding, Report};
use crate::chance::Chance;
use crate::site::Site;
use clap::Args;
use samverkan_hub::store::{IndexFate, OpenReport, Store, StoreOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Organisations that have filled the store.
const PARTIES: usize = 3;
/// Messages that each of them has sent.
const MESSAGES: usize = 60;
/// Small, so that a store has many segments.
const SEGMENT_BYTES: u32 = 128 << 10;

/// What to do.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Damaged stores to open.
    #[arg(long, default_value_t = 2000)]
    pub images: u64,
    /// Repeats the choices of a run.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Opens so many damaged stores.
///
/// # Panics
/// When the store can not be filled.
#[must_use]
pub fn run(arguments: &Arguments) -> Report {
    let Arguments { images, seed } = *arguments;
    let mut report = Report::begin(format!("flip --images {images} --seed {seed}"), seed);
    let chance = Chance::of_seed(seed);
    let filled = Filled::new(&chance);
    let threads = super::threads() as u64;
    let parts = std::thread::scope(|scope| {
        let share = |thread: u64| {
            let (filled, chance) = (&filled, &chance);
            scope.spawn(move || {
                let (runtime, mut part) = (super::runtime(), Report::begin(String::new(), 0));
                for image in (thread..images).step_by(threads as usize) {
                    filled.spoil_and_open(image, &mut chance.fork("image", image), &runtime, &mut part);
                }
                part
            })
        };
        let running: Vec<_> = (0..threads).map(share).collect();
        running.into_iter().map(|part| part.join().expect("a judge does not panic")).collect::<Vec<_>>()
    });
    parts.into_iter().for_each(|part| report.add(part));
    report
}

/// A store that was closed cleanly.
struct Filled {
    site: Site,
    ledger: Ledger,
}

impl Filled {
    fn new(chance: &Chance) -> Self {
        let (site, runtime) = (Site::new(), super::runtime());
        let options = StoreOptions { segment_bytes: SEGMENT_BYTES, ..StoreOptions::default() };
        let hub = Hosted::start(&site, options).expect("the hub starts");
        let load = runtime.block_on(Load::join(&site, PARTIES));
        runtime.block_on(load.run(&site, MESSAGES, chance));
        hub.stop().expect("a clean stop");
        let ledger = std::mem::take(&mut *load.ledger());
        Self { site, ledger }
    }

    fn spoil_and_open(&self, image: u64, chance: &mut Chance, runtime: &Runtime, report: &mut Report) {
        report.cycles += 1;
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("store");
        private_folder(&folder);
        copy_folder(&self.site.data_dir().join("store"), &folder);
        // After an unclean stop everything is read; after a clean one, only what is asked for.
        let unclean = chance.percent(50);
        if unclean {
            std::fs::remove_file(folder.join("clean")).expect("the mark of the clean stop");
        }
        let spoilt = Spoilt::choose(&folder, chance);
        let name = format!("image {image}, {}{spoilt}", if unclean { "unclean, " } else { "" });
        report.count(spoilt.counted_as(), 1);
        let options = StoreOptions { segment_bytes: SEGMENT_BYTES, ..StoreOptions::default() };
        match open(&self.site.data_dir(), &folder, options) {
            Ok((store, found)) => runtime.block_on(self.look(&store, &found, &name, report)),
            Err(error) if spoilt.may_refuse(&error) => report.count("refused_and_said_why", 1),
            Err(error) => report.find(Finding::Refused, format!("{name}: {error}")),
        }
    }

    async fn look(&self, store: &Store, found: &OpenReport, name: &str, report: &mut Report) {
        let mut part = Report::begin(String::new(), 0);
        let judge = Judge { ledger: &self.ledger, cut_ns: u64::MAX, name, damaged: true };
        judge.judge(store, &mut part).await;
        let met = store.stats().map_or(1, |stats| stats.damaged);
        let told = met > 0 || found.journal.torn_tail.is_some() || found.strange > 0;
        if part.figure("missing_and_told") > 0 && !told {
            part.find(Finding::Silent, format!("{name}: something is missing and nothing says so"));
        }
        part.count("damage_told", u64::from(told));
        part.count("index_rebuilt", u64::from(matches!(found.index, IndexFate::Rebuilt(_))));
        if let Err(error) = store.close().await {
            part.find(Finding::Broken, format!("{name}: closing: {error}"));
        }
        report.add(part);
    }
}

/// What was done to which file.
#[derive(Debug)]
struct Spoilt {
    file: PathBuf,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// So many bits were flipped.
    Flipped(u64),
    /// The file was cut to so many bytes.
    Cut(u64),
    /// So manieth page of 4 KiB is zeros.
    Zeroed(u64),
    /// So manieth page of 4 KiB is random.
    Garbled(u64),
}

const PAGE: u64 = 4096;

impl Spoilt {
    /// Spoils one file, each kind of file as often as any other.
    fn choose(store: &Path, chance: &mut Chance) -> Self {
        let all = all_files(store);
        let kinds = ["segments", "index", "blobs", "uploads", ""];
        let file = loop {
            let kind = chance.one_of(&kinds);
            let of_kind: Vec<_> = all.iter().filter(|path| kind_of(store, path) == kind).collect();
            if !of_kind.is_empty() {
                break of_kind[chance.within(0..of_kind.len() as u64) as usize];
            }
        };
        let how = spoil(file, chance);
        Self { file: file.strip_prefix(store).expect("it lies in the store").to_owned(), how }
    }

    fn counted_as(&self) -> &'static str {
        match self.how {
            How::Flipped(_) => "bits_flipped",
            How::Cut(_) => "files_cut",
            How::Zeroed(_) => "pages_zeroed",
            How::Garbled(_) => "pages_garbled",
        }
    }

    /// Without its version, or with an entry of the log damaged, a hub must not go on: it says so, and what to do.
    fn may_refuse(&self, error: &str) -> bool {
        let version = self.file.as_os_str() == "VERSION" && error.contains("VERSION")
            || self.file.as_os_str() == "VERSION" && error.contains("format");
        version || self.file.starts_with("segments") && error.contains("of the log is")
    }
}

impl std::fmt::Display for Spoilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.display();
        match self.how {
            How::Flipped(bits) => write!(f, "{file}: {bits} bits flipped"),
            How::Cut(to) => write!(f, "{file}: cut to {to} bytes"),
            How::Zeroed(page) => write!(f, "{file}: page {page} is zeros"),
            How::Garbled(page) => write!(f, "{file}: page {page} is garbage"),
        }
    }
}

/// The name of the folder in the store; empty for a file beside the folders.
fn kind_of(store: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(store).expect("it lies in the store");
    let mut parts = inside.iter();
    let first = parts.next().unwrap_or_default().to_string_lossy().into_owned();
    parts.next().map_or_else(String::new, |_| first)
}

fn spoil(path: &Path, chance: &mut Chance) -> How {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let len = file.metadata().expect("a length").len();
    if len == 0 {
        file.write_all_at(&[0], 0).expect("written");
        return How::Garbled(0);
    }
    let page = chance.within(0..len.div_ceil(PAGE));
    let rest = (len - page * PAGE).min(PAGE) as usize;
    match chance.within(0..5) {
        0 | 1 => {
            let bits = chance.one_of(&[1, 1, 2, 16]);
            for _ in 0..bits {
                let (at, mut byte) = (chance.within(0..len), [0]);
                file.read_exact_at(&mut byte, at).expect("a byte");
                byte[0] ^= 1 << chance.within(0..8);
                file.write_all_at(&byte, at).expect("written");
            }
            How::Flipped(bits)
        }
        2 => {
            let to = chance.within(0..len);
            file.set_len(to).expect("cut");
            How::Cut(to)
        }
        3 => {
            file.write_all_at(&vec![0; rest], page * PAGE).expect("written");
            How::Zeroed(page)
        }
        _ => {
            file.write_all_at(&chance.bytes(rest), page * PAGE).expect("written");
            How::Garbled(page)
        }
    }
}
