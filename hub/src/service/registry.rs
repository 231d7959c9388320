//! The operator's calls. They are routed on the operator's socket alone.

mod act;
mod show;

use std::sync::Arc;

use samverkan_proto::code::{OrganisationKind, OrganisationState};
use samverkan_proto::ids::Handle;
use samverkan_proto::limits::MAX_PLACES;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::invite::{Invite, InviteCode};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1::registry_service_server::RegistryService;
use samverkan_proto::v1::{
    ActRequest, ActResponse, CheckHubRequest, CheckHubResponse, ConfirmOrganisationRequest,
    ConfirmOrganisationResponse, DescribeOperatorsRequest, DescribeOperatorsResponse, ErrorReason,
    GetOrganisationRequest, GetOrganisationResponse, InviteOrganisationRequest, InviteOrganisationResponse,
    ListOrganisationsRequest, ListOrganisationsResponse, Organisation, RemoveOrganisationRequest,
    RemoveOrganisationResponse, ResumeOrganisationRequest, ResumeOrganisationResponse,
    SuspendOrganisationRequest, SuspendOrganisationResponse,
};
use samverkan_proto::{Fault, InvalidField};
use tonic::{Request, Response, Status};

use crate::error;
use crate::hub::Hub;
use crate::registry::{self, HandleOwner, Invitation};

/// Organisations on one page, when the request does not say, and at most.
const PAGE: (usize, usize) = (100, 1000);

pub(super) struct Operator(pub(super) Arc<Hub>);

/// One line for each call: its refusals are counted, its answer is wrapped.
macro_rules! answer {
    ($self:ident, $future:expr) => {
        $future.await.map(Response::new).map_err(|refusal| $self.0.refuse(refusal))
    };
}

#[tonic::async_trait]
impl RegistryService for Operator {
    async fn invite_organisation(
        &self,
        request: Request<InviteOrganisationRequest>,
    ) -> Result<Response<InviteOrganisationResponse>, Status> {
        answer!(self, self.invite(request.into_inner()))
    }

    async fn list_organisations(
        &self,
        request: Request<ListOrganisationsRequest>,
    ) -> Result<Response<ListOrganisationsResponse>, Status> {
        let page = self.list(request.get_ref());
        page.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }

    async fn get_organisation(
        &self,
        request: Request<GetOrganisationRequest>,
    ) -> Result<Response<GetOrganisationResponse>, Status> {
        let found = parse_handle(&request.get_ref().handle).and_then(|handle| self.show(&handle));
        let organisation = found.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(GetOrganisationResponse { organisation: Some(organisation) }))
    }

    async fn confirm_organisation(
        &self,
        request: Request<ConfirmOrganisationRequest>,
    ) -> Result<Response<ConfirmOrganisationResponse>, Status> {
        answer!(self, self.confirm(request.into_inner()))
    }

    async fn suspend_organisation(
        &self,
        request: Request<SuspendOrganisationRequest>,
    ) -> Result<Response<SuspendOrganisationResponse>, Status> {
        answer!(self, self.suspend(request.into_inner()))
    }

    async fn resume_organisation(
        &self,
        request: Request<ResumeOrganisationRequest>,
    ) -> Result<Response<ResumeOrganisationResponse>, Status> {
        answer!(self, self.resume(request.into_inner()))
    }

    async fn remove_organisation(
        &self,
        request: Request<RemoveOrganisationRequest>,
    ) -> Result<Response<RemoveOrganisationResponse>, Status> {
        answer!(self, self.remove(request.into_inner()))
    }

    async fn describe_operators(
        &self,
        _: Request<DescribeOperatorsRequest>,
    ) -> Result<Response<DescribeOperatorsResponse>, Status> {
        Ok(Response::new(self.operators()))
    }

    async fn act(&self, request: Request<ActRequest>) -> Result<Response<ActResponse>, Status> {
        answer!(self, self.act_signed(request.into_inner()))
    }

    async fn check_hub(&self, _: Request<CheckHubRequest>) -> Result<Response<CheckHubResponse>, Status> {
        Ok(Response::new(self.check()))
    }
}

impl Operator {
    async fn invite(
        &self,
        request: InviteOrganisationRequest,
    ) -> Result<InviteOrganisationResponse, Refusal> {
        let (code, expires_ms) =
            self.0.store.invite(parse_invitation(&request)?).await.map_err(error::of_store)?;
        Ok(InviteOrganisationResponse { invite: self.invite_line(&code)?, expires_ms })
    }

    /// The one line that an organisation gets.
    fn invite_line(&self, code: &[u8; 16]) -> Result<String, Refusal> {
        let invite = Invite::new(self.0.keys.pin(), InviteCode::parse(code)?, self.0.address.clone());
        Ok(invite.encode().to_string())
    }

    fn list(&self, request: &ListOrganisationsRequest) -> Result<ListOrganisationsResponse, Refusal> {
        let size = match usize::try_from(request.page_size) {
            Ok(0) => PAGE.0,
            Ok(size) => size.min(PAGE.1),
            Err(_) => return Err(Fault::CountOutOfRange.in_field("page_size").into()),
        };
        // A token is the handle that the page before ended with; any handle is one, so none can be forged.
        let after = match request.page_token.as_str() {
            "" => None,
            token => {
                Some(token.parse::<Handle>().map_err(|_| InvalidField::new("page_token", Fault::BadText))?)
            }
        };
        let registry = self.0.store.registry();
        let mut rest = registry.handles_after(after.as_ref());
        let page: Vec<(&Handle, HandleOwner)> = rest.by_ref().take(size).collect();
        let next_page_token = match (rest.next(), page.last()) {
            (Some(_), Some((last, _))) => last.to_string(),
            (Some(_) | None, _) => String::new(),
        };
        let organisations = page.iter().filter_map(|(_, owner)| show::owner(&registry, *owner)).collect();
        Ok(ListOrganisationsResponse { organisations, next_page_token })
    }

    fn show(&self, handle: &Handle) -> Result<Organisation, Refusal> {
        let registry = self.0.store.registry();
        let owner = registry.handle_owner(handle);
        owner
            .and_then(|owner| show::owner(&registry, owner))
            .ok_or(Refusal::new(ErrorReason::OrganisationUnknown))
    }

    async fn confirm(
        &self,
        request: ConfirmOrganisationRequest,
    ) -> Result<ConfirmOrganisationResponse, Refusal> {
        let handle = parse_handle(&request.handle)?;
        let given: SafetyNumber = request.safety_number.parse()?;
        let organisation = self.joined(&handle)?;
        if given != SafetyNumber::of_root(&organisation.manifest().fields().root_pk) {
            return Err(Refusal::new(ErrorReason::SafetyNumberWrong));
        }
        match organisation.state() {
            OrganisationState::Pending | OrganisationState::Active => {}
            OrganisationState::Invited | OrganisationState::Suspended | OrganisationState::Removed => {
                return Err(Refusal::new(ErrorReason::StateConflict));
            }
        }
        self.move_to(&organisation, OrganisationState::Active).await?;
        Ok(ConfirmOrganisationResponse { organisation: Some(self.show(&handle)?) })
    }

    async fn suspend(
        &self,
        request: SuspendOrganisationRequest,
    ) -> Result<SuspendOrganisationResponse, Refusal> {
        let handle = parse_handle(&request.handle)?;
        let organisation = self.joined(&handle)?;
        self.move_to(&organisation, OrganisationState::Suspended).await?;
        Ok(SuspendOrganisationResponse { organisation: Some(self.show(&handle)?) })
    }

    async fn resume(
        &self,
        request: ResumeOrganisationRequest,
    ) -> Result<ResumeOrganisationResponse, Refusal> {
        let handle = parse_handle(&request.handle)?;
        let organisation = self.joined(&handle)?;
        if organisation.state() == OrganisationState::Removed {
            return Err(Refusal::new(ErrorReason::StateConflict));
        }
        self.move_to(&organisation, organisation.resumes_to()).await?;
        Ok(ResumeOrganisationResponse { organisation: Some(self.show(&handle)?) })
    }

    async fn remove(
        &self,
        request: RemoveOrganisationRequest,
    ) -> Result<RemoveOrganisationResponse, Refusal> {
        let handle = parse_handle(&request.handle)?;
        if let Some(HandleOwner::Invite(_)) = self.0.store.registry().handle_owner(&handle) {
            self.0.store.withdraw_invite(handle).await.map_err(error::of_store)?;
            return Ok(RemoveOrganisationResponse { organisation: None });
        }
        let organisation = self.joined(&handle)?;
        self.move_to(&organisation, OrganisationState::Removed).await?;
        Ok(RemoveOrganisationResponse { organisation: Some(self.show(&handle)?) })
    }

    /// The organisation with this handle, which an open invite is not yet.
    fn joined(&self, handle: &Handle) -> Result<Arc<registry::Organisation>, Refusal> {
        let registry = self.0.store.registry();
        match registry.handle_owner(handle) {
            Some(HandleOwner::Organisation(_)) => {
                registry.by_handle(handle).map(Arc::clone).ok_or(Refusal::new(ErrorReason::Internal))
            }
            Some(HandleOwner::Invite(_)) => Err(Refusal::new(ErrorReason::StateConflict)),
            None => Err(Refusal::new(ErrorReason::OrganisationUnknown)),
        }
    }

    async fn move_to(
        &self,
        organisation: &registry::Organisation,
        state: OrganisationState,
    ) -> Result<(), Refusal> {
        self.0.store.set_state(organisation.id(), state).await.map_err(error::of_store)?;
        tracing::info!(state = state.name(), "an organisation's state was set");
        Ok(())
    }

    fn check(&self) -> CheckHubResponse {
        let registry = self.0.store.registry();
        // A store that can not even count has failed, whether its writer has met that or not.
        let stats = self.0.store.stats();
        let failed = stats.is_err() || *self.0.store.failed().borrow();
        let stats = stats.unwrap_or_default();
        CheckHubResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_ms: self.0.started_ms,
            organisations: registry.organisation_count() as u64,
            log_size: registry.log().size(),
            missing_leaves: stats.missing_leaves,
            log_diverged: stats.log_diverged,
            server_certificate_expires_ms: self.0.tls.not_after_ms(),
            storage_failed: failed,
            stored_messages: stats.messages,
            stored_bytes: stats.record_bytes.saturating_add(stats.attachment_bytes),
            damaged_records: stats.damaged,
            waiting_deliveries: stats.waiting,
            free_bytes: stats.free_bytes,
            operators: registry.operators().iter().count() as u64,
            reserved_bytes: stats.reserved_bytes,
        }
    }
}

fn parse_handle(text: &str) -> Result<Handle, Refusal> {
    Ok(text.parse()?)
}

pub(crate) fn parse_invitation(request: &InviteOrganisationRequest) -> Result<Invitation, InvalidField> {
    Ok(Invitation {
        handle: request.handle.parse()?,
        name: request.name.parse()?,
        number: request.organisation_number.parse()?,
        kind: OrganisationKind::try_from(request.kind)?,
        municipalities: parse_list(&request.municipalities, "municipalities")?,
        services: parse_list(&request.services, "services")?,
    })
}

/// Parses a list and brings it into the directory's order.
fn parse_list<T>(texts: &[String], field: &'static str) -> Result<Vec<T>, InvalidField>
where
    T: std::str::FromStr<Err = InvalidField> + Ord,
{
    if texts.len() > MAX_PLACES.into() {
        return Err(Fault::CountOutOfRange.in_field(field));
    }
    let mut list = texts.iter().map(|text| text.parse()).collect::<Result<Vec<T>, _>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}
