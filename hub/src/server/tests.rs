//! Real TLS over loopback, with a client that can misbehave.

mod end;
mod frames;
mod handshake;
mod operator;
mod reading;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use samverkan_proto::ids::{DeviceId, TlsKeyHash};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::NamedService;

use super::*;
use crate::ca::VerifiedRequest;
use crate::clock::Hands;
use crate::keys::HubKeys;

const NOW: u64 = 1_750_000_000_000;

/// Longer than anything a passing test waits for.
const SOON: Duration = Duration::from_secs(20);

/// A server under test.
struct Running {
    keys: Arc<HubKeys>,
    address: SocketAddr,
    connections: Arc<Connections>,
    metrics: Arc<Metrics>,
    hands: Hands,
    stop: CancellationToken,
    served: JoinHandle<Drained>,
}

fn keys() -> Arc<HubKeys> {
    let dir = tempfile::tempdir().unwrap();
    Arc::new(HubKeys::create(dir.path(), "exempel", NOW).unwrap())
}

async fn start(bounds: Bounds, drain: Duration) -> Running {
    let keys = keys();
    let (clock, hands) = Clock::manual(NOW);
    let tls =
        ServerTls::new(Arc::clone(&keys.authority), vec!["localhost".to_owned()], clock.clone()).unwrap();
    let (connections, metrics) = (Connections::new(), Metrics::new());
    let server =
        Server::new(Arc::new(tls), Routes::new(Probe), clock, bounds, connections.clone(), metrics.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(server.serve(listener, stop.clone(), drain));
    Running { keys, address, connections, metrics, hands, stop, served }
}

impl Running {
    /// Stops the server and says how it ended.
    async fn stopped(self) -> Drained {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.served).await.expect("serve returns").unwrap()
    }

    fn device(&self) -> Identity {
        Identity::issued(&self.keys)
    }

    /// Waits until the metrics page shows `line`.
    async fn counted(&self, line: &str) {
        let seen = async {
            while !self.metrics.encode().contains(line) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, seen)
            .await
            .unwrap_or_else(|_| panic!("{line} in {}", self.metrics.encode()));
    }

    async fn connect(&self, identity: Option<&Identity>) -> std::io::Result<Client> {
        connect(self.address, client_config(&self.keys, identity)).await
    }
}

/// A client certificate with its key.
struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    tls_key: TlsKeyHash,
}

impl Identity {
    fn issued(keys: &HubKeys) -> Self {
        let key = KeyPair::generate().unwrap();
        let csr = CertificateParams::default().serialize_request(&key).unwrap();
        let request = VerifiedRequest::parse(csr.der()).unwrap();
        let certificate = keys.authority.issue_client(&request, &DeviceId::of_key(&[7; 32]), NOW).unwrap();
        Self::new(certificate, &key)
    }

    fn new(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        let (tls_key, _) = crate::ca::identity_of(&certificate).unwrap();
        Self { certificate, key: key.serialize_der(), tls_key }
    }
}

/// A client that trusts this hub and behaves; tests break it.
fn client_config(keys: &HubKeys, identity: Option<&Identity>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(keys.authority.certificate().clone()).unwrap();
    let (clock, _) = Clock::manual(NOW);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(clock))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key: PrivateKeyDer<'static> = PrivatePkcs8KeyDer::from(identity.key.clone()).into();
            builder.with_client_auth_cert(vec![identity.certificate.clone()], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

type ClientStream = tokio_rustls::client::TlsStream<TcpStream>;

async fn shake_hands(address: SocketAddr, config: ClientConfig) -> std::io::Result<ClientStream> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

struct Client {
    send: SendRequest<String>,
    driver: JoinHandle<()>,
}

/// Connects and makes sure of it: in TLS 1.3 a refused client certificate shows only on the first read.
async fn connect(address: SocketAddr, config: ClientConfig) -> std::io::Result<Client> {
    let stream = shake_hands(address, config).await?;
    let (send, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    let driver = tokio::spawn(async move { drop(connection.await) });
    let mut client = Client { send, driver };
    client.call("Who").await.map_err(std::io::Error::other)?;
    Ok(client)
}

impl Client {
    async fn call(&mut self, method: &str) -> Result<Response<Incoming>, hyper::Error> {
        self.send.ready().await?;
        let uri = format!("https://localhost/test.Probe/{method}");
        self.send.send_request(Request::post(uri).body(String::new()).unwrap()).await
    }

    async fn who(&mut self) -> String {
        let mut body = self.call("Who").await.unwrap().into_body();
        let frame = next(&mut body).await.unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    }

    /// Waits for the connection's end.
    async fn gone(self) {
        drop(self.send);
        tokio::time::timeout(SOON, self.driver).await.expect("the connection ends").unwrap();
    }
}

async fn next(body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await
}

/// Answers `Who` with the caller's key, `Drip` with one byte and then silence, `Flood` without end, and `Hang` never.
#[derive(Clone)]
struct Probe;

impl NamedService for Probe {
    const NAME: &'static str = "test.Probe";
}

impl tower::Service<Request<Body>> for Probe {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            assert!(request.extensions().get::<Hangup>().is_some());
            let body = match request.uri().path() {
                "/test.Probe/Who" => Body::new(who(request.extensions().get())),
                "/test.Probe/Drip" => Body::new(Drip(Some(Bytes::from_static(b"x")))),
                "/test.Probe/Flood" => Body::new(Flood),
                _ => std::future::pending().await,
            };
            Ok(Response::new(body))
        })
    }
}

fn who(peer: Option<&Peer>) -> String {
    match peer.expect("every request says who it is from") {
        Peer::Stranger => "nobody".to_owned(),
        Peer::Operator => "operator".to_owned(),
        Peer::Device(certificate) => certificate.key().to_string(),
    }
}

struct Drip(Option<Bytes>);

impl hyper::body::Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |byte| Poll::Ready(Some(Ok(Frame::data(byte)))))
    }
}

struct Flood;

impl hyper::body::Body for Flood {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 4096])))))
    }
}
