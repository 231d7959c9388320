//! Python and `samverkan` write to each other through one hub.

use super::Python;
use crate::cli::Cli;
use crate::hub::{HubProcess, Invitation};
use crate::story::Story;
use crate::until::PATIENCE;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Result, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

const TEXT: &str = "Ett exempel på ett meddelande.";

/// A client in Python: it joins when it is started, and then does what each line says.
struct Session {
    process: Child,
    lines: ChildStdin,
    answers: Receiver<String>,
}

impl Session {
    /// Joins with an invite; returns what was said of it.
    fn join(python: &Python, invite: &str, mailbox: &str) -> (Self, Value) {
        let mut command = python.command(&["live", invite, mailbox]);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python can be started");
        let (lines, output) = process.stdin.take().zip(process.stdout.take()).expect("both are pipes");
        let (teller, answers) = channel();
        std::thread::spawn(move || {
            let told = BufReader::new(output).lines().map_while(Result::ok);
            told.take_while(|line| teller.send(line.clone()).is_ok()).for_each(drop);
        });
        let session = Self { process, lines, answers };
        let joined = session.answer();
        (session, joined)
    }

    fn answer(&self) -> Value {
        let line =
            self.answers.recv_timeout(PATIENCE).expect("Python answers, or said on standard error why not");
        serde_json::from_str(&line).expect("JSON")
    }

    fn asked(&mut self, line: &str) -> Value {
        writeln!(self.lines, "{line}").expect("Python reads its input");
        self.answer()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Joins from both sides, sends both ways, and looks at what the other side made of it.
///
/// # Errors
/// Those of the story's output.
///
/// # Panics
/// When a side can not read the other.
pub fn tell(python: &Python, story: &mut Story<impl Write>) -> Result<()> {
    let hub = HubProcess::start();
    let cli = Cli::new();
    let invite = |handle, name, number, kind| hub.invite(&Invitation { handle, name, number, kind });

    let to_police = invite("polisen-exempel", "Polisregion Exempel", "2021000076", "POLICE");
    let (kit, copy) = (in_folder(&cli, "kit"), in_folder(&cli, "kit-copy"));
    let join = ["join", &to_police, "--handle", "polisen-exempel", "--mailbox", "utredning"];
    cli.run(&[&join[..], &["--kit", &kit, "--kit-copy", &copy]].concat()).exits(0);
    confirm(&hub, "polisen-exempel", &cli.json(&["key", "show"]));
    let to_helpers = invite("boj-exempel", "Brottsofferjouren Exempel", "8024000005", "VOLUNTEER");
    let (mut session, joined) = Session::join(python, &to_helpers, "stod");
    confirm(&hub, "boj-exempel", &joined);
    story.tell("both joined and were confirmed")?;

    samverkan_to_python(&cli, &mut session);
    story.tell("samverkan sealed; Python opened it with its attachment and acknowledged; samverkan verified the receipt")?;
    python_to_samverkan(&cli, &mut session);
    story.tell("Python sealed and verified the hub's receipt; samverkan opened")?;
    super::log::check_export(python, &cli);
    story.tell(
        "sixty lines of Python checked the log that samverkan exported, and refused one with a leaf less",
    )
}

fn samverkan_to_python(cli: &Cli, session: &mut Session) {
    let (text, file) = (in_folder(cli, "text"), in_folder(cli, "bild.bin"));
    std::fs::write(&text, TEXT).expect("writable");
    std::fs::write(&file, vec![7u8; 200_000]).expect("writable");
    let message = ["send", "--to", "boj-exempel/stod", "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
    cli.run(&[&message[..], &["--text-file", &text, "--attach", &file]].concat()).exits(0);
    let received = session.asked("receive");
    assert_eq!(received[0]["text"], TEXT, "{received}");
    assert_eq!(received[0]["attachments"][0]["plaintext_len"], 200_000, "{received}");
    let sent = cli.json(&["sent"]);
    let reference = sent["threads"][0]["reference"].as_str().expect("a reference");
    cli.run(&["track", reference, "--wait", "DELIVERED", "--timeout", "30s"]).exits(0);
    assert_eq!(
        session.asked("receive"),
        Value::Array(Vec::new()),
        "what was acknowledged does not come again"
    );
}

fn python_to_samverkan(cli: &Cli, session: &mut Session) {
    let sent = session.asked(&format!("send polisen-exempel/utredning {TEXT}"));
    assert!(sent["sent"].is_string(), "{sent}");
    let inbox = cli.json(&["inbox"]);
    let reference = inbox["threads"][0]["reference"].as_str().expect("a reference");
    let shown = cli.json(&["show", reference]);
    assert_eq!(shown["messages"][0]["text"], TEXT, "{shown}");
}

/// The operator compares the safety number.
fn confirm(hub: &HubProcess, handle: &str, shown: &Value) {
    hub.confirm(handle, shown["safety_number"].as_str().expect("a safety number"));
}

fn in_folder(cli: &Cli, name: &str) -> String {
    cli.folder().join(name).to_str().expect("temporary names are UTF-8").to_owned()
}
