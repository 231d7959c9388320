//! An organisation whose people use the client program: one machine, one mailbox, confirmed by the operator.

use crate::cli::Cli;
use crate::site::{Invitation, Site};
use std::ops::Deref;

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
        let cli = Cli::new();
        std::fs::write(cli.folder().join("invitation.txt"), site.invite(who)).expect("a file");
        let kits = ["--kit", "kit-1.txt", "--kit-copy", "kit-2.txt"];
        let joined = cli.json(&[&["join", "invitation.txt", "--mailbox", mailbox][..], &kits].concat());
        let number = joined["safety_number"].as_str().expect("a safety number");
        site.confirm(who.handle, number);
        Self { cli, mailbox: format!("{}/{mailbox}", who.handle) }
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

    /// Its mailbox, such as `boj-exempel/stod`.
    #[must_use]
    pub fn mailbox(&self) -> &str {
        &self.mailbox
    }
}

impl Deref for Office {
    type Target = Cli;

    fn deref(&self) -> &Cli {
        &self.cli
    }
}
