use samverkan_proto::ids::TlsKeyHash;
use samverkan_proto::statement::manifest::{Device, Manifest};

use super::*;
use crate::directory::testlog::{Member, NOW_MS, TestLog, signer};

const DAY_MS: u64 = 86_400_000;

/// An organisation with a second device of these roles, which reads the mailbox if it reads at all.
fn fields(roles: Roles) -> (Member, DeviceId, ManifestFields) {
    let member = TestLog::new().join("boj-exempel", "Exempel", &[], &[]);
    let mut fields = ManifestFields::following(&member.manifest, NOW_MS, NOW_MS + DAY_MS);
    let tls_key = TlsKeyHash::parse(&[77; 32]).expect("a hash");
    let device = Device::new(*signer(77).public_key(), tls_key, roles, NOW_MS, NOW_MS + DAY_MS);
    let id = device.id();
    fields.devices.push(device);
    if roles.contains(Roles::READER) {
        fields.mailboxes[0].readers.push(id);
    }
    (member, id, fields)
}

fn removal(device: DeviceId) -> Removal {
    Removal { device, reason: RevocationReason::Lost, since_ms: Some(NOW_MS - DAY_MS), with_mailboxes: false }
}

#[test]
fn who_leaves_is_revoked_from_the_time_that_is_named_and_reads_nothing() {
    let (_, id, mut fields) = fields(Roles::ALL);
    fields.threshold = 2;
    leave(&mut fields, &removal(id), NOW_MS).expect("it may go");
    assert_eq!(fields.revocations[0].revoked_ms, NOW_MS - DAY_MS);
    assert_eq!(fields.threshold, 1, "there are no two admins left to sign");
    let manifest = Manifest::build(fields).expect("a manifest");
    assert!(manifest.device(&id).is_none() && manifest.mailboxes_of(&id).next().is_none());
}

#[test]
fn that_a_device_that_is_out_was_stolen_can_be_reported_still() {
    let (member, id, mut fields) = fields(Roles::ALL);
    leave(&mut fields, &Removal { since_ms: None, ..removal(id) }, NOW_MS).expect("it may go");
    let before = fields.clone();
    let theft = Removal { reason: RevocationReason::Compromised, ..removal(id) };
    leave(&mut fields, &theft, NOW_MS).expect("it was found out");
    let known = &fields.revocations[0];
    assert_eq!((known.reason, known.revoked_ms), (RevocationReason::Compromised, NOW_MS - DAY_MS));
    assert_eq!(leave(&mut fields, &theft, NOW_MS).expect_err("again").code(), Code::NothingToChange);
    assert_eq!(leave(&mut fields, &removal(id), NOW_MS).expect_err("lost").code(), Code::MemberUnknown);
    // Who believes it to be stolen only after it was out gets the time at which it was.
    let late = Removal { since_ms: Some(NOW_MS + DAY_MS), ..theft };
    let mut fields = before;
    leave(&mut fields, &late, NOW_MS).expect("it was found out");
    assert_eq!(fields.revocations[0].revoked_ms, NOW_MS);
    assert_eq!(fields.devices.len(), member.manifest.devices().len());
}

#[test]
fn the_last_admin_the_last_reader_and_the_last_mailbox_stay() {
    let (member, id, before) = fields(Roles::READER);
    let own = member.device.device_id();
    let refused = |fields: &ManifestFields, removal: Removal| {
        leave(&mut fields.clone(), &removal, NOW_MS).expect_err("refused").code()
    };
    assert_eq!(refused(&before, removal(own)), Code::LastAdmin);
    let mut orphaned = before.clone();
    orphaned.mailboxes[0].readers.retain(|reader| *reader == id);
    assert_eq!(refused(&orphaned, removal(id)), Code::LastReader);
    let forced = Removal { with_mailboxes: true, ..removal(id) };
    assert_eq!(refused(&orphaned, forced), Code::LastMailbox);
    let stranger = DeviceId::parse(&[1; 16]).expect("an id");
    assert_eq!(refused(&before, removal(stranger)), Code::MemberUnknown);
}

#[test]
fn a_mailbox_that_goes_with_its_reader_takes_no_other_along() {
    let (_, id, mut fields) = fields(Roles::READER);
    let jour = MailboxId::parse(&[9; 16]).expect("an id");
    fields.mailboxes.push(Mailbox { id: jour, name: "jour".parse().expect("a name"), readers: vec![id] });
    leave(&mut fields, &Removal { with_mailboxes: true, ..removal(id) }, NOW_MS).expect("it may go");
    assert_eq!(fields.mailboxes.len(), 1);
}

#[test]
fn roles_change_while_an_admin_is_left_and_readers_read() {
    let (member, id, mut fields) = fields(Roles::ALL);
    let own = member.device.device_id();
    let before = fields.clone();
    assert_eq!(give_roles(&mut fields, &id, Roles::ALL).expect_err("as it is").code(), Code::NothingToChange);
    give_roles(&mut fields, &id, Roles::READER).expect("another admin is left");
    assert!(fields.devices.iter().any(|device| device.id() == id && device.roles == Roles::READER));
    let last = give_roles(&mut fields, &own, Roles::READER).expect_err("the last admin");
    assert_eq!(last.code(), Code::LastAdmin);
    let reads = give_roles(&mut before.clone(), &id, Roles::ADMIN).expect_err("it reads a mailbox");
    assert_eq!(reads.code(), Code::RolesContradict);
    let mut two = ManifestFields { threshold: 2, ..before.clone() };
    let few = give_roles(&mut two, &id, Roles::READER).expect_err("nobody could sign");
    assert_eq!(few.code(), Code::ThresholdInvalid);
    let stranger = DeviceId::parse(&[1; 16]).expect("an id");
    let unknown = give_roles(&mut before.clone(), &stranger, Roles::ALL).expect_err("unknown");
    assert_eq!(unknown.code(), Code::MemberUnknown);
}

#[test]
fn only_readers_read_and_at_most_sixteen() {
    let (_, id, mut fields) = fields(Roles::ADMIN);
    let mailbox = fields.mailboxes[0].id;
    let contradicts = let_read(&mut fields, &mailbox, &id).expect_err("an admin alone");
    assert_eq!(contradicts.code(), Code::RolesContradict);
    fields.devices[1].roles = Roles::READER;
    let others = (0..15u8).map(|n| DeviceId::parse(&[n + 1; 16]).expect("an id"));
    fields.mailboxes[0].readers.extend(others);
    assert_eq!(let_read(&mut fields, &mailbox, &id).expect_err("full").code(), Code::MailboxFull);
    fields.mailboxes[0].readers.pop();
    let_read(&mut fields, &mailbox, &id).expect("there is room");
    let_read(&mut fields, &mailbox, &id).expect("it reads already");
    assert_eq!(fields.mailboxes[0].readers.len(), 16);
}
