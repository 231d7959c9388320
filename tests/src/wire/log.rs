//! A copy of the hub's log, as a receiver judges messages by it.

use super::{Peer, Refused};
use crate::until::in_time;
use bytes::Bytes;
use samverkan_envelope::open::LogView;
use samverkan_proto::InvalidField;
use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{DeviceId, HubName, OrgId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::log::{Checkpoint, Leaf, LogTree, OrganisationEntry, Record};
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::v1::{HelloRequest, HelloResponse, LogEntry, ReturnLogRequest, SyncRequest};

/// The whole log, with what its records say by the size of the tree that had them.
pub struct Log {
    hub: HubName,
    log_key: PublicKey,
    /// What the hub signs receipts with.
    pub receipt_key: PublicKey,
    tree: LogTree,
    /// The newest checkpoint, as a signed note.
    pub note: Bytes,
    manifests: Vec<(u64, Manifest)>,
    entries: Vec<(u64, OrganisationEntry)>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("tree", &self.tree).finish_non_exhaustive()
    }
}

impl Log {
    /// What a member says who has all of this log, of all of its leaves but the last (PROTOCOL.md section 13).
    ///
    /// # Panics
    /// For a log of one leaf.
    #[must_use]
    pub fn proof_of_all_but_one(&self) -> ReturnLogRequest {
        let from_leaf = self.tree.size() - 1;
        let hash = |hash: &[u8; 32]| Bytes::copy_from_slice(hash);
        let path = self.tree.prove_consistency(from_leaf).expect("more than one leaf");
        ReturnLogRequest {
            checkpoint: self.note.clone(),
            from_leaf,
            root: hash(&self.tree.root_at(from_leaf).expect("a size that it had")),
            entries: Vec::new(),
            path: path.iter().map(hash).collect(),
        }
    }

    /// Downloads all of it, and checks that it adds up to the checkpoint.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When the log is not what PROTOCOL.md section 13 says.
    pub async fn synchronise(peer: &Peer) -> Result<Self, Refused> {
        let hello: HelloResponse = peer.call("EnrolmentService/Hello", &HelloRequest::default()).await?;
        let key = |bytes: &[u8]| {
            let bytes = bytes.try_into().expect("a key has 32 bytes");
            PublicKey::parse(bytes, "key").expect("an acceptable key")
        };
        let mut log = Self {
            hub: hello.hub_name.parse().expect("a hub has a name"),
            log_key: key(&hello.log_public_key),
            receipt_key: key(&hello.receipt_public_key),
            tree: LogTree::new(),
            note: Bytes::new(),
            manifests: Vec::new(),
            entries: Vec::new(),
        };
        log.fetch(peer).await?;
        Ok(log)
    }

    async fn fetch(&mut self, peer: &Peer) -> Result<(), Refused> {
        let request = SyncRequest { from_leaf: 0 };
        let mut stream = in_time("a synchronisation", peer.directory().sync(request)).await?.into_inner();
        while let Some(part) = in_time("a part of the log", stream.message()).await? {
            part.entries.iter().for_each(|entry| self.append(entry));
            self.note = part.checkpoint;
        }
        let checkpoint = self.verify_checkpoint(self.note.clone()).expect("the last part has the checkpoint");
        assert_eq!(checkpoint.head(), self.tree.head(), "the leaves add up to the checkpoint");
        Ok(())
    }

    fn append(&mut self, entry: &LogEntry) {
        self.tree.append(&entry.leaf);
        let size = self.tree.size();
        let leaf = Leaf::parse(&entry.leaf).expect("a leaf");
        match leaf.open(&entry.record).expect("its record") {
            Record::Manifest(signed) => self.manifests.push((size, signed.manifest().clone())),
            Record::Organisation(entry) => self.entries.push((size, entry)),
            Record::EpochKeys(_)
            | Record::Certificate(_)
            | Record::HubKeys(_)
            | Record::Action(_)
            | Record::Agreement(_) => {}
        }
    }
}

impl LogView for Log {
    fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        self.tree.root_at(size)
    }

    fn organisation_state_at(&self, org: &OrgId, size: u64) -> Option<OrganisationState> {
        let mut entries = self.entries.iter().rev();
        let found = entries.find(|(at, entry)| *at <= size && entry.fields().org_id == *org);
        found.map(|(_, entry)| entry.fields().state)
    }

    fn manifest_at(&self, org: &OrgId, size: u64) -> Option<&Manifest> {
        let mut manifests = self.manifests.iter().rev();
        manifests
            .find(|(at, manifest)| *at <= size && manifest.org_id() == *org)
            .map(|(_, manifest)| manifest)
    }

    fn newest_manifest(&self, org: &OrgId) -> Option<&Manifest> {
        self.manifest_at(org, u64::MAX)
    }

    fn device_key(&self, org: &OrgId, device: &DeviceId) -> Option<PublicKey> {
        let manifests = self.manifests.iter().map(|(_, manifest)| manifest);
        let mut devices = manifests
            .filter(|manifest| manifest.org_id() == *org)
            .filter_map(|manifest| manifest.device(device));
        devices.next().map(|device| *device.sign_pk())
    }

    fn verify_checkpoint(&self, note: Bytes) -> Result<Checkpoint, InvalidField> {
        Checkpoint::verify(note, &self.hub, &self.log_key)
    }
}
