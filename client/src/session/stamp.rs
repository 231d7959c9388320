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

    /// Whether another process has put a stamp since.
    pub(super) fn is_old(&self, profile: &Profile) -> Result<bool> {
        Ok(Self::read(profile)? != *self)
    }

    /// Puts a new stamp.
    pub(super) fn renew(&mut self, profile: &Profile) -> Result<()> {
        let stamp = random_array::<LEN>()?.to_vec();
        files::replace_private(&profile.folder().join(FILE_NAME), &stamp)?;
        self.0 = stamp;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::{Environment, Home, ProfileName};

    #[test]
    fn another_process_is_noticed_once() {
        let dir = tempfile::tempdir().expect("tempdir");
        let environment =
            Environment { samverkan_home: Some(dir.path().join("s").into()), ..Default::default() };
        let home = Home::locate(&environment).expect("located");
        let profile = home.open_or_create(&ProfileName::default()).expect("created");
        let (mut one, mut two) = (Stamp::read(&profile).expect("none"), Stamp::read(&profile).expect("none"));
        let was_here = |stamp: &mut Stamp| {
            let is_old = stamp.is_old(&profile).expect("read");
            stamp.renew(&profile).expect("written");
            is_old
        };
        assert!(!was_here(&mut one));
        assert!(was_here(&mut two), "the other was here");
        assert!(!was_here(&mut two), "nobody else since");
        assert!(was_here(&mut one));
    }
}
