//! Devices of others that were reported to be in other hands: which messages of this computer that is about, told once, and what came
//! from such a device, marked for good.
//!
//! Nothing new comes from one: the hub cuts it off, and a message that the hub took after the time in the manifest, or after the manifest
//! itself, is refused when it is opened (PROTOCOL.md section 7), whatever time it names. What had come before the report is kept, since
//! it may be real; it is shown with a warning from then on.

use samverkan_proto::code::RevocationReason;
use samverkan_proto::ids::{DeviceId, Handle, OrgId};
use samverkan_proto::statement::manifest::Revocation;
use samverkan_proto::statement::safety::CaseReference;

use super::Session;
use super::later::LaterReader;
use super::mail::Kept;
use super::model::Direction;
use crate::error::Result;
use crate::keystore::EntryName;

/// A partner's device that was reported, and what that is about here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compromise {
    /// Whose device.
    pub handle: Handle,
    /// Which one.
    pub device: DeviceId,
    /// From when on it was in other hands, in milliseconds.
    pub since_ms: u64,
    /// Cases with a message from here that the device could read: it was sealed to it, or the device came to the mailbox later and a
    /// colleague's may have given it on.
    pub readable: Vec<CaseReference>,
    /// Cases with a message that came from the device since then.
    pub doubtful: Vec<CaseReference>,
}

impl Session {
    /// The reports that concern messages kept here and that no person has been told of.
    #[must_use]
    pub fn compromises(&self) -> Vec<Compromise> {
        let others = self.directory.organisations().filter(|(org, _)| **org != self.membership.org);
        let reports = others.flat_map(|(org, organisation)| {
            let fields = organisation.manifest().map(|manifest| manifest.fields());
            let revoked = fields.into_iter().flat_map(|fields| &fields.revocations);
            revoked.filter_map(move |revocation| Some((org, &fields?.handle, revocation)))
        });
        let untold = reports.filter(|(_, _, revocation)| {
            revocation.reason == RevocationReason::Compromised && !self.is_told(revocation)
        });
        untold
            .map(|(org, handle, revocation)| self.concerned(org, handle, revocation))
            .filter(|report| !report.readable.is_empty() || !report.doubtful.is_empty())
            .collect()
    }

    /// Whether a person was told that the device was in other hands, and since then or earlier.
    fn is_told(&self, revocation: &Revocation) -> bool {
        let told = self.keystore.contents().setting(&told_name(&revocation.device_id));
        let since = told.and_then(|since| Some(u64::from_be_bytes(since.try_into().ok()?)));
        since.is_some_and(|since| since <= revocation.revoked_ms)
    }

    /// Writes down that a person was told of these.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn mark_told(&mut self, told: &[Compromise]) -> Result<()> {
        if told.is_empty() {
            return Ok(());
        }
        let held = self.begin()?;
        for report in told {
            let since = report.since_ms.to_be_bytes();
            self.keystore.contents_mut().put_setting(&told_name(&report.device), &since)?;
        }
        Ok(self.keystore.commit(&held)?)
    }

    fn concerned(&self, org: &OrgId, handle: &Handle, revocation: &Revocation) -> Compromise {
        let device = revocation.device_id;
        let could_read = |kept: &Kept| {
            let fields = kept.header.fields();
            let may_be_given = || LaterReader::find(&self.directory, fields, *org, device).is_some();
            kept.direction == Direction::Out && (fields.wrap_index(org, &device).is_some() || may_be_given())
        };
        let sent_by = |kept: &Kept| {
            let fields = kept.header.fields();
            fields.sender_org == *org && fields.sender_device == device && is_after(kept, revocation)
        };
        Compromise {
            handle: handle.clone(),
            device,
            since_ms: revocation.revoked_ms,
            readable: self.cases_with(could_read),
            doubtful: self.cases_with(sent_by),
        }
    }

    /// The references of the threads that have such a message, each once.
    fn cases_with(&self, is: impl Fn(&Kept) -> bool) -> Vec<CaseReference> {
        let with = self.mail.iter().filter(|kept| is(kept));
        let mut found: Vec<_> = with.map(|kept| CaseReference::of_thread(&kept.body.thread_id)).collect();
        found.sort_unstable_by_key(ToString::to_string);
        found.dedup();
        found
    }

    /// Since when the device that sent a message was in other hands, if it was when the hub took the message.
    pub(super) fn sender_compromised_since(&self, kept: &Kept) -> Option<u64> {
        let fields = kept.header.fields();
        let manifest = self.directory.organisation(&fields.sender_org)?.manifest()?;
        let revocation = manifest.revocation(&fields.sender_device)?;
        let is_stolen = revocation.reason == RevocationReason::Compromised;
        (is_stolen && is_after(kept, revocation)).then_some(revocation.revoked_ms)
    }
}

fn is_after(kept: &Kept, revocation: &Revocation) -> bool {
    kept.accepted_ms() >= revocation.revoked_ms
}

fn told_name(device: &DeviceId) -> EntryName {
    format!("told-compromise.{device}").parse().expect("a prefix and hexadecimal obey the rule")
}

#[cfg(test)]
mod tests;
