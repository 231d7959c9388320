//! The laws of the keystore's parsers; see [`crate::laws`].

use ring::digest;

use super::contents::Contents;
use super::header::{HEADER_LEN, Header};
use super::record::{open_all, seal_all};
use crate::secret::Secret32;

/// What a header begins with when nothing is wrong with it: version 1, Argon2id, the standard cost.
const BEGINNING: [u8; 20] = *b"SVKK\0\x01\0\x01\0\x01\0\0\0\0\0\x03\0\0\0\x04";
const DIGEST_LEN: usize = 32;

/// Input: `u8 how | bytes`: a whole keystore, a header whose digest is put right, or entries that are sealed.
pub fn keystore(input: &[u8]) {
    let Some((how, bytes)) = input.split_first() else { return };
    match how % 3 {
        0 => header(bytes),
        1 => header(&with_right_digest(bytes)),
        _ => sealed_entries(bytes),
    }
}

/// A header that is accepted has one encoding.
fn header(bytes: &[u8]) {
    let Ok((header, body)) = Header::parse(bytes) else { return };
    assert_eq!([header.encode().as_slice(), body].concat(), bytes);
    let (again, _) = Header::parse(&header.encode()).unwrap_or_else(|_| unreachable!("it was accepted"));
    assert!(again == header && again.same_data_key(&header));
    // Nothing is known of the key, so nothing opens; and a count of records makes nothing be reserved.
    assert!(open_all(&header, &Secret32::fill_with(|_| ()), body).is_err());
}

fn with_right_digest(bytes: &[u8]) -> Vec<u8> {
    let mut whole = bytes.to_vec();
    whole.resize(whole.len().max(HEADER_LEN), 0);
    let covered = HEADER_LEN - DIGEST_LEN;
    let digest = digest::digest(&digest::SHA256, &whole[..covered]);
    whole[covered..HEADER_LEN].copy_from_slice(digest.as_ref());
    whole
}

/// `u16 at | u8 difference | entries × { u8 length | entry }`: the entries that are accepted are sealed, open as they were, and do
/// not once a byte is another or missing.
fn sealed_entries(bytes: &[u8]) {
    let Some((&[high, low, difference], mut rest)) = bytes.split_first_chunk() else { return };
    let mut contents = Contents::default();
    while let Some((len, after)) = rest.split_first() {
        let (entry, after) = after.split_at(after.len().min(usize::from(*len)));
        let before = contents.encode().len();
        let taken = contents.decode_next(entry).is_ok();
        let encoded = contents.encode();
        assert_eq!(encoded.len(), before + usize::from(taken));
        if taken {
            assert_eq!(encoded[before].as_slice(), entry, "an entry has another encoding");
        }
        rest = after;
    }
    let entries = contents.encode();
    let mut head = BEGINNING.to_vec();
    head.resize(HEADER_LEN - DIGEST_LEN, 0);
    let records = u32::try_from(entries.len() + 1).unwrap_or(u32::MAX);
    head[HEADER_LEN - DIGEST_LEN - 8..HEADER_LEN - DIGEST_LEN - 4].copy_from_slice(&records.to_be_bytes());
    let head = with_right_digest(&head);
    let Ok((header, _)) = Header::parse(&head) else { unreachable!("the header is a good one") };
    let data_key = Secret32::fill_with(|key| key.fill(1));
    let mut body = Vec::new();
    seal_all(&header, &data_key, &entries, &mut body);
    let opened = open_all(&header, &data_key, &body).unwrap_or_else(|_| unreachable!("it was sealed so"));
    assert!(opened.encode() == entries, "other entries were opened than sealed");
    assert!(open_all(&header, &data_key, &body[..body.len() - 1]).is_err(), "a cut keystore opens");
    let at = usize::from(u16::from_be_bytes([high, low])) % body.len();
    body[at] ^= difference;
    assert_eq!(open_all(&header, &data_key, &body).is_err(), difference != 0, "a changed keystore opens");
}
