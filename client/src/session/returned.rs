//! Following the hub's log, also when the hub has lost the end of it: what it has signed, every client can give back.

use std::time::Duration;

use samverkan_envelope::open::LogView as _;

use super::{Session, TRIES, call};
use crate::connect::Link;
use crate::error::{Class, Code, Result};

/// How long to wait while somebody else is giving the hub its log back.
const OTHERS_RETURN: Duration = Duration::from_secs(1);

impl Session {
    /// Compares what the hub shows with what was believed, gives it back what it has lost, and takes what is new. A hub that has gone on
    /// with another log is told so with the proof, for its operator; the evidence stays here.
    ///
    /// # Errors
    /// [`Code::LogForked`]; [`Code::LogBehind`] while others have to return more; what synchronising fails with.
    pub(super) async fn follow_log(&mut self, link: &Link) -> Result<()> {
        let shown = self.directory.verify_checkpoint(link.hello().checkpoint.clone());
        let shown = shown.map_or(0, |shown| shown.head().size);
        let report = self.directory.report_of_fork(shown);
        let followed = self.compare_and_synchronise(link, shown).await;
        if let (Err(error), Some(report)) = (&followed, report)
            && error.code() == Code::LogForked
        {
            // Whether the hub listens is its operator's matter.
            let _ = call::unary(link.directory().return_log(report)).await;
        }
        followed
    }

    async fn compare_and_synchronise(&mut self, link: &Link, shown: u64) -> Result<()> {
        self.directory.compare(link.hello().checkpoint.clone(), self.clock.now_ms())?;
        self.return_log(link, shown).await?;
        self.synchronise(link).await
    }

    /// Gives the hub the leaves that it has signed and, by its own greeting, does not have. One that does not take them shows a log that
    /// was cut back, which the synchronisation after this finds.
    async fn return_log(&self, link: &Link, shown: u64) -> Result<()> {
        let (mut from, mut tries) = (shown, 0);
        while let Some(part) = self.directory.part_from(from)? {
            let whole = from + part.entries.len() as u64;
            match call::unary(link.directory().return_log(part)).await {
                // A hub that has less than it was given would have all of it sent again and again.
                Ok(answer) if answer.log_size >= whole => from = answer.log_size,
                Ok(_) => return Ok(()),
                Err(error) if matches!(error.code(), Code::Busy | Code::RateLimited) && tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(OTHERS_RETURN).await;
                }
                Err(error) if error.code() == Code::OffsetOutOfRange && tries < TRIES => {
                    tries += 1;
                    from = self.size_now(link, shown).await?;
                }
                Err(error) if error.code().class() == Class::Transient => return Err(error),
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// How much the hub has by now: somebody else has returned a part.
    async fn size_now(&self, link: &Link, shown: u64) -> Result<u64> {
        let Some(question) = self.directory.report_of_fork(shown) else { return Ok(shown) };
        Ok(call::unary(link.directory().return_log(question)).await?.log_size)
    }
}
