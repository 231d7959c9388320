//! The hub of a run: the real one, in this process, killed and started again.

use std::cell::RefCell;
use std::path::PathBuf;

use samverkan_hub::run::{Options, RunError, run};
use samverkan_hub::store::{Executor, StoreOptions};
use tokio::task::{JoinHandle, spawn_local};
use tokio_util::sync::CancellationToken;

use super::clocks::Clocks;
use super::ground::{Site, copy_folder};
use super::model::Violation;
use super::network::Network;

/// The hub of one run.
pub struct Hub<'a> {
    site: &'a Site,
    network: Network,
    clocks: Clocks,
    state: RefCell<State>,
}

struct State {
    data: PathBuf,
    life: u32,
    running: Option<Running>,
    /// Hubs that were killed: what they still do they do in folders that nobody looks into again.
    killed: Vec<Running>,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), RunError>>,
}

impl<'a> Hub<'a> {
    /// A hub that does not run yet.
    #[must_use]
    pub fn new(site: &'a Site, network: Network, clocks: Clocks) -> Self {
        let state = State { data: site.hub(), life: 0, running: None, killed: Vec::new() };
        Self { site, network, clocks, state: RefCell::new(state) }
    }

    /// Starts it, if it does not run.
    pub fn start(&self) {
        let mut state = self.state.borrow_mut();
        if state.running.is_some() {
            return;
        }
        let (stop, config) = (CancellationToken::new(), self.site.configuration(&state.data));
        let store = StoreOptions { executor: Executor::Runtime, ..StoreOptions::default() };
        let options = Options { clock: self.clocks.of_hub(), store, ..Options::default() };
        let task = spawn_local(run(config, self.network.open_door(), options, stop.clone()));
        state.running = Some(Running { stop, task });
    }

    /// Kills it, at once: its connections are cut, and its files stay as they are at this moment.
    ///
    /// # Errors
    /// When it was not running as it should.
    ///
    /// # Panics
    /// When the disk fails.
    pub fn kill(&self) -> Result<(), Violation> {
        self.network.close_door();
        let mut state = self.state.borrow_mut();
        let Some(running) = state.running.take() else { return Ok(()) };
        if running.task.is_finished() {
            return Err(Violation("the hub has ended by itself".to_owned()));
        }
        state.life += 1;
        let left = self.site.beside(&format!("hub-{}", state.life));
        copy_folder(&state.data, &left).expect("the files can be copied");
        state.data = left;
        running.stop.cancel();
        state.killed.push(running);
        Ok(())
    }

    /// Stops it as an operator does.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn stop(&self) -> Result<(), Violation> {
        let Some(running) = self.state.borrow_mut().running.take() else { return Ok(()) };
        running.stop.cancel();
        let ended = running.task.await;
        self.network.close_door();
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Violation(format!("the hub ended badly: {error}"))),
            Err(error) => Err(Violation(format!("the hub panicked: {error}"))),
        }
    }

    /// Waits until nothing is left of the hubs that were killed.
    pub async fn bury(&self) {
        let killed = std::mem::take(&mut self.state.borrow_mut().killed);
        for running in killed {
            // What became of it changes nothing for anybody.
            let _ = running.task.await;
        }
    }
}
