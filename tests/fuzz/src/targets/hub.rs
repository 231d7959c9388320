//! What the hub parses: requests, certificate requests, its journal and the records in it, its configuration.

use std::fmt::Debug;

use bytes::Bytes;
use prost::Message;
use samverkan_hub::ca::VerifiedRequest;
use samverkan_hub::config::Config;
use samverkan_hub::laws;
use samverkan_proto::limits::MAX_EPOCH_KEYS;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::invite::InviteCode;
use samverkan_proto::v1;
use tonic::{Code, Status};

pub(super) use samverkan_hub::laws::{clean_mark, journal_frames, journal_segment, record_head};

/// Input: `u8 which | protobuf`.
pub(super) fn requests(input: &[u8]) {
    let Some((which, bytes)) = input.split_first() else { return };
    match which % 28 {
        0 => message(bytes).into_iter().for_each(laws::submission),
        1 => message(bytes).iter().for_each(laws::invitation),
        2 => message(bytes).into_iter().for_each(enrol),
        3 => read::<v1::SubmitStreamRequest>(bytes),
        4 => read::<v1::ReceiveRequest>(bytes),
        5 => read::<v1::RegisterConsentsRequest>(bytes),
        6 => read::<v1::SyncRequest>(bytes),
        7 => read::<v1::PublishManifestRequest>(bytes),
        8 => read::<v1::PublishEpochKeysRequest>(bytes),
        9 => read::<v1::DescribeInviteRequest>(bytes),
        10 => read::<v1::ListOrganisationsRequest>(bytes),
        11 => read::<v1::ConfirmOrganisationRequest>(bytes),
        12 => read::<v1::GetUploadRequest>(bytes),
        13 => read::<v1::UploadBlobRequest>(bytes),
        14 => read::<v1::DownloadBlobRequest>(bytes),
        15 => read::<v1::GetMessageStatusRequest>(bytes),
        16 => read::<v1::SyncResponse>(bytes),
        17 => read::<v1::ReceiveResponse>(bytes),
        18 => read::<v1::HelloResponse>(bytes),
        19 => read::<v1::SubmitStreamResponse>(bytes),
        20 => read::<v1::RequestMembershipRequest>(bytes),
        21 => read::<v1::RequestMembershipResponse>(bytes),
        22 => read::<v1::InviteMemberRequest>(bytes),
        23 => read::<v1::WithdrawMemberInviteRequest>(bytes),
        24 => read::<v1::HelloRequest>(bytes),
        25 => read::<v1::ReturnLogRequest>(bytes),
        26 => read::<v1::PublishAgreementRequest>(bytes),
        _ => read::<v1::ListMembershipRequestsResponse>(bytes),
    }
}

/// A message that nothing but protobuf has a say about.
fn read<M: Message + Default + Clone + PartialEq + Debug>(bytes: &[u8]) {
    message::<M>(bytes);
}

/// A message that is read can be written, and is read the same again.
fn message<M: Message + Default + Clone + PartialEq + Debug>(bytes: &[u8]) -> Option<M> {
    let message = M::decode(Bytes::copy_from_slice(bytes)).ok()?;
    let encoded = message.encode_to_vec();
    assert_eq!(M::decode(encoded.as_slice()), Ok(message.clone()));
    assert_eq!(message.encoded_len(), encoded.len());
    Some(message)
}

/// The parts of the only request that a stranger may make, each by its parser.
fn enrol(request: v1::EnrolRequest) {
    assert_eq!(InviteCode::parse(&request.code).is_ok(), request.code.len() == InviteCode::LEN);
    certificate_request(&request.certificate_request);
    for key in request.epoch_keys.into_iter().take(MAX_EPOCH_KEYS.into()) {
        drop(EpochKey::parse(key));
    }
}

/// A certificate request that is taken is at most 8 KiB, and names its key the same each time.
pub(super) fn certificate_request(bytes: &[u8]) {
    let Ok(request) = VerifiedRequest::parse(bytes) else { return };
    assert!(bytes.len() <= 8 << 10);
    let again = VerifiedRequest::parse(bytes).map(|again| again.tls_key());
    assert_eq!(again, Ok(request.tls_key()));
}

/// A configuration that is taken is within its bounds; one that is not is explained.
pub(super) fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match Config::parse(text) {
        Ok(config) => {
            assert!(config.data_dir.is_absolute() && config.operator_socket().is_absolute());
            assert!(config.metrics_listen.is_none_or(|address| address.ip().to_canonical().is_loopback()));
            assert!((1..=3_600).contains(&config.drain().as_secs()));
            assert!((1..=1_000_000).contains(&config.max_connections));
            assert_eq!(config.server_names().len(), 1 + config.other_names.len());
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// Input: the details of a status as gRPC carries them. A refusal that a client reads out of them is one that the hub could have sent.
pub(super) fn refusal(bytes: &[u8]) {
    let status = Status::with_details(Code::Internal, "exempel", Bytes::copy_from_slice(bytes));
    let Some(refusal) = Refusal::from_status(&status) else { return };
    let field = refusal.field.as_deref().unwrap_or("-");
    assert!((1..=64).contains(&field.len()) && field.is_ascii() && !field.contains(char::is_whitespace));
    let sent = Status::from(&refusal);
    assert_eq!(Refusal::from_status(&sent), Some(refusal));
}
