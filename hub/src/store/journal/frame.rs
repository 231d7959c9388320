//! The layout of one frame, and the digests that vouch for it.
//!
//! ```text
//!  0 magic "SvkJ" | u8 version | u8 type | u8 kind | u8 0 | u64 batch | u64 seq
//! 24 u32 head_len | u32 body_len | head_digest[16] | body_digest[16]
//! 64 check[8] | head | body | zeros to a multiple of 8
//! ```
//!
//! `head_digest` and `body_digest` are SHA-256, cut to 16 bytes. `check` is the first 8 bytes of
//! SHA-256(salt ‖ u32 segment ‖ u32 offset ‖ bytes 0..64): it vouches for the lengths before anyone believes
//! them, and it binds the frame to its place, so that a frame the disk put elsewhere is not taken for another.
//! The salt is random for each segment, so nobody can plant a frame inside a message's bytes.

use bytes::{Bytes, BytesMut};
use ring::digest;

use super::{Location, ReadError};
use crate::store::codec::Take;

/// Bytes before a frame's head.
pub(super) const HEADER_LEN: usize = 72;
const CORE_LEN: usize = 64;
const MAGIC: [u8; 4] = *b"SvkJ";
const VERSION: u8 = 1;

/// Longest head of a frame, in bytes.
pub(super) const HEAD_MAX: usize = 1 << 20;
/// Longest body of a frame, in bytes: above the largest message (1 MiB of text, wraps and padding).
pub(super) const BODY_MAX: usize = 8 << 20;
/// Longest frame, in bytes.
pub(super) const FRAME_MAX: usize = HEADER_LEN + HEAD_MAX + BODY_MAX + 7;

/// SHA-256 cut to 16 bytes.
pub(super) type Digest = [u8; 16];

/// What a frame's `check` binds it to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) salt: [u8; 16],
    pub(super) segment: u32,
    pub(super) offset: u32,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameType {
    Record = 1,
    Commit = 2,
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) frame_type: FrameType,
    pub(super) kind: u8,
    pub(super) batch: u64,
    pub(super) seq: u64,
    pub(super) head_len: u32,
    pub(super) body_len: u32,
    pub(super) head_digest: Digest,
    pub(super) body_digest: Digest,
}

impl Header {
    /// Reads and checks the header at the start of `bytes`; `None` when there is no frame at this place.
    pub(super) fn parse(bytes: &[u8], place: Place) -> Option<Self> {
        let core = bytes.get(..CORE_LEN)?;
        let mut take = Take::new(core);
        if take.array()? != MAGIC || take.u8()? != VERSION {
            return None;
        }
        let frame_type = match take.u8()? {
            1 => FrameType::Record,
            2 => FrameType::Commit,
            _ => return None,
        };
        let kind = take.u8()?;
        let reserved = take.u8()?;
        let header = Self {
            frame_type,
            kind,
            batch: take.u64()?,
            seq: take.u64()?,
            head_len: take.u32()?,
            body_len: take.u32()?,
            head_digest: take.array()?,
            body_digest: take.array()?,
        };
        let bounded = header.head_len as usize <= HEAD_MAX && header.body_len as usize <= BODY_MAX;
        let checked = bytes.get(CORE_LEN..HEADER_LEN)? == check(core, place);
        (reserved == 0 && bounded && checked).then_some(header)
    }

    /// The bytes 0..64, which the check covers.
    pub(super) fn core(&self) -> [u8; CORE_LEN] {
        let mut core = [0; CORE_LEN];
        core[..4].copy_from_slice(&MAGIC);
        core[4] = VERSION;
        core[5] = self.frame_type as u8;
        core[6] = self.kind;
        core[8..16].copy_from_slice(&self.batch.to_be_bytes());
        core[16..24].copy_from_slice(&self.seq.to_be_bytes());
        core[24..28].copy_from_slice(&self.head_len.to_be_bytes());
        core[28..32].copy_from_slice(&self.body_len.to_be_bytes());
        core[32..48].copy_from_slice(&self.head_digest);
        core[48..64].copy_from_slice(&self.body_digest);
        core
    }

    /// Bytes from the start of this frame to the start of the next.
    pub(super) fn frame_len(&self) -> usize {
        (HEADER_LEN + self.head_len as usize + self.body_len as usize).next_multiple_of(8)
    }

    /// The head within `frame`, when it is there and its digest agrees.
    pub(super) fn head<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let head = frame.get(HEADER_LEN..HEADER_LEN + self.head_len as usize)?;
        (digest16(head) == self.head_digest).then_some(head)
    }

    /// The body within `frame`, when it is there and its digest agrees.
    pub(super) fn body<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        let start = HEADER_LEN + self.head_len as usize;
        let body = frame.get(start..start + self.body_len as usize)?;
        (digest16(body) == self.body_digest).then_some(body)
    }

    /// Appends the whole frame to `buffer`.
    pub(super) fn write(&self, place: Place, head: &[u8], body: &[Bytes], buffer: &mut BytesMut) {
        let end = buffer.len() + self.frame_len();
        let core = self.core();
        buffer.extend_from_slice(&core);
        buffer.extend_from_slice(&check(&core, place));
        buffer.extend_from_slice(head);
        body.iter().for_each(|part| buffer.extend_from_slice(part));
        buffer.resize(end, 0);
    }
}

/// SHA-256 of `bytes`, cut to 16 bytes.
pub(super) fn digest16(bytes: &[u8]) -> Digest {
    let mut cut = [0; 16];
    cut.copy_from_slice(&digest::digest(&digest::SHA256, bytes).as_ref()[..16]);
    cut
}

/// What binds a header to its place: the bytes 64..72.
pub(super) fn check(core: &[u8], place: Place) -> [u8; 8] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&place.salt);
    context.update(&place.segment.to_be_bytes());
    context.update(&place.offset.to_be_bytes());
    context.update(core);
    let mut cut = [0; 8];
    cut.copy_from_slice(&context.finish().as_ref()[..8]);
    cut
}

/// The bulk of a record, in up to two pieces, with its digest: so that the thread that has the bytes pays for the
/// digest, and not the one writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    parts: [Bytes; 2],
    digest: Digest,
}

impl Body {
    /// A body that is the concatenation of two pieces, either of which may be empty.
    pub(crate) fn new(first: Bytes, second: Bytes) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&first);
        context.update(&second);
        let mut cut = [0; 16];
        cut.copy_from_slice(&context.finish().as_ref()[..16]);
        Self { parts: [first, second], digest: cut }
    }

    /// No body at all.
    pub(crate) fn empty() -> Self {
        Self::new(Bytes::new(), Bytes::new())
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes, Bytes::new())
    }
}

/// A record on its way into the journal.
#[derive(Clone, Debug)]
pub(crate) struct NewRecord {
    pub(super) kind: u8,
    pub(super) seq: Option<u64>,
    pub(super) head: Bytes,
    body: Body,
}

impl NewRecord {
    /// A record of the owner's `kind`: `head` is what a rebuild of the index has to see (at most [`HEAD_MAX`]
    /// bytes), `body` the rest (at most [`BODY_MAX`] bytes). Either may be empty.
    pub(crate) fn new(kind: u8, head: Bytes, body: Body) -> Self {
        Self { kind, seq: None, head, body }
    }

    /// Whether head and body are within their bounds.
    pub(super) fn fits(&self) -> bool {
        self.head.len() <= HEAD_MAX && self.body.len() <= BODY_MAX
    }

    /// The frame header of this record.
    pub(super) fn header(&self, batch: u64, seq: u64) -> Header {
        Header {
            frame_type: FrameType::Record,
            kind: self.kind,
            batch,
            seq,
            head_len: self.head.len() as u32,
            body_len: self.body.len() as u32,
            head_digest: digest16(&self.head),
            body_digest: self.body.digest,
        }
    }

    /// Appends the frame to `buffer`.
    pub(super) fn write(&self, header: &Header, place: Place, buffer: &mut BytesMut) {
        header.write(place, &self.head, &self.body.parts, buffer);
    }
}

/// A record as it was read back, every digest verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The owner's record kind.
    pub kind: u8,
    /// The sequence number it got when it was first appended; copies keep it.
    pub seq: u64,
    /// The part a rebuild sees.
    pub head: Bytes,
    /// The rest.
    pub body: Bytes,
}

impl Record {
    /// The same record, to be appended again (compaction): kind, sequence number and bytes stay.
    pub(crate) fn to_copy(&self) -> NewRecord {
        let copy = NewRecord::new(self.kind, self.head.clone(), self.body.clone().into());
        NewRecord { seq: Some(self.seq), ..copy }
    }

    /// Parses and verifies the beginning of the frame at `location`, up to its head: the record without its body.
    /// `None` when `start` does not reach that far.
    pub(super) fn from_start(
        start: &Bytes,
        salt: [u8; 16],
        location: Location,
    ) -> Result<Option<Self>, ReadError> {
        let damaged = || ReadError::Damaged { segment: location.segment, offset: location.offset };
        let place = Place { salt, segment: location.segment, offset: location.offset };
        let header = Header::parse(start, place).ok_or_else(damaged)?;
        if header.frame_type != FrameType::Record || header.frame_len() != location.len as usize {
            return Err(damaged());
        }
        if start.len() < HEADER_LEN + header.head_len as usize {
            return Ok(None);
        }
        let head = start.slice_ref(header.head(start).ok_or_else(damaged)?);
        Ok(Some(Self { kind: header.kind, seq: header.seq, head, body: Bytes::new() }))
    }

    /// Parses and verifies the frame that was read from `location`.
    pub(super) fn from_frame(frame: Bytes, salt: [u8; 16], location: Location) -> Result<Self, ReadError> {
        let damaged = || ReadError::Damaged { segment: location.segment, offset: location.offset };
        let place = Place { salt, segment: location.segment, offset: location.offset };
        let header = Header::parse(&frame, place).ok_or_else(damaged)?;
        if header.frame_type != FrameType::Record || header.frame_len() != frame.len() {
            return Err(damaged());
        }
        let head = frame.slice_ref(header.head(&frame).ok_or_else(damaged)?);
        let body = frame.slice_ref(header.body(&frame).ok_or_else(damaged)?);
        Ok(Self { kind: header.kind, seq: header.seq, head, body })
    }
}

/// What a commit frame says about the batch it ends. It is the frame's head:
/// `u32 start | u32 count | digest[32] | u32 n | n × location[12]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    /// Offset of the batch's first frame.
    pub(super) start: u32,
    /// Number of record frames.
    pub(super) count: u32,
    /// SHA-256 over the records' header cores, in order.
    pub(super) records: [u8; 32],
    /// Records that died with this batch.
    pub(super) releases: Vec<Location>,
}

impl Commit {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(44 + 12 * self.releases.len());
        head.extend_from_slice(&self.start.to_be_bytes());
        head.extend_from_slice(&self.count.to_be_bytes());
        head.extend_from_slice(&self.records);
        head.extend_from_slice(&(self.releases.len() as u32).to_be_bytes());
        for location in &self.releases {
            head.extend_from_slice(&location.to_bytes());
        }
        head
    }

    pub(super) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let (start, count, records) = (take.u32()?, take.u32()?, take.array()?);
        let releases = take.u32()? as usize;
        if take.rest().len() != releases.checked_mul(Location::LEN)? {
            return None;
        }
        let (places, _) = take.rest().as_chunks::<{ Location::LEN }>();
        let releases = places.iter().map(Location::from_bytes).collect();
        Some(Self { start, count, records, releases })
    }

    /// The frame header of this commit, with the encoded `head`.
    pub(super) fn header(head: &[u8], batch: u64, next_seq: u64) -> Header {
        Header {
            frame_type: FrameType::Commit,
            kind: 0,
            batch,
            seq: next_seq,
            head_len: head.len() as u32,
            body_len: 0,
            head_digest: digest16(head),
            body_digest: digest16(&[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place = Place { salt: [7; 16], segment: 3, offset: 4160 };

    fn frame(head: &[u8], body: &[u8]) -> Bytes {
        // A body counts as one string, wherever it is split.
        let (first, second) = body.split_at(body.len() / 3);
        let body = Body::new(Bytes::copy_from_slice(first), Bytes::copy_from_slice(second));
        let record = NewRecord::new(9, Bytes::copy_from_slice(head), body);
        let mut buffer = BytesMut::new();
        record.write(&record.header(5, 11), PLACE, &mut buffer);
        buffer.freeze()
    }

    fn location(len: usize) -> Location {
        Location { segment: PLACE.segment, offset: PLACE.offset, len: len as u32 }
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_what_was_written(
            head in proptest::collection::vec(any::<u8>(), 0..300),
            body in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let bytes = frame(&head, &body);
            prop_assert_eq!(bytes.len() % 8, 0);
            let record = Record::from_frame(bytes.clone(), PLACE.salt, location(bytes.len())).unwrap();
            prop_assert_eq!((record.kind, record.seq), (9, 11));
            prop_assert_eq!((&record.head[..], &record.body[..]), (&head[..], &body[..]));
        }

        #[test]
        fn a_flipped_bit_never_gives_other_bytes(
            body in proptest::collection::vec(any::<u8>(), 0..100),
            bit in any::<prop::sample::Index>(),
        ) {
            let good = frame(b"head", &body);
            let mut bad = good.to_vec();
            let bit = bit.index(bad.len() * 8);
            bad[bit / 8] ^= 1 << (bit % 8);
            // The zero padding carries nothing; everything else is covered.
            if let Ok(read) = Record::from_frame(bad.into(), PLACE.salt, location(good.len())) {
                prop_assert!(bit / 8 >= HEADER_LEN + 4 + body.len());
                prop_assert_eq!(&read.body[..], &body[..]);
            }
        }

        #[test]
        fn a_commit_reads_back(start in any::<u32>(), count in any::<u32>(), n in 0_u32..5) {
            let releases = (0..n).map(|i| Location { segment: i, offset: i * 8, len: 72 }).collect();
            let commit = Commit { start, count, records: [1; 32], releases };
            let bytes = commit.encode();
            prop_assert_eq!(Commit::parse(&bytes), Some(commit));
            prop_assert_eq!(Commit::parse(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn a_frame_counts_only_in_its_own_place() {
        let bytes = frame(b"h", b"b");
        for other in
            [Place { offset: 8, ..PLACE }, Place { segment: 4, ..PLACE }, Place { salt: [8; 16], ..PLACE }]
        {
            assert_eq!(Header::parse(&bytes, other), None);
        }
        assert!(Header::parse(&bytes, PLACE).is_some());
    }
}
