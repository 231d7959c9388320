//! What this device keeps: every message sent and received, its receipts and attachments, each sealed under a key of its own.
//!
//! The session's pipelines write here and the projections read here; nothing in this module talks to the hub.
//! A message is kept before anything is acknowledged or sent. Deleting its key in the keystore is deleting it.
//!
//! | part | owns |
//! |---|---|
//! | outbox | sealed messages that the hub has not accepted yet: the exact bytes to send, their secrets, their attachments |
//! | messages | sent and received messages: header, body, submission receipt, later receipts, secrets for checking tags |
//! | attachments | the sealed blobs of kept messages; opened on the way to where a person saves them |
//! | replay | the `send_id`s that were shown, for 37 days |
//! | threads | `ThreadLine`, `Thread`, `Track` of [`crate::session::model`], from what is kept |
//! | evidence | the exported bundle of receipts and its offline verification |
