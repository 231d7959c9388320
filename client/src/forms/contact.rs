//! Safe contact and protected identity. Their fields mean the same in every form, so that a program which does not know a form keeps to
//! them as well (PROTOCOL.md section 8).

/// What the names of the contact rule's fields begin with.
const RULE: &str = "safe_contact_";
/// The field that says whether the personal data are protected.
const PROTECTED: &str = "protected_identity";
/// Its only value that means that they are not.
const NOT_PROTECTED: &str = "NONE";

/// Whether a field says how the person may be contacted.
#[must_use]
pub fn is_of_rule(name: &str) -> bool {
    name.starts_with(RULE)
}

/// Whether somebody has to accept how the person may be contacted before any of this is shown.
pub fn has_rule<'a>(names: impl IntoIterator<Item = &'a str>) -> bool {
    names.into_iter().any(is_of_rule)
}

/// Whether the personal data are protected. Where nobody has asked, or a value is not known here, they are.
pub fn is_protected<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
    fields.into_iter().any(|(name, value)| name == PROTECTED && value != NOT_PROTECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_known_by_its_names_whatever_the_form() {
        assert!(has_rule(["about", "safe_contact_how"]));
        assert!(has_rule(["safe_contact_something_new"]));
        assert!(!has_rule(["about", "contact"]));
    }

    #[test]
    fn only_a_clear_no_means_that_data_are_not_protected() {
        for value in ["UNKNOWN", "SECRECY_MARKING", "", "none", "SOMETHING_NEW"] {
            assert!(is_protected([("person_name", "x"), (PROTECTED, value)]), "{value}");
        }
        assert!(!is_protected([(PROTECTED, NOT_PROTECTED)]));
        assert!(!is_protected([("person_name", "x")]));
    }
}
