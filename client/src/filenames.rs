//! Names of attachments: what comes in is made harmless, what goes out is made neutral.
//!
//! A name from elsewhere may try to leave the folder, hide its ending, start an option, or be one that Windows
//! treats as a device. [`incoming`] leaves a plain name in one folder; [`outgoing`] names a file by its number.

use crate::escape;

/// The longest name that is made, in bytes: file systems allow 255, and a temporary name needs room for more.
const MAX_NAME_BYTES: usize = 200;
/// The longest ending that is kept when a name is shortened, in bytes.
const MAX_KEPT_ENDING: usize = 16;
/// What a file is called when nothing of its name can be used.
const NAMELESS: &str = "bilaga";
/// Characters that a path, a shell or a Windows file system gives a meaning.
const SPECIAL: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// A safe name for an attachment that came in as `name`: never empty, one path component, at most 200 bytes, no
/// control or reordering characters, no leading dot or dash, no name that Windows reserves.
///
/// Applying it twice changes nothing.
#[must_use]
pub fn incoming(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !trim(part).is_empty()).unwrap_or_default();
    let replace = |c: char| if escape::is_dangerous(c) || SPECIAL.contains(&c) { '_' } else { c };
    let cleaned: String = trim(last).chars().map(replace).collect();
    let mut safe = shorten(trim(&cleaned));
    if is_reserved(&safe) {
        // The mark counts, too. Shortening takes nothing off the front.
        safe = shorten(&format!("_{safe}"));
    }
    if safe.is_empty() { NAMELESS.to_owned() } else { safe }
}

/// The neutral name of the `number`-th attachment that goes out, counted from 1: `bilaga-1.pdf`.
///
/// Of the original name only an ending of 1 to 8 ASCII letters and digits is kept, in lower case; else it is `.bin`.
#[must_use]
pub fn outgoing(number: usize, original: &str) -> String {
    let ending = original.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain = (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ending = if plain { ending.to_ascii_lowercase() } else { "bin".to_owned() };
    format!("{NAMELESS}-{number}.{ending}")
}

/// Leading dots hide a file, leading dashes start an option, trailing dots and blanks vanish on Windows.
fn trim(name: &str) -> &str {
    let name = name.trim_start_matches(|c: char| c == '.' || c == '-' || c.is_whitespace());
    name.trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Cuts in the middle, so that a short ending survives.
fn shorten(name: &str) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() <= MAX_KEPT_ENDING { ending } else { "" };
    let keep = name.floor_char_boundary(MAX_NAME_BYTES - ending.len());
    format!("{}{ending}", trim(&name[..keep]))
}

/// Whether Windows takes the name for a device, whatever its ending (Microsoft, "Naming Files, Paths, and
/// Namespaces").
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |device: &str| {
        let number = stem.strip_prefix(device).unwrap_or_default();
        matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_can_not_leave_its_folder() {
        assert_eq!(incoming("../../.ssh/authorized_keys"), "authorized_keys");
        assert_eq!(incoming("/etc/passwd"), "passwd");
        assert_eq!(incoming("C:\\Windows\\system32\\cmd.exe"), "cmd.exe");
        assert_eq!(incoming("a/.."), "a");
        assert_eq!(incoming("folder/"), "folder");
    }

    #[test]
    fn nothing_usable_gives_a_plain_name() {
        for name in ["", ".", "..", "/", "...", " ", "--", "\\", "./."] {
            assert_eq!(incoming(name), "bilaga", "{name:?}");
        }
    }

    #[test]
    fn tricks_with_characters_are_undone() {
        assert_eq!(incoming("rapport\u{202e}fdp.exe"), "rapport_fdp.exe");
        assert_eq!(incoming("a\0b\nc.txt"), "a_b_c.txt");
        assert_eq!(incoming("\x1b[2Jx.pdf"), "_[2Jx.pdf");
        assert_eq!(incoming("-rf.txt"), "rf.txt");
        assert_eq!(incoming(".bashrc"), "bashrc");
        assert_eq!(incoming("a:b?.pdf. . "), "a_b_.pdf");
    }

    #[test]
    fn names_that_windows_reserves_are_marked() {
        for name in ["CON", "nul.txt", "Com1", "LPT9.tar.gz", "aux .pdf", "COM¹", "conin$"] {
            assert_eq!(incoming(name), format!("_{name}"));
        }
        let long = incoming(&format!("CON.{}", "x".repeat(196)));
        assert!(long.starts_with("_CON.x") && long.len() == MAX_NAME_BYTES && incoming(&long) == long);
        for name in ["console.txt", "COM10", "lpt.txt", "NULL"] {
            assert_eq!(incoming(name), name);
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let safe = incoming(&format!("{}.pdf", "å".repeat(300)));
        assert!(safe.len() <= MAX_NAME_BYTES && safe.ends_with("å.pdf"), "{safe}");
        let safe = incoming(&format!("x.{}", "y".repeat(300)));
        assert_eq!(safe.len(), MAX_NAME_BYTES);
    }

    #[test]
    fn outgoing_names_say_nothing() {
        assert_eq!(outgoing(1, "Exempel Exempelsson 1912-12-12.PDF"), "bilaga-1.pdf");
        assert_eq!(outgoing(2, "foto.jpeg"), "bilaga-2.jpeg");
        for original in ["README", "x.", "x.exempelsson", "x.p df", "x.åäö"] {
            assert_eq!(outgoing(3, original), "bilaga-3.bin", "{original:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_harmless_component(name in "(?s).{0,400}") {
            let safe = incoming(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= MAX_NAME_BYTES);
            prop_assert!(!safe.contains(escape::is_dangerous) && !safe.contains(SPECIAL));
            prop_assert!(!safe.starts_with(['.', '-', ' ']) && !safe.ends_with(['.', ' ']));
            prop_assert!(!is_reserved(&safe));
            prop_assert_eq!(std::path::Path::new(&safe).components().count(), 1);
            prop_assert_eq!(incoming(&safe), safe);
        }
    }
}
