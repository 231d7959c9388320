//! `samverkan man`: the manual, a page a command, for `man` and for packages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::commands::{self, PROGRAM};
use super::output::{Format, Output, Report};
use super::page::Page;
use crate::error::{Code, Error, Result};
use crate::files::FileError;
use crate::msg;
use crate::text;

#[derive(Args)]
pub(super) struct Man {
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    #[arg(short = 'o', long, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

/// One page in the troff of man(7).
#[derive(Serialize)]
struct ManPage {
    page: String,
    troff: String,
}

impl Report for ManPage {
    const KIND: &'static str = "man_page";

    fn lines(&self, page: &mut Page<'_>) {
        page.block(&self.troff);
    }
}

/// The pages that were written.
#[derive(Serialize)]
struct Pages {
    pages: Vec<String>,
}

impl Report for Pages {
    const KIND: &'static str = "man_pages";

    fn lines(&self, page: &mut Page<'_>) {
        page.say(msg!("man-written"), &text::Args::none().number("count", self.pages.len() as u64));
    }
}

impl Man {
    pub(super) fn run(self, output: &mut Output) -> Result<()> {
        let pages = pages(commands::tree(output.text()))?;
        if let Some(folder) = self.out {
            return output.result(&write_all(&pages, &folder)?);
        }
        let wanted = file_name(&self.command);
        let unknown = || Error::new(Code::TopicUnknown);
        let page = pages.into_iter().find(|page| page.page == wanted).ok_or_else(unknown)?;
        match output.format() {
            Format::Json => output.result(&page),
            Format::Human | Format::Plain => output.document(&page.troff),
        }
    }
}

fn write_all(pages: &[ManPage], folder: &Path) -> Result<Pages> {
    let write = |path: &Path, page: &ManPage| fs::write(path, &page.troff);
    fs::create_dir_all(folder).map_err(|error| FileError::from_io(folder, error))?;
    for page in pages {
        let path = folder.join(&page.page);
        write(&path, page).map_err(|error| FileError::from_io(&path, error))?;
    }
    Ok(Pages { pages: pages.iter().map(|page| page.page.clone()).collect() })
}

/// `samverkan-org-show.1`
fn file_name(path: &[impl AsRef<str>]) -> String {
    let words = std::iter::once(PROGRAM).chain(path.iter().map(AsRef::as_ref));
    format!("{}.1", words.collect::<Vec<_>>().join("-"))
}

fn pages(mut tree: clap::Command) -> Result<Vec<ManPage>> {
    tree.build();
    let mut pages = Vec::new();
    let mut failed = false;
    commands::walk(&tree, &mut |path, command| {
        let page = file_name(path);
        let title = page.trim_end_matches(".1").to_owned();
        let command = command.clone().display_name(title);
        let mut troff = Vec::new();
        let source = concat!("samverkan ", env!("CARGO_PKG_VERSION"));
        failed |= clap_mangen::Man::new(command).source(source).render(&mut troff).is_err();
        pages.push(ManPage { page, troff: String::from_utf8_lossy(&troff).into_owned() });
    });
    if failed { Err(Error::new(Code::ProgramDefect)) } else { Ok(pages) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Language;

    fn man(command: &[&str], out: Option<PathBuf>) -> (Result<()>, String) {
        let (mut output, captured) = Output::captured(Format::Human, Language::English);
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        (Man { command, out }.run(&mut output), captured.stdout())
    }

    #[test]
    fn a_page_has_the_commands_name_and_example() {
        let (outcome, page) = man(&["profile", "use"], None);
        outcome.expect("written");
        assert!(page.contains("samverkan\\-profile\\-use"), "{page}");
        assert!(page.contains("samverkan profile use"), "{page}");
    }

    #[test]
    fn an_unknown_command_has_no_page() {
        assert_eq!(man(&["nonsense"], None).0.expect_err("none").code(), Code::TopicUnknown);
    }

    #[test]
    fn a_folder_gets_a_page_for_each_command() {
        let dir = tempfile::tempdir().expect("tempdir");
        man(&[], Some(dir.path().join("man1"))).0.expect("written");
        let mut wanted = 0;
        commands::walk(&commands::tree(&text::Text::of(Language::English)), &mut |path, _| {
            let page = fs::read_to_string(dir.path().join("man1").join(file_name(path))).expect("a page");
            assert!(page.contains(".SH NAME"));
            wanted += 1;
        });
        assert_eq!(fs::read_dir(dir.path().join("man1")).expect("listed").count(), wanted);
    }

    #[test]
    fn a_folder_that_can_not_be_made_is_named() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("file");
        fs::write(&file, b"").expect("written");
        assert!(man(&[], Some(file.join("man1"))).0.is_err());
    }
}
