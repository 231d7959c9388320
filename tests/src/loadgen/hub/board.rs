//! What was sent, answered and delivered in one round. Senders and subscribers of all threads share it.

use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::round::Round;
use crate::recorder::now_ns;
use samverkan_proto::ids::sha256;
use samverkan_proto::statement::receipt::{HubEvent, HubReceipt, Record as _, wraps_hash};
use samverkan_proto::v1::Delivery;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Where the message id stands in a header (PROTOCOL.md section 6).
const MESSAGE_ID: std::ops::Range<usize> = 6..22;

/// What is known of a letter before it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Which subscriber it is for.
    pub subscriber: u32,
    /// The hash of its header, which holds its id and its recipient.
    pub hh: [u8; 32],
    /// The hash of its content.
    pub content: [u8; 32],
    /// The hash of its wraps.
    pub wraps: [u8; 32],
}

/// One round's letters; times are in nanoseconds since the round began, 0 = not yet.
#[derive(Debug)]
pub struct Board {
    began: Instant,
    /// The same moment on the recorder's clock.
    began_ns: u64,
    /// The place of the first letter.
    first: usize,
    letters: Vec<Expected>,
    sent: Vec<AtomicU64>,
    answered: Vec<AtomicU64>,
    delivered: Vec<AtomicU64>,
}

impl Board {
    /// A round that begins now, of letters with places from `first` on.
    #[must_use]
    pub fn new(first: usize, letters: Vec<Expected>) -> Self {
        let times = || letters.iter().map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let (sent, answered, delivered) = (times(), times(), times());
        Self { began: Instant::now(), began_ns: now_ns(), first, letters, sent, answered, delivered }
    }

    /// How many letters are for this subscriber.
    #[must_use]
    pub fn letters_for(&self, subscriber: u32) -> usize {
        self.letters.iter().filter(|letter| letter.subscriber == subscriber).count()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    fn letter(&self, index: usize) -> Result<(usize, &Expected), LoadError> {
        let place = index.checked_sub(self.first);
        let found = place.and_then(|place| Some((place, self.letters.get(place)?)));
        found.ok_or(LoadError::Wrong("a message of another round"))
    }

    /// Notes that a letter is sent now.
    pub fn sent(&self, index: usize) {
        self.sent[index - self.first].store(self.now(), Ordering::Relaxed);
    }

    /// Notes when a letter was due, from the round's beginning.
    pub fn sent_at(&self, index: usize, due: Duration) {
        let nanos = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX).max(1);
        self.sent[index - self.first].store(nanos, Ordering::Relaxed);
    }

    /// How long ago the round began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A time of the round, for a timer.
    #[must_use]
    pub fn instant(&self, after: Duration) -> tokio::time::Instant {
        (self.began + after).into()
    }

    /// Checks the receipt that answered a letter: it is about that letter, and the only one.
    ///
    /// # Errors
    /// [`LoadError::Wrong`], [`LoadError::Malformed`].
    pub fn answered(&self, index: usize, receipt: &[u8]) -> Result<(), LoadError> {
        let (place, letter) = self.letter(index)?;
        ensure(says_accepted(receipt, letter)?, "a receipt is about another message")?;
        let before = self.answered[place].swap(self.now(), Ordering::Relaxed);
        ensure(before == 0, "a message was answered twice")
    }

    /// Checks a delivery to this subscriber: it is a letter to it, byte for byte, and came once. Returns when the hub took it in, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// [`LoadError::Wrong`], [`LoadError::Malformed`].
    pub fn delivered(&self, subscriber: u32, delivery: &Delivery, hh: &[u8; 32]) -> Result<u64, LoadError> {
        let index = index_of(delivery.header.get(MESSAGE_ID).unwrap_or_default())?;
        let (place, letter) = self.letter(index)?;
        ensure(letter.subscriber == subscriber, "a message came to another recipient")?;
        ensure(letter.hh == *hh, "a header is not the one that was sent")?;
        ensure(sha256(&delivery.content) == letter.content, "a content is not the one that was sent")?;
        ensure(wraps_hash(&delivery.wrap) == letter.wraps, "a wrap is not the one that was sent")?;
        let receipt = &delivery.submission_receipt;
        ensure(says_accepted(receipt, letter)?, "a delivery has another message's receipt")?;
        let before = self.delivered[place].swap(self.now(), Ordering::Relaxed);
        ensure(before == 0, "a message was delivered twice")?;
        Ok(record(receipt)?.hub_time_ms)
    }

    /// Whether a letter of this place is in the round.
    #[must_use]
    pub fn holds(&self, index: usize) -> bool {
        self.letter(index).is_ok()
    }

    /// Places of the letters that were answered, with the time of the receipt on the recorder's clock.
    pub fn answers(&self) -> impl Iterator<Item = (usize, u64)> {
        let times = self.answered.iter().map(|at| at.load(Ordering::Relaxed));
        (self.first..).zip(times).filter(|(_, at)| *at > 0).map(|(index, at)| (index, self.began_ns + at))
    }

    /// The latencies of all letters, as far as both their ends were noted.
    #[must_use]
    pub fn round(&self) -> Round {
        let mut round = Round::default();
        for place in 0..self.letters.len() {
            let at = |times: &[AtomicU64]| Some(times[place].load(Ordering::Relaxed)).filter(|at| *at > 0);
            let (sent, answered, delivered) = (at(&self.sent), at(&self.answered), at(&self.delivered));
            between(sent, answered).into_iter().for_each(|time| round.answered.add(time));
            between(sent, delivered).into_iter().for_each(|time| round.arrived.add(time));
            between(answered, delivered).into_iter().for_each(|time| round.delivered.add(time));
        }
        round
    }
}

/// From one moment to another, which may have been the earlier one: then nothing.
fn between(from: Option<u64>, to: Option<u64>) -> Option<Duration> {
    Some(Duration::from_nanos(to?.saturating_sub(from?)))
}

fn record(receipt: &[u8]) -> Result<HubReceipt, LoadError> {
    Ok(HubReceipt::parse(receipt.get(..HubReceipt::LEN).unwrap_or_default())?)
}

fn says_accepted(receipt: &[u8], letter: &Expected) -> Result<bool, LoadError> {
    let record = record(receipt)?;
    Ok(record.hh == letter.hh
        && record.content_hash == letter.content
        && record.wraps_hash == letter.wraps
        && matches!(record.event, HubEvent::SubmissionAccepted { .. }))
}

/// A random message id that begins with the letter's place in its round.
#[must_use]
pub fn id_of(index: u32, mut random: [u8; 16]) -> [u8; 16] {
    random[..4].copy_from_slice(&index.to_be_bytes());
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    random
}

/// The place of a message in its round.
///
/// # Errors
/// [`LoadError::Wrong`] for bytes that are too short to be an id.
pub fn index_of(message_id: &[u8]) -> Result<usize, LoadError> {
    let index = message_id.first_chunk().ok_or(LoadError::Wrong("a message has no id"))?;
    Ok(u32::from_be_bytes(*index) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use samverkan_proto::ids::MessageId;

    #[test]
    fn a_place_travels_in_a_valid_id() {
        for index in [0, 1, 77, u32::MAX] {
            let id = id_of(index, [0xff; 16]);
            assert!(MessageId::parse(&id).is_ok());
            assert_eq!(index_of(&id).expect("long enough"), index as usize);
        }
        assert!(index_of(&[1, 2, 3]).is_err());
    }
}
