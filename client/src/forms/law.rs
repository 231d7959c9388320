//! Sections of law that a message can be sent under: data in `client/law/sections.toml`, since they get renumbered.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use samverkan_proto::code::LegalBasis;
use serde::Deserialize;

use super::Words;

/// The field of a body that holds a section's code.
pub const FIELD: &str = "svk_section";

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    let read = read(include_str!("../../law/sections.toml"));
    read.expect("the sections are part of the program, and a test reads them")
});

/// Every section, in the order in which they are offered.
#[must_use]
pub fn all() -> &'static [Section] {
    &SECTIONS
}

/// The section with this code, such as `OSL_12_2`.
#[must_use]
pub fn find(code: &str) -> Option<&'static Section> {
    all().iter().find(|section| section.code == code)
}

/// The sections that support a basis at a time, in milliseconds.
pub fn of_basis(basis: LegalBasis, at_ms: u64) -> impl Iterator<Item = &'static Section> {
    all().iter().filter(move |section| section.basis == basis && section.applies(at_ms))
}

/// A section of law.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// What stands for it in seals and files, `[A-Z0-9_]`; never given to another one.
    pub code: String,
    /// The legal basis that it supports.
    pub basis: LegalBasis,
    /// The statute with its number.
    pub statute: String,
    /// Where in it.
    pub section: String,
    /// What it says, in a few words.
    pub label: Words,
    from: Date,
    until: Option<Date>,
}

impl Section {
    /// Whether it applies at a time, in milliseconds; days are those of UTC.
    #[must_use]
    pub fn applies(&self, at_ms: u64) -> bool {
        let at = i64::try_from(at_ms).ok().and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
        let day = at.map(|at| at.to_zoned(TimeZone::UTC).date());
        day.is_some_and(|day| self.from <= day && self.until.is_none_or(|until| day <= until))
    }

    /// How people cite it.
    #[must_use]
    pub fn citation(&self) -> String {
        format!("{}, {}", self.statute, self.section)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    section: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: String,
    basis: String,
    statute: String,
    section: String,
    from: String,
    until: Option<String>,
    sv: String,
    en: String,
}

fn read(file: &str) -> Option<Vec<Section>> {
    let file: File = toml::from_str(file).ok()?;
    file.section.into_iter().map(Entry::read).collect()
}

impl Entry {
    fn read(self) -> Option<Section> {
        Some(Section {
            basis: LegalBasis::ALL.iter().copied().find(|basis| basis.name() == self.basis)?,
            from: self.from.parse().ok()?,
            until: self.until.map(|until| until.parse()).transpose().ok()?,
            code: self.code,
            statute: self.statute,
            section: self.section,
            label: Words { en: self.en, sv: self.sv },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(day: &str) -> u64 {
        let day: Date = day.parse().expect("a day");
        let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).expect("a time").timestamp();
        u64::try_from(noon.as_millisecond()).expect("after 1970")
    }

    #[test]
    fn every_section_has_a_code_of_its_own_and_words_in_both_languages() {
        let codes: BTreeSet<&str> = all().iter().map(|section| section.code.as_str()).collect();
        assert_eq!(codes.len(), all().len());
        for section in all() {
            let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            assert!(section.code.bytes().all(legal), "{section:?}");
            assert!(
                [&section.label.en, &section.label.sv, &section.statute]
                    .iter()
                    .all(|words| !words.is_empty())
            );
            assert!(section.until.is_none_or(|until| section.from <= until), "{section:?}");
            assert_eq!(find(&section.code), Some(section));
        }
    }

    #[test]
    fn a_section_is_replaced_on_a_day_and_stays_readable() {
        let codes = |day| -> Vec<&str> {
            of_basis(LegalBasis::DutyToReport, at(day)).map(|section| section.code.as_str()).collect()
        };
        assert_eq!(codes("2025-06-30"), ["SOL_14_1"]);
        assert_eq!(codes("2025-07-01"), ["SOL_2025_19_1"]);
        assert!(find("SOL_14_1").is_some_and(|old| old.citation().contains("14 kap. 1 §")));
        assert!(codes("1999-12-31").is_empty());
    }

    #[test]
    fn a_file_with_an_unknown_basis_or_day_is_none() {
        let file = |basis: &str, from: &str| {
            let words = "statute = \"x\"\nsection = \"1 §\"\nsv = \"x\"\nen = \"x\"\n";
            format!("[[section]]\ncode = \"X\"\nbasis = \"{basis}\"\nfrom = \"{from}\"\n{words}")
        };
        assert!(read(&file("CONSENT", "2020-01-01")).is_some());
        assert!(read(&file("BECAUSE", "2020-01-01")).is_none());
        assert!(read(&file("CONSENT", "2020-13-01")).is_none());
    }
}
