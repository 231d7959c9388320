//! Through whose hands a referral that is passed on has gone (PROTOCOL.md section 21).

use samverkan_proto::ids::OrgId;
use samverkan_proto::limits::MAX_FORWARDS;

/// The field that holds it, in a referral that was passed on.
pub const FIELD: &str = "svk_chain";

/// The organisations that had a referral before, the first sender first; each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<OrgId>);

/// Why a referral can not be passed on to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// They had it before.
    Loop,
    /// It was passed on as often as it may be.
    TooLong,
}

impl Chain {
    /// The chain of a referral that its first sender sent.
    #[must_use]
    pub fn begun_by(sender: OrgId) -> Self {
        Self(vec![sender])
    }

    /// Reads the field: ids in hexadecimal, a space between two of them.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let organisations: Vec<OrgId> = text.split(' ').map(|id| id.parse().ok()).collect::<Option<_>>()?;
        let again = |(at, org): (usize, &OrgId)| organisations[..at].contains(org);
        let is_chain =
            organisations.len() <= MAX_FORWARDS + 1 && !organisations.iter().enumerate().any(again);
        is_chain.then_some(Self(organisations))
    }

    /// The text of the field.
    #[must_use]
    pub fn write(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The organisations, the first sender first.
    #[must_use]
    pub fn organisations(&self) -> &[OrgId] {
        &self.0
    }

    /// The chain that goes with a referral which `by` passes on to `to`.
    ///
    /// # Errors
    /// Why it may not.
    pub fn passed_on(&self, by: OrgId, to: &OrgId) -> Result<Self, Broken> {
        let mut chain = self.clone();
        // Whoever got it from another mailbox of the own organisation stands in it already.
        if !chain.0.contains(&by) {
            chain.0.push(by);
        }
        if chain.0.len() > MAX_FORWARDS + 1 {
            return Err(Broken::TooLong);
        }
        if chain.0.contains(to) { Err(Broken::Loop) } else { Ok(chain) }
    }

    /// Whether it can be true of a referral that came from `from` to `own`: it ends with who sent it, and they are not in it twice.
    #[must_use]
    pub fn holds(&self, from: &OrgId, own: &OrgId) -> bool {
        self.0.last() == Some(from) && !self.0.contains(own)
    }
}
