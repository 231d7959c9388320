//! After a start: what was in doubt is handed in again, what was answered is asked for again, and what waits is looked at.

use super::ground::Ground;
use super::receiving::Reader;
use crate::faults::Finding;
use crate::until::in_time;
use crate::wire::{Parcel, Peer, Refused};
use samverkan_proto::reason;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::{
    ErrorReason, GetMessageStatusRequest, GetMessageStatusResponse, SubmitStreamRequest, SubmitStreamResponse,
};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Messages handed in again over one stream, below what a stream may have in flight.
const AT_ONCE: usize = 200;
/// Rounds after which a hub that is still busy is stuck.
const ROUNDS: usize = 1_000;
/// Answered messages that each client hands in once more after a start.
const REPEATED: usize = 12;
/// Messages that each client asks about after a start.
const ASKED: usize = 6;

/// Lets every client settle its doubts, then look at what waits for it. Gives the open receive streams, unless the hub went away.
pub(super) async fn settle(ground: &Arc<Ground>, peers: &[Peer]) -> Vec<Reader> {
    let mut doubts = JoinSet::new();
    for (client, peer) in peers.iter().cloned().enumerate() {
        let ground = Arc::clone(ground);
        doubts.spawn(async move {
            let done = Doubts { ground: &ground, client, peer }.settle().await;
            done.map_err(|refused| ground.refused("a message in doubt", &refused)).is_ok()
        });
    }
    let settled = doubts.join_all().await.into_iter().all(|settled| settled);
    let mut readers = JoinSet::new();
    for (client, peer) in peers.iter().cloned().enumerate() {
        let ground = Arc::clone(ground);
        readers.spawn(async move {
            let caught_up = async {
                let mut reader = Reader::open(Arc::clone(&ground), client, peer).await?;
                reader.catch_up(settled).await?;
                Ok(reader)
            };
            caught_up.await.map_err(|refused: Refused| ground.refused("what waits", &refused)).ok()
        });
    }
    readers.join_all().await.into_iter().flatten().collect()
}

struct Doubts<'a> {
    ground: &'a Ground,
    client: usize,
    peer: Peer,
}

impl Doubts<'_> {
    async fn settle(&self) -> Result<(), Refused> {
        for _ in 0..ROUNDS {
            let parcels = self.ground.model().in_doubt(self.client);
            if parcels.is_empty() {
                break;
            }
            for some in parcels.chunks(AT_ONCE) {
                self.hand_in(some).await?;
            }
        }
        let sample = self.ground.model().answered_of(self.client, REPEATED);
        for parcel in &sample {
            self.repeat(parcel).await?;
        }
        for parcel in sample.iter().rev().take(ASKED) {
            self.ask(parcel).await?;
        }
        Ok(())
    }

    /// The same bytes again, over one stream.
    async fn hand_in(&self, parcels: &[Arc<Parcel>]) -> Result<(), Refused> {
        let request = |parcel: &Arc<Parcel>| SubmitStreamRequest { message: Some(parcel.request()) };
        let requests: Vec<_> = parcels.iter().map(request).collect();
        let mut relay = self.peer.relay();
        let opened = relay.submit_stream(tokio_stream::iter(requests));
        let mut answers = in_time("a submit stream", opened).await?.into_inner();
        while let Some(answer) = in_time("an answer", answers.message()).await? {
            self.judge(parcels, answer);
        }
        Ok(())
    }

    fn judge(&self, parcels: &[Arc<Parcel>], answer: SubmitStreamResponse) {
        let Some(parcel) = Ground::named(parcels, &answer.message_id) else {
            return self
                .ground
                .model()
                .find(Finding::Silent, "an answer for a message that was not asked about");
        };
        match answer.outcome {
            Some(Outcome::Receipt(proof)) => self.receipt(&parcel, &proof),
            Some(Outcome::Failure(failure)) if failure.reason == ErrorReason::MessageGone as i32 => {
                self.ground.model().gone(parcel.header.message_id);
            }
            Some(Outcome::Failure(failure)) if failure.reason == ErrorReason::Busy as i32 => {}
            Some(Outcome::Failure(failure)) => {
                let reason = ErrorReason::try_from(failure.reason).map(reason::name);
                let mut model = self.ground.model();
                model.find(Finding::Silent, format!("a message in doubt was refused: {reason:?}"));
                model.give_up(parcel.header.message_id);
            }
            None => self.ground.model().find(Finding::Silent, "an empty answer"),
        }
    }

    fn receipt(&self, parcel: &Parcel, proof: &[u8]) {
        let genuine = self.ground.federation.is_accepted(parcel, proof);
        let mut model = self.ground.model();
        if !genuine {
            model.find(Finding::Silent, "a receipt is not the hub's word about its message");
        }
        model.receipt(parcel.header.message_id, proof);
    }

    /// An answered message again: the first receipt, or that it is gone, as it must be.
    async fn repeat(&self, parcel: &Parcel) -> Result<(), Refused> {
        let id = parcel.header.message_id;
        let over = self.ground.model().is_over(&id);
        match parcel.submit(&self.peer).await {
            Ok(_) if over => {
                self.ground.model().find(Finding::Duplicated, "a message that was over was accepted again");
            }
            Ok(proof) => self.receipt(parcel, &proof),
            Err(refused) if refused.reason == "MESSAGE_GONE" => self.ground.model().gone(id),
            Err(refused) if refused.reason == "BUSY" => {}
            Err(refused) => return Err(refused),
        }
        Ok(())
    }

    async fn ask(&self, parcel: &Parcel) -> Result<(), Refused> {
        let id = parcel.header.message_id;
        let request = GetMessageStatusRequest { message_id: id.to_vec().into() };
        let status: GetMessageStatusResponse =
            self.peer.call("RelayService/GetMessageStatus", &request).await?;
        self.ground.model().status(id, &status.receipts, status.state);
        Ok(())
    }
}
