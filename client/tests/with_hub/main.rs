//! The client library against a real hub in the same process, with one clock for both.

mod attachments;
mod forward_secrecy;
mod hub;
mod joining;
mod member;
mod messages;
mod renewing;
