//! `log`: the hub's log checked from its first leaf on, and written down for others. Neither asks a running hub.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use samverkan_proto::statement::log::audit::{self, AuditError, Audited};
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::time::rfc3339;
use crate::clock::Clock;
use crate::run::{WholeLog, read_log};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check every record, rule and signature of a log, and that all add up to what the hub signed.
    #[command(
        after_help = "Examples:\n  samverkan-hub log verify              the data folder of a stopped hub\n  samverkan-hub log verify logg.txt     an exported log, anywhere"
    )]
    Verify {
        /// An exported log; the data folder of this hub, which must not be running, if absent.
        file: Option<PathBuf>,
    },
    /// Write the log of a stopped hub to a file that anybody can check.
    #[command(after_help = "Example:\n  samverkan-hub log export logg.txt")]
    Export {
        /// The file, which must not exist.
        file: PathBuf,
    },
}

pub(super) fn run(command: Command, config: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Verify { file: Some(path) } => {
            let file = File::open(&path).map_err(|error| unusable(&path, &error))?;
            let audited = audit::verify(&mut BufReader::new(file), None);
            good(&audited.map_err(|error| invalid(&error))?, output)
        }
        Command::Verify { file: None } => {
            let WholeLog { pin, checkpoint, entries } = own(config)?;
            let entries = entries.into_iter().map(|entry| Ok((Bytes::from(entry.leaf), entry.record)));
            let audited = audit::verify_entries(checkpoint.note().clone(), entries, Some(&pin));
            good(&audited.map_err(|error| invalid(&error))?, output)
        }
        Command::Export { file } => export(file, &own(config)?, output),
    }
}

/// The log in the data folder.
fn own(config: &Path) -> Result<WholeLog, Failure> {
    let config = super::load(config)?;
    Ok(super::runtime()?.block_on(read_log(&config, &Clock::system()))?)
}

fn export(path: PathBuf, log: &WholeLog, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let written = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path).and_then(|file| {
        let mut out = std::io::BufWriter::new(&file);
        audit::write_head(&mut out, &log.checkpoint)?;
        log.entries.iter().try_for_each(|entry| audit::write_entry(&mut out, &entry.leaf, &entry.record))?;
        out.flush()?;
        file.sync_all()
    });
    written.map_err(|error| unusable(&path, &error))?;
    let leaves = log.entries.len() as u64;
    let written = Written { file: path, leaves };
    output.result(&written, || format!("{leaves} leaves were written to {}.", written.file.display()))?;
    Ok(Exit::Done)
}

/// A log in which nothing is wrong.
#[derive(Serialize)]
struct Good {
    hub: String,
    leaves: u64,
    root: String,
    organisations: u64,
    /// `H(CA || log key || receipt key)`, which every invite of the hub has.
    pin: String,
    /// When the hub said that this was its newest log; absent if it did not.
    cosigned_at: Option<String>,
}

#[derive(Serialize)]
struct Written {
    file: PathBuf,
    leaves: u64,
}

fn good(audited: &Audited, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let head = audited.checkpoint.head();
    let report = Good {
        hub: audited.hub.to_string(),
        leaves: head.size,
        root: HEXLOWER.encode(&head.root),
        organisations: audited.organisations,
        pin: HEXLOWER.encode(&audited.pin),
        cosigned_at: audited.checkpoint.cosigned_ms().map(rfc3339),
    };
    output.result(&report, || {
        let Good { hub, leaves, root, organisations, pin, cosigned_at } = &report;
        let at = cosigned_at.as_deref().unwrap_or("never");
        format!(
            "The log of {hub} is whole: {leaves} leaves about {organisations} organisations, every rule kept, every signature good.\n\
             root {root}\nkeys {pin}\nsigned as the newest at {at}"
        )
    })?;
    Ok(Exit::Done)
}

fn invalid(error: &AuditError) -> Failure {
    match error {
        AuditError::Form { .. } => Failure::new(
            "LOG_INVALID",
            format!("This is not an exported log: {error}."),
            "samverkan-hub log export FILE writes one",
            Exit::Usage,
        ),
        _ => Failure::new(
            "LOG_INVALID",
            format!("The log can not be believed: {error}."),
            "restore data_dir from the newest backup; do not delete anything from it before that",
            Exit::Integrity,
        ),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    let text = format!("{} can not be used: {error}.", path.display());
    Failure::new("FILE_UNUSABLE", text, "check the path and its rights", Exit::NotSetUp)
}
