//! Folders that a program copies to somebody else's computer.

use std::path::Path;

use super::output::Output;
use crate::msg;
use crate::text::Args;

/// How folders of such programs are called, in lower case.
const NAMES: [&str; 9] = [
    "dropbox",
    "onedrive",
    "google drive",
    "googledrive",
    "icloud",
    "clouddocs",
    "nextcloud",
    "owncloud",
    "box sync",
];

/// Warns when `path` lies in such a folder.
pub(super) fn warn(path: &Path, output: &mut Output) {
    if is_synced(path) {
        output.notice(msg!("cloud-folder"), &Args::none().text("path", path.display()));
    }
}

/// Whether `path` lies in such a folder.
pub(super) fn is_synced(path: &Path) -> bool {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders = whole.components().map(|part| part.as_os_str().to_string_lossy().to_lowercase());
    folders.into_iter().any(|folder| NAMES.iter().any(|name| folder.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_synced_are_known_by_their_name() {
        for path in ["/home/x/Dropbox/a", "/home/x/OneDrive - Exempel/a", "/home/x/Google Drive/b/a"] {
            assert!(is_synced(Path::new(path)), "{path}");
        }
        assert!(!is_synced(Path::new("/home/x/Documents/a.pdf")));
    }
}
