//! `unlock`: the passphrase once, a small process that keeps the key, and every way in which that ends.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use rustix::fs::chown;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, Signal, Uid, geteuid, kill_process};
use samverkan_tests::cli::Cli;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE, invited, join_line};
use samverkan_tests::ordinary::{Ordinary, set_mode};
use samverkan_tests::process::{Running, run};
use samverkan_tests::site::Invitation;
use samverkan_tests::terminal::{CTRL_C, ENTER, Terminal};
use samverkan_tests::until::until;
use samverkan_tests::wire::member::organisation_number;

/// A client that has joined the shared hub as an organisation that nobody else is.
fn member(number: u32) -> Cli {
    let (handle, number) = (format!("lase-{number}-exempel"), organisation_number(number));
    let cli =
        invited(&HubProcess::shared().invite(&Invitation { handle: &handle, number: &number, ..POLICE }));
    cli.run(&join_line(&handle, "stod")).exits(0);
    cli
}

fn socket(cli: &Cli) -> PathBuf {
    cli.home().join("default/unlocked")
}

/// The process that answers on the socket, as the kernel names it.
fn keeper(cli: &Cli) -> Pid {
    let stream = UnixStream::connect(socket(cli)).expect("somebody listens");
    socket_peercred(&stream).expect("the kernel knows").pid
}

fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    // One that nobody has waited for yet has ended too.
    status.is_ok_and(|stat| !stat.contains(") Z "))
}

fn ended(pid: Pid) {
    until("the process has ended", || (!is_alive(pid)).then_some(()));
}

/// A command that never connects finds the profile locked.
#[track_caller]
fn is_locked(cli: &Cli) {
    cli.bare(&["inbox", "--offline", "--json"]).refused(5, "PASSPHRASE_NEEDED");
    assert_eq!(cli.json(&["profile", "list"])["profiles"][0]["unlocked_until"], serde_json::Value::Null);
}

#[test]
fn one_passphrase_does_for_every_command_until_it_is_locked() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    is_locked(&police);
    assert!(police.json(&["unlock"])["until"].is_string());
    police.file("text.txt", "Ett exempel.\n");
    police
        .bare(&[
            "send",
            "--to",
            association.mailbox(),
            "--class",
            "REFERRAL",
            "--basis",
            "VITAL_INTEREST",
            "--text-file",
            "text.txt",
        ])
        .exits(0);
    for line in [&["inbox"][..], &["sent"], &["key", "show"], &["find"], &["doctor"], &["org", "list"]] {
        police.bare(line).exits(0);
    }
    // Compared or not: that stands in the keystore, and is seen without asking.
    let found = police.bare(&["find", "--json"]).json();
    assert!(found.to_string().contains("unverified"), "{found}");
    let until = police.json(&["profile", "list"])["profiles"][0]["unlocked_until"].clone();
    assert!(until.is_string());
    let doctor = police.bare(&["doctor", "--json"]).json();
    let check =
        doctor["checks"].as_array().and_then(|checks| checks.iter().find(|one| one["check"] == "unlocked"));
    assert!(check.is_some_and(|check| check["value"].is_string()), "{doctor}");
    let pid = keeper(&police);
    assert_eq!(police.bare(&["lock", "--json"]).json()["was_unlocked"], true);
    assert!(!socket(&police).exists());
    ended(pid);
    is_locked(&police);
    assert_eq!(police.bare(&["lock", "--json"]).json()["was_unlocked"], false);
}

#[test]
fn the_process_shows_nothing_and_belongs_to_no_terminal() {
    let cli = member(8201);
    // Whatever the mask of whoever says it.
    let mut masked = Command::new("sh");
    let command = cli.command(&["unlock"]);
    masked
        .arg("-c")
        .arg(r#"umask 000; exec "$@""#)
        .arg("sh")
        .arg(command.get_program())
        .args(command.get_args());
    masked.current_dir(cli.folder()).env_clear();
    masked.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(&mut masked, b"").exits(0);
    let meta = fs::symlink_metadata(socket(&cli)).expect("a socket");
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    let folder = fs::metadata(cli.home().join("default")).expect("a folder");
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    let pid = keeper(&cli);
    let read =
        |name| fs::read_to_string(format!("/proc/{}/{name}", pid.as_raw_nonzero())).expect("about a process");
    assert_eq!(read("cmdline"), "samverkan\0keep-unlocked\0");
    let limits = read("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    // Of its own session, with no terminal: fields 6 and 7 of proc_pid_stat(5).
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    assert_eq!((fields[3], fields[4]), (pid.as_raw_nonzero().to_string().as_str(), "0"));
    if geteuid().is_root() {
        assert_eq!(read("environ"), "");
    }
    // What is not dumpable belongs to root, and so does everything that tells of its memory.
    let about = fs::metadata(format!("/proc/{}/mem", pid.as_raw_nonzero())).expect("about a process");
    assert_eq!(about.uid(), 0);
    cli.run(&["lock"]).exits(0);
    ended(pid);
}

#[test]
fn the_time_ends_it_and_may_be_set_again_without_the_passphrase() {
    let cli = member(8202);
    cli.run(&["unlock", "--for", "8h"]).exits(0);
    let pid = keeper(&cli);
    let long = cli.bare(&["unlock", "--json"]).json();
    let shorter = cli.bare(&["unlock", "--for", "10m", "--json"]).json();
    assert!(shorter["until"].as_str() < long["until"].as_str(), "{shorter} {long}");
    assert_eq!(keeper(&cli), pid, "it is the same process");
    cli.bare(&["unlock", "--for", "1s"]).exits(0);
    ended(pid);
    assert!(!socket(&cli).exists());
    is_locked(&cli);
    cli.bare(&["unlock", "--json"]).refused(5, "PASSPHRASE_NEEDED");
    for (time, code) in
        [("481m", "UNLOCK_TOO_LONG"), ("0m", "DURATION_INVALID"), ("evigt", "DURATION_INVALID")]
    {
        cli.run(&["unlock", "--for", time, "--json"]).refused(2, code);
    }
    assert!(!socket(&cli).exists());
}

#[test]
fn a_command_that_runs_when_it_is_over_comes_to_its_end() {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    association.run(&["unlock"]).exits(0);
    let log = association.folder().join("watch.log");
    let mut watching = Running::start(&mut association.bare_command(&["watch"]), &log);
    let logged = |words: &str| fs::read_to_string(&log).is_ok_and(|log| log.contains(words)).then_some(());
    until("it watches", || logged("Watching"));
    association.bare(&["lock"]).exits(0);
    is_locked(&association);
    police.refer(association.mailbox(), "Ett exempel.").exits(0);
    until("it has come", || (association.references().len() == 1).then_some(()));
    assert!(watching.terminate().success());
}

#[test]
fn what_a_killed_process_left_behind_is_in_nobodys_way() {
    let cli = member(8203);
    cli.run(&["unlock"]).exits(0);
    let pid = keeper(&cli);
    kill_process(pid, Signal::KILL).expect("it is ours");
    ended(pid);
    assert!(socket(&cli).exists(), "nobody was left to remove it");
    is_locked(&cli);
    assert_eq!(cli.bare(&["lock", "--json"]).json()["was_unlocked"], false);
    assert!(!socket(&cli).exists());

    cli.run(&["unlock"]).exits(0);
    let pid = keeper(&cli);
    kill_process(pid, Signal::KILL).expect("it is ours");
    ended(pid);
    cli.run(&["unlock"]).exits(0);
    cli.bare(&["inbox", "--offline"]).exits(0);
    // The end of a session that takes its processes with it.
    let pid = keeper(&cli);
    kill_process(pid, Signal::HUP).expect("it is ours");
    cli.bare(&["inbox", "--offline"]).exits(0);
    kill_process(pid, Signal::TERM).expect("it is ours");
    ended(pid);
    assert!(!socket(&cli).exists(), "whoever is asked to end tidies up");
    is_locked(&cli);
}

#[test]
fn a_process_that_does_not_answer_is_ended_by_lock() {
    let cli = member(8219);
    cli.run(&["unlock"]).exits(0);
    let pid = keeper(&cli);
    kill_process(pid, Signal::STOP).expect("it is ours");
    assert_eq!(cli.bare(&["lock", "--json"]).json()["was_unlocked"], true);
    ended(pid);
    assert!(!socket(&cli).exists(), "nothing is left behind");
    is_locked(&cli);
}

#[test]
fn many_at_once_end_in_one_process() {
    let cli = member(8204);
    thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| cli.run(&["unlock"]))).collect();
        for one in all {
            one.join().expect("a command that runs").exits(0);
        }
    });
    let pid = keeper(&cli);
    cli.bare(&["inbox", "--offline"]).exits(0);
    assert_eq!(cli.bare(&["lock", "--json"]).json()["was_unlocked"], true);
    ended(pid);
    // Nobody else holds the lock that the process holds for as long as it lives.
    let lock = fs::File::open(cli.home().join("default/unlocking")).expect("a lock file");
    until("nobody is left", || lock.try_lock().ok());
    assert!(!socket(&cli).exists());
}

#[test]
fn a_wrong_passphrase_starts_nothing() {
    let cli = member(8205);
    let right = fs::read(cli.passphrase_file()).expect("a passphrase");
    fs::write(cli.passphrase_file(), "fel fel fel\n").expect("written");
    cli.run(&["unlock", "--json"]).refused(5, "WRONG_PASSPHRASE");
    assert!(!socket(&cli).exists());
    fs::write(cli.passphrase_file(), right).expect("written");
    cli.run(&["unlock"]).exits(0);
    // A passphrase that is given is used, and a wrong one is told whatever is kept.
    fs::write(cli.passphrase_file(), "fel fel fel\n").expect("written");
    cli.run(&["inbox", "--offline", "--json"]).refused(5, "WRONG_PASSPHRASE");
    cli.run(&["unlock", "--json"]).refused(5, "WRONG_PASSPHRASE");
    cli.bare(&["inbox", "--offline"]).exits(0);
    cli.bare(&["lock"]).exits(0);
}

#[test]
fn what_is_no_socket_of_this_user_is_not_spoken_to() {
    let cli = member(8206);
    let place = socket(&cli);
    let refused = |exit, code| {
        for line in [&["inbox", "--offline", "--json"][..], &["unlock", "--json"], &["lock", "--json"]] {
            cli.bare(line).refused(exit, code);
        }
    };
    let elsewhere = cli.folder().join("elsewhere");
    let listener = UnixListener::bind(&elsewhere).expect("a socket");
    symlink(&elsewhere, &place).expect("a link");
    refused(3, "FILE_UNSAFE");
    fs::remove_file(&place).expect("removed");
    fs::create_dir(&place).expect("a folder");
    refused(3, "FILE_UNSAFE");
    fs::remove_dir(&place).expect("removed");
    fs::write(&place, "").expect("a file");
    refused(3, "FILE_UNSAFE");
    fs::remove_file(&place).expect("removed");
    let open = UnixListener::bind(&place).expect("a socket");
    set_mode(&place, 0o666);
    refused(3, "FILE_EXPOSED");
    set_mode(&place, 0o600);
    if geteuid().is_root() {
        chown(&place, Some(Uid::from_raw(65_534)), None).expect("root may give away");
        refused(3, "FILE_UNSAFE");
    } else {
        println!("not tried: a socket of another user, which takes root");
    }
    drop((listener, open));
}

#[test]
fn nobody_but_its_user_gets_an_answer_not_even_root() {
    if !geteuid().is_root() {
        println!("not tried: another user, which takes root");
        return;
    }
    let cli = member(8207);
    let command = cli.command(&["unlock"]);
    let user = Ordinary::user(Path::new(command.get_program()));
    user.owns(cli.folder());
    run(&mut user.command(&command), b"").exits(0);
    let pid = keeper(&cli);
    let mut stream = UnixStream::connect(socket(&cli)).expect("root may connect");
    // As a command would ask that forgets: magic, version, the wish, any lock, no time. Who is not answered may find nobody to write to.
    let _ = stream.write_all(&[&b"SVKU\0\x01\x04"[..], &[0; 40]].concat());
    let mut answer = Vec::new();
    assert_eq!(stream.read_to_end(&mut answer).map_or(0, |read| read), 0, "{answer:?}");
    assert!(is_alive(pid));
    run(&mut user.command(&cli.bare_command(&["inbox", "--offline"])), b"").exits(0);
    run(&mut user.command(&cli.bare_command(&["lock"])), b"").exits(0);
    ended(pid);
}

#[test]
fn a_terminal_that_is_closed_does_not_end_it_and_ctrl_c_leaves_nothing() {
    let cli = member(8208);
    let mut terminal = Terminal::start(&cli.bare_command(&["unlock"]));
    terminal.shows("Passphrase:");
    terminal.press(CTRL_C);
    terminal.ends().exits(130);
    assert!(!socket(&cli).exists());

    let mut terminal = Terminal::start(&cli.bare_command(&["unlock", "--for", "1h"]));
    terminal.shows("Passphrase:");
    terminal.press("fel fel fel");
    terminal.press(ENTER);
    terminal.shows("does not open");
    terminal.shows("Passphrase:");
    terminal.press(cli.passphrase());
    terminal.press(ENTER);
    terminal.ends().exits(0);
    drop(terminal);
    let pid = keeper(&cli);
    cli.bare(&["inbox", "--offline"]).exits(0);
    cli.bare(&["lock"]).exits(0);
    ended(pid);
}

#[test]
fn a_process_whose_unlock_went_away_leaves_nothing() {
    let cli = member(8209);
    let mut command = Command::new(cli.command(&[]).get_program());
    command.arg("keep-unlocked").env_clear().current_dir(cli.home().join("default"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A lock, an hour in milliseconds, and a key.
    stdin.write_all(&[&[1; 32][..], &3_600_000u64.to_be_bytes(), &[2; 32]].concat()).expect("written");
    let mut said = [0];
    child.stdout.take().expect("a pipe").read_exact(&mut said).expect("it is ready");
    assert_eq!(said, [1]);
    assert!(socket(&cli).exists());
    drop(stdin);
    until("it has ended", || child.try_wait().expect("a child can be waited for"));
    assert!(!socket(&cli).exists());
    is_locked(&cli);
}
