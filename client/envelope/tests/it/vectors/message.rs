//! Kind `message`: the fourteen checks.

use super::{Vector, array_of, bytes_of, code_of, device_of, list_of, number_of, of_kind, org_of, text_of};
use crate::world::Facts;
use samverkan_envelope::EpochSecret;
use samverkan_envelope::open::{HeldKey, LocalDevice, Memory, OpenError, Received, Verified};
use samverkan_proto::code::{CannotDecryptReason, DeviceReceiptType, RefusalReason};
use samverkan_proto::ids::{EpochKeyId, OrgId, SendId, ThreadId};
use samverkan_proto::sign::PublicKey;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::manifest::Manifest;
use samverkan_proto::statement::receipt::Verdict;
use samverkan_proto::{Fault, InvalidField};
use serde_json::Value;

#[test]
fn messages_open_or_fail_as_their_vectors_say() {
    for vector in of_kind("message", 90) {
        match (open(&vector.input), vector.fault()) {
            (Ok(verified), None) => assert_ok(&vector, &verified),
            (Err(OpenError::Refused(refusal)), Some(fault)) => {
                assert_eq!(refusal.fault().name(), fault, "{}", vector.name);
                assert!(is_answer_to(refusal.fault(), refusal.verdict()), "{}", vector.name);
            }
            (Ok(_), Some(fault)) => panic!("{} opened in spite of {fault}", vector.name),
            (Err(error), _) => panic!("{}: {error:?}", vector.name),
        }
    }
}

fn open(input: &Value) -> Result<Verified, OpenError> {
    let local = LocalDevice { org: org_of(&input["org_id"]), device: device_of(&input["device_id"]) };
    let keys: Vec<_> = list_of(&input["epoch_keys"]).iter().map(held_key).collect();
    let held = |id: &EpochKeyId| {
        let key = keys.iter().find(|(of, _, _)| of == id);
        key.map(|(_, secret, epoch)| HeldKey { secret, epoch: *epoch })
    };
    let hub_key = PublicKey::parse(&array_of(&input["hub_receipt_key"]), "key").expect("a key");
    let (header, content) = (bytes_of(&input["header"]), bytes_of(&input["content"]));
    // A device that the header does not name got the message by a re-wrap.
    let rewrap = input.get("rewrap").map(bytes_of);
    let wrap = input.get("wrap").map(bytes_of).unwrap_or_default();
    let received = match &rewrap {
        Some(rewrap) => Received::parse_rewrapped(&header, rewrap, &content)?,
        None => Received::parse(&header, &wrap, &content)?,
    };
    received.unwrap(local, held)?.accept(&bytes_of(&input["receipt"]), &hub_key)?.verify(
        &facts(&input["log"]),
        number_of(&input["now_ms"]),
        &Remembered::of(input),
    )
}

fn held_key(key: &Value) -> (EpochKeyId, EpochSecret, Epoch) {
    let secret = EpochSecret::from_seed(array_of(&key["seed"]));
    let epoch = Epoch::new(u32::try_from(number_of(&key["epoch"])).expect("a week"));
    (EpochKeyId::of_key(&secret.public_key()), secret, epoch)
}

/// What the input says of earlier messages.
struct Remembered {
    seen: Vec<(OrgId, SendId)>,
    /// Absent where the vector ends with check 13.
    threads: Option<Vec<(OrgId, ThreadId)>>,
}

impl Remembered {
    fn of(input: &Value) -> Self {
        let seen = |entry: &Value| (org_of(&entry["sender_org"]), id_of(&entry["send_id"], SendId::parse));
        let thread = |entry: &Value| (org_of(&entry["org_id"]), id_of(&entry["thread_id"], ThreadId::parse));
        Self {
            seen: list_of(&input["seen"]).iter().map(seen).collect(),
            threads: input.get("threads").map(|threads| list_of(threads).iter().map(thread).collect()),
        }
    }
}

impl Memory for Remembered {
    fn was_shown(&self, sender: &OrgId, send_id: &SendId) -> bool {
        self.seen.contains(&(*sender, *send_id))
    }

    fn exchanged(&self, with: &OrgId, thread: &ThreadId) -> bool {
        self.threads.as_ref().is_none_or(|threads| threads.contains(&(*with, *thread)))
    }
}

fn id_of<T>(value: &Value, parse: fn(&[u8]) -> Result<T, InvalidField>) -> T {
    parse(&bytes_of(value)).expect("an id")
}

fn facts(log: &Value) -> Facts {
    let orgs = || list_of(&log["organisations"]).iter().map(|org| (org_of(&org["org_id"]), org));
    let manifest = |bytes: &Value| Manifest::parse(bytes_of(bytes).into()).expect("a manifest");
    let key = |bytes: &Value| PublicKey::parse(&array_of(bytes), "key").expect("a key");
    Facts {
        hub: text_of(&log["hub"]).parse().expect("a name"),
        log_key: key(&log["log_key"]),
        roots: list_of(&log["roots"])
            .iter()
            .map(|entry| (number_of(&entry["size"]), array_of(&entry["root"])))
            .collect(),
        states: orgs().map(|(id, org)| (id, code_of(&org["state"]))).collect(),
        manifests: orgs().map(|(id, org)| (id, manifest(&org["manifest"]))).collect(),
        newest: orgs()
            .filter_map(|(id, org)| org.get("newest_manifest").map(|bytes| (id, manifest(bytes))))
            .collect(),
        device_keys: list_of(&log["device_keys"])
            .iter()
            .map(|entry| (org_of(&entry["org_id"]), key(&entry["sign_pk"])))
            .collect(),
    }
}

fn assert_ok(vector: &Vector, verified: &Verified) {
    let (ok, name) = (vector.ok(), &vector.name);
    let body = verified.body().encode().expect("a valid body");
    assert_eq!(*body, bytes_of(&ok["body"]), "{name}");
    assert_eq!(u64::from(verified.wrap().boxes), number_of(&ok["boxes"]), "{name}");
    let device = device_of(&vector.input["device_id"]);
    for (receipt_type, member) in [
        (DeviceReceiptType::Delivered, "open_tag_1"),
        (DeviceReceiptType::Refused, "open_tag_3"),
        (DeviceReceiptType::Answered, "open_tag_4"),
    ] {
        assert_eq!(verified.secret().open_tag(&device, receipt_type), array_of(&ok[member]), "{name}");
    }
    assert_eq!(verified.delivered(), Verdict::Delivered { open_tag: array_of(&ok["open_tag_1"]) }, "{name}");
}

/// Whether this is what the device says after a fault (the end of section 7).
fn is_answer_to(fault: Fault, verdict: Option<Verdict>) -> bool {
    let refused = |because| matches!(verdict, Some(Verdict::Refused { reason, .. }) if reason == because);
    let cannot = |because| verdict == Some(Verdict::CannotDecrypt(because));
    match fault {
        Fault::Replayed => matches!(verdict, Some(Verdict::Delivered { .. })),
        Fault::KeyDestroyed => cannot(CannotDecryptReason::KeyDestroyed),
        Fault::SchemaTooNew => refused(RefusalReason::SchemaTooNew),
        Fault::BodyMismatch | Fault::UnknownThread => refused(RefusalReason::ContentMismatch),
        Fault::ConsentMismatch => refused(RefusalReason::ConsentMismatch),
        Fault::Expired => refused(RefusalReason::Expired),
        Fault::SenderRevoked | Fault::ClockOutOfRange => refused(RefusalReason::SenderNotValid),
        Fault::CheckpointAhead | Fault::CheckpointForked => verdict.is_none(),
        _ => cannot(CannotDecryptReason::CannotOpen),
    }
}
