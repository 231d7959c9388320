//! The steps of a recording, and how they stand in a file: one after the other, every number a big-endian `u64`.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of a recording, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

/// What is changed, or made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A folder is made.
    CreateFolder {
        /// Its path.
        path: PathBuf,
    },
    /// An empty file is made.
    Create {
        /// Its path.
        path: PathBuf,
        /// What it is called from now on.
        file: FileId,
    },
    /// A file is opened for writing that was there before the recorder.
    Meet {
        /// Its path.
        path: PathBuf,
        /// What it is called from now on.
        file: FileId,
    },
    /// Bytes are written.
    Write {
        /// Into which file.
        file: FileId,
        /// Where they begin.
        offset: u64,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// A file gets another length.
    Truncate {
        /// Which file.
        file: FileId,
        /// Its length, in bytes.
        len: u64,
    },
    /// A file's bytes are made durable.
    Sync {
        /// Which file.
        file: FileId,
        /// Whether that was true.
        barrier: bool,
    },
    /// A folder's names are made durable.
    SyncFolder {
        /// Its path.
        path: PathBuf,
        /// Whether that was true.
        barrier: bool,
    },
    /// A file gets another name.
    Rename {
        /// The old one.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// A name is removed.
    Remove {
        /// The name.
        path: PathBuf,
    },
}

/// One change, with its times on [`now_ns`](super::now_ns)'s clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it was asked for.
    pub begun_ns: u64,
    /// When it was answered.
    pub ended_ns: u64,
    /// Whether it succeeded.
    pub done: bool,
    /// What it was.
    pub change: Change,
}

/// All steps, ascending by the time at which they began.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    steps: Vec<Step>,
}

impl Recording {
    /// Puts steps in order.
    #[must_use]
    pub fn new(mut steps: Vec<Step>) -> Self {
        steps.sort_by_key(|step| step.begun_ns);
        Self { steps }
    }

    /// Reads a file that a recorder has written, or is writing: a step that is only half there is left out.
    ///
    /// # Errors
    /// The file system's; `InvalidData` when the file is something else.
    pub fn load(path: &Path) -> io::Result<Self> {
        let bytes = std::fs::read(path)?;
        let (mut rest, mut steps) = (bytes.as_slice(), Vec::new());
        while let Some((len, behind)) = rest.split_first_chunk() {
            let len = usize::try_from(u64::from_be_bytes(*len)).unwrap_or(usize::MAX);
            let Some(step) = behind.get(..len) else { break };
            steps.push(decode(step).ok_or(io::ErrorKind::InvalidData)?);
            rest = &behind[len..];
        }
        Ok(Self::new(steps))
    }

    /// The steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// Where steps go.
#[derive(Debug)]
pub(super) enum Sink {
    Memory(Vec<Step>),
    File(File),
}

impl Sink {
    pub(super) fn keep(&mut self, step: Step) -> io::Result<()> {
        match self {
            Self::Memory(steps) => {
                steps.push(step);
                Ok(())
            }
            Self::File(file) => file.write_all(&encode(&step)),
        }
    }
}

fn encode(step: &Step) -> Vec<u8> {
    let (kind, numbers, texts): (u64, [u64; 2], [&[u8]; 2]) = match &step.change {
        Change::CreateFolder { path } => (0, [0; 2], [path.as_os_str().as_bytes(), b""]),
        Change::Create { path, file } => (1, [file.0, 0], [path.as_os_str().as_bytes(), b""]),
        Change::Write { file, offset, bytes } => (2, [file.0, *offset], [bytes, b""]),
        Change::Truncate { file, len } => (3, [file.0, *len], [b""; 2]),
        Change::Sync { file, barrier } => (4, [file.0, u64::from(*barrier)], [b""; 2]),
        Change::SyncFolder { path, barrier } => {
            (5, [0, u64::from(*barrier)], [path.as_os_str().as_bytes(), b""])
        }
        Change::Rename { from, to } => (6, [0; 2], [from.as_os_str().as_bytes(), to.as_os_str().as_bytes()]),
        Change::Remove { path } => (7, [0; 2], [path.as_os_str().as_bytes(), b""]),
        Change::Meet { path, file } => (8, [file.0, 0], [path.as_os_str().as_bytes(), b""]),
    };
    let numbers = [step.begun_ns, step.ended_ns, u64::from(step.done), kind, numbers[0], numbers[1]];
    let lengths = [texts[0].len() as u64];
    let len = (numbers.len() + lengths.len()) * 8 + texts[0].len() + texts[1].len();
    let mut bytes = (len as u64).to_be_bytes().to_vec();
    numbers.iter().chain(&lengths).for_each(|number| bytes.extend_from_slice(&number.to_be_bytes()));
    texts.iter().for_each(|text| bytes.extend_from_slice(text));
    bytes
}

fn decode(bytes: &[u8]) -> Option<Step> {
    let (numbers, texts) = bytes.split_first_chunk::<{ 7 * 8 }>()?;
    let number = |at: usize| numbers[at * 8..].first_chunk().map_or(0, |number| u64::from_be_bytes(*number));
    let (begun_ns, ended_ns, done, kind) = (number(0), number(1), number(2) == 1, number(3));
    let (first, second) = (number(4), number(5));
    let (text, other) = texts.split_at_checked(usize::try_from(number(6)).ok()?)?;
    let path = |text: &[u8]| PathBuf::from(OsString::from_vec(text.to_vec()));
    let (file, barrier) = (FileId(first), second == 1);
    let change = match kind {
        0 => Change::CreateFolder { path: path(text) },
        1 => Change::Create { path: path(text), file },
        2 => Change::Write { file, offset: second, bytes: text.into() },
        3 => Change::Truncate { file, len: second },
        4 => Change::Sync { file, barrier },
        5 => Change::SyncFolder { path: path(text), barrier },
        6 => Change::Rename { from: path(text), to: path(other) },
        7 => Change::Remove { path: path(text) },
        8 => Change::Meet { path: path(text), file },
        _ => return None,
    };
    Some(Step { begun_ns, ended_ns, done, change })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_step_reads_back_and_a_half_one_is_left_out() {
        let (path, file) = (PathBuf::from("a/b"), FileId(7));
        let changes = [
            Change::CreateFolder { path: path.clone() },
            Change::Create { path: path.clone(), file },
            Change::Write { file, offset: 9, bytes: b"bytes".as_slice().into() },
            Change::Truncate { file, len: 3 },
            Change::Sync { file, barrier: true },
            Change::SyncFolder { path: path.clone(), barrier: false },
            Change::Rename { from: path.clone(), to: "c".into() },
            Change::Remove { path: path.clone() },
            Change::Meet { path, file },
        ];
        let steps: Vec<_> = (0..)
            .zip(changes)
            .map(|(at, change)| Step { begun_ns: at, ended_ns: at + 1, done: at % 2 == 0, change })
            .collect();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record");
        let mut sink = Sink::File(File::create(&path).expect("a file"));
        steps.iter().for_each(|step| sink.keep(step.clone()).expect("it is kept"));
        assert_eq!(Recording::load(&path).expect("a recording").steps(), steps);
        let whole = std::fs::read(&path).expect("the file");
        std::fs::write(&path, &whole[..whole.len() - 1]).expect("it is cut");
        assert_eq!(Recording::load(&path).expect("a recording").steps(), &steps[..steps.len() - 1]);
        std::fs::write(&path, [&0_u64.to_be_bytes(), whole.as_slice()].concat()).expect("it is spoilt");
        assert!(Recording::load(&path).is_err());
    }
}
