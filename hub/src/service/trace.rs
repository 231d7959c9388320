//! The lines that a call leaves in the log.
//!
//! Everything that is logged while a call is served carries `request`, a random number that means nothing outside
//! the log, and `method`; once a message is known also `message_id`, which is random as well. Nothing here names an
//! organisation, a device or an address.

use std::time::Duration;

use http::Response;
use samverkan_proto::ids::MessageId;
use samverkan_proto::reason::{self, Refusal};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tracing::field::{Empty, display};
use tracing::{Instrument as _, Span};

/// Every call of the contract. What else a peer asks for is not repeated.
const METHODS: &[&str] = &[
    "/samverkan.v1.ConsentService/RegisterConsents",
    "/samverkan.v1.ConsentService/WithdrawConsent",
    "/samverkan.v1.DirectoryService/PublishEpochKeys",
    "/samverkan.v1.DirectoryService/ReturnLog",
    "/samverkan.v1.DirectoryService/PublishManifest",
    "/samverkan.v1.DirectoryService/PublishAgreement",
    "/samverkan.v1.DirectoryService/Sync",
    "/samverkan.v1.EnrolmentService/DescribeInvite",
    "/samverkan.v1.EnrolmentService/DescribeRecovery",
    "/samverkan.v1.EnrolmentService/Enrol",
    "/samverkan.v1.EnrolmentService/Hello",
    "/samverkan.v1.EnrolmentService/Recover",
    "/samverkan.v1.EnrolmentService/RenewCertificate",
    "/samverkan.v1.EnrolmentService/RequestMembership",
    "/samverkan.v1.MembershipService/InviteMember",
    "/samverkan.v1.MembershipService/ListMembershipRequests",
    "/samverkan.v1.MembershipService/WithdrawMemberInvite",
    "/samverkan.v1.RegistryService/Act",
    "/samverkan.v1.RegistryService/CheckHub",
    "/samverkan.v1.RegistryService/ConfirmOrganisation",
    "/samverkan.v1.RegistryService/DescribeOperators",
    "/samverkan.v1.RegistryService/GetOrganisation",
    "/samverkan.v1.RegistryService/InviteOrganisation",
    "/samverkan.v1.RegistryService/ListOrganisations",
    "/samverkan.v1.RegistryService/RemoveOrganisation",
    "/samverkan.v1.RegistryService/ResumeOrganisation",
    "/samverkan.v1.RegistryService/SuspendOrganisation",
    "/samverkan.v1.RelayService/DownloadBlob",
    "/samverkan.v1.RelayService/GetMessageStatus",
    "/samverkan.v1.RelayService/GetUpload",
    "/samverkan.v1.RelayService/Recall",
    "/samverkan.v1.RelayService/Receive",
    "/samverkan.v1.RelayService/Rewrap",
    "/samverkan.v1.RelayService/Submit",
    "/samverkan.v1.RelayService/SubmitStream",
    "/samverkan.v1.RelayService/UploadBlob",
    "/grpc.health.v1.Health/Check",
];

/// What everything that is logged during a call stands under.
pub(super) fn span(path: &str) -> Span {
    let (request, _) = uuid::Uuid::new_v4().as_u64_pair();
    let request = format!("{request:016x}");
    tracing::info_span!("call", request, method = method(path), message_id = Empty)
}

/// The message that the call is about.
pub(super) fn about(id: &MessageId) {
    Span::current().record("message_id", display(id));
}

/// A call is answered, or its stream has begun.
pub(super) fn answered<B>(answer: &Response<B>, took: Duration) {
    let status = Status::from_header_map(answer.headers());
    let code = status.as_ref().map_or(Code::Ok, Status::code);
    let refusal = status.as_ref().and_then(Refusal::from_status);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if !answer.status().is_success() {
        return tracing::info!(http = answer.status().as_u16(), ms, "no call");
    }
    match refusal {
        Some(refusal) => tracing::info!(?code, reason = reason::name(refusal.reason), ms, "refused"),
        None => tracing::info!(?code, ms, "answered"),
    }
}

/// Serves a stream beside the call that began it, until it is done or its connection is cut.
pub(super) fn serve_stream(cut: CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
    let served = async move {
        if cut.run_until_cancelled_owned(work).await.is_none() {
            tracing::info!("stream cut");
        }
    };
    tokio::spawn(served.in_current_span());
}

/// A stream has ended: by itself, or with a refusal.
pub(super) fn ended(refusal: Option<&Refusal>) {
    match refusal {
        Some(refusal) => tracing::info!(reason = reason::name(refusal.reason), "stream ended"),
        None => tracing::info!("stream ended"),
    }
}

/// `RelayService/Submit` for `/samverkan.v1.RelayService/Submit`.
fn method(path: &str) -> &'static str {
    let known = METHODS.iter().find(|known| **known == path);
    known.map_or("unknown", |known| known.rsplit_once("v1.").map_or(known, |(_, method)| method))
}

#[cfg(test)]
mod tests {
    use super::super::gate::tests::calls;
    use super::*;

    #[test]
    fn every_call_of_the_contract_is_named_and_nothing_else_is_repeated() {
        let mut contract: Vec<String> = calls().into_iter().map(|(path, _)| path).collect();
        contract.push("/grpc.health.v1.Health/Check".to_owned());
        contract.sort();
        let mut named = METHODS.to_vec();
        named.sort();
        assert_eq!(named, contract);
        assert_eq!(method("/samverkan.v1.RelayService/Submit"), "RelayService/Submit");
        assert_eq!(method("/grpc.health.v1.Health/Check"), "Health/Check");
        assert_eq!(method("/samverkan.v1.RelayService/ExempelExempelsson"), "unknown");
    }
}
