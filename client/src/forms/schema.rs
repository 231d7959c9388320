//! A form's file: JSON Schema, with English in the standard's `title` and `description`, and what the standard has no word for beside it.
//!
//! | keyword | meaning |
//! |---|---|
//! | `$id` | `urn:samverkan:form:` and the name |
//! | `x-sv` | `title`, `description` and `labels` in Swedish |
//! | `x-labels` | what each code of an `enum` is called, in English |
//! | `x-classes` | the classes of messages that the form is for |
//! | `x-parts` | the fields by name, part by part and in order; `optional` parts are filled in as a whole or left out |
//! | `x-lines` | a text may have several lines |

use std::collections::BTreeMap;

use samverkan_proto::code::Class;
use serde::Deserialize;
use serde_json::Value;

use super::{Choice, Field, Form, Kind, Part, Words};

const URN: &str = "urn:samverkan:form:";

#[derive(Deserialize)]
struct File {
    #[serde(rename = "$id")]
    id: String,
    title: String,
    description: String,
    #[serde(rename = "x-sv")]
    swedish: Swedish,
    #[serde(rename = "x-classes")]
    classes: Vec<String>,
    #[serde(rename = "x-parts")]
    parts: Vec<PartOfFile>,
    required: Vec<String>,
    #[serde(default, rename = "dependentRequired")]
    dependent: BTreeMap<String, Vec<String>>,
    properties: BTreeMap<String, Property>,
}

#[derive(Deserialize)]
struct Swedish {
    title: String,
    description: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PartOfFile {
    name: String,
    title: String,
    #[serde(rename = "x-sv")]
    swedish: Swedish,
    fields: Vec<String>,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct Property {
    title: String,
    description: Option<String>,
    #[serde(rename = "x-sv")]
    swedish: Swedish,
    #[serde(rename = "type")]
    kind: String,
    format: Option<String>,
    #[serde(default, rename = "x-lines")]
    lines: bool,
    #[serde(default, rename = "enum")]
    choices: Vec<String>,
    items: Option<Items>,
    #[serde(default, rename = "x-labels")]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Items {
    #[serde(rename = "enum")]
    choices: Vec<String>,
}

/// Reads a form; `None` for one that says less than is needed.
pub(super) fn read(file: &str) -> Option<Form> {
    let schema: Value = serde_json::from_str(file).ok()?;
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).ok()?;
    let mut file = File::deserialize(schema).ok()?;
    let class = |name: &String| Class::ALL.iter().copied().find(|class| class.name() == name);
    Some(Form {
        name: file.id.strip_prefix(URN)?.to_owned(),
        title: Words { en: std::mem::take(&mut file.title), sv: std::mem::take(&mut file.swedish.title) },
        about: Words { en: std::mem::take(&mut file.description), sv: file.swedish.description.take()? },
        classes: file.classes.iter().map(class).collect::<Option<_>>()?,
        parts: file.parts.iter().map(|part| file.part(part)).collect::<Option<_>>()?,
        validator,
    })
}

impl File {
    fn part(&self, part: &PartOfFile) -> Option<Part> {
        Some(Part {
            name: part.name.clone(),
            title: Words { en: part.title.clone(), sv: part.swedish.title.clone() },
            optional: part.optional,
            fields: part.fields.iter().map(|name| self.field(part, name)).collect::<Option<_>>()?,
        })
    }

    fn field(&self, part: &PartOfFile, name: &String) -> Option<Field> {
        let property = self.properties.get(name)?;
        let swedish = &property.swedish;
        let hint = match (&property.description, &swedish.description) {
            (Some(en), Some(sv)) => Some(Words { en: en.clone(), sv: sv.clone() }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return None,
        };
        // Who fills in an optional part owes what any of its fields asks for.
        let owed = || part.fields.iter().filter_map(|other| self.dependent.get(other)).flatten();
        Some(Field {
            name: name.clone(),
            title: Words { en: property.title.clone(), sv: swedish.title.clone() },
            hint,
            kind: property.kind()?,
            required: self.required.contains(name) || part.optional && owed().any(|owed| owed == name),
        })
    }
}

impl Property {
    fn kind(&self) -> Option<Kind> {
        Some(match (self.kind.as_str(), self.format.as_deref()) {
            ("boolean", None) => Kind::Flag,
            ("integer", None) => Kind::Number,
            ("string", Some("date")) => Kind::Date,
            ("string", None) if !self.choices.is_empty() => Kind::One(self.choices(&self.choices)?),
            ("string", None) if self.lines => Kind::Lines,
            ("string", None) => Kind::Line,
            ("array", None) => Kind::Several(self.choices(&self.items.as_ref()?.choices)?),
            _ => return None,
        })
    }

    fn choices(&self, codes: &[String]) -> Option<Vec<Choice>> {
        let choice = |code: &String| {
            let label =
                Words { en: self.labels.get(code)?.clone(), sv: self.swedish.labels.get(code)?.clone() };
            Some(Choice { code: code.clone(), label })
        };
        codes.iter().map(choice).collect()
    }
}
