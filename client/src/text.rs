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
    Phrase(MessageId, Args),
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

    /// Adds a message that is itself part of a sentence, such as the cause of an error; it is in the same language.
    #[must_use]
    pub fn phrase(mut self, name: &'static str, id: MessageId, args: Self) -> Self {
        self.0.push((name, Value::Phrase(id, args)));
        self
    }
}

/// A language the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Swedish.
    Swedish,
}

impl Language {
    /// Every language, the first one being what others fall back to.
    pub const ALL: [Self; 2] = [Self::English, Self::Swedish];
    /// The environment variables that say which language a person wants, the first that is set counting.
    pub const VARIABLES: [&str; 4] = ["SAMVERKAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];

    /// The language a tag such as `en`, `en-GB` or the locale `en_GB.UTF-8` asks for, if it is spoken.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.split(['.', '@']).next().unwrap_or_default();
        let asked: LanguageIdentifier = tag.parse().ok()?;
        Self::ALL.into_iter().find(|language| language.identifier().language == asked.language)
    }

    /// The language for a person: `--lang` if given, else what the first of [`Self::VARIABLES`] says that is set.
    /// Whatever is not spoken, `C` and `tr_TR` among it, gets English.
    #[must_use]
    pub fn choose(asked: Option<&str>, variables: &[Option<String>; 4]) -> Self {
        let locale = variables.iter().flatten().find(|value| !value.is_empty());
        asked.or(locale.map(String::as_str)).and_then(Self::from_tag).unwrap_or_default()
    }

    /// The tag that `--lang` takes.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swedish => "sv",
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
            Self::Swedish => &[
                include_str!("../locales/sv/errors.ftl"),
                include_str!("../locales/sv/messages.ftl"),
                include_str!("../locales/sv/help.ftl"),
                include_str!("../locales/sv/topics.ftl"),
            ],
        }
    }

    /// A number as people write it: thousands set apart from 10 000 on, by a comma or a space that does not break.
    fn written(self, number: f64) -> String {
        let digits = number.to_string();
        if digits.len() < 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits;
        }
        let separator = match self {
            Self::English => ',',
            Self::Swedish => '\u{a0}',
        };
        let mut written = String::with_capacity(digits.len() * 2);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                written.push(separator);
            }
            written.push(digit);
        }
        written
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
        // The library takes a function without surroundings, thus one a language.
        bundle.set_formatter(Some(match language {
            Language::English => |value, _| number(Language::English, value),
            Language::Swedish => |value, _| number(Language::Swedish, value),
        }));
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
        Some(self.bundle.format_pattern(pattern, Some(&self.fluent(args)), &mut missing).into_owned())
    }

    fn fluent(&self, args: &Args) -> FluentArgs<'_> {
        let value = |value: &Value| match value {
            Value::Text(text) => FluentValue::from(text.clone()),
            Value::Number(number) => FluentValue::from(*number),
            Value::Phrase(id, args) => FluentValue::from(self.get(*id, args)),
        };
        args.0.iter().map(|(name, given)| (*name, value(given))).collect()
    }
}

/// How a language writes a value that is a number; other values are as they are.
fn number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    match value {
        FluentValue::Number(number) => Some(language.written(number.value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
