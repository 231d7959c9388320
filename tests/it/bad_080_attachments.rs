//! 80–90 and 95: sealed attachments that were cut, mixed, lengthened or lied about, as a receiver sees them.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use samverkan_envelope::blob::{BlobOpener, BlobSealer, BlobSecret};
use samverkan_envelope::body::{Attachment, FileKey};
use samverkan_proto::Fault;
use samverkan_proto::ids::{BlobId, sha256};
use samverkan_proto::limits::{BLOB_HEADER, MAX_TRUE_LEN, SEGMENT, TAG_LEN};
use samverkan_proto::padding::{blob_len, padded};
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::seal::hkdf;

const SEALED_SEGMENT: usize = SEGMENT + TAG_LEN;

/// A file with the keys to seal it rightly and wrongly.
struct Forge {
    file: Vec<u8>,
    file_key: [u8; 32],
    salt: [u8; 16],
}

impl Forge {
    fn new(len: usize) -> Self {
        Self { file: random_bytes(len), file_key: random(), salt: random() }
    }

    fn header(&self) -> Vec<u8> {
        let commit = hkdf(&self.salt, &self.file_key, b"svk1 blob commit");
        [b"SVKB\0\x01".as_slice(), &self.salt, &commit].concat()
    }

    fn plain(&self) -> Vec<u8> {
        self.plain_saying(self.file.len() as u64)
    }

    fn plain_saying(&self, true_len: u64) -> Vec<u8> {
        let mut plain = true_len.to_be_bytes().to_vec();
        plain.extend_from_slice(&self.file);
        plain.resize(padded(plain.len() as u64) as usize, 0);
        plain
    }

    fn segment(&self, index: u64, last: bool, plain: &[u8]) -> Vec<u8> {
        let key = hkdf(&self.salt, &self.file_key, b"svk1 blob");
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("32 bytes"));
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = last.into();
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
            .expect("a small segment");
        sealed
    }

    /// Header and segments, the last one flagged by `is_last(index, of)`.
    fn seal_flagged(&self, plain: &[u8], is_last: impl Fn(usize, usize) -> bool) -> Vec<u8> {
        let segments: Vec<_> = plain.chunks(SEGMENT).collect();
        let seal = |(index, segment): (usize, &&[u8])| {
            self.segment(index as u64, is_last(index, segments.len()), segment)
        };
        self.header().into_iter().chain(segments.iter().enumerate().flat_map(seal)).collect()
    }

    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        self.seal_flagged(plain, |index, of| index + 1 == of)
    }

    fn blob(&self) -> Vec<u8> {
        self.seal(&self.plain())
    }

    /// What a message says of these bytes: their true digest, and the true file.
    fn attachment(&self, blob: &[u8]) -> Attachment {
        Attachment {
            blob_id: BlobId::of_digest(sha256(blob)),
            file_key: FileKey::from_bytes(self.file_key),
            plaintext_len: self.file.len() as u64,
            plaintext_sha256: sha256(&self.file),
            name: "bilaga.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
        }
    }

    fn open(&self, blob: &[u8]) -> Result<Vec<u8>, Fault> {
        open(&self.attachment(blob), blob)
    }

    #[track_caller]
    fn refuses(&self, case: &str, blob: &[u8], fault: Fault) {
        assert_eq!(self.open(blob).expect_err(case), fault, "{case}");
    }
}

/// Opens a blob in pieces of an odd size, and the whole of it must be right.
fn open(attachment: &Attachment, blob: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut opener = BlobOpener::new(attachment);
    let mut file = Vec::new();
    for piece in blob.chunks(10_007) {
        opener.push(piece, &mut file).map_err(|invalid| invalid.fault)?;
    }
    opener.finish(&mut file).map_err(|invalid| invalid.fault)?;
    Ok(file)
}

/// Where segment `index` begins.
fn at(index: usize) -> usize {
    BLOB_HEADER + index * SEALED_SEGMENT
}

#[test]
fn the_forge_can_also_be_honest() {
    for len in [0, 1, 4088, 4089, SEGMENT - 8, SEGMENT, 3 * SEGMENT + 17] {
        let forge = Forge::new(len);
        let blob = forge.blob();
        assert_eq!(blob.len() as u64, blob_len(len as u64));
        assert_eq!(forge.open(&blob).expect("opens"), forge.file);
    }
}

#[test]
fn bad_080_zero_bytes() {
    Forge::new(1).refuses("nothing", b"", Fault::Truncated);
    let empty = Forge::new(0);
    assert_eq!(empty.open(&empty.blob()), Ok(Vec::new()), "an empty file is no empty blob");
}

#[test]
fn bad_081_header_only() {
    let forge = Forge::new(1);
    for len in 1..=BLOB_HEADER {
        forge.refuses("a header, or a part of one", &forge.blob()[..len], Fault::Truncated);
    }
}

#[test]
fn bad_082_bad_commit() {
    let forge = Forge::new(1);
    for byte in 22..BLOB_HEADER {
        let mut blob = forge.blob();
        blob[byte] ^= 1;
        forge.refuses("another commitment", &blob, Fault::CommitMismatch);
    }
    let mut blob = forge.blob();
    blob[6] ^= 1;
    forge.refuses("another salt", &blob, Fault::CommitMismatch);
    let other = Forge { file_key: random(), ..Forge::new(1) };
    let attachment =
        Attachment { file_key: FileKey::from_bytes(random()), ..other.attachment(&other.blob()) };
    assert_eq!(open(&attachment, &other.blob()), Err(Fault::CommitMismatch), "another key");
}

#[test]
fn bad_083_truncated_at_a_boundary() {
    let forge = Forge::new(3 * SEGMENT);
    let blob = forge.blob();
    for segments in 1..=3 {
        forge.refuses("a segment boundary", &blob[..at(segments)], Fault::SegmentFailed);
    }
}

#[test]
fn bad_084_truncated_inside_a_tag() {
    let forge = Forge::new(2 * SEGMENT);
    let blob = forge.blob();
    for cut in 1..=TAG_LEN {
        forge.refuses("inside the last tag", &blob[..blob.len() - cut], Fault::SegmentFailed);
        forge.refuses("inside a tag before", &blob[..at(1) - cut], Fault::SegmentFailed);
    }
    for left in 1..=TAG_LEN {
        forge.refuses("less than a tag", &blob[..at(1) + left], Fault::Truncated);
    }
}

#[test]
fn bad_085_last_flag() {
    let forge = Forge::new(3 * SEGMENT);
    let plain = forge.plain();
    for (case, flagged) in [
        ("early", forge.seal_flagged(&plain, |index, _| index == 1)),
        ("missing", forge.seal_flagged(&plain, |_, _| false)),
        ("twice", forge.seal_flagged(&plain, |index, of| index == 1 || index + 1 == of)),
        ("on all", forge.seal_flagged(&plain, |_, _| true)),
    ] {
        forge.refuses(case, &flagged, Fault::SegmentFailed);
    }
    let early = forge.seal_flagged(&plain, |index, _| index == 1);
    forge.refuses("early, and cut there", &early[..at(2)], Fault::BadTrueLength);
}

#[test]
fn bad_086_empty_last_segment() {
    let forge = Forge::new(SEGMENT - 8);
    let mut blob = forge.seal_flagged(&forge.plain(), |_, _| false);
    blob.extend(forge.segment(1, true, b""));
    forge.refuses("a tag alone", &blob, Fault::Truncated);
}

#[test]
fn bad_087_extra_segment_after_the_last() {
    let forge = Forge::new(SEGMENT - 8);
    let mut blob = forge.blob();
    blob.extend(forge.segment(1, true, &[0; 100]));
    forge.refuses("a whole one", &blob, Fault::SegmentFailed);
    let mut blob = forge.blob();
    blob.push(0);
    forge.refuses("a byte", &blob, Fault::SegmentFailed);
    let short = Forge::new(1);
    let mut blob = short.blob();
    blob.push(0);
    short.refuses("a byte after a short one", &blob, Fault::SegmentFailed);
}

#[test]
fn bad_088_reordered_and_duplicated_segments() {
    let forge = Forge::new(3 * SEGMENT);
    let blob = forge.blob();
    let segment = |index: usize| &blob[at(index)..blob.len().min(at(index + 1))];
    let built = |order: &[usize]| {
        let segments = order.iter().flat_map(|index| segment(*index).to_vec());
        blob[..BLOB_HEADER].iter().copied().chain(segments).collect::<Vec<u8>>()
    };
    assert_eq!(built(&[0, 1, 2, 3]), blob);
    for order in [[1, 0, 2, 3], [0, 2, 1, 3], [0, 0, 1, 3], [0, 1, 1, 3], [3, 1, 2, 0]] {
        forge.refuses("another order", &built(&order), Fault::SegmentFailed);
    }
    forge.refuses("one left out", &built(&[0, 2, 3]), Fault::SegmentFailed);
    forge.refuses("one too many", &built(&[0, 1, 2, 2, 3]), Fault::SegmentFailed);
}

#[test]
fn bad_089_two_files_mixed() {
    let (one, two) = (Forge::new(2 * SEGMENT), Forge::new(2 * SEGMENT));
    let (mut blob, other) = (one.blob(), two.blob());
    blob[at(1)..at(2)].copy_from_slice(&other[at(1)..at(2)]);
    one.refuses("a foreign segment", &blob, Fault::SegmentFailed);
    // Even under one key, which an honest sender never uses twice, the file as a whole is not the one that was described.
    let same_key = Forge { file: random_bytes(2 * SEGMENT), ..one };
    let one = Forge { file: random_bytes(2 * SEGMENT), file_key: same_key.file_key, salt: same_key.salt };
    let (mut blob, other) = (one.blob(), same_key.blob());
    blob[at(1)..at(2)].copy_from_slice(&other[at(1)..at(2)]);
    one.refuses("under one key", &blob, Fault::HashMismatch);
    let described = one.attachment(&one.blob());
    assert_eq!(open(&described, &blob), Err(Fault::BlobIdMismatch), "described by its own digest");
}

#[test]
fn bad_090_true_length_beyond_the_largest() {
    let forge = Forge::new(100);
    for true_len in [MAX_TRUE_LEN + 1, 1 << 31, (1 << 31) + 1] {
        forge.refuses("too long", &forge.seal(&forge.plain_saying(true_len)), Fault::BadTrueLength);
    }
    let secret = BlobSecret::generate().expect("randomness");
    assert!(BlobSealer::new(secret, MAX_TRUE_LEN + 1, &mut Vec::new()).is_err(), "nor is it sealed");
}

#[test]
fn bad_095_true_length_that_lies() {
    let forge = Forge::new(10_000);
    let padded_len = forge.plain().len() as u64;
    for (case, true_len) in [
        ("beyond the data", padded_len),
        ("all there is", u64::MAX),
        ("so that eight more wrap around", u64::MAX - 7),
        ("another size", 4_000),
        ("nothing", 0),
    ] {
        forge.refuses(case, &forge.seal(&forge.plain_saying(true_len)), Fault::BadTrueLength);
    }
    // Within the same padded size, only the digest of the file can tell.
    forge.refuses("a byte more", &forge.seal(&forge.plain_saying(10_001)), Fault::HashMismatch);
    let mut padding = forge.plain();
    *padding.last_mut().expect("padding") = 1;
    forge.refuses("padding that is none", &forge.seal(&padding), Fault::BadPadding);
}
