//! What a command works with.

use std::time::Duration;

use super::console::Console;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::moment::Moment;
use super::output::Output;
use super::steps::Steps;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::home::{Environment, Home, Profile, ProfileName};
use crate::keeper::{self, Status};
use crate::keystore::{Keystore, UnlockingKey};
use crate::msg;
use crate::passphrase::{Passphrase, PassphraseSource};
use crate::session::{self, Session};
use crate::text::Args;

/// How often a person may type a wrong passphrase before the command gives up.
const TRIES: usize = 3;

/// What the process gives to a command; tests give something else.
pub(super) struct Means {
    pub(super) environment: Environment,
    pub(super) clock: Clock,
    pub(super) console: Console,
    pub(super) interrupt: Interrupt,
}

/// The surroundings of one command.
pub(super) struct Context {
    globals: Globals,
    environment: Environment,
    pub(super) clock: Clock,
    pub(super) console: Console,
    pub(super) interrupt: Interrupt,
}

impl Context {
    pub(super) fn new(globals: Globals, means: Means) -> Self {
        let Means { environment, clock, mut console, interrupt } = means;
        if globals.plain {
            console.make_plain();
        }
        Self { globals, environment, clock, console, interrupt }
    }

    /// Where profiles are kept.
    pub(super) fn home(&self) -> Result<Home> {
        Ok(Home::locate(&self.environment)?)
    }

    /// The profile that is asked for, or else the chosen one.
    pub(super) fn profile_name(&self) -> Result<ProfileName> {
        match &self.globals.profile {
            Some(name) => Ok(name.clone()),
            None => Ok(self.home()?.chosen()?),
        }
    }

    /// That profile, which must exist.
    pub(super) fn profile(&self) -> Result<Profile> {
        Ok(self.home()?.open(&self.profile_name()?)?)
    }

    /// Where the passphrase comes from.
    pub(super) fn passphrase(&self) -> PassphraseSource {
        self.globals.passphrase()
    }

    /// A passphrase for a new keystore. A person whose first one does not do, or who types another one the second time, chooses again.
    pub(super) fn new_passphrase(&self, output: &mut Output) -> Result<Passphrase> {
        self.chosen_passphrase(&self.passphrase(), output)
    }

    /// The same from another place than where the old one comes from.
    pub(super) fn chosen_passphrase(
        &self,
        source: &PassphraseSource,
        output: &mut Output,
    ) -> Result<Passphrase> {
        const ANOTHER: [Code; 3] =
            [Code::PassphraseEmpty, Code::PassphraseTooShort, Code::PassphraseMismatch];
        for _ in 1..TRIES {
            match source.read_new(output.text()).map_err(Error::from) {
                Err(error) if *source == PassphraseSource::Terminal && ANOTHER.contains(&error.code()) => {
                    output.complaint(&error);
                }
                outcome => return outcome,
            }
        }
        Ok(source.read_new(output.text())?)
    }

    /// Whether the keystore can be opened without a person, or with one who is there.
    pub(super) fn passphrase_is_at_hand(&self) -> bool {
        self.passphrase() != PassphraseSource::Terminal || self.console.has_person() || self.is_unlocked()
    }

    /// Whether the profile is unlocked.
    fn is_unlocked(&self) -> bool {
        let status = self.profile().and_then(|profile| self.unlocked_until(&profile));
        status.is_ok_and(|until| until.is_some())
    }

    /// Until when the profile is unlocked, if it is.
    pub(super) fn unlocked_until(&self, profile: &Profile) -> Result<Option<Moment>> {
        match keeper::status(profile, Keystore::lock_id(profile)?)? {
            Status::Unlocked { left } => Ok(Some(self.moment_after(left))),
            Status::OtherLock | Status::Locked => Ok(None),
        }
    }

    /// When it will be so much later.
    pub(super) fn moment_after(&self, left: Duration) -> Moment {
        let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        Moment(self.clock.now_ms().saturating_add(left_ms))
    }

    /// The keystore's unlocking key, for which the passphrase is asked.
    pub(super) fn unlocking_key(&self, profile: &Profile, output: &mut Output) -> Result<UnlockingKey> {
        self.with_passphrase(output, |passphrase| Ok(Keystore::unlocking_key(profile, passphrase)?))
    }

    /// What a passphrase opens. A person may mistype it twice.
    pub(super) fn with_passphrase<T>(
        &self,
        output: &mut Output,
        open: impl Fn(&Passphrase) -> Result<T>,
    ) -> Result<T> {
        let source = self.passphrase();
        let tries = if source == PassphraseSource::Terminal { TRIES } else { 1 };
        for _ in 1..tries {
            match open(&source.read(output.text())?) {
                Err(error) if error.code() == Code::WrongPassphrase => output.complaint(&error),
                outcome => return outcome,
            }
        }
        open(&source.read(output.text())?)
    }

    /// The session of an unlocked profile; none when the passphrase has to be given, or was.
    fn unlocked_session(&self, profile: &Profile) -> Result<Option<Session>> {
        if self.passphrase() != PassphraseSource::Terminal {
            return Ok(None);
        }
        let Some(key) = keeper::key(profile, Keystore::lock_id(profile)?)? else { return Ok(None) };
        match Session::open_with(profile.clone(), &key, self.clock.clone()) {
            // What is kept opens nothing; the passphrase may.
            Err(error) if error.code() == Code::WrongPassphrase => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// The opened profile of a device that has joined: with the key that is kept, or else with the passphrase.
    pub(super) fn session(&self, output: &mut Output) -> Result<Session> {
        let profile = self.profile()?;
        if !Keystore::exists(&profile) {
            return Err(Error::new(Code::KeystoreMissing));
        }
        let session = match self.unlocked_session(&profile)? {
            Some(session) => session,
            None => self.with_passphrase(output, |passphrase| {
                Session::open(profile.clone(), passphrase, self.clock.clone())
            })?,
        };
        Ok(announced(session, output))
    }

    /// The directory: as it is here when it would take asking for the passphrase to bring it up to date.
    pub(super) async fn directory(&self, refresh: bool, output: &mut Output) -> Result<View> {
        if !refresh && self.passphrase() == PassphraseSource::Terminal && !self.is_unlocked() {
            let (hub, directory) = session::public_directory(&self.profile()?, &self.clock)?;
            announce_test_hub(hub.test_hub, output);
            return Ok(View::Copy(Box::new(directory)));
        }
        self.unlocked_directory(refresh, output).await
    }

    /// The directory with what this device knows besides, brought up to date if the hub can be reached; if `refresh`
    /// is set, it must be.
    pub(super) async fn unlocked_directory(&self, refresh: bool, output: &mut Output) -> Result<View> {
        let mut session = self.session(output)?;
        match session.refresh(&mut Steps::new(output)).await {
            Err(error) if error.code() == Code::HubUnreachable && !refresh => {
                output.notice(msg!("directory-is-a-copy"), &Args::none());
            }
            outcome => outcome?,
        }
        Ok(View::Session(Box::new(session)))
    }
}

/// The directory, and the session when there is one.
pub(super) enum View {
    /// The copy on this computer; nobody has said who they are.
    Copy(Box<Directory>),
    /// The directory of an unlocked profile.
    Session(Box<Session>),
}

impl View {
    pub(super) fn directory(&self) -> &Directory {
        match self {
            Self::Copy(directory) => directory,
            Self::Session(session) => session.directory(),
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        match self {
            Self::Copy(_) => None,
            Self::Session(session) => Some(session),
        }
    }
}

fn announced(session: Session, output: &mut Output) -> Session {
    announce_test_hub(session.membership().hub.test_hub, output);
    session
}

/// Nothing on a test hub is real, and whoever works with it is told at every command.
fn announce_test_hub(test_hub: bool, output: &mut Output) {
    if test_hub {
        output.notice(msg!("test-hub"), &Args::none());
    }
}
