//! What a store does that has lost the end of the log that it signed.

use samverkan_proto::code::OrganisationState;
use samverkan_proto::statement::log::{LogTree, Record, TreeHead};
use samverkan_proto::statement::operator::Deed;

use super::actions::{key, name};
use super::*;
use crate::registry::Claim;
use crate::registry::testing::TestDevice;
use crate::store::ReturnedLeaf;

/// Everything that stands in a store's log.
async fn leaves(store: &Store) -> Vec<ReturnedLeaf> {
    let entries = store.log_entries(0).await.unwrap();
    let open = |entry: LogEntry| {
        let leaf = Leaf::parse(&entry.leaf).unwrap();
        let record = leaf.open(&entry.record).unwrap();
        ReturnedLeaf { leaf, record, bytes: entry.record }
    };
    entries.into_iter().map(open).collect()
}

fn head(leaves: &[ReturnedLeaf]) -> TreeHead {
    let mut tree = LogTree::new();
    leaves.iter().for_each(|returned| {
        tree.append(&returned.leaf.encode());
    });
    tree.head()
}

impl TestHub {
    /// Takes what another hub of the same keys has in its log.
    async fn fall_in_with(&self, other: &TestHub) {
        let (own, all) = (leaves(&self.store).await.len(), leaves(&other.store).await);
        self.store.fall_behind(head(&all)).await.unwrap();
        self.store.take_back(own as u64, all[own..].to_vec()).await.unwrap();
    }
}

fn cosigned(store: &Store) -> bool {
    store.registry().log().checkpoint().unwrap().cosigned_ms().is_some()
}

#[tokio::test]
async fn a_store_that_is_behind_changes_nothing_but_by_what_is_returned_whatever_happens() {
    // What the hub had before it was restored: an organisation whose second device was taken in after the backup, and that was suspended.
    let (whole, org) = (TestHub::new(), TestOrg::new(0));
    whole.activate(&org).await;
    let backup = leaves(&whole.store).await.len();
    let next = org.with_device(&TestDevice::new(7));
    whole.store.publish_manifest(next.clone()).await.unwrap();
    whole.store.set_state(org.id(), OrganisationState::Suspended).await.unwrap();
    let all = leaves(&whole.store).await;

    // The backup is made of the same leaves.
    let (mut hub, other) = (TestHub::new(), TestOrg::new(1));
    let (code, _) = hub.store.invite(org.invitation()).await.unwrap();
    hub.store.fall_behind(head(&all[..backup])).await.unwrap();
    hub.store.take_back(1, all[1..backup].to_vec()).await.unwrap();
    assert!(!hub.store.registry().log().is_behind() && cosigned(&hub.store));
    assert_eq!(hub.store.registry().log().checkpoint().unwrap().head(), head(&all[..backup]));
    let used = hub.store.enrol(enrolment(&org, code)).await;
    assert!(used.is_err(), "the invitation was used in what came back: {used:?}");

    let (open, _) = hub.store.invite(other.invitation()).await.unwrap();
    hub.store.fall_behind(head(&all)).await.unwrap();
    hub.store.fall_behind(head(&all[..backup])).await.unwrap();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        assert_eq!(hub.store.registry().log().missing(), 2);
        assert!(!cosigned(&hub.store), "it does not say that what it has is the newest");
        assert_eq!(hub.store.enrol(enrolment(&other, open)).await, Err(StoreError::Behind));
        assert_eq!(hub.store.publish_manifest(next.clone()).await, Err(StoreError::Behind));
        hub.reopen(stop).await;
    }
    let elsewhere = hub.store.take_back(backup as u64 + 1, all[backup + 1..].to_vec()).await;
    assert_eq!(elsewhere, Err(StoreError::Stale));
    hub.store.take_back(backup as u64, all[backup..=backup].to_vec()).await.unwrap();
    assert!(hub.store.registry().log().is_behind() && !cosigned(&hub.store));
    hub.reopen(Stop::Killed).await;
    hub.store.take_back(backup as u64 + 1, all[backup + 1..].to_vec()).await.unwrap();

    for stop in [Stop::Clean, Stop::IndexDeleted] {
        let registry = hub.store.registry();
        assert_eq!(registry.log().checkpoint().unwrap().head(), head(&all));
        assert!(!registry.log().is_behind() && cosigned(&hub.store));
        let found = registry.organisation(&org.id()).unwrap();
        assert_eq!((found.state(), found.manifest().serial()), (OrganisationState::Suspended, 2));
        hub.reopen(stop).await;
    }
    hub.store.enrol(enrolment(&other, open)).await.unwrap();
}

#[tokio::test]
async fn a_store_that_went_on_otherwise_keeps_that_in_mind_and_goes_on() {
    let (mut hub, org) = (TestHub::new(), TestOrg::new(0));
    hub.activate(&org).await;
    let other = TreeHead { size: 40, root: [7; 32] };
    hub.store.fall_behind(other).await.unwrap();
    hub.store.diverge(other).await.unwrap();
    hub.store.fall_behind(TreeHead { size: 41, root: [8; 32] }).await.unwrap();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        hub.reopen(stop).await;
        assert_eq!(hub.store.registry().log().claim(), Some(Claim::Diverged(other)));
        assert!(hub.store.stats().unwrap().log_diverged && cosigned(&hub.store));
    }
    hub.store.publish_manifest(org.with_device(&TestDevice::new(7))).await.unwrap();
    assert!(matches!(leaves(&hub.store).await.last().unwrap().record, Record::Manifest(_)));
}

#[tokio::test]
async fn a_store_that_is_filled_up_from_another_log_than_it_was_shown_says_so() {
    let (whole, mut hub, org) = (TestHub::new(), TestHub::new(), TestOrg::new(0));
    whole.activate(&org).await;
    let all = leaves(&whole.store).await;
    let shown = TreeHead { root: [7; 32], ..head(&all) };
    hub.store.fall_behind(shown).await.unwrap();
    hub.store.take_back(1, all[1..].to_vec()).await.unwrap();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        assert_eq!(hub.store.registry().log().claim(), Some(Claim::Diverged(shown)));
        hub.reopen(stop).await;
    }
}

/// The backup is of before an invite was withdrawn, and before a second operator signed what waited.
#[tokio::test]
async fn what_operators_did_after_the_backup_has_its_effect_when_it_comes_back() {
    let (whole, mut hub, org) = (TestHub::new(), TestHub::new(), TestOrg::new(0));
    let invitation = org.invitation();
    let handle = invitation.handle.clone();
    let invite =
        whole.signed(1, Deed::Invite { handle: handle.clone(), invitation: invitation.text().hash() });
    whole.operators().await;
    let waits = whole.signed(1, Deed::Require { two: false, before: whole.last_change() });
    let stays = whole.signed(
        1,
        Deed::AddOperator { name: name("drift-3"), key: *key(3).public_key(), before: whole.last_change() },
    );
    hub.fall_in_with(&whole).await;
    let mut code = [0; 16];
    for each in [&whole, &hub] {
        match each.store.act(invite.clone(), Some(invitation.clone())).await {
            Ok(Acted::Done(Some((made, _)))) => code = made,
            other => panic!("{other:?}"),
        }
        for action in [&waits, &stays] {
            assert_eq!(each.act(action).await, Ok(Acted::Waits(action.clone())));
        }
    }
    let backup = leaves(&whole.store).await.len();
    assert_eq!(head(&leaves(&hub.store).await), head(&leaves(&whole.store).await));
    whole.act(&whole.signed(1, Deed::Withdraw { handle: handle.clone() })).await.unwrap();
    whole.act(&waits.countersign(&key(2), whole.clock.now_ms()).unwrap()).await.unwrap();
    let all = leaves(&whole.store).await;

    hub.store.fall_behind(head(&all)).await.unwrap();
    assert!(hub.store.registry().handle_owner(&handle).is_some());
    hub.store.take_back(backup as u64, all[backup..].to_vec()).await.unwrap();
    for stop in [Stop::Clean, Stop::Killed, Stop::IndexDeleted] {
        assert_eq!(hub.store.registry().handle_owner(&handle), None);
        assert!(hub.store.enrol(enrolment(&org, code)).await.is_err(), "the invite was withdrawn");
        assert_eq!(hub.store.registry().waiting_actions(), [&stays], "the other is done");
        hub.reopen(stop).await;
    }
}
