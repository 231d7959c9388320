//! What a device may say about messages: only in its own name.

use bytes::Bytes;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::Verified;
use samverkan_proto::statement::batch::{ProofVerifier, UnverifiedProof};
use samverkan_proto::statement::receipt::DeviceReceipt;
use samverkan_proto::v1::ErrorReason;

use crate::caller::Caller;

/// Verifies each receipt as one that the caller signed about itself.
///
/// # Errors
/// For each by itself: INVALID_FIELD for what is no receipt with a proof, RECEIPT_REFUSED for another device's or
/// one that is wrongly signed.
pub fn may_say(caller: &Caller, receipts: &[Bytes]) -> Vec<Result<Verified<DeviceReceipt>, Refusal>> {
    let mut verifier = ProofVerifier::new(caller.sign_pk());
    receipts.iter().map(|receipt| may_say_one(caller, &mut verifier, receipt)).collect()
}

fn may_say_one(
    caller: &Caller,
    verifier: &mut ProofVerifier<'_>,
    receipt: &[u8],
) -> Result<Verified<DeviceReceipt>, Refusal> {
    let proof = UnverifiedProof::<DeviceReceipt>::parse(receipt)?;
    let claimed = proof.claimed();
    if claimed.org != caller.org() || claimed.device != caller.device() {
        return Err(Refusal::new(ErrorReason::ReceiptRefused));
    }
    verifier.verify(proof).map_err(|invalid| Refusal::in_field(ErrorReason::ReceiptRefused, invalid.field))
}
