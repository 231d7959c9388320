//! The rules between a header's fields, in the order of PROTOCOL.md section 6.

use super::{BlobRef, HeaderFields, Wrap};
use crate::code::{Class, LegalBasis, RecipientKind};
use crate::codec::ascending;
use crate::fault::{Fault, InvalidField};
use crate::ids::ConsentHandle;
use crate::limits::{MAX_BLOBS, MAX_CONTENT, MAX_HANDLES, MAX_LIFETIME_MS, MAX_TO, MAX_WRAPS, TAG_LEN};
use crate::padding::{is_blob_len, is_padded_size};

type Checked = Result<(), InvalidField>;

fn require(holds: bool, fault: Fault, field: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(fault.in_field(field)) }
}

/// What a parser checks field by field, as it reads them: the commitment, and the lengths and orders of the lists.
pub(super) fn check_fields(header: &HeaderFields) -> Checked {
    check_commitment(&header.key_commit)?;
    let lists = [
        (header.to.len(), 1..=usize::from(MAX_TO), "header.to"),
        (header.wraps.len(), 1..=usize::from(MAX_WRAPS), "header.wraps"),
        (header.blobs.len(), 0..=usize::from(MAX_BLOBS), "header.blobs"),
        (header.handles.len(), 0..=usize::from(MAX_HANDLES), "header.handles"),
    ];
    lists
        .into_iter()
        .try_for_each(|(len, bounds, field)| require(bounds.contains(&len), Fault::CountOutOfRange, field))?;
    check_wraps_ascend(&header.wraps)?;
    check_blobs_ascend(&header.blobs)?;
    check_handles_ascend(&header.handles)
}

/// The commitment to the message key is not zero.
pub(super) fn check_commitment(key_commit: &[u8; 32]) -> Checked {
    require(*key_commit != [0; 32], Fault::ZeroCommitment, "header.key_commit")
}

/// Wraps ascend by organisation and device.
pub(super) fn check_wraps_ascend(wraps: &[Wrap]) -> Checked {
    ascending(wraps, |wrap| (wrap.org, wrap.device), "header.wraps")
}

/// Attachments ascend by their id.
pub(super) fn check_blobs_ascend(blobs: &[BlobRef]) -> Checked {
    ascending(blobs, |blob| blob.id, "header.blobs")
}

/// Consent handles ascend.
pub(super) fn check_handles_ascend(handles: &[ConsentHandle]) -> Checked {
    ascending(handles, |handle| *handle, "header.handles")
}

/// Every rule between fields.
pub(super) fn check(header: &HeaderFields) -> Checked {
    check_basis(header)?;
    check_life(header)?;
    require(is_content_len(header.content_len), Fault::BadLength, "header.content_len")?;
    check_recipients(header)?;
    check_boxes(header)?;
    let possible = header.blobs.iter().all(|blob| is_blob_len(blob.len));
    require(possible, Fault::BadLength, "header.blobs.len")
}

fn check_basis(header: &HeaderFields) -> Checked {
    let class_fits = (header.class == Class::FollowUp) == header.basis.is_none();
    require(class_fits, Fault::BadBasis, "header.basis")?;
    let handles_fit = (header.basis == Some(LegalBasis::Consent)) != header.handles.is_empty();
    require(handles_fit, Fault::BadBasis, "header.handles")
}

fn check_life(header: &HeaderFields) -> Checked {
    let life = header.expires_ms.checked_sub(header.created_ms);
    let in_bounds = life.is_some_and(|life| (1..=MAX_LIFETIME_MS).contains(&life));
    require(in_bounds, Fault::BadTime, "header.expires_ms")
}

/// Whether sealed content can be this long: padded plaintext and a tag.
const fn is_content_len(len: u32) -> bool {
    let len = len as u64;
    len >= TAG_LEN as u64 && len <= MAX_CONTENT as u64 && is_padded_size(len - TAG_LEN as u64)
}

fn check_recipients(header: &HeaderFields) -> Checked {
    let field = "header.to";
    let is_primary = |index: usize| header.to.get(index).is_some_and(|to| to.kind == RecipientKind::Primary);
    require(is_primary(0), Fault::BadRecipients, field)?;
    let primaries = header.to.iter().filter(|to| to.kind == RecipientKind::Primary);
    let ascend = primaries.map(|to| (to.org, to.mailbox)).is_sorted_by(|a, b| a < b);
    require(ascend, Fault::BadRecipients, field)?;
    let mut mailboxes: Vec<_> = header.to.iter().map(|to| (to.org, to.mailbox)).collect();
    mailboxes.sort_unstable();
    require(mailboxes.is_sorted_by(|a, b| a < b), Fault::BadRecipients, field)?;
    let own = (header.sender_org, header.sender_mailbox);
    require(!mailboxes.contains(&own), Fault::BadRecipients, field)
}

fn check_boxes(header: &HeaderFields) -> Checked {
    let field = "header.wraps.boxes";
    for wrap in &header.wraps {
        let own_device = (wrap.org, wrap.device) == (header.sender_org, header.sender_device);
        require(!own_device, Fault::BadBoxes, field)?;
        // A bit at or beyond n_to names no recipient, and so no mailbox of the wrap's organisation either.
        let boxes_are_its_own =
            wrap.mailboxes().all(|index| header.to.get(index).is_some_and(|to| to.org == wrap.org));
        require(boxes_are_its_own, Fault::BadBoxes, field)?;
        require(!wrap.is_sent_copy() || wrap.org == header.sender_org, Fault::BadBoxes, field)?;
    }
    let everybody_reads = (0..header.to.len()).all(|index| header.readers(index).next().is_some());
    require(everybody_reads, Fault::BadBoxes, "header.to")
}
