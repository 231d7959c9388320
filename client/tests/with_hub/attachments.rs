//! Attachments over a real hub: whole, under another roof, and gone on with from whatever is left of an earlier try.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use samverkan_client::error::Code;
use samverkan_client::session::model::{Draft, Sent, Stage};

use crate::hub::TestHub;
use crate::member::{Member, Silent, profile_in};
use crate::messages::{referral, two};

/// Bytes of a segment with its tag, and of what precedes the first.
const SEGMENT: usize = 65_552;
const HEADER: usize = 54;

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

/// The one sealed attachment that a client keeps.
fn sealed(member: &Member) -> PathBuf {
    let mut kept =
        std::fs::read_dir(blobs(member)).expect("listed").map(|entry| entry.expect("entry").path());
    let only = kept.next().expect("an attachment");
    assert_eq!(kept.next(), None, "and no other one");
    only
}

fn blobs(member: &Member) -> PathBuf {
    profile_in(member.folder.path()).subfolder("blobs").expect("a folder")
}

fn write_private(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("private");
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_arrive_whole_under_another_roof() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let small = one.folder.path().join("liten.txt");
    let large = one.folder.path().join("stor.pdf");
    std::fs::write(&small, b"x").expect("written");
    let content = content(3_000_000);
    std::fs::write(&large, &content).expect("written");
    let draft = Draft { attachments: vec![small, large], ..referral(&two.mailbox) };
    let sent = one.session.send(draft, &mut Silent).await.expect("sent");
    assert!(sent.accepted);
    two.session.receive(&mut Silent).await.expect("received");
    let thread = two.session.thread(&sent.reference).expect("known");
    let lines = &thread.messages[0].attachments;
    let pdf = lines.iter().find(|line| line.name == "stor.pdf").expect("there");
    assert_eq!((pdf.media_type.as_str(), pdf.len), ("application/pdf", 3_000_000));
    let mut out = Vec::new();
    two.session.attachment(&sent.reference, pdf.number, &mut out, &mut Silent).expect("whole");
    assert!(out == content);
    one.session.receive(&mut Silent).await.expect("received");
    assert_eq!(one.session.track(&sent.reference).expect("known").steps[0].stage, Stage::Delivered);
}

/// What an earlier try may have left: the beginning, damaged anywhere, or something else.
fn leftovers(sealed: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let flipped = |at: usize, len: usize| {
        let mut bytes = sealed[..len].to_vec();
        bytes[at] ^= 1;
        bytes
    };
    vec![
        ("an end within a segment", sealed[..HEADER + 2 * SEGMENT + 77].to_vec()),
        ("a changed header", flipped(30, HEADER + 2 * SEGMENT)),
        ("a changed segment", flipped(HEADER + SEGMENT + 5, HEADER + 3 * SEGMENT + 9)),
        ("a changed end", flipped(sealed.len() - 1, sealed.len())),
        ("more than there is", [sealed, &[0; 100]].concat()),
        ("something else", b"nothing that was ever sealed, as anybody can see at its beginning".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_left_of_an_earlier_try_is_no_damaged_attachment() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let file = one.folder.path().join("bilaga.bin");
    let content = content(5 * SEGMENT);
    std::fs::write(&file, &content).expect("written");
    for index in 0..leftovers(&[0; 10 * SEGMENT]).len() {
        let draft = Draft { attachments: vec![file.clone()], ..referral(&two.mailbox) };
        let sent = one.session.send(draft, &mut Silent).await.expect("sent");
        let sealed = sealed(&one);
        let (case, left) = leftovers(&std::fs::read(&sealed).expect("sealed")).swap_remove(index);
        let partial = blobs(&two).join(sealed.with_extension("part").file_name().expect("a name"));
        write_private(&partial, &left);
        let received = two.session.receive(&mut Silent).await.expect("received");
        assert_eq!((received.threads.len(), received.refused), (1, 0), "{case}");
        let mut out = Vec::new();
        two.session.attachment(&sent.reference, 1, &mut out, &mut Silent).expect("whole");
        assert!(out == content, "{case}");
        assert!(!partial.exists(), "{case}");
        std::fs::remove_file(sealed).expect("makes room for the next");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_attachment_can_not_be_fetched_holds_up_no_other_one() {
    let hub = TestHub::start().await;
    let (mut one, mut two) = two(&hub).await;
    let before = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    let file = one.folder.path().join("bilaga.bin");
    std::fs::write(&file, content(SEGMENT)).expect("written");
    let draft = Draft { attachments: vec![file], ..referral(&two.mailbox) };
    let heavy = one.session.send(draft, &mut Silent).await.expect("sent");
    let after = one.session.send(referral(&two.mailbox), &mut Silent).await.expect("sent");
    // Something is in the way of its attachment, as a full disk could be.
    let partial = blobs(&two).join(sealed(&one).with_extension("part").file_name().expect("a name"));
    std::fs::create_dir(&partial).expect("in the way");
    let told = two.session.receive(&mut Silent).await.expect_err("one message is not here");
    assert_eq!(told.code(), Code::FileUnsafe);
    let here = |member: &Member| {
        let mut references: Vec<_> = member.session.inbox().iter().map(|line| line.reference).collect();
        references.sort_unstable();
        references
    };
    let sorted = |mut references: Vec<_>| {
        references.sort_unstable();
        references
    };
    assert_eq!(here(&two), sorted(vec![before.reference, after.reference]), "what came with it is taken");
    one.session.receive(&mut Silent).await.expect("received");
    let stage = |member: &Member, sent: &Sent| member.session.track(&sent.reference).expect("known").overall;
    assert_eq!(stage(&one, &before), Some(Stage::Delivered), "and acknowledged");
    assert_ne!(stage(&one, &heavy), Some(Stage::Delivered));

    std::fs::remove_dir(&partial).expect("out of the way");
    let received = two.session.receive(&mut Silent).await.expect("the hub kept it");
    assert_eq!(received.threads, [heavy.reference]);
}
