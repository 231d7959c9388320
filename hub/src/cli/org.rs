//! `org`: the operator's commands about organisations.

mod arguments;
mod show;
mod signed;

use std::path::Path;

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::Handle;
use samverkan_proto::reason;
use samverkan_proto::statement::operator::Step;
use samverkan_proto::v1::{self, ErrorReason};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::signing::Desk;
use super::socket::Operator;
use super::time::rfc3339;
use arguments::Invite;
pub(super) use arguments::{Command, Org};
use show::{Invitation, Organisation, Organisations, Withdrawn};

/// Organisations asked for at once.
const PAGE: i32 = 500;

pub(super) fn run(
    Org { key, command }: Org,
    config: &Path,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    super::runtime()?.block_on(async {
        let desk = Desk::open(config, key).await?;
        match command {
            Command::Invite(arguments) => invite(desk, arguments, output).await,
            Command::List => list(desk.hub, output).await,
            Command::Show { handle } => show(desk.hub, &handle, output).await,
            Command::Confirm { handle, safety_number } if desk.has_operators() => {
                signed::confirm(desk, &handle, &safety_number, output).await
            }
            Command::Suspend { handle } if desk.has_operators() => {
                signed::step(desk, Step::Suspend, &handle, output).await
            }
            Command::Resume { handle } if desk.has_operators() => {
                signed::step(desk, Step::Resume, &handle, output).await
            }
            Command::Remove { handle, yes: true } if desk.has_operators() => {
                signed::remove(desk, &handle, output).await
            }
            Command::Confirm { handle, safety_number } => {
                confirm(desk.hub, &handle, safety_number, output).await
            }
            Command::Suspend { handle } => suspend(desk.hub, &handle, output).await,
            Command::Resume { handle } => resume(desk.hub, &handle, output).await,
            Command::Remove { handle, yes } => remove(desk.hub, &handle, yes, output).await,
        }
    })
}

async fn invite(mut desk: Desk, arguments: Invite, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let handle = arguments.handle.clone();
    let request = v1::InviteOrganisationRequest::from(arguments);
    let made = if desk.has_operators() {
        signed::invite(&mut desk, &request).await
    } else {
        let reply = desk.hub.invite_organisation(request.clone()).await.map(tonic::Response::into_inner);
        reply.map(|reply| (reply.invite, reply.expires_ms)).map_err(Failure::from)
    };
    let (invite, expires_ms) = match made {
        Ok(made) => made,
        Err(failure) => return Err(not_invited(desk.hub, &request, failure).await),
    };
    let invitation = Invitation { invite, expires: rfc3339(expires_ms) };
    output.result(&invitation, || invitation.invite.clone())?;
    output.notice(&format!(
        "Give this to {handle} over a channel you trust. It works once, until {}. They save it in a file and run: samverkan join FILE",
        invitation.expires
    ));
    Ok(Exit::Done)
}

/// Why an organisation is not invited; if another one has its number, which one.
async fn not_invited(
    operator: Operator,
    request: &v1::InviteOrganisationRequest,
    failure: Failure,
) -> Failure {
    let is_taken = failure.code == reason::name(ErrorReason::NumberTaken);
    let others = if is_taken { everybody(operator).await.unwrap_or_default() } else { Vec::new() };
    let has_it = |other: &&v1::Organisation| {
        other.organisation_number == request.organisation_number
            && other.state != u32::from(OrganisationState::Removed.code())
    };
    let Some(other) = others.iter().find(has_it) else { return failure };
    let (handle, other, number) = (&request.handle, &other.handle, &request.organisation_number);
    Failure {
        text: format!("{handle} was not invited: {other} has the organisation number {number}."),
        next: format!("samverkan-hub org show {other}"),
        ..failure
    }
}

/// Every organisation and open invite.
async fn everybody(mut operator: Operator) -> Result<Vec<v1::Organisation>, Failure> {
    let mut organisations = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListOrganisationsRequest { page_size: PAGE, page_token };
        let reply = operator.list_organisations(request).await?.into_inner();
        organisations.extend(reply.organisations);
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            return Ok(organisations);
        }
    }
}

async fn list(operator: Operator, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let organisations = everybody(operator).await?.into_iter().map(Organisation::from).collect();
    let list = Organisations { organisations };
    output.result(&list, || list.to_string())?;
    Ok(Exit::Done)
}

async fn show(mut operator: Operator, handle: &Handle, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let request = v1::GetOrganisationRequest { handle: handle.to_string() };
    let reply = operator.get_organisation(request).await?.into_inner();
    print(reply.organisation, output)
}

async fn confirm(
    mut operator: Operator,
    handle: &Handle,
    safety_number: String,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let request = v1::ConfirmOrganisationRequest { handle: handle.to_string(), safety_number };
    let reply = operator.confirm_organisation(request).await?.into_inner();
    print(reply.organisation, output)
}

async fn suspend(mut operator: Operator, handle: &Handle, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let request = v1::SuspendOrganisationRequest { handle: handle.to_string() };
    let reply = operator.suspend_organisation(request).await?.into_inner();
    print(reply.organisation, output)
}

async fn resume(mut operator: Operator, handle: &Handle, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let request = v1::ResumeOrganisationRequest { handle: handle.to_string() };
    let reply = operator.resume_organisation(request).await?.into_inner();
    print(reply.organisation, output)
}

async fn remove(
    mut operator: Operator,
    handle: &Handle,
    yes: bool,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    if !yes {
        return Err(Failure::new(
            "USAGE",
            format!("Removing {handle} is for good: it can never come back under the same keys."),
            format!(
                "samverkan-hub org remove {handle} --yes; to cut it off for a time: samverkan-hub org suspend {handle}"
            ),
            Exit::Usage,
        ));
    }
    let request = v1::RemoveOrganisationRequest { handle: handle.to_string() };
    let reply = operator.remove_organisation(request).await?.into_inner();
    if reply.organisation.is_some() {
        return print(reply.organisation, output);
    }
    let withdrawn = Withdrawn { handle: handle.to_string(), state: "WITHDRAWN" };
    output.result(&withdrawn, || format!("The invite of {handle} is withdrawn."))?;
    Ok(Exit::Done)
}

fn print(organisation: Option<v1::Organisation>, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let organisation = Organisation::from(organisation.unwrap_or_default());
    output.result(&organisation, || organisation.to_string())?;
    Ok(Exit::Done)
}
