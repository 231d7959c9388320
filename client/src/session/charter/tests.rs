use samverkan_proto::code::RevocationReason;
use samverkan_proto::ids::{MailboxId, TlsKeyHash};
use samverkan_proto::statement::manifest::{Device, Mailbox, Revocation};

use super::*;
use crate::directory::testlog::{Member, NOW_MS, TestLog, signer};

const DAY_MS: u64 = 86_400_000;

fn member() -> Member {
    TestLog::new().join("boj-exempel", "Exempel", &[], &[])
}

fn after(member: &Member, change: impl FnOnce(&mut ManifestFields)) -> Manifest {
    let mut fields = ManifestFields::following(&member.manifest, NOW_MS, NOW_MS + DAY_MS);
    change(&mut fields);
    Manifest::build(fields).expect("a manifest")
}

fn further(roles: Roles) -> Device {
    let tls_key = TlsKeyHash::parse(&[77; 32]).expect("a hash");
    Device::new(*signer(77).public_key(), tls_key, roles, NOW_MS, NOW_MS + DAY_MS)
}

#[test]
fn a_proposal_is_read_as_it_was_written_and_in_no_other_form() {
    let member = member();
    let manifest = after(&member, |fields| fields.devices.push(further(Roles::ADMIN)));
    let signature =
        ManifestSignature::by_admin(&manifest, &member.manifest, &member.device).expect("an admin");
    let signed = SignedManifest::assemble(&manifest, vec![signature]).expect("signed");
    let proposal = Proposal { signed: signed.clone(), needed: 2 };
    let text = proposal.to_text();
    assert_eq!(Proposal::parse(&text), Some(signed));
    assert!(text.lines().all(|line| line.len() <= 64), "it can be sent in a letter");
    let (begin, end) = ("-----BEGIN SAMVERKAN PROPOSAL-----", "-----END SAMVERKAN PROPOSAL-----");
    for bad in ["", begin, &text.replace(end, ""), &text.replacen("SVK", "XXX", 1)[..text.len() / 2]] {
        assert_eq!(Proposal::parse(bad), None, "{bad}");
    }
}

#[test]
fn every_difference_between_two_entries_is_told() {
    let member = member();
    let (device, mailbox) = (further(Roles::READER), member.manifest.mailboxes()[0].clone());
    let id = MailboxId::parse(&[9; 16]).expect("an id");
    let (own, new) = (member.device.device_id(), device.id());
    let told =
        |change: &dyn Fn(&mut ManifestFields)| difference::between(&member.manifest, &after(&member, change));
    assert_eq!(told(&|_| {}), []);
    assert_eq!(
        told(&|fields| fields.devices.push(device.clone())),
        [Difference::DeviceAdded(new, Roles::READER)]
    );
    let read = told(&|fields| {
        fields.devices.push(device.clone());
        fields.mailboxes[0].readers.push(new);
    });
    assert_eq!(read[1..], [Difference::ReaderAdded(mailbox.name.clone(), new)]);
    let name = "jour".parse::<samverkan_proto::ids::MailboxName>().expect("a name");
    let moved = told(&|fields| fields.mailboxes[0].name = name.clone());
    let names = [Difference::MailboxAdded(name.clone()), Difference::MailboxRemoved(mailbox.name.clone())];
    assert_eq!(moved, names);
    let added = told(&|fields| {
        fields.mailboxes.push(Mailbox { id, name: name.clone(), readers: vec![own] });
    });
    assert_eq!(added, [Difference::MailboxAdded(name.clone()), Difference::ReaderAdded(name.clone(), own)]);
    let later = told(&|fields| fields.devices[0].expires_ms += 1);
    assert_eq!(later, [Difference::DeviceRenewed(own)]);
    let earlier = told(&|fields| fields.devices[0].expires_ms -= 1);
    assert_eq!(earlier, [Difference::DeviceChanged(own)]);
    let locked_out = told(&|fields| {
        fields.devices[0].expires_ms += 1;
        fields.devices[0].tls_key = TlsKeyHash::parse(&[78; 32]).expect("a hash");
    });
    assert_eq!(locked_out, [Difference::DeviceChanged(own)]);
    let revoked = told(&|fields| {
        let reason = RevocationReason::Lost;
        fields.revocations.push(Revocation { device_id: new, revoked_ms: NOW_MS, reason });
    });
    assert_eq!(revoked, [Difference::DeviceRevoked(new, RevocationReason::Lost)]);
    let several = told(&|fields| {
        fields.devices.push(further(Roles::ALL));
        fields.threshold = 2;
    });
    assert_eq!(several, [Difference::Threshold(2), Difference::DeviceAdded(new, Roles::ALL)]);
}
