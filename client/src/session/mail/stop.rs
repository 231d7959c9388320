//! An order to stop beside a kept message: of one that was sent, that it is taken back; of one that came, that its sender has taken it back,
//! or that the consent for it was withdrawn.

use samverkan_proto::ids::MessageId;

use crate::session::model::{RetentionGround, StopAnswer, StopKind};

/// One order, as it was signed and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) struct Stop {
    /// SVKX or SVKD.
    pub(in crate::session) statement: Vec<u8>,
    /// Of a message that was sent from here: the hub has taken it.
    pub(in crate::session) taken: bool,
    /// Of a message that was sent from here: why the hub does not take it, by the stable name of the reason. The message is held all the same.
    pub(in crate::session) refused: Option<String>,
    /// Of a message that came: a person had seen it before.
    pub(in crate::session) seen: bool,
    /// Of a message that came: what is said about it, once that is decided.
    pub(in crate::session) answer: Option<StopAnswer>,
    /// The sealed message that says so.
    pub(in crate::session) sealed: Option<MessageId>,
}

impl Stop {
    /// An order of which nothing else is known.
    pub(in crate::session) const fn new(statement: Vec<u8>) -> Self {
        Self { statement, taken: false, refused: None, seen: false, answer: None, sealed: None }
    }

    /// What it is.
    pub(in crate::session) fn kind(&self) -> StopKind {
        if self.statement.starts_with(b"SVKX") { StopKind::Recall } else { StopKind::Withdrawal }
    }
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StopOnWire {
    #[prost(bytes = "vec", tag = "1")]
    statement: Vec<u8>,
    #[prost(bool, tag = "2")]
    taken: bool,
    #[prost(string, tag = "3")]
    answer: String,
    #[prost(string, tag = "4")]
    ground: String,
    #[prost(bytes = "vec", tag = "5")]
    sealed: Vec<u8>,
    #[prost(string, tag = "6")]
    refused: String,
    #[prost(bool, tag = "7")]
    seen: bool,
}

impl Stop {
    pub(super) fn to_wire(&self) -> StopOnWire {
        let ground = self.answer.and_then(StopAnswer::ground).map(RetentionGround::name);
        StopOnWire {
            statement: self.statement.clone(),
            taken: self.taken,
            answer: self.answer.map(StopAnswer::name).unwrap_or_default().to_owned(),
            ground: ground.unwrap_or_default().to_owned(),
            sealed: self.sealed.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
            refused: self.refused.clone().unwrap_or_default(),
            seen: self.seen,
        }
    }

    pub(super) fn from_wire(wire: &StopOnWire) -> Option<Self> {
        let answer = match wire.answer.as_str() {
            "" => None,
            name => Some(StopAnswer::by_names(name, &wire.ground)?),
        };
        let sealed = (!wire.sealed.is_empty()).then(|| MessageId::parse(&wire.sealed)).transpose().ok()?;
        let refused = Some(wire.refused.clone()).filter(|code| !code.is_empty());
        Some(Self {
            statement: wire.statement.clone(),
            taken: wire.taken,
            refused,
            seen: wire.seen,
            answer,
            sealed,
        })
    }
}
