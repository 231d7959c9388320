//! A hub process: killed, stopped and started again at will.

use crate::process::{Leash, Running, peak_resident_bytes, resident_bytes};
use crate::site::Site;
use crate::until::until;
use std::ops::Deref;
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use crate::site::Invitation;

/// A hub that runs in its own folder. Dropping it kills the process and removes the folder.
#[derive(Debug)]
pub struct HubProcess {
    /// Before the site: the process ends before its files vanish.
    process: Mutex<Running>,
    site: Site,
}

impl HubProcess {
    /// Sets a hub up in a new folder and starts it; returns when it answers.
    ///
    /// # Panics
    /// When any of that fails, with what the hub said.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(Site::new())
    }

    /// Starts a hub that was set up.
    ///
    /// # Panics
    /// When it does not answer, with its log.
    #[must_use]
    pub fn start_at(site: Site) -> Self {
        let mut command = serve(&site);
        Self::start_by(site, &mut command)
    }

    /// Starts a hub by another command line than its own, one that becomes the hub's process in the end. [`HubProcess::restart`] does
    /// not know of it.
    ///
    /// # Panics
    /// When it does not answer, with its log.
    #[must_use]
    pub fn start_by(site: Site, command: &mut Command) -> Self {
        let process = Mutex::new(Running::start(command, &site.log_file()));
        let hub = Self { process, site };
        hub.wait();
        hub
    }

    /// One hub for every test of this process that needs nothing special of it; it ends with the process.
    ///
    /// # Panics
    /// When it does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<(HubProcess, Leash)> = OnceLock::new();
        let (hub, _leash) = SHARED.get_or_init(|| {
            // One that does not start is dropped with its folder; one that does is never dropped, but on a leash.
            let hub = Self::start_at(Site::new());
            let leash = Leash::tie(hub.pid(), hub.folder());
            (hub, leash)
        });
        hub
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process().id()
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(self.pid())
    }

    /// The most resident memory since it was started, in bytes.
    #[must_use]
    pub fn peak_resident_bytes(&self) -> u64 {
        peak_resident_bytes(self.pid())
    }

    /// SIGKILL: what a power cut looks like to everyone else.
    pub fn kill9(&self) {
        self.process().kill();
    }

    /// SIGTERM, and goes on at once.
    pub fn ask_to_stop(&self) {
        self.process().ask_to_stop();
    }

    /// SIGHUP: it reads its certificate again.
    pub fn hang_up(&self) {
        self.process().hang_up();
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn terminate(&self) -> ExitStatus {
        self.process().terminate()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_for_end(&self) -> ExitStatus {
        until("the hub ends by itself", || self.process().finished())
    }

    /// Starts it again on the same folder and port, killing it before if it still runs.
    ///
    /// # Panics
    /// When it does not answer, with its log.
    pub fn restart(&self) {
        {
            let mut process = self.process();
            process.kill();
            *process = Running::start(&mut serve(&self.site), &self.site.log_file());
        }
        self.wait();
    }

    fn process(&self) -> MutexGuard<'_, Running> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) {
        self.site.wait_until_it_answers(|| {
            if let Some(status) = self.process().finished() {
                panic!("the hub ended with {status}:\n{}", self.log());
            }
        });
    }
}

impl Deref for HubProcess {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

fn serve(site: &Site) -> Command {
    site.command(&["serve"])
}
