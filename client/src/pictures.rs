//! Pictures on their way out, without what they tell beside the picture: where, when and with what they were taken, who took them, what
//! was cut away, and whatever else a program has written into them.
//!
//! Only what is needed to show the picture is kept, so that what nobody here has heard of goes too. The pixels stay as they are, and so
//! does a colour profile, which may name the device that it was made for. Of a JPEG's EXIF its orientation alone is kept, without which
//! it would be shown lying on its side. A picture of another kind is refused.
//!
//! * [`kinds`]: which files are pictures
//! * [`jpeg`]: the one format whose data are looked through here
//!
//! Sources: ITU-T T.81 annex B (JPEG), JFIF 1.02, Exif 2.32 section 4.6, PNG third edition section 5, RFC 9649 (WebP).

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;

use bytes::Bytes;
use img_parts::jpeg::Jpeg;
use img_parts::png::Png;
use img_parts::riff::RiffContent;
use img_parts::webp::{CHUNK_VP8X, WebP};

mod jpeg;
mod kinds;
pub(crate) mod laws;

use kinds::HEAD;
pub use kinds::{Format, format_of};

/// The longest picture that is cleaned, in bytes: it is held in memory.
pub const MAX_PICTURE: u64 = 64 << 20;
/// It is no picture that can be cleaned: too large, damaged, or of a kind that is not understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCleaned;

/// What was read of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    /// It is no picture, and nothing of it was read.
    Other,
    /// The picture alone.
    Picture {
        /// Its bytes.
        clean: Bytes,
        /// There was something beside it.
        told: bool,
    },
    /// A picture that can not be cleaned.
    NotCleaned,
}

/// Reads a file that is a picture, from its beginning, and cleans it; leaves any other alone.
///
/// # Errors
/// Those of the file.
pub fn read(file: &mut File) -> io::Result<Content> {
    let mut head = [0; HEAD];
    let len = file.read_at(&mut head, 0)?;
    let Some(format) = format_of(head.get(..len).unwrap_or_default()) else { return Ok(Content::Other) };
    let mut picture = Vec::new();
    file.take(MAX_PICTURE + 1).read_to_end(&mut picture)?;
    let picture = Bytes::from(picture);
    Ok(match clean(format, picture.clone()) {
        Ok(clean) => Content::Picture { told: clean != picture, clean },
        Err(NotCleaned) => Content::NotCleaned,
    })
}

/// The picture alone.
///
/// # Errors
/// [`NotCleaned`].
pub fn clean(format: Format, picture: Bytes) -> Result<Bytes, NotCleaned> {
    if picture.len() as u64 > MAX_PICTURE {
        return Err(NotCleaned);
    }
    match format {
        Format::Jpeg => jpeg::clean(Jpeg::from_bytes(picture).map_err(|_| NotCleaned)?),
        Format::Png => clean_png(Png::from_bytes(picture).map_err(|_| NotCleaned)?),
        Format::WebP => clean_webp(WebP::from_bytes(picture).map_err(|_| NotCleaned)?),
        Format::Other => Err(NotCleaned),
    }
}

/// The chunks of a PNG that show the picture: pixels, palette, transparency, colour, size of a pixel, animation.
const PNG_CHUNKS: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP",
    b"mDCV", b"cLLI", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

fn clean_png(mut png: Png) -> Result<Bytes, NotCleaned> {
    png.chunks_mut().retain(|chunk| PNG_CHUNKS.contains(&&chunk.kind()));
    let ends = png.chunks().last().is_some_and(|chunk| chunk.kind() == *b"IEND");
    if ends { Ok(png.encoder().bytes()) } else { Err(NotCleaned) }
}

/// The chunks of a WebP that show the picture: pixels, transparency, colour, animation.
const WEBP_CHUNKS: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"];
/// The flags of an extended WebP that say that it has EXIF and XMP.
const WEBP_TELLS: u8 = 0x08 | 0x04;

fn clean_webp(mut webp: WebP) -> Result<Bytes, NotCleaned> {
    webp.chunks_mut().retain(|chunk| WEBP_CHUNKS.contains(&&chunk.id()));
    for chunk in webp.chunks_mut().iter_mut().filter(|chunk| chunk.id() == CHUNK_VP8X) {
        if let RiffContent::Data(data) = chunk.content_mut() {
            let mut flags = data.to_vec();
            if let Some(first) = flags.first_mut() {
                *first &= !WEBP_TELLS;
            }
            *data = flags.into();
        }
    }
    let shows = webp.chunks().iter().any(|chunk| matches!(&chunk.id(), b"VP8 " | b"VP8L" | b"ANMF"));
    if shows { Ok(webp.encoder().bytes()) } else { Err(NotCleaned) }
}

#[cfg(test)]
mod tests;
