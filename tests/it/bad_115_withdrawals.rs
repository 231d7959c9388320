//! 71 and 115: consents that were withdrawn, and messages and consents that are taken back by somebody else.

use crate::ground::Ground;
use samverkan_proto::v1::{
    ErrorReason, RecallRequest, RecallResponse, RegisterConsentsRequest, RegisterConsentsResponse,
    WithdrawConsentRequest, WithdrawConsentResponse,
};
use samverkan_tests::wire::statement::{RawStub, raw_recall, raw_withdrawal};
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer, Refused, now_ms, refused};
use tonic::Code;

const DAY_MS: u64 = 86_400_000;

async fn registered(ground: &Ground) -> [u8; 16] {
    let (sender, device) = (&ground.sender, ground.sender.device());
    let stub = RawStub::new(sender.org(), device.id(), now_ms() + DAY_MS);
    let request = RegisterConsentsRequest { stubs: vec![stub.signed_by(&device.signer).into()] };
    let answer: Result<RegisterConsentsResponse, _> =
        ground.peer.call("ConsentService/RegisterConsents", &request).await;
    answer.expect("the stub is registered");
    stub.handle
}

async fn withdraw(peer: &Peer, withdrawal: Vec<u8>) -> Result<WithdrawConsentResponse, Refused> {
    let request = WithdrawConsentRequest { withdrawal: withdrawal.into() };
    peer.call("ConsentService/WithdrawConsent", &request).await
}

async fn recall(peer: &Peer, recall: Vec<u8>) -> Result<RecallResponse, Refused> {
    peer.call("RelayService/Recall", &RecallRequest { recall: recall.into() }).await
}

fn under(handle: [u8; 16]) -> impl FnOnce(&mut Parcel) {
    move |parcel| {
        parcel.header.basis = 1;
        parcel.header.handles = vec![handle];
        parcel.header.sort();
    }
}

#[tokio::test]
async fn bad_115_withdrawal_by_a_foreign_organisation() {
    let ground = Ground::new().await;
    let (sender, handle) = (&ground.sender, registered(&ground).await);
    let stranger = Member::join(ground.hub, "utomstaende").await;
    let outside = stranger.connect(ground.hub);
    let foreign = raw_withdrawal(handle, stranger.org(), stranger.device());
    refused("another's handle", withdraw(&outside, foreign).await).is(
        Code::PermissionDenied,
        ErrorReason::NotAParty,
        "withdrawal.org",
    );
    let in_the_name_of = raw_withdrawal(handle, sender.org(), stranger.device());
    let replayed = raw_withdrawal(handle, sender.org(), sender.device());
    for (case, statement) in
        [("signed by another device", in_the_name_of), ("handed in by another", replayed)]
    {
        refused(case, withdraw(&outside, statement).await).is(
            Code::PermissionDenied,
            ErrorReason::SenderMismatch,
            "",
        );
    }
    let mut forged = raw_withdrawal(handle, sender.org(), sender.device());
    *forged.last_mut().expect("a signature") ^= 1;
    refused("wrongly signed", withdraw(&ground.peer, forged).await).is_invalid("withdrawal.signature");
    let never = raw_withdrawal([7; 16], sender.org(), sender.device());
    refused("never registered", withdraw(&ground.peer, never).await).is(
        Code::FailedPrecondition,
        ErrorReason::ConsentHandleUnknown,
        "",
    );
    ground.accept("it still counts", under(handle)).await;
}

#[tokio::test]
async fn bad_071_consent_that_is_withdrawn() {
    let ground = Ground::new().await;
    let (sender, handle) = (&ground.sender, registered(&ground).await);
    let withdrawal = || raw_withdrawal(handle, sender.org(), sender.device());
    let first = withdraw(&ground.peer, withdrawal()).await.expect("withdrawn").receipt;
    let refusal = ground.refuse("a message under it", under(handle)).await;
    refusal.is(Code::FailedPrecondition, ErrorReason::ConsentWithdrawn, "");
    let again = withdraw(&ground.peer, withdrawal()).await.expect("withdrawn before").receipt;
    assert_eq!(again, first, "the first withdrawal stands, byte for byte");
}

#[tokio::test]
async fn bad_115_recall_of_somebody_elses_message() {
    let ground = Ground::new().await;
    let parcel = ground.parcel();
    parcel.submit(&ground.peer).await.expect("accepted");
    let (id, hh) = (parcel.header.message_id, parcel.header_hash());
    let (recipient, reader) = (&ground.recipient, ground.recipient.connect(ground.hub));
    let by_the_recipient = raw_recall(id, hh, recipient.org(), recipient.device());
    refused("by the recipient", recall(&reader, by_the_recipient).await).is(
        Code::NotFound,
        ErrorReason::MessageUnknown,
        "",
    );
    let in_the_name_of = raw_recall(id, hh, ground.sender.org(), ground.sender.device());
    refused("handed in by the recipient", recall(&reader, in_the_name_of).await).is(
        Code::PermissionDenied,
        ErrorReason::SenderMismatch,
        "",
    );
    let other_bytes = raw_recall(id, [0; 32], ground.sender.org(), ground.sender.device());
    refused("of other bytes", recall(&ground.peer, other_bytes).await).is(
        Code::NotFound,
        ErrorReason::MessageUnknown,
        "",
    );
    let waiting = Inbox::open(&reader).await.expect("a stream").drain().await.expect("what waits");
    assert_eq!((waiting.deliveries.len(), waiting.stops.len()), (1, 0), "it is still there");
}
