//! The calls: caller → parse → permit → store → reply, one screen each.
//!
//! * [`enrolment`]: greeting and joining, for anybody; [`renewal`]: a device's next certificate; [`recovery`]: a new beginning with the kit.
//! * [`membership`]: how admins take further devices in.
//! * [`directory`]: the log, manifests and epoch keys; [`returning`]: what a restored hub takes back of it.
//! * [`relay`]: the messages themselves; [`consent`]: handles that they may name.
//! * [`registry`]: the operator's calls, on the operator's socket.
//! * [`gate`]: what stands before them all; [`form`]: what it reads of a request; [`trace`]: the lines they leave in the log.

mod consent;
mod directory;
mod enrolment;
mod form;
mod gate;
pub(crate) mod laws;
mod membership;
mod recovery;
mod registry;
mod relay;
mod renewal;
pub(crate) mod returning;
mod trace;

pub(crate) use registry::parse_invitation;

use std::sync::Arc;

use samverkan_proto::limits::MAX_GRPC_MESSAGE;
use samverkan_proto::v1::consent_service_server::ConsentServiceServer;
use samverkan_proto::v1::directory_service_server::DirectoryServiceServer;
use samverkan_proto::v1::enrolment_service_server::EnrolmentServiceServer;
use samverkan_proto::v1::membership_service_server::MembershipServiceServer;
use samverkan_proto::v1::registry_service_server::RegistryServiceServer;
use samverkan_proto::v1::relay_service_server::RelayServiceServer;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::HealthService;

use crate::hub::Hub;

/// The services on the public port.
pub(crate) fn public(hub: &Arc<Hub>, health: HealthServer<HealthService>) -> Routes {
    let enrolment = EnrolmentServiceServer::new(enrolment::Enrolment(Arc::clone(hub)))
        .max_decoding_message_size(MAX_GRPC_MESSAGE)
        .max_encoding_message_size(MAX_GRPC_MESSAGE);
    let directory = DirectoryServiceServer::new(directory::Directory(Arc::clone(hub)))
        .max_decoding_message_size(MAX_GRPC_MESSAGE)
        .max_encoding_message_size(MAX_GRPC_MESSAGE);
    let relay = RelayServiceServer::new(relay::Relay(Arc::clone(hub)))
        .max_decoding_message_size(MAX_GRPC_MESSAGE)
        .max_encoding_message_size(MAX_GRPC_MESSAGE);
    let consents = ConsentServiceServer::new(consent::Consents(Arc::clone(hub)))
        .max_decoding_message_size(MAX_GRPC_MESSAGE)
        .max_encoding_message_size(MAX_GRPC_MESSAGE);
    let routes = Routes::new(health).add_service(enrolment).add_service(directory);
    let members = MembershipServiceServer::new(membership::Members(Arc::clone(hub)))
        .max_decoding_message_size(MAX_GRPC_MESSAGE)
        .max_encoding_message_size(MAX_GRPC_MESSAGE);
    gate::guarded(routes.add_service(relay).add_service(members).add_service(consents), &hub.metrics)
}

/// The services on the operator's socket.
pub(crate) fn operator(hub: &Arc<Hub>, health: HealthServer<HealthService>) -> Routes {
    let registry = RegistryServiceServer::new(registry::Operator(Arc::clone(hub)));
    gate::guarded(Routes::new(health).add_service(registry), &hub.metrics)
}
