//! The first message of TLS 1.3 (RFC 8446 section 4.1.2), written by hand, and what a server says to it in the clear.

use super::bytes::random;
use crate::until::in_time;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// X25519 (RFC 7748), as a group.
pub const X25519: u16 = 0x001d;
/// NIST P-256, as a group.
pub const P256: u16 = 0x0017;
/// X25519 together with ML-KEM-768, as a group.
pub const X25519_MLKEM768: u16 = 0x11ec;

/// The extension by which a client offers a key of an earlier connection.
pub const PRE_SHARED_KEY: u16 = 41;
/// The extension that announces early data.
pub const EARLY_DATA: u16 = 42;
/// The extension that says how a key of an earlier connection is used.
pub const PSK_KEY_EXCHANGE_MODES: u16 = 45;

const SUPPORTED_GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// What stands in place of a server's random bytes when it asks for another key share (RFC 8446 section 4.1.3).
const RETRY: [u8; 4] = [0xcf, 0x21, 0xad, 0x74];

/// A client's hello.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The groups that it says it knows.
    pub groups: Vec<u16>,
    /// Its key shares: each a group and bytes.
    pub shares: Vec<(u16, Vec<u8>)>,
    /// More extensions, after the others.
    pub more: Vec<(u16, Vec<u8>)>,
}

impl Hello {
    /// One that knows one group and has one share for it.
    #[must_use]
    pub fn sharing(group: u16, share: &[u8]) -> Self {
        Self { groups: vec![group], shares: vec![(group, share.to_vec())], more: Vec::new() }
    }

    /// One that every server takes.
    #[must_use]
    pub fn good() -> Self {
        // Nearly any 32 bytes are the public half of some key; whoever sends these just does not know the other half.
        Self::sharing(X25519, &random::<32>())
    }

    /// The record that carries it.
    #[must_use]
    pub fn record(&self) -> Vec<u8> {
        let shares = self.shares.iter().flat_map(|(group, share)| [word(*group), vec16(share)].concat());
        let groups = self.groups.iter().flat_map(|group| word(*group));
        let mut extensions = vec![
            (SUPPORTED_VERSIONS, vec![2, 3, 4]),
            (SUPPORTED_GROUPS, vec16(&groups.collect::<Vec<_>>())),
            // ECDSA on P-256 and Ed25519.
            (SIGNATURE_ALGORITHMS, vec16(&[4, 3, 8, 7])),
            (ALPN, vec16(b"\x02h2")),
            (KEY_SHARE, vec16(&shares.collect::<Vec<_>>())),
        ];
        extensions.extend(self.more.clone());
        let extensions: Vec<u8> =
            extensions.iter().flat_map(|(kind, bytes)| [word(*kind), vec16(bytes)].concat()).collect();
        let (random, session) = (random::<32>(), random::<32>());
        let body = [
            &[3, 3][..],
            &random,
            &[32],
            &session,
            // The three suites of TLS 1.3, and no compression.
            &vec16(&[0x13, 1, 0x13, 2, 0x13, 3]),
            &[1, 0],
            &vec16(&extensions),
        ];
        let body = body.concat();
        let length = u32::try_from(body.len()).expect("a small hello").to_be_bytes();
        record(HANDSHAKE, &[&[1], &length[1..], &body].concat())
    }
}

/// One TLS record of any kind.
#[must_use]
pub fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1][..], &vec16(bytes)].concat()
}

fn word(number: u16) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Bytes behind their length in two.
fn vec16(bytes: &[u8]) -> Vec<u8> {
    [&word(u16::try_from(bytes.len()).expect("at most 64 KiB"))[..], bytes].concat()
}

/// What a server says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Its own hello, with these extensions.
    Hello(Vec<u16>),
    /// It asks for a share of another group.
    Retry,
    /// A fatal alert, by its number (RFC 8446 section 6).
    Alert(u8),
    /// Nothing; it closed the connection.
    Nothing,
}

/// Sends `bytes` to a server and reads what it says first.
///
/// # Panics
/// When it neither answers nor closes, or answers with something that is no TLS.
pub async fn said_to(address: SocketAddr, bytes: &[u8]) -> Said {
    let mut socket = TcpStream::connect(address).await.expect("the server listens");
    // It may close before it has read everything.
    let _ = socket.write_all(bytes).await;
    in_time("an answer to a hello", first(&mut socket)).await
}

/// Reads the first record of a server.
///
/// # Panics
/// When it is no TLS.
pub async fn first(socket: &mut TcpStream) -> Said {
    let mut head = [0; 5];
    if socket.read_exact(&mut head).await.is_err() {
        return Said::Nothing;
    }
    let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    if socket.read_exact(&mut body).await.is_err() {
        return Said::Nothing;
    }
    match head[0] {
        ALERT => Said::Alert(body[1]),
        HANDSHAKE if body[6..].starts_with(&RETRY) => Said::Retry,
        HANDSHAKE => Said::Hello(extensions(&body)),
        kind => panic!("a record of kind {kind}"),
    }
}

/// The extensions of a server's hello.
fn extensions(hello: &[u8]) -> Vec<u16> {
    // Type and length, version, random bytes; then the client's session id, the suite, the compression, a length.
    let session = usize::from(hello[38]);
    let mut rest = &hello[39 + session + 3 + 2..];
    let mut found = Vec::new();
    while let [a, b, c, d, more @ ..] = rest {
        found.push(u16::from_be_bytes([*a, *b]));
        rest = &more[usize::from(u16::from_be_bytes([*c, *d]))..];
    }
    found
}
