//! 106 to 108: epoch keys of other windows, for a week that has one, or that are no keys.

use crate::ground::Ground;
use samverkan_envelope::EpochSecret;
use samverkan_proto::limits::XWING_PUBLIC_LEN;
use samverkan_proto::v1::{ErrorReason, PublishEpochKeysRequest, PublishEpochKeysResponse};
use samverkan_tests::wire::statement::{RawEpochKey, epoch_of};
use samverkan_tests::wire::{Refused, now_ms, refused};
use tonic::Code;

const WEEK_MS: u64 = 604_800_000;
/// Below this every coefficient of an ML-KEM-768 public key must be; each takes twelve bits.
const MLKEM_LEN: usize = 1184;

async fn publish(ground: &Ground, keys: Vec<Vec<u8>>) -> Result<PublishEpochKeysResponse, Refused> {
    let epoch_keys = keys.into_iter().map(Into::into).collect();
    ground.peer.call("DirectoryService/PublishEpochKeys", &PublishEpochKeysRequest { epoch_keys }).await
}

/// A new key of the sender's device for a week, which obeys the rules.
fn key(ground: &Ground, epoch: u32) -> RawEpochKey {
    let public = EpochSecret::generate().expect("randomness").public_key();
    RawEpochKey::new(ground.sender.org(), ground.sender.device().id(), epoch, &public)
}

/// The refusal of a key for a week without one, with this change, signed by its device.
async fn refuse(ground: &Ground, case: &str, change: impl FnOnce(&mut RawEpochKey)) -> Refused {
    let mut key = key(ground, epoch_of(now_ms()) + 4);
    change(&mut key);
    let signed = key.signed_by(&ground.sender.device().signer);
    refused(case, publish(ground, vec![signed]).await)
}

#[tokio::test]
async fn bad_106_windows_that_are_not_a_week() {
    let ground = Ground::new().await;
    type Change = fn(&mut RawEpochKey);
    let cases: [(&str, Change); 6] = [
        ("it begins in the week before", |key| key.not_before_ms -= 1),
        ("it begins and ends in the week before", |key| {
            key.not_before_ms -= WEEK_MS;
            key.encrypt_until_ms -= WEEK_MS;
        }),
        ("inverted", |key| std::mem::swap(&mut key.not_before_ms, &mut key.encrypt_until_ms)),
        ("longer than seven days", |key| key.encrypt_until_ms += 1),
        ("destroyed late", |key| key.destroy_at_ms += 1),
        ("at the end of time", |key| key.epoch = u32::MAX),
    ];
    for (case, change) in cases {
        refuse(&ground, case, change).await.is_invalid("epoch");
    }
    let signer = &ground.sender.device().signer;
    let this_week = epoch_of(now_ms());
    for (case, epoch) in [("nine weeks ahead", this_week + 9), ("over", this_week - 2)] {
        let far = refused(case, publish(&ground, vec![key(&ground, epoch).signed_by(signer)]).await);
        far.is(Code::FailedPrecondition, ErrorReason::EpochKeyRefused, "");
    }
    publish(&ground, vec![key(&ground, this_week + 8).signed_by(signer)]).await.expect("eight weeks ahead");
}

#[tokio::test]
async fn bad_107_a_week_that_has_a_key() {
    let ground = Ground::new().await;
    let signer = &ground.sender.device().signer;
    let epoch = epoch_of(now_ms()) + 3;
    let first = key(&ground, epoch).signed_by(signer);
    publish(&ground, vec![first.clone()]).await.expect("the first");
    publish(&ground, vec![first]).await.expect("the same again");
    let second = refused("another", publish(&ground, vec![key(&ground, epoch).signed_by(signer)]).await);
    second.is(Code::FailedPrecondition, ErrorReason::EpochKeyRefused, "");
    let pair = [key(&ground, epoch + 1), key(&ground, epoch + 1)].map(|key| key.signed_by(signer));
    refused("two at once", publish(&ground, pair.into()).await);
}

#[tokio::test]
async fn bad_108_public_halves_that_are_none() {
    let ground = Ground::new().await;
    let too_large = refuse(&ground, "a coefficient of 3,329", |key| {
        key.pk[0] = 0x01;
        key.pk[1] = (key.pk[1] & 0xf0) | 0x0d;
    });
    too_large.await.is_invalid("pk");
    let low_order = refuse(&ground, "a point of low order", |key| key.pk[MLKEM_LEN..].fill(0));
    low_order.await.is_invalid("pk");
    let not_canonical = refuse(&ground, "a point that is spelt otherwise", |key| {
        key.pk[MLKEM_LEN..].fill(0xff);
        key.pk[XWING_PUBLIC_LEN - 1] = 0x7f;
    });
    not_canonical.await.is_invalid("pk");
    for (case, len) in [("short", XWING_PUBLIC_LEN - 1), ("long", XWING_PUBLIC_LEN + 1), ("empty", 0)] {
        let other = refuse(&ground, case, |key| key.pk.resize(len, 1)).await;
        assert_eq!(
            (other.code, &*other.reason),
            (Code::InvalidArgument, "INVALID_FIELD"),
            "{case}: {other:?}"
        );
    }
}
