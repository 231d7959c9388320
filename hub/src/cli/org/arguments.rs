//! What `org` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use samverkan_proto::code::OrganisationKind;
use samverkan_proto::ids::{Handle, Municipality, OrganisationName, OrganisationNumber, ServiceCode};
use samverkan_proto::v1;

const INVITE_EXAMPLE: &str = "\
Example:
  samverkan-hub org invite boj-exempel --name \"Brottsofferjouren Exempel\" --number 8024000005 \\
      --kind volunteer --municipality 0180 --service victim-support";

const CONFIRM_EXAMPLE: &str = "\
Call the organisation at a number you already had, let them read their safety number aloud
(samverkan org show), and type what you hear.

Example:
  samverkan-hub org confirm boj-exempel --safety-number \"12345 67890 …\"";

#[derive(Debug, Args)]
pub(in super::super) struct Org {
    /// The file of the operator's key to sign with, where the hub has operators [default: operator_key in the configuration].
    #[arg(long, global = true, value_name = "FILE")]
    pub(in super::super) key: Option<PathBuf>,

    #[command(subcommand)]
    pub(in super::super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum Command {
    /// Write down an organisation and print its invite: one line, to be given over a trusted channel.
    #[command(after_help = INVITE_EXAMPLE)]
    Invite(Invite),
    /// List organisations and open invites.
    #[command(after_help = "Example:\n  samverkan-hub org list --json")]
    List,
    /// Show one organisation, with its safety number.
    #[command(after_help = "Example:\n  samverkan-hub org show boj-exempel")]
    Show {
        /// The organisation.
        handle: Handle,
    },
    /// Admit an organisation that has joined, after comparing its safety number by telephone.
    #[command(after_help = CONFIRM_EXAMPLE)]
    Confirm {
        /// The organisation.
        handle: Handle,
        /// The twelve groups as they were read out; spaces do not matter.
        #[arg(long, value_name = "DIGITS")]
        safety_number: String,
    },
    /// Cut an organisation off: its streams end, undelivered mail goes back to its senders.
    #[command(after_help = "Example:\n  samverkan-hub org suspend boj-exempel")]
    Suspend {
        /// The organisation.
        handle: Handle,
    },
    /// Let a suspended organisation back in.
    #[command(after_help = "Example:\n  samverkan-hub org resume boj-exempel")]
    Resume {
        /// The organisation.
        handle: Handle,
    },
    /// Cut an organisation off for good, or withdraw its open invite.
    #[command(after_help = "Example:\n  samverkan-hub org remove boj-exempel --yes")]
    Remove {
        /// The organisation.
        handle: Handle,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(in super::super) struct Invite {
    /// Its short name in the directory: a-z, 0-9 and -, for good.
    pub(super) handle: Handle,
    /// Its name.
    #[arg(long)]
    name: OrganisationName,
    /// Its organisation number, ten digits.
    #[arg(long, value_name = "DIGITS", value_parser = organisation_number)]
    number: OrganisationNumber,
    /// What it is: police, social-services, health-care, dental-care, prosecutor, school, other-authority,
    /// volunteer or other.
    #[arg(long, value_parser = kind)]
    kind: OrganisationKind,
    /// A municipality it serves, four digits. May be repeated.
    #[arg(long = "municipality", value_name = "CODE")]
    municipalities: Vec<Municipality>,
    /// A service it gives. May be repeated.
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<ServiceCode>,
}

/// Parses `social-services` and `SOCIAL_SERVICES`.
fn kind(text: &str) -> Result<OrganisationKind, String> {
    let name = text.to_ascii_uppercase().replace('-', "_");
    name.parse().map_err(|_| {
        let known =
            OrganisationKind::ALL.iter().map(|kind| kind.name().to_ascii_lowercase().replace('_', "-"));
        format!("it is one of {}", known.collect::<Vec<_>>().join(", "))
    })
}

/// Parses ten digits, also written `802400-0001`.
fn organisation_number(text: &str) -> Result<OrganisationNumber, String> {
    let digits = match text.split_once('-') {
        Some((first, last)) if first.len() == 6 => [first, last].concat(),
        _ => text.to_owned(),
    };
    digits
        .parse()
        .map_err(|_| "it is ten digits with a right check digit, and never a personal number".to_owned())
}

impl From<Invite> for v1::InviteOrganisationRequest {
    fn from(invite: Invite) -> Self {
        Self {
            handle: invite.handle.to_string(),
            name: invite.name.to_string(),
            organisation_number: invite.number.to_string(),
            kind: invite.kind.code().into(),
            municipalities: sorted(&invite.municipalities),
            services: sorted(&invite.services),
        }
    }
}

/// In the strictly ascending order the directory wants.
fn sorted<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_numbers_are_taken_as_people_write_them() {
        assert_eq!(kind("social-services"), Ok(OrganisationKind::SocialServices));
        assert_eq!(kind("SOCIAL_SERVICES"), Ok(OrganisationKind::SocialServices));
        assert!(kind("charity").unwrap_err().contains("volunteer"));
        assert_eq!(organisation_number("202100-2817").unwrap().as_str(), "2021002817");
        assert_eq!(organisation_number("2021002817").unwrap().as_str(), "2021002817");
        for wrong in ["2021002818", "20210028-17", "811218-9876", "", "-"] {
            assert!(organisation_number(wrong).is_err(), "{wrong}");
        }
    }
}
