//! The codec laws of agreements, and whose signatures they need.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::statement::testing::{check_any_bytes, check_laws, id, manifest_of, signer};

const NOW: u64 = 1_790_000_000_000;

fn clause() -> impl Strategy<Value = Clause> {
    (proptest::option::of(id()), 1..=7u8, 1..=63u8, 0..=MAX_ANSWER_MINUTES).prop_map(
        |(mailbox, classes, bases, minutes)| Clause {
            mailbox,
            classes: classes.try_into().unwrap(),
            bases: bases.try_into().unwrap(),
            answer_within_minutes: NonZeroU32::new(minutes),
        },
    )
}

fn provision() -> impl Strategy<Value = Provision> {
    let terms =
        (0..NOW, 1..NOW, btree_set(clause(), 1..=16)).prop_map(|(valid_from_ms, lasts_ms, clauses)| {
            let clauses = Vec::from_iter(clauses);
            Provision::Terms(Terms { valid_from_ms, valid_until_ms: valid_from_ms + lasts_ms, clauses })
        });
    prop_oneof![3 => terms, 1 => Just(Provision::End)]
}

fn fields() -> impl Strategy<Value = AgreementFields> {
    (id(), any::<u32>(), any::<[u8; 32]>(), btree_set(id(), 2), any::<u64>(), provision()).prop_map(
        |(id, version, prev, parties, issued_ms, provision)| {
            let parties = Vec::from_iter(parties);
            AgreementFields {
                id,
                version,
                prev,
                sender: parties[1],
                recipient: parties[0],
                issued_ms,
                provision,
            }
        },
    )
}

/// Between the organisations of roots 100 (of whose admins two sign) and 101 (of whom one does).
fn between(provision: Provision) -> Agreement {
    let [sender, recipient] = parties().map(|party| party.org_id());
    let id = AgreementId::parse(&[7; 16]).unwrap();
    let (version, prev) = (1, [0; 32]);
    Agreement::build(AgreementFields { id, version, prev, sender, recipient, issued_ms: NOW, provision })
        .unwrap()
}

fn parties() -> [Manifest; 2] {
    [manifest_of(100, &[1, 2, 3], 2), manifest_of(101, &[4, 5], 1)]
}

fn terms() -> Provision {
    let clause = Clause {
        mailbox: None,
        classes: Classes::ALL,
        bases: Bases::ALL,
        answer_within_minutes: NonZeroU32::new(60),
    };
    Provision::Terms(Terms { valid_from_ms: NOW, valid_until_ms: NOW + 1, clauses: vec![clause] })
}

/// Signed by these, each for the party with this index.
fn signed_by(agreement: &Agreement, signers: &[(usize, u8)]) -> SignedAgreement {
    let parties = parties().map(|party| party.org_id());
    let ((first, seed), more) = signers.split_first().map(|(first, more)| (*first, more)).unwrap();
    let signed = SignedAgreement::sign(agreement, parties[first], &signer([seed; 32])).unwrap();
    more.iter().fold(signed, |signed, (party, seed)| {
        signed.countersign(parties[*party], &signer([*seed; 32])).unwrap()
    })
}

fn verdict(signed: &SignedAgreement) -> Result<(), Fault> {
    let parties = parties();
    signed.verify(parties.each_ref()).map_err(|invalid| invalid.fault)
}

fn parse_and_encode(bytes: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let signed = SignedAgreement::parse(Bytes::copy_from_slice(bytes))?;
    let again = Agreement::build(signed.fields().clone())?;
    Ok(SignedAgreement::assemble(&again, signed.signatures().to_vec())?.bytes().to_vec())
}

proptest! {
    #[test]
    fn agreements_obey_the_laws(
        fields in fields(),
        signers in btree_set(any::<[u8; 32]>(), 1..4),
        mutation in any::<(prop::sample::Index, u8)>(),
    ) {
        let agreement = Agreement::build(fields.clone()).unwrap();
        prop_assert_eq!(agreement.fields(), &fields);
        let mut signers = signers.into_iter().map(signer);
        let first = SignedAgreement::sign(&agreement, fields.sender, &signers.next().unwrap()).unwrap();
        let signed = signers.try_fold(first, |signed, next| signed.countersign(fields.recipient, &next)).unwrap();
        check_laws(signed.bytes(), mutation, parse_and_encode)?;
        prop_assert_eq!(SignedAgreement::parse(signed.bytes().clone()), Ok(signed));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in vec(any::<u8>(), 0..400)) {
        check_any_bytes(&bytes, parse_and_encode)?;
    }

    #[test]
    fn no_bit_of_an_agreement_may_change(at in any::<prop::sample::Index>()) {
        let signed = signed_by(&between(terms()), &[(0, 1), (0, 2), (1, 4)]);
        prop_assert_eq!(verdict(&signed), Ok(()));
        let mut bytes = signed.bytes().to_vec();
        let at = at.index(bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        let parties = parties();
        let changed = SignedAgreement::parse(bytes.into()).and_then(|signed| signed.verify(parties.each_ref()));
        prop_assert!(changed.is_err());
    }
}

#[test]
fn terms_need_the_threshold_of_both_and_an_end_that_of_one() {
    /// Whose admins sign; whether terms hold; whether an end does.
    type Row = (&'static [(usize, u8)], bool, bool);
    let table: [Row; 10] = [
        (&[(0, 1), (0, 2), (1, 4)], true, true),
        (&[(0, 2), (0, 3), (1, 5)], true, true),
        (&[(0, 1), (0, 2)], false, true),
        (&[(1, 4)], false, true),
        (&[(0, 1)], false, false),
        (&[(0, 1), (1, 4)], false, false),
        (&[(0, 1), (0, 2), (0, 3), (1, 4)], false, false),
        (&[(0, 1), (0, 2), (1, 4), (1, 5)], false, false),
        (&[(1, 4), (1, 5)], false, false),
        (&[(0, 1), (0, 4), (1, 4)], false, false),
    ];
    for (signers, terms_hold, end_holds) in table {
        for (provision, holds) in [(terms(), terms_hold), (Provision::End, end_holds)] {
            let found = verdict(&signed_by(&between(provision), signers));
            assert_eq!(found, if holds { Ok(()) } else { Err(Fault::WrongSigners) }, "{signers:?}");
        }
    }
}

#[test]
fn a_signature_counts_for_its_version_and_label_alone() {
    let agreement = between(terms());
    let mut signatures = signed_by(&agreement, &[(0, 1), (0, 2), (1, 4)]).signatures().to_vec();
    for label in [Label::Manifest, Label::Operator] {
        signatures[0].signature = signer([1; 32]).sign(label, &agreement.bytes);
        let at = signatures.iter().position(|one| one.device == signer([1; 32]).device_id()).unwrap();
        signatures.swap(0, at);
        let signed = SignedAgreement::assemble(&agreement, signatures.clone()).unwrap();
        assert_eq!(verdict(&signed), Err(Fault::BadSignature));
    }
}

#[test]
fn what_is_missing_is_counted_and_what_is_there_verified() {
    let all = parties();
    let one = signed_by(&between(terms()), &[(0, 1)]);
    assert_eq!(one.count(&all[0]), Signatures { given: 1, needed: 2 });
    assert_eq!(one.count(&all[1]), Signatures { given: 0, needed: 1 });
    assert_eq!(one.verify_given(all.each_ref()), Ok(()));
    let stranger = signed_by(&between(terms()), &[(0, 9)]);
    assert_eq!(stranger.verify_given(all.each_ref()).unwrap_err().fault, Fault::WrongSigners);
    let twice = one.countersign(all[0].org_id(), &signer([1; 32]));
    assert_eq!(twice.unwrap_err().fault, Fault::NotAscending);
    let nobody = one.countersign(OrgId::parse(&[9; 16]).unwrap(), &signer([9; 32]));
    assert_eq!(nobody.unwrap_err().fault, Fault::WrongSigners);
}

#[test]
fn what_can_not_be_agreed_on_is_not_written() {
    let agreement = between(terms());
    let build = |change: &dyn Fn(&mut AgreementFields, &mut Terms)| {
        let mut fields = agreement.fields().clone();
        let Provision::Terms(mut terms) = terms() else { unreachable!("those are terms") };
        change(&mut fields, &mut terms);
        fields.provision = Provision::Terms(terms);
        Agreement::build(fields).map(drop).map_err(|invalid| invalid.fault)
    };
    assert_eq!(build(&|_, _| {}), Ok(()));
    assert_eq!(build(&|fields, _| fields.recipient = fields.sender), Err(Fault::BadIdentifier));
    assert_eq!(build(&|_, terms| terms.valid_until_ms = terms.valid_from_ms), Err(Fault::BadTime));
    assert_eq!(build(&|_, terms| terms.clauses.clear()), Err(Fault::CountOutOfRange));
    assert_eq!(build(&|_, terms| terms.clauses.push(terms.clauses[0])), Err(Fault::NotAscending));
    let too_long = |_: &mut AgreementFields, terms: &mut Terms| {
        terms.clauses[0].answer_within_minutes = NonZeroU32::new(MAX_ANSWER_MINUTES + 1);
    };
    assert_eq!(build(&too_long), Err(Fault::BadTime));
    let crowd = |_: &mut AgreementFields, terms: &mut Terms| {
        let clause = |minutes| Clause { answer_within_minutes: NonZeroU32::new(minutes), ..terms.clauses[0] };
        terms.clauses = (1..=17).map(clause).collect();
    };
    assert_eq!(build(&crowd), Err(Fault::CountOutOfRange));
}
