//! Child processes: run to their end with everything they said, or kept running and killed when the test lets go.

use crate::until::{PATIENCE, until, until_within};
use rustix::process::Signal;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a finished process left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command line, for messages.
    pub command: String,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output of a process that succeeded.
    ///
    /// # Panics
    /// When it failed, with what it said.
    #[track_caller]
    pub fn ok(&self) -> &str {
        self.exits(0);
        &self.stdout
    }

    /// Checks the exit code.
    ///
    /// # Panics
    /// When it is another one, with what the process said.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The error that a command with `--json` ended with: a document on the last line of standard error.
    ///
    /// # Panics
    /// When it ended otherwise than with this code and exit code, or says so in another form.
    #[track_caller]
    pub fn refused(&self, exit: i32, code: &str) -> serde_json::Value {
        self.exits(exit);
        let last = self.stderr.lines().last().unwrap_or_default();
        let document: serde_json::Value = serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.command, self.stderr));
        let error = &document["error"];
        assert_eq!(
            (error["code"].as_str(), error["exit"].as_i64()),
            (Some(code), Some(exit.into())),
            "{}",
            self.command
        );
        assert!(document["schema_version"].is_u64(), "{document}");
        document["error"].clone()
    }

    /// Standard output as one JSON document.
    ///
    /// # Panics
    /// When the process failed or the output is not JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let text = self.ok();
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}: {text}", self.command))
    }
}

/// Runs a command to its end, feeding it `stdin`.
///
/// # Panics
/// When it can not be started, prints something else than UTF-8, or does not end in time.
#[track_caller]
pub fn run(command: &mut Command, stdin: &[u8]) -> Outcome {
    run_watched(command, stdin, PATIENCE, |_| {})
}

/// The same for a command that takes longer, calling `watch` with the process id again and again while it runs.
///
/// # Panics
/// As [`run`], after `patience`.
#[track_caller]
pub fn run_watched(
    command: &mut Command,
    stdin: &[u8],
    patience: Duration,
    mut watch: impl FnMut(u32),
) -> Outcome {
    let text = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let feeder = feed(child.stdin.take(), stdin.to_vec());
    let (stdout, stderr) = (gather(child.stdout.take()), gather(child.stderr.take()));
    let mut running = Running(child);
    let status = until_within(patience, &format!("the end of {text}"), || {
        watch(running.id());
        running.finished()
    });
    feeder.join().expect("feeding does not panic");
    let read = |gatherer: JoinHandle<Vec<u8>>| {
        let bytes = gatherer.join().expect("gathering does not panic");
        String::from_utf8(bytes).unwrap_or_else(|_| panic!("{text} printed something else than UTF-8"))
    };
    Outcome { code: status.code(), stdout: read(stdout), stderr: read(stderr), command: text }
}

fn feed(pipe: Option<ChildStdin>, bytes: Vec<u8>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        if let Some(mut pipe) = pipe {
            // A process that does not want its input closes the pipe; that is its right.
            let _ = pipe.write_all(&bytes);
        }
    })
}

fn gather(pipe: Option<impl std::io::Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read to its end");
        }
        bytes
    })
}

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Starts a command whose output goes to the end of `log`.
    ///
    /// # Panics
    /// When it can not be started.
    #[track_caller]
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("the log can be opened");
        let copy = log.try_clone().expect("a file handle can be copied");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(copy).spawn();
        Self(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// How it ended, if it has.
    pub fn finished(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("a child can be waited for")
    }

    /// SIGKILL, and waits until the system has taken it away.
    pub fn kill(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// SIGTERM, and goes on at once.
    ///
    /// # Panics
    /// Never for a child that was not waited for.
    pub fn ask_to_stop(&mut self) {
        self.signal(Signal::TERM);
    }

    /// SIGINT, as Ctrl-C at its terminal would send it, and goes on at once. Nothing happens when it has ended already.
    ///
    /// # Panics
    /// Never for a child that was not waited for.
    pub fn interrupt(&mut self) {
        self.signal(Signal::INT);
    }

    /// SIGHUP, and goes on at once.
    ///
    /// # Panics
    /// Never for a child that was not waited for.
    pub fn hang_up(&mut self) {
        self.signal(Signal::HUP);
    }

    /// SIGTERM, and waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop();
        until("a terminated process ends", || self.finished())
    }

    fn signal(&mut self, signal: Signal) {
        if self.finished().is_none() {
            let pid = rustix::process::Pid::from_child(&self.0);
            rustix::process::kill_process(pid, signal).expect("a child can be signalled");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Kills a process and removes a folder when this test process ends, however it ends.
///
/// Values in a `static` are never dropped. A shell waits on a pipe that only we hold open: the system closes it with us.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
}

impl Leash {
    /// Ties `pid` and `folder` to this process.
    ///
    /// # Panics
    /// When there is no shell.
    #[must_use]
    pub fn tie(pid: u32, folder: &Path) -> Self {
        // A process that was killed may still make a file for a moment, and then its folder is not empty.
        let script = r#"read -r _; kill -9 "$1" 2>/dev/null
            for _ in 0 1 2 3 4 5 6 7 8 9; do rm -rf "$2" 2>/dev/null && exit; sleep 0.2; done"#;
        let shell = Command::new("sh")
            .args(["-c", script, "leash"])
            .arg(pid.to_string())
            .arg(folder)
            // Whoever interrupts the tests at a terminal interrupts their whole group, and this has work to do then.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self { shell: shell.expect("there is a shell") }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        // Untied in time: the process may have ended, and its id may belong to another one by now.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Resident memory of a process in bytes, from `/proc`.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    memory(pid, "VmRSS:").expect("the process is alive")
}

/// The most resident memory a process has had in bytes, from `/proc`.
///
/// # Panics
/// When the process is gone.
#[must_use]
pub fn peak_resident_bytes(pid: u32) -> u64 {
    memory(pid, "VmHWM:").expect("the process is alive")
}

/// A line of a process's memory in bytes; none of a process that has ended.
fn memory(pid: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let text = status.lines().find_map(|found| found.strip_prefix(line))?;
    let kib: u64 = text.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    Some(kib * 1024)
}

/// The most resident memory a process was seen to have, from the moment on at which looking begins.
#[derive(Debug, Default)]
pub struct Peak(u64);

impl Peak {
    /// Looks once.
    pub fn look(&mut self, pid: u32) {
        self.0 = self.0.max(memory(pid, "VmRSS:").unwrap_or(0));
    }

    /// The most so far, in bytes.
    ///
    /// # Panics
    /// When it was never seen alive.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        assert!(self.0 > 0, "the process was never seen");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_process_leaves_its_code_and_words() {
        let outcome = run(Command::new("sh").args(["-c", "cat; echo no >&2; exit 3"]), b"yes");
        assert_eq!(
            (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (Some(3), "yes", "no\n")
        );
    }

    #[test]
    fn a_leash_that_is_cut_ends_the_process_and_the_folder() {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let mut victim = Command::new("sleep").arg("1000").spawn().expect("sleep exists");
        let mut leash = Leash::tie(victim.id(), &folder);
        drop(leash.shell.stdin.take());
        until("the victim ends", || victim.try_wait().expect("a child can be waited for"));
        until("the folder is gone", || (!folder.exists()).then_some(()));
    }

    #[test]
    fn a_folder_in_which_something_still_appears_is_removed_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder").keep();
        // It goes on for half a second after the leash is cut, as one that is slow to die would.
        let script =
            r#"i=0; while [ $i -lt 50 ]; do i=$((i+1)); mkdir "$1/$i" 2>/dev/null; sleep 0.01; done"#;
        let mut slow = Command::new("sh").args(["-c", script, "slow"]).arg(&folder).spawn().expect("a shell");
        let mut victim = Command::new("sleep").arg("1000").spawn().expect("sleep exists");
        let mut leash = Leash::tie(victim.id(), &folder);
        drop(leash.shell.stdin.take());
        until("the victim ends", || victim.try_wait().expect("a child can be waited for"));
        until("the slow one ends", || slow.try_wait().expect("a child can be waited for"));
        until("the leash ends", || leash.shell.try_wait().expect("a child can be waited for"));
        assert!(!folder.exists());
    }
}
