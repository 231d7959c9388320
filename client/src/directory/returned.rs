//! What is given back to a hub that has signed more of its log than it has (PROTOCOL.md section 13).

use bytes::Bytes;
use samverkan_proto::limits::{MAX_RETURNED_BYTES, MAX_RETURNED_LEAVES};
use samverkan_proto::v1::{LogEntry, ReturnLogRequest};

use super::{Directory, DirectoryError};

impl Directory {
    /// The leaves from `from` on, as many as one call takes, with the proof that the believed checkpoint covers them; `None` when there are
    /// none.
    ///
    /// # Errors
    /// [`DirectoryError::File`].
    pub fn part_from(&self, from: u64) -> Result<Option<ReturnLogRequest>, DirectoryError> {
        let Some(mut request) = self.report_of_fork(from).filter(|_| from < self.size()) else {
            return Ok(None);
        };
        let mut bytes = 0;
        let Ok(skipped) = usize::try_from(from) else { return Ok(None) };
        for entry in self.copy.entries(self.size())?.into_iter().skip(skipped).take(MAX_RETURNED_LEAVES) {
            bytes += entry.leaf.len() + entry.record.len();
            request.entries.push(LogEntry { leaf: entry.leaf, record: entry.record });
            if bytes >= MAX_RETURNED_BYTES {
                break;
            }
        }
        let to = from + request.entries.len() as u64;
        let Some(path) = self.fold.tree().prove_consistency(to) else { return Ok(None) };
        request.path = path.iter().map(|hash| Bytes::copy_from_slice(hash)).collect();
        Ok((to > from).then_some(request))
    }

    /// What the believed log was at the size that the hub has shown, or now if the hub has shown more, with the proof of that: a hub that
    /// has signed this and shows something else learns it by this. `None` before the first synchronisation.
    #[must_use]
    pub fn report_of_fork(&self, shown: u64) -> Option<ReturnLogRequest> {
        let believed = self.returnable()?;
        let from_leaf = shown.min(self.size());
        let (root, path) =
            (self.fold.tree().root_at(from_leaf)?, self.fold.tree().prove_consistency(from_leaf)?);
        Some(ReturnLogRequest {
            checkpoint: believed.note().clone(),
            from_leaf,
            root: Bytes::copy_from_slice(&root),
            entries: Vec::new(),
            path: path.iter().map(|hash| Bytes::copy_from_slice(hash)).collect(),
        })
    }
}
