//! HTTP/2 frame by frame (RFC 9113), for what no library would send.

use super::connect::{Presented, authority, handshake, tls};
use crate::site::Site;
use crate::until::in_time;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What every client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Frame types (section 6).
pub const DATA: u8 = 0;
/// Opens a stream, or ends it with trailers.
pub const HEADERS: u8 = 1;
/// Breaks a stream off.
pub const RST_STREAM: u8 = 3;
/// Settings of a connection.
pub const SETTINGS: u8 = 4;
/// Asks for a sign of life.
pub const PING: u8 = 6;
/// Says that the connection ends.
pub const GOAWAY: u8 = 7;
/// Opens a window further.
pub const WINDOW_UPDATE: u8 = 8;
/// More of a header block.
pub const CONTINUATION: u8 = 9;

/// The sender says no more on this stream.
pub const END_STREAM: u8 = 1;
/// The settings of the other side are taken.
pub const ACK: u8 = 1;
/// The header block is complete.
pub const END_HEADERS: u8 = 4;

/// The setting of how much one stream may send unasked.
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// Error codes (section 7).
pub const NO_ERROR: u32 = 0;
/// A rule of the protocol was broken.
pub const PROTOCOL_ERROR: u32 = 1;
/// More was sent than the window allowed.
pub const FLOW_CONTROL_ERROR: u32 = 3;
/// A frame on a stream that is closed.
pub const STREAM_CLOSED: u32 = 5;
/// A frame of a length that it can not have.
pub const FRAME_SIZE_ERROR: u32 = 6;
/// A stream that was not begun, and may be tried again.
pub const REFUSED_STREAM: u32 = 7;
/// The stream is not needed any more.
pub const CANCEL: u32 = 8;
/// The peer does too much of something.
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// The bytes of one frame.
///
/// # Panics
/// When the payload is longer than a frame can say.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a payload of a frame").to_be_bytes();
    assert_eq!(length[0], 0, "a frame says its length in three bytes");
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The frame that breaks a stream off.
#[must_use]
pub fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

/// The settings frame with these settings.
#[must_use]
pub fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let pairs = settings.iter().flat_map(|(key, value)| {
        let (key, value) = (key.to_be_bytes(), value.to_be_bytes());
        key.into_iter().chain(value)
    });
    frame(SETTINGS, 0, 0, &pairs.collect::<Vec<_>>())
}

/// A field of a header block: a literal under its own name, neither compressed nor remembered (RFC 7541 section 6.2.2).
#[must_use]
pub fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// The header block of a gRPC call to a method such as `RelayService/Submit`.
#[must_use]
pub fn call(method: &str) -> Vec<u8> {
    let fields = [
        field(":method", "POST"),
        field(":scheme", "https"),
        field(":path", &format!("/samverkan.v1.{method}")),
        field(":authority", "localhost"),
        field("content-type", "application/grpc"),
        field("te", "trailers"),
    ];
    fields.concat()
}

/// The frame that begins a gRPC call.
#[must_use]
pub fn begin(stream: u32, method: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &call(method))
}

/// A text behind its length (RFC 7541 section 5).
fn text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    match u8::try_from(text.len()) {
        Ok(short @ 0..127) => bytes.push(short),
        _ => {
            bytes.push(127);
            let mut left = text.len() - 127;
            while left >= 128 {
                bytes.push((left % 128) as u8 | 128);
                left /= 128;
            }
            bytes.push(left as u8);
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream; 0 is the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a GOAWAY or RST_STREAM; `None` for any other frame.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        let at = match self.kind {
            GOAWAY => 4..8,
            RST_STREAM => 0..4,
            _ => return None,
        };
        Some(u32::from_be_bytes(self.payload.get(at)?.try_into().ok()?))
    }

    /// Whether this ends a stream.
    #[must_use]
    pub fn ends(&self, stream: u32) -> bool {
        let ended = matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0;
        self.stream == stream && (ended || self.kind == RST_STREAM)
    }
}

/// A connection to a hub. Nothing is answered by itself, neither pings nor windows.
#[derive(Debug)]
pub struct Wire {
    write: WriteHalf<TlsStream<TcpStream>>,
    read: ReadHalf<TlsStream<TcpStream>>,
}

impl Wire {
    /// Connects with this certificate, and says these settings.
    ///
    /// # Panics
    /// When the hub does not answer with settings of its own.
    pub async fn open(hub: &Site, presented: Presented, own: &[(u16, u32)]) -> Self {
        let tls = tls(authority(&hub.data_dir()), Some(presented));
        let stream = handshake(hub.address(), tls).await.expect("the handshake succeeds");
        let (read, write) = split(stream);
        let mut wire = Self { write, read };
        wire.send(&[PREFACE, &settings(own)].concat()).await;
        wire.until("the hub's settings", |frame| frame.kind == SETTINGS && frame.flags & ACK == 0).await;
        wire.send(&frame(SETTINGS, ACK, 0, &[])).await;
        wire
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// When the hub has closed the connection.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("the connection is open");
    }

    /// The same when the hub may have closed it.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write.write_all(bytes).await?;
        self.write.flush().await
    }

    /// The next frame; `None` when the hub has closed the connection, or broken it off.
    ///
    /// # Panics
    /// When nothing comes.
    pub async fn next(&mut self) -> Option<Frame> {
        in_time("a frame", next(&mut self.read)).await
    }

    /// The next frame of a kind, past any other.
    ///
    /// # Panics
    /// When the hub closes the connection before, or nothing comes.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            match self.next().await {
                Some(frame) if wanted(&frame) => return frame,
                Some(_) => {}
                None => panic!("closed before {what}"),
            }
        }
    }

    /// The last frame of a stream.
    ///
    /// # Panics
    /// When the hub closes the connection before, or nothing comes.
    pub async fn end_of(&mut self, stream: u32) -> Frame {
        self.until("the end of a stream", |frame| frame.ends(stream)).await
    }

    /// Sends pieces, while reading, until the hub closes the connection; the error code of its GOAWAY, if it said one.
    ///
    /// # Panics
    /// When it neither closes nor takes any more.
    pub async fn sent_away_by(self, pieces: impl Iterator<Item = Vec<u8>>) -> Option<u32> {
        let Self { mut write, mut read } = self;
        let sent = async {
            for piece in pieces {
                if write.write_all(&piece).await.is_err() {
                    break;
                }
            }
            // It is closed, or about to be.
            let _ = write.flush().await;
        };
        let heard = async {
            let mut code = None;
            while let Some(frame) = next(&mut read).await {
                if frame.kind == GOAWAY {
                    code = frame.code();
                }
            }
            code
        };
        let ((), code) = in_time("the hub closes the connection", async { tokio::join!(sent, heard) }).await;
        code
    }

    /// Sends as much of `bytes`, again and again, as the hub takes without being read; returns when the connection is full
    /// or closed, or this much has been sent.
    pub async fn stuff(&mut self, bytes: &[u8], most: usize) {
        let stuffed = async {
            let mut sent = 0;
            while sent < most && self.write.write_all(bytes).await.is_ok() {
                sent += bytes.len();
            }
        };
        // A connection on which nothing moves for so long is full.
        let _ = tokio::time::timeout(FULL, stuffed).await;
    }
}

/// How long a connection is stuffed.
const FULL: std::time::Duration = std::time::Duration::from_secs(1);

async fn next(read: &mut ReadHalf<TlsStream<TcpStream>>) -> Option<Frame> {
    let mut head = [0; 9];
    read.read_exact(&mut head).await.ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    read.read_exact(&mut payload).await.ok()?;
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Some(Frame { kind: head[3], flags: head[4], stream, payload })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_nine_bytes_and_its_payload() {
        assert_eq!(frame(PING, ACK, 0, &[7; 8]), [&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], &[7; 8]].concat());
        assert_eq!(reset(3, CANCEL), [0, 0, 4, 3, 0, 0, 0, 0, 3, 0, 0, 0, 8]);
    }

    #[test]
    fn texts_say_their_length_in_seven_bits_and_more() {
        assert_eq!(text("ab"), b"\x02ab");
        // 1337 with a prefix of seven bits: 127, then 1210 in groups of seven bits, the lowest first.
        assert_eq!(text(&"x".repeat(1337))[..3], [127, 0xba, 0x09]);
        assert_eq!(text(&"x".repeat(127))[..2], [127, 0]);
    }
}
