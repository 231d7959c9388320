//! 42, 43 and 46 inside a sealed body, where a receiver is strict: there is one encoding, and every other is refused.

use crate::bad_065_sealed::{CANNOT_OPEN, Scene, TEXT};
use samverkan_proto::Fault;
use samverkan_tests::wire::seal::body;

/// A body's bytes, and where in them the text stands: its key and length are the two bytes before.
struct Honest {
    scene: Scene,
    bytes: Vec<u8>,
    text_at: usize,
}

impl Honest {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let bytes = body(&scene.log, TEXT).encode().expect("a body").to_vec();
        let text_at = bytes.windows(TEXT.len()).position(|at| at == TEXT.as_bytes()).expect("the text");
        assert_eq!(usize::from(bytes[text_at - 1]), TEXT.len(), "its length is one byte");
        Self { scene, bytes, text_at }
    }

    /// The text as a field, key and length included.
    fn text_field(&self) -> &[u8] {
        &self.bytes[self.text_at - 2..self.text_end()]
    }

    fn text_end(&self) -> usize {
        self.text_at + TEXT.len()
    }

    /// The body with more bytes at a place.
    fn with(&self, at: usize, more: &[u8]) -> Vec<u8> {
        [&self.bytes[..at], more, &self.bytes[at..]].concat()
    }

    async fn is_malformed(&self, case: &str, bytes: &[u8]) {
        let mut sealed = self.scene.seal();
        sealed.replace_body(&self.scene.ground.sender.device().signer, bytes);
        self.scene.is_refused(case, &sealed, Fault::BodyMalformed, CANNOT_OPEN).await;
    }
}

#[tokio::test]
async fn bad_042_duplicate_fields_inside_a_body() {
    let honest = Honest::new().await;
    for (case, bytes) in [
        ("the kind twice", honest.with(4, b"\x10\x01")),
        ("another kind before", honest.with(2, b"\x10\x02")),
        ("the text twice", honest.with(honest.text_end(), honest.text_field())),
        ("another text before", honest.with(honest.text_at - 2, &[honest.text_field()[0], 1, b'x'])),
    ] {
        honest.is_malformed(case, &bytes).await;
    }
}

#[tokio::test]
async fn bad_043_unknown_fields_inside_a_body() {
    let honest = Honest::new().await;
    let end = honest.bytes.len();
    for (case, more) in [
        ("a varint in field 15", &b"\x78\x01"[..]),
        ("bytes in field 15", b"\x7a\x01x"),
        ("field 0", b"\x00\x01"),
        ("field 2^29", b"\x80\x80\x80\x80\x10\x01"),
    ] {
        honest.is_malformed(case, &honest.with(end, more)).await;
    }
}

#[tokio::test]
async fn bad_046_invalid_utf8_inside_a_body() {
    let honest = Honest::new().await;
    for byte in [0x80, 0xc0, 0xed, 0xff] {
        let mut bytes = honest.bytes.clone();
        bytes[honest.text_at] = byte;
        honest.is_malformed("a text that is none", &bytes).await;
    }
}
