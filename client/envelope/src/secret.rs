//! The key of one message, and everything that follows from it (PROTOCOL.md section 7).

use crate::context::{self, HeaderHash};
use crate::suite::{AeadKey, hkdf};
use samverkan_proto::code::DeviceReceiptType;
use samverkan_proto::ids::{DeviceId, MessageId};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The key of one message. The sender keeps it, sealed, to recognise receipts and answers; a receiver keeps it to answer. Wiped
/// when dropped.
#[derive(Clone)]
pub struct MessageSecret {
    message_id: MessageId,
    cek: Zeroizing<[u8; 32]>,
}

impl MessageSecret {
    /// From a key that was stored.
    #[must_use]
    pub const fn new(message_id: MessageId, cek: Zeroizing<[u8; 32]>) -> Self {
        Self { message_id, cek }
    }

    /// The message it is the key of.
    #[must_use]
    pub const fn message_id(&self) -> &MessageId {
        &self.message_id
    }

    /// The key, to be stored sealed.
    #[must_use]
    pub fn expose_cek(&self) -> &[u8; 32] {
        &self.cek
    }

    /// The proof that `device` opened the message, for a receipt of this type.
    #[must_use]
    pub fn open_tag(&self, device: &DeviceId, receipt_type: DeviceReceiptType) -> [u8; 16] {
        *self.derive(&context::receipt(device, receipt_type.code()))
    }

    /// Whether a receipt carries the proof that `device` opened the message, compared in constant time. One that does not is
    /// forged.
    #[must_use]
    pub fn is_open_tag(&self, tag: &[u8; 16], device: &DeviceId, receipt_type: DeviceReceiptType) -> bool {
        self.open_tag(device, receipt_type).ct_eq(tag).into()
    }

    /// Names the answer with this header hash to those who hold the key of this message, and to nobody else.
    #[must_use]
    pub fn answer_ref(&self, answer_hh: &[u8; 32]) -> [u8; 32] {
        *self.derive(&context::answer(answer_hh))
    }

    /// What the header commits to.
    pub(crate) fn commitment(&self) -> [u8; 32] {
        *self.derive(context::COMMIT)
    }

    /// The key of the content; it encrypts one plaintext.
    pub(crate) fn content_key(&self, hh: &HeaderHash) -> AeadKey {
        AeadKey::new(&self.derive(&context::content(hh)))
    }

    fn derive<const N: usize>(&self, info: &[u8]) -> Zeroizing<[u8; N]> {
        hkdf(self.message_id.as_bytes(), &self.cek, info)
    }
}
