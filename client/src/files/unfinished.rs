//! A file that is being written and has no name: whatever ends the process before it is whole leaves nothing of it.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use tempfile::NamedTempFile;

use super::TEMPORARY;

/// A file (0600) in a folder that gets its name when it is whole.
pub(super) enum Unfinished {
    /// It has none until then (`O_TMPFILE`).
    Nameless(File),
    /// The file system, or a process without `/proc`, can not do that: it has a name that nobody looks for.
    Hidden(NamedTempFile),
}

impl Unfinished {
    /// Begins one.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let nameless = rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR).map(File::from);
        let mut unfinished = match nameless {
            Ok(file) if handle(&file).exists() => Self::Nameless(file),
            Ok(_) | Err(_) => Self::Hidden(hidden_names().tempfile_in(folder)?),
        };
        unfinished.file().set_permissions(Permissions::from_mode(0o600))?;
        Ok(unfinished)
    }

    /// To be written to.
    pub(super) fn file(&mut self) -> &mut File {
        match self {
            Self::Nameless(file) => file,
            Self::Hidden(file) => file.as_file_mut(),
        }
    }

    /// Gives it its name, in the folder in which it was created.
    pub(super) fn place(self, path: &Path, replace: bool) -> io::Result<()> {
        match (self, replace) {
            (Self::Nameless(file), false) => link(&file, path),
            (Self::Nameless(file), true) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                // A link never replaces anything, a renamed file does.
                let named = hidden_names().make_in(folder, |name| link(&file, name))?;
                Ok(named.persist(path).map(drop)?)
            }
            (Self::Hidden(file), false) => Ok(file.persist_noclobber(path).map(drop)?),
            (Self::Hidden(file), true) => Ok(file.persist(path).map(drop)?),
        }
    }
}

/// Gives an open file a name.
fn link(file: &File, name: &Path) -> io::Result<()> {
    Ok(rustix::fs::linkat(CWD, handle(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Where the system shows an open file.
fn handle(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn hidden_names() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names.prefix(TEMPORARY);
    names
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries =
            std::fs::read_dir(folder).expect("listed").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().expect("text")).collect();
        names.sort();
        names
    }

    fn both(folder: &Path) -> [Unfinished; 2] {
        let hidden = hidden_names().tempfile_in(folder).expect("created");
        [Unfinished::create(folder).expect("created"), Unfinished::Hidden(hidden)]
    }

    #[test]
    fn an_unfinished_file_vanishes_with_its_handle() {
        let dir = tempfile::tempdir().expect("tempdir");
        for mut unfinished in both(dir.path()) {
            unfinished.file().write_all(b"half").expect("written");
            if let Unfinished::Nameless(_) = unfinished {
                assert_eq!(names(dir.path()).iter().filter(|name| !name.starts_with(TEMPORARY)).count(), 0);
            }
            drop(unfinished);
        }
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_whole_file_takes_its_place_and_replaces_only_what_it_may() {
        let dir = tempfile::tempdir().expect("tempdir");
        for unfinished in both(dir.path()) {
            let path = dir.path().join("sparad");
            std::fs::write(&path, b"old").expect("written");
            let refused = unfinished.place(&path, false).expect_err("something is there");
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(std::fs::read(&path).expect("read"), b"old");
        }
        for mut unfinished in both(dir.path()) {
            let path = dir.path().join("sparad");
            unfinished.file().write_all(b"new").expect("written");
            unfinished.place(&path, true).expect("replaced");
            assert_eq!(std::fs::read(&path).expect("read"), b"new");
            let mode = path.metadata().expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600);
            std::fs::remove_file(&path).expect("removed");
        }
        for unfinished in both(dir.path()) {
            let path = dir.path().join("sparad");
            unfinished.place(&path, false).expect("nothing is there");
            std::fs::remove_file(&path).expect("removed");
        }
        assert!(names(dir.path()).is_empty(), "{:?}", names(dir.path()));
    }
}
