//! The hub's signature on its log: a C2SP tlog-checkpoint in a signed note with one Ed25519 signature.

use super::TreeHead;
use crate::fault::{Fault, InvalidField};
use crate::ids::{HubName, sha256_of};
use crate::sign::{PublicKey, SIGNATURE_LEN, Signature, Signer};
use bytes::Bytes;
use data_encoding::BASE64;

const ORIGIN_PREFIX: &str = "samverkan/";
/// The note's mark of a signature line: an em dash and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The signed note's number for Ed25519.
const ED25519: u8 = 1;

/// A root that the hub signed. Made by [`Checkpoint::verify`] and [`Checkpoint::sign`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    head: TreeHead,
    note: Bytes,
}

/// A note's parts, before anything is believed.
struct Parts<'a> {
    /// What is signed, up to and including the newline before the empty line.
    text: &'a str,
    hub: HubName,
    head: TreeHead,
    key_hash: [u8; 4],
    signature: Signature,
}

const BAD: InvalidField = Fault::BadCheckpoint.in_field("checkpoint");

impl Checkpoint {
    /// Reads a note and verifies that it is the hub's.
    ///
    /// # Errors
    /// `bad_checkpoint` for any other form, `wrong_signers` for another hub or key, `bad_signature`.
    pub fn verify(note: Bytes, hub: &HubName, log_key: &PublicKey) -> Result<Self, InvalidField> {
        let parts = str::from_utf8(&note).ok().and_then(split).ok_or(BAD)?;
        if parts.hub != *hub || parts.key_hash != key_hash(hub, log_key) {
            return Err(Fault::WrongSigners.in_field("checkpoint"));
        }
        log_key.verify_plain(parts.text.as_bytes(), &parts.signature)?;
        let head = parts.head;
        Ok(Self { head, note })
    }

    /// Signs a tree.
    #[must_use]
    pub fn sign(hub: &HubName, head: TreeHead, log_key: &Signer) -> Self {
        let text = text_of(hub, &head);
        let signature = log_key.sign_plain(text.as_bytes());
        let mut signed = key_hash(hub, log_key.public_key()).to_vec();
        signed.extend_from_slice(&signature);
        let signed = BASE64.encode(&signed);
        let note = format!("{text}\n{SIGNATURE_MARK}{ORIGIN_PREFIX}{hub} {signed}\n").into();
        Self { head, note }
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
}

fn text_of(hub: &HubName, head: &TreeHead) -> String {
    format!("{ORIGIN_PREFIX}{hub}\n{}\n{}\n", head.size, BASE64.encode(&head.root))
}

/// The first four bytes of `H(origin || 0x0A || 0x01 || key)`.
fn key_hash(hub: &HubName, key: &PublicKey) -> [u8; 4] {
    let origin = format!("{ORIGIN_PREFIX}{hub}\n");
    let hash = sha256_of(&[origin.as_bytes(), &[ED25519], key.as_bytes()]);
    *hash.first_chunk().expect("SHA-256 is longer than 4 bytes")
}

/// `None` unless `note` is exactly what [`Checkpoint::sign`] would write for some hub and key.
fn split(note: &str) -> Option<Parts<'_>> {
    let (body, signature_line) = note.split_once("\n\n")?;
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
    let line = signature_line.strip_suffix('\n')?.strip_prefix(SIGNATURE_MARK)?;
    let (signer, signed) = line.split_once(' ')?;
    if parse_origin(signer)? != hub {
        return None;
    }
    let signed: [u8; 4 + SIGNATURE_LEN] = BASE64.decode(signed.as_bytes()).ok()?.try_into().ok()?;
    let (key_hash, signature) = signed.split_first_chunk()?;
    Some(Parts { text, hub, head, key_hash: *key_hash, signature: signature.try_into().ok()? })
}

fn parse_origin(line: &str) -> Option<HubName> {
    line.strip_prefix(ORIGIN_PREFIX)?.parse().ok()
}
