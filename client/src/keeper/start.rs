//! Starting the process in the background, and handing the key over.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::frame::Charge;
use super::{ARGUMENT, Status, client};
use crate::files::FileError;
use crate::home::Profile;
use crate::keystore::UnlockingKey;

/// What the new process says before it serves: the socket is there.
pub(super) const READY: u8 = 1;
/// Another process keeps a key for this profile already.
pub(super) const BUSY: u8 = 2;
/// What `unlock` answers: from now on nobody but the time ends it.
pub(super) const GO: u8 = 3;

/// How long to wait for another `unlock` that is just handing its key over.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Has a new process keep the key, or prolongs what another `unlock` has started meanwhile; gives the time that is left.
///
/// # Errors
/// [`FileError`] when the process can not be started, or finds the profile's folder or what lies at the socket's place unsafe.
pub fn start(profile: &Profile, key: &UnlockingKey, lasting: Duration) -> Result<Duration, FileError> {
    let fail = |error| FileError::from_io(profile.folder(), error);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match hand_over(profile, key, lasting).map_err(fail)? {
            // Two at once: both had the passphrase, and the one that came second sets the time.
            Some(READY | BUSY) => {}
            _ => return Err(fail(std::io::ErrorKind::BrokenPipe.into())),
        }
        match client::prolong(profile, key.of, lasting)? {
            Status::Unlocked { left } => return Ok(left),
            Status::OtherLock => drop(client::forget(profile)?),
            Status::Locked if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Status::Locked => return Err(fail(std::io::ErrorKind::TimedOut.into())),
        }
    }
}

/// Starts the process and gives what it says. The key goes through a pipe: the list of processes shows a word that tells nothing.
fn hand_over(profile: &Profile, key: &UnlockingKey, lasting: Duration) -> std::io::Result<Option<u8>> {
    // What this process was given beside stdin, stdout and stderr is not for one that stays behind.
    close_fds::set_fds_cloexec(3, &[]);
    let mut child = Command::new(std::env::current_exe()?)
        .arg0("samverkan")
        .arg(ARGUMENT)
        .env_clear()
        .current_dir(profile.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let said = exchange(&mut child, key, lasting);
    if !matches!(said, Ok(Some(READY))) {
        // It ends by itself as soon as its stdin does.
        drop(child.stdin.take());
        child.wait()?;
    }
    said
}

fn exchange(child: &mut Child, key: &UnlockingKey, lasting: Duration) -> std::io::Result<Option<u8>> {
    let (Some(stdin), Some(stdout)) = (&mut child.stdin, &mut child.stdout) else { return Ok(None) };
    stdin.write_all(Charge::encode(key, lasting).as_slice())?;
    let mut said = [0];
    if stdout.read(&mut said)? == 0 {
        return Ok(None);
    }
    if said == [READY] {
        stdin.write_all(&[GO])?;
    }
    Ok(Some(said[0]))
}
