//! What the clients send while the hub lives: in four manners, until the connection breaks.

use super::ground::{Ground, Registration};
use crate::chance::Chance;
use crate::faults::Finding;
use crate::until::in_time;
use crate::wire::statement::RawStub;
use crate::wire::upload::{Blob, Upload};
use crate::wire::{Parcel, Peer, RawBlob, Refused, now_ms};
use samverkan_proto::limits::{DAY_MS, MAX_IN_FLIGHT};
use samverkan_proto::reason;
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    ErrorReason, RegisterConsentsRequest, RegisterConsentsResponse, SubmitStreamRequest, SubmitStreamResponse,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Calls that one client has open at once.
const AT_ONCE: usize = 8;
/// Consents in one registration.
const STUBS: usize = 8;
/// Bytes in one frame of an upload: many, so that a kill falls between them.
const FRAME: usize = 32 << 10;

/// How a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// One stream, as many messages in flight as it may.
    Stream,
    /// Single calls, some at once.
    Calls,
    /// An attachment, then the message that names it, and again.
    Attachments,
    /// Consents, then a message for each, and again.
    Consents,
}

impl Manner {
    /// Half of the clients stream; each does something else the next time.
    pub(super) fn of(client: usize, cycle: u64) -> Self {
        const TURNS: [Manner; 8] = [
            Manner::Stream,
            Manner::Calls,
            Manner::Stream,
            Manner::Attachments,
            Manner::Stream,
            Manner::Calls,
            Manner::Stream,
            Manner::Consents,
        ];
        TURNS[(client + usize::try_from(cycle % 8).unwrap_or_default()) % TURNS.len()]
    }
}

/// Messages that are on their way over one stream.
type Flight = Mutex<HashMap<[u8; 16], Arc<Parcel>>>;

/// A client that sends.
pub(super) struct Sender {
    pub(super) ground: Arc<Ground>,
    pub(super) client: usize,
    pub(super) peer: Peer,
    pub(super) chance: Chance,
}

impl Sender {
    /// Sends until the hub is gone.
    pub(super) async fn send(mut self, manner: Manner) {
        match manner {
            Manner::Stream => self.stream().await,
            Manner::Calls => self.calls().await,
            Manner::Attachments => while self.attachment().await {},
            Manner::Consents => while self.consents().await {},
        }
    }

    async fn stream(&mut self) {
        let (requests, queue) = mpsc::channel(MAX_IN_FLIGHT);
        let mut relay = self.peer.relay();
        let opened = in_time("a submit stream", relay.submit_stream(ReceiverStream::new(queue))).await;
        let answers = match opened {
            Ok(answers) => answers.into_inner(),
            Err(status) => {
                self.ground.refused("a submit stream", &Refused::from(status));
                return;
            }
        };
        let (flight, window) = (Flight::default(), Semaphore::new(self.ground.in_flight));
        let ground = Arc::clone(&self.ground);
        tokio::select! {
            () = self.feed(&requests, &flight, &window) => {}
            () = take(&ground, answers, &flight, &window) => {}
        }
    }

    async fn feed(
        &mut self,
        requests: &mpsc::Sender<SubmitStreamRequest>,
        flight: &Flight,
        window: &Semaphore,
    ) {
        loop {
            let Ok(place) = window.acquire().await else { return };
            place.forget();
            let parcel = self.new_parcel();
            let message = Some(parcel.request());
            flight.lock().unwrap_or_else(PoisonError::into_inner).insert(parcel.header.message_id, parcel);
            if requests.send(SubmitStreamRequest { message }).await.is_err() {
                // The stream has ended; its reader says why.
                return std::future::pending().await;
            }
        }
    }

    fn new_parcel(&mut self) -> Arc<Parcel> {
        let parcel = self.ground.federation.write(self.client, &mut self.chance);
        self.about_to_send(parcel)
    }

    fn about_to_send(&self, parcel: Parcel) -> Arc<Parcel> {
        let parcel = Arc::new(parcel);
        self.ground.model().submitting(self.client, &parcel);
        parcel
    }

    async fn calls(&mut self) {
        let mut calls = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (ground, peer) = (Arc::clone(&self.ground), self.peer.clone());
            let chance = Chance::of_seed(self.chance.draw());
            let mut one = Self { ground, peer, chance, client: self.client };
            calls.spawn(async move {
                loop {
                    let parcel = one.new_parcel();
                    if !one.submit(&parcel).await {
                        return;
                    }
                }
            });
        }
        calls.join_all().await;
    }

    /// One call. Gives whether to go on.
    async fn submit(&self, parcel: &Parcel) -> bool {
        match parcel.submit(&self.peer).await {
            Ok(proof) => {
                self.ground.receipt(parcel, &proof);
                true
            }
            Err(refused) => self.ground.refused("a message", &refused),
        }
    }

    /// Goes on with the attachment that a kill interrupted, or begins one; then sends a message that names it.
    async fn attachment(&mut self) -> bool {
        let begun = self.ground.errands(self.client).uploading.clone();
        let (blob, complete) = begun.unwrap_or_else(|| {
            let blob = Blob::random(self.chance.within(1..400_000));
            self.ground.errands(self.client).uploading = Some((blob.clone(), false));
            (blob, false)
        });
        match self.upload(&blob, complete).await {
            Ok(()) => {}
            Err(refused) => return self.ground.refused("an upload", &refused),
        }
        let named = RawBlob { id: blob.id, len: blob.len() };
        let parcel = self.ground.federation.write_naming(self.client, &mut self.chance, named);
        let parcel = self.about_to_send(parcel);
        // The message is in doubt from here on, and with it the attachment: both are settled after the next start.
        self.ground.errands(self.client).uploading = None;
        self.submit(&parcel).await
    }

    async fn upload(&self, blob: &Blob, complete: bool) -> Result<(), Refused> {
        let held = blob.held(&self.peer).await?;
        if complete && !held.complete {
            self.ground.model().find(Finding::Lost, "a complete attachment is not there");
        }
        let mut upload = Upload::open(&self.peer);
        upload.send(Part::Start(blob.start(held.offset))).await;
        let from = usize::try_from(held.offset).unwrap_or(usize::MAX).min(blob.bytes.len());
        for frame in blob.bytes[from..].chunks(FRAME) {
            upload.send(Part::Data(blob.bytes.slice_ref(frame))).await;
        }
        if !upload.finish().await?.complete {
            self.ground.model().find(Finding::Silent, "a whole upload is not complete");
        }
        if let Some((_, complete)) = &mut self.ground.errands(self.client).uploading {
            *complete = true;
        }
        Ok(())
    }

    /// Registers consents, those again that a kill left in doubt, and sends a message on each that is registered.
    async fn consents(&mut self) -> bool {
        let begun = self.ground.errands(self.client).registering.clone();
        let Registration { stubs, handles } = begun.unwrap_or_else(|| {
            let new = self.new_stubs();
            self.ground.errands(self.client).registering = Some(new.clone());
            new
        });
        let request = RegisterConsentsRequest { stubs: stubs.into_iter().map(Into::into).collect() };
        let method = "ConsentService/RegisterConsents";
        let registered: Result<RegisterConsentsResponse, Refused> = self.peer.call(method, &request).await;
        if let Err(refused) = registered {
            return self.ground.refused("consents", &refused);
        }
        {
            let mut errands = self.ground.errands(self.client);
            errands.registering = None;
            errands.handles.extend(handles);
        }
        loop {
            let Some(handle) = self.ground.errands(self.client).handles.pop() else { return true };
            let parcel = self.ground.federation.write_on_consent(self.client, &mut self.chance, handle);
            let parcel = self.about_to_send(parcel);
            if !self.submit(&parcel).await {
                return false;
            }
        }
    }

    fn new_stubs(&self) -> Registration {
        let (org, device) =
            (self.ground.federation.org(self.client), self.ground.federation.device(self.client));
        let stub = |_| {
            let stub = RawStub::new(org, device.id(), now_ms() + DAY_MS);
            (stub.signed_by(&device.signer), stub.handle)
        };
        let (stubs, handles) = (0..STUBS).map(stub).unzip();
        Registration { stubs, handles }
    }
}

/// Takes the answers of a stream until it ends.
async fn take(
    ground: &Ground,
    mut answers: Streaming<SubmitStreamResponse>,
    flight: &Flight,
    window: &Semaphore,
) {
    loop {
        match in_time("an answer", answers.message()).await {
            Ok(Some(answer)) => {
                let id: [u8; 16] = answer.message_id.as_ref().try_into().unwrap_or_default();
                let parcel = flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                window.add_permits(1);
                judge(ground, parcel.as_deref(), answer.outcome);
            }
            Ok(None) => return ground.model().find(Finding::Silent, "a submit stream ended without a word"),
            Err(status) => {
                ground.refused("a submit stream", &Refused::from(status));
                return;
            }
        }
    }
}

fn judge(ground: &Ground, parcel: Option<&Parcel>, outcome: Option<Outcome>) {
    match (parcel, outcome) {
        (Some(parcel), Some(Outcome::Receipt(proof))) => ground.receipt(parcel, &proof),
        (Some(_), Some(Outcome::Failure(failure))) if failure.reason == ErrorReason::Busy as i32 => {}
        (Some(_), Some(Outcome::Failure(failure))) => {
            let reason = ErrorReason::try_from(failure.reason).map(reason::name);
            ground.model().find(Finding::Silent, format!("a message was refused: {reason:?}"));
        }
        _ => ground.model().find(Finding::Silent, "an answer for a message that was not asked about"),
    }
}
