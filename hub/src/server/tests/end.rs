//! How connections end: the kill switch, their own end of life, and the drain.

use super::*;

const DRAIN: Duration = Duration::from_secs(10);

async fn first_byte(client: &mut Client) -> Incoming {
    let mut body = client.call("Drip").await.unwrap().into_body();
    assert_eq!(next(&mut body).await.unwrap().unwrap().into_data().unwrap().as_ref(), b"x");
    body
}

#[tokio::test]
async fn the_kill_switch_ends_open_streams_and_hung_calls_of_one_device_only() {
    let server = start(Bounds::default(), DRAIN).await;
    let (revoked, other) = (server.device(), server.device());
    let mut first = server.connect(Some(&revoked)).await.unwrap();
    let mut second = server.connect(Some(&revoked)).await.unwrap();
    let mut unharmed = server.connect(Some(&other)).await.unwrap();
    let mut stream = first_byte(&mut first).await;
    let mut unharmed_stream = first_byte(&mut unharmed).await;
    let hung = tokio::spawn(async move { second.call("Hang").await.map(|_| ()) });

    assert_eq!(server.connections.kill(&revoked.tls_key), 2);
    let ended = tokio::time::timeout(SOON, next(&mut stream)).await.expect("the stream ends");
    assert!(!matches!(ended, Some(Ok(_))), "{ended:?}");
    assert!(tokio::time::timeout(SOON, hung).await.expect("the call ends").unwrap().is_err());
    first.gone().await;
    server.counted("connections_closed_total{reason=\"Killed\"} 2\n").await;

    assert_ne!(unharmed.who().await, "nobody");
    let silence = tokio::time::timeout(Duration::from_millis(50), next(&mut unharmed_stream)).await;
    assert!(silence.is_err(), "the other device's stream is still open: {silence:?}");
    assert_eq!(server.connections.len(), 1);
}

#[tokio::test]
async fn a_certificate_that_ends_takes_its_connection_along() {
    let server = start(Bounds::default(), DRAIN).await;
    let device = server.device();
    let mut client = server.connect(Some(&device)).await.unwrap();
    assert_ne!(client.who().await, "nobody");
    server.hands.set(NOW + 90 * 86_400_000);
    client.gone().await;
    server.counted("connections 0\n").await;
}

#[tokio::test]
async fn strangers_are_asked_to_leave_after_their_time() {
    let bounds = Bounds { anonymous_lifetime: Duration::from_millis(50), ..Bounds::default() };
    let server = start(bounds, DRAIN).await;
    let device = server.device();
    let mut known = server.connect(Some(&device)).await.unwrap();
    server.connect(None).await.unwrap().gone().await;
    assert_ne!(known.who().await, "nobody");
}

#[tokio::test]
async fn an_idle_server_drains_cleanly() {
    let server = start(Bounds::default(), DRAIN).await;
    let client = server.connect(None).await.unwrap();
    let address = server.address;
    assert_eq!(server.stopped().await, Drained::Clean);
    client.gone().await;
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn a_stuck_stream_can_not_outlive_the_drain() {
    let server = start(Bounds::default(), Duration::from_millis(100)).await;
    let device = server.device();
    let mut client = server.connect(Some(&device)).await.unwrap();
    let mut stream = first_byte(&mut client).await;
    let connections = Arc::clone(&server.connections);
    assert_eq!(server.stopped().await, Drained::Cut);
    assert!(connections.is_empty(), "nothing is left running");
    let ended = tokio::time::timeout(SOON, next(&mut stream)).await.expect("the stream ends");
    assert!(!matches!(ended, Some(Ok(_))), "{ended:?}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes() {
    let bounds = Bounds { handshake_timeout: Duration::from_secs(3600), ..Bounds::default() };
    let server = start(bounds, Duration::from_millis(100)).await;
    let client = server.connect(None).await.unwrap();
    let _stalled = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(server.stopped().await, Drained::Cut);
    client.gone().await;
}
