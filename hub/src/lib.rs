//! The Samverkan hub: routes sealed referral messages between registered organisations, and can open none.
//!
//! [`run`](run::run) is the whole of it; the program and the tests call it alike.
//!
//! ```text
//! run ── keys, config              what it is started with
//!  ├─ server ── tls, ca            accepts connections, proves who is there, lets go on command
//!  │   └─ service ── gate          one screen a call: caller → parse → permit → store → reply
//!  │       ├─ caller               certificate → device → organisation: the only maker of an identity
//!  │       ├─ policy               pure: who may do what; permits
//!  │       ├─ registry             who is who: an immutable snapshot
//!  │       └─ store                durable before it is acknowledged; makes the snapshots
//!  │           ├─ mail             pure: the life of one message
//!  │           ├─ blob             attachments as files
//!  │           └─ disk             every step that changes a file
//!  ├─ warden                       sends away those who may no longer call
//!  ├─ duties                       what time asks of the store
//!  ├─ clock, metrics, telemetry    time is injected; nothing names anybody
//!  └─ cli                          the operator's commands, over the operator's socket
//! ```

pub mod run;

pub mod config;
pub mod keys;

pub mod server;

pub mod ca;
pub mod tls;

mod service;

pub mod caller;
pub mod policy;
pub mod registry;

pub mod blob;
pub mod disk;
pub mod mail;
pub mod store;

mod duties;
mod error;
mod hub;
mod warden;

pub mod clock;
#[doc(hidden)]
pub mod laws;
pub mod limits;
pub mod metrics;
mod rate;
mod renewal;

pub mod cli;
pub mod telemetry;
