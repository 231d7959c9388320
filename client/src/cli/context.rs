//! What a command works with.

use super::console::Console;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::output::Output;
use super::steps::Steps;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::home::{Environment, Home, Profile, ProfileName};
use crate::keystore::Keystore;
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
        const ANOTHER: [Code; 3] =
            [Code::PassphraseEmpty, Code::PassphraseTooShort, Code::PassphraseMismatch];
        let source = self.passphrase();
        for _ in 1..TRIES {
            match source.read_new(output.text()).map_err(Error::from) {
                Err(error) if source == PassphraseSource::Terminal && ANOTHER.contains(&error.code()) => {
                    output.complaint(&error);
                }
                outcome => return outcome,
            }
        }
        Ok(source.read_new(output.text())?)
    }

    /// Whether the passphrase can be had without a person, or from one who is there.
    pub(super) fn passphrase_is_at_hand(&self) -> bool {
        self.passphrase() != PassphraseSource::Terminal || self.console.has_person()
    }

    /// The unlocked profile of a device that has joined. A person may mistype the passphrase twice.
    pub(super) fn session(&self, output: &mut Output) -> Result<Session> {
        let profile = self.profile()?;
        if !Keystore::exists(&profile) {
            return Err(Error::new(Code::KeystoreMissing));
        }
        let source = self.passphrase();
        let tries = if source == PassphraseSource::Terminal { TRIES } else { 1 };
        for left in (0..tries).rev() {
            let passphrase = source.read(output.text())?;
            match Session::open(profile.clone(), &passphrase, self.clock.clone()) {
                Err(error) if error.code() == Code::WrongPassphrase && left > 0 => output.complaint(&error),
                Err(error) => return Err(error),
                Ok(session) => return Ok(announced(session, output)),
            }
        }
        Err(Error::new(Code::WrongPassphrase))
    }

    /// The directory: as it is here when it would take asking for the passphrase to bring it up to date.
    pub(super) async fn directory(&self, refresh: bool, output: &mut Output) -> Result<View> {
        if !refresh && self.passphrase() == PassphraseSource::Terminal {
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
