//! 10–16: handshakes that are not TLS 1.3 with HTTP/2, that are wrong on purpose, or that never end.

use crate::siege::Siege;
use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, HandshakeKind};
use samverkan_proto::v1::ErrorReason;
use samverkan_tests::until::{in_time, until_async};
use samverkan_tests::wire::connect::{authority, handshake, tls};
use samverkan_tests::wire::hello::{
    EARLY_DATA, Hello, P256, PRE_SHARED_KEY, PSK_KEY_EXCHANGE_MODES, Said, X25519, X25519_MLKEM768, first,
    record, said_to,
};
use samverkan_tests::wire::http2::PREFACE;
use samverkan_tests::wire::parcel::random_bytes;
use samverkan_tests::wire::{Parcel, Peer, refused};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tonic::Code;

const DECODE_ERROR: u8 = 50;
const ILLEGAL_PARAMETER: u8 = 47;
const HANDSHAKE_FAILURE: u8 = 40;
/// The record type of encrypted bytes.
const APPLICATION_DATA: u8 = 23;

fn refused_for(reason: &str) -> String {
    format!("connections_refused_total{{reason=\"{reason}\"}}")
}

/// Waits until the other end closes; how much it said before. A reset is a close, too.
async fn closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> usize {
    let mut said = Vec::new();
    let _ = in_time("the hub closes", stream.read_to_end(&mut said)).await;
    said.len()
}

#[tokio::test]
async fn bad_010_tls_1_2_and_other_protocols() {
    let siege = Siege::begin().await;
    let own = siege.sender.device();
    let with = |change: fn(&mut rustls::ClientConfig)| {
        let mut config = tls(authority(&siege.hub.data_dir()), Some(own.presented()));
        change(Arc::get_mut(&mut config).expect("nobody else has it yet"));
        handshake(siege.hub.address(), config)
    };
    let alert = |error: std::io::Error| match error.get_ref().and_then(|error| error.downcast_ref()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => panic!("no alert: {error:?}"),
    };
    let http1 = with(|config| config.alpn_protocols = vec![b"http/1.1".to_vec()]).await;
    assert_eq!(alert(http1.expect_err("another protocol")), AlertDescription::NoApplicationProtocol);
    let mut silent = with(|config| config.alpn_protocols.clear()).await.expect("nothing is wrong so far");
    assert_eq!(closed(&mut silent).await, 0, "closed without a word of HTTP");
    siege.reaches(&refused_for("Protocol"), 1).await;

    let mut old = rustls::ClientConfig::builder_with_provider(
        tls(authority(&siege.hub.data_dir()), None).crypto_provider().clone(),
    )
    .with_protocol_versions(&[&rustls::version::TLS12])
    .expect("ring speaks it")
    .with_root_certificates(rustls::RootCertStore::empty())
    .with_no_client_auth();
    old.alpn_protocols = vec![b"h2".to_vec()];
    let old = handshake(siege.hub.address(), Arc::new(old)).await.expect_err("TLS 1.2");
    assert_eq!(alert(old), AlertDescription::ProtocolVersion);
    siege.is_over().await;
}

/// Bytes before the handshake is over are not taken: the hub gives nobody anything to send them with, and reads none that are sent.
#[tokio::test]
async fn bad_010_early_data() {
    let siege = Siege::with(&[("handshake_seconds", "1")]).await;
    let mut early = forged_ticket();
    early.more.insert(0, (EARLY_DATA, Vec::new()));
    let bytes = [early.record(), record(APPLICATION_DATA, &random_bytes(2_000)).repeat(100)].concat();
    let mut socket = TcpStream::connect(siege.hub.address()).await.expect("the hub listens");
    socket.write_all(&bytes).await.expect("sent");
    let Said::Hello(extensions) = first(&mut socket).await else { panic!("the handshake itself is good") };
    assert!(!extensions.contains(&PRE_SHARED_KEY), "the ticket is nobody's: {extensions:?}");
    closed(&mut socket).await;
    siege.is_over().await;
}

/// A hello that offers a key of an earlier connection, which there never was.
fn forged_ticket() -> Hello {
    let identity = [&[0, 32][..], &random_bytes(32), &[0, 0, 0, 7]].concat();
    let binder = [&[32][..], &random_bytes(32)].concat();
    let offered = [&[0, 38][..], &identity, &[0, 33], &binder].concat();
    // The offer must be the last extension of all (RFC 8446 section 4.2.11).
    Hello { more: vec![(PSK_KEY_EXCHANGE_MODES, vec![1, 1]), (PRE_SHARED_KEY, offered)], ..Hello::good() }
}

/// Points of small order on the curve or its twist, as RFC 7748 section 7 warns of them: the secret would be zero, whatever the hub's
/// half is.
fn low_order() -> Vec<[u8; 32]> {
    let (mut one, mut minus_one) = ([0; 32], [0xff; 32]);
    one[0] = 1;
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let (mut p, mut p_plus_one) = (minus_one, minus_one);
    (p[0], p_plus_one[0]) = (0xed, 0xee);
    let order_8 = *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00";
    vec![[0; 32], one, minus_one, p, p_plus_one, order_8]
}

#[tokio::test]
async fn bad_011_key_shares_that_are_none() {
    let siege = Siege::begin().await;
    let address = siege.hub.address();
    let before = siege.metric(&refused_for("Handshake"));
    assert!(matches!(said_to(address, &Hello::good().record()).await, Said::Hello(_)), "a good one is taken");
    let mut wrong: Vec<(String, Hello)> = Vec::new();
    for point in low_order() {
        wrong.push((format!("low order {point:02x?}"), Hello::sharing(X25519, &point)));
    }
    for length in [1, 31, 33, 1_000] {
        wrong.push((format!("{length} bytes"), Hello::sharing(X25519, &random_bytes(length))));
    }
    let off_curve = [&[4][..], &[1; 64]].concat();
    for (case, point) in [("off the curve", &off_curve[..]), ("infinity", &[0]), ("cut", &off_curve[..64])] {
        wrong.push((case.to_owned(), Hello::sharing(P256, point)));
    }
    let cases = wrong.len() as u64;
    for (case, hello) in wrong {
        assert_eq!(said_to(address, &hello.record()).await, Said::Alert(ILLEGAL_PARAMETER), "{case}");
    }
    // And the good one, whose sender left it at that.
    siege.reaches(&refused_for("Handshake"), before + cases + 1).await;
    let empty = said_to(address, &Hello::sharing(X25519, b"").record()).await;
    assert!([Said::Alert(DECODE_ERROR), Said::Alert(ILLEGAL_PARAMETER)].contains(&empty), "{empty:?}");
    siege.is_over().await;
}

/// The hub's TLS has no post-quantum group in this version. Who knows nothing else gets no connection, and who offers it beside others
/// is asked for one of those, whatever is in its share.
#[tokio::test]
async fn bad_011_shares_of_a_group_that_the_hub_has_not() {
    let siege = Siege::begin().await;
    for length in [1_216, 1_215, 31] {
        let mut hello = Hello::sharing(X25519_MLKEM768, &vec![0xff; length]);
        let said = said_to(siege.hub.address(), &hello.record()).await;
        assert_eq!(said, Said::Alert(HANDSHAKE_FAILURE), "{length} bytes");
        hello.groups.push(X25519);
        assert_eq!(said_to(siege.hub.address(), &hello.record()).await, Said::Retry, "{length} bytes");
    }
    siege.is_over().await;
}

#[tokio::test]
async fn bad_012_handshakes_that_never_end() {
    let siege = Siege::with(&[("handshake_seconds", "1")]).await;
    let address = siege.hub.address();
    let connect = || async { TcpStream::connect(address).await.expect("the hub listens") };
    let known = || tls(authority(&siege.hub.data_dir()), Some(siege.sender.device().presented()));

    let mut silent = connect().await;
    let mut half = connect().await;
    let hello = Hello::good().record();
    half.write_all(&hello[..hello.len() - 1]).await.expect("sent");
    let mut answered = connect().await;
    answered.write_all(&hello).await.expect("sent");
    let mut proven = handshake(address, known()).await.expect("a whole handshake");
    let mut begun = handshake(address, known()).await.expect("a whole handshake");
    begun.write_all(&PREFACE[..PREFACE.len() - 1]).await.expect("sent");
    let dripping = drip(connect().await);

    siege.goes_on().await;
    let (a, b, _) = tokio::join!(closed(&mut silent), closed(&mut half), closed(&mut answered));
    assert_eq!((a, b), (0, 0), "whoever has said nothing whole is told nothing");
    tokio::join!(closed(&mut proven), closed(&mut begun), dripping);
    siege.reaches(&refused_for("Slow"), 6).await;
    siege.is_over().await;
}

/// Sends a record of 16 KiB byte by byte until the hub closes the connection.
async fn drip(mut socket: TcpStream) {
    let (mut read, mut write) = socket.split();
    let bytes = async {
        // The pace of somebody slow; the record would take minutes.
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        for byte in record(22, &vec![1; 16_000]) {
            pace.tick().await;
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = bytes => {}
        said = closed(&mut read) => assert_eq!(said, 0),
    }
}

#[tokio::test]
async fn bad_013_many_handshakes_from_one_address() {
    const ATTEMPTS: u64 = 200;
    // After a burst of five seconds' worth.
    let siege = Siege::with(&[("handshakes_per_second_per_address", "5")]).await;
    let mut served: u64 = 0;
    for _ in 0..ATTEMPTS {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.3:0".parse().expect("an address")).expect("all of 127/8 is this machine");
        let mut socket = socket.connect(siege.hub.address()).await.expect("the hub listens");
        // One that was not let in may be closed already.
        let _ = socket.write_all(&Hello::good().record()).await;
        served += u64::from(in_time("an answer", first(&mut socket)).await != Said::Nothing);
    }
    assert!((25..ATTEMPTS / 2).contains(&served), "{served} were answered");
    siege.reaches(&refused_for("TooFast"), ATTEMPTS - served).await;
    // Others call from other addresses.
    siege.is_over().await;
}

#[tokio::test]
async fn bad_014_oversized_chains() {
    let siege = Siege::begin().await;
    let before = siege.metric(&refused_for("Handshake"));
    let junk = |length: usize| CertificateDer::from(random_bytes(length));
    let chains = [
        ("one certificate of 70 kB", vec![junk(70_000)]),
        ("a hundred of 1 kB", std::iter::repeat_with(|| junk(1_000)).take(100).collect()),
        ("ten thousand of a byte", std::iter::repeat_with(|| junk(1)).take(20_000).collect()),
    ];
    for (case, more) in chains {
        let mut presented = siege.sender.device().presented();
        presented.chain.extend(more);
        let tls = tls(authority(&siege.hub.data_dir()), Some(presented));
        if let Ok(mut stream) = handshake(siege.hub.address(), tls).await {
            let read = in_time("a word about the chain", stream.read_u8()).await;
            assert!(read.is_err(), "{case}");
        }
        siege.goes_on().await;
    }
    siege.reaches(&refused_for("Handshake"), before + 3).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_015_no_way_back_in_after_a_revocation() {
    let mut siege = Siege::begin().await;
    let second = siege.sender.add_device(&siege.hub, 7).await;
    // One configuration remembers what there is to resume.
    let peer = siege.sender.devices[second].connect(&siege.hub);
    for _ in 0..3 {
        let mut stream = handshake(siege.hub.address(), peer.tls()).await.expect("a handshake");
        stream.write_all(PREFACE).await.expect("sent");
        stream.read_u8().await.expect("the hub's settings, behind any ticket");
        let (_, session) = stream.get_ref();
        assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(session.tls13_tickets_received(), 0);
    }
    let without = siege.sender.without(second);
    siege.sender.publish(&siege.hub, without).await.expect("the revocation");
    let parcel = Parcel::new(&siege.sender, &[&siege.recipient]);
    let again = Peer::at(siege.hub.address(), peer.tls());
    let refusal = refused("after the revocation", parcel.submit(&again).await);
    refusal.is(Code::Unauthenticated, ErrorReason::DeviceRevoked, "");
    let Said::Hello(extensions) = said_to(siege.hub.address(), &forged_ticket().record()).await else {
        panic!("a ticket that nobody made is passed over");
    };
    assert!(!extensions.contains(&PRE_SHARED_KEY), "{extensions:?}");
    drop((peer, again));
    siege.is_over().await;
}

#[tokio::test]
async fn bad_016_what_is_not_tls() {
    let siege = Siege::begin().await;
    let before = siege.metric(&refused_for("Handshake"));
    let random = random_bytes(300);
    let strangers: [(&str, &[u8]); 7] = [
        ("HTTP/1", b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        ("an upgrade to HTTP/2", b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"),
        ("HTTP/2 in the clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("SSLv2", &[0x80, 0x2e, 0x01, 0x00, 0x02, 0x00, 0x15, 0, 0, 0, 0x10]),
        ("a record that is too long", b"\x16\x03\x01\xff\xff\x01"),
        ("0xff", &[0xff; 64]),
        ("random bytes", &random),
    ];
    let count = strangers.len() as u64;
    for (case, bytes) in strangers {
        let mut socket = TcpStream::connect(siege.hub.address()).await.expect("the hub listens");
        socket.write_all(bytes).await.expect("sent");
        socket.shutdown().await.expect("sent");
        // An alert is the most that it may say.
        assert!(closed(&mut socket).await <= 7, "{case}");
    }
    siege.reaches(&refused_for("Handshake"), before + count).await;
    siege.is_over().await;
}

#[tokio::test]
async fn bad_016_what_is_tls_and_then_not_http_2() {
    let siege = Siege::begin().await;
    let inside: [&[u8]; 3] =
        [b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", &[0; 24], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\t"];
    for bytes in inside {
        let tls = tls(authority(&siege.hub.data_dir()), Some(siege.sender.device().presented()));
        let mut stream = handshake(siege.hub.address(), tls).await.expect("a handshake");
        stream.write_all(bytes).await.expect("sent");
        assert_eq!(closed(&mut stream).await, 0, "not a word");
    }
    siege.reaches(&refused_for("Protocol"), 3).await;
    let leaving = handshake(siege.hub.address(), tls(authority(&siege.hub.data_dir()), None)).await;
    drop(leaving.expect("a handshake"));
    until_async("who leaves is counted", || async {
        (siege.metric(&refused_for("Protocol")) == 4).then_some(())
    })
    .await;
    siege.is_over().await;
}
