//! `operator`: the keys of those who may act for the hub, and what waits for a second signature.

mod arguments;
mod show;
mod sign;

use std::path::Path;

use samverkan_proto::ids::{Handle, OperatorId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::operator::Deed;
use samverkan_proto::v1;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::signing::Desk;
use crate::keys::create_operator_key;
pub(super) use arguments::{Command, Operator, Rule};
pub(super) use show::Waiting;
use show::{Done, NewKey, Operators, WaitingList};

pub(super) fn run(
    Operator { key, command }: Operator,
    config: &Path,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    if let Command::New { file } = command {
        return new(&file, output);
    }
    super::runtime()?.block_on(async {
        let mut desk = Desk::open(config, key).await?;
        match command {
            Command::New { .. } | Command::List => list(&desk, output),
            Command::Pending => pending(&desk, output),
            Command::Add { name, public_key } => {
                let key = match public_key {
                    Some(key) => key,
                    None => *desk.key()?.public_key(),
                };
                let deed = Deed::AddOperator { name, key, before: desk.last_change()? };
                change(&mut desk, deed, output).await
            }
            Command::Remove { name } => {
                let deed = removal(&desk, name)?;
                change(&mut desk, deed, output).await
            }
            Command::Rule { signatures } => {
                let two = signatures == Rule::Two;
                if two == desk.described.two_must_sign {
                    return list(&desk, output);
                }
                let deed = Deed::Require { two, before: desk.last_change()? };
                change(&mut desk, deed, output).await
            }
            Command::Sign { reference, yes } => sign::sign(desk, &reference, yes, output).await,
        }
    })
}

fn new(file: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let key = create_operator_key(file)?;
    let made = NewKey::new(file, key.public_key());
    output.result(&made, || made.public_key.clone())?;
    output.notice(&format!(
        "The key is in {}. Keep it where only you can read it, and a copy in a safe. The line above is its public half:\n\
         next: samverkan-hub operator add NAME PUBLIC-KEY --key FILE-OF-AN-OPERATOR; the first: samverkan-hub operator add NAME --key {}",
        file.display(),
        file.display()
    ));
    Ok(Exit::Done)
}

fn list(desk: &Desk, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let list = Operators::of(desk);
    output.result(&list, || list.to_string())?;
    Ok(Exit::Done)
}

fn pending(desk: &Desk, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let waiting = desk.described.waiting.iter().filter_map(|one| Waiting::of(one, desk)).collect();
    let list = WaitingList { waiting };
    output.result(&list, || list.to_string())?;
    Ok(Exit::Done)
}

fn removal(desk: &Desk, name: Handle) -> Result<Deed, Failure> {
    let key = desk.operators().find(|(known, _)| *known == name.as_str()).map(|(_, key)| key);
    let key: PublicKey = key.ok_or_else(|| {
        Failure::new(
            "OPERATOR_UNKNOWN",
            format!("No operator is called {name}."),
            "samverkan-hub operator list",
            Exit::NotFound,
        )
    })?;
    let operator = OperatorId::of_key(key.as_bytes());
    Ok(Deed::RemoveOperator { name, operator, before: desk.last_change()? })
}

/// Has a change of the operators done, or begun.
async fn change(desk: &mut Desk, deed: Deed, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let done = Done::of(&deed);
    let answer = desk.act(deed, None).await?;
    match answer.waiting {
        Some(waiting) => tell_waiting(&waiting, desk, output),
        None => {
            output.result(&done, || done.to_string())?;
            Ok(Exit::Done)
        }
    }
}

/// Says that a second signature is missing, and how it is given.
pub(super) fn tell_waiting(
    waiting: &v1::WaitingAction,
    desk: &Desk,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    let shown = Waiting::of(waiting, desk).ok_or_else(|| unknown("-"))?;
    output.result(&shown, || shown.to_string())?;
    output.notice(&format!(
        "Nothing has changed yet. next: another operator runs samverkan-hub operator sign {}",
        shown.reference
    ));
    Ok(Exit::Done)
}

fn unknown(typed: &str) -> Failure {
    Failure::new(
        "ACTION_UNKNOWN",
        format!("Nothing waits for a signature under {typed}."),
        "samverkan-hub operator pending",
        Exit::NotFound,
    )
}
