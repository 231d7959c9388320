//! TLS as the hub serves it: 1.3 only, HTTP/2 only, client certificates of the hub's own authority.
//!
//! A client certificate is optional, because joining happens before there is one; what is presented must chain to
//! the hub's authority, be in date and be made for client authentication. There are no tickets, no resumption and
//! no early data: every connection proves its key again, so that a revoked device has no way back in.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};

use crate::ca::{Authority, IssueError};
use crate::clock::Clock;
use crate::keys::HubKeys;

/// The only application protocol (RFC 7301) the hub speaks.
pub const ALPN: &[u8] = b"h2";

/// The running TLS configuration, replaced as a whole when the server certificate is renewed.
pub struct ServerTls {
    keys: Arc<HubKeys>,
    names: Vec<String>,
    clock: Clock,
    current: ArcSwap<ServerConfig>,
}

impl ServerTls {
    /// Makes a server certificate for `names` and the configuration around it; returns it with the time at which
    /// the certificate wants to be renewed (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(keys: Arc<HubKeys>, names: Vec<String>, clock: Clock) -> Result<(Self, u64), TlsError> {
        let (config, renew_at_ms) = build(&keys, &names, &clock)?;
        Ok((Self { keys, names, clock, current: ArcSwap::from(config) }, renew_at_ms))
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Replaces the server certificate; connections that are open keep theirs. Returns the next renewal's time.
    ///
    /// # Errors
    /// See [`TlsError`]; the old certificate stays in use then.
    pub fn renew(&self) -> Result<u64, TlsError> {
        let (config, renew_at_ms) = build(&self.keys, &self.names, &self.clock)?;
        self.current.store(config);
        Ok(renew_at_ms)
    }

    /// Renews the certificate each time the clock says so, for as long as it is polled. A failure is logged, the
    /// old certificate kept, and another try made an hour later: a third of its life is left.
    pub async fn keep_renewed(&self, mut renew_at_ms: u64) {
        const RETRY_MS: u64 = 60 * 60 * 1000;
        loop {
            self.clock.sleep_until(renew_at_ms).await;
            renew_at_ms = match self.renew() {
                Ok(next) => {
                    tracing::info!("renewed the server certificate");
                    next
                }
                Err(error) => {
                    tracing::error!(%error, "could not renew the server certificate; the old one stays in use");
                    self.clock.now_ms().saturating_add(RETRY_MS)
                }
            };
        }
    }
}

fn build(keys: &HubKeys, names: &[String], clock: &Clock) -> Result<(Arc<ServerConfig>, u64), TlsError> {
    let server = Authority::new(keys).issue_server(names, clock.now_ms())?;
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(keys.ca_certificate().clone()).map_err(|_| TlsError::Authority)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|_| TlsError::Authority)?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.certificate, keys.ca_certificate().clone()], server.key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok((Arc::new(config), server.renew_at_ms))
}

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The server certificate could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The authority's certificate can not anchor trust.
    #[error(
        "the hub's own authority certificate is not usable as a trust anchor: restore keys/ from a backup"
    )]
    Authority,
    /// The TLS library refused the configuration.
    #[error("the TLS configuration was refused: {0}")]
    Refused(#[from] rustls::Error),
}
