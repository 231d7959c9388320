//! Operations on invites of members and on the requests that come with them.

use bytes::Bytes;
use samverkan_proto::limits::INVITE_MS;
use samverkan_proto::statement::log::{Leaf, Record};
use samverkan_proto::statement::member::UnverifiedMembership;

use super::draft::Draft;
use super::error::StoreError;
use super::handle::Store;
use super::journal::{Body, Room};
use super::key::{self, Due};
use super::record;
use super::record::member::Name;
use crate::policy::AdmitPermit;
use crate::registry::{Admission, CodeHash, MemberInvite, MemberStep};

impl Store {
    /// Takes the code of an invite that an admin has made. Gives when it stops working; the same code again gives the
    /// same end again.
    ///
    /// # Errors
    /// [`crate::registry::RegistryRefusal::TooManyInvites`], `InviteInvalid` for a code that was used.
    pub async fn invite_member(&self, permit: AdmitPermit, code: CodeHash) -> Result<u64, StoreError> {
        self.call(Room::Ordinary, move |draft| {
            let expires_ms = invite(draft, (permit.org(), code))?;
            Ok(move |_: &_| Ok(expires_ms))
        })
        .await
    }

    /// Takes an invite back, with the request that may have come with it. One that nobody knows is no error.
    ///
    /// # Errors
    /// [`crate::registry::RegistryRefusal::InviteInvalid`] when a manifest names the device that came with it.
    pub async fn withdraw_member_invite(
        &self,
        permit: AdmitPermit,
        code: CodeHash,
    ) -> Result<(), StoreError> {
        self.call(Room::Reserve, move |draft| {
            let name = (permit.org(), code);
            if draft.registry().may_withdraw_invite(&name.0, &name.1)? {
                forget(draft, &name)?;
            }
            Ok(|_: &_| Ok(()))
        })
        .await
    }

    /// Takes a request for membership. Gives the certificate once the newest manifest names the device: `certificate`,
    /// or the one that was given before; nothing while it does not.
    ///
    /// # Errors
    /// [`crate::registry::RegistryRefusal::InviteInvalid`].
    pub async fn request_membership(
        &self,
        code: CodeHash,
        request: UnverifiedMembership,
        certificate: Option<Bytes>,
    ) -> Result<Option<Bytes>, StoreError> {
        let index = self
            .call(Room::Ordinary, move |draft| {
                let index = admit(draft, code, request, certificate)?;
                Ok(move |_: &_| Ok(index))
            })
            .await?;
        let Some(index) = index else { return Ok(None) };
        let mut entries = self.log_entries(index).await?;
        // The index was given for an entry that is on disk.
        if entries.is_empty() { Err(StoreError::Damaged) } else { Ok(Some(entries.swap_remove(0).record)) }
    }
}

fn invite(draft: &mut Draft, name: Name) -> Result<u64, StoreError> {
    if let Some(expires_ms) = draft.registry().may_invite_member(&name.0, &name.1)? {
        return Ok(expires_ms);
    }
    let expires_ms = draft.now_ms.saturating_add(INVITE_MS);
    draft.put(due(expires_ms, &name), [])?;
    put(draft, name, MemberInvite { expires_ms, step: MemberStep::Open })?;
    Ok(expires_ms)
}

/// Lets a request come as far as it can; gives the index of its certificate in the log, if it has one.
fn admit(
    draft: &mut Draft,
    code: CodeHash,
    request: UnverifiedMembership,
    certificate: Option<Bytes>,
) -> Result<Option<u64>, StoreError> {
    let name = (request.claimed().org, code);
    let admission = draft.registry().admission(&code, &request, draft.now_ms)?;
    let expires_ms = draft.registry().member_invite(&name.0, &code).map_or(0, |invite| invite.expires_ms);
    match (admission, certificate) {
        (Admission::Issued(index), _) => Ok(Some(index)),
        (Admission::New, _) => {
            put(draft, name, MemberInvite { expires_ms, step: MemberStep::Requested(request) })?;
            Ok(None)
        }
        (Admission::Named, Some(certificate)) => {
            let leaf = Leaf::of_certificate(name.0, request.claimed().device_id(), &certificate);
            let index = draft.append_leaf(leaf, &Record::Certificate(certificate.clone()), certificate)?;
            let step = MemberStep::Issued { request, certificate: index, issued_ms: draft.now_ms };
            put(draft, name, MemberInvite { expires_ms, step })?;
            Ok(Some(index))
        }
        // Named by a manifest that came after the decision: the next call brings a certificate.
        (Admission::Waiting | Admission::Named, _) => Ok(None),
    }
}

/// Writes an invite down in place of what was known of it.
fn put(draft: &mut Draft, name: Name, invite: MemberInvite) -> Result<(), StoreError> {
    let key = key::member_invite(&name);
    if let Some(before) = draft.location(&key)? {
        draft.release(before)?;
    }
    let head = record::member::encode(&name, &invite);
    let pushed = draft.push(record::kind::MEMBER_INVITE, head, Body::empty())?;
    draft.put(key, pushed.location.to_bytes())?;
    draft.registry_mut().set_member_invite(name.0, name.1, invite);
    draft.registry_changed();
    Ok(())
}

/// An invite's time may be up; one that was used is kept for longer.
pub(super) fn expire(draft: &mut Draft, id: &[u8]) -> Result<(), StoreError> {
    let name = record::member::parse_due(id).ok_or(StoreError::Damaged)?;
    let Some(invite) = draft.registry().member_invite(&name.0, &name.1) else { return Ok(()) };
    let forgotten_ms = draft.registry().forgotten_ms(invite);
    if draft.now_ms < forgotten_ms {
        return draft.put(due(forgotten_ms, &name), []);
    }
    forget(draft, &name)
}

/// Nothing is known of an invite any more. The clock, which may come round for it later, finds nothing to do.
fn forget(draft: &mut Draft, name: &Name) -> Result<(), StoreError> {
    draft.drop_record(key::member_invite(name))?;
    draft.registry_mut().forget_member_invite(&name.0, &name.1);
    draft.registry_changed();
    Ok(())
}

/// The index key under which the clock finds that an invite's time may be up.
pub(super) fn due(at_ms: u64, (org, code): &Name) -> Vec<u8> {
    key::due(at_ms, Due::MemberInvite, &[&org.as_bytes()[..], code.as_bytes()].concat())
}
