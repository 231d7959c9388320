//! Attachments survive any cutting of their stream, and no touching.

use proptest::prelude::*;
use samverkan_envelope::blob::{
    BlobOpener, BlobOutline, BlobSealer, BlobSecret, ResealError, SealBlobError, segment_offset,
};
use samverkan_envelope::body::{Attachment, FileKey};
use samverkan_proto::padding::{blob_len, is_blob_len};
use samverkan_proto::{Fault, InvalidField};

fn secret(byte: u8) -> BlobSecret {
    BlobSecret { file_key: FileKey::from_bytes([byte; 32]), salt: [byte; 16] }
}

fn file(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// Seals a file that is handed over in pieces.
fn seal(data: &[u8], piece: usize) -> (Vec<u8>, BlobOutline) {
    let mut blob = Vec::new();
    let mut sealer = BlobSealer::new(secret(7), data.len() as u64, &mut blob).expect("small");
    data.chunks(piece).for_each(|piece| sealer.push(piece, &mut blob).expect("as announced"));
    let outline = sealer.finish(&mut blob).expect("as announced");
    (blob, outline)
}

fn attachment(outline: &BlobOutline) -> Attachment {
    outline.attachment("bilaga.pdf".into(), "application/pdf".into())
}

/// Opens a blob that arrives in pieces.
fn open(attachment: &Attachment, blob: &[u8], piece: usize) -> Result<Vec<u8>, InvalidField> {
    let mut opener = BlobOpener::new(attachment);
    let mut data = Vec::new();
    for piece in blob.chunks(piece) {
        opener.push(piece, &mut data)?;
    }
    assert_eq!(opener.offset(), blob.len() as u64);
    opener.finish(&mut data)?;
    Ok(data)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_file_comes_back_however_it_is_cut(
        len in prop_oneof![0usize..5_000, 60_000usize..70_000, 120_000usize..200_000],
        sealed_in in 1usize..100_000,
        opened_in in 1usize..100_000,
    ) {
        let data = file(len);
        let (blob, outline) = seal(&data, sealed_in);
        prop_assert_eq!(blob.len() as u64, blob_len(len as u64));
        prop_assert_eq!(outline.sealed_len(), blob.len() as u64);
        prop_assert!(is_blob_len(blob.len() as u64));
        prop_assert_eq!(open(&attachment(&outline), &blob, opened_in), Ok(data));
    }

    /// A copy that is damaged or ends anywhere is good up to a boundary, and the rest can come from elsewhere.
    #[test]
    fn an_opener_goes_on_behind_what_was_verified(
        len in 0usize..200_000,
        cut in any::<prop::sample::Index>(),
        damaged in any::<prop::sample::Index>(),
        piece in 1usize..100_000,
    ) {
        let data = file(len);
        let (blob, outline) = seal(&data, 50_000);
        let mut copy = blob[..cut.index(blob.len() + 1)].to_vec();
        let damaged = (!copy.is_empty()).then(|| damaged.index(copy.len()));
        if let Some(at) = damaged {
            copy[at] ^= 1;
        }
        let mut opener = BlobOpener::new(&attachment(&outline));
        let mut opened = Vec::new();
        let refused = copy.chunks(piece).any(|piece| opener.push(piece, &mut opened).is_err());
        prop_assert!(!refused || damaged.is_some());
        prop_assert!(!refused || opener.push(&[0; 70_000], &mut opened).is_err(), "nothing is taken after an error");
        let offset = opener.rewind() as usize;
        prop_assert!(damaged.is_none_or(|at| offset <= at), "nothing damaged counts as verified");
        prop_assert_eq!(opener.offset() as usize, offset);
        prop_assert!(offset == 0 || (0..4).any(|index| segment_offset(index) as usize == offset));
        opener.push(&blob[offset..], &mut opened).expect("good bytes");
        opener.finish(&mut opened).expect("the whole is good");
        prop_assert_eq!(opened, data);
    }
}

#[test]
fn edges_of_segments_and_padding_come_back() {
    for len in [0, 1, 4_088, 4_089, 65_527, 65_528, 65_529, 131_063, 131_064, 131_065] {
        let data = file(len);
        let (blob, outline) = seal(&data, 4_096);
        assert_eq!(open(&attachment(&outline), &blob, 65_552).as_deref(), Ok(data.as_slice()), "{len}");
    }
}

#[test]
fn no_byte_can_be_changed_and_no_length() {
    let (blob, outline) = seal(&file(100), 100);
    let attachment = attachment(&outline);
    for at in 0..blob.len() {
        let mut touched = blob.clone();
        touched[at] ^= 1 << (at % 8);
        assert!(open(&attachment, &touched, 4_000).is_err(), "byte {at}");
        assert!(open(&attachment, &blob[..at], 4_000).is_err(), "cut at {at}");
    }
    let longer = [blob.as_slice(), &[0]].concat();
    assert_eq!(open(&attachment, &longer, 4_000).expect_err("longer").fault, Fault::SegmentFailed);
}

#[test]
fn nothing_leaves_before_its_segment_is_verified() {
    let (mut blob, outline) = seal(&file(100_000), 100_000);
    let first_end = segment_offset(1) as usize;
    blob[first_end - 1] ^= 1;
    let mut opener = BlobOpener::new(&attachment(&outline));
    let mut data = Vec::new();
    opener.push(&blob[..first_end], &mut data).expect("nothing is opened until more follows");
    assert!(data.is_empty());
    assert_eq!(opener.push(&blob[first_end..], &mut data).expect_err("touched").fault, Fault::SegmentFailed);
    assert!(data.is_empty());
}

#[test]
fn padding_leaves_a_segment_at_a_time() {
    let len = 20 << 20;
    let mut blob = Vec::new();
    let mut sealer = BlobSealer::new(secret(7), len, &mut blob).expect("small");
    sealer.push(&vec![1; len as usize], &mut blob).expect("as announced");
    let mut rounds = 0;
    loop {
        let before = blob.len();
        let more = sealer.pad(&mut blob).expect("the file has ended");
        assert!(blob.len() - before <= 65_552, "at most one segment");
        rounds += 1;
        if !more {
            break;
        }
    }
    assert!(rounds > 1);
    let outline = sealer.finish(&mut blob).expect("as announced");
    assert_eq!(blob.len() as u64, blob_len(len));
    assert_eq!(open(&attachment(&outline), &blob, 1 << 20), Ok(vec![1; len as usize]));
}

#[test]
fn a_later_run_gives_the_same_segments_and_no_others() {
    let data = file(150_000);
    let (blob, outline) = seal(&data, 10_000);
    let mut again = outline.header().to_vec();
    for index in 0.. {
        let Some(range) = outline.data_range(index) else { break };
        assert_eq!(again.len() as u64, segment_offset(index));
        let part = &data[range.start as usize..range.end as usize];
        again.extend(outline.segment_again(index, part).expect("the same data"));
    }
    assert_eq!(again, blob);

    let mut changed = data
        [outline.data_range(1).map(|range| range.start as usize..range.end as usize).expect("two segments")]
    .to_vec();
    changed[5] ^= 1;
    assert_eq!(outline.segment_again(1, &changed), Err(ResealError::DataChanged));
    assert_eq!(outline.segment_again(1, &changed[1..]), Err(ResealError::NoSuchSegment));
    assert_eq!(outline.segment_again(9, &[]), Err(ResealError::NoSuchSegment));
}

#[test]
fn a_file_of_another_length_than_announced_is_refused() {
    let mut out = Vec::new();
    let mut sealer = BlobSealer::new(secret(1), 3, &mut out).expect("small");
    assert_eq!(sealer.push(&[0; 4], &mut out), Err(SealBlobError::LengthChanged));
    let mut sealer = BlobSealer::new(secret(1), 3, &mut out).expect("small");
    assert_eq!(sealer.pad(&mut out), Err(SealBlobError::LengthChanged));
    assert_eq!(sealer.finish(&mut out).err(), Some(SealBlobError::LengthChanged));
    assert_eq!(BlobSealer::new(secret(1), (1 << 31) - 7, &mut out).err(), Some(SealBlobError::TooLarge));
}
