//! Consents as they were given: what the person agreed to stays here, sealed; the hub gets random handles
//! (PROTOCOL.md section 12).
//!
//! Each message uses up one handle, so a consent is recorded with as many as messages may follow.

use std::path::PathBuf;

use prost::Message as _;
use samverkan_envelope::consent::{ConsentOpening, ConsentRecipient, ConsentRecord, STUB_LEN};
use samverkan_proto::ids::{ConsentHandle, MessageId, OrgId, ThreadId};
use samverkan_proto::limits::{CONSENT_KEPT_MS, DAY_MS, MAX_FORWARDS, MAX_STUBS};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::consent::{ConsentStub, UnverifiedStub, commitment};
use samverkan_proto::statement::safety::CaseReference;
use samverkan_proto::v1::RegisterConsentsRequest;
use secrecy::zeroize::Zeroizing;

use super::Session;
use super::call;
use super::model::{ConsentDraft, ConsentId, Progress, RecordedConsent};
use crate::connect::Link;
use crate::directory::Directory;
use crate::error::{Class, Code, Error, Result};
use crate::files;
use crate::home::Profile;
use crate::keystore::Contents;
use crate::referral::spare::{self, Spare};
use crate::sealed_file::{self, Kind, Label, SealedFileError};
use crate::secret::{NoRandomness, Secret32, random_array};
use crate::text::Args;

const VERSION: u32 = 1;
/// Version of the text that the program shows when a consent is written down.
const TEXT_VERSION: &str = "samverkan-1";

/// One recorded consent.
#[derive(Clone)]
pub(super) struct Consent {
    /// Names it on this device, and is the name of its file.
    id: MessageId,
    pub(super) record: ConsentRecord,
    record_bytes: Vec<u8>,
    handles: Vec<Handle>,
    /// The hub has said that it has the handles.
    registered: bool,
}

/// One handle.
#[derive(Clone)]
struct Handle {
    stub: [u8; STUB_LEN],
    salt: [u8; 32],
    /// The message that names it, accepted or still on its way.
    used_by: Option<MessageId>,
    /// It is for whoever passes a referral on, and sealed into a message instead of naming it.
    spare: bool,
    /// That it was withdrawn.
    withdrawn: Option<WithdrawnHandle>,
}

/// A handle that was withdrawn.
#[derive(Clone)]
struct WithdrawnHandle {
    /// SVKD.
    statement: Vec<u8>,
    /// The hub's receipt with its proof; empty when it knows no such handle, and while it has not answered.
    receipt: Vec<u8>,
    /// The hub has answered.
    settled: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Wire {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    record: Vec<u8>,
    #[prost(message, repeated, tag = "3")]
    handles: Vec<WireHandle>,
    #[prost(bool, tag = "4")]
    unregistered: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct WireHandle {
    #[prost(bytes = "vec", tag = "1")]
    stub: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    salt: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    used_by: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    withdrawal: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    withdrawal_receipt: Vec<u8>,
    #[prost(bool, tag = "6")]
    withdrawal_settled: bool,
    #[prost(bool, tag = "7")]
    spare: bool,
}

impl Handle {
    fn id(&self) -> Option<ConsentHandle> {
        UnverifiedStub::parse(&self.stub).ok().map(|stub| stub.claimed().handle)
    }

    /// Whether a message may name it.
    const fn is_free(&self) -> bool {
        self.used_by.is_none() && self.withdrawn.is_none() && !self.spare
    }

    fn to_wire(&self) -> WireHandle {
        let withdrawn = self.withdrawn.as_ref();
        WireHandle {
            stub: self.stub.to_vec(),
            salt: self.salt.to_vec(),
            used_by: self.used_by.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            spare: self.spare,
            withdrawal: withdrawn.map(|withdrawn| withdrawn.statement.clone()).unwrap_or_default(),
            withdrawal_receipt: withdrawn.map(|withdrawn| withdrawn.receipt.clone()).unwrap_or_default(),
            withdrawal_settled: withdrawn.is_some_and(|withdrawn| withdrawn.settled),
        }
    }

    fn from_wire(wire: WireHandle) -> Option<Self> {
        let used_by = (!wire.used_by.is_empty()).then(|| MessageId::parse(&wire.used_by));
        let (statement, receipt) = (wire.withdrawal, wire.withdrawal_receipt);
        let settled = wire.withdrawal_settled;
        Some(Self {
            stub: wire.stub.try_into().ok()?,
            salt: wire.salt.try_into().ok()?,
            used_by: used_by.transpose().ok()?,
            spare: wire.spare,
            withdrawn: (!statement.is_empty()).then_some(WithdrawnHandle { statement, receipt, settled }),
        })
    }
}

impl Consent {
    /// What people call it.
    pub(super) fn reference(&self) -> ConsentId {
        let thread = ThreadId::parse(self.id.as_bytes()).expect("both are random UUIDs of version 4");
        ConsentId(CaseReference::of_thread(&thread))
    }

    /// How many messages can still be sent under it.
    fn left(&self) -> u8 {
        let free = self.handles.iter().filter(|handle| handle.is_free()).count();
        u8::try_from(free).unwrap_or(u8::MAX)
    }

    /// Every handle of it.
    pub(super) fn handles(&self) -> impl Iterator<Item = ConsentHandle> {
        self.handles.iter().filter_map(Handle::id)
    }

    /// Whether it was withdrawn.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.withdrawn().is_some()
    }

    /// How many handles were withdrawn, and of how many of those the hub knows; `None` while the consent stands.
    pub(super) fn withdrawn(&self) -> Option<(usize, usize)> {
        let withdrawn = self.handles.iter().filter_map(|handle| handle.withdrawn.as_ref());
        let (all, settled) = (withdrawn.clone().count(), withdrawn.filter(|one| one.settled).count());
        (all > 0).then_some((all, settled))
    }

    /// Withdraws every handle that was not withdrawn yet; gives them with the statements.
    pub(super) fn withdraw(
        &mut self,
        sign: impl Fn(ConsentHandle) -> Result<Vec<u8>>,
    ) -> Result<Vec<(ConsentHandle, Vec<u8>)>> {
        let mut stopped = Vec::new();
        for handle in self.handles.iter_mut().filter(|handle| handle.withdrawn.is_none()) {
            let id = handle.id().ok_or(Error::new(Code::FileDamaged))?;
            let statement = sign(id)?;
            stopped.push((id, statement.clone()));
            handle.withdrawn = Some(WithdrawnHandle { statement, receipt: Vec::new(), settled: false });
        }
        Ok(stopped)
    }

    /// Whether a handle is left.
    pub(super) fn has_handle(&self) -> bool {
        self.left() > 0
    }

    /// Opens the next free handle for a message.
    fn take(&mut self, message: MessageId) -> Option<ConsentOpening> {
        let handle = self.handles.iter_mut().find(|handle| handle.is_free())?;
        handle.used_by = Some(message);
        Some(ConsentOpening { stub: handle.stub, salt: handle.salt, record: self.record_bytes.clone() })
    }

    /// Opens spare handles to be sealed into a message that goes to so many mailboxes: as many as there are, and no more than can be of
    /// use.
    fn take_spares(&mut self, message: MessageId, mailboxes: usize) -> Vec<Spare> {
        let others = self.record.recipients.len().saturating_sub(mailboxes);
        let free = self.handles.iter_mut().filter(|handle| handle.used_by.is_none() && handle.spare);
        let taken = free.take(others.min(MAX_FORWARDS)).map(|handle| {
            handle.used_by = Some(message);
            Spare { stub: handle.stub, salt: handle.salt }
        });
        taken.collect()
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let handles = self.handles.iter().map(Handle::to_wire).collect();
        let (record, unregistered) = (self.record_bytes.clone(), !self.registered);
        Zeroizing::new(Wire { version: VERSION, record, handles, unregistered }.encode_to_vec())
    }

    fn decode(id: MessageId, bytes: &[u8]) -> Option<Self> {
        let wire = Wire::decode(bytes).ok().filter(|wire| wire.version == VERSION)?;
        Some(Self {
            id,
            record: ConsentRecord::decode(&wire.record).ok()?,
            record_bytes: wire.record,
            handles: wire.handles.into_iter().map(Handle::from_wire).collect::<Option<_>>()?,
            registered: !wire.unregistered,
        })
    }
}

/// Every recorded consent.
pub(super) struct Consents {
    folder: PathBuf,
    list: Vec<Consent>,
}

impl Consents {
    pub(super) fn load(profile: &Profile, contents: &Contents) -> Result<Self> {
        let folder = profile.subfolder("consents")?;
        let mut list = Vec::new();
        for id in contents.message_keys() {
            let Some(key) = contents.message_key(&id) else { continue };
            match sealed_file::read(&folder.join(id.to_string()), &key, label(&id)) {
                Ok(bytes) => list.push(Consent::decode(id, &bytes).ok_or(Error::new(Code::FileDamaged))?),
                Err(SealedFileError::File(error)) if error.is_missing() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { folder, list })
    }

    /// The consent that people call by this name.
    pub(super) fn find(&self, id: ConsentId) -> Option<&Consent> {
        self.list.iter().find(|consent| consent.reference() == id)
    }

    fn get(&self, id: &MessageId) -> Option<&Consent> {
        self.list.iter().find(|consent| consent.id == *id)
    }

    /// Those of whose handles the hub has not said that it has them.
    fn unregistered(&self) -> Vec<MessageId> {
        self.list.iter().filter(|consent| !consent.registered).map(|consent| consent.id).collect()
    }

    /// The withdrawals that the hub has not answered, with the consents and handles that they are of.
    pub(super) fn unsettled(&self) -> Vec<(MessageId, ConsentHandle, Vec<u8>)> {
        let of_one = |consent: &Consent| {
            let id = consent.id;
            let waiting = consent.handles.iter().filter_map(move |handle| {
                let withdrawn = handle.withdrawn.as_ref().filter(|withdrawn| !withdrawn.settled)?;
                Some((id, handle.id()?, withdrawn.statement.clone()))
            });
            waiting.collect::<Vec<_>>()
        };
        self.list.iter().flat_map(of_one).collect()
    }

    /// Whether the hub has said that it has the handles of a consent.
    pub(super) fn is_registered(&self, consent: &MessageId) -> bool {
        self.get(consent).is_some_and(|consent| consent.registered)
    }

    /// Whether a consent was over for so long that the hub remembers none of its handles.
    pub(super) fn is_over(&self, consent: &MessageId, now_ms: u64) -> bool {
        let end = |consent: &Consent| consent.record.expires_ms.saturating_add(DAY_MS + CONSENT_KEPT_MS);
        self.get(consent).is_some_and(|consent| end(consent) <= now_ms)
    }

    /// Writes down that the hub has answered a withdrawal.
    pub(super) fn settle(
        &mut self,
        contents: &Contents,
        consent: &MessageId,
        handle: &ConsentHandle,
        receipt: Vec<u8>,
    ) -> Result<()> {
        let Some(mut changed) = self.get(consent).cloned() else { return Ok(()) };
        let found = changed.handles.iter_mut().find(|known| known.id().as_ref() == Some(handle));
        if let Some(withdrawn) = found.and_then(|found| found.withdrawn.as_mut()) {
            (withdrawn.receipt, withdrawn.settled) = (receipt, true);
        }
        self.put(contents, changed)
    }

    /// Forgets a consent whose key has been removed from the keystore on disk.
    fn forget(&mut self, id: &MessageId) -> Result<()> {
        self.list.retain(|consent| consent.id != *id);
        Ok(files::remove(&self.folder.join(id.to_string()))?)
    }

    fn iter(&self) -> impl Iterator<Item = &Consent> {
        self.list.iter()
    }

    /// Uses up a handle for a message.
    pub(super) fn take(
        &mut self,
        contents: &Contents,
        id: ConsentId,
        message: MessageId,
    ) -> Result<ConsentOpening> {
        let unknown = || Error::new(Code::ConsentUnknown);
        let mut consent = self.find(id).cloned().ok_or_else(unknown)?;
        if consent.is_withdrawn() {
            return Err(Error::new(Code::ConsentWithdrawn));
        }
        let opening = consent.take(message).ok_or(Error::new(Code::ConsentHandleUsed))?;
        self.put(contents, consent)?;
        Ok(opening)
    }

    /// Takes spare handles for whoever passes a message on that goes to so many mailboxes.
    pub(super) fn take_spares(
        &mut self,
        contents: &Contents,
        id: ConsentId,
        message: MessageId,
        mailboxes: usize,
    ) -> Result<Vec<Spare>> {
        let mut consent = self.find(id).cloned().ok_or_else(|| Error::new(Code::ConsentUnknown))?;
        let spares = consent.take_spares(message, mailboxes);
        self.put(contents, consent)?;
        Ok(spares)
    }

    /// The consent that the first of these openings is of, if it was recorded here.
    pub(super) fn of_openings(&self, openings: &[ConsentOpening]) -> Option<ConsentId> {
        let stub = openings.first()?.stub;
        let found = self.list.iter().find(|consent| consent.handles.iter().any(|handle| handle.stub == stub));
        found.map(Consent::reference)
    }

    /// Makes the handles of these openings free again: the message that named them never was with the hub.
    pub(super) fn release(&mut self, contents: &Contents, openings: &[ConsentOpening]) -> Result<()> {
        for opening in openings {
            let named = |handle: &Handle| handle.stub == opening.stub && handle.used_by.is_some();
            let holds = |consent: &&Consent| consent.handles.iter().any(named);
            let Some(mut consent) = self.list.iter().find(holds).cloned() else { continue };
            for handle in consent.handles.iter_mut().filter(|handle| named(handle)) {
                handle.used_by = None;
            }
            self.put(contents, consent)?;
        }
        Ok(())
    }

    pub(super) fn put(&mut self, contents: &Contents, consent: Consent) -> Result<()> {
        let key = contents.message_key(&consent.id).ok_or(Error::new(Code::ProgramDefect))?;
        let path = self.folder.join(consent.id.to_string());
        sealed_file::write(&path, &key, label(&consent.id), &consent.encode())?;
        self.list.retain(|other| other.id != consent.id);
        self.list.push(consent);
        Ok(())
    }
}

impl Session {
    /// Writes a consent down and registers its handles with the hub.
    ///
    /// # Errors
    /// [`Code::RecipientUnknown`], [`Code::ConsentInvalid`] for a draft that breaks a rule, and what the hub refuses;
    /// nothing is kept then. When no answer comes the consent is kept, and any later contact registers it.
    pub async fn record_consent(
        &mut self,
        draft: &ConsentDraft,
        progress: &mut dyn Progress,
    ) -> Result<RecordedConsent> {
        let link = self.connect(progress).await?;
        let record = record_of(draft, &self.directory, self.clock.now_ms())?;
        let consent = make(record, draft.handles, self.membership.org, &self.device)?;
        let (id, recorded) = (consent.id, self.describe_consent(&consent));
        // Kept before it is registered: a handle that the hub has and nobody else could never be used.
        self.keep_consent(consent)?;
        self.register(&link, &id).await.map(|()| recorded)
    }

    fn keep_consent(&mut self, consent: Consent) -> Result<()> {
        let held = self.begin()?;
        self.keystore.contents_mut().put_message_key(&consent.id, &Secret32::random()?);
        self.keystore.commit(&held)?;
        self.consents.put(self.keystore.contents(), consent)
    }

    /// Registers the consents to which no answer came. Whatever becomes of them, it is no reason to do nothing else.
    pub(super) async fn register_consents(&mut self, link: &Link) {
        for id in self.consents.unregistered() {
            if let Err(error) = self.register(link, &id).await {
                tracing::warn!(code = error.code().as_str(), "a consent is not registered");
            }
        }
    }

    /// Registers the handles of a consent, for the first time or again: the hub takes the same ones as often as they come. What it
    /// refuses for good is forgotten.
    async fn register(&mut self, link: &Link, id: &MessageId) -> Result<()> {
        let Some(consent) = self.consents.get(id) else { return Ok(()) };
        let stubs = consent.handles.iter().map(|handle| handle.stub.to_vec().into()).collect();
        let answer = call::unary(link.consent().register_consents(RegisterConsentsRequest { stubs })).await;
        let held = self.begin()?;
        match answer {
            Ok(_) => {
                let Some(mut consent) = self.consents.get(id).cloned() else { return Ok(()) };
                consent.registered = true;
                self.consents.put(self.keystore.contents(), consent)
            }
            Err(error) if error.code().class() == Class::Transient => Err(error),
            Err(error) => {
                self.keystore.contents_mut().remove_message_key(id);
                self.keystore.commit(&held)?;
                self.consents.forget(id)?;
                Err(error)
            }
        }
    }

    /// What was recorded and is neither used up nor over.
    #[must_use]
    pub fn consents(&self) -> Vec<RecordedConsent> {
        let now_ms = self.clock.now_ms();
        let usable = |consent: &&Consent| consent.has_handle() && now_ms < consent.record.expires_ms;
        self.consents.iter().filter(usable).map(|consent| self.describe_consent(consent)).collect()
    }

    pub(super) fn describe_consent(&self, consent: &Consent) -> RecordedConsent {
        let address = |to: &ConsentRecipient| self.directory.address_of(&to.org, &to.mailbox);
        RecordedConsent {
            id: consent.reference(),
            purpose: consent.record.purpose,
            recipients: consent.record.recipients.iter().filter_map(address).collect(),
            expires_ms: consent.record.expires_ms,
            handles_left: consent.left(),
        }
    }
}

/// The record of what a person agreed to.
fn record_of(draft: &ConsentDraft, directory: &Directory, now_ms: u64) -> Result<ConsentRecord> {
    let mut recipients = Vec::new();
    for address in &draft.recipients {
        let unknown = || Error::with(Code::RecipientUnknown, Args::none().text("recipient", address));
        let (org, mailbox) = directory.resolve(address).ok_or_else(unknown)?;
        recipients.push(ConsentRecipient { org, mailbox });
    }
    recipients.sort_unstable();
    recipients.dedup();
    let mut categories = draft.categories.clone();
    categories.sort_unstable();
    categories.dedup();
    Ok(ConsentRecord {
        purpose: draft.purpose,
        recipients,
        categories,
        text_version: TEXT_VERSION.to_owned(),
        given_ms: now_ms,
        expires_ms: draft.expires_ms,
        how: draft.how,
        evidence: draft.evidence.clone(),
    })
}

/// Makes the stubs, each with a random handle and a fresh salt, so that the hub can not link them.
fn make(record: ConsentRecord, handles: u8, org: OrgId, device: &Signer) -> Result<Consent> {
    let invalid = || Error::new(Code::ConsentInvalid);
    let record_bytes = record.encode().map_err(|_| invalid())?;
    if handles == 0 || usize::from(handles) > MAX_STUBS || record.expires_ms <= record.given_ms {
        return Err(invalid());
    }
    // Rounded up to a day, so that the time of day does not tell handles of one consent from others.
    let expires_ms = record.expires_ms.div_ceil(DAY_MS).checked_mul(DAY_MS).ok_or_else(invalid)?;
    let wanted = usize::from(handles) * spare::wanted(record.recipients.len());
    let spares = wanted.min(MAX_STUBS - usize::from(handles));
    let handle = |spare: bool| {
        let salt: [u8; 32] = random_array()?;
        let stub = ConsentStub {
            handle: ConsentHandle::from_random(random_array()?).ok_or(NoRandomness)?,
            commitment: commitment(&salt, &record_bytes),
            issuer_org: org,
            issuer_device: device.device_id(),
            expires_ms,
        };
        let signed = stub.sign(device).map_err(|_| Error::new(Code::ProgramDefect))?;
        let stub = signed.bytes().try_into().map_err(|_| Error::new(Code::ProgramDefect))?;
        Ok(Handle { stub, salt, used_by: None, spare, withdrawn: None })
    };
    let kinds = std::iter::repeat_n(false, handles.into()).chain(std::iter::repeat_n(true, spares));
    let handles = kinds.map(handle).collect::<Result<_>>()?;
    Ok(Consent { id: MessageId::random(), record, record_bytes, handles, registered: false })
}

fn label(id: &MessageId) -> Label {
    Label { kind: Kind::State, id: *id.as_bytes() }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::code::{ConsentHow, ConsentPurpose};

    use super::*;
    use crate::directory::testlog::NOW_MS;
    use crate::session::office::two_offices;

    #[tokio::test]
    async fn a_consent_is_kept_with_its_handles_before_the_hub_hears_of_it() {
        let (_, mut one, _) = two_offices();
        let draft = ConsentDraft {
            purpose: ConsentPurpose::Referral,
            recipients: vec!["two/mottagning".parse().expect("address")],
            categories: vec!["contact".to_owned()],
            expires_ms: NOW_MS + 30 * DAY_MS,
            how: ConsentHow::Verbally,
            evidence: "Hört av Exempel".to_owned(),
            handles: 3,
        };
        let record = record_of(&draft, one.session.directory(), NOW_MS).expect("a record");
        let org = one.session.org();
        let consent = make(record, draft.handles, org, &one.session.device).expect("handles");
        let (id, stubs): (_, Vec<_>) =
            (consent.id, consent.handles.iter().map(|handle| handle.stub).collect());
        one.session.keep_consent(consent).expect("kept");
        // The program is stopped here, and the next one registers the very handles that were made.
        let mut other = one.another_process();
        assert_eq!(other.consents.unregistered(), [id]);
        let kept = other.consents.get(&id).expect("kept").clone();
        assert_eq!(kept.handles.iter().map(|handle| handle.stub).collect::<Vec<_>>(), stubs);
        assert_eq!(other.consents()[0].handles_left, 3);
        let _held = other.begin().expect("free");
        let known = Consent { registered: true, ..kept };
        other.consents.put(other.keystore.contents(), known).expect("kept");
        let again = Consents::load(&other.profile, other.keystore.contents()).expect("loads");
        assert!(again.unregistered().is_empty());
    }

    #[test]
    fn a_consent_for_several_has_spares_that_are_sealed_in_and_never_named_by_its_issuer() {
        let (_, one, _) = two_offices();
        let recipient = |number: u8| ConsentRecipient {
            org: OrgId::parse(&[number; 16]).expect("an id"),
            mailbox: samverkan_proto::ids::MailboxId::parse(&[number; 16]).expect("an id"),
        };
        let record = |recipients: u8| ConsentRecord {
            purpose: ConsentPurpose::Referral,
            recipients: (1..=recipients).map(recipient).collect(),
            categories: vec!["contact".to_owned()],
            text_version: TEXT_VERSION.to_owned(),
            given_ms: NOW_MS,
            expires_ms: NOW_MS + DAY_MS,
            how: ConsentHow::Verbally,
            evidence: String::new(),
        };
        for (recipients, messages, spares) in
            [(1, 3, 0), (2, 2, 2), (3, 1, 2), (9, 1, 3), (16, 16, 16), (16, 32, 0)]
        {
            let made = make(record(recipients), messages, one.session.org(), &one.session.device);
            let mut consent = made.expect("handles");
            assert_eq!((consent.left(), consent.handles.len()), (messages, usize::from(messages) + spares));
            let read = Consent::decode(consent.id, &consent.encode()).expect("kept");
            assert_eq!((read.left(), read.handles.len()), (messages, usize::from(messages) + spares));
            let each = spares.min(spare::wanted(recipients.into()));
            let message = MessageId::random();
            let sealed_in = consent.take_spares(message, 1);
            assert_eq!(sealed_in.len(), each, "of {recipients}");
            assert_eq!(consent.left(), messages, "they are not the issuer's to name");
            let named: Vec<_> = (0..messages).filter_map(|_| consent.take(MessageId::random())).collect();
            assert!(named.len() == usize::from(messages) && consent.take(message).is_none());
            assert!(named.iter().all(|opening| sealed_in.iter().all(|spare| spare.stub != opening.stub)));
        }
    }
}
