//! `samverkan profile`: several organisations on one computer, each in a folder of its own.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::context::Context;
use super::globals::parse_profile;
use super::moment::Moment;
use super::output::{Output, Report};
use super::page::Page;
use crate::error::Result;
use crate::home::ProfileName;
use crate::keystore::Keystore;
use crate::msg;
use crate::text;

#[derive(Args)]
pub(super) struct Profile {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Named),
    List,
    Use(Named),
}

#[derive(Args)]
struct Named {
    #[arg(value_name = "NAME", value_parser = parse_profile)]
    name: ProfileName,
}

impl Profile {
    pub(super) fn run(self, context: &Context, output: &mut Output) -> Result<()> {
        let home = context.home()?;
        match self.action {
            Action::Add(Named { name }) => {
                let profile = home.open_or_create(&name)?;
                output.result(&Line::of(&profile, &home.chosen()?, context))
            }
            Action::Use(Named { name }) => {
                home.choose(&name)?;
                output.result(&Line::of(&home.open(&name)?, &name, context))
            }
            Action::List => {
                let chosen = context.profile_name()?;
                let names = home.profiles()?;
                let lines = names.iter().map(|name| Ok(Line::of(&home.open(name)?, &chosen, context)));
                output.result(&List { profiles: lines.collect::<Result<_>>()? })
            }
        }
    }
}

/// One profile.
#[derive(Serialize)]
struct Line {
    profile: String,
    chosen: bool,
    joined: bool,
    /// Until when no passphrase is asked for; absent while it is.
    unlocked_until: Option<Moment>,
}

impl Line {
    fn of(profile: &crate::home::Profile, chosen: &ProfileName, context: &Context) -> Self {
        Self {
            profile: profile.name().to_string(),
            chosen: profile.name() == chosen,
            joined: Keystore::exists(profile),
            // What is wrong with a keystore is for the doctor to say.
            unlocked_until: context.unlocked_until(profile).unwrap_or_default(),
        }
    }
}

impl Report for Line {
    const KIND: &'static str = "profile";

    fn lines(&self, page: &mut Page<'_>) {
        let args = text::Args::none().text("profile", &self.profile);
        page.say(if self.chosen { msg!("profile-chosen") } else { msg!("profile-added") }, &args);
        if !self.joined {
            page.say(msg!("profile-join-next"), &args);
        }
    }
}

/// Every profile.
#[derive(Serialize)]
struct List {
    profiles: Vec<Line>,
}

impl Report for List {
    const KIND: &'static str = "profiles";

    fn lines(&self, page: &mut Page<'_>) {
        if self.profiles.is_empty() {
            page.say(msg!("profile-none"), &text::Args::none());
            return;
        }
        let text = page.text();
        let yes = text.get(msg!("word-yes"), &text::Args::none());
        let mark = |set: bool| if set { yes.clone() } else { String::new() };
        let until = |line: &Line| line.unlocked_until.map_or_else(String::new, |until| until.local(text));
        let row = |line: &Line| vec![line.profile.clone(), mark(line.chosen), mark(line.joined), until(line)];
        let rows: Vec<Vec<String>> = self.profiles.iter().map(row).collect();
        let headings =
            [msg!("column-profile"), msg!("column-chosen"), msg!("column-joined"), msg!("column-unlocked")];
        page.table(&headings, &rows);
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::Run;
    use crate::error::Code;

    #[test]
    fn a_profile_is_added_chosen_and_listed() {
        let run = Run::new();
        assert!(run.human(&["profile", "list"]).contains("no profile"));
        let added = run.json(&["profile", "add", "jour"]);
        assert_eq!((added["profile"].as_str(), added["chosen"].as_bool()), (Some("jour"), Some(false)));
        run.json(&["profile", "add", "default"]);
        assert_eq!(run.json(&["profile", "use", "jour"])["chosen"], true);
        let list = run.json(&["profile", "list"]);
        let chosen =
            |at: usize| (list["profiles"][at]["profile"].as_str(), list["profiles"][at]["chosen"].as_bool());
        assert_eq!((chosen(0), chosen(1)), ((Some("default"), Some(false)), (Some("jour"), Some(true))));
        assert_eq!(list["profiles"][1]["joined"], false);
    }

    #[test]
    fn a_profile_that_does_not_exist_is_not_chosen() {
        let error = Run::new().fails(&["profile", "use", "jour"]);
        assert_eq!(error.code(), Code::ProfileMissing);
    }
}
