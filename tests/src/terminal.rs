//! A command at a terminal: somebody reads what it shows and presses keys.
//!
//! The terminal is the command's own, so that Ctrl-C reaches it as it would from a keyboard: as a signal while the terminal reads lines, as
//! a character while the command reads keys itself.

use crate::process::Outcome;
use crate::until::until;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What Ctrl-C sends.
pub const CTRL_C: &str = "\x03";
/// What Enter sends.
pub const ENTER: &str = "\r";

/// A command that runs at a terminal, and is killed when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    command: String,
    child: Child,
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
    gathering: Option<JoinHandle<()>>,
    read_to: usize,
}

impl Terminal {
    /// Starts a command with stdin, stdout and stderr at a terminal of its own.
    ///
    /// # Panics
    /// When the system gives no terminal, or the command can not be started.
    #[must_use]
    pub fn start(command: &Command) -> Self {
        Self::start_with(command, None)
    }

    /// The same with stdout in a file.
    ///
    /// # Panics
    /// As [`Terminal::start`].
    #[must_use]
    pub fn start_with(command: &Command, stdout: Option<File>) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&keys).expect("it is ours");
        unlockpt(&keys).expect("it can be opened");
        let size = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let name = ptsname(&keys, Vec::new()).expect("it has a name");
        let name = std::path::Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let screen = File::options().read(true).write(true).open(name).expect("the other end");
        tcsetwinsize(&screen, size).expect("a terminal has a size");
        let copy = || Stdio::from(screen.try_clone().expect("a file handle can be copied"));
        let mut own = Command::new("setsid");
        own.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        own.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TERM", "xterm");
        own.current_dir(command.get_current_dir().unwrap_or(std::path::Path::new("/")));
        own.stdin(copy()).stderr(copy()).stdout(stdout.map_or_else(copy, Stdio::from));
        let child = own.spawn().expect("setsid is there");
        let keys = File::from(keys);
        let shown = Arc::default();
        let gathering =
            Some(gather(keys.try_clone().expect("a file handle can be copied"), Arc::clone(&shown)));
        Self { command: format!("{command:?}"), child, keys, shown, gathering, read_to: 0 }
    }

    /// Waits until these words are shown, after everything that was waited for before.
    ///
    /// # Panics
    /// When they are not in time, with what is shown instead.
    #[track_caller]
    pub fn shows(&mut self, words: &str) {
        until(&format!("{words:?} at {}", self.command), || {
            let ended = self.child.try_wait().expect("a child can be waited for").is_some();
            let shown = self.screen();
            let found = shown.get(self.read_to..).and_then(|rest| rest.find(words));
            assert!(found.is_some() || !ended, "{words:?} is not shown: {shown}");
            found.map(|at| self.read_to += at + words.len())
        });
    }

    /// Presses keys.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Waits for the command's end. Everything that was shown is its standard error.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn ends(&mut self) -> Outcome {
        let ended = || self.child.try_wait().expect("a child can be waited for");
        let status = until(&format!("the end of {}", self.command), ended);
        // What it showed last may still be under way.
        if let Some(gathering) = self.gathering.take() {
            gathering.join().expect("gathering does not panic");
        }
        let command = self.command.clone();
        Outcome { command, code: status.code(), stdout: String::new(), stderr: self.screen() }
    }

    /// Everything that was shown so far, without the sequences that colour it and move about.
    ///
    /// # Panics
    /// Never for the expression in it.
    #[must_use]
    pub fn screen(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let sequences = regex::Regex::new("\x1b\\[[0-9;?]*[a-zA-Z]").expect("an expression");
        sequences.replace_all(&String::from_utf8_lossy(&shown), "").into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(mut screen: File, shown: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // Reading fails when the last process at the terminal has gone.
        while let Ok(read @ 1..) = screen.read(&mut buffer) {
            shown.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..read]);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_at_a_terminal_is_asked_answers_and_can_be_stopped() {
        // Whoever starts the tests in the background may have taught everything below to ignore Ctrl-C, and a shell keeps to that.
        let mut command = Command::new("env");
        command.args([
            "--default-signal=INT",
            "sh",
            "-c",
            "test -t 0 && test -t 2 && printf 'Who? ' && read -r who && echo \"It is $who.\" && cat",
        ]);
        let mut terminal = Terminal::start(&command);
        terminal.shows("Who? ");
        terminal.press(&format!("Exempel{ENTER}"));
        terminal.shows("It is Exempel.");
        terminal.press(CTRL_C);
        assert_eq!(terminal.ends().code, None, "the signal ended it");
    }
}
