//! Wake-ups: who waits for something new, and who has it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use samverkan_proto::ids::DeviceId;
use tokio::sync::Notify;

/// Tells one device's streams that something new waits. Several rings before anybody looks are one.
#[derive(Debug)]
pub struct Subscription {
    bell: Arc<Notify>,
}

impl Subscription {
    /// Returns when something has come since the last time; at once if it already has. Somebody who has just
    /// looked and found nothing misses nothing.
    pub async fn woken(&self) {
        self.bell.notified().await;
    }
}

/// The bells of all devices that somebody listens for.
#[derive(Debug, Default)]
pub(super) struct Bells {
    devices: Mutex<HashMap<DeviceId, Vec<Weak<Notify>>>>,
}

impl Bells {
    /// A new listener for a device. Each has its own bell, so that two streams of one device both wake.
    pub(super) fn subscribe(&self, device: DeviceId) -> Subscription {
        let bell = Arc::new(Notify::new());
        let mut devices = self.devices();
        let listeners = devices.entry(device).or_default();
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(&bell));
        Subscription { bell }
    }

    /// Wakes everybody who listens for one of these devices.
    pub(super) fn ring(&self, woken: &HashSet<DeviceId>) {
        if woken.is_empty() {
            return;
        }
        let mut devices = self.devices();
        for device in woken {
            if let Some(listeners) = devices.get_mut(device) {
                listeners.retain(|listener| listener.upgrade().map(|bell| bell.notify_one()).is_some());
                if listeners.is_empty() {
                    devices.remove(device);
                }
            }
        }
    }

    fn devices(&self) -> MutexGuard<'_, HashMap<DeviceId, Vec<Weak<Notify>>>> {
        // The map is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
