//! TLS as the client speaks it: 1.3 only, HTTP/2 only, one trusted authority, no resumption.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::ConnectError;
use crate::clock::Clock;
use crate::secret::SecretBytes;

/// The only application protocol (RFC 7301) that is spoken.
const ALPN: &[u8] = b"h2";

/// The device's certificate and the key that belongs to it.
pub struct ClientIdentity<'a> {
    /// The certificate that the hub issued, DER.
    pub certificate: &'a [u8],
    /// The P-256 key, PKCS#8.
    pub key: &'a SecretBytes,
    /// The newest checkpoint that the device believes, from which a restored hub learns what it has lost; empty if there is none.
    pub believed: Bytes,
}

/// A configuration that trusts `authority` alone, and shows `identity` if there is one.
pub(super) fn pinned(
    authority: &CertificateDer<'_>,
    identity: Option<&ClientIdentity<'_>>,
    clock: &Clock,
) -> Result<ClientConfig, ConnectError> {
    let verifier = verifier_for(authority).map_err(|_| ConnectError::AuthorityUnusable)?;
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])
        .map_err(|_| ConnectError::AuthorityUnusable)?
        .with_webpki_verifier(verifier);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = vec![CertificateDer::from(identity.certificate.to_vec())];
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.expose().to_vec()));
            builder.with_client_auth_cert(chain, key).map_err(|_| ConnectError::IdentityUnusable)?
        }
    };
    Ok(finished(config))
}

/// A configuration for the first contact: it takes the last certificate of the server's chain as the authority and
/// keeps it for the caller, who must compare it with the invitation's pin before sending anything.
pub(super) fn capturing(clock: &Clock) -> Result<(ClientConfig, Arc<Capture>), ConnectError> {
    let capture = Arc::new(Capture::default());
    let config = ClientConfig::builder_with_details(provider(), Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])
        .map_err(|_| ConnectError::AuthorityUnusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&capture) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    Ok((finished(config), capture))
}

fn finished(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Every connection proves the key again, so that a revoked device has no way back in.
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn verifier_for(authority: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone().into_owned())?;
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// Remembers the authority that a server presented.
///
/// The server's certificate is verified under that authority for the host asked for, as always; the only thing left
/// open is whether the authority is the right one.
#[derive(Debug, Default)]
pub(super) struct Capture(Mutex<Option<CertificateDer<'static>>>);

impl Capture {
    /// The authority, once a handshake was done.
    pub(super) fn authority(&self) -> Option<CertificateDer<'static>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Capture {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let (authority, between) = intermediates.split_last().ok_or(unknown)?;
        let verified = verifier_for(authority)?.verify_server_cert(
            end_entity,
            between,
            server_name,
            ocsp_response,
            now,
        )?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(authority.clone().into_owned());
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
