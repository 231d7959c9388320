//! What is sent on an agreement alone, and who may hand an agreement in.

use samverkan_proto::code::{Class, Classes};
use samverkan_proto::limits::AGREEMENT_OFFER_MS;
use samverkan_proto::statement::agreement::{
    Agreement, AgreementFields, Clause, Provision, SignedAgreement, Terms,
};
use samverkan_proto::statement::header::{Recipient, Wrap};

use super::super::agreement::may_publish_agreement;
use super::*;

fn terms(until_ms: u64) -> Provision {
    let clause = Clause {
        mailbox: None,
        classes: [Class::Referral].into_iter().collect(),
        bases: [LegalBasis::VitalInterest].into_iter().collect(),
        answer_within_minutes: None,
    };
    Provision::Terms(Terms { valid_from_ms: NOW, valid_until_ms: until_ms, clauses: vec![clause] })
}

#[test]
fn a_class_that_needs_an_agreement_is_sent_on_one_in_force_by_the_hubs_clock() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let fields = world.referral(&from, &to);
    let at = |world: &World, now_ms| {
        submit_at(world, &from.device, fields.clone(), now_ms)
            .map(drop)
            .map_err(samverkan_proto::reason::name)
    };
    assert_eq!(at(&world, NOW), Ok(()), "open, before an operator says otherwise");
    world.require([Class::ConcernReport].into_iter().collect());
    assert_eq!(at(&world, NOW), Ok(()), "another class");
    world.require(Classes::ALL);
    assert_eq!(at(&world, NOW), Err("AGREEMENT_MISSING"));
    world.agree(world.agreement(&from, &to, terms(NOW + 10)));
    // What the sender wrote as the time of creation decides nothing.
    assert_eq!(at(&world, NOW - 1), Err("AGREEMENT_NOT_YET_VALID"));
    assert_eq!((at(&world, NOW), at(&world, NOW + 9)), (Ok(()), Ok(())));
    assert_eq!(at(&world, NOW + 10), Err("AGREEMENT_EXPIRED"));
    let other_basis = HeaderFields { basis: Some(LegalBasis::VoluntaryReport), ..fields.clone() };
    assert_eq!(submit(&world, &from, other_basis), Err(ErrorReason::AgreementDoesNotCover));
    world.agree(world.agreement(&from, &to, Provision::End));
    assert_eq!(at(&world, NOW), Err("AGREEMENT_ENDED"));
    world.require(Classes::NONE);
    assert_eq!(at(&world, NOW), Ok(()));
}

#[test]
fn an_agreement_is_of_one_direction_and_a_follow_up_needs_none() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    world.require(Classes::ALL);
    world.agree(world.agreement(&from, &to, terms(NOW + 10)));
    let back = world.referral(&to, &from);
    assert_eq!(submit(&world, &to, back.clone()), Err(ErrorReason::AgreementMissing));
    let follow_up = HeaderFields { class: Class::FollowUp, basis: None, ..back };
    submit(&world, &to, follow_up).unwrap();
}

#[test]
fn every_recipient_is_asked_about_alternates_too() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let third = world.member("third-exempel", OrganisationKind::HealthCare);
    world.require(Classes::ALL);
    world.agree(world.agreement(&from, &to, terms(NOW + 10)));
    let mut fields = world.referral(&from, &to);
    submit(&world, &from, fields.clone()).unwrap();
    let other = world.referral(&from, &third);
    let alternate = Recipient { kind: samverkan_proto::code::RecipientKind::Alternate, ..other.to[0] };
    fields.to.push(alternate);
    fields.wraps.push(Wrap { boxes: 2, ..other.wraps[0] });
    fields.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    assert_eq!(submit(&world, &from, fields), Err(ErrorReason::AgreementMissing));
}

fn publish(
    world: &World,
    by: &Signer,
    signed: &SignedAgreement,
    now_ms: u64,
) -> Result<bool, (&'static str, String)> {
    let permit = may_publish_agreement(&world.registry, &world.caller(by), signed.clone(), now_ms);
    permit.map(|permit| permit.is_some()).map_err(|refusal| {
        (samverkan_proto::reason::name(refusal.reason), refusal.field.unwrap_or_default().into_owned())
    })
}

fn refused<T>(reason: &'static str, field: &str) -> Result<T, (&'static str, String)> {
    Err((reason, field.to_owned()))
}

#[test]
fn an_admin_of_a_party_hands_in_what_follows_and_is_signed_by_both() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let handler = world.add_device(&from, Roles::HANDLER | Roles::READER, true);
    let stranger = world.member("third-exempel", OrganisationKind::HealthCare);
    let signed = world.agreement(&from, &to, terms(NOW + 10));
    assert_eq!(publish(&world, &from.device, &signed, NOW), Ok(true));
    assert_eq!(publish(&world, &to.device, &signed, NOW), Ok(true));
    assert_eq!(publish(&world, &handler, &signed, NOW), refused("ROLE_MISSING", ""));
    assert_eq!(publish(&world, &stranger.device, &signed, NOW), refused("SENDER_MISMATCH", ""));
    let one = SignedAgreement::sign(signed.agreement(), from.org, &from.device).unwrap();
    assert_eq!(publish(&world, &from.device, &one, NOW), refused("AGREEMENT_REFUSED", "wrong_signers"));
    let forged = one.countersign(to.org, &from.device).unwrap();
    assert_eq!(publish(&world, &from.device, &forged, NOW), refused("AGREEMENT_REFUSED", "wrong_signers"));
    let early_end = world.agreement(&from, &to, Provision::End);
    assert_eq!(publish(&world, &to.device, &early_end, NOW), refused("AGREEMENT_REFUSED", "wrong_chain"));

    world.agree(signed.clone());
    assert_eq!(publish(&world, &to.device, &signed, NOW), Ok(false), "again");
    let end = world.agreement(&from, &to, Provision::End);
    let by_one = SignedAgreement::sign(end.agreement(), to.org, &to.device).unwrap();
    assert_eq!(publish(&world, &to.device, &by_one, NOW), Ok(true));
    let unknown = Agreement::build(AgreementFields {
        recipient: OrgId::parse(&[9; 16]).unwrap(),
        ..world.agreement(&from, &to, terms(NOW + 20)).fields().clone()
    });
    let unknown = SignedAgreement::sign(&unknown.unwrap(), from.org, &from.device).unwrap();
    assert_eq!(publish(&world, &from.device, &unknown, NOW), refused("AGREEMENT_REFUSED", "bad_identifier"));
}

#[test]
fn an_offer_lapses_and_what_is_over_is_not_logged() {
    let (world, from, to) = two(OrganisationKind::Police);
    let long = world.agreement(&from, &to, terms(NOW + 2 * AGREEMENT_OFFER_MS));
    let at = |now_ms| publish(&world, &from.device, &long, now_ms);
    assert_eq!((at(NOW - MAX_AHEAD_MS), at(NOW + AGREEMENT_OFFER_MS)), (Ok(true), Ok(true)));
    assert_eq!(at(NOW - MAX_AHEAD_MS - 1), refused("AGREEMENT_REFUSED", "bad_time"));
    assert_eq!(at(NOW + AGREEMENT_OFFER_MS + 1), refused("AGREEMENT_REFUSED", "bad_time"));
    let short = world.agreement(&from, &to, terms(NOW + 10));
    assert_eq!(publish(&world, &from.device, &short, NOW + 9), Ok(true));
    assert_eq!(publish(&world, &from.device, &short, NOW + 10), refused("AGREEMENT_REFUSED", "bad_time"));
}

#[test]
fn terms_are_with_active_organisations_and_an_end_with_any() {
    let (mut world, mut from, mut to) = two(OrganisationKind::Police);
    let first = world.agreement(&from, &to, terms(NOW + 10));
    world.agree(first);
    let next = world.agreement(&from, &to, terms(NOW + 20));
    let end = world.agreement(&from, &to, Provision::End);
    for (state, reason) in [
        (OrganisationState::Pending, refused("RECIPIENT_UNKNOWN", "")),
        (OrganisationState::Suspended, refused("RECIPIENT_SUSPENDED", "")),
        (OrganisationState::Active, Ok(true)),
        (OrganisationState::Removed, refused("AGREEMENT_REFUSED", "bad_identifier")),
    ] {
        world.set_state(&mut to, state);
        assert_eq!(publish(&world, &from.device, &next, NOW), reason);
        let ends = if state == OrganisationState::Removed { reason } else { Ok(true) };
        assert_eq!(publish(&world, &from.device, &end, NOW), ends);
    }
    world.set_state(&mut from, OrganisationState::Pending);
    assert_eq!(publish(&world, &from.device, &end, NOW), refused("ORGANISATION_PENDING", ""));
}
