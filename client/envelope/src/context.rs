//! What is bound into every key, wrap and signature: labelled bytes of fixed layout (PROTOCOL.md sections 7, 9 and 12).
//!
//! Frozen: a changed byte here is a new protocol version.

use samverkan_proto::ids::{DeviceId, EpochKeyId, sha256_of};

/// The commitment to a message key.
pub(crate) const COMMIT: &[u8] = b"svk1 commit";
/// The key of an attachment's segments.
pub(crate) const BLOB: &[u8] = b"svk1 blob";
/// The commitment to an attachment's key.
pub(crate) const BLOB_COMMIT: &[u8] = b"svk1 blob commit";

const CONTENT: &[u8] = b"svk1 content\0";
const WRAP: &[u8] = b"svk1 wrap\0";
const REWRAP: &[u8] = b"svk1 rewrap\0";
const RECEIPT: &[u8] = b"svk1 receipt\0";
const ANSWER: &[u8] = b"svk1 answer\0";
const BODY: &[u8] = b"svk1 body\0";

/// The digest of a header, `hh`.
pub(crate) type HeaderHash = [u8; 32];

/// Lays parts one after the other.
fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    let mut rest = out.as_mut_slice();
    for part in parts {
        let (head, tail) = rest.split_at_mut(part.len());
        head.copy_from_slice(part);
        rest = tail;
    }
    debug_assert!(rest.is_empty(), "the layouts below add up");
    out
}

/// `"svk1 content\0" || hh`.
pub(crate) fn content(hh: &HeaderHash) -> [u8; CONTENT.len() + 32] {
    join(&[CONTENT, hh])
}

/// `"svk1 wrap\0" || hh || device_id || epoch_key_id`.
pub(crate) fn wrap(hh: &HeaderHash, device: &DeviceId, key: &EpochKeyId) -> [u8; WRAP.len() + 32 + 16 + 32] {
    join(&[WRAP, hh, device.as_bytes(), key.as_bytes()])
}

/// `"svk1 rewrap\0" || hh || by_device || to_device || to_epoch_key_id`.
pub(crate) fn rewrap(
    hh: &HeaderHash,
    by: &DeviceId,
    to: &DeviceId,
    key: &EpochKeyId,
) -> [u8; REWRAP.len() + 32 + 16 + 16 + 32] {
    join(&[REWRAP, hh, by.as_bytes(), to.as_bytes(), key.as_bytes()])
}

/// `"svk1 receipt\0" || device_id || u8 receipt_type`.
pub(crate) fn receipt(device: &DeviceId, receipt_type: u8) -> [u8; RECEIPT.len() + 16 + 1] {
    join(&[RECEIPT, device.as_bytes(), &[receipt_type]])
}

/// `"svk1 answer\0" || hh of the answering message`.
pub(crate) fn answer(hh: &HeaderHash) -> [u8; ANSWER.len() + 32] {
    join(&[ANSWER, hh])
}

/// What the sending device signs under the name `message`: `H(hh || H("svk1 body\0" || body))`.
pub(crate) fn message_digest(hh: &HeaderHash, body: &[u8]) -> [u8; 32] {
    sha256_of(&[hh, &sha256_of(&[BODY, body])])
}

/// The nonce of segment `index`: the number as 11 bytes, then whether it is the last.
pub(crate) fn segment_nonce(index: u64, last: bool) -> [u8; 12] {
    join(&[&[0; 3], &index.to_be_bytes(), &[u8::from(last)]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layouts_are_those_of_the_specification() {
        let device = DeviceId::parse(&[2; 16]).expect("id");
        let key = EpochKeyId::parse(&[3; 32]).expect("id");
        let info = wrap(&[1; 32], &device, &key);
        assert_eq!(info.as_slice(), [b"svk1 wrap\0".as_slice(), &[1; 32], &[2; 16], &[3; 32]].concat());
        let info = rewrap(&[1; 32], &device, &DeviceId::parse(&[4; 16]).expect("id"), &key);
        let laid = [b"svk1 rewrap\0".as_slice(), &[1; 32], &[2; 16], &[4; 16], &[3; 32]].concat();
        assert_eq!(info.as_slice(), laid);
        assert_eq!(content(&[1; 32]).as_slice(), [b"svk1 content\0".as_slice(), &[1; 32]].concat());
        assert_eq!(answer(&[1; 32]).as_slice(), [b"svk1 answer\0".as_slice(), &[1; 32]].concat());
        assert_eq!(receipt(&device, 3).as_slice(), [b"svk1 receipt\0".as_slice(), &[2; 16], &[3]].concat());
        assert_eq!(segment_nonce(0x0102, true), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1]);
    }
}
