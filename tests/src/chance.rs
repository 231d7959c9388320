//! Chance that a seed decides: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). It decides
//! what goes wrong and when, and never a key.

use std::ops::Range;

/// A stream of numbers that is the same for the same seed and the same names.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The chance of a seed.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for something with a name and a number: what is drawn here changes nothing elsewhere.
    #[must_use]
    pub fn fork(&self, name: &str, number: u64) -> Self {
        let named = name.bytes().fold(self.0, |hash, byte| Self(hash ^ u64::from(byte)).draw());
        Self(Self(named ^ number.rotate_left(32)).draw())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number within a range that is not empty, each about as likely as any other.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    /// The same where small numbers are as likely as large ones are: each power of two below the end gets its share.
    pub fn scaled(&mut self, end: u64) -> u64 {
        let bits = self.within(0..u64::from(u64::BITS - end.leading_zeros()) + 1);
        (self.draw() & ((1 << bits) - 1)).min(end - 1)
    }

    /// Happens so many times of a hundred.
    pub fn percent(&mut self, times: u64) -> bool {
        self.within(0..100) < times
    }

    /// So many bytes.
    #[must_use]
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len.div_ceil(8)).flat_map(|_| self.draw().to_le_bytes()).take(len).collect()
    }

    /// One of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.within(0..all.len() as u64)).expect("an index")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_come_out() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut chance = Chance::of_seed(1_234_567);
        assert_eq!([chance.draw(), chance.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn forks_are_repeatable_and_apart() {
        let chance = Chance::of_seed(7);
        assert_eq!(chance.fork("link", 3).draw(), chance.fork("link", 3).draw());
        let drawn =
            [("link", 3), ("link", 4), ("hub", 3)].map(|(name, number)| chance.fork(name, number).draw());
        assert!(drawn[0] != drawn[1] && drawn[0] != drawn[2]);
    }

    #[test]
    fn numbers_stay_within_their_range_and_reach_its_ends() {
        let mut chance = Chance::of_seed(1);
        let drawn: Vec<u64> = (0..1000).map(|_| chance.within(3..6)).collect();
        assert!(
            [3, 4, 5].iter().all(|number| drawn.contains(number)) && drawn.iter().all(|number| *number < 6)
        );
        let scaled: Vec<u64> = (0..1000).map(|_| chance.scaled(1000)).collect();
        assert!(scaled.contains(&0) && scaled.iter().any(|number| *number > 500));
        assert!(scaled.iter().all(|number| *number < 1000));
    }
}
