//! What is sealed opens, for everyone it was sealed to, and as it was.

use crate::world::{Org, World, uuid};
use proptest::prelude::*;
use samverkan_envelope::body::{Body, Field};
use samverkan_envelope::seal::SealedMessage;
use samverkan_proto::Fault;
use samverkan_proto::code::{DeviceReceiptType, Kind, LegalBasis, RecipientKind};
use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::receipt::Verdict;

/// Every reader that a message is open to, and the body it finds.
fn assert_opens(world: &World, org: &Org, member: usize, sealed: &SealedMessage, body: &Body) -> Verdict {
    let verified = world.open(org, member, sealed).expect("opens");
    assert_eq!(*verified.body().encode().expect("valid"), *body.encode().expect("valid"));
    verified.delivered()
}

#[test]
fn every_device_it_was_sealed_to_opens_it() {
    let world = World::new();
    let (sealed, secret) = world.seal(world.draft(world.body()));
    for (org, member) in [(&world.volunteers, 0), (&world.volunteers, 1), (&world.police, 1)] {
        let verdict = assert_opens(&world, org, member, &sealed, &world.body());
        let device = org.members[member].signer.device_id();
        let tag = verdict.open_tag().expect("delivered");
        assert!(secret.is_open_tag(tag, &device, DeviceReceiptType::Delivered));
        assert!(!secret.is_open_tag(tag, &device, DeviceReceiptType::Refused));
        assert!(!secret.is_open_tag(
            tag,
            &world.police.members[0].signer.device_id(),
            DeviceReceiptType::Delivered
        ));
    }
}

#[test]
fn an_answer_is_recognised_by_those_who_hold_the_first_message() {
    let world = World::new();
    let (first, sent) = world.seal(world.draft(world.body()));
    let received = world.open(&world.volunteers, 0, &first).expect("opens");
    let mut draft = world.draft(world.body());
    draft.message_id = MessageId::parse(&uuid(0x60)).expect("id");
    let (answer, _) = world.seal(draft);
    let named = received.secret().answer_ref(answer.header().hh());
    assert_eq!(named, sent.answer_ref(answer.header().hh()));
    assert_ne!(named, sent.answer_ref(first.header().hh()));
}

#[test]
fn content_grows_at_the_edges_of_its_padding() {
    let world = World::new();
    let mut body = world.body();
    let mut content_len = |text_len: usize| {
        body.text = "x".repeat(text_len);
        let body_len = body.encode().expect("valid").len();
        (body_len, world.seal(world.draft(body.clone())).0.content().len())
    };
    // The text whose body is 4,028 bytes, so that 68 + body_len = 4,096.
    let text_len = 3_000 + (4_096 - 68 - content_len(3_000).0);
    assert_eq!(content_len(text_len), (4_096 - 68, 4_096 + 16));
    assert_eq!(content_len(text_len + 1), (4_096 - 68 + 1, 4_352 + 16));
}

#[test]
fn a_draft_that_can_not_be_sent_says_which_field() {
    let world = World::new();
    let refused = |change: fn(&mut samverkan_envelope::seal::Draft)| {
        let mut draft = world.draft(world.body());
        change(&mut draft);
        let random = samverkan_envelope::seal::SealRandom::generate(draft.devices.len()).expect("randomness");
        draft.seal(&world.police.members[0].signer, random).err().expect("refused").fault
    };
    assert_eq!(refused(|draft| draft.created_ms += 604_800_000), Fault::BadTime);
    assert_eq!(refused(|draft| draft.basis = None), Fault::BadBasis);
    assert_eq!(refused(|draft| draft.basis = Some(LegalBasis::Consent)), Fault::BadBasis);
    assert_eq!(refused(|draft| draft.devices.clear()), Fault::CountOutOfRange);
    assert_eq!(refused(|draft| draft.devices[0].boxes = 2), Fault::BadBoxes);
    assert_eq!(refused(|draft| draft.body.form = "Å".into()), Fault::BadText);
}

prop_compose! {
    fn any_body()(
        text in "\\PC{0,2000}",
        subject in "\\PC{0,100}",
        fields in prop::collection::btree_map("[a-z0-9_]{1,64}", "\\PC{0,40}", 0..8),
        reply in any::<bool>(),
    ) -> Body {
        let mut body = World::new().body();
        (body.text, body.subject) = (text, subject);
        body.fields = fields.into_iter().map(|(name, value)| Field { name, value }).collect();
        if reply {
            body.kind = Kind::Reply;
            body.in_reply_to = Some(MessageId::parse(&uuid(0x61)).expect("id"));
        }
        body
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_body_to_any_readers_comes_back(
        body in any_body(),
        readers in prop::collection::btree_set(0usize..3, 1..=3),
        alternate: bool,
        sent_copy: bool,
    ) {
        let world = World::new();
        let mut draft = world.draft(body.clone());
        draft.basis = (body.kind == Kind::Referral).then_some(LegalBasis::VitalInterest);
        draft.devices = readers.iter().map(|reader| world.volunteers.target(*reader, 1)).collect();
        if alternate {
            draft.to.push(world.volunteers.recipient(1, RecipientKind::Alternate));
            draft.devices.retain(|target| target.key != world.volunteers.members[0].epoch_key);
            draft.devices.push(world.volunteers.target(0, 3));
        }
        if sent_copy {
            draft.devices.push(world.police.target(1, 0));
        }
        let (sealed, _) = world.seal(draft);
        prop_assert!(sealed.content().len() >= 4_096 + 16);
        for reader in &readers {
            assert_opens(&world, &world.volunteers, *reader, &sealed, &body);
        }
        if sent_copy {
            assert_opens(&world, &world.police, 1, &sealed, &body);
        }
    }
}
