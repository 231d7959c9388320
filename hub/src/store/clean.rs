//! The mark of a clean stop.
//!
//! It says exactly what the next start may believe without reading the journal: the journal's account, and the
//! index's files with their digests. It is written last, synced, and removed before anything is served, so that it
//! can not speak of a state that has passed. Without it the journal is read and the index built again.
//!
//! ```text
//! "SvkClean" | u32 layout | u32 n × { u16 len, name | u64 file_len | sha256[32] } | journal account | sha256[32]
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ring::digest;

use super::codec::Take;
use super::index::overflow_folder;
use super::journal::CleanJournal;
use crate::disk::{self, Disk};

const NAME: &str = "clean";
const MAGIC: [u8; 8] = *b"SvkClean";
/// A mark longer than this is not believed: it would speak of far more than fits on any disk.
const LEN_MAX: u64 = 1 << 32;

/// What a clean stop left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clean {
    pub(super) layout: u32,
    pub(super) files: Vec<IndexFile>,
    pub(super) journal: CleanJournal,
}

/// One file of the index, as the clean stop left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexFile {
    name: String,
    len: u64,
    digest: [u8; 32],
}

impl Clean {
    /// Writes the mark, durably.
    pub(super) fn store(&self, disk: &dyn Disk, folder: &Path) -> io::Result<()> {
        disk::replace(disk, folder, NAME, &self.encode())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&self.layout.to_be_bytes());
        bytes.extend_from_slice(&(self.files.len() as u32).to_be_bytes());
        for file in &self.files {
            bytes.extend_from_slice(&(file.name.len() as u16).to_be_bytes());
            bytes.extend_from_slice(file.name.as_bytes());
            bytes.extend_from_slice(&file.len.to_be_bytes());
            bytes.extend_from_slice(&file.digest);
        }
        self.journal.encode(&mut bytes);
        let sum = digest::digest(&digest::SHA256, &bytes);
        bytes.extend_from_slice(sum.as_ref());
        bytes
    }

    /// Reads the mark and removes it, durably; `None` when there is none that can be believed.
    pub(super) fn take(disk: &dyn Disk, folder: &Path) -> io::Result<Option<Self>> {
        let path = folder.join(NAME);
        let file = match disk.open(&path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.take(LEN_MAX).read_to_end(&mut bytes)?;
        disk.remove(&path)?;
        disk.sync_folder(folder)?;
        Ok(Self::parse(&bytes))
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<32>()?;
        if digest::digest(&digest::SHA256, body).as_ref() != sum {
            return None;
        }
        let mut take = Take::new(body);
        if take.array()? != MAGIC {
            return None;
        }
        let layout = take.u32()?;
        let mut files = Vec::new();
        for _ in 0..take.u32()? {
            let len = u16::from_be_bytes(take.array()?);
            let name = std::str::from_utf8(take.bytes(usize::from(len))?).ok()?.to_owned();
            files.push(IndexFile { name, len: take.u64()?, digest: take.array()? });
        }
        let journal = CleanJournal::decode(&mut take)?;
        take.is_empty().then_some(Self { layout, files, journal })
    }
}

/// Syncs and digests every file of the index in `path`.
///
/// # Errors
/// The file system's; also when the engine has put values into files of their own, which must not happen.
pub(super) fn index_files(disk: &dyn Disk, path: &Path) -> io::Result<Vec<IndexFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let entry_path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry_path != overflow_folder(path) || std::fs::read_dir(&entry_path)?.next().is_some() {
                return Err(io::Error::other("the index has grown a folder"));
            }
            continue;
        }
        let name = entry.file_name().into_string().map_err(|_| io::ErrorKind::InvalidData)?;
        let mut file = disk.open(&entry_path, true)?;
        disk.sync(&file)?;
        let (len, digest) = digest_of(&mut file)?;
        files.push(IndexFile { name, len, digest });
    }
    disk.sync_folder(path)?;
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
}

fn digest_of(file: &mut File) -> io::Result<(u64, [u8; 32])> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut len = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => {
                context.update(&buffer[..count]);
                len += count as u64;
            }
        }
    }
    let mut sum = [0; 32];
    sum.copy_from_slice(context.finish().as_ref());
    Ok((len, sum))
}
