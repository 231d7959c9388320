//! An organisation whose people use the client program: one machine, one mailbox, confirmed by the operator.

use crate::cli::Cli;
use crate::process::Outcome;
use crate::site::{Invitation, Site};
use crate::wire::invite::Invite;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;

/// The police, who pass persons on.
pub const POLICE: Invitation<'static> = Invitation {
    handle: "polisen-exempel",
    name: "Polisregion Exempel",
    number: "2021000076",
    kind: "police",
};
/// A victim-support association, which helps.
pub const ASSOCIATION: Invitation<'static> = Invitation {
    handle: "boj-exempel",
    name: "Brottsofferjouren Exempel",
    number: "8024000005",
    kind: "volunteer",
};

/// Where somebody who is invited keeps the invitation.
const INVITATION: &str = "invitation.txt";

/// An organisation that may send and receive.
#[derive(Debug)]
pub struct Office {
    cli: Cli,
    mailbox: String,
}

impl Office {
    /// Invites an organisation, lets it join with one mailbox of this name, and confirms its safety number.
    ///
    /// # Panics
    /// When any of these commands fails.
    #[must_use]
    pub fn open(site: &Site, who: &Invitation<'_>, mailbox: &str) -> Self {
        Self::open_over(site, site.address(), who, mailbox)
    }

    /// The same for an organisation that reaches the hub at another address, where a relay is.
    ///
    /// # Panics
    /// As [`Office::open`].
    #[must_use]
    pub fn open_over(site: &Site, address: SocketAddr, who: &Invitation<'_>, mailbox: &str) -> Self {
        let cli = invited(&invite_over(site, address, who));
        let joined = cli.json(&join_line(who.handle, mailbox));
        let number = joined["safety_number"].as_str().expect("a safety number");
        site.confirm(who.handle, number);
        Self { cli, mailbox: format!("{}/{mailbox}", who.handle) }
    }

    /// Takes a further machine into the organisation, with these arguments of `member invite` after the command: the person joins,
    /// an admin approves, and the person joins again, which fetches the certificate.
    ///
    /// # Panics
    /// When any of these commands fails.
    #[must_use]
    pub fn take_in(&self, terms: &[&str]) -> Self {
        let colleague = self.applicant(terms);
        self.run(&["member", "approve", "--yes"]).ok();
        let joined = colleague.json(&["join"]);
        assert_eq!(joined["kind"], "joined_as_member", "{joined}");
        colleague
    }

    /// A further machine that has asked for membership with these terms, and waits.
    ///
    /// # Panics
    /// When the invitation or the request fails.
    #[must_use]
    pub fn applicant(&self, terms: &[&str]) -> Self {
        let made = self.json(&[&["member", "invite"], terms].concat());
        let cli = invited(made["invite"].as_str().expect("an invite"));
        let asked = cli.json(&["join", INVITATION]);
        assert_eq!(asked["kind"], "membership_waits", "{asked}");
        Self { cli, mailbox: self.mailbox.clone() }
    }

    /// Writes a file on its machine and returns its name there.
    ///
    /// # Panics
    /// When the disk fails.
    pub fn file<'a>(&self, name: &'a str, content: impl AsRef<[u8]>) -> &'a str {
        std::fs::write(self.cli.folder().join(name), content).expect("a file can be written");
        name
    }

    /// Reads a file on its machine.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.cli.folder().join(name)).expect("the file is there")
    }

    /// The references of the threads that others began, without asking the hub.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let inbox = self.json(&["inbox", "--offline"]);
        let threads = inbox["threads"].as_array().expect("threads");
        threads.iter().map(|thread| thread["reference"].as_str().expect("one").to_owned()).collect()
    }

    /// Sends a referral with this text to a mailbox, such as `boj-exempel/stod`, and gives what the command said, as a document.
    ///
    /// # Panics
    /// When the command can not be run.
    pub fn refer(&self, to: &str, text: &str) -> Outcome {
        let envelope = ["send", "--to", to, "--class", "REFERRAL", "--basis", "VITAL_INTEREST"];
        self.run_with(&[&envelope[..], &["--text-file", "-", "--json"]].concat(), text.as_bytes())
    }

    /// The same for one that is sent: its reference.
    ///
    /// # Panics
    /// When it is not sent.
    #[must_use]
    pub fn referred(&self, to: &Self, text: &str) -> String {
        let outcome = self.refer(to.mailbox(), text);
        outcome.exits(0);
        outcome.json()["reference"].as_str().expect("a reference").to_owned()
    }

    /// What its people read out to others.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn safety_number(&self) -> String {
        self.json(&["org", "show"])["safety_number"].as_str().expect("a safety number").to_owned()
    }

    /// Every file and folder that its client keeps, with its length, but for empty locks: what a message leaves behind shows here.
    ///
    /// # Panics
    /// When a folder can not be read.
    #[must_use]
    pub fn kept(&self) -> Vec<(PathBuf, u64)> {
        let (mut found, mut folders) = (Vec::new(), vec![self.cli.home()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder can be read") {
                let entry = entry.expect("an entry");
                let meta = entry.metadata().expect("its metadata");
                if meta.is_dir() {
                    folders.push(entry.path());
                }
                if entry.file_name() != "fetching" {
                    found.push((entry.path(), if meta.is_dir() { 0 } else { meta.len() }));
                }
            }
        }
        found.sort();
        found
    }

    /// Its mailbox, such as `boj-exempel/stod`.
    #[must_use]
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }
}

/// An invitation to a hub at another address than its own.
///
/// # Panics
/// When the operator's command fails.
#[must_use]
pub fn invite_over(site: &Site, address: impl Display, who: &Invitation<'_>) -> String {
    let invite = Invite::parse(&site.invite(who)).expect("an invitation");
    Invite { address: address.to_string(), ..invite }.to_text()
}

/// A new machine with this invitation in the file that [`join_line`] names.
///
/// # Panics
/// When the disk fails.
#[must_use]
pub fn invited(invite: &str) -> Cli {
    let cli = Cli::new();
    std::fs::write(cli.folder().join(INVITATION), invite).expect("a file can be written");
    cli
}

/// The command line that joins as the organisation with this handle, and with one mailbox of this name.
#[must_use]
pub fn join_line<'a>(handle: &'a str, mailbox: &'a str) -> [&'a str; 10] {
    let [kit, copy] = ["kit-1.txt", "kit-2.txt"];
    ["join", INVITATION, "--handle", handle, "--mailbox", mailbox, "--kit", kit, "--kit-copy", copy]
}

impl Deref for Office {
    type Target = Cli;

    fn deref(&self) -> &Cli {
        &self.cli
    }
}
