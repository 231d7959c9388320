//! What a refusal says, taken apart: gRPC code, reason, class and field.

use prost::Message;
use samverkan_proto::v1::ErrorReason;
use std::collections::HashMap;
use tonic::{Code, Status};

/// A refused call, or a refused item on a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The gRPC code.
    pub code: Code,
    /// The name of the reason without its prefix; empty when the status carries none.
    pub reason: String,
    /// `TRANSIENT`, `PERMANENT` or `ACTION_NEEDED`; empty when the status carries none.
    pub class: String,
    /// The field at fault; empty when no single one is.
    pub field: String,
    /// The status' own words.
    pub text: String,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
}

impl From<&Status> for Refused {
    fn from(status: &Status) -> Self {
        let details = RpcStatus::decode(status.details()).map(|status| status.details).unwrap_or_default();
        let info = details
            .iter()
            .filter(|any| any.type_url == "type.googleapis.com/google.rpc.ErrorInfo")
            .find_map(|any| ErrorInfo::decode(any.value.as_slice()).ok())
            .filter(|info| info.domain == "samverkan")
            .unwrap_or_default();
        let value = |key: &str| info.metadata.get(key).cloned().unwrap_or_default();
        Self {
            code: status.code(),
            class: value("class"),
            field: value("field"),
            text: status.message().to_owned(),
            reason: info.reason,
        }
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self::from(&status)
    }
}

impl Refused {
    /// Checks code, reason, class and field; `field` is empty when no single field is at fault.
    ///
    /// # Panics
    /// When one of them differs.
    #[track_caller]
    pub fn is(&self, code: Code, reason: ErrorReason, field: &str) {
        let name = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        assert_eq!(
            (self.code, self.reason.as_str(), self.field.as_str()),
            (code, name, field),
            "refused with {self:?}"
        );
        assert!(
            matches!(self.class.as_str(), "TRANSIENT" | "PERMANENT" | "ACTION_NEEDED"),
            "no class: {self:?}"
        );
    }

    /// The commonest one: a field that breaks its rule.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn is_invalid(&self, field: &str) {
        self.is(Code::InvalidArgument, ErrorReason::InvalidField, field);
    }
}

/// The refusal in a result that must be one.
///
/// # Panics
/// When the call succeeded, naming the case.
#[track_caller]
pub fn refused<T>(case: &str, result: Result<T, Refused>) -> Refused {
    match result {
        Ok(_) => panic!("accepted, though it must not be: {case}"),
        Err(refused) => refused,
    }
}
