//! A temporary folder on a real disk.

use super::error::LoadError;
use rustix::fs::statfs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of statfs(2).
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// A folder that is removed when this is dropped.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// A new folder in `parent`, or where temporary files belong.
    ///
    /// # Errors
    /// [`LoadError::InMemory`] where syncing would be free; what the system refuses.
    pub fn new(parent: Option<&Path>) -> Result<Self, LoadError> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let kind = statfs(&parent).map_err(std::io::Error::from)?.f_type;
        if IN_MEMORY.contains(&kind) {
            return Err(LoadError::InMemory(parent));
        }
        Ok(Self(tempfile::Builder::new().prefix("samverkan-load-").tempdir_in(parent)?))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder in it that nobody else may read.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn private(&self, name: &str) -> Result<PathBuf, LoadError> {
        let path = self.path().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(path)
    }
}
