//! All text a person reads, from Fluent files (<https://projectfluent.org>) under `client/locales/`.
//!
//! Code names a message with `msg!("id")`; a test walks the sources and the files and fails when a name is
//! missing on either side. Values of foreign origin are escaped for terminals as they enter [`Args`].

use std::fmt;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::escape;

/// The name of a message in the Fluent files. Made with `msg!("id")` alone, so that a test can find every use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId(pub(crate) &'static str);

/// Names a message of the Fluent files.
#[macro_export]
macro_rules! msg {
    ($id:literal) => {
        $crate::text::MessageId::named($id)
    };
}

impl MessageId {
    /// For `msg!` only, which a test can find in the sources.
    #[doc(hidden)]
    #[must_use]
    pub const fn named(id: &'static str) -> Self {
        Self(id)
    }
}

/// One value in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(u64),
}

/// The values a message is filled in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(Vec<(&'static str, Value)>);

impl Args {
    /// No values.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a text, escaped for terminals, whatever its origin.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        let value = escape::line(&value.to_string()).into_owned();
        self.0.push((name, Value::Text(value)));
        self
    }

    /// Adds a number, for which the language picks singular or plural.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: impl Into<u64>) -> Self {
        self.0.push((name, Value::Number(value.into())));
        self
    }

    fn to_fluent(&self) -> FluentArgs<'_> {
        let value = |value: &Value| match value {
            Value::Text(text) => FluentValue::from(text.clone()),
            Value::Number(number) => FluentValue::from(*number),
        };
        self.0.iter().map(|(name, given)| (*name, value(given))).collect()
    }
}

/// A language the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

impl Language {
    /// Every language, the first one being what others fall back to.
    pub const ALL: [Self; 1] = [Self::English];

    /// The language a tag such as `en`, `en-GB` or the locale `en_GB.UTF-8` asks for, if it is spoken.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.split(['.', '@']).next().unwrap_or_default();
        let asked: LanguageIdentifier = tag.parse().ok()?;
        Self::ALL.into_iter().find(|language| language.identifier().language == asked.language)
    }

    /// The language for a person: `--lang` if given, else the first of the POSIX locale variables that is set
    /// (`LC_ALL`, `LC_MESSAGES`, `LANG`). Whatever is not spoken, `C` and `tr_TR` among it, gets English.
    #[must_use]
    pub fn choose(asked: Option<&str>, locale_variables: &[Option<String>; 3]) -> Self {
        let locale = locale_variables.iter().flatten().find(|value| !value.is_empty());
        asked.or(locale.map(String::as_str)).and_then(Self::from_tag).unwrap_or_default()
    }

    /// The tag that `--lang` takes.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().expect("the tags of Language are well-formed")
    }

    const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                include_str!("../locales/en/errors.ftl"),
                include_str!("../locales/en/messages.ftl"),
                include_str!("../locales/en/help.ftl"),
                include_str!("../locales/en/topics.ftl"),
            ],
        }
    }
}

/// The text of one language.
pub struct Text {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Text {
    /// Loads a language. The files are part of the program and a test parses each, so this can not fail.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
        // Isolation would put invisible bidi marks round every value; values are escaped instead, and what is
        // printed can be copied into a command line.
        bundle.set_use_isolating(false);
        for source in language.sources() {
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language's tag, such as `en`.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// The message, filled in. A message that is missing shows its name rather than stop the program.
    #[must_use]
    pub fn get(&self, id: MessageId, args: &Args) -> String {
        self.lookup(id.0, None, args).unwrap_or_else(|| id.0.to_owned())
    }

    /// The names of a message's attributes.
    #[cfg(test)]
    pub(crate) fn attributes(&self, id: &str) -> Vec<String> {
        let message = self.bundle.get_message(id);
        message
            .iter()
            .flat_map(|message| message.attributes())
            .map(|attribute| attribute.id().to_owned())
            .collect()
    }

    /// The message, or its attribute, of a name made at run time; `None` if there is none.
    pub(crate) fn lookup(&self, id: &str, attribute: Option<&str>, args: &Args) -> Option<String> {
        let message = self.bundle.get_message(id)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        let mut missing = Vec::new();
        Some(self.bundle.format_pattern(pattern, Some(&args.to_fluent()), &mut missing).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::error::Code;

    /// The ids of a Fluent file, each of which the library's parser finds too.
    fn message_ids(source: &str) -> Vec<String> {
        let resource = FluentResource::try_new(source.to_owned());
        let resource = resource.unwrap_or_else(|(_, errors)| panic!("a file does not parse: {errors:?}"));
        let mut bundle = FluentBundle::new_concurrent(vec![]);
        bundle.add_resource(resource).expect("no id twice");
        let ids = source.lines().filter_map(|line| line.split_once(" =")).map(|(id, _)| id);
        let ids = ids.filter(|id| id.starts_with(|c: char| c.is_ascii_alphabetic()));
        ids.inspect(|id| assert!(bundle.has_message(id), "{id}")).map(str::to_owned).collect()
    }

    fn ids_in_files(language: Language) -> BTreeSet<String> {
        let ids: Vec<String> = language.sources().iter().flat_map(|source| message_ids(source)).collect();
        let unique: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(ids.len(), unique.len(), "an id is defined twice");
        unique
    }

    fn collect_uses(folder: &Path, ids: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                collect_uses(&path, ids);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).expect("source");
                // Only what stands before the tests counts as use.
                let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
                let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
                for line in code {
                    let uses = line.split("msg!(\"").skip(1).filter_map(|rest| rest.split('"').next());
                    ids.extend(uses.map(str::to_owned));
                }
            }
        }
    }

    fn ids_in_use() -> BTreeSet<String> {
        let mut ids: BTreeSet<String> = Code::ALL.iter().map(|code| code.message_id()).collect();
        ids.extend(crate::cli::help_message_ids());
        collect_uses(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut ids);
        ids
    }

    #[test]
    fn every_message_used_exists_and_every_message_that_exists_is_used() {
        for language in Language::ALL {
            assert_eq!(ids_in_files(language), ids_in_use(), "{language:?}");
        }
    }

    #[test]
    fn every_error_says_what_to_do_next() {
        for language in Language::ALL {
            let text = Text::of(language);
            for code in Code::ALL {
                let next = text.lookup(&code.message_id(), Some("next"), &Args::none());
                assert!(next.is_some_and(|next| !next.is_empty()), "{language:?} {code:?}");
            }
        }
    }

    #[test]
    fn locales_that_are_not_spoken_get_english() {
        let locale = |value: &str| Language::choose(None, &[None, None, Some(value.to_owned())]);
        for value in ["C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "", "\u{202e}", "en_GB.UTF-8", "sv_SE@euro"] {
            assert_eq!(locale(value), Language::English, "{value:?}");
        }
        assert_eq!(Language::from_tag("en-GB"), Some(Language::English));
        assert_eq!(Language::from_tag("tr_TR.UTF-8"), None);
    }

    #[test]
    fn values_are_escaped_and_unmarked() {
        let args = Args::none().text("path", "/tmp/a\x1b[31m").text("cause", "full");
        let shown = Text::of(Language::English).lookup("error-file-unusable", None, &args).expect("exists");
        assert!(shown.contains("/tmp/a\\x1b[31m"), "{shown}");
        assert!(!shown.contains(escape::is_dangerous), "{shown:?}");
    }

    #[test]
    fn a_missing_message_shows_its_name() {
        let text = Text::of(Language::English);
        assert_eq!(text.get(MessageId::named("no-such-message"), &Args::none()), "no-such-message");
    }
}
