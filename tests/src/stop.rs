//! Ending in good order when a person or the system asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// Whether the process was asked to stop. It looks at this between two steps and then cleans up as after its last one.
#[derive(Debug)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    _listens: Runtime,
}

impl Stop {
    /// From now on Ctrl-C, SIGTERM and SIGHUP no longer end the process; they are noted here, and panics that follow are silent.
    ///
    /// # Errors
    /// Those of the system, when a signal can not be listened to.
    pub fn on_signals() -> std::io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let listens = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let entered = listens.enter();
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let (mut signals, asked) = (signal(kind)?, Arc::clone(&asked));
            listens.spawn(async move {
                while signals.recv().await.is_some() {
                    asked.store(true, Ordering::SeqCst);
                }
            });
        }
        drop(entered);
        silence_panics(Arc::clone(&asked));
        Ok(Self { asked, _listens: listens })
    }

    /// Whether it was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Ctrl-C on a terminal reaches the child processes too, and whoever misses one of them panics before the next look.
fn silence_panics(asked: Arc<AtomicBool>) {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !asked.load(Ordering::SeqCst) {
            loud(panic);
        }
    }));
}
