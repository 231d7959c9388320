//! The admin's calls for taking members in. What joins them calls is [`super::enrolment`].

use std::sync::Arc;

use bytes::Bytes;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::invite::InviteCode;
use samverkan_proto::v1::membership_service_server::MembershipService;
use samverkan_proto::v1::{
    InviteMemberRequest, InviteMemberResponse, ListMembershipRequestsRequest, ListMembershipRequestsResponse,
    WaitingMembership, WithdrawMemberInviteRequest, WithdrawMemberInviteResponse,
};
use tonic::{Request, Response, Status};

use crate::error;
use crate::hub::Hub;
use crate::policy::may_admit;
use crate::registry::CodeHash;

pub(super) struct Members(pub(super) Arc<Hub>);

#[tonic::async_trait]
impl MembershipService for Members {
    async fn invite_member(
        &self,
        request: Request<InviteMemberRequest>,
    ) -> Result<Response<InviteMemberResponse>, Status> {
        let invited = self.invite(&request).await;
        let expires_ms = invited.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(InviteMemberResponse { expires_ms }))
    }

    async fn withdraw_member_invite(
        &self,
        request: Request<WithdrawMemberInviteRequest>,
    ) -> Result<Response<WithdrawMemberInviteResponse>, Status> {
        let withdrawn = self.withdraw(&request).await;
        withdrawn.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(WithdrawMemberInviteResponse {}))
    }

    async fn list_membership_requests(
        &self,
        request: Request<ListMembershipRequestsRequest>,
    ) -> Result<Response<ListMembershipRequestsResponse>, Status> {
        let requests = self.list(&request).map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(ListMembershipRequestsResponse { requests }))
    }
}

impl Members {
    async fn invite(&self, request: &Request<InviteMemberRequest>) -> Result<u64, Refusal> {
        let caller = self.0.caller(request)?;
        let permit = may_admit(&caller)?;
        let code = InviteCode::parse(&request.get_ref().code)?;
        let invited = self.0.store.invite_member(permit, CodeHash::of(code.expose())).await;
        invited.map_err(error::of_store)
    }

    async fn withdraw(&self, request: &Request<WithdrawMemberInviteRequest>) -> Result<(), Refusal> {
        let caller = self.0.caller(request)?;
        let permit = may_admit(&caller)?;
        let code = CodeHash::parse(&request.get_ref().code_hash)?;
        self.0.store.withdraw_member_invite(permit, code).await.map_err(error::of_store)
    }

    fn list(
        &self,
        request: &Request<ListMembershipRequestsRequest>,
    ) -> Result<Vec<WaitingMembership>, Refusal> {
        let caller = self.0.caller(request)?;
        let permit = may_admit(&caller)?;
        let registry = self.0.store.registry();
        let waiting = registry.membership_requests(&permit.org(), self.0.clock.now_ms());
        let waiting = waiting.map(|(code, request)| WaitingMembership {
            code_hash: Bytes::copy_from_slice(code.as_bytes()),
            request: Bytes::copy_from_slice(request.bytes()),
        });
        Ok(waiting.collect())
    }
}
