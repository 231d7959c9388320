//! Whose safety number a person has compared, and whether a handle still means the same organisation and its kit was not used.
//!
//! Two notes are kept in the keystore. `verified.HANDLE` is what a person compared, how and when, and up to which manifest; it is the
//! only one that makes anybody verified. `met.HANDLE` is whom this device first exchanged a message with under that handle.

use samverkan_proto::ids::{Handle, OrgId};

use super::model::{Compared, Comparison, Trust};
use crate::directory::{Directory, Organisation};
use crate::error::{Code, Error, Result};
use crate::keystore::{Contents, EntryName};
use crate::text::Args;

/// What is known about the organisation that has a handle now.
pub(super) fn of(contents: &Contents, directory: &Directory, handle: &Handle) -> Trust {
    let noted = contents.pin(&verified_name(handle)).and_then(Note::decode);
    let Some((now, organisation)) = directory.by_handle(handle) else {
        return noted.map_or(Trust::Unverified, |note| Trust::Verified { at_ms: note.at_ms, how: note.how });
    };
    let recovered = |serial| organisation.recovered_after(serial).map(|manifest| manifest.fields().issued_ms);
    match noted {
        Some(note) if note.org != now => Trust::KeyChanged { handle: handle.clone() },
        Some(note) => match recovered(note.serial) {
            Some(at_ms) => Trust::Recovered { at_ms, compared_ms: Some(note.at_ms) },
            None => Trust::Verified { at_ms: note.at_ms, how: note.how },
        },
        None => match (recovered(1), contents.pin(&met_name(handle))) {
            (Some(at_ms), _) => Trust::Recovered { at_ms, compared_ms: None },
            (None, Some(met)) if met != now.as_bytes() => Trust::Moved,
            (None, _) => Trust::Unverified,
        },
    }
}

/// Writes down that a person compared this number with the organisation, and that it is right.
pub(super) fn record(
    contents: &mut Contents,
    directory: &Directory,
    handle: &Handle,
    comparison: &Comparison,
    now_ms: u64,
) -> Result<()> {
    let named = || Args::none().text("recipient", handle);
    let (org, organisation) =
        directory.by_handle(handle).ok_or_else(|| Error::with(Code::OrganisationUnknown, named()))?;
    match of(contents, directory, handle) {
        Trust::KeyChanged { .. } if !comparison.of_new_keys => {
            return Err(Error::with(Code::KeyChanged, named()));
        }
        Trust::Recovered { .. } if !comparison.of_recovery => {
            return Err(Error::with(Code::RecoveryUnconfirmed, named()));
        }
        _ => {}
    }
    if organisation.safety_number() != Some(comparison.number) {
        return Err(Error::new(Code::SafetyNumberWrong));
    }
    // Whoever compared knew of nothing newer, whatever another process has synchronised since.
    let newest = organisation.manifest().map_or(1, |manifest| manifest.serial());
    let serial = comparison.serial.min(newest);
    let note = Note { org, at_ms: now_ms, how: comparison.how, serial };
    contents.put_pin(&met_name(handle), org.as_bytes())?;
    Ok(contents.put_pin(&verified_name(handle), &note.encode())?)
}

/// Notes whom a handle stands for when a message is first exchanged. The caller commits.
pub(super) fn meet(contents: &mut Contents, directory: &Directory, org: &OrgId) -> Result<()> {
    let manifest = directory.organisation(org).and_then(Organisation::manifest);
    let Some(name) = manifest.map(|manifest| met_name(&manifest.fields().handle)) else { return Ok(()) };
    if contents.pin(&name).is_none() {
        contents.put_pin(&name, org.as_bytes())?;
    }
    Ok(())
}

/// The handle under which an organisation was met that the directory does not have any more.
pub(super) fn lost_handle(contents: &Contents, directory: &Directory, org: &OrgId) -> Option<Handle> {
    if directory.organisation(org).is_some() {
        return None;
    }
    let met = contents.pins().filter_map(|name| name.strip_prefix(MET)?.parse::<Handle>().ok());
    met.into_iter().find(|handle| contents.pin(&met_name(handle)) == Some(org.as_bytes()))
}

const VERIFIED: &str = "verified.";
const MET: &str = "met.";

fn verified_name(handle: &Handle) -> EntryName {
    format!("{VERIFIED}{handle}").parse().expect("a handle obeys the rule and is at most 63 bytes long")
}

fn met_name(handle: &Handle) -> EntryName {
    format!("{MET}{handle}").parse().expect("a handle obeys the rule and is at most 63 bytes long")
}

/// `org_id[16] | u64 at_ms | u8 how | u64 serial`.
struct Note {
    org: OrgId,
    at_ms: u64,
    how: Compared,
    /// The newest manifest that whoever compared it was shown.
    serial: u64,
}

impl Note {
    fn encode(&self) -> Vec<u8> {
        let how = [self.how.code()];
        [&self.org.as_bytes()[..], &self.at_ms.to_be_bytes(), &how, &self.serial.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (org, rest) = bytes.split_first_chunk::<16>()?;
        let (at_ms, rest) = rest.split_first_chunk()?;
        let (&[how], serial) = rest.split_first_chunk::<1>()?;
        Some(Self {
            org: OrgId::parse(org).ok()?,
            at_ms: u64::from_be_bytes(*at_ms),
            how: Compared::from_code(how)?,
            serial: u64::from_be_bytes(serial.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::statement::safety::SafetyNumber;

    use super::*;
    use crate::directory::testlog::{Member, NOW_MS, TestLog};

    fn comparison(member: &Member) -> Comparison {
        let number = SafetyNumber::of_root(&member.manifest.fields().root_pk);
        let serial = member.manifest.serial();
        Comparison { number, how: Compared::ByTelephone, serial, of_new_keys: false, of_recovery: false }
    }

    fn verified() -> Trust {
        Trust::Verified { at_ms: NOW_MS, how: Compared::ByTelephone }
    }

    #[test]
    fn only_the_right_number_makes_an_organisation_verified() {
        let mut log = TestLog::new();
        let (one, other) = (log.join("one", "Ett", &[], &[]), log.join("other", "Annat", &[], &[]));
        let (directory, mut contents) = (log.directory(), Contents::default());
        let handle = "one".parse().expect("handle");
        assert_eq!(of(&contents, &directory, &handle), Trust::Unverified);
        let wrong =
            record(&mut contents, &directory, &handle, &comparison(&other), NOW_MS).expect_err("wrong");
        assert_eq!(wrong.code(), Code::SafetyNumberWrong);
        assert_eq!(of(&contents, &directory, &handle), Trust::Unverified);
        record(&mut contents, &directory, &handle, &comparison(&one), NOW_MS).expect("right");
        assert_eq!(of(&contents, &directory, &handle), verified());
    }

    #[test]
    fn a_handle_that_moves_to_another_organisation_is_a_hard_stop_until_the_new_keys_are_compared() {
        let mut contents = Contents::default();
        let handle: Handle = "one".parse().expect("handle");
        let mut before = TestLog::new();
        // Keys are numbered in the order of joining, and these must not occur in the other log.
        before.join("zero", "Noll", &[], &[]);
        before.join("naught", "Intet", &[], &[]);
        let member = before.join("one", "Ett", &[], &[]);
        record(&mut contents, &before.directory(), &handle, &comparison(&member), NOW_MS).expect("right");

        let mut after = TestLog::new();
        after.join("first", "Först", &[], &[]);
        let moved = after.join("one", "Ett", &[], &[]);
        let directory = after.directory();
        assert_eq!(of(&contents, &directory, &handle), Trust::KeyChanged { handle: handle.clone() });
        assert_eq!(lost_handle(&contents, &directory, &member.org()), Some(handle.clone()));
        let again =
            record(&mut contents, &directory, &handle, &comparison(&moved), NOW_MS).expect_err("stop");
        assert_eq!(again.code(), Code::KeyChanged);
        let anew = Comparison { of_new_keys: true, ..comparison(&moved) };
        let wrong = Comparison { of_new_keys: true, ..comparison(&member) };
        record(&mut contents, &directory, &handle, &wrong, NOW_MS).expect_err("the number of the old keys");
        record(&mut contents, &directory, &handle, &anew, NOW_MS).expect("compared");
        assert_eq!(of(&contents, &directory, &handle), verified());
    }

    #[test]
    fn whoever_was_met_and_never_compared_is_noted_when_the_keys_are_others() {
        let (mut contents, handle) = (Contents::default(), "one".parse().expect("handle"));
        let mut before = TestLog::new();
        let member = before.join("one", "Ett", &[], &[]);
        meet(&mut contents, &before.directory(), &member.org()).expect("noted");
        assert_eq!(of(&contents, &before.directory(), &handle), Trust::Unverified);
        let mut after = TestLog::new();
        after.join("first", "Först", &[], &[]);
        let moved = after.join("one", "Ett", &[], &[]);
        let directory = after.directory();
        meet(&mut contents, &directory, &moved.org()).expect("the first one stays");
        assert_eq!(of(&contents, &directory, &handle), Trust::Moved);
        record(&mut contents, &directory, &handle, &comparison(&moved), NOW_MS).expect("right");
        assert_eq!(of(&contents, &directory, &handle), verified());
    }

    #[test]
    fn a_recovery_undoes_a_comparison_until_it_is_compared_again() {
        let (mut contents, handle) = (Contents::default(), "one".parse().expect("handle"));
        let mut log = TestLog::new();
        let mut member = log.join("one", "Ett", &[], &[]);
        record(&mut contents, &log.directory(), &handle, &comparison(&member), NOW_MS).expect("right");
        log.recover(&mut member, NOW_MS + 5);
        let directory = log.directory();
        let recovered = |at_ms, compared_ms| Trust::Recovered { at_ms, compared_ms };
        assert_eq!(of(&contents, &directory, &handle), recovered(NOW_MS + 5, Some(NOW_MS)));
        assert_eq!(of(&Contents::default(), &directory, &handle), recovered(NOW_MS + 5, None));
        // The same number proves nothing about who holds the kit: that has to be asked.
        let unasked = record(&mut contents, &directory, &handle, &comparison(&member), NOW_MS);
        assert_eq!(unasked.expect_err("not asked").code(), Code::RecoveryUnconfirmed);
        let asked = Comparison { of_recovery: true, ..comparison(&member) };
        record(&mut contents, &directory, &handle, &asked, NOW_MS).expect("right");
        assert_eq!(of(&contents, &directory, &handle), verified());
        log.recover(&mut member, NOW_MS + 6);
        assert_eq!(of(&contents, &log.directory(), &handle), recovered(NOW_MS + 6, Some(NOW_MS)));
    }

    #[test]
    fn a_recovery_that_was_not_shown_is_not_confirmed() {
        let (mut contents, handle) = (Contents::default(), "one".parse().expect("handle"));
        let mut log = TestLog::new();
        let mut member = log.join("one", "Ett", &[], &[]);
        log.recover(&mut member, NOW_MS + 5);
        let shown = Comparison { of_recovery: true, ..comparison(&member) };
        // While the person calls, the kit is used once more.
        log.recover(&mut member, NOW_MS + 6);
        let directory = log.directory();
        record(&mut contents, &directory, &handle, &shown, NOW_MS).expect("what was shown");
        let again = Trust::Recovered { at_ms: NOW_MS + 6, compared_ms: Some(NOW_MS) };
        assert_eq!(of(&contents, &directory, &handle), again);
    }

    #[test]
    fn a_note_that_was_cut_is_no_note() {
        let note = Note {
            org: TestLog::new().join("one", "Ett", &[], &[]).org(),
            at_ms: 1,
            how: Compared::InPerson,
            serial: 7,
        };
        let bytes = note.encode();
        assert!(Note::decode(&bytes).is_some_and(|read| read.serial == 7 && read.how == Compared::InPerson));
        assert!((0..bytes.len()).all(|len| Note::decode(&bytes[..len]).is_none()));
    }
}
