//! 114 and 116–118: receipts that are not for their signer to give, messages given on where they do not belong, and numbers that are no
//! page of a list.

use crate::ground::Ground;
use samverkan_proto::ids::{DeviceId, EpochKeyId, MessageId, OrgId};
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::rewrap::Rewrap;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::{
    self, Delivery, ErrorReason, ListOrganisationsRequest, ListOrganisationsResponse, RewrapRequest,
    RewrapResponse, Start, SyncRequest,
};
use samverkan_tests::hub::HubProcess;
use samverkan_tests::wire::inbox::{delivered, said};
use samverkan_tests::wire::statement::header_hash;
use samverkan_tests::wire::{Device, Inbox, Member, Peer, Refused, refused};
use tonic::Code;

const DELIVERED: (u8, u8) = (1, 0);
const CANNOT_OPEN: (u8, u8) = (2, 1);
const REFUSED: (u8, u8) = (3, 1);
const REWRAP: &str = "RelayService/Rewrap";

/// Hands one receipt in; gives why it is not taken, if it is not.
async fn hand_in(inbox: &mut Inbox, receipt: Vec<u8>) -> Option<ErrorReason> {
    let failures = inbox.acknowledge(vec![receipt], 0).await.expect("an answer");
    assert!(failures.len() <= 1, "{failures:?}");
    failures.first().and_then(|failure| failure.failure.as_ref()).map(v1::Failure::reason)
}

/// A message that was handed to its recipient, and the recipient's stream.
async fn handed_over(ground: &Ground) -> (Delivery, Inbox) {
    ground.accept("a message", |_| {}).await;
    let mut inbox = Inbox::open(&ground.recipient.connect(ground.hub)).await.expect("a stream");
    (inbox.delivery().await.expect("the message"), inbox)
}

/// The types of the device receipts that have come to the sender.
async fn told(ground: &Ground) -> Vec<u8> {
    let waiting = Inbox::open(&ground.peer).await.expect("a stream").drain().await.expect("what waits");
    let receipts = waiting.events.iter().map(|event| &event.receipt);
    receipts.filter(|receipt| receipt.starts_with(b"SVKR")).map(|receipt| receipt[6]).collect()
}

#[tokio::test]
async fn bad_114_receipts_for_somebody_elses_message_twice_and_contradicting() {
    let ground = Ground::new().await;
    let (delivery, mut inbox) = handed_over(&ground).await;
    let (org, device) = (ground.recipient.org(), ground.recipient.device());
    let stranger = Member::join(ground.hub, "utomstaende").await;
    let mut elsewhere = Inbox::open(&stranger.connect(ground.hub)).await.expect("a stream");
    let refused = Some(ErrorReason::ReceiptRefused);
    let not_addressed = delivered(&delivery, stranger.org(), stranger.device());
    assert_eq!(hand_in(&mut elsewhere, not_addressed).await, refused, "it was not addressed to them");
    let in_anothers_name = delivered(&delivery, org, device);
    assert_eq!(hand_in(&mut elsewhere, in_anothers_name).await, refused, "it is another device's");
    let answered = said(&delivery, org, device, (4, 0));
    assert!(hand_in(&mut inbox, answered).await.is_some(), "an answer to what was not delivered");
    assert_eq!(told(&ground).await, Vec::<u8>::new());

    let receipt = delivered(&delivery, org, device);
    for again in [receipt.clone(), receipt, delivered(&delivery, org, device)] {
        assert_eq!(hand_in(&mut inbox, again).await, None, "the same again is no mistake");
    }
    for contradiction in [CANNOT_OPEN, REFUSED] {
        let receipt = said(&delivery, org, device, contradiction);
        assert_eq!(hand_in(&mut inbox, receipt).await, refused, "{contradiction:?} after it was delivered");
    }
    assert_eq!(told(&ground).await, [1], "the sender hears of it once");
}

#[tokio::test]
async fn bad_114_receipt_of_delivery_after_a_failure_stands() {
    let ground = Ground::new().await;
    let (delivery, mut inbox) = handed_over(&ground).await;
    let (org, device) = (ground.recipient.org(), ground.recipient.device());
    for kind in [CANNOT_OPEN, CANNOT_OPEN, DELIVERED] {
        assert_eq!(hand_in(&mut inbox, said(&delivery, org, device, kind)).await, None, "{kind:?}");
    }
    assert_eq!(told(&ground).await, [2, 1], "the good end is the last word");
}

fn rewrap(delivery: &Delivery, org: [u8; 16], by: &Device, to: [u8; 16]) -> Vec<u8> {
    let key = by.epoch_keys.values().next().expect("published").id;
    let statement = Rewrap {
        message_id: MessageId::parse(&delivery.header[6..22]).expect("an id"),
        hh: header_hash(&delivery.header),
        org: OrgId::parse(&org).expect("an id"),
        by_device: by.signer.device_id(),
        to_device: DeviceId::parse(&to).expect("an id"),
        to_epoch_key: EpochKeyId::parse(&key).expect("an id"),
        wrap: Box::new([9; WRAP_LEN]),
    };
    statement.sign(&by.signer).expect("signed").bytes().to_vec()
}

async fn give(peer: &Peer, statement: Vec<u8>) -> Result<RewrapResponse, Refused> {
    peer.call(REWRAP, &RewrapRequest { rewrap: statement.into() }).await
}

#[tokio::test]
async fn bad_116_rewraps_for_another_organisation() {
    let ground = Ground::new().await;
    let (delivery, _inbox) = handed_over(&ground).await;
    let (sender, recipient) = (&ground.sender, &ground.recipient);
    let reader = recipient.connect(ground.hub);
    let not_a_party = |case: &str, result, field: &str| {
        refused(case, result).is(Code::PermissionDenied, ErrorReason::NotAParty, field);
    };
    let away = rewrap(&delivery, recipient.org(), recipient.device(), sender.device().id());
    not_a_party("to a device of another", give(&reader, away).await, "rewrap.to_device");
    // The sender knows the message and its key, and was not among those whom it was sealed to.
    let to_friend = rewrap(&delivery, sender.org(), sender.device(), recipient.device().id());
    not_a_party("by the sender", give(&ground.peer, to_friend).await, "rewrap.by_device");
    let stranger = Member::join(ground.hub, "utomstaende").await;
    let outside = rewrap(&delivery, stranger.org(), stranger.device(), recipient.device().id());
    not_a_party("by a stranger", give(&stranger.connect(ground.hub), outside).await, "rewrap.by_device");
    let in_the_name_of = rewrap(&delivery, recipient.org(), stranger.device(), sender.device().id());
    refused("in another's name", give(&stranger.connect(ground.hub), in_the_name_of).await).is(
        Code::PermissionDenied,
        ErrorReason::SenderMismatch,
        "",
    );
    let handed_in_by_another = rewrap(&delivery, recipient.org(), recipient.device(), sender.device().id());
    refused("by another connection", give(&ground.peer, handed_in_by_another).await).is(
        Code::PermissionDenied,
        ErrorReason::SenderMismatch,
        "",
    );
}

async fn page(
    operator: &Peer,
    page_size: i32,
    page_token: &str,
) -> Result<ListOrganisationsResponse, Refused> {
    let request = ListOrganisationsRequest { page_size, page_token: page_token.to_owned() };
    operator.call("RegistryService/ListOrganisations", &request).await
}

/// A hub with three organisations on its list, and its operator.
fn three_invited() -> (HubProcess, Peer) {
    let hub = HubProcess::start();
    for word in ["alfa", "beta", "gamma"] {
        drop(Member::invited(&hub, word, "volunteer"));
    }
    let operator = Peer::operator(&hub);
    (hub, operator)
}

#[tokio::test]
async fn bad_117_page_tokens_that_nobody_gave() {
    let (hub, operator) = three_invited();
    let first = page(&operator, 2, "").await.expect("a page");
    assert_eq!((first.organisations.len(), first.next_page_token.is_empty()), (2, false));
    let rest = page(&operator, 2, &first.next_page_token).await.expect("a page");
    assert_eq!((rest.organisations.len(), rest.next_page_token), (1, String::new()));
    for forged in ["..", "A", "\u{e5}", "alfa\0", "a b", &"a".repeat(64)] {
        refused(forged, page(&operator, 2, forged).await).is_invalid("page_token");
    }
    // A token is where to go on, and no secret: one that names nobody, or nobody any more, goes on behind the place.
    assert_eq!(page(&operator, 100, "zzz").await.expect("a page").organisations.len(), 0);
    let gone = first.organisations.last().expect("two").handle.clone();
    hub.operator(&["org", "remove", &gone, "--yes"]).exits(0);
    assert_eq!(page(&operator, 2, &first.next_page_token).await.expect("a page").organisations.len(), 1);
    // Who follows the log says where to go on by a number.
    let member = Member::join(&hub, "delta").await;
    for beyond in [1 << 32, u64::MAX] {
        let request = SyncRequest { from_leaf: beyond };
        let peer = member.connect(&hub);
        let gathered =
            peer.gather("DirectoryService/Sync", vec![prost::Message::encode_to_vec(&request).into()]);
        refused("beyond the log", gathered.await).is(
            Code::OutOfRange,
            ErrorReason::OffsetOutOfRange,
            "from_leaf",
        );
    }
}

#[tokio::test]
async fn bad_118_limits_of_nothing_less_than_nothing_and_too_much() {
    let (hub, operator) = three_invited();
    for (size, shown) in [(0, 3), (1, 1), (1_000, 3), (1_001, 3), (i32::MAX, 3)] {
        assert_eq!(page(&operator, size, "").await.expect("a page").organisations.len(), shown, "{size}");
    }
    for size in [-1, i32::MIN] {
        refused("less than nothing", page(&operator, size, "").await).is_invalid("page_size");
    }
    // 2^31 does not fit, and is read as less than nothing.
    let too_large = b"\x08\x80\x80\x80\x80\x08".to_vec();
    let answer = operator.call_bytes("RegistryService/ListOrganisations", too_large).await;
    refused("2^31", answer).is_invalid("page_size");

    let member = Member::join(&hub, "delta").await;
    for credit in [0, 1025, 1 << 31, u32::MAX] {
        let first = Some(Step::Start(Start { credit }));
        let refusal = match Inbox::open_with(&member.connect(&hub), first).await {
            Ok(mut inbox) => refused("a credit", inbox.next().await),
            Err(refusal) => refusal,
        };
        refusal.is_invalid("credit");
    }
}
