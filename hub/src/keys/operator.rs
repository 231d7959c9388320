//! An operator's own key: one file of mode 0600, Ed25519 as PKCS#8 in PEM, wherever the operator keeps it. The hub never reads it.

use std::path::Path;

use rcgen::PKCS_ED25519;
use samverkan_proto::sign::Signer;

use super::{KeyError, generate, load_ed25519, write_key};

/// Makes a new key in a file that must not exist yet.
///
/// # Errors
/// [`KeyError`]: the file exists or can not be written, or the system gave no random numbers.
pub fn create_operator_key(path: &Path) -> Result<Signer, KeyError> {
    write_key(path, &generate(&PKCS_ED25519)?)?;
    load_ed25519(path)
}

/// Reads an operator's key.
///
/// # Errors
/// [`KeyError`]: refuses a file that others can read, a symbolic link, another user's file, and anything that is not such a key.
pub fn load_operator_key(path: &Path) -> Result<Signer, KeyError> {
    load_ed25519(path)
}
