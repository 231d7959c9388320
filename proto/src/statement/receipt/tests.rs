use super::*;
use crate::fault::Fault;
use crate::statement::testing::{
    check_any_bytes, check_laws, device_receipt, hub_receipt, withdrawal_receipt,
};
use proptest::prelude::*;

fn reencode<R: Record>(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    R::parse(bytes).map(|receipt| receipt.encode())
}

#[test]
fn a_receipt_is_not_taken_for_one_of_the_other_kind() {
    for (magic, len) in [(b"SVKR", 220), (b"SVKS", 160)] {
        let mut bytes = vec![0; len];
        bytes[..4].copy_from_slice(magic);
        let fault =
            if len == 220 { HubReceipt::parse(&bytes).err() } else { DeviceReceipt::parse(&bytes).err() };
        assert_eq!(fault, Some(Fault::WrongMagic.in_field("magic")));
    }
}

#[test]
fn wraps_are_hashed_under_their_label() {
    assert_eq!(wraps_hash(b"wraps"), crate::ids::sha256(b"svk1 wraps\0wraps"));
}

/// Where organisation, mailbox and device stand in a hub receipt.
const PARTIES: std::ops::Range<usize> = 120..168;

proptest! {
    #[test]
    fn device_receipts_obey_the_laws(receipt in device_receipt(), mutation: (prop::sample::Index, u8)) {
        let bytes = receipt.encode();
        prop_assert_eq!(bytes.len(), DeviceReceipt::LEN);
        prop_assert_eq!(DeviceReceipt::parse(&bytes), Ok(receipt));
        check_laws(&bytes, mutation, reencode::<DeviceReceipt>)?;
    }

    #[test]
    fn hub_receipts_obey_the_laws(receipt in hub_receipt(), mutation: (prop::sample::Index, u8)) {
        let bytes = receipt.encode();
        prop_assert_eq!(bytes.len(), HubReceipt::LEN);
        prop_assert_eq!(HubReceipt::parse(&bytes), Ok(receipt));
        check_laws(&bytes, mutation, reencode::<HubReceipt>)?;
    }

    #[test]
    fn withdrawal_receipts_obey_the_laws(receipt in withdrawal_receipt(), mutation: (prop::sample::Index, u8)) {
        let bytes = receipt.encode();
        prop_assert_eq!(bytes.len(), WithdrawalReceipt::LEN);
        prop_assert_eq!(WithdrawalReceipt::parse(&bytes), Ok(receipt));
        prop_assert_eq!(HubRecord::parse(&bytes), Ok(HubRecord::Withdrawal(receipt)));
        // Nobody takes it for the word about a message.
        prop_assert_eq!(HubReceipt::parse(&bytes).expect_err("about a handle").fault, Fault::UnknownCode);
        check_laws(&bytes, mutation, reencode::<WithdrawalReceipt>)?;
    }

    /// Type and reason decide which fields are used, so no receipt can be read as one of another type by changing them alone
    /// unless the new type uses the same fields.
    #[test]
    fn any_type_and_reason_keep_the_laws(device in device_receipt(), hub in hub_receipt(), code: u8, reason: u8) {
        for (mut bytes, reencode) in [
            (device.encode(), reencode::<DeviceReceipt> as fn(&[u8]) -> _),
            (hub.encode(), reencode::<HubReceipt>),
        ] {
            bytes[6..8].copy_from_slice(&[code % 16, reason % 16]);
            check_any_bytes(&bytes, reencode)?;
        }
    }

    #[test]
    fn an_unused_party_must_be_zero(receipt in hub_receipt(), at in PARTIES) {
        let mut bytes = receipt.encode();
        let party = PARTIES.start + (at - PARTIES.start) / 16 * 16;
        prop_assume!(bytes[party..party + 16] == [0; 16]);
        bytes[at] = 1;
        prop_assert_eq!(HubReceipt::parse(&bytes).expect_err("unused").fault, Fault::ReservedNotZero);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(tail in prop::collection::vec(any::<u8>(), 0..256)) {
        check_any_bytes(&tail, reencode::<HubReceipt>)?;
        check_any_bytes(&[b"SVKS\0\x01", &tail[..]].concat(), reencode::<HubReceipt>)?;
        check_any_bytes(&[b"SVKR\0\x01", &tail[..]].concat(), reencode::<DeviceReceipt>)?;
    }
}
