//! A hub whose clock the test turns: days pass at once. It runs in this process, on threads and a runtime of its own.

use crate::site::Site;
use crate::wire::now_ms;
use samverkan_hub::clock::{Clock, Hands};
use samverkan_hub::config::Config;
use samverkan_hub::run::Options;
use std::ops::Deref;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A hub with a clock that is turned by hand. Dropping it stops the hub and removes the folder.
#[derive(Debug)]
pub struct ClockedHub {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    hands: Hands,
    started_ms: u64,
    site: Site,
}

impl ClockedHub {
    /// Sets a hub up and starts it at the present time.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let site = Site::new();
        let config = Config::load(&site.configuration()).expect("the configuration was accepted before");
        let started_ms = now_ms();
        let (clock, hands) = Clock::manual(started_ms);
        let stop = CancellationToken::new();
        let (said, ended) = channel();
        let thread = std::thread::spawn({
            let stop = stop.clone();
            // Nobody listens any more when the hub is stopped after it began.
            move || drop(said.send(serve(config, clock, stop)))
        });
        site.wait_until_it_answers(|| still_runs(&ended));
        Self { stop, thread: Some(thread), hands, started_ms, site }
    }

    /// Turns the clock to so long after the start.
    pub fn pass(&self, since_start_ms: u64) {
        self.hands.set(self.started_ms + since_start_ms);
    }

    /// Turns the clock back to so long before the start.
    pub fn go_back(&self, before_start_ms: u64) {
        self.hands.set(self.started_ms - before_start_ms);
    }

    /// When it was started, in milliseconds since 1970.
    #[must_use]
    pub fn started_ms(&self) -> u64 {
        self.started_ms
    }
}

fn still_runs(ended: &Receiver<Result<(), String>>) {
    match ended.try_recv() {
        Err(TryRecvError::Empty) => {}
        how => panic!("the hub ended: {how:?}"),
    }
}

fn serve(config: Config, clock: Clock, stop: CancellationToken) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = TcpListener::bind(config.listen).await.map_err(|error| error.to_string())?;
        let options = Options { clock, ..Options::default() };
        samverkan_hub::run::run(config, listener, options, stop).await.map_err(|error| error.to_string())
    })
}

impl Deref for ClockedHub {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Drop for ClockedHub {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and this test fails by what it waited for.
            let _ = thread.join();
        }
    }
}
