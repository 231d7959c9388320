//! An organisation whose last device is gone begins anew on an empty computer, with its recovery kit alone (PROTOCOL.md section 14).
//!
//! The root signs one manifest that revokes every device and names a new one, which reads every mailbox. The root is read from the kit
//! for that and never kept. Everything else that is made is in the keystore before it is used, so that a stop at any step is followed
//! by going on there.

use bytes::Bytes;
use samverkan_proto::code::{RevocationReason, Roles};
use samverkan_proto::ids::Handle;
use samverkan_proto::limits::MAX_DEVICE_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::manifest::{Device, Manifest, ManifestFields, Revocation, SignedManifest};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1::{DescribeRecoveryRequest, RecoverRequest};

use super::call::misbehaved;
use super::join::{entry, first_contact};
use super::new_device::{NewDevice, certificate_for, newcomer};
use super::{HubFacts, Membership, TRIES, call, check_clock, enlist, join, keys};
use crate::clock::Clock;
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::home::{Profile, ProfileLock};
use crate::keystore::Keystore;
use crate::msg;
use crate::passphrase::Passphrase;
use crate::recovery::RecoveryKit;

const MANIFEST: &str = "recover.manifest";
const REQUEST: &str = "recover.request";
const EPOCH_KEYS: &str = "recover.epoch-keys";

/// What is about to be begun anew.
#[derive(Clone, Debug)]
pub struct Recovering {
    /// The organisation's name, by the hub's word.
    pub organisation: String,
    /// Its handle.
    pub handle: Handle,
    /// How many devices are revoked.
    pub devices: usize,
    /// The hub's name.
    pub hub: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// What was begun anew.
    pub what: Recovering,
    /// The mailboxes that the new device reads, as others write to them.
    pub mailboxes: Vec<String>,
    /// The same as before: the root is.
    pub safety_number: SafetyNumber,
    /// Nothing on this hub is real.
    pub test_hub: bool,
}

/// Begins anew, or goes on where an earlier try stopped. `confirm` is asked before any key is made, and its error stops everything.
///
/// # Errors
/// Those of `confirm`; [`Code::AlreadyJoined`]; [`Code::InviteOther`] when this profile is joining with an invitation; [`Code::HubKeysChanged`] when somebody else answers at the kit's address;
/// [`Code::KitMismatch`] when the hub has another organisation under the kit's name; and what the hub or the keystore refuse.
pub async fn recover(
    profile: &Profile,
    passphrase: &Passphrase,
    kit: &RecoveryKit,
    clock: &Clock,
    confirm: &mut (dyn FnMut(&Recovering) -> Result<()> + Send),
) -> Result<Recovered> {
    let held = profile.lock(super::LOCK_WAIT, || ())?;
    let mut keystore = newcomer(profile, &held, passphrase)?;
    if join::is_under_way(keystore.contents()) || enlist::is_waiting(keystore.contents()) {
        return Err(Error::new(Code::InviteOther));
    }
    let link = greet(kit, clock).await?;
    let hub = link.hello().hub_name.to_string();
    let (newest, organisation) = newest_manifest(&link, kit).await?;
    let mut attempt = Attempt { held: &held, keystore: &mut keystore, clock };
    let prepared = match attempt.prepared(&newest)? {
        Some(prepared) => prepared,
        None => {
            confirm(&Recovering::of(&newest, &organisation, &hub))?;
            attempt.prepare(kit, newest.manifest())?
        }
    };
    // A person may have thought for longer than a stranger's connection lives.
    let link = greet(kit, clock).await?;
    let (prepared, certificate) = attempt.hand_in(&link, kit, prepared).await?;
    let membership = attempt.finish(&link, kit, certificate)?;
    membership.hub.write(profile)?;
    drop(held);
    let recovered = prepared.outcome(organisation, &membership);
    first_contact(profile, membership, keystore, clock).await?;
    Ok(recovered)
}

async fn greet(kit: &RecoveryKit, clock: &Clock) -> Result<Link> {
    let link = Link::bootstrap(&kit.hub().address, &kit.hub().pin, clock).await?;
    check_clock(&link)?;
    Ok(link)
}

/// The manifest that the new one follows. Whether it is the newest, and was rightly signed, shows when the log is read.
async fn newest_manifest(link: &Link, kit: &RecoveryKit) -> Result<(SignedManifest, String)> {
    let request = DescribeRecoveryRequest { org_id: kit.org_id().as_bytes().to_vec().into() };
    let described = call::unary(link.enrolment().describe_recovery(request)).await?;
    let newest =
        SignedManifest::parse(described.signed_manifest).map_err(|_| misbehaved(msg!("cause-manifest")))?;
    let fields = newest.manifest().fields();
    if newest.manifest().org_id() != kit.org_id() || fields.handle != *kit.handle() {
        return Err(Error::new(Code::KitMismatch));
    }
    Ok((newest, described.organisation_name))
}

async fn hand_in(link: &Link, prepared: &Prepared) -> Result<Vec<u8>> {
    let request = RecoverRequest {
        signed_manifest: prepared.manifest.bytes().clone(),
        certificate_request: prepared.request.clone(),
        epoch_keys: prepared.epoch_keys.iter().map(|key| key.bytes().clone()).collect(),
    };
    let certificate = call::unary(link.enrolment().recover(request)).await?.certificate;
    let own = prepared.manifest.manifest().devices().first().ok_or(Error::new(Code::KeystoreDamaged))?;
    certificate_for(&own.tls_key, &certificate)
}

impl Recovering {
    fn of(newest: &SignedManifest, organisation: &str, hub: &str) -> Self {
        let fields = newest.manifest().fields();
        Self {
            organisation: organisation.to_owned(),
            handle: fields.handle.clone(),
            devices: fields.devices.len(),
            hub: hub.to_owned(),
        }
    }
}

/// What is sent, the same bytes at every try.
struct Prepared {
    manifest: SignedManifest,
    request: Bytes,
    epoch_keys: Vec<EpochKey>,
}

impl Prepared {
    fn outcome(&self, organisation: String, membership: &Membership) -> Recovered {
        let fields = self.manifest.manifest().fields();
        let address = |name| format!("{}/{name}", fields.handle);
        let revoked_now = |revocation: &&Revocation| revocation.revoked_ms == fields.issued_ms;
        Recovered {
            what: Recovering {
                organisation,
                handle: fields.handle.clone(),
                devices: fields.revocations.iter().filter(revoked_now).count(),
                hub: membership.hub.name.to_string(),
            },
            mailboxes: fields.mailboxes.iter().map(|mailbox| address(&mailbox.name)).collect(),
            safety_number: SafetyNumber::of_root(&fields.root_pk),
            test_hub: membership.hub.test_hub,
        }
    }
}

/// A try under way: whatever it makes is in the keystore, on disk, before it is used.
struct Attempt<'a> {
    held: &'a ProfileLock,
    keystore: &'a mut Keystore,
    clock: &'a Clock,
}

impl Attempt<'_> {
    /// Hands in what was prepared. Who has changed the organisation meanwhile may be whom the kit shuts out, so it begins anew after that
    /// change, and asks nobody again.
    async fn hand_in(
        &mut self,
        link: &Link,
        kit: &RecoveryKit,
        mut prepared: Prepared,
    ) -> Result<(Prepared, Vec<u8>)> {
        let mut tries = 0;
        loop {
            match hand_in(link, &prepared).await {
                Err(error) if error.code() == Code::ManifestRefused && tries < TRIES => tries += 1,
                outcome => return outcome.map(|certificate| (prepared, certificate)),
            }
            let (newest, _) = newest_manifest(link, kit).await?;
            prepared = match self.prepared(&newest)? {
                Some(prepared) => prepared,
                None => self.prepare(kit, newest.manifest())?,
            };
        }
    }

    /// What an earlier try made, if it can still be handed in: it follows the newest manifest, or is it.
    fn prepared(&self, newest: &SignedManifest) -> Result<Option<Prepared>> {
        let contents = self.keystore.contents();
        let kept = |name: &str| contents.setting(&entry(name)).map(Bytes::copy_from_slice);
        let Some(manifest) = kept(MANIFEST) else { return Ok(None) };
        let read = || {
            let keys = kept(EPOCH_KEYS)?;
            let key_at = |at: usize| keys.slice(at..keys.len().min(at + EpochKey::LEN));
            Some(Prepared {
                manifest: SignedManifest::parse(manifest).ok()?,
                request: kept(REQUEST)?,
                epoch_keys: (0..keys.len())
                    .step_by(EpochKey::LEN)
                    .map(|at| EpochKey::parse(key_at(at)).ok())
                    .collect::<Option<_>>()?,
            })
        };
        let prepared = read().ok_or(Error::new(Code::KeystoreDamaged))?;
        let follows = prepared.manifest.manifest().fields().prev == *newest.manifest().hash();
        let is_newest = prepared.manifest.bytes() == newest.bytes();
        Ok((follows || is_newest).then_some(prepared))
    }

    /// Makes every key and the manifest.
    fn prepare(&mut self, kit: &RecoveryKit, previous: &Manifest) -> Result<Prepared> {
        let now_ms = self.clock.now_ms();
        let device = NewDevice::make()?;
        let manifest = next_manifest(previous, kit, &device, now_ms)?;
        let request = device.certificate_request.clone();
        let contents = self.keystore.contents_mut();
        let device = device.keep(contents)?;
        keys::make(contents, now_ms)?;
        let epoch_keys = keys::to_publish(contents, kit.org_id(), &device, now_ms, |_| false)?;
        let joined: Vec<u8> = epoch_keys.iter().flat_map(|key| key.bytes().iter().copied()).collect();
        contents.put_setting(&entry(REQUEST), &request)?;
        contents.put_setting(&entry(EPOCH_KEYS), &joined)?;
        contents.put_setting(&entry(MANIFEST), manifest.bytes())?;
        self.keystore.commit(self.held)?;
        Ok(Prepared { manifest, request: request.into(), epoch_keys })
    }

    /// The hub has taken it: keeps what is needed from now on, and forgets what is not.
    fn finish(&mut self, link: &Link, kit: &RecoveryKit, certificate: Vec<u8>) -> Result<Membership> {
        let hub = HubFacts::of(link, &kit.hub().address);
        let membership = Membership { hub, org: kit.org_id(), handle: kit.handle().clone(), certificate };
        let contents = self.keystore.contents_mut();
        membership.store(contents)?;
        for name in [MANIFEST, REQUEST, EPOCH_KEYS] {
            contents.remove_setting(&entry(name));
        }
        self.keystore.commit(self.held)?;
        Ok(membership)
    }
}

/// Every device before is revoked; the new one has every role and reads every mailbox.
fn next_manifest(
    previous: &Manifest,
    kit: &RecoveryKit,
    device: &NewDevice,
    now_ms: u64,
) -> Result<SignedManifest> {
    let root = Signer::from_seed(kit.seed().expose()).map_err(|_| Error::new(Code::ProgramDefect))?;
    let expires_ms = now_ms + MAX_DEVICE_MS;
    let device = Device::new(*device.signer.public_key(), device.tls_key, Roles::ALL, now_ms, expires_ms);
    let mut fields = ManifestFields::following(previous, now_ms, expires_ms);
    fields.threshold = 1;
    let lost =
        |old: &Device| Revocation { device_id: old.id(), revoked_ms: now_ms, reason: RevocationReason::Lost };
    fields.revocations.extend(previous.devices().iter().map(lost));
    fields.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers = vec![device.id()]);
    fields.devices = vec![device];
    let signed = Manifest::build(fields).and_then(|manifest| SignedManifest::sign_as_root(&manifest, &root));
    // What can go wrong is that the organisation has used up its revocations.
    signed.map_err(|_| Error::new(Code::ManifestRefused))
}
