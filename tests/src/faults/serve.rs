//! A hub over the recorder, as a process of its own: what the shipped program does, on another disk.

use crate::recorder::{Recorder, Syncing};
use clap::Args;
use samverkan_hub::config::Config;
use samverkan_hub::run::{Options, run};
use samverkan_hub::store::StoreOptions;
use samverkan_hub::telemetry;
use std::error::Error;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How the hub is run.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// The hub's configuration, as for `samverkan-hub serve`.
    #[arg(long)]
    config: PathBuf,
    /// The file that the recording goes into; it is made anew.
    #[arg(long)]
    record: PathBuf,
    /// Syncs do nothing and say that they did.
    #[arg(long)]
    no_sync: bool,
}

/// Runs a hub until SIGTERM.
///
/// # Errors
/// Why it did not start, or stopped by itself.
pub fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    telemetry::start_log(config.log_format);
    let syncing = if arguments.no_sync { Syncing::Off } else { Syncing::On };
    let disk = Recorder::in_file(syncing, &arguments.record)?;
    let options = Options { store: StoreOptions { disk, ..StoreOptions::default() }, ..Options::default() };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(config.listen).await?;
        let stop = CancellationToken::new();
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn({
            let stop = stop.clone();
            async move {
                terminate.recv().await;
                stop.cancel();
            }
        });
        Ok(run(config, listener, options, stop).await?)
    })
}
