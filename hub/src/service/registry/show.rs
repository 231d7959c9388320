//! Organisations and invites as the operator sees them.

use bytes::Bytes;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1;

use crate::registry::{HandleOwner, Invite, Organisation, Registry};

/// Whoever has a handle.
pub(super) fn owner(registry: &Registry, owner: HandleOwner) -> Option<v1::Organisation> {
    match owner {
        HandleOwner::Organisation(id) => registry.organisation(&id).map(|found| organisation(found)),
        HandleOwner::Invite(code) => registry.invite(&code).map(|found| invite(found)),
    }
}

fn organisation(organisation: &Organisation) -> v1::Organisation {
    let entry = organisation.entry().fields();
    let manifest = organisation.manifest().fields();
    v1::Organisation {
        handle: entry.handle.to_string(),
        name: entry.name.to_string(),
        organisation_number: entry.organisation_number.to_string(),
        kind: entry.kind.code().into(),
        state: entry.state.code().into(),
        municipalities: entry.municipalities.iter().map(ToString::to_string).collect(),
        services: entry.services.iter().map(ToString::to_string).collect(),
        org_id: Bytes::copy_from_slice(entry.org_id.as_bytes()),
        safety_number: SafetyNumber::of_root(&manifest.root_pk).to_string(),
        since_ms: entry.since_ms,
        invite_expires_ms: 0,
        mailboxes: manifest.mailboxes.iter().map(|mailbox| mailbox.name.to_string()).collect(),
        entry: organisation.entry().bytes().clone(),
        root_public_key: Bytes::copy_from_slice(manifest.root_pk.as_bytes()),
    }
}

fn invite(invite: &Invite) -> v1::Organisation {
    let told = &invite.invitation;
    v1::Organisation {
        handle: told.handle.to_string(),
        name: told.name.to_string(),
        organisation_number: told.number.to_string(),
        kind: told.kind.code().into(),
        state: OrganisationState::Invited.code().into(),
        municipalities: told.municipalities.iter().map(ToString::to_string).collect(),
        services: told.services.iter().map(ToString::to_string).collect(),
        since_ms: invite.since_ms,
        invite_expires_ms: invite.expires_ms,
        ..v1::Organisation::default()
    }
}
