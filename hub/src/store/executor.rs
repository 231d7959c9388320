//! Who does the store's work: threads of its own, or the runtime that everything else runs on.

use tokio::sync::mpsc;

use super::writer::{Order, Writer};

/// Where the store's writer runs, and everything else of the store that may wait for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Executor {
    /// On threads of its own, as in every hub that serves people: whoever waits for the disk is in nobody's way.
    #[default]
    Threads,
    /// On the runtime that opens the store, as a task like any other. In a runtime of one thread the order in which things happen is
    /// then the runtime's alone, which a simulation needs; each wait for the disk holds everybody up.
    Runtime,
}

impl Executor {
    /// Starts the writer; gives its thread, if it has one.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn start(
        self,
        mut writer: Writer,
        found: mpsc::WeakSender<Order>,
        orders: mpsc::Receiver<Order>,
    ) -> std::io::Result<Option<std::thread::JoinHandle<()>>> {
        match self {
            Self::Threads => {
                writer.found = Some(found);
                let builder = std::thread::Builder::new().name("store-writer".to_owned());
                builder.spawn(move || writer.run(orders)).map(Some)
            }
            Self::Runtime => {
                // Whoever waits for the writer notices when it is gone.
                drop(tokio::spawn(writer.run_as_task(orders)));
                Ok(None)
            }
        }
    }

    /// Does work that may wait for the disk; nothing when it panicked on its thread.
    pub(crate) async fn blocking<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match self {
            Self::Threads => tokio::task::spawn_blocking(work).await.ok(),
            Self::Runtime => Some(work()),
        }
    }
}
