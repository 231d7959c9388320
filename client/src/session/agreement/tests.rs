//! What an agreement does to a draft, and which files are one.

use std::num::NonZeroU32;

use samverkan_proto::code::{Bases, Class, Classes, LegalBasis, OrganisationState};
use samverkan_proto::statement::agreement::Clause;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::log::Leaf;
use samverkan_proto::statement::operator::Deed;

use super::super::model::Draft;
use super::super::office::{Office, Silent, referral, two_offices};
use super::*;
use crate::directory::testlog::{NOW_MS, TestLog, signer};

const DAY_MS: u64 = 86_400_000;

fn codes(office: &Office, draft: &Draft) -> Vec<Code> {
    office.session.obstacles(draft).iter().map(|obstacle| obstacle.code).collect()
}

/// Referrals are sent on an agreement alone.
fn require(log: &mut TestLog) {
    let operators = log.operators();
    let policy = Policy { agreement_required: [Class::Referral].into_iter().collect() };
    log.act(&operators.each_ref(), Deed::SetPolicy { policy, before: [0; 32] });
}

/// The first version of an agreement about everything, by which `from` sends to `to` for a day.
fn version(from: &Office, to: &Office, minutes: u32) -> Agreement {
    let clause = Clause {
        mailbox: None,
        classes: Classes::ALL,
        bases: Bases::ALL,
        answer_within_minutes: NonZeroU32::new(minutes),
    };
    let terms = Terms { valid_from_ms: NOW_MS, valid_until_ms: NOW_MS + DAY_MS, clauses: vec![clause] };
    Agreement::build(AgreementFields {
        id: AgreementId::parse(&[7; 16]).expect("not zero"),
        version: 1,
        prev: [0; 32],
        sender: from.member.org(),
        recipient: to.member.org(),
        issued_ms: NOW_MS,
        provision: Provision::Terms(terms),
    })
    .expect("an agreement")
}

fn by_sender(from: &Office, agreement: &Agreement) -> SignedAgreement {
    SignedAgreement::sign(agreement, from.member.org(), &from.member.device).expect("a party")
}

#[test]
fn an_agreement_takes_away_what_stands_in_the_way_while_it_is_in_force() {
    let (mut log, mut one, two) = two_offices();
    require(&mut log);
    one.synchronise(&log);
    assert_eq!(codes(&one, &referral()), [Code::AgreementMissing]);
    let duty = Draft { basis: Some(LegalBasis::DutyToReport), ..referral() };
    assert_eq!(codes(&one, &duty), [Code::LegalBasisNotAvailable, Code::AgreementMissing]);
    let open = Draft { basis: None, ..referral() };
    assert_eq!(codes(&one, &open), [Code::BasisMissing], "whether it is covered nobody can say yet");
    let answer = Draft { class: Class::FollowUp, basis: None, ..referral() };
    assert_eq!(codes(&one, &answer), []);
    let agreement = version(&one, &two, 120);
    let both = by_sender(&one, &agreement)
        .countersign(two.member.org(), &two.member.device)
        .expect("the other party");
    log.push(Leaf::of_agreement(&both), both.bytes().clone());
    one.synchronise(&log);
    assert_eq!(codes(&one, &referral()), []);
    one.clock.set(NOW_MS + DAY_MS - 1);
    assert!(!codes(&one, &referral()).contains(&Code::AgreementExpired));
    one.clock.set(NOW_MS + DAY_MS);
    assert!(codes(&one, &referral()).contains(&Code::AgreementExpired));
}

#[test]
fn every_reason_of_a_recipient_is_told_at_once() {
    let (mut log, mut one, mut two) = two_offices();
    log.enter(&mut two.member, OrganisationState::Suspended, "Två", &[], &[]);
    require(&mut log);
    one.synchronise(&log);
    assert_eq!(codes(&one, &referral()), [Code::RecipientSuspended, Code::AgreementMissing]);
    one.clock.set(NOW_MS + 100 * DAY_MS);
    one.session.reached = true;
    let all = [Code::LogStale, Code::RecipientSuspended, Code::AgreementMissing];
    assert_eq!(codes(&one, &referral()), all, "what an old view does not know of keys is no reason");
    log.cosign_again(&mut one.session.directory, NOW_MS + 100 * DAY_MS);
    let all = [Code::RecipientSuspended, Code::AgreementMissing, Code::RecipientHasNoKey];
    assert_eq!(codes(&one, &referral()), all);
}

#[tokio::test]
async fn a_message_asks_for_the_agreed_answer_time_unless_it_says_another() {
    for (said, asked) in [(None, 120), (NonZeroU32::new(30), 30)] {
        let (mut log, mut one, two) = two_offices();
        let agreement = version(&one, &two, 120);
        let both = by_sender(&one, &agreement)
            .countersign(two.member.org(), &two.member.device)
            .expect("the other party");
        log.push(Leaf::of_agreement(&both), both.bytes().clone());
        one.synchronise(&log);
        let draft = Draft { answer_within_minutes: said, ..referral() };
        one.session.send(draft, &mut Silent).await.expect("sealed");
        let header = Header::parse(&one.newest_outgoing().header).expect("a header");
        assert_eq!(header.fields().answer_within_minutes.map(NonZeroU32::get), Some(asked));
    }
}

#[test]
fn a_file_is_an_offer_to_its_parties_alone_and_only_as_it_was_signed() {
    let (_, one, two) = two_offices();
    let agreement = version(&one, &two, 120);
    let offer = |signed: &SignedAgreement| Armour::Agreement.wrap(signed.bytes());
    let code = |office: &Office, text: &str| office.session.offered(text).expect_err("no offer").code();
    let signed = by_sender(&one, &agreement);
    let offered = two.session.offered(&offer(&signed)).expect("an offer");
    assert_eq!(offered.to_text(), offer(&signed));
    assert_eq!(offered.counts.map(|count| (count.given, count.needed)), [(1, 1), (0, 1)]);

    for bad in ["", "x", &offer(&signed)[1..], &Armour::Proposal.wrap(signed.bytes())] {
        assert_eq!(code(&two, bad), Code::AgreementFileInvalid);
    }
    let forged = SignedAgreement::sign(&agreement, one.member.org(), &signer(99)).expect("a party's name");
    assert_eq!(code(&two, &offer(&forged)), Code::AgreementFileInvalid);
    let other = AgreementFields {
        recipient: OrgId::parse(&[9; 16]).expect("not zero"),
        ..agreement.fields().clone()
    };
    let others = by_sender(&one, &Agreement::build(other).expect("an agreement"));
    assert_eq!(code(&two, &offer(&others)), Code::AgreementFileInvalid, "it is between others");
    let late = AgreementFields { version: 2, prev: [1; 32], ..agreement.fields().clone() };
    let late = by_sender(&one, &Agreement::build(late).expect("an agreement"));
    assert_eq!(code(&two, &offer(&late)), Code::AgreementOutdated);
}
