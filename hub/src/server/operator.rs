//! The operator's socket: HTTP/2 without TLS over a Unix socket that only the hub's own user may open.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;

use super::connection::Served;
use super::hangup::Hangup;
use super::peer::Peer;
use super::{Drained, drained};
use crate::limits;

/// A bound operator's socket; its file is removed when it is dropped.
pub struct OperatorSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl OperatorSocket {
    /// Binds `path`, mode 0600. A socket that a dead hub left there is replaced.
    ///
    /// # Errors
    /// [`SocketError::InUse`] when a hub answers there, [`SocketError::Occupied`] when the file is no socket.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        remove_stale(path).await?;
        let io = |source| SocketError::Bind { path: path.to_owned(), source };
        let socket = UnixSocket::new_stream().map_err(io)?;
        socket.bind(path).map_err(io)?;
        // Nobody can connect before `listen`, so there is no moment with the wrong mode.
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(io)?;
        let listener = socket.listen(limits::OPERATORS).map_err(io)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// Serves `routes` until `stop` is cancelled; open calls get `drain` to finish.
    pub async fn serve(self, routes: Routes, stop: CancellationToken, drain: Duration) -> Drained {
        let (tasks, abort) = (TaskTracker::new(), CancellationToken::new());
        let places = Arc::new(Semaphore::new(limits::OPERATORS as usize));
        let own = rustix::process::geteuid().as_raw();
        while let Some(accepted) = stop.run_until_cancelled(self.listener.accept()).await {
            let Ok((socket, _)) = accepted else {
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            };
            if !may_operate(&socket, own) {
                tracing::warn!("refused another user on the operator's socket");
                continue;
            }
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let served = Served {
                routes: routes.clone(),
                peer: Peer::Operator,
                address: None,
                hangup: Hangup::new(&stop, &abort),
                tasks: tasks.clone(),
            };
            tasks.spawn(async move {
                served.run(socket, std::future::pending(), limits::STALLED_READER).await;
                drop(place);
            });
        }
        drained(&tasks, &abort, drain).await
    }
}

impl Drop for OperatorSocket {
    fn drop(&mut self) {
        // A file that stays behind is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The hub's own user and root, whatever the mode of the socket has become.
fn may_operate(socket: &UnixStream, own: u32) -> bool {
    socket.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::Occupied { path: path.to_owned() });
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|source| SocketError::Bind { path: path.to_owned(), source })
        }
        Ok(_) | Err(_) => Err(SocketError::InUse { path: path.to_owned() }),
    }
}

/// Why the operator's socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A hub is running there.
    #[error("{} is in use: another hub is running there", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something else has that name.
    #[error("{} is not a socket: move it away, or set operator_socket", path.display())]
    Occupied {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("could not make the socket {}: {source}", path.display())]
    Bind {
        /// The path.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}
