//! The hub's signature on its log: a C2SP tlog-checkpoint in a signed note with one Ed25519 signature, and beside it,
//! in a checkpoint that says how fresh it is, a C2SP tlog-cosignature (`cosignature/v1`) with a time.
//!
//! The log key makes both. Nobody can take the one for the other: what is signed begins with `samverkan/` there and with
//! `cosignature/v1` here, and the key hashes of the two lines are made with other algorithm numbers.

use super::TreeHead;
use crate::fault::{Fault, InvalidField};
use crate::ids::{HubName, sha256_of};
use crate::limits::{MAX_AHEAD_MS, SECOND_MS};
use crate::sign::{PublicKey, SIGNATURE_LEN, Signature, Signer};
use bytes::Bytes;
use data_encoding::BASE64;

const ORIGIN_PREFIX: &str = "samverkan/";
/// The note's mark of a signature line: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The signed note's number for Ed25519.
const ED25519: u8 = 1;
/// Its number for a time-stamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;
/// What a cosignature signs begins with this, and a time.
const COSIGNED: &str = "cosignature/v1\ntime ";

/// A root that the hub signed. Made by [`Checkpoint::verify`], [`Checkpoint::sign`] and [`Checkpoint::cosign`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    head: TreeHead,
    note: Bytes,
    cosigned_s: Option<u64>,
}

/// A cosignature before it is believed: when, in seconds since 1970, and the signature.
struct Cosignature {
    key_hash: [u8; 4],
    time_s: u64,
    signature: Signature,
}

/// A note's parts, before anything is believed.
struct Parts<'a> {
    /// What is signed, up to and including the newline before the empty line.
    text: &'a str,
    hub: HubName,
    head: TreeHead,
    key_hash: [u8; 4],
    signature: Signature,
    cosignature: Option<Cosignature>,
}

const BAD: InvalidField = Fault::BadCheckpoint.in_field("checkpoint");

impl Checkpoint {
    /// Reads a note and verifies that it is the hub's, with a cosignature or without.
    ///
    /// # Errors
    /// `bad_checkpoint` for any other form, `wrong_signers` for another hub or key, `bad_signature`.
    pub fn verify(note: Bytes, hub: &HubName, log_key: &PublicKey) -> Result<Self, InvalidField> {
        let parts = str::from_utf8(&note).ok().and_then(split).ok_or(BAD)?;
        if parts.hub != *hub || parts.key_hash != key_hash(hub, ED25519, log_key) {
            return Err(Fault::WrongSigners.in_field("checkpoint"));
        }
        log_key.verify_plain(parts.text.as_bytes(), &parts.signature)?;
        if let Some(Cosignature { key_hash: hash, time_s, signature }) = &parts.cosignature {
            if *hash != key_hash(hub, COSIGNATURE, log_key) {
                return Err(Fault::WrongSigners.in_field("checkpoint"));
            }
            log_key.verify_plain(cosigned_text(parts.text, *time_s).as_bytes(), signature)?;
        }
        let (head, cosigned_s) = (parts.head, parts.cosignature.map(|cosignature| cosignature.time_s));
        Ok(Self { head, note, cosigned_s })
    }

    /// Signs a tree.
    #[must_use]
    pub fn sign(hub: &HubName, head: TreeHead, log_key: &Signer) -> Self {
        let text = text_of(hub, &head);
        let signature = log_key.sign_plain(text.as_bytes());
        let mut note = format!("{text}\n");
        note.push_str(&line(hub, &key_hash(hub, ED25519, log_key.public_key()), &signature));
        Self { head, note: note.into(), cosigned_s: None }
    }

    /// Signs a tree, and says that at `time_s` (seconds since 1970) it was the log's newest.
    #[must_use]
    pub fn cosign(hub: &HubName, head: TreeHead, log_key: &Signer, time_s: u64) -> Self {
        let signed = Self::sign(hub, head, log_key);
        let signature = log_key.sign_plain(cosigned_text(&text_of(hub, &head), time_s).as_bytes());
        let stamped = [&time_s.to_be_bytes()[..], &signature].concat();
        let line = line(hub, &key_hash(hub, COSIGNATURE, log_key.public_key()), &stamped);
        Self { head, note: [&signed.note[..], line.as_bytes()].concat().into(), cosigned_s: Some(time_s) }
    }

    /// The tree it vouches for.
    #[must_use]
    pub const fn head(&self) -> TreeHead {
        self.head
    }

    /// The signed note as it travels.
    #[must_use]
    pub const fn note(&self) -> &Bytes {
        &self.note
    }

    /// When the hub said that this was its newest tree, in milliseconds since 1970; `None` if it did not say.
    #[must_use]
    pub const fn cosigned_ms(&self) -> Option<u64> {
        match self.cosigned_s {
            Some(seconds) => Some(seconds.saturating_mul(SECOND_MS)),
            None => None,
        }
    }

    /// Whether this and `other` can not both be of one honest log, by their times: the smaller tree was said to be the newest more
    /// than ten minutes after the larger one was. A checkpoint without a time contradicts nothing in this way.
    #[must_use]
    pub fn stood_still(&self, other: &Self) -> bool {
        let (small, large) = if self.head.size < other.head.size { (self, other) } else { (other, self) };
        match (small.cosigned_ms(), large.cosigned_ms()) {
            (Some(small_ms), Some(large_ms)) => {
                small.head.size < large.head.size && small_ms > large_ms.saturating_add(MAX_AHEAD_MS)
            }
            _ => false,
        }
    }
}

fn text_of(hub: &HubName, head: &TreeHead) -> String {
    format!("{ORIGIN_PREFIX}{hub}\n{}\n{}\n", head.size, BASE64.encode(&head.root))
}

/// What a cosignature signs.
fn cosigned_text(text: &str, time_s: u64) -> String {
    format!("{COSIGNED}{time_s}\n{text}")
}

/// A signature line.
fn line(hub: &HubName, key_hash: &[u8; 4], signed: &[u8]) -> String {
    format!("{SIGNATURE_MARK}{ORIGIN_PREFIX}{hub} {}\n", BASE64.encode(&[&key_hash[..], signed].concat()))
}

/// The first four bytes of `H(origin || 0x0A || algorithm || key)`.
fn key_hash(hub: &HubName, algorithm: u8, key: &PublicKey) -> [u8; 4] {
    let origin = format!("{ORIGIN_PREFIX}{hub}\n");
    let hash = sha256_of(&[origin.as_bytes(), &[algorithm], key.as_bytes()]);
    *hash.first_chunk().expect("SHA-256 is longer than 4 bytes")
}

/// `None` unless `note` is exactly what [`Checkpoint::sign`] or [`Checkpoint::cosign`] would write for some hub and key.
fn split(note: &str) -> Option<Parts<'_>> {
    let (body, signature_lines) = note.split_once("\n\n")?;
    let text = &note[..=body.len()];
    let mut lines = body.split('\n');
    let hub = parse_origin(lines.next()?)?;
    let size = lines.next()?.parse().ok()?;
    let root = BASE64.decode(lines.next()?.as_bytes()).ok()?.try_into().ok()?;
    let head = TreeHead { size, root };
    // Whatever the numbers were parsed from must be their only spelling; this also refuses a fourth line.
    if text != text_of(&hub, &head) {
        return None;
    }
    let (first, second) = signature_lines.split_once('\n')?;
    let signed: [u8; 4 + SIGNATURE_LEN] = parse_line(first, &hub)?.try_into().ok()?;
    let (key_hash, signature) = signed.split_first_chunk()?;
    let cosignature = if second.is_empty() { None } else { Some(parse_cosignature(second, &hub)?) };
    Some(Parts { text, hub, head, key_hash: *key_hash, signature: signature.try_into().ok()?, cosignature })
}

/// What a signature line of this hub holds; the line's end is cut off.
fn parse_line(line: &str, hub: &HubName) -> Option<Vec<u8>> {
    let (signer, signed) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
    (parse_origin(signer)? == *hub).then_some(())?;
    BASE64.decode(signed.as_bytes()).ok()
}

fn parse_cosignature(line: &str, hub: &HubName) -> Option<Cosignature> {
    let signed = parse_line(line.strip_suffix('\n')?, hub)?;
    let (key_hash, rest) = signed.split_first_chunk::<4>()?;
    let (time, signature) = rest.split_first_chunk::<8>()?;
    Some(Cosignature {
        key_hash: *key_hash,
        time_s: u64::from_be_bytes(*time),
        signature: signature.try_into().ok()?,
    })
}

fn parse_origin(line: &str) -> Option<HubName> {
    line.strip_prefix(ORIGIN_PREFIX)?.parse().ok()
}
