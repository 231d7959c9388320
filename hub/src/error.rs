//! The only place where the hub's own errors become a [`Refusal`], which becomes a gRPC status.
//!
//! What a caller hears is the fixed text of PROTOCOL.md section 16; causes are logged here and go nowhere else.

use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::ErrorReason;

use crate::ca::{CsrRefused, IssueError};
use crate::policy::agreement::agreement_refused;
use crate::policy::publish::manifest_refused;
use crate::registry::RegistryRefusal;
use crate::store::{ReceiptRefusal, RewrapRefusal, StoreError};

/// The refusal that an error of the store becomes.
pub(crate) fn of_store(error: StoreError) -> Refusal {
    match error {
        StoreError::Busy => Refusal::new(ErrorReason::Busy),
        StoreError::Full => Refusal::new(ErrorReason::StorageFull),
        StoreError::Failed => Refusal::new(ErrorReason::StoreFailed),
        StoreError::Behind => Refusal::new(ErrorReason::LogBehind),
        StoreError::Damaged => {
            tracing::error!("a call met a damaged record");
            Refusal::new(ErrorReason::RecordDamaged)
        }
        StoreError::Internal(what) => {
            tracing::error!(what, "the store contradicts itself");
            Refusal::new(ErrorReason::Internal)
        }
        // Decided again where that helps; whoever sees it here may as well try again.
        StoreError::Stale => Refusal::new(ErrorReason::Busy),
        StoreError::Conflict => Refusal::new(ErrorReason::IdempotencyConflict),
        StoreError::Gone => Refusal::new(ErrorReason::MessageGone),
        StoreError::UnknownMessage => Refusal::new(ErrorReason::MessageUnknown),
        StoreError::Quota => Refusal::new(ErrorReason::QuotaExceeded),
        StoreError::BlobMissing => Refusal::new(ErrorReason::BlobMissing),
        StoreError::UnknownBlob => Refusal::new(ErrorReason::BlobUnknown),
        StoreError::UploadInProgress => Refusal::new(ErrorReason::UploadInProgress),
        StoreError::OffsetOutOfRange => Refusal::new(ErrorReason::OffsetOutOfRange),
        StoreError::BlobMismatch => Refusal::in_field(ErrorReason::InvalidField, "blob_id"),
        StoreError::BlobFile => Refusal::new(ErrorReason::Internal),
        StoreError::HandleUnknown => Refusal::new(ErrorReason::ConsentHandleUnknown),
        StoreError::HandleExpired => Refusal::new(ErrorReason::ConsentHandleExpired),
        StoreError::HandleUsed => Refusal::new(ErrorReason::ConsentHandleUsed),
        StoreError::HandleWithdrawn => Refusal::new(ErrorReason::ConsentWithdrawn),
        StoreError::NotIssuer => Refusal::in_field(ErrorReason::NotAParty, "withdrawal.org"),
        StoreError::Rewrap(refusal) => of_rewrap(refusal),
        StoreError::Registry(refusal) => of_registry(refusal),
    }
}

/// The refusal of a change of the registry.
pub(crate) fn of_registry(refusal: RegistryRefusal) -> Refusal {
    match refusal {
        RegistryRefusal::InviteInvalid => Refusal::new(ErrorReason::InviteInvalid),
        RegistryRefusal::HandleTaken => Refusal::new(ErrorReason::HandleTaken),
        RegistryRefusal::NumberTaken => Refusal::new(ErrorReason::NumberTaken),
        RegistryRefusal::ManifestRefused(invalid) => manifest_refused(invalid),
        RegistryRefusal::LogShare | RegistryRefusal::TooManyInvites | RegistryRefusal::TooManyActions => {
            Refusal::new(ErrorReason::QuotaExceeded)
        }
        RegistryRefusal::EpochKeyRefused => Refusal::new(ErrorReason::EpochKeyRefused),
        RegistryRefusal::OrganisationUnknown => Refusal::new(ErrorReason::OrganisationUnknown),
        RegistryRefusal::StateConflict => Refusal::new(ErrorReason::StateConflict),
        RegistryRefusal::SignatureRequired => Refusal::new(ErrorReason::OperatorSignatureRequired),
        RegistryRefusal::ActionRefused(fault) => {
            Refusal::in_field(ErrorReason::ActionRefused, RegistryRefusal::action_field(fault))
        }
        RegistryRefusal::ActionTime => Refusal::in_field(ErrorReason::ActionRefused, "action.signed_ms"),
        RegistryRefusal::AgreementRefused(fault) => agreement_refused(fault.name()),
        RegistryRefusal::InvitationDiffers => Refusal::in_field(ErrorReason::ActionRefused, "action.detail"),
    }
}

fn of_rewrap(refusal: RewrapRefusal) -> Refusal {
    match refusal {
        RewrapRefusal::NotWrapped => Refusal::in_field(ErrorReason::NotAParty, "rewrap.by_device"),
        RewrapRefusal::NotAReader => Refusal::in_field(ErrorReason::NotAParty, "rewrap.to_device"),
        RewrapRefusal::Key => Refusal::in_field(ErrorReason::StaleDirectory, "rewrap.to_epoch_key_id"),
    }
}

/// The refusal of a device receipt.
pub(crate) fn of_receipt(refused: ReceiptRefusal) -> Refusal {
    match refused {
        ReceiptRefusal::UnknownMessage => Refusal::new(ErrorReason::MessageUnknown),
        ReceiptRefusal::NotYours | ReceiptRefusal::Contradiction => Refusal::new(ErrorReason::ReceiptRefused),
    }
}

/// The refusal of a certificate request.
pub(crate) fn of_request(refused: CsrRefused) -> Refusal {
    match refused {
        CsrRefused::Malformed | CsrRefused::KeyType | CsrRefused::Signature => {
            Refusal::in_field(ErrorReason::InvalidField, "certificate_request")
        }
    }
}

/// The refusal when the hub could not make a certificate that it wanted to make.
pub(crate) fn of_issue(error: IssueError) -> Refusal {
    tracing::error!(%error, "could not issue a certificate");
    Refusal::new(ErrorReason::Internal)
}
