//! The options that every command takes.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::output::Format;
use crate::error::{Code, Error, Result};
use crate::home::ProfileName;
use crate::passphrase::PassphraseSource;
use crate::text::{self, Language};

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Globals {
    #[arg(long, global = true, value_name = "NAME", value_parser = parse_profile)]
    pub(super) profile: Option<ProfileName>,
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    #[arg(long, global = true, value_name = "N")]
    passphrase_fd: Option<u32>,
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[arg(long, global = true)]
    pub(super) plain: bool,
    #[arg(long, global = true, value_name = "LANG", value_parser = parse_language)]
    lang: Option<Language>,
    #[arg(short = 'h', long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

impl Globals {
    /// Where the passphrase comes from.
    pub(super) fn passphrase(&self) -> PassphraseSource {
        match (&self.passphrase_file, self.passphrase_fd) {
            (Some(path), _) => PassphraseSource::File(path.clone()),
            (None, Some(number)) => PassphraseSource::Descriptor(number),
            (None, None) => PassphraseSource::Terminal,
        }
    }
}

/// Reads a profile's name.
pub(super) fn parse_profile(name: &str) -> Result<ProfileName> {
    Ok(name.parse::<ProfileName>()?)
}

fn parse_language(tag: &str) -> Result<Language> {
    Language::from_tag(tag).ok_or_else(|| {
        let spoken: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
        let args = text::Args::none().text("option", "--lang").text("allowed", spoken.join(", "));
        Error::with(Code::ArgumentInvalid, args)
    })
}

/// What must be known before the command line is read: how to say that it is wrong, and in which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Early {
    pub(super) format: Format,
    pub(super) language: Language,
}

impl Early {
    /// Looks for `--json`, `--plain` and `--lang` in a command line that may be wrong in other respects.
    pub(super) fn scan(arguments: &[OsString], locale: &[Option<String>; 4]) -> Self {
        let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
        let options: Vec<&str> = words.into_iter().take_while(|word| *word != "--").collect();
        let given = |option| options.contains(&option);
        let after_flag = options.iter().position(|word| *word == "--lang").and_then(|at| options.get(at + 1));
        let joined = options.iter().find_map(|word| word.strip_prefix("--lang="));
        let format = match (given("--json"), given("--plain")) {
            (true, _) => Format::Json,
            (false, true) => Format::Plain,
            (false, false) => Format::Human,
        };
        Self { format, language: Language::choose(joined.or(after_flag.copied()), locale) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(line: &str) -> Early {
        let arguments: Vec<OsString> = line.split(' ').map(Into::into).collect();
        Early::scan(&arguments, &[None, None, None, None])
    }

    #[test]
    fn the_form_of_errors_is_known_before_the_command_line_is_read() {
        assert_eq!(scan("samverkan inbox").format, Format::Human);
        assert_eq!(scan("samverkan nonsense --plain").format, Format::Plain);
        assert_eq!(scan("samverkan --plain nonsense --json").format, Format::Json);
        assert_eq!(scan("samverkan find -- --json").format, Format::Human);
    }

    #[test]
    fn a_language_that_is_not_spoken_is_english_for_the_error_about_it() {
        assert_eq!(scan("samverkan --lang tr").language, Language::English);
        assert_eq!(scan("samverkan --lang=en-GB").language, Language::English);
        assert_eq!(scan("samverkan --lang").language, Language::English);
        assert_eq!(scan("samverkan nonsense --lang sv").language, Language::Swedish);
        assert_eq!(parse_language("tr").expect_err("not spoken").code(), Code::ArgumentInvalid);
    }
}
