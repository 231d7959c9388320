//! The load generator: how much the hub carries, and how much of what the machine could.
//!
//! The speed of a shared machine changes from minute to minute, so every figure that matters is a ratio of two rounds of one run.
//!
//! * [`command`]: the command line, and what each command does; [`report`]: what it prints, for people and programs; [`plot`]: what it draws.
//! * [`round`]: what is measured in one round; [`meter`]: processor, memory and disk of the server and of everybody else, from the system.
//! * [`bare`]: the baselines. A bare echo over the same TLS and HTTP/2, a bare log, one sync at a time.
//! * [`hub`]: a real hub with senders and subscribers. [`sealing`]: the client's share, without a hub. [`log_sync`]: what the log costs a client.
//! * [`workload`]: what is measured of the hub alone.
//! * [`compare`]: everything that has a goal, in interleaved rounds.
//! * [`quiet`]: what others disturb is done again. [`machine`]: what the figures were measured on.
//! * [`folder`]: where files go, on a real disk; [`error`]: why a measurement is worth nothing.

pub mod bare;
pub mod command;
pub mod compare;
pub mod error;
pub mod folder;
pub mod hub;
pub mod log_sync;
pub mod machine;
pub mod meter;
pub mod plot;
pub mod quiet;
pub mod report;
pub mod round;
pub mod sealing;
pub mod workload;
