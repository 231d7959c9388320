//! What this peer writes by hand is what `samverkan-proto` parses: two writers, one specification.

use super::member::organisation_number;
use super::statement::{RawEpochKey, RawReceipt, RawStub, epoch_of, prove_alone, random_public_key};
use super::{Member, Parcel, RawManifest, now_ms};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::batch::UnverifiedProof;
use samverkan_proto::statement::consent::UnverifiedStub;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::statement::receipt::DeviceReceipt;

fn members() -> (Member, Member) {
    let pair = || Member::new("kvinnojouren-exempel", &organisation_number(1));
    let (mut a, mut b) = (pair(), pair());
    for member in [&mut a, &mut b] {
        let org = member.org();
        let _statements = member.devices[0].make_epoch_keys(org, 1);
    }
    (a, b)
}

fn key(member: &Member) -> PublicKey {
    *member.device().signer.public_key()
}

#[test]
fn manifests_and_their_chains_verify() {
    let (member, _) = members();
    let first = member.manifest.signed_by(&[(0, &member.root)]);
    let first = SignedManifest::parse(first.into()).and_then(SignedManifest::verify_first).expect("serial 1");
    let next: RawManifest = member.next_manifest();
    let next = SignedManifest::parse(next.signed_by(&[(1, &member.device().signer)]).into());
    next.and_then(|next| next.verify_after(first.manifest())).expect("serial 2, signed by its admin");
}

#[test]
fn epoch_keys_stubs_and_receipts_verify() {
    let (member, _) = members();
    let (org, device) = (member.org(), member.device());
    let epoch_key = RawEpochKey::new(org, device.id(), epoch_of(now_ms()), &random_public_key());
    let parsed = EpochKey::parse(epoch_key.signed_by(&device.signer).into()).expect("an epoch key");
    parsed.verify(&key(&member)).expect("signed by its device");
    assert_eq!(parsed.id().as_bytes(), &epoch_key.id());

    let stub = RawStub::new(org, device.id(), now_ms()).signed_by(&device.signer);
    UnverifiedStub::parse(&stub).and_then(|stub| stub.verify(&key(&member))).expect("a stub");

    let header = Parcel::new(&member, &[&members().0]).header_bytes();
    for said in [(1, 0), (2, 1), (3, 4)] {
        let receipt = RawReceipt::about(&header, org, device.id(), said, now_ms()).encode();
        let proof =
            UnverifiedProof::<DeviceReceipt>::parse(&prove_alone(&receipt, &device.signer)).expect("a proof");
        proof.verify(&key(&member)).expect("signed by its device");
    }
}

#[test]
fn a_header_obeys_the_rules_and_hashes_alike() {
    let (sender, recipient) = members();
    let parcel = Parcel::new(&sender, &[&recipient]);
    let header = Header::parse(&parcel.header_bytes()).expect("a header");
    assert_eq!(*header.hh(), parcel.header_hash());
}
