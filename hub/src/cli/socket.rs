//! The way from a command to the running hub: gRPC over the operator's socket.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use samverkan_proto::v1::registry_service_client::RegistryServiceClient;
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::exit::Exit;
use super::failure::Failure;

/// How long one call may take.
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) type Operator = RegistryServiceClient<Channel>;

/// Connects to the hub that listens on `socket`.
pub(super) async fn connect(socket: &Path) -> Result<Operator, Failure> {
    // Tried by hand first: the channel would hide why it failed.
    drop(UnixStream::connect(socket).await.map_err(|error| unreachable(socket, &error))?);
    let path: PathBuf = socket.to_owned();
    let connector = tower::service_fn(move |_: Uri| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_static("http://operator").timeout(DEADLINE);
    let channel = endpoint.connect_with_connector(connector).await.map_err(|_| no_answer())?;
    Ok(RegistryServiceClient::new(channel))
}

fn unreachable(socket: &Path, error: &std::io::Error) -> Failure {
    let socket = socket.display();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::new(
            "HUB_NOT_RUNNING",
            format!("No hub is running on {socket}."),
            "samverkan-hub serve",
            Exit::HubUnreachable,
        ),
        ErrorKind::PermissionDenied => Failure::new(
            "OPERATOR_ONLY",
            format!("You may not use {socket}."),
            "run the command as the hub's user, or as root",
            Exit::Refused,
        ),
        _ => Failure::new(
            "HUB_UNREACHABLE",
            format!("The hub on {socket} can not be reached: {error}."),
            "try again",
            Exit::HubUnreachable,
        ),
    }
}

fn no_answer() -> Failure {
    Failure::new("HUB_UNREACHABLE", "The hub did not answer.", "samverkan-hub check", Exit::HubUnreachable)
}
