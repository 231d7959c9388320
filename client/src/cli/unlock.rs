//! `samverkan unlock` and `lock`: the passphrase once for a while.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::moment::{Moment, parse_duration};
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::error::{Code, Error, Result};
use crate::home::Profile;
use crate::keeper::{self, LONGEST, Status, USUAL};
use crate::keystore::Keystore;
use crate::msg;
use crate::passphrase::PassphraseSource;
use crate::text;

#[derive(Args)]
pub(super) struct Unlock {
    #[arg(long = "for", id = "for", value_name = "TIME", value_parser = parse_lasting)]
    lasting: Option<Duration>,
}

#[derive(Args)]
pub(super) struct Lock {}

fn parse_lasting(text: &str) -> Result<Duration> {
    let lasting = Duration::from_millis(parse_duration(text)?);
    let too_long =
        || Error::with(Code::UnlockTooLong, text::Args::none().number("hours", LONGEST.as_secs() / 3600));
    if lasting <= LONGEST { Ok(lasting) } else { Err(too_long()) }
}

impl Unlock {
    pub(super) fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let profile = context.profile()?;
        let lasting = self.lasting.unwrap_or(USUAL);
        let left = match prolonged(context, &profile, lasting)? {
            Some(left) => left,
            None => {
                let key = context.unlocking_key(&profile, output)?;
                // A passphrase that was typed anew begins anew.
                keeper::forget(&profile)?;
                keeper::start(&profile, &key, lasting)?
            }
        };
        output.result(&Unlocked { profile: profile.name().to_string(), until: context.moment_after(left) })
    }
}

/// The time that is left when the profile was unlocked already; nobody is asked for the passphrase a second time, unless it is given.
fn prolonged(context: &Context, profile: &Profile, lasting: Duration) -> Result<Option<Duration>> {
    let lock = Keystore::lock_id(profile)?;
    if context.passphrase() != PassphraseSource::Terminal {
        return Ok(None);
    }
    match keeper::prolong(profile, lock, lasting)? {
        Status::Unlocked { left } => Ok(Some(left)),
        Status::OtherLock | Status::Locked => Ok(None),
    }
}

impl Lock {
    pub(super) fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let profile = context.profile()?;
        let was_unlocked = keeper::forget(&profile)?;
        output.result(&Locked { profile: profile.name().to_string(), was_unlocked })
    }
}

/// The profile is unlocked.
#[derive(Serialize)]
struct Unlocked {
    profile: String,
    until: Moment,
}

impl Report for Unlocked {
    const KIND: &'static str = "unlocked";

    fn lines(&self, page: &mut Page<'_>) {
        let args =
            text::Args::none().text("profile", &self.profile).text("until", self.until.local(page.text()));
        page.say_in(Tone::Good, msg!("unlock-done"), &args);
    }
}

/// The profile is locked.
#[derive(Serialize)]
struct Locked {
    profile: String,
    was_unlocked: bool,
}

impl Report for Locked {
    const KIND: &'static str = "locked";

    fn lines(&self, page: &mut Page<'_>) {
        let said = if self.was_unlocked { msg!("lock-done") } else { msg!("lock-was-locked") };
        page.say(said, &text::Args::none().text("profile", &self.profile));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_bounded() {
        assert_eq!(parse_lasting("8h").expect("the longest"), LONGEST);
        assert_eq!(parse_lasting("1s").expect("short"), Duration::from_secs(1));
        assert_eq!(parse_lasting("481m").expect_err("too long").code(), Code::UnlockTooLong);
        for bad in ["0m", "-1h", "soon", ""] {
            assert_eq!(parse_lasting(bad).expect_err("none").code(), Code::DurationInvalid);
        }
    }
}
