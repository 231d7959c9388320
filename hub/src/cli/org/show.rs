//! How organisations are shown.

use std::fmt;

use samverkan_proto::code::{OrganisationKind, OrganisationState};
use samverkan_proto::v1;
use serde::Serialize;

use super::super::output::safe;
use super::super::time::rfc3339;

/// A new invite.
#[derive(Serialize)]
pub(super) struct Invitation {
    pub(super) invite: String,
    pub(super) expires: String,
}

/// An invite that was withdrawn before anybody used it.
#[derive(Serialize)]
pub(super) struct Withdrawn {
    pub(super) handle: String,
    pub(super) state: &'static str,
}

/// All organisations.
#[derive(Serialize)]
pub(super) struct Organisations {
    pub(super) organisations: Vec<Organisation>,
}

/// One organisation. What an invited one does not have yet is absent.
#[derive(Serialize)]
pub(super) struct Organisation {
    handle: String,
    name: String,
    organisation_number: String,
    kind: String,
    state: String,
    municipalities: Vec<String>,
    services: Vec<String>,
    mailboxes: Vec<String>,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_expires: Option<String>,
}

impl From<v1::Organisation> for Organisation {
    fn from(from: v1::Organisation) -> Self {
        let unknown = |code: u32| format!("UNKNOWN ({code})");
        Self {
            handle: from.handle,
            name: from.name,
            organisation_number: from.organisation_number,
            kind: OrganisationKind::try_from(from.kind)
                .map_or_else(|_| unknown(from.kind), |kind| kind.to_string()),
            state: OrganisationState::try_from(from.state)
                .map_or_else(|_| unknown(from.state), |state| state.to_string()),
            municipalities: from.municipalities,
            services: from.services,
            mailboxes: from.mailboxes,
            since: rfc3339(from.since_ms),
            org_id: (!from.org_id.is_empty()).then(|| data_encoding::HEXLOWER.encode(&from.org_id)),
            safety_number: (!from.safety_number.is_empty()).then_some(from.safety_number),
            invite_expires: (from.invite_expires_ms > 0).then(|| rfc3339(from.invite_expires_ms)),
        }
    }
}

/// One fact a line.
impl fmt::Display for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = [
            ("name", Some(self.name.clone())),
            ("number", Some(self.organisation_number.clone())),
            ("kind", Some(self.kind.clone())),
            ("state", Some(format!("{} since {}", self.state, self.since))),
            ("invite works until", self.invite_expires.clone()),
            ("municipalities", some_list(&self.municipalities)),
            ("services", some_list(&self.services)),
            ("mailboxes", some_list(&self.mailboxes)),
            ("organisation id", self.org_id.clone()),
            ("safety number", self.safety_number.clone()),
        ];
        write!(f, "{}", safe(&self.handle))?;
        facts.iter().try_for_each(|(label, value)| match value {
            Some(value) => write!(f, "\n  {label:<20}{}", safe(value)),
            None => Ok(()),
        })
    }
}

/// One organisation a line.
impl fmt::Display for Organisations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.organisations.is_empty() {
            return f.write_str("No organisations yet. next: samverkan-hub org invite --help");
        }
        let width = self.organisations.iter().map(|o| o.handle.len()).max().unwrap_or(0);
        for (place, organisation) in self.organisations.iter().enumerate() {
            let Organisation { handle, name, state, since, .. } = organisation;
            let line_feed = if place == 0 { "" } else { "\n" };
            write!(f, "{line_feed}{:<width$}  {state:<9}  {since:<20}  {}", safe(handle), safe(name))?;
        }
        Ok(())
    }
}

fn some_list(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> v1::Organisation {
        v1::Organisation {
            handle: "boj-exempel".into(),
            name: "Brottsofferjouren\u{202e} Exempel".into(),
            organisation_number: "8024000005".into(),
            kind: 8,
            state: 2,
            org_id: vec![0xab; 16].into(),
            safety_number: "12345 ".repeat(12).trim().into(),
            since_ms: 1_700_000_000_000,
            mailboxes: vec!["stod".into()],
            ..Default::default()
        }
    }

    #[test]
    fn an_organisation_is_shown_with_its_safety_number_and_steers_no_terminal() {
        let text = Organisation::from(pending()).to_string();
        assert!(text.contains("PENDING since 2023-11-14T22:13:20Z") && text.contains("VOLUNTEER"), "{text}");
        assert!(text.contains("safety number       12345 12345"), "{text}");
        assert!(text.contains("\\u{202e}") && !text.contains('\u{202e}'), "{text}");
        assert!(!text.contains("invite"), "{text}");
    }

    #[test]
    fn documents_leave_out_what_is_not_there() {
        let invited = v1::Organisation { kind: 99, state: 1, invite_expires_ms: 1_001, ..Default::default() };
        let document = serde_json::to_value(Organisation::from(invited)).unwrap();
        assert_eq!(document["kind"], "UNKNOWN (99)");
        assert_eq!(document["state"], "INVITED");
        assert_eq!(document["invite_expires"], "1970-01-01T00:00:01Z");
        assert!(document.get("safety_number").is_none() && document.get("org_id").is_none());
    }

    #[test]
    fn a_list_is_one_line_each() {
        let organisations = vec![Organisation::from(pending()), Organisation::from(pending())];
        assert_eq!(Organisations { organisations }.to_string().lines().count(), 2);
        assert!(Organisations { organisations: vec![] }.to_string().contains("invite"));
    }
}
