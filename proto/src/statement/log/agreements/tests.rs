//! Which version may follow which.

use super::*;
use crate::code::{Bases, Classes};
use crate::statement::agreement::{Agreement, AgreementFields, Clause};
use crate::statement::testing::{manifest_of, signer};

const NOW: u64 = 1_790_000_000_000;

fn parties() -> [Manifest; 2] {
    [manifest_of(100, &[1], 1), manifest_of(101, &[2], 1)]
}

fn terms(minute: u32) -> Provision {
    let clause = Clause {
        mailbox: None,
        classes: Classes::ALL,
        bases: Bases::ALL,
        answer_within_minutes: std::num::NonZeroU32::new(minute),
    };
    Provision::Terms(Terms { valid_from_ms: NOW, valid_until_ms: NOW + 1, clauses: vec![clause] })
}

fn id(number: u8) -> AgreementId {
    AgreementId::parse(&[number; 16]).unwrap()
}

fn fields(number: u8, before: Option<&SignedAgreement>, provision: Provision) -> AgreementFields {
    let [sender, recipient] = parties().map(|party| party.org_id());
    AgreementFields {
        id: id(number),
        version: before.map_or(1, |before| before.fields().version + 1),
        prev: before.map_or([0; 32], |before| before.agreement().hash()),
        sender,
        recipient,
        issued_ms: NOW,
        provision,
    }
}

fn signed(fields: AgreementFields) -> SignedAgreement {
    let agreement = Agreement::build(fields).unwrap();
    let [first, second] = agreement.fields().parties();
    let key = |org| if org == parties()[0].org_id() { 1 } else { 2 };
    let one = SignedAgreement::sign(&agreement, first, &signer([key(first); 32])).unwrap();
    one.countersign(second, &signer([key(second); 32])).unwrap()
}

fn judge(agreements: &Agreements, signed: &SignedAgreement) -> Result<(), AgreementFault> {
    let parties = parties();
    agreements.judge(signed, parties.each_ref(), Check::Everything)
}

#[test]
fn versions_follow_each_other_and_the_newest_counts() {
    let mut agreements = Agreements::default();
    let [sender, recipient] = parties().map(|party| party.org_id());
    let first = signed(fields(1, None, terms(10)));
    assert_eq!(judge(&agreements, &first), Ok(()));
    agreements.apply(&first);
    assert_eq!(judge(&agreements, &first), Err(AgreementFault::OutOfOrder), "the same again");
    let second = signed(fields(1, Some(&first), terms(20)));
    assert_eq!(judge(&agreements, &second), Ok(()));
    agreements.apply(&second);
    let end = signed(fields(1, Some(&second), Provision::End));
    assert_eq!(judge(&agreements, &end), Ok(()));
    agreements.apply(&end);
    let standing = agreements.get(&id(1)).unwrap();
    assert!(standing.is_ended());
    assert_eq!((standing.newest(), Provision::Terms(standing.terms().clone())), (&end, terms(20)));
    let again = signed(fields(1, Some(&end), Provision::End));
    assert_eq!(judge(&agreements, &again), Err(AgreementFault::NotInForce));
    let anew = signed(fields(1, Some(&end), terms(30)));
    assert_eq!(judge(&agreements, &anew), Ok(()), "what ended can be agreed on again");
    agreements.apply(&anew);
    assert!(!agreements.get(&id(1)).unwrap().is_ended());
    assert_eq!((agreements.between(&sender, &recipient).count(), agreements.iter().count()), (1, 1));
    assert_eq!(agreements.between(&recipient, &sender).count(), 0);
}

#[test]
fn what_does_not_follow_is_refused() {
    let mut agreements = Agreements::default();
    let first = signed(fields(1, None, terms(10)));
    let late = signed(fields(1, Some(&first), terms(10)));
    assert_eq!(judge(&agreements, &late), Err(AgreementFault::OutOfOrder), "no first version");
    let with_prev = signed(AgreementFields { prev: [1; 32], ..fields(1, None, terms(10)) });
    assert_eq!(judge(&agreements, &with_prev), Err(AgreementFault::OutOfOrder));
    let version_zero = signed(AgreementFields { version: 0, ..fields(1, None, terms(10)) });
    assert_eq!(judge(&agreements, &version_zero), Err(AgreementFault::OutOfOrder));
    let end_first = signed(fields(1, None, Provision::End));
    assert_eq!(judge(&agreements, &end_first), Err(AgreementFault::NotInForce));
    agreements.apply(&end_first);
    assert!(agreements.get(&id(1)).is_none(), "nothing began");

    agreements.apply(&first);
    let skipped = signed(AgreementFields { version: 3, ..fields(1, Some(&first), terms(10)) });
    assert_eq!(judge(&agreements, &skipped), Err(AgreementFault::OutOfOrder));
    let other_prev = signed(AgreementFields { prev: [1; 32], ..fields(1, Some(&first), terms(10)) });
    assert_eq!(judge(&agreements, &other_prev), Err(AgreementFault::OutOfOrder));
    let [sender, recipient] = parties().map(|party| party.org_id());
    let turned =
        AgreementFields { sender: recipient, recipient: sender, ..fields(1, Some(&first), terms(10)) };
    assert_eq!(judge(&agreements, &signed(turned)), Err(AgreementFault::PartiesChanged));
}

#[test]
fn signatures_are_verified_once() {
    let agreements = Agreements::default();
    let agreement = Agreement::build(fields(1, None, terms(10))).unwrap();
    let [sender, _] = agreement.fields().parties();
    let one_sided = SignedAgreement::sign(&agreement, sender, &signer([1; 32])).unwrap();
    assert!(matches!(judge(&agreements, &one_sided), Err(AgreementFault::Signature(_))));
    let parties = parties();
    assert_eq!(agreements.judge(&one_sided, parties.each_ref(), Check::VerifiedBefore), Ok(()));
}

#[test]
fn a_fault_is_called_as_the_protocol_calls_it() {
    use AgreementFault::{NotInForce, OutOfOrder, Parties, PartiesChanged, Signature, TooMany};
    let forged = Signature(Fault::BadSignature.in_field("agreement.signature"));
    let names = [Parties, forged, OutOfOrder, NotInForce, PartiesChanged, TooMany].map(AgreementFault::name);
    let expected = [
        "bad_identifier",
        "bad_signature",
        "wrong_chain",
        "wrong_chain",
        "immutable_changed",
        "count_out_of_range",
    ];
    assert_eq!(names, expected);
}

#[test]
fn two_organisations_have_a_bounded_number_and_each_goes_on() {
    let mut agreements = Agreements::default();
    let all: Vec<_> = (1..=64).map(|number| signed(fields(number, None, terms(10)))).collect();
    for one in &all {
        assert_eq!(judge(&agreements, one), Ok(()));
        agreements.apply(one);
    }
    assert_eq!(judge(&agreements, &signed(fields(65, None, terms(10)))), Err(AgreementFault::TooMany));
    let next = signed(fields(64, Some(&all[63]), terms(20)));
    assert_eq!(judge(&agreements, &next), Ok(()));
}
