//! `serve`: wires configuration, listener, signals and the hub together.

mod failure;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use crate::run;
use crate::telemetry;

pub(super) fn run(path: &Path) -> Result<Exit, Failure> {
    let config = super::load(path)?;
    telemetry::start_log(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| unexpected("The runtime did not start", &error))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.map_err(|error| not_listening(config.listen, &error))?;
        let (stop, options) = (CancellationToken::new(), run::Options::default());
        let no_signals = |error| unexpected("Signals can not be received", &error);
        stop_on_signals(&stop).map_err(no_signals)?;
        reload_on_signals(&options.reload).map_err(no_signals)?;
        run::run(config, listener, options, stop).await?;
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

/// Tells `reload` of every SIGHUP.
fn reload_on_signals(reload: &Arc<Notify>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let reload = Arc::clone(reload);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload.notify_one();
        }
    });
    Ok(())
}

fn not_listening(address: SocketAddr, error: &std::io::Error) -> Failure {
    let text = format!("Could not listen on {address}: {error}.");
    match error.kind() {
        ErrorKind::AddrInUse => Failure::new(
            "LISTEN_FAILED",
            text,
            "stop the program that uses the port (ss -ltnp names it; it may be another hub), or change `listen`",
            Exit::Conflict,
        ),
        _ => Failure::new("LISTEN_FAILED", text, "change `listen` in the configuration", Exit::NotSetUp),
    }
}

fn unexpected(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(
        "INTERNAL",
        format!("{what}: {error}."),
        "check the system's limits and try again",
        Exit::Unexpected,
    )
}
