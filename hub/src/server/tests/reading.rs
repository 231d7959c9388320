//! Peers that do not read, or send what HTTP/2 bounds.

use super::*;

const DRAIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_reader_that_stops_reading_is_cut_and_a_quiet_stream_is_not() {
    let bounds = Bounds { stalled_reader: Duration::from_millis(100), ..Bounds::default() };
    let server = start(bounds, DRAIN).await;
    let mut quiet = server.connect(Some(&server.device())).await.unwrap();
    let mut drip = quiet.call("Drip").await.unwrap().into_body();
    assert!(next(&mut drip).await.unwrap().is_ok());

    let mut stuck = server.connect(Some(&server.device())).await.unwrap();
    // The client's driver answers pings, but the body is never read, so its window closes.
    let _unread = stuck.call("Flood").await.unwrap().into_body();
    server.counted("connections_closed_total{reason=\"Stalled\"} 1\n").await;
    stuck.gone().await;
    assert_ne!(quiet.who().await, "nobody", "a stream with nothing to say is not stalled");
}

#[tokio::test]
async fn huge_headers_are_refused_and_the_server_lives() {
    let server = start(Bounds::default(), DRAIN).await;
    let mut client = server.connect(None).await.unwrap();
    client.send.ready().await.unwrap();
    let request = Request::post("https://localhost/test.Probe/Who").header("x-pad", "x".repeat(64 << 10));
    let answered = client.send.send_request(request.body(String::new()).unwrap()).await;
    assert!(answered.is_err_or_refused(), "{answered:?}");
    assert_eq!(server.connect(None).await.unwrap().who().await, "nobody");
}

trait Refusal {
    fn is_err_or_refused(&self) -> bool;
}

impl Refusal for Result<Response<Incoming>, hyper::Error> {
    fn is_err_or_refused(&self) -> bool {
        self.as_ref().map_or(true, |response| response.status().is_client_error())
    }
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented() {
    let server = start(Bounds::default(), DRAIN).await;
    let mut client = server.connect(None).await.unwrap();
    client.send.ready().await.unwrap();
    let request = Request::post("https://localhost/no.Such/Method").body(String::new()).unwrap();
    let response = client.send.send_request(request).await.unwrap();
    assert_eq!(response.headers()["grpc-status"], (tonic::Code::Unimplemented as i32).to_string());
}
