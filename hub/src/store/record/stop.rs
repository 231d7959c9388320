//! Orders to stop: what readers of a message are told when it was taken back, or a consent for it was withdrawn.
//!
//! ```text
//! stop = message_id[16] | u64 at_ms | u64 wraps | SVKX or SVKD
//! ```

use samverkan_proto::ids::MessageId;
use samverkan_proto::statement::recall::UnverifiedRecall;
use samverkan_proto::statement::withdrawal::UnverifiedWithdrawal;

use crate::store::codec::Take;
use crate::store::mail::value::Fact;

/// The head of an order to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct StopHead {
    pub(in crate::store) message_id: MessageId,
    pub(in crate::store) at_ms: u64,
    /// Bit i: it is for the device of `wraps[i]`.
    pub(in crate::store) wraps: u64,
    /// As it was signed; verified before it was written.
    pub(in crate::store) statement: Box<[u8]>,
}

impl StopHead {
    /// Bytes before the statement.
    pub(in crate::store) const BEFORE_STATEMENT: usize = 16 + 8 + 8;

    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let (at_ms, wraps) = (self.at_ms.to_be_bytes(), self.wraps.to_be_bytes());
        [self.message_id.as_bytes().as_slice(), &at_ms, &wraps, &self.statement].concat()
    }

    pub(in crate::store) fn parse(head: &[u8]) -> Option<Self> {
        let mut take = Take::new(head);
        let message_id = MessageId::parse(take.bytes(16)?).ok()?;
        let (at_ms, wraps, statement) = (take.u64()?, take.u64()?, take.rest());
        let is_one =
            UnverifiedRecall::parse(statement).is_ok() || UnverifiedWithdrawal::parse(statement).is_ok();
        is_one.then(|| Self { message_id, at_ms, wraps, statement: statement.into() })
    }

    /// What the index says of it.
    pub(in crate::store) fn fact(&self) -> Fact {
        Fact::Stop { withdrawn: UnverifiedWithdrawal::parse(&self.statement).is_ok(), wraps: self.wraps }
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::code::WithdrawalReason;
    use samverkan_proto::ids::{ConsentHandle, OrgId};
    use samverkan_proto::sign::Signer;
    use samverkan_proto::statement::recall::Recall;
    use samverkan_proto::statement::withdrawal::Withdrawal;

    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let signer = Signer::from_seed(&[1; 32]).unwrap();
        let (message_id, org, device) =
            (MessageId::random(), OrgId::parse(&[1; 16]).unwrap(), signer.device_id());
        let recall = Recall { message_id, hh: [2; 32], org, device, time_ms: 3 }.sign(&signer).unwrap();
        let handle = ConsentHandle::parse(&[4; 16]).unwrap();
        let reason = WithdrawalReason::PersonWithdrew;
        let withdrawal = Withdrawal { handle, org, device, time_ms: 5, reason }.sign(&signer).unwrap();
        for (statement, withdrawn) in [(recall.bytes(), false), (withdrawal.bytes(), true)] {
            let stop = StopHead { message_id, at_ms: 6, wraps: 1 << 63, statement: statement.into() };
            let head = stop.encode();
            assert_eq!(head[StopHead::BEFORE_STATEMENT..], *statement);
            assert_eq!(stop.fact(), Fact::Stop { withdrawn, wraps: 1 << 63 });
            assert_eq!(StopHead::parse(&head), Some(stop));
            assert!((0..head.len()).all(|len| StopHead::parse(&head[..len]).is_none()));
        }
    }
}
