//! `check`: is the hub set up rightly, and is the running one well?

mod report;

use std::path::Path;

use clap::{Args, ValueEnum};
use samverkan_proto::v1;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::socket;
use super::time::days_until;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::HubKeys;
use report::{Finding, Report};

/// With fewer days left than this, a server certificate was not renewed when it should have been.
const CERTIFICATE_WARNING_DAYS: u64 = 25;

/// With less free than this many times what is reserved, somebody should make room.
const DISK_WARNING: u64 = 8;

/// The exit code by which Nagios knows that nothing could be found out, among it by a command line that makes no sense.
pub(super) const NAGIOS_UNKNOWN: u8 = 3;

const EXAMPLE: &str = "\
Examples:
  samverkan-hub check
  samverkan-hub check --format nagios     one line; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Arguments {
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One document, as with --json.
    Json,
    /// One line for Nagios and its relatives, with their exit codes.
    Nagios,
}

pub(super) fn run(
    arguments: &Arguments,
    path: &Path,
    json: bool,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let report = super::runtime()?.block_on(examine(path));
    match arguments.format {
        Format::Nagios => {
            output.result(&report, || report.nagios())?;
            Ok(report.nagios_exit())
        }
        Format::Json if !json => {
            Output::standard(true).result(&report, String::new)?;
            Ok(report.exit().code())
        }
        Format::Json | Format::Text => {
            output.result(&report, || report.to_string())?;
            Ok(report.exit().code())
        }
    }
}

async fn examine(path: &Path) -> Report {
    let mut report = Report::default();
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            report.push(Finding::unknown("configuration", error, Exit::NotSetUp));
            return report;
        }
    };
    report.push(Finding::ok("configuration", path.display()));
    report.push(match HubKeys::load(&config.data_dir) {
        Ok(_) => Finding::ok("keys", "present and private"),
        Err(error) => Finding::critical("keys", error, Exit::NotSetUp),
    });
    match ask(&config).await {
        Ok(answer) => report.extend(running(&answer, Clock::system().now_ms())),
        Err(failure) => {
            let text = format!("{} next: {}", failure.text, failure.next);
            // A hub that does not answer is down; one that may not be asked may well be up.
            report.push(match failure.exit {
                Exit::HubUnreachable => Finding::critical("hub", text, failure.exit),
                _ => Finding::unknown("hub", text, failure.exit),
            });
        }
    }
    report
}

async fn ask(config: &Config) -> Result<v1::CheckHubResponse, Failure> {
    let mut operator = socket::connect(&config.operator_socket()).await?;
    Ok(operator.check_hub(v1::CheckHubRequest {}).await?.into_inner())
}

fn running(answer: &v1::CheckHubResponse, now_ms: u64) -> Vec<Finding> {
    vec![
        hub(answer),
        storage(answer),
        disk(answer),
        records(answer),
        operators(answer),
        log(answer),
        certificate(answer, now_ms),
    ]
}

fn hub(answer: &v1::CheckHubResponse) -> Finding {
    let v1::CheckHubResponse { version, organisations, stored_messages, waiting_deliveries, .. } = answer;
    Finding::ok(
        "hub",
        format!(
            "version {version}, {organisations} organisations, {stored_messages} messages stored, \
             {waiting_deliveries} wait for a mailbox"
        ),
    )
}

fn storage(answer: &v1::CheckHubResponse) -> Finding {
    if answer.storage_failed {
        return Finding::critical(
            "storage",
            "the disk failed; nothing is acknowledged any more",
            Exit::Integrity,
        );
    }
    Finding::ok("storage", format!("{} bytes stored", answer.stored_bytes))
}

fn disk(answer: &v1::CheckHubResponse) -> Finding {
    let v1::CheckHubResponse { free_bytes, reserved_bytes, .. } = *answer;
    let free = format!("{} MiB free", free_bytes >> 20);
    if free_bytes < reserved_bytes {
        let text = format!("{free}: messages are refused until there are {} MiB", reserved_bytes >> 20);
        Finding::critical("disk", text, Exit::HubUnreachable)
    } else if free_bytes < reserved_bytes.saturating_mul(DISK_WARNING) {
        Finding::warning("disk", format!("{free}; messages are refused below {} MiB", reserved_bytes >> 20))
    } else {
        Finding::ok("disk", free)
    }
}

fn records(answer: &v1::CheckHubResponse) -> Finding {
    match answer.damaged_records {
        0 => Finding::ok("records", "no damaged record was met"),
        damaged => {
            let text = format!("{damaged} damaged places on disk; the log names them");
            Finding::critical("records", text, Exit::Integrity)
        }
    }
}

fn operators(answer: &v1::CheckHubResponse) -> Finding {
    match answer.operators {
        0 => Finding::ok("operators", "none: whoever reaches the operator's socket acts unsigned"),
        operators => Finding::ok("operators", format!("{operators}, who sign everything that they do")),
    }
}

fn log(answer: &v1::CheckHubResponse) -> Finding {
    let v1::CheckHubResponse { log_size, missing_leaves, log_diverged, .. } = *answer;
    if log_diverged {
        let text = "this is another log than the one that the hub signed; members refuse it: see the operator's guide";
        return Finding::critical("log", text, Exit::Integrity);
    }
    if missing_leaves > 0 {
        let text =
            format!("{missing_leaves} signed leaves are missing; nothing is taken until members return them");
        return Finding::critical("log", text, Exit::HubUnreachable);
    }
    Finding::ok("log", format!("{log_size} leaves"))
}

fn certificate(answer: &v1::CheckHubResponse, now_ms: u64) -> Finding {
    let days = days_until(answer.server_certificate_expires_ms, now_ms);
    let text = format!("the server certificate has {days} days left");
    if days < CERTIFICATE_WARNING_DAYS {
        Finding::warning("certificate", text)
    } else {
        Finding::ok("certificate", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> v1::CheckHubResponse {
        v1::CheckHubResponse {
            version: "0.1.0".into(),
            server_certificate_expires_ms: 90 * 86_400_000,
            free_bytes: 8 << 28,
            reserved_bytes: 1 << 28,
            ..Default::default()
        }
    }

    fn exits(answer: &v1::CheckHubResponse) -> (Exit, u8) {
        let mut report = Report::default();
        report.extend(running(answer, 0));
        (report.exit(), report.nagios_exit())
    }

    #[test]
    fn a_well_hub_is_well_and_each_fault_shows() {
        assert_eq!(exits(&well()), (Exit::Done, 0));
        let damaged = v1::CheckHubResponse { damaged_records: 1, ..well() };
        assert_eq!(exits(&damaged), (Exit::Integrity, 2));
        let failed = v1::CheckHubResponse { storage_failed: true, ..well() };
        assert_eq!(exits(&failed), (Exit::Integrity, 2));
        let stale = v1::CheckHubResponse { server_certificate_expires_ms: 86_400_000, ..well() };
        assert_eq!(exits(&stale), (Exit::Done, 1));
        let filling = v1::CheckHubResponse { free_bytes: 2 << 28, ..well() };
        assert_eq!(exits(&filling), (Exit::Done, 1));
        let behind = v1::CheckHubResponse { missing_leaves: 2, ..well() };
        assert_eq!(exits(&behind), (Exit::HubUnreachable, 2));
        let other = v1::CheckHubResponse { log_diverged: true, ..well() };
        assert_eq!(exits(&other), (Exit::Integrity, 2));
        let full = v1::CheckHubResponse { free_bytes: 1 << 20, ..well() };
        assert_eq!(exits(&full), (Exit::HubUnreachable, 2));
    }
}
