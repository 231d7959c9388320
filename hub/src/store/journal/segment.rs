//! Segment files: their names, their headers and the list of them.
//!
//! ```text
//! 0    header | zeros | 4096 the same header again | 4160 frames
//! header = "SvkSegm1" | u32 format | u32 segment | salt[16] | u64 first_batch | u64 first_seq | sha256[16]
//! ```
//!
//! The header stands twice, on two disk pages, because the salt in it is needed to check every frame.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};

use super::frame::{Place, digest16};
use crate::disk::Disk;
use crate::store::codec::Take;

/// Offset of the first frame.
pub(super) const FRAMES_AT: u32 = 4096 + HEADER_LEN as u32;
/// No segment grows beyond this: the closing size plus one largest batch stay well below it.
pub(super) const SEGMENT_MAX: u32 = 128 << 20;

const HEADER_LEN: usize = 64;
const SECOND_COPY_AT: u64 = 4096;
const MAGIC: [u8; 8] = *b"SvkSegm1";
const FORMAT: u32 = 1;

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) id: u32,
    pub(super) salt: [u8; 16],
    /// Number of the first batch that can be in the segment.
    pub(super) first_batch: u64,
    /// Sequence number of the first new record that can be in the segment.
    pub(super) first_seq: u64,
}

impl SegmentHeader {
    pub(super) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.id.to_be_bytes());
        bytes[16..32].copy_from_slice(&self.salt);
        bytes[32..40].copy_from_slice(&self.first_batch.to_be_bytes());
        bytes[40..48].copy_from_slice(&self.first_seq.to_be_bytes());
        let digest = digest16(&bytes[..48]);
        bytes[48..].copy_from_slice(&digest);
        bytes
    }

    fn parse(bytes: &[u8; HEADER_LEN], id: u32) -> Option<Self> {
        let mut take = Take::new(bytes);
        if take.array()? != MAGIC || take.u32()? != FORMAT || take.u32()? != id {
            return None;
        }
        let header = Self { id, salt: take.array()?, first_batch: take.u64()?, first_seq: take.u64()? };
        (take.array()? == digest16(&bytes[..48])).then_some(header)
    }

    /// Reads whichever copy is whole.
    pub(super) fn read(file: &File, id: u32) -> io::Result<Option<Self>> {
        for at in [0, SECOND_COPY_AT] {
            let mut bytes = [0; HEADER_LEN];
            match file.read_exact_at(&mut bytes, at) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => continue,
                Err(error) => return Err(error),
            }
            if let Some(header) = Self::parse(&bytes, id) {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// The place of a frame in this segment.
    pub(super) fn place(&self, offset: u32) -> Place {
        Place { salt: self.salt, segment: self.id, offset }
    }
}

/// Creates a segment with a fresh salt, durable by name and header before this returns.
///
/// # Errors
/// On an error the file may be there, unfinished; it holds nothing that was acknowledged.
pub(super) fn create(
    disk: &dyn Disk,
    folder: &Path,
    id: u32,
    first_batch: u64,
    first_seq: u64,
) -> io::Result<(SegmentHeader, File)> {
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| io::Error::other("no randomness"))?;
    let header = SegmentHeader { id, salt, first_batch, first_seq };
    let mut bytes = vec![0; FRAMES_AT as usize];
    bytes[..HEADER_LEN].copy_from_slice(&header.encode());
    bytes[SECOND_COPY_AT as usize..].copy_from_slice(&header.encode());
    let file = disk.create_new(&path(folder, id))?;
    disk.write_all_at(&file, &bytes, 0)?;
    disk.sync(&file).and_then(|()| disk.sync_folder(folder)).map_err(unsynced)?;
    Ok((header, file))
}

/// A sync that failed for lack of room has failed like any other: what the kernel has done with the pages is not known, and
/// it must not be taken for a write that can be tried again.
fn unsynced(error: io::Error) -> io::Error {
    io::Error::other(error)
}

/// The segment's file.
pub(super) fn path(folder: &Path, id: u32) -> PathBuf {
    folder.join(format!("{id:010}.seg"))
}

/// The segment's catalogue.
pub(super) fn catalogue_path(folder: &Path, id: u32) -> PathBuf {
    folder.join(format!("{id:010}.cat"))
}

/// Numbers of all segments in the folder, ascending. Files with other names are none of ours and left alone.
pub(super) fn list(folder: &Path) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if let Some(id) = name.to_str().and_then(parse_name) {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

fn parse_name(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".seg")?;
    let canonical = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    canonical.then(|| digits.parse().ok()).flatten()
}

/// Reads a segment into memory, at most [`SEGMENT_MAX`] bytes of it.
pub(super) fn read_whole(file: &File) -> io::Result<Vec<u8>> {
    let len = file.metadata()?.len().min(u64::from(SEGMENT_MAX));
    let mut bytes = vec![0; len as usize];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SystemDisk;

    #[test]
    fn either_copy_of_the_header_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let (header, file) = create(&SystemDisk, folder.path(), 7, 5, 9).unwrap();
        file.write_all_at(&[0; 4096], 0).unwrap();
        assert_eq!(SegmentHeader::read(&file, 7).unwrap(), Some(header));
        assert_eq!(SegmentHeader::read(&file, 8).unwrap(), None);
        file.write_all_at(&[1], 4096 + 20).unwrap();
        assert_eq!(SegmentHeader::read(&file, 7).unwrap(), None);
    }

    #[test]
    fn only_canonical_names_are_segments() {
        assert_eq!(parse_name("0000000012.seg"), Some(12));
        for other in ["12.seg", "0000000012.cat", "+000000012.seg", "9999999999.seg", "0000000012.seg.new"] {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
