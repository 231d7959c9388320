//! Every size, count and time bound that both ends obey. Sizes are bytes, times milliseconds unless the name says otherwise.

/// Largest gRPC message either side sends or takes.
pub const MAX_GRPC_MESSAGE: usize = 4 << 20;
/// Recipients of one message.
pub const MAX_TO: u8 = 16;
/// Steps that a step of a referral names as seen.
pub const MAX_STEPS_SEEN: usize = 16;
/// Steps of one side that count in a referral.
pub const MAX_STEPS_A_SIDE: usize = 512;
/// How often a referral is passed on before its first sender has to be asked.
pub const MAX_FORWARDS: usize = 3;
/// Wraps of one message; a client splits a message that needs more.
pub const MAX_WRAPS: u16 = 64;
/// Attachments of one message.
pub const MAX_BLOBS: u8 = 16;
/// Consent handles of one message.
pub const MAX_HANDLES: u8 = 8;
/// Largest header, `137 + 41·16 + 66·64 + 40·16 + 16·8`.
pub const MAX_HEADER: usize = 5_785;
/// Bytes of one wrap: `enc[1120] | ct[48]`.
pub const WRAP_LEN: usize = 1_168;
/// Bytes of an X-Wing public key.
pub const XWING_PUBLIC_LEN: usize = 1_216;
/// Bytes of an X-Wing encapsulation.
pub const XWING_ENC_LEN: usize = 1_120;
/// Largest sealed body.
pub const MAX_BODY: usize = 1 << 20;
/// Smallest size that sealed plaintext is padded to.
pub const MIN_PADDED: u64 = 4_096;
/// What precedes the body in the sealed plaintext: length and signature.
pub const BODY_PREFIX: usize = 4 + 64;
/// Largest sealed content, `padded(68 + MAX_BODY) + 16`.
pub const MAX_CONTENT: usize = 1_081_344 + 16;
/// An AEAD tag.
pub const TAG_LEN: usize = 16;
/// Plaintext of one attachment segment.
pub const SEGMENT: usize = 65_536;
/// What precedes the first segment of a blob.
pub const BLOB_HEADER: usize = 54;
/// Segments of one attachment.
pub const MAX_SEGMENTS: u64 = 32_768;
/// Largest attachment, `2^31 − 8`.
pub const MAX_TRUE_LEN: u64 = (1 << 31) - 8;
/// Largest blob.
pub const MAX_BLOB: u64 = BLOB_HEADER as u64 + MAX_SEGMENTS * (SEGMENT + TAG_LEN) as u64;
/// One data frame of an upload or download.
pub const MAX_BLOB_FRAME: usize = 1 << 20;
/// Longest answer time a sender may ask for: 366 days.
pub const MAX_ANSWER_MINUTES: u32 = 527_040;

/// Municipalities, and services, of one organisation.
pub const MAX_PLACES: u8 = 32;

/// Devices in a manifest.
pub const MAX_DEVICES: u16 = 256;
/// Mailboxes in a manifest.
pub const MAX_MAILBOXES: u16 = 64;
/// Devices that read one mailbox.
pub const MAX_READERS: u16 = 16;
/// Revocations in a manifest.
pub const MAX_REVOCATIONS: u16 = 1_024;
/// Devices and revocations together to which admins may let a manifest grow: so every device can still be revoked, and the root can begin
/// anew two dozen times, whatever a thief has added.
pub const MAX_DEVICES_EVER: usize = 1_000;
/// Signatures on a manifest.
pub const MAX_SIGNERS: u8 = 16;
/// Largest manifest.
pub const MAX_MANIFEST: u32 = 131_072;
/// Epoch keys in one publication.
pub const MAX_EPOCH_KEYS: u8 = 16;
/// Weeks that epoch keys may be published ahead.
pub const EPOCHS_AHEAD: u32 = 8;

/// Receipts in one batch of a device.
pub const MAX_DEVICE_BATCH: u16 = 64;
/// Receipts in one batch of the hub.
pub const MAX_HUB_BATCH: u16 = 256;
/// Consent stubs in one registration.
pub const MAX_STUBS: usize = 32;
/// Largest leaf record a client accepts in a synchronisation.
pub const MAX_LOG_RECORD: usize = MAX_MANIFEST as usize + 4 + 1 + MAX_SIGNERS as usize * 65;

/// One second.
pub const SECOND_MS: u64 = 1_000;
/// One day.
pub const DAY_MS: u64 = 86_400_000;
/// One week: the time an epoch key encrypts.
pub const WEEK_MS: u64 = 7 * DAY_MS;
/// Longest life of a message, and how long an epoch key outlives its week.
pub const MAX_LIFETIME_MS: u64 = 30 * DAY_MS;
/// How long before acceptance a message may have been sealed.
pub const MAX_AGE_MS: u64 = 7 * DAY_MS;
/// How far a client's clock may run ahead of the hub's.
pub const MAX_AHEAD_MS: u64 = 10 * 60 * SECOND_MS;
/// How old the hub lets the newest cosignature of its log become before it makes another.
pub const COSIGNATURE_MS: u64 = 60 * 60 * SECOND_MS;
/// Leaves that a client returns to a restored hub at once.
pub const MAX_RETURNED_LEAVES: usize = 1024;
/// Bytes of leaves and records after which a client returns no more at once.
pub const MAX_RETURNED_BYTES: usize = 1 << 20;
/// Hashes of a proof about the log: no tree that is spoken of has more than 2^62 leaves.
pub const MAX_PROOF_HASHES: usize = 63;
/// How old a client's newest cosignature may be for it to send anything.
pub const MAX_VIEW_AGE_MS: u64 = DAY_MS;
/// How long a client remembers when the hub called a log its newest: as long as a message may be under way, and a week.
pub const VIEWS_KEPT_MS: u64 = 37 * DAY_MS;
/// Sizes of the log of which it remembers that: about one an hour.
pub const MAX_VIEWS: usize = 1024;
/// Longest time a device may stand in a manifest without renewal.
pub const MAX_DEVICE_MS: u64 = 400 * DAY_MS;
/// How long the good copy waits for further readers after the first delivered.
pub const AFTER_DELIVERY_MS: u64 = 7 * DAY_MS;
/// How long an invite's code works.
pub const INVITE_MS: u64 = 72 * 60 * 60 * SECOND_MS;
/// Invites of members that one organisation may have open, those included whose request waits for an admin.
pub const MAX_MEMBER_INVITES: usize = 64;
/// How long the first signature on an operators' action waits for the second.
pub const SECOND_SIGNATURE_MS: u64 = DAY_MS;
/// Operators that a hub may have at once.
pub const MAX_OPERATORS: usize = 32;
/// Actions that may wait for a second signature at once.
pub const MAX_WAITING_ACTIONS: usize = 64;
/// Clauses of one agreement.
pub const MAX_CLAUSES: u8 = 16;
/// Signatures on one agreement: as many as two manifests may have.
pub const MAX_AGREEMENT_SIGNATURES: u8 = 2 * MAX_SIGNERS;
/// Agreements by which one organisation sends to another. Each goes on in versions, so an end makes no room and takes none.
pub const MAX_AGREEMENTS: usize = 64;
/// How long after it was written a version of an agreement is taken: an offer that nobody answered lapses.
pub const AGREEMENT_OFFER_MS: u64 = 30 * DAY_MS;
/// Life of a client or server certificate.
pub const CERTIFICATE_MS: u64 = 90 * DAY_MS;
/// How long a greeting's nonce is good for a renewal.
pub const RENEWAL_MS: u64 = 10 * 60 * SECOND_MS;
/// How long after its end the hub remembers a consent handle, used or not, so that a message that comes too late is told that, and not
/// that there never was such a handle.
pub const CONSENT_KEPT_MS: u64 = 30 * DAY_MS;
/// When an upload that no message names is collected.
pub const UNREFERENCED_BLOB_MS: u64 = DAY_MS;

/// Unanswered messages on one submit stream.
pub const MAX_IN_FLIGHT: usize = 256;
/// Largest credit of a receive stream.
pub const MAX_CREDIT: u32 = 1_024;
/// Messages that may wait for one mailbox.
pub const MAX_WAITING_PER_MAILBOX: u64 = 100_000;
/// Bytes that the messages of one organisation may take on the hub, as long as anything of them is kept: a message counts with its length until it
/// is purged, and with [`MESSAGE_TRACES`] until its receipts are forgotten.
pub const MAX_MESSAGE_BYTES_PER_ORG: u64 = 8 << 30;
/// What a message counts for, besides its length, until its receipts are forgotten: about what they take.
pub const MESSAGE_TRACES: u64 = 4_096;
/// Bytes of attachments one organisation may have on the hub, those included that it is uploading.
pub const MAX_BLOB_BYTES_PER_ORG: u64 = 16 << 30;
/// Unused consent handles one organisation may have registered, those included that have expired and are still remembered.
pub const MAX_UNUSED_HANDLES_PER_ORG: u64 = 100_000;
