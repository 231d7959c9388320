//! The copy of the log on disk: every leaf with its record, and the signed checkpoint that covers them.
//!
//! ```text
//! log        = leaves × { u32 length | leaf | u32 length | record }       only appended to
//! checkpoint = the newest signed checkpoint that was verified
//! views      = when the hub called which size its newest
//! evidence.json = what proves that the hub showed another log than this one; there only if it did
//! ```
//!
//! What stands in `log` beyond the checkpoint was never verified; it is cut off before more is appended.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use bytes::Bytes;
use samverkan_proto::limits::MAX_LOG_RECORD;

use super::evidence::LogEvidence;
use super::views::{MAX_VIEWS_BYTES, Views};
use crate::files::{self, FileError};

/// The largest log that is read: a country for some decades.
const MAX_LOG_BYTES: u64 = 4 << 30;
const MAX_CHECKPOINT: u64 = 4 << 10;
/// The longest leaf data of PROTOCOL.md section 13.
const MAX_LEAF: usize = 1 + 16 + 16 + 32;

/// One leaf with its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) leaf: Bytes,
    pub(super) record: Bytes,
}

impl Entry {
    /// An entry whose parts are not longer than any can be.
    pub(super) fn new(leaf: Bytes, record: Bytes) -> Option<Self> {
        (leaf.len() <= MAX_LEAF && record.len() <= MAX_LOG_RECORD).then_some(Self { leaf, record })
    }

    fn len(&self) -> u64 {
        (8 + self.leaf.len() + self.record.len()) as u64
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for part in [&self.leaf, &self.record] {
            let length = u32::try_from(part.len()).map_err(|_| io::ErrorKind::InvalidData)?;
            out.write_all(&length.to_be_bytes())?;
            out.write_all(part)?;
        }
        Ok(())
    }
}

/// The folder that holds the copy.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    folder: PathBuf,
}

impl Copy {
    pub(super) const fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The checkpoint; `None` before the first synchronisation.
    pub(super) fn checkpoint(&self) -> Result<Option<Bytes>, FileError> {
        let path = self.path("checkpoint");
        match files::read_private(&path, MAX_CHECKPOINT) {
            Ok(note) => Ok(Some(note.into())),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first `count` entries; fewer if the file is damaged or shorter.
    pub(super) fn entries(&self, count: u64) -> Result<Vec<Entry>, FileError> {
        let bytes = match files::read_private(&self.path("log"), MAX_LOG_BYTES) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.is_missing() => Bytes::new(),
            Err(error) => return Err(error),
        };
        Ok(entries_in(bytes, count))
    }

    /// Appends after `kept` entries (whose bytes are `kept_bytes` long), then puts the checkpoint that covers all.
    /// After a crash in between, the old checkpoint still covers a beginning of the file.
    pub(super) fn append(&self, kept_bytes: u64, new: &[Entry], checkpoint: &[u8]) -> Result<(), FileError> {
        let path = self.path("log");
        if !path.exists() {
            files::create_private(&path, &[])?;
        }
        let mut file = files::open_private_to_write(&path)?;
        append_to(&mut file, kept_bytes, new).map_err(|error| FileError::from_io(&path, error))?;
        files::replace_private(&self.path("checkpoint"), checkpoint)
    }

    /// When the hub called which size its newest; nothing if that can not be read.
    pub(super) fn views(&self) -> Views {
        let bytes = files::read_private(&self.path("views"), MAX_VIEWS_BYTES);
        bytes.map(|bytes| Views::decode(&bytes.into())).unwrap_or_default()
    }

    /// Keeps that.
    pub(super) fn keep_views(&self, views: &Views) -> Result<(), FileError> {
        files::replace_private(&self.path("views"), &views.encode())
    }

    /// Keeps what proves that the log is forked. The first finding stays: what comes after it is not believed anyway.
    pub(super) fn keep_evidence(&self, evidence: &LogEvidence) -> Result<(), FileError> {
        if self.has_evidence() {
            return Ok(());
        }
        files::replace_private(&self.evidence(), &evidence.to_json())
    }

    /// Where evidence of a forked log is kept.
    pub(super) fn evidence(&self) -> PathBuf {
        self.path("evidence.json")
    }

    /// Whether there is some.
    pub(super) fn has_evidence(&self) -> bool {
        self.evidence().exists()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The first `count` entries of the file's bytes; fewer if they are damaged or end before.
pub(super) fn entries_in(bytes: Bytes, count: u64) -> Vec<Entry> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    while (entries.len() as u64) < count {
        let Some(entry) = take_part(&mut rest)
            .and_then(|leaf| Some((leaf, take_part(&mut rest)?)))
            .and_then(|(leaf, record)| Entry::new(leaf, record))
        else {
            break;
        };
        entries.push(entry);
    }
    entries
}

/// How many bytes entries take in the file.
pub(super) fn bytes_of(entries: &[Entry]) -> u64 {
    entries.iter().map(Entry::len).sum()
}

fn append_to(file: &mut File, kept_bytes: u64, new: &[Entry]) -> io::Result<()> {
    file.set_len(kept_bytes)?;
    file.seek(io::SeekFrom::Start(kept_bytes))?;
    let mut out = io::BufWriter::new(&*file);
    new.iter().try_for_each(|entry| entry.write(&mut out))?;
    out.flush()?;
    drop(out);
    file.sync_all()
}

fn take_part(rest: &mut Bytes) -> Option<Bytes> {
    let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
    if rest.len() - 4 < length {
        return None;
    }
    let part = rest.slice(4..4 + length);
    *rest = rest.slice(4 + length..);
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(byte: u8) -> Entry {
        Entry::new(Bytes::from(vec![byte; 33]), Bytes::from(vec![byte; usize::from(byte)])).expect("short")
    }

    fn copy_in(dir: &std::path::Path) -> Copy {
        Copy::in_folder(dir.to_owned())
    }

    #[test]
    fn what_lies_beyond_the_kept_part_is_cut_off() {
        let dir = tempfile::tempdir().expect("tempdir");
        let copy = copy_in(dir.path());
        assert_eq!(copy.checkpoint().expect("none"), None);
        let first = [entry(1), entry(2)];
        copy.append(0, &first, b"two").expect("appended");
        copy.append(bytes_of(&first), &[entry(3)], b"three").expect("appended");
        copy.append(bytes_of(&first), &[entry(4), entry(5)], b"four").expect("appended");
        assert_eq!(copy.entries(9).expect("read"), [entry(1), entry(2), entry(4), entry(5)]);
        assert_eq!(copy.checkpoint().expect("read").as_deref(), Some(&b"four"[..]));
    }

    #[test]
    fn a_torn_end_gives_the_entries_before_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let copy = copy_in(dir.path());
        copy.append(0, &[entry(1), entry(2)], b"two").expect("appended");
        let whole = std::fs::read(dir.path().join("log")).expect("read");
        for length in 0..whole.len() {
            files::replace_private(&dir.path().join("log"), &whole[..length]).expect("written");
            let entries = copy.entries(2).expect("read");
            assert_eq!(entries.as_slice(), &[entry(1), entry(2)][..entries.len()]);
            assert!(entries.len() < 2);
        }
    }

    #[test]
    fn absurd_lengths_are_refused() {
        assert!(Entry::new(Bytes::from(vec![0; MAX_LEAF + 1]), Bytes::new()).is_none());
        assert!(Entry::new(Bytes::new(), Bytes::from(vec![0; MAX_LOG_RECORD + 1])).is_none());
        let mut wild = Bytes::from_static(&[0xff; 12]);
        assert_eq!(take_part(&mut wild), None);
    }
}
