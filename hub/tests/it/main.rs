//! The hub as its clients meet it: real TLS over loopback, generated stubs, a clock turned by hand.

#![allow(
    clippy::unwrap_used,
    reason = "a test that can not go on must fail; the helpers are no test functions"
)]

mod running;

mod commands;
mod extras;
mod joining;
mod mail;
mod observed;
mod operator;
mod renewing;
