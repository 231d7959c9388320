//! Greeting, joining and renewing: the calls that need no client certificate.

use std::sync::Arc;

use bytes::Bytes;
use samverkan_proto::ids::HubName;
use samverkan_proto::limits::MAX_EPOCH_KEYS;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::invite::InviteCode;
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::statement::member::UnverifiedMembership;
use samverkan_proto::v1::enrolment_service_server::EnrolmentService;
use samverkan_proto::v1::{
    DescribeInviteRequest, DescribeInviteResponse, DescribeRecoveryRequest, DescribeRecoveryResponse,
    EnrolRequest, EnrolResponse, ErrorReason, HelloRequest, HelloResponse, RecoverRequest, RecoverResponse,
    RenewCertificateRequest, RenewCertificateResponse, RequestMembershipRequest, RequestMembershipResponse,
};
use samverkan_proto::{Fault, InvalidField};
use tonic::{Request, Response, Status};

use super::{recovery, renewal, returning};
use crate::ca::VerifiedRequest;
use crate::error;
use crate::hub::Hub;
use crate::policy::publish::manifest_refused;
use crate::policy::renew::standing;
use crate::registry::{Admission, CodeHash, Invite, VerifiedEpochKeys};
use crate::server::PeerAddress;
use crate::store;

/// The version of the protocol that this hub speaks, the only one there is.
const PROTOCOL: u32 = 1;

pub(super) struct Enrolment(pub(super) Arc<Hub>);

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloResponse>, Status> {
        let hub = &self.0;
        returning::heed(hub, &request).await.map_err(|refusal| hub.refuse(refusal))?;
        let name: &HubName = &hub.name;
        let checkpoint = hub.store.fresh_checkpoint().await.map(|signed| signed.note().clone());
        Ok(Response::new(HelloResponse {
            protocol_min: PROTOCOL,
            protocol_max: PROTOCOL,
            ca_certificate: hub.keys.ca_certificate.clone(),
            log_public_key: Bytes::copy_from_slice(hub.keys.log_key.as_bytes()),
            receipt_public_key: Bytes::copy_from_slice(hub.keys.receipt_key.as_bytes()),
            // The hub's own keys are logged before it serves, so there always is one.
            checkpoint: checkpoint.unwrap_or_default(),
            hub_time_ms: hub.clock.now_ms(),
            hub_name: name.to_string(),
            test_hub: hub.test_hub,
            renewal_nonce: Bytes::copy_from_slice(&hub.renewals.nonce(hub.clock.now_ms())),
        }))
    }

    async fn describe_invite(
        &self,
        request: Request<DescribeInviteRequest>,
    ) -> Result<Response<DescribeInviteResponse>, Status> {
        self.may_try(&request).map_err(|refusal| self.0.refuse(refusal))?;
        match self.open_invite(&request.get_ref().code) {
            Ok(invite) => Ok(Response::new(description(&invite))),
            Err(refusal) => Err(self.failed(&request, refusal)),
        }
    }

    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        self.may_try(&request).map_err(|refusal| self.0.refuse(refusal))?;
        match self.join(request.get_ref()).await {
            Ok(certificate) => Ok(Response::new(EnrolResponse { certificate })),
            Err(refusal) => Err(self.failed(&request, refusal)),
        }
    }

    async fn renew_certificate(
        &self,
        request: Request<RenewCertificateRequest>,
    ) -> Result<Response<RenewCertificateResponse>, Status> {
        let renewed = renewal::renew(&self.0, request.get_ref()).await;
        let certificate = renewed.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(RenewCertificateResponse { certificate }))
    }

    async fn request_membership(
        &self,
        request: Request<RequestMembershipRequest>,
    ) -> Result<Response<RequestMembershipResponse>, Status> {
        self.may_try(&request).map_err(|refusal| self.0.refuse(refusal))?;
        match self.admit(request.get_ref()).await {
            Ok(answer) => Ok(Response::new(answer)),
            Err(refusal) => Err(self.failed(&request, refusal)),
        }
    }

    async fn describe_recovery(
        &self,
        request: Request<DescribeRecoveryRequest>,
    ) -> Result<Response<DescribeRecoveryResponse>, Status> {
        self.may_try(&request).map_err(|refusal| self.0.refuse(refusal))?;
        // Whoever names an organisation is shown its newest manifest: often enough to begin anew, too seldom to follow anybody.
        if let Some(PeerAddress(address)) = request.extensions().get() {
            if !self.0.descriptions.may_try(*address) {
                return Err(self.0.refuse(Refusal::new(ErrorReason::RateLimited)));
            }
            self.0.descriptions.count(*address);
        }
        let described = recovery::describe(&self.0, request.get_ref()).await;
        described.map(Response::new).map_err(|refusal| self.failed(&request, refusal))
    }

    async fn recover(&self, request: Request<RecoverRequest>) -> Result<Response<RecoverResponse>, Status> {
        self.may_try(&request).map_err(|refusal| self.0.refuse(refusal))?;
        match recovery::recover(&self.0, request.get_ref()).await {
            Ok(certificate) => Ok(Response::new(RecoverResponse { certificate })),
            Err(refusal) => Err(self.failed(&request, refusal)),
        }
    }
}

impl Enrolment {
    /// Whether the address behind a request has not guessed at too many codes.
    fn may_try<T>(&self, request: &Request<T>) -> Result<(), Refusal> {
        match request.extensions().get() {
            Some(PeerAddress(address)) if !self.0.join_failures.may_try(*address) => {
                Err(Refusal::new(ErrorReason::RateLimited))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts a refusal; a code or an organisation that is none also counts against the address it came from, and so does a manifest
    /// that the root has not signed.
    fn failed<T>(&self, request: &Request<T>, refusal: Refusal) -> Status {
        let guessed = matches!(
            refusal.reason,
            ErrorReason::InviteInvalid | ErrorReason::OrganisationUnknown | ErrorReason::ManifestRefused
        );
        if let (true, Some(PeerAddress(address))) = (guessed, request.extensions().get()) {
            self.0.join_failures.count(*address);
        }
        self.0.refuse(refusal)
    }

    fn open_invite(&self, code: &[u8]) -> Result<Arc<Invite>, Refusal> {
        let code = InviteCode::parse(code)?;
        let registry = self.0.registry()?;
        registry
            .invite(&CodeHash::of(code.expose()))
            .filter(|invite| self.0.clock.now_ms() < invite.expires_ms)
            .map(Arc::clone)
            .ok_or(Refusal::new(ErrorReason::InviteInvalid))
    }

    async fn join(&self, request: &EnrolRequest) -> Result<Bytes, Refusal> {
        let code = InviteCode::parse(&request.code)?;
        let hash = CodeHash::of(code.expose());
        // Whether the code works is the first thing to know; the store asks again when it uses it up.
        if self.0.registry()?.used_invite(&hash).is_none() {
            self.open_invite(&request.code)?;
        }
        let manifest = SignedManifest::parse(request.signed_manifest.clone())?
            .verify_first()
            .map_err(manifest_refused)?;
        let certificate_request =
            VerifiedRequest::parse(&request.certificate_request).map_err(error::of_request)?;
        let org = manifest.manifest().org_id();
        let device = manifest
            .manifest()
            .device_by_tls_key(&certificate_request.tls_key())
            .ok_or(InvalidField::new("certificate_request", Fault::UnknownDevice))?;
        let epoch_keys = VerifiedEpochKeys::verify(org, device.sign_pk(), parse_keys(&request.epoch_keys)?)?;
        let certificate = self
            .0
            .authority
            .issue_client(&certificate_request, &device.id(), self.0.clock.now_ms())
            .map_err(error::of_issue)?;
        let enrolment = store::Enrolment {
            code: *code.expose(),
            certificate: Bytes::copy_from_slice(&certificate),
            manifest,
            epoch_keys,
        };
        self.0.store.enrol(enrolment).await.map_err(error::of_store)
    }
}

impl Enrolment {
    /// Keeps a request for membership, or answers it once an admin has.
    async fn admit(&self, request: &RequestMembershipRequest) -> Result<RequestMembershipResponse, Refusal> {
        let code = CodeHash::of(InviteCode::parse(&request.code)?.expose());
        let membership = UnverifiedMembership::parse(&request.request)?;
        let (claimed, now_ms) = (*membership.claimed(), self.0.clock.now_ms());
        let registry = self.0.registry()?;
        // Whether the code works is the first thing to know; the store asks again.
        let admission = registry
            .admission(&code, &membership, now_ms)
            .map_err(|refused| error::of_store(refused.into()))?;
        let certificate_request =
            VerifiedRequest::parse(&request.certificate_request).map_err(error::of_request)?;
        if certificate_request.tls_key() != claimed.tls_key {
            return Err(InvalidField::new("certificate_request", Fault::UnknownDevice).into());
        }
        let certificate = match admission {
            Admission::Named => {
                standing(&registry, claimed.org, claimed.device_id(), now_ms).map_err(Refusal::new)?;
                let issued =
                    self.0.authority.issue_client(&certificate_request, &claimed.device_id(), now_ms);
                Some(Bytes::copy_from_slice(&issued.map_err(error::of_issue)?))
            }
            Admission::New | Admission::Waiting | Admission::Issued(_) => None,
        };
        let admitted = self.0.store.request_membership(code, membership, certificate).await;
        let certificate = admitted.map_err(error::of_store)?.unwrap_or_default();
        let invite = registry.member_invite(&claimed.org, &code);
        let organisation = registry.organisation(&claimed.org).ok_or(ErrorReason::InviteInvalid);
        let entry = organisation.map_err(Refusal::new)?.entry().fields();
        Ok(RequestMembershipResponse {
            certificate,
            handle: entry.handle.to_string(),
            organisation_name: entry.name.to_string(),
            expires_ms: invite.map_or(0, |invite| invite.expires_ms),
        })
    }
}

pub(super) fn parse_keys(keys: &[Bytes]) -> Result<Vec<EpochKey>, InvalidField> {
    if keys.len() > MAX_EPOCH_KEYS.into() {
        return Err(Fault::CountOutOfRange.in_field("epoch_keys"));
    }
    keys.iter().cloned().map(EpochKey::parse).collect()
}

fn description(invite: &Invite) -> DescribeInviteResponse {
    let told = &invite.invitation;
    DescribeInviteResponse {
        handle: told.handle.to_string(),
        organisation_name: told.name.to_string(),
        organisation_number: told.number.to_string(),
        organisation_kind: told.kind.code().into(),
        municipalities: told.municipalities.iter().map(ToString::to_string).collect(),
        services: told.services.iter().map(ToString::to_string).collect(),
        expires_ms: invite.expires_ms,
    }
}
