//! Why something failed, as part of a sentence of the Fluent files: `{ $cause }`.
//!
//! A module's reason has a `Display` for logs and for programmers; people get the same in their own language from here.

use std::io::ErrorKind;

use samverkan_proto::InvalidField;
use samverkan_proto::statement::log::audit::AuditError;
use samverkan_proto::statement::log::{ActionFault, AgreementFault, LogFault};

use crate::connect::ConnectError;
use crate::directory::DirectoryError;
use crate::files::FileReason;
use crate::msg;
use crate::passphrase::PassphraseError;
use crate::recovery::KitError;
use crate::text::{Args, MessageId, Text};

/// A reason that has words in the Fluent files.
pub(crate) trait Cause {
    /// The message, and what it is filled in with.
    fn phrase(&self) -> (MessageId, Args);

    /// The reason on its own, in the language of `text`.
    fn words(&self, text: &Text) -> String {
        let (id, args) = self.phrase();
        text.get(id, &args)
    }
}

impl Args {
    /// Adds why something failed, as the value `cause`.
    #[must_use]
    pub(crate) fn because(self, cause: &impl Cause) -> Self {
        let (id, args) = cause.phrase();
        self.phrase("cause", id, args)
    }
}

impl Cause for MessageId {
    fn phrase(&self) -> (MessageId, Args) {
        (*self, Args::none())
    }
}

/// What only a name of the protocol or the operating system's own words can say.
fn as_told(told: impl std::fmt::Display) -> (MessageId, Args) {
    (msg!("cause-as-told"), Args::none().text("told", told))
}

impl Cause for InvalidField {
    fn phrase(&self) -> (MessageId, Args) {
        as_told(self)
    }
}

impl Cause for ErrorKind {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::NotFound => msg!("cause-missing"),
            Self::AlreadyExists => msg!("cause-exists"),
            Self::PermissionDenied => msg!("cause-permission"),
            Self::IsADirectory => msg!("cause-is-folder"),
            Self::NotADirectory => msg!("cause-not-folder"),
            Self::ReadOnlyFilesystem => msg!("cause-read-only"),
            Self::StorageFull | Self::QuotaExceeded => msg!("cause-disk-full"),
            Self::InvalidFilename => msg!("cause-file-name"),
            Self::ConnectionRefused => msg!("cause-connection-refused"),
            Self::ConnectionReset | Self::ConnectionAborted | Self::BrokenPipe | Self::UnexpectedEof => {
                msg!("cause-connection-lost")
            }
            Self::HostUnreachable | Self::NetworkUnreachable | Self::NetworkDown => msg!("cause-no-network"),
            Self::TimedOut => msg!("cause-no-answer"),
            kind => return as_told(kind),
        };
        id.phrase()
    }
}

impl Cause for FileReason {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::Missing => msg!("cause-missing"),
            Self::Exists => msg!("cause-exists"),
            Self::Symlink => msg!("cause-symlink"),
            Self::WrongKind => msg!("cause-wrong-kind"),
            Self::ForeignOwner => msg!("cause-foreign-owner"),
            Self::Exposed(mode) => {
                return (msg!("cause-exposed"), Args::none().text("mode", format!("{mode:03o}")));
            }
            Self::TooLarge(max) => return (msg!("cause-too-large"), Args::none().number("max", *max)),
            Self::DiskFull => msg!("cause-disk-full"),
            Self::Io(error) => return error.kind().phrase(),
        };
        id.phrase()
    }
}

impl Cause for PassphraseError {
    fn phrase(&self) -> (MessageId, Args) {
        match self {
            Self::Exposed => msg!("cause-readable-by-others").phrase(),
            Self::Unreadable(kind) => kind.phrase(),
            // Each of the others has a code of its own.
            other => as_told(other),
        }
    }
}

impl Cause for KitError {
    fn phrase(&self) -> (MessageId, Args) {
        let number = |number: usize| Args::none().number("number", number as u64);
        match self {
            Self::Layout { line } => (msg!("cause-kit-line"), number(*line)),
            Self::Word { number: at } => (msg!("cause-kit-word"), number(*at)),
            Self::Checksum => msg!("cause-kit-checksum").phrase(),
            Self::NotText => msg!("cause-not-text").phrase(),
            // Each of the others has a code of its own.
            other => as_told(other),
        }
    }
}

impl Cause for ConnectError {
    fn phrase(&self) -> (MessageId, Args) {
        match self {
            Self::Unreachable(kind) => kind.phrase(),
            Self::TimedOut => msg!("cause-no-answer").phrase(),
            // Each of the others has a code of its own, whose sentence says it.
            other => as_told(other),
        }
    }
}

impl Cause for DirectoryError {
    fn phrase(&self) -> (MessageId, Args) {
        match self {
            Self::Forked(fault) => fault.phrase(),
            Self::EvidenceKept => msg!("cause-evidence-kept").phrase(),
            Self::BadAnswer => msg!("cause-not-a-synchronisation").phrase(),
            Self::TimedOut => msg!("cause-no-answer").phrase(),
            // Each of the others has a code of its own, or is another error.
            other => as_told(other),
        }
    }
}

impl Cause for LogFault {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::Statement(invalid) => return invalid.phrase(),
            Self::Action(fault) => return fault.phrase(),
            Self::Agreement(fault) => return fault.phrase(),
            Self::HubKeys => msg!("cause-log-hub-keys"),
            Self::UnknownDevice => msg!("cause-log-unknown-device"),
            Self::EpochKeyTwice => msg!("cause-log-epoch-key-twice"),
            Self::EntryOutOfOrder => msg!("cause-log-entry-out-of-order"),
            Self::AfterRemoval => msg!("cause-log-after-removal"),
            Self::NamesDiffer => msg!("cause-log-names-differ"),
            Self::HandleTwice => msg!("cause-log-handle-twice"),
            Self::Root => msg!("cause-log-root"),
            Self::Contradiction => msg!("cause-log-contradiction"),
            Self::Receipt => msg!("cause-log-receipt"),
            Self::StoodStill => msg!("cause-log-stood-still"),
            Self::CutBack => msg!("cause-log-cut-back"),
        };
        id.phrase()
    }
}

impl Cause for ActionFault {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::Signature(invalid) => {
                return (msg!("cause-action-signature"), Args::none().text("told", invalid));
            }
            Self::Signatures => msg!("cause-action-signatures"),
            Self::Repeated => msg!("cause-action-repeated"),
            Self::OutOfDate => msg!("cause-action-out-of-date"),
            Self::NotPossible => msg!("cause-action-not-possible"),
            Self::NotDone => msg!("cause-action-not-done"),
        };
        id.phrase()
    }
}

impl Cause for AgreementFault {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::Signature(invalid) => {
                return (msg!("cause-agreement-signature"), Args::none().text("told", invalid));
            }
            Self::Parties => msg!("cause-agreement-parties"),
            Self::OutOfOrder => msg!("cause-agreement-out-of-order"),
            Self::PartiesChanged => msg!("cause-agreement-parties-changed"),
            Self::NotInForce => msg!("cause-agreement-not-in-force"),
            Self::TooMany => msg!("cause-agreement-too-many"),
        };
        id.phrase()
    }
}

impl Cause for AuditError {
    fn phrase(&self) -> (MessageId, Args) {
        let id = match self {
            Self::Io(error) => return error.kind().phrase(),
            Self::Form { line } => return (msg!("cause-audit-line"), Args::none().number("line", *line)),
            Self::Leaf { index, fault } => {
                return (msg!("cause-audit-leaf"), Args::none().number("index", *index).because(fault));
            }
            Self::Checkpoint(invalid) => {
                return (msg!("cause-audit-checkpoint"), Args::none().text("told", invalid));
            }
            Self::NoKeys => msg!("cause-log-hub-keys"),
            Self::OtherHub => msg!("cause-audit-other-hub"),
            Self::Root => msg!("cause-log-root"),
        };
        id.phrase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use crate::text::Language;

    #[test]
    fn a_cause_is_in_the_language_of_its_sentence() {
        let fault = AuditError::Leaf { index: 12_345, fault: LogFault::HandleTwice };
        let error = Error::with(Code::LogInvalid, Args::none().because(&fault));
        let said = |language| error.explain(&Text::of(language)).message;
        assert!(said(Language::English).contains("leaf 12,345 breaks a rule: two organisations"));
        assert!(said(Language::Swedish).contains("post 12\u{a0}345 bryter mot en regel: två organisationer"));
    }

    #[test]
    fn what_the_operating_system_says_can_not_act_on_a_terminal() {
        let (id, args) = as_told("a\x1b[31m");
        assert_eq!(Text::of(Language::Swedish).get(id, &args), "a\\x1b[31m");
    }
}
