//! Sealing a file, and giving parts of the same sealed bytes again.

use super::{LENGTH_PREFIX, PREAMBLE, commitment, segment_key};
use crate::body::{Attachment, FileKey};
use crate::context::segment_nonce;
use crate::suite::{AeadKey, NoRandomness, random};
use ring::digest::{Context, SHA256};
use samverkan_proto::ids::BlobId;
use samverkan_proto::limits::{BLOB_HEADER, MAX_TRUE_LEN, SEGMENT, TAG_LEN};
use samverkan_proto::padding::{blob_len, padded};
use zeroize::Zeroizing;

/// The random inputs of one blob. A secret is for one file, since other data under it would lose both: sealing takes it, and
/// [`BlobOutline`] gives only the same bytes again.
pub struct BlobSecret {
    /// The key, which the message carries.
    pub file_key: FileKey,
    /// The salt, which the blob carries.
    pub salt: [u8; 16],
}

impl BlobSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self { file_key: FileKey::from_bytes(*random()?), salt: *random()? })
    }
}

/// Why a file was not sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealBlobError {
    /// It is longer than 2^31 − 8 bytes.
    #[error("the file is too large")]
    TooLarge,
    /// It was not as long as had been announced: it changed while it was read.
    #[error("the file changed while it was read")]
    LengthChanged,
}

/// Why sealed bytes could not be given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResealError {
    /// There is no such segment, or its data is not of its length.
    #[error("no such segment")]
    NoSuchSegment,
    /// The data is not what was sealed the first time. Nothing was given.
    #[error("the file changed since it was sealed")]
    DataChanged,
}

/// What sealing a file resulted in.
pub struct BlobOutline {
    /// The random inputs.
    pub secret: BlobSecret,
    /// The digest of the sealed bytes.
    pub blob_id: BlobId,
    /// Bytes of the file.
    pub true_len: u64,
    /// SHA-256 of the file.
    pub plaintext_sha256: [u8; 32],
    /// The tag of every segment, in order: at most 512 KiB.
    pub tags: Vec<[u8; TAG_LEN]>,
}

impl BlobOutline {
    /// How many sealed bytes there are.
    #[must_use]
    pub const fn sealed_len(&self) -> u64 {
        blob_len(self.true_len)
    }

    /// What a message says of the attachment.
    #[must_use]
    pub fn attachment(&self, name: String, media_type: String) -> Attachment {
        Attachment {
            blob_id: self.blob_id,
            file_key: self.secret.file_key.clone(),
            plaintext_len: self.true_len,
            plaintext_sha256: self.plaintext_sha256,
            name,
            media_type,
        }
    }

    /// Where in the file the data of segment `index` stands; `None` beyond the last segment.
    #[must_use]
    pub fn data_range(&self, index: u64) -> Option<std::ops::Range<u64>> {
        let segment = SEGMENT as u64;
        let prefix = LENGTH_PREFIX as u64;
        let within_file = |plain: u64| plain.saturating_sub(prefix).min(self.true_len);
        (index < self.tags.len() as u64)
            .then(|| within_file(index * segment)..within_file((index + 1) * segment))
    }

    /// The sealed bytes before the first segment.
    #[must_use]
    pub fn header(&self) -> [u8; BLOB_HEADER] {
        header(&self.secret)
    }

    /// Segment `index` again, from the data in its [`BlobOutline::data_range`]. The tag shows that the bytes are those
    /// of the first time: a nonce never covers two plaintexts outside this function.
    ///
    /// # Errors
    /// [`ResealError`]; then nothing of the new ciphertext leaves.
    pub fn segment_again(&self, index: u64, data: &[u8]) -> Result<Vec<u8>, ResealError> {
        let range = self.data_range(index).ok_or(ResealError::NoSuchSegment)?;
        if range.end - range.start != data.len() as u64 {
            return Err(ResealError::NoSuchSegment);
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(SEGMENT + TAG_LEN));
        if index == 0 {
            plain.extend_from_slice(&self.true_len.to_be_bytes());
        }
        plain.extend_from_slice(data);
        let rest = padded(self.true_len + LENGTH_PREFIX as u64) - index * SEGMENT as u64;
        plain.resize(rest.min(SEGMENT as u64) as usize, 0);
        let last = index + 1 == self.tags.len() as u64;
        let key = segment_key(&self.secret.salt, &self.secret.file_key);
        let tag = key.seal(segment_nonce(index, last), b"", &mut plain);
        if tag != self.tags[index as usize] {
            return Err(ResealError::DataChanged);
        }
        plain.extend_from_slice(&tag);
        Ok(std::mem::take(&mut *plain))
    }
}

/// Seals a file of known length that arrives in order, in pieces of any size.
pub struct BlobSealer {
    secret: BlobSecret,
    key: AeadKey,
    true_len: u64,
    taken: u64,
    /// Padding that is still to come.
    missing: u64,
    sealed: u64,
    buffer: Zeroizing<Vec<u8>>,
    tags: Vec<[u8; TAG_LEN]>,
    data_hash: Context,
    sealed_hash: Context,
}

impl BlobSealer {
    /// Begins a blob of a file of `true_len` bytes, and appends its header to `out`.
    ///
    /// # Errors
    /// [`SealBlobError::TooLarge`].
    pub fn new(secret: BlobSecret, true_len: u64, out: &mut Vec<u8>) -> Result<Self, SealBlobError> {
        if true_len > MAX_TRUE_LEN {
            return Err(SealBlobError::TooLarge);
        }
        let header = header(&secret);
        let mut sealed_hash = Context::new(&SHA256);
        sealed_hash.update(&header);
        out.extend_from_slice(&header);
        let mut buffer = Zeroizing::new(Vec::with_capacity(SEGMENT));
        buffer.extend_from_slice(&true_len.to_be_bytes());
        Ok(Self {
            key: segment_key(&secret.salt, &secret.file_key),
            secret,
            true_len,
            taken: 0,
            missing: padded(true_len + LENGTH_PREFIX as u64) - true_len - LENGTH_PREFIX as u64,
            sealed: 0,
            buffer,
            tags: Vec::new(),
            data_hash: Context::new(&SHA256),
            sealed_hash,
        })
    }

    /// Takes the next bytes of the file, and appends to `out` the segments they completed.
    ///
    /// # Errors
    /// [`SealBlobError::LengthChanged`] when there are more bytes than were announced.
    pub fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), SealBlobError> {
        self.taken += data.len() as u64;
        if self.taken > self.true_len {
            return Err(SealBlobError::LengthChanged);
        }
        self.data_hash.update(data);
        self.absorb(data, out);
        Ok(())
    }

    /// The file has ended: appends about a segment of padding, and says whether there is more. A large file has
    /// megabytes of it, which need not be in memory at once.
    ///
    /// # Errors
    /// [`SealBlobError::LengthChanged`] when there were fewer bytes than announced.
    pub fn pad(&mut self, out: &mut Vec<u8>) -> Result<bool, SealBlobError> {
        if self.taken != self.true_len {
            return Err(SealBlobError::LengthChanged);
        }
        let zeros = [0; SEGMENT / 8];
        for _ in 0..8 {
            let some = self.missing.min(zeros.len() as u64);
            self.absorb(&zeros[..some as usize], out);
            self.missing -= some;
        }
        Ok(self.missing > 0)
    }

    /// The file has ended: appends the rest of the padding and the last segment.
    ///
    /// # Errors
    /// As [`BlobSealer::pad`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<BlobOutline, SealBlobError> {
        while self.pad(out)? {}
        self.seal_segment(true, out);
        Ok(BlobOutline {
            secret: self.secret,
            blob_id: BlobId::of_digest(digest(self.sealed_hash)),
            true_len: self.true_len,
            plaintext_sha256: digest(self.data_hash),
            tags: self.tags,
        })
    }

    /// Fills segments with plaintext. A full one waits until it is known not to be the last.
    fn absorb(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        while !plain.is_empty() {
            if self.buffer.len() == SEGMENT {
                self.seal_segment(false, out);
            }
            let (head, rest) = plain.split_at(plain.len().min(SEGMENT - self.buffer.len()));
            self.buffer.extend_from_slice(head);
            plain = rest;
        }
    }

    fn seal_segment(&mut self, last: bool, out: &mut Vec<u8>) {
        let tag = self.key.seal(segment_nonce(self.sealed, last), b"", &mut self.buffer);
        for part in [self.buffer.as_slice(), &tag] {
            self.sealed_hash.update(part);
            out.extend_from_slice(part);
        }
        self.tags.push(tag);
        self.sealed += 1;
        self.buffer.clear();
    }
}

fn header(secret: &BlobSecret) -> [u8; BLOB_HEADER] {
    let mut header = [0; BLOB_HEADER];
    let (preamble, rest) = header.split_at_mut(PREAMBLE.len());
    let (salt, commit) = rest.split_at_mut(secret.salt.len());
    preamble.copy_from_slice(&PREAMBLE);
    salt.copy_from_slice(&secret.salt);
    commit.copy_from_slice(&commitment(&secret.salt, &secret.file_key));
    header
}

fn digest(context: Context) -> [u8; 32] {
    context.finish().as_ref().try_into().expect("SHA-256 is 32 bytes")
}
