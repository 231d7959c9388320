//! What the hub says, as an error for people.

use samverkan_proto::reason::{Refusal, class_of};
use samverkan_proto::v1::{ErrorClass, ErrorReason, Failure};
use tonic::Status;

use super::{Code, Error};
use crate::msg;
use crate::text::Args;

/// The code with the same spelling.
#[rustfmt::skip]
const fn code_of(reason: ErrorReason) -> Code {
    use ErrorReason as R;
    match reason {
        R::Unspecified => Code::HubMisbehaved,
        R::CertificateRequired => Code::CertificateRequired,
        R::DeviceUnknown => Code::DeviceUnknown,
        R::DeviceRevoked => Code::DeviceRevoked,
        R::OrganisationRecovered => Code::OrganisationRecovered,
        R::DeviceExpired => Code::DeviceExpired,
        R::OrganisationPending => Code::OrganisationPending,
        R::OrganisationSuspended => Code::OrganisationSuspended,
        R::OrganisationRemoved => Code::OrganisationRemoved,
        R::OperatorOnly => Code::OperatorOnly,
        R::InviteInvalid => Code::InviteInvalid,
        R::SenderMismatch => Code::SenderMismatch,
        R::RoleMissing => Code::RoleMissing,
        R::LegalBasisNotAvailable => Code::LegalBasisNotAvailable,
        R::NotAParty => Code::NotAParty,
        R::InvalidField => Code::InvalidField,
        R::StaleDirectory => Code::StaleDirectory,
        R::RecipientUnknown => Code::RecipientUnknown,
        R::RecipientSuspended => Code::RecipientSuspended,
        R::RecipientRemoved => Code::RecipientRemoved,
        R::ClockOutOfRange => Code::ClockOutOfRange,
        R::MessageExpired => Code::MessageExpired,
        R::BlobMissing => Code::BlobMissing,
        R::ConsentHandleUnknown => Code::ConsentHandleUnknown,
        R::ConsentHandleExpired => Code::ConsentHandleExpired,
        R::ConsentHandleUsed => Code::ConsentHandleUsed,
        R::ConsentWithdrawn => Code::ConsentWithdrawn,
        R::IdempotencyConflict => Code::IdempotencyConflict,
        R::MessageGone => Code::MessageGone,
        R::MessageUnknown => Code::MessageUnknown,
        R::BlobUnknown => Code::BlobUnknown,
        R::OffsetOutOfRange => Code::OffsetOutOfRange,
        R::UploadInProgress => Code::UploadInProgress,
        R::ManifestRefused => Code::ManifestRefused,
        R::EpochKeyRefused => Code::EpochKeyRefused,
        R::ReceiptRefused => Code::ReceiptRefused,
        R::MessageTooLarge => Code::MessageTooLarge,
        R::OrganisationUnknown => Code::OrganisationUnknown,
        R::StateConflict => Code::StateConflict,
        R::HandleTaken => Code::HandleTaken,
        R::NumberTaken => Code::NumberTaken,
        R::SafetyNumberWrong => Code::SafetyNumberWrong,
        R::OperatorSignatureRequired => Code::OperatorSignatureRequired,
        R::ActionRefused => Code::ActionRefused,
        R::AgreementMissing => Code::AgreementMissing,
        R::AgreementDoesNotCover => Code::AgreementDoesNotCover,
        R::AgreementNotYetValid => Code::AgreementNotYetValid,
        R::AgreementExpired => Code::AgreementExpired,
        R::AgreementEnded => Code::AgreementEnded,
        R::AgreementRefused => Code::AgreementRefused,
        R::Busy => Code::Busy,
        R::StorageFull => Code::StorageFull,
        R::QuotaExceeded => Code::QuotaExceeded,
        R::RateLimited => Code::RateLimited,
        R::Draining => Code::Draining,
        R::StoreFailed => Code::StoreFailed,
        R::RecordDamaged => Code::RecordDamaged,
        R::Internal => Code::Internal,
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::LogBehind => Code::LogBehind,
    }
}

impl From<&Refusal> for Error {
    fn from(refusal: &Refusal) -> Self {
        let field = refusal.field.as_deref().unwrap_or("-");
        Self::with(code_of(refusal.reason), Args::none().text("field", field))
    }
}

impl From<&Failure> for Error {
    fn from(failure: &Failure) -> Self {
        (&Refusal::from(failure)).into()
    }
}

impl From<&Status> for Error {
    /// A status without a reason of ours comes from the connection, or from a hub that is newer than this program.
    fn from(status: &Status) -> Self {
        if let Some(refusal) = Refusal::from_status(status) {
            return (&refusal).into();
        }
        match class_of(status) {
            ErrorClass::Transient => {
                Self::with(Code::HubUnreachable, Args::none().because(&msg!("cause-connection-lost")))
            }
            ErrorClass::Permanent | ErrorClass::ActionNeeded | ErrorClass::Unspecified => {
                Self::with(Code::HubMisbehaved, Args::none().text("cause", status.code().description()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::reason;

    use super::*;
    use crate::error::Class;

    #[test]
    fn every_reason_keeps_its_spelling_and_its_class() {
        let reasons = (1..200).filter_map(|number| ErrorReason::try_from(number).ok());
        let mut count = 0;
        for known in reasons {
            let code = code_of(known);
            assert_eq!(code.as_str(), reason::name(known));
            let class = match code.class() {
                Class::Transient => ErrorClass::Transient,
                Class::Permanent => ErrorClass::Permanent,
                Class::ActionNeeded => ErrorClass::ActionNeeded,
            };
            assert_eq!(class, reason::facts(known).class, "{}", code.as_str());
            count += 1;
        }
        assert!(count > 40);
    }

    #[test]
    fn a_lost_connection_is_unreachable_and_the_unknown_is_not_hidden() {
        assert_eq!(Error::from(&Status::unavailable("gone")).code(), Code::HubUnreachable);
        assert_eq!(Error::from(&Status::unimplemented("what")).code(), Code::HubMisbehaved);
        let refused = Status::from(Refusal::new(ErrorReason::Busy));
        assert_eq!(Error::from(&refused).code(), Code::Busy);
    }
}
