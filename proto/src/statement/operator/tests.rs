//! The codec laws of actions, and what two signatures must keep.

use super::*;
use crate::limits::DAY_MS;
use crate::statement::testing::{check_any_bytes, check_laws, id, signer};
use proptest::prelude::*;
use proptest::sample::select;

const NOW: u64 = 1_790_000_000_000;
const HUB: [u8; 32] = [9; 32];

fn name_text() -> impl Strategy<Value = Handle> {
    "[a-z0-9][a-z0-9-]{1,62}".prop_map(|text| text.parse().unwrap())
}

fn deed() -> impl Strategy<Value = Deed> {
    let hash = any::<[u8; 32]>();
    let step = select(&[Step::Confirm, Step::Suspend, Step::Resume, Step::Remove][..]);
    prop_oneof![
        (name_text(), hash).prop_map(|(handle, invitation)| Deed::Invite { handle, invitation }),
        name_text().prop_map(|handle| Deed::Withdraw { handle }),
        (step, id(), name_text(), hash).prop_map(|(step, org, handle, before)| Deed::Move {
            step,
            org,
            handle,
            before
        }),
        (name_text(), hash, hash).prop_map(|(name, seed, before)| Deed::AddOperator {
            name,
            key: *signer(seed).public_key(),
            before
        }),
        (name_text(), id(), hash).prop_map(|(name, operator, before)| Deed::RemoveOperator {
            name,
            operator,
            before
        }),
        (any::<bool>(), hash).prop_map(|(two, before)| Deed::Require { two, before }),
        (0..=7u8, hash).prop_map(|(bits, before)| {
            let agreement_required = Classes::from_bits(bits, "bits").unwrap();
            Deed::SetPolicy { policy: Policy { agreement_required }, before }
        }),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    (any::<[u8; 32]>(), any::<[u8; 16]>(), deed()).prop_map(|(hub, nonce, deed)| Statement {
        hub,
        nonce,
        deed,
    })
}

fn suspension() -> Statement {
    let (org, handle) = (OrgId::parse(&[3; 16]).unwrap(), "jouren-exempel".parse().unwrap());
    let deed = Deed::Move { step: Step::Suspend, org, handle, before: [4; 32] };
    Statement { hub: HUB, nonce: [5; 16], deed }
}

fn keys() -> [Signer; 3] {
    [[1; 32], [2; 32], [3; 32]].map(signer)
}

/// The key of one of the first two.
fn known(operator: &OperatorId) -> Option<PublicKey> {
    let keys = keys().map(|key| *key.public_key());
    keys[..2].iter().copied().find(|key| OperatorId::of_key(key.as_bytes()) == *operator)
}

fn parse_and_encode(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let action = SignedAction::parse(Bytes::copy_from_slice(bytes))?;
    Ok(encode(action.statement(), action.signatures()).to_vec())
}

proptest! {
    #[test]
    fn actions_obey_the_laws(
        statement in statement(),
        two in any::<bool>(),
        waited_ms in 0..=DAY_MS,
        mutation in any::<(prop::sample::Index, u8)>(),
    ) {
        let [first, second, _] = keys();
        let mut action = SignedAction::sign(&statement, &first, NOW);
        if two {
            action = action.countersign(&second, NOW + waited_ms).unwrap();
        }
        check_laws(action.bytes(), mutation, parse_and_encode)?;
        prop_assert_eq!(SignedAction::parse(action.bytes().clone()), Ok(action.clone()));
        prop_assert_eq!(action.verify(&statement.hub, known), Ok(()));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check_any_bytes(&bytes, parse_and_encode)?;
    }

    #[test]
    fn no_bit_of_an_action_may_change(statement in statement(), at in any::<prop::sample::Index>()) {
        let action = SignedAction::sign(&statement, &keys()[0], NOW).countersign(&keys()[1], NOW).unwrap();
        let mut bytes = action.bytes().to_vec();
        let at = at.index(bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        let changed = SignedAction::parse(bytes.into()).and_then(|action| action.verify(&statement.hub, known));
        prop_assert!(changed.is_err());
    }
}

#[test]
fn two_signatures_are_two_operators_within_a_day() {
    let [first, second, stranger] = keys();
    let action = SignedAction::sign(&suspension(), &first, NOW);
    let fault = |signer, at_ms| action.countersign(signer, at_ms).map(drop).map_err(|invalid| invalid.fault);
    assert_eq!(fault(&first, NOW + 1), Err(Fault::WrongSigners));
    assert_eq!(fault(&second, NOW + DAY_MS), Ok(()));
    assert_eq!(fault(&second, NOW + DAY_MS + 1), Err(Fault::BadTime));
    assert_eq!(fault(&second, NOW - 1), Err(Fault::BadTime));
    let both = action.countersign(&second, NOW).unwrap();
    assert_eq!(
        both.countersign(&stranger, NOW).map_err(|invalid| invalid.fault),
        Err(Fault::CountOutOfRange)
    );
    assert_eq!(both.verify(&HUB, known), Ok(()));
    assert_eq!(both.verify(&[8; 32], known).map_err(|invalid| invalid.fault), Err(Fault::BadIdentifier));
    let other = action.countersign(&stranger, NOW).unwrap();
    assert_eq!(other.verify(&HUB, known).map_err(|invalid| invalid.fault), Err(Fault::WrongSigners));
}

#[test]
fn a_key_is_taken_in_under_its_own_name_alone() {
    let [first, second, _] = keys();
    let deed =
        Deed::AddOperator { name: "drift-ett".parse().unwrap(), key: *first.public_key(), before: [0; 32] };
    let action = SignedAction::sign(&Statement { hub: HUB, nonce: [0; 16], deed }, &first, NOW);
    let mut bytes = action.bytes().to_vec();
    let subject = 4 + 2 + 32 + 1 + 16;
    bytes[subject..subject + 16]
        .copy_from_slice(OperatorId::of_key(second.public_key().as_bytes()).as_bytes());
    assert_eq!(SignedAction::parse(bytes.into()).map_err(|invalid| invalid.fault), Err(Fault::BadIdentifier));
}
