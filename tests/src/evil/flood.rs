//! A hub that greets, and then says more than anybody can keep.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use samverkan_hub::clock::Clock;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::metrics::Metrics;
use samverkan_hub::server::{Bounds, Connections, Server};
use samverkan_hub::tls::ServerTls;
use samverkan_proto::v1::directory_service_server::{DirectoryService, DirectoryServiceServer};
use samverkan_proto::v1::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use samverkan_proto::v1::{
    DescribeInviteRequest, DescribeInviteResponse, DescribeRecoveryRequest, DescribeRecoveryResponse,
    EnrolRequest, EnrolResponse, HelloRequest, HelloResponse, LogEntry, PublishAgreementRequest,
    PublishAgreementResponse, PublishEpochKeysRequest, PublishEpochKeysResponse, PublishManifestRequest,
    PublishManifestResponse, RecoverRequest, RecoverResponse, RenewCertificateRequest,
    RenewCertificateResponse, RequestMembershipRequest, RequestMembershipResponse, ReturnLogRequest,
    ReturnLogResponse, SyncRequest, SyncResponse,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::unimplemented;
use crate::site::Site;
use crate::wire::Peer;

/// How much it would say if it were heard: a gigabyte.
pub const FLOOD: u64 = 1 << 30;
/// The length of the record under one leaf, and how many go into one answer.
const RECORD: usize = 128 << 10;
const LEAVES: usize = 8;
/// How long a header or a name is that does not go into an answer.
const LONG: usize = 16 << 20;

/// What there is too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// The log has no end: a gigabyte of leaves.
    Log,
    /// The log has no end either, and nothing is in it: answers without a leaf.
    Nothing,
    /// The greeting has headers of many megabytes.
    Headers,
    /// The hub's name has many megabytes.
    Name,
}

/// A hub that has the real one's keys and greets as it does. Dropping it stops it.
#[derive(Debug)]
pub struct FloodingHub {
    address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl FloodingHub {
    /// Starts one beside a real hub, at an address of its own.
    ///
    /// # Panics
    /// When the real one does not greet, or there is no free port.
    #[must_use]
    pub fn start(real: &Site, flood: Flood) -> Self {
        let (data_dir, host) = (real.data_dir(), real.address().ip());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let greeting = runtime.block_on(async {
            let answer = Peer::stranger(real).call("EnrolmentService/Hello", &HelloRequest::default()).await;
            answer.expect("the real hub greets")
        });
        let listener = runtime.block_on(TcpListener::bind((host, 0))).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let authority = HubKeys::load(&data_dir).expect("the hub has keys").authority;
        let clock = Clock::system();
        let tls = ServerTls::new(authority, vec![host.to_string()], clock.clone()).expect("a certificate");
        let flooding = Flooding(Arc::new(State { greeting, flood, clock: clock.clone() }));
        let routes = Routes::new(EnrolmentServiceServer::new(flooding.clone()))
            .add_service(DirectoryServiceServer::new(flooding));
        let server =
            Server::new(Arc::new(tls), routes, clock, Bounds::default(), Connections::new(), Metrics::new());
        let stop = CancellationToken::new();
        let thread = std::thread::spawn({
            let stop = stop.clone();
            move || {
                // How many connections were left does not matter.
                runtime.block_on(server.serve(listener, stop, Duration::ZERO));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for FloodingHub {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and this test fails by what it waited for.
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Flooding(Arc<State>);

struct State {
    greeting: HelloResponse,
    flood: Flood,
    clock: Clock,
}

#[tonic::async_trait]
impl EnrolmentService for Flooding {
    async fn hello(&self, _: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let State { greeting, flood, clock } = &*self.0;
        let mut greeting = HelloResponse { hub_time_ms: clock.now_ms(), ..greeting.clone() };
        if *flood == Flood::Name {
            greeting.hub_name = "x".repeat(LONG);
        }
        let mut answer = Response::new(greeting);
        if *flood == Flood::Headers {
            let long = MetadataValue::try_from("x".repeat(LONG)).map_err(|_| Status::internal("letters"))?;
            answer.metadata_mut().insert("x-long", long);
        }
        Ok(answer)
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
impl DirectoryService for Flooding {
    type SyncStream = ReceiverStream<Result<SyncResponse, Status>>;

    async fn sync(&self, _: Request<SyncRequest>) -> Result<Response<Self::SyncStream>, Status> {
        let record = Bytes::from(vec![7; RECORD]);
        let (entries, answers) = match self.0.flood {
            Flood::Log => (LEAVES, FLOOD / (RECORD * LEAVES) as u64),
            Flood::Nothing => (0, u64::MAX),
            Flood::Headers | Flood::Name => return unimplemented(),
        };
        let entries = vec![LogEntry { leaf: Bytes::from_static(&[7; 32]), record }; entries];
        let (queue, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..answers {
                let answer = SyncResponse { entries: entries.clone(), checkpoint: Bytes::new() };
                if queue.send(Ok(answer)).await.is_err() {
                    return;
                }
            }
        });
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
