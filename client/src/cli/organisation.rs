//! What commands tell about an organisation.

use samverkan_proto::ids::OrgId;
use samverkan_proto::statement::safety::SafetyNumber;
use serde::Serialize;

use super::context::View;
use super::moment::Moment;
use super::names::Named as _;
use crate::msg;
use crate::session::model::Trust;
use crate::text::{Args, Text};

/// One organisation, as the directory and this device's own notes have it.
#[derive(Serialize)]
pub(super) struct Organisation {
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) state: &'static str,
    since: Moment,
    municipalities: Vec<String>,
    services: Vec<String>,
    pub(super) mailboxes: Vec<String>,
    /// Whether this device belongs to it.
    pub(super) own: bool,
    /// Whether its safety number was compared; absent for the own organisation, and when no passphrase was given.
    pub(super) trust: Option<TrustMark>,
    /// When it was compared, and how; absent unless it is `verified`.
    compared_at: Option<Moment>,
    compared_how: Option<&'static str>,
    /// When its recovery kit was used last, if ever.
    pub(super) recovered_at: Option<Moment>,
    pub(super) safety_number: Option<String>,
}

/// What a person found out about an organisation's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TrustMark {
    Unverified,
    Moved,
    Verified,
    Recovered,
    KeyChanged,
}

impl From<&Trust> for TrustMark {
    fn from(trust: &Trust) -> Self {
        match trust {
            Trust::Unverified => Self::Unverified,
            Trust::Moved => Self::Moved,
            Trust::Verified { .. } => Self::Verified,
            Trust::Recovered { .. } => Self::Recovered,
            Trust::KeyChanged { .. } => Self::KeyChanged,
        }
    }
}

impl Organisation {
    /// What is known; `None` when the operator has written nothing down yet.
    pub(super) fn of(view: &View, id: &OrgId) -> Option<Self> {
        let organisation = view.directory().organisation(id)?;
        let entry = organisation.entry()?.fields();
        let manifest = organisation.manifest();
        let mut mailboxes: Vec<String> = manifest
            .iter()
            .flat_map(|manifest| manifest.mailboxes())
            .map(|mailbox| format!("{}/{}", entry.handle, mailbox.name))
            .collect();
        mailboxes.sort_unstable();
        let number = manifest.map(|manifest| SafetyNumber::of_root(&manifest.fields().root_pk));
        let own = view.session().is_some_and(|session| session.org() == *id);
        // Nobody compares numbers with themselves.
        let others = view.session().filter(|_| !own);
        let trust = others.map(|session| session.trust(&entry.handle));
        let compared = match trust {
            Some(Trust::Verified { at_ms, how }) => Some((Moment(at_ms), how)),
            _ => None,
        };
        let recovered = organisation.recovered_after(1).map(|manifest| Moment(manifest.fields().issued_ms));
        Some(Self {
            handle: entry.handle.to_string(),
            name: entry.name.to_string(),
            kind: entry.kind.name(),
            state: entry.state.name(),
            since: Moment(entry.since_ms),
            municipalities: entry.municipalities.iter().map(ToString::to_string).collect(),
            services: entry.services.iter().map(ToString::to_string).collect(),
            mailboxes,
            own,
            trust: trust.as_ref().map(TrustMark::from),
            compared_at: compared.map(|(at, _)| at),
            compared_how: compared.map(|(_, how)| how.name()),
            recovered_at: recovered,
            safety_number: number.map(|number| number.to_string()),
        })
    }

    /// One table row a mailbox: address, name, places, services, whether compared.
    pub(super) fn rows(&self, text: &Text) -> Vec<Vec<String>> {
        let anywhere = || text.get(msg!("place-anywhere"), &Args::none());
        let places = if self.municipalities.is_empty() { anywhere() } else { self.municipalities.join(", ") };
        let row = |mailbox: &String| {
            vec![
                mailbox.clone(),
                self.name.clone(),
                places.clone(),
                self.services.join(", "),
                self.trust_words(text),
            ]
        };
        self.mailboxes.iter().map(row).collect()
    }

    /// Where it can help.
    pub(super) fn places(&self) -> String {
        self.municipalities.join(", ")
    }

    /// What it offers.
    pub(super) fn services(&self) -> String {
        self.services.join(", ")
    }

    /// When it came to where it stands.
    pub(super) fn since(&self, text: &Text) -> String {
        self.since.local(text)
    }

    /// When its safety number was compared, in words.
    pub(super) fn compared(&self, text: &Text) -> String {
        match self.compared_at {
            Some(at) => text.get(msg!("trust-verified-since"), &Args::none().text("date", at.local(text))),
            None => self.trust_words(text),
        }
    }

    /// Whether its safety number was compared, in words.
    pub(super) fn trust_words(&self, text: &Text) -> String {
        let id = match self.trust {
            None => return String::new(),
            Some(TrustMark::Unverified) => msg!("trust-unverified"),
            Some(TrustMark::Moved) => msg!("trust-moved"),
            Some(TrustMark::Verified) => msg!("trust-verified"),
            Some(TrustMark::Recovered) => msg!("trust-recovered"),
            Some(TrustMark::KeyChanged) => msg!("trust-key-changed"),
        };
        text.get(id, &Args::none())
    }
}
