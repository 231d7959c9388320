//! Who is calling: the only place where a request becomes an authenticated identity.
//!
//! The chain is: verified client certificate → hash of its key → the device that an organisation's manifest names
//! by that hash. Each call walks it anew, so that what the registry forgets is refused on the next call; nothing a
//! request says about its sender is looked at. There is no anonymous [`Caller`]: calls that need none (greeting,
//! joining, renewing) do not ask for one.

use http::Extensions;

use crate::server::{PeerCertificate, SpkiHash};

/// Finds devices by the key of their certificate.
pub trait Registry {
    /// What the registry knows about a device; cheap to clone.
    type Device;

    /// The active device with this key, in the newest manifest of an organisation that is not suspended.
    fn device_by_key(&self, key: &SpkiHash) -> Option<Self::Device>;
}

/// An authenticated device.
#[derive(Clone, Debug)]
pub struct Caller<D> {
    device: D,
    key: SpkiHash,
}

impl<D> Caller<D> {
    /// The caller behind a request with these extensions.
    ///
    /// # Errors
    /// See [`Unauthenticated`].
    pub fn of<R>(extensions: &Extensions, registry: &R) -> Result<Self, Unauthenticated>
    where
        R: Registry<Device = D>,
    {
        let peer = extensions.get::<PeerCertificate>().ok_or(Unauthenticated::NoCertificate)?;
        let key = peer.spki();
        let device = registry.device_by_key(&key).ok_or(Unauthenticated::UnknownDevice)?;
        Ok(Self { device, key })
    }

    /// The device, as the registry knew it when the call began.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// The key that authenticated it, for long streams to ask the registry again.
    pub fn key(&self) -> &SpkiHash {
        &self.key
    }
}

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// The connection presented no client certificate.
    #[error("this call needs a client certificate")]
    NoCertificate,
    /// The certificate's key belongs to no active device.
    #[error("the certificate belongs to no active device")]
    UnknownDevice,
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use super::*;

    struct Table(RefCell<HashMap<[u8; 32], &'static str>>);

    impl Registry for Table {
        type Device = &'static str;

        fn device_by_key(&self, key: &SpkiHash) -> Option<&'static str> {
            self.0.borrow().get(key.as_bytes()).copied()
        }
    }

    #[test]
    fn only_a_known_key_makes_a_caller_and_each_call_asks_again() {
        let table = Table(RefCell::new(HashMap::from([([1; 32], "device")])));
        let mut extensions = Extensions::new();
        assert_eq!(Caller::of(&extensions, &table).unwrap_err(), Unauthenticated::NoCertificate);
        extensions.insert(PeerCertificate::for_test([2; 32]));
        assert_eq!(Caller::of(&extensions, &table).unwrap_err(), Unauthenticated::UnknownDevice);
        extensions.insert(PeerCertificate::for_test([1; 32]));
        let caller = Caller::of(&extensions, &table).unwrap();
        assert_eq!((*caller.device(), *caller.key().as_bytes()), ("device", [1; 32]));
        table.0.borrow_mut().clear();
        assert_eq!(Caller::of(&extensions, &table).unwrap_err(), Unauthenticated::UnknownDevice);
    }
}
