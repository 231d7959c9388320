//! The log as a snapshot shows it: its leaves, and the tree the hub has signed.

use std::sync::Arc;

use samverkan_proto::limits::COSIGNATURE_MS;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, TreeHead};

/// Leaves in one shared part.
const PART: usize = 1024;

/// What a member has shown: a checkpoint that this hub signed, of a log that it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The hub was restored to an earlier state, and these are the tree and the size that it has to get back to.
    Behind(TreeHead),
    /// The log went on otherwise than the signed one: the two can not be made one again.
    Diverged(TreeHead),
}

/// The leaves of the log in order, and the newest checkpoint. The records stay in the store.
#[derive(Clone, Debug, Default)]
pub struct Log {
    parts: Vec<Arc<Vec<Leaf>>>,
    checkpoint: Option<Checkpoint>,
    claim: Option<Claim>,
}

impl Log {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        let full = self.parts.len().saturating_sub(1) * PART;
        (full + self.parts.last().map_or(0, |part| part.len())) as u64
    }

    /// A leaf by its index, from 0.
    pub fn leaf(&self, index: u64) -> Option<&Leaf> {
        let index = usize::try_from(index).ok()?;
        self.parts.get(index / PART)?.get(index % PART)
    }

    /// The tree that the hub has signed and answers for; `None` only before the hub's keys are in the log.
    pub fn head(&self) -> Option<TreeHead> {
        self.checkpoint.as_ref().map(Checkpoint::head)
    }

    /// The signed checkpoint of [`Log::head`].
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// Whether a member has shown more of the log than the hub has: nothing changes until that is back.
    pub fn is_behind(&self) -> bool {
        matches!(self.claim, Some(Claim::Behind(_)))
    }

    /// Whether a tree that the hub has signed is larger than its log and than what it knows to be missing.
    pub fn is_surpassed_by(&self, signed: &TreeHead) -> bool {
        match self.claim {
            Some(Claim::Behind(known)) => known.size < signed.size,
            Some(Claim::Diverged(_)) => false,
            None => self.size() < signed.size,
        }
    }

    /// The root of the log's first `size` leaves; `None` while there are fewer.
    pub fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        let mut tree = LogTree::new();
        for index in 0..size {
            tree.append(&self.leaf(index)?.encode());
        }
        tree.root_at(size)
    }

    /// What a member has shown that does not fit.
    pub fn claim(&self) -> Option<Claim> {
        self.claim
    }

    /// Leaves that the hub has signed and does not have.
    pub fn missing(&self) -> u64 {
        match self.claim {
            Some(Claim::Behind(signed)) => signed.size.saturating_sub(self.size()),
            Some(Claim::Diverged(_)) | None => 0,
        }
    }

    /// Whether the newest tree has to be signed anew though no leaf came. A hub that is behind does not say that its log is the newest.
    pub fn needs_signing(&self, now_ms: u64) -> bool {
        let is_cosigned = self.checkpoint.as_ref().is_some_and(|signed| signed.cosigned_ms().is_some());
        if self.is_behind() { is_cosigned } else { !self.is_fresh(now_ms) }
    }

    /// Whether the checkpoint's time is not older than the hub lets it become, nor ahead: then the clock was set back since.
    pub fn is_fresh(&self, now_ms: u64) -> bool {
        let cosigned_ms = self.checkpoint.as_ref().and_then(Checkpoint::cosigned_ms);
        let age_ms = cosigned_ms.and_then(|cosigned_ms| now_ms.checked_sub(cosigned_ms));
        age_ms.is_some_and(|age_ms| age_ms < COSIGNATURE_MS)
    }

    pub(super) fn push(&mut self, leaf: Leaf) {
        match self.parts.last_mut() {
            Some(part) if part.len() < PART => Arc::make_mut(part).push(leaf),
            _ => self.parts.push(Arc::new(vec![leaf])),
        }
    }

    pub(super) fn sign(&mut self, checkpoint: Checkpoint) {
        self.checkpoint = Some(checkpoint);
    }

    pub(super) fn set_claim(&mut self, claim: Option<Claim>) {
        self.claim = claim;
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::sign::Signer;

    use super::*;

    #[test]
    fn a_checkpoint_is_cosigned_again_when_it_is_old_or_ahead() {
        const TIME_MS: u64 = 1_790_000_000_000;
        let key = Signer::from_seed(&[7; 32]).expect("a seed");
        let (hub, head) = ("testhubben".parse().expect("a name"), TreeHead { size: 1, root: [1; 32] });
        let mut log = Log::default();
        assert!(!log.is_fresh(TIME_MS), "there is none");
        log.sign(Checkpoint::cosign(&hub, head, &key, TIME_MS / 1000));
        assert!(log.is_fresh(TIME_MS) && log.is_fresh(TIME_MS + COSIGNATURE_MS - 1));
        assert!(!log.is_fresh(TIME_MS + COSIGNATURE_MS) && !log.is_fresh(TIME_MS - 1));
    }

    #[test]
    fn leaves_keep_their_places_across_parts_and_clones() {
        let leaf = |n: u64| Leaf::HubKeys { record: samverkan_proto::ids::sha256(&n.to_be_bytes()) };
        let mut log = Log::default();
        let mut half = Log::default();
        for n in 0..2500 {
            assert_eq!(log.size(), n);
            log.push(leaf(n));
            if n == 1200 {
                half = log.clone();
            }
        }
        assert_eq!((half.size(), log.size()), (1201, 2500));
        assert!((0..2500).all(|n| log.leaf(n) == Some(&leaf(n))));
        assert_eq!((half.leaf(1200), half.leaf(1201)), (Some(&leaf(1200)), None));
    }
}
