//! Why a measurement is worth nothing.

use crate::wire::Refused;
use std::path::PathBuf;

/// What ends a run. None of it is a slow machine: that is measured, not refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refused something.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
    /// The system does not say what a process uses.
    #[error("/proc can not be read: {0}")]
    Proc(#[from] procfs::ProcError),
    /// A server refused a call, or ended a stream.
    #[error("a call was refused: {0}")]
    Call(Box<tonic::Status>),
    /// A server did not take what was sent to it.
    #[error("a call of the preparations was refused: {0:?}")]
    Refused(Refused),
    /// A stream ended although something was still to come.
    #[error("a stream ended before everything had come")]
    Ended,
    /// What came back is not what was sent.
    #[error("wrong: {0}")]
    Wrong(&'static str),
    /// A receipt or header can not be read.
    #[error("malformed: {0:?}")]
    Malformed(samverkan_proto::InvalidField),
    /// Receipts came before the syncs that cover their messages.
    #[error("{0} receipts came before the sync that covers their message had ended")]
    Early(usize),
    /// Syncing would be free.
    #[error("{} is in memory, not on a disk", .0.display())]
    InMemory(PathBuf),
    /// A figure that the hub's metrics page should have is not there.
    #[error("the metrics page does not name {0}")]
    NoMetric(&'static str),
    /// A plot can not be drawn.
    #[error("a plot can not be drawn: {0}")]
    Plot(#[from] super::plot::PlotError),
    /// A task of the load generator panicked.
    #[error("a task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<tonic::Status> for LoadError {
    fn from(status: tonic::Status) -> Self {
        Self::Call(Box::new(status))
    }
}

impl From<Refused> for LoadError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<samverkan_proto::InvalidField> for LoadError {
    fn from(invalid: samverkan_proto::InvalidField) -> Self {
        Self::Malformed(invalid)
    }
}

/// `wrong` unless `holds`.
///
/// # Errors
/// [`LoadError::Wrong`].
pub(super) fn ensure(holds: bool, wrong: &'static str) -> Result<(), LoadError> {
    if holds { Ok(()) } else { Err(LoadError::Wrong(wrong)) }
}
