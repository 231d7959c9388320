//! The Samverkan hub: routes sealed referral messages between registered organisations, and can open none.

pub mod limits;

pub mod config;
pub mod keys;

pub mod ca;
pub mod tls;

pub mod server;

pub mod caller;

pub mod clock;
pub mod metrics;

pub mod blob;
pub mod mail;
pub mod store;

pub mod registry;
