//! Why a hub did not start, or stopped by itself, as the command's failure.

use std::error::Error;
use std::io::ErrorKind;

use super::super::exit::Exit;
use super::super::failure::Failure;
use crate::run::RunError;
use crate::server::SocketError;
use crate::store::{FolderError, OpenError, StoreError, StoreOpenError};
use crate::telemetry::with_causes;
use crate::tls::TlsError;

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let text = format!("{}.", with_causes(&error));
        let (code, next, exit) = match error {
            RunError::Keys(error) => return error.into(),
            RunError::Store(error) => return of_store(&error, text),
            RunError::Tls(TlsError::File(_)) => (
                "CERTIFICATE_UNUSABLE",
                "samverkan-hub certificate, or remove `server_certificate` from the configuration",
                Exit::NotSetUp,
            ),
            RunError::Tls(_) => ("TLS_UNUSABLE", "restore the keys folder from a backup", Exit::NotSetUp),
            RunError::Random => ("INTERNAL", "check the system's source of random numbers", Exit::Unexpected),
            RunError::OpenPanicked => {
                ("INTERNAL", "report the line that begins with `error [INTERNAL]`", Exit::Unexpected)
            }
            RunError::Operator(SocketError::InUse { .. }) => {
                ("SOCKET_IN_USE", "stop the other hub, or set operator_socket", Exit::Conflict)
            }
            RunError::Operator(SocketError::Occupied { .. } | SocketError::Bind { .. }) => {
                ("SOCKET_UNUSABLE", "mend what the sentence names, or set operator_socket", Exit::NotSetUp)
            }
            RunError::Metrics(_) => ("LISTEN_FAILED", "set metrics_listen", Exit::NotSetUp),
            RunError::StoreFailed => (
                "STORE_FAILED",
                "check the disk and the kernel log, then start the hub again",
                Exit::Unexpected,
            ),
        };
        Self::new(code, text, next, exit)
    }
}

fn of_store(error: &StoreOpenError, text: String) -> Failure {
    let (code, next, exit) = of_disk(error).unwrap_or_else(|| match error {
        StoreOpenError::Engine(OpenError::Folder(folder)) => of_folder(folder),
        StoreOpenError::LogDamaged { .. } | StoreOpenError::LogMissing { .. } => (
            "LOG_DAMAGED",
            "restore data_dir from the newest backup; do not delete anything from it before that",
            Exit::Integrity,
        ),
        StoreOpenError::OtherKeys => (
            "KEYS_FOREIGN",
            "put the keys back that the store was made with, or set data_dir",
            Exit::NotSetUp,
        ),
        StoreOpenError::Engine(OpenError::Io(_) | OpenError::Index(_))
        | StoreOpenError::Invite(_)
        | StoreOpenError::Claim(_)
        | StoreOpenError::Blobs(_)
        | StoreOpenError::Rebuild(_)
        | StoreOpenError::Begin(_) => ("STORE_UNUSABLE", "mend what the sentence names", Exit::NotSetUp),
    });
    Failure::new(code, text, next, exit)
}

const fn of_folder(error: &FolderError) -> (&'static str, &'static str, Exit) {
    match error {
        FolderError::InUse(_) => {
            ("STORE_IN_USE", "stop the other hub, or give this one its own data_dir", Exit::Conflict)
        }
        FolderError::Newer { .. } => (
            "STORE_NEWER",
            "start the newer samverkan-hub; this one would not understand what it wrote",
            Exit::NotSetUp,
        ),
        FolderError::Unversioned(_) => (
            "STORE_UNUSABLE",
            "check data_dir; if it is the right folder, restore it from a backup",
            Exit::NotSetUp,
        ),
        FolderError::NotAFolder(_)
        | FolderError::WrongOwner(_)
        | FolderError::WrongMode { .. }
        | FolderError::Io { .. } => ("STORE_UNUSABLE", "mend what the sentence names", Exit::NotSetUp),
    }
}

/// What a full disk, or one that can not be written, makes of any step.
fn of_disk(error: &StoreOpenError) -> Option<(&'static str, &'static str, Exit)> {
    const FULL: (&str, &str, Exit) =
        ("STORAGE_FULL", "make room on the disk of data_dir, then start the hub again", Exit::Conflict);
    if matches!(error, StoreOpenError::Begin(StoreError::Full)) {
        return Some(FULL);
    }
    let first: &(dyn Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |cause| (*cause).source());
    match causes.find_map(|cause| cause.downcast_ref::<std::io::Error>())?.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(FULL),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Some((
            "STORE_READ_ONLY",
            "make data_dir writable for the hub's user; if the disk became read-only by itself, replace it",
            Exit::NotSetUp,
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn failure(error: StoreOpenError) -> (&'static str, Exit) {
        let failure = Failure::from(RunError::Store(error));
        assert!(!failure.next.is_empty());
        (failure.code, failure.exit)
    }

    fn folder(source: io::Error) -> StoreOpenError {
        OpenError::Folder(FolderError::Io { action: "open the lock", source }).into()
    }

    #[test]
    fn a_disk_that_can_not_be_written_is_named_whatever_step_met_it() {
        for (kind, code, exit) in [
            (ErrorKind::StorageFull, "STORAGE_FULL", Exit::Conflict),
            (ErrorKind::QuotaExceeded, "STORAGE_FULL", Exit::Conflict),
            (ErrorKind::ReadOnlyFilesystem, "STORE_READ_ONLY", Exit::NotSetUp),
            (ErrorKind::PermissionDenied, "STORE_READ_ONLY", Exit::NotSetUp),
            (ErrorKind::InvalidData, "STORE_UNUSABLE", Exit::NotSetUp),
        ] {
            assert_eq!(failure(folder(kind.into())), (code, exit), "{kind}");
            assert_eq!(failure(OpenError::Io(kind.into()).into()), (code, exit), "{kind}");
        }
        assert_eq!(failure(StoreOpenError::Begin(StoreError::Full)), ("STORAGE_FULL", Exit::Conflict));
    }

    #[test]
    fn the_sentence_holds_the_systems_own_words() {
        let failure = Failure::from(RunError::Store(folder(ErrorKind::ReadOnlyFilesystem.into())));
        assert!(failure.text.contains("open the lock") && failure.text.contains("read-only"), "{failure}");
    }

    #[test]
    fn damage_to_the_log_is_a_matter_of_integrity() {
        let damaged = StoreOpenError::LogDamaged { index: 3, file: "a.seg".into(), offset: 4160 };
        let text = Failure::from(RunError::Store(damaged)).text;
        assert!(text.contains("entry 3") && text.contains("a.seg") && text.contains("4160"), "{text}");
        assert_eq!(failure(StoreOpenError::LogMissing { index: 3 }), ("LOG_DAMAGED", Exit::Integrity));
    }
}
