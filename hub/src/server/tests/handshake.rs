//! Who gets through the handshake, and as whom.

use rcgen::{ExtendedKeyUsagePurpose, IsCa};
use rustls::version::TLS12;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const DRAIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn an_issued_certificate_is_an_identity_and_none_is_none() {
    let server = start(Bounds::default(), DRAIN).await;
    let device = server.device();
    let mut client = server.connect(Some(&device)).await.unwrap();
    assert_eq!(client.who().await, device.tls_key.to_string());
    assert_eq!(server.connections.len(), 1);
    let mut stranger = server.connect(None).await.unwrap();
    assert_eq!(stranger.who().await, "nobody");
    assert_eq!(server.connections.len(), 1, "strangers are not in the table");
}

#[tokio::test]
async fn certificates_the_hub_did_not_make_for_clients_are_refused() {
    let server = start(Bounds::default(), DRAIN).await;
    for (fault, identity) in foreign_identities(&server.keys) {
        let refused = server.connect(Some(&identity)).await.map(|_| ()).unwrap_err();
        assert!(!refused.to_string().is_empty(), "{fault}");
        server.counted("connections 0\n").await;
    }
    server.counted("connections_refused_total{reason=\"Handshake\"} 4\n").await;
    assert!(server.connections.is_empty());
}

fn foreign_identities(keys: &HubKeys) -> Vec<(&'static str, Identity)> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let self_signed = params.self_signed(&key).unwrap().der().clone();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let own_authority = params.self_signed(&key).unwrap().der().clone();
    let server = keys.authority.issue_server(&["localhost".to_owned()], NOW).unwrap();
    let server_key = KeyPair::try_from(server.key.secret_der()).unwrap();
    vec![
        ("self-signed", Identity::new(self_signed, &key)),
        ("an authority as a client", Identity::new(own_authority, &key)),
        ("another hub's", Identity::issued(&super::keys())),
        ("made for a server", Identity::new(server.certificate, &server_key)),
    ]
}

#[tokio::test]
async fn certificates_out_of_date_are_refused() {
    let server = start(Bounds::default(), DRAIN).await;
    let device = server.device();
    server.connect(Some(&device)).await.unwrap();
    for wrong in [NOW + 91 * 86_400_000, NOW - 86_400_000] {
        server.hands.set(wrong);
        assert!(server.connect(Some(&device)).await.is_err(), "at {wrong}");
    }
}

#[tokio::test]
async fn tls_1_2_and_other_protocols_are_refused() {
    let server = start(Bounds::default(), DRAIN).await;
    let mut roots = RootCertStore::empty();
    roots.add(server.keys.authority.certificate().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut old = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    old.alpn_protocols = vec![b"h2".to_vec()];
    assert!(shake_hands(server.address, old).await.is_err());

    let mut http1 = client_config(&server.keys, None);
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    assert!(shake_hands(server.address, http1).await.is_err());

    let mut silent = client_config(&server.keys, None);
    silent.alpn_protocols.clear();
    let mut stream = shake_hands(server.address, silent).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, 0, "closed without a word of HTTP");
    server.counted("connections_refused_total{reason=\"Protocol\"} 1\n").await;
}

#[tokio::test]
async fn nothing_is_resumed() {
    let server = start(Bounds::default(), DRAIN).await;
    let device = server.device();
    let mut config = client_config(&server.keys, Some(&device));
    config.enable_early_data = true;
    for _ in 0..3 {
        // Clones share one memory of past sessions, as a client does that would like to resume.
        let stream = shake_hands(server.address, config.clone()).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.handshake_kind(), Some(rustls::HandshakeKind::Full));
        assert_eq!(session.tls13_tickets_received(), 0);
        let (send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        let mut client = Client { send, driver: tokio::spawn(async move { drop(connection.await) }) };
        assert_ne!(client.who().await, "nobody");
    }
    let current =
        ServerTls::new(server.keys.authority.clone(), vec!["localhost".to_owned()], Clock::manual(NOW).0)
            .unwrap()
            .current();
    assert_eq!((current.send_tls13_tickets, current.max_early_data_size), (0, 0));
    assert!(!current.session_storage.can_cache());
}

#[tokio::test]
async fn a_stalled_handshake_is_cut() {
    let bounds = Bounds { handshake_timeout: Duration::from_millis(50), ..Bounds::default() };
    let server = start(bounds, DRAIN).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut hello = TcpStream::connect(server.address).await.unwrap();
    // The first bytes of a real ClientHello record that never continues.
    hello.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
    assert_eq!(read_to_end(&mut silent).await, 0);
    assert_eq!(read_to_end(&mut hello).await, 0);
    server.counted("connections_refused_total{reason=\"Slow\"} 2\n").await;
}

#[tokio::test]
async fn what_is_not_tls_is_closed() {
    let server = start(Bounds::default(), DRAIN).await;
    let strangers: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        &[0xff; 64],
        &[0x80, 0x2e, 0x01, 0x00, 0x02, 0x00, 0x15, 0, 0, 0, 0x10],
        b"\x16\x03\x01\xff\xff\x01",
    ];
    for bytes in strangers {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        socket.shutdown().await.unwrap();
        // An alert of seven bytes is the most that it may say.
        assert!(read_to_end(&mut socket).await <= 7, "{bytes:?}");
    }
    server.counted("connections_refused_total{reason=\"Handshake\"} 5\n").await;
}

#[tokio::test]
async fn an_eager_address_is_limited() {
    let bounds = Bounds { handshakes_per_second_per_address: 1, ..Bounds::default() };
    let server = start(bounds, DRAIN).await;
    let mut served = 0;
    for _ in 0..30 {
        served += usize::from(shake_hands(server.address, client_config(&server.keys, None)).await.is_ok());
    }
    assert!((5..20).contains(&served), "{served} handshakes");
    assert!(server.metrics.encode().contains("reason=\"TooFast\""));
}

#[tokio::test]
async fn a_full_server_refuses_and_recovers() {
    let server = start(Bounds { max_connections: 1, ..Bounds::default() }, DRAIN).await;
    let first = server.connect(None).await.unwrap();
    assert!(server.connect(None).await.is_err());
    first.gone().await;
    server.counted("connections 0\n").await;
    // The place is given back just after the count; the next attempt may still come too early.
    let again = async { while server.connect(None).await.is_err() {} };
    tokio::time::timeout(SOON, again).await.unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_serves_the_next_handshake() {
    let (clock, hands) = Clock::manual(NOW);
    let tls = ServerTls::new(Arc::clone(&keys().authority), vec!["localhost".to_owned()], clock).unwrap();
    let tls = Arc::new(tls);
    let before = tls.current();
    let renewing = tokio::spawn({
        let tls = Arc::clone(&tls);
        async move { tls.keep_renewed().await }
    });
    assert_eq!(tls.not_after_ms(), NOW + 90 * 86_400_000);
    let renewed = async |before| {
        let renewed = async {
            while Arc::ptr_eq(&before, &tls.current()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, renewed).await.unwrap();
        tls.current()
    };
    hands.set(NOW + 60 * 86_400_000);
    let ahead = renewed(before).await;
    // Back at the right time the certificate of the wrong one is not valid yet.
    hands.set(NOW);
    renewed(ahead).await;
    assert_eq!(tls.not_after_ms(), NOW + 90 * 86_400_000);
    assert!(!renewing.is_finished());
    renewing.abort();
}

/// Reads until the other end closes; returns how much it said. A reset is a close, too.
async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> usize {
    let mut said = Vec::new();
    let closed = tokio::time::timeout(SOON, stream.read_to_end(&mut said)).await.expect("closed");
    drop(closed);
    said.len()
}
