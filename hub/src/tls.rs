//! TLS as the hub serves it: 1.3 only, HTTP/2 only, client certificates of the hub's own authority.
//!
//! A client certificate is optional, because joining happens before there is one; what is presented must chain to
//! the hub's authority, be in date and be made for client authentication. There are no tickets, no resumption and
//! no early data: every connection proves its key again, so that a revoked device has no way back in.

mod file;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{RootCertStore, ServerConfig};

use crate::ca::{Authority, IssueError, ServerCertificate};
use crate::clock::Clock;
use crate::telemetry::with_causes;

pub use file::{CertificateFileError, write as write_certificate};

/// The only application protocol (RFC 7301) the hub speaks.
pub const ALPN: &[u8] = b"h2";

/// The running TLS configuration, replaced as a whole when the server certificate is renewed.
pub struct ServerTls {
    authority: Arc<Authority>,
    names: Vec<String>,
    file: Option<PathBuf>,
    clock: Clock,
    current: ArcSwap<Current>,
}

/// A configuration and the times of its certificate, in milliseconds since the Unix epoch.
struct Current {
    config: Arc<ServerConfig>,
    not_before_ms: u64,
    renew_at_ms: u64,
    not_after_ms: u64,
}

impl ServerTls {
    /// Makes a server certificate for `names` and the configuration around it.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(authority: Arc<Authority>, names: Vec<String>, clock: Clock) -> Result<Self, TlsError> {
        Self::with(authority, names, None, clock)
    }

    /// The same with a certificate for `names` that the operator keeps in `file`, or with one that is made if there is none.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn with(
        authority: Arc<Authority>,
        names: Vec<String>,
        file: Option<PathBuf>,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(build(&authority, &names, file.as_ref(), &clock)?);
        Ok(Self { authority, names, file, clock, current })
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().config)
    }

    /// When the server certificate ends, milliseconds since the Unix epoch.
    pub fn not_after_ms(&self) -> u64 {
        self.current.load().not_after_ms
    }

    /// Replaces the server certificate, by a new one or by what the operator's file holds now; connections that are open
    /// keep theirs. Reading the file may wait for the disk.
    ///
    /// # Errors
    /// See [`TlsError`]; the old certificate stays in use then.
    pub fn renew(&self) -> Result<(), TlsError> {
        let next = build(&self.authority, &self.names, self.file.as_ref(), &self.clock)?;
        self.current.store(Arc::new(next));
        Ok(())
    }

    /// Does so because somebody said so, and says in the log how it went.
    pub fn reload(&self) {
        match self.renew() {
            Ok(()) => tracing::info!("reloaded the server certificate"),
            Err(error) => tracing::error!(
                error = with_causes(&error),
                "could not reload the server certificate; the old one stays in use"
            ),
        }
    }

    /// Renews the certificate each time the clock says so, for as long as it is polled: also when a clock that was
    /// ahead was put right, and the certificate has not begun yet. A failure is logged, the old certificate kept, and
    /// another try made an hour later: a third of its life is left.
    pub async fn keep_renewed(&self) {
        const RETRY_MS: u64 = 60 * 60 * 1000;
        loop {
            self.clock.sleep_within(self.good()).await;
            match self.renew() {
                Ok(()) if self.good().contains(&self.clock.now_ms()) => {
                    tracing::info!("renewed the server certificate");
                    continue;
                }
                Ok(()) => tracing::warn!(
                    "the server certificate has less than a third of its life left: make a new one with `samverkan-hub certificate`"
                ),
                Err(error) => tracing::error!(
                    error = with_causes(&error),
                    "could not renew the server certificate; the old one stays in use"
                ),
            }
            self.clock.sleep_until(self.clock.now_ms().saturating_add(RETRY_MS)).await;
        }
    }

    /// When the certificate need not be replaced, milliseconds since the Unix epoch.
    fn good(&self) -> Range<u64> {
        let current = self.current.load();
        current.not_before_ms..current.renew_at_ms
    }
}

fn build(
    authority: &Authority,
    names: &[String],
    file: Option<&PathBuf>,
    clock: &Clock,
) -> Result<Current, TlsError> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let ServerCertificate { certificate, key, not_before_ms, not_after_ms, renew_at_ms } = match file {
        None => authority.issue_server(names, clock.now_ms())?,
        Some(path) => file::load(path, authority, names, &provider, clock.now_ms())?,
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).map_err(|_| TlsError::Authority)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|_| TlsError::Authority)?;
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(clock.clone()))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate, authority.certificate().clone()], key)
        .map_err(|error| of_certificate(error, file))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Current { config: Arc::new(config), not_before_ms, renew_at_ms, not_after_ms })
}

/// What the library found of certificate and key.
fn of_certificate(error: rustls::Error, file: Option<&PathBuf>) -> TlsError {
    match (error, file) {
        (rustls::Error::InconsistentKeys(_), Some(path)) => {
            CertificateFileError::Key { path: path.clone() }.into()
        }
        (error, _) => error.into(),
    }
}

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The server certificate could not be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// The operator's file is not usable.
    #[error(transparent)]
    File(#[from] CertificateFileError),
    /// The authority's certificate can not anchor trust.
    #[error(
        "the hub's own authority certificate is not usable as a trust anchor: restore keys/ from a backup"
    )]
    Authority,
    /// The TLS library refused the configuration.
    #[error("the TLS configuration was refused: {0}")]
    Refused(#[from] rustls::Error),
}

#[cfg(test)]
mod tests;
