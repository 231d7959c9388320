//! Whether another process has changed what is kept beside the keystore.
//!
//! Every process that takes the profile for a change writes a random stamp first. Finding another one than one's own
//! means that what is in memory may be old.

use crate::error::Result;
use crate::files;
use crate::home::Profile;
use crate::secret::random_array;

const FILE_NAME: &str = "stamp";
const LEN: usize = 16;

/// The stamp that was seen or written last.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp(Vec<u8>);

impl Stamp {
    /// The stamp on disk; empty before the first change.
    pub(super) fn read(profile: &Profile) -> Result<Self> {
        match files::read_private(&profile.folder().join(FILE_NAME), LEN as u64) {
            Ok(stamp) => Ok(Self(stamp)),
            Err(error) if error.is_missing() => Ok(Self(Vec::new())),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a new stamp; says whether another process had put one since.
    pub(super) fn renew(&mut self, profile: &Profile) -> Result<bool> {
        let changed = Self::read(profile)? != *self;
        let stamp = random_array::<LEN>()?.to_vec();
        files::replace_private(&profile.folder().join(FILE_NAME), &stamp)?;
        self.0 = stamp;
        Ok(changed)
    }
}
