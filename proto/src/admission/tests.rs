//! Every combination of what the decision looks at, against a table that is written another way.

use super::*;
use crate::code::Bases;
use crate::ids::AgreementId;
use crate::statement::agreement::{Agreement, AgreementFields, Clause, Provision, SignedAgreement, Terms};
use crate::statement::log::Agreements;
use crate::statement::testing::signer;

const FROM: u64 = 1_000;
const UNTIL: u64 = 2_000;

fn org(number: u8) -> OrgId {
    OrgId::parse(&[number; 16]).unwrap()
}

fn mailbox(number: u8) -> MailboxId {
    MailboxId::parse(&[number; 16]).unwrap()
}

fn minutes(minutes: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(minutes)
}

/// A clause that covers a referral on consent to mailbox 1 of 1 or all, and nothing else.
fn clause(mailbox: Option<MailboxId>, answer: u32) -> Clause {
    Clause {
        mailbox,
        classes: [Class::Referral].into_iter().collect(),
        bases: [LegalBasis::Consent].into_iter().collect(),
        answer_within_minutes: minutes(answer),
    }
}

/// Agreements by which 1 sends to 2, each with its clauses and whether it has ended.
fn agreements(all: &[(&[Clause], bool)]) -> Agreements {
    let mut agreements = Agreements::default();
    for (number, (clauses, ended)) in (1..).zip(all) {
        let terms = Terms { valid_from_ms: FROM, valid_until_ms: UNTIL, clauses: clauses.to_vec() };
        let mut fields = AgreementFields {
            id: AgreementId::parse(&[number; 16]).unwrap(),
            version: 1,
            prev: [0; 32],
            sender: org(1),
            recipient: org(2),
            issued_ms: FROM,
            provision: Provision::Terms(terms),
        };
        let sign = |fields| {
            let agreement = Agreement::build(fields).unwrap();
            SignedAgreement::sign(&agreement, org(1), &signer([1; 32])).unwrap()
        };
        agreements.apply(&sign(fields.clone()));
        if *ended {
            (fields.version, fields.provision) = (2, Provision::End);
            agreements.apply(&sign(fields));
        }
    }
    agreements
}

fn referral(at_ms: u64) -> Sending {
    Sending {
        sender: org(1),
        recipient: org(2),
        mailbox: mailbox(1),
        class: Class::Referral,
        basis: Some(LegalBasis::Consent),
        at_ms,
    }
}

fn decide(sending: &Sending, agreements: &Agreements, policy: Policy) -> Result<Ground, Unagreed> {
    admit(sending, agreements.between(&sending.sender, &sending.recipient), policy)
}

fn policies() -> impl Iterator<Item = Policy> {
    (0..=7).map(|bits| Policy { agreement_required: Classes::from_bits(bits, "bits").unwrap() })
}

/// Times around both ends, each with what an agreement that covers says then.
const TIMES: [(u64, Option<Unagreed>); 5] = [
    (FROM - 1, Some(Unagreed::NotYetValid)),
    (FROM, None),
    (UNTIL - 1, None),
    (UNTIL, Some(Unagreed::Expired)),
    (UNTIL + 1, Some(Unagreed::Expired)),
];

#[test]
fn every_combination_is_decided_as_the_table_says() {
    let covering = [clause(Some(mailbox(1)), 60)];
    let worlds = [
        (agreements(&[]), None),
        (agreements(&[(&covering, false)]), Some(false)),
        (agreements(&[(&covering, true)]), Some(true)),
    ];
    let bases = LegalBasis::ALL.iter().copied().map(Some).chain([None]);
    let mut decided = 0;
    for basis in bases {
        for (class, recipient, place) in triples(Class::ALL, &[1, 2], &[1, 2]) {
            for (agreements, ended) in &worlds {
                for ((at_ms, in_time), policy) in
                    TIMES.into_iter().flat_map(|time| policies().map(move |policy| (time, policy)))
                {
                    let sending = Sending {
                        recipient: org(recipient),
                        mailbox: mailbox(place),
                        class,
                        basis,
                        ..referral(at_ms)
                    };
                    let is_covered =
                        class == Class::Referral && basis == Some(LegalBasis::Consent) && place == 1;
                    let lack = match (ended, is_covered) {
                        (None, _) => Some(Unagreed::Missing),
                        (Some(_), false) => Some(Unagreed::DoesNotCover),
                        (Some(true), true) => Some(Unagreed::Ended),
                        (Some(false), true) => in_time,
                    };
                    let required =
                        class.code() < 4 && policy.agreement_required.bits() >> (class.code() - 1) & 1 == 1;
                    let expected = match (recipient, class, lack) {
                        (1, _, _) => Ok(Ground::WithinOrganisation),
                        (_, Class::FollowUp, _) => Ok(Ground::FollowUp),
                        (_, _, None) => Ok(Ground::Agreement { answer_within_minutes: minutes(60) }),
                        (_, _, Some(lack)) if required => Err(lack),
                        (_, _, Some(_)) => Ok(Ground::Open),
                    };
                    assert_eq!(decide(&sending, agreements, policy), expected, "{sending:?} {policy:?}");
                    decided += 1;
                }
            }
        }
    }
    assert_eq!(decided, 7 * 16 * 3 * 5 * 8);
}

/// Every triple.
fn triples<'a>(
    classes: &'a [Class],
    one: &'a [u8],
    other: &'a [u8],
) -> impl Iterator<Item = (Class, u8, u8)> {
    classes
        .iter()
        .flat_map(move |class| one.iter().flat_map(move |a| other.iter().map(move |b| (*class, *a, *b))))
}

#[test]
fn of_several_agreements_one_in_force_is_enough_and_the_nearest_lack_is_said() {
    let all = Policy { agreement_required: Classes::ALL };
    let (here, elsewhere) = ([clause(Some(mailbox(1)), 0)], [clause(Some(mailbox(2)), 5)]);
    let both = |first, second| agreements(&[first, second]);
    for (first, second) in [((&here, false), (&elsewhere, false)), ((&elsewhere, false), (&here, false))] {
        let found = decide(&referral(FROM), &both((first.0, first.1), (second.0, second.1)), all);
        assert_eq!(found, Ok(Ground::Agreement { answer_within_minutes: None }));
    }
    let ended_and_elsewhere = both((&here, true), (&elsewhere, false));
    assert_eq!(decide(&referral(FROM), &ended_and_elsewhere, all), Err(Unagreed::Ended));
    let elsewhere_and_ended = both((&elsewhere, false), (&here, true));
    assert_eq!(decide(&referral(FROM), &elsewhere_and_ended, all), Err(Unagreed::Ended));
    let ended_and_in_force = both((&here, true), (&here, false));
    assert_eq!(
        decide(&referral(FROM), &ended_and_in_force, all),
        Ok(Ground::Agreement { answer_within_minutes: None })
    );
    assert_eq!(decide(&referral(UNTIL), &ended_and_in_force, all), Err(Unagreed::Expired));
    assert_eq!(decide(&referral(FROM - 1), &ended_and_in_force, all), Err(Unagreed::NotYetValid));
}

#[test]
fn the_shortest_answer_time_of_what_covers_it_counts() {
    let answer =
        |all: &[(&[Clause], bool)]| match decide(&referral(FROM), &agreements(all), Policy::default()) {
            Ok(Ground::Agreement { answer_within_minutes }) => answer_within_minutes.map(NonZeroU32::get),
            other => panic!("{other:?}"),
        };
    let everywhere = |minutes| clause(None, minutes);
    let here = |minutes| clause(Some(mailbox(1)), minutes);
    assert_eq!(answer(&[(&[everywhere(30), here(20)], false)]), Some(20));
    assert_eq!(answer(&[(&[everywhere(10), here(20)], false)]), Some(10));
    assert_eq!(answer(&[(&[everywhere(0), here(20)], false)]), Some(20), "no time is not the shortest");
    assert_eq!(answer(&[(&[here(20)], false), (&[here(15)], false)]), Some(15));
    assert_eq!(answer(&[(&[here(15)], false), (&[here(0)], false)]), Some(15));
    assert_eq!(answer(&[(&[clause(Some(mailbox(2)), 5), here(20)], false)]), Some(20), "of another mailbox");
    assert_eq!(answer(&[(&[here(0)], false)]), None);
}

#[test]
fn a_clause_covers_what_it_names() {
    let clause = Clause {
        mailbox: None,
        classes: Classes::ALL,
        bases: Bases::try_from(0b10_0001).unwrap(),
        answer_within_minutes: None,
    };
    let covers = |class, basis| clause.covers(&mailbox(7), class, basis);
    assert!(covers(Class::ConcernReport, Some(LegalBasis::VitalInterest)));
    assert!(!covers(Class::ConcernReport, Some(LegalBasis::VoluntaryReport)));
    assert!(!covers(Class::FollowUp, Some(LegalBasis::Consent)) && !covers(Class::Referral, None));
}

#[test]
fn each_lack_has_a_reason_of_its_own() {
    use Unagreed::{DoesNotCover, Ended, Expired, Missing, NotYetValid};
    let reasons: Vec<_> = [Missing, DoesNotCover, Ended, Expired, NotYetValid]
        .into_iter()
        .map(|lack| crate::reason::name(lack.reason()))
        .collect();
    assert_eq!(
        reasons,
        [
            "AGREEMENT_MISSING",
            "AGREEMENT_DOES_NOT_COVER",
            "AGREEMENT_ENDED",
            "AGREEMENT_EXPIRED",
            "AGREEMENT_NOT_YET_VALID"
        ]
    );
}
