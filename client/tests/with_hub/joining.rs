//! From an invitation to an organisation that others can find.

use samverkan_client::directory::find::Query;
use samverkan_client::error::Code;
use samverkan_client::recovery::RecoveryKit;
use samverkan_client::session::model::{Compared, Comparison, Trust};
use samverkan_client::session::{Session, public_directory};
use samverkan_proto::ids::OrgId;
use samverkan_proto::statement::invite::{Invite, InviteCode};

use crate::hub::TestHub;
use crate::member::{Member, Silent, VOLUNTEER, join_with, passphrase, profile_in};

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_organisation_joins_and_is_found_when_it_is_confirmed() {
    let hub = TestHub::start().await;
    let folder = tempfile::tempdir().expect("tempdir");
    let joined = join_with(folder.path(), hub.invite("boj-exempel", VOLUNTEER).await, &hub.clock)
        .await
        .expect("joined");
    assert_eq!(joined.mailbox.to_string(), "boj-exempel/mottagning");
    assert!(joined.test_hub);
    assert_eq!(hub.organisation("boj-exempel").await.safety_number, joined.safety_number.to_string());

    let profile = profile_in(folder.path());
    let mut session = Session::open(profile.clone(), &passphrase(), hub.clock.clone()).expect("opened");
    assert!(session.directory().find(&Query::default()).is_empty(), "nobody finds a pending organisation");
    hub.confirm("boj-exempel", &joined.safety_number.to_string()).await;
    session.refresh(&mut Silent).await.expect("refreshed");
    let found = session.directory().find(&Query::default());
    assert_eq!(found.first().map(|found| found.mailboxes.as_slice()), Some(&[joined.mailbox][..]));
    let (facts, public) = public_directory(&profile, &hub.clock).expect("readable without a passphrase");
    assert_eq!((facts.address.to_string().as_str(), public.find(&Query::default())), (hub.address(), found));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recovery_kit_is_written_twice_and_is_the_organisations_root() {
    let hub = TestHub::start().await;
    let member = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    for name in ["kit-1.txt", "kit-2.txt"] {
        let kit = RecoveryKit::read(&member.folder.path().join(name)).expect("a kit");
        assert_eq!(kit.org_id(), member.session.org());
        assert_eq!(kit.handle(), &member.session.membership().handle);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_works_once_and_a_member_does_not_join_again() {
    let hub = TestHub::start().await;
    let (one, two) = (tempfile::tempdir().expect("tempdir"), tempfile::tempdir().expect("tempdir"));
    let invite = hub.invite("boj-exempel", VOLUNTEER).await;
    join_with(one.path(), invite.clone(), &hub.clock).await.expect("joined");
    let again = join_with(one.path(), invite.clone(), &hub.clock).await.expect_err("a member already");
    assert_eq!(again.code(), Code::AlreadyJoined);
    let other = join_with(two.path(), invite, &hub.clock).await.expect_err("used");
    assert_eq!(other.code(), Code::InviteInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_was_stopped_goes_on_with_the_same_keys() {
    let hub = TestHub::start().await;
    let folder = tempfile::tempdir().expect("tempdir");
    let invite = hub.invite("boj-exempel", VOLUNTEER).await;
    // The first kit can not be written, so the try ends after the keys were made and before the hub hears of them.
    std::fs::create_dir(folder.path().join("kit-2.txt")).expect("in the way");
    join_with(folder.path(), invite.clone(), &hub.clock).await.expect_err("no second kit");
    let kept = RecoveryKit::read(&folder.path().join("kit-1.txt")).expect("the first kit");

    let another = hub.invite("annan-exempel", VOLUNTEER).await;
    let mixed = join_with(folder.path(), another, &hub.clock).await.expect_err("two invitations");
    assert_eq!(mixed.code(), Code::InviteOther);

    std::fs::remove_dir(folder.path().join("kit-2.txt")).expect("out of the way");
    join_with(folder.path(), invite, &hub.clock).await.expect("goes on");
    let session = Session::open(profile_in(folder.path()), &passphrase(), hub.clock.clone()).expect("opened");
    assert_eq!(session.org(), kept.org_id());
    let second = RecoveryKit::read(&folder.path().join("kit-2.txt")).expect("the second kit");
    assert_eq!(second.org_id(), OrgId::of_root(&root_of(&kept)));
}

fn root_of(kit: &RecoveryKit) -> [u8; 32] {
    let root = samverkan_proto::sign::Signer::from_seed(kit.seed().expose()).expect("seed");
    *root.public_key().as_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_a_hub_with_other_keys() {
    let hub = TestHub::start().await;
    let folder = tempfile::tempdir().expect("tempdir");
    let real = hub.invite("boj-exempel", VOLUNTEER).await;
    let forged =
        Invite::new([7; 32], InviteCode::parse(real.code().expose()).expect("code"), real.address().clone());
    let error = join_with(folder.path(), forged, &hub.clock).await.expect_err("another pin");
    assert_eq!(error.code(), Code::HubKeysChanged);
    join_with(folder.path(), real, &hub.clock).await.expect("the code was not used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_wrong_is_said_so() {
    let hub = TestHub::start().await;
    let folder = tempfile::tempdir().expect("tempdir");
    let invite = hub.invite("boj-exempel", VOLUNTEER).await;
    let wrong = samverkan_client::clock::Clock::manual(hub.clock.now_ms() + 3_600_000);
    let error = join_with(folder.path(), invite, &wrong).await.expect_err("an hour ahead");
    assert_eq!(error.code(), Code::ClockWrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compared_safety_number_is_remembered() {
    let hub = TestHub::start().await;
    let mut one = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    let two = Member::join(&hub, "soc-exempel", VOLUNTEER).await;
    one.session.refresh(&mut Silent).await.expect("refreshed");
    let handle = &two.mailbox.handle;
    let heard = |number: String| Comparison {
        number: number.parse().expect("a number"),
        how: Compared::InPerson,
        serial: 1,
        of_new_keys: false,
        of_recovery: false,
    };
    let right = heard(hub.organisation("soc-exempel").await.safety_number);
    let wrong = heard(hub.organisation("boj-exempel").await.safety_number);
    let refused = one.session.verify_organisation(handle, &wrong).expect_err("another's");
    assert_eq!(refused.code(), Code::SafetyNumberWrong);
    one.session.verify_organisation(handle, &right).expect("the right one");
    let one = one.restart();
    assert_eq!(
        one.session.trust(handle),
        Trust::Verified { at_ms: hub.clock.now_ms(), how: Compared::InPerson }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_published_as_the_weeks_pass() {
    let hub = TestHub::start().await;
    let mut member = Member::join(&hub, "boj-exempel", VOLUNTEER).await;
    let published = |member: &Member| {
        let organisation = member.session.directory().organisation(&member.session.org()).expect("there");
        let device = member.session.own_device().expect("there").id();
        organisation.epoch_keys_of(&device).count()
    };
    assert_eq!(published(&member), 9);
    hub.advance(std::time::Duration::from_secs(15 * 24 * 3600));
    member.session.refresh(&mut Silent).await.expect("refreshed");
    assert_eq!(published(&member), 11, "two weeks later two more");
    member = member.restart();
    assert_eq!(published(&member), 9, "keys of past weeks are not loaded again");
}
