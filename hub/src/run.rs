//! The hub as a whole: everything is opened in order, served, drained and closed.

use std::path::PathBuf;
use std::sync::Arc;

use samverkan_proto::statement::log::Checkpoint;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use crate::clock::Clock;
use crate::config::Config;
use crate::hub::{Budgets, Hub, JoinFailures};
use crate::keys::{HubKeys, KeyError};
use crate::metrics::Metrics;
use crate::metrics::page::{self, PageError};
use crate::renewal::Renewals;
use crate::server::{Connections, Drained, Listener, OperatorSocket, Server, SocketError};
use crate::service::returning::Returning;
use crate::store::{IndexFate, LogEntry, OpenReport, Signers, Store, StoreOpenError, StoreOptions};
use crate::tls::{ServerTls, TlsError};
use crate::{duties, service, warden};

/// The folder of the store, in the data folder.
const STORE: &str = "store";

/// What a hub is run with besides its configuration. The program takes the defaults.
#[derive(Clone, Debug)]
pub struct Options {
    /// What time it is.
    pub clock: Clock,
    /// What its store stands on.
    pub store: StoreOptions,
    /// Told when the server certificate is to be read, or made, anew.
    pub reload: Arc<Notify>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Clock::system(), store: StoreOptions::default(), reload: Arc::default() }
    }
}

/// Runs a hub on `listener` until `stop` is cancelled, then drains it and closes its store.
///
/// # Errors
/// See [`RunError`]. When the store fails while the hub runs, everything is drained and closed before that is told.
pub async fn run(
    config: Config,
    listener: impl Listener,
    options: Options,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let Options { clock, store, reload } = options;
    let Opened { hub, metrics } = open(&config, &clock, store).await?;
    let operator = OperatorSocket::bind(&config.operator_socket()).await?;
    let page = match config.metrics_listen {
        Some(address) => Some(page::bind(address).await?),
        None => None,
    };
    let connections = Connections::new();
    // A hub that can not serve stops, so whoever gets an answer gets this one.
    let health = HealthServer::new(HealthService::from_health_reporter(HealthReporter::new()));

    // The hub stops when it is told to, and when its store has failed.
    let stop = stop.child_token();
    let mut tasks = JoinSet::new();
    tasks.spawn(stop_on_failure(hub.store.clone(), stop.clone()));
    tasks.spawn(until(
        stop.clone(),
        warden::watch(hub.store.clone(), clock.clone(), Arc::clone(&connections)),
    ));
    tasks.spawn(until(stop.clone(), duties::perform(hub.store.clone(), clock.clone())));
    tasks.spawn(until(stop.clone(), {
        let tls = Arc::clone(&hub.tls);
        async move { tls.keep_renewed().await }
    }));
    tasks.spawn(until(stop.clone(), reload_when_told(Arc::clone(&hub.tls), reload)));
    if let Some(page) = page {
        tasks.spawn(page::serve(page, Arc::clone(&metrics), stop.clone()));
    }
    let operated =
        tokio::spawn(operator.serve(service::operator(&hub, health.clone()), stop.clone(), config.drain()));
    let routes = service::public(&hub, health);
    let server = Server::new(Arc::clone(&hub.tls), routes, clock, config.bounds(), connections, metrics);

    tracing::info!(test_hub = config.test_hub, "serving");
    notify(sd_notify::NotifyState::Ready);
    let drained = server.serve(listener, stop.clone(), config.drain()).await;
    notify(sd_notify::NotifyState::Stopping);
    let operated = operated.await.unwrap_or(Drained::Cut);
    while tasks.join_next().await.is_some() {}
    if drained == Drained::Cut || operated == Drained::Cut {
        tracing::warn!("calls that did not finish in time were cut");
    }
    close(&hub.store).await
}

/// What is there before anything listens.
struct Opened {
    hub: Arc<Hub>,
    metrics: Arc<Metrics>,
}

async fn open(config: &Config, clock: &Clock, options: StoreOptions) -> Result<Opened, RunError> {
    let keys = HubKeys::load(&config.data_dir)?;
    let public = keys.public();
    let HubKeys { authority, receipt, log } = keys;
    let names = config.server_names();
    let file = config.server_certificate.clone();
    let tls = Arc::new(ServerTls::with(Arc::clone(&authority), names, file, clock.clone())?);
    let signers = Signers { receipt, log, hub: config.name.clone(), hub_keys: public.clone() };
    let (store, report) = open_store(config.data_dir.join(STORE), signers, clock.clone(), options).await?;
    tell(&report);
    let metrics = Metrics::of(&store);
    let hub = Arc::new(Hub {
        store,
        clock: clock.clone(),
        authority,
        tls,
        keys: public,
        name: config.name.clone(),
        address: config.public_address.clone(),
        test_hub: config.test_hub,
        started_ms: clock.now_ms(),
        metrics: Arc::clone(&metrics),
        join_failures: JoinFailures::new(),
        descriptions: JoinFailures::new(),
        budgets: Budgets::new(),
        renewals: Renewals::new().ok_or(RunError::Random)?,
        returning: Returning::new(),
    });
    Ok(Opened { hub, metrics })
}

/// The log of a hub that does not run, whole.
#[derive(Debug)]
pub(crate) struct WholeLog {
    /// What the hub's keys are pinned by.
    pub(crate) pin: [u8; 32],
    /// Over every entry, cosigned now.
    pub(crate) checkpoint: Checkpoint,
    pub(crate) entries: Vec<LogEntry>,
}

/// Reads the log from the data folder, which no running hub may be using.
///
/// # Errors
/// [`RunError`], as for a start.
pub(crate) async fn read_log(config: &Config, clock: &Clock) -> Result<WholeLog, RunError> {
    let keys = HubKeys::load(&config.data_dir)?;
    let public = keys.public();
    let HubKeys { receipt, log, .. } = keys;
    let signers = Signers { receipt, log, hub: config.name.clone(), hub_keys: public.clone() };
    let folder = config.data_dir.join(STORE);
    let (store, report) = open_store(folder, signers, clock.clone(), StoreOptions::default()).await?;
    tell(&report);
    let checkpoint = store.fresh_checkpoint().await.ok_or(RunError::StoreFailed)?;
    let mut entries = Vec::new();
    while (entries.len() as u64) < checkpoint.head().size {
        let page = store.log_entries(entries.len() as u64).await.map_err(|_| RunError::StoreFailed)?;
        if page.is_empty() {
            return Err(RunError::StoreFailed);
        }
        entries.extend(page);
    }
    close(&store).await?;
    Ok(WholeLog { pin: public.pin(), checkpoint, entries })
}

async fn open_store(
    folder: PathBuf,
    signers: Signers,
    clock: Clock,
    options: StoreOptions,
) -> Result<(Store, OpenReport), RunError> {
    let executor = options.executor;
    let opened = executor.blocking(move || Store::open(&folder, signers, clock, options)).await;
    Ok(opened.ok_or(RunError::OpenPanicked)??)
}

/// Logs what opening the store found.
fn tell(report: &OpenReport) {
    let OpenReport { journal, index, replayed, strange } = report;
    tracing::info!(segments = journal.segments, clean = journal.clean, "the store is open");
    if let IndexFate::Rebuilt(reason) = index {
        tracing::warn!(?reason, records = replayed, "index rebuilt");
    }
    if *strange > 0 {
        tracing::error!(
            records = strange,
            "intact records that this version does not understand; they are left alone"
        );
    }
    if let Some(torn) = journal.torn_tail {
        if torn.commit_seen {
            tracing::error!(
                ?torn,
                "cut off the end of the journal: either a write that the last stop had interrupted, or the last one that \
                 was acknowledged, damaged; if there was no power cut, restore a backup"
            );
        } else {
            tracing::warn!(
                ?torn,
                "cut off a write that the last stop had interrupted; it was never acknowledged"
            );
        }
    }
    if journal.damages > 0 {
        tracing::error!(
            damages = journal.damages,
            "damaged records; restore them from a backup if there is one"
        );
    }
}

async fn stop_on_failure(store: Store, stop: CancellationToken) {
    let mut failed = store.failed();
    tokio::select! {
        () = stop.cancelled() => {}
        found = failed.wait_for(|failed| *failed) => {
            if found.is_ok() {
                tracing::error!("the store has failed; the hub stops");
                // The index's engine syncs its file when the last handle goes, and panics when it can not: on a disk that has failed
                // there must be no last one. What is left ends with the process.
                std::mem::forget(store.clone());
            }
            stop.cancel();
        }
    }
}

/// Takes another server certificate whenever it is told; nobody is sent away for it.
async fn reload_when_told(tls: Arc<ServerTls>, reload: Arc<Notify>) {
    loop {
        reload.notified().await;
        let tls = Arc::clone(&tls);
        // It reads a file. A panic in it has raised its own alarm, and the old certificate stays.
        let _ = tokio::task::spawn_blocking(move || tls.reload()).await;
    }
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    let _ = stop.run_until_cancelled(work).await;
}

async fn close(store: &Store) -> Result<(), RunError> {
    let failed = *store.failed().borrow();
    if let Err(error) = store.close().await {
        tracing::warn!(%error, "the store's stop was not clean; the next start takes longer");
    }
    if failed { Err(RunError::StoreFailed) } else { Ok(()) }
}

/// Tells systemd, if it started us.
fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "could not notify the service manager");
    }
}

/// Why a hub did not run, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Its TLS configuration.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its store did not open.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// Opening the store panicked; the line on standard error says where.
    #[error("opening the store failed in a way that should not be possible")]
    OpenPanicked,
    /// The system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random,
    /// The operator's socket.
    #[error(transparent)]
    Operator(#[from] SocketError),
    /// The metrics page.
    #[error(transparent)]
    Metrics(#[from] PageError),
    /// The disk failed while the hub ran. Everything acknowledged before is safe.
    #[error("the disk failed, and nothing more could be acknowledged")]
    StoreFailed,
}
