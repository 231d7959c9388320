//! Statements that go from admin to admin as text: a line that says what it is, base64, and a line that ends it. They are no secrets.

use data_encoding::BASE64;

/// What is between the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Armour {
    /// A change of the own organisation.
    Proposal,
    /// An agreement with another organisation.
    Agreement,
}

impl Armour {
    const fn name(self) -> &'static str {
        match self {
            Self::Proposal => "PROPOSAL",
            Self::Agreement => "AGREEMENT",
        }
    }

    fn lines(self) -> [String; 2] {
        ["BEGIN", "END"].map(|word| format!("-----{word} SAMVERKAN {}-----", self.name()))
    }

    /// As text for a file.
    pub(super) fn wrap(self, bytes: &[u8]) -> String {
        let [begin, end] = self.lines();
        let encoded = BASE64.encode(bytes);
        let lines = encoded.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap_or_default());
        std::iter::once(&*begin).chain(lines).chain([&*end, ""]).collect::<Vec<_>>().join("\n")
    }

    /// Reads what [`Armour::wrap`] wrote.
    pub(super) fn unwrap(self, text: &str) -> Option<Vec<u8>> {
        let [begin, end] = self.lines();
        let body = text.trim().strip_prefix(&*begin)?.strip_suffix(&*end)?;
        let encoded: String = body.split_ascii_whitespace().collect();
        BASE64.decode(encoded.as_bytes()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wrapped_is_read_as_what_it_is() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = Armour::Agreement.wrap(&bytes);
        assert_eq!(Armour::Agreement.unwrap(&text.replace('\n', "\r\n")), Some(bytes));
        assert_eq!(Armour::Proposal.unwrap(&text), None);
        assert_eq!(Armour::Agreement.unwrap(&text[1..]), None);
        assert_eq!(Armour::Agreement.unwrap(""), None);
    }
}
