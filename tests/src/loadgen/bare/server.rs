//! The server of the baselines: mutual TLS, HTTP/2 with the hub's settings, and the stubs of `RelayService`.

use super::log::Log;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use samverkan_hub::clock::Clock;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::limits;
use samverkan_hub::tls::ServerTls;
use samverkan_proto::v1::relay_service_server::{RelayService, RelayServiceServer};
use samverkan_proto::v1::submit_stream_response::Outcome;
use samverkan_proto::v1::upload_blob_request::Part;
use samverkan_proto::v1::{
    DownloadBlobRequest, DownloadBlobResponse, GetMessageStatusRequest, GetMessageStatusResponse,
    GetUploadRequest, GetUploadResponse, RecallRequest, RecallResponse, ReceiveRequest, ReceiveResponse,
    RewrapRequest, RewrapResponse, SubmitRequest, SubmitResponse, SubmitStreamRequest, SubmitStreamResponse,
    UploadBlobRequest, UploadBlobResponse,
};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

/// The log's file in the server's folder.
const LOG: &str = "log";

/// Answers of a stream that wait for their sync, or for the client.
const UNANSWERED: usize = 256;

/// Serves at `address` with the keys in `folder` until the process is killed. With `log` every message is on disk before it is answered;
/// without, a call gets its own content back. Attachments are read and forgotten.
///
/// # Errors
/// When the keys, the log or the address can not be used.
pub async fn serve(
    folder: &Path,
    address: SocketAddr,
    log: bool,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let log = if log { Some(Log::create(&folder.join(LOG))?.0) } else { None };
    let authority = HubKeys::load(folder)?.authority;
    let tls = ServerTls::new(authority, vec![address.ip().to_string()], Clock::system())?;
    let acceptor = TlsAcceptor::from(tls.current());
    let routes = Routes::new(RelayServiceServer::new(Bare { log })).prepare();
    let listener = TcpListener::bind(address).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(connection(socket, acceptor.clone(), routes.clone()));
    }
}

/// A connection that fails is the client's to tell.
async fn connection(socket: TcpStream, acceptor: TlsAcceptor, routes: Routes) {
    let _ = socket.set_nodelay(true);
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(limits::STREAM_WINDOW)
        .initial_connection_window_size(limits::CONNECTION_WINDOW)
        .max_concurrent_streams(limits::STREAMS_PER_CONNECTION)
        .max_header_list_size(limits::HEADER_LIST)
        .max_send_buf_size(limits::SEND_BUFFER);
    let _ = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes)).await;
}

#[derive(Clone)]
struct Bare {
    log: Option<Log>,
}

fn unimplemented<T>() -> Result<T, Status> {
    Err(Status::unimplemented("a bare server relays nothing"))
}

fn broken() -> Status {
    Status::data_loss("the log is broken")
}

type Answers<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl RelayService for Bare {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        let content = request.into_inner().content;
        let Some(log) = &self.log else { return Ok(Response::new(SubmitResponse { receipt: content })) };
        if log.append(content).await {
            Ok(Response::new(SubmitResponse { receipt: Bytes::new() }))
        } else {
            Err(broken())
        }
    }

    type SubmitStreamStream = Answers<SubmitStreamResponse>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let Some(log) = self.log.clone() else { return unimplemented() };
        let (begun, answers) = mpsc::channel(UNANSWERED);
        let mut requests = request.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(SubmitStreamRequest { message: Some(message) })) = requests.message().await {
                let Some(synced) = log.begin(message.content).await else { return };
                if begun.send((message.header, synced)).await.is_err() {
                    return;
                }
            }
        });
        // The log answers in order, so that waiting in order loses nothing.
        let answers = ReceiverStream::new(answers).then(|(message_id, synced)| async {
            synced.await.map_err(|_| broken())?;
            Ok(SubmitStreamResponse { message_id, outcome: Some(Outcome::Receipt(Bytes::new())) })
        });
        Ok(Response::new(answers.boxed()))
    }

    type ReceiveStream = Answers<ReceiveResponse>;

    async fn receive(
        &self,
        _: Request<Streaming<ReceiveRequest>>,
    ) -> Result<Response<Self::ReceiveStream>, Status> {
        unimplemented()
    }

    async fn get_upload(&self, _: Request<GetUploadRequest>) -> Result<Response<GetUploadResponse>, Status> {
        unimplemented()
    }

    async fn upload_blob(
        &self,
        request: Request<Streaming<UploadBlobRequest>>,
    ) -> Result<Response<UploadBlobResponse>, Status> {
        let mut parts = request.into_inner();
        let mut offset = 0;
        while let Some(UploadBlobRequest { part }) = parts.message().await? {
            if let Some(Part::Data(data)) = part {
                offset += data.len() as u64;
            }
        }
        Ok(Response::new(UploadBlobResponse { offset, complete: true }))
    }

    type DownloadBlobStream = Answers<DownloadBlobResponse>;

    async fn download_blob(
        &self,
        _: Request<DownloadBlobRequest>,
    ) -> Result<Response<Self::DownloadBlobStream>, Status> {
        unimplemented()
    }

    async fn recall(&self, _: Request<RecallRequest>) -> Result<Response<RecallResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn rewrap(&self, _: Request<RewrapRequest>) -> Result<Response<RewrapResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_message_status(
        &self,
        _: Request<GetMessageStatusRequest>,
    ) -> Result<Response<GetMessageStatusResponse>, Status> {
        unimplemented()
    }
}
