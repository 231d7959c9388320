//! Opening: nothing leaves before its segment was verified, nothing counts before the end was.

use super::{LENGTH_PREFIX, PREAMBLE, SEALED_SEGMENT, commitment, segment_key, segment_offset};
use crate::body::Attachment;
use crate::context::segment_nonce;
use crate::suite::AeadKey;
use ring::digest::{Context, SHA256};
use samverkan_proto::ids::BlobId;
use samverkan_proto::limits::{BLOB_HEADER, MAX_SEGMENTS, MAX_TRUE_LEN, TAG_LEN};
use samverkan_proto::padding::padded;
use samverkan_proto::{Fault, InvalidField};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Opens one attachment from sealed bytes that arrive in order, in pieces of any size.
///
/// What [`BlobOpener::push`] gives may be written to a temporary file, and must not be shown, moved or acted on before
/// [`BlobOpener::finish`] succeeded. After an error nothing more is taken before [`BlobOpener::rewind`].
pub struct BlobOpener {
    expected: Attachment,
    key: Option<AeadKey>,
    /// Sealed bytes of the header or of the segment that is arriving.
    buffer: Zeroizing<Vec<u8>>,
    consumed: u64,
    segment: u64,
    plain: Plain,
    sealed_hash: Context,
}

/// The plaintext so far: where the file ends, and whether all is zero behind it.
struct Plain {
    true_len: Option<u64>,
    len: u64,
    padding_is_zero: bool,
    hash: Context,
}

/// An attachment that was verified to its last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedBlob {
    /// Bytes of the file.
    pub len: u64,
    /// Bytes that were sealed.
    pub sealed_len: u64,
}

impl BlobOpener {
    /// Prepares to open what a message says of an attachment.
    #[must_use]
    pub fn new(attachment: &Attachment) -> Self {
        Self {
            expected: attachment.clone(),
            key: None,
            buffer: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT)),
            consumed: 0,
            segment: 0,
            plain: Plain { true_len: None, len: 0, padding_is_zero: true, hash: Context::new(&SHA256) },
            sealed_hash: Context::new(&SHA256),
        }
    }

    /// How many sealed bytes were taken.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.consumed
    }

    /// Goes back to the end of the last segment that was verified, also after an error, and gives the offset from which
    /// sealed bytes have to be pushed again: where a download that was cut, or a copy that was damaged, continues.
    pub fn rewind(&mut self) -> u64 {
        self.buffer.clear();
        self.consumed = if self.key.is_some() { segment_offset(self.segment) } else { 0 };
        self.consumed
    }

    /// Takes the next sealed bytes, and appends to `file` what they verified.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 9.
    pub fn push(&mut self, mut sealed: &[u8], file: &mut Vec<u8>) -> Result<(), InvalidField> {
        while !sealed.is_empty() {
            let full = if self.key.is_none() { BLOB_HEADER } else { SEALED_SEGMENT };
            if self.buffer.len() == full {
                // More bytes follow, so this segment is not the last. A full header is one that was refused before.
                if self.key.is_none() {
                    self.open_header()?
                } else {
                    self.open_buffer(false, file)?
                }
                continue;
            }
            let (head, rest) = sealed.split_at(sealed.len().min(full - self.buffer.len()));
            self.buffer.extend_from_slice(head);
            self.consumed += head.len() as u64;
            sealed = rest;
            if self.key.is_none() && self.buffer.len() == BLOB_HEADER {
                self.open_header()?;
            }
        }
        Ok(())
    }

    /// The sealed bytes have ended: verifies the last segment, then everything as a whole.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 9. What was written is then to be deleted.
    pub fn finish(mut self, file: &mut Vec<u8>) -> Result<OpenedBlob, InvalidField> {
        if self.key.is_none() {
            return Err(Fault::Truncated.in_field("blob.header"));
        }
        self.open_buffer(true, file)?;
        let len = self.plain.finish_len()?;
        if BlobId::of_digest(digest(self.sealed_hash)) != self.expected.blob_id {
            return Err(Fault::BlobIdMismatch.in_field("blob"));
        }
        if len != self.expected.plaintext_len || digest(self.plain.hash) != self.expected.plaintext_sha256 {
            return Err(Fault::HashMismatch.in_field("blob.data"));
        }
        Ok(OpenedBlob { len, sealed_len: self.consumed })
    }

    fn open_header(&mut self) -> Result<(), InvalidField> {
        let (preamble, rest) = self.buffer.split_at(PREAMBLE.len());
        if preamble[..4] != PREAMBLE[..4] {
            return Err(Fault::WrongMagic.in_field("blob.magic"));
        }
        if preamble[4..] != PREAMBLE[4..] {
            return Err(Fault::UnknownVersion.in_field("blob.version"));
        }
        let (salt, commit) = rest.split_first_chunk().expect("the header is 54 bytes");
        if !bool::from(commitment(salt, &self.expected.file_key).as_slice().ct_eq(commit)) {
            return Err(Fault::CommitMismatch.in_field("blob.commit"));
        }
        self.key = Some(segment_key(salt, &self.expected.file_key));
        self.sealed_hash.update(&self.buffer);
        self.buffer.clear();
        Ok(())
    }

    fn open_buffer(&mut self, last: bool, file: &mut Vec<u8>) -> Result<(), InvalidField> {
        if self.buffer.len() <= TAG_LEN {
            return Err(Fault::Truncated.in_field("blob.segment"));
        }
        if self.segment == MAX_SEGMENTS {
            return Err(Fault::BadLength.in_field("blob"));
        }
        let key = self.key.as_ref().expect("the header was opened");
        // Opening writes over the sealed bytes, and only those that opened count.
        let mut sealed_hash = self.sealed_hash.clone();
        sealed_hash.update(&self.buffer);
        let plain = key
            .open(segment_nonce(self.segment, last), b"", &mut self.buffer)
            .map_err(|_| Fault::SegmentFailed.in_field("blob.segment"))?;
        self.plain.take(plain, file);
        self.sealed_hash = sealed_hash;
        self.segment += 1;
        self.buffer.clear();
        Ok(())
    }
}

impl Plain {
    /// Takes the plaintext of one segment: what is data goes to the file, what is padding is looked at.
    fn take(&mut self, plain: &[u8], file: &mut Vec<u8>) {
        self.len += plain.len() as u64;
        let (true_len, rest) = match self.true_len {
            Some(true_len) => (true_len, plain),
            // The first segment holds the whole length unless it is shorter than that, which no honest one is.
            None => match plain.split_first_chunk() {
                Some((prefix, rest)) => (u64::from_be_bytes(*prefix), rest),
                None => return,
            },
        };
        self.true_len = Some(true_len);
        let before = self.len - rest.len() as u64 - LENGTH_PREFIX as u64;
        let left = usize::try_from(true_len.saturating_sub(before)).unwrap_or(usize::MAX);
        let (data, padding) = rest.split_at(left.min(rest.len()));
        self.hash.update(data);
        file.extend_from_slice(data);
        self.padding_is_zero &= padding.iter().all(|byte| *byte == 0);
    }

    /// The true length, if the plaintext is as long as that asks for, and zero behind the file.
    fn finish_len(&self) -> Result<u64, InvalidField> {
        let true_len = self
            .true_len
            .filter(|len| *len <= MAX_TRUE_LEN && padded(len + LENGTH_PREFIX as u64) == self.len)
            .ok_or(Fault::BadTrueLength.in_field("blob.true_len"))?;
        if self.padding_is_zero { Ok(true_len) } else { Err(Fault::BadPadding.in_field("blob.padding")) }
    }
}

fn digest(context: Context) -> [u8; 32] {
    context.finish().as_ref().try_into().expect("SHA-256 is 32 bytes")
}
