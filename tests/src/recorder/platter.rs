//! What a power cut leaves.
//!
//! The model is what POSIX promises and ext4 keeps, with everything that neither promises decided by chance:
//!
//! * A write or a new length is durable when a sync of the file has ended that began after it had ended. Before that, each 4 KiB page
//!   of it has reached the disk or not, by itself; now and then only some 512-byte sectors of a page have. A file's length may have
//!   grown where its bytes did not arrive: these read as zeros.
//! * A name (made, renamed, removed) is durable when a sync of its folder has ended that began after it. Before that, each has
//!   reached the disk or not, by itself. A rename never loses the file: where the old name is gone, the new one is there.
//! * The bytes of a file that was synced are lost all the same when no name on the way to it is durable.
//! * A step that had begun and not ended when the power went is like one that had ended and was not synced. One that failed
//!   may have been done in part if it is a write, and has not been done otherwise.
//! * A sync that failed covers nothing, and no later sync covers what was written before it: the kernel has marked those pages clean.
//! * A sync that was switched off covers nothing.

use super::log::{Change, FileId, Recording, Step};
use crate::chance::Chance;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// How much of what was not synced survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing: the worst for what was acknowledged.
    Nothing,
    /// Everything: what a killed process leaves.
    Everything,
    /// Each piece with this chance, in percent.
    Some(u64),
}

impl Survival {
    /// One of them, by chance.
    pub fn choose(chance: &mut Chance) -> Self {
        match chance.within(0..8) {
            0 => Self::Nothing,
            1 => Self::Everything,
            _ => Self::Some(chance.one_of(&[5, 30, 50, 70, 95])),
        }
    }

    fn keeps(self, chance: &mut Chance) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(percent) => chance.percent(percent),
        }
    }
}

/// The disk at a moment of a recording.
#[derive(Debug)]
pub struct Platter {
    root: PathBuf,
    /// Steps that have not begun yet, the next one first.
    ahead: std::vec::IntoIter<Step>,
    /// Steps that had begun and not ended at the moment that was last looked at.
    under_way: Vec<Step>,
    files: BTreeMap<FileId, Content>,
    names: Names,
    /// What the recorder calls files that were there before it.
    met: BTreeMap<FileId, FileId>,
}

/// What may stand behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Folder,
    File(FileId),
}

#[derive(Clone, Debug, Default)]
struct Content {
    durable: Vec<u8>,
    pending: Vec<(u64, Edit)>,
}

#[derive(Clone, Debug)]
enum Edit {
    Write { offset: usize, bytes: Arc<[u8]> },
    Truncate { len: usize },
}

/// A change of names, with the time at which it ended.
#[derive(Clone, Debug)]
struct Naming {
    ended_ns: u64,
    put: Option<(PathBuf, Node)>,
    removed: Option<PathBuf>,
}

#[derive(Clone, Debug, Default)]
struct Names {
    durable: BTreeMap<PathBuf, Node>,
    pending: Vec<Naming>,
    /// Every name as it is without a power cut, to know what a rename is about.
    current: BTreeMap<PathBuf, Node>,
}

impl Platter {
    /// The disk before the recording, with an empty folder `root` that lasts. Paths outside it are not looked at.
    #[must_use]
    pub fn new(root: &Path, recording: &Recording) -> Self {
        Self {
            root: root.to_owned(),
            ahead: recording.steps().to_vec().into_iter(),
            under_way: Vec::new(),
            files: BTreeMap::new(),
            names: Names::default(),
            met: BTreeMap::new(),
        }
    }

    /// The same where `root` held what now lies in `base`, all of it durable.
    ///
    /// # Errors
    /// The file system's.
    pub fn over(root: &Path, base: &Path, recording: &Recording) -> io::Result<Self> {
        let mut platter = Self::new(root, recording);
        platter.load(root, base)?;
        platter.names.current = platter.names.durable.clone();
        Ok(platter)
    }

    fn load(&mut self, root: &Path, base: &Path) -> io::Result<()> {
        for entry in std::fs::read_dir(base)? {
            let entry = entry?;
            let (path, place) = (root.join(entry.file_name()), entry.path());
            let node = if place.is_dir() {
                self.load(&path, &place)?;
                Node::Folder
            } else {
                // From the top, where no recorder counts to.
                let file = FileId(u64::MAX - self.files.len() as u64);
                self.files.insert(file, Content { durable: std::fs::read(&place)?, pending: Vec::new() });
                Node::File(file)
            };
            self.names.durable.insert(path, node);
        }
        Ok(())
    }

    /// Goes on to a moment, which must not be before the one it stands at.
    pub fn advance(&mut self, to_ns: u64) {
        while self.ahead.as_slice().first().is_some_and(|step| step.begun_ns <= to_ns) {
            self.under_way.extend(self.ahead.next());
        }
        let (mut ended, under_way): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.under_way).into_iter().partition(|step| step.ended_ns <= to_ns);
        self.under_way = under_way;
        ended.sort_by_key(|step| step.ended_ns);
        ended.into_iter().for_each(|step| self.take(&step));
    }

    /// Writes into the empty folder `target` what the power cut leaves.
    ///
    /// # Errors
    /// The file system's.
    pub fn leave(&self, target: &Path, survival: Survival, chance: &mut Chance) -> io::Result<()> {
        let mut cut = Self {
            files: self.files.clone(),
            names: self.names.clone(),
            ..Self::new(&self.root, &Recording::default())
        };
        self.under_way.iter().for_each(|step| cut.take_interrupted(step));
        let names = cut.names.survive(survival, chance);
        for (path, node) in &names {
            let Ok(inside) = path.strip_prefix(&self.root) else { continue };
            let lost = inside.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
            if lost.into_iter().any(|above| names.get(&self.root.join(above)) != Some(&Node::Folder)) {
                continue;
            }
            let place = target.join(inside);
            match node {
                Node::Folder => DirBuilder::new().mode(0o700).create(place)?,
                Node::File(file) => {
                    let bytes = cut.files.get(file).map(|content| content.survive(survival, chance));
                    private(&place)?.write_all(&bytes.unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }

    /// A step that had ended.
    fn take(&mut self, step: &Step) {
        match &step.change {
            Change::Sync { file, .. } if !step.done => self.doom(*file),
            Change::Write { .. } => self.change(step),
            _ if !step.done => {}
            Change::Sync { file, barrier: true } => self.sync(*file, step.begun_ns),
            Change::SyncFolder { path, barrier: true } => self.names.sync(path, step.begun_ns),
            Change::Sync { .. } | Change::SyncFolder { .. } => {}
            _ => self.change(step),
        }
    }

    /// A step in which the power went: a sync is worth nothing, and the rest may be there or not.
    fn take_interrupted(&mut self, step: &Step) {
        if !matches!(step.change, Change::Sync { .. } | Change::SyncFolder { .. }) {
            self.change(step);
        }
    }

    fn change(&mut self, step: &Step) {
        let at = step.ended_ns;
        match &step.change {
            Change::CreateFolder { path } => self.names.put(at, path, Node::Folder, None),
            Change::Create { path, file } => {
                self.files.insert(*file, Content::default());
                self.names.put(at, path, Node::File(*file), None);
            }
            Change::Meet { path, file } => {
                if let Some(Node::File(known)) = self.names.current.get(path) {
                    self.met.insert(*file, *known);
                }
            }
            Change::Rename { from, to } => {
                if let Some(node) = self.names.current.get(from).copied() {
                    self.names.put(at, to, node, Some(from));
                }
            }
            Change::Remove { path } => {
                self.names.current.remove(path);
                self.names.pending.push(Naming { ended_ns: at, put: None, removed: Some(path.clone()) });
            }
            Change::Write { file, offset, bytes } => {
                let offset = usize::try_from(*offset).expect("files of a rig are small");
                self.edit(*file, at, Edit::Write { offset, bytes: Arc::clone(bytes) });
            }
            Change::Truncate { file, len } => {
                let len = usize::try_from(*len).expect("files of a rig are small");
                self.edit(*file, at, Edit::Truncate { len });
            }
            Change::Sync { .. } | Change::SyncFolder { .. } => {}
        }
    }

    fn edit(&mut self, file: FileId, at: u64, edit: Edit) {
        let file = *self.met.get(&file).unwrap_or(&file);
        self.files.entry(file).or_default().pending.push((at, edit));
    }

    fn sync(&mut self, file: FileId, begun_ns: u64) {
        let file = *self.met.get(&file).unwrap_or(&file);
        let Some(content) = self.files.get_mut(&file) else { return };
        let pending = std::mem::take(&mut content.pending);
        let (covered, left): (Vec<_>, Vec<_>) = pending.into_iter().partition(|(at, _)| *at <= begun_ns);
        covered.iter().for_each(|(_, edit)| edit.apply(&mut content.durable));
        content.pending = left;
    }

    fn doom(&mut self, file: FileId) {
        let file = *self.met.get(&file).unwrap_or(&file);
        if let Some(content) = self.files.get_mut(&file) {
            content.pending.iter_mut().for_each(|(at, _)| *at = u64::MAX);
        }
    }
}

impl Names {
    fn put(&mut self, ended_ns: u64, path: &Path, node: Node, removed: Option<&Path>) {
        self.current.insert(path.to_owned(), node);
        if let Some(removed) = removed {
            self.current.remove(removed);
        }
        self.pending.push(Naming {
            ended_ns,
            put: Some((path.to_owned(), node)),
            removed: removed.map(Path::to_owned),
        });
    }

    /// Everything about names in `folder` that had ended before is durable.
    fn sync(&mut self, folder: &Path, begun_ns: u64) {
        let within = |path: &Path| path.parent() == Some(folder);
        for naming in self.pending.iter_mut().filter(|naming| naming.ended_ns <= begun_ns) {
            if let Some((path, node)) = naming.put.take_if(|(path, _)| within(path)) {
                self.durable.insert(path, node);
            }
            // The old name of a rename does not go before the new one is there.
            if naming.put.is_none()
                && let Some(path) = naming.removed.take_if(|path| within(path))
            {
                self.durable.remove(&path);
            }
        }
        self.pending.retain(|naming| naming.put.is_some() || naming.removed.is_some());
    }

    fn survive(&self, survival: Survival, chance: &mut Chance) -> BTreeMap<PathBuf, Node> {
        let mut names = self.durable.clone();
        for naming in &self.pending {
            if !survival.keeps(chance) {
                continue;
            }
            if let Some((path, node)) = &naming.put {
                names.insert(path.clone(), *node);
            }
            if let Some(path) = &naming.removed {
                names.remove(path);
            }
        }
        names
    }
}

impl Content {
    fn survive(&self, survival: Survival, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let mut longest = bytes.len();
        for (_, edit) in &self.pending {
            match edit {
                Edit::Truncate { len } if survival.keeps(chance) => {
                    edit.apply(&mut bytes);
                    longest = *len;
                }
                Edit::Truncate { .. } => {}
                Edit::Write { offset, bytes: written } => {
                    longest = longest.max(offset + written.len());
                    tear(&mut bytes, *offset, written, survival, chance);
                }
            }
        }
        // The length can arrive without the bytes.
        if bytes.len() < longest && survival.keeps(chance) {
            bytes.resize(longest, 0);
        }
        bytes
    }
}

impl Edit {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(content, *offset, bytes),
            Self::Truncate { len } => content.resize(*len, 0),
        }
    }
}

/// Writes those pages of `written` that survive.
fn tear(content: &mut Vec<u8>, offset: usize, written: &[u8], survival: Survival, chance: &mut Chance) {
    let mut at = 0;
    while at < written.len() {
        let page = (PAGE - (offset + at) % PAGE).min(written.len() - at);
        if survival.keeps(chance) {
            // One page in sixteen arrives in part.
            let torn = matches!(survival, Survival::Some(_)) && chance.within(0..16) == 0;
            let sectors =
                if torn { chance.within(0..(PAGE / SECTOR) as u64) as usize } else { PAGE / SECTOR };
            put(content, offset + at, &written[at..at + page.min(sectors * SECTOR)]);
        }
        at += page;
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
