//! What operators sign: done at once, or kept for a second signature whatever stops in between.

use samverkan_proto::code::OrganisationState;
use samverkan_proto::ids::{Handle, OperatorId, sha256};
use samverkan_proto::limits::{DAY_MS, MAX_AHEAD_MS, MAX_WAITING_ACTIONS, SECOND_SIGNATURE_MS};
use samverkan_proto::statement::log::{ActionFault, Record};
use samverkan_proto::statement::operator::{Deed, SignedAction, Statement, Step};

use super::*;
use crate::limits::{COUNTERSIGN_MS, WAITING_PER_OPERATOR};
use crate::registry::RegistryRefusal;

const LATE: StoreError = StoreError::Registry(RegistryRefusal::ActionTime);
const FULL: Result<Acted, StoreError> = Err(StoreError::Registry(RegistryRefusal::TooManyActions));

pub(super) fn key(n: u8) -> Signer {
    Signer::from_seed(&[100 + n; 32]).unwrap()
}

pub(super) fn name(text: &str) -> Handle {
    text.parse().unwrap()
}

fn statement(nonce: u8, deed: Deed) -> Statement {
    Statement { hub: signers().hub_keys.pin(), nonce: [nonce; 16], deed }
}

impl TestHub {
    pub(super) fn signed(&self, n: u8, deed: Deed) -> SignedAction {
        SignedAction::sign(&statement(n, deed), &key(n), self.clock.now_ms())
    }

    pub(super) fn last_change(&self) -> [u8; 32] {
        *self.store.registry().operators().last_change()
    }

    pub(super) async fn act(&self, action: &SignedAction) -> Result<Acted, StoreError> {
        self.store.act(action.clone(), None).await
    }

    /// Two operators, both of whom must sign what is grave.
    pub(super) async fn operators(&self) {
        self.operators_of(2).await;
    }

    /// So many operators, two of whom must sign what is grave.
    async fn operators_of(&self, count: u8) {
        for n in 1..=count {
            let (name, key) = (name(&format!("drift-{n}")), *key(n).public_key());
            let deed = Deed::AddOperator { name, key, before: self.last_change() };
            assert_eq!(self.act(&self.signed(1, deed)).await, Ok(Acted::Done(None)));
        }
        let rule = Deed::Require { two: true, before: self.last_change() };
        assert_eq!(self.act(&self.signed(1, rule)).await, Ok(Acted::Done(None)));
    }

    /// The addition of an operator: the number tells one from another.
    fn addition(&self, n: usize) -> Deed {
        let key = *Signer::from_seed(&sha256(&n.to_be_bytes())).unwrap().public_key();
        Deed::AddOperator { name: name(&format!("ny-{n}")), key, before: self.last_change() }
    }

    fn suspension(&self, org: &TestOrg) -> Deed {
        let registry = self.store.registry();
        let entry = registry.organisation(&org.id()).unwrap().entry();
        let (handle, before) = (entry.fields().handle.clone(), sha256(entry.bytes()));
        Deed::Move { step: Step::Suspend, org: org.id(), handle, before }
    }

    fn state(&self, org: &TestOrg) -> OrganisationState {
        self.store.registry().organisation(&org.id()).unwrap().state()
    }
}

#[tokio::test]
async fn an_action_waits_for_its_second_signature_whatever_stops_in_between() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    hub.operators().await;
    let action = hub.signed(1, hub.suspension(&org));
    let leaves = verified_log(&hub.store).await.len();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        assert_eq!(hub.act(&action).await, Ok(Acted::Waits(action.clone())));
        hub.reopen(stop).await;
        assert_eq!(hub.store.registry().waiting_actions(), [&action]);
        assert_eq!(hub.state(&org), OrganisationState::Active);
    }
    assert_eq!(verified_log(&hub.store).await.len(), leaves, "nothing of it is in the log");
    // Somebody else who wants the same is told what waits.
    let same = hub.signed(2, hub.suspension(&org));
    assert_eq!(hub.act(&same).await, Ok(Acted::Waits(action.clone())));
    hub.advance(SECOND_SIGNATURE_MS);
    let both = action.countersign(&key(2), hub.clock.now_ms()).unwrap();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        assert_eq!(hub.act(&both).await, Ok(Acted::Done(None)));
        assert_eq!(hub.state(&org), OrganisationState::Suspended);
        assert!(hub.store.registry().waiting_actions().is_empty());
        let log = verified_log(&hub.store).await;
        assert_eq!(log.len(), leaves + 2, "the action, and the entry");
        let leaf = Leaf::parse(&log[leaves].leaf).unwrap();
        assert!(matches!(leaf.open(&log[leaves].record), Ok(Record::Action(logged)) if logged == both));
        hub.reopen(stop).await;
    }
}

#[tokio::test]
async fn what_has_waited_in_vain_is_shown_for_a_week_and_makes_room() {
    let (hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    hub.operators().await;
    let action = hub.signed(1, hub.suspension(&org));
    hub.act(&action).await.unwrap();
    let both = action.countersign(&key(2), action.first_ms() + SECOND_SIGNATURE_MS).unwrap();
    hub.advance(SECOND_SIGNATURE_MS + 1);
    assert_eq!(hub.act(&both).await, Err(LATE));
    assert_eq!(hub.act(&action).await, Err(LATE));
    assert_eq!(hub.state(&org), OrganisationState::Active);
    // As many of one operator as may wait, and no more; one that has waited in vain makes room for another.
    for n in 1..=WAITING_PER_OPERATOR {
        assert!(matches!(hub.act(&hub.signed(1, hub.addition(n))).await, Ok(Acted::Waits(_))), "{n}");
    }
    assert!(!hub.store.registry().waiting_actions().contains(&&action));
    assert_eq!(hub.act(&hub.signed(1, hub.addition(0))).await, FULL);
    hub.advance(SECOND_SIGNATURE_MS + 7 * DAY_MS + 1);
    while hub.store.step().await.unwrap() <= hub.clock.now_ms() {}
    assert!(hub.store.registry().waiting_actions().is_empty());
}

#[tokio::test]
async fn one_operator_does_not_take_the_places_of_all_and_all_have_so_many() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let everybody = MAX_WAITING_ACTIONS / WAITING_PER_OPERATOR + 1;
    hub.operators_of(u8::try_from(everybody).unwrap()).await;
    let by = |operator: usize, n: usize| {
        let operator = u8::try_from(operator).unwrap();
        SignedAction::sign(&statement(1, hub.addition(n)), &key(operator), hub.clock.now_ms())
    };
    for n in 1..=WAITING_PER_OPERATOR {
        assert!(matches!(hub.act(&by(1, n)).await, Ok(Acted::Waits(_))), "{n}");
    }
    assert_eq!(hub.act(&by(1, 0)).await, FULL);
    // Whoever would be kept from cutting that one off is not.
    for operator in 2..everybody {
        for n in 1..=WAITING_PER_OPERATOR {
            let action = by(operator, operator * 100 + n);
            assert!(matches!(hub.act(&action).await, Ok(Acted::Waits(_))), "{operator} {n}");
        }
    }
    assert_eq!(hub.store.registry().waiting_actions().len(), MAX_WAITING_ACTIONS);
    let last = by(everybody, 0);
    assert_eq!(hub.act(&last).await, FULL, "the bound for all");
    hub.reopen(Stop::IndexDeleted).await;
    assert_eq!(hub.act(&last).await, FULL);
}

#[tokio::test]
async fn nobody_keeps_others_from_a_deed_by_having_signed_it_first() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    hub.operators_of(4).await;
    let by = |hub: &TestHub, n: u8, ahead_ms: u64| {
        let (statement, now_ms) = (statement(n, hub.suspension(&org)), hub.clock.now_ms());
        SignedAction::sign(&statement, &key(n), now_ms + ahead_ms)
    };
    // It is dated so that nobody else could sign it yet.
    let dated_ahead = by(&hub, 1, MAX_AHEAD_MS);
    assert_eq!(hub.act(&dated_ahead).await, Ok(Acted::Waits(dated_ahead.clone())));
    let other = by(&hub, 2, 0);
    assert_eq!(hub.act(&other).await, Ok(Acted::Waits(other.clone())));
    // It is about to lapse.
    hub.advance(SECOND_SIGNATURE_MS + MAX_AHEAD_MS - COUNTERSIGN_MS + 1);
    let late = by(&hub, 3, 0);
    assert_eq!(hub.act(&late).await, Ok(Acted::Waits(late.clone())));
    assert_eq!(hub.act(&by(&hub, 4, 0)).await, Ok(Acted::Waits(late.clone())));
    // Whoever signed it is an operator no more: it waits no more.
    let removal = Deed::RemoveOperator {
        name: name("drift-3"),
        operator: OperatorId::of_key(key(3).public_key().as_bytes()),
        before: hub.last_change(),
    };
    let removal = SignedAction::sign(&statement(9, removal), &key(1), hub.clock.now_ms());
    hub.act(&removal).await.unwrap();
    let removal = removal.countersign(&key(2), hub.clock.now_ms()).unwrap();
    assert_eq!(hub.act(&removal).await, Ok(Acted::Done(None)));
    for stop in [Stop::Clean, Stop::IndexDeleted] {
        assert!(!hub.store.registry().waiting_actions().contains(&&late));
        hub.reopen(stop).await;
    }
    let last = by(&hub, 4, 0);
    assert_eq!(hub.act(&last).await, Ok(Acted::Waits(last.clone())));
    let both = last.countersign(&key(1), hub.clock.now_ms()).unwrap();
    assert_eq!(hub.act(&both).await, Ok(Acted::Done(None)));
    assert_eq!(hub.state(&org), OrganisationState::Suspended);
}

#[tokio::test]
async fn with_operators_nothing_is_done_unsigned_or_by_a_stranger() {
    let (hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    hub.operators().await;
    let unsigned = StoreError::Registry(RegistryRefusal::SignatureRequired);
    let suspended = hub.store.set_state(org.id(), OrganisationState::Suspended).await;
    assert_eq!(suspended.map(drop), Err(unsigned.clone()));
    assert_eq!(hub.store.invite(TestOrg::new(1).invitation()).await.map(drop), Err(unsigned.clone()));
    assert_eq!(hub.store.withdraw_invite(name("exempel-1")).await, Err(unsigned));
    let strange = hub.act(&hub.signed(9, hub.suspension(&org))).await;
    assert!(matches!(
        strange,
        Err(StoreError::Registry(RegistryRefusal::ActionRefused(ActionFault::Signature(_))))
    ));
    let invitation = TestOrg::new(1).invitation();
    let deed = Deed::Invite { handle: invitation.handle.clone(), invitation: [0; 32] };
    let other = hub.store.act(hub.signed(1, deed), Some(invitation.clone())).await;
    assert_eq!(other, Err(StoreError::Registry(RegistryRefusal::InvitationDiffers)));
    let hash = invitation.text().hash();
    let deed = Deed::Invite { handle: invitation.handle.clone(), invitation: hash };
    let invited = hub.store.act(hub.signed(1, deed), Some(invitation)).await;
    assert!(matches!(invited, Ok(Acted::Done(Some(_)))), "{invited:?}");
}
