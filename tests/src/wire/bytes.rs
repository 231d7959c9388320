//! Writing fixed layouts by hand, without any rule.

/// Appends big-endian fields.
pub trait Put {
    /// Bytes as they are.
    fn put(&mut self, bytes: &[u8]);

    /// One byte.
    fn u8(&mut self, n: u8) {
        self.put(&[n]);
    }

    /// Two bytes.
    fn u16(&mut self, n: u16) {
        self.put(&n.to_be_bytes());
    }

    /// Four bytes.
    fn u32(&mut self, n: u32) {
        self.put(&n.to_be_bytes());
    }

    /// Eight bytes.
    fn u64(&mut self, n: u64) {
        self.put(&n.to_be_bytes());
    }

    /// A length byte and the text; only the length's low byte when the text is too long.
    fn text8(&mut self, text: &str) {
        self.u8(text.len().to_le_bytes()[0]);
        self.put(text.as_bytes());
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// `N` random bytes.
///
/// # Panics
/// When the system has no randomness.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("randomness");
    bytes
}

/// The length of a list as a count field of the layout.
///
/// # Panics
/// When the list is longer than the field can say; such a list needs a count of its own.
pub(super) fn count<N: TryFrom<usize>>(len: usize) -> N {
    N::try_from(len).unwrap_or_else(|_| panic!("{len} entries need an explicit count"))
}
