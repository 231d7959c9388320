//! Header, manifest and epoch key (PROTOCOL.md sections 5 and 6).

use bytes::Bytes;
use samverkan_proto::limits::{
    MAX_BLOBS, MAX_DEVICES, MAX_HANDLES, MAX_HEADER, MAX_MAILBOXES, MAX_MANIFEST, MAX_READERS,
    MAX_REVOCATIONS, MAX_SIGNERS, MAX_TO, MAX_WRAPS, WEEK_MS, XWING_PUBLIC_LEN,
};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::manifest::{Manifest, SignedManifest};

use crate::cursor::Cursor;
use crate::laws::{one_encoding, with_a_bit_flipped};

pub(super) fn header(bytes: &[u8]) {
    let Some(header) = one_encoding(bytes, Header::parse, |header| header.bytes().to_vec()) else { return };
    assert!(bytes.len() <= MAX_HEADER);
    let fields = header.fields();
    assert!((1..=usize::from(MAX_TO)).contains(&fields.to.len()));
    assert!((1..=usize::from(MAX_WRAPS)).contains(&fields.wraps.len()));
    assert!(fields.blobs.len() <= MAX_BLOBS.into() && fields.handles.len() <= MAX_HANDLES.into());
    // The groups are ranges of `to` that follow each other, and every recipient has a reader.
    let mut next = 0;
    for group in fields.groups() {
        assert!(group.start == next && group.end > group.start);
        next = group.end;
    }
    assert_eq!(next, fields.to.len());
    assert!((0..fields.to.len()).all(|index| fields.readers(index).next().is_some()));
    assert!(fields.wraps.iter().flat_map(|wrap| wrap.mailboxes()).all(|index| index < fields.to.len()));
    assert_eq!(Header::new(fields.clone()).as_ref(), Ok(&header), "the fields encode to another header");
}

pub(super) fn manifest(bytes: &[u8]) {
    let parse = |bytes: &[u8]| SignedManifest::parse(Bytes::copy_from_slice(bytes));
    let Some(signed) = one_encoding(bytes, parse, |signed| signed.bytes().to_vec()) else { return };
    let manifest = signed.manifest();
    let fields = manifest.fields();
    assert!(manifest.bytes().len() <= MAX_MANIFEST as usize);
    assert!((1..=usize::from(MAX_SIGNERS)).contains(&signed.signatures().len()));
    assert!((1..=usize::from(MAX_DEVICES)).contains(&fields.devices.len()));
    assert!((1..=usize::from(MAX_MAILBOXES)).contains(&fields.mailboxes.len()));
    assert!(fields.revocations.len() <= MAX_REVOCATIONS.into());
    assert!(fields.mailboxes.iter().all(|mailbox| mailbox.readers.len() <= MAX_READERS.into()));
    assert_eq!(
        Manifest::build(fields.clone()).as_ref(),
        Ok(manifest),
        "the fields encode to another manifest"
    );
    let again = SignedManifest::assemble(manifest, signed.signatures().to_vec());
    assert_eq!(again.as_ref(), Ok(&signed));
    nothing_changed_verifies(&signed);
}

/// No bit of a manifest can be another under the same signatures; nor does a manifest follow itself.
fn nothing_changed_verifies(signed: &SignedManifest) {
    assert!(signed.clone().verify_after(signed.manifest()).is_err());
    if signed.clone().verify_first().is_err() {
        return;
    }
    let place = u16::from_be_bytes([signed.manifest().hash()[0], signed.manifest().hash()[1]]);
    let changed = with_a_bit_flipped(signed.bytes(), place).expect("a manifest has bytes");
    let verified = SignedManifest::parse(changed.into()).and_then(SignedManifest::verify_first);
    assert!(verified.is_err(), "a changed manifest verifies");
}

pub(super) fn epoch_key(bytes: &[u8]) {
    let parse = |bytes: &[u8]| EpochKey::parse(Bytes::copy_from_slice(bytes));
    let Some(key) = one_encoding(bytes, parse, |key| key.bytes().to_vec()) else { return };
    assert_eq!(bytes.len(), EpochKey::LEN);
    assert_eq!(key.pk().len(), XWING_PUBLIC_LEN);
    let epoch = key.epoch();
    assert_eq!(epoch.encrypt_until_ms() - epoch.not_before_ms(), WEEK_MS);
    assert_eq!(Epoch::of(epoch.not_before_ms()), epoch);
    assert_eq!(Epoch::of(epoch.encrypt_until_ms() - 1), epoch);
    let device = Signer::from_seed(&[1; 32]).expect("any seed is a key");
    assert!(key.verify(device.public_key()).is_err(), "nobody who fuzzes has the device's key");
    let own = EpochKey::sign(key.org_id(), epoch, key.pk(), &device).expect("the public half was accepted");
    assert_eq!((own.id(), own.verify(device.public_key())), (key.id(), Ok(())));
    let other = Signer::from_seed(&Cursor::new(&bytes[6..]).array::<32>()).expect("any seed is a key");
    assert!(own.verify(other.public_key()).is_err());
}
