//! Why a call was refused: the table behind `samverkan.v1.ErrorReason`, and its way through a gRPC status (PROTOCOL.md section 16).

use crate::fault::InvalidField;
use crate::v1::{ErrorClass, ErrorReason, Failure};
use std::borrow::Cow;
use std::fmt;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of every `google.rpc.ErrorInfo` of this protocol.
pub const DOMAIN: &str = "samverkan";
const PREFIX: &str = "ERROR_REASON_";
const CLASS_PREFIX: &str = "ERROR_CLASS_";
/// Longest name of a field that is taken from a status.
const MAX_FIELD: usize = 64;

/// What is fixed about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The gRPC code it travels under.
    pub code: Code,
    /// What the caller should do about it.
    pub class: ErrorClass,
    /// English text for logs and for people without a translation; never contains input.
    pub text: &'static str,
}

/// The table: one line a reason.
#[must_use]
#[rustfmt::skip]
pub const fn facts(reason: ErrorReason) -> Facts {
    use Code::{
        Aborted, AlreadyExists, DataLoss, DeadlineExceeded, FailedPrecondition, Internal, InvalidArgument, NotFound,
        OutOfRange, PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable, Unknown,
    };
    use ErrorClass::{ActionNeeded, Permanent, Transient};
    use ErrorReason as R;
    let (code, class, text) = match reason {
        R::Unspecified => (Unknown, Permanent, "no reason was given"),
        R::CertificateRequired => (Unauthenticated, ActionNeeded, "the call needs a client certificate"),
        R::DeviceUnknown => (Unauthenticated, ActionNeeded, "no manifest names this certificate's key"),
        R::DeviceRevoked => (Unauthenticated, Permanent, "the organisation has revoked this device"),
        R::OrganisationRecovered => (Unauthenticated, ActionNeeded, "the organisation's recovery kit was used, which revoked this device"),
        R::DeviceExpired => (Unauthenticated, ActionNeeded, "the device or its certificate has expired"),
        R::OrganisationPending => (PermissionDenied, ActionNeeded, "the operator has not confirmed the organisation yet"),
        R::OrganisationSuspended => (PermissionDenied, ActionNeeded, "the organisation is suspended"),
        R::OrganisationRemoved => (PermissionDenied, Permanent, "the organisation was removed"),
        R::OperatorOnly => (PermissionDenied, Permanent, "only the operator may do this"),
        R::InviteInvalid => (PermissionDenied, ActionNeeded, "the invite does not work"),
        R::SenderMismatch => (PermissionDenied, Permanent, "the statement names another organisation or device than the caller"),
        R::RoleMissing => (PermissionDenied, ActionNeeded, "the device lacks the role or does not read the mailbox"),
        R::LegalBasisNotAvailable => (PermissionDenied, Permanent, "this kind of organisation may not use that legal basis"),
        R::NotAParty => (PermissionDenied, Permanent, "the caller is neither sender nor recipient"),
        R::InvalidField => (InvalidArgument, Permanent, "a field is not valid"),
        R::StaleDirectory => (FailedPrecondition, Transient, "the directory has changed; synchronise and seal again"),
        R::RecipientUnknown => (FailedPrecondition, Permanent, "a recipient is not known"),
        R::RecipientSuspended => (FailedPrecondition, ActionNeeded, "a recipient is suspended"),
        R::RecipientRemoved => (FailedPrecondition, Permanent, "a recipient was removed"),
        R::ClockOutOfRange => (FailedPrecondition, ActionNeeded, "the time of creation is too far from the hub's clock"),
        R::MessageExpired => (FailedPrecondition, Permanent, "the message has expired"),
        R::BlobMissing => (FailedPrecondition, Transient, "an attachment has not been uploaded with the announced length"),
        R::ConsentHandleUnknown => (FailedPrecondition, ActionNeeded, "a consent is not registered"),
        R::ConsentHandleExpired => (FailedPrecondition, ActionNeeded, "a consent has expired"),
        R::ConsentHandleUsed => (FailedPrecondition, ActionNeeded, "a consent was used already"),
        R::IdempotencyConflict => (AlreadyExists, Permanent, "the same identifier was used for other bytes"),
        R::MessageGone => (NotFound, Permanent, "the message has been purged"),
        R::MessageUnknown => (NotFound, Permanent, "the message is not known"),
        R::BlobUnknown => (NotFound, Permanent, "the attachment is not known"),
        R::OffsetOutOfRange => (OutOfRange, Permanent, "the position lies beyond the end"),
        R::UploadInProgress => (Aborted, Transient, "another upload of the same attachment is running"),
        R::ManifestRefused => (FailedPrecondition, ActionNeeded, "the manifest does not follow from the one before it"),
        R::EpochKeyRefused => (FailedPrecondition, Permanent, "the epoch key is for another time or another key exists"),
        R::ReceiptRefused => (FailedPrecondition, Permanent, "the receipt is not this device's to give"),
        R::MessageTooLarge => (ResourceExhausted, Permanent, "the message is too large"),
        R::OrganisationUnknown => (NotFound, Permanent, "the organisation is not known"),
        R::StateConflict => (FailedPrecondition, ActionNeeded, "the organisation's state does not allow this"),
        R::HandleTaken => (AlreadyExists, ActionNeeded, "an organisation or open invite has this handle"),
        R::NumberTaken => (AlreadyExists, ActionNeeded, "an organisation or open invite has this organisation number"),
        R::SafetyNumberWrong => (FailedPrecondition, ActionNeeded, "the safety number is not this organisation's"),
        R::OperatorSignatureRequired => (FailedPrecondition, ActionNeeded, "an operator must sign this"),
        R::ActionRefused => (FailedPrecondition, ActionNeeded, "the operator's action does not count"),
        R::AgreementMissing => (FailedPrecondition, ActionNeeded, "the recipient takes this class on an agreement alone, and there is none"),
        R::AgreementDoesNotCover => (FailedPrecondition, ActionNeeded, "no agreement covers this mailbox, class and legal basis"),
        R::AgreementNotYetValid => (FailedPrecondition, ActionNeeded, "the agreement is not in force yet"),
        R::AgreementExpired => (FailedPrecondition, ActionNeeded, "the agreement has run out"),
        R::AgreementEnded => (FailedPrecondition, ActionNeeded, "one of the parties has ended the agreement"),
        R::AgreementRefused => (FailedPrecondition, ActionNeeded, "the agreement does not follow from the log"),
        R::ConsentWithdrawn => (FailedPrecondition, ActionNeeded, "a consent was withdrawn"),
        R::Busy => (ResourceExhausted, Transient, "a queue is full"),
        R::StorageFull => (ResourceExhausted, Transient, "the hub has no room"),
        R::QuotaExceeded => (ResourceExhausted, ActionNeeded, "the organisation's share is used up"),
        R::RateLimited => (ResourceExhausted, Transient, "too many calls"),
        R::Draining => (Unavailable, Transient, "the hub is stopping"),
        R::StoreFailed => (Unavailable, Transient, "the hub's disk failed"),
        R::RecordDamaged => (DataLoss, ActionNeeded, "a stored record is damaged"),
        R::Internal => (Internal, Transient, "the hub failed"),
        R::DeadlineExceeded => (DeadlineExceeded, Transient, "the call took too long"),
        R::LogBehind => (Unavailable, Transient, "the hub was restored and waits for the end of its log"),
    };
    Facts { code, class, text }
}

/// The reason's name without its prefix, as it stands in `google.rpc.ErrorInfo`.
#[must_use]
pub fn name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().strip_prefix(PREFIX).unwrap_or_default()
}

/// A refused call, or a refused message on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: ErrorReason,
    /// The one field at fault, if one is; for MANIFEST_REFUSED the name of the fault. Never holds input.
    pub field: Option<Cow<'static, str>>,
}

impl Refusal {
    /// A refusal for which no single field is at fault.
    #[must_use]
    pub const fn new(reason: ErrorReason) -> Self {
        Self { reason, field: None }
    }

    /// A refusal because of one field.
    #[must_use]
    pub const fn in_field(reason: ErrorReason, field: &'static str) -> Self {
        Self { reason, field: Some(Cow::Borrowed(field)) }
    }

    /// What is fixed about its reason.
    #[must_use]
    pub const fn facts(&self) -> Facts {
        facts(self.reason)
    }

    /// What the caller should do about it.
    #[must_use]
    pub const fn class(&self) -> ErrorClass {
        self.facts().class
    }

    /// The refusal that a status carries; `None` when it carries none of this protocol, or one that this program does not know.
    #[must_use]
    pub fn from_status(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info().filter(|info| info.domain == DOMAIN)?;
        let reason = ErrorReason::from_str_name(&format!("{PREFIX}{}", info.reason))?;
        let field = info.metadata.get("field").and_then(|field| field_name(field));
        Some(Self { reason, field })
    }
}

/// A field's name that came over the network: kept only if it looks like one.
fn field_name(text: &str) -> Option<Cow<'static, str>> {
    let plain = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
    ((1..=MAX_FIELD).contains(&text.len()) && plain).then(|| Cow::Owned(text.to_owned()))
}

/// What to do about any status: what it says itself, or else what its gRPC code suggests.
#[must_use]
pub fn class_of(status: &Status) -> ErrorClass {
    let info = status.get_details_error_info().filter(|info| info.domain == DOMAIN);
    let said = info.as_ref().and_then(|info| info.metadata.get("class"));
    let said = said.and_then(|class| ErrorClass::from_str_name(&format!("{CLASS_PREFIX}{class}")));
    if let Some(class) = said.filter(|class| *class != ErrorClass::Unspecified) {
        return class;
    }
    match status.code() {
        Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable => ErrorClass::Transient,
        Code::Unauthenticated | Code::PermissionDenied | Code::DataLoss => ErrorClass::ActionNeeded,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented => ErrorClass::Permanent,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().text)?;
        self.field.as_ref().map_or(Ok(()), |field| write!(f, " ({field})"))
    }
}

impl std::error::Error for Refusal {}

impl From<InvalidField> for Refusal {
    fn from(invalid: InvalidField) -> Self {
        Self::in_field(ErrorReason::InvalidField, invalid.field)
    }
}

impl From<&Refusal> for Status {
    fn from(refusal: &Refusal) -> Self {
        let Facts { code, class, text } = refusal.facts();
        let class = class.as_str_name().strip_prefix(CLASS_PREFIX).unwrap_or_default();
        let class = ("class".to_owned(), class.to_owned());
        let field = refusal.field.iter().map(|field| ("field".to_owned(), field.clone().into_owned()));
        let metadata = std::iter::once(class).chain(field).collect::<std::collections::HashMap<_, _>>();
        let details = ErrorDetails::with_error_info(name(refusal.reason), DOMAIN, metadata);
        Self::with_error_details(code, text, details)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        Self::from(&refusal)
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        let Facts { class, text, .. } = refusal.facts();
        Self {
            reason: refusal.reason.into(),
            class: class.into(),
            field: refusal.field.clone().unwrap_or_default().into_owned(),
            text: text.to_owned(),
        }
    }
}

impl From<&Failure> for Refusal {
    /// A reason that this program does not know becomes UNSPECIFIED; the class of such a failure is in the [`Failure`] alone.
    fn from(failure: &Failure) -> Self {
        Self { reason: failure.reason(), field: field_name(&failure.field) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    /// Every value of the enum in the compiled descriptors.
    fn reasons() -> Vec<ErrorReason> {
        let files = FileDescriptorSet::decode(crate::v1::DESCRIPTORS).expect("compiled descriptors");
        let values = files.file.iter().flat_map(|file| &file.enum_type);
        let values = values.filter(|found| found.name() == "ErrorReason").flat_map(|found| &found.value);
        values
            .map(|value| ErrorReason::try_from(value.number()).expect("generated from the same file"))
            .collect()
    }

    #[test]
    fn every_reason_has_its_documented_code_a_class_and_a_text() {
        let proto = include_str!("../samverkan/v1/error.proto");
        let all = reasons();
        assert!(all.len() > 40);
        for reason in all.into_iter().filter(|reason| *reason != ErrorReason::Unspecified) {
            let Facts { code, class, text } = facts(reason);
            let line = proto
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{} ", reason.as_str_name())));
            let (_, comment) = line.and_then(|line| line.split_once("// ")).expect("documented");
            let documented = comment.split(':').next().expect("first part").trim();
            let code: String = format!("{code:?}")
                .chars()
                .flat_map(|c| c.is_uppercase().then_some('_').into_iter().chain([c.to_ascii_uppercase()]))
                .skip(1)
                .collect();
            assert_eq!(code, documented, "{}", name(reason));
            assert_ne!(class, ErrorClass::Unspecified);
            assert!(!text.is_empty() && !name(reason).is_empty());
        }
    }

    #[test]
    fn a_refusal_survives_the_way_through_a_status_and_a_failure() {
        for reason in reasons() {
            for refusal in [Refusal::new(reason), Refusal::in_field(reason, "header.content_len")] {
                let status = Status::from(&refusal);
                assert_eq!(status.code(), refusal.facts().code);
                assert_eq!(Refusal::from_status(&status).as_ref(), Some(&refusal));
                assert_eq!(class_of(&status), refusal.class());
                assert_eq!(Refusal::from(&Failure::from(&refusal)), refusal);
            }
        }
    }

    #[test]
    fn what_is_not_ours_is_no_refusal() {
        assert_eq!(Refusal::from_status(&Status::unavailable("connection lost")), None);
        assert_eq!(class_of(&Status::unavailable("connection lost")), ErrorClass::Transient);
        let foreign = ErrorDetails::with_error_info("BUSY", "elsewhere", []);
        let foreign = Status::with_error_details(Code::InvalidArgument, "", foreign);
        assert_eq!(Refusal::from_status(&foreign), None);
        assert_eq!(class_of(&foreign), ErrorClass::Permanent);
    }

    #[test]
    fn a_newer_hubs_reason_keeps_its_class_and_a_strange_field_is_dropped() {
        let details = |reason, field: &str| {
            let metadata = [("class", "ACTION_NEEDED"), ("field", field)];
            let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
            ErrorDetails::with_error_info(reason, DOMAIN, metadata)
        };
        let newer = Status::with_error_details(Code::Aborted, "", details("NOT_YET_INVENTED", "size"));
        assert_eq!(Refusal::from_status(&newer), None);
        assert_eq!(class_of(&newer), ErrorClass::ActionNeeded);
        let strange = Status::with_error_details(Code::Aborted, "", details("BUSY", "\u{1b}[2J"));
        assert_eq!(Refusal::from_status(&strange), Some(Refusal::new(ErrorReason::Busy)));
    }
}
