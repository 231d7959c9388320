//! References and mailboxes on the command line.

use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::safety::CaseReference;

use crate::error::{Code, Error, Result};

/// A reference such as `K7M-4QD-9`; its check symbol finds what was misread.
///
/// # Errors
/// [`Code::ReferenceInvalid`].
pub(super) fn parse_reference(text: &str) -> Result<CaseReference> {
    text.parse().map_err(|_| Error::new(Code::ReferenceInvalid))
}

/// A mailbox such as `boj-exempel/stod`.
///
/// # Errors
/// [`Code::MailboxInvalid`].
pub(super) fn parse_mailbox(text: &str) -> Result<MailboxAddress> {
    text.parse().map_err(|_| Error::new(Code::MailboxInvalid))
}
