//! Evidence: everything that proves what became of the messages of a case, to be checked by anybody without the
//! hub, and without the key of any message.
//!
//! The bundle has headers, digests, receipts with their proofs, and the signed manifests that name the devices. The
//! opening proofs (`open_tags`) are the exporter's word: only who holds the message key can compute them. Receipts
//! are the signers' own words.
//!
//! Anybody can make a root key and sign manifests with it, so those in a bundle prove nothing about who somebody is.
//! A handle is told only of a device key that stands in the checker's own verified copy of the log. Of any other
//! key it is told that it signed, with the safety number of the root that vouches for it; such a bundle does not hold.
//! A device's word counts only about a header that the hub has said it accepted.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use samverkan_envelope::open::LogView as _;
use samverkan_proto::code::DeviceReceiptType;
use samverkan_proto::ids::{DeviceId, MessageId, OrgId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::batch::{ReceiptProof, UnverifiedProof};
use samverkan_proto::statement::header::{Header, HeaderFields};
use samverkan_proto::statement::manifest::{Manifest, SignedManifest};
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt};
use samverkan_proto::statement::safety::{CaseReference, SafetyNumber};
use serde::{Deserialize, Serialize};

use super::Session;
use super::later::LaterReader;
use super::mail::Kept;
use super::model::Direction;
use super::receipts::names_a_party;
use super::stages::Said;
use crate::connect::HubPins;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};

/// The only version of the bundle.
const VERSION: u32 = 1;
const KIND: &str = "evidence";
/// The largest bundle that is read.
pub const MAX_EVIDENCE_BYTES: usize = 64 << 20;

/// A bundle of evidence about one case, as it is written to a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    schema_version: u32,
    kind: String,
    reference: String,
    hub: HubPart,
    organisations: Vec<OrganisationPart>,
    messages: Vec<MessagePart>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HubPart {
    name: String,
    authority: String,
    log_key: String,
    receipt_key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationPart {
    /// SignedManifest, from serial 1 on.
    manifests: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessagePart {
    header: String,
    content_hash: String,
    open_tags: Vec<TagPart>,
    receipts: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagPart {
    device: String,
    receipt_type: u8,
    tag: String,
}

/// What a bundle proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The case, as the exporter calls it.
    pub reference: CaseReference,
    /// Its messages, oldest first.
    pub messages: Vec<Evidenced>,
}

impl Verdict {
    /// Whether every receipt in the bundle holds, and everybody who signed one stands in the log.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.messages.iter().all(|message| message.not_holding == 0) && !self.has_strangers()
    }

    /// Whether somebody signed who does not stand in the checker's copy of the log.
    #[must_use]
    pub fn has_strangers(&self) -> bool {
        let mut statements = self.messages.iter().flat_map(|message| &message.statements);
        statements.any(|statement| matches!(statement.by, Witness::Stranger { .. }))
    }
}

/// What is proven about one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidenced {
    /// The message.
    pub message: MessageId,
    /// When its header says it was created.
    pub created_ms: u64,
    /// What was said about it, in the order in which it came.
    pub statements: Vec<Statement>,
    /// Receipts that do not hold.
    pub not_holding: usize,
}

/// One thing that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its name in PROTOCOL.md section 4, such as `SUBMISSION_ACCEPTED` or `DELIVERED`.
    pub what: &'static str,
    /// Who says so.
    pub by: Witness,
    /// When, by the clock of who says so.
    pub at_ms: u64,
}

/// Who signed a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The hub.
    Hub,
    /// A device of an organisation in the log, named by its handle there.
    Device {
        /// The organisation's handle.
        handle: String,
        /// The device.
        device: DeviceId,
    },
    /// A key that the checker's copy of the log does not have, whatever the bundle calls it.
    Stranger {
        /// Of the root that vouches for the device, to be compared over another channel.
        safety_number: SafetyNumber,
        /// The device.
        device: DeviceId,
    },
}

impl Session {
    /// Everything that proves what became of a case's messages.
    ///
    /// # Errors
    /// [`Code::CaseUnknown`] or [`Code::CaseAmbiguous`].
    pub fn evidence(&self, reference: &CaseReference) -> Result<Evidence> {
        let messages = self.mail.thread(&self.thread_id(reference)?);
        let mut orgs: Vec<OrgId> = messages.iter().flat_map(|kept| orgs_of(kept)).collect();
        orgs.sort_unstable();
        orgs.dedup();
        let pins = &self.membership.hub.pins;
        Ok(Evidence {
            schema_version: VERSION,
            kind: KIND.to_owned(),
            reference: reference.to_string(),
            hub: HubPart {
                name: self.membership.hub.name.to_string(),
                authority: BASE64.encode(pins.authority()),
                log_key: HEXLOWER.encode(pins.log().as_bytes()),
                receipt_key: HEXLOWER.encode(pins.receipt().as_bytes()),
            },
            organisations: orgs.iter().filter_map(|org| self.organisation_part(org)).collect(),
            messages: messages.iter().map(|kept| self.message_part(kept)).collect(),
        })
    }

    fn organisation_part(&self, org: &OrgId) -> Option<OrganisationPart> {
        let manifests = self.directory.organisation(org)?.signed_manifests();
        Some(OrganisationPart { manifests: manifests.map(|signed| BASE64.encode(signed.bytes())).collect() })
    }

    fn message_part(&self, kept: &Kept) -> MessagePart {
        let own = self.device.device_id();
        let wraps = kept.header.fields().wraps.iter();
        // Of a message that came, only this device's own proofs are this device's to give.
        let devices = wraps
            .filter(|wrap| kept.direction == Direction::Out || wrap.device == own)
            .map(|wrap| wrap.device);
        let said = kept.receipts.iter().filter_map(|proof| Said::read(proof)).collect::<Vec<_>>();
        let later = LaterReader::spoken_of(&self.directory, kept.header.fields(), &said);
        let devices = devices.chain(later.into_iter().map(|later| later.device));
        let tag = |device: DeviceId, receipt_type: DeviceReceiptType| TagPart {
            device: device.to_string(),
            receipt_type: receipt_type.code(),
            tag: HEXLOWER.encode(&kept.secret.open_tag(&device, receipt_type)),
        };
        let types = DeviceReceiptType::ALL.iter().filter(|kind| **kind != DeviceReceiptType::CannotDecrypt);
        MessagePart {
            header: BASE64.encode(kept.header.bytes()),
            content_hash: HEXLOWER.encode(&kept.content_hash),
            open_tags: if kept.is_destroyed() {
                own_tags(kept)
            } else {
                devices.flat_map(|device| types.clone().map(move |kind| tag(device, *kind))).collect()
            },
            receipts: kept.receipts.iter().chain(&kept.given).map(|proof| BASE64.encode(proof)).collect(),
        }
    }
}

/// The proofs in this device's own receipts, of a message whose key is destroyed.
fn own_tags(kept: &Kept) -> Vec<TagPart> {
    let given = kept.given.iter().filter_map(|proof| match Said::read(proof)? {
        Said::Device(receipt) => Some(TagPart {
            device: receipt.device.to_string(),
            receipt_type: receipt.verdict.receipt_type().code(),
            tag: HEXLOWER.encode(receipt.verdict.open_tag()?),
        }),
        Said::Hub(_) => None,
    });
    given.collect()
}

fn orgs_of(kept: &Kept) -> Vec<OrgId> {
    let fields = kept.header.fields();
    fields.wraps.iter().map(|wrap| wrap.org).chain([fields.sender_org]).collect()
}

impl Evidence {
    /// The bundle as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers serialise")
    }

    /// Checks a bundle against the checker's own copy of the log, and the hub's keys that were pinned at join. Nothing
    /// is sent.
    ///
    /// # Errors
    /// [`Code::EvidenceInvalid`] when it is no bundle, is of another hub, or a manifest in it does not hold. Receipts
    /// that do not hold are counted in the verdict.
    pub fn verify(bytes: &[u8], directory: &Directory) -> Result<Verdict> {
        let invalid = || Error::new(Code::EvidenceInvalid);
        let bundle: Self = (bytes.len() <= MAX_EVIDENCE_BYTES)
            .then(|| serde_json::from_slice(bytes).ok())
            .flatten()
            .ok_or_else(invalid)?;
        bundle.judge(directory).ok_or_else(invalid)
    }

    fn judge(&self, directory: &Directory) -> Option<Verdict> {
        let is_of_this_hub = self.hub.pins()? == *directory.pins();
        (self.schema_version == VERSION && self.kind == KIND && is_of_this_hub).then_some(())?;
        let ground = Ground { directory, claimed: Claimed::of(&self.organisations)? };
        let messages = self.messages.iter().map(|part| part.judge(&ground)).collect::<Option<_>>()?;
        Some(Verdict { reference: self.reference.parse().ok()?, messages })
    }
}

impl HubPart {
    fn pins(&self) -> Option<HubPins> {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).ok();
        HubPins::new(
            &BASE64.decode(self.authority.as_bytes()).ok()?,
            &hex(&self.log_key)?,
            &hex(&self.receipt_key)?,
        )
    }
}

/// What statements are held against.
struct Ground<'a> {
    directory: &'a Directory,
    claimed: Claimed,
}

impl Ground<'_> {
    /// The key of a device, and who that is as far as this computer can tell.
    fn witness(&self, org: &OrgId, device: DeviceId) -> Option<(PublicKey, Witness)> {
        if let Some(key) = self.directory.device_key(org, &device) {
            let handle = self.directory.newest_manifest(org)?.fields().handle.to_string();
            return Some((key, Witness::Device { handle, device }));
        }
        let (key, safety_number) = *self.claimed.0.get(&(*org, device))?;
        Some((key, Witness::Stranger { safety_number, device }))
    }
}

/// The devices that the bundle's manifests name, with their keys and the numbers of the roots that signed for them.
struct Claimed(BTreeMap<(OrgId, DeviceId), (PublicKey, SafetyNumber)>);

impl Claimed {
    fn of(organisations: &[OrganisationPart]) -> Option<Self> {
        let mut devices = BTreeMap::new();
        for part in organisations {
            let mut previous: Option<Manifest> = None;
            for encoded in &part.manifests {
                let signed = SignedManifest::parse(BASE64.decode(encoded.as_bytes()).ok()?.into()).ok()?;
                let verified = match &previous {
                    None => signed.verify_first(),
                    Some(previous) => signed.verify_after(previous),
                };
                let manifest = verified.ok()?.into_manifest();
                let root = SafetyNumber::of_root(&manifest.fields().root_pk);
                for device in manifest.devices() {
                    devices.insert((manifest.org_id(), device.id()), (*device.sign_pk(), root));
                }
                previous = Some(manifest);
            }
        }
        Some(Self(devices))
    }
}

impl MessagePart {
    fn judge(&self, ground: &Ground<'_>) -> Option<Evidenced> {
        let header = Header::parse(&BASE64.decode(self.header.as_bytes()).ok()?).ok()?;
        let content_hash: [u8; 32] = HEXLOWER.decode(self.content_hash.as_bytes()).ok()?.try_into().ok()?;
        let decode = |receipt: &String| BASE64.decode(receipt.as_bytes()).ok();
        let receipts: Vec<Vec<u8>> = self.receipts.iter().map(decode).collect::<Option<_>>()?;
        let judge_hub = |proof| judge_hub(proof, &header, &content_hash, ground.directory);
        let is_acceptance = |receipt: &Vec<u8>| match ReceiptProof::parse(receipt) {
            Ok(ReceiptProof::Hub(proof)) => {
                let judged = judge_hub(proof);
                judged.is_some_and(|receipt| matches!(receipt.event, HubEvent::SubmissionAccepted { .. }))
            }
            Ok(ReceiptProof::Device(_)) | Err(_) => false,
        };
        // Whatever a device says of a header that the hub never took can have been invented together with it.
        let is_accepted = receipts.iter().any(is_acceptance);
        let mut statements = Vec::new();
        let mut not_holding = 0;
        for receipt in &receipts {
            let statement = match ReceiptProof::parse(receipt) {
                Ok(ReceiptProof::Hub(proof)) => judge_hub(proof).map(|receipt| by_the_hub(&receipt)),
                Ok(ReceiptProof::Device(proof)) if is_accepted => self.judge_device(proof, &header, ground),
                Ok(ReceiptProof::Device(_)) | Err(_) => None,
            };
            match statement {
                Some(statement) => statements.push(statement),
                None => not_holding += 1,
            }
        }
        let fields = header.fields();
        Some(Evidenced { message: fields.message_id, created_ms: fields.created_ms, statements, not_holding })
    }

    fn judge_device(
        &self,
        proof: UnverifiedProof<DeviceReceipt>,
        header: &Header,
        ground: &Ground<'_>,
    ) -> Option<Statement> {
        let claimed = *proof.claimed();
        let (key, by) = ground.witness(&claimed.org, claimed.device)?;
        proof.verify(&key).ok()?;
        let kind = claimed.verdict.receipt_type();
        let has_tag = |tag: &[u8; 16]| {
            self.open_tags.iter().any(|part| {
                part.device == claimed.device.to_string()
                    && part.receipt_type == kind.code()
                    && part.tag == HEXLOWER.encode(tag)
            })
        };
        let fields = header.fields();
        let holds = claimed.hh == *header.hh()
            && claimed.message_id == fields.message_id
            && was_for(fields, &claimed)
            && claimed.verdict.open_tag().is_none_or(has_tag);
        holds.then(|| Statement { what: kind.name(), by, at_ms: claimed.time_ms })
    }
}

/// Whether a message was sealed to the device of a receipt, or may have been given to it by a colleague later: then the receipt needs the
/// proof that the device has opened it.
fn was_for(fields: &HeaderFields, receipt: &DeviceReceipt) -> bool {
    match fields.wrap_index(&receipt.org, &receipt.device) {
        Some(at) => !fields.wraps[at].is_sent_copy(),
        None => receipt.verdict.open_tag().is_some() && fields.to.iter().any(|to| to.org == receipt.org),
    }
}

/// The hub's word about this very message and its parties, by no other log than the one this computer has.
fn judge_hub(
    proof: UnverifiedProof<HubReceipt>,
    header: &Header,
    content_hash: &[u8; 32],
    directory: &Directory,
) -> Option<HubReceipt> {
    let verified = proof.verify(directory.pins().receipt()).ok()?;
    let receipt = *verified.value();
    let holds = receipt.message_id == header.fields().message_id
        && receipt.hh == *header.hh()
        && receipt.content_hash == *content_hash
        && names_a_party(&receipt.event, header.fields(), directory)
        && directory.root_at(receipt.log_size).is_none_or(|root| root == receipt.log_root);
    holds.then_some(receipt)
}

fn by_the_hub(receipt: &HubReceipt) -> Statement {
    Statement { what: receipt.event.receipt_type().name(), by: Witness::Hub, at_ms: receipt.hub_time_ms }
}

#[cfg(test)]
mod tests;
