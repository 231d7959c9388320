//! Copies of folders.

use samverkan_hub::disk::{Disk as _, SystemDisk};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Copies everything in `from` that is still there when its turn comes into the folder `to`, which exists.
///
/// # Panics
/// When the file system refuses.
pub fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("an entry has a name"));
        if from.is_dir() {
            private_folder(&to);
            copy_folder(&from, &to);
        } else {
            match std::fs::copy(&from, &to) {
                // Whoever works in the folder replaces files.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                copied => drop(copied.expect("a copy")),
            }
        }
    }
}

/// Makes a folder that only its owner may enter.
///
/// # Panics
/// When the file system refuses.
pub fn private_folder(path: &Path) {
    SystemDisk.create_folder(path).expect("a folder");
}

/// Every file below `folder`, sorted.
///
/// # Panics
/// When the file system refuses.
#[must_use]
pub fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(all_files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}
