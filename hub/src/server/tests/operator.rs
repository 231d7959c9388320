//! The operator's socket.

use tokio::net::UnixStream;

use super::*;

async fn ask(path: &std::path::Path) -> String {
    let stream = UnixStream::connect(path).await.unwrap();
    let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut client = Client { send, driver: tokio::spawn(async move { drop(connection.await) }) };
    client.who().await
}

#[tokio::test]
async fn the_socket_is_private_answers_and_goes_away() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("operator.sock");
    let socket = OperatorSocket::bind(&path).await.unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let stop = CancellationToken::new();
    let served = tokio::spawn(socket.serve(Routes::new(Probe), stop.clone(), SOON));
    assert_eq!(ask(&path).await, "operator");
    assert!(matches!(OperatorSocket::bind(&path).await, Err(SocketError::InUse { .. })));
    assert_eq!(ask(&path).await, "operator", "the running hub keeps its socket");
    stop.cancel();
    assert_eq!(served.await.unwrap(), Drained::Clean);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_dead_hubs_socket_is_replaced_and_a_file_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("operator.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(OperatorSocket::bind(&path).await.unwrap());
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(OperatorSocket::bind(&path).await, Err(SocketError::Occupied { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
