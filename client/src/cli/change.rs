//! What a change of the organisation came to, the same for every command that makes one.

use std::path::PathBuf;

use serde::Serialize;

use super::console::{Console, Question};
use super::key::role_names;
use super::names::{Named as _, Reason};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use super::steps::Steps;
use crate::error::{Code, Error, Result};
use crate::files;
use crate::msg;
use crate::session::Session;
use crate::session::members::{Change, Difference};
use crate::text::{Args, MessageId};

/// A change that was published, or written down for further admins to sign.
#[derive(Serialize)]
pub(super) struct Changed {
    #[serde(skip)]
    done: MessageId,
    /// Whether everybody goes by it now.
    published: bool,
    /// The serial of the organisation's entry with it.
    serial: u64,
    /// The device that it is about.
    device: Option<String>,
    /// The file for the next admin.
    proposal: Option<PathBuf>,
    signatures: usize,
    needed: usize,
}

impl Changed {
    /// What is to be told, and for a proposal the file for the next admin, which is written here.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn new(
        done: MessageId,
        change: Change,
        path: Option<PathBuf>,
        device: Option<String>,
    ) -> Result<Self> {
        match change {
            Change::Published { serial } => {
                Ok(Self { done, published: true, serial, device, proposal: None, signatures: 0, needed: 0 })
            }
            Change::Proposed(proposal) => {
                let serial = proposal.serial();
                let path = path.unwrap_or_else(|| format!("samverkan-proposal-{serial}.txt").into());
                files::replace_private(&path, proposal.to_text().as_bytes())?;
                let (signatures, needed) = (proposal.signatures(), usize::from(proposal.needed));
                Ok(Self { done, published: false, serial, device, proposal: Some(path), signatures, needed })
            }
        }
    }
}

impl Report for Changed {
    const KIND: &'static str = "organisation_changed";

    fn lines(&self, page: &mut Page<'_>) {
        let Some(path) = &self.proposal else {
            page.say_in(Tone::Good, self.done, &Args::none().number("serial", self.serial));
            return;
        };
        let args = Args::none()
            .text("path", path.display())
            .number("signatures", self.signatures as u64)
            .number("needed", self.needed as u64);
        page.say_in(Tone::Warning, msg!("change-proposed"), &args);
    }
}

/// Asks whether to do it. The safe answer is the default; nobody there means that the option must say so.
///
/// # Errors
/// [`Code::ChangeNotConfirmed`], [`Code::ArgumentMissing`] when nobody can be asked.
pub(super) fn confirm(
    question: Question,
    yes: bool,
    console: &mut Console,
    output: &mut Output,
) -> Result<()> {
    let answers = [msg!("answer-change-nothing"), msg!("answer-sign")];
    confirm_words(question, answers, yes, console, output, Code::ChangeNotConfirmed)
}

/// The same in other words: what to say for no, and for yes.
///
/// # Errors
/// `refused` for anything but a yes; [`Code::ArgumentMissing`] when nobody can be asked.
pub(super) fn confirm_words(
    question: Question,
    answers: [MessageId; 2],
    yes: bool,
    console: &mut Console,
    output: &mut Output,
    refused: Code,
) -> Result<()> {
    if yes {
        return Ok(());
    }
    let answers = answers.map(|id| output.text().get(id, &Args::none()));
    match console.choice(output, question, &answers, 0)? {
        1 => Ok(()),
        _ => Err(Error::new(refused)),
    }
}

/// Brings the organisation's entry up to date, if the hub can be reached; when `must` is set, it has to be.
///
/// # Errors
/// What synchronising fails with.
pub(super) async fn refresh(session: &mut Session, must: bool, output: &mut Output) -> Result<()> {
    match session.refresh(&mut Steps::new(output)).await {
        Err(error) if error.code() == Code::HubUnreachable && !must => {
            output.notice(msg!("directory-is-a-copy"), &Args::none());
            Ok(())
        }
        outcome => outcome,
    }
}

/// A difference between two entries of an organisation, in words.
pub(super) fn words(difference: &Difference) -> (MessageId, Args) {
    let of_device = |device| Args::none().text("device", device);
    match difference {
        Difference::DeviceAdded(device, roles) => {
            (msg!("difference-device-added"), of_device(device).text("roles", role_names(*roles).join(", ")))
        }
        Difference::DeviceRevoked(device, reason) => (
            msg!("difference-device-revoked"),
            of_device(device).text("reason", Reason::from(*reason).name()),
        ),
        Difference::RolesChanged(device, roles) => {
            (msg!("difference-roles-changed"), of_device(device).text("roles", role_names(*roles).join(", ")))
        }
        Difference::DeviceRenewed(device) => (msg!("difference-device-renewed"), of_device(device)),
        Difference::DeviceChanged(device) => (msg!("difference-device-changed"), of_device(device)),
        Difference::MailboxAdded(name) => {
            (msg!("difference-mailbox-added"), Args::none().text("mailbox", name))
        }
        Difference::MailboxRemoved(name) => {
            (msg!("difference-mailbox-removed"), Args::none().text("mailbox", name))
        }
        Difference::ReaderAdded(name, device) => {
            (msg!("difference-reader-added"), of_device(device).text("mailbox", name))
        }
        Difference::ReaderRemoved(name, device) => {
            (msg!("difference-reader-removed"), of_device(device).text("mailbox", name))
        }
        Difference::Threshold(threshold) => {
            (msg!("difference-threshold"), Args::none().number("threshold", u64::from(*threshold)))
        }
    }
}
