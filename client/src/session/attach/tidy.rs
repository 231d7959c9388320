//! What commands left behind that were killed: sealed files without a message.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use samverkan_proto::ids::BlobId;
use samverkan_proto::limits::{DAY_MS, MAX_LIFETIME_MS};

use crate::error::Result;
use crate::files::{self, FileError};

/// How long a sealed file may be without a message: longer than the hub serves the message it could belong to.
const PATIENCE_MS: u64 = MAX_LIFETIME_MS + DAY_MS;

/// How long a file without a name may be left alone by the command that writes it.
const PAUSE_MS: u64 = 60 * 60 * 1_000;

/// Removes from the folder of sealed attachments what no command will use again. Others may be sealing there now.
pub(in crate::session) fn tidy(folder: &Path, is_named: impl Fn(&BlobId) -> bool, now_ms: u64) -> Result<()> {
    let fail = |error| FileError::from_io(folder, error);
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let Some(name) = path.file_stem().and_then(OsStr::to_str) else { continue };
        let is_over = match name.parse() {
            Ok(id) => !is_named(&id) && is_old(&path, now_ms, PATIENCE_MS),
            Err(_) => name.starts_with(files::TEMPORARY) && is_old(&path, now_ms, PAUSE_MS),
        };
        if is_over {
            files::remove(&path)?;
        }
    }
    Ok(())
}

/// A file that is gone meanwhile is not old.
fn is_old(path: &Path, now_ms: u64, patience_ms: u64) -> bool {
    let Ok(meta) = path.symlink_metadata() else { return false };
    let changed_ms = u64::try_from(meta.mtime()).unwrap_or(0).saturating_mul(1_000);
    now_ms.saturating_sub(changed_ms) > patience_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_will_use_again_is_removed() {
        let dir = tempfile::tempdir().expect("tempdir");
        let id = |byte| BlobId::of_digest([byte; 32]);
        let names = [
            (id(1).to_string(), true),
            (format!("{}.part", id(1)), true),
            (id(2).to_string(), false),
            (format!("{}.part", id(2)), false),
            (".samverkan-x1".to_owned(), false),
            ("anteckning.txt".to_owned(), true),
        ];
        for (name, _) in &names {
            std::fs::write(dir.path().join(name), b"x").expect("written");
        }
        let written_ms = u64::try_from(dir.path().join("anteckning.txt").metadata().expect("there").mtime())
            .expect("after 1970")
            * 1_000;
        let left = |now_ms| {
            tidy(dir.path(), |known| *known == id(1), now_ms).expect("tidied");
            names.iter().filter(|(name, _)| dir.path().join(name).exists()).count()
        };
        assert_eq!(left(written_ms + PAUSE_MS), names.len(), "somebody may be writing it");
        assert_eq!(left(written_ms + DAY_MS), names.len() - 1, "only what never had a place");
        left(written_ms + 40 * DAY_MS);
        for (name, stays) in &names {
            assert_eq!(dir.path().join(name).exists(), *stays, "{name}");
        }
    }
}
