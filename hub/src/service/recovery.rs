//! An organisation begins anew with its recovery kit: manifest → permit → certificate → log.

use bytes::Bytes;
use samverkan_proto::ids::OrgId;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::v1::{DescribeRecoveryRequest, DescribeRecoveryResponse, ErrorReason, RecoverRequest};

use super::enrolment::parse_keys;
use crate::ca::VerifiedRequest;
use crate::error;
use crate::hub::Hub;
use crate::policy::recover::may_recover;

/// The newest manifest of an organisation. No person stands in it, and the id can not be guessed.
pub(super) async fn describe(
    hub: &Hub,
    request: &DescribeRecoveryRequest,
) -> Result<DescribeRecoveryResponse, Refusal> {
    let org = OrgId::parse(&request.org_id)?;
    let (leaf, name) = {
        let registry = hub.registry()?;
        let organisation =
            registry.organisation(&org).ok_or(Refusal::new(ErrorReason::OrganisationUnknown))?;
        (organisation.manifest_leaf(), organisation.entry().fields().name.to_string())
    };
    let mut entries = hub.store.log_entries(leaf).await.map_err(error::of_store)?;
    if entries.is_empty() {
        return Err(Refusal::new(ErrorReason::RecordDamaged));
    }
    Ok(DescribeRecoveryResponse { signed_manifest: entries.swap_remove(0).record, organisation_name: name })
}

/// Registers a manifest that the root has signed, and issues the certificate of its device.
pub(super) async fn recover(hub: &Hub, request: &RecoverRequest) -> Result<Bytes, Refusal> {
    let signed = SignedManifest::parse(request.signed_manifest.clone())?;
    let certificate_request =
        VerifiedRequest::parse(&request.certificate_request).map_err(error::of_request)?;
    let keys = parse_keys(&request.epoch_keys)?;
    let permit = may_recover(&*hub.registry()?, signed, &certificate_request, keys)?;
    let (org, device) = permit.device();
    if !hub.budgets.recoveries.take(org) || !hub.renewals.may_issue(device) {
        return Err(Refusal::new(ErrorReason::RateLimited));
    }
    let issued = hub
        .authority
        .issue_client(&certificate_request, &device, hub.clock.now_ms())
        .map_err(error::of_issue)?;
    let certificate = Bytes::copy_from_slice(&issued);
    hub.store.recover(permit, certificate.clone()).await.map_err(error::of_store)?;
    // Whoever runs the hub hears of it too: it happens once in years, or a thief is at work.
    tracing::warn!(
        "an organisation was recovered with its kit; compare its safety number over the telephone"
    );
    Ok(certificate)
}
