//! Consents: random handles, when they end, and whether they were withdrawn.

use std::sync::Arc;

use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::consent_service_server::ConsentService;
use samverkan_proto::v1::{
    RegisterConsentsRequest, RegisterConsentsResponse, WithdrawConsentRequest, WithdrawConsentResponse,
};
use tonic::{Request, Response, Status};

use crate::error;
use crate::hub::Hub;
use crate::policy::publish::may_register_consents;
use crate::policy::takeback::may_withdraw;

pub(super) struct Consents(pub(super) Arc<Hub>);

#[tonic::async_trait]
impl ConsentService for Consents {
    async fn register_consents(
        &self,
        request: Request<RegisterConsentsRequest>,
    ) -> Result<Response<RegisterConsentsResponse>, Status> {
        let registered = self.register(&request).await;
        registered.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(RegisterConsentsResponse {}))
    }

    async fn withdraw_consent(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<WithdrawConsentResponse>, Status> {
        let receipt = self.withdraw(&request).await;
        let receipt = receipt.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(WithdrawConsentResponse { receipt: receipt.into() }))
    }
}

impl Consents {
    async fn register(&self, request: &Request<RegisterConsentsRequest>) -> Result<(), Refusal> {
        let caller = self.0.caller(request)?;
        let stubs = may_register_consents(&caller, &request.get_ref().stubs)?;
        self.0.store.register_consents(stubs).await.map_err(error::of_store)
    }
    async fn withdraw(&self, request: &Request<WithdrawConsentRequest>) -> Result<Vec<u8>, Refusal> {
        let permit = may_withdraw(&self.0.caller(request)?, &request.get_ref().withdrawal)?;
        self.0.store.withdraw_consent(permit).await.map_err(error::of_store)
    }
}
