use img_parts::jpeg::{JpegSegment, markers};
use img_parts::png::PngChunk;
use img_parts::riff::RiffChunk;
use proptest::prelude::*;

use super::*;

/// What no picture may tell.
const TELLTALE: &[u8] = b"59.8586N 17.6389E Exempel Exempelsson";

fn tells(picture: &[u8]) -> bool {
    picture.windows(TELLTALE.len()).any(|window| window == TELLTALE)
}

fn told(prefix: &[u8]) -> Bytes {
    [prefix, TELLTALE].concat().into()
}

/// A JPEG with these segments before its tables, a scan, and whatever follows it.
fn jpeg_with(segments: &[(u8, Bytes)], behind: &[u8]) -> Bytes {
    let mut whole = b"\xff\xd8".to_vec();
    let table = (markers::DQT, Bytes::from_static(&[0; 65]));
    for (marker, content) in segments.iter().chain([&table]) {
        whole.extend(JpegSegment::new_with_contents(*marker, content.clone()).encoder().bytes());
    }
    whole.extend(b"\xff\xda\x00\x02pixels\xff\xd9");
    [&whole[..], behind].concat().into()
}

fn jfif(thumbnail: &[u8]) -> Bytes {
    let side = u8::from(!thumbnail.is_empty());
    [&b"JFIF\0\x01\x02\0\0\x01\0\x01"[..], &[side, side], thumbnail].concat().into()
}

#[test]
fn a_jpeg_keeps_its_pixels_its_colours_and_which_side_is_up() {
    let turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let telling = jpeg_with(
        &[
            (markers::APP0, jfif(TELLTALE)),
            (markers::APP0, told(b"JFXX\0")),
            (markers::APP1, told(turned)),
            (markers::APP1, told(b"http://ns.adobe.com/xap/1.0/\0")),
            (markers::APP2, told(b"MPF\0")),
            (markers::APP2, Bytes::from_static(b"ICC_PROFILE\0\x01\x01colours")),
            (markers::APP13, told(b"Photoshop 3.0\0")),
            (markers::APP14, told(b"Adobe\0\x64\0\0\0\0\x01")),
            (markers::COM, told(b"")),
            (markers::JPG0, told(b"")),
            (markers::JPG, told(b"")),
        ],
        TELLTALE,
    );
    let quiet = jpeg_with(
        &[
            (markers::APP0, jfif(b"")),
            (markers::APP1, Bytes::from_static(turned)),
            (markers::APP2, Bytes::from_static(b"ICC_PROFILE\0\x01\x01colours")),
            (markers::APP14, Bytes::from_static(b"Adobe\0\x64\0\0\0\0\x01")),
        ],
        b"",
    );
    assert_eq!(clean(Format::Jpeg, telling), Ok(quiet.clone()));
    assert_eq!(clean(Format::Jpeg, quiet.clone()), Ok(quiet), "nothing is left to take away");
}

#[test]
fn a_png_keeps_what_shows_the_picture() {
    let chunk = |kind: &[u8; 4], content: Bytes| PngChunk::new(*kind, content).encoder().bytes();
    let of = |chunks: &[(&[u8; 4], Bytes)]| -> Bytes {
        let chunks: Vec<Bytes> = chunks.iter().map(|(kind, content)| chunk(kind, content.clone())).collect();
        [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat().into()
    };
    let shown = [(b"IHDR", Bytes::from_static(&[0; 13])), (b"gAMA", Bytes::from_static(&[0; 4]))];
    let end = [(b"IDAT", Bytes::from_static(b"pixels")), (b"IEND", Bytes::new())];
    let kinds = [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"prVt"];
    let telling: Vec<_> = kinds.into_iter().map(|kind| (kind, told(b""))).collect();
    let whole = of(&[&shown[..], &telling, &end].concat());
    let behind: Bytes = [&whole[..], TELLTALE].concat().into();
    let quiet = of(&[&shown[..], &end].concat());
    assert_eq!(clean(Format::Png, whole), Ok(quiet.clone()));
    assert_eq!(clean(Format::Png, behind), Ok(quiet));
    assert_eq!(clean(Format::Png, of(&shown)), Err(NotCleaned), "it has no end");
}

#[test]
fn a_webp_keeps_what_shows_the_picture_and_says_so() {
    let chunk = |id: &[u8; 4], data: Bytes| RiffChunk::new(*id, RiffContent::Data(data));
    let of = |subchunks: Vec<RiffChunk>| {
        let content = RiffContent::List { kind: Some(*b"WEBP"), subchunks };
        RiffChunk::new(*b"RIFF", content).encoder().bytes()
    };
    let head = |flags: u8| chunk(b"VP8X", vec![flags, 0, 0, 0, 1, 0, 0, 1, 0, 0].into());
    let pixels = || chunk(b"VP8 ", Bytes::from_static(b"pixels"));
    let telling = of(vec![
        head(0x2c),
        chunk(b"ICCP", Bytes::from_static(b"colours!")),
        pixels(),
        chunk(b"EXIF", told(b"")),
        chunk(b"XMP ", told(b"")),
        chunk(b"own ", told(b"")),
    ]);
    let quiet = of(vec![head(0x20), chunk(b"ICCP", Bytes::from_static(b"colours!")), pixels()]);
    assert_eq!(clean(Format::WebP, telling), Ok(quiet));
    assert_eq!(clean(Format::WebP, of(vec![head(0)])), Err(NotCleaned), "it shows nothing");
}

#[test]
fn what_is_not_understood_or_too_large_is_not_cleaned() {
    assert_eq!(clean(Format::Other, Bytes::from_static(b"II*\0")), Err(NotCleaned));
    let large = vec![0; usize::try_from(MAX_PICTURE).expect("fits") + 1];
    assert_eq!(clean(Format::Jpeg, large.into()), Err(NotCleaned));
    let whole = jpeg_with(&[(markers::APP1, told(b"Exif\0\0"))], b"");
    for len in 0..whole.len() - 1 {
        assert_eq!(clean(Format::Jpeg, whole.slice(..len)), Err(NotCleaned), "cut at {len}");
    }
}

proptest! {
    #[test]
    fn no_picture_makes_cleaning_panic_or_tell(
        cut in any::<prop::sample::Index>(), byte: u8, behind in prop::collection::vec(any::<u8>(), 0..64)
    ) {
        let mut picture = jpeg_with(&[(markers::APP1, told(b"Exif\0\0"))], &behind).to_vec();
        let at = cut.index(picture.len());
        picture[at] = byte;
        for format in [Format::Jpeg, Format::Png, Format::WebP] {
            // A byte that is changed may make of metadata something else; it ends, and a whole picture stays one.
            let _ = clean(format, picture.clone().into());
        }
        laws::picture(&picture);
        let whole = jpeg_with(&[(markers::APP1, told(b"Exif\0\0"))], &behind);
        prop_assert!(!tells(&clean(Format::Jpeg, whole).expect("a picture")));
    }
}
