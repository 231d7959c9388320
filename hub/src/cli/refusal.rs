//! What the running hub refused, as a command's failure.

use samverkan_proto::reason::{self, Refusal};
use samverkan_proto::v1::ErrorReason;
use tonic::{Code, Status};

use super::exit::Exit;
use super::failure::Failure;

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        match Refusal::from_status(&status) {
            Some(refusal) => refused(&refusal),
            None if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled) => {
                Self::new("HUB_UNREACHABLE", "The hub did not answer.", "try again", Exit::HubUnreachable)
            }
            None => Self::new(
                "INTERNAL",
                format!("The hub answered {:?}, which this program does not understand.", status.code()),
                "use samverkan-hub of the same version as the running hub",
                Exit::Unexpected,
            ),
        }
    }
}

fn refused(refusal: &Refusal) -> Failure {
    use ErrorReason as R;
    let text = match &refusal.field {
        Some(field) => format!("The hub refused: {} ({field}).", refusal.facts().text),
        None => format!("The hub refused: {}.", refusal.facts().text),
    };
    // What is not an operator's business to meet falls to the last arm with its own class.
    let (exit, next) = match refusal.reason {
        R::InvalidField => (Exit::Usage, "correct it; --help says what is expected"),
        R::OrganisationUnknown => (Exit::NotFound, "samverkan-hub org list"),
        R::HandleTaken => (Exit::Conflict, "choose another handle, or samverkan-hub org show it"),
        R::NumberTaken => (Exit::Conflict, "samverkan-hub org list"),
        R::OperatorSignatureRequired => {
            (Exit::Refused, "--key FILE, with the key of one of samverkan-hub operator list")
        }
        R::ActionRefused => (Exit::Refused, why_refused(refusal.field.as_deref())),
        R::QuotaExceeded => (Exit::Conflict, "samverkan-hub operator pending"),
        R::StateConflict => (Exit::Conflict, "samverkan-hub org show it"),
        R::SafetyNumberWrong => (
            Exit::Integrity,
            "compare it again by telephone, at a number you already had; if it still differs, do not confirm",
        ),
        R::Busy | R::StorageFull | R::Draining | R::RateLimited => (Exit::HubUnreachable, "try again"),
        R::LogBehind => {
            (Exit::HubUnreachable, "have a member that was connected shortly before the loss run any command")
        }
        R::StoreFailed => (Exit::HubUnreachable, "check the disk, then restart the hub"),
        R::RecordDamaged => (Exit::Integrity, "samverkan-hub check"),
        R::OperatorOnly => (Exit::Refused, "run the command on the hub's own machine, as its user"),
        _ => (Exit::Unexpected, "report it"),
    };
    Failure::new(reason::name(refusal.reason), text, next, exit)
}

/// What to do about an operator's action that does not count.
fn why_refused(field: Option<&str>) -> &'static str {
    match field {
        Some("action.operator") => "sign with the key of one of samverkan-hub operator list",
        Some("action.signed_ms") => "set this machine's clock right; a first signature counts for 24 hours",
        Some("action.before") => "something has changed since it was signed: give the command again",
        Some("action.hub") => "it is for another hub: --config names this one",
        Some("action.type") => "samverkan-hub operator list and samverkan-hub org list say how things stand",
        _ => "give the command again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_their_reason_and_field() {
        let refusal = Refusal::in_field(ErrorReason::InvalidField, "organisation_number");
        let failure = Failure::from(Status::from(refusal));
        assert_eq!((failure.code, failure.exit), ("INVALID_FIELD", Exit::Usage));
        assert!(failure.text.contains("organisation_number"), "{failure}");
        let failure = Failure::from(Status::from(Refusal::new(ErrorReason::SafetyNumberWrong)));
        assert_eq!((failure.code, failure.exit), ("SAFETY_NUMBER_WRONG", Exit::Integrity));
    }

    #[test]
    fn silence_and_strangers_are_told_apart() {
        assert_eq!(Failure::from(Status::unavailable("")).exit, Exit::HubUnreachable);
        let strange = Failure::from(Status::unknown("\u{1b}[2J"));
        assert_eq!(strange.exit, Exit::Unexpected);
        assert!(!strange.text.contains('\u{1b}'));
    }
}
