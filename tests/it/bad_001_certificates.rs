//! 1–9: certificates that the hub did not make for this client, or that do not hold any more.
//!
//! Case 1 for every call stands in `rpc_table.rs`, and so does case 5.

use crate::siege::Siege;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::AlertDescription;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use samverkan_hub::ca::VerifiedRequest;
use samverkan_hub::keys::HubKeys;
use samverkan_proto::ids::DeviceId;
use samverkan_proto::limits::{CERTIFICATE_MS, DAY_MS};
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::site::Site;
use samverkan_tests::until::in_time;
use samverkan_tests::wire::connect::{Presented, authority, handshake, tls};
use samverkan_tests::wire::{Inbox, Parcel, Peer, now_ms, refused};
use tokio::io::AsyncReadExt as _;
use tonic::Code;

const REFUSED: &str = "connections_refused_total{reason=\"Handshake\"}";

/// What the hub says to a certificate. In TLS 1.3 the client's part of a handshake ends before the hub has looked at it.
async fn alert_for(site: &Site, presented: Presented) -> AlertDescription {
    let tls = tls(authority(&site.data_dir()), Some(presented));
    let error = match handshake(site.address(), tls).await {
        Err(error) => error,
        Ok(mut stream) => {
            let read = in_time("a word about the certificate", stream.read_u8()).await;
            read.expect_err("the hub says nothing but that it does not take the certificate")
        }
    };
    match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => panic!("no alert: {error:?}"),
    }
}

/// Presents a certificate that is refused with this alert, and sees that it was counted and that the hub goes on.
async fn is_refused(siege: &Siege, presented: Presented, expected: AlertDescription) {
    let before = siege.metric(REFUSED);
    assert_eq!(alert_for(&siege.hub, presented).await, expected);
    siege.reaches(REFUSED, before + 1).await;
    siege.goes_on().await;
}

fn client_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["exempel".to_owned()]).expect("a name");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

fn presented(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Presented {
    Presented { chain, key: PrivatePkcs8KeyDer::from(key.serialize_der()).into() }
}

/// A certificate for any key, as the hub's own authority would have made it at some other time.
fn issued_at(site: &Site, now_ms: u64) -> Presented {
    let keys = HubKeys::load(&site.data_dir()).expect("the hub has keys");
    let key = KeyPair::generate().expect("a key");
    let request = CertificateParams::default().serialize_request(&key).expect("a request");
    let request = VerifiedRequest::parse(request.der()).expect("a good request");
    let issued = keys.authority.issue_client(&request, &DeviceId::of_key(&[7; 32]), now_ms);
    presented(vec![issued.expect("randomness")], &key)
}

/// The authority's own key, which nobody but the hub has; here to show what is refused even if somebody had it.
fn authority_key(site: &Site) -> KeyPair {
    let pem = std::fs::read_to_string(site.data_dir().join("keys/ca.key")).expect("the hub has a key");
    KeyPair::from_pem(&pem).expect("it is one")
}

/// A certificate that the hub's own authority signed for whatever `params` say.
fn signed(site: &Site, params: &CertificateParams) -> Presented {
    let (key, issuer_key) = (KeyPair::generate().expect("a key"), authority_key(site));
    let authority = authority(&site.data_dir());
    let issuer = Issuer::from_ca_cert_der(&authority, &issuer_key).expect("an authority");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate").der().clone();
    presented(vec![certificate], &key)
}

/// Without a certificate there is only joining.
#[tokio::test]
async fn bad_001_no_certificate() {
    let siege = Siege::begin().await;
    let stranger = Peer::stranger(&siege.hub);
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    let refusal = refused("a message from nobody", parcel.submit(&stranger).await);
    refusal.is(Code::Unauthenticated, ErrorReason::CertificateRequired, "");
    let refusal = refused("a stream of nobody", Inbox::open(&stranger).await);
    refusal.is(Code::Unauthenticated, ErrorReason::CertificateRequired, "");
    drop(stranger);
    siege.is_over().await;
}

#[tokio::test]
async fn bad_002_self_signed() {
    let siege = Siege::begin().await;
    let key = KeyPair::generate().expect("a key");
    let own = client_params().self_signed(&key).expect("a certificate");
    is_refused(&siege, presented(vec![own.der().clone()], &key), AlertDescription::UnknownCA).await;
    // One that carries the names of the hub's own authority.
    let authority = authority(&siege.hub.data_dir());
    let name =
        Issuer::from_ca_cert_der(&authority, KeyPair::generate().expect("a key")).expect("an authority");
    let namesake = client_params().signed_by(&key, &name).expect("a certificate");
    let chain = vec![namesake.der().clone(), authority];
    is_refused(&siege, presented(chain, &key), AlertDescription::DecryptError).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_003_expired() {
    let siege = Siege::begin().await;
    for ago in [CERTIFICATE_MS + DAY_MS / 24, 3 * CERTIFICATE_MS] {
        let expired = issued_at(&siege.hub, now_ms() - ago);
        is_refused(&siege, expired, AlertDescription::CertificateExpired).await;
    }
    siege.is_over().await;
}

#[tokio::test]
async fn bad_004_not_yet_valid() {
    let siege = Siege::begin().await;
    // Certificates reach back an hour, for peers whose clocks are late.
    for ahead in [DAY_MS / 12, 365 * DAY_MS] {
        let early = issued_at(&siege.hub, now_ms() + ahead);
        // TLS has one word for both ends of a certificate's life.
        is_refused(&siege, early, AlertDescription::CertificateExpired).await;
    }
    siege.is_over().await;
}

#[tokio::test]
async fn bad_005_revoked() {
    let mut siege = Siege::begin().await;
    let second = siege.sender.add_device(&siege.hub, 7).await;
    let peer = siege.sender.devices[second].connect(&siege.hub);
    let mut inbox = Inbox::open(&peer).await.expect("a stream");
    inbox.drain().await.expect("what waits");
    let without = siege.sender.without(second);
    siege.sender.publish(&siege.hub, without).await.expect("the revocation");
    let refusal = refused("the open stream", inbox.next().await);
    refusal.is(Code::Unauthenticated, ErrorReason::DeviceRevoked, "");
    // Its certificate still proves who it is; that is what it is refused for.
    let again = siege.sender.devices[second].connect(&siege.hub);
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    let refusal = refused("a new connection", parcel.submit(&again).await);
    refusal.is(Code::Unauthenticated, ErrorReason::DeviceRevoked, "");
    drop((peer, again));
    siege.is_over().await;
}

#[tokio::test]
async fn bad_006_of_another_authority() {
    let siege = Siege::begin().await;
    // One that has another name, and one of a hub that happens to have the same: names are not what is believed.
    let named = Site::new();
    let authority_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "samverkan/annat-exempel");
    let other = params.self_signed(&authority_key).expect("an authority").der().clone();
    let issuer = Issuer::from_ca_cert_der(&other, authority_key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = client_params().signed_by(&key, &issuer).expect("a certificate").der().clone();
    let chain = vec![certificate, other.clone()];
    is_refused(&siege, presented(chain, &key), AlertDescription::UnknownCA).await;
    is_refused(&siege, issued_at(&named, now_ms()), AlertDescription::DecryptError).await;
    // With its issuer in the chain, as if that helped.
    let mut with_issuer = issued_at(&named, now_ms());
    with_issuer.chain.push(authority(&named.data_dir()));
    is_refused(&siege, with_issuer, AlertDescription::DecryptError).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_007_made_for_a_server() {
    let siege = Siege::begin().await;
    let keys = HubKeys::load(&siege.hub.data_dir()).expect("the hub has keys");
    let server = keys.authority.issue_server(&["localhost".to_owned()], now_ms()).expect("a certificate");
    let server = Presented { chain: vec![server.certificate], key: server.key };
    is_refused(&siege, server, AlertDescription::UnsupportedCertificate).await;
    let mut for_code = client_params();
    for_code.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    is_refused(&siege, signed(&siege.hub, &for_code), AlertDescription::UnsupportedCertificate).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_008_an_authority_as_a_client() {
    let siege = Siege::begin().await;
    let key = PrivateKeyDer::from_pem_file(siege.hub.data_dir().join("keys/ca.key")).expect("a key");
    let own = Presented { chain: vec![authority(&siege.hub.data_dir())], key };
    is_refused(&siege, own, AlertDescription::CertificateUnknown).await;
    let mut sub_authority = client_params();
    sub_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    is_refused(&siege, signed(&siege.hub, &sub_authority), AlertDescription::CertificateUnknown).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_009_a_key_that_no_manifest_names() {
    let siege = Siege::begin().await;
    let nobody = Peer::presenting(&siege.hub, Some(issued_at(&siege.hub, now_ms())));
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    for method in ["RelayService/Submit", "RelayService/GetMessageStatus", "DirectoryService/PublishManifest"]
    {
        let answer = nobody.call_bytes(method, prost::Message::encode_to_vec(&parcel.request())).await;
        refused(method, answer).is(Code::Unauthenticated, ErrorReason::DeviceUnknown, "");
    }
    let refusal = refused("a stream", Inbox::open(&nobody).await);
    refusal.is(Code::Unauthenticated, ErrorReason::DeviceUnknown, "");
    drop(nobody);
    siege.is_over().await;
}
