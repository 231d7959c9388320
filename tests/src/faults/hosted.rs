//! A hub in this process, on any disk.

use crate::site::Site;
use samverkan_hub::config::Config;
use samverkan_hub::run::{Options, run};
use samverkan_hub::store::StoreOptions;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A hub that runs on threads of its own. Dropping it tells it to stop.
#[derive(Debug)]
pub struct Hosted {
    stop: CancellationToken,
    ended: Receiver<Result<(), String>>,
}

impl Hosted {
    /// Starts a hub that was set up; returns when it answers.
    ///
    /// # Errors
    /// Why it ended instead.
    ///
    /// # Panics
    /// When it neither answers nor ends.
    pub fn start(site: &Site, store: StoreOptions) -> Result<Self, String> {
        let config = Config::load(&site.configuration()).expect("the configuration was accepted before");
        let options = Options { store, ..Options::default() };
        let stop = CancellationToken::new();
        let (said, ended) = channel();
        std::thread::spawn({
            let stop = stop.clone();
            // Nobody listens any more when the hub was dropped.
            move || drop(said.send(serve(config, options, stop)))
        });
        let mut early = None;
        site.wait_until_it_answers_or(|| match ended.try_recv() {
            Err(TryRecvError::Empty) => true,
            how => {
                early = Some(how.unwrap_or_else(|_| Err("it panicked".to_owned())));
                false
            }
        });
        match early {
            None => Ok(Self { stop, ended }),
            Some(how) => Err(how.err().unwrap_or_else(|| "it stopped at once".to_owned())),
        }
    }

    /// Stops it cleanly, if it has not stopped by itself, and says how it ended.
    ///
    /// # Errors
    /// What it says of its end.
    pub fn stop(self) -> Result<(), String> {
        self.stop.cancel();
        self.ended.recv().unwrap_or_else(|_| Err("it panicked".to_owned()))
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn serve(config: Config, options: Options, stop: CancellationToken) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let listener = TcpListener::bind(config.listen).await.map_err(|error| error.to_string())?;
        run(config, listener, options, stop).await.map_err(|error| error.to_string())
    })
}
