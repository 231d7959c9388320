//! What a person does with the hub, in the words of the field: the commands call this and nothing below it.
//!
//! A session is an opened profile. It connects when a method needs the hub, renews its certificate in time, says `Hello`, synchronises the
//! directory, publishes epoch keys that are due, destroys those that are over, and sends what waits in the outbox; methods that read local
//! state never connect, and destroy what is over as well.
//!
//! | method (on `Session`) | what it does |
//! |---|---|
//! | `Session::open(profile, passphrase, clock)` | unlocks the keystore; loads directory and threads; no network |
//! | `over(network)` | the same session over another network than the system's |
//! | `directory()` | the synchronised copy of the log, to search and to show |
//! | `async refresh(&mut self, progress)` | connect, synchronise, publish and destroy keys, flush the outbox |
//! | `obstacles(&self, &Draft) -> Vec<Obstacle>` | every reason a send would be refused; no personal data needed |
//! | `async send(&mut self, Draft, progress) -> Sent` | seal, keep in the outbox, upload, submit, check the receipt |
//! | `async receive(&mut self, progress) -> Received` | everything that waits: verify, keep, acknowledge; take receipts |
//! | `async watch(&mut self, progress, notify, stop)` | receive until told to stop; calls `notify` with each [`model::Notice`] |
//! | `async reply(&mut self, &CaseRef, Reply, progress) -> Sent` | a follow-up in the thread, and the receipt that says so |
//! | `async take_step(&mut self, &CaseRef, Act, &Reply, progress) -> Vec<Sent>` | a step in a referral, such as accepting it, checked against the rules |
//! | `async forward(&mut self, &CaseRef, &MailboxAddress, Option<LegalBasis>, progress) -> Forwarded` | passes a referral on, and tells its sender |
//! | `referrals(&self, &CaseRef) -> Vec<ReferralLine>` | what the referrals of a case have come to, folded from what is kept |
//! | `async resend(&mut self, &CaseRef, Option<ConsentId>, progress) -> Vec<Sent>` | what ended undelivered, sealed anew for those who did not get it |
//! | `discard(&mut self, &CaseRef) -> Discarded` | what ended undelivered, deleted or taken off the list |
//! | `async recall(&mut self, &CaseRef, progress) -> Recalled` | takes back what was sent in a case |
//! | `async withdraw_consent(&mut self, ConsentId, …) -> ConsentStatus`, `consent_status(&self, ConsentId)` | ends a consent handle by handle; what became of what was sent under it |
//! | `async answer_withdrawal(&mut self, &CaseRef, StopAnswer, …)`, `check_not_stopped(&self, &CaseRef)`, `missed(&self)` | what others have taken back: the answer, what it forbids, and what was gone before it came |
//! | `inbox(&self) -> Vec<ThreadLine>`, `sent(&self) -> Vec<ThreadLine>` | the threads others began, and those begun here |
//! | `thread(&self, &CaseRef) -> Thread` | every message of a thread, opened |
//! | `contact_rules(&self, &CaseRef) -> Vec<ContactRule>`, `accept_contact_rules(&mut self, …)` | how the person may be contacted; no `thread` before it is accepted |
//! | `may_leave(&self, &CaseRef)` | refuses to pass on or export a case whose personal data are protected |
//! | `attachment(&self, &CaseRef, number, &mut dyn Write, progress)` | one verified attachment in the clear |
//! | `track(&self, &CaseRef) -> Track` | what is proven about each message of the thread, by whom, when |
//! | `cases_to_act_on(&self) -> usize` | the cases in which something that was sent ended undelivered |
//! | `async wait(&mut self, &CaseRef, Goal) -> Track` | receive until a stage or a state is reached; the caller sets the time limit |
//! | `evidence(&self, &CaseRef) -> Evidence` | the bundle that `receipts --verify` reads; `Evidence::verify(bytes, directory) -> Verdict` is offline |
//! | `async record_consent(&mut self, ConsentDraft) -> RecordedConsent` | registers handles, keeps the openings sealed |
//! | `consents(&self) -> Vec<RecordedConsent>` | what was recorded and is not used up or over |
//! | `count_refusal(&mut self)`, `refusals(&self)` | how many persons said no: a number, and nothing else |
//! | `outbox_len(&self)`, `damaged_messages(&self)` | how many sealed messages wait, how many kept ones do not open |
//! | `async keep_certified(&mut self)` | the next certificate, if it is time |
//! | `async hub_clock(&self) -> ClockSkew` | greets the hub and compares clocks, for `doctor` |
//! | `verify_organisation(&mut self, &Handle, &Comparison)` | writes down that the safety number was compared |
//!
//! | `compromises()`, `mark_told(&mut self, …)` | partners' devices that were reported to be in other hands, and what that is about here |
//! | `invite_member`, `applicants`, `approve`, `remove_member`, … | the organisation's devices and mailboxes: `members.rs` |
//!
//! `join`, `enlist` and `recover` are their own pipelines, since there is no session before them. The types that cross this boundary are in [`model`].

use std::time::Duration;

use samverkan_proto::ids::{Handle, OrgId};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::manifest::{Device, Manifest};
use samverkan_proto::v1::PublishEpochKeysRequest;

use crate::clock::Clock;
use crate::connect::{ClientIdentity, Link, Network};
use crate::directory::Directory;
use crate::error::{Class, Code, Error, Result};
use crate::home::{Profile, ProfileLock};
use crate::keystore::{Contents, Keystore, UnlockingKey};
use crate::msg;
use crate::passphrase::Passphrase;
use crate::text::Args;

pub mod agreement;
mod archive;
mod armour;
mod attach;
mod call;
mod certificate;
mod charter;
mod compose;
mod compromise;
mod consent;
pub mod enlist;
pub mod evidence;
mod forward;
mod gossip;
mod health;
mod incoming;
mod inflow;
pub mod join;
mod keys;
mod later;
pub(crate) mod laws;
mod mail;
pub mod members;
mod membership;
pub mod model;
mod new_device;
mod outbox;
mod outcomes;
mod own_news;
mod recall;
mod receipts;
mod receive;
pub mod recover;
mod referrals;
mod refusals;
mod renewal;
mod reseal;
mod resend;
mod returned;
mod rewrap;
mod rules;
mod send;
mod stages;
mod stamp;
mod steps;
mod stops;
mod threads;
mod track;
mod transfer;
mod trust;
mod withdraw;

pub use certificate::CertificateFacts;
use compose::Desk;
pub use compromise::Compromise;
use consent::Consents;
pub use health::KeyFacts;
use mail::Mail;
pub use membership::{HubFacts, Membership};
use model::{Comparison, Progress, Step, Trust};
use stamp::Stamp;

/// How long a command waits for another one to finish with the profile.
pub const LOCK_WAIT: Duration = Duration::from_secs(15);

/// How often a command goes on over a new connection when the old one is lost.
const TRIES: usize = 4;
/// How long it waits before it does.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// An opened profile of a device that has joined.
pub struct Session {
    profile: Profile,
    membership: Membership,
    keystore: Keystore,
    device: Signer,
    clock: Clock,
    network: Network,
    directory: Directory,
    mail: Mail,
    consents: Consents,
    stamp: Stamp,
    /// The hub was reached and has shown its log since this was opened.
    reached: bool,
}

/// The directory of a profile without its passphrase: it is public, and searched only here.
///
/// # Errors
/// [`Code::KeystoreMissing`] before joining.
pub fn public_directory(profile: &Profile, clock: &Clock) -> Result<(HubFacts, Directory)> {
    let hub = HubFacts::read(profile)?;
    let directory = load_directory(profile, &hub, clock)?;
    Ok((hub, directory))
}

impl Session {
    /// Unlocks the keystore and loads what is kept. No network.
    ///
    /// # Errors
    /// [`Code::KeystoreMissing`] before joining is finished, [`Code::MembershipWaits`] while an admin has not approved,
    /// [`Code::WrongPassphrase`], and what the keystore or the
    /// directory find damaged.
    pub fn open(profile: Profile, passphrase: &Passphrase, clock: Clock) -> Result<Self> {
        let keystore = Keystore::open(&profile, passphrase)?;
        Self::of_keystore(profile, keystore, clock)
    }

    /// The same for a profile that is unlocked.
    ///
    /// # Errors
    /// As [`Session::open`]; [`Code::WrongPassphrase`] when the key is not that of the keystore any more.
    pub fn open_with(profile: Profile, key: &UnlockingKey, clock: Clock) -> Result<Self> {
        let keystore = Keystore::open_with(&profile, key)?;
        Self::of_keystore(profile, keystore, clock)
    }

    fn of_keystore(profile: Profile, keystore: Keystore, clock: Clock) -> Result<Self> {
        let Some(membership) = Membership::load(keystore.contents())? else {
            let waits = enlist::is_waiting(keystore.contents());
            return Err(Error::new(if waits { Code::MembershipWaits } else { Code::KeystoreMissing }));
        };
        let device = device_signer(keystore.contents())?;
        Self::assemble(profile, membership, keystore, device, clock)
    }

    /// Loads what is kept beside the keystore, and the keystore again: opening it took a while. Nothing changes meanwhile, so all of
    /// it is of the moment that the stamp stands for.
    fn assemble(
        profile: Profile,
        membership: Membership,
        mut keystore: Keystore,
        device: Signer,
        clock: Clock,
    ) -> Result<Self> {
        let held = profile.lock(LOCK_WAIT, || ())?;
        keystore.reload()?;
        destroy_past(&mut keystore, &held, &clock);
        let stamp = Stamp::read(&profile)?;
        let directory = load_directory(&profile, &membership.hub, &clock)?;
        let mail = Mail::load(&profile, keystore.contents())?;
        let consents = Consents::load(&profile, keystore.contents())?;
        drop(held);
        let network = Network::system();
        Ok(Self {
            profile,
            membership,
            keystore,
            device,
            clock,
            network,
            directory,
            mail,
            consents,
            stamp,
            reached: false,
        })
    }

    /// The same session over another network than the system's.
    #[must_use]
    pub fn over(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// The synchronised copy of the log, to search and to show.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Which hub this is, as which device of which organisation.
    #[must_use]
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The own organisation.
    #[must_use]
    pub const fn org(&self) -> OrgId {
        self.membership.org
    }

    /// The own organisation's newest manifest; absent before the first synchronisation.
    #[must_use]
    pub fn own_manifest(&self) -> Option<&Manifest> {
        self.directory.organisation(&self.membership.org)?.manifest()
    }

    /// This device as the own organisation's newest manifest names it.
    #[must_use]
    pub fn own_device(&self) -> Option<&Device> {
        self.own_manifest()?.device(&self.device.device_id())
    }

    /// How many kept messages could not be opened again.
    #[must_use]
    pub const fn damaged_messages(&self) -> usize {
        self.mail.damaged()
    }

    /// Connects, synchronises, publishes and destroys keys, and sends what waits.
    ///
    /// # Errors
    /// What connecting or synchronising fails with; [`Code::ClockWrong`] when this computer's clock is more than ten
    /// minutes away from the hub's; [`Code::DeviceCopied`] when somebody else uses this device's identity.
    pub async fn refresh(&mut self, progress: &mut dyn Progress) -> Result<()> {
        let mut link = self.connect(progress).await?;
        self.flush_outbox(&mut link, progress).await?.map_or(Ok(()), Err)
    }

    /// What is known about the organisation that has a handle now.
    #[must_use]
    pub fn trust(&self, handle: &Handle) -> Trust {
        trust::of(self.keystore.contents(), &self.directory, handle)
    }

    /// Writes down that the safety number was compared over another channel.
    ///
    /// # Errors
    /// [`Code::SafetyNumberWrong`] when it is not the organisation's; [`Code::KeyChanged`] when the handle belonged to
    /// another organisation when it was compared before, unless the person knows; [`Code::OrganisationUnknown`].
    pub fn verify_organisation(&mut self, handle: &Handle, compared: &Comparison) -> Result<()> {
        let held = self.begin()?;
        let now_ms = self.clock.now_ms();
        trust::record(self.keystore.contents_mut(), &self.directory, handle, compared, now_ms)?;
        Ok(self.keystore.commit(&held)?)
    }

    /// Takes the profile for a change, and catches up with what other processes changed. The lock is held for that change alone and
    /// never while the network is waited for: other commands run meanwhile, and what they changed is seen by the next call of this.
    fn begin(&mut self) -> Result<ProfileLock> {
        let held = self.profile.lock(LOCK_WAIT, || ())?;
        self.keystore.reload()?;
        if self.stamp.is_old(&self.profile)? {
            self.mail = Mail::load(&self.profile, self.keystore.contents())?;
            self.consents = Consents::load(&self.profile, self.keystore.contents())?;
        }
        self.stamp.renew(&self.profile)?;
        if self.directory.is_behind_disk()? {
            self.directory = load_directory(&self.profile, &self.membership.hub, &self.clock)?;
        }
        self.finish_replacing(&held)?;
        Ok(held)
    }

    /// A link with the outbox emptied over it, or none when the hub can not be reached now.
    async fn contact(&mut self, progress: &mut dyn Progress) -> Result<Option<Link>> {
        match self.connect(progress).await {
            Ok(mut link) => {
                match self.flush_outbox(&mut link, progress).await? {
                    // One record that the hub has lost is no reason to send nothing any more. Every `receive` tells of it.
                    Some(doubt) if doubt.code() != Code::RecordDamaged => Err(doubt),
                    Some(_) | None => Ok(Some(link)),
                }
            }
            Err(error) if error.code().class() == Class::Transient => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Another process has been in the way for too long.
    fn busy(&self) -> Error {
        Error::with(Code::ProfileBusy, Args::none().text("profile", self.profile.name()))
    }

    fn desk(&self) -> Desk<'_> {
        Desk {
            directory: &self.directory,
            contents: self.keystore.contents(),
            consents: &self.consents,
            org: self.membership.org,
            device: self.device.device_id(),
            now_ms: self.clock.now_ms(),
            stale: self.staleness(),
        }
    }

    /// Opens a link, and no more: for what goes on over another one.
    async fn dial(&self) -> Result<Link> {
        let key = self.keystore.contents().tls_key().ok_or(Error::new(Code::KeystoreDamaged))?;
        let believed = self.directory.returnable().map(|believed| believed.note().clone());
        let believed = believed.unwrap_or_default();
        let identity = ClientIdentity { certificate: &self.membership.certificate, key, believed };
        let hub = &self.membership.hub;
        Ok(Link::open(&self.network, &hub.address, &hub.pins, &identity, &self.clock).await?)
    }

    /// Opens a link and does what is due on every contact with the hub.
    async fn connect(&mut self, progress: &mut dyn Progress) -> Result<Link> {
        let link = self.dial_certified().await?;
        check_clock(&link)?;
        progress.begin(Step::Synchronising, 0);
        self.follow_log(&link).await?;
        self.reached = true;
        self.check_own_place()?;
        self.tell_own_news(progress)?;
        self.tend_keys(&link).await?;
        self.register_consents(&link).await;
        // What was taken back goes before anything else; why something can not be is told to whoever asks for it.
        let _ = self.hand_in_stops(&link).await?;
        self.seal_stop_answers()?;
        // On an old view somebody may count as a colleague who was removed since.
        if self.staleness().is_none() {
            self.share_with_later_devices(&link).await?;
        }
        Ok(link)
    }

    /// Brings the directory up to the hub's newest checkpoint. When another process does so at the same time, what it took is taken
    /// from disk and the rest is asked for.
    async fn synchronise(&mut self, link: &Link) -> Result<()> {
        for _ in 0..TRIES {
            let news = self.directory.fetch(link, self.clock.now_ms()).await?;
            let held = self.begin()?;
            if self.directory.take_news(&held, news, self.clock.now_ms())? {
                return Ok(());
            }
        }
        Err(self.busy())
    }

    /// Why nothing may be sealed or handed in on this view of the log (PROTOCOL.md section 13): the hub, which was reached, has not
    /// said for a day that it is the newest, or could not be asked.
    fn staleness(&self) -> Option<Code> {
        let stale = if self.reached { Code::LogStale } else { Code::LogNotRefreshed };
        (!self.directory.is_fresh(self.clock.now_ms())).then_some(stale)
    }

    fn check_fresh(&self) -> Result<()> {
        self.staleness().map_or(Ok(()), |stale| Err(Error::new(stale)))
    }

    /// The own handle stands in the log for the own organisation, and this device in its newest manifest.
    fn check_own_place(&self) -> Result<()> {
        match self.directory.by_handle(&self.membership.handle) {
            Some((org, _)) if org == self.membership.org => {}
            _ => {
                return Err(call::misbehaved(msg!("cause-not-in-directory")));
            }
        }
        if self.own_device().is_some() { Ok(()) } else { Err(Error::new(self.why_gone())) }
    }

    /// Destroys keys whose time is over, makes those that are due, publishes what the log lacks.
    async fn tend_keys(&mut self, link: &Link) -> Result<()> {
        let due = self.make_due_keys()?;
        if due.is_empty() {
            return Ok(());
        }
        let epoch_keys = due.iter().map(|key| key.bytes().clone()).collect();
        call::unary(link.directory().publish_epoch_keys(PublishEpochKeysRequest { epoch_keys })).await?;
        self.synchronise(link).await
    }

    /// Destroys and makes keys on disk; gives those that are to be published.
    fn make_due_keys(&mut self) -> Result<Vec<EpochKey>> {
        let held = self.begin()?;
        let now_ms = self.clock.now_ms();
        let org = self.membership.org;
        // What another process has published it kept before, so what is in the log and not in the keystore now is nobody's here.
        keys::check_own(self.keystore.contents(), &self.directory, org, &self.device, now_ms)?;
        let contents = self.keystore.contents_mut();
        let destroyed = keys::destroy(contents, now_ms);
        let seen = keys::see(contents, now_ms)?;
        if keys::make(contents, now_ms)? || destroyed || seen {
            // A public half must never be known to others before its private half is on disk.
            self.keystore.commit(&held)?;
        }
        let organisation = self.directory.organisation(&org);
        let own = self.device.device_id();
        let known = |epoch: Epoch| organisation.is_some_and(|found| found.epoch_key(&own, epoch).is_some());
        keys::to_publish(self.keystore.contents(), org, &self.device, now_ms, known)
    }
}

/// Destroys the keys that are over also without a hub. What is read must not fail because this could not be written.
fn destroy_past(keystore: &mut Keystore, held: &ProfileLock, clock: &Clock) {
    if !keys::destroy_past(keystore.contents_mut(), clock.now_ms()) {
        return;
    }
    if let Err(error) = keystore.commit(held) {
        tracing::warn!(
            code = Error::from(error).code().as_str(),
            "keys that are over could not be destroyed yet"
        );
    }
}

fn load_directory(profile: &Profile, hub: &HubFacts, clock: &Clock) -> Result<Directory> {
    let folder = profile.subfolder("directory")?;
    Ok(Directory::load(folder, hub.name.clone(), hub.pins.clone(), clock.now_ms())?)
}

fn device_signer(contents: &Contents) -> Result<Signer> {
    let pkcs8 = contents.device_identity().ok_or(Error::new(Code::KeystoreMissing))?;
    Signer::from_pkcs8(pkcs8.expose()).map_err(|_| Error::new(Code::KeystoreDamaged))
}

/// Refuses to go on when the two clocks are more than ten minutes apart.
fn check_clock(link: &Link) -> Result<()> {
    let skew = link.hello().skew;
    if !skew.is_too_large() {
        return Ok(());
    }
    let minutes = skew.hub_ms.abs_diff(skew.own_ms) / 60_000;
    Err(Error::with(Code::ClockWrong, Args::none().number("minutes", minutes)))
}

#[cfg(test)]
mod copies;
#[cfg(test)]
pub(crate) mod office;
#[cfg(test)]
mod tests;
