//! The papers are true where a program can tell: their links and anchors resolve, the files and the tests that they name exist, and the
//! commands that they show are commands.

use samverkan_tests::binaries::binaries;
use samverkan_tests::process::run;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 3] = ["target", ".git", "__pycache__"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository").to_owned()
}

/// Every file of the repository whose name ends so.
fn files(ending: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![repository()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a readable name");
            if path.is_dir() && !FOREIGN.contains(&name) {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// A paper: its text, and apart from it what stands in it as code.
struct Paper {
    path: PathBuf,
    /// The lines outside of code blocks.
    prose: String,
    /// The lines in code blocks.
    blocks: Vec<String>,
}

impl Paper {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).expect("a paper can be read");
        let (mut prose, mut blocks, mut in_block) = (String::new(), Vec::new(), false);
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                in_block = !in_block;
            } else if in_block {
                blocks.push(line.to_owned());
            } else {
                prose = prose + line + "\n";
            }
        }
        Self { path, prose, blocks }
    }

    fn name(&self) -> String {
        self.path.strip_prefix(repository()).expect("ours").display().to_string()
    }

    /// What stands between single backquotes.
    fn spans(&self) -> impl Iterator<Item = &str> {
        self.prose.split('`').skip(1).step_by(2)
    }

    /// The targets of its links.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.prose.split("](").skip(1).filter_map(|rest| rest.split(')').next())
    }

    /// The anchors of its headings, as the usual renderers make them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose.lines().filter(|line| line.starts_with('#'));
        headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

fn papers() -> Vec<Paper> {
    let papers: Vec<Paper> = files(".md").into_iter().map(Paper::read).collect();
    assert!(papers.len() >= 7, "README, ARCHITECTURE, SECURITY and the others are found");
    papers
}

fn paper(name: &str) -> Paper {
    Paper::read(repository().join(name))
}

#[test]
fn every_link_and_every_anchor_leads_somewhere() {
    let mut links = 0;
    for paper in papers() {
        let relative = paper.links().filter(|link| !link.contains("://") && !link.starts_with("mailto:"));
        for link in relative {
            links += 1;
            let (file, fragment) =
                link.split_once('#').map_or((link, None), |(file, part)| (file, Some(part)));
            let folder = paper.path.parent().expect("a folder");
            let target = if file.is_empty() { paper.path.clone() } else { folder.join(file) };
            assert!(target.exists(), "{} links to {link}, which is nowhere", paper.name());
            if let Some(fragment) = fragment {
                let anchors = Paper::read(target).anchors();
                assert!(anchors.contains(fragment), "{} links to {link}: no such heading", paper.name());
            }
        }
    }
    assert!(links >= 10, "links are found");
}

/// A path as the papers write it: from the root of the repository on, or the name of a file.
fn is_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let is_ours = |first: &str| !FOREIGN.contains(&first) && repository().join(first).is_dir();
    let rooted = || span.split_once('/').is_some_and(|(first, _)| is_ours(first));
    let endings = [".rs", ".md", ".toml", ".proto", ".py", ".ftl", ".txt", ".service"];
    let is_file =
        || endings.iter().any(|ending| span.strip_suffix(ending).is_some_and(|stem| !stem.is_empty()));
    plain && (rooted() || is_file())
}

#[test]
fn every_file_that_the_papers_name_exists() {
    let mut named = 0;
    // What operators and members call their own files is not in the tree, so that the README and their guide are left out.
    for name in ["ARCHITECTURE.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        for span in paper(name).spans().filter(|span| is_path(span)) {
            named += 1;
            let alone = || !span.contains('/') && !files(span).is_empty();
            assert!(repository().join(span).exists() || alone(), "{name} names {span}, which is nowhere");
        }
    }
    assert!(named >= 20, "files are found: {named}");
}

#[test]
fn the_code_map_names_what_is_there() {
    let architecture = paper("ARCHITECTURE.md");
    let rows = architecture.prose.lines().filter_map(|line| line.strip_prefix("| `"));
    let (mut rooms, everything) = (0, files(""));
    for row in rows {
        rooms += 1;
        let mut spans = row.split('`').step_by(2);
        let room = repository().join(spans.next().expect("the room"));
        let inside: Vec<&Path> = everything.iter().filter_map(|path| path.strip_prefix(&room).ok()).collect();
        for span in spans {
            let name = span.trim_end_matches('/');
            let is_it = |part: &std::ffi::OsStr| {
                let stem = Path::new(part).file_stem().unwrap_or(part);
                part == name
                    || stem == name
                    || name.starts_with('.') && part.to_string_lossy().ends_with(name)
            };
            let there = inside.iter().any(|path| path.iter().any(is_it));
            assert!(there, "the code map names {span} in {}, which is nowhere", room.display());
        }
    }
    assert!(rooms >= 6, "rooms are found: {rooms}");
}

#[test]
fn every_test_that_keeps_a_promise_exists() {
    let mut tests: BTreeSet<String> = BTreeSet::new();
    for path in files(".rs") {
        let source = std::fs::read_to_string(path).expect("a source can be read");
        let mut marked = false;
        for line in source.lines().map(str::trim_start) {
            let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            match name.and_then(|rest| rest.split(['(', '<']).next()) {
                Some(name) if std::mem::take(&mut marked) => drop(tests.insert(name.to_owned())),
                _ => marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test"),
            }
        }
    }
    let security = paper("SECURITY.md");
    let rows = security.prose.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "threat, mitigation, tests and rest: {row}");
        let named: Vec<&str> = cells[2].split('`').skip(1).step_by(2).filter(|span| !is_path(span)).collect();
        assert!(!named.is_empty(), "no test keeps: {row}");
        for test in named {
            assert!(tests.contains(test), "SECURITY.md names {test}, which is no test");
        }
    }
}

/// Asks the programs for their help, each page once.
#[derive(Default)]
struct Helper(BTreeMap<String, Option<String>>);

impl Helper {
    /// The help of a command; `None` when there is no such command.
    fn page(&mut self, words: &[&str]) -> Option<String> {
        let ask = || {
            let program = if words[0] == "samverkan" { &binaries().client } else { &binaries().hub };
            let home = tempfile::tempdir().expect("a folder");
            let outcome =
                run(Command::new(program).args(&words[1..]).arg("--help").env("HOME", home.path()), b"");
            (outcome.code == Some(0)).then_some(outcome.stdout)
        };
        self.0.entry(words.join(" ")).or_insert_with(ask).clone()
    }

    /// Whether a line names a command and only options of it.
    fn knows(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_name = |word: &&&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let mut page = self.page(&words[..1]).ok_or("no help")?;
        let mut command = 1;
        for word in words[1..].iter().take_while(|word| is_name(word) && !word.starts_with('-')) {
            let has_commands = page.contains("\nCommands:\n");
            if !has_commands || (words[1] == "help") {
                break;
            }
            command += 1;
            page = self.page(&words[..command]).ok_or(format!("there is no command {word}"))?;
        }
        for option in words[command..].iter().filter(|word| word.starts_with("--")) {
            let option = option.split('=').next().unwrap_or_default();
            let stands =
                page.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == option);
            stands.then_some(()).ok_or(format!("{option} is no option"))?;
        }
        Ok(())
    }
}

/// The command line in a line of a paper, without the shell's part of it.
fn command_in(line: &str) -> Option<&str> {
    let line = line.split_once("$ ").map_or(line, |(_prompt, line)| line).trim();
    let line = line.strip_prefix("sudo -u samverkan-hub ").unwrap_or(line);
    let program = line.split(' ').next()?;
    let shown = line.split(['#', '|', '<', '>', '…', '\\']).next()?.trim();
    (["samverkan", "samverkan-hub"].contains(&program) && shown != program).then_some(shown)
}

#[test]
fn every_command_that_the_papers_show_is_one() {
    let (mut helper, mut shown) = (Helper::default(), 0);
    for paper in papers() {
        let lines = paper.spans().chain(paper.blocks.iter().map(String::as_str));
        for line in lines.filter_map(command_in) {
            shown += 1;
            if let Err(why) = helper.knows(line) {
                panic!("{} shows `{line}`: {why}", paper.name());
            }
        }
    }
    assert!(shown >= 30, "commands are found: {shown}");
}
