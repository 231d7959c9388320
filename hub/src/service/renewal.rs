//! A device's next certificate: nonce → statement → permit → certificate → log.

use bytes::Bytes;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::renewal::UnverifiedRenewal;
use samverkan_proto::v1::{ErrorReason, RenewCertificateRequest};
use samverkan_proto::{Fault, InvalidField};

use crate::error;
use crate::hub::Hub;
use crate::policy::renew::may_renew;
use crate::renewal::Asked;

/// Issues the next certificate of the device that signed the request, and logs it.
pub(super) async fn renew(hub: &Hub, request: &RenewCertificateRequest) -> Result<Bytes, Refusal> {
    let now_ms = hub.clock.now_ms();
    let renewal = UnverifiedRenewal::parse(&request.renewal)?;
    let stale = || Refusal::from(InvalidField::new("renewal.nonce", Fault::BadTime));
    // The cheapest check is the first: what no greeting of ours stands behind is not even looked up.
    let place = hub.renewals.place(&renewal.claimed().nonce, now_ms).ok_or_else(stale)?;
    let permit = may_renew(&*hub.registry()?, renewal, &request.certificate_request, now_ms)?;
    let (_, device) = permit.device();
    match hub.renewals.asked(&device, place, permit.statement()) {
        Asked::Again(certificate) => return Ok(certificate),
        Asked::Stale => return Err(stale()),
        Asked::New => {}
    }
    if !hub.renewals.may_issue(device) {
        return Err(Refusal::new(ErrorReason::RateLimited));
    }
    let issued = hub.authority.issue_client(permit.request(), &device, now_ms).map_err(error::of_issue)?;
    let certificate = Bytes::copy_from_slice(&issued);
    let statement = permit.statement().clone();
    hub.store.log_certificate(permit, certificate.clone()).await.map_err(error::of_store)?;
    hub.renewals.done(device, place, statement, certificate.clone(), now_ms);
    Ok(certificate)
}
