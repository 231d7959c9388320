//! A wrong command line, in our own words. What was typed is never repeated: it could be about a person.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Code, Error};
use crate::text::Args;

/// The error for a command line that clap refused.
pub(super) fn explain(mistake: &clap::Error) -> Error {
    // A value parser of ours says itself what is wrong.
    let source = std::error::Error::source(mistake).and_then(|source| source.downcast_ref::<Error>());
    if let Some(error) = source {
        return error.clone();
    }
    match mistake.kind() {
        ErrorKind::InvalidSubcommand => {
            let similar = context(mistake, ContextKind::SuggestedSubcommand);
            Error::with(Code::UnknownCommand, Args::none().text("similar", similar))
        }
        ErrorKind::UnknownArgument => {
            let similar = context(mistake, ContextKind::SuggestedArg);
            Error::with(Code::UnknownArgument, Args::none().text("similar", similar))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Error::new(Code::CommandMissing)
        }
        ErrorKind::MissingRequiredArgument => about_option(Code::ArgumentMissing, mistake),
        ErrorKind::ArgumentConflict => about_option(Code::ArgumentConflict, mistake),
        _ => about_option(Code::ArgumentInvalid, mistake),
    }
}

/// An error that names one of our own options, and the values it takes if they can be listed.
fn about_option(code: Code, mistake: &clap::Error) -> Error {
    let args = Args::none()
        .text("option", context(mistake, ContextKind::InvalidArg))
        .text("allowed", context(mistake, ContextKind::ValidValue))
        .text("other", context(mistake, ContextKind::PriorArg));
    Error::with(code, args)
}

/// What clap says about a kind; `none` if nothing. Only kinds that hold our own names may be asked for.
fn context(mistake: &clap::Error, kind: ContextKind) -> String {
    match mistake.get(kind) {
        Some(ContextValue::String(name)) if !name.is_empty() => name.clone(),
        Some(ContextValue::Strings(names)) if !names.is_empty() => names.join(", "),
        _ => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands;
    use crate::exit::Exit;
    use crate::text::{Language, Text};

    /// The error for a command line, and its sentence with the next step.
    fn mistake(line: &[&str]) -> (Code, String) {
        let text = Text::of(Language::English);
        let words = [&["samverkan"], line].concat();
        let refused = commands::tree(&text).try_get_matches_from(words).expect_err("refused");
        let error = explain(&refused);
        assert_eq!(error.exit(), Exit::Usage);
        (error.code(), error.explain(&text).to_string())
    }

    #[test]
    fn each_mistake_has_a_code() {
        let table: [(&[&str], Code); 8] = [
            (&[], Code::CommandMissing),
            (&["profile"], Code::CommandMissing),
            (&["inbex"], Code::UnknownCommand),
            (&["doctor", "--colour"], Code::UnknownArgument),
            (&["completions"], Code::ArgumentMissing),
            (&["completions", "cmd.exe"], Code::ArgumentInvalid),
            (&["doctor", "--passphrase-fd", "three"], Code::ArgumentInvalid),
            (&["doctor", "--passphrase-fd", "3", "--passphrase-file", "x"], Code::ArgumentConflict),
        ];
        for (line, code) in table {
            assert_eq!(mistake(line).0, code, "{line:?}");
        }
        assert_eq!(mistake(&["doctor", "--profile", "Å"]).0, Code::ProfileNameInvalid);
        assert_eq!(mistake(&["doctor", "--lang", "tlh"]).0, Code::ArgumentInvalid);
    }

    #[test]
    fn what_was_typed_is_never_repeated() {
        const PERSON: &str = "Exempelsson";
        let option = format!("--{PERSON}");
        let lines: [&[&str]; 6] = [
            &[PERSON],
            &["doctor", PERSON],
            &["doctor", &option],
            &["completions", PERSON],
            &["doctor", "--passphrase-fd", PERSON],
            &["doctor", "--profile", PERSON],
        ];
        for line in lines {
            let said = mistake(line).1;
            assert!(!said.contains(PERSON), "{said}");
        }
    }

    #[test]
    fn the_option_and_its_values_are_named() {
        let said = mistake(&["completions", "cmd.exe"]).1;
        assert!(said.contains("SHELL") && said.contains("bash"), "{said}");
        let said = mistake(&["profil"]).1;
        assert!(said.contains("profile"), "{said}");
    }
}
