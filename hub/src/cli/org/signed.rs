//! The same commands at a hub that has operators: each signs what it wants.

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::Handle;
use samverkan_proto::statement::operator::{Deed, Step};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1;

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::operator::tell_waiting;
use super::super::output::Output;
use super::super::signing::{self, Desk};
use super::print;
use super::show::Withdrawn;
use crate::service::parse_invitation;

/// Gives the invite, and when it stops working.
pub(super) async fn invite(
    desk: &mut Desk,
    request: &v1::InviteOrganisationRequest,
) -> Result<(String, u64), Failure> {
    let invitation = parse_invitation(request).map_err(|invalid| tonic::Status::from(refused(invalid)))?;
    let deed = Deed::Invite { handle: invitation.handle.clone(), invitation: invitation.text().hash() };
    let answer = desk.act(deed, Some(request.clone())).await?;
    Ok((answer.invite, answer.invite_expires_ms))
}

fn refused(invalid: samverkan_proto::InvalidField) -> samverkan_proto::reason::Refusal {
    invalid.into()
}

pub(super) async fn confirm(
    mut desk: Desk,
    handle: &Handle,
    safety_number: &str,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let number: SafetyNumber =
        safety_number.parse().map_err(|invalid| tonic::Status::from(refused(invalid)))?;
    let shown = get(&mut desk, handle).await?;
    let deed = signing::step(Step::Confirm, &shown, handle.as_str(), Some(&number))?;
    if shown.state == u32::from(OrganisationState::Active.code()) {
        return print(Some(shown), output);
    }
    act(desk, deed, output).await
}

pub(super) async fn step(
    mut desk: Desk,
    step: Step,
    handle: &Handle,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let shown = get(&mut desk, handle).await?;
    let state = OrganisationState::try_from(shown.state).ok();
    let stands_there = match step {
        Step::Confirm => false,
        Step::Suspend => state == Some(OrganisationState::Suspended),
        Step::Resume => {
            matches!(state, Some(OrganisationState::Pending | OrganisationState::Active))
        }
        Step::Remove => state == Some(OrganisationState::Removed),
    };
    if stands_there {
        return print(Some(shown), output);
    }
    let deed = signing::step(step, &shown, handle.as_str(), None)?;
    act(desk, deed, output).await
}

pub(super) async fn remove(
    mut desk: Desk,
    handle: &Handle,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let shown = get(&mut desk, handle).await?;
    if shown.state != u32::from(OrganisationState::Invited.code()) {
        return step(desk, Step::Remove, handle, output).await;
    }
    desk.act(Deed::Withdraw { handle: handle.clone() }, None).await?;
    let withdrawn = Withdrawn { handle: handle.to_string(), state: "WITHDRAWN" };
    output.result(&withdrawn, || format!("The invite of {handle} is withdrawn."))?;
    Ok(Exit::Done)
}

async fn act(mut desk: Desk, deed: Deed, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let answer = desk.act(deed, None).await?;
    match answer.waiting {
        Some(waiting) => tell_waiting(&waiting, &desk, output),
        None => print(answer.organisation, output),
    }
}

async fn get(desk: &mut Desk, handle: &Handle) -> Result<v1::Organisation, Failure> {
    let request = v1::GetOrganisationRequest { handle: handle.to_string() };
    Ok(desk.hub.get_organisation(request).await?.into_inner().organisation.unwrap_or_default())
}
