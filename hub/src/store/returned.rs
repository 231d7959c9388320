//! Taking back the end of a log that the hub has signed and lost, as a restore from a backup loses it.
//!
//! What is here was compared with the hub's own signature before; nothing of it is decided anew. The changes to what waits that follow
//! from it are made as if it had just been published.

use bytes::Bytes;
use samverkan_proto::statement::log::{Leaf, Record, TreeHead};
use samverkan_proto::statement::operator::{Deed, SignedAction};

use super::actions::waits_no_more;
use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::Body;
use super::organisations::{drop_invite, sweep_changed, sweep_cut};
use super::{key, record};
use crate::registry::{Claim, HandleOwner};

/// A leaf with its record, as the hub once appended it.
#[derive(Clone, Debug)]
pub struct ReturnedLeaf {
    /// The leaf.
    pub leaf: Leaf,
    /// What its record says.
    pub record: Record,
    /// The record's bytes.
    pub bytes: Bytes,
}

impl Store {
    /// Writes down that the hub signed a larger log than it has. From then on nothing changes but by [`Store::take_back`].
    ///
    /// # Errors
    /// What writing fails with.
    pub async fn fall_behind(&self, signed: TreeHead) -> Result<(), StoreError> {
        self.call_also_behind(move |draft| {
            if draft.registry().log().is_surpassed_by(&signed) {
                tracing::error!(missing = signed.size - draft.registry().log().size(), "{BEHIND}");
                set_claim(draft, Some(Claim::Behind(signed)))?;
            }
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Writes down that the hub signed another log than it has, and goes on with the one that it has.
    ///
    /// # Errors
    /// What writing fails with.
    pub async fn diverge(&self, signed: TreeHead) -> Result<(), StoreError> {
        self.call_also_behind(move |draft| {
            if !matches!(draft.registry().log().claim(), Some(Claim::Diverged(_))) {
                tracing::error!("{DIVERGED}");
                set_claim(draft, Some(Claim::Diverged(signed)))?;
            }
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Appends leaves that follow the first `from` ones, as the hub's own signature says. Gives the log's size with them.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when the log does not end there any more.
    pub async fn take_back(&self, from: u64, leaves: Vec<ReturnedLeaf>) -> Result<u64, StoreError> {
        self.call_also_behind(move |draft| {
            if draft.registry().log().size() != from || !draft.registry().log().is_behind() {
                return Err(StoreError::Stale);
            }
            for returned in leaves {
                append(draft, returned)?;
            }
            let log = draft.registry().log();
            let size = log.size();
            if let Some(Claim::Behind(claimed)) = log.claim().filter(|_| log.missing() == 0) {
                settle(draft, claimed)?;
            }
            draft.registry_changed();
            Ok(move |_: &_| Ok(size))
        })
        .await
    }
}

const BEHIND: &str = "a member has more of the log than this hub, which has signed it: a backup was restored. \
    Nothing is taken until members have returned the rest";
const DIVERGED: &str = "a member has shown another log than this one, signed by this hub: a backup was restored, and went on \
    before members had returned the rest. Members refuse this hub; see the operator's guide";

/// The log is as long as the largest that was shown. The parts may have come from a member of another log that the hub signed.
fn settle(draft: &mut Draft, claimed: TreeHead) -> Result<(), StoreError> {
    let log = draft.registry().log();
    if log.root_at(claimed.size) == Some(claimed.root) {
        tracing::warn!(log_size = log.size(), "the end of the log is back: the hub serves again");
        set_claim(draft, None)
    } else {
        tracing::error!("{DIVERGED}");
        set_claim(draft, Some(Claim::Diverged(claimed)))
    }
}

fn append(draft: &mut Draft, returned: ReturnedLeaf) -> Result<(), StoreError> {
    let ReturnedLeaf { leaf, record, bytes } = returned;
    match &record {
        Record::Manifest(signed) => {
            // The invite was used in what is lost.
            let owner = draft.registry().handle_owner(&signed.manifest().fields().handle);
            if let Some(HandleOwner::Invite(code)) = owner {
                drop_invite(draft, &code)?;
            }
            sweep_changed(draft, signed.manifest());
        }
        Record::Action(action) => carry_out_again(draft, action)?,
        Record::Organisation(_)
        | Record::EpochKeys(_)
        | Record::Agreement(_)
        | Record::Certificate(_)
        | Record::HubKeys(_) => {}
    }
    draft.append_leaf(leaf, &record, bytes)?;
    if let Record::Organisation(entry) = &record {
        sweep_cut(draft, &entry.fields().org_id);
    }
    Ok(())
}

/// What an action did besides what stands in the log. Its invite, if it made one, is lost; the operators invite again.
fn carry_out_again(draft: &mut Draft, action: &SignedAction) -> Result<(), StoreError> {
    if let Deed::Withdraw { handle } = &action.statement().deed {
        // The backup may be from before the withdrawal.
        if let Some(HandleOwner::Invite(open)) = draft.registry().handle_owner(handle) {
            drop_invite(draft, &open)?;
        }
    }
    waits_no_more(draft, action)
}

fn set_claim(draft: &mut Draft, claim: Option<Claim>) -> Result<(), StoreError> {
    if draft.location(&key::claim())?.is_some() {
        draft.drop_record(key::claim())?;
    }
    if let Some(claim) = &claim {
        let pushed = draft.push(record::kind::CLAIM, record::claim::encode(claim), Body::empty())?;
        draft.put(key::claim(), pushed.location.to_bytes())?;
    }
    draft.registry_mut().set_claim(claim);
    draft.registry_changed();
    Ok(())
}
