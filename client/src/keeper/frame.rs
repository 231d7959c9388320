//! The two messages on the socket, and what `unlock` hands to the process it starts.
//!
//! ```text
//! request = "SVKU" u16 1 | u8 what | lock[32] u64 lasting_ms          lasting_ms is 0 unless the time is to be set
//! answer  = "SVKV" u16 1 | u8 how  | u64 left_ms key[32]              both zero unless they are given
//! charge  = lock[32] | u64 lasting_ms | key[32]
//! ```

use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use crate::keystore::{LockId, UnlockingKey};
use crate::secret::Secret32;

const ASKING: &[u8; 6] = b"SVKU\0\x01";
const ANSWERING: &[u8; 6] = b"SVKV\0\x01";

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The key.
    Key,
    /// How long it is kept.
    Status,
    /// To keep it for this long from now on.
    Keep(Duration),
    /// To forget it.
    Forget,
}

/// What a command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) wish: Wish,
    pub(super) lock: LockId,
}

impl Request {
    pub(super) const LEN: usize = 6 + 1 + LockId::LEN + 8;

    pub(super) fn encode(&self) -> [u8; Self::LEN] {
        let (what, lasting) = match self.wish {
            Wish::Key => (1, Duration::ZERO),
            Wish::Status => (2, Duration::ZERO),
            Wish::Keep(lasting) => (3, lasting),
            Wish::Forget => (4, Duration::ZERO),
        };
        let mut out = [0; Self::LEN];
        out[..6].copy_from_slice(ASKING);
        out[6] = what;
        out[7..39].copy_from_slice(self.lock.as_bytes());
        out[39..].copy_from_slice(&millis(lasting).to_be_bytes());
        out
    }

    pub(super) fn parse(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<6>()?;
        let (&[what], rest) = rest.split_first_chunk::<1>()?;
        let (lock, lasting) = rest.split_first_chunk()?;
        let lasting_ms = u64::from_be_bytes(lasting.try_into().ok()?);
        let wish = match (what, lasting_ms) {
            (1, 0) => Wish::Key,
            (2, 0) => Wish::Status,
            (3, _) => Wish::Keep(Duration::from_millis(lasting_ms)),
            (4, 0) => Wish::Forget,
            _ => return None,
        };
        (head == ASKING).then_some(Self { wish, lock: LockId::from_bytes(*lock) })
    }
}

/// What the process says.
pub(super) enum Answer {
    /// The key is kept for so long.
    Kept(Duration),
    /// This is the key, and it is kept for so long.
    Key(Duration, Secret32),
    /// The key that is kept is of another lock.
    OtherLock,
    /// The key is forgotten.
    Forgotten,
}

impl Answer {
    pub(super) const LEN: usize = 6 + 1 + 8 + 32;

    pub(super) fn encode(&self) -> Zeroizing<[u8; Self::LEN]> {
        let (how, left) = match self {
            Self::Kept(left) => (1, *left),
            Self::Key(left, _) => (2, *left),
            Self::OtherLock => (3, Duration::ZERO),
            Self::Forgotten => (4, Duration::ZERO),
        };
        let mut out = Zeroizing::new([0; Self::LEN]);
        out[..6].copy_from_slice(ANSWERING);
        out[6] = how;
        out[7..15].copy_from_slice(&millis(left).to_be_bytes());
        if let Self::Key(_, key) = self {
            out[15..].copy_from_slice(key.expose());
        }
        out
    }

    pub(super) fn parse(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<6>()?;
        let (&[how], rest) = rest.split_first_chunk::<1>()?;
        let (left, key) = rest.split_first_chunk()?;
        let left_ms = u64::from_be_bytes(*left);
        let (left, key) = (Duration::from_millis(left_ms), Secret32::from_slice(key)?);
        let no_key = key.expose() == &[0; 32];
        let answer = match how {
            1 if no_key => Self::Kept(left),
            2 => Self::Key(left, key),
            3 if no_key && left_ms == 0 => Self::OtherLock,
            4 if no_key && left_ms == 0 => Self::Forgotten,
            _ => return None,
        };
        (head == ANSWERING).then_some(answer)
    }
}

/// What the process is to keep, and for how long.
pub(super) struct Charge {
    pub(super) key: UnlockingKey,
    pub(super) lasting: Duration,
}

impl Charge {
    pub(super) const LEN: usize = LockId::LEN + 8 + 32;

    pub(super) fn encode(key: &UnlockingKey, lasting: Duration) -> Zeroizing<[u8; Self::LEN]> {
        let mut out = Zeroizing::new([0; Self::LEN]);
        out[..32].copy_from_slice(key.of.as_bytes());
        out[32..40].copy_from_slice(&millis(lasting).to_be_bytes());
        out[40..].copy_from_slice(key.key.expose());
        out
    }

    pub(super) fn parse(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (of, rest) = bytes.split_first_chunk()?;
        let (lasting, key) = rest.split_first_chunk()?;
        let key = UnlockingKey { of: LockId::from_bytes(*of), key: Secret32::from_slice(key)? };
        Some(Self { key, lasting: Duration::from_millis(u64::from_be_bytes(*lasting)) })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wishes() -> impl Strategy<Value = Wish> {
        let keep = any::<u64>().prop_map(|ms| Wish::Keep(Duration::from_millis(ms)));
        prop_oneof![Just(Wish::Key), Just(Wish::Status), keep, Just(Wish::Forget)]
    }

    proptest! {
        #[test]
        fn what_is_asked_is_read(wish in wishes(), lock: [u8; 32]) {
            let request = Request { wish, lock: LockId::from_bytes(lock) };
            prop_assert_eq!(Request::parse(&request.encode()), Some(request));
        }

        #[test]
        fn a_request_that_is_read_has_one_encoding(
            head in prop_oneof![Just(*ASKING), any::<[u8; 6]>()], what in 0u8..6, rest: [u8; 32],
            lasting in prop_oneof![Just(0u64), any::<u64>()],
        ) {
            let bytes = [&head[..], &[what], &rest, &lasting.to_be_bytes()].concat();
            let bytes: [u8; Request::LEN] = bytes.try_into().expect("the length of a request");
            if let Some(request) = Request::parse(&bytes) {
                prop_assert_eq!(request.encode(), bytes);
            }
        }

        #[test]
        fn an_answer_that_is_read_has_one_encoding(
            head in prop_oneof![Just(*ANSWERING), any::<[u8; 6]>()], how in 0u8..6,
            left in prop_oneof![Just(0u64), any::<u64>()], key in prop_oneof![Just([0u8; 32]), any::<[u8; 32]>()],
        ) {
            let bytes = [&head[..], &[how], &left.to_be_bytes(), &key].concat();
            let bytes: [u8; Answer::LEN] = bytes.try_into().expect("the length of an answer");
            if let Some(answer) = Answer::parse(&bytes) {
                prop_assert_eq!(*answer.encode(), bytes);
            }
        }
    }

    #[test]
    fn a_key_is_handed_over_as_it_is() {
        let key = UnlockingKey {
            of: LockId::from_bytes([7; 32]),
            key: Secret32::from_slice(&[9; 32]).expect("32 bytes"),
        };
        let charge = Charge::parse(&Charge::encode(&key, Duration::from_secs(5))).expect("read");
        assert!(charge.key.of == key.of && charge.key.key.expose() == key.key.expose());
        assert_eq!(charge.lasting, Duration::from_secs(5));
    }
}
