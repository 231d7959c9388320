//! `samverkan find`: who can help. Searched in the copy on this computer, so that nobody learns what was looked for.
//!
//! The own organisation is left out when it is known, which takes the passphrase: whose computer this is stands in the keystore alone.

use clap::Args;
use samverkan_proto::ids::{Municipality, ServiceCode};
use serde::Serialize;

use super::context::{Context, View};
use super::organisation::Organisation;
use super::output::{Output, Report};
use super::page::Page;
use crate::directory::find::Query;
use crate::error::{Code, Error, Result};
use crate::msg;
use crate::text;

#[derive(Args)]
pub(super) struct Find {
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    #[arg(long, value_name = "PLACE", value_parser = parse_place)]
    near: Option<Municipality>,
    #[arg(long, value_name = "TYPE", value_parser = parse_service)]
    service: Option<ServiceCode>,
    #[arg(long)]
    refresh: bool,
}

fn parse_place(code: &str) -> Result<Municipality> {
    code.parse().map_err(|_| Error::new(Code::PlaceInvalid))
}

fn parse_service(code: &str) -> Result<ServiceCode> {
    let args = text::Args::none().text("option", "--service").text("allowed", "none");
    code.parse().map_err(|_| Error::with(Code::ArgumentInvalid, args))
}

impl Find {
    pub(super) async fn run(self, context: &mut Context, output: &mut Output) -> Result<()> {
        let query = Query { words: self.words, near: self.near, service: self.service };
        let mut view = context.directory(self.refresh, output).await?;
        let mut found = Found::search(&view, &query);
        // The copy of whoever has just joined has nobody else in it. The hub is asked for what is new, not for who fits.
        if found.organisations.is_empty() && view.session().is_none() && context.passphrase_is_at_hand() {
            output.notice(msg!("find-asks-the-hub"), &text::Args::none());
            view = context.unlocked_directory(false, output).await?;
            found = Found::search(&view, &query);
        }
        output.result(&found)
    }
}

/// Who was found, best match first.
#[derive(Serialize)]
struct Found {
    organisations: Vec<Organisation>,
}

impl Found {
    fn search(view: &View, query: &Query) -> Self {
        let found = view.directory().find(query).into_iter();
        let organisations = found.filter_map(|found| Organisation::of(view, &found.org));
        Self { organisations: organisations.filter(|organisation| !organisation.own).collect() }
    }
}

impl Report for Found {
    const KIND: &'static str = "found";

    fn lines(&self, page: &mut Page<'_>) {
        if self.organisations.is_empty() {
            page.say(msg!("find-nobody"), &text::Args::none());
            return;
        }
        let headings = [
            msg!("column-mailbox"),
            msg!("column-name"),
            msg!("column-places"),
            msg!("column-services"),
            msg!("column-compared"),
        ];
        let rows = self.organisations.iter().flat_map(|organisation| organisation.rows(page.text()));
        let rows: Vec<Vec<String>> = rows.collect();
        page.table(&headings, &rows);
    }
}
