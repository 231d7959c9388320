//! Mail that waits is given to colleagues who came later: to devices that read a mailbox by now and that the sender could not know of.
//!
//! A device does so for what it receives, before it says that it has it, and once for what it has received when its organisation's manifest
//! has changed. The hub takes it as long as the message is stored; who came after that is told nothing by this.

use samverkan_envelope::rewrap;
use samverkan_proto::ids::DeviceId;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::v1::RewrapRequest;

use super::mail::Kept;
use super::model::Direction;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::keystore::EntryName;
use crate::secret::NoRandomness;

impl Session {
    /// Gives what is kept and may still be stored at the hub to colleagues who came since this was done last. What does not work now is
    /// tried again at the next contact.
    pub(super) async fn share_with_later_devices(&mut self, link: &Link) -> Result<()> {
        let Some(serial) = self.own_manifest().map(|manifest| manifest.serial()) else { return Ok(()) };
        if serial == 1 || self.shared_serial() == Some(serial) {
            return Ok(());
        }
        let given = self.mail.iter().map(|kept| self.for_later_devices(kept)).collect::<Result<Vec<_>>>()?;
        let lacking = self.lacks_key_of_a_reader();
        if !self.hand_in(link, given.into_iter().flatten()).await || lacking {
            return Ok(());
        }
        let held = self.begin()?;
        self.keystore.contents_mut().put_setting(&serial_name(), &serial.to_be_bytes())?;
        Ok(self.keystore.commit(&held)?)
    }

    /// Gives messages that have just come to colleagues who came later.
    pub(super) async fn share_what_came<'a>(
        &self,
        link: &Link,
        came: impl Iterator<Item = &'a Kept>,
    ) -> Result<()> {
        let mut given = Vec::new();
        for kept in came {
            given.extend(self.for_later_devices(kept)?);
        }
        self.hand_in(link, given.into_iter()).await;
        Ok(())
    }

    /// The statements that give a message to every device of the own organisation that reads a mailbox it came to, has a key now, and is
    /// not named in its header.
    fn for_later_devices(&self, kept: &Kept) -> Result<Vec<Verified<Rewrap>>> {
        let (org, own, now_ms) = (self.membership.org, self.device.device_id(), self.clock.now_ms());
        let fields = kept.header.fields();
        let named = |device: &DeviceId| fields.wrap_index(&org, device);
        let Some(wrap) = named(&own).and_then(|index| fields.wraps.get(index)) else { return Ok(Vec::new()) };
        if kept.direction != Direction::In || now_ms >= fields.expires_ms {
            return Ok(Vec::new());
        }
        let mut given = Vec::new();
        for (device, key) in self.later_readers() {
            let reads = |index: usize| {
                let read =
                    |mailbox| self.own_manifest().is_some_and(|manifest| manifest.reads(&device, mailbox));
                fields.to.get(index).is_some_and(|to| read(&to.mailbox))
            };
            if named(&device).is_none() && wrap.mailboxes().any(reads) {
                let sealed = rewrap(&kept.secret, &kept.header, org, &self.device, key);
                given.push(sealed.map_err(|error| match error {
                    samverkan_envelope::RewrapError::Random(_) => NoRandomness.into(),
                    samverkan_envelope::RewrapError::Invalid(_) => Error::new(Code::ProgramDefect),
                })?);
            }
        }
        Ok(given)
    }

    /// The other devices of the own organisation, with their keys of this week.
    fn later_readers(&self) -> impl Iterator<Item = (DeviceId, &EpochKey)> {
        let week = Epoch::of(self.clock.now_ms());
        let organisation = self.directory.organisation(&self.membership.org);
        let devices = self.own_manifest().into_iter().flat_map(|manifest| manifest.devices());
        let others = devices.map(|device| device.id()).filter(|device| *device != self.device.device_id());
        others.filter_map(move |device| Some((device, organisation?.epoch_key(&device, week)?)))
    }

    /// Whether a device of the own organisation has no key yet: it has been named, and has not been there itself.
    fn lacks_key_of_a_reader(&self) -> bool {
        let devices = self.own_manifest().map_or(0, |manifest| manifest.devices().len());
        self.later_readers().count() + 1 < devices
    }

    /// Hands statements in; says whether each was taken, or never will be.
    async fn hand_in(&self, link: &Link, given: impl Iterator<Item = Verified<Rewrap>>) -> bool {
        let mut done = true;
        for rewrap in given {
            let request = RewrapRequest { rewrap: rewrap.bytes().to_vec().into() };
            match call::unary(link.relay().rewrap(request)).await {
                Ok(_) => {}
                // Purged: everybody else has it, or its time was over.
                Err(error) if matches!(error.code(), Code::MessageGone | Code::MessageUnknown) => {}
                Err(error) => {
                    tracing::warn!(
                        code = error.code().as_str(),
                        "a message could not be given to a later device"
                    );
                    done &= error.code().class() != Class::Transient;
                }
            }
        }
        done
    }

    /// The manifest for which everything that was kept then has been given on.
    fn shared_serial(&self) -> Option<u64> {
        let kept = self.keystore.contents().setting(&serial_name())?;
        Some(u64::from_be_bytes(kept.try_into().ok()?))
    }
}

fn serial_name() -> EntryName {
    "rewrap.serial".parse().expect("the name obeys the rule")
}
