//! Handing in and handing over. The bytes are junk to everybody but the header's reader: the hub can not tell.

use std::time::Duration;

use samverkan_proto::code::{LegalBasis, OrganisationState, PurgeReason, RefusalReason, Roles};
use samverkan_proto::ids::{MessageId, sha256};
use samverkan_proto::limits::{DAY_MS, WRAP_LEN};
use samverkan_proto::statement::batch::{ProofMaker, ReceiptProof, UnverifiedProof, sign_batch};
use samverkan_proto::statement::header::{Header, HeaderFields};
use samverkan_proto::statement::receipt::{DeviceReceipt, HubEvent, HubReceipt, Verdict, wraps_hash};
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::relay_service_client::RelayServiceClient;
use samverkan_proto::v1::{self, ErrorReason, MessageState};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::running::*;

const POLICE: u32 = 1;
const SOCIAL_SERVICES: u32 = 2;

pub(crate) async fn relay(hub: &Hub, member: &Member) -> RelayServiceClient<Channel> {
    let channel = hub.channel(Some(&member.identity)).await.unwrap();
    RelayServiceClient::new(channel).max_decoding_message_size(4 << 20)
}

/// A message that the hub has no reason to refuse.
pub(crate) fn message(from: &Member, to: &Member) -> v1::SubmitRequest {
    handed_in(&Header::new(referral(from, to)).unwrap())
}

pub(crate) fn handed_in(header: &Header) -> v1::SubmitRequest {
    let id = *header.fields().message_id.as_bytes();
    v1::SubmitRequest {
        header: header.bytes().to_vec().into(),
        wraps: vec![id[0]; header.fields().wraps.len() * WRAP_LEN].into(),
        content: vec![id[1]; header.fields().content_len as usize].into(),
    }
}

fn header(message: &v1::SubmitRequest) -> Header {
    Header::parse(&message.header).unwrap()
}

/// Checks a submission receipt against the message and gives what it says.
fn accepted(hub: &Hub, message: &v1::SubmitRequest, receipt: &[u8]) -> HubReceipt {
    let proof = UnverifiedProof::<HubReceipt>::parse(receipt).unwrap();
    let receipt = proof.verify(&hub.receipt_key()).unwrap().into_value();
    let header = header(message);
    assert_eq!((receipt.message_id, receipt.hh), (header.fields().message_id, *header.hh()));
    assert_eq!(
        (receipt.content_hash, receipt.wraps_hash),
        (sha256(&message.content), wraps_hash(&message.wraps))
    );
    assert!(matches!(receipt.event, HubEvent::SubmissionAccepted { .. }), "{:?}", receipt.event);
    receipt
}

/// An open stream of one device.
pub(crate) struct Receiving {
    steps: mpsc::Sender<v1::ReceiveRequest>,
    items: Streaming<v1::ReceiveResponse>,
}

impl Receiving {
    pub(crate) async fn start(hub: &Hub, member: &Member, credit: u32) -> Self {
        Self::open(hub, member, Step::Start(v1::Start { credit })).await.unwrap()
    }

    async fn open(hub: &Hub, member: &Member, first: Step) -> Result<Self, Status> {
        let (steps, stream) = mpsc::channel(8);
        steps.send(v1::ReceiveRequest { step: Some(first) }).await.unwrap();
        let items = relay(hub, member).await.receive(ReceiverStream::new(stream)).await?.into_inner();
        Ok(Self { steps, items })
    }

    pub(crate) async fn step(&self, step: Step) {
        self.steps.send(v1::ReceiveRequest { step: Some(step) }).await.unwrap();
    }

    pub(crate) async fn try_next(&mut self) -> Result<Option<Item>, Status> {
        let next = tokio::time::timeout(SOON, self.items.message()).await.expect("an item soon");
        Ok(next?.map(|response| response.item.unwrap()))
    }

    pub(crate) async fn next(&mut self) -> Item {
        self.try_next().await.unwrap().expect("an item")
    }

    pub(crate) async fn delivery(&mut self) -> v1::Delivery {
        match self.next().await {
            Item::Delivery(delivery) => delivery,
            other => panic!("{other:?}"),
        }
    }

    async fn event(&mut self) -> v1::Event {
        match self.next().await {
            Item::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn caught_up(&mut self) -> u64 {
        match self.next().await {
            Item::CaughtUp(caught_up) => caught_up.cursor,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn acknowledge(
        &mut self,
        receipts: Vec<Vec<u8>>,
        events_through: u64,
    ) -> Vec<(u32, ErrorReason)> {
        let receipts = receipts.into_iter().map(Into::into).collect();
        self.step(Step::Acknowledge(v1::Acknowledge { receipts, events_through })).await;
        loop {
            match self.next().await {
                Item::Acknowledged(taken) => {
                    let failures = taken.failures.into_iter();
                    return failures.map(|f| (f.index, f.failure.unwrap().reason())).collect();
                }
                // The queue may have been found empty meanwhile.
                Item::CaughtUp(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The refusal that ends the stream, whatever comes before it.
    async fn refusal(mut self) -> ErrorReason {
        loop {
            match self.try_next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a word"),
                Err(status) => return reason::<()>(Err(status)),
            }
        }
    }
}

/// What a device says about messages, each with its proof.
pub(crate) fn receipts(by: &Member, about: &[(&v1::SubmitRequest, Verdict)]) -> Vec<Vec<u8>> {
    let receipt = |(message, verdict): &(&v1::SubmitRequest, Verdict)| {
        let header = header(message);
        let (message_id, hh) = (header.fields().message_id, *header.hh());
        let device = by.device.device_id();
        DeviceReceipt { message_id, hh, org: by.org(), device, time_ms: NOW, verdict: *verdict }
    };
    let records: Vec<DeviceReceipt> = about.iter().map(receipt).collect();
    let batch = sign_batch(&records, &by.device).unwrap();
    let maker = ProofMaker::new(batch.leaf_hashes.clone(), batch.key_id, batch.signature);
    (0_u16..).zip(&records).map(|(index, record)| maker.prove(record, index).unwrap()).collect()
}

pub(crate) const DELIVERED: Verdict = Verdict::Delivered { open_tag: [7; 16] };

#[tokio::test]
async fn a_message_goes_in_comes_out_and_its_sender_hears_of_it() {
    let hub = Hub::start().await;
    let (from, to) =
        (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", SOCIAL_SERVICES).await);
    let mut sender = relay(&hub, &from).await;
    let message = message(&from, &to);
    let receipt = sender.submit(message.clone()).await.unwrap().into_inner().receipt;
    accepted(&hub, &message, &receipt);

    let mut reader = Receiving::start(&hub, &to, 10).await;
    let delivery = reader.delivery().await;
    assert_eq!((&delivery.header, &delivery.content), (&message.header, &message.content));
    assert_eq!((&delivery.wrap, &delivery.submission_receipt), (&message.wraps, &receipt));
    assert_eq!(reader.caught_up().await, delivery.cursor);
    let said = receipts(&to, &[(&message, DELIVERED)]);
    assert_eq!(reader.acknowledge(said.clone(), 0).await, []);
    assert_eq!(reader.acknowledge(said.clone(), 0).await, [], "the same again is taken again");

    let mut origin = Receiving::start(&hub, &from, 10).await;
    let mut heard = vec![];
    let mut through = 0;
    while heard.len() < 3 {
        let event = origin.event().await;
        through = event.cursor;
        heard.push(match ReceiptProof::parse(&event.receipt).unwrap() {
            ReceiptProof::Hub(proof) => {
                let receipt = proof.verify(&hub.receipt_key()).unwrap().into_value();
                format!("{:?}", receipt.event.receipt_type())
            }
            ReceiptProof::Device(proof) => {
                assert_eq!(event.receipt, said[0]);
                format!("{:?}", proof.verify(to.device.public_key()).unwrap().value().verdict.receipt_type())
            }
        });
    }
    assert_eq!(heard, ["HandedOver", "Delivered", "Purged"]);
    origin.caught_up().await;
    assert_eq!(origin.acknowledge(vec![], through).await, []);
    let mut again = Receiving::start(&hub, &from, 10).await;
    assert_eq!(again.caught_up().await, 0, "events that were taken do not wait");

    let id = header(&message).fields().message_id;
    let status = v1::GetMessageStatusRequest { message_id: id.as_bytes().to_vec().into() };
    let status = sender.get_message_status(status).await.unwrap().into_inner();
    assert_eq!((status.state(), status.receipts.len()), (MessageState::Delivered, 4));
    assert_eq!(reason(sender.submit(message).await), ErrorReason::MessageGone);
}

#[tokio::test]
async fn the_same_bytes_get_the_same_receipt_whatever_has_changed() {
    let hub = Hub::start().await;
    let (mut from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let message = message(&from, &to);
    let first = relay(&hub, &from).await.submit(message.clone()).await.unwrap().into_inner().receipt;
    let hub = hub.restarted().await;
    hub.hands.set(NOW + 20 * DAY_MS);
    let mut directory = directory(&hub, &from).await;
    directory.publish_manifest(from.change(|_| {})).await.unwrap();
    let mut sender = relay(&hub, &from).await;
    assert_eq!(sender.submit(message.clone()).await.unwrap().into_inner().receipt, first);
    let other = v1::SubmitRequest { content: vec![9; message.content.len()].into(), ..message.clone() };
    assert_eq!(reason(sender.submit(other).await), ErrorReason::IdempotencyConflict);
    let thief = relay(&hub, &to).await.submit(message).await;
    assert_eq!(reason(thief), ErrorReason::SenderMismatch);
}

#[tokio::test]
async fn what_may_not_be_handed_in_is_refused_with_its_reason() {
    let hub = Hub::start().await;
    let from = hub.member("from-exempel", 8).await;
    let to = hub.member("to-exempel", POLICE).await;
    let pending = hub.pending("pending-exempel", POLICE).await;
    let mut sender = relay(&hub, &from).await;
    let base = || referral(&from, &to);
    let cases = [
        (
            ErrorReason::LegalBasisNotAvailable,
            HeaderFields { basis: Some(LegalBasis::DutyToReport), ..base() },
        ),
        (ErrorReason::ClockOutOfRange, HeaderFields { created_ms: NOW - 8 * DAY_MS, ..base() }),
        (ErrorReason::RecipientUnknown, referral(&from, &pending)),
        (ErrorReason::SenderMismatch, referral(&to, &from)),
    ];
    for (expected, fields) in cases {
        let message = handed_in(&Header::new(fields).unwrap());
        assert_eq!(reason(sender.submit(message).await), expected);
    }
    let mut stale = base();
    stale.to[0].manifest_serial += 1;
    assert_eq!(
        reason(sender.submit(handed_in(&Header::new(stale).unwrap())).await),
        ErrorReason::StaleDirectory
    );
    let good = message(&from, &to);
    let short = v1::SubmitRequest { wraps: good.wraps.slice(1..), ..good.clone() };
    assert_eq!(field(sender.submit(short).await), (ErrorReason::InvalidField, "wraps".to_owned()));
    sender.submit(good).await.unwrap();
}

#[tokio::test]
async fn a_stream_answers_each_message_by_its_id() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let mut messages: Vec<_> = (0..300).map(|_| message(&from, &to)).collect();
    messages[7].content = messages[7].content.slice(1..);
    messages[8].header = vec![1, 2, 3].into();
    let requests: Vec<_> = messages
        .iter()
        .map(|message| v1::SubmitStreamRequest { message: Some(message.clone()) })
        .chain([v1::SubmitStreamRequest { message: None }])
        .collect();
    let mut sender = relay(&hub, &from).await;
    let mut answers = sender.submit_stream(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let (mut receipts, mut failures) = (0, vec![]);
    while let Some(answer) = tokio::time::timeout(SOON, answers.message()).await.unwrap().unwrap() {
        match answer.outcome.unwrap() {
            v1::submit_stream_response::Outcome::Receipt(receipt) => {
                let id = MessageId::parse(&answer.message_id).unwrap();
                let of = messages.iter().find(|m| m.header.len() > 22 && header(m).fields().message_id == id);
                accepted(&hub, of.unwrap(), &receipt);
                receipts += 1;
            }
            v1::submit_stream_response::Outcome::Failure(failure) => {
                failures.push((answer.message_id.len(), failure.field.clone(), failure.reason()));
            }
        }
    }
    failures.sort();
    assert_eq!(receipts, 298);
    assert_eq!(
        failures,
        [
            (0, "magic".to_owned(), ErrorReason::InvalidField),
            (0, "message".to_owned(), ErrorReason::InvalidField),
            (16, "content".to_owned(), ErrorReason::InvalidField),
        ]
    );
}

#[tokio::test]
async fn credit_bounds_what_is_handed_over_and_new_mail_wakes_the_stream() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let mut sender = relay(&hub, &from).await;
    let mut reader = Receiving::start(&hub, &to, 2).await;
    assert_eq!(reader.caught_up().await, 0);
    let mut cursors = vec![];
    for _ in 0..3 {
        sender.submit(message(&from, &to)).await.unwrap();
    }
    cursors.push(reader.delivery().await.cursor);
    while cursors.len() < 2 {
        match reader.next().await {
            Item::Delivery(delivery) => cursors.push(delivery.cursor),
            Item::CaughtUp(_) => {}
            other => panic!("{other:?}"),
        }
    }
    // Nothing more comes without credit; an acknowledgement is answered all the same.
    assert_eq!(reader.acknowledge(vec![], 0).await, []);
    reader.step(Step::Credit(1)).await;
    cursors.push(reader.delivery().await.cursor);
    assert!(cursors.is_sorted(), "{cursors:?}");

    let mut again = Receiving::start(&hub, &to, 10).await;
    for cursor in &cursors {
        assert_eq!(again.delivery().await.cursor, *cursor, "what is not acknowledged still waits");
    }
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_on_every_stream() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let messages = [message(&from, &to), message(&from, &to), message(&from, &to)];
    for message in &messages {
        relay(&hub, &from).await.submit(message.clone()).await.unwrap();
    }
    let mut first = Receiving::start(&hub, &to, 10).await;
    for message in &messages {
        assert_eq!(first.delivery().await.header, message.header);
    }
    let newest = first.caught_up().await;
    // The last one is stored and acknowledged; the client crashes before it has stored the others.
    assert_eq!(first.acknowledge(receipts(&to, &[(&messages[2], DELIVERED)]), newest).await, []);
    drop(first);
    let hub = hub.restarted().await;
    for _ in 0..2 {
        let mut again = Receiving::start(&hub, &to, 10).await;
        for message in &messages[..2] {
            assert_eq!(again.delivery().await.header, message.header);
        }
        assert!(again.caught_up().await < newest, "the acknowledged one does not come");
    }
    // Events are acknowledged by their cursor, and wait as well until then.
    let heard = |item| matches!(item, Item::Event(_));
    for _ in 0..2 {
        let mut origin = Receiving::start(&hub, &from, 1).await;
        assert!(heard(origin.next().await));
    }
}

#[tokio::test]
async fn a_stream_begins_rightly_or_not_at_all() {
    let hub = Hub::start().await;
    let to = hub.member("to-exempel", POLICE).await;
    for first in
        [Step::Credit(1), Step::Start(v1::Start { credit: 0 }), Step::Start(v1::Start { credit: 1_025 })]
    {
        let stream = Receiving::open(&hub, &to, first).await.unwrap();
        assert_eq!(stream.refusal().await, ErrorReason::InvalidField);
    }
    let twice = Receiving::start(&hub, &to, 1).await;
    twice.step(Step::Start(v1::Start { credit: 1 })).await;
    assert_eq!(twice.refusal().await, ErrorReason::InvalidField);
    let pending = hub.pending("pending-exempel", POLICE).await;
    let refused = Receiving::open(&hub, &pending, Step::Credit(1)).await.map(|_| ());
    assert_eq!(reason(refused), ErrorReason::OrganisationPending);
}

#[tokio::test]
async fn devices_speak_for_themselves_and_do_not_contradict_themselves() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let third = hub.member("tredje-exempel", POLICE).await;
    let (first, second, unseen) = (message(&from, &to), message(&from, &to), message(&from, &to));
    let mut sender = relay(&hub, &from).await;
    for message in [&first, &second] {
        sender.submit(message.clone()).await.unwrap();
    }
    let mut reader = Receiving::start(&hub, &to, 10).await;
    reader.delivery().await;
    reader.delivery().await;
    let refused = Verdict::Refused { reason: RefusalReason::Expired, open_tag: [1; 16] };
    let mut said = receipts(&to, &[(&first, refused), (&second, DELIVERED), (&unseen, DELIVERED)]);
    said.push(receipts(&third, &[(&second, DELIVERED)]).remove(0));
    let mut forged = receipts(&to, &[(&first, DELIVERED)]).remove(0);
    *forged.last_mut().unwrap() ^= 1;
    said.push(forged);
    said.push(vec![0; 10]);
    assert_eq!(
        reader.acknowledge(said, 0).await,
        [
            (2, ErrorReason::MessageUnknown),
            (3, ErrorReason::ReceiptRefused),
            (4, ErrorReason::ReceiptRefused),
            (5, ErrorReason::InvalidField),
        ]
    );
    let contradiction = receipts(&to, &[(&second, refused)]);
    assert_eq!(reader.acknowledge(contradiction, 0).await, [(0, ErrorReason::ReceiptRefused)]);
}

#[tokio::test]
async fn a_revoked_device_loses_its_open_stream_with_the_reason() {
    let hub = Hub::start().await;
    let mut to = hub.member("to-exempel", POLICE).await;
    let stream = Receiving::start(&hub, &to, 10).await;
    // Another device joins it, and takes its place.
    let (second, identity, old) = (random_signer(), Identity::new(), to.device.device_id());
    let added = standing(&second, &identity, Roles::ALL);
    let publish = to.change(|fields| {
        fields.devices.push(added);
        fields.devices.sort_by_key(|device| device.id());
    });
    directory(&hub, &to).await.publish_manifest(publish).await.unwrap();
    let publish = to.change_by(&second, |fields| {
        fields.devices.retain(|device| device.id() != old);
        fields.mailboxes[0].readers = vec![second.device_id()];
        let reason = samverkan_proto::code::RevocationReason::Lost;
        fields.revocations.push(samverkan_proto::statement::manifest::Revocation {
            device_id: old,
            revoked_ms: NOW,
            reason,
        });
    });
    directory(&hub, &to).await.publish_manifest(publish).await.unwrap();
    assert_eq!(stream.refusal().await, ErrorReason::DeviceRevoked);
    let again = Receiving::open(&hub, &to, Step::Credit(1)).await.map(|_| ());
    assert_eq!(reason(again), ErrorReason::DeviceRevoked);
}

#[tokio::test]
async fn a_suspended_organisation_loses_its_streams_with_the_reason() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let stream = Receiving::start(&hub, &to, 10).await;
    let suspend = v1::SuspendOrganisationRequest { handle: to.handle.clone() };
    let reply = hub.operator().await.suspend_organisation(suspend).await.unwrap().into_inner();
    assert_eq!(reply.organisation.unwrap().state, u32::from(OrganisationState::Suspended.code()));
    assert_eq!(stream.refusal().await, ErrorReason::OrganisationSuspended);
    let refused = relay(&hub, &from).await.submit(message(&from, &to)).await;
    assert_eq!(reason(refused), ErrorReason::RecipientSuspended);
}

#[tokio::test]
async fn streams_are_told_that_the_hub_stops_and_do_not_hold_it_up() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let stream = Receiving::start(&hub, &to, 10).await;
    let (open, requests) = mpsc::channel::<v1::SubmitStreamRequest>(1);
    let mut sender = relay(&hub, &from).await;
    let mut answers = sender.submit_stream(ReceiverStream::new(requests)).await.unwrap().into_inner();
    let stopped = tokio::spawn(hub.stop());
    assert_eq!(stream.refusal().await, ErrorReason::Draining);
    assert_eq!(reason(answers.message().await), ErrorReason::Draining);
    drop((open, sender));
    let clean = tokio::time::timeout(Duration::from_millis(1_500), stopped).await;
    assert!(clean.is_ok(), "the drain's two seconds were not needed");
}

#[tokio::test]
async fn only_readers_of_the_senders_mailbox_see_what_became_of_a_message() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let message = message(&from, &to);
    relay(&hub, &from).await.submit(message.clone()).await.unwrap();
    let id = header(&message).fields().message_id.as_bytes().to_vec();
    let ask = |message_id: Vec<u8>| v1::GetMessageStatusRequest { message_id: message_id.into() };
    let status = relay(&hub, &from).await.get_message_status(ask(id.clone())).await.unwrap().into_inner();
    assert_eq!((status.state(), status.receipts.len()), (MessageState::Waiting, 1));
    let recipient = relay(&hub, &to).await.get_message_status(ask(id)).await;
    assert_eq!(reason(recipient), ErrorReason::MessageUnknown);
    let unknown = ask(MessageId::random().as_bytes().to_vec());
    assert_eq!(
        reason(relay(&hub, &from).await.get_message_status(unknown).await),
        ErrorReason::MessageUnknown
    );
    let short = relay(&hub, &from).await.get_message_status(ask(vec![1; 15])).await;
    assert_eq!(reason(short), ErrorReason::InvalidField);
}

/// The hub receipts that wait for a member, in order, until one of type 5 has come.
async fn hub_events(hub: &Hub, member: &Member) -> Vec<HubEvent> {
    let mut stream = Receiving::start(hub, member, 100).await;
    let mut events = vec![];
    while !matches!(events.last(), Some(HubEvent::Purged(_))) {
        if let Item::Event(event) = stream.next().await {
            let proof = UnverifiedProof::<HubReceipt>::parse(&event.receipt).unwrap();
            events.push(proof.verify(&hub.receipt_key()).unwrap().into_value().event);
        }
    }
    events
}

#[tokio::test]
async fn what_nobody_fetches_expires_and_its_sender_is_told() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    let fields = HeaderFields { expires_ms: NOW + 60_000, ..referral(&from, &to) };
    let message = handed_in(&Header::new(fields).unwrap());
    relay(&hub, &from).await.submit(message).await.unwrap();
    hub.hands.set(NOW + 60_000);
    let events = hub_events(&hub, &from).await;
    assert!(
        matches!(events[..], [HubEvent::ExpiredUndelivered, HubEvent::Purged(PurgeReason::Expired)]),
        "{events:?}"
    );
    let mut reader = Receiving::start(&hub, &to, 10).await;
    assert_eq!(reader.caught_up().await, 0);
}

#[tokio::test]
async fn what_waits_for_a_suspended_organisation_goes_back() {
    let hub = Hub::start().await;
    let (from, to) = (hub.member("from-exempel", POLICE).await, hub.member("to-exempel", POLICE).await);
    relay(&hub, &from).await.submit(message(&from, &to)).await.unwrap();
    let suspend = v1::SuspendOrganisationRequest { handle: to.handle.clone() };
    hub.operator().await.suspend_organisation(suspend).await.unwrap();
    let events = hub_events(&hub, &from).await;
    let purged = HubEvent::Purged(PurgeReason::Suspended);
    assert!(matches!(events[..], [HubEvent::Returned { .. }, last] if last == purged), "{events:?}");
}
