//! A link against a small hub of our own: what is trusted, and how every refusal is told apart.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::invite::{HubAddress, Invite, InviteCode};
use samverkan_proto::v1;
use samverkan_proto::v1::enrolment_service_server::{EnrolmentService, EnrolmentServiceServer};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

use super::*;
use crate::clock::Clock;
use crate::error::{Class, Error};
use crate::secret::SecretBytes;

/// 2026-01-01T00:00:00Z, within the certificates' years.
const NOW_MS: u64 = 1_767_225_600_000;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key")
}

fn params(names: &[&str], years: std::ops::Range<i32>) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    params
}

fn authority(name: &str) -> Issuer {
    let mut params = params(&[], 2020..2040);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, key()).expect("authority")
}

/// A hub that greets, over a certificate for `localhost`.
struct TestHub {
    address: HubAddress,
    pins: HubPins,
    authority: Issuer,
}

#[derive(Clone)]
struct Greeter(v1::HelloResponse);

#[tonic::async_trait]
impl EnrolmentService for Greeter {
    async fn hello(&self, _: Request<v1::HelloRequest>) -> Result<Response<v1::HelloResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    async fn describe_invite(
        &self,
        _: Request<v1::DescribeInviteRequest>,
    ) -> Result<Response<v1::DescribeInviteResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn enrol(&self, _: Request<v1::EnrolRequest>) -> Result<Response<v1::EnrolResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn describe_recovery(
        &self,
        _: Request<v1::DescribeRecoveryRequest>,
    ) -> Result<Response<v1::DescribeRecoveryResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn recover(&self, _: Request<v1::RecoverRequest>) -> Result<Response<v1::RecoverResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn renew_certificate(
        &self,
        _: Request<v1::RenewCertificateRequest>,
    ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn request_membership(
        &self,
        _: Request<v1::RequestMembershipRequest>,
    ) -> Result<Response<v1::RequestMembershipResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn server_config(issuer: &Issuer, certificate: CertificateParams) -> ServerConfig {
    let server_key = key();
    let certificate = certificate.signed_by(&server_key, issuer).expect("server certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).expect("root");
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .expect("verifier");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(Clock::manual(NOW_MS)))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone(), issuer.der().clone()], key)
        .expect("certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

async fn listen() -> (TcpListener, HubAddress) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let SocketAddr::V4(at) = listener.local_addr().expect("address") else { panic!("IPv4 was asked for") };
    (listener, format!("localhost:{}", at.port()).parse().expect("valid"))
}

async fn hub_with(certificate: CertificateParams) -> TestHub {
    hub_after(0, certificate).await
}

/// A hub that lets go of so many connections right after the handshake before it greets.
async fn hub_after(hangups: usize, certificate: CertificateParams) -> TestHub {
    let authority = authority("hub");
    let public = |seed| Signer::from_seed(&[seed; 32]).expect("seed").public_key().as_bytes().to_vec();
    let hello = v1::HelloResponse {
        protocol_min: 1,
        protocol_max: 1,
        ca_certificate: authority.der().to_vec().into(),
        log_public_key: public(1).into(),
        receipt_public_key: public(2).into(),
        checkpoint: Vec::new().into(),
        hub_time_ms: NOW_MS,
        hub_name: "exempel".to_owned(),
        test_hub: true,
        renewal_nonce: vec![4; 32].into(),
    };
    let pins = HubPins::new(authority.der(), &public(1), &public(2)).expect("keys");
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(server_config(&authority, certificate)));
    let (listener, address) = listen().await;
    let service = EnrolmentServiceServer::new(Greeter(hello));
    tokio::spawn(async move {
        let mut hangups = hangups;
        while let Ok((tcp, _)) = listener.accept().await {
            // A handshake that fails is the client's to report.
            let Ok(stream) = tls.accept(tcp).await else { continue };
            if let Some(left) = hangups.checked_sub(1) {
                hangups = left;
                continue;
            }
            let service = TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    TestHub { address, pins, authority }
}

async fn hub() -> TestHub {
    hub_with(params(&["localhost"], 2025..2030)).await
}

/// A device's certificate from an authority.
fn identity(issuer: &Issuer, years: std::ops::Range<i32>) -> (Vec<u8>, SecretBytes) {
    let device = key();
    let certificate = params(&[], years).signed_by(&device, issuer).expect("certificate");
    (certificate.der().to_vec(), SecretBytes::taken_from(device.serialize_der()))
}

async fn open(
    hub: &TestHub,
    pins: &HubPins,
    identity: &(Vec<u8>, SecretBytes),
) -> Result<Link, ConnectError> {
    let identity =
        ClientIdentity { certificate: &identity.0, key: &identity.1, believed: bytes::Bytes::new() };
    Link::open(&Network::system(), &hub.address, pins, &identity, &Clock::manual(NOW_MS)).await
}

fn invite(hub: &TestHub, pin: [u8; 32]) -> Invite {
    Invite::new(pin, InviteCode::parse(&[9; 16]).expect("16 bytes"), hub.address.clone())
}

#[tokio::test]
async fn the_pinned_hub_greets_its_device() {
    let hub = hub().await;
    let link = open(&hub, &hub.pins, &identity(&hub.authority, 2025..2027)).await.expect("linked");
    assert_eq!(link.hello().hub_name.as_str(), "exempel");
    assert!(link.hello().test_hub && !link.hello().skew.is_too_large());
}

#[tokio::test]
async fn a_hub_of_another_authority_is_not_trusted() {
    let (hub, other) = (hub().await, hub().await);
    let outcome = open(&hub, &other.pins, &identity(&hub.authority, 2025..2027)).await;
    assert!(matches!(outcome, Err(ConnectError::HubNotTrusted)), "{outcome:?}");
}

#[tokio::test]
async fn the_right_authority_with_other_keys_is_not_the_pinned_hub() {
    let hub = hub().await;
    let other = Signer::from_seed(&[3; 32]).expect("seed");
    let other = HubPins::new(hub.authority.der(), hub.pins.log().as_bytes(), other.public_key().as_bytes());
    let outcome = open(&hub, &other.expect("keys"), &identity(&hub.authority, 2025..2027)).await;
    assert!(matches!(outcome, Err(ConnectError::PinMismatch)), "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_for_another_host_or_another_time_is_told_apart() {
    let elsewhere = hub_with(params(&["elsewhere.example"], 2025..2030)).await;
    let outcome = open(&elsewhere, &elsewhere.pins, &identity(&elsewhere.authority, 2025..2027)).await;
    assert!(matches!(outcome, Err(ConnectError::HubNotTrusted)), "{outcome:?}");
    for years in [2021..2022, 2030..2031] {
        let expired = hub_with(params(&["localhost"], years)).await;
        let outcome = open(&expired, &expired.pins, &identity(&expired.authority, 2025..2027)).await;
        assert!(matches!(outcome, Err(ConnectError::HubCertificateOutOfDate)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_refused_device_certificate_is_not_a_broken_network() {
    let hub = hub().await;
    for refused in [identity(&hub.authority, 2021..2022), identity(&authority("other"), 2025..2027)] {
        let outcome = open(&hub, &hub.pins, &refused).await;
        assert!(matches!(outcome, Err(ConnectError::CertificateRefused)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_broken_network_is_not_a_refused_device_certificate() {
    let certificate = || params(&["localhost"], 2025..2030);
    let hub = hub_after(1, certificate()).await;
    open(&hub, &hub.pins, &identity(&hub.authority, 2025..2027)).await.expect("the second connection holds");
    let hub = hub_after(2, certificate()).await;
    let outcome = open(&hub, &hub.pins, &identity(&hub.authority, 2025..2027)).await;
    let error = Error::from(outcome.expect_err("nothing was said"));
    assert_eq!(error.code().class(), Class::Transient, "{error:?}");
}

#[tokio::test]
async fn nobody_there_and_somebody_else_there_are_told_apart() {
    let hub = hub().await;
    let (listener, closed) = listen().await;
    drop(listener);
    let gone = TestHub { address: closed, ..hub };
    let device = identity(&gone.authority, 2025..2027);
    let outcome = open(&gone, &gone.pins, &device).await;
    assert!(
        matches!(outcome, Err(ConnectError::Unreachable(io::ErrorKind::ConnectionRefused))),
        "{outcome:?}"
    );

    let (listener, address) = listen().await;
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut tcp, _) = listener.accept().await.expect("accepted");
        tcp.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
            .await
            .expect("written");
    });
    let portal = TestHub { address, ..gone };
    let outcome = open(&portal, &portal.pins, &device).await;
    assert!(matches!(outcome, Err(ConnectError::NotAHub)), "{outcome:?}");
}

async fn bootstrap(invite: &Invite, clock: &Clock) -> Result<Link, ConnectError> {
    Link::bootstrap(invite.address(), invite.pin(), clock).await
}

#[tokio::test]
async fn an_invitation_finds_exactly_the_hub_it_names() {
    let hub = hub().await;
    let clock = Clock::manual(NOW_MS);
    let link = bootstrap(&invite(&hub, hub.pins.digest()), &clock).await.expect("linked");
    assert_eq!(link.hello().pins, hub.pins);
    let outcome = bootstrap(&invite(&hub, [7; 32]), &clock).await;
    assert!(matches!(outcome, Err(ConnectError::PinMismatch)), "{outcome:?}");
}

#[tokio::test]
async fn a_key_that_does_not_belong_to_the_certificate_is_never_shown() {
    let hub = hub().await;
    let (certificate, _) = identity(&hub.authority, 2025..2027);
    let (_, other_key) = identity(&hub.authority, 2025..2027);
    let outcome = open(&hub, &hub.pins, &(certificate, other_key)).await;
    assert!(matches!(outcome, Err(ConnectError::IdentityUnusable)), "{outcome:?}");
}
