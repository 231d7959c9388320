//! A hub's log made by hand, for tests: it keeps the rules unless it is told to break one.

use bytes::Bytes;
use samverkan_proto::code::{OrganisationKind, OrganisationState, RevocationReason, Roles};
use samverkan_proto::ids::{DeviceId, HubName, MailboxId, OrgId, TlsKeyHash, sha256};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::log::{
    Checkpoint, EpochKeyBatch, HubKeys, Leaf, LogTree, OrganisationEntry, OrganisationFields, TreeHead,
};
use samverkan_proto::statement::manifest::{
    Device, Mailbox, Manifest, ManifestFields, Revocation, SignedManifest,
};

use samverkan_proto::statement::operator::{Deed, SignedAction, Statement};

use super::copy::Entry;
use super::{Directory, DirectoryError};
use crate::connect::HubPins;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW_MS: u64 = 1_767_225_600_000;
const YEAR_MS: u64 = 365 * 86_400_000;

/// A member of the test log, with every key.
pub(crate) struct Member {
    pub(crate) root: Signer,
    pub(crate) device: Signer,
    pub(crate) manifest: Manifest,
    pub(crate) revision: u32,
}

impl Member {
    pub(crate) fn org(&self) -> OrgId {
        self.manifest.org_id()
    }
}

/// A log with its hub's keys.
pub(crate) struct TestLog {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) hub: HubName,
    pub(crate) pins: HubPins,
    log_key: Signer,
    pub(super) entries: Vec<Entry>,
    seeds: u8,
}

pub(crate) fn signer(seed: u8) -> Signer {
    Signer::from_seed(&[seed; 32]).expect("seed")
}

/// A self-signed certificate and its key, both DER: whatever needs one gets it.
pub(crate) fn certificate() -> (Vec<u8>, Vec<u8>) {
    let key = rcgen::KeyPair::generate().expect("key");
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
    (params.self_signed(&key).expect("certificate").der().to_vec(), key.serialize_der())
}

fn next_manifest(member: &Member, change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = ManifestFields::following(&member.manifest, NOW_MS, NOW_MS + YEAR_MS);
    change(&mut fields);
    Manifest::build(fields).expect("manifest")
}

impl TestLog {
    /// A log that holds the hub's keys.
    pub(crate) fn new() -> Self {
        Self::with_keys(signer(201), signer(202))
    }

    fn with_keys(log_key: Signer, receipt: Signer) -> Self {
        let keys = HubKeys {
            ca_certificate: certificate().0.into(),
            log_key: *log_key.public_key(),
            receipt_key: *receipt.public_key(),
        };
        let pins = HubPins::new(&keys.ca_certificate, keys.log_key.as_bytes(), keys.receipt_key.as_bytes());
        let mut log = Self {
            dir: tempfile::tempdir().expect("tempdir"),
            hub: "exempel".parse().expect("name"),
            pins: pins.expect("keys"),
            log_key,
            entries: Vec::new(),
            seeds: 0,
        };
        let leaf = Leaf::of_hub_keys(&keys).expect("leaf");
        log.push(leaf, keys.encode().expect("record").into());
        log
    }

    /// Appends any leaf with any record.
    pub(crate) fn push(&mut self, leaf: Leaf, record: Bytes) {
        self.entries.push(Entry::new(leaf.encode().into(), record).expect("short"));
    }

    fn seed(&mut self) -> u8 {
        self.seeds += 1;
        self.seeds
    }

    /// An ACTIVE organisation with one device and one mailbox, `mottagning`.
    pub(crate) fn join(&mut self, handle: &str, name: &str, places: &[&str], services: &[&str]) -> Member {
        let mut member = self.join_pending(handle, name);
        self.enter(&mut member, OrganisationState::Active, name, places, services);
        member
    }

    /// The same, PENDING.
    pub(crate) fn join_pending(&mut self, handle: &str, name: &str) -> Member {
        let (root, device) = (signer(self.seed()), signer(self.seed()));
        let tls = TlsKeyHash::parse(&[self.seed(); 32]).expect("hash");
        let added =
            Device::new(*device.public_key(), tls, Roles::ALL, NOW_MS - YEAR_MS / 2, NOW_MS + YEAR_MS / 2);
        let mailbox = Mailbox {
            id: MailboxId::parse(&[self.seed(); 16]).expect("id"),
            name: "mottagning".parse().expect("name"),
            readers: vec![added.id()],
        };
        let fields = ManifestFields {
            serial: 1,
            prev: [0; 32],
            issued_ms: NOW_MS - 1,
            not_after_ms: NOW_MS + YEAR_MS,
            root_pk: *root.public_key(),
            handle: handle.parse().expect("handle"),
            organisation_number: "2021002817".parse().expect("number"),
            threshold: 1,
            devices: vec![added],
            mailboxes: vec![mailbox],
            revocations: Vec::new(),
        };
        let manifest = Manifest::build(fields).expect("manifest");
        let signed = SignedManifest::sign_as_root(&manifest, &root).expect("signed");
        self.push(Leaf::of_manifest(&signed), signed.bytes().clone());
        let mut member = Member { root, device, manifest, revision: 0 };
        self.enter(&mut member, OrganisationState::Pending, name, &[], &[]);
        member
    }

    /// The operator's next entry for a member.
    pub(crate) fn enter(
        &mut self,
        member: &mut Member,
        state: OrganisationState,
        name: &str,
        places: &[&str],
        services: &[&str],
    ) {
        member.revision += 1;
        let fields = OrganisationFields {
            org_id: member.org(),
            revision: member.revision,
            state,
            kind: OrganisationKind::Volunteer,
            since_ms: NOW_MS,
            handle: member.manifest.fields().handle.clone(),
            organisation_number: member.manifest.fields().organisation_number.clone(),
            name: name.parse().expect("name"),
            municipalities: places.iter().map(|code| code.parse().expect("code")).collect(),
            services: services.iter().map(|code| code.parse().expect("code")).collect(),
        };
        let entry = OrganisationEntry::build(fields).expect("entry");
        self.push(Leaf::of_organisation(&entry), entry.bytes().clone());
    }

    /// Logs what operators have signed. Gives the hash of the record.
    pub(crate) fn act(&mut self, who: &[&Signer], deed: Deed) -> [u8; 32] {
        let statement = Statement { hub: self.pins.digest(), nonce: [self.seed(); 16], deed };
        let first = SignedAction::sign(&statement, who[0], NOW_MS);
        let sign = |action: SignedAction, signer: &&Signer| action.countersign(signer, NOW_MS).expect("two");
        let action = who[1..].iter().fold(first, sign);
        self.push(Leaf::of_action(&action), action.bytes().clone());
        sha256(action.bytes())
    }

    /// Takes in two operators, both of whom must sign what is grave; gives their keys.
    pub(crate) fn operators(&mut self) -> [Signer; 2] {
        let keys = [signer(self.seed()), signer(self.seed())];
        let mut before = [0; 32];
        for (name, key) in ["drift-ett", "drift-tva"].iter().zip(&keys) {
            let (name, key) = (name.parse().expect("a name"), *key.public_key());
            before = self.act(&[&keys[0]], Deed::AddOperator { name, key, before });
        }
        self.act(&[&keys[0]], Deed::Require { two: true, before });
        keys
    }

    /// A member's next manifest, signed by its only admin.
    pub(crate) fn change(&mut self, member: &mut Member, change: impl FnOnce(&mut ManifestFields)) {
        let manifest = next_manifest(member, change);
        let signed = SignedManifest::sign_as_admins(&manifest, &member.manifest, &[&member.device]);
        self.push_manifest(member, signed.expect("signed"));
    }

    /// One more device for a member, which reads every mailbox that it has.
    pub(crate) fn add_device(&mut self, member: &mut Member) -> Signer {
        let device = signer(self.seed());
        let mailboxes = member.manifest.mailboxes().iter().map(|mailbox| mailbox.name.to_string());
        for name in mailboxes.collect::<Vec<_>>() {
            self.add_readers(member, &name, &[&device]);
        }
        device
    }

    /// Devices of a member that read a mailbox; both are made where they are missing.
    pub(crate) fn add_readers(&mut self, member: &mut Member, mailbox: &str, devices: &[&Signer]) {
        let id = MailboxId::parse(&[self.seed(); 16]).expect("id");
        self.change(member, |fields| {
            for device in devices {
                let key = *device.public_key();
                // As good as any that nobody else has.
                let tls = TlsKeyHash::parse(&sha256(key.as_bytes())).expect("hash");
                let added = Device::new(key, tls, Roles::ALL, NOW_MS - YEAR_MS / 2, NOW_MS + YEAR_MS / 2);
                if fields.devices.iter().all(|known| known.id() != added.id()) {
                    fields.devices.push(added);
                }
            }
            fields.devices.sort_by_key(Device::id);
            let name = mailbox.parse().expect("name");
            if fields.mailboxes.iter().all(|known| known.name != name) {
                fields.mailboxes.push(Mailbox {
                    id,
                    name: mailbox.parse().expect("name"),
                    readers: Vec::new(),
                });
            }
            for known in fields.mailboxes.iter_mut().filter(|known| known.name == name) {
                known.readers.extend(devices.iter().map(|device| device.device_id()));
                known.readers.sort_unstable();
            }
            fields.mailboxes.sort_by_key(|known| known.id);
        });
    }

    /// A member begins anew with its recovery kit: every device is revoked, and a new one reads every mailbox.
    pub(crate) fn recover(&mut self, member: &mut Member, issued_ms: u64) {
        let device = signer(self.seed());
        let manifest = next_manifest(member, |fields| {
            let old = std::mem::take(&mut fields.devices);
            let (key, tls) = (*device.public_key(), old[0].tls_key);
            let entry = Device::new(key, tls, Roles::ALL, old[0].added_ms, old[0].expires_ms);
            fields.issued_ms = issued_ms;
            fields.revocations.extend(old.iter().map(|gone| Revocation {
                device_id: gone.id(),
                revoked_ms: issued_ms,
                reason: RevocationReason::Lost,
            }));
            fields.mailboxes.iter_mut().for_each(|mailbox| mailbox.readers = vec![entry.id()]);
            fields.devices = vec![entry];
        });
        member.device = device;
        self.push_manifest(member, SignedManifest::sign_as_root(&manifest, &member.root).expect("signed"));
    }

    fn push_manifest(&mut self, member: &mut Member, signed: SignedManifest) {
        self.push(Leaf::of_manifest(&signed), signed.bytes().clone());
        member.manifest = signed.manifest().clone();
    }

    /// An epoch key of a member's device, with a public half that is as good as any.
    pub(crate) fn publish(&mut self, member: &Member, epoch: Epoch) -> EpochKey {
        self.publish_for(member.org(), &member.device, epoch)
    }

    /// The same for any device.
    pub(crate) fn publish_for(&mut self, org: OrgId, device: &Signer, epoch: Epoch) -> EpochKey {
        let secret = samverkan_envelope::EpochSecret::generate().expect("random");
        let key = EpochKey::sign(org, epoch, &secret.public_key(), device).expect("key");
        self.publish_keys(vec![key.clone()]);
        key
    }

    pub(crate) fn publish_keys(&mut self, keys: Vec<EpochKey>) {
        let batch = EpochKeyBatch::build(keys).expect("batch");
        self.push(Leaf::of_epoch_keys(&batch), batch.bytes().clone());
    }

    /// A certificate that the hub issued; nothing reads it.
    pub(crate) fn certify(&mut self, org: OrgId, device: DeviceId) {
        self.push(Leaf::of_certificate(org, device, b"DER"), Bytes::from_static(b"DER"));
    }

    /// The signed checkpoint over the first `size` entries.
    pub(crate) fn checkpoint(&self, size: usize) -> Bytes {
        let mut tree = LogTree::new();
        for entry in &self.entries[..size] {
            tree.append(&entry.leaf);
        }
        self.sign(tree.head())
    }

    pub(crate) fn sign(&self, head: TreeHead) -> Bytes {
        self.cosign(head, NOW_MS)
    }

    /// A checkpoint without a time.
    pub(crate) fn plain(&self, head: TreeHead) -> Bytes {
        Checkpoint::sign(&self.hub, head, &self.log_key).note().clone()
    }

    /// The same, as the newest at another time.
    pub(crate) fn cosign(&self, head: TreeHead, at_ms: u64) -> Bytes {
        Checkpoint::cosign(&self.hub, head, &self.log_key, at_ms / 1000).note().clone()
    }

    /// How many leaves there are.
    pub(crate) fn entries_len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The root over all of them.
    pub(crate) fn root(&self) -> [u8; 32] {
        let mut tree = LogTree::new();
        for entry in &self.entries {
            tree.append(&entry.leaf);
        }
        tree.head().root
    }

    /// The log of another hub.
    pub(crate) fn with_other_keys() -> Self {
        Self::with_keys(signer(203), signer(204))
    }

    /// What is on disk in this log's folder.
    pub(crate) fn load(&self) -> Result<Directory, DirectoryError> {
        Directory::load(self.dir.path().to_owned(), self.hub.clone(), self.pins.clone(), NOW_MS)
    }

    /// Gives the directory everything it does not have.
    pub(crate) fn feed(&self, directory: &mut Directory) -> Result<u64, DirectoryError> {
        let from = usize::try_from(directory.size()).expect("small");
        directory.take(self.entries[from..].to_vec(), self.checkpoint(self.entries.len()), NOW_MS)
    }

    /// Lets the directory hear that this is still the newest log.
    pub(crate) fn cosign_again(&self, directory: &mut Directory, at_ms: u64) {
        let whole = TreeHead { size: self.entries_len(), root: self.root() };
        directory.take(Vec::new(), self.cosign(whole, at_ms), at_ms).expect("the same log, later");
    }

    /// A directory that has the whole log.
    pub(crate) fn directory(&self) -> Directory {
        let mut directory = self.load().expect("loads");
        self.feed(&mut directory).expect("consistent");
        directory
    }
}
