//! Joining an organisation that is there already, with an invite of one of its admins (PROTOCOL.md section 14).
//!
//! The keys are made and kept before anybody hears of them; the request goes to the hub, which keeps it until an admin
//! has put the device into the organisation's manifest. Running it again asks whether that has happened, with the same
//! bytes, and takes the certificate when it has.

use samverkan_proto::code::Roles;
use samverkan_proto::ids::{DeviceId, Handle, MailboxName, OrgId, TlsKeyHash};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::member::{MemberInvite, Membership as Request, UnverifiedMembership};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1;

use super::call::misbehaved;
use super::join::entry;
use super::new_device::{NewDevice, certificate_for};
use super::{HubFacts, Membership, Session, call, check_clock, device_signer, join};
use crate::clock::Clock;
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::home::{Profile, ProfileLock};
use crate::keystore::{Contents, KdfCost, Keystore};
use crate::msg;
use crate::passphrase::Passphrase;
use crate::text::Args;

/// How far joining has come.
#[derive(Clone, Debug)]
pub enum Enlisted {
    /// An admin has to approve first.
    Waiting(Waiting),
    /// This device is a member.
    Member(Box<Enrolled>),
}

/// A request that waits for an admin.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The organisation's name, by the hub's word alone.
    pub organisation: String,
    /// Its handle, by the hub's word alone.
    pub handle: Handle,
    /// The hub's name.
    pub hub: String,
    /// The device that asks: what the admin sees.
    pub device: DeviceId,
    /// Until when it waits, in milliseconds.
    pub expires_ms: u64,
}

/// A device that has become a member.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The organisation's handle, as its manifest has it.
    pub handle: Handle,
    /// The organisation's name, as the operator wrote it down; empty when the log could not be read yet.
    pub organisation: String,
    /// The organisation's safety number, to compare with a colleague's; absent when the log could not be read yet.
    pub safety_number: Option<SafetyNumber>,
    /// This device.
    pub device: DeviceId,
    /// What it may do; absent when the log could not be read yet.
    pub roles: Option<Roles>,
    /// The mailboxes it reads.
    pub mailboxes: Vec<MailboxName>,
    /// The hub's name.
    pub hub: String,
    /// Nothing on this hub is real.
    pub test_hub: bool,
}

const INVITE: &str = "member.invite";
const REQUEST: &str = "member.request";
const CERTIFICATE_REQUEST: &str = "member.certificate-request";

/// Whether a request of this keystore's device waits for an admin.
pub(super) fn is_waiting(contents: &Contents) -> bool {
    contents.setting(&entry(REQUEST)).is_some()
}

/// Asks for membership, or asks again whether it was granted. Without an invite it goes on with the one of an earlier
/// try. Another invite than before begins anew, with other keys: a key belongs to one organisation.
///
/// # Errors
/// [`Code::ArgumentMissing`] without an invite and an earlier try; [`Code::AlreadyJoined`]; [`Code::InviteOther`] when
/// an organisation is being founded in this profile; [`Code::InviteInvalid`] when the hub does not know the invite any
/// more; [`Code::HubKeysChanged`]; [`Code::InviteForOther`] when the hub tells another handle than `handle`.
pub async fn enlist(
    profile: &Profile,
    passphrase: &Passphrase,
    invite: Option<&MemberInvite>,
    handle: Option<&Handle>,
    clock: &Clock,
) -> Result<Enlisted> {
    let held = profile.lock(super::LOCK_WAIT, || ())?;
    let mut keystore = match invite {
        Some(_) if !Keystore::exists(profile) => {
            Keystore::create(profile, &held, passphrase, KdfCost::STANDARD)?
        }
        Some(_) | None => Keystore::open(profile, passphrase)?,
    };
    if Membership::load(keystore.contents())?.is_some() {
        return Err(Error::new(Code::AlreadyJoined));
    }
    let (invite, asked) = prepare(&held, &mut keystore, invite)?;
    let link = Link::bootstrap(invite.address(), invite.pin(), clock).await?;
    check_clock(&link)?;
    let answer = ask(&link, &invite, &asked).await?;
    let named: Handle = answer.handle.parse().map_err(|_| misbehaved(msg!("cause-no-handle")))?;
    if handle.is_some_and(|expected| *expected != named) {
        let about = Args::none().text("organisation", &answer.organisation_name).text("handle", &named);
        return Err(Error::with(Code::InviteForOther, about.text("number", "none").text("hub", "none")));
    }
    let hub = link.hello().hub_name.to_string();
    if answer.certificate.is_empty() {
        let device = asked.signer.device_id();
        let (organisation, expires_ms) = (answer.organisation_name, answer.expires_ms);
        return Ok(Enlisted::Waiting(Waiting { organisation, handle: named, hub, device, expires_ms }));
    }
    let certificate = certificate_for(&asked.tls_key, &answer.certificate)?;
    let membership = finish(&held, &mut keystore, &link, &invite, named, certificate)?;
    membership.hub.write(profile)?;
    drop(held);
    let session = join::first_contact(profile, membership, keystore, clock).await?;
    Ok(Enlisted::Member(Box::new(Enrolled::of(&session))))
}

impl Enrolled {
    fn of(session: &Session) -> Self {
        let device = session.device.device_id();
        let manifest = session.own_manifest();
        let entry = session.directory.organisation(&session.org()).and_then(|found| found.entry());
        let mut mailboxes: Vec<_> = manifest
            .iter()
            .flat_map(|manifest| manifest.mailboxes_of(&device))
            .map(|mailbox| mailbox.name.clone())
            .collect();
        mailboxes.sort();
        Self {
            handle: session.membership.handle.clone(),
            organisation: entry.map(|entry| entry.fields().name.to_string()).unwrap_or_default(),
            safety_number: manifest.map(|manifest| SafetyNumber::of_root(&manifest.fields().root_pk)),
            device,
            roles: session.own_device().map(|device| device.roles),
            mailboxes,
            hub: session.membership.hub.name.to_string(),
            test_hub: session.membership.hub.test_hub,
        }
    }
}

/// What is asked for, the same bytes at every try.
struct Asked {
    signer: Signer,
    tls_key: TlsKeyHash,
    request: Vec<u8>,
    certificate_request: Vec<u8>,
}

/// The invite, and what is asked for with it: kept from an earlier try, or made now and kept.
fn prepare(
    held: &ProfileLock,
    keystore: &mut Keystore,
    invite: Option<&MemberInvite>,
) -> Result<(MemberInvite, Asked)> {
    if join::is_under_way(keystore.contents()) {
        return Err(Error::new(Code::InviteOther));
    }
    let kept = kept(keystore.contents())?;
    match (invite, kept) {
        (None, None) => Err(Error::with(Code::ArgumentMissing, Args::none().text("option", "INVITE"))),
        (None, Some(kept)) => Ok(kept),
        (Some(invite), Some(kept)) if kept.0 == *invite => Ok(kept),
        (Some(invite), _) => {
            let asked = make(keystore.contents_mut(), invite)?;
            keystore.commit(held)?;
            Ok((invite.clone(), asked))
        }
    }
}

/// What an earlier try made.
fn kept(contents: &Contents) -> Result<Option<(MemberInvite, Asked)>> {
    let Some(request) = contents.setting(&entry(REQUEST)) else { return Ok(None) };
    let damaged = || Error::new(Code::KeystoreDamaged);
    let invite = contents.setting(&entry(INVITE)).and_then(|text| str::from_utf8(text).ok());
    let invite = invite.and_then(|text| MemberInvite::parse(text).ok()).ok_or_else(damaged)?;
    let parsed = UnverifiedMembership::parse(request).map_err(|_| damaged())?;
    let asked = Asked {
        signer: device_signer(contents)?,
        tls_key: parsed.claimed().tls_key,
        request: request.to_vec(),
        certificate_request: contents.setting(&entry(CERTIFICATE_REQUEST)).ok_or_else(damaged)?.to_vec(),
    };
    Ok(Some((invite, asked)))
}

/// Makes the keys and the request, once for an invite.
fn make(contents: &mut Contents, invite: &MemberInvite) -> Result<Asked> {
    let device = NewDevice::make()?;
    let (tls_key, certificate_request) = (device.tls_key, device.certificate_request.clone());
    let signer = device.keep(contents)?;
    let request = Request { org: invite.org(), device_pk: *signer.public_key(), tls_key };
    let request = request.request(invite.secret()).bytes().to_vec();
    contents.put_setting(&entry(INVITE), invite.encode().as_bytes())?;
    contents.put_setting(&entry(CERTIFICATE_REQUEST), &certificate_request)?;
    contents.put_setting(&entry(REQUEST), &request)?;
    Ok(Asked { signer, tls_key, request, certificate_request })
}

async fn ask(link: &Link, invite: &MemberInvite, asked: &Asked) -> Result<v1::RequestMembershipResponse> {
    let request = v1::RequestMembershipRequest {
        code: invite.secret().hub_code().expose().to_vec().into(),
        request: asked.request.clone().into(),
        certificate_request: asked.certificate_request.clone().into(),
    };
    call::unary(link.enrolment().request_membership(request)).await
}

/// The organisation has taken this device in: keeps what is needed from now on, and forgets what is not.
fn finish(
    held: &ProfileLock,
    keystore: &mut Keystore,
    link: &Link,
    invite: &MemberInvite,
    handle: Handle,
    certificate: Vec<u8>,
) -> Result<Membership> {
    let hub = HubFacts::of(link, invite.address());
    let org: OrgId = invite.org();
    let membership = Membership { hub, org, handle, certificate };
    let contents = keystore.contents_mut();
    membership.store(contents)?;
    for name in [INVITE, REQUEST, CERTIFICATE_REQUEST] {
        contents.remove_setting(&entry(name));
    }
    keystore.commit(held)?;
    Ok(membership)
}
