//! Files on their way into and out of sealed attachments (PROTOCOL.md section 9), in constant memory.
//!
//! * [`source`]: a file is read once, sealed, and refused if it changed meanwhile.
//! * [`mod@pass_on`]: what came, sealed anew for somebody else.
//! * [`tidy`]: what earlier commands left behind when they were killed.
//! * [`Verifier`]: sealed bytes that come back out.

use std::io::{self, Read, Write};
use std::path::Path;

use samverkan_envelope::blob::BlobOpener;
use samverkan_envelope::body::Attachment;
use secrecy::zeroize::Zeroizing;

use super::model::Progress;

mod pass_on;
mod source;
mod tidy;

pub(super) use pass_on::pass_on;
pub(super) use source::{Beside, Sealed, Source};
pub(super) use tidy::tidy;

/// How much of a file is read at once.
const PIECE: usize = 256 << 10;

/// Takes sealed bytes in order and lets out nothing that was not verified.
pub(super) struct Verifier<W> {
    opener: BlobOpener,
    out: W,
    plain: Zeroizing<Vec<u8>>,
}

/// Why an attachment was not opened.
pub(super) enum OpenFailure {
    /// The sealed bytes are not those of the message.
    Damaged,
    /// What was verified could not be written.
    Write(io::Error),
    /// The person wants to stop.
    Stopped,
}

impl<W: Write> Verifier<W> {
    pub(super) fn new(attachment: &Attachment, out: W) -> Self {
        Self {
            opener: BlobOpener::new(attachment),
            out,
            plain: Zeroizing::new(Vec::with_capacity(2 * PIECE)),
        }
    }

    pub(super) fn push(&mut self, sealed: &[u8]) -> Result<(), OpenFailure> {
        // Piece by piece, so that a large push does not make the plaintext buffer grow and leave copies behind.
        for piece in sealed.chunks(PIECE) {
            self.opener.push(piece, &mut self.plain).map_err(|_| OpenFailure::Damaged)?;
            drain(&mut self.plain, &mut self.out)?;
        }
        Ok(())
    }

    /// Goes back to what is verified, also after an error; gives the offset from which sealed bytes are to come again.
    pub(super) fn rewind(&mut self) -> u64 {
        self.opener.rewind()
    }

    pub(super) fn finish(self) -> Result<(), OpenFailure> {
        let Self { opener, mut out, mut plain } = self;
        opener.finish(&mut plain).map_err(|_| OpenFailure::Damaged)?;
        drain(&mut plain, &mut out)
    }
}

fn drain(plain: &mut Zeroizing<Vec<u8>>, out: &mut dyn Write) -> Result<(), OpenFailure> {
    let written = out.write_all(plain).map_err(OpenFailure::Write);
    // The next piece goes over it; it is wiped when all of them have been here.
    plain.clear();
    written
}

/// Opens the sealed file at `path`, writing the clear bytes to `out`. The caller has begun the step.
pub(super) fn open_file(
    path: &Path,
    attachment: &Attachment,
    out: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<(), OpenFailure> {
    let mut file = crate::files::open_private(path).map_err(|_| OpenFailure::Damaged)?;
    let mut verifier = Verifier::new(attachment, out);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece).map_err(OpenFailure::Write)?;
        if read == 0 {
            return verifier.finish();
        }
        verifier.push(&piece[..read])?;
        progress.advance(read as u64);
        if progress.is_stopped() {
            return Err(OpenFailure::Stopped);
        }
    }
}
