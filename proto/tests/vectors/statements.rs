//! Headers, receipts and their proofs, consent stubs, recalls, withdrawals, renewals, re-wraps.

use crate::{Input, Outcome, hex};
use samverkan_proto::Fault;
use samverkan_proto::statement::batch::ReceiptProof;
use samverkan_proto::statement::consent::{UnverifiedStub, commitment};
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::recall::UnverifiedRecall;
use samverkan_proto::statement::receipt::{DeviceReceipt, HubReceipt, Record, WithdrawalReceipt};
use samverkan_proto::statement::renewal::UnverifiedRenewal;
use samverkan_proto::statement::rewrap::UnverifiedRewrap;
use samverkan_proto::statement::withdrawal::UnverifiedWithdrawal;
use serde_json::{Value, json};

pub(crate) fn header(input: &Input<'_>) -> Outcome {
    let header = Header::parse(&input.bytes("header"))?;
    let groups: Vec<Vec<usize>> = header.fields().groups().map(Iterator::collect).collect();
    Ok(json!({ "hh": hex(header.hh()), "groups": groups }))
}

/// Type and reason as they stand in the bytes that the parser accepted.
fn type_and_reason(record: &impl Record) -> Value {
    let bytes = record.encode();
    json!({ "type": bytes[6], "reason": bytes[7] })
}

pub(crate) fn device_receipt(input: &Input<'_>) -> Outcome {
    Ok(type_and_reason(&DeviceReceipt::parse(&input.bytes("receipt"))?))
}

pub(crate) fn hub_receipt(input: &Input<'_>) -> Outcome {
    Ok(type_and_reason(&HubReceipt::parse(&input.bytes("receipt"))?))
}

pub(crate) fn receipt_proof(input: &Input<'_>) -> Outcome {
    let key = input.public_key()?;
    let (root, mut ok) = match ReceiptProof::parse(&input.bytes("proof"))? {
        ReceiptProof::Device(proof) => (*proof.root(), type_and_reason(proof.verify(&key)?.value())),
        ReceiptProof::Hub(proof) => (*proof.root(), type_and_reason(proof.verify(&key)?.value())),
    };
    ok["root"] = hex(&root);
    Ok(ok)
}

pub(crate) fn consent_stub(input: &Input<'_>) -> Outcome {
    let stub = UnverifiedStub::parse(&input.bytes("stub"))?.verify(&input.public_key()?)?.into_value();
    if stub.commitment != commitment(&input.array("salt"), &input.bytes("record")) {
        return Err(Fault::ConsentMismatch.in_field("consent.commitment"));
    }
    let handle = hex(stub.handle.as_bytes());
    Ok(json!({ "handle": handle, "commitment": hex(&stub.commitment), "expires_ms": stub.expires_ms }))
}

pub(crate) fn recall(input: &Input<'_>) -> Outcome {
    let recall = UnverifiedRecall::parse(&input.bytes("recall"))?.verify(&input.public_key()?)?.into_value();
    Ok(json!({ "message_id": hex(recall.message_id.as_bytes()), "time_ms": recall.time_ms }))
}

pub(crate) fn withdrawal(input: &Input<'_>) -> Outcome {
    let withdrawal = UnverifiedWithdrawal::parse(&input.bytes("withdrawal"))?;
    let withdrawal = withdrawal.verify(&input.public_key()?)?.into_value();
    let (handle, reason) = (hex(withdrawal.handle.as_bytes()), withdrawal.reason.code());
    Ok(json!({ "handle": handle, "time_ms": withdrawal.time_ms, "reason": reason }))
}

pub(crate) fn withdrawal_receipt(input: &Input<'_>) -> Outcome {
    let receipt = WithdrawalReceipt::parse(&input.bytes("receipt"))?;
    let (handle, withdrawal_hash) = (hex(receipt.handle.as_bytes()), hex(&receipt.withdrawal_hash));
    Ok(json!({ "handle": handle, "withdrawal_hash": withdrawal_hash }))
}

pub(crate) fn renewal(input: &Input<'_>) -> Outcome {
    let renewal = UnverifiedRenewal::parse(&input.bytes("renewal"))?;
    let renewal = renewal.verify(&input.public_key()?)?.into_value();
    Ok(json!({ "device": hex(renewal.device.as_bytes()), "nonce": hex(&renewal.nonce) }))
}

pub(crate) fn rewrap(input: &Input<'_>) -> Outcome {
    let rewrap = UnverifiedRewrap::parse(&input.bytes("rewrap"))?.verify(&input.public_key()?)?.into_value();
    Ok(json!({
        "message_id": hex(rewrap.message_id.as_bytes()),
        "by_device": hex(rewrap.by_device.as_bytes()),
        "to_device": hex(rewrap.to_device.as_bytes()),
        "to_epoch_key_id": hex(rewrap.to_epoch_key.as_bytes()),
    }))
}
