//! The `samverkan-hub` program: one subcommand a file, each returning what to say and how to end.

pub mod exit;
pub mod failure;
pub mod output;

mod certificate;
mod check;
mod init;
mod log;
mod operator;
mod org;
mod policy;
mod refusal;
mod serve;
mod signing;
mod socket;
mod time;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::{keys, telemetry};
use exit::Exit;
use failure::Failure;
use output::Output;

/// Where the configuration is, unless `--config` says otherwise.
const DEFAULT_CONFIG: &str = "/etc/samverkan/hub.toml";

/// The name of the program on the command line.
const PROGRAM: &str = "samverkan-hub";

const EXAMPLE: &str = "\
Example:
  samverkan-hub init --name exempel --public-address hub.exempel.se:8443
  samverkan-hub serve";

/// The hub of the Samverkan referral network: it routes sealed messages and can open none.
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, after_help = EXAMPLE)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "PATH", default_value = DEFAULT_CONFIG)]
    config: PathBuf,

    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set up a new hub: its configuration, its data folder and its keys. Never overwrites anything.
    Init(init::Arguments),
    /// Run the hub until it is told to stop.
    #[command(after_help = "Example:\n  samverkan-hub serve --config /etc/samverkan/hub.toml")]
    Serve,
    /// Issue a server certificate into the file that the configuration names.
    Certificate(certificate::Arguments),
    /// Check the configuration, the keys and the running hub.
    Check(check::Arguments),
    /// Invite organisations, confirm, suspend and remove them. Needs a running hub.
    #[command(after_help = "Example:\n  samverkan-hub org list")]
    Org(org::Org),
    /// The keys of those who may act for the hub, and what waits for a second signature.
    #[command(after_help = "Example:\n  samverkan-hub operator list")]
    Operator(operator::Operator),
    /// What may be sent without an agreement.
    #[command(after_help = "Example:\n  samverkan-hub policy show")]
    Policy(policy::PolicyArguments),
    /// Check the hub's log, or write it down for others. Needs no running hub.
    #[command(subcommand, after_help = "Example:\n  samverkan-hub log verify logg.txt")]
    Log(log::Command),
}

/// Reads a command line and does what it says; returns the process's exit code.
pub fn main(words: Vec<OsString>) -> u8 {
    let mut output = Output::standard(usage::wants_json(&words));
    let nagios = usage::wants_nagios(&words);
    match Arguments::read(words) {
        Ok(arguments) => arguments.run(&mut output),
        Err(answer) => answer.give(&mut output, nagios),
    }
}

impl Arguments {
    /// Runs the command and returns the process's exit code.
    pub fn run(self, output: &mut Output<'_>) -> u8 {
        if let Err(error) = telemetry::protect_memory() {
            let text = format!("The memory of this program can not be protected: {error}.");
            let failure = Failure::new("INTERNAL", text, "check the system's limits", Exit::Unexpected);
            output.failure(&failure);
            return failure.exit.code();
        }
        if let Err(error) = keys::check_randomness() {
            let failure = Failure::from(error);
            output.failure(&failure);
            return failure.exit.code();
        }
        let done = match self.command {
            Command::Init(arguments) => init::run(arguments, &self.config, output).map(Exit::code),
            Command::Serve => serve::run(&self.config).map(Exit::code),
            Command::Certificate(arguments) => {
                certificate::run(arguments, &self.config, output).map(Exit::code)
            }
            Command::Check(arguments) => check::run(&arguments, &self.config, self.json, output),
            Command::Log(command) => log::run(command, &self.config, output).map(Exit::code),
            Command::Org(command) => org::run(command, &self.config, output).map(Exit::code),
            Command::Policy(command) => policy::run(command, &self.config, output).map(Exit::code),
            Command::Operator(command) => operator::run(command, &self.config, output).map(Exit::code),
        };
        done.unwrap_or_else(|failure| {
            output.failure(&failure);
            failure.exit.code()
        })
    }
}

/// A single-threaded runtime for commands that ask a running hub.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(
            "INTERNAL",
            format!("The runtime did not start: {error}."),
            "try again",
            Exit::Unexpected,
        )
    })
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Read { .. } => Self::new(
                "CONFIG_MISSING",
                format!("{error}."),
                "samverkan-hub init, or --config PATH",
                Exit::NotSetUp,
            ),
            ConfigError::NotAConfiguration { .. }
            | ConfigError::Writable { .. }
            | ConfigError::Invalid { .. } => Self::new(
                "CONFIG_INVALID",
                format!("{error}."),
                "mend the file and try again",
                Exit::NotSetUp,
            ),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let text = format!("The output could not be written: {error}.");
        Self::new("OUTPUT_FAILED", text, "check where the output goes", Exit::Unexpected)
    }
}

fn load(path: &std::path::Path) -> Result<Config, Failure> {
    Ok(Config::load(path)?)
}

#[cfg(test)]
mod tests;
