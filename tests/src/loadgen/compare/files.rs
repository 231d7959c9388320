//! Goal 11: a large attachment, against a bare stream and a bare file.

use super::Plan;
use super::goal::{Goal, Part, Reach};
use crate::loadgen::bare::client::{BareServer, Kind};
use crate::loadgen::error::LoadError;
use crate::loadgen::hub::files::transfer;
use crate::loadgen::hub::stage::{Cast, Stage};
use std::io::Write;

const MIB: f64 = 1_048_576.0;

/// Measures it, in as many rounds as the plan has but no more than three.
///
/// # Errors
/// Whatever makes a measurement worthless.
pub async fn measure(plan: &Plan, out: &mut impl Write) -> Result<Goal, LoadError> {
    let bare = BareServer::start(plan.folder()?, Kind::Echo, 1)?;
    let cast = Cast { senders: plan.connections, subscribers: plan.subscribers, silent: 0 };
    let mut stage = Stage::set(plan.folder()?, cast).await?;
    let folder = plan.folder()?;
    let (mut shares, mut memory, mut slower) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds.min(3) {
        let done = transfer(&mut stage, &bare, &folder, plan.attachment, plan.messages / 40 + 1).await?;
        let [hub, stream, disk] = [done.hub, done.bare, done.disk].map(|bytes| bytes / MIB);
        writeln!(out, "attachment: hub {hub:.0} MiB/s, bare stream {stream:.0}, bare file {disk:.0}")?;
        shares.push(hub / stream.min(disk));
        memory.push(done.memory as f64 / MIB);
        slower.push(done.beside.answered.quantile_ms(0.99) / done.alone.answered.quantile_ms(0.99));
    }
    let parts = vec![
        Part::new("× min(bare stream, bare file)", &shares, Reach::AtLeast(0.7)),
        Part::new("MiB of memory for a transfer", &memory, Reach::AtMost(32.0)),
        Part::new("× accept p99 of small messages beside it", &slower, Reach::AtMost(3.0)),
    ];
    Ok(Goal::new(11, "a large attachment", parts))
}
