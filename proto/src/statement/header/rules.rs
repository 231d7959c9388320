//! The rules between a header's fields, in the order of PROTOCOL.md section 6.

use super::HeaderFields;
use crate::code::{Class, LegalBasis, RecipientKind};
use crate::codec::ascending;
use crate::fault::{Fault, InvalidField};
use crate::limits::{MAX_BLOBS, MAX_CONTENT, MAX_HANDLES, MAX_LIFETIME_MS, MAX_TO, MAX_WRAPS, TAG_LEN};
use crate::padding::{is_blob_len, is_padded_size};

type Checked = Result<(), InvalidField>;

fn require(holds: bool, fault: Fault, field: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(fault.in_field(field)) }
}

/// The list lengths, which a parser checks as it reads them.
pub(super) fn check_counts(header: &HeaderFields) -> Checked {
    let lists = [
        (header.to.len(), 1..=usize::from(MAX_TO), "header.to"),
        (header.wraps.len(), 1..=usize::from(MAX_WRAPS), "header.wraps"),
        (header.blobs.len(), 0..=usize::from(MAX_BLOBS), "header.blobs"),
        (header.handles.len(), 0..=usize::from(MAX_HANDLES), "header.handles"),
    ];
    lists
        .into_iter()
        .try_for_each(|(len, bounds, field)| require(bounds.contains(&len), Fault::CountOutOfRange, field))
}

/// Every rule that concerns more than the reading of one field.
pub(super) fn check(header: &HeaderFields) -> Checked {
    check_basis(header)?;
    check_life(header)?;
    require(is_content_len(header.content_len), Fault::BadLength, "header.content_len")?;
    require(header.key_commit != [0; 32], Fault::ZeroCommitment, "header.key_commit")?;
    check_recipients(header)?;
    ascending(&header.wraps, |wrap| (wrap.org, wrap.device), "header.wraps")?;
    check_boxes(header)?;
    ascending(&header.blobs, |blob| blob.id, "header.blobs")?;
    let possible = header.blobs.iter().all(|blob| is_blob_len(blob.len));
    require(possible, Fault::BadLength, "header.blobs.len")?;
    ascending(&header.handles, |handle| *handle, "header.handles")
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
