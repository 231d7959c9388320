//! When the hub called which size of its log the newest: for each size the first and the last note that said so.
//!
//! The newest checkpoint alone does not do: a hub that holds one member at an old state and gives everybody else new times every hour would
//! leave nothing that contradicts the old state's times. What was said first of a larger log does, as long as it is kept.
//!
//! A hub whose log grows all the time would fill any list within hours. When it is full, two sizes are left of every two hours: what
//! contradicts an old state is then found two hours later, and still for as long as a message may be under way.
//!
//! ```text
//! views = sizes ascending × { u64 size | first | last }      first, last = u64 time_ms | u16 length | signed note
//! ```

use std::collections::BTreeMap;

use bytes::Bytes;
use samverkan_proto::limits::{MAX_AHEAD_MS, MAX_VIEWS, SECOND_MS, VIEWS_KEPT_MS};
use samverkan_proto::statement::log::Checkpoint;

/// Of so long a time two sizes are left when the list is full: 37 days of them fit.
const SPAN_MS: u64 = 2 * 3600 * SECOND_MS;
/// The longest note that is kept.
const MAX_NOTE: usize = 4 << 10;
/// The longest file that is read.
pub(super) const MAX_VIEWS_BYTES: u64 = (MAX_VIEWS * (28 + 2 * MAX_NOTE)) as u64;

/// A time and the signed note that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    at_ms: u64,
    note: Bytes,
}

/// What was said of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
struct View {
    size: u64,
    first: Said,
    last: Said,
}

impl View {
    /// The two hours in which it was first said to be the newest.
    const fn span(&self) -> u64 {
        self.first.at_ms / SPAN_MS
    }

    const fn beginning(&self) -> End {
        (self.first.at_ms, self.size)
    }

    const fn end(&self) -> End {
        (self.last.at_ms, self.size)
    }
}

/// A time and the size that was the newest then.
type End = (u64, u64);

/// Everything that was said in the last weeks, ascending by size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Views(Vec<View>);

impl Views {
    /// Remembers a believed checkpoint, and forgets what is too old to matter.
    pub(super) fn add(&mut self, checkpoint: &Checkpoint, now_ms: u64) {
        let Some(at_ms) = checkpoint.cosigned_ms() else { return };
        self.remember(checkpoint.head().size, Said { at_ms, note: checkpoint.note().clone() }, now_ms);
    }

    fn remember(&mut self, size: u64, said: Said, now_ms: u64) {
        match self.0.binary_search_by_key(&size, |view| view.size) {
            Ok(at) => {
                let view = &mut self.0[at];
                if said.at_ms < view.first.at_ms {
                    view.first = said;
                } else if said.at_ms > view.last.at_ms {
                    view.last = said;
                }
            }
            Err(at) => self.0.insert(at, View { size, first: said.clone(), last: said }),
        }
        self.0.retain(|view| view.last.at_ms.saturating_add(VIEWS_KEPT_MS) >= now_ms);
        if self.0.len() > MAX_VIEWS {
            self.thin_out();
        }
    }

    /// Keeps of the sizes that were first called the newest within the same two hours the one that was so first and the one that was so
    /// last. Time grows with size, so of a larger log that was left out another is there whose first time is at most so much later, and of a
    /// smaller one another whose last time is at most so much earlier, however long nobody asked before.
    fn thin_out(&mut self) {
        let mut ends: BTreeMap<u64, (End, End)> = BTreeMap::new();
        for view in &self.0 {
            let (first, last) = ends.entry(view.span()).or_insert((view.beginning(), view.end()));
            (*first, *last) = (view.beginning().min(*first), view.end().max(*last));
        }
        self.0.retain(|view| {
            let is_one = |(first, last): &(End, End)| *first == view.beginning() || *last == view.end();
            ends.get(&view.span()).is_some_and(is_one)
        });
        // Times that were believed leave fewer than five hundred spans; a file that was tampered with may have any.
        let surplus = self.0.len().saturating_sub(MAX_VIEWS);
        self.0.drain(..surplus);
    }

    /// The note that says otherwise than that `size` was the newest at `at_ms`: a larger log was signed more than ten minutes before, or a
    /// smaller one was called the newest more than ten minutes after. A time that has not come at `now_ms` says nothing.
    pub(super) fn contradicting(&self, size: u64, at_ms: u64, now_ms: u64) -> Option<Bytes> {
        let larger = self.0.iter().filter(|view| view.size > size).map(|view| &view.first);
        let mut before = larger.filter(|said| at_ms > said.at_ms.saturating_add(MAX_AHEAD_MS));
        before.next().map(|said| said.note.clone()).or_else(|| self.smaller_after(size, at_ms, now_ms))
    }

    /// The note that calls a log smaller than `size` the newest more than ten minutes after `at_ms`.
    pub(super) fn smaller_after(&self, size: u64, at_ms: u64, now_ms: u64) -> Option<Bytes> {
        let has_come = |said: &&Said| said.at_ms <= now_ms.saturating_add(MAX_AHEAD_MS);
        let smaller = self.0.iter().filter(|view| view.size < size).map(|view| &view.last);
        let mut after =
            smaller.filter(has_come).filter(|said| said.at_ms > at_ms.saturating_add(MAX_AHEAD_MS));
        after.next().map(|said| said.note.clone())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for view in &self.0 {
            out.extend_from_slice(&view.size.to_be_bytes());
            for said in [&view.first, &view.last] {
                out.extend_from_slice(&said.at_ms.to_be_bytes());
                let length = u16::try_from(said.note.len()).unwrap_or_default();
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&said.note[..length.into()]);
            }
        }
        out
    }

    /// Reads what [`Views::encode`] wrote, as far as it is whole. The notes are verified when one of them is needed.
    pub(super) fn decode(bytes: &Bytes) -> Self {
        let mut rest = bytes.clone();
        let mut views: Vec<View> = Vec::new();
        while let Some(view) = take_view(&mut rest) {
            if views.len() == MAX_VIEWS || views.last().is_some_and(|last| last.size >= view.size) {
                break;
            }
            views.push(view);
        }
        Self(views)
    }
}

fn take_view(rest: &mut Bytes) -> Option<View> {
    let size = take_u64(rest)?;
    let (first, last) = (take_said(rest)?, take_said(rest)?);
    Some(View { size, first, last })
}

fn take_said(rest: &mut Bytes) -> Option<Said> {
    let at_ms = take_u64(rest)?;
    let length = take(rest, 2)?;
    let length = usize::from(u16::from_be_bytes(length[..].try_into().ok()?));
    (length <= MAX_NOTE).then_some(())?;
    Some(Said { at_ms, note: take(rest, length)? })
}

fn take_u64(rest: &mut Bytes) -> Option<u64> {
    Some(u64::from_be_bytes(take(rest, 8)?[..].try_into().ok()?))
}

fn take(rest: &mut Bytes, len: usize) -> Option<Bytes> {
    (rest.len() >= len).then(|| rest.split_to(len))
}

#[cfg(test)]
mod tests {
    use samverkan_proto::limits::DAY_MS;
    use samverkan_proto::statement::log::TreeHead;

    use super::*;
    use crate::directory::testlog::{NOW_MS, signer};

    const HOUR_MS: u64 = 3600 * SECOND_MS;

    fn said(size: u64, at_ms: u64) -> Checkpoint {
        let head = TreeHead { size, root: [size as u8; 32] };
        Checkpoint::cosign(&"exempel".parse().expect("name"), head, &signer(201), at_ms / SECOND_MS)
    }

    #[test]
    fn the_first_time_of_a_larger_log_is_kept_however_often_it_is_signed_again() {
        let mut views = Views::default();
        (0..200).for_each(|hour| views.add(&said(9, NOW_MS + hour * HOUR_MS), NOW_MS + hour * HOUR_MS));
        let now_ms = NOW_MS + 200 * HOUR_MS;
        assert_eq!(views.contradicting(8, NOW_MS + HOUR_MS, now_ms), Some(said(9, NOW_MS).note().clone()));
        assert_eq!(views.contradicting(8, now_ms, now_ms), Some(said(9, NOW_MS).note().clone()));
        assert_eq!(views.contradicting(8, NOW_MS, now_ms), None);
        assert_eq!(views.contradicting(9, now_ms, now_ms), None);
        // A larger one that is older than what was called the newest after it.
        let last = said(9, NOW_MS + 199 * HOUR_MS).note().clone();
        assert_eq!(views.contradicting(10, NOW_MS, now_ms), Some(last.clone()));
        assert_eq!(views.smaller_after(10, NOW_MS, now_ms), Some(last));
        assert_eq!(views.smaller_after(9, NOW_MS, now_ms), None);
        assert_eq!(views.smaller_after(10, NOW_MS, NOW_MS), None, "a time that has not come");
    }

    #[test]
    fn what_is_older_than_any_message_is_forgotten_and_there_are_never_too_many() {
        let mut views = Views::default();
        views.add(&said(1, NOW_MS), NOW_MS);
        views.add(&said(2, NOW_MS + 38 * DAY_MS), NOW_MS + 38 * DAY_MS);
        assert_eq!(views.0.len(), 1);
        let most = MAX_VIEWS as u64;
        (0..2 * most).for_each(|size| {
            // A span for each, as only a file that was tampered with has them.
            views.remember(3 + size, unsigned(3 + size, NOW_MS + size * SPAN_MS), NOW_MS);
            assert!(views.0.len() <= MAX_VIEWS);
        });
        assert_eq!(views.0.last().map(|view| view.size), Some(2 + 2 * most));
    }

    /// As if a checkpoint of this size had said it: the list does not look at signatures.
    fn unsigned(size: u64, at_ms: u64) -> Said {
        Said { at_ms, note: Bytes::copy_from_slice(&size.to_be_bytes()) }
    }

    fn size_in(note: Option<Bytes>) -> Option<u64> {
        note.map(|note| u64::from_be_bytes(note[..].try_into().expect("a size")))
    }

    #[test]
    fn a_log_that_grows_all_the_time_leaves_what_disproves_every_hour_of_37_days() {
        // Leaves each 20 seconds for two days, then each four minutes; each size is called the newest until the next one comes.
        let steps = std::iter::repeat_n(20, 2 * 4320).chain(std::iter::repeat_n(240, 38 * 360));
        let mut times = vec![NOW_MS];
        times.extend(steps.scan(NOW_MS, |at_ms, seconds| {
            *at_ms += seconds * SECOND_MS;
            Some(*at_ms)
        }));
        let mut views = Views::default();
        for (index, at_ms) in times.iter().enumerate() {
            let size = index as u64 + 1;
            views.remember(size, unsigned(size, *at_ms), *at_ms);
            assert!(views.0.len() <= MAX_VIEWS);
        }
        let now_ms = *times.last().expect("many");
        let slack = SPAN_MS + MAX_AHEAD_MS + 240 * SECOND_MS;
        for at_ms in (now_ms - VIEWS_KEPT_MS + slack..now_ms - slack).step_by(HOUR_MS as usize / 7) {
            // The newest size then; somebody is still held at it two hours later, or was shown it two hours before.
            let size = times.partition_point(|time| *time <= at_ms) as u64;
            let late = size_in(views.contradicting(size, at_ms + slack, now_ms)).expect("contradicted");
            assert!(times[late as usize - 1] + MAX_AHEAD_MS < at_ms + slack && late != size, "{late} {size}");
            let early = size_in(views.smaller_after(size, at_ms - slack, now_ms)).expect("contradicted");
            assert!(early < size && times[early as usize - 1] > at_ms - slack + MAX_AHEAD_MS);
            assert_eq!(
                views.contradicting(size, at_ms, now_ms),
                None,
                "the truth is contradicted by nothing"
            );
        }
    }

    #[test]
    fn a_size_that_was_called_the_newest_for_days_outlives_those_of_its_hour() {
        let mut views = Views::default();
        views.remember(1, unsigned(1, NOW_MS), NOW_MS);
        for hour in 0..72 {
            views.remember(2, unsigned(2, NOW_MS + 1 + hour * HOUR_MS), NOW_MS);
        }
        let after = NOW_MS + 73 * HOUR_MS;
        for size in 3..2000 {
            views.remember(size, unsigned(size, after + size), NOW_MS);
        }
        assert_eq!(size_in(views.smaller_after(3, NOW_MS + 70 * HOUR_MS, after)), Some(2));
        assert_eq!(size_in(views.contradicting(1, NOW_MS + HOUR_MS, after)), Some(2));
    }

    #[test]
    fn a_size_that_was_left_out_has_a_smaller_one_beside_it_however_long_nobody_asked() {
        let mut views = Views::default();
        views.remember(1, unsigned(1, NOW_MS), NOW_MS);
        let later = NOW_MS + 20 * HOUR_MS;
        for size in 2..2000 {
            views.remember(size, unsigned(size, later + size * SECOND_MS), later);
        }
        let newest = views.0.last().expect("some").size;
        assert!(views.0.len() < 1998 && newest == 1999);
        assert_eq!(size_in(views.smaller_after(newest, later - HOUR_MS, later + HOUR_MS)), Some(2));
    }

    #[test]
    fn what_is_written_is_read_back_as_far_as_it_is_whole() {
        let mut views = Views::default();
        (1..5).for_each(|size| views.add(&said(size, NOW_MS + size * HOUR_MS), NOW_MS));
        views.add(&said(2, NOW_MS + 9 * HOUR_MS), NOW_MS);
        let bytes = Bytes::from(views.encode());
        assert_eq!(Views::decode(&bytes), views);
        for len in 0..bytes.len() {
            let cut = Views::decode(&bytes.slice(..len));
            assert!(cut.0.len() < 4 && cut.0 == views.0[..cut.0.len()]);
        }
    }
}
