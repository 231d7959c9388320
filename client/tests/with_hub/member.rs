//! An organisation that has joined, with one device.

use std::path::Path;

use samverkan_client::clock::Clock;
use samverkan_client::error::Result;
use samverkan_client::home::{Environment, Home, Profile, ProfileName};
use samverkan_client::passphrase::Passphrase;
use samverkan_client::session::Session;
use samverkan_client::session::join::{self, JoinDraft, Joined};
use samverkan_client::session::model::{Progress, Step};
use samverkan_client::text::{Language, Text};
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::invite::Invite;

use crate::hub::TestHub;

/// A volunteer organisation's kind.
pub(crate) const VOLUNTEER: u32 = 8;

/// A social service's kind.
pub(crate) const SOCIAL: u32 = 2;

/// Nobody looks.
pub(crate) struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: Step, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// An organisation with its files.
pub(crate) struct Member {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) session: Session,
    pub(crate) mailbox: MailboxAddress,
    clock: Clock,
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::parse(b"korrekt batteri".to_vec()).expect("valid")
}

pub(crate) fn profile_in(folder: &Path) -> Profile {
    let environment = Environment { samverkan_home: Some(folder.join("s").into()), ..Default::default() };
    let home = Home::locate(&environment).expect("located");
    home.open_or_create(&ProfileName::default()).expect("created")
}

/// Joins with an invitation.
pub(crate) async fn join_with(folder: &Path, invite: Invite, clock: &Clock) -> Result<Joined> {
    let kits = [folder.join("kit-1.txt"), folder.join("kit-2.txt")];
    let draft = JoinDraft { invite, mailbox: "mottagning".parse().expect("name"), kits };
    let (profile, text) = (profile_in(folder), Text::of(Language::English));
    join::join(&profile, &passphrase(), &draft, &text, clock, &mut |_| Ok(())).await
}

impl Member {
    /// An organisation that has joined and was confirmed.
    pub(crate) async fn join(hub: &TestHub, handle: &str, kind: u32) -> Self {
        let folder = tempfile::tempdir().expect("tempdir");
        let invite = hub.invite(handle, kind).await;
        let joined = join_with(folder.path(), invite, &hub.clock).await.expect("joined");
        hub.confirm(handle, &joined.safety_number.to_string()).await;
        let session = open(folder.path(), &hub.clock);
        let mut member = Self { folder, session, mailbox: joined.mailbox, clock: hub.clock.clone() };
        member.session.refresh(&mut Silent).await.expect("refreshed");
        member
    }

    /// The same device in another process.
    pub(crate) fn another_process(&self) -> Session {
        open(self.folder.path(), &self.clock)
    }

    /// The same device after its program was stopped and started.
    pub(crate) fn restart(self) -> Self {
        let Self { folder, session, mailbox, clock } = self;
        drop(session);
        let session = open(folder.path(), &clock);
        Self { folder, session, mailbox, clock }
    }
}

fn open(folder: &Path, clock: &Clock) -> Session {
    Session::open(profile_in(folder), &passphrase(), clock.clone()).expect("opened")
}
