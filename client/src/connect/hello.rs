//! What the hub says first: versions, keys, checkpoint, clock.

use bytes::Bytes;
use samverkan_proto::ids::HubName;
use samverkan_proto::limits::MAX_AHEAD_MS;
use samverkan_proto::statement::renewal::NONCE_LEN;
use samverkan_proto::v1;

use super::{ConnectError, HubPins};

/// The protocol version this program speaks.
const PROTOCOL: u32 = 1;

/// The hub's greeting, whose version fits.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The keys it shows; the caller compares them with what it has pinned.
    pub pins: HubPins,
    /// Its newest signed checkpoint.
    pub checkpoint: Bytes,
    /// Its clock minus ours, at the moment of the answer.
    pub skew: ClockSkew,
    /// Its name; the log's origin is `samverkan/<name>`.
    pub hub_name: HubName,
    /// Nothing on this hub is real.
    pub test_hub: bool,
    /// What one renewal may be signed with; `None` from a hub that does not renew.
    pub renewal_nonce: Option<[u8; NONCE_LEN]>,
}

/// How far two clocks are apart, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    /// What the hub's clock showed.
    pub hub_ms: u64,
    /// What this computer's clock showed.
    pub own_ms: u64,
}

impl ClockSkew {
    /// Whether they are so far apart (more than ten minutes) that nothing may be sent.
    #[must_use]
    pub const fn is_too_large(self) -> bool {
        self.hub_ms.abs_diff(self.own_ms) > MAX_AHEAD_MS
    }
}

impl Hello {
    /// Checks the answer; `own_ms` is this computer's clock when it came.
    pub(super) fn parse(answer: v1::HelloResponse, own_ms: u64) -> Result<Self, ConnectError> {
        let v1::HelloResponse { protocol_min: min, protocol_max: max, .. } = answer;
        if !(min..=max).contains(&PROTOCOL) {
            return Err(ConnectError::ProtocolVersion { min, max });
        }
        let pins = HubPins::new(&answer.ca_certificate, &answer.log_public_key, &answer.receipt_public_key)
            .ok_or(ConnectError::NotAHub)?;
        let hub_name = answer.hub_name.parse().map_err(|_| ConnectError::NotAHub)?;
        Ok(Self {
            pins,
            checkpoint: answer.checkpoint,
            skew: ClockSkew { hub_ms: answer.hub_time_ms, own_ms },
            hub_name,
            test_hub: answer.test_hub,
            renewal_nonce: answer.renewal_nonce[..].try_into().ok(),
        })
    }
}

#[cfg(test)]
mod tests {
    use samverkan_proto::sign::Signer;

    use super::*;

    fn answer() -> v1::HelloResponse {
        let key = |seed: u8| Signer::from_seed(&[seed; 32]).expect("seed").public_key().as_bytes().to_vec();
        v1::HelloResponse {
            protocol_min: 1,
            protocol_max: 3,
            ca_certificate: vec![1, 2, 3].into(),
            log_public_key: key(1).into(),
            receipt_public_key: key(2).into(),
            checkpoint: vec![].into(),
            hub_time_ms: 1_000_000,
            hub_name: "exempel".to_owned(),
            test_hub: true,
            renewal_nonce: vec![4; 32].into(),
        }
    }

    #[test]
    fn a_hub_that_speaks_other_versions_is_told_apart() {
        for (min, max) in [(2, 3), (0, 0), (3, 1)] {
            let answer = v1::HelloResponse { protocol_min: min, protocol_max: max, ..answer() };
            let error = Hello::parse(answer, 0).expect_err("other versions");
            assert!(matches!(error, ConnectError::ProtocolVersion { .. }));
        }
    }

    #[test]
    fn weak_keys_and_odd_names_are_no_hub() {
        let weak = v1::HelloResponse { log_public_key: vec![0; 32].into(), ..answer() };
        let short = v1::HelloResponse { receipt_public_key: vec![1; 31].into(), ..answer() };
        let named = v1::HelloResponse { hub_name: "a\nb".to_owned(), ..answer() };
        for answer in [weak, short, named] {
            assert!(matches!(Hello::parse(answer, 0), Err(ConnectError::NotAHub)));
        }
    }

    #[test]
    fn ten_minutes_apart_is_the_most_either_way() {
        let skew = |own_ms| Hello::parse(answer(), own_ms).expect("fits").skew;
        assert!(!skew(1_000_000 + 600_000).is_too_large() && skew(1_000_000 + 600_001).is_too_large());
        assert!(!skew(400_000).is_too_large() && skew(399_999).is_too_large());
    }
}
