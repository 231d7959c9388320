//! Kind `seal`: with the random inputs given, every byte of a sealed message follows.

use super::{array_of, bytes_of, code_of, device_of, list_of, mailbox_of, number_of, of_kind, org_of};
use samverkan_envelope::body::Body;
use samverkan_envelope::seal::{Draft, SealRandom, Target};
use samverkan_proto::code::DeviceReceiptType;
use samverkan_proto::ids::MessageId;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::EpochKey;
use samverkan_proto::statement::header::Recipient;
use serde_json::Value;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

#[test]
fn sealing_gives_the_bytes_of_the_vectors() {
    for vector in of_kind("seal", 4) {
        let (input, ok, name) = (&vector.input, vector.ok(), &vector.name);
        let signer = Signer::from_seed(&bytes_of(&input["signing_seed"])).expect("a seed");
        let random = SealRandom {
            cek: Zeroizing::new(array_of(&input["cek"])),
            encapsulations: list_of(&input["wraps"])
                .iter()
                .map(|wrap| Zeroizing::new(array_of(&wrap["eseed"])))
                .collect(),
        };
        let (sealed, secret) = draft(input).seal(&signer, random).expect("sealed");
        assert_eq!(sealed.header().bytes(), bytes_of(&ok["header"]), "{name}");
        assert_eq!(sealed.header().hh().as_slice(), bytes_of(&ok["hh"]), "{name}");
        assert_eq!(sealed.wraps(), bytes_of(&ok["wraps"]), "{name}");
        assert_eq!(sealed.content(), bytes_of(&ok["content"]), "{name}");
        for tags in list_of(&ok["tags"]) {
            let device = device_of(&tags["device_id"]);
            for (receipt_type, member) in [
                (DeviceReceiptType::Delivered, "open_tag_1"),
                (DeviceReceiptType::Refused, "open_tag_3"),
                (DeviceReceiptType::Answered, "open_tag_4"),
            ] {
                assert!(secret.is_open_tag(&array_of(&tags[member]), &device, receipt_type), "{name}");
            }
        }
        assert_eq!(secret.answer_ref(&array_of(&input["answer_hh"])), array_of(&ok["answer_ref"]), "{name}");
    }
}

fn draft(input: &Value) -> Draft {
    let answer_within = u32::try_from(number_of(&input["answer_within_minutes"])).expect("minutes");
    Draft {
        message_id: MessageId::parse(&bytes_of(&input["message_id"])).expect("an id"),
        sender_org: org_of(&input["sender_org"]),
        sender_mailbox: mailbox_of(&input["sender_mailbox"]),
        basis: (number_of(&input["basis"]) != 0).then(|| code_of(&input["basis"])),
        urgency: code_of(&input["urgency"]),
        answer_within_minutes: NonZeroU32::new(answer_within),
        created_ms: number_of(&input["created_ms"]),
        expires_ms: number_of(&input["expires_ms"]),
        to: list_of(&input["to"]).iter().map(recipient).collect(),
        devices: list_of(&input["wraps"]).iter().map(target).collect(),
        body: Body::decode(&bytes_of(&input["body"])).expect("a body"),
    }
}

fn recipient(to: &Value) -> Recipient {
    Recipient {
        org: org_of(&to["org_id"]),
        mailbox: mailbox_of(&to["mailbox_id"]),
        manifest_serial: number_of(&to["manifest_serial"]),
        kind: code_of(&to["kind"]),
    }
}

fn target(wrap: &Value) -> Target {
    Target {
        key: EpochKey::parse(bytes_of(&wrap["epoch_key"]).into()).expect("an epoch key"),
        boxes: u16::try_from(number_of(&wrap["boxes"])).expect("sixteen bits"),
    }
}
