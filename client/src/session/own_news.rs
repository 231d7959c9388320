//! What changed in the own organisation without this device: told once, so that nobody adds a device or a reader unseen.
//!
//! The serial of the manifest that was told last stands in the keystore. This device's own changes count as told.

use std::collections::HashSet;

use samverkan_proto::statement::manifest::{Manifest, SignedManifest};

use super::Session;
use super::charter::{Difference, differences};
use super::model::Progress;
use crate::error::{Code, Result};
use crate::keystore::EntryName;

fn told_name() -> EntryName {
    "own.told".parse().expect("a name of the right form")
}

impl Session {
    /// Whether something changed that nobody at this computer was told yet, and up to which manifest.
    pub(super) fn untold_serial(&self) -> Option<u64> {
        (!self.own_news()?.is_empty()).then(|| self.own_manifest().map(Manifest::serial)).flatten()
    }

    /// Tells what others have changed, and remembers it if somebody was there to read it.
    pub(super) fn tell_own_news(&mut self, progress: &mut dyn Progress) -> Result<()> {
        let Some(newest) = self.own_manifest().map(Manifest::serial) else { return Ok(()) };
        let told = self.told_serial();
        // A device that has just come in begins with what it finds.
        let seen = match self.own_news() {
            Some(news) if !news.is_empty() => progress.own_news(&news),
            Some(_) | None => true,
        };
        if seen && told != Some(newest) { self.note_told(newest) } else { Ok(()) }
    }

    /// This device has published a manifest itself, which is no news here unless something was untold before it.
    pub(super) fn note_own_change(&mut self, serial: u64) -> Result<()> {
        let follows = self.told_serial().and_then(|told| told.checked_add(1)) == Some(serial);
        if follows { self.note_told(serial) } else { Ok(()) }
    }

    /// Why this device stands in the own organisation's newest manifest no more.
    pub(super) fn why_gone(&self) -> Code {
        let own = self.device.device_id();
        let organisation = self.directory.organisation(&self.membership.org);
        let manifests = organisation.into_iter().flat_map(|found| found.signed_manifests());
        let mut from_then = manifests.skip_while(|signed| signed.manifest().device(&own).is_none());
        match from_then.find(|signed| signed.manifest().device(&own).is_none()) {
            Some(signed) if signed.is_recovery() => Code::OrganisationRecovered,
            Some(_) | None => Code::DeviceRevoked,
        }
    }

    /// What has changed since somebody was told last, entry by entry: what came and went in between is told as well, since a device that
    /// read a mailbox for an hour may have been given everything in it. Each once, and what matters most first, so that it can not be buried
    /// under the rest. `None` when nobody ever was told.
    fn own_news(&self) -> Option<Vec<Difference>> {
        let told = self.told_serial()?;
        let manifests = self.directory.organisation(&self.membership.org)?.signed_manifests();
        let mut untold =
            manifests.map(SignedManifest::manifest).skip_while(|manifest| manifest.serial() != told);
        let mut before = untold.next()?;
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for next in untold {
            // Admins let devices stay from year to year: who reads what is the same.
            let news = differences(before, next).into_iter();
            let news = news.filter(|difference| !matches!(difference, Difference::DeviceRenewed(_)));
            found.extend(news.filter(|difference| seen.insert(difference.clone())));
            before = next;
        }
        found.sort_by_key(Difference::rank);
        Some(found)
    }

    fn told_serial(&self) -> Option<u64> {
        let serial = self.keystore.contents().setting(&told_name())?;
        Some(u64::from_be_bytes(serial.try_into().ok()?))
    }

    fn note_told(&mut self, serial: u64) -> Result<()> {
        let held = self.begin()?;
        self.keystore.contents_mut().put_setting(&told_name(), &serial.to_be_bytes())?;
        Ok(self.keystore.commit(&held)?)
    }
}

#[cfg(test)]
mod tests;
