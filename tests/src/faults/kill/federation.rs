//! Who takes part: four organisations, eight devices, and the messages they write.

use crate::chance::Chance;
use crate::site::Site;
use crate::wire::{Device, Member, Parcel, Peer, RawBlob};
use samverkan_hub::keys::HubKeys;
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt};

/// Devices of each organisation; all of them read its one mailbox.
const DEVICES: [usize; 4] = [3, 2, 2, 1];
const WORDS: [&str; 4] = ["stodjouren", "tjejjouren", "kvinnojouren", "brottsofferjouren"];
/// Handler and reader.
const ROLES: u8 = 6;
/// One message in this many goes to two organisations.
const COPIED: u64 = 8;

/// A client: a device of an organisation.
#[derive(Clone, Copy, Debug)]
struct Place {
    member: usize,
    device: usize,
}

/// The organisations, joined and confirmed, with all that their devices need.
#[derive(Debug)]
pub struct Federation {
    members: Vec<Member>,
    places: Vec<Place>,
    receipt_key: PublicKey,
}

impl Federation {
    /// Joins all of them to a running hub.
    ///
    /// # Panics
    /// When the hub does not let them.
    pub async fn join(hub: &Site) -> Self {
        let (mut members, mut places) = (Vec::new(), Vec::new());
        for (word, devices) in WORDS.into_iter().zip(DEVICES) {
            let mut member = Member::join(hub, word).await;
            for _ in 1..devices {
                member.add_device(hub, ROLES).await;
            }
            places.extend((0..devices).map(|device| Place { member: members.len(), device }));
            members.push(member);
        }
        let keys = HubKeys::load(&hub.data_dir()).expect("the hub has keys");
        Self { members, places, receipt_key: *keys.receipt.public_key() }
    }

    /// How many clients there are.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.places.len()
    }

    /// Device and organisation of each client.
    pub fn identities(&self) -> impl Iterator<Item = ([u8; 16], [u8; 16])> {
        (0..self.clients()).map(|client| (self.device(client).id(), self.org(client)))
    }

    /// The device of a client.
    #[must_use]
    pub fn device(&self, client: usize) -> &Device {
        &self.member(client).devices[self.places[client].device]
    }

    /// The organisation of a client.
    #[must_use]
    pub fn org(&self, client: usize) -> [u8; 16] {
        self.member(client).org()
    }

    fn member(&self, client: usize) -> &Member {
        &self.members[self.places[client].member]
    }

    /// A new connection of a client.
    #[must_use]
    pub fn connect(&self, client: usize, hub: &Site) -> Peer {
        self.device(client).connect(hub)
    }

    /// A new message from a client to one other organisation, or two.
    #[must_use]
    pub fn write(&self, client: usize, chance: &mut Chance) -> Parcel {
        let own = self.places[client].member;
        let others = self.members.len() - 1;
        let first = usize::try_from(chance.within(0..others as u64)).expect("an index");
        let second = (first + 1) % others;
        let copied = chance.within(0..COPIED) == 0;
        let other = |n: usize| &self.members[n + usize::from(n >= own)];
        let to = if copied { vec![other(first), other(second)] } else { vec![other(first)] };
        let mut parcel = Parcel::new(&self.members[own], &to);
        parcel.header.sender_device = self.device(client).id();
        parcel
    }

    /// The same, naming an attachment.
    #[must_use]
    pub fn write_naming(&self, client: usize, chance: &mut Chance, blob: RawBlob) -> Parcel {
        let mut parcel = self.write(client, chance);
        parcel.attach(blob.id, blob.len);
        parcel
    }

    /// The same, on the basis of a consent.
    #[must_use]
    pub fn write_on_consent(&self, client: usize, chance: &mut Chance, handle: [u8; 16]) -> Parcel {
        let mut parcel = self.write(client, chance);
        parcel.header.basis = 1;
        parcel.header.handles = vec![handle];
        parcel
    }

    /// Whether a proof is the hub's own word that it has accepted this message.
    #[must_use]
    pub fn is_accepted(&self, parcel: &Parcel, proof: &[u8]) -> bool {
        let proof = UnverifiedProof::<HubReceipt>::parse(proof);
        proof.and_then(|proof| proof.verify(&self.receipt_key)).is_ok_and(|receipt| {
            let receipt = receipt.value();
            *receipt.message_id.as_bytes() == parcel.header.message_id
                && receipt.hh == parcel.header_hash()
                && matches!(receipt.event, HubEvent::SubmissionAccepted { .. })
        })
    }
}
