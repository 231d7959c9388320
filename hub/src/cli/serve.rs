//! `serve`: wires configuration, listener, signals and the hub together.

use std::path::Path;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use crate::clock::Clock;
use crate::run::{self, RunError};
use crate::telemetry::{self, with_causes};

pub(super) fn run(path: &Path) -> Result<Exit, Failure> {
    let config = super::load(path)?;
    telemetry::start_log(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| unexpected("The runtime did not start", &error))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.listen).await.map_err(|error| {
            Failure::new(
                "LISTEN_FAILED",
                format!("Could not listen on {}: {error}.", config.listen),
                "check `listen` in the configuration, and whether another hub is running",
                Exit::NotSetUp,
            )
        })?;
        let stop = CancellationToken::new();
        stop_on_signals(&stop).map_err(|error| unexpected("Signals can not be received", &error))?;
        run::run(config, listener, Clock::system(), stop).await?;
        Ok(Exit::Done)
    })
}

/// Cancels `stop` at the first SIGTERM or SIGINT.
fn stop_on_signals(stop: &CancellationToken) -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to stop");
        stop.cancel();
    });
    Ok(())
}

fn unexpected(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        "INTERNAL",
        format!("{what}: {error}."),
        "check the system's limits and try again",
        Exit::Unexpected,
    )
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let text = format!("{}.", with_causes(&error));
        match error {
            RunError::Keys(error) => error.into(),
            RunError::Tls(_) => {
                Self::new("TLS_UNUSABLE", text, "restore keys/ from a backup", Exit::NotSetUp)
            }
            RunError::Store(_) => {
                Self::new("STORE_UNUSABLE", text, "mend what the sentence names", Exit::NotSetUp)
            }
            RunError::OpenPanicked => Self::new(
                "INTERNAL",
                text,
                "report the line that begins with `error [INTERNAL]`",
                Exit::Unexpected,
            ),
            RunError::Operator(_) => Self::new(
                "SOCKET_UNUSABLE",
                text,
                "stop the other hub, or set operator_socket",
                Exit::Conflict,
            ),
            RunError::Metrics(_) => Self::new("LISTEN_FAILED", text, "set metrics_listen", Exit::NotSetUp),
            RunError::StoreFailed => Self::new(
                "STORE_FAILED",
                text,
                "check the disk and the kernel log, then start the hub again",
                Exit::Unexpected,
            ),
        }
    }
}
