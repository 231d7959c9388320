//! A JSON object whose fields are taken one by one, so that a wrong one can be named and none is passed over.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::names::Named;
use crate::error::{Code, Error, Result};
use crate::text::Args;

/// The fields of a JSON object, taken one by one.
pub(super) struct Fields {
    left: Map<String, Value>,
    known: Vec<&'static str>,
}

impl Fields {
    /// The object in a file.
    ///
    /// # Errors
    /// [`Code::FileNotJson`] for anything but one object.
    pub(super) fn parse(json: &str) -> Result<Self> {
        let left = serde_json::from_str(json).map_err(|_| Error::new(Code::FileNotJson))?;
        Ok(Self { left, known: Vec::new() })
    }

    /// A field of any type; absent and `null` are the same.
    pub(super) fn take<T: DeserializeOwned>(&mut self, field: &'static str) -> Result<Option<T>> {
        self.known.push(field);
        match self.left.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value).map(Some).map_err(|_| invalid(field)),
        }
    }

    /// A field whose text is parsed.
    pub(super) fn one<T>(
        &mut self,
        field: &'static str,
        parse: impl Fn(&str) -> Result<T>,
    ) -> Result<Option<T>> {
        let text: Option<String> = self.take(field)?;
        text.map(|text| parse(&text).map_err(|_| invalid(field))).transpose()
    }

    /// A list of texts, each parsed.
    pub(super) fn each<T>(
        &mut self,
        field: &'static str,
        parse: impl Fn(&str) -> Result<T>,
    ) -> Result<Vec<T>> {
        let texts: Vec<String> = self.take(field)?.unwrap_or_default();
        texts.iter().map(|text| parse(text).map_err(|_| invalid(field))).collect()
    }

    /// A code by its name.
    pub(super) fn named<T: Named>(&mut self, field: &'static str) -> Result<Option<T>> {
        self.one(field, |name| T::by_name(name).ok_or_else(|| invalid(field)))
    }

    /// Refuses whatever was not taken, and says what could have been: a name from the file may be a person's, in the wrong place.
    ///
    /// # Errors
    /// [`Code::FieldUnknown`] with the names of the fields that were asked for.
    pub(super) fn nothing_left(self) -> Result<()> {
        if self.left.is_empty() {
            return Ok(());
        }
        Err(Error::with(Code::FieldUnknown, Args::none().text("known", self.known.join(", "))))
    }
}

fn invalid(field: &'static str) -> Error {
    Error::with(Code::FieldInvalid, Args::none().text("field", field))
}
