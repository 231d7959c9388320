//! The main job as a story: from three invitations to an answer, with real programs, told and checked at once.
//!
//! * `stage`: who is there, and how a step is told; a line that is quoted is a line that must have been printed.
//! * `settling`: a hub, three organisations, safety numbers.
//! * `referral`: find, consent, send, receive, save, answer, track.
//! * `aftermath`: proofs that hold without a hub, a search of everything the hub has, and a suspension.

mod aftermath;
mod referral;
mod settling;
mod stage;

use crate::stop::Stop;
use std::io::Write;
use std::path::Path;

pub use stage::Broken;
use stage::Stage;

/// The last line, printed when everything happened as told.
pub const END: &str = "The demo is over: every step above happened, and every line above was checked.";

/// Tells the whole story on `out`. Everything it makes is in `folder`, which exists and is empty.
///
/// # Errors
/// The first thing that did not happen as told, and [`Broken::Stopped`].
///
/// # Panics
/// When a program can not be started or hangs.
pub fn tell(out: impl Write, folder: &Path, stop: &Stop) -> Result<(), Broken> {
    let mut stage = Stage::set(out, folder, stop)?;
    settling::play(&mut stage)?;
    let case = referral::play(&mut stage)?;
    aftermath::play(&mut stage, &case)?;
    stage.end(END)
}
