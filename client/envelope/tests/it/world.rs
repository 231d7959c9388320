//! A small federation with fixed keys and a fixed clock: a police authority, a volunteer group, and the hub between them.

use bytes::Bytes;
use samverkan_envelope::EpochSecret;
use samverkan_envelope::body::Body;
use samverkan_envelope::open::{HeldKey, LocalDevice, LogView, Memory, OpenError, Received, Verified};
use samverkan_envelope::seal::{Draft, SealRandom, SealedMessage, Target};
use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::InvalidField;
use samverkan_proto::code::{Kind, LegalBasis, OrganisationState, RecipientKind, Roles, Urgency};
use samverkan_proto::ids::{
    DeviceId, EpochKeyId, HubName, MailboxId, MessageId, OrgId, SendId, ThreadId, TlsKeyHash, sha256,
};
use samverkan_proto::limits::{DAY_MS, WEEK_MS};
use samverkan_proto::sign::{PublicKey, Signer};
use samverkan_proto::statement::batch::{proof, sign_batch};
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::Recipient;
use samverkan_proto::statement::log::{Checkpoint, TreeHead};
use samverkan_proto::statement::manifest::{Device, Mailbox, Manifest, ManifestFields};
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, wraps_hash};
use std::collections::BTreeMap;

/// The week of every message here.
pub(crate) const EPOCH: u32 = 2_900;
/// When every message here was sealed: a day into its week.
pub(crate) const CREATED_MS: u64 = EPOCH as u64 * WEEK_MS + DAY_MS;
/// How many leaves the log had when the hub accepted it.
pub(crate) const LOG_SIZE: u64 = 12;
/// The tree that the senders had seen.
pub(crate) const SEEN_SIZE: u64 = 9;

/// A signing key that is nobody's outside these tests.
pub(crate) fn signer(seed: u8) -> Signer {
    Signer::from_seed(&[seed; 32]).expect("seed")
}

/// A UUID version 4 full of one byte.
pub(crate) fn uuid(byte: u8) -> [u8; 16] {
    let mut bytes = [byte; 16];
    bytes[6] = 0x40 | byte & 0x0f;
    bytes[8] = 0x80 | byte & 0x3f;
    bytes
}

/// The root of the log's first `size` leaves.
pub(crate) fn root_at(size: u64) -> [u8; 32] {
    sha256(&size.to_be_bytes())
}

/// A device with its keys.
pub(crate) struct Member {
    pub(crate) seed: u8,
    pub(crate) signer: Signer,
    pub(crate) epoch_secret: EpochSecret,
    pub(crate) epoch_key: EpochKey,
}

/// An organisation with two mailboxes; every device reads the first, the first device alone reads the second.
pub(crate) struct Org {
    pub(crate) members: Vec<Member>,
    pub(crate) mailboxes: [MailboxId; 2],
    pub(crate) manifest: Manifest,
}

impl Org {
    pub(crate) fn new(tag: u8, handle: &str, number: &str, devices: u8) -> Self {
        let root = signer(tag);
        let org = OrgId::of_root(root.public_key().as_bytes());
        let members: Vec<_> = (1..=devices).map(|n| Member::new(tag + n, org)).collect();
        let mailboxes = [1, 2].map(|n| MailboxId::parse(&[tag + n; 16]).expect("mailbox"));
        let readers = |n: usize| {
            let mut ids: Vec<_> = members.iter().take(n).map(|member| member.signer.device_id()).collect();
            ids.sort_unstable();
            ids
        };
        let manifest = Manifest::build(ManifestFields {
            serial: 1,
            prev: [0; 32],
            issued_ms: CREATED_MS - DAY_MS,
            not_after_ms: CREATED_MS + 300 * DAY_MS,
            root_pk: *root.public_key(),
            handle: handle.parse().expect("handle"),
            organisation_number: number.parse().expect("number"),
            threshold: 1,
            devices: members.iter().map(Member::entry).collect(),
            mailboxes: vec![
                Mailbox {
                    id: mailboxes[0],
                    name: "inkorg".parse().expect("name"),
                    readers: readers(members.len()),
                },
                Mailbox { id: mailboxes[1], name: "jour".parse().expect("name"), readers: readers(1) },
            ],
            revocations: vec![],
        })
        .expect("manifest");
        Self { members, mailboxes, manifest }
    }

    pub(crate) fn id(&self) -> OrgId {
        self.manifest.org_id()
    }

    pub(crate) fn local(&self, member: usize) -> LocalDevice {
        LocalDevice { org: self.id(), device: self.members[member].signer.device_id() }
    }

    /// A device as it is sealed to.
    pub(crate) fn target(&self, member: usize, boxes: u16) -> Target {
        Target { key: self.members[member].epoch_key.clone(), boxes }
    }

    /// A mailbox as it is written to.
    pub(crate) fn recipient(&self, mailbox: usize, kind: RecipientKind) -> Recipient {
        Recipient { org: self.id(), mailbox: self.mailboxes[mailbox], manifest_serial: 1, kind }
    }
}

impl Member {
    fn new(seed: u8, org: OrgId) -> Self {
        let signer = signer(seed);
        let epoch_secret = EpochSecret::from_seed([seed ^ 0x80; 32]);
        let epoch_key =
            EpochKey::sign(org, Epoch::new(EPOCH), &epoch_secret.public_key(), &signer).expect("key");
        Self { seed, signer, epoch_secret, epoch_key }
    }

    fn entry(&self) -> Device {
        let tls = TlsKeyHash::parse(&[self.seed; 32]).expect("hash");
        Device::new(
            *self.signer.public_key(),
            tls,
            Roles::ALL,
            CREATED_MS - DAY_MS,
            CREATED_MS + 300 * DAY_MS,
        )
    }
}

/// Of a receiver to whom everything is new, but in threads that it knows.
struct Threads;

impl Memory for Threads {
    fn was_shown(&self, _: &OrgId, _: &SendId) -> bool {
        false
    }

    fn exchanged(&self, _: &OrgId, _: &ThreadId) -> bool {
        true
    }
}

/// A receiver's copy of the log, as the facts that a message is judged by.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) hub: HubName,
    pub(crate) log_key: PublicKey,
    pub(crate) roots: BTreeMap<u64, [u8; 32]>,
    pub(crate) states: BTreeMap<OrgId, OrganisationState>,
    pub(crate) manifests: BTreeMap<OrgId, Manifest>,
    /// Where it is another than at the receipt's size.
    pub(crate) newest: BTreeMap<OrgId, Manifest>,
    pub(crate) device_keys: Vec<(OrgId, PublicKey)>,
}

impl LogView for Facts {
    fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.roots.get(&size).copied()
    }

    fn organisation_state_at(&self, org: &OrgId, _size: u64) -> Option<OrganisationState> {
        self.states.get(org).copied()
    }

    fn manifest_at(&self, org: &OrgId, _size: u64) -> Option<&Manifest> {
        self.manifests.get(org)
    }

    fn newest_manifest(&self, org: &OrgId) -> Option<&Manifest> {
        self.newest.get(org).or_else(|| self.manifests.get(org))
    }

    fn device_key(&self, org: &OrgId, device: &DeviceId) -> Option<PublicKey> {
        let mut keys = self.device_keys.iter();
        keys.find(|(of, key)| of == org && DeviceId::of_key(key.as_bytes()) == *device).map(|(_, key)| *key)
    }

    fn verify_checkpoint(&self, note: Bytes) -> Result<Checkpoint, InvalidField> {
        Checkpoint::verify(note, &self.hub, &self.log_key)
    }
}

pub(crate) struct World {
    pub(crate) police: Org,
    pub(crate) volunteers: Org,
    pub(crate) hub: Signer,
    pub(crate) log: Signer,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            police: Org::new(0x20, "polisen-exempel", "9999000012", 2),
            volunteers: Org::new(0x30, "brottsofferjouren-exempel", "9999000020", 3),
            hub: signer(0x11),
            log: signer(0x12),
        }
    }

    pub(crate) fn hub_name() -> HubName {
        "exempel".parse().expect("name")
    }

    /// The note of the tree that the senders had seen.
    pub(crate) fn checkpoint(&self, size: u64) -> Vec<u8> {
        let head = TreeHead { size, root: root_at(size) };
        Checkpoint::sign(&Self::hub_name(), head, &self.log).note().to_vec()
    }

    pub(crate) fn body(&self) -> Body {
        Body {
            kind: Kind::Referral,
            send_id: SendId::parse(&uuid(0x51)).expect("id"),
            thread_id: ThreadId::parse(&uuid(0x52)).expect("id"),
            in_reply_to: None,
            form: "general-1".into(),
            fields: vec![],
            subject: "Stöd till målsägande".into(),
            text: "Exempel Exempelsson vill bli uppringd på eftermiddagen.".into(),
            attachments: vec![],
            consents: vec![],
            checkpoint: self.checkpoint(SEEN_SIZE),
        }
    }

    /// From the police's inbox to the volunteers', open to two readers there and to the sender's other device.
    pub(crate) fn draft(&self, body: Body) -> Draft {
        Draft {
            message_id: MessageId::parse(&uuid(0x53)).expect("id"),
            sender_org: self.police.id(),
            sender_mailbox: self.police.mailboxes[0],
            basis: Some(LegalBasis::DutyToDisclose),
            urgency: Urgency::Routine,
            answer_within_minutes: None,
            created_ms: CREATED_MS,
            expires_ms: CREATED_MS + 20 * DAY_MS,
            to: vec![self.volunteers.recipient(0, RecipientKind::Primary)],
            devices: vec![
                self.volunteers.target(0, 1),
                self.volunteers.target(1, 1),
                self.police.target(1, 0),
            ],
            body,
        }
    }

    pub(crate) fn seal(&self, draft: Draft) -> (SealedMessage, MessageSecret) {
        let random = SealRandom::generate(draft.devices.len()).expect("randomness");
        draft.seal(&self.police.members[0].signer, random).expect("sealed")
    }

    /// What the hub says when it accepts a message a second after it was sealed.
    pub(crate) fn receipt(sealed: &SealedMessage) -> HubReceipt {
        let fields = sealed.header().fields();
        HubReceipt {
            message_id: fields.message_id,
            hh: *sealed.header().hh(),
            content_hash: sha256(sealed.content()),
            wraps_hash: wraps_hash(sealed.wraps()),
            hub_time_ms: fields.created_ms + 1_000,
            policy_version: 1,
            log_size: LOG_SIZE,
            log_root: root_at(LOG_SIZE),
            event: HubEvent::SubmissionAccepted {
                sender: MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox },
                device: fields.sender_device,
            },
        }
    }

    pub(crate) fn prove(&self, receipt: &HubReceipt) -> Vec<u8> {
        let batch = sign_batch(std::slice::from_ref(receipt), &self.hub).expect("signed");
        proof(receipt, 0, &batch.leaf_hashes, &batch.key_id, &batch.signature).expect("proof")
    }

    pub(crate) fn facts(&self) -> Facts {
        let orgs = [&self.police, &self.volunteers];
        Facts {
            hub: Self::hub_name(),
            log_key: *self.log.public_key(),
            roots: (1..=LOG_SIZE).map(|size| (size, root_at(size))).collect(),
            states: orgs.iter().map(|org| (org.id(), OrganisationState::Active)).collect(),
            manifests: orgs.iter().map(|org| (org.id(), org.manifest.clone())).collect(),
            newest: BTreeMap::new(),
            device_keys: orgs
                .iter()
                .flat_map(|org| org.manifest.devices().iter().map(|device| (org.id(), *device.sign_pk())))
                .collect(),
        }
    }

    /// Opens a message as a device of `org`, with everything as it should be around it.
    pub(crate) fn open(
        &self,
        org: &Org,
        member: usize,
        sealed: &SealedMessage,
    ) -> Result<Verified, OpenError> {
        let local = org.local(member);
        let index = sealed.header().fields().wrap_index(&local.org, &local.device).expect("wrapped");
        let delivery = Delivery {
            header: sealed.header().bytes().to_vec(),
            wrap: sealed.wrap(index).expect("wrap").to_vec(),
            content: sealed.content().to_vec(),
            proof: self.prove(&Self::receipt(sealed)),
        };
        delivery.open(self, org, member, &self.facts(), CREATED_MS + 2_000)
    }
}

/// The bytes that a hub hands to one device.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) header: Vec<u8>,
    pub(crate) wrap: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) proof: Vec<u8>,
}

impl Delivery {
    pub(crate) fn open(
        &self,
        world: &World,
        org: &Org,
        member: usize,
        facts: &Facts,
        now_ms: u64,
    ) -> Result<Verified, OpenError> {
        let member = &org.members[member];
        let held = |id: &EpochKeyId| {
            (*id == member.epoch_key.id())
                .then_some(HeldKey { secret: &member.epoch_secret, epoch: member.epoch_key.epoch() })
        };
        let local = LocalDevice { org: org.id(), device: member.signer.device_id() };
        Received::parse(&self.header, &self.wrap, &self.content)?
            .unwrap(local, held)?
            .accept(&self.proof, world.hub.public_key())?
            .verify(facts, now_ms, &Threads)
    }
}
