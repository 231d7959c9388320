//! `certificate`: issues a server certificate into the file that `server_certificate` names, in place of the old one.
//!
//! The running hub goes on with the old one until it is told to read the file again (SIGHUP).

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::ca::IssueError;
use crate::clock::Clock;
use crate::keys::HubKeys;
use crate::tls::{CertificateFileError, write_certificate};

const EXAMPLE: &str = "\
Example:
  samverkan-hub certificate && systemctl reload samverkan-hub

The file holds the certificate and its key, for 90 days and the names of the configuration. Without
`server_certificate` there is no file: the hub makes its certificates itself.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Arguments {}

#[derive(Serialize)]
struct Done {
    file: PathBuf,
    names: Vec<String>,
    not_after_ms: u64,
}

pub(super) fn run(_: Arguments, path: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let config = super::load(path)?;
    let names = config.server_names();
    let Some(file) = config.server_certificate else {
        return Err(Failure::new(
            "NO_CERTIFICATE_FILE",
            "The configuration names no `server_certificate`: the hub makes its certificates itself.",
            "nothing is needed; or add the key and try again",
            Exit::Conflict,
        ));
    };
    let keys = HubKeys::load(&config.data_dir)?;
    let issued = keys.authority.issue_server(&names, Clock::system().now_ms())?;
    write_certificate(&file, &issued, &keys.authority)?;
    let done = Done { file, names, not_after_ms: issued.not_after_ms };
    output.result(&done, || {
        format!("A server certificate for {} is in {}.", done.names.join(", "), done.file.display())
    })?;
    output.notice("next: systemctl reload samverkan-hub");
    Ok(Exit::Done)
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        Self::new("INTERNAL", format!("{error}."), "check the names in the configuration", Exit::Unexpected)
    }
}

impl From<CertificateFileError> for Failure {
    fn from(error: CertificateFileError) -> Self {
        Self::new("FILE_UNUSABLE", format!("{error}."), "mend what the sentence names", Exit::NotSetUp)
    }
}
