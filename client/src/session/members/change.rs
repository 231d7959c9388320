//! What admins change about devices and mailboxes that are there.

use samverkan_proto::code::{RevocationReason, Roles};
use samverkan_proto::ids::{DeviceId, MailboxId, MailboxName};
use samverkan_proto::limits::{MAX_MAILBOXES, MAX_READERS};
use samverkan_proto::statement::manifest::{Mailbox, ManifestFields, Revocation};
use samverkan_proto::statement::safety::CaseReference;

use crate::error::{Code, Error, Result};
use crate::secret::{NoRandomness, random_array};
use crate::session::Session;
use crate::session::charter::Change;
use crate::session::mail::Kept;
use crate::session::model::{Direction, Progress};
use crate::text::Args;

/// How a device is to leave.
#[derive(Clone, Copy, Debug)]
pub struct Removal {
    /// The device.
    pub device: DeviceId,
    /// Why.
    pub reason: RevocationReason,
    /// From when on nothing of it is to be believed, in milliseconds; now, if absent.
    pub since_ms: Option<u64>,
    /// Mailboxes that nobody else reads go with it.
    pub with_mailboxes: bool,
}

/// What a device that leaves had to do with, for whoever takes over. A list of this computer's own making: it has the
/// cases that this device has too.
#[derive(Clone, Debug, Default)]
pub struct HandOver {
    /// Cases of others in a mailbox that it reads, which nobody here has answered yet.
    pub unanswered: Vec<CaseReference>,
    /// Cases that it began and that wait for an answer.
    pub begun: Vec<CaseReference>,
    /// Mailboxes that nobody but it reads.
    pub orphaned: Vec<MailboxName>,
    /// Mailboxes that it reads and this device does not: what waits there this list can not tell.
    pub unseen: Vec<MailboxName>,
}

impl Session {
    /// Revokes a device in the next manifest.
    ///
    /// # Errors
    /// [`Code::LastAdmin`]; [`Code::LastReader`] for a mailbox that nobody else reads, unless it is to go as well;
    /// [`Code::LastMailbox`] when no mailbox would be left; [`Code::AdminOnly`]; [`Code::MemberUnknown`].
    pub async fn remove_member(&mut self, removal: &Removal, progress: &mut dyn Progress) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let now_ms = self.clock.now_ms();
        let removal = *removal;
        self.change(&link, |fields| leave(fields, &removal, now_ms)).await
    }

    /// Adds a mailbox that these devices read.
    ///
    /// # Errors
    /// [`Code::MailboxExists`], [`Code::TooManyInManifest`], [`Code::RolesContradict`] for a device that does not read.
    pub async fn add_mailbox(
        &mut self,
        name: &MailboxName,
        readers: &[DeviceId],
        progress: &mut dyn Progress,
    ) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let id = MailboxId::from_random(random_array()?).ok_or(NoRandomness)?;
        self.change(&link, |fields| {
            if fields.mailboxes.iter().any(|mailbox| mailbox.name == *name) {
                return Err(Error::with(Code::MailboxExists, Args::none().text("mailbox", name)));
            }
            if fields.mailboxes.len() >= usize::from(MAX_MAILBOXES) {
                return Err(Error::with(Code::TooManyInManifest, Args::none().text("field", "mailboxes")));
            }
            fields.mailboxes.push(Mailbox { id, name: name.clone(), readers: Vec::new() });
            readers.iter().try_for_each(|reader| let_read(fields, &id, reader))
        })
        .await
    }

    /// Lets further devices read a mailbox.
    ///
    /// # Errors
    /// [`Code::MailboxUnknown`], [`Code::MailboxFull`], [`Code::RolesContradict`], [`Code::NothingToChange`].
    pub async fn assign_mailbox(
        &mut self,
        name: &MailboxName,
        readers: &[DeviceId],
        progress: &mut dyn Progress,
    ) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let id = self.mailbox_named(name)?;
        self.change(&link, |fields| {
            let before = fields.clone();
            readers.iter().try_for_each(|reader| let_read(fields, &id, reader))?;
            if *fields == before { Err(Error::new(Code::NothingToChange)) } else { Ok(()) }
        })
        .await
    }

    /// Lets devices read a mailbox no more.
    ///
    /// # Errors
    /// [`Code::MailboxUnknown`], [`Code::LastReader`], [`Code::NothingToChange`].
    pub async fn unassign_mailbox(
        &mut self,
        name: &MailboxName,
        readers: &[DeviceId],
        progress: &mut dyn Progress,
    ) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let id = self.mailbox_named(name)?;
        self.change(&link, |fields| {
            let mailbox = fields.mailboxes.iter_mut().find(|mailbox| mailbox.id == id);
            let mailbox = mailbox.ok_or(Error::new(Code::MailboxUnknown))?;
            let before = mailbox.readers.len();
            mailbox.readers.retain(|reader| !readers.contains(reader));
            if mailbox.readers.is_empty() {
                return Err(Error::with(Code::LastReader, Args::none().text("mailbox", &mailbox.name)));
            }
            if mailbox.readers.len() == before { Err(Error::new(Code::NothingToChange)) } else { Ok(()) }
        })
        .await
    }

    /// Gives a device other roles.
    ///
    /// # Errors
    /// [`Code::MemberUnknown`], [`Code::LastAdmin`], [`Code::NothingToChange`]; [`Code::RolesContradict`] for a device that reads a mailbox
    /// and is to read no more; [`Code::ThresholdInvalid`] when more admins must sign than would be left.
    pub async fn set_roles(
        &mut self,
        device: &DeviceId,
        roles: Roles,
        progress: &mut dyn Progress,
    ) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        self.change(&link, |fields| give_roles(fields, device, roles)).await
    }

    /// Has changes signed by so many admins from now on.
    ///
    /// # Errors
    /// [`Code::ThresholdInvalid`] for none, or more than there are admins; [`Code::NothingToChange`].
    pub async fn set_threshold(&mut self, threshold: u8, progress: &mut dyn Progress) -> Result<Change> {
        let link = self.connect(progress).await?;
        self.check_admin()?;
        let admins = self.newest_manifest()?.admins().count();
        if threshold == 0 || usize::from(threshold) > admins {
            let admins = Args::none().number("admins", admins as u64);
            return Err(Error::with(Code::ThresholdInvalid, admins));
        }
        self.change(&link, |fields| {
            let before = std::mem::replace(&mut fields.threshold, threshold);
            if before == threshold { Err(Error::new(Code::NothingToChange)) } else { Ok(()) }
        })
        .await
    }

    /// What a device would leave behind, as far as this one knows.
    ///
    /// # Errors
    /// [`Code::DeviceUnknown`] before the first synchronisation.
    pub fn hand_over(&self, device: &DeviceId) -> Result<HandOver> {
        let manifest = self.newest_manifest()?;
        let own = self.device.device_id();
        let read: Vec<&Mailbox> = manifest.mailboxes_of(device).collect();
        let names = |wanted: &dyn Fn(&Mailbox) -> bool| {
            read.iter().filter(|mailbox| wanted(mailbox)).map(|mailbox| mailbox.name.clone()).collect()
        };
        Ok(HandOver {
            unanswered: self.cases(|first| {
                first.direction == Direction::In && goes_to(first, &read) && !self.is_answered_here(first)
            }),
            begun: self.cases(|first| {
                first.direction == Direction::Out
                    && first.header.fields().sender_device == *device
                    && !self.has_answer(first)
            }),
            orphaned: names(&|mailbox| mailbox.readers == [*device]),
            unseen: names(&|mailbox| !manifest.reads(&own, &mailbox.id)),
        })
    }

    /// The references of the threads whose first message is such a one, each once.
    fn cases(&self, wanted: impl Fn(&Kept) -> bool) -> Vec<CaseReference> {
        let begun = self.mail.iter().filter(|kept| kept.body.in_reply_to.is_none() && wanted(kept));
        let mut found: Vec<_> = begun.map(|kept| CaseReference::of_thread(&kept.body.thread_id)).collect();
        found.sort_unstable_by_key(ToString::to_string);
        found.dedup();
        found
    }

    /// Whether anybody of the own organisation has written in the thread.
    fn is_answered_here(&self, first: &Kept) -> bool {
        let thread = first.body.thread_id;
        self.mail.iter().any(|kept| kept.body.thread_id == thread && kept.direction == Direction::Out)
    }

    /// Whether anybody else has written in the thread.
    fn has_answer(&self, first: &Kept) -> bool {
        let thread = first.body.thread_id;
        self.mail.iter().any(|kept| kept.body.thread_id == thread && kept.direction == Direction::In)
    }
}

fn goes_to(kept: &Kept, mailboxes: &[&Mailbox]) -> bool {
    kept.header.fields().to.iter().any(|to| mailboxes.iter().any(|mailbox| mailbox.id == to.mailbox))
}

/// Lets a device read a mailbox, if it does not already.
fn let_read(fields: &mut ManifestFields, id: &MailboxId, reader: &DeviceId) -> Result<()> {
    let device = fields.devices.iter().find(|device| device.id() == *reader);
    let device =
        device.ok_or_else(|| Error::with(Code::MemberUnknown, Args::none().text("device", reader)))?;
    if !device.roles.contains(Roles::READER) {
        return Err(Error::new(Code::RolesContradict));
    }
    let mailbox = fields.mailboxes.iter_mut().find(|mailbox| mailbox.id == *id);
    let mailbox = mailbox.ok_or(Error::new(Code::MailboxUnknown))?;
    if !mailbox.readers.contains(reader) {
        if mailbox.readers.len() >= usize::from(MAX_READERS) {
            return Err(Error::with(Code::MailboxFull, Args::none().text("mailbox", &mailbox.name)));
        }
        mailbox.readers.push(*reader);
    }
    Ok(())
}

fn give_roles(fields: &mut ManifestFields, id: &DeviceId, roles: Roles) -> Result<()> {
    let device = fields.devices.iter_mut().find(|device| device.id() == *id);
    let device = device.ok_or_else(|| Error::with(Code::MemberUnknown, Args::none().text("device", id)))?;
    if std::mem::replace(&mut device.roles, roles) == roles {
        return Err(Error::new(Code::NothingToChange));
    }
    if !roles.contains(Roles::READER) && fields.mailboxes.iter().any(|mailbox| mailbox.readers.contains(id)) {
        return Err(Error::new(Code::RolesContradict));
    }
    let admins = fields.devices.iter().filter(|device| device.is_admin()).count();
    match admins {
        0 => Err(Error::new(Code::LastAdmin)),
        _ if admins < usize::from(fields.threshold) => {
            Err(Error::with(Code::ThresholdInvalid, Args::none().number("admins", admins as u64)))
        }
        _ => Ok(()),
    }
}

/// That a device which is out already was in other hands, and since when: a thief may have had it taken out under another reason.
fn find_out(known: &mut Revocation, removal: &Removal) -> Result<()> {
    let (Some(since_ms), RevocationReason::Compromised) = (removal.since_ms, removal.reason) else {
        return Err(Error::with(Code::MemberUnknown, Args::none().text("device", removal.device)));
    };
    // The hub and the partners know no later time than that of the revocation.
    let before = known.clone();
    (known.revoked_ms, known.reason) = (since_ms.min(known.revoked_ms), removal.reason);
    if *known == before { Err(Error::new(Code::NothingToChange)) } else { Ok(()) }
}

/// Takes a device out of everything and writes down that it was.
///
/// # Errors
/// [`Code::MemberUnknown`], [`Code::LastAdmin`], [`Code::LastReader`], [`Code::LastMailbox`]; those of [`find_out`].
fn leave(fields: &mut ManifestFields, removal: &Removal, now_ms: u64) -> Result<()> {
    let gone = removal.device;
    if let Some(known) = fields.revocations.iter_mut().find(|known| known.device_id == gone) {
        return find_out(known, removal);
    }
    if !fields.devices.iter().any(|device| device.id() == gone) {
        return Err(Error::with(Code::MemberUnknown, Args::none().text("device", gone)));
    }
    fields.devices.retain(|device| device.id() != gone);
    let admins = fields.devices.iter().filter(|device| device.is_admin()).count();
    if admins == 0 {
        return Err(Error::new(Code::LastAdmin));
    }
    // An organisation in which more admins must sign than there are could never change again.
    fields.threshold = fields.threshold.min(u8::try_from(admins).unwrap_or(u8::MAX));
    for mailbox in &mut fields.mailboxes {
        mailbox.readers.retain(|reader| *reader != gone);
        if mailbox.readers.is_empty() && !removal.with_mailboxes {
            return Err(Error::with(Code::LastReader, Args::none().text("mailbox", &mailbox.name)));
        }
    }
    fields.mailboxes.retain(|mailbox| !mailbox.readers.is_empty());
    if fields.mailboxes.is_empty() {
        return Err(Error::new(Code::LastMailbox));
    }
    let revoked_ms = removal.since_ms.unwrap_or(now_ms);
    fields.revocations.push(Revocation { device_id: gone, revoked_ms, reason: removal.reason });
    Ok(())
}

#[cfg(test)]
mod tests;
