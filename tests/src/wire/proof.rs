//! Reading receipts as they travel, without believing them.

/// What a proof's record says, of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether the hub says it; otherwise a device.
    pub by_hub: bool,
    /// The receipt's type.
    pub kind: u8,
    /// Its reason.
    pub reason: u8,
    /// The message it is about.
    pub message_id: [u8; 16],
}

impl Said {
    /// The first fields of a record.
    ///
    /// # Panics
    /// For bytes that are no receipt.
    #[must_use]
    #[track_caller]
    pub fn of(proof: &[u8]) -> Self {
        let by_hub = match proof.first_chunk() {
            Some(b"SVKS") => true,
            Some(b"SVKR") => false,
            other => panic!("no receipt: {other:?}"),
        };
        let message_id = proof[8..24].try_into().expect("a receipt names its message");
        Self { by_hub, kind: proof[6], reason: proof[7], message_id }
    }
}
