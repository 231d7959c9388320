//! The device's epoch keys: made ahead, published, destroyed in time (PROTOCOL.md section 5).

use samverkan_envelope::EpochSecret;
use samverkan_proto::ids::EpochKeyId;
use samverkan_proto::limits::EPOCHS_AHEAD;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};

use samverkan_proto::ids::OrgId;

use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::keystore::{Contents, EntryName};
use crate::secret::{NoRandomness, Secret32};

/// The weeks for which a device has keys: this one and the eight that follow.
pub(super) fn weeks(now_ms: u64) -> impl Iterator<Item = Epoch> {
    let first = Epoch::of(now_ms);
    (0..=EPOCHS_AHEAD).map(move |weeks| first.later(weeks))
}

/// Makes the seeds that are missing; says whether there were any.
pub(super) fn make(contents: &mut Contents, now_ms: u64) -> Result<bool> {
    let mut made = false;
    for epoch in weeks(now_ms) {
        if contents.epoch_seed(epoch.number()).is_some() {
            continue;
        }
        let secret = EpochSecret::generate().map_err(|_| NoRandomness)?;
        let id = EpochKeyId::of_key(&secret.public_key());
        let seed = Secret32::fill_with(|seed| seed.copy_from_slice(secret.expose_seed()));
        contents.put_epoch_seed(epoch.number(), &seed);
        contents.put_pin(&pin_name(epoch), id.as_bytes())?;
        made = true;
    }
    Ok(made)
}

/// Destroys the seeds whose time is over; says whether there were any. `now_ms` has been compared with the hub's clock.
pub(super) fn destroy(contents: &mut Contents, now_ms: u64) -> bool {
    destroy_those(contents, |epoch| epoch.destroy_at_ms() <= now_ms)
}

/// The same by this computer's clock alone, which may be wrong: only keys go whose week was over when the hub was last seen.
/// A key of a later week that went too early could not be made again, and the log would still offer it.
pub(super) fn destroy_past(contents: &mut Contents, now_ms: u64) -> bool {
    let Some(seen) = last_seen(contents) else { return false };
    destroy_those(contents, |epoch| epoch.destroy_at_ms() <= now_ms && epoch < seen)
}

/// Writes down in which week the hub was seen; says whether that was news.
pub(super) fn see(contents: &mut Contents, now_ms: u64) -> Result<bool> {
    let week = Epoch::of(now_ms);
    let is_news = last_seen(contents) != Some(week);
    if is_news {
        contents.put_setting(&seen_name(), &week.number().to_be_bytes())?;
    }
    Ok(is_news)
}

fn last_seen(contents: &Contents) -> Option<Epoch> {
    Some(Epoch::new(u32::from_be_bytes(contents.setting(&seen_name())?.try_into().ok()?)))
}

fn destroy_those(contents: &mut Contents, is_over: impl Fn(Epoch) -> bool) -> bool {
    let over: Vec<Epoch> = contents.epochs().map(Epoch::new).filter(|epoch| is_over(*epoch)).collect();
    for epoch in &over {
        contents.remove_epoch_seed(epoch.number());
        contents.remove_pin(&pin_name(*epoch));
    }
    !over.is_empty()
}

/// The signed keys of this and the coming weeks that `published` says are not in the log yet.
pub(super) fn to_publish(
    contents: &Contents,
    org: OrgId,
    device: &Signer,
    now_ms: u64,
    published: impl Fn(Epoch) -> bool,
) -> Result<Vec<EpochKey>> {
    let missing = weeks(now_ms).filter(|epoch| !published(*epoch));
    let signed = missing.filter_map(|epoch| Some((epoch, secret(contents, epoch)?)));
    signed
        .map(|(epoch, secret)| EpochKey::sign(org, epoch, &secret.public_key(), device))
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| Error::new(Code::ProgramDefect))
}

/// The private half of a week's key.
pub(super) fn secret(contents: &Contents, epoch: Epoch) -> Option<EpochSecret> {
    contents.epoch_seed(epoch.number()).map(|seed| EpochSecret::from_seed(*seed.expose()))
}

/// The private half of the key with this id, and its week.
pub(super) fn held(contents: &Contents, id: &EpochKeyId) -> Option<(EpochSecret, Epoch)> {
    let mut epochs = contents.epochs().map(Epoch::new);
    let epoch = epochs.find(|epoch| contents.pin(&pin_name(*epoch)) == Some(id.as_bytes()))?;
    Some((secret(contents, epoch)?, epoch))
}

/// Refuses to go on when the log has a key of this device that this device did not make: somebody else holds its
/// identity key. Nothing is known any more of those that were destroyed in time.
pub(super) fn check_own(
    contents: &Contents,
    directory: &Directory,
    org: OrgId,
    device: &Signer,
    now_ms: u64,
) -> Result<()> {
    let Some(organisation) = directory.organisation(&org) else { return Ok(()) };
    let keys = organisation.epoch_keys_of(&device.device_id()).map(|key| (key.epoch(), key.id()));
    let mut keys = keys.filter(|(epoch, _)| now_ms < epoch.destroy_at_ms());
    let made = |(epoch, id): (Epoch, EpochKeyId)| contents.pin(&pin_name(epoch)) == Some(id.as_bytes());
    if keys.all(made) { Ok(()) } else { Err(Error::new(Code::DeviceCopied)) }
}

fn seen_name() -> EntryName {
    "keys.hub-seen".parse().expect("the name obeys the rule")
}

fn pin_name(epoch: Epoch) -> EntryName {
    format!("epoch-key.{}", epoch.number()).parse().expect("the name obeys the rule")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testlog::{NOW_MS, TestLog};

    const DAY_MS: u64 = 86_400_000;

    #[test]
    fn nine_weeks_are_made_once_and_destroyed_in_time() {
        let mut contents = Contents::default();
        assert!(make(&mut contents, NOW_MS).expect("random"));
        assert!(!make(&mut contents, NOW_MS).expect("random"), "nothing is missing");
        assert_eq!(contents.epochs().count(), 9);
        let first = Epoch::of(NOW_MS);
        assert!(!destroy(&mut contents, first.destroy_at_ms() - 1));
        assert!(destroy(&mut contents, first.destroy_at_ms()));
        assert_eq!(contents.epochs().next(), Some(first.number() + 1));
        assert!(secret(&contents, first).is_none() && contents.pin(&pin_name(first)).is_none());
    }

    #[test]
    fn without_a_hub_only_past_weeks_go_however_wrong_the_clock_is() {
        let mut contents = Contents::default();
        make(&mut contents, NOW_MS).expect("random");
        let first = Epoch::of(NOW_MS);
        let never = first.later(100).destroy_at_ms();
        assert!(!destroy_past(&mut contents, never), "no hub was ever seen");
        assert!(see(&mut contents, NOW_MS).expect("fits") && !see(&mut contents, NOW_MS).expect("fits"));
        assert!(!destroy_past(&mut contents, never), "the week of the last contact is kept as well");
        assert!(see(&mut contents, first.later(2).not_before_ms()).expect("fits"));
        assert!(!destroy_past(&mut contents, first.destroy_at_ms() - 1));
        assert!(destroy_past(&mut contents, never));
        assert_eq!(contents.epochs().next(), Some(first.number() + 2));
        assert_eq!(contents.epochs().count(), 7);
    }

    #[test]
    fn a_key_is_found_by_what_it_is_called_in_a_header() {
        let mut contents = Contents::default();
        make(&mut contents, NOW_MS).expect("random");
        let epoch = Epoch::of(NOW_MS).later(3);
        let id = EpochKeyId::of_key(&secret(&contents, epoch).expect("made").public_key());
        assert_eq!(held(&contents, &id).map(|(_, epoch)| epoch), Some(epoch));
        destroy(&mut contents, epoch.destroy_at_ms());
        assert!(held(&contents, &id).is_none());
    }

    #[test]
    fn only_what_the_log_lacks_is_published() {
        let mut contents = Contents::default();
        make(&mut contents, NOW_MS).expect("random");
        let mut log = TestLog::new();
        let member = log.join("boj-exempel", "Exempel", &[], &[]);
        let first = Epoch::of(NOW_MS);
        let publish = |contents: &Contents, after: Epoch| {
            to_publish(contents, member.org(), &member.device, NOW_MS, |epoch| epoch < after).expect("signed")
        };
        assert_eq!(publish(&contents, first).len(), 9);
        let later = publish(&contents, first.later(7));
        assert_eq!(later.iter().map(EpochKey::epoch).collect::<Vec<_>>(), [first.later(7), first.later(8)]);
        assert!(make(&mut contents, NOW_MS + 7 * DAY_MS).expect("random"), "a week later one more is due");
    }

    #[test]
    fn a_key_in_the_log_that_this_device_did_not_make_is_an_alarm() {
        let mut contents = Contents::default();
        make(&mut contents, NOW_MS).expect("random");
        let mut log = TestLog::new();
        let member = log.join("boj-exempel", "Exempel", &[], &[]);
        let keys = to_publish(&contents, member.org(), &member.device, NOW_MS, |_| false).expect("signed");
        log.publish_keys(keys[..8].to_vec());
        let check = |contents: &Contents, log: &TestLog, now_ms| {
            check_own(contents, &log.directory(), member.org(), &member.device, now_ms)
        };
        check(&contents, &log, NOW_MS).expect("its own");
        let later_ms = Epoch::of(NOW_MS).later(2).destroy_at_ms();
        destroy(&mut contents, later_ms);
        check(&contents, &log, later_ms).expect("what was destroyed in time is no alarm");
        log.publish(&member, Epoch::of(NOW_MS).later(8));
        let error = check(&contents, &log, later_ms).expect_err("foreign");
        assert_eq!(error.code(), Code::DeviceCopied);
    }
}
