//! Messages that were gone before this device had them. Nothing of them is here but that there were some.

use samverkan_envelope::open::LogView as _;
use samverkan_proto::ids::OrgId;

use super::Session;
use crate::error::Result;
use crate::home::ProfileLock;
use crate::keystore::EntryName;
use crate::session::model::{Missed, StopKind};

/// The newest of them that are remembered.
const MOST: usize = 64;
/// `org[16] u8 kind u64 at_ms`.
const LEN: usize = 16 + 1 + 8;

impl Session {
    /// Messages that were taken back, or whose consent was withdrawn, before this device had them; oldest first.
    #[must_use]
    pub fn missed(&self) -> Vec<Missed> {
        let read = |entry: &[u8; LEN]| {
            let (org, rest) = entry.split_first_chunk::<16>()?;
            let (kind, at_ms) = rest.split_first()?;
            let org = OrgId::parse(org).ok()?;
            let by = self.directory.newest_manifest(&org)?.fields().handle.clone();
            let kind = if *kind == 0 { StopKind::Recall } else { StopKind::Withdrawal };
            Some(Missed { by, kind, at_ms: u64::from_be_bytes(at_ms.try_into().ok()?) })
        };
        self.missed_entries().as_chunks().0.iter().filter_map(read).collect()
    }

    pub(super) fn note_missed(&mut self, held: &ProfileLock, by: OrgId, kind: StopKind) -> Result<()> {
        let mut entries = self.missed_entries();
        entries.extend_from_slice(by.as_bytes());
        entries.push(u8::from(kind == StopKind::Withdrawal));
        entries.extend_from_slice(&self.clock.now_ms().to_be_bytes());
        let surplus = (entries.len() / LEN).saturating_sub(MOST) * LEN;
        self.keystore.contents_mut().put_setting(&name(), &entries[surplus..])?;
        Ok(self.keystore.commit(held)?)
    }

    fn missed_entries(&self) -> Vec<u8> {
        self.keystore.contents().setting(&name()).map(<[u8]>::to_vec).unwrap_or_default()
    }
}

fn name() -> EntryName {
    "stops.missed".parse().expect("the name obeys the rule")
}
