//! What must hold, for any bytes, of the parsers of the client's own files. The fuzz targets call these; nothing else does.
//!
//! The parsers stay private: a law is next to its parser, and a function of bytes that panics when the law does not hold.

pub use crate::directory::laws::log_copy;
pub use crate::forms::laws::answers;
pub use crate::keystore::laws::keystore;
pub use crate::pictures::laws::picture;
pub use crate::referral::laws::step;
pub use crate::sealed_file::laws::sealed_file;
pub use crate::session::laws::{kept_message, outgoing_message};
