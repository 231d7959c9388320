//! What the hub is compared with: the same TLS, HTTP/2 and stubs with nothing behind them, or with a bare log.
//!
//! * [`server`]: a child process that echoes, or appends what it gets to a log.
//! * [`client`]: calls and streams to it, in a closed loop.
//! * [`log`]: a log that groups what it syncs; [`disk`] measures it, and one sync at a time, without a network.

pub mod client;
pub mod disk;
pub mod log;
pub mod server;
