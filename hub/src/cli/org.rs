//! `org`: the operator's commands about organisations.

mod arguments;
mod show;

use std::path::Path;

use samverkan_proto::ids::Handle;
use samverkan_proto::v1;

use super::exit::Exit;
use super::failure::Failure;
use super::operator::{self, Operator};
use super::output::Output;
use super::time::rfc3339;
pub(super) use arguments::Command;
use arguments::Invite;
use show::{Invitation, Organisation, Organisations, Withdrawn};

/// Organisations asked for at once.
const PAGE: i32 = 500;

pub(super) fn run(command: Command, config: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let socket = super::load(config)?.operator_socket();
    super::runtime()?.block_on(async {
        let operator = operator::connect(&socket).await?;
        match command {
            Command::Invite(arguments) => invite(operator, arguments, output).await,
            Command::List => list(operator, output).await,
            Command::Show { handle } => show(operator, &handle, output).await,
            Command::Confirm { handle, safety_number } => {
                confirm(operator, &handle, safety_number, output).await
            }
            Command::Suspend { handle } => suspend(operator, &handle, output).await,
            Command::Resume { handle } => resume(operator, &handle, output).await,
            Command::Remove { handle, yes } => remove(operator, &handle, yes, output).await,
        }
    })
}

async fn invite(mut operator: Operator, arguments: Invite, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let handle = arguments.handle.clone();
    let reply =
        operator.invite_organisation(v1::InviteOrganisationRequest::from(arguments)).await?.into_inner();
    let invitation = Invitation { invite: reply.invite, expires: rfc3339(reply.expires_ms) };
    output.result(&invitation, || invitation.invite.clone())?;
    output.notice(&format!(
        "Give this to {handle} over a channel you trust. It works once, until {}. They save it in a file and run: samverkan join FILE",
        invitation.expires
    ));
    Ok(Exit::Done)
}

async fn list(mut operator: Operator, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let mut organisations = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListOrganisationsRequest { page_size: PAGE, page_token };
        let reply = operator.list_organisations(request).await?.into_inner();
        organisations.extend(reply.organisations.into_iter().map(Organisation::from));
        page_token = reply.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
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
