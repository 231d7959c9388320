//! `samverkan doctor`: whether everything is as it should be here, in words that may be passed on.
//!
//! What it prints names no person, no organisation, no file of this user: only checks, states, numbers and codes.

use clap::Args;
use samverkan_proto::limits::{DAY_MS, WEEK_MS};
use serde::Serialize;

use super::context::Context;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::{Page, Tone};
use crate::connect::ClockSkew;
use crate::error::{Code, Error, Result};
use crate::home::{Home, Profile};
use crate::keystore::Keystore;
use crate::msg;
use crate::session::{CertificateFacts, KeyFacts};
use crate::text::{self, MessageId};

#[derive(Args)]
pub(super) struct Doctor {}

impl Doctor {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let mut examination = Examination::default();
        if examination.computer(context).is_some() && context.passphrase_is_at_hand() {
            examination.device(context, output).await;
        }
        let report = Diagnosis { version: env!("CARGO_PKG_VERSION"), checks: examination.checks };
        output.result(&report)?;
        examination.worst.map_or(Ok(()), Err)
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Failed,
}

/// One check.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    state: State,
    /// A number or a time, when the check has one.
    value: Option<Value>,
    /// The error's stable code, when it failed.
    code: Option<&'static str>,
    #[serde(skip)]
    title: MessageId,
}

/// What a check found out.
#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Number(String),
    Until(Moment),
}

impl Value {
    fn number(number: impl std::fmt::Display) -> Self {
        Self::Number(number.to_string())
    }

    fn words(&self, text: &text::Text) -> String {
        match self {
            Self::Number(number) => number.clone(),
            Self::Until(moment) => moment.local(text),
        }
    }
}

/// Checks being made, in order; the first failure decides the exit code.
#[derive(Default)]
struct Examination {
    checks: Vec<Check>,
    worst: Option<Error>,
}

impl Examination {
    fn note<T>(
        &mut self,
        check: &'static str,
        title: MessageId,
        outcome: Result<T>,
        value: impl FnOnce(&T) -> Option<Value>,
    ) -> Option<T> {
        let (state, code) = match &outcome {
            Ok(_) => (State::Ok, None),
            Err(error) => (State::Failed, Some(error.code().as_str())),
        };
        let value = outcome.as_ref().ok().and_then(value);
        self.checks.push(Check { check, state, value, code, title });
        outcome.map_err(|error| self.worst.get_or_insert(error).clone()).ok()
    }

    /// What the passphrase opens, and the way to the hub.
    async fn device(&mut self, context: &Context, output: &mut Output) -> Option<()> {
        let opened = context.session(output);
        let mut session = self.note("passphrase", msg!("check-passphrase"), opened, |_| None)?;
        let now_ms = context.clock.now_ms();
        let left = |end_ms: u64, unit_ms: u64| Some(Value::number(end_ms.saturating_sub(now_ms) / unit_ms));
        let certified = session.keep_certified().await;
        let certificate = certified.and_then(|()| session.membership().certificate_facts());
        let days = |facts: &CertificateFacts| left(facts.not_after_ms, DAY_MS);
        self.note("certificate_days", msg!("check-certificate"), certificate, days);
        let keys = session.key_facts();
        let weeks = |keys: &KeyFacts| left(keys.published_until_ms.unwrap_or(0), WEEK_MS);
        self.note("key_weeks", msg!("check-key-weeks"), Ok(keys), weeks);
        let days = |keys: &KeyFacts| left(keys.next_destroyed_ms?, DAY_MS);
        self.note("key_destroyed_days", msg!("check-key-destroyed"), Ok(keys), days);
        let leaves = session.directory().size();
        self.note("log_size", msg!("check-log"), Ok(leaves), |leaves| Some(Value::number(leaves)));
        let count = |count: &usize| Some(Value::number(count));
        self.note("outbox", msg!("check-outbox"), Ok(session.outbox_len()), count);
        let damaged = match session.damaged_messages() {
            0 => Ok(0),
            _ => Err(Error::new(Code::FileDamaged)),
        };
        self.note("damaged_messages", msg!("check-damaged"), damaged, count);
        let clock = session.hub_clock().await.and_then(|skew| match skew.is_too_large() {
            true => Err(clock_wrong(skew)),
            false => Ok(skew),
        });
        let seconds = |skew: &ClockSkew| Some(Value::number(skew.hub_ms.abs_diff(skew.own_ms) / 1000));
        self.note("hub_clock_seconds", msg!("check-hub-clock"), clock, seconds).map(drop)
    }

    /// What can be seen without a passphrase.
    fn computer(&mut self, context: &Context) -> Option<Profile> {
        let home: Home = self.note("home", msg!("check-home"), context.home(), |_| None)?;
        let profile = context.profile_name().and_then(|name| Ok(home.open(&name)?));
        let profile = self.note("profile", msg!("check-profile"), profile, |_| None)?;
        let keystore = Keystore::inspect(&profile).map_err(Error::from);
        self.note("keystore", msg!("check-keystore"), keystore, |facts| Some(Value::number(facts.records)))?;
        let until = context.unlocked_until(&profile);
        let title = match &until {
            Ok(None) => msg!("check-locked"),
            Ok(Some(_)) | Err(_) => msg!("check-unlocked"),
        };
        self.note("unlocked", title, until, |until| until.map(Value::Until))?;
        Some(profile)
    }
}

fn clock_wrong(skew: ClockSkew) -> Error {
    let minutes = skew.hub_ms.abs_diff(skew.own_ms) / 60_000;
    Error::with(Code::ClockWrong, text::Args::none().number("minutes", minutes))
}

/// What was found.
#[derive(Serialize)]
struct Diagnosis {
    version: &'static str,
    checks: Vec<Check>,
}

impl Report for Diagnosis {
    const KIND: &'static str = "doctor";

    fn lines(&self, page: &mut Page<'_>) {
        page.say(msg!("doctor-version"), &text::Args::none().text("version", self.version));
        for check in &self.checks {
            let title = page.text().get(check.title, &text::Args::none());
            let args = text::Args::none().text("check", title);
            match (check.state, &check.value, check.code) {
                (State::Ok, Some(value), _) => page.say_in(
                    Tone::Good,
                    msg!("doctor-value"),
                    &args.text("value", value.words(page.text())),
                ),
                (State::Ok, None, _) => page.say_in(Tone::Good, msg!("doctor-ok"), &args),
                (State::Failed, _, code) => {
                    let args = args.text("code", code.unwrap_or_default());
                    page.say_in(Tone::Warning, msg!("doctor-failed"), &args)
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::cli::testing::Run;
    use crate::keystore::KdfCost;
    use crate::passphrase::Passphrase;

    fn with_keystore() -> Run {
        let run = Run::new();
        let profile = run.home().open_or_create(&Default::default()).expect("created");
        let lock = profile.lock(std::time::Duration::ZERO, || ()).expect("locked");
        let passphrase = Passphrase::parse(b"ett exempel".to_vec()).expect("valid");
        Keystore::create(&profile, &lock, &passphrase, KdfCost::FLOOR).expect("created");
        run
    }

    #[test]
    fn before_set_up_it_says_what_is_missing() {
        let run = Run::new();
        assert_eq!(run.fails(&["doctor"]).code(), Code::ProfileMissing);
        assert!(run.last_stdout().contains("PROFILE_MISSING"));
    }

    #[test]
    fn a_keystore_that_reads_is_well_and_a_damaged_one_is_not() {
        let run = with_keystore();
        let checks = run.json(&["doctor"]);
        assert_eq!(
            (checks["checks"][2]["check"].as_str(), checks["checks"][2]["state"].as_str()),
            (Some("keystore"), Some("ok"))
        );
        let path = run.home().root().join("default/keystore");
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(run.fails(&["doctor"]).code(), Code::KeystoreDamaged);
    }

    #[test]
    fn bad_129_an_exposed_keystore_is_told_and_no_path_is() {
        let run = with_keystore();
        let path = run.home().root().join("default/keystore");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("chmod");
        assert_eq!(run.fails(&["doctor"]).code(), Code::FileExposed);
        assert!(!run.last_stdout().contains(path.to_str().expect("UTF-8")));
    }
}
