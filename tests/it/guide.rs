//! The guides carry a referral from `find` to `COMPLETED` at two terminals, in Swedish and in English: what they show is what the programs
//! print, and every option that they use stands in the `--help` of its command.

use regex::Regex;
use samverkan_tests::hub::HubProcess;
use samverkan_tests::normalise::Normaliser;
use samverkan_tests::office::{ASSOCIATION, Office, POLICE};
use samverkan_tests::process::{Outcome, run};
use samverkan_tests::transcript::accepts;
use std::path::{Path, PathBuf};

/// A line that somebody types, and what follows it up to the next one.
struct Turn {
    who: String,
    typed: String,
    shown: Vec<String>,
}

/// A guide, as it stands or as it was played.
struct Guide {
    path: PathBuf,
    text: String,
}

/// The two terminals.
struct Players {
    police: Office,
    association: Office,
    language: &'static str,
    /// The references that the guide has, and those that stand for them in this run, in the order in which they came.
    references: [Vec<String>; 2],
}

fn references(text: &str) -> Vec<String> {
    let pattern = r"\b[2-9A-HJKMNP-RT-Z]{3}-[2-9A-HJKMNP-RT-Z]{3}-[2-9A-HJKMNP-RT-Z]\b";
    let pattern = Regex::new(pattern).expect("an expression");
    pattern.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

impl Guide {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(name);
        let text = std::fs::read_to_string(&path).expect("the guide");
        Self { path, text }
    }

    /// Its blocks, turn by turn.
    fn turns(&self) -> Vec<Turn> {
        let blocks = self.text.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut turns: Vec<Turn> = Vec::new();
        for line in blocks.flat_map(str::lines) {
            match line.split_once("$ ") {
                Some((who, typed)) => {
                    let (who, typed) = (who.to_owned(), typed.to_owned());
                    turns.push(Turn { who, typed, shown: Vec::new() });
                }
                None => turns.last_mut().expect("a prompt comes first").shown.push(line.to_owned()),
            }
        }
        turns
    }

    /// The same guide with other blocks: the turns that were played, one block after the other.
    fn retold(&self, played: &[Turn]) -> String {
        let mut played = played.iter();
        let mut parts = self.text.split("```text\n");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (block, rest) = part.split_once("```").expect("a block ends");
            text.push_str("```text\n");
            for turn in played.by_ref().take(block.lines().filter(|line| line.contains("$ ")).count()) {
                text.push_str(&format!("{}$ {}\n", turn.who, turn.typed));
                turn.shown.iter().for_each(|line| text.push_str(&format!("{line}\n")));
            }
            text.push_str("```");
            text.push_str(rest);
        }
        text
    }
}

impl Players {
    /// Plays a turn; what is shown then is what the program answered.
    fn play(&mut self, turn: &Turn) -> Turn {
        let office = if turn.who == "boj" { &self.association } else { &self.police };
        let typed = self.in_this_run(&turn.typed);
        if let Some(name) = typed.strip_prefix("cat ") {
            office.file(name, turn.shown.join("\n"));
            return Turn { who: turn.who.clone(), typed, shown: turn.shown.clone() };
        }
        let words: Vec<&str> = typed.split(' ').skip(1).collect();
        self.is_in_the_help(office, &words);
        let outcome = self.run(office, &words);
        let said = format!("{}{}", outcome.ok(), outcome.stderr);
        // That nothing is real on a hub for tests is true, and no part of the guide.
        let shown: Vec<String> = said
            .lines()
            .filter(|line| !line.starts_with("TEST"))
            .map(|line| line.trim_end().to_owned())
            .collect();
        let [theirs, ours] = &mut self.references;
        for (list, lines) in [(theirs, &turn.shown), (ours, &shown)] {
            for reference in references(&lines.join("\n")) {
                if !list.contains(&reference) {
                    list.push(reference);
                }
            }
        }
        Turn { who: turn.who.clone(), typed, shown }
    }

    fn run(&self, office: &Office, words: &[&str]) -> Outcome {
        run(office.command(words).env("SAMVERKAN_LANG", self.language), b"")
    }

    /// A line with the references of this run.
    fn in_this_run(&self, typed: &str) -> String {
        let [theirs, ours] = &self.references;
        let pairs = theirs.iter().zip(ours);
        pairs.fold(typed.to_owned(), |typed, (from, to)| typed.replace(from, to))
    }

    /// Whoever reads nothing but the help knows every option.
    fn is_in_the_help(&self, office: &Office, words: &[&str]) {
        let depth = if matches!(words[0], "consent" | "org") { 2 } else { 1 };
        let help = self.run(office, &[&words[..depth], &["--help"]].concat());
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.ok().contains(option), "{option} is not in the help of {words:?}: {}", help.stdout);
        }
    }
}

/// What differs from run to run is a word, columns that grow with it are one blank.
fn alike(turns: &[Turn]) -> Vec<String> {
    let mut normaliser = Normaliser::new();
    let lines = turns.iter().flat_map(|turn| [&turn.typed].into_iter().chain(&turn.shown));
    let normal = |line: &String| normaliser.apply(line).split_whitespace().collect::<Vec<_>>().join(" ");
    lines.map(normal).collect()
}

#[track_caller]
fn plays(name: &str, language: &'static str) {
    let hub = HubProcess::start();
    let (police, association) =
        (Office::open(&hub, &POLICE, "brottsoffer"), Office::open(&hub, &ASSOCIATION, "stod"));
    let guide = Guide::open(name);
    let turns = guide.turns();
    let mut players = Players { police, association, language, references: [Vec::new(), Vec::new()] };
    let played: Vec<Turn> = turns.iter().map(|turn| players.play(turn)).collect();
    let [_, ours] = &players.references;
    let track = players.police.json(&["track", ours.last().expect("a reference"), "--offline"]);
    assert_eq!(track["referrals"][0]["state"], "COMPLETED", "{track}");
    if accepts() {
        return std::fs::write(&guide.path, guide.retold(&played)).expect("the guide can be written");
    }
    for (then, now) in alike(&turns).iter().zip(&alike(&played)) {
        assert_eq!(then, now, "{name} shows the first, and the programs print the second");
    }
    assert_eq!(
        alike(&turns).len(),
        alike(&played).len(),
        "{name} shows less or more than the programs print"
    );
}

#[test]
fn the_guide_in_english_is_what_happens() {
    plays("GUIDE.md", "en");
}

#[test]
fn the_guide_in_swedish_is_what_happens() {
    plays("GUIDE.sv.md", "sv");
}

#[test]
fn both_guides_do_the_same() {
    let lines = |name| {
        let turns = Guide::open(name).turns();
        // Files and what they hold are named in the reader's language, and each run has its own references.
        let command = |turn: Turn| turn.typed.split(' ').take(3).map(str::to_owned).collect::<Vec<_>>();
        turns
            .into_iter()
            .filter(|turn| turn.typed.starts_with("samverkan "))
            .map(command)
            .map(|mut words| {
                words.retain(|word| references(word).is_empty());
                words
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(lines("GUIDE.md"), lines("GUIDE.sv.md"));
}
