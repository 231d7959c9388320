//! What must hold, for any bytes, of the hub's private parsers. The fuzz targets call these; nothing else does.
//!
//! The parsers stay private: a law is next to its parser, and a function of bytes that panics when the law does not hold.

pub use crate::service::laws::{invitation, submission};
pub use crate::store::laws::{clean_mark, journal_frames, journal_segment, record_head};
