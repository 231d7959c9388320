//! Manifests, epoch keys, the log, invites, requests for membership and case references.

use crate::{Input, Outcome, hex};
use samverkan_proto::ids::{OperatorId, ThreadId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::agreement::SignedAgreement;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::statement::log::{self, Checkpoint, Leaf, LogTree, TreeHead};
use samverkan_proto::statement::manifest::{Manifest, SignedManifest};
use samverkan_proto::statement::member::{MemberInvite, MemberSecret, UnverifiedMembership};
use samverkan_proto::statement::operator::SignedAction;
use samverkan_proto::statement::safety::{CaseReference, SafetyNumber};
use serde_json::{Value, json};

pub(crate) fn manifest(input: &Input<'_>) -> Outcome {
    let signed = SignedManifest::parse(input.bytes("signed_manifest").into())?;
    let verified = if input.has("previous") {
        signed.verify_after(&Manifest::parse(input.bytes("previous").into())?)?
    } else {
        signed.verify_first()?
    };
    let manifest = verified.manifest();
    let admins: Vec<Value> = manifest.admins().map(|admin| hex(admin.id().as_bytes())).collect();
    Ok(json!({
        "org_id": hex(manifest.org_id().as_bytes()),
        "serial": manifest.serial(),
        "hash": hex(manifest.hash()),
        "admins": admins,
        "safety_number": SafetyNumber::of_root(&manifest.fields().root_pk).to_string(),
    }))
}

pub(crate) fn epoch_key(input: &Input<'_>) -> Outcome {
    let key = EpochKey::parse(input.bytes("epoch_key").into())?;
    key.verify(&input.public_key()?)?;
    Ok(json!({ "epoch": key.epoch().number(), "epoch_key_id": hex(key.id().as_bytes()) }))
}

pub(crate) fn checkpoint(input: &Input<'_>) -> Outcome {
    let hub = input.text("hub_name").parse()?;
    let checkpoint = Checkpoint::verify(input.bytes("note").into(), &hub, &input.public_key()?)?;
    let head = checkpoint.head();
    let mut found = json!({ "size": head.size, "root": hex(&head.root) });
    if let Some(cosigned_ms) = checkpoint.cosigned_ms() {
        found["time"] = (cosigned_ms / 1000).into();
    }
    Ok(found)
}

pub(crate) fn log_leaf(input: &Input<'_>) -> Outcome {
    let data = input.bytes("leaf");
    let leaf = Leaf::parse(&data)?;
    leaf.open(&input.bytes("record").into())?;
    let mut tree = LogTree::new();
    tree.append(&data);
    // The root over one leaf is the leaf's hash.
    Ok(json!({ "type": leaf.leaf_type().code(), "leaf_hash": hex(&tree.head().root) }))
}

pub(crate) fn log_proof(input: &Input<'_>) -> Outcome {
    let head = TreeHead { size: input.number("size"), root: input.array("root") };
    let path = input.hashes("path");
    if input.has("leaf") {
        log::verify_inclusion(&head, input.number("index"), &input.bytes("leaf"), &path)?;
    } else {
        let old = TreeHead { size: input.number("old_size"), root: input.array("old_root") };
        log::verify_consistency(&old, &head, &path)?;
    }
    Ok(json!({}))
}

pub(crate) fn operator_action(input: &Input<'_>) -> Outcome {
    let action = SignedAction::parse(input.bytes("action").into())?;
    let keys: Vec<PublicKey> = input
        .hashes("operators")
        .iter()
        .map(|key| PublicKey::parse(key, "operators"))
        .collect::<Result<_, _>>()?;
    let key_of = |id: &OperatorId| keys.iter().copied().find(|key| OperatorId::of_key(key.as_bytes()) == *id);
    action.verify(&input.array("pin"), key_of)?;
    let signers: Vec<Value> = action.signatures().iter().map(|one| hex(one.operator.as_bytes())).collect();
    Ok(json!({
        "type": action.statement().deed.action_type().code(),
        "statement": hex(&action.statement().hash()),
        "operators": signers,
    }))
}

pub(crate) fn agreement(input: &Input<'_>) -> Outcome {
    let signed = SignedAgreement::parse(input.bytes("agreement").into())?;
    let sender = Manifest::parse(input.bytes("sender_manifest").into())?;
    let recipient = Manifest::parse(input.bytes("recipient_manifest").into())?;
    signed.verify([&sender, &recipient])?;
    Ok(json!({
        "type": signed.fields().provision.agreement_type().code(),
        "version": signed.fields().version,
        "hash": hex(&signed.agreement().hash()),
    }))
}

pub(crate) fn invite(input: &Input<'_>) -> Outcome {
    let invite = Invite::parse(input.text("invite"))?;
    Ok(json!({
        "pin": hex(invite.pin()),
        "code": hex(invite.code().expose()),
        "address": invite.address().to_string(),
    }))
}

pub(crate) fn member_invite(input: &Input<'_>) -> Outcome {
    let invite = MemberInvite::parse(input.text("invite"))?;
    Ok(json!({
        "pin": hex(invite.pin()),
        "org_id": hex(invite.org().as_bytes()),
        "secret": hex(invite.secret().expose()),
        "address": invite.address().to_string(),
    }))
}

pub(crate) fn membership(input: &Input<'_>) -> Outcome {
    let secret = MemberSecret::new(input.array("secret"));
    let verified = UnverifiedMembership::parse(&input.bytes("request"))?.verify(&secret)?;
    Ok(json!({
        "org_id": hex(verified.value().org.as_bytes()),
        "device_id": hex(verified.value().device_id().as_bytes()),
        "code": hex(secret.hub_code().expose()),
    }))
}

pub(crate) fn case_reference(input: &Input<'_>) -> Outcome {
    let thread = ThreadId::parse(&input.bytes("thread_id"))?;
    Ok(json!({ "case_reference": CaseReference::of_thread(&thread).to_string() }))
}
