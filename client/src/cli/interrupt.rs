//! Ctrl-C: the command is asked to stop, and a moment later the process ends whatever it is doing.
//!
//! A command that waits for the hub is dropped at once. One that computes or waits for a key press can not be; what
//! it writes it writes in one step, so that ending it anywhere leaves no half state. One that runs until somebody stops
//! it ends by itself, and well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use crate::exit::Exit;

/// How long a command has to clean up after Ctrl-C.
const GRACE: Duration = Duration::from_millis(700);

/// Whether the person wants to stop; clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    raised: AtomicBool,
    /// To be stopped is how the command ends.
    is_the_end: AtomicBool,
    notify: Notify,
}

impl Interrupt {
    /// Asks everybody to stop.
    pub(super) fn raise(&self) {
        self.0.raised.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }

    /// Whether to stop; for loops that never wait.
    pub(super) fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::Acquire)
    }

    /// From here on the command runs until it is stopped, by Ctrl-C or by SIGTERM, which is no failure; it listens itself.
    ///
    /// # Errors
    /// When SIGTERM can not be listened for.
    ///
    /// # Panics
    /// Outside a runtime.
    pub(super) fn make_it_the_end(&self) -> std::io::Result<()> {
        let mut terminated = signal(SignalKind::terminate())?;
        self.0.is_the_end.store(true, Ordering::Release);
        let interrupt = self.clone();
        tokio::spawn(async move {
            if terminated.recv().await.is_some() {
                interrupt.raise();
            }
        });
        Ok(())
    }

    /// Whether to be stopped is how the command ends.
    pub(super) fn is_the_end(&self) -> bool {
        self.0.is_the_end.load(Ordering::Acquire)
    }

    /// Returns when the command is to be dropped where it stands.
    pub(super) async fn cuts_off(&self) {
        self.raised().await;
        if self.is_the_end() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns when it is time to stop.
    pub(super) async fn raised(&self) {
        let notified = self.0.notify.notified();
        tokio::pin!(notified);
        // Listening begins before looking, so that nothing falls between the two.
        notified.as_mut().enable();
        if !self.is_raised() {
            notified.await;
        }
    }
}

/// Waits for the command's end, Ctrl-C, or the SIGTERM that a command listens for; `None` when it had to be left behind.
///
/// # Errors
/// When signals can not be listened for.
pub(super) async fn wait(
    mut ended: oneshot::Receiver<Exit>,
    interrupt: &Interrupt,
) -> std::io::Result<Option<Exit>> {
    let terminal = SavedTerminal::of_stdin();
    tokio::select! {
        exit = &mut ended => return Ok(Some(exit.unwrap_or(Exit::Unexpected))),
        signal = tokio::signal::ctrl_c() => signal?,
        () = interrupt.raised() => {}
    }
    interrupt.raise();
    match tokio::time::timeout(GRACE, ended).await {
        Ok(exit) => Ok(Some(exit.unwrap_or(Exit::Unexpected))),
        Err(_) => {
            terminal.restore();
            Ok(None)
        }
    }
}

/// How the terminal was at the start: a prompt that is cut off would leave it without echo.
struct SavedTerminal(Option<Termios>);

impl SavedTerminal {
    fn of_stdin() -> Self {
        Self(tcgetattr(std::io::stdin()).ok())
    }

    fn restore(self) {
        if let Some(saved) = self.0 {
            // A terminal that is gone needs no repair.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &saved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_told_and_so_is_who_comes_late() {
        let interrupt = Interrupt::default();
        let waiting = tokio::spawn({
            let interrupt = interrupt.clone();
            async move { interrupt.raised().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        interrupt.raise();
        waiting.await.expect("told");
        interrupt.raised().await;
        assert!(interrupt.is_raised());
    }

    #[tokio::test]
    async fn the_commands_own_end_is_its_exit_code() {
        let (done, ended) = oneshot::channel();
        done.send(Exit::Refused).expect("somebody waits");
        let exit = wait(ended, &Interrupt::default()).await.expect("listens");
        assert_eq!(exit, Some(Exit::Refused));
    }

    #[tokio::test]
    async fn who_is_there_to_be_stopped_is_not_cut_off() {
        let interrupt = Interrupt::default();
        interrupt.make_it_the_end().expect("listens");
        interrupt.raise();
        interrupt.raised().await;
        let cut_off = tokio::time::timeout(Duration::ZERO, interrupt.cuts_off()).await;
        assert!(interrupt.is_the_end() && cut_off.is_err());
        let surprised = Interrupt::default();
        surprised.raise();
        surprised.cuts_off().await;
    }

    #[tokio::test]
    async fn a_command_that_panicked_is_unexpected() {
        let (done, ended) = oneshot::channel::<Exit>();
        drop(done);
        let exit = wait(ended, &Interrupt::default()).await.expect("listens");
        assert_eq!(exit, Some(Exit::Unexpected));
    }
}
