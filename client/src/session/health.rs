//! What `doctor` and `key show` tell about the device and its way to the hub.

use bytes::Bytes;
use samverkan_proto::statement::epoch_key::Epoch;

use super::Session;
use crate::connect::{ClientIdentity, ClockSkew, Link};
use crate::error::{Code, Error, Result};

/// How old the keys are that messages to this device are sealed to. Times are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// Until when others can seal to this device if it does not connect again; absent before the first keys.
    pub published_until_ms: Option<u64>,
    /// When the oldest private half that is here is destroyed, and with it what was sealed in its week.
    pub next_destroyed_ms: Option<u64>,
}

impl Session {
    /// Greets the hub and compares the clocks, however far they are apart. Nothing else happens.
    ///
    /// # Errors
    /// What connecting fails with.
    pub async fn hub_clock(&self) -> Result<ClockSkew> {
        let key = self.keystore.contents().tls_key().ok_or(Error::new(Code::KeystoreDamaged))?;
        let identity =
            ClientIdentity { certificate: &self.membership.certificate, key, believed: Bytes::new() };
        let hub = &self.membership.hub;
        let link = Link::open(&self.network, &hub.address, &hub.pins, &identity, &self.clock).await?;
        Ok(link.hello().skew)
    }

    /// How old the keys are that messages to this device are sealed to.
    #[must_use]
    pub fn key_facts(&self) -> KeyFacts {
        let organisation = self.directory.organisation(&self.membership.org);
        let newest = organisation.and_then(|found| found.epoch_keys_of(&self.device.device_id()).last());
        let epochs = self.keystore.contents().epochs().map(Epoch::new);
        KeyFacts {
            published_until_ms: newest.map(|key| key.epoch().encrypt_until_ms()),
            next_destroyed_ms: epochs.map(Epoch::destroy_at_ms).min(),
        }
    }

    /// How many sealed messages wait to be handed in.
    #[must_use]
    pub fn outbox_len(&self) -> usize {
        self.mail.waiting().len()
    }
}
