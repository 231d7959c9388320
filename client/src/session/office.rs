//! Two offices on a hand-made log, for tests without a hub: what one seals is carried to the other by hand.

use std::collections::BTreeMap;

use bytes::Bytes;
use samverkan_proto::ids::sha256;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::batch;
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, MailboxRef, wraps_hash};
use samverkan_proto::v1::{Delivery, SubmitRequest};

use super::incoming::{self, Opened};
use super::mail::Mail;
pub(crate) use super::model::Silent;
use super::model::{Draft, Received};
use super::{HubFacts, Membership, Session, keys};
use crate::clock::Clock;
use crate::directory::testlog::{Member, NOW_MS, TestLog, certificate, signer};
use crate::home::{Environment, Home, Profile, ProfileLock, ProfileName};
use crate::keystore::{KdfCost, Keystore};
use crate::passphrase::Passphrase;
use crate::secret::SecretBytes;

/// The hub's receipt key on every hand-made log.
const RECEIPT_SEED: u8 = 202;

/// What opens every office's keystore.
pub(crate) const PASSPHRASE: &[u8] = b"korrekt batteri";

/// One organisation's device with its files.
pub(crate) struct Office {
    pub(crate) session: Session,
    pub(crate) clock: Clock,
    pub(crate) member: Member,
    folder: tempfile::TempDir,
}

/// Two ACTIVE organisations, `one` and `two`, each with epoch keys, that know the same log.
pub(crate) fn two_offices() -> (TestLog, Office, Office) {
    let (log, [one, two]) = offices(["one", "two"]);
    (log, one, two)
}

/// Any number of such organisations.
pub(crate) fn offices<const N: usize>(handles: [&str; N]) -> (TestLog, [Office; N]) {
    let mut log = TestLog::new();
    let names = BTreeMap::from([("one", "Ett"), ("two", "Två")]);
    let mut offices = handles.map(|handle| {
        let member = log.join(handle, names.get(handle).unwrap_or(&handle), &[], &[]);
        Office::of(&log, member)
    });
    for office in &mut offices {
        office.make_keys(&mut log);
    }
    for office in &mut offices {
        office.synchronise(&log);
    }
    (log, offices)
}

/// `one` with two devices that read the same mailbox, and `two`.
pub(crate) fn two_desks_and_another() -> (TestLog, Office, Office, Office) {
    let mut log = TestLog::new();
    let mut one = log.join("one", "Ett", &[], &[]);
    let two = log.join("two", "Två", &[], &[]);
    let device = log.add_device(&mut one);
    let desk =
        Member { root: copy_of(&one.root), device, manifest: one.manifest.clone(), revision: one.revision };
    let mut offices = [one, desk, two].map(|member| Office::of(&log, member));
    for office in &mut offices {
        office.make_keys(&mut log);
    }
    for office in &mut offices {
        office.synchronise(&log);
    }
    let [one, desk, two] = offices;
    (log, one, desk, two)
}

impl Office {
    fn of(log: &TestLog, member: Member) -> Self {
        let folder = tempfile::tempdir().expect("tempdir");
        let profile = profile_in(&folder);
        let held = lock(&profile);
        let passphrase = Passphrase::parse(PASSPHRASE.to_vec()).expect("valid");
        let mut keystore = Keystore::create(&profile, &held, &passphrase, KdfCost::FLOOR).expect("created");
        let (certificate, tls_key) = certificate();
        keystore.contents_mut().put_tls_key(SecretBytes::taken_from(tls_key)).expect("fits");
        keystore.commit(&held).expect("committed");
        drop(held);
        let hub = HubFacts {
            // Nobody listens on the discard port, so every contact with the hub fails at once.
            address: "127.0.0.1:9".parse().expect("address"),
            name: log.hub.clone(),
            pins: log.pins.clone(),
            test_hub: true,
        };
        let handle = member.manifest.fields().handle.clone();
        let membership = Membership { hub, org: member.org(), handle, certificate };
        let clock = Clock::manual(NOW_MS);
        let device = copy_of(&member.device);
        let session =
            Session::assemble(profile, membership, keystore, device, clock.clone()).expect("assembled");
        Self { session, clock, member, folder }
    }

    fn make_keys(&mut self, log: &mut TestLog) {
        let contents = self.session.keystore.contents_mut();
        keys::make(contents, NOW_MS).expect("random");
        let signed = keys::to_publish(contents, self.member.org(), &self.member.device, NOW_MS, |_| false);
        log.publish_keys(signed.expect("signed"));
        let held = self.lock();
        self.session.keystore.commit(&held).expect("committed");
    }

    /// Gives the office what the log has.
    pub(crate) fn synchronise(&mut self, log: &TestLog) {
        log.feed(&mut self.session.directory).expect("consistent");
    }

    pub(crate) fn lock(&self) -> ProfileLock {
        lock(&self.session.profile)
    }

    /// Reads everything that is kept from disk again.
    pub(crate) fn reload(&mut self) {
        self.session.keystore.reload().expect("the same passphrase");
        self.session.mail =
            Mail::load(&self.session.profile, self.session.keystore.contents()).expect("loads");
    }

    /// Writes down what a command needs to open the session itself.
    pub(crate) fn leave_to_commands(&mut self) {
        let held = self.lock();
        let contents = self.session.keystore.contents_mut();
        self.session.membership.store(contents).expect("fits");
        let identity = SecretBytes::taken_from(pkcs8_of(&self.member.device));
        contents.put_device_identity(identity).expect("fits");
        self.session.keystore.commit(&held).expect("committed");
        self.session.membership.hub.write(&self.session.profile).expect("written");
    }

    /// Another process of the same device: a session of its own over the same files.
    pub(crate) fn another_process(&mut self) -> Session {
        self.leave_to_commands();
        let passphrase = Passphrase::parse(PASSPHRASE.to_vec()).expect("valid");
        Session::open(self.session.profile.clone(), &passphrase, self.clock.clone()).expect("opens")
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The sealed bytes of the newest message in the outbox.
    pub(crate) fn newest_outgoing(&self) -> SubmitRequest {
        let id = *self.session.mail.waiting().last().expect("something waits");
        self.session.mail.outgoing(self.session.keystore.contents(), &id).expect("kept").request()
    }
}

fn profile_in(folder: &tempfile::TempDir) -> Profile {
    let environment =
        Environment { samverkan_home: Some(folder.path().join("s").into()), ..Default::default() };
    let home = Home::locate(&environment).expect("located");
    home.open_or_create(&ProfileName::default()).expect("created")
}

fn lock(profile: &Profile) -> ProfileLock {
    profile.lock(std::time::Duration::ZERO, || ()).expect("nobody holds it")
}

/// The log's members have their seeds in order; a signer can not be cloned.
fn copy_of(device: &Signer) -> Signer {
    signer(seed_of(device))
}

fn seed_of(device: &Signer) -> u8 {
    let mut seeds = 0..=u8::MAX;
    let same = seeds.find(|seed| signer(*seed).public_key() == device.public_key());
    same.expect("the test log's devices have one-byte seeds")
}

/// OneAsymmetricKey with the public key (RFC 8410, section 7).
fn pkcs8_of(device: &Signer) -> Vec<u8> {
    let head = b"\x30\x53\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let seed = [seed_of(device); 32];
    [&head[..], &seed, b"\xa1\x23\x03\x21\x00", device.public_key().as_bytes()].concat()
}

/// A referral from `one` to `two` on a basis that needs no consent.
pub(crate) fn referral() -> Draft {
    Draft {
        to: vec!["two/mottagning".parse().expect("address")],
        from: None,
        class: samverkan_proto::code::Class::Referral,
        basis: Some(samverkan_proto::code::LegalBasis::VitalInterest),
        urgency: samverkan_proto::code::Urgency::Soon,
        answer_within_minutes: None,
        keep_ms: None,
        consent: None,
        section: None,
        form: None,
        subject: "Stöd".to_owned(),
        text: "Exempel Exempelsson önskar stöd".to_owned(),
        fields: Vec::new(),
        attachments: Vec::new(),
        keep_metadata: false,
    }
}

/// The hub's receipt about a message that was handed in.
pub(crate) fn hub_receipt(log: &TestLog, request: &SubmitRequest, event: HubEvent) -> Bytes {
    let header = Header::parse(&request.header).expect("a header");
    let size = log.entries_len();
    let receipt = HubReceipt {
        message_id: header.fields().message_id,
        hh: *header.hh(),
        content_hash: sha256(&request.content),
        wraps_hash: wraps_hash(&request.wraps),
        hub_time_ms: NOW_MS + 1,
        policy_version: 1,
        log_size: size,
        log_root: log.root(),
        event,
    };
    let batch = batch::sign_batch(&[receipt], &signer(RECEIPT_SEED)).expect("signed");
    batch::proof(&receipt, 0, &batch.leaf_hashes, &batch.key_id, &batch.signature).expect("proof").into()
}

/// The hub has accepted a message.
pub(crate) fn accepted(log: &TestLog, request: &SubmitRequest) -> Bytes {
    let header = Header::parse(&request.header).expect("a header");
    let fields = header.fields();
    let sender = MailboxRef { org: fields.sender_org, mailbox: fields.sender_mailbox };
    hub_receipt(log, request, HubEvent::SubmissionAccepted { sender, device: fields.sender_device })
}

/// What the hub hands to an office.
pub(crate) fn delivery(log: &TestLog, request: &SubmitRequest, to: &Office) -> Delivery {
    let header = Header::parse(&request.header).expect("a header");
    let index =
        header.fields().wrap_index(&to.member.org(), &to.member.device.device_id()).expect("a recipient");
    let wrap = request.wraps.chunks(samverkan_proto::limits::WRAP_LEN).nth(index).expect("its wrap");
    Delivery {
        cursor: 1,
        header: request.header.clone(),
        wrap: Bytes::copy_from_slice(wrap),
        content: request.content.clone(),
        submission_receipt: accepted(log, request),
        rewrap: Default::default(),
    }
}

/// Takes a delivery as the receive loop does, without the network; gives the receipts.
pub(crate) fn take(
    office: &mut Office,
    log: &TestLog,
    request: &SubmitRequest,
) -> Result<Vec<Bytes>, String> {
    take_delivery(office, &delivery(log, request, office))
}

/// The same for a delivery that may have been changed on the way.
pub(crate) fn take_delivery(office: &mut Office, delivery: &Delivery) -> Result<Vec<Bytes>, String> {
    let judged = office.session.verify_delivery(delivery, &[]).map_err(|error| error.to_string())?;
    let verified = judged.map_err(|error| match error {
        samverkan_envelope::open::OpenError::Refused(refusal) => refusal.fault().name().to_owned(),
        behind @ samverkan_envelope::open::OpenError::LogBehind { .. } => behind.to_string(),
    })?;
    if office.session.breaks_case_rule(&verified, &[]) {
        return Err("a rule of its case".to_owned());
    }
    let receipt = office.session.receipt_for(verified.header(), verified.delivered());
    let kept = Box::new(incoming::keep(delivery, verified));
    let opened = vec![Opened::Good { kept, receipt }];
    Ok(office.session.keep_alone(opened, &mut Received::default()).expect("kept"))
}
