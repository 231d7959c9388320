//! Who can help: searched in the own copy, so that nobody learns what was looked for.
//!
//! The order is published and neutral: best match of the words first, then by name, then by handle. No organisation
//! can buy or earn a place.

use samverkan_proto::ids::{MailboxAddress, Municipality, OrgId, ServiceCode};

use super::{Directory, Organisation};

/// What is looked for. Nothing given finds everybody.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Words that the name or handle should have, in any order.
    pub words: Vec<String>,
    /// A municipality that must be served; organisations without any serve all.
    pub near: Option<Municipality>,
    /// A service that must be offered.
    pub service: Option<ServiceCode>,
}

/// One organisation that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which one.
    pub org: OrgId,
    /// Its name, as the operator wrote it down.
    pub name: String,
    /// Where it can be written to.
    pub mailboxes: Vec<MailboxAddress>,
    /// The municipalities it serves; none means all.
    pub municipalities: Vec<Municipality>,
    /// What it offers.
    pub services: Vec<ServiceCode>,
}

impl Directory {
    /// Every ACTIVE organisation that fits, in the published order.
    #[must_use]
    pub fn find(&self, query: &Query) -> Vec<Found> {
        let words: Vec<String> =
            query.words.iter().map(|word| fold(word)).filter(|word| !word.is_empty()).collect();
        let mut found: Vec<(usize, Found)> = self
            .organisations()
            .filter(|(_, organisation)| organisation.is_active())
            .filter_map(|(id, organisation)| match_one(*id, organisation, query, &words))
            .collect();
        found.sort_by(|(one, a), (other, b)| other.cmp(one).then_with(|| key_of(a).cmp(&key_of(b))));
        found.into_iter().map(|(_, found)| found).collect()
    }
}

fn key_of(found: &Found) -> (String, &[MailboxAddress]) {
    (fold(&found.name), &found.mailboxes)
}

/// How many words begin a word of the name, and what to show; `None` if something asked for is missing.
fn match_one(
    id: OrgId,
    organisation: &Organisation,
    query: &Query,
    words: &[String],
) -> Option<(usize, Found)> {
    let (entry, manifest) = (organisation.entry()?.fields(), organisation.manifest()?);
    let serves = |near: &Municipality| entry.municipalities.is_empty() || entry.municipalities.contains(near);
    let offers = |service: &ServiceCode| entry.services.contains(service);
    if !query.near.as_ref().is_none_or(serves) || !query.service.as_ref().is_none_or(offers) {
        return None;
    }
    let text = fold(&format!("{} {}", entry.name, entry.handle));
    if !words.iter().all(|word| text.contains(word.as_str())) {
        return None;
    }
    let begins = |word: &&String| {
        text.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word.as_str()))
    };
    let address = |name: &samverkan_proto::ids::MailboxName| MailboxAddress {
        handle: entry.handle.clone(),
        name: name.clone(),
    };
    let mut mailboxes: Vec<_> = manifest.mailboxes().iter().map(|mailbox| address(&mailbox.name)).collect();
    mailboxes.sort_unstable();
    let found = Found {
        org: id,
        name: entry.name.to_string(),
        mailboxes,
        municipalities: entry.municipalities.clone(),
        services: entry.services.clone(),
    };
    Some((words.iter().filter(begins).count(), found))
}

/// Lower case without regard to the locale, and Swedish letters as people without a Swedish keyboard type them.
fn fold(text: &str) -> String {
    let fold = |c: char| match c {
        'å' | 'ä' | 'á' | 'à' => 'a',
        'ö' | 'ó' => 'o',
        'é' | 'è' => 'e',
        'ü' => 'u',
        other => other,
    };
    text.to_lowercase().chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testlog::TestLog;

    fn names(log: &TestLog, query: &Query) -> Vec<String> {
        log.directory().find(query).into_iter().map(|found| found.name).collect()
    }

    fn words(words: &[&str]) -> Query {
        Query { words: words.iter().map(|word| (*word).to_owned()).collect(), ..Query::default() }
    }

    fn populated() -> TestLog {
        let mut log = TestLog::new();
        log.join("boj-exempel", "Brottsofferjouren Exempelstad", &["0380"], &["victim-support"]);
        log.join("kvinnojour-exempel", "Kvinnojouren Östra Exempel", &[], &["shelter"]);
        log.join("soc-exempel", "Socialtjänsten Exempelstad", &["0380", "0180"], &["social"]);
        log.join_pending("pending-exempel", "Väntande Exempel");
        log
    }

    #[test]
    fn nothing_asked_finds_every_active_organisation_by_name() {
        assert_eq!(
            names(&populated(), &Query::default()),
            ["Brottsofferjouren Exempelstad", "Kvinnojouren Östra Exempel", "Socialtjänsten Exempelstad"]
        );
    }

    #[test]
    fn words_match_in_any_case_and_without_swedish_letters() {
        let log = populated();
        assert_eq!(names(&log, &words(&["OSTRA"])), ["Kvinnojouren Östra Exempel"]);
        assert_eq!(names(&log, &words(&["socialtjanst", "exempelstad"])), ["Socialtjänsten Exempelstad"]);
        assert_eq!(
            names(&log, &words(&["jouren"])),
            ["Brottsofferjouren Exempelstad", "Kvinnojouren Östra Exempel"]
        );
        assert!(names(&log, &words(&["finns", "inte"])).is_empty());
    }

    #[test]
    fn a_name_that_begins_with_the_word_comes_first() {
        let log = populated();
        assert_eq!(names(&log, &words(&["exempelstad"])).len(), 2);
        let order = names(&log, &words(&["o"]));
        assert_eq!(order.first().map(String::as_str), Some("Kvinnojouren Östra Exempel"), "{order:?}");
    }

    #[test]
    fn place_and_service_must_fit_and_no_place_means_everywhere() {
        let log = populated();
        let near = |code: &str| Query { near: Some(code.parse().expect("code")), ..Query::default() };
        assert_eq!(names(&log, &near("0180")), ["Kvinnojouren Östra Exempel", "Socialtjänsten Exempelstad"]);
        let shelter = Query { service: Some("shelter".parse().expect("code")), ..near("0380") };
        assert_eq!(names(&log, &shelter), ["Kvinnojouren Östra Exempel"]);
    }
}
