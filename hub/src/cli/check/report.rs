//! What a check found.

use std::fmt;

use serde::Serialize;

use super::super::exit::Exit;
use super::NAGIOS_UNKNOWN;

/// How bad a finding is, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    /// It could not be looked at.
    Unknown,
    Critical,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    what: &'static str,
    level: Level,
    text: String,
    #[serde(skip)]
    exit: Exit,
}

impl Finding {
    pub(super) fn ok(what: &'static str, text: impl fmt::Display) -> Self {
        Self { what, level: Level::Ok, text: text.to_string(), exit: Exit::Done }
    }

    pub(super) fn warning(what: &'static str, text: impl fmt::Display) -> Self {
        Self { what, level: Level::Warning, text: text.to_string(), exit: Exit::Done }
    }

    pub(super) fn unknown(what: &'static str, text: impl fmt::Display, exit: Exit) -> Self {
        Self { what, level: Level::Unknown, text: text.to_string(), exit }
    }

    pub(super) fn critical(what: &'static str, text: impl fmt::Display, exit: Exit) -> Self {
        Self { what, level: Level::Critical, text: text.to_string(), exit }
    }
}

/// Everything that was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn extend(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
    }

    fn worst(&self) -> Level {
        self.findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }

    /// The exit code of the first finding that is worse than a warning: later ones often follow from it.
    pub(super) fn exit(&self) -> Exit {
        self.findings
            .iter()
            .find(|finding| finding.level > Level::Warning)
            .map_or(Exit::Done, |finding| finding.exit)
    }

    /// The exit code of the monitoring plugins' convention.
    pub(super) fn nagios_exit(&self) -> u8 {
        match self.worst() {
            Level::Ok => 0,
            Level::Warning => 1,
            Level::Critical => 2,
            Level::Unknown => NAGIOS_UNKNOWN,
        }
    }

    /// One line: the worst first.
    pub(super) fn nagios(&self) -> String {
        let mut findings: Vec<&Finding> = self.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        let texts: Vec<String> =
            findings.iter().map(|found| format!("{}: {}", found.what, found.text)).collect();
        format!("SAMVERKAN {} - {}", self.worst().word(), texts.join("; ").replace(['|', '\n'], " "))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, finding) in self.findings.iter().enumerate() {
            let line_feed = if place == 0 { "" } else { "\n" };
            write!(f, "{line_feed}{:<9} {:<14} {}", finding.level.word(), finding.what, finding.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monitoring_gets_one_line_with_the_worst_first() {
        let mut report = Report::default();
        report.push(Finding::ok("keys", "present"));
        report.push(Finding::critical("hub", "line\nbreak | pipe", Exit::HubUnreachable));
        report.push(Finding::warning("certificate", "old"));
        assert_eq!(
            report.nagios(),
            "SAMVERKAN CRITICAL - hub: line break   pipe; certificate: old; keys: present"
        );
        assert_eq!((report.exit(), report.nagios_exit()), (Exit::HubUnreachable, 2));
        assert_eq!(report.to_string().lines().next(), Some("OK        keys           present"));
    }

    #[test]
    fn what_could_not_be_looked_at_is_worse_than_a_warning_and_better_than_a_fault() {
        let mut report = Report::default();
        let exits = |report: &Report| (report.exit(), report.nagios_exit());
        assert_eq!(exits(&report), (Exit::Done, 0));
        report.push(Finding::warning("certificate", "old"));
        assert_eq!(exits(&report), (Exit::Done, 1));
        report.push(Finding::unknown("configuration", "missing", Exit::NotSetUp));
        assert_eq!(exits(&report), (Exit::NotSetUp, 3));
        report.push(Finding::critical("storage", "failed", Exit::Integrity));
        assert_eq!(exits(&report), (Exit::NotSetUp, 2));
    }
}
