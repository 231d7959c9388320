//! What is wrong with bytes or a field, by name.

use std::fmt;

macro_rules! faults {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// Why bytes were refused. The names are those of PROTOCOL.md section 17.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault { $($(#[doc = $doc])* $variant,)* }

        impl Fault {
            /// Every fault, in the order of PROTOCOL.md section 17.
            pub const ALL: &[Fault] = &[$(Fault::$variant,)*];

            /// The name used in PROTOCOL.md and in the vectors.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name,)* }
            }
        }
    };
}

faults! {
    /// The bytes end inside a field.
    Truncated = "truncated",
    /// Bytes follow the last field.
    TrailingBytes = "trailing_bytes",
    /// The first four bytes are not this statement's.
    WrongMagic = "wrong_magic",
    /// A layout version other than 1.
    UnknownVersion = "unknown_version",
    /// A suite other than 1.
    UnknownSuite = "unknown_suite",
    /// A code point that stands in no table.
    UnknownCode = "unknown_code",
    /// A field that must be zero is not.
    ReservedNotZero = "reserved_not_zero",
    /// A list, batch or index outside its bounds.
    CountOutOfRange = "count_out_of_range",
    /// A list that is unsorted or holds something twice.
    NotAscending = "not_ascending",
    /// A name or text that breaks its rule.
    BadText = "bad_text",
    /// Not ten digits with a valid check digit.
    BadOrganisationNumber = "bad_organisation_number",
    /// An identifier that is zero, of the wrong kind, or not the hash of its key.
    BadIdentifier = "bad_identifier",
    /// A time or period outside its rule.
    BadTime = "bad_time",
    /// A length that the format can not produce.
    BadLength = "bad_length",
    /// Recipients out of order, twice, or the sender itself.
    BadRecipients = "bad_recipients",
    /// Mailbox bits that do not fit the recipients.
    BadBoxes = "bad_boxes",
    /// Class, legal basis and consent handles do not fit together.
    BadBasis = "bad_basis",
    /// The key commitment is zero.
    ZeroCommitment = "zero_commitment",
    /// An X25519 half that is of low order or not canonical.
    LowOrderKey = "low_order_key",
    /// A public key that is not canonical, of small order, or out of range.
    BadKey = "bad_key",
    /// A signature that does not verify.
    BadSignature = "bad_signature",
    /// A device that the manifest does not hold, or holds though revoked.
    UnknownDevice = "unknown_device",
    /// Serial or previous hash do not continue the chain.
    WrongChain = "wrong_chain",
    /// Something changed that never may.
    ImmutableChanged = "immutable_changed",
    /// A revocation vanished or changed, or a device left without one.
    RevocationChanged = "revocation_changed",
    /// The signers are not those required.
    WrongSigners = "wrong_signers",
    /// Not a checkpoint in the required form.
    BadCheckpoint = "bad_checkpoint",
    /// No wrap names this device.
    NotARecipient = "not_a_recipient",
    /// The epoch key is not held, or no longer.
    KeyDestroyed = "key_destroyed",
    /// HPKE does not open the wrap.
    WrapFailed = "wrap_failed",
    /// The key does not match its commitment.
    CommitMismatch = "commit_mismatch",
    /// The content does not open.
    ContentFailed = "content_failed",
    /// Padding of the wrong length, or not zero.
    BadPadding = "bad_padding",
    /// The hub's submission receipt is not for this message or this log.
    ReceiptMismatch = "receipt_mismatch",
    /// The sender's device was not valid when the hub accepted the message.
    SenderRevoked = "sender_revoked",
    /// Created too long before or after the hub accepted it.
    ClockOutOfRange = "clock_out_of_range",
    /// The body is not in its canonical form or breaks a field's rule.
    BodyMalformed = "body_malformed",
    /// The body's schema is newer than this program.
    SchemaTooNew = "schema_too_new",
    /// The sender had seen more of the log than the hub showed at acceptance.
    CheckpointAhead = "checkpoint_ahead",
    /// The sender's checkpoint contradicts this client's log.
    CheckpointForked = "checkpoint_forked",
    /// The body does not fit the header.
    BodyMismatch = "body_mismatch",
    /// The consent openings do not cover this message.
    ConsentMismatch = "consent_mismatch",
    /// Shown before.
    Replayed = "replayed",
    /// Past `expires_ms`.
    Expired = "expired",
    /// A follow-up of a thread in which nothing was exchanged with its sender.
    UnknownThread = "unknown_thread",
    /// A segment does not open where it stands.
    SegmentFailed = "segment_failed",
    /// The announced length of an attachment is impossible.
    BadTrueLength = "bad_true_length",
    /// The attachment's bytes are not those its id names.
    BlobIdMismatch = "blob_id_mismatch",
    /// Bytes are not those that a stated hash names: an attachment's content, a log record, an invite's check.
    HashMismatch = "hash_mismatch",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A field that was refused: which one, and why. Never carries the refused value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct InvalidField {
    /// The field's name in PROTOCOL.md or in the `.proto` files, such as `header.content_len`.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: Fault,
}

impl InvalidField {
    /// Names `field` as refused because of `fault`.
    #[must_use]
    pub const fn new(field: &'static str, fault: Fault) -> Self {
        Self { field, fault }
    }
}

impl Fault {
    /// This fault, found in `field`.
    #[must_use]
    pub const fn in_field(self, field: &'static str) -> InvalidField {
        InvalidField::new(field, self)
    }
}
