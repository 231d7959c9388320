//! An organisation from the inside: its keys, its devices, and what it publishes.

use super::bytes::random;
use super::connect::Presented;
use super::invite::Invite;
use super::manifest::{RawDevice, RawMailbox, RawManifest, RawRevocation};
use super::statement::{RawEpochKey, epoch_of};
use super::{Peer, Refused, now_ms};
use crate::site::{Invitation, Site};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use samverkan_envelope::EpochSecret;
use samverkan_hub::ca::VerifiedRequest;
use samverkan_hub::keys::HubKeys;
use samverkan_proto::ids::{OrgId, sha256};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::{Label, Signer};
use samverkan_proto::v1;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// Weeks for which a new device publishes keys.
const WEEKS: u32 = 2;

/// A device with all its keys.
#[derive(Debug)]
pub struct Device {
    /// Its identity key.
    pub signer: Signer,
    tls: KeyPair,
    certificate: Option<CertificateDer<'static>>,
    /// 1 admin, 2 handler, 4 reader.
    pub roles: u8,
    /// What it published, by week.
    pub epoch_keys: BTreeMap<u32, EpochKey>,
}

/// An epoch key as published.
pub struct EpochKey {
    /// Its identifier.
    pub id: [u8; 32],
    /// The statement.
    pub statement: Vec<u8>,
    /// The private half.
    pub secret: EpochSecret,
}

impl std::fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EpochKey").finish_non_exhaustive()
    }
}

impl Device {
    /// New keys; nobody knows them yet.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new(roles: u8) -> Self {
        let signer = Signer::from_seed(&random::<32>()).expect("any 32 bytes are a seed");
        let tls = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key pair");
        Self { signer, tls, certificate: None, roles, epoch_keys: BTreeMap::new() }
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        *self.signer.device_id().as_bytes()
    }

    /// Its entry in a manifest.
    #[must_use]
    pub fn entry(&self, added_ms: u64) -> RawDevice {
        RawDevice {
            device_id: self.id(),
            sign_pk: *self.signer.public_key().as_bytes(),
            tls_spki_sha256: sha256(&self.tls.subject_public_key_info()),
            roles: self.roles,
            added_ms,
            expires_ms: added_ms + 365 * DAY_MS,
        }
    }

    /// A request for a certificate (PKCS #10, DER).
    ///
    /// # Panics
    /// Never for a fresh key.
    #[must_use]
    pub fn certificate_request(&self) -> Vec<u8> {
        self.certificate_request_with(&CertificateParams::default())
    }

    /// The same with whatever a device may ask for.
    ///
    /// # Panics
    /// For parameters that can not be written.
    #[must_use]
    pub fn certificate_request_with(&self, params: &CertificateParams) -> Vec<u8> {
        params.serialize_request(&self.tls).expect("a request can be signed").der().to_vec()
    }

    /// A request for its next certificate, with the nonce of a greeting.
    ///
    /// # Panics
    /// Never for a fresh key.
    #[must_use]
    pub fn renewal(&self, org: [u8; 16], nonce: [u8; 32]) -> v1::RenewCertificateRequest {
        let request = self.certificate_request();
        let fields: [&[u8]; 6] = [b"SVKT", &[0, 1], &org, &self.id(), &nonce, &sha256(&request)];
        let mut renewal = fields.concat();
        renewal.extend_from_slice(&self.signer.sign(Label::Renewal, &renewal));
        v1::RenewCertificateRequest { renewal: renewal.into(), certificate_request: request.into() }
    }

    /// What it shows to the hub.
    ///
    /// # Panics
    /// Before it has a certificate.
    #[must_use]
    pub fn presented(&self) -> Presented {
        let certificate = self.certificate.clone().expect("the device has a certificate");
        Presented { chain: vec![certificate], key: PrivatePkcs8KeyDer::from(self.tls.serialize_der()).into() }
    }

    /// A connection as this device.
    #[must_use]
    pub fn connect(&self, hub: &Site) -> Peer {
        Peer::presenting(hub, Some(self.presented()))
    }

    /// Takes a certificate from the hub's own authority, in its folder, which is quicker than to ask for it.
    ///
    /// # Panics
    /// When the hub has no keys.
    pub fn certify(&mut self, hub: &Site) {
        self.certify_by(&HubKeys::load(&hub.data_dir()).expect("the hub has keys"));
    }

    /// Takes a certificate from this authority.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn certify_by(&mut self, keys: &HubKeys) {
        let request = VerifiedRequest::parse(&self.certificate_request()).expect("a good request");
        let issued = keys.authority.issue_client(&request, &self.signer.device_id(), now_ms());
        self.certificate = Some(issued.expect("randomness"));
    }

    /// Makes the epoch keys of `weeks` weeks from the current one on, and returns their statements, ascending.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn make_epoch_keys(&mut self, org: [u8; 16], weeks: u32) -> Vec<Vec<u8>> {
        let first = epoch_of(now_ms());
        (first..first + weeks).map(|epoch| self.make_epoch_key(org, epoch)).collect()
    }

    fn make_epoch_key(&mut self, org: [u8; 16], epoch: u32) -> Vec<u8> {
        let secret = EpochSecret::generate().expect("randomness");
        let key = RawEpochKey::new(org, self.id(), epoch, &secret.public_key());
        let statement = key.signed_by(&self.signer);
        self.epoch_keys.insert(epoch, EpochKey { id: key.id(), statement: statement.clone(), secret });
        statement
    }
}

/// An organisation from the inside.
#[derive(Debug)]
pub struct Member {
    /// The root key.
    pub root: Signer,
    /// Its devices, the first one first.
    pub devices: Vec<Device>,
    /// The newest manifest it published.
    pub manifest: RawManifest,
}

impl Member {
    /// Keys and a first manifest; nobody knows it yet.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new(handle: &str, number: &str) -> Self {
        let root = Signer::from_seed(&random::<32>()).expect("any 32 bytes are a seed");
        let device = Device::new(7);
        let root_pk = *root.public_key().as_bytes();
        let issued_ms = now_ms();
        let mailbox =
            RawMailbox { mailbox_id: random(), name: "mottagning".to_owned(), readers: vec![device.id()] };
        let manifest = RawManifest {
            org_id: *OrgId::of_root(&root_pk).as_bytes(),
            serial: 1,
            prev: [0; 32],
            issued_ms,
            not_after_ms: issued_ms + 365 * DAY_MS,
            root_pk,
            handle: handle.to_owned(),
            orgnr: number.to_owned(),
            threshold: 1,
            devices: vec![device.entry(issued_ms)],
            mailboxes: vec![mailbox],
            revocations: Vec::new(),
        };
        Self { root, devices: vec![device], manifest }
    }

    /// A volunteer group that was invited, has joined and was confirmed.
    ///
    /// # Panics
    /// When any of that fails.
    pub async fn join(hub: &Site, word: &str) -> Self {
        Self::join_as(hub, word, "volunteer").await
    }

    /// The same of any kind, as the operator's command writes it.
    ///
    /// # Panics
    /// When any of that fails.
    pub async fn join_as(hub: &Site, word: &str, kind: &str) -> Self {
        let member = Self::join_unconfirmed(hub, word, kind).await;
        hub.confirm(member.handle(), &member.safety_number());
        member
    }

    /// An organisation that has joined and was not confirmed.
    ///
    /// # Panics
    /// When that fails.
    pub async fn join_unconfirmed(hub: &Site, word: &str, kind: &str) -> Self {
        let (mut member, invite) = Self::invited(hub, word, kind);
        let request = member.enrol_request(&invite);
        let answer: v1::EnrolResponse = Peer::stranger(hub)
            .call("EnrolmentService/Enrol", &request)
            .await
            .unwrap_or_else(|refused| panic!("joining failed: {refused:?}"));
        member.devices[0].certificate = Some(answer.certificate.to_vec().into());
        member
    }

    /// An organisation that holds an invite and has made its keys. Its handle begins with `word`.
    ///
    /// # Panics
    /// When the operator's command fails or its invite is malformed.
    #[must_use]
    pub fn invited(hub: &Site, word: &str, kind: &str) -> (Self, Invite) {
        let handle = format!("{word}-{}", data_encoding::HEXLOWER.encode(&random::<5>()));
        let number = organisation_number(NAMELESS + MEMBERS.fetch_add(1, Ordering::Relaxed));
        let name = format!("{word} Exempel");
        let text = hub.invite(&Invitation { handle: &handle, name: &name, number: &number, kind });
        let invite = Invite::parse(&text).unwrap_or_else(|| panic!("not an invite: {text}"));
        (Self::new(&handle, &number), invite)
    }

    /// What it sends to join.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn enrol_request(&mut self, invite: &Invite) -> v1::EnrolRequest {
        let signed_manifest = self.manifest.signed_by(&[(0, &self.root)]).into();
        let org = self.org();
        let device = &mut self.devices[0];
        let epoch_keys = device.make_epoch_keys(org, WEEKS).into_iter().map(Into::into).collect();
        let certificate_request = device.certificate_request().into();
        v1::EnrolRequest {
            code: invite.code.to_vec().into(),
            signed_manifest,
            certificate_request,
            epoch_keys,
        }
    }

    /// What somebody sends who has its kit and a new device, which then reads every mailbox.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn recover_request(&self, device: &Device) -> v1::RecoverRequest {
        let mut manifest = self.next_manifest();
        let revoked_ms = manifest.issued_ms;
        let lost = |old: &RawDevice| RawRevocation { device_id: old.device_id, revoked_ms, reason: 1 };
        manifest.revocations.extend(self.manifest.devices.iter().map(lost));
        manifest.devices = vec![device.entry(manifest.issued_ms)];
        manifest.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers = vec![device.id()]);
        manifest.sort();
        v1::RecoverRequest {
            signed_manifest: manifest.signed_by(&[(0, &self.root)]).into(),
            certificate_request: device.certificate_request().into(),
            epoch_keys: Vec::new(),
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn org(&self) -> [u8; 16] {
        self.manifest.org_id
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.manifest.handle
    }

    /// Its first mailbox.
    #[must_use]
    pub fn mailbox(&self) -> [u8; 16] {
        self.manifest.mailboxes[0].mailbox_id
    }

    /// Its first device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.devices[0]
    }

    /// A connection as its first device.
    #[must_use]
    pub fn connect(&self, hub: &Site) -> Peer {
        self.device().connect(hub)
    }

    /// Its safety number (PROTOCOL.md section 3), in groups of five digits.
    #[must_use]
    pub fn safety_number(&self) -> String {
        let said = [b"svk1 safety\0".as_slice(), &self.manifest.root_pk].concat();
        let digest = ring::digest::digest(&ring::digest::SHA512, &said);
        let group =
            |bytes: &[u8]| bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)) % 100_000;
        let groups: Vec<_> =
            digest.as_ref()[..60].chunks(5).map(|bytes| format!("{:05}", group(bytes))).collect();
        groups.join(" ")
    }

    /// The manifest that would follow the newest one, unchanged but for serial, `prev` and time.
    #[must_use]
    pub fn next_manifest(&self) -> RawManifest {
        let now = now_ms();
        RawManifest {
            serial: self.manifest.serial + 1,
            prev: sha256(&self.manifest.encode()),
            issued_ms: now,
            not_after_ms: now + 365 * DAY_MS,
            ..self.manifest.clone()
        }
    }

    /// A manifest signed by the first of its devices that is an admin of the newest one, and that this one does not revoke.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn signed(&self, manifest: &RawManifest) -> Vec<u8> {
        let admins = self.manifest.devices.iter().filter(|device| device.roles & 1 != 0);
        let signs = |place: u8, admin: &RawDevice| {
            let stays = manifest.revocations.iter().all(|gone| gone.device_id != admin.device_id);
            let device = self.devices.iter().find(|device| device.id() == admin.device_id)?;
            stays.then_some((place, &device.signer))
        };
        let signer = (1..=u8::MAX).zip(admins).find_map(|(place, admin)| signs(place, admin));
        manifest.signed_by(&[signer.expect("an admin that stays")])
    }

    /// Publishes a manifest that one admin has signed, as the first device, and remembers it as the newest.
    ///
    /// # Errors
    /// The refusal.
    pub async fn publish(&mut self, hub: &Site, mut manifest: RawManifest) -> Result<(), Refused> {
        manifest.sort();
        let signed_manifest = self.signed(&manifest).into();
        let request = v1::PublishManifestRequest { signed_manifest };
        let peer = self.connect(hub);
        let _: v1::PublishManifestResponse = peer.call("DirectoryService/PublishManifest", &request).await?;
        self.manifest = manifest;
        Ok(())
    }

    /// Adds a device that reads the first mailbox: manifest, certificate and epoch keys. Returns its index.
    ///
    /// # Panics
    /// When any of that fails.
    pub async fn add_device(&mut self, hub: &Site, roles: u8) -> usize {
        let mut device = Device::new(roles);
        let mut manifest = self.next_manifest();
        manifest.devices.push(device.entry(manifest.issued_ms));
        manifest.mailboxes[0].readers.push(device.id());
        self.publish(hub, manifest).await.expect("the manifest with the new device");
        device.certify(hub);
        let epoch_keys = device.make_epoch_keys(self.org(), WEEKS).into_iter().map(Into::into).collect();
        let request = v1::PublishEpochKeysRequest { epoch_keys };
        let published: Result<v1::PublishEpochKeysResponse, _> =
            device.connect(hub).call("DirectoryService/PublishEpochKeys", &request).await;
        published.expect("the new device's epoch keys");
        self.devices.push(device);
        self.devices.len() - 1
    }

    /// The next manifest without the device at `index`, which it revokes as lost.
    #[must_use]
    pub fn without(&self, index: usize) -> RawManifest {
        let device_id = self.devices[index].id();
        let mut manifest = self.next_manifest();
        manifest.devices.retain(|device| device.device_id != device_id);
        for mailbox in &mut manifest.mailboxes {
            mailbox.readers.retain(|reader| *reader != device_id);
        }
        manifest.revocations.push(RawRevocation { device_id, revoked_ms: manifest.issued_ms, reason: 1 });
        manifest.sort();
        manifest
    }
}

/// The numbers below this one are given out by hand.
const NAMELESS: u32 = 100_000;

/// How many members were invited by this process, on whichever hub.
static MEMBERS: AtomicU32 = AtomicU32::new(0);

/// A valid organisation number that nobody has: `999` and six digits from `n`, with a Luhn check digit.
#[must_use]
pub fn organisation_number(n: u32) -> String {
    let digits = format!("999{:06}", n % 1_000_000);
    let weight = |(place, digit): (usize, u8)| {
        let doubled = u32::from(digit - b'0') * (2 - place as u32 % 2);
        doubled / 10 + doubled % 10
    };
    let sum: u32 = digits.bytes().enumerate().map(weight).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samverkan_proto::ids::OrganisationNumber;

    #[test]
    fn made_up_organisation_numbers_are_valid() {
        for n in 0..200 {
            let number = organisation_number(n);
            assert!(number.parse::<OrganisationNumber>().is_ok(), "{number}");
        }
    }
}
