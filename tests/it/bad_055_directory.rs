//! 55 and 57–59: headers that name somebody who is not there, not theirs, or not the caller.

use crate::ground::Ground;
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::wire::bytes::random;
use samverkan_tests::wire::statement::epoch_of;
use samverkan_tests::wire::{Device, Member, Parcel, refused};
use tonic::Code;

const STALE: ErrorReason = ErrorReason::StaleDirectory;

#[tokio::test]
async fn bad_055_recipient_that_is_unknown() {
    let ground = Ground::new().await;
    let unknown = |parcel: &mut Parcel| {
        let org = random();
        parcel.header.to[0].org = org;
        parcel.header.wraps[0].org = org;
    };
    let refusal = ground.refuse("an organisation that does not exist", unknown).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::RecipientUnknown, "");
    let pending = Member::join_unconfirmed(ground.hub, "obekraftad", "volunteer").await;
    let parcel = Parcel::new(&ground.sender, &[&pending]);
    let refusal = refused("one that is not confirmed", parcel.submit(&ground.peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::RecipientUnknown, "");
}

#[tokio::test]
async fn bad_055_recipient_that_is_cut_off() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    ground.hub.suspend(ground.recipient.handle());
    let refusal = refused("suspended", parcel.submit(&ground.peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::RecipientSuspended, "");
    ground.hub.remove(ground.recipient.handle());
    let refusal = refused("removed", parcel.submit(&ground.peer).await);
    refusal.is(Code::FailedPrecondition, ErrorReason::RecipientRemoved, "");
}

#[tokio::test]
async fn bad_055_recipient_device_that_is_revoked() {
    let mut ground = Ground::new().await;
    let second = ground.recipient.add_device(ground.hub, 6).await;
    let before = ground.parcel();
    let without = ground.recipient.without(second);
    ground.recipient.publish(ground.hub, without).await.expect("the revocation");
    let refusal = refused("sealed before the revocation", before.submit(&ground.peer).await);
    refusal.is(Code::FailedPrecondition, STALE, "");
    let mut parcel = before;
    parcel.header.to[0].serial = ground.recipient.manifest.serial;
    let refusal = refused("claiming the newest manifest", parcel.submit(&ground.peer).await);
    refusal.is(Code::FailedPrecondition, STALE, "");
}

#[tokio::test]
async fn bad_055_recipient_of_another_organisation() {
    let ground = Ground::new().await;
    let third = Member::join(ground.hub, "tjejjouren").await;
    let foreign_mailbox = |parcel: &mut Parcel| parcel.header.to[0].mailbox = third.mailbox();
    let refusal = ground.refuse("another organisation's mailbox", foreign_mailbox).await;
    refusal.is(Code::FailedPrecondition, STALE, "");
    let refusal = ground.refuse("no mailbox at all", |parcel| parcel.header.to[0].mailbox = random()).await;
    refusal.is(Code::FailedPrecondition, STALE, "");
    let foreign_device = |parcel: &mut Parcel| parcel.header.wraps[0].device = third.device().id();
    let refusal = ground.refuse("another organisation's device", foreign_device).await;
    refusal.is(Code::FailedPrecondition, STALE, "");
    for serial in [0, 2, u64::MAX] {
        let refusal = ground.refuse("no such serial", |parcel| parcel.header.to[0].serial = serial).await;
        refusal.is(Code::FailedPrecondition, STALE, "");
    }
}

#[tokio::test]
async fn bad_055_reader_that_is_left_out() {
    let mut ground = Ground::new().await;
    ground.recipient.add_device(ground.hub, 6).await;
    let leave_out = |parcel: &mut Parcel| {
        parcel.header.wraps.pop();
        parcel.fill();
    };
    ground.accept("both readers", |_| ()).await;
    ground.refuse("one of two readers", leave_out).await.is(Code::FailedPrecondition, STALE, "");
}

#[tokio::test]
async fn bad_057_epoch_keys() {
    let mut ground = Ground::new().await;
    let second = ground.recipient.add_device(ground.hub, 6).await;
    let week = epoch_of(ground.parcel().header.created_ms);
    let keys = |device: &Device, week| device.epoch_keys[&week].id;
    let wrong = [
        ("unknown", random()),
        ("of another week", keys(ground.recipient.device(), week + 1)),
        ("of another device", keys(&ground.recipient.devices[second], week)),
        ("of another organisation", keys(ground.sender.device(), week)),
    ];
    let first = ground.recipient.device().id();
    for (case, epoch_key) in wrong {
        let spoil = |parcel: &mut Parcel| {
            let wrap = parcel.header.wraps.iter_mut().find(|wrap| wrap.device == first);
            wrap.expect("the first device reads").epoch_key = epoch_key;
        };
        ground.refuse(case, spoil).await.is(Code::FailedPrecondition, STALE, "");
    }
}

#[tokio::test]
async fn bad_058_sender_device_is_not_the_caller() {
    let mut ground = Ground::new().await;
    let second = ground.sender.add_device(ground.hub, 6).await;
    let colleague = ground.sender.devices[second].id();
    for (case, device) in
        [("a colleague", colleague), ("a recipient", ground.recipient.device().id()), ("nobody", random())]
    {
        let refusal = ground.refuse(case, |parcel| parcel.header.sender_device = device).await;
        refusal.is(Code::PermissionDenied, ErrorReason::SenderMismatch, "");
    }
}

#[tokio::test]
async fn bad_058_sender_mailbox_that_the_device_does_not_read() {
    let ground = Ground::new().await;
    for (case, mailbox) in [("the recipient's", ground.recipient.mailbox()), ("nobody's", random())] {
        let refusal = ground.refuse(case, |parcel| parcel.header.sender_mailbox = mailbox).await;
        refusal.is(Code::PermissionDenied, ErrorReason::RoleMissing, "");
    }
}

#[tokio::test]
async fn bad_059_sender_organisation_is_not_the_caller() {
    let ground = Ground::new().await;
    let third = Member::join(ground.hub, "tjejjouren").await;
    for (case, org) in [("another member", third.org()), ("nobody", random())] {
        let refusal = ground.refuse(case, |parcel| parcel.header.sender_org = org).await;
        refusal.is(Code::PermissionDenied, ErrorReason::SenderMismatch, "");
    }
    let whole = Parcel::new(&third, &[&ground.recipient]);
    let refusal = refused("another member's whole message", whole.submit(&ground.peer).await);
    refusal.is(Code::PermissionDenied, ErrorReason::SenderMismatch, "");
}
