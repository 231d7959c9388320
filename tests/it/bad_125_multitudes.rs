//! 125: very many organisations, and very many messages for one device.
//!
//! The list says a million of each. These are a few thousand, and what is looked at are counts that would show the same at a million; a
//! million waiting messages are a level of `loadgen compare`, and a million organisations are set up nowhere. Everything comes in pages of a bounded size, a page follows where the one before it ended, what is stored
//! grows with what there is and no faster, and the hub's memory does not grow with what waits.

use crate::siege::Siege;
use bytes::Bytes;
use prost::Message as _;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::{
    Acknowledge, CheckHubRequest, CheckHubResponse, EnrolResponse, InviteOrganisationRequest,
    InviteOrganisationResponse, ListOrganisationsRequest, ListOrganisationsResponse, Start,
    SubmitStreamRequest, SubmitStreamResponse, SyncRequest, SyncResponse,
};
use samverkan_tests::until::in_time;
use samverkan_tests::wire::inbox::Item;
use samverkan_tests::wire::invite::Invite;
use samverkan_tests::wire::member::organisation_number;
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer};
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;

const ORGANISATIONS: usize = 2_000;
const PENDING: usize = 10_000;

/// What the hub's memory may grow by while the second half of the messages comes in and all are read: the pages of its index, whose
/// cache is bounded, and what is on its way. The messages themselves are twice as much.
const READING: u64 = 32 << 20;
/// Bytes of the hub's memory for one organisation, everything else included.
const MEMORY_EACH: u64 = 48 << 10;

/// Calls at once while the hub is filled.
const AT_ONCE: usize = 32;
/// The most that the hub puts into one page of the log, by PROTOCOL.md about 1 MiB, and one entry more.
const PAGE: usize = (1 << 20) + (256 << 10);
/// Leaves that an organisation's joining writes: the organisation, its manifest, two epoch keys and its certificate.
const LEAVES_EACH: std::ops::RangeInclusive<u64> = 3..=6;

/// An organisation joins, by calls alone.
async fn join(operator: Peer, stranger: Peer, n: usize) {
    let handle = format!("exempel-{n}");
    let number = organisation_number(u32::try_from(n).expect("a few thousand"));
    let request = InviteOrganisationRequest {
        handle: handle.clone(),
        name: "Föreningen Exempel".to_owned(),
        organisation_number: number.clone(),
        kind: 1,
        municipalities: Vec::new(),
        services: Vec::new(),
    };
    let invited: Result<InviteOrganisationResponse, _> =
        operator.call("RegistryService/InviteOrganisation", &request).await;
    let invite = Invite::parse(&invited.expect("invited").invite).expect("an invite");
    let mut member = Member::new(&handle, &number);
    let joined: Result<EnrolResponse, _> =
        stranger.call("EnrolmentService/Enrol", &member.enrol_request(&invite)).await;
    joined.expect("joined");
}

async fn join_many(siege: &Siege, numbers: std::ops::Range<usize>) {
    let (operator, stranger) = (Peer::operator(&siege.hub), Peer::stranger(&siege.hub));
    let mut calls = JoinSet::new();
    for n in numbers {
        if calls.len() == AT_ONCE {
            calls.join_next().await.expect("some are on their way").expect("joined");
        }
        calls.spawn(join(operator.clone(), stranger.clone(), n));
    }
    calls.join_all().await;
}

async fn check(siege: &Siege) -> CheckHubResponse {
    let operator = Peer::operator(&siege.hub);
    operator.call("RegistryService/CheckHub", &CheckHubRequest {}).await.expect("an answer")
}

/// The pages of the log from a leaf on.
async fn pages(peer: &Peer, from_leaf: u64) -> Vec<SyncResponse> {
    let request = SyncRequest { from_leaf }.encode_to_vec().into();
    let pages = peer.gather("DirectoryService/Sync", vec![request]).await.expect("the log");
    assert!(pages.iter().all(|page| page.len() <= PAGE), "a page is bounded");
    pages.into_iter().map(|page| SyncResponse::decode(page).expect("a page")).collect()
}

fn entries(pages: &[SyncResponse]) -> u64 {
    pages.iter().map(|page| page.entries.len() as u64).sum()
}

fn bytes(pages: &[SyncResponse]) -> usize {
    pages.iter().map(prost::Message::encoded_len).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_125_very_many_organisations() {
    let siege = Siege::begin().await;
    let before = check(&siege).await;
    join_many(&siege, 0..ORGANISATIONS / 2).await;
    let half = check(&siege).await;
    let first_half = pages(&siege.peer, before.log_size).await;
    join_many(&siege, ORGANISATIONS / 2..ORGANISATIONS).await;
    let all = check(&siege).await;
    assert_eq!(all.organisations, before.organisations + ORGANISATIONS as u64);

    // The second thousand costs what the first did: leaves, bytes of the log, bytes on disk.
    let second_half = pages(&siege.peer, half.log_size).await;
    let leaves = half.log_size - before.log_size;
    assert!(LEAVES_EACH.contains(&(leaves / (ORGANISATIONS as u64 / 2))), "{leaves} leaves");
    assert_eq!(all.log_size - half.log_size, leaves);
    assert_eq!(
        (entries(&first_half), entries(&second_half)),
        (leaves, leaves),
        "the rest, and nothing twice"
    );
    let (first, second) = (bytes(&first_half), bytes(&second_half));
    assert!(first.abs_diff(second) < first / 50, "{first} and {second} bytes");
    let stored = [half.stored_bytes - before.stored_bytes, all.stored_bytes - half.stored_bytes];
    assert!(stored[0].abs_diff(stored[1]) < stored[0] / 10, "{stored:?} bytes on disk");
    assert!(first_half.len() > 1, "more than a page");

    // The operator's list comes in pages, too.
    let operator = Peer::operator(&siege.hub);
    let (mut listed, mut page_token) = (0, String::new());
    loop {
        let request = ListOrganisationsRequest { page_size: 1_000, page_token };
        let page: Result<ListOrganisationsResponse, _> =
            operator.call("RegistryService/ListOrganisations", &request).await;
        let page = page.expect("a page");
        assert!(page.organisations.len() <= 1_000);
        listed += page.organisations.len() as u64;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, all.organisations);
    siege.is_quiet().await;
    let resident = siege.hub.resident_bytes();
    assert!(resident < ORGANISATIONS as u64 * MEMORY_EACH, "{resident} bytes of memory");
}

/// Hands in `count` messages over one stream.
async fn hand_in(siege: &Siege, count: usize) {
    let template = Parcel::new(&siege.sender, &[&siege.recipient]);
    let messages = tokio_stream::iter(0..count).map(move |_| {
        let mut parcel = template.clone();
        parcel.header.message_id = *samverkan_proto::ids::MessageId::random().as_bytes();
        Bytes::from(SubmitStreamRequest { message: Some(parcel.request()) }.encode_to_vec())
    });
    let mut answers = siege.peer.stream_bytes("RelayService/SubmitStream", messages).await.expect("a stream");
    for n in 0..count {
        let answer = in_time("an answer", answers.message()).await.expect("the stream holds");
        let answer = SubmitStreamResponse::decode(answer.expect("an answer each")).expect("an answer");
        assert!(matches!(answer.outcome, Some(Outcome::Receipt(_))), "message {n}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_125_very_many_messages_for_one_device() {
    /// Items that the device takes at once.
    const CREDIT: usize = 500;
    let siege = Siege::begin().await;
    let own = check(&siege).await.waiting_deliveries;
    hand_in(&siege, PENDING / 2).await;
    let half = siege.hub.resident_bytes();
    hand_in(&siege, PENDING / 2).await;
    assert_eq!(check(&siege).await.waiting_deliveries, own + PENDING as u64);

    // As many as there is credit for, in order, and not one more: the answer to what is said next comes before any other.
    let recipient = siege.recipient.connect(&siege.hub);
    let start = Step::Start(Start { credit: u32::try_from(CREDIT).expect("a number") });
    let mut inbox = Inbox::open_with(&recipient, Some(start)).await.expect("a stream");
    let (mut came, mut cursor) = (0, 0);
    while came < PENDING {
        for _ in 0..CREDIT {
            let delivery = inbox.delivery().await.expect("a delivery");
            assert!(delivery.cursor > cursor, "in order");
            cursor = delivery.cursor;
        }
        came += CREDIT;
        inbox.send(Step::Acknowledge(Acknowledge { receipts: Vec::new(), events_through: 0 })).await;
        let next = inbox.next().await.expect("an answer").expect("an item");
        assert!(matches!(next, Item::Acknowledged(_)), "beyond its credit: {next:?}");
        inbox.send(Step::Credit(u32::try_from(CREDIT).expect("a number"))).await;
    }
    drop((inbox, recipient));
    assert_eq!(check(&siege).await.waiting_deliveries, own + PENDING as u64, "nothing was acknowledged");
    siege.is_quiet().await;
    let grown = siege.hub.peak_resident_bytes().saturating_sub(half);
    assert!(grown < READING, "{grown} bytes of memory for what waits and was read");

    siege.hub.restart();
    assert_eq!(check(&siege).await.waiting_deliveries, own + PENDING as u64 + 2, "with what came last");
}
