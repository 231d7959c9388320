//! What kind of picture a file is. Its first bytes say so, whatever it is called.
//!
//! A kind that is not understood here is still known for a picture, so that it is refused and not sent with everything it tells. Files in
//! boxes (ISO/IEC 14496-12) are pictures unless they say that they are film or sound: new brands are mostly telephones' pictures.

/// How many bytes of a file say what it is.
pub(super) const HEAD: usize = 132;

/// What kind of picture a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// A picture of a kind that can not be cleaned here.
    Other,
}

/// How pictures begin that are not understood here: what stands at which offset.
const OTHERS: [(usize, &[u8]); 29] = [
    (0, b"GIF8"),
    // TIFF, and what most cameras build on it; BigTIFF.
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"II+\0"),
    (0, b"MM\0+"),
    // What some cameras make: Canon, Olympus, Panasonic, Fujifilm, Minolta, Sigma.
    (0, b"II\x1a\0\0\0HEAPCCDR"),
    (0, b"IIRO"),
    (0, b"IIRS"),
    (0, b"MMOR"),
    (0, b"IIU\0"),
    (0, b"FUJIFILM"),
    (0, b"\0MRM"),
    (0, b"FOVb"),
    // JPEG XL, JPEG 2000, JPEG XR; each as a file and bare where there is one.
    (0, b"\0\0\0\x0cJXL "),
    (0, b"\xff\x0a"),
    (0, b"\0\0\0\x0cjP  "),
    (0, b"\xff\x4f\xff\x51"),
    (0, b"II\xbc\x01"),
    // What programs for pictures make: Photoshop, GIMP, OpenEXR, DjVu, drawings.
    (0, b"8BPS"),
    (0, b"gimp xcf"),
    (0, b"v/1\x01"),
    (0, b"AT&TFORM"),
    (0, b"<svg"),
    // Relatives of PNG, icons.
    (0, b"\x8aMNG"),
    (0, b"\x8bJNG"),
    (0, b"\0\0\x01\0"),
    (0, b"\0\0\x02\0"),
    // Pictures of the inside of a person, with the person's name.
    (128, b"DICM"),
    // Other pictures in RIFF than WebP.
    (8, b"RDIB"),
];

/// How the brands of film and sound begin.
const FILM_AND_SOUND: [&[u8]; 22] = [
    b"isom", b"iso", b"mp4", b"mp7", b"avc", b"M4A", b"M4B", b"M4P", b"M4V", b"qt", b"3g", b"dash", b"mmp4",
    b"MSNV", b"F4", b"f4", b"XAVC", b"NDS", b"dvh", b"av01", b"hev1", b"hvc1",
];

/// What kind of picture begins so, if it is one.
#[must_use]
pub fn format_of(head: &[u8]) -> Option<Format> {
    if head.starts_with(b"\xff\xd8\xff") {
        Some(Format::Jpeg)
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else if is_other(head) {
        Some(Format::Other)
    } else {
        None
    }
}

fn is_other(head: &[u8]) -> bool {
    let begins = |(at, magic): &(usize, &[u8])| head.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    OTHERS.iter().any(begins) || is_bmp(head) || is_boxed(head)
}

/// Two letters alone would be found in texts; the reserved bytes after the length are zero.
fn is_bmp(head: &[u8]) -> bool {
    head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4])
}

fn is_boxed(head: &[u8]) -> bool {
    let brand = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp"));
    brand.is_some_and(|brand| !FILM_AND_SOUND.iter().any(|film| brand.starts_with(film)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_first_bytes() {
        let dicom = [&[0; 128][..], b"DICM"].concat();
        for (head, format) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01"[..], Some(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x0d", Some(Format::Png)),
            (b"RIFF\x10\0\0\0WEBP", Some(Format::WebP)),
            (b"GIF89a", Some(Format::Other)),
            (b"\0\0\0\x18ftypheic", Some(Format::Other)),
            (b"\0\0\0\x18ftypavif", Some(Format::Other)),
            (b"\0\0\0\x18ftypcrx ", Some(Format::Other)),
            (b"\0\0\0\x18ftypnew1", Some(Format::Other)),
            (b"II*\0\x08\0\0\0", Some(Format::Other)),
            (b"MM\0*\0\0\0\x08", Some(Format::Other)),
            (b"II+\0\x08\0\0\0", Some(Format::Other)),
            (b"\xff\x0a\x00", Some(Format::Other)),
            (b"\0\0\0\x0cJXL \r\n\x87\n", Some(Format::Other)),
            (b"\0\0\0\x0cjP  \r\n\x87\n", Some(Format::Other)),
            (b"8BPS\0\x01", Some(Format::Other)),
            (b"BM\x10\0\0\0\0\0\0\0", Some(Format::Other)),
            (&dicom, Some(Format::Other)),
        ] {
            assert_eq!(format_of(head), format, "{head:?}");
        }
    }

    #[test]
    fn what_is_no_picture_is_left_alone() {
        for head in [
            &b"RIFF\x10\0\0\0WAVE"[..],
            b"\0\0\0\x18ftypmp42",
            b"\0\0\0\x18ftypisom",
            b"\0\0\0\x18ftypM4A ",
            b"\0\0\0\x14ftypqt  ",
            b"\0\0\0\x18ftyp3gp5",
            b"%PDF-1.7",
            b"PK\x03\x04",
            b"BMX, cyklar och annat",
            b"II. Det andra kapitlet",
            b"\xff\xd8",
            b"",
        ] {
            assert_eq!(format_of(head), None, "{head:?}");
        }
    }
}
