//! What the client reads: its own files, and names and texts from elsewhere.

use std::path::Path;

use samverkan_client::recovery::RecoveryKit;
use samverkan_client::text::{Language, Text};
use samverkan_client::{escape, filenames};

pub(super) use samverkan_client::laws::{
    answers, kept_message, keystore, log_copy, outgoing_message, picture, sealed_file, step,
};

/// Whatever a name says, it becomes one harmless component that stays as it is; and text does nothing to a terminal.
pub(super) fn foreign_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let safe = filenames::incoming(&text);
    assert!((1..=200).contains(&safe.len()), "{} bytes", safe.len());
    assert!(!safe.contains(escape::is_dangerous) && !safe.contains(['/', '\\', ':']));
    assert!(!safe.starts_with(['.', '-', ' ']) && !safe.ends_with(['.', ' ']));
    assert_eq!(Path::new(&safe).components().count(), 1);
    assert_eq!(filenames::incoming(&safe), safe, "a safe name is changed again");
    let outgoing = filenames::outgoing(1, &text);
    assert!(outgoing.is_ascii() && outgoing.len() <= "bilaga-1.".len() + 8);
    let line = escape::line(&text);
    assert!(!line.contains(escape::is_dangerous));
    assert_eq!(escape::line(&line), line);
    let block = escape::block(&text);
    assert!(!block.contains(|c| escape::is_dangerous(c) && !matches!(c, '\n' | '\t')));
    assert_eq!(escape::block(&block), block);
}

/// A kit that is read is printed, and read the same.
pub(super) fn recovery_kit(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(kit) = RecoveryKit::parse(text) else { return };
    let printed = kit.render(&Text::of(Language::English));
    let Ok(again) = RecoveryKit::parse(&printed) else { unreachable!("what is printed can be read") };
    assert!(again.handle() == kit.handle() && again.org_id() == kit.org_id());
    assert!(again.seed().expose() == kit.seed().expose());
}
