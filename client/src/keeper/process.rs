//! The process in the background. It is started by [`super::start`] inside the profile's folder, with the key on its stdin.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::time::Duration;

use rustix::fs::Mode;
use rustix::process::{geteuid, setsid, umask};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use secrecy::zeroize::Zeroizing;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::signal::unix::{SignalKind, signal};

use super::frame::{Charge, Request};
use super::kept::Kept;
use super::start::{BUSY, GO, READY};
use super::{LOCK, SOCKET};
use crate::clock;
use crate::exit::Exit;
use crate::files::{self, Closed};
use crate::harden;

/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait before looking for callers again after the system refused one.
const PAUSE: Duration = Duration::from_millis(100);

/// Keeps the key that comes on stdin until its time is over, somebody asks to forget it, or the process is ended.
#[must_use]
pub fn run() -> Exit {
    // Nobody reads what it could say; `unlock` sees that it ended.
    match keep() {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Unexpected,
    }
}

fn keep() -> std::io::Result<()> {
    harden::protect_memory()?;
    // No terminal any more, so none that is closed can take the process with it.
    setsid()?;
    // The socket is made 0600, whatever the mask of whoever said `unlock`.
    umask(Mode::from_bits_truncate(0o177));
    // Its own file, since the library's stdin keeps what it read in a buffer that nobody wipes.
    let mut stdin = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut bytes = Zeroizing::new([0; Charge::LEN]);
    stdin.read_exact(bytes.as_mut_slice())?;
    let Some(charge) = Charge::parse(&bytes) else { return Err(std::io::ErrorKind::InvalidData.into()) };
    drop(bytes);
    let kept = Kept::new(charge.key, charge.lasting, clock::since_boot());
    let unusable = |_| std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    files::check_folder(Path::new("."), Closed::ToAll).map_err(unusable)?;
    let lock = files::open_lock_file(Path::new(LOCK)).map_err(unusable)?;
    if lock.try_lock().is_err() {
        return say(BUSY);
    }
    // Whoever had the lock before is dead, and so is its socket.
    match files::check_socket(Path::new(SOCKET)) {
        Err(error) if !error.is_missing() => return Err(unusable(error)),
        _ => files::remove(Path::new(SOCKET)).map_err(unusable)?,
    }
    let listener = StdListener::bind(SOCKET)?;
    let served = serve(listener, kept, stdin);
    // Before the lock is given up, so that nobody else's is removed.
    files::remove(Path::new(SOCKET)).map_err(unusable)?;
    drop(lock);
    served
}

fn say(word: u8) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    stdout.write_all(&[word])?;
    stdout.flush()
}

fn serve(listener: StdListener, kept: Kept, mut stdin: File) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let server = Server { listener: UnixListener::from_std(listener)?, timer: Timer::new()?, kept };
        // Signals are listened for before `unlock` is told, so that none falls between the two.
        let ended = server.until_ended()?;
        say(READY)?;
        let mut go = [0];
        // Whoever presses Ctrl-C now closes stdin, and nothing is left behind.
        if stdin.read(&mut go)? == 0 || go != [GO] {
            return Ok(());
        }
        ended.await
    })
}

struct Server {
    listener: UnixListener,
    timer: Timer,
    kept: Kept,
}

impl Server {
    /// Serves until there is nothing to keep, or a signal asks for the end.
    fn until_ended(mut self) -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        // A terminal that is closed is no reason to end.
        let hung_up = signal(SignalKind::hangup())?;
        Ok(async move {
            let _hung_up = hung_up;
            while !self.kept.is_over() {
                self.timer.set(self.kept.until())?;
                tokio::select! {
                    _ = terminated.recv() => self.kept.forget(),
                    _ = interrupted.recv() => self.kept.forget(),
                    outcome = self.timer.rings() => {
                        outcome?;
                        self.kept.look_at(clock::since_boot());
                    }
                    caller = self.listener.accept() => match caller {
                        // A caller that says nothing, or nonsense, is let go of.
                        Ok((stream, _)) => drop(tokio::time::timeout(PATIENCE, self.answer(stream)).await),
                        Err(_) => tokio::time::sleep(PAUSE).await,
                    },
                }
            }
            Ok(())
        })
    }

    /// Answers one caller, whose user the kernel names.
    async fn answer(&mut self, mut stream: UnixStream) -> std::io::Result<()> {
        if stream.peer_cred()?.uid() != geteuid().as_raw() {
            return Ok(());
        }
        let mut bytes = [0; Request::LEN];
        stream.read_exact(&mut bytes).await?;
        let Some(request) = Request::parse(&bytes) else { return Ok(()) };
        let answer = self.kept.answer(&request, clock::since_boot());
        if self.kept.is_over() {
            // Whoever asked to forget finds nothing left when it hears that it is done.
            std::fs::remove_file(SOCKET)?;
        }
        stream.write_all(answer.encode().as_slice()).await
    }
}

/// A timer that goes on while the computer sleeps, which the runtime's own do not.
struct Timer(AsyncFd<OwnedFd>);

impl Timer {
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe; this owns its descriptor, which is all that is asked for there"
    )]
    fn new() -> std::io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self(AsyncFd::new(timerfd_create(TimerfdClockId::Boottime, flags)?)?))
    }

    /// Sets when it rings, counted from when the computer was started.
    fn set(&self, at: Duration) -> std::io::Result<()> {
        let invalid = |_| std::io::Error::from(std::io::ErrorKind::InvalidInput);
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let at =
            Timespec { tv_sec: at.as_secs().try_into().map_err(invalid)?, tv_nsec: at.subsec_nanos().into() };
        let once = Itimerspec { it_interval: never, it_value: at };
        timerfd_settime(&self.0, TimerfdTimerFlags::ABSTIME, &once)?;
        Ok(())
    }

    async fn rings(&self) -> std::io::Result<()> {
        // The time is set anew each time round, which takes back what could be read.
        self.0.readable().await.map(|mut ready| ready.clear_ready())
    }
}
