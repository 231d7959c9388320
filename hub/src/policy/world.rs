//! A small world for tests: a registry with members whose keys are all at hand.

use bytes::Bytes;
use http::Extensions;
use samverkan_proto::admission::Policy;
use samverkan_proto::code::{
    Class, Classes, LegalBasis, OrganisationKind, OrganisationState, RecipientKind, RevocationReason, Roles,
    Urgency,
};
use samverkan_proto::ids::{AgreementId, DeviceId, EpochKeyId, MailboxId, MessageId, OrgId, TlsKeyHash};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::agreement::{Agreement, AgreementFields, Provision, SignedAgreement};
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::{Header, HeaderFields, Recipient, Wrap};
use samverkan_proto::statement::log::{EpochKeyBatch, Leaf, OrganisationEntry, OrganisationFields, Record};
use samverkan_proto::statement::manifest::{
    Device, Mailbox, Manifest, ManifestFields, Revocation, SignedManifest,
};

use samverkan_proto::statement::operator::{Deed, SignedAction, Statement};

use crate::caller::Caller;
use crate::registry::Registry;
use crate::server::{Peer, PeerCertificate};

/// The time in this world: a Monday in 2025.
pub(crate) const NOW: u64 = 1_750_000_000_000;

/// A registry that grows by statements alone, as the store's does.
pub(crate) struct World {
    pub(crate) registry: Registry,
    seeds: u8,
}

/// An organisation, with one device that has all roles and reads its one mailbox.
pub(crate) struct Member {
    pub(crate) org: OrgId,
    pub(crate) mailbox: MailboxId,
    pub(crate) device: Signer,
    pub(crate) root: Signer,
    revision: u32,
    fields: OrganisationFields,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { registry: Registry::default(), seeds: 0 }
    }

    /// An ACTIVE organisation of this kind, with epoch keys for this week.
    pub(crate) fn member(&mut self, handle: &str, kind: OrganisationKind) -> Member {
        let (root, device) = (self.signer(), self.signer());
        let org = OrgId::of_root(root.public_key().as_bytes());
        let mailbox = MailboxId::parse(&[self.seeds; 16]).unwrap();
        let manifest = first_manifest(handle, &root, &device, mailbox);
        let fields = OrganisationFields {
            org_id: org,
            revision: 1,
            state: OrganisationState::Pending,
            kind,
            since_ms: NOW,
            handle: handle.parse().unwrap(),
            organisation_number: "2021002817".parse().unwrap(),
            name: "Jouren Exempel".parse().unwrap(),
            municipalities: vec![],
            services: vec![],
        };
        let mut member = Member { org, mailbox, device, root, revision: 0, fields };
        let signed = SignedManifest::sign_as_root(&manifest, &member.root).unwrap();
        self.append_manifest(signed);
        self.set_state(&mut member, OrganisationState::Active);
        self.epoch_key(org, &member.device, Epoch::of(NOW));
        member
    }

    pub(crate) fn set_state(&mut self, member: &mut Member, state: OrganisationState) {
        member.revision += 1;
        let fields = OrganisationFields { state, revision: member.revision, ..member.fields.clone() };
        let entry = OrganisationEntry::build(fields).unwrap();
        self.registry.append(Leaf::of_organisation(&entry), &Record::Organisation(entry));
        self.registry.bump();
    }

    /// Changes a member's manifest, signed by its first device.
    pub(crate) fn change(&mut self, member: &Member, change: impl FnOnce(&mut ManifestFields)) {
        let signed = self.signed(member, change);
        self.append_manifest(signed);
    }

    /// The manifest that would follow a member's newest.
    pub(crate) fn signed(&self, member: &Member, change: impl FnOnce(&mut ManifestFields)) -> SignedManifest {
        let newest = self.registry.organisation(&member.org).unwrap().manifest();
        let mut fields = ManifestFields::following(newest, NOW, NOW + DAY_MS);
        change(&mut fields);
        let manifest = Manifest::build(fields).unwrap();
        SignedManifest::sign_as_admins(&manifest, newest, &[&member.device]).unwrap()
    }

    /// Adds a device that reads the member's mailbox, with or without an epoch key for this week.
    pub(crate) fn add_device(&mut self, member: &Member, roles: Roles, has_key: bool) -> Signer {
        let signer = self.signer();
        self.change(member, |fields| {
            fields.devices.push(device(&signer, roles));
            fields.mailboxes[0].readers.push(signer.device_id());
        });
        if has_key {
            self.epoch_key(member.org, &signer, Epoch::of(NOW));
        }
        signer
    }

    pub(crate) fn revoke(&mut self, member: &Member, device_id: DeviceId) {
        self.change(member, |fields| {
            fields.devices.retain(|device| device.id() != device_id);
            fields.mailboxes[0].readers.retain(|reader| *reader != device_id);
            let reason = RevocationReason::Lost;
            fields.revocations.push(Revocation { device_id, revoked_ms: NOW, reason });
        });
    }

    pub(crate) fn epoch_key(&mut self, org: OrgId, device: &Signer, epoch: Epoch) {
        let key = EpochKey::sign(org, epoch, &public_key(device, epoch), device).unwrap();
        let batch = EpochKeyBatch::build(vec![key]).unwrap();
        self.registry.append(Leaf::of_epoch_keys(&batch), &Record::EpochKeys(batch));
        self.registry.bump();
    }

    /// A version of the agreement by which `from` sends to `to` that follows the newest, signed by the first devices of both.
    pub(crate) fn agreement(&self, from: &Member, to: &Member, provision: Provision) -> SignedAgreement {
        let before = self.registry.agreements().between(&from.org, &to.org).next();
        let before = before.map(|standing| standing.newest());
        let agreement = Agreement::build(AgreementFields {
            id: AgreementId::parse(&[1; 16]).unwrap(),
            version: before.map_or(1, |before| before.fields().version + 1),
            prev: before.map_or([0; 32], |before| before.agreement().hash()),
            sender: from.org,
            recipient: to.org,
            issued_ms: NOW,
            provision,
        })
        .unwrap();
        let one = SignedAgreement::sign(&agreement, from.org, &from.device).unwrap();
        one.countersign(to.org, &to.device).unwrap()
    }

    /// The two have agreed.
    pub(crate) fn agree(&mut self, signed: SignedAgreement) {
        self.registry.append(Leaf::of_agreement(&signed), &Record::Agreement(signed));
        self.registry.bump();
    }

    /// An operator takes itself in, if there is none, and asks for agreements for these classes.
    pub(crate) fn require(&mut self, agreement_required: Classes) {
        let operator = Signer::from_seed(&[200; 32]).unwrap();
        let key = *operator.public_key();
        if self.registry.operators().is_empty() {
            let name = "drift-ett".parse().unwrap();
            self.act(Deed::AddOperator { name, key, before: [0; 32] }, &operator);
        }
        let before = *self.registry.operators().last_policy();
        self.act(Deed::SetPolicy { policy: Policy { agreement_required }, before }, &operator);
    }

    fn act(&mut self, deed: Deed, operator: &Signer) {
        let statement = Statement { hub: [0; 32], nonce: [0; 16], deed };
        let action = SignedAction::sign(&statement, operator, NOW);
        self.registry.append(Leaf::of_action(&action), &Record::Action(action));
        self.registry.bump();
    }

    /// The extensions of a request from this device.
    pub(crate) fn request_of(device: &Signer) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(Peer::Device(PeerCertificate::for_test(tls_key(device))));
        extensions
    }

    pub(crate) fn caller(&self, device: &Signer) -> Caller {
        Caller::of(&Self::request_of(device), &self.registry, NOW).unwrap()
    }

    /// A referral from one member to another, sealed to all readers that have a key.
    pub(crate) fn referral(&self, from: &Member, to: &Member) -> HeaderFields {
        let recipient = self.registry.organisation(&to.org).unwrap().manifest();
        let readers = recipient.readers(&to.mailbox).map(Device::id);
        let wrap = |device| {
            let epoch_key = self.registry.epoch_key(&device, Epoch::of(NOW))?;
            Some(Wrap { org: to.org, device, epoch_key, boxes: 1 })
        };
        HeaderFields {
            message_id: MessageId::random(),
            sender_org: from.org,
            sender_mailbox: from.mailbox,
            sender_device: from.device.device_id(),
            class: Class::Referral,
            basis: Some(LegalBasis::VitalInterest),
            urgency: Urgency::Soon,
            answer_within_minutes: None,
            created_ms: NOW,
            expires_ms: NOW + 7 * DAY_MS,
            content_len: 4096 + 16,
            key_commit: [1; 32],
            to: vec![Recipient {
                org: to.org,
                mailbox: to.mailbox,
                manifest_serial: recipient.serial(),
                kind: RecipientKind::Primary,
            }],
            wraps: readers.filter_map(wrap).collect(),
            blobs: vec![],
            handles: vec![],
        }
    }

    pub(crate) fn signer(&mut self) -> Signer {
        self.seeds += 1;
        Signer::from_seed(&[self.seeds; 32]).unwrap()
    }

    pub(crate) fn append_manifest(&mut self, signed: SignedManifest) {
        self.registry.append(Leaf::of_manifest(&signed), &Record::Manifest(signed));
        self.registry.bump();
    }
}

/// The header with these fields.
pub(crate) fn header(fields: HeaderFields) -> Header {
    Header::new(fields).unwrap()
}

pub(crate) fn tls_key(device: &Signer) -> TlsKeyHash {
    TlsKeyHash::of_spki(device.public_key().as_bytes())
}

pub(crate) fn device(signer: &Signer, roles: Roles) -> Device {
    Device::new(*signer.public_key(), tls_key(signer), roles, NOW - DAY_MS, NOW + 300 * DAY_MS)
}

pub(crate) fn epoch_key_id(device: &Signer, epoch: Epoch) -> EpochKeyId {
    EpochKeyId::of_key(&public_key(device, epoch))
}

/// Signed epoch keys, as they travel.
pub(crate) fn signed_key(org: OrgId, device: &Signer, epoch: Epoch) -> Bytes {
    EpochKey::sign(org, epoch, &public_key(device, epoch), device).unwrap().bytes().clone()
}

/// A well-formed X-Wing public key that nobody can open anything with: a zero ML-KEM half, and a coordinate made
/// from the device and the week.
fn public_key(device: &Signer, epoch: Epoch) -> Vec<u8> {
    let mut pk = vec![0; 1_216 - 32];
    pk.extend_from_slice(&device.public_key().as_bytes()[..24]);
    pk.extend_from_slice(&epoch.number().to_be_bytes());
    pk.extend_from_slice(&[1; 4]);
    pk
}

fn first_manifest(handle: &str, root: &Signer, signer: &Signer, mailbox: MailboxId) -> Manifest {
    Manifest::build(ManifestFields {
        serial: 1,
        prev: [0; 32],
        issued_ms: NOW - DAY_MS,
        not_after_ms: NOW + 300 * DAY_MS,
        root_pk: *root.public_key(),
        handle: handle.parse().unwrap(),
        organisation_number: "2021002817".parse().unwrap(),
        threshold: 1,
        devices: vec![device(signer, Roles::ALL)],
        mailboxes: vec![Mailbox {
            id: mailbox,
            name: "stod".parse().unwrap(),
            readers: vec![signer.device_id()],
        }],
        revocations: vec![],
    })
    .unwrap()
}
