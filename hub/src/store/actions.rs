//! Operations that operators have signed: done and logged in one batch, or kept until a second operator signs the same.

use ring::rand::{SecureRandom, SystemRandom};
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::statement::log::{Leaf, Record, Verdict};
use samverkan_proto::statement::operator::{Deed, SignedAction};

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::{Body, Room};
use super::key::{self, Due};
use super::writer::Committed;
use super::{organisations, record};
use crate::registry::{CodeHash, HandleOwner, Invitation, RegistryRefusal, lapses_ms};

/// How long an action that has waited in vain is still shown.
const SHOWN_MS: u64 = 7 * DAY_MS;

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// A second operator must sign the same statement: this one, or one that waited already and does the same.
    Waits(SignedAction),
    /// It is done, and in the log. An invite has its code and when that stops working.
    Done(Option<([u8; 16], u64)>),
}

impl Store {
    /// Does what operators have signed, or keeps it until enough of them have. What is done already is not done again.
    ///
    /// # Errors
    /// [`RegistryRefusal::ActionRefused`], `ActionTime`, `TooManyActions`, and those of the operation itself; [`StoreError::Internal`] without
    /// randomness.
    pub async fn act(
        &self,
        action: SignedAction,
        invitation: Option<Invitation>,
    ) -> Result<Acted, StoreError> {
        let mut code = [0; 16];
        SystemRandom::new().fill(&mut code).map_err(|_| StoreError::Internal("no randomness"))?;
        // Whoever must be cut off is cut off on a full disk too.
        let room = if invitation.is_some() { Room::Ordinary } else { Room::Reserve };
        self.call(room, move |draft| {
            let acted = act(draft, action, invitation, code)?;
            Ok(move |_: &Committed| Ok(acted))
        })
        .await
    }
}

fn act(
    draft: &mut Draft,
    action: SignedAction,
    invitation: Option<Invitation>,
    code: [u8; 16],
) -> Result<Acted, StoreError> {
    if draft.registry().operators().has_done(&action) {
        return Ok(Acted::Done(None));
    }
    match draft.registry().judge(&action, draft.now_ms)? {
        Verdict::Waits => wait(draft, action),
        Verdict::Done(moved) => carry_out(draft, &action, moved, invitation, code),
    }
}

/// Keeps an action until somebody else signs it, unless one that does the same waits already.
fn wait(draft: &mut Draft, action: SignedAction) -> Result<Acted, StoreError> {
    let first = action.signatures()[0].operator;
    if let Some(same) = draft.registry().same_deed(&action.statement().deed, &first, draft.now_ms) {
        return Ok(Acted::Waits(same.clone()));
    }
    if let Some(lapsed) = draft.registry().room_to_wait(&first, draft.now_ms)? {
        forget(draft, &lapsed)?;
    }
    let pushed = draft.push(record::kind::WAITING_ACTION, action.bytes().to_vec(), Body::empty())?;
    draft.put(key::waiting_action(&action.statement().hash()), pushed.location.to_bytes())?;
    draft.put(due(&action), [])?;
    draft.registry_mut().add_waiting_action(action.clone());
    draft.registry_changed();
    Ok(Acted::Waits(action))
}

/// Logs an action together with what it does. Everything that can refuse is asked before anything changes.
fn carry_out(
    draft: &mut Draft,
    action: &SignedAction,
    moved: Option<(OrgId, OrganisationState)>,
    invitation: Option<Invitation>,
    code: [u8; 16],
) -> Result<Acted, StoreError> {
    let mut invited = None;
    match (&action.statement().deed, moved) {
        (Deed::Invite { handle, invitation: hash }, _) => {
            let invitation = invitation.filter(|told| told.handle == *handle && told.text().hash() == *hash);
            let invitation = invitation.ok_or(RegistryRefusal::InvitationDiffers)?;
            draft.registry().check_invitable(&invitation, draft.now_ms)?;
            log(draft, action)?;
            let expires_ms = organisations::invite(draft, &CodeHash::of(&code), invitation)?;
            invited = Some((code, expires_ms));
        }
        (Deed::Withdraw { handle }, _) => {
            let Some(HandleOwner::Invite(open)) = draft.registry().handle_owner(handle) else {
                return Err(RegistryRefusal::OrganisationUnknown.into());
            };
            log(draft, action)?;
            organisations::drop_invite(draft, &open)?;
        }
        (_, Some((org, state))) => {
            let entry = draft.registry().next_entry(&org, state, draft.now_ms)?;
            let entry = entry.ok_or(RegistryRefusal::StateConflict)?;
            log(draft, action)?;
            organisations::enter(draft, &org, entry)?;
        }
        (_, None) => log(draft, action)?,
    }
    waits_no_more(draft, action)?;
    draft.registry_changed();
    Ok(Acted::Done(invited))
}

/// What waited under the statement of an action that is done now is forgotten, and so is what an operator began that is one no more.
pub(super) fn waits_no_more(draft: &mut Draft, done: &SignedAction) -> Result<(), StoreError> {
    if let Some(waited) = draft.registry().waiting_action(&done.statement().hash()).cloned() {
        forget(draft, &waited)?;
    }
    let Deed::RemoveOperator { operator, .. } = &done.statement().deed else { return Ok(()) };
    draft.registry().begun_by(operator).iter().try_for_each(|begun| forget(draft, begun))
}

fn log(draft: &mut Draft, action: &SignedAction) -> Result<(), StoreError> {
    let record = Record::Action(action.clone());
    draft.append_leaf(Leaf::of_action(action), &record, action.bytes().clone()).map(drop)
}

fn forget(draft: &mut Draft, action: &SignedAction) -> Result<(), StoreError> {
    let statement = action.statement().hash();
    draft.delete(due(action))?;
    draft.drop_record(key::waiting_action(&statement))?;
    draft.registry_mut().forget_waiting_action(&statement);
    Ok(())
}

/// An action has waited in vain, and was shown long enough.
pub(super) fn expire(draft: &mut Draft, id: &[u8]) -> Result<(), StoreError> {
    let statement = id.try_into().map_err(|_| StoreError::Damaged)?;
    draft.drop_record(key::waiting_action(&statement))?;
    draft.registry_mut().forget_waiting_action(&statement);
    draft.registry_changed();
    Ok(())
}

/// The index key under which the clock finds that an action need not be shown any more.
pub(super) fn due(action: &SignedAction) -> Vec<u8> {
    let at_ms = lapses_ms(action).saturating_add(SHOWN_MS);
    key::due(at_ms, Due::WaitingAction, &action.statement().hash())
}
