//! Peers that speak HTTP/2 by hand, to abuse it (RFC 9113 section 10.5).

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};

use super::*;

const DRAIN: Duration = Duration::from_secs(5);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One frame (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header block of a request, without Huffman coding or the dynamic table (RFC 7541).
fn request(path: &str) -> Vec<u8> {
    let literal =
        |index: u8, text: &str| [&[index, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    // `:method: POST` and `:scheme: https` stand in the static table, `:path` and `:authority` are named from it.
    [vec![0x83, 0x87], literal(0x04, path), literal(0x01, "localhost")].concat()
}

struct Raw {
    write: WriteHalf<ClientStream>,
    read: ReadHalf<ClientStream>,
}

impl Raw {
    async fn connect(server: &Running) -> Self {
        let device = server.device();
        let stream = shake_hands(server.address, client_config(&server.keys, Some(&device))).await.unwrap();
        let (read, mut write) = split(stream);
        write.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        write.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        Self { write, read }
    }

    /// Sends `frames` until the other end closes or they end; says whether it closed with a GOAWAY that names an error.
    async fn sent_away_by(mut self, frames: impl Iterator<Item = Vec<u8>>) -> bool {
        let reader = tokio::spawn(async move {
            let mut seen = Vec::new();
            // A reset instead of a close is as good.
            let _ = tokio::time::timeout(SOON, self.read.read_to_end(&mut seen))
                .await
                .expect("the server closes");
            seen
        });
        for frame in frames {
            if self.write.write_all(&frame).await.is_err() {
                break;
            }
        }
        let _ = self.write.flush().await;
        let seen = reader.await.unwrap();
        errors(&seen).is_some_and(|code| code != 0) || seen.is_empty()
    }
}

/// The error code of the GOAWAY in what a server sent.
fn errors(mut seen: &[u8]) -> Option<u32> {
    while let Some((head, rest)) = seen.split_first_chunk::<9>() {
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let payload = rest.get(..len)?;
        if head[3] == GOAWAY {
            return payload.get(4..8)?.try_into().ok().map(u32::from_be_bytes);
        }
        seen = &rest[len..];
    }
    None
}

async fn sent_away(frames: impl Iterator<Item = Vec<u8>>) {
    let server = start(Bounds::default(), DRAIN).await;
    let raw = Raw::connect(&server).await;
    assert!(raw.sent_away_by(frames).await);
    assert_ne!(
        server.connect(Some(&server.device())).await.unwrap().who().await,
        "nobody",
        "the server lives"
    );
}

#[tokio::test]
async fn opening_and_resetting_streams_at_once_ends_the_connection() {
    let open_and_reset = (0..100_000_u32).map(|n| {
        let stream = 2 * n + 1;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &request("/test.Probe/Hang"));
        [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    });
    sent_away(open_and_reset).await;
}

#[tokio::test]
async fn headers_without_an_end_end_the_connection() {
    let first = frame(HEADERS, 0, 1, &request("/test.Probe/Who"));
    let more = std::iter::repeat_with(|| frame(CONTINUATION, 0, 1, &[0x40, 1, b'a', 1, b'b'].repeat(1_000)));
    sent_away(std::iter::once(first).chain(more.take(10_000))).await;
}

#[tokio::test]
async fn more_streams_than_allowed_are_not_served() {
    let many = (0..10_000_u32).map(|n| frame(HEADERS, END_HEADERS, 2 * n + 1, &request("/test.Probe/Hang")));
    let then_nonsense = std::iter::once(frame(DATA, 0, 0, b"on stream zero"));
    sent_away(many.chain(then_nonsense)).await;
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let faults = [
        frame(PING, 0, 0, &[0; 7]),
        frame(PING, 0, 3, &[0; 8]),
        frame(SETTINGS, 0, 0, &[0; 5]),
        frame(DATA, 0, 1, b"on an idle stream"),
        frame(HEADERS, END_HEADERS, 2, &request("/an/even/stream")),
        frame(CONTINUATION, END_HEADERS, 1, &[]),
        frame(HEADERS, END_HEADERS, 1, &[0xff; 40]),
        frame(DATA, 0, 1, &vec![0; 1 << 20]),
    ];
    for fault in faults {
        sent_away(std::iter::once(fault)).await;
    }
}

#[tokio::test]
async fn floods_of_pings_and_settings_cost_no_memory_and_no_life() {
    let server = start(Bounds::default(), DRAIN).await;
    for flood in [frame(PING, 0, 0, &[1; 8]), frame(SETTINGS, 0, 0, &[])] {
        let mut raw = Raw::connect(&server).await;
        let many = flood.repeat(10_000);
        // The answers are never read, so the peer's own socket must fill up and hold it back, or be closed.
        let flooded = tokio::time::timeout(Duration::from_millis(500), async {
            while raw.write.write_all(&many).await.is_ok() {}
        });
        let _ = flooded.await;
        assert_ne!(server.connect(Some(&server.device())).await.unwrap().who().await, "nobody");
    }
}
