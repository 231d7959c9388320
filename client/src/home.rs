//! Where the client keeps its things: one private folder a profile, and a lock so that two processes are safe.
//!
//! `$SAMVERKAN_HOME`, or else `samverkan` in the XDG data folder, holds one folder a profile. A profile folder is
//! 0700, belongs to this user and is not a symbolic link; anything else is refused rather than repaired, since
//! somebody may have read it already.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::files::{self, Closed, FileError, FileReason};

mod chosen;

/// How often a waiting process looks again whether the lock is free.
const LOCK_POLL: Duration = Duration::from_millis(50);
/// The file whose lock is the profile's.
const LOCK: &str = "lock";
/// The file whose lock is that for fetching attachments.
const FETCH_LOCK: &str = "fetching";

/// Why there is no profile to work with.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Neither `$SAMVERKAN_HOME` nor `$XDG_DATA_HOME` nor `$HOME` says where to keep things.
    #[error("no home folder is set")]
    NotSet,
    /// A variable that should hold an absolute path does not.
    #[error("{0} is not an absolute path")]
    NotAbsolute(&'static str),
    /// The folder can not be made or may not be used.
    #[error(transparent)]
    Folder(#[from] FileError),
    /// There is no profile of that name yet.
    #[error("there is no profile {0}")]
    NoProfile(ProfileName),
    /// Another process kept the profile's lock for the whole wait.
    #[error("another samverkan is using the profile {0}")]
    Busy(ProfileName),
}

/// The variables that decide where things are kept, read once at start.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `$SAMVERKAN_HOME`: the folder that holds the profiles.
    pub samverkan_home: Option<OsString>,
    /// `$XDG_DATA_HOME` (XDG base directory specification).
    pub xdg_data_home: Option<OsString>,
    /// `$HOME`.
    pub home: Option<OsString>,
}

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            samverkan_home: std::env::var_os("SAMVERKAN_HOME"),
            xdg_data_home: std::env::var_os("XDG_DATA_HOME"),
            home: std::env::var_os("HOME"),
        }
    }
}

/// The name of a profile: 1 to 32 of `a-z`, `0-9` and `-`, not starting with `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileName(String);

impl ProfileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProfileName {
    /// `default`, the profile of somebody who belongs to one organisation.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A profile name breaks the rule of [`ProfileName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a profile name is 1 to 32 of a-z, 0-9 and -, and does not start with -")]
pub struct InvalidProfileName;

impl FromStr for ProfileName {
    type Err = InvalidProfileName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (1..=32).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(allowed);
        valid.then(|| Self(name.to_owned())).ok_or(InvalidProfileName)
    }
}

/// The folder that holds the profiles. It need not exist yet.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Decides from `environment` where profiles are kept, touching nothing.
    ///
    /// # Errors
    /// [`HomeError::NotSet`] when no variable tells, [`HomeError::NotAbsolute`] when one holds a relative path.
    pub fn locate(environment: &Environment) -> Result<Self, HomeError> {
        let absolute = |name, value: &Option<OsString>| match value {
            Some(value) if !value.is_empty() => {
                let path = PathBuf::from(value);
                if path.is_absolute() { Ok(Some(path)) } else { Err(HomeError::NotAbsolute(name)) }
            }
            _ => Ok(None),
        };
        if let Some(root) = absolute("SAMVERKAN_HOME", &environment.samverkan_home)? {
            return Ok(Self { root });
        }
        // The XDG specification asks that a relative XDG_DATA_HOME is ignored.
        if let Ok(Some(data)) = absolute("XDG_DATA_HOME", &environment.xdg_data_home) {
            return Ok(Self { root: data.join("samverkan") });
        }
        let home = absolute("HOME", &environment.home)?.ok_or(HomeError::NotSet)?;
        Ok(Self { root: home.join(".local/share/samverkan") })
    }

    /// The folder that holds the profiles.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of the profiles that exist, ascending.
    ///
    /// # Errors
    /// [`HomeError::Folder`] when the folder exists and can not be listed.
    pub fn profiles(&self) -> Result<Vec<ProfileName>, HomeError> {
        let fail = |error| FileError { path: self.root.clone(), reason: FileReason::Io(error) };
        let entries = match std::fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error).into()),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(fail)?;
            let is_folder = entry.file_type().map_err(fail)?.is_dir();
            let name = entry.file_name().to_str().and_then(|name| name.parse().ok());
            names.extend(name.filter(|_| is_folder));
        }
        names.sort();
        Ok(names)
    }

    /// Opens a profile that exists.
    ///
    /// # Errors
    /// [`HomeError::NoProfile`], or [`HomeError::Folder`] when it is not private to this user.
    pub fn open(&self, name: &ProfileName) -> Result<Profile, HomeError> {
        let folder = self.root.join(name.as_str());
        for (path, closed) in [(&self.root, Closed::ToWriters), (&folder, Closed::ToAll)] {
            files::check_folder(path, closed).map_err(|error| match error.reason {
                FileReason::Missing => HomeError::NoProfile(name.clone()),
                _ => error.into(),
            })?;
        }
        Ok(Profile { name: name.clone(), folder })
    }

    /// Opens a profile, making its folder (0700) and those above it first where they are missing.
    ///
    /// # Errors
    /// [`HomeError::Folder`] when a folder can not be made or is not private to this user.
    pub fn open_or_create(&self, name: &ProfileName) -> Result<Profile, HomeError> {
        let folder = self.root.join(name.as_str());
        let missing: Vec<&Path> = self.root.ancestors().skip(1).take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            files::ensure_folder(path, Closed::ToWriters)?;
        }
        files::ensure_folder(&self.root, Closed::ToWriters)?;
        files::ensure_folder(&folder, Closed::ToAll)?;
        Ok(Profile { name: name.clone(), folder })
    }
}

/// A profile folder that was found to be private.
#[derive(Clone, Debug)]
pub struct Profile {
    name: ProfileName,
    folder: PathBuf,
}

impl Profile {
    /// The profile's name.
    #[must_use]
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// The profile's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder inside the profile, made private if it is missing.
    ///
    /// # Errors
    /// [`HomeError::Folder`] when it can not be made or is not private.
    pub fn subfolder(&self, name: &'static str) -> Result<PathBuf, HomeError> {
        let path = self.folder.join(name);
        files::ensure_folder(&path, Closed::ToAll)?;
        Ok(path)
    }

    /// Takes the profile's lock, waiting at most `wait` for another process; `on_wait` is called once if it has to.
    ///
    /// # Errors
    /// [`HomeError::Busy`] when the other process does not let go, [`HomeError::Folder`] when the lock file is bad.
    pub fn lock(&self, wait: Duration, on_wait: impl FnOnce()) -> Result<ProfileLock, HomeError> {
        let path = self.folder.join(LOCK);
        let file = files::open_lock_file(&path)?;
        let deadline = Instant::now() + wait;
        let mut on_wait = Some(on_wait);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(ProfileLock { _held: Held(file) }),
                Err(TryLockError::Error(error)) => {
                    return Err(FileError { path, reason: FileReason::Io(error) }.into());
                }
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(HomeError::Busy(self.name.clone()));
                }
                Err(TryLockError::WouldBlock) => {
                    if let Some(tell) = on_wait.take() {
                        tell();
                    }
                    std::thread::sleep(LOCK_POLL);
                }
            }
        }
    }
}

impl Profile {
    /// Takes the lock for fetching attachments, which is held for as long as that takes; `None` while another process has it.
    ///
    /// # Errors
    /// [`HomeError::Folder`] when the lock file is bad.
    pub fn try_lock_fetching(&self) -> Result<Option<FetchLock>, HomeError> {
        let path = self.folder.join(FETCH_LOCK);
        let file = files::open_lock_file(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FetchLock { _held: Held(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(FileError { path, reason: FileReason::Io(error) }.into()),
        }
    }
}

/// Proof that this process alone fetches attachments; dropping it lets the next one begin.
pub struct FetchLock {
    _held: Held,
}

/// Proof that this process alone may change the profile; dropping it lets the next one in.
///
/// The kernel releases the lock when the process ends, so a crash leaves nothing to clean up.
pub struct ProfileLock {
    _held: Held,
}

/// A locked file. The lock is given up by word and not by closing the file: a process that this one is just starting has a copy of
/// everything open until it runs its own program, and the lock would be held for as long as the copy is open.
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // What can not be unlocked is unlocked when it is closed, which comes next.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn home_in(dir: &Path) -> Home {
        let environment = Environment { samverkan_home: Some(dir.join("s").into()), ..Default::default() };
        Home::locate(&environment).expect("located")
    }

    fn environment(samverkan: Option<&str>, xdg: Option<&str>, home: Option<&str>) -> Environment {
        Environment {
            samverkan_home: samverkan.map(Into::into),
            xdg_data_home: xdg.map(Into::into),
            home: home.map(Into::into),
        }
    }

    #[test]
    fn the_variables_are_asked_in_order() {
        let root = |environment| Home::locate(&environment).expect("located").root;
        assert_eq!(root(environment(Some("/a"), Some("/b"), Some("/c"))), Path::new("/a"));
        assert_eq!(root(environment(None, Some("/b"), Some("/c"))), Path::new("/b/samverkan"));
        assert_eq!(root(environment(None, None, Some("/c"))), Path::new("/c/.local/share/samverkan"));
        assert_eq!(
            root(environment(Some(""), Some("rel"), Some("/c"))),
            Path::new("/c/.local/share/samverkan")
        );
    }

    #[test]
    fn no_home_at_all_is_a_clear_error() {
        let error = Home::locate(&Environment::default()).expect_err("nothing is set");
        assert!(matches!(error, HomeError::NotSet));
        let error = Home::locate(&environment(Some("here"), None, None)).expect_err("relative");
        assert!(matches!(error, HomeError::NotAbsolute("SAMVERKAN_HOME")));
    }

    #[test]
    fn a_profile_name_can_not_leave_its_folder() {
        for bad in ["", "-x", "..", "a/b", "Ab", "å", "a b", &"x".repeat(33)] {
            assert!(bad.parse::<ProfileName>().is_err(), "{bad:?}");
        }
        for good in ["default", "jour-2", &"x".repeat(32)] {
            assert_eq!(good.parse::<ProfileName>().expect("valid").as_str(), good);
        }
    }

    #[test]
    fn a_new_profile_is_private_and_listed() {
        let dir = tempfile::tempdir().expect("tempdir");
        let home = home_in(dir.path());
        assert_eq!(home.profiles().expect("none"), []);
        let name = ProfileName::default();
        assert!(matches!(home.open(&name).expect_err("none yet"), HomeError::NoProfile(_)));
        let profile = home.open_or_create(&name).expect("created");
        let mode = std::fs::metadata(profile.folder()).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o700);
        home.open(&name).expect("opens again");
        assert_eq!(home.profiles().expect("listed"), [name]);
    }

    #[test]
    fn an_exposed_or_linked_profile_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let home = home_in(dir.path());
        let profile = home.open_or_create(&ProfileName::default()).expect("created");
        std::fs::set_permissions(profile.folder(), PermissionsExt::from_mode(0o750)).expect("chmod");
        let error = home.open(&ProfileName::default()).expect_err("exposed");
        assert!(matches!(error, HomeError::Folder(FileError { reason: FileReason::Exposed(0o750), .. })));

        let linked: ProfileName = "linked".parse().expect("valid");
        symlink(profile.folder(), home.root().join("linked")).expect("symlink");
        let error = home.open_or_create(&linked).expect_err("a link");
        assert!(matches!(error, HomeError::Folder(FileError { reason: FileReason::Symlink, .. })));
    }

    #[test]
    fn a_home_that_can_not_be_made_says_where() {
        let dir = tempfile::tempdir().expect("tempdir");
        std::fs::write(dir.path().join("s"), b"a file, not a folder").expect("written");
        let error = home_in(dir.path()).open_or_create(&ProfileName::default()).expect_err("no folder");
        let HomeError::Folder(error) = error else { panic!("unexpected: {error}") };
        assert_eq!(error.path, dir.path().join("s"));
    }

    #[test]
    fn the_second_process_is_told_and_refused_and_the_next_let_in() {
        let dir = tempfile::tempdir().expect("tempdir");
        let profile = home_in(dir.path()).open_or_create(&ProfileName::default()).expect("created");
        let held = profile.lock(Duration::ZERO, || panic!("nobody holds it")).expect("locked");

        let told = Cell::new(false);
        let refused = profile.lock(Duration::from_millis(1), || told.set(true));
        assert!(matches!(refused, Err(HomeError::Busy(_))));
        assert!(told.get());

        drop(held);
        profile.lock(Duration::ZERO, || panic!("nobody holds it")).expect("locked again");
    }

    #[test]
    fn one_process_fetches_at_a_time_and_others_work_on() {
        let dir = tempfile::tempdir().expect("tempdir");
        let profile = home_in(dir.path()).open_or_create(&ProfileName::default()).expect("created");
        let fetching = profile.try_lock_fetching().expect("a lock file").expect("nobody fetches");
        assert!(profile.try_lock_fetching().expect("a lock file").is_none());
        profile.lock(Duration::ZERO, || panic!("nobody holds it")).expect("not in the way of others");
        drop(fetching);
        assert!(profile.try_lock_fetching().expect("a lock file").is_some());
    }

    #[test]
    fn what_a_child_process_has_a_copy_of_is_free_again_all_the_same() {
        let dir = tempfile::tempdir().expect("tempdir");
        let profile = home_in(dir.path()).open_or_create(&ProfileName::default()).expect("created");
        let held = profile.lock(Duration::ZERO, || panic!("nobody holds it")).expect("locked");
        let fetching = profile.try_lock_fetching().expect("a lock file").expect("nobody fetches");
        // What a fork does to every open file.
        let copies = [&held._held, &fetching._held].map(|held| held.0.try_clone().expect("copied"));
        drop((held, fetching));
        profile.lock(Duration::ZERO, || panic!("nobody holds it")).expect("locked again");
        assert!(profile.try_lock_fetching().expect("a lock file").is_some());
        drop(copies);
    }
}
