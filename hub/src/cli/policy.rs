//! `policy`: which classes are sent on an agreement alone, for the whole hub. The operators sign it, and every member reads it in the log.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use samverkan_proto::admission::Policy;
use samverkan_proto::code::{Class, Classes};
use samverkan_proto::statement::operator::Deed;
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::operator::tell_waiting;
use super::output::Output;
use super::signing::Desk;

const SET_EXAMPLE: &str = "\
Every class that is not named is open to all active organisations. Follow-ups in what was begun always are, and so is what an
organisation sends to itself. It holds at once: have members agree with each other first (samverkan agreement propose).

Examples:
  samverkan-hub policy set --agreement-for REFERRAL --agreement-for INFORMATION_REQUEST --key /root/drift-ett.pem
  samverkan-hub policy set --open --key /root/drift-ett.pem";

#[derive(Debug, Args)]
pub(super) struct PolicyArguments {
    /// The file of the key to sign with [default: operator_key in the configuration].
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what may be sent without an agreement.
    #[command(after_help = "Example:\n  samverkan-hub policy show")]
    Show,
    /// Set it, with an operator's signature; with two, where the operators' rule says so.
    #[command(after_help = SET_EXAMPLE)]
    Set {
        /// A class that is sent on an agreement alone. Give it once for each.
        #[arg(long, value_name = "CLASS", value_parser = class, required_unless_present = "open")]
        agreement_for: Vec<Class>,
        /// Nothing needs an agreement.
        #[arg(long, conflicts_with = "agreement_for")]
        open: bool,
    },
}

fn class(text: &str) -> Result<Class, String> {
    let found = text.to_ascii_uppercase().parse().ok().filter(|class| Classes::ALL.contains(*class));
    found.ok_or_else(|| "it is REFERRAL, CONCERN_REPORT or INFORMATION_REQUEST".to_owned())
}

pub(super) fn run(
    PolicyArguments { key, command }: PolicyArguments,
    config: &Path,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    super::runtime()?.block_on(async {
        let desk = Desk::open(config, key).await?;
        match command {
            Command::Show => show(desk.policy()?, output),
            Command::Set { agreement_for, open: _ } => {
                let policy = Policy { agreement_required: agreement_for.into_iter().collect() };
                set(desk, policy, output).await
            }
        }
    })
}

async fn set(mut desk: Desk, policy: Policy, output: &mut Output<'_>) -> Result<Exit, Failure> {
    if desk.policy()? == policy {
        return show(policy, output);
    }
    if !desk.has_operators() {
        return Err(Failure::new(
            "OPERATOR_MISSING",
            "A policy is what operators sign, and this hub has none.",
            "samverkan-hub operator new FILE, then samverkan-hub operator add NAME --key FILE",
            Exit::Conflict,
        ));
    }
    let deed = Deed::SetPolicy { policy, before: desk.last_policy()? };
    let answer = desk.act(deed, None).await?;
    match answer.waiting {
        Some(waiting) => tell_waiting(&waiting, &desk, output),
        None => show(policy, output),
    }
}

fn show(policy: Policy, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let shown = Shown::of(policy);
    output.result(&shown, || shown.to_string())?;
    Ok(Exit::Done)
}

/// The policy, class by class.
#[derive(Serialize)]
struct Shown {
    agreement_required: Vec<&'static str>,
    open: Vec<&'static str>,
}

impl Shown {
    fn of(policy: Policy) -> Self {
        let (required, open) =
            Classes::ALL.iter().partition::<Vec<_>, _>(|class| policy.agreement_required.contains(*class));
        let names = |classes: Vec<Class>| classes.into_iter().map(Class::name).collect();
        Self { agreement_required: names(required), open: names(open) }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[&str]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        writeln!(f, "on an agreement alone  {}", list(&self.agreement_required))?;
        write!(f, "open to all            {}", list(&self.open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_shown_class_by_class() {
        let policy = Policy { agreement_required: [Class::Referral].into_iter().collect() };
        assert_eq!(
            Shown::of(policy).to_string(),
            "on an agreement alone  REFERRAL\nopen to all            CONCERN_REPORT, INFORMATION_REQUEST"
        );
        assert!(Shown::of(Policy::default()).to_string().starts_with("on an agreement alone  -\n"));
    }

    #[test]
    fn a_follow_up_is_no_class_of_a_policy() {
        assert_eq!(class("referral"), Ok(Class::Referral));
        for wrong in ["FOLLOW_UP", "", "REFERRALS"] {
            assert!(class(wrong).is_err(), "{wrong}");
        }
    }
}
