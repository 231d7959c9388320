//! What commands say to the process in the background.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use secrecy::zeroize::Zeroizing;

use super::frame::{Answer, Request, Wish};
use super::{LOCK, SOCKET, Status};
use crate::files::{self, FileError, FileReason};
use crate::home::Profile;
use crate::keystore::{LockId, UnlockingKey};

/// How long a process may take to answer. One that is stopped or broken is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often to look whether a process is gone that was ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The key of this lock, if it is kept.
///
/// # Errors
/// [`FileError`] when what lies at the socket's place is no socket of this user, or another user answers on it.
pub fn key(profile: &Profile, lock: LockId) -> Result<Option<UnlockingKey>, FileError> {
    let answer = call(profile, &Request { wish: Wish::Key, lock })?;
    Ok(match answer {
        Some(Answer::Key(_, key)) => Some(UnlockingKey { of: lock, key }),
        _ => None,
    })
}

/// Whether the key of this lock is kept, and for how long.
///
/// # Errors
/// As [`key`].
pub fn status(profile: &Profile, lock: LockId) -> Result<Status, FileError> {
    Ok(status_of(call(profile, &Request { wish: Wish::Status, lock })?))
}

/// Has the key of this lock kept for so long from now on, but no longer than [`super::LONGEST`] after the passphrase was typed.
///
/// # Errors
/// As [`key`].
pub fn prolong(profile: &Profile, lock: LockId, lasting: Duration) -> Result<Status, FileError> {
    Ok(status_of(call(profile, &Request { wish: Wish::Keep(lasting), lock })?))
}

/// Has whatever is kept forgotten, and returns when it is; says whether something was kept. A process that does not answer, since it is
/// stopped or busy, is ended. A socket that a killed process left behind is removed.
///
/// # Errors
/// As [`key`], and [`FileError`] when the profile's folder can not be written.
pub fn forget(profile: &Profile) -> Result<bool, FileError> {
    // Whatever the lock is: to forget is always allowed.
    let request = Request { wish: Wish::Forget, lock: LockId::from_bytes([0; LockId::LEN]) };
    let forgotten = matches!(call(profile, &request)?, Some(Answer::Forgotten));
    if !forgotten && socket_path(profile).symlink_metadata().is_ok() {
        let lock = files::open_lock_file(&profile.folder().join(LOCK))?;
        let ended = lock.try_lock().is_err() && end(profile)?;
        // The lock of a process that was ended is free in a moment. Who has it later has just been told the passphrase.
        let deadline = Instant::now() + if ended { PATIENCE } else { Duration::ZERO };
        let mut is_free = lock.try_lock().is_ok();
        while !is_free && Instant::now() < deadline {
            std::thread::sleep(LOOK_AGAIN);
            is_free = lock.try_lock().is_ok();
        }
        if is_free {
            files::remove(&socket_path(profile))?;
        } else if ended {
            return Err(FileError::from_io(&profile.folder().join(LOCK), ErrorKind::TimedOut.into()));
        }
        return Ok(ended);
    }
    Ok(forgotten)
}

/// Ends the process that listens; gives whether there was one.
fn end(profile: &Profile) -> Result<bool, FileError> {
    let path = socket_path(profile);
    let stream = match connect(profile) {
        Ok(stream) => stream,
        Err(error) if is_absence(error.kind()) => return Ok(false),
        Err(error) => return Err(FileError::from_io(&path, error)),
    };
    let listener = own_peer(&stream, path)?;
    // One that is gone by now is as well.
    let _ = kill_process(listener, Signal::KILL);
    Ok(true)
}

/// The process at the other end of a socket, which must be this user's.
fn own_peer(stream: &UnixStream, path: PathBuf) -> Result<Pid, FileError> {
    let peer = socket_peercred(stream).map_err(|error| FileError::from_io(&path, error.into()))?;
    if peer.uid == geteuid() {
        Ok(peer.pid)
    } else {
        Err(FileError { path, reason: FileReason::ForeignOwner })
    }
}

fn status_of(answer: Option<Answer>) -> Status {
    match answer {
        Some(Answer::Kept(left) | Answer::Key(left, _)) => Status::Unlocked { left },
        Some(Answer::OtherLock) => Status::OtherLock,
        Some(Answer::Forgotten) | None => Status::Locked,
    }
}

fn socket_path(profile: &Profile) -> PathBuf {
    profile.folder().join(SOCKET)
}

/// Asks once. Nobody there, nobody any more, and nobody who answers are the same: nothing is kept.
fn call(profile: &Profile, request: &Request) -> Result<Option<Answer>, FileError> {
    let path = socket_path(profile);
    match files::check_socket(&path) {
        Err(error) if error.is_missing() => return Ok(None),
        outcome => outcome?,
    }
    let stream = match connect(profile) {
        Ok(stream) => stream,
        Err(error) if is_absence(error.kind()) => return Ok(None),
        Err(error) => return Err(FileError::from_io(&path, error)),
    };
    own_peer(&stream, path)?;
    Ok(converse(stream, request).unwrap_or_default())
}

const fn is_absence(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::WouldBlock)
}

/// The path of a socket has room for 107 bytes, which a home folder may need for itself; through the open folder it is always short.
fn connect(profile: &Profile) -> std::io::Result<UnixStream> {
    let folder = File::open(profile.folder())?;
    UnixStream::connect(format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd()))
}

fn converse(mut stream: UnixStream, request: &Request) -> std::io::Result<Option<Answer>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&request.encode())?;
    let mut answer = Zeroizing::new([0; Answer::LEN]);
    stream.read_exact(answer.as_mut_slice())?;
    Ok(Answer::parse(&answer))
}
