//! Mail that waits is given to colleagues who came later: to devices that read a mailbox by now and that the sender could not know of,
//! and to those that the mailbox was taken from and given back, from whom the hub took what waited.
//!
//! A device does so for what it receives, before it says that it has it, and for what it has received when its organisation's manifest or
//! the keys of its colleagues have changed. The hub takes it as long as the message is stored; who came after that is told nothing by
//! this. What was given to whom is written down beside each message, so nothing is given twice; what could not be given, or stands behind
//! what another colleague gave, is tried again in an hour.

use samverkan_envelope::rewrap;
use samverkan_proto::ids::{DeviceId, MessageId};
use samverkan_proto::limits::SECOND_MS;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::Recipient;
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::v1::RewrapRequest;

use super::mail::{GivenOn, Kept};
use super::model::Direction;
use super::{Session, call};
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::keystore::EntryName;
use crate::secret::NoRandomness;

/// How long what could not be given is left alone.
const TRY_AGAIN_MS: u64 = 60 * 60 * SECOND_MS;

/// When everything that is kept was gone through last, and what it was like then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Round {
    /// The own organisation's manifest.
    serial: u64,
    /// How many colleagues' devices had a key.
    keyed: u32,
    /// When something is to be tried again though nothing has changed; never, when nothing was left.
    again_ms: u64,
}

/// What became of the statements that were handed in.
#[derive(Default)]
struct HandedIn {
    /// There is nothing more to do for these devices about these messages.
    settled: Vec<(MessageId, DeviceId)>,
    /// Something is to be tried again.
    left: bool,
}

impl Session {
    /// Gives what is kept and may still be stored at the hub to colleagues who came since this was done last.
    pub(super) async fn share_with_later_devices(&mut self, link: &Link) -> Result<()> {
        let Some(serial) = self.own_manifest().map(|manifest| manifest.serial()) else { return Ok(()) };
        let keyed = u32::try_from(self.later_readers().count()).unwrap_or(u32::MAX);
        let is_done = |round: Round| {
            (round.serial, round.keyed) == (serial, keyed) && self.clock.now_ms() < round.again_ms
        };
        if serial == 1 || self.last_round().is_some_and(is_done) {
            return Ok(());
        }
        let given = self.mail.iter().map(|kept| self.for_later_devices(kept)).collect::<Result<Vec<_>>>()?;
        let handed_in = self.hand_in(link, given.into_iter().flatten()).await;
        self.note_given(&handed_in, serial)?;
        let again_ms =
            if handed_in.left { self.clock.now_ms().saturating_add(TRY_AGAIN_MS) } else { u64::MAX };
        self.note_round(Round { serial, keyed, again_ms })
    }

    /// Gives messages that have just come to colleagues who came later.
    pub(super) async fn share_what_came(&mut self, link: &Link, came: &[MessageId]) -> Result<()> {
        let mut given = Vec::new();
        for kept in came.iter().filter_map(|id| self.mail.get(id)) {
            given.extend(self.for_later_devices(kept)?);
        }
        if given.is_empty() {
            return Ok(());
        }
        let serial = self.own_manifest().map_or(1, |manifest| manifest.serial());
        let handed_in = self.hand_in(link, given.into_iter()).await;
        self.note_given(&handed_in, serial)?;
        match self.last_round() {
            Some(round) if handed_in.left => {
                let again_ms = round.again_ms.min(self.clock.now_ms().saturating_add(TRY_AGAIN_MS));
                self.note_round(Round { again_ms, ..round })
            }
            _ => Ok(()),
        }
    }

    /// The statements that give a message to every device of the own organisation that needs one and has a key now.
    fn for_later_devices(&self, kept: &Kept) -> Result<Vec<Verified<Rewrap>>> {
        let (org, own, now_ms) = (self.membership.org, self.device.device_id(), self.clock.now_ms());
        let fields = kept.header.fields();
        let wrap = fields.wrap_index(&org, &own).and_then(|index| fields.wraps.get(index));
        let may_go_on = kept.direction == Direction::In && !kept.is_stopped();
        let Some(wrap) = wrap.filter(|_| may_go_on && now_ms < fields.expires_ms) else {
            return Ok(Vec::new());
        };
        let mut given = Vec::new();
        for (device, key) in self.later_readers() {
            let is_named = fields.wrap_index(&org, &device).is_some();
            let mut shared = wrap.mailboxes().filter_map(|index| fields.to.get(index));
            if shared.any(|to| self.needs(kept, to, device, is_named)) {
                let sealed = rewrap(&kept.secret, &kept.header, org, &self.device, key);
                given.push(sealed.map_err(|error| match error {
                    samverkan_envelope::RewrapError::Random(_) => NoRandomness.into(),
                    samverkan_envelope::RewrapError::Invalid(_) => Error::new(Code::ProgramDefect),
                })?);
            }
        }
        Ok(given)
    }

    /// Whether a device reads a mailbox of a message now, did not when the message was sealed or for a while since, and was not given the
    /// message after that.
    fn needs(&self, kept: &Kept, to: &Recipient, device: DeviceId, is_named: bool) -> bool {
        let Some(organisation) = self.directory.organisation(&self.membership.org) else { return false };
        if !organisation.manifest().is_some_and(|manifest| manifest.reads(&device, &to.mailbox)) {
            return false;
        }
        let manifests = organisation.signed_manifests().map(|signed| signed.manifest());
        let without = manifests.filter(|manifest| {
            manifest.serial() > to.manifest_serial && !manifest.reads(&device, &to.mailbox)
        });
        let newest = without.map(|manifest| manifest.serial()).max();
        let Some(absent) = newest.or((!is_named).then_some(to.manifest_serial)) else { return false };
        !kept.given_on.iter().any(|given| given.device == device && given.serial > absent)
    }

    /// The other devices of the own organisation, with their keys of this week.
    fn later_readers(&self) -> impl Iterator<Item = (DeviceId, &EpochKey)> {
        let week = Epoch::of(self.clock.now_ms());
        let organisation = self.directory.organisation(&self.membership.org);
        let devices = self.own_manifest().into_iter().flat_map(|manifest| manifest.devices());
        let others = devices.map(|device| device.id()).filter(|device| *device != self.device.device_id());
        others.filter_map(move |device| Some((device, organisation?.epoch_key(&device, week)?)))
    }

    /// Hands statements in.
    async fn hand_in(&self, link: &Link, given: impl Iterator<Item = Verified<Rewrap>>) -> HandedIn {
        let mut handed_in = HandedIn::default();
        for rewrap in given {
            let Rewrap { message_id, to_device, .. } = *rewrap.value();
            let request = RewrapRequest { rewrap: rewrap.bytes().to_vec().into() };
            let is_settled = match call::unary(link.relay().rewrap(request)).await {
                Ok(answer) => answer.settled,
                // Purged: everybody else has it, or its time was over.
                Err(error) if matches!(error.code(), Code::MessageGone | Code::MessageUnknown) => true,
                Err(error) => {
                    tracing::warn!(
                        code = error.code().as_str(),
                        "a message could not be given to a later device"
                    );
                    error.code().class() != Class::Transient
                }
            };
            if is_settled {
                handed_in.settled.push((message_id, to_device));
            }
            handed_in.left |= !is_settled;
        }
        handed_in
    }

    /// Writes down what was given to whom.
    fn note_given(&mut self, handed_in: &HandedIn, serial: u64) -> Result<()> {
        if handed_in.settled.is_empty() {
            return Ok(());
        }
        let _held = self.begin()?;
        for (id, device) in &handed_in.settled {
            self.mail.change(self.keystore.contents(), id, |kept| {
                kept.given_on.retain(|given| given.device != *device);
                kept.given_on.push(GivenOn { device: *device, serial });
            })?;
        }
        Ok(())
    }

    fn last_round(&self) -> Option<Round> {
        Round::decode(self.keystore.contents().setting(&round_name())?)
    }

    fn note_round(&mut self, round: Round) -> Result<()> {
        if self.last_round() == Some(round) {
            return Ok(());
        }
        let held = self.begin()?;
        self.keystore.contents_mut().put_setting(&round_name(), &round.encode())?;
        Ok(self.keystore.commit(&held)?)
    }
}

impl Round {
    fn encode(&self) -> Vec<u8> {
        [&self.serial.to_be_bytes()[..], &self.keyed.to_be_bytes(), &self.again_ms.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (serial, rest) = bytes.split_first_chunk()?;
        let (keyed, again_ms) = rest.split_first_chunk()?;
        Some(Self {
            serial: u64::from_be_bytes(*serial),
            keyed: u32::from_be_bytes(*keyed),
            again_ms: u64::from_be_bytes(again_ms.try_into().ok()?),
        })
    }
}

fn round_name() -> EntryName {
    "rewrap.round".parse().expect("the name obeys the rule")
}

#[cfg(test)]
mod tests;
