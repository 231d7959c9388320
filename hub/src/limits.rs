//! Bounds that only the hub's network side obeys: connections, handshakes, HTTP/2 windows and timeouts.
//!
//! Sizes and counts that both ends of the protocol must agree on live in `samverkan_proto::limits`.

use std::time::Duration;

/// How long a handshake may take, from the accepted socket to the verified peer and its first bytes of HTTP/2,
/// unless the configuration says otherwise.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Handshakes in flight at once; one more is closed unanswered.
pub const HANDSHAKES_IN_FLIGHT: usize = 512;

/// Connections at once, unless the configuration says otherwise.
pub const MAX_CONNECTIONS: usize = 20_000;

/// Handshakes a second that one address may start, unless the configuration says otherwise.
pub const HANDSHAKES_PER_SECOND_PER_ADDRESS: u32 = 20;

/// How many seconds' worth of handshakes one address may start at once after being quiet.
pub const HANDSHAKE_BURST_SECONDS: u32 = 5;

/// Addresses remembered by the handshake limiter; the quietest half is forgotten when the table is full.
pub const LIMITED_ADDRESSES: usize = 65_536;

/// How long a connection without a client certificate may live. Joining needs seconds, and a stranger must not
/// hold a place for longer.
pub const ANONYMOUS_LIFETIME: Duration = Duration::from_secs(120);

/// How long a connection may take to finish its calls after it was told to go away, outside a shutdown.
pub const GO_AWAY_GRACE: Duration = Duration::from_secs(10);

/// Calls and streams open at once on one connection.
pub const STREAMS_PER_CONNECTION: u32 = 128;

/// Bytes one stream may send before the hub has read them.
pub const STREAM_WINDOW: u32 = 1 << 20;

/// Bytes one connection may send before the hub has read them.
pub const CONNECTION_WINDOW: u32 = 4 << 20;

/// Bytes the hub queues for one stream whose reader is slow.
pub const SEND_BUFFER: usize = 64 << 10;

/// Bytes of decoded headers in one request, as RFC 9113 section 6.5.2 counts them.
pub const HEADER_LIST: u32 = 16 << 10;

/// Streams that a peer may have opened and reset before the hub has seen them (rapid reset, CVE-2023-44487).
pub const PENDING_RESETS: usize = 20;

/// Quiet time after which the hub pings a connection.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// How long the answer to a ping may take; a dead peer, or one that stopped reading its socket, is dropped then.
pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a peer may leave a response unread (a closed HTTP/2 window) while it still answers pings, unless the
/// configuration says otherwise.
pub const STALLED_READER: Duration = Duration::from_secs(180);

/// How long the accept loop rests after the system refused it a socket (too many open files).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a running hub gives its calls to finish after it was told to stop, unless configured.
pub const DRAIN: Duration = Duration::from_secs(20);

/// How long aborted tasks may take to be dropped; none of ours waits for anything after an abort.
pub const ABORT_GRACE: Duration = Duration::from_secs(2);

/// Commands of the operator at once.
pub const OPERATORS: u32 = 16;

/// Actions that may wait for a second signature with the first of one operator: one alone can not take every place
/// (`samverkan_proto::limits::MAX_WAITING_ACTIONS`), and so keep the others from cutting it off.
pub const WAITING_PER_OPERATOR: usize = 8;

/// How long before it lapses an action is not offered to others any more: they begin one of their own then.
pub const COUNTERSIGN_MS: u64 = 3_600_000;

/// Invites and withdrawals that one operator may sign in a row: those of a whole county. Each stays in everybody's copy of the log.
pub const INVITES: f64 = 1_000.0;

/// How fast an operator that has used them up may go on: a hundred a day.
pub const INVITES_PER_SECOND: f64 = 100.0 / 86_400.0;

/// Failed attempts to join that one address may make in a row.
pub const JOIN_FAILURES: f64 = 10.0;

/// How fast an address that failed to join may try again.
pub const JOIN_FAILURES_PER_SECOND: f64 = 1.0 / 30.0;

/// Manifests that an organisation may publish in a row: more changes than an office makes in one sitting.
pub const MANIFESTS: f64 = 30.0;

/// How fast an organisation that has used them up may publish again: four a day. It leaves time to write to the
/// organisation, and every manifest stays in everybody's copy of the log for good.
pub const MANIFESTS_PER_SECOND: f64 = 4.0 / 86_400.0;

/// Manifests that do no more than take devices out, which one device may publish in a row beyond those: whoever publishes in a loop must
/// not keep the others from taking its device out.
pub const REMOVALS: f64 = 10.0;

/// How fast a device that has used them up may publish another: one a day.
pub const REMOVALS_PER_SECOND: f64 = 1.0 / 86_400.0;

/// Certificates that a device may renew in a row.
pub const RENEWALS: f64 = 4.0;

/// How fast a device that has used them up may renew again: once a week, where every two months is needed. Every
/// certificate stays in everybody's copy of the log for good.
pub const RENEWALS_PER_SECOND: f64 = 1.0 / 604_800.0;

/// Bytes of manifests that an organisation may have in the log from the first day on: a hundred or more of the largest
/// that a real one has, thousands of an ordinary one. Less in tests, so that they get there.
pub const MANIFEST_BYTES: u64 = if cfg!(test) { 1 << 20 } else { 8 << 20 };

/// By how much that grows with each day since the organisation joined: 8 MiB a year.
pub const MANIFEST_BYTES_PER_DAY: u64 = 23 << 10;

/// Calls in a row with which a device may return what the hub's log has lost: a quarter of a million leaves.
pub const RETURNS: f64 = 256.0;

/// How fast a device that has used them up may go on.
pub const RETURNS_PER_SECOND: f64 = 1.0;

/// How long a part that is returned waits its turn behind others.
pub const RETURN_TURN: Duration = Duration::from_secs(10);

/// What is kept free beyond that for manifests that only take devices out, and for those of the recovery kit.
pub const MANIFEST_RESERVE: u64 = 1 << 20;

/// How long the streams of a device that may no longer call have for their last word.
pub const LAST_WORD: Duration = Duration::from_millis(300);

/// How long an upload may be silent before others may go on with it.
pub const UPLOAD_SILENCE: Duration = Duration::from_secs(60);

/// Uploads that an organisation may have begun and not ended, running or interrupted.
pub const MAX_STAGED_PER_ORG: usize = 256;

/// Bytes of the disk that uploads leave free, above those that are reserved for taking messages out: an attachment
/// that has to wait hurts less than a message.
pub const UPLOAD_MARGIN: u64 = 64 << 20;
