//! What `doctor` and `key show` tell about the device and its way to the hub.

use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Membership, Session};
use crate::connect::{ClientIdentity, ClockSkew, Link};
use crate::error::{Code, Error, Result};

impl Session {
    /// Greets the hub and compares the clocks, however far they are apart. Nothing else happens.
    ///
    /// # Errors
    /// What connecting fails with.
    pub async fn hub_clock(&self) -> Result<ClockSkew> {
        let key = self.keystore.contents().tls_key().ok_or(Error::new(Code::KeystoreDamaged))?;
        let identity = ClientIdentity { certificate: &self.membership.certificate, key };
        let hub = &self.membership.hub;
        let link = Link::open(&self.network, &hub.address, &hub.pins, &identity, &self.clock).await?;
        Ok(link.hello().skew)
    }

    /// How many sealed messages wait to be handed in.
    #[must_use]
    pub fn outbox_len(&self) -> usize {
        self.mail.waiting().len()
    }
}

impl Membership {
    /// When the hub stops accepting this device's certificate, in milliseconds.
    ///
    /// # Errors
    /// [`Code::KeystoreDamaged`] when what is kept is no certificate.
    pub fn certificate_expires_ms(&self) -> Result<u64> {
        let damaged = || Error::new(Code::KeystoreDamaged);
        let (_, certificate) = X509Certificate::from_der(&self.certificate).map_err(|_| damaged())?;
        let seconds = certificate.validity().not_after.timestamp();
        let seconds = u64::try_from(seconds).map_err(|_| damaged())?;
        seconds.checked_mul(1000).ok_or_else(damaged)
    }
}
