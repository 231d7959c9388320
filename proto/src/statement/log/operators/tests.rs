//! The decision by itself, and the same in a log that somebody reads.

use super::*;
use crate::fault::Fault;
use crate::ids::sha256;
use crate::limits::DAY_MS;
use crate::sign::Signer;
use crate::statement::epoch_key::Epoch;
use crate::statement::log::{HubKeys, Leaf, LogFault, LogFold, OrganisationFields};
use crate::statement::manifest::{Device, Mailbox, Manifest, ManifestFields, SignedManifest};
use crate::statement::operator::Statement;
use crate::statement::testing::signer;
use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::select;

const NOW: u64 = 1_790_000_000_000;

fn hub_keys() -> HubKeys {
    HubKeys {
        ca_certificate: Bytes::from_static(b"certificate"),
        log_key: *signer([50; 32]).public_key(),
        receipt_key: *signer([51; 32]).public_key(),
    }
}

fn pin() -> [u8; 32] {
    hub_keys().pin()
}

/// The `n`-th operator.
fn key(n: u8) -> Signer {
    signer([n; 32])
}

fn name(n: u8) -> Handle {
    format!("drift-{n}").parse().unwrap()
}

/// A log in the making, with one organisation, and the operators' signatures.
struct World {
    fold: LogFold,
    nonce: u8,
}

fn organisation() -> SignedManifest {
    let (root, device) = (key(100), key(101));
    let device =
        Device::new(*device.public_key(), id_of([7; 32]), crate::code::Roles::ALL, NOW, NOW + DAY_MS);
    let mailbox = Mailbox {
        id: crate::ids::MailboxId::parse(&[1; 16]).unwrap(),
        name: "mottagning".parse().unwrap(),
        readers: vec![device.id()],
    };
    let manifest = Manifest::build(ManifestFields {
        serial: 1,
        prev: [0; 32],
        issued_ms: NOW,
        not_after_ms: NOW + DAY_MS,
        root_pk: *root.public_key(),
        handle: "jouren-exempel".parse().unwrap(),
        organisation_number: "8024000005".parse().unwrap(),
        threshold: 1,
        devices: vec![device],
        mailboxes: vec![mailbox],
        revocations: Vec::new(),
    })
    .unwrap();
    SignedManifest::sign_as_root(&manifest, &root).unwrap()
}

fn id_of(key: [u8; 32]) -> crate::ids::TlsKeyHash {
    crate::ids::TlsKeyHash::of_spki(&key)
}

fn entry(revision: u32, state: OrganisationState, since_ms: u64) -> OrganisationEntry {
    let signed = organisation();
    let fields = signed.manifest().fields();
    OrganisationEntry::build(OrganisationFields {
        org_id: signed.manifest().org_id(),
        revision,
        state,
        kind: crate::code::OrganisationKind::Volunteer,
        since_ms,
        handle: fields.handle.clone(),
        organisation_number: fields.organisation_number.clone(),
        name: "Brottsofferjouren Exempel".parse().unwrap(),
        municipalities: Vec::new(),
        services: Vec::new(),
    })
    .unwrap()
}

impl World {
    /// A hub whose organisation has joined; `operators` of them, and whether two must sign.
    fn new(operators: u8, two: bool) -> Self {
        let mut world = Self { fold: LogFold::new(pin()), nonce: 0 };
        let keys = hub_keys();
        world.append(Leaf::of_hub_keys(&keys).unwrap(), &keys.encode().unwrap().into()).unwrap();
        let signed = organisation();
        world.append(Leaf::of_manifest(&signed), signed.bytes()).unwrap();
        world.enter(&entry(1, OrganisationState::Pending, NOW)).unwrap();
        for n in 1..=operators {
            let deed = world.addition(n);
            world.log(&world.sign(&[1], deed, NOW)).unwrap();
        }
        if two {
            let deed = world.require(true);
            world.log(&world.sign(&[1], deed, NOW)).unwrap();
        }
        world
    }

    fn append(&mut self, leaf: Leaf, record: &Bytes) -> Result<(), LogFault> {
        self.fold.append(&leaf.encode(), record, Epoch::new(0), Check::Everything)
    }

    fn enter(&mut self, entry: &OrganisationEntry) -> Result<(), LogFault> {
        self.append(Leaf::of_organisation(entry), entry.bytes())
    }

    fn log(&mut self, action: &SignedAction) -> Result<(), LogFault> {
        self.nonce += 1;
        self.append(Leaf::of_action(action), action.bytes())
    }

    fn sign(&self, who: &[u8], deed: Deed, at_ms: u64) -> SignedAction {
        let statement = Statement { hub: pin(), nonce: [self.nonce; 16], deed };
        let first = SignedAction::sign(&statement, &key(who[0]), at_ms);
        who[1..].iter().fold(first, |action, n| action.countersign(&key(*n), at_ms).unwrap())
    }

    fn addition(&self, n: u8) -> Deed {
        let before = *self.fold.operators().last_change();
        Deed::AddOperator { name: name(n), key: *key(n).public_key(), before }
    }

    fn removal(&self, n: u8) -> Deed {
        let operator = OperatorId::of_key(key(n).public_key().as_bytes());
        Deed::RemoveOperator { name: name(n), operator, before: *self.fold.operators().last_change() }
    }

    fn require(&self, two: bool) -> Deed {
        Deed::Require { two, before: *self.fold.operators().last_change() }
    }

    fn newest(&self) -> &OrganisationEntry {
        self.fold.organisation(&organisation().manifest().org_id()).unwrap().entry().unwrap()
    }

    fn step(&self, step: Step) -> Deed {
        let newest = self.newest();
        let (org, handle) = (newest.fields().org_id, newest.fields().handle.clone());
        Deed::Move { step, org, handle, before: sha256(newest.bytes()) }
    }

    /// Lets the organisation move as the hub does: the action, and the entry that it leads to.
    fn do_step(&mut self, who: &[u8], step: Step, to: OrganisationState) -> Result<(), LogFault> {
        let deed = self.step(step);
        self.log(&self.sign(who, deed, NOW))?;
        let revision = self.newest().fields().revision + 1;
        self.enter(&entry(revision, to, NOW))
    }
}

fn fault(result: Result<(), LogFault>) -> ActionFault {
    match result {
        Err(LogFault::Action(fault)) => fault,
        other => panic!("not an action's fault: {other:?}"),
    }
}

#[test]
fn a_hub_without_operators_moves_organisations_by_its_own_word() {
    let mut world = World::new(0, false);
    world.enter(&entry(2, OrganisationState::Active, NOW)).unwrap();
    let deed = world.step(Step::Suspend);
    assert_eq!(fault(world.log(&world.sign(&[1], deed, NOW))), ActionFault::Signature(bad_signers()));
}

fn bad_signers() -> InvalidField {
    Fault::WrongSigners.in_field("action.operator")
}

#[test]
fn the_first_operator_takes_itself_in_and_the_others_are_taken_in() {
    let world = World::new(2, false);
    assert_eq!(world.fold.operators().iter().count(), 2);
    assert_eq!(world.fold.actions()[1].names, [name(1)]);
    let mut world = World::new(0, false);
    let other = world.addition(2);
    assert_eq!(fault(world.log(&world.sign(&[1], other, NOW))), ActionFault::Signature(bad_signers()));
    let mut world = World::new(1, false);
    let alone = world.addition(2);
    assert_eq!(fault(world.log(&world.sign(&[2], alone, NOW))), ActionFault::Signature(bad_signers()));
}

#[test]
fn with_operators_nothing_moves_without_a_signature() {
    let mut world = World::new(1, false);
    assert_eq!(fault(world.enter(&entry(2, OrganisationState::Active, NOW))), ActionFault::NotDone);
    let mut world = World::new(1, false);
    world.do_step(&[1], Step::Confirm, OrganisationState::Active).unwrap();
    world.do_step(&[1], Step::Suspend, OrganisationState::Suspended).unwrap();
    world.do_step(&[1], Step::Resume, OrganisationState::Active).unwrap();
    world.do_step(&[1], Step::Remove, OrganisationState::Removed).unwrap();
    assert_eq!(world.fold.actions().len(), 5);
    let mut world = World::new(1, false);
    world.do_step(&[1], Step::Suspend, OrganisationState::Suspended).unwrap();
    let lie = world.do_step(&[1], Step::Resume, OrganisationState::Active);
    assert_eq!(fault(lie), ActionFault::NotDone, "it was never confirmed");
}

#[test]
fn what_was_signed_is_done_at_once_and_as_it_was_signed() {
    let suspended = |world: &mut World| {
        let deed = world.step(Step::Suspend);
        world.log(&world.sign(&[1], deed, NOW)).unwrap();
    };
    let mut world = World::new(1, false);
    suspended(&mut world);
    let deed = world.addition(2);
    assert_eq!(fault(world.log(&world.sign(&[1], deed, NOW))), ActionFault::NotDone);
    let late = entry(2, OrganisationState::Suspended, NOW + MAX_AHEAD_MS + 1);
    let mut world = World::new(1, false);
    suspended(&mut world);
    assert_eq!(fault(world.enter(&late)), ActionFault::NotDone, "it was held back");
    let renamed = OrganisationFields {
        name: "Annan Exempel".parse().unwrap(),
        ..entry(2, OrganisationState::Suspended, NOW).fields().clone()
    };
    let mut world = World::new(1, false);
    suspended(&mut world);
    let renamed = OrganisationEntry::build(renamed).unwrap();
    assert_eq!(fault(world.enter(&renamed)), ActionFault::NotDone);
}

#[test]
fn a_statement_serves_once_and_for_the_state_it_was_signed_in() {
    let mut world = World::new(1, false);
    let deed = world.step(Step::Suspend);
    let old = world.sign(&[1], deed, NOW);
    world.do_step(&[1], Step::Confirm, OrganisationState::Active).unwrap();
    assert_eq!(fault(world.log(&old)), ActionFault::OutOfDate);
    let mut world = World::new(2, false);
    let deed = Deed::Withdraw { handle: name(9) };
    let action = world.sign(&[1], deed, NOW);
    world.log(&action).unwrap();
    assert_eq!(fault(world.log(&action)), ActionFault::Repeated);
    let mut world = World::new(2, false);
    let removed = world.removal(2);
    let action = world.sign(&[1], removed, NOW);
    world.log(&action).unwrap();
    let again = world.addition(2);
    world.log(&world.sign(&[1], again, NOW)).unwrap();
    assert_eq!(fault(world.log(&action)), ActionFault::Repeated);
}

#[test]
fn where_two_must_sign_one_is_not_enough_for_what_cuts_off() {
    let mut world = World::new(2, true);
    world.do_step(&[1], Step::Confirm, OrganisationState::Active).unwrap();
    let deed = world.step(Step::Suspend);
    assert_eq!(fault(world.log(&world.sign(&[1], deed, NOW))), ActionFault::Signatures);
    let mut world = World::new(2, true);
    world.do_step(&[2, 1], Step::Suspend, OrganisationState::Suspended).unwrap();
    assert_eq!(world.fold.actions()[3].names, [name(2), name(1)]);
    let mut world = World::new(3, true);
    let deed = world.step(Step::Confirm);
    assert_eq!(fault(world.log(&world.sign(&[1, 2], deed, NOW))), ActionFault::Signatures, "one too many");
    let mut world = World::new(2, true);
    let fewer = world.removal(2);
    assert_eq!(fault(world.log(&world.sign(&[1, 2], fewer, NOW))), ActionFault::NotPossible);
    let mut world = World::new(1, false);
    let none = world.removal(1);
    assert_eq!(fault(world.log(&world.sign(&[1], none, NOW))), ActionFault::NotPossible);
    let mut world = World::new(2, true);
    let off = world.require(false);
    assert_eq!(fault(world.log(&world.sign(&[1], off.clone(), NOW))), ActionFault::Signatures);
    let mut world = World::new(2, true);
    world.log(&world.sign(&[1, 2], off, NOW)).unwrap();
    assert!(!world.fold.operators().two_must_sign());
}

#[test]
fn a_key_that_was_taken_out_signs_nothing_more() {
    let mut world = World::new(2, false);
    let out = world.removal(2);
    world.log(&world.sign(&[1], out, NOW)).unwrap();
    let deed = world.step(Step::Suspend);
    assert_eq!(fault(world.log(&world.sign(&[2], deed, NOW))), ActionFault::Signature(bad_signers()));
}

proptest! {
    /// Whoever signs and however many: a grave deed is done exactly if two operators signed it where two must, or one where one is enough.
    #[test]
    fn only_the_right_number_of_operators_acts(
        operators in 2..5u8,
        two in any::<bool>(),
        who in proptest::sample::subsequence(vec![1u8, 2, 3, 4, 5, 6], 1..=2).prop_shuffle(),
        step in select(&[Step::Confirm, Step::Suspend, Step::Resume, Step::Remove][..]),
    ) {
        let mut world = World::new(operators, two);
        if step == Step::Resume {
            world.do_step(if two { &[1, 2] } else { &[1] }, Step::Suspend, OrganisationState::Suspended).unwrap();
        }
        let action = world.sign(&who, world.step(step), NOW);
        let subject = Subject { entry: world.newest(), resumes_to: OrganisationState::Pending };
        let verdict = world.fold.operators().judge(&pin(), &action, Some(subject), Check::Everything);
        let needed = if two && step != Step::Confirm { 2 } else { 1 };
        let known = who.iter().all(|n| *n <= operators);
        match verdict {
            Ok(Verdict::Done(_)) => prop_assert!(known && who.len() == needed),
            Ok(Verdict::Waits) => prop_assert!(known && who.len() < needed),
            Err(ActionFault::Signature(_)) => prop_assert!(!known),
            Err(fault) => prop_assert!(known && fault == ActionFault::Signatures && who.len() > needed),
        }
        let elsewhere = world.fold.operators().judge(&[0; 32], &action, Some(subject), Check::Everything);
        prop_assert_eq!(elsewhere, Err(ActionFault::Signature(Fault::BadIdentifier.in_field("action.hub"))));
    }
}
