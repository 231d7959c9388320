//! The services of a hub that lies, over the TLS of the hub it replaces.

use std::collections::VecDeque;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use samverkan_hub::clock::Clock;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::metrics::Metrics;
use samverkan_hub::server::{Bounds, Connections, Server};
use samverkan_hub::tls::ServerTls;
use samverkan_proto::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use samverkan_proto::v1::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::relay_service_server::{RelayService, RelayServiceServer};
use samverkan_proto::v1::{
    Acknowledged, CaughtUp, Delivery, DescribeInviteRequest, DescribeInviteResponse, DescribeRecoveryRequest,
    DescribeRecoveryResponse, DownloadBlobRequest, DownloadBlobResponse, EnrolRequest, EnrolResponse,
    GetMessageStatusRequest, GetMessageStatusResponse, GetUploadRequest, GetUploadResponse, HelloRequest,
    HelloResponse, PublishAgreementRequest, PublishAgreementResponse, PublishEpochKeysRequest,
    PublishEpochKeysResponse, PublishManifestRequest, PublishManifestResponse, RecallRequest, RecallResponse,
    ReceiveRequest, ReceiveResponse, RecoverRequest, RecoverResponse, RenewCertificateRequest,
    RenewCertificateResponse, RequestMembershipRequest, RequestMembershipResponse, ReturnLogRequest,
    ReturnLogResponse, RewrapRequest, RewrapResponse, SubmitRequest, SubmitResponse, SubmitStreamRequest,
    SubmitStreamResponse, SyncRequest, SyncResponse, UploadBlobRequest, UploadBlobResponse,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use super::{Capture, Flip, Part, unimplemented};

/// Answers that wait for the client.
const QUEUE: usize = 256;

type Answers<T> = ReceiverStream<Result<T, Status>>;

/// Answers at `address` with the keys in `data_dir` and what was captured, changed as the file `flips` says: one delivery for each of
/// its lines, of the same message. Runs until the process is killed.
///
/// # Errors
/// When the keys, a file or the address can not be used.
pub async fn serve(
    data_dir: &Path,
    address: SocketAddr,
    capture: &Path,
    flips: PathBuf,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let capture = Capture::read(capture)?;
    let clock = Clock::system();
    let authority = HubKeys::load(data_dir)?.authority;
    let tls = Arc::new(ServerTls::new(authority, vec![address.ip().to_string()], clock.clone())?);
    let evil = Evil(Arc::new(State { capture, flips, clock: clock.clone(), blobs: Mutex::default() }));
    let routes = Routes::new(EnrolmentServiceServer::new(evil.clone()))
        .add_service(DirectoryServiceServer::new(evil.clone()))
        .add_service(RelayServiceServer::new(evil));
    let bounds = Bounds { handshakes_per_second_per_address: 1000, ..Bounds::default() };
    let server = Server::new(tls, routes, clock, bounds, Connections::new(), Metrics::new());
    let listener = TcpListener::bind(address).await?;
    server.serve(listener, CancellationToken::new(), Duration::ZERO).await;
    Ok(())
}

#[derive(Clone)]
struct Evil(Arc<State>);

struct State {
    capture: Capture,
    flips: PathBuf,
    clock: Clock,
    /// How the attachment is changed each time it is fetched: once for each delivery whose other parts are whole.
    blobs: Mutex<VecDeque<Flip>>,
}

impl State {
    fn read_flips(&self) -> Result<Vec<Flip>, Status> {
        let text =
            std::fs::read_to_string(&self.flips).map_err(|error| Status::internal(error.to_string()))?;
        text.lines().map(|line| line.parse().map_err(Status::internal)).collect()
    }

    fn delivery(&self, cursor: u64, flip: &Flip) -> Delivery {
        let part = |part| flip.apply(part, self.capture.part(part));
        Delivery {
            cursor,
            header: part(Part::Header),
            wrap: part(Part::Wrap),
            content: part(Part::Content),
            submission_receipt: part(Part::Receipt),
            rewrap: Default::default(),
        }
    }

    fn set_blobs(&self, flips: &[Flip]) {
        let reach_it = flips.iter().copied().filter(|flip| flip.part == Part::Blob || flip.mask == 0);
        *self.blobs.lock().unwrap_or_else(PoisonError::into_inner) = reach_it.collect();
    }

    fn next_blob(&self) -> Option<Flip> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

#[tonic::async_trait]
impl EnrolmentService for Evil {
    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let captured = self.0.capture.hello.clone().ok_or_else(|| Status::internal("no greeting"))?;
        Ok(Response::new(HelloResponse { hub_time_ms: self.0.clock.now_ms(), ..captured }))
    }

    async fn describe_invite(
        &self,
        _: Request<DescribeInviteRequest>,
    ) -> Result<Response<DescribeInviteResponse>, Status> {
        unimplemented()
    }

    async fn enrol(&self, _: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        unimplemented()
    }

    async fn describe_recovery(
        &self,
        _: Request<DescribeRecoveryRequest>,
    ) -> Result<Response<DescribeRecoveryResponse>, Status> {
        unimplemented()
    }

    async fn recover(&self, _: Request<RecoverRequest>) -> Result<Response<RecoverResponse>, Status> {
        unimplemented()
    }

    async fn renew_certificate(
        &self,
        _: Request<RenewCertificateRequest>,
    ) -> Result<Response<RenewCertificateResponse>, Status> {
        unimplemented()
    }

    async fn request_membership(
        &self,
        _: Request<RequestMembershipRequest>,
    ) -> Result<Response<RequestMembershipResponse>, Status> {
        unimplemented()
    }
}

#[tonic::async_trait]
impl DirectoryService for Evil {
    type SyncStream = Answers<SyncResponse>;

    async fn sync(&self, request: Request<SyncRequest>) -> Result<Response<Self::SyncStream>, Status> {
        let capture = &self.0.capture;
        let from = usize::try_from(request.into_inner().from_leaf).unwrap_or(usize::MAX);
        let entries = capture.entries.iter().skip(from).cloned().collect();
        let (answers, stream) = mpsc::channel(1);
        let answer = SyncResponse { entries, checkpoint: capture.checkpoint.clone() };
        answers.try_send(Ok(answer)).map_err(|_| Status::internal("a fresh queue is full"))?;
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn publish_manifest(
        &self,
        _: Request<PublishManifestRequest>,
    ) -> Result<Response<PublishManifestResponse>, Status> {
        unimplemented()
    }

    async fn publish_agreement(
        &self,
        _: Request<PublishAgreementRequest>,
    ) -> Result<Response<PublishAgreementResponse>, Status> {
        unimplemented()
    }

    async fn publish_epoch_keys(
        &self,
        _: Request<PublishEpochKeysRequest>,
    ) -> Result<Response<PublishEpochKeysResponse>, Status> {
        unimplemented()
    }

    async fn return_log(&self, _: Request<ReturnLogRequest>) -> Result<Response<ReturnLogResponse>, Status> {
        unimplemented()
    }
}

#[tonic::async_trait]
impl RelayService for Evil {
    type SubmitStreamStream = Answers<SubmitStreamResponse>;
    type ReceiveStream = Answers<ReceiveResponse>;
    type DownloadBlobStream = Answers<DownloadBlobResponse>;

    async fn receive(
        &self,
        request: Request<Streaming<ReceiveRequest>>,
    ) -> Result<Response<Self::ReceiveStream>, Status> {
        let flips = self.0.read_flips()?;
        self.0.set_blobs(&flips);
        let (answers, stream) = mpsc::channel(QUEUE);
        let state = Arc::clone(&self.0);
        tokio::spawn(async move { hand_over(&state, &flips, request.into_inner(), &answers).await });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn download_blob(
        &self,
        request: Request<DownloadBlobRequest>,
    ) -> Result<Response<Self::DownloadBlobStream>, Status> {
        let flip = self.0.next_blob().ok_or_else(|| Status::internal("no message names it any more"))?;
        let blob = flip.apply(Part::Blob, &self.0.capture.blob);
        let offset = usize::try_from(request.into_inner().offset).unwrap_or(usize::MAX).min(blob.len());
        let (answers, stream) = mpsc::channel(1);
        let answer = DownloadBlobResponse { data: blob.slice(offset..) };
        answers.try_send(Ok(answer)).map_err(|_| Status::internal("a fresh queue is full"))?;
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn submit(&self, _: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        unimplemented()
    }

    async fn submit_stream(
        &self,
        _: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        unimplemented()
    }

    async fn get_upload(&self, _: Request<GetUploadRequest>) -> Result<Response<GetUploadResponse>, Status> {
        unimplemented()
    }

    async fn upload_blob(
        &self,
        _: Request<Streaming<UploadBlobRequest>>,
    ) -> Result<Response<UploadBlobResponse>, Status> {
        unimplemented()
    }

    async fn recall(&self, _: Request<RecallRequest>) -> Result<Response<RecallResponse>, Status> {
        unimplemented()
    }

    async fn rewrap(&self, _: Request<RewrapRequest>) -> Result<Response<RewrapResponse>, Status> {
        unimplemented()
    }

    async fn get_message_status(
        &self,
        _: Request<GetMessageStatusRequest>,
    ) -> Result<Response<GetMessageStatusResponse>, Status> {
        unimplemented()
    }
}

/// One receive stream: a delivery for each flip, as many as there is credit for, and thanks for every acknowledgement.
async fn hand_over(
    state: &State,
    flips: &[Flip],
    mut steps: Streaming<ReceiveRequest>,
    answers: &mpsc::Sender<Result<ReceiveResponse, Status>>,
) {
    // The client is gone when nobody takes an answer, and then there is nothing left to do.
    let say = async |item| answers.send(Ok(ReceiveResponse { item: Some(item) })).await.is_ok();
    let (mut left, mut caught_up) = ((1..).zip(flips).peekable(), false);
    while let Ok(Some(ReceiveRequest { step })) = steps.message().await {
        let credit = match step {
            Some(Step::Start(start)) => start.credit,
            Some(Step::Credit(more)) => more,
            Some(Step::Acknowledge(_)) => {
                if !say(Item::Acknowledged(Acknowledged::default())).await {
                    return;
                }
                0
            }
            None => 0,
        };
        for (cursor, flip) in left.by_ref().take(credit as usize) {
            if !say(Item::Delivery(state.delivery(cursor, flip))).await {
                return;
            }
        }
        if left.peek().is_none() && !caught_up {
            caught_up = say(Item::CaughtUp(CaughtUp { cursor: flips.len() as u64 })).await;
        }
    }
}
