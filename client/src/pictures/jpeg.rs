//! A JPEG with the segments alone that decide how its pixels are read: frames, scans, tables, and of applications' segments the colour
//! profile and how colours are encoded.
//!
//! The library reads the segments before the first scan; what follows it is walked here, since a segment may stand between two scans, and
//! a second picture with all its metadata behind the first.

use bytes::Bytes;
use img_parts::ImageEXIF as _;
use img_parts::jpeg::markers::{
    APP0, APP2, APP14, DHP, DNL, DQT, DRI, EOI, EXP, JPG, RST0, RST7, SOF0, SOF15, SOI, SOS,
};
use img_parts::jpeg::{Jpeg, JpegSegment};

use super::NotCleaned;

/// A JFIF segment without a thumbnail, which may show what was cut away.
const JFIF_LEN: usize = 14;
/// An Adobe segment: its version, flags, and how colours are encoded.
const ADOBE_LEN: usize = 12;
/// The frame of a JPEG-LS (ITU-T T.87).
const SOF55: u8 = 0xf7;
/// The parameters of a JPEG-LS.
const LSE: u8 = 0xf8;
/// SOI, before the first segment.
const SOI_LEN: usize = 2;

pub(super) fn clean(mut jpeg: Jpeg) -> Result<Bytes, NotCleaned> {
    let orientation = jpeg.exif().and_then(|exif| orientation(&exif));
    let segments = jpeg.segments_mut();
    segments.retain(is_needed);
    for segment in segments.iter_mut() {
        match segment.marker() {
            APP0 => *segment = without_thumbnail(segment),
            APP14 => *segment = cut(segment, ADOBE_LEN),
            _ => {}
        }
    }
    if let Some(orientation) = orientation {
        jpeg.set_exif(Some(exif_of(orientation)));
    }
    let head = SOI_LEN + jpeg.segments().iter().map(JpegSegment::len).sum::<usize>();
    let whole = jpeg.encoder().bytes();
    let (head, scans) = whole.split_at_checked(head).ok_or(NotCleaned)?;
    let scans = clean_scans(scans).ok_or(NotCleaned)?;
    Ok([head, &scans].concat().into())
}

/// Whether a segment decides how pixels are read.
fn is_needed(segment: &JpegSegment) -> bool {
    let content = segment.contents();
    match segment.marker() {
        APP0 => content.starts_with(b"JFIF\0") && content.len() >= JFIF_LEN,
        APP2 => content.starts_with(b"ICC_PROFILE\0"),
        APP14 => content.starts_with(b"Adobe") && content.len() >= ADOBE_LEN,
        marker => is_of_picture(marker),
    }
}

/// Whether segments with this marker are the picture itself: frames, scans and tables (ITU-T T.81 table B.1), with those of JPEG-LS.
fn is_of_picture(marker: u8) -> bool {
    let frame_or_table = (SOF0..=SOF15).contains(&marker) && marker != JPG;
    frame_or_table || matches!(marker, SOS | DQT | DNL | DRI | DHP | EXP | SOF55 | LSE)
}

fn cut(segment: &JpegSegment, len: usize) -> JpegSegment {
    JpegSegment::new_with_contents(segment.marker(), segment.contents().slice(..len))
}

fn without_thumbnail(jfif: &JpegSegment) -> JpegSegment {
    let mut content = jfif.contents().to_vec();
    content.truncate(JFIF_LEN - 2);
    // Width and height of the thumbnail.
    content.extend([0, 0]);
    JpegSegment::new_with_contents(APP0, content.into())
}

/// From the first scan's data to the end of the picture, without what stands between scans and what follows.
fn clean_scans(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(rest.len());
    loop {
        let at = rest.windows(2).position(|pair| pair[0] == 0xff && ends_data(pair[1]))?;
        let (data, from_marker) = rest.split_at(at);
        // Fill bytes before a marker would make one of whatever comes to stand behind them.
        let fill = data.iter().rev().take_while(|byte| **byte == 0xff).count();
        kept.extend(&data[..data.len() - fill]);
        let marker = *from_marker.get(1)?;
        if marker == EOI {
            kept.extend([0xff, EOI]);
            return Some(kept);
        }
        // A marker without a length, or the beginning of another picture: nobody knows where this one ends.
        if marker < SOF0 || marker == SOI {
            return None;
        }
        let len = usize::from(u16::from_be_bytes(from_marker.get(2..4)?.try_into().ok()?));
        let (segment, after) = from_marker.split_at_checked(2 + len).filter(|_| len >= 2)?;
        if is_of_picture(marker) {
            kept.extend(segment);
        }
        rest = after;
    }
}

/// Whether the byte after 0xff is a marker that ends a scan's data: not a stuffed zero, a restart, or fill.
fn ends_data(marker: u8) -> bool {
    !(marker == 0 || marker == 0xff || (RST0..=RST7).contains(&marker))
}

/// The EXIF tag that says how the picture is turned.
const ORIENTATION: u16 = 0x0112;

/// How a picture is turned: 2 to 8; nothing when it is upright or not said.
fn orientation(exif: &[u8]) -> Option<u16> {
    let little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes: [u8; 2] = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let bytes: [u8; 4] = exif.get(4..8)?.try_into().ok()?;
    let first = if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
    let first = usize::try_from(first).ok()?;
    let entries = usize::from(u16_at(first)?);
    let entry = |number: usize| first.checked_add(2 + 12 * number);
    let tagged = (0..entries).filter_map(entry).find(|at| u16_at(*at) == Some(ORIENTATION))?;
    u16_at(tagged.checked_add(8)?).filter(|turned| (2..=8).contains(turned))
}

/// EXIF that says how a picture is turned, and nothing else.
fn exif_of(orientation: u16) -> Bytes {
    let [tag, turned] = [ORIENTATION, orientation].map(u16::to_le_bytes);
    let head = b"II*\0\x08\0\0\0\x01\0";
    // Of type SHORT, one of it; no further directory.
    [&head[..], &tag, b"\x03\0\x01\0\0\0", &turned, b"\0\0", b"\0\0\0\0"].concat().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_orientation_is_read_in_both_byte_orders_and_written() {
        for turned in 2..=8 {
            assert_eq!(orientation(&exif_of(turned)), Some(turned));
        }
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        assert_eq!(orientation(big), Some(6));
        assert_eq!(orientation(&exif_of(1)), None, "upright");
        assert_eq!(orientation(&exif_of(9)), None);
    }

    #[test]
    fn segments_between_scans_and_pictures_behind_the_first_go() {
        let table = b"\xff\xc4\x00\x04\xff\xd9";
        let scan = b"\xff\xda\x00\x02data\xff\x00\xff\xd3more";
        let rest =
            [&b"first"[..], b"\xff\xfe\x00\x05who", table, scan, b"\xff\xd9", b"\xff\xd8second"].concat();
        let kept = clean_scans(&rest).expect("whole");
        assert_eq!(kept, [&b"first"[..], table, scan, b"\xff\xd9"].concat());
        let smuggled = b"x\xff\xff\xfe\x00\x02\xe1\x00\x05who\xff\xd9";
        assert_eq!(clean_scans(smuggled).expect("whole"), b"x\xe1\x00\x05who\xff\xd9", "no segment arises");
        let unheard = b"x\xff\xf0\x00\x05whoy\xff\xc8\x00\x05who\xff\xd9";
        assert_eq!(clean_scans(unheard).expect("whole"), b"xy\xff\xd9", "what nobody has heard of goes too");
        for stray in [&b"x\xff\x01\xff\xd9"[..], b"x\xff\xd8\xff\xd9"] {
            assert_eq!(clean_scans(stray), None, "{stray:?}");
        }
        assert_eq!(clean_scans(b"no end"), None);
        assert_eq!(clean_scans(b"\xff\xe1\x00\x01\xff\xd9"), None, "a length that counts not even itself");
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            // Whatever they are, it ends.
            let _ = (orientation(&bytes), clean_scans(&bytes));
        }
    }
}
