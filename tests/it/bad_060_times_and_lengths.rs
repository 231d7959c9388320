//! 60 and 61: times that can not be, or can not be any more.

use crate::ground::Ground;
use samverkan_proto::limits::{DAY_MS, MAX_AGE_MS, MAX_AHEAD_MS, MAX_LIFETIME_MS};
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::wire::{Parcel, now_ms};
use tonic::Code;

const MINUTE_MS: u64 = 60_000;

fn times(created_ms: u64, expires_ms: u64) -> impl Fn(&mut Parcel) {
    move |parcel| (parcel.header.created_ms, parcel.header.expires_ms) = (created_ms, expires_ms)
}

#[tokio::test]
async fn bad_060_created_at_an_impossible_time() {
    let ground = Ground::new().await;
    let now = now_ms();
    for (case, created_ms) in [
        ("an hour ahead", now + 60 * MINUTE_MS),
        ("just too far ahead", now + MAX_AHEAD_MS + MINUTE_MS),
        ("just too long ago", now - MAX_AGE_MS - MINUTE_MS),
        ("the year 1970", 0),
        ("the end of time", u64::MAX - DAY_MS),
    ] {
        let refusal = ground.refuse(case, times(created_ms, created_ms + DAY_MS)).await;
        refusal.is(Code::FailedPrecondition, ErrorReason::ClockOutOfRange, "");
    }
    let refusal = ground.refuse("created after everything", times(u64::MAX, u64::MAX)).await;
    refusal.is_invalid("header.expires_ms");
}

#[tokio::test]
async fn bad_061_expires_at_an_impossible_time() {
    let ground = Ground::new().await;
    let now = now_ms();
    for (case, created_ms, expires_ms) in [
        ("before it was created", now, now - 1),
        ("when it was created", now, now),
        ("a millisecond too late", now, now + MAX_LIFETIME_MS + 1),
        ("never", now, u64::MAX),
        ("in 1970", now, 0),
    ] {
        ground.refuse(case, times(created_ms, expires_ms)).await.is_invalid("header.expires_ms");
    }
    let past = times(now - 2 * DAY_MS, now - DAY_MS);
    let refusal = ground.refuse("a day ago", past).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::MessageExpired, "");
    ground.accept("as late as possible", times(now, now + MAX_LIFETIME_MS)).await;
}

#[tokio::test]
async fn bad_061_answer_time() {
    let ground = Ground::new().await;
    for minutes in [527_041, u32::MAX] {
        let spoil = |parcel: &mut Parcel| parcel.header.answer_within_minutes = minutes;
        ground.refuse("beyond a year", spoil).await.is_invalid("header.answer_within_minutes");
    }
    ground.accept("366 days", |parcel| parcel.header.answer_within_minutes = 527_040).await;
}
