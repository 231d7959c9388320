//! A segment's catalogue: the heads of its frames in a file beside it.
//!
//! Rebuilding the index needs every head but no body; without the catalogues it would read the whole store. A
//! catalogue is a cache: it is not synced, carries a digest over all of itself, and is made again from its
//! segment when it is missing, old or damaged. A segment with damage in it gets none, so that the damage is
//! reported again at each rebuild.
//!
//! ```text
//! "SvkCatl1" | u32 segment | salt[16] | entries | u32 segment_len | sha256[32]
//! entry = u32 offset | u32 frame_len | u8 type | u8 kind | u64 batch | u64 seq | u32 head_len | head
//! ```

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use ring::digest;

use super::Location;
use super::frame::{Commit, FrameType, Header};
use super::scan::{Scan, head_of};
use super::segment::{SEGMENT_MAX, SegmentHeader, catalogue_path};
use crate::disk::{self, Disk, DiskWriter};
use crate::store::codec::Take;

const MAGIC: [u8; 8] = *b"SvkCatl1";
const START_LEN: usize = 28;
const END_LEN: usize = 36;

/// One live record as a rebuild sees it: all but its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replayed<'a> {
    /// Where the record is.
    pub location: Location,
    /// The owner's record kind.
    pub kind: u8,
    /// Its sequence number.
    pub seq: u64,
    /// Its head.
    pub head: &'a [u8],
}

/// One frame of a segment.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    Record { batch: u64, record: Replayed<'a> },
    Commit { batch: u64, next_seq: u64, commit: Commit },
}

/// A verified catalogue in memory.
#[derive(Debug)]
pub(super) struct Catalogue {
    segment: u32,
    bytes: Vec<u8>,
    /// Bytes of the segment in which no head could be read.
    pub(super) lost_bytes: u64,
}

impl Catalogue {
    /// Reads and verifies the catalogue of a segment that is `segment_len` bytes long; `None` when there is none
    /// that can be believed.
    pub(super) fn load(
        disk: &dyn Disk,
        folder: &Path,
        header: &SegmentHeader,
        segment_len: u64,
    ) -> Option<Self> {
        let file = disk.open(&catalogue_path(folder, header.id), false).ok()?;
        let mut bytes = Vec::new();
        file.take(u64::from(SEGMENT_MAX) * 2).read_to_end(&mut bytes).ok()?;
        Self::parse(bytes, header, segment_len)
    }

    /// Verifies what [`Catalogue::load`] read.
    pub(super) fn parse(bytes: Vec<u8>, header: &SegmentHeader, segment_len: u64) -> Option<Self> {
        let (rest, sum) = bytes.split_last_chunk::<32>()?;
        let (rest, len) = rest.split_last_chunk::<4>()?;
        let whole = digest::digest(&digest::SHA256, &bytes[..bytes.len() - 32]);
        let fits =
            rest.get(..START_LEN)? == start(header) && u64::from(u32::from_be_bytes(*len)) == segment_len;
        (fits && whole.as_ref() == sum).then_some(Self { segment: header.id, bytes, lost_bytes: 0 })
    }

    /// The catalogue of what `scan` found in `segment`, with the frames whose heads are intact.
    pub(super) fn from_scan(segment: &[u8], scan: &Scan, header: &SegmentHeader) -> Self {
        let mut sink = Sink::new(Vec::new(), header);
        for found in scan.frames.iter().filter(|found| found.head_intact) {
            // Writing into memory does not fail.
            let _ = sink.add(found.offset, &found.header, head_of(segment, found));
        }
        let bytes = sink.finish(segment.len() as u32).unwrap_or_default();
        let headless =
            scan.frames.iter().filter(|found| !found.head_intact).map(|found| found.end() - found.offset);
        let lost = scan.gaps.iter().map(ExactSizeIterator::len).sum::<usize>() as u64;
        Self { segment: header.id, bytes, lost_bytes: lost + headless.map(u64::from).sum::<u64>() }
    }

    /// The bytes as they stand in the file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Stores the catalogue beside its segment. That it can not be stored costs time later, nothing else.
    pub(super) fn store(&self, disk: &dyn Disk, folder: &Path) {
        let path = catalogue_path(folder, self.segment);
        let stored =
            disk::create_afresh(disk, &path).and_then(|file| disk.write_all_at(&file, self.bytes(), 0));
        if stored.is_err() {
            let _ = disk.remove(&path);
        }
    }

    /// The frames in order of offset. An entry that does not parse ends the walk; the digest makes sure that
    /// none is.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let end = self.bytes.len().saturating_sub(END_LEN);
        let mut take = Take::new(self.bytes.get(START_LEN..end).unwrap_or_default());
        std::iter::from_fn(move || entry(&mut take, self.segment))
    }
}

fn entry<'a>(take: &mut Take<'a>, segment: u32) -> Option<Entry<'a>> {
    let location = Location { segment, offset: take.u32()?, len: take.u32()? };
    let (frame_type, kind, batch, seq) = (take.u8()?, take.u8()?, take.u64()?, take.u64()?);
    let head_len = take.u32()? as usize;
    let head = take.bytes(head_len)?;
    if frame_type == FrameType::Commit as u8 {
        return Some(Entry::Commit { batch, next_seq: seq, commit: Commit::parse(head)? });
    }
    Some(Entry::Record { batch, record: Replayed { location, kind, seq, head } })
}

/// Writes the catalogue of the open segment as the batches come.
#[derive(Debug)]
pub(super) struct CatalogueWriter {
    sink: Option<Sink<BufWriter<DiskWriter>>>,
}

impl CatalogueWriter {
    /// Begins the catalogue of a new segment.
    pub(super) fn create(disk: &Arc<dyn Disk>, folder: &Path, header: &SegmentHeader) -> Self {
        let file = disk::create_afresh(&**disk, &catalogue_path(folder, header.id)).ok();
        let out = file.map(|file| BufWriter::new(DiskWriter::new(Arc::clone(disk), file)));
        Self { sink: out.map(|out| Sink::new(out, header)) }
    }

    /// Adds a committed frame. After an error the catalogue is given up: it will fail its digest.
    pub(super) fn add(&mut self, offset: u32, header: &Header, head: &[u8]) {
        let failed = self.sink.as_mut().is_some_and(|sink| sink.add(offset, header, head).is_err());
        if failed {
            self.sink = None;
        }
    }

    /// Ends the catalogue of a segment that stays `segment_len` bytes long.
    pub(super) fn finish(self, segment_len: u32) {
        if let Some(sink) = self.sink {
            let _ = sink.finish(segment_len);
        }
    }
}

/// The layout, written into anything, with the running digest.
#[derive(Debug)]
struct Sink<W> {
    out: W,
    digest: DigestContext,
    pending: Vec<u8>,
}

impl<W: Write> Sink<W> {
    fn new(out: W, header: &SegmentHeader) -> Self {
        let digest = DigestContext(digest::Context::new(&digest::SHA256));
        Self { out, digest, pending: start(header).to_vec() }
    }

    fn add(&mut self, offset: u32, header: &Header, head: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(&offset.to_be_bytes());
        self.pending.extend_from_slice(&(header.frame_len() as u32).to_be_bytes());
        self.pending.extend_from_slice(&[header.frame_type as u8, header.kind]);
        self.pending.extend_from_slice(&header.batch.to_be_bytes());
        self.pending.extend_from_slice(&header.seq.to_be_bytes());
        self.pending.extend_from_slice(&header.head_len.to_be_bytes());
        self.pending.extend_from_slice(head);
        if self.pending.len() < 32 << 10 { Ok(()) } else { self.drain() }
    }

    fn drain(&mut self) -> io::Result<()> {
        self.digest.0.update(&self.pending);
        self.out.write_all(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    fn finish(mut self, segment_len: u32) -> io::Result<W> {
        self.pending.extend_from_slice(&segment_len.to_be_bytes());
        self.drain()?;
        self.out.write_all(self.digest.0.finish().as_ref())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// A digest in the making, with the `Debug` that its library does not give.
struct DigestContext(digest::Context);

impl std::fmt::Debug for DigestContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestContext")
    }
}

fn start(header: &SegmentHeader) -> [u8; START_LEN] {
    let mut bytes = [0; START_LEN];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&header.id.to_be_bytes());
    bytes[12..].copy_from_slice(&header.salt);
    bytes
}
