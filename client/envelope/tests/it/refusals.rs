//! What was touched, or is for somebody else, does not open.

use crate::world::{CREATED_MS, Delivery, World, uuid};
use samverkan_envelope::open::{HeldKey, LocalDevice, OpenError, Received, Refusal};
use samverkan_proto::Fault;
use samverkan_proto::code::{CannotDecryptReason, RefusalReason};
use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::receipt::Verdict;

fn delivery(world: &World, message: u8) -> Delivery {
    let mut draft = world.draft(world.body());
    draft.message_id = MessageId::parse(&uuid(message)).expect("id");
    let (sealed, _) = world.seal(draft);
    let local = world.volunteers.local(0);
    let index = sealed.header().fields().wrap_index(&local.org, &local.device).expect("wrapped");
    Delivery {
        header: sealed.header().bytes().to_vec(),
        wrap: sealed.wrap(index).expect("wrap").to_vec(),
        content: sealed.content().to_vec(),
        proof: world.prove(&World::receipt(&sealed)),
    }
}

/// Opens as far as the message key and the content, without receipt and log.
fn unwrap(world: &World, local: LocalDevice, delivery: &Delivery) -> Result<(), Refusal> {
    let key = &world.volunteers.members[0];
    let held = HeldKey { secret: &key.epoch_secret, epoch: key.epoch_key.epoch() };
    Received::parse(&delivery.header, &delivery.wrap, &delivery.content)?
        .unwrap(local, |_| Some(held))
        .map(|_| ())
}

fn fault(result: Result<samverkan_envelope::open::Verified, OpenError>) -> Fault {
    match result {
        Err(OpenError::Refused(refusal)) => {
            assert_eq!(refusal.to_string(), "the message can not be trusted");
            refusal.fault()
        }
        Err(OpenError::LogBehind { .. }) => panic!("the log is complete"),
        Ok(_) => panic!("opened"),
    }
}

#[test]
fn no_byte_can_be_changed() {
    let world = World::new();
    let whole = delivery(&world, 0x53);
    let local = world.volunteers.local(0);
    assert!(unwrap(&world, local, &whole).is_ok());
    let parts: [fn(&mut Delivery) -> &mut Vec<u8>; 3] =
        [|message| &mut message.header, |message| &mut message.wrap, |message| &mut message.content];
    for part in parts {
        for at in 0..part(&mut whole.clone()).len() {
            let mut touched = whole.clone();
            part(&mut touched)[at] ^= 1 << (at % 8);
            let refusal = unwrap(&world, local, &touched).expect_err("touched");
            assert!(matches!(refusal.verdict(), Some(Verdict::CannotDecrypt(_))), "byte {at}");
        }
    }
}

#[test]
fn no_byte_of_the_receipt_can_be_changed() {
    let world = World::new();
    let whole = delivery(&world, 0x53);
    for at in 0..whole.proof.len() {
        let mut touched = whole.clone();
        touched.proof[at] ^= 1 << (at % 8);
        let opened = touched.open(&world, &world.volunteers, 0, &world.facts(), CREATED_MS + 1);
        assert_eq!(fault(opened), Fault::ReceiptMismatch, "byte {at}");
    }
}

#[test]
fn parts_of_two_messages_do_not_fit() {
    let world = World::new();
    let (one, two) = (delivery(&world, 0x53), delivery(&world, 0x54));
    let local = world.volunteers.local(0);
    let spliced = [
        (Delivery { header: two.header.clone(), ..one.clone() }, Fault::WrapFailed),
        (Delivery { wrap: two.wrap.clone(), ..one.clone() }, Fault::WrapFailed),
        (
            Delivery { header: two.header.clone(), wrap: two.wrap.clone(), ..one.clone() },
            Fault::ContentFailed,
        ),
        (Delivery { content: two.content.clone(), ..one.clone() }, Fault::ContentFailed),
    ];
    for (message, expected) in spliced {
        assert_eq!(unwrap(&world, local, &message).expect_err("spliced").fault(), expected);
    }
    let other_receipt = Delivery { proof: two.proof, ..one };
    let opened = other_receipt.open(&world, &world.volunteers, 0, &world.facts(), CREATED_MS + 1);
    assert_eq!(fault(opened), Fault::ReceiptMismatch);
}

#[test]
fn nobody_else_opens_it() {
    let world = World::new();
    let message = delivery(&world, 0x53);
    // The third volunteer was not sealed to; the second has another wrap; the police's device is of another organisation.
    let opened = message.open(&world, &world.volunteers, 2, &world.facts(), CREATED_MS + 1);
    assert_eq!(fault(opened), Fault::NotARecipient);
    let opened = message.open(&world, &world.volunteers, 1, &world.facts(), CREATED_MS + 1);
    assert_eq!(fault(opened), Fault::WrapFailed);
    let foreign = LocalDevice { org: world.police.id(), device: world.volunteers.local(0).device };
    assert_eq!(unwrap(&world, foreign, &message).expect_err("foreign").fault(), Fault::NotARecipient);
}

#[test]
fn a_destroyed_key_is_told_apart_from_a_broken_message() {
    let world = World::new();
    let message = delivery(&world, 0x53);
    let received = Received::parse(&message.header, &message.wrap, &message.content).expect("well formed");
    let refusal = received.unwrap(world.volunteers.local(0), |_| None).err().expect("no key");
    assert_eq!(refusal.verdict(), Some(Verdict::CannotDecrypt(CannotDecryptReason::KeyDestroyed)));
}

#[test]
fn a_log_that_lags_is_no_fault_of_the_message() {
    let world = World::new();
    let mut facts = world.facts();
    facts.roots.remove(&crate::world::LOG_SIZE);
    let opened = delivery(&world, 0x53).open(&world, &world.volunteers, 0, &facts, CREATED_MS + 1);
    assert_eq!(opened.err(), Some(OpenError::LogBehind { log_size: crate::world::LOG_SIZE }));
}

#[test]
fn an_expired_message_is_refused_with_proof_that_it_was_opened() {
    let world = World::new();
    let late = world.draft(world.body()).expires_ms;
    let opened = delivery(&world, 0x53).open(&world, &world.volunteers, 0, &world.facts(), late);
    let Err(OpenError::Refused(refusal)) = opened else { panic!("expired") };
    assert_eq!(refusal.fault(), Fault::Expired);
    let Some(Verdict::Refused { reason: RefusalReason::Expired, open_tag }) = refusal.verdict() else {
        panic!("refused by policy")
    };
    assert_ne!(open_tag, [0; 16]);
    let early = delivery(&world, 0x53).open(&world, &world.volunteers, 0, &world.facts(), late - 1);
    assert!(early.is_ok());
}
