//! The only place where a module's reason becomes an error with a stable code.

use super::{Code, Error};
use crate::connect::ConnectError;
use crate::directory::DirectoryError;
use crate::files::{FileError, FileReason};
use crate::home::{HomeError, InvalidProfileName};
use crate::keystore::KeystoreError;
use crate::passphrase::PassphraseError;
use crate::recovery::KitError;
use crate::sealed_file::SealedFileError;
use crate::secret::NoRandomness;
use crate::text::Args;

impl From<NoRandomness> for Error {
    fn from(_: NoRandomness) -> Self {
        Self::new(Code::NoRandomness)
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let args = Args::none().text("path", error.path.display());
        match error.reason {
            FileReason::Missing => Self::with(Code::FileMissing, args),
            FileReason::Exists => Self::with(Code::FileExists, args),
            FileReason::Symlink | FileReason::WrongKind | FileReason::ForeignOwner => {
                Self::with(Code::FileUnsafe, args.because(&error.reason))
            }
            FileReason::Exposed(mode) => {
                Self::with(Code::FileExposed, args.text("mode", format!("{mode:03o}")))
            }
            FileReason::TooLarge(max) => Self::with(Code::FileTooLarge, args.number("max", max)),
            FileReason::DiskFull => Self::with(Code::DiskFull, args),
            FileReason::Io(ref cause) => Self::with(Code::FileUnusable, args.because(&cause.kind())),
        }
    }
}

impl From<HomeError> for Error {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::NotSet => Self::new(Code::HomeNotSet),
            HomeError::NotAbsolute(variable) => {
                Self::with(Code::HomeNotAbsolute, Args::none().text("variable", variable))
            }
            HomeError::Folder(FileError { path, reason: FileReason::Io(cause) }) => Self::with(
                Code::HomeUnusable,
                Args::none().text("path", path.display()).because(&cause.kind()),
            ),
            HomeError::Folder(error) => error.into(),
            HomeError::NoProfile(name) => {
                Self::with(Code::ProfileMissing, Args::none().text("profile", name))
            }
            HomeError::Busy(name) => Self::with(Code::ProfileBusy, Args::none().text("profile", name)),
        }
    }
}

impl From<InvalidProfileName> for Error {
    fn from(_: InvalidProfileName) -> Self {
        Self::new(Code::ProfileNameInvalid)
    }
}

impl From<PassphraseError> for Error {
    fn from(error: PassphraseError) -> Self {
        Self::new(match error {
            PassphraseError::Empty => Code::PassphraseEmpty,
            PassphraseError::TooShort => Code::PassphraseTooShort,
            PassphraseError::TooLong => Code::PassphraseTooLong,
            PassphraseError::NotText => Code::PassphraseNotText,
            PassphraseError::Mismatch => Code::PassphraseMismatch,
            PassphraseError::Left => Code::Interrupted,
            PassphraseError::NoTerminal => Code::PassphraseNeeded,
            PassphraseError::Exposed | PassphraseError::Unreadable(_) => {
                return Self::with(Code::PassphraseUnreadable, Args::none().because(&error));
            }
        })
    }
}

impl From<KeystoreError> for Error {
    fn from(error: KeystoreError) -> Self {
        Self::new(match error {
            KeystoreError::Missing => Code::KeystoreMissing,
            KeystoreError::WrongPassphrase => Code::WrongPassphrase,
            KeystoreError::Damaged(_) => Code::KeystoreDamaged,
            KeystoreError::OtherVersion(version) => {
                return Self::with(Code::KeystoreVersion, Args::none().number("version", version));
            }
            KeystoreError::CostRefused => Code::KeystoreCost,
            KeystoreError::OutOfMemory => Code::KeystoreMemory,
            KeystoreError::Changed => Code::KeystoreChanged,
            KeystoreError::Full => Code::KeystoreFull,
            KeystoreError::Randomness(error) => return error.into(),
            KeystoreError::File(error) => return error.into(),
        })
    }
}

impl From<SealedFileError> for Error {
    fn from(error: SealedFileError) -> Self {
        match error {
            SealedFileError::Damaged => Self::new(Code::FileDamaged),
            SealedFileError::TooLarge => Self::new(Code::ContentTooLarge),
            SealedFileError::Randomness(error) => error.into(),
            SealedFileError::File(error) => error.into(),
        }
    }
}

impl From<KitError> for Error {
    fn from(error: KitError) -> Self {
        match error {
            KitError::Mismatch => Self::new(Code::KitMismatch),
            KitError::File(error) => error.into(),
            KitError::Layout { .. } | KitError::Word { .. } | KitError::Checksum | KitError::NotText => {
                Self::with(Code::KitInvalid, Args::none().because(&error))
            }
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let code = match error {
            ConnectError::Refused(status) => return status.as_ref().into(),
            ConnectError::ProtocolVersion { min, max } => {
                let args = Args::none().number("min", min).number("max", max);
                return Self::with(Code::ProtocolVersion, args);
            }
            ConnectError::Unreachable(_) | ConnectError::TimedOut => Code::HubUnreachable,
            ConnectError::NotAHub => Code::NotAHub,
            ConnectError::HubNotTrusted => Code::HubNotTrusted,
            ConnectError::HubCertificateOutOfDate => Code::HubCertificateOutOfDate,
            ConnectError::PinMismatch => Code::HubKeysChanged,
            ConnectError::CertificateRefused => Code::CertificateRefused,
            ConnectError::AuthorityUnusable | ConnectError::IdentityUnusable => Code::KeystoreDamaged,
        };
        Self::with(code, Args::none().because(&error))
    }
}

impl From<DirectoryError> for Error {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Forked(_) | DirectoryError::EvidenceKept => {
                Self::with(Code::LogForked, Args::none().because(&error))
            }
            // Hub and computer agreed on the time a moment ago: one of the clocks was set meanwhile.
            DirectoryError::FromTheFuture { by_ms } => {
                Self::with(Code::ClockWrong, Args::none().number("minutes", by_ms / 60_000))
            }
            DirectoryError::BadAnswer => Self::with(Code::HubMisbehaved, Args::none().because(&error)),
            DirectoryError::TimedOut => Self::with(Code::HubUnreachable, Args::none().because(&error)),
            DirectoryError::Call(status) => status.as_ref().into(),
            DirectoryError::File(error) => error.into(),
        }
    }
}
