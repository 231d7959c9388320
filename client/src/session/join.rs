//! Joining a hub as a new organisation (PROTOCOL.md section 14).
//!
//! Everything that is made is made once and kept in the keystore before it is used, so that a stop at any step is
//! followed by going on there: the hub takes the same code with the same bytes again. The recovery kit is on disk,
//! twice, before the hub knows the organisation; the root key then leaves the keystore.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use samverkan_proto::code::Roles;
use samverkan_proto::ids::{Handle, MailboxAddress, MailboxId, MailboxName, OrganisationNumber};
use samverkan_proto::limits::MAX_DEVICE_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::statement::manifest::{Device, Mailbox, Manifest, ManifestFields, SignedManifest};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1;

use super::call::misbehaved;
use super::model::Silent;
use super::new_device::{NewDevice, certificate_for, newcomer};
use super::{HubFacts, Membership, Session, call, check_clock, device_signer, enlist, keys};
use crate::clock::Clock;
use crate::connect::Link;
use crate::error::{Class, Code, Error, Result};
use crate::home::{Profile, ProfileLock};
use crate::keystore::{Contents, EntryName, Keystore};
use crate::msg;
use crate::passphrase::Passphrase;
use crate::recovery::{KitError, KitHub, RecoveryKit};
use crate::secret::{NoRandomness, Secret32, random_array};
use crate::text::Text;

/// What a person decides when joining.
pub struct JoinDraft {
    /// The invitation, as the operator gave it.
    pub invite: Invite,
    /// The name of the first mailbox, a function and never a person.
    pub mailbox: MailboxName,
    /// Where the two copies of the recovery kit go.
    pub kits: [PathBuf; 2],
}

/// Whether an organisation is being founded with this keystore.
pub(super) fn is_under_way(contents: &Contents) -> bool {
    contents.setting(&entry(MANIFEST)).is_some()
}

/// Whom an invitation is for, by the operator's word alone. Handle and number stand in the manifest for ever.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The organisation's name.
    pub organisation: String,
    /// Its handle.
    pub handle: Handle,
    /// Its organisation number.
    pub number: OrganisationNumber,
    /// The hub's name.
    pub hub: String,
}

/// What joining resulted in.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The first mailbox, as others write to it.
    pub mailbox: MailboxAddress,
    /// The organisation's name, as the operator wrote it down.
    pub organisation: String,
    /// To be read out to the operator, who confirms the organisation then.
    pub safety_number: SafetyNumber,
    /// The hub's name.
    pub hub: String,
    /// Nothing on this hub is real.
    pub test_hub: bool,
}

/// Joins, or goes on where an earlier try stopped. `confirm` says whether the invitation is for the person's own
/// organisation: it is asked once, before any key is made, and its error stops everything.
///
/// # Errors
/// Those of `confirm`; [`Code::AlreadyJoined`] when this profile is a member; [`Code::InviteOther`] when an unfinished try used another
/// invitation; [`Code::HubKeysChanged`] when somebody else answers at the invitation's address; and what the hub, the
/// keystore or the recovery kit's files refuse. Running it again goes on.
pub async fn join(
    profile: &Profile,
    passphrase: &Passphrase,
    draft: &JoinDraft,
    text: &Text,
    clock: &Clock,
    confirm: &mut (dyn FnMut(&Invited) -> Result<()> + Send),
) -> Result<Joined> {
    let held = profile.lock(super::LOCK_WAIT, || ())?;
    let mut keystore = newcomer(profile, &held, passphrase)?;
    if enlist::is_waiting(keystore.contents()) {
        return Err(Error::new(Code::InviteOther));
    }
    let mut joining = Joining { held: &held, keystore: &mut keystore, clock };
    joining.remember_invite(&draft.invite)?;
    let mut link = bootstrap(&draft.invite, clock).await?;
    check_clock(&link)?;
    let enrolment = match joining.prepared()? {
        Some(enrolment) => enrolment,
        None => {
            let described = describe(&link, draft).await?;
            let invited = Invited::of(&described, &link)?;
            confirm(&invited)?;
            // A person may have thought for longer than a stranger's connection lives.
            link = bootstrap(&draft.invite, clock).await?;
            joining.prepare(&invited, draft)?
        }
    };
    joining.write_kits(enrolment.handle(), draft, text)?;
    let certificate = enrol(&link, draft, &enrolment).await?;
    let membership = joining.finish(&link, draft, &enrolment, certificate)?;
    membership.hub.write(profile)?;
    let joined = enrolment.joined(&membership);
    drop(held);
    first_contact(profile, membership, keystore, clock).await?;
    Ok(joined)
}

/// Reads the log for the first time, in which the own organisation must stand. A hub that has become unreachable
/// meanwhile changes nothing about having joined.
pub(super) async fn first_contact(
    profile: &Profile,
    membership: Membership,
    keystore: Keystore,
    clock: &Clock,
) -> Result<Session> {
    let device = device_signer(keystore.contents())?;
    let mut session = Session::assemble(profile.clone(), membership, keystore, device, clock.clone())?;
    match session.refresh(&mut Silent).await {
        Err(error) if error.code().class() != Class::Transient => Err(error),
        Ok(()) | Err(_) => Ok(session),
    }
}

async fn bootstrap(invite: &Invite, clock: &Clock) -> Result<Link> {
    Ok(Link::bootstrap(invite.address(), invite.pin(), clock).await?)
}

impl Invited {
    fn of(described: &v1::DescribeInviteResponse, link: &Link) -> Result<Self> {
        let invalid = |_| misbehaved(msg!("cause-invite-description"));
        Ok(Self {
            organisation: described.organisation_name.clone(),
            handle: described.handle.parse().map_err(invalid)?,
            number: described.organisation_number.parse().map_err(invalid)?,
            hub: link.hello().hub_name.to_string(),
        })
    }
}

async fn describe(link: &Link, draft: &JoinDraft) -> Result<v1::DescribeInviteResponse> {
    let code = draft.invite.code().expose().to_vec().into();
    call::unary(link.enrolment().describe_invite(v1::DescribeInviteRequest { code })).await
}

async fn enrol(link: &Link, draft: &JoinDraft, enrolment: &Enrolment) -> Result<Vec<u8>> {
    let request = v1::EnrolRequest {
        code: draft.invite.code().expose().to_vec().into(),
        signed_manifest: enrolment.manifest.bytes().clone(),
        certificate_request: enrolment.request.clone().into(),
        epoch_keys: enrolment.epoch_keys.iter().map(|key| key.bytes().clone()).collect(),
    };
    let certificate = call::unary(link.enrolment().enrol(request)).await?.certificate;
    certificate_for(&enrolment.device().tls_key, &certificate)
}

/// What is sent to enrol, the same bytes at every try.
struct Enrolment {
    organisation: String,
    manifest: SignedManifest,
    request: Vec<u8>,
    epoch_keys: Vec<EpochKey>,
}

impl Enrolment {
    fn handle(&self) -> &Handle {
        &self.manifest.manifest().fields().handle
    }

    fn device(&self) -> &Device {
        self.manifest.manifest().devices().first().expect("a manifest has at least one device")
    }

    fn joined(&self, membership: &Membership) -> Joined {
        let manifest = self.manifest.manifest();
        let mailbox = manifest.mailboxes().first().expect("a manifest has at least one mailbox");
        Joined {
            mailbox: MailboxAddress { handle: self.handle().clone(), name: mailbox.name.clone() },
            organisation: self.organisation.clone(),
            safety_number: SafetyNumber::of_root(&manifest.fields().root_pk),
            hub: membership.hub.name.to_string(),
            test_hub: membership.hub.test_hub,
        }
    }
}

/// A try under way: whatever it makes is in the keystore, on disk, before it is used.
struct Joining<'a> {
    held: &'a ProfileLock,
    keystore: &'a mut Keystore,
    clock: &'a Clock,
}

const INVITE: &str = "join.invite";
const ORGANISATION: &str = "join.organisation";
const MANIFEST: &str = "join.manifest";
const REQUEST: &str = "join.request";
const EPOCH_KEYS: &str = "join.epoch-keys";

impl Joining<'_> {
    /// Two invitations in one try would end in a mixture.
    fn remember_invite(&mut self, invite: &Invite) -> Result<()> {
        let encoded = invite.encode();
        match self.keystore.contents().setting(&entry(INVITE)) {
            Some(before) if before == encoded.as_bytes() => return Ok(()),
            Some(_) if self.keystore.contents().setting(&entry(MANIFEST)).is_some() => {
                return Err(Error::new(Code::InviteOther));
            }
            Some(_) | None => {}
        }
        self.keystore.contents_mut().put_setting(&entry(INVITE), encoded.as_bytes())?;
        Ok(self.keystore.commit(self.held)?)
    }

    /// What an earlier try made.
    fn prepared(&self) -> Result<Option<Enrolment>> {
        let contents = self.keystore.contents();
        let kept = |name: &str| contents.setting(&entry(name)).map(Bytes::copy_from_slice);
        let Some(manifest) = kept(MANIFEST) else { return Ok(None) };
        let read = || {
            let keys = kept(EPOCH_KEYS)?;
            let key_at = |at: usize| keys.slice(at..keys.len().min(at + EpochKey::LEN));
            Some(Enrolment {
                organisation: String::from_utf8(kept(ORGANISATION)?.into()).ok()?,
                manifest: SignedManifest::parse(manifest).ok()?,
                request: kept(REQUEST)?.into(),
                epoch_keys: (0..keys.len())
                    .step_by(EpochKey::LEN)
                    .map(|at| EpochKey::parse(key_at(at)).ok())
                    .collect::<Option<_>>()?,
            })
        };
        read().map(Some).ok_or(Error::new(Code::KeystoreDamaged))
    }

    /// Makes every key and statement, once.
    fn prepare(&mut self, invited: &Invited, draft: &JoinDraft) -> Result<Enrolment> {
        let now_ms = self.clock.now_ms();
        let root = Secret32::random()?;
        let device = NewDevice::make()?;
        let manifest = first_manifest(invited, draft, &root, &device, now_ms)?;
        let request = device.certificate_request.clone();

        let contents = self.keystore.contents_mut();
        contents.put_organisation_root(&root);
        let device = device.keep(contents)?;
        keys::make(contents, now_ms)?;
        let epoch_keys =
            keys::to_publish(contents, manifest.manifest().org_id(), &device, now_ms, |_| false)?;
        let organisation = invited.organisation.clone();
        contents.put_setting(&entry(ORGANISATION), organisation.as_bytes())?;
        contents.put_setting(&entry(REQUEST), &request)?;
        let joined: Vec<u8> = epoch_keys.iter().flat_map(|key| key.bytes().iter().copied()).collect();
        contents.put_setting(&entry(EPOCH_KEYS), &joined)?;
        contents.put_setting(&entry(MANIFEST), manifest.bytes())?;
        self.keystore.commit(self.held)?;
        Ok(Enrolment { organisation, manifest, request, epoch_keys })
    }

    /// Writes the copies of the recovery kit that are not there yet.
    fn write_kits(&self, handle: &Handle, draft: &JoinDraft, text: &Text) -> Result<()> {
        let kits = &draft.kits;
        if kits[0] == kits[1] {
            return Err(Error::new(Code::KitCopiesSame));
        }
        let root = self.keystore.contents().organisation_root().ok_or(Error::new(Code::KeystoreDamaged))?;
        let hub = KitHub { address: draft.invite.address().clone(), pin: *draft.invite.pin() };
        let kit = RecoveryKit::new(handle.clone(), hub, root);
        for path in kits {
            match kit.write(path, text) {
                Err(KitError::File(error)) if error.is_existing() && is_same_kit(path, &kit) => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// The hub knows the organisation: keeps what is needed from now on, and forgets what is not.
    fn finish(
        &mut self,
        link: &Link,
        draft: &JoinDraft,
        enrolment: &Enrolment,
        certificate: Vec<u8>,
    ) -> Result<Membership> {
        let hub = HubFacts::of(link, draft.invite.address());
        let org = enrolment.manifest.manifest().org_id();
        let membership = Membership { hub, org, handle: enrolment.handle().clone(), certificate };
        let contents = self.keystore.contents_mut();
        membership.store(contents)?;
        contents.remove_organisation_root();
        for name in [INVITE, ORGANISATION, MANIFEST, REQUEST, EPOCH_KEYS] {
            contents.remove_setting(&entry(name));
        }
        self.keystore.commit(self.held)?;
        Ok(membership)
    }
}

/// Serial 1: one device with every role, one mailbox that it reads.
fn first_manifest(
    invited: &Invited,
    draft: &JoinDraft,
    root: &Secret32,
    device: &NewDevice,
    now_ms: u64,
) -> Result<SignedManifest> {
    let root = Signer::from_seed(root.expose()).map_err(|_| Error::new(Code::ProgramDefect))?;
    let expires_ms = now_ms + MAX_DEVICE_MS;
    let device = Device::new(*device.signer.public_key(), device.tls_key, Roles::ALL, now_ms, expires_ms);
    let mailbox_id = MailboxId::from_random(random_array()?).ok_or(NoRandomness)?;
    let mailbox = Mailbox { id: mailbox_id, name: draft.mailbox.clone(), readers: vec![device.id()] };
    let manifest = Manifest::build(ManifestFields {
        serial: 1,
        prev: [0; 32],
        issued_ms: now_ms,
        not_after_ms: expires_ms,
        root_pk: *root.public_key(),
        handle: invited.handle.clone(),
        organisation_number: invited.number.clone(),
        threshold: 1,
        devices: vec![device],
        mailboxes: vec![mailbox],
        revocations: Vec::new(),
    });
    let signed = manifest.and_then(|manifest| SignedManifest::sign_as_root(&manifest, &root));
    signed.map_err(|_| Error::new(Code::ProgramDefect))
}

/// Whether an earlier try wrote this very kit.
fn is_same_kit(path: &Path, kit: &RecoveryKit) -> bool {
    RecoveryKit::read(path).is_ok_and(|found| found.seed().expose() == kit.seed().expose())
}

pub(super) fn entry(name: &str) -> EntryName {
    name.parse().expect("the names above obey the rule")
}
