//! Valid statements for property tests, and the laws that every layout obeys.

use super::header::{BlobRef, HeaderFields, Recipient, Wrap};
use super::receipt::{DeviceReceipt, HubEvent, HubReceipt, MailboxRef, Verdict, WithdrawalReceipt};
use crate::code::{
    CannotDecryptReason, Class, LegalBasis, PurgeReason, RecipientKind, RefusalReason, ReturnReason, Roles,
    Urgency,
};
use crate::fault::{Fault, InvalidField};
use crate::ids::{
    BlobId, ByteId, ConsentHandle, DeviceId, EpochKeyId, MailboxId, MessageId, OrgId, TlsKeyHash, sha256,
};
use crate::limits::{MAX_ANSWER_MINUTES, MAX_BODY, MAX_DEVICE_MS, MAX_LIFETIME_MS, MAX_TRUE_LEN};
use crate::padding::{blob_len, padded};
use crate::sign::Signer;
use crate::statement::manifest::{Device, Mailbox, Manifest, ManifestFields};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// A random identifier that is not zero.
pub(crate) fn id<T: ByteId + std::fmt::Debug>() -> impl Strategy<Value = T> + Clone {
    vec(any::<u8>(), T::LEN).prop_filter_map("zero", |bytes| T::from_slice(&bytes).ok())
}

pub(crate) fn message_id() -> impl Strategy<Value = MessageId> + Clone {
    any::<[u8; 16]>().prop_map(|mut bytes| {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        MessageId::parse(&bytes).expect("version 4")
    })
}

pub(crate) fn signer(seed: [u8; 32]) -> Signer {
    Signer::from_seed(&seed).expect("32 bytes")
}

fn mailbox_ref() -> impl Strategy<Value = MailboxRef> {
    (id(), id()).prop_map(|(org, mailbox)| MailboxRef { org, mailbox })
}

fn refusal() -> impl Strategy<Value = RefusalReason> {
    select(RefusalReason::ALL)
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let open_tag = any::<[u8; 16]>();
    prop_oneof![
        open_tag.prop_map(|open_tag| Verdict::Delivered { open_tag }),
        select(CannotDecryptReason::ALL).prop_map(Verdict::CannotDecrypt),
        (refusal(), open_tag).prop_map(|(reason, open_tag)| Verdict::Refused { reason, open_tag }),
        (open_tag, id(), any::<[u8; 32]>()).prop_map(|(open_tag, mailbox, answer_ref)| {
            Verdict::Answered { open_tag, mailbox, answer_ref }
        }),
    ]
}

/// A receipt of any type by this device.
pub(crate) fn device_receipt_by(device: DeviceId) -> impl Strategy<Value = DeviceReceipt> {
    (message_id(), any::<[u8; 32]>(), id(), any::<u64>(), verdict()).prop_map(
        move |(message_id, hh, org, time_ms, verdict)| DeviceReceipt {
            message_id,
            hh,
            org,
            device,
            time_ms,
            verdict,
        },
    )
}

/// A device receipt of any type.
pub(crate) fn device_receipt() -> impl Strategy<Value = DeviceReceipt> {
    id::<DeviceId>().prop_flat_map(device_receipt_by)
}

fn hub_event() -> impl Strategy<Value = HubEvent> {
    prop_oneof![
        (mailbox_ref(), id()).prop_map(|(sender, device)| HubEvent::SubmissionAccepted { sender, device }),
        (mailbox_ref(), id()).prop_map(|(recipient, device)| HubEvent::HandedOver { recipient, device }),
        Just(HubEvent::Expiring),
        Just(HubEvent::ExpiredUndelivered),
        select(PurgeReason::ALL).prop_map(HubEvent::Purged),
        Just(HubEvent::Shredded),
        (mailbox_ref(), select(ReturnReason::ALL))
            .prop_map(|(recipient, reason)| HubEvent::Returned { recipient, reason }),
        mailbox_ref().prop_map(|recipient| HubEvent::Undecryptable { recipient }),
        (mailbox_ref(), refusal()).prop_map(|(recipient, reason)| HubEvent::Refused { recipient, reason }),
        (id(), id()).prop_map(|(org, device)| HubEvent::Recalled { org, device }),
    ]
}

/// A hub receipt of any type.
pub(crate) fn hub_receipt() -> impl Strategy<Value = HubReceipt> {
    let hashes = any::<[[u8; 32]; 4]>();
    (message_id(), hashes, any::<(u64, u32, u64)>(), hub_event()).prop_map(
        |(message_id, [hh, content_hash, wraps_hash, log_root], numbers, event)| HubReceipt {
            message_id,
            hh,
            content_hash,
            wraps_hash,
            hub_time_ms: numbers.0,
            policy_version: numbers.1,
            log_size: numbers.2,
            log_root,
            event,
        },
    )
}

/// A hub receipt about a withdrawn handle.
pub(crate) fn withdrawal_receipt() -> impl Strategy<Value = WithdrawalReceipt> {
    (id(), any::<[[u8; 32]; 2]>(), any::<(u64, u32, u64)>()).prop_map(
        |(handle, [withdrawal_hash, log_root], numbers)| WithdrawalReceipt {
            handle,
            withdrawal_hash,
            hub_time_ms: numbers.0,
            policy_version: numbers.1,
            log_size: numbers.2,
            log_root,
        },
    )
}

/// One of a few organisations, so that recipients share them.
fn org(number: u8) -> OrgId {
    OrgId::parse(&sha256(&[number])[..16]).expect("a hash")
}

/// One of a few devices of an organisation.
fn device(org: &OrgId, number: u8) -> DeviceId {
    DeviceId::parse(&sha256(&[org.as_bytes(), &[number][..]].concat())[..16]).expect("a hash")
}

/// One to five groups of at most three mailboxes, each with the numbers of the devices that read it.
fn recipients() -> impl Strategy<Value = Vec<(Recipient, Vec<u8>)>> {
    let mailbox = || (0u8..4, any::<u64>(), btree_set(0u8..4, 1..4));
    btree_map(id::<MailboxId>(), (mailbox(), vec((id::<MailboxId>(), mailbox()), 0..3)), 1..6).prop_map(
        |groups| {
            let mut primaries: Vec<_> = groups.into_iter().collect();
            primaries.sort_by_key(|(mailbox, ((number, ..), _))| (org(*number), *mailbox));
            let recipient = |mailbox, (number, manifest_serial, readers): (u8, u64, _), kind| {
                (
                    Recipient { org: org(number), mailbox, manifest_serial, kind },
                    Vec::from_iter::<std::collections::BTreeSet<u8>>(readers),
                )
            };
            primaries
                .into_iter()
                .flat_map(|(mailbox, (about, alternates))| {
                    let alternates = alternates
                        .into_iter()
                        .map(move |(mailbox, about)| recipient(mailbox, about, RecipientKind::Alternate));
                    std::iter::once(recipient(mailbox, about, RecipientKind::Primary)).chain(alternates)
                })
                .collect()
        },
    )
}

/// The wraps of every reader, and of some devices of the sender's organisation.
fn wraps(to: &[(Recipient, Vec<u8>)], sender: &OrgId, copies: &[u8]) -> Vec<Wrap> {
    let mut boxes = BTreeMap::new();
    for (index, (to, readers)) in to.iter().enumerate() {
        for reader in readers {
            *boxes.entry((to.org, device(&to.org, *reader))).or_insert(0) |= 1 << index;
        }
    }
    for copy in copies {
        boxes.entry((*sender, device(sender, *copy))).or_insert(0);
    }
    let wrap = |((org, device), boxes): ((OrgId, DeviceId), u16)| Wrap {
        org,
        device,
        epoch_key: EpochKeyId::of_key(device.as_bytes()),
        boxes,
    };
    boxes.into_iter().map(wrap).collect()
}

fn purpose() -> impl Strategy<Value = (Class, Option<LegalBasis>, Vec<ConsentHandle>)> {
    let handles = btree_set(id::<ConsentHandle>(), 1..=8).prop_map(Vec::from_iter);
    let class = || select(&Class::ALL[..3]);
    prop_oneof![
        Just((Class::FollowUp, None, Vec::new())),
        (class(), handles).prop_map(|(class, handles)| (class, Some(LegalBasis::Consent), handles)),
        (class(), select(&LegalBasis::ALL[1..])).prop_map(|(class, basis)| (class, Some(basis), Vec::new())),
    ]
}

/// The fields of a header that obeys every rule.
pub(crate) fn header_fields() -> impl Strategy<Value = HeaderFields> {
    let blobs = btree_map(id::<BlobId>(), (0..=MAX_TRUE_LEN).prop_map(blob_len), 0..=16);
    let times = (0..u64::MAX - MAX_LIFETIME_MS, 1..=MAX_LIFETIME_MS);
    let sender = (0u8..6, id(), btree_set(0u8..6, 0..3));
    let shape = (select(Urgency::ALL), 0..=MAX_ANSWER_MINUTES, 0..=MAX_BODY as u64, 1u8..);
    (message_id(), sender, purpose(), shape, times, recipients(), blobs).prop_map(
        |(message_id, sender, purpose, shape, (created_ms, life), recipients, blobs)| {
            let sender_org = org(sender.0);
            let wraps = wraps(&recipients, &sender_org, &Vec::from_iter(sender.2));
            HeaderFields {
                message_id,
                sender_org,
                sender_mailbox: sender.1,
                sender_device: device(&sender_org, u8::MAX),
                class: purpose.0,
                basis: purpose.1,
                urgency: shape.0,
                answer_within_minutes: NonZeroU32::new(shape.1),
                created_ms,
                expires_ms: created_ms + life,
                content_len: u32::try_from(padded(68 + shape.2) + 16).expect("at most 2 MiB"),
                key_commit: [shape.3; 32],
                to: recipients.into_iter().map(|(to, _)| to).collect(),
                wraps,
                blobs: blobs.into_iter().map(|(id, len)| BlobRef { id, len }).collect(),
                handles: purpose.2,
            }
        },
    )
}

/// Holds a parser that gives back what it re-encodes against the laws of PROTOCOL.md section 1, around one valid statement.
pub(crate) fn check_laws(
    valid: &[u8],
    mutation: (prop::sample::Index, u8),
    parse_and_encode: impl Fn(&[u8]) -> Result<Vec<u8>, InvalidField>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(parse_and_encode(valid), Ok(valid.to_vec()));
    for len in 0..valid.len() {
        let cut = parse_and_encode(&valid[..len]).expect_err("a truncation");
        prop_assert_eq!(cut.fault, Fault::Truncated, "cut to {} bytes", len);
    }
    let longer = parse_and_encode(&[valid, &[0]].concat()).expect_err("a byte more");
    prop_assert_eq!(longer.fault, Fault::TrailingBytes);
    let mut mutated = valid.to_vec();
    mutated[mutation.0.index(valid.len())] = mutation.1;
    check_any_bytes(&mutated, parse_and_encode)
}

/// Whatever is accepted encodes to itself; nothing panics.
pub(crate) fn check_any_bytes(
    bytes: &[u8],
    parse_and_encode: impl Fn(&[u8]) -> Result<Vec<u8>, InvalidField>,
) -> Result<(), TestCaseError> {
    if let Ok(encoded) = parse_and_encode(bytes) {
        prop_assert_eq!(&encoded[..], bytes);
    }
    Ok(())
}

/// An X-Wing public key in range. No private half is known.
pub(crate) fn xwing_public() -> impl Strategy<Value = Vec<u8>> {
    let seed_and_u = any::<([u8; 32], [u8; 32])>();
    (vec((0..3_329u16, 0..3_329u16), 384), seed_and_u).prop_map(|(coefficients, (seed, mut u))| {
        u[31] &= 0x3f;
        u[0] |= 2;
        let pack = |(first, second): (u16, u16)| {
            let packed = u32::from(first) | u32::from(second) << 12;
            packed.to_le_bytes().into_iter().take(3)
        };
        coefficients.into_iter().flat_map(pack).chain(seed).chain(u).collect()
    })
}

/// The first manifest of an organisation with these admins, of whom `threshold` sign together, and one mailbox.
pub(crate) fn manifest_of(root: u8, admins: &[u8], threshold: u8) -> Manifest {
    const NOW: u64 = 1_790_000_000_000;
    let root = signer([root; 32]);
    let devices: Vec<Device> = admins
        .iter()
        .map(|seed| {
            let tls_key = TlsKeyHash::of_spki(&[root.public_key().as_bytes(), &[*seed][..]].concat());
            Device::new(*signer([*seed; 32]).public_key(), tls_key, Roles::ALL, NOW, NOW + MAX_DEVICE_MS)
        })
        .collect();
    let mut readers: Vec<DeviceId> = devices.iter().map(Device::id).collect();
    readers.sort_unstable();
    let mailbox = Mailbox {
        id: MailboxId::parse(&[root.public_key().as_bytes()[0] | 1; 16]).expect("not zero"),
        name: "stod".parse().expect("a name"),
        readers,
    };
    Manifest::build(ManifestFields {
        serial: 1,
        prev: [0; 32],
        issued_ms: NOW,
        not_after_ms: NOW + MAX_DEVICE_MS,
        root_pk: *root.public_key(),
        handle: "jouren-exempel".parse().expect("a handle"),
        organisation_number: "5560360793".parse().expect("a number"),
        threshold,
        devices,
        mailboxes: vec![mailbox],
        revocations: Vec::new(),
    })
    .expect("a first manifest")
}
