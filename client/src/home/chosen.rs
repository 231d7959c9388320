//! Which profile is used when none is named: a file `chosen` beside the profiles.

use super::{Home, HomeError, ProfileName};
use crate::files::{self, FileError, FileReason};

const FILE_NAME: &str = "chosen";
/// The longest profile name and a line end.
const MAX_BYTES: u64 = 33;

impl Home {
    /// The profile that [`Home::choose`] chose last, or else `default`.
    ///
    /// # Errors
    /// [`HomeError::Folder`] when the choice can not be read, or is no profile's name.
    pub fn chosen(&self) -> Result<ProfileName, HomeError> {
        let path = self.root().join(FILE_NAME);
        let bytes = match files::read_private(&path, MAX_BYTES) {
            Err(FileError { reason: FileReason::Missing, .. }) => return Ok(ProfileName::default()),
            read => read?,
        };
        let name = str::from_utf8(&bytes).ok().and_then(|name| name.trim_end().parse().ok());
        name.ok_or_else(|| FileError { path, reason: FileReason::WrongKind }.into())
    }

    /// Uses a profile that exists from now on.
    ///
    /// # Errors
    /// As [`Home::open`], and when the choice can not be written.
    pub fn choose(&self, name: &ProfileName) -> Result<(), HomeError> {
        self.open(name)?;
        Ok(files::replace_private(&self.root().join(FILE_NAME), format!("{name}\n").as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Environment;

    #[test]
    fn a_choice_is_kept_and_must_exist() {
        let dir = tempfile::tempdir().expect("tempdir");
        let environment =
            Environment { samverkan_home: Some(dir.path().join("s").into()), ..Default::default() };
        let home = Home::locate(&environment).expect("located");
        assert_eq!(home.chosen().expect("nothing chosen"), ProfileName::default());
        let name: ProfileName = "jour".parse().expect("valid");
        assert!(matches!(home.choose(&name).expect_err("none yet"), HomeError::NoProfile(_)));
        home.open_or_create(&name).expect("created");
        home.choose(&name).expect("chosen");
        assert_eq!(home.chosen().expect("read"), name);
    }

    #[test]
    fn a_choice_that_is_no_name_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let environment = Environment { samverkan_home: Some(dir.path().into()), ..Default::default() };
        let home = Home::locate(&environment).expect("located");
        for bad in [&b"../x"[..], b"", b"\xff", b"a-name-that-is-longer-than-any-profile-may-have"] {
            files::replace_private(&dir.path().join(FILE_NAME), bad).expect("written");
            assert!(matches!(home.chosen(), Err(HomeError::Folder(_))), "{bad:?}");
        }
    }
}
