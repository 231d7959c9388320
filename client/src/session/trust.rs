//! Whose safety number a person has compared, and whether a handle still means the same organisation.

use samverkan_proto::ids::{Handle, OrgId};
use samverkan_proto::statement::safety::SafetyNumber;

use super::model::Trust;
use crate::directory::Directory;
use crate::error::{Code, Error, Result};
use crate::keystore::{Contents, EntryName};
use crate::text::Args;

/// What is known about the organisation that has a handle now.
pub(super) fn of(contents: &Contents, directory: &Directory, handle: &Handle) -> Trust {
    let Some((verified, at_ms)) = contents.pin(&pin_name(handle)).and_then(decode) else {
        return Trust::Unverified;
    };
    match directory.by_handle(handle) {
        Some((now, _)) if now == verified => Trust::Verified { at_ms },
        Some(_) => Trust::KeyChanged { handle: handle.clone() },
        None => Trust::Verified { at_ms },
    }
}

/// Writes down that a person compared this number with the organisation, and that it is right.
pub(super) fn record(
    contents: &mut Contents,
    directory: &Directory,
    handle: &Handle,
    compared: &SafetyNumber,
    now_ms: u64,
) -> Result<()> {
    let named = || Args::none().text("recipient", handle);
    let (org, organisation) =
        directory.by_handle(handle).ok_or_else(|| Error::with(Code::OrganisationUnknown, named()))?;
    if let Trust::KeyChanged { .. } = of(contents, directory, handle) {
        return Err(Error::with(Code::KeyChanged, named()));
    }
    let root = organisation.manifest().map(|manifest| manifest.fields().root_pk);
    if root.map(|root| SafetyNumber::of_root(&root)) != Some(*compared) {
        return Err(Error::new(Code::SafetyNumberWrong));
    }
    Ok(contents.put_pin(&pin_name(handle), &encode(org, now_ms))?)
}

fn pin_name(handle: &Handle) -> EntryName {
    format!("verified.{handle}").parse().expect("a handle obeys the rule and is at most 63 bytes long")
}

fn encode(org: OrgId, at_ms: u64) -> Vec<u8> {
    [&org.as_bytes()[..], &at_ms.to_be_bytes()].concat()
}

fn decode(bytes: &[u8]) -> Option<(OrgId, u64)> {
    let (org, at_ms) = bytes.split_first_chunk::<16>()?;
    Some((OrgId::parse(org).ok()?, u64::from_be_bytes(at_ms.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testlog::{Member, NOW_MS, TestLog};

    fn number(member: &Member) -> SafetyNumber {
        SafetyNumber::of_root(&member.manifest.fields().root_pk)
    }

    #[test]
    fn only_the_right_number_makes_an_organisation_verified() {
        let mut log = TestLog::new();
        let (one, other) = (log.join("one", "Ett", &[], &[]), log.join("other", "Annat", &[], &[]));
        let (directory, mut contents) = (log.directory(), Contents::default());
        let handle = "one".parse().expect("handle");
        assert_eq!(of(&contents, &directory, &handle), Trust::Unverified);
        let wrong = record(&mut contents, &directory, &handle, &number(&other), NOW_MS).expect_err("wrong");
        assert_eq!(wrong.code(), Code::SafetyNumberWrong);
        assert_eq!(of(&contents, &directory, &handle), Trust::Unverified);
        record(&mut contents, &directory, &handle, &number(&one), NOW_MS).expect("right");
        assert_eq!(of(&contents, &directory, &handle), Trust::Verified { at_ms: NOW_MS });
    }

    #[test]
    fn a_handle_that_moves_to_another_organisation_is_a_hard_stop() {
        let mut contents = Contents::default();
        let handle: Handle = "one".parse().expect("handle");
        let mut before = TestLog::new();
        let member = before.join("one", "Ett", &[], &[]);
        record(&mut contents, &before.directory(), &handle, &number(&member), NOW_MS).expect("right");

        let mut after = TestLog::new();
        after.join("first", "Först", &[], &[]);
        let moved = after.join("one", "Ett", &[], &[]);
        let directory = after.directory();
        assert_eq!(of(&contents, &directory, &handle), Trust::KeyChanged { handle: handle.clone() });
        let again = record(&mut contents, &directory, &handle, &number(&moved), NOW_MS).expect_err("stop");
        assert_eq!(again.code(), Code::KeyChanged);
    }
}
