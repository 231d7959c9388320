//! What `send` and `reply` tell.

use serde::Serialize;

use crate::cli::output::{Output, Report};
use crate::cli::page::{Page, Tone};
use crate::error::{Code, Error, Explained, Result};
use crate::msg;
use crate::session::model::{Obstacle, Sent};
use crate::text::{Args, Text};

/// What became of a message.
#[derive(Serialize)]
pub(in crate::cli) struct SentReport {
    reference: String,
    message: String,
    /// The hub's receipt is here and verified. Otherwise the message is sealed and waits.
    accepted: bool,
}

impl SentReport {
    pub(in crate::cli) fn of(sent: &Sent) -> Self {
        Self {
            reference: sent.reference.to_string(),
            message: sent.message.to_string(),
            accepted: sent.accepted,
        }
    }

    /// Prints it. A message that waits is an error for scripts, since nobody has it yet, but it must not be sent again.
    ///
    /// # Errors
    /// [`Code::WaitsInOutbox`], and what writing fails with.
    pub(in crate::cli) fn tell(&self, output: &mut Output) -> Result<()> {
        output.result(self)?;
        if self.accepted {
            return Ok(());
        }
        Err(Error::with(Code::WaitsInOutbox, Args::none().text("reference", &self.reference)))
    }
}

impl Report for SentReport {
    const KIND: &'static str = "sent";

    fn lines(&self, page: &mut Page<'_>) {
        let args = Args::none().text("reference", &self.reference);
        if self.accepted {
            page.say_in(Tone::Good, msg!("send-accepted"), &args);
            page.say(msg!("send-track"), &args);
        } else {
            page.say_in(Tone::Warning, msg!("send-waits"), &args);
        }
    }
}

/// One reason why a message would be refused.
pub(super) struct Reason {
    /// The recipient concerned, when it is one.
    recipient: Option<String>,
    /// What it would be refused with.
    pub(super) error: Error,
}

impl Reason {
    /// One that is about no recipient.
    pub(super) const fn general(error: Error) -> Self {
        Self { recipient: None, error }
    }
}

impl From<&Obstacle> for Reason {
    fn from(obstacle: &Obstacle) -> Self {
        let recipient = obstacle.recipient.as_ref().map(ToString::to_string);
        Self { recipient, error: obstacle.to_error() }
    }
}

/// What `--dry-run` found.
#[derive(Serialize)]
pub(super) struct DryRun {
    would_be_sent: bool,
    obstacles: Vec<ObstacleReport>,
}

#[derive(Serialize)]
struct ObstacleReport {
    recipient: Option<String>,
    #[serde(flatten)]
    explained: Explained,
}

impl DryRun {
    pub(super) fn of(reasons: &[Reason], text: &Text) -> Self {
        let report = |reason: &Reason| ObstacleReport {
            recipient: reason.recipient.clone(),
            explained: reason.error.explain(text),
        };
        Self { would_be_sent: reasons.is_empty(), obstacles: reasons.iter().map(report).collect() }
    }
}

impl Report for DryRun {
    const KIND: &'static str = "dry_run";

    fn lines(&self, page: &mut Page<'_>) {
        if self.would_be_sent {
            page.say_in(Tone::Good, msg!("send-nothing-in-the-way"), &Args::none());
            return;
        }
        page.say_in(Tone::Warning, msg!("send-in-the-way"), &Args::none());
        for ObstacleReport { recipient, explained } in &self.obstacles {
            let at = recipient.as_deref().map(|recipient| format!("{recipient}: ")).unwrap_or_default();
            page.line(&format!("  [{}] {at}{}", explained.code, explained.message));
        }
    }
}
