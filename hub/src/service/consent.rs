//! Consents: random handles and when they end.

use std::sync::Arc;

use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::consent_service_server::ConsentService;
use samverkan_proto::v1::{RegisterConsentsRequest, RegisterConsentsResponse};
use tonic::{Request, Response, Status};

use crate::error;
use crate::hub::Hub;
use crate::policy::publish::may_register_consents;

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
}

impl Consents {
    async fn register(&self, request: &Request<RegisterConsentsRequest>) -> Result<(), Refusal> {
        let caller = self.0.caller(request)?;
        let stubs = may_register_consents(&caller, &request.get_ref().stubs)?;
        self.0.store.register_consents(stubs).await.map_err(error::of_store)
    }
}
