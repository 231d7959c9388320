//! Every rule, one row each: what is changed in a world where everything is allowed, and the refusal that follows.

use bytes::Bytes;
use samverkan_proto::code::{LegalBasis, OrganisationKind, OrganisationState, RevocationReason, Roles};
use samverkan_proto::ids::{ConsentHandle, EpochKeyId, MailboxId};
use samverkan_proto::limits::{DAY_MS, MAX_AGE_MS, MAX_AHEAD_MS, WEEK_MS};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::consent::ConsentStub;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::header::{HeaderFields, Wrap};
use samverkan_proto::statement::manifest::{Mailbox, ManifestFields, Revocation, SignedManifest};

use super::publish::{Publication, may_publish_epoch_keys, may_publish_manifest, may_register_consents};
use super::world::{Member, NOW, World, epoch_key_id, header, signed_key};
use super::*;

mod agreements;
mod statements;

fn two(kind: OrganisationKind) -> (World, Member, Member) {
    let mut world = World::new();
    let from = world.member("from-exempel", kind);
    let to = world.member("to-exempel", OrganisationKind::SocialServices);
    (world, from, to)
}

fn submit_at(
    world: &World,
    by: &Signer,
    fields: HeaderFields,
    now_ms: u64,
) -> Result<SubmitPermit, ErrorReason> {
    let caller = world.caller(by);
    may_submit(&world.registry, &caller, &header(fields), now_ms).map_err(|refusal| refusal.reason)
}

fn submit(world: &World, from: &Member, fields: HeaderFields) -> Result<SubmitPermit, ErrorReason> {
    submit_at(world, &from.device, fields, NOW)
}

#[test]
fn an_ordinary_referral_is_permitted_for_its_header_and_generation() {
    let (world, from, to) = two(OrganisationKind::Volunteer);
    let fields = world.referral(&from, &to);
    let hh = *header(fields.clone()).hh();
    let permit = submit(&world, &from, fields).unwrap();
    assert_eq!((permit.generation(), *permit.hh()), (world.registry.generation(), hh));
}

#[test]
fn the_sender_is_the_caller_has_the_role_and_reads_the_mailbox() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let reader = world.add_device(&from, Roles::READER, true);
    let outsider = world.signer();
    let outside = world::device(&outsider, Roles::HANDLER);
    world.change(&from, |manifest| manifest.devices.push(outside));
    let base = world.referral(&from, &to);
    let by = |device: &Signer| HeaderFields { sender_device: device.device_id(), ..base.clone() };

    assert_eq!(submit_at(&world, &to.device, base.clone(), NOW), Err(ErrorReason::SenderMismatch));
    assert_eq!(submit_at(&world, &reader, base.clone(), NOW), Err(ErrorReason::SenderMismatch));
    assert_eq!(submit_at(&world, &reader, by(&reader), NOW), Err(ErrorReason::RoleMissing));
    assert_eq!(submit_at(&world, &outsider, by(&outsider), NOW), Err(ErrorReason::RoleMissing));
    let foreign_box = HeaderFields { sender_mailbox: MailboxId::parse(&[99; 16]).unwrap(), ..base.clone() };
    assert_eq!(submit(&world, &from, foreign_box), Err(ErrorReason::RoleMissing));
    submit(&world, &from, base).unwrap();
}

#[test]
fn a_pending_organisation_does_not_send() {
    let (mut world, mut from, to) = two(OrganisationKind::Police);
    let fields = world.referral(&from, &to);
    world.set_state(&mut from, OrganisationState::Pending);
    assert_eq!(submit(&world, &from, fields), Err(ErrorReason::OrganisationPending));
}

#[test]
fn volunteers_have_three_legal_bases_and_everybody_else_has_all() {
    for kind in OrganisationKind::ALL {
        let (world, from, to) = two(*kind);
        for basis in LegalBasis::ALL {
            let mut fields = HeaderFields { basis: Some(*basis), ..world.referral(&from, &to) };
            if *basis == LegalBasis::Consent {
                fields.handles = vec![ConsentHandle::parse(&[1; 16]).unwrap()];
            }
            let open = matches!(
                basis,
                LegalBasis::Consent | LegalBasis::VoluntaryReport | LegalBasis::VitalInterest
            );
            let refused = *kind == OrganisationKind::Volunteer && !open;
            let expected = if refused { Err(ErrorReason::LegalBasisNotAvailable) } else { Ok(()) };
            assert_eq!(submit(&world, &from, fields).map(|_| ()), expected, "{kind} {basis}");
        }
    }
}

#[test]
fn times_have_edges() {
    let (world, from, to) = two(OrganisationKind::Police);
    // Within one epoch key's week, so that time alone decides.
    let at = |now_ms| submit_at(&world, &from.device, world.referral(&from, &to), now_ms).map(|_| ());
    assert_eq!(at(NOW - MAX_AHEAD_MS), Ok(()));
    assert_eq!(at(NOW - MAX_AHEAD_MS - 1), Err(ErrorReason::ClockOutOfRange));
    assert_eq!(at(NOW + MAX_AGE_MS + 1), Err(ErrorReason::ClockOutOfRange));
    assert_eq!(at(0), Err(ErrorReason::ClockOutOfRange));
    let dies = HeaderFields { expires_ms: NOW + DAY_MS, ..world.referral(&from, &to) };
    let dying = |now_ms| submit_at(&world, &from.device, dies.clone(), now_ms).map(|_| ());
    assert_eq!(dying(NOW + DAY_MS - 1), Ok(()));
    assert_eq!(dying(NOW + DAY_MS), Err(ErrorReason::MessageExpired));
}

#[test]
fn recipients_must_be_active() {
    let (mut world, from, mut to) = two(OrganisationKind::Police);
    let fields = world.referral(&from, &to);
    for (state, reason) in [
        (OrganisationState::Suspended, ErrorReason::RecipientSuspended),
        (OrganisationState::Removed, ErrorReason::RecipientRemoved),
        (OrganisationState::Pending, ErrorReason::RecipientUnknown),
    ] {
        world.set_state(&mut to, state);
        assert_eq!(submit(&world, &from, fields.clone()), Err(reason));
    }
    let stranger = World::new().signer();
    let org = OrgId::of_root(&sha(&stranger));
    let mut unknown = fields;
    unknown.to[0].org = org;
    unknown.wraps[0].org = org;
    assert_eq!(submit(&world, &from, unknown), Err(ErrorReason::RecipientUnknown));
}

fn sha(signer: &Signer) -> [u8; 32] {
    samverkan_proto::ids::sha256(signer.public_key().as_bytes())
}

/// What makes a header stale, applied to one that is not: the recipient's second device is a reader with a key.
type Staleness = fn(&mut HeaderFields, &mut World, &Member, &Member);

const STALE: &[(&str, Staleness)] = &[
    ("a serial too old", |header, _, _, _| header.to[0].manifest_serial -= 1),
    ("a serial too new", |header, _, _, _| header.to[0].manifest_serial += 1),
    ("a mailbox that is not there", |header, _, _, _| {
        header.to[0].mailbox = MailboxId::parse(&[77; 16]).unwrap();
    }),
    ("a reader left out", |header, _, _, _| {
        header.wraps.pop();
    }),
    ("a wrap for another week's key", |header, world, _, to| {
        let next = Epoch::of(NOW).later(1);
        world.epoch_key(to.org, &to.device, next);
        let wrap = header.wraps.iter_mut().find(|wrap| wrap.device == to.device.device_id()).unwrap();
        wrap.epoch_key = epoch_key_id(&to.device, next);
    }),
    ("a key that nobody has", |header, _, _, _| {
        header.wraps[0].epoch_key = EpochKeyId::of_key(b"nobody's");
    }),
    ("a device that does not read the mailbox", |header, world, _, to| {
        let other = world.signer();
        let device = world::device(&other, Roles::READER);
        world.change(to, |manifest| manifest.devices.push(device));
        world.epoch_key(to.org, &other, Epoch::of(NOW));
        header.to[0].manifest_serial += 1;
        let epoch_key = epoch_key_id(&other, Epoch::of(NOW));
        header.wraps.push(Wrap { org: to.org, device: other.device_id(), epoch_key, boxes: 1 });
        header.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    }),
    ("a revoked device", |_, world, _, to| {
        let second = world.registry.organisation(&to.org).unwrap().manifest().devices().iter();
        let second = second.map(|device| device.id()).find(|id| *id != to.device.device_id()).unwrap();
        world.revoke(to, second);
    }),
    ("a reader added since", |_, world, _, to| {
        world.add_device(to, Roles::READER, true);
    }),
    ("a copy to a device of another organisation's", |header, world, from, to| {
        let foreign = world.add_device(to, Roles::READER, true);
        header.to[0].manifest_serial += 1;
        let epoch_key = epoch_key_id(&foreign, Epoch::of(NOW));
        header.wraps.push(Wrap { org: to.org, device: foreign.device_id(), epoch_key, boxes: 1 });
        // The foreign device again, as if it were the sender's own.
        let wrap = Wrap { org: from.org, device: foreign.device_id(), epoch_key, boxes: 0 };
        header.wraps.push(wrap);
        header.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    }),
];

#[test]
fn what_does_not_fit_the_newest_directory_is_stale() {
    for (about, spoil) in STALE {
        let (mut world, from, to) = two(OrganisationKind::Police);
        world.add_device(&to, Roles::READER, true);
        let mut fields = world.referral(&from, &to);
        submit(&world, &from, fields.clone()).unwrap();
        spoil(&mut fields, &mut world, &from, &to);
        assert_eq!(submit(&world, &from, fields), Err(ErrorReason::StaleDirectory), "{about}");
    }
}

#[test]
fn readers_without_a_key_are_left_out_and_own_devices_get_copies() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    world.add_device(&to, Roles::READER, false);
    let own = world.add_device(&from, Roles::READER, true);
    let mut fields = world.referral(&from, &to);
    assert_eq!(fields.wraps.len(), 1, "the reader without a key is not wrapped");
    let epoch_key = epoch_key_id(&own, Epoch::of(NOW));
    fields.wraps.push(Wrap { org: from.org, device: own.device_id(), epoch_key, boxes: 0 });
    fields.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    submit(&world, &from, fields.clone()).unwrap();
    world.revoke(&from, own.device_id());
    assert_eq!(submit(&world, &from, fields), Err(ErrorReason::StaleDirectory), "the copy's device is gone");
}

/// To a colleague's mailbox it is sealed as to anybody's.
#[test]
fn a_referral_within_the_organisation_is_no_copy() {
    let (mut world, from, _) = two(OrganisationKind::Police);
    let own = world.add_device(&from, Roles::READER, true);
    let colleague = Mailbox {
        id: MailboxId::parse(&[0x77; 16]).unwrap(),
        name: "jour".parse().unwrap(),
        readers: vec![own.device_id()],
    };
    let mailbox = colleague.id;
    world.change(&from, |manifest| manifest.mailboxes.push(colleague));
    let mut fields = world.referral(&from, &from);
    fields.to[0].mailbox = mailbox;
    fields.wraps.retain(|wrap| wrap.device == own.device_id());
    submit(&world, &from, fields).unwrap();
}

#[test]
fn a_copy_to_a_device_that_the_senders_manifest_does_not_name_is_stale() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let nobody = world.signer();
    let mut fields = world.referral(&from, &to);
    let epoch_key = epoch_key_id(&nobody, Epoch::of(NOW));
    fields.wraps.push(Wrap { org: from.org, device: nobody.device_id(), epoch_key, boxes: 0 });
    fields.wraps.sort_by_key(|wrap| (wrap.org, wrap.device));
    assert_eq!(submit(&world, &from, fields), Err(ErrorReason::StaleDirectory));
}

#[test]
fn a_reader_whose_time_has_run_out_may_be_left_out() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let second = world.add_device(&to, Roles::READER, true);
    let mut fields = world.referral(&from, &to);
    fields.wraps.retain(|wrap| wrap.device != second.device_id());
    assert_eq!(submit(&world, &from, fields.clone()), Err(ErrorReason::StaleDirectory));
    world.change(&to, |manifest| {
        let device = manifest.devices.iter_mut().find(|device| device.id() == second.device_id()).unwrap();
        device.expires_ms = NOW;
    });
    fields.to[0].manifest_serial += 1;
    submit(&world, &from, fields).unwrap();
}

#[test]
fn the_key_is_that_of_the_week_in_which_the_message_was_made() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let before = NOW - WEEK_MS + 1;
    world.epoch_key(to.org, &to.device, Epoch::of(before));
    let mut fields = HeaderFields { created_ms: before, ..world.referral(&from, &to) };
    fields.expires_ms = before + 20 * DAY_MS;
    assert_eq!(submit(&world, &from, fields.clone()), Err(ErrorReason::StaleDirectory));
    fields.wraps[0].epoch_key = epoch_key_id(&to.device, Epoch::of(before));
    submit(&world, &from, fields).unwrap();
}

#[test]
fn receiving_and_uploading_need_an_active_organisation_and_uploading_a_handler() {
    let (mut world, mut from, _) = two(OrganisationKind::Police);
    let reader = world.add_device(&from, Roles::READER, true);
    let receive = may_receive(&world.caller(&reader)).unwrap();
    assert_eq!((receive.org(), receive.device()), (from.org, reader.device_id()));
    assert_eq!(may_upload(&world.caller(&reader)).unwrap_err().reason, ErrorReason::RoleMissing);
    assert_eq!(may_admit(&world.caller(&reader)).unwrap_err().reason, ErrorReason::RoleMissing);
    assert_eq!(may_admit(&world.caller(&from.device)).unwrap().org(), from.org);
    assert_eq!(may_upload(&world.caller(&from.device)).unwrap().org(), from.org);
    world.set_state(&mut from, OrganisationState::Pending);
    let pending = world.caller(&from.device);
    assert_eq!(may_receive(&pending).unwrap_err().reason, ErrorReason::OrganisationPending);
    assert_eq!(may_upload(&pending).unwrap_err().reason, ErrorReason::OrganisationPending);
    let status = may_see_status(&pending, from.org, from.mailbox);
    assert_eq!(status.unwrap_err().reason, ErrorReason::OrganisationPending);
}

#[test]
fn only_readers_of_the_senders_mailbox_see_a_status() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let reader = world.add_device(&from, Roles::READER, false);
    may_see_status(&world.caller(&reader), from.org, from.mailbox).unwrap();
    for (device, org, mailbox) in [
        (&to.device, from.org, from.mailbox),
        (&from.device, to.org, to.mailbox),
        (&from.device, from.org, to.mailbox),
        (&from.device, to.org, from.mailbox),
    ] {
        let refused = may_see_status(&world.caller(device), org, mailbox).unwrap_err();
        assert_eq!(refused.reason, ErrorReason::MessageUnknown);
    }
}

fn signed(world: &World, by: &Member) -> SignedManifest {
    world.signed(by, |fields| fields.threshold = 1)
}

#[test]
fn admins_replace_their_own_manifest() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let handler = world.add_device(&from, Roles::try_from(6).unwrap(), false);
    let next = signed(&world, &from);
    let reason = |caller: &Caller, signed| may_publish_manifest(caller, signed).unwrap_err().reason;
    assert_eq!(reason(&world.caller(&handler), next.clone()), ErrorReason::RoleMissing);
    assert_eq!(reason(&world.caller(&to.device), next.clone()), ErrorReason::SenderMismatch);
    let admin = world.caller(&from.device);
    assert!(matches!(may_publish_manifest(&admin, next.clone()), Ok(Publication::Next(_))));
    let taken_out = |also: fn(&mut ManifestFields)| {
        world.signed(&from, |fields| {
            fields.devices.retain(|found| found.id() != handler.device_id());
            fields.mailboxes[0].readers.retain(|reader| *reader != handler.device_id());
            let device_id = handler.device_id();
            fields.revocations.push(Revocation { device_id, revoked_ms: 7, reason: RevocationReason::Lost });
            also(fields);
        })
    };
    let kind = |signed| may_publish_manifest(&admin, signed).unwrap();
    assert!(matches!(kind(taken_out(|_| {})), Publication::Removal(_)));
    let renamed = taken_out(|fields| fields.mailboxes[0].name = "annan".parse().unwrap());
    assert!(matches!(kind(renamed), Publication::Next(_)));
    let changed = taken_out(|fields| fields.devices[0].expires_ms -= 1);
    assert!(matches!(kind(changed), Publication::Next(_)));

    let mut bytes = next.bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = SignedManifest::parse(bytes.into()).unwrap();
    let refused = may_publish_manifest(&admin, forged).unwrap_err();
    assert_eq!(
        (refused.reason, refused.field.as_deref()),
        (ErrorReason::ManifestRefused, Some("bad_signature"))
    );
}

#[test]
fn the_newest_manifest_is_taken_again_and_older_ones_are_not() {
    let (mut world, from, _) = two(OrganisationKind::Police);
    let older = signed(&world, &from);
    world.change(&from, |fields| fields.threshold = 1);
    assert!(matches!(
        may_publish_manifest(&world.caller(&from.device), older.clone()),
        Ok(Publication::Known)
    ));
    world.change(&from, |fields| fields.threshold = 1);
    let refused = may_publish_manifest(&world.caller(&from.device), older).unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("wrong_chain"));
}

#[test]
fn devices_publish_epoch_keys_for_themselves_alone() {
    let (mut world, from, to) = two(OrganisationKind::Police);
    let second = world.add_device(&from, Roles::READER, false);
    let week = Epoch::of(NOW);
    let caller = world.caller(&second);
    let reason = |keys| may_publish_epoch_keys(&caller, keys).unwrap_err().reason;
    let own = signed_key(from.org, &second, week);
    assert_eq!(
        may_publish_epoch_keys(&caller, vec![own.clone()]).unwrap().device(),
        (from.org, second.device_id())
    );
    assert_eq!(reason(vec![]), ErrorReason::InvalidField);
    let weeks =
        |count| (0..count).map(|ahead| signed_key(from.org, &second, Epoch::new(week.number() + ahead)));
    assert!(may_publish_epoch_keys(&caller, weeks(16).collect()).is_ok());
    let too_many = may_publish_epoch_keys(&caller, weeks(17).collect()).unwrap_err();
    assert_eq!(too_many.field.as_deref(), Some("epoch_keys"));
    assert_eq!(reason(vec![signed_key(from.org, &from.device, week)]), ErrorReason::SenderMismatch);
    assert_eq!(reason(vec![signed_key(to.org, &second, week)]), ErrorReason::SenderMismatch);
    let mut forged = own.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reason(vec![forged.into()]), ErrorReason::InvalidField);
}

#[test]
fn handlers_register_their_own_consents() {
    let (mut world, mut from, to) = two(OrganisationKind::Police);
    let reader = world.add_device(&from, Roles::READER, false);
    let stub = |device: &Signer, org: OrgId| {
        let (handle, commitment) = (ConsentHandle::parse(&[3; 16]).unwrap(), [1; 32]);
        let issuer_device = device.device_id();
        let stub = ConsentStub { handle, commitment, issuer_org: org, issuer_device, expires_ms: DAY_MS };
        Bytes::copy_from_slice(stub.sign(device).unwrap().bytes())
    };
    let own = stub(&from.device, from.org);
    let reason = |world: &World, by: &Signer, stubs: &[Bytes]| {
        may_register_consents(&world.caller(by), stubs).unwrap_err().reason
    };
    assert_eq!(
        may_register_consents(&world.caller(&from.device), std::slice::from_ref(&own)).unwrap().len(),
        1
    );
    assert_eq!(reason(&world, &reader, &[stub(&reader, from.org)]), ErrorReason::RoleMissing);
    assert_eq!(reason(&world, &to.device, std::slice::from_ref(&own)), ErrorReason::SenderMismatch);
    assert_eq!(reason(&world, &from.device, &[stub(&from.device, to.org)]), ErrorReason::SenderMismatch);
    assert_eq!(reason(&world, &from.device, &[]), ErrorReason::InvalidField);
    let most = may_register_consents(&world.caller(&from.device), &vec![own.clone(); 32]);
    assert_eq!(most.map(|stubs| stubs.len()).ok(), Some(32));
    assert_eq!(reason(&world, &from.device, &vec![own.clone(); 33]), ErrorReason::InvalidField);
    let mut forged = own.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(reason(&world, &from.device, &[forged.into()]), ErrorReason::InvalidField);
    world.set_state(&mut from, OrganisationState::Pending);
    assert_eq!(reason(&world, &from.device, &[own]), ErrorReason::OrganisationPending);
}
