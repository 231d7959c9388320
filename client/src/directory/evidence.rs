//! What proves that the hub's log is not one log: kept in one file, to be shown to others.
//!
//! The file has what the hub has signed: the checkpoint that was believed, and what contradicts it. Anybody who knows the
//! hub's keys can check it without this computer's word ([`LogEvidence::judge`]), for the file also has the root that the
//! believed log had at the other's size with its consistency proof, or the entry that breaks a rule with its audit path.

use data_encoding::{BASE64, HEXLOWER};
use samverkan_proto::ids::HubName;
use samverkan_proto::limits::MAX_AHEAD_MS;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::log::{Checkpoint, LogTree, TreeHead, verify_consistency, verify_inclusion};
use samverkan_proto::statement::receipt::HubReceipt;
use serde::{Deserialize, Serialize};

use super::LogFault;
use super::copy::Entry;
use crate::connect::HubPins;

/// The only version of the file.
const VERSION: u32 = 1;
const KIND: &str = "log_evidence";
/// The largest file that is read: one entry with its paths.
pub const MAX_LOG_EVIDENCE: u64 = 1 << 20;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEvidence {
    schema_version: u32,
    kind: String,
    hub: HubPart,
    found_ms: u64,
    /// Why the finder refused what came, in words.
    fault: String,
    /// The signed note that was believed; empty before the first synchronisation.
    believed: String,
    /// The signed note that contradicts it; empty when a receipt does.
    contradicting: String,
    /// A hub receipt with its proof, base64; empty when a checkpoint contradicts.
    receipt: String,
    /// The believed log at the size that the contradicting one speaks of.
    past: Option<PastPart>,
    /// The entry of the contradicting log that breaks a rule.
    entry: Option<EntryPart>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HubPart {
    name: String,
    authority: String,
    log_key: String,
    receipt_key: String,
}

/// A root of the believed log's past, with the consistency proof from there to the believed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PastPart {
    root: String,
    path: Vec<String>,
}

/// An entry with its audit path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryPart {
    index: u64,
    leaf: String,
    record: String,
    path: Vec<String>,
}

/// What a file of evidence proves to somebody who knows the hub's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// The hub signed two logs of which neither continues the other.
    Forked,
    /// The hub said that a log was its newest after it had signed a larger one.
    StoodStill,
    /// The hub signed a log with this very entry; that it breaks a rule can be read from the log up to it.
    EntrySigned,
    /// What is in it is signed by the hub, but does not contradict itself without the finder's copy of the log.
    SignedOnly,
}

impl Proven {
    /// The name of it in machine-readable output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::StoodStill => "stood_still",
            Self::EntrySigned => "entry_signed",
            Self::SignedOnly => "signed_only",
        }
    }
}

/// What the believed log is contradicted by.
pub(super) enum Against<'a> {
    /// Another checkpoint.
    Checkpoint(&'a Checkpoint),
    /// A hub receipt, with its proof.
    Receipt(&'a HubReceipt, &'a [u8]),
    /// A checkpoint over an entry that breaks a rule: the tree with that entry and all that came after it.
    Entry { checkpoint: &'a Checkpoint, index: u64, entry: &'a Entry, tree: &'a LogTree },
}

/// Who found what, where.
pub(super) struct Finding<'a> {
    pub(super) hub: &'a HubName,
    pub(super) pins: &'a HubPins,
    pub(super) found_ms: u64,
    pub(super) believed: Option<&'a Checkpoint>,
    /// The believed log, as far as it is known.
    pub(super) tree: &'a LogTree,
}

impl Finding<'_> {
    /// The file about this contradiction.
    pub(super) fn evidence(&self, fault: LogFault, against: &Against<'_>) -> LogEvidence {
        let note = |checkpoint: &Checkpoint| String::from_utf8_lossy(checkpoint.note()).into_owned();
        let (contradicting, receipt, size) = match against {
            Against::Checkpoint(checkpoint) | Against::Entry { checkpoint, .. } => {
                (note(checkpoint), String::new(), checkpoint.head().size)
            }
            Against::Receipt(receipt, proof) => (String::new(), BASE64.encode(proof), receipt.log_size),
        };
        let entry = match against {
            Against::Entry { checkpoint, index, entry, tree } => {
                let signed = tree.head() == checkpoint.head();
                Some(EntryPart {
                    index: *index,
                    leaf: HEXLOWER.encode(&entry.leaf),
                    record: BASE64.encode(&entry.record),
                    path: tree.prove_inclusion(*index).filter(|_| signed).map(hex).unwrap_or_default(),
                })
            }
            Against::Checkpoint(_) | Against::Receipt(..) => None,
        };
        LogEvidence {
            schema_version: VERSION,
            kind: KIND.to_owned(),
            hub: HubPart {
                name: self.hub.to_string(),
                authority: BASE64.encode(self.pins.authority()),
                log_key: HEXLOWER.encode(self.pins.log().as_bytes()),
                receipt_key: HEXLOWER.encode(self.pins.receipt().as_bytes()),
            },
            found_ms: self.found_ms,
            fault: fault.to_string(),
            believed: self.believed.map(note).unwrap_or_default(),
            contradicting,
            receipt,
            past: self.past(size),
            entry,
        }
    }

    /// What the believed log was at a size that it has had; only the part that the believed checkpoint covers can be proven.
    fn past(&self, size: u64) -> Option<PastPart> {
        let believed = self.believed?.head();
        let mut covered = LogTree::new();
        (0..believed.size).filter_map(|index| self.tree.leaf(index)).for_each(|leaf| {
            covered.append(leaf);
        });
        let root = covered.root_at(size).filter(|_| covered.head() == believed)?;
        let path = covered.prove_consistency(size)?;
        Some(PastPart { root: HEXLOWER.encode(&root), path: hex(path) })
    }
}

impl LogEvidence {
    /// The file's bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers serialise")
    }

    /// Reads a file; `None` for anything else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes).ok()?;
        (read.schema_version == VERSION && read.kind == KIND).then_some(read)
    }

    /// Why the finder refused what came, in words.
    #[must_use]
    pub fn fault(&self) -> &str {
        &self.fault
    }

    /// When it was found, in milliseconds since 1970, by the finder's clock.
    #[must_use]
    pub const fn found_ms(&self) -> u64 {
        self.found_ms
    }

    /// What the file proves about the hub with these keys; `None` when it is of another hub, or a signature in it does not hold.
    #[must_use]
    pub fn judge(&self, hub: &HubName, pins: &HubPins) -> Option<Proven> {
        let is_of_hub = self.hub.name == hub.to_string() && self.hub.pins()? == *pins;
        is_of_hub.then_some(())?;
        let verify = |note: &str| Checkpoint::verify(note.as_bytes().to_vec().into(), hub, pins.log()).ok();
        let believed = if self.believed.is_empty() { None } else { Some(verify(&self.believed)?) };
        if self.receipt.is_empty() {
            let contradicting = verify(&self.contradicting)?;
            return self.judge_checkpoint(believed.as_ref(), &contradicting);
        }
        let proof = BASE64.decode(self.receipt.as_bytes()).ok()?;
        let proof = UnverifiedProof::<HubReceipt>::parse(&proof).ok()?;
        let receipt = *proof.verify(pins.receipt()).ok()?.value();
        let believed = believed?;
        let named = TreeHead { size: receipt.log_size, root: receipt.log_root };
        if self.has_other_past(&believed, &named)? {
            return Some(Proven::Forked);
        }
        let stood_still = is_later_than_larger(&believed, &receipt);
        Some(if stood_still { Proven::StoodStill } else { Proven::SignedOnly })
    }

    fn judge_checkpoint(&self, believed: Option<&Checkpoint>, contradicting: &Checkpoint) -> Option<Proven> {
        if let Some(believed) = believed {
            if self.has_other_past(believed, &contradicting.head())? {
                return Some(Proven::Forked);
            }
            if believed.stood_still(contradicting) {
                return Some(Proven::StoodStill);
            }
        }
        match &self.entry {
            Some(entry) if !entry.path.is_empty() => {
                let leaf = HEXLOWER.decode(entry.leaf.as_bytes()).ok()?;
                verify_inclusion(&contradicting.head(), entry.index, &leaf, &unhex(&entry.path)?).ok()?;
                Some(Proven::EntrySigned)
            }
            Some(_) | None => Some(Proven::SignedOnly),
        }
    }

    /// Whether the believed log had another root at the size of `named`; `None` when the proof of that does not hold.
    fn has_other_past(&self, believed: &Checkpoint, named: &TreeHead) -> Option<bool> {
        if believed.head().size == named.size {
            return Some(believed.head().root != named.root);
        }
        let Some(past) = &self.past else { return Some(false) };
        let root = HEXLOWER.decode(past.root.as_bytes()).ok()?.try_into().ok()?;
        let old = TreeHead { size: named.size, root };
        verify_consistency(&old, &believed.head(), &unhex(&past.path)?).ok()?;
        Some(root != named.root)
    }
}

/// Whether the hub said that `checkpoint` was its newest more than ten minutes after it gave a receipt that names a larger log.
pub(super) fn is_later_than_larger(checkpoint: &Checkpoint, receipt: &HubReceipt) -> bool {
    let earlier = receipt.hub_time_ms.saturating_add(MAX_AHEAD_MS);
    checkpoint.head().size < receipt.log_size && checkpoint.cosigned_ms().is_some_and(|at_ms| at_ms > earlier)
}

impl HubPart {
    fn pins(&self) -> Option<HubPins> {
        let key = |text: &str| HEXLOWER.decode(text.as_bytes()).ok();
        HubPins::new(
            &BASE64.decode(self.authority.as_bytes()).ok()?,
            &key(&self.log_key)?,
            &key(&self.receipt_key)?,
        )
    }
}

fn hex(path: Vec<[u8; 32]>) -> Vec<String> {
    path.iter().map(|hash| HEXLOWER.encode(hash)).collect()
}

fn unhex(path: &[String]) -> Option<Vec<[u8; 32]>> {
    path.iter().map(|hash| HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()).collect()
}
