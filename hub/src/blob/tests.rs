use std::time::{Duration, SystemTime};

use samverkan_proto::ids::{BlobId, OrgId, sha256};

use super::*;
use crate::disk::SystemDisk;
use crate::disk::faulty::FaultyDisk;
use crate::limits::MAX_STAGED_PER_ORG;

const SEGMENT_SEALED: usize = SEGMENT + TAG_LEN;

struct Fixture {
    files: BlobFiles,
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    key: BlobKey,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes: Vec<u8> = (0..BLOB_HEADER + 2 * SEGMENT_SEALED + 100).map(|n| (n % 251) as u8).collect();
    let key =
        BlobKey { org: OrgId::parse(&[1; 16]).expect("not zero"), id: BlobId::of_digest(sha256(&bytes)) };
    Fixture { files: open(folder.path(), 0).expect("folders"), folder, bytes, key }
}

fn open(folder: &Path, kept_free: u64) -> io::Result<BlobFiles> {
    BlobFiles::open(Arc::new(SystemDisk), folder, kept_free)
}

fn begin(files: &BlobFiles, key: BlobKey, len: u64, room: u64) -> Result<Option<Upload>, BlobError> {
    begin_at(files, key, len, 0, room)
}

fn begin_at(
    files: &BlobFiles,
    key: BlobKey,
    len: u64,
    offset: u64,
    room: u64,
) -> Result<Option<Upload>, BlobError> {
    Ok(match files.upload(key, len, offset, room)? {
        Begun::Upload(upload) => Some(*upload),
        Begun::Complete(_) => None,
    })
}

impl Fixture {
    fn begin(&self, offset: u64) -> Result<Option<Upload>, BlobError> {
        begin_at(&self.files, self.key, self.bytes.len() as u64, offset, u64::MAX)
    }

    /// Another attachment of the same organisation.
    fn other(&self, n: u32) -> BlobKey {
        BlobKey { id: BlobId::of_digest(sha256(&n.to_be_bytes())), ..self.key }
    }

    fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>, BlobError> {
        let mut reader = self.files.read(&self.key, offset, len)?;
        let mut all = Vec::new();
        while let Some(frame) = reader.frame()? {
            all.extend_from_slice(&frame);
        }
        Ok(all)
    }
}

#[test]
fn an_upload_that_was_cut_goes_on_at_the_segment_boundary() {
    let f = fixture();
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.write(&f.bytes[..BLOB_HEADER + SEGMENT_SEALED + 7]).expect("room");
    drop(upload);
    let held = f.files.held(&f.key).expect("readable");
    let boundary = (BLOB_HEADER + SEGMENT_SEALED) as u64;
    assert_eq!(held, Held { offset: boundary, complete: false });
    let mut upload = f.begin(boundary).expect("goes on").expect("is not complete");
    upload.write(&f.bytes[BLOB_HEADER + SEGMENT_SEALED..]).expect("room");
    upload.finish().expect("the digest is right");
    assert_eq!(
        f.files.held(&f.key).expect("readable"),
        Held { offset: f.bytes.len() as u64, complete: true }
    );
    assert_eq!(f.read(0, 0).expect("served"), f.bytes);
    assert_eq!(f.read(5, 9).expect("served"), f.bytes[5..14]);
    assert!(f.begin(0).expect("known").is_none(), "a complete attachment is not taken twice");
    assert_eq!(f.files.list().expect("readable"), [f.key]);
}

#[test]
fn other_bytes_are_thrown_away() {
    let f = fixture();
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    let mut wrong = f.bytes.clone();
    wrong[500] ^= 1;
    upload.write(&wrong).expect("room");
    assert!(matches!(upload.finish(), Err(BlobError::Digest)));
    assert_eq!(f.files.held(&f.key).expect("readable"), Held { offset: 0, complete: false });
    assert!(matches!(f.read(0, 0), Err(BlobError::Unknown)));
}

#[test]
fn offsets_and_lengths_are_checked() {
    let f = fixture();
    for offset in [1, BLOB_HEADER as u64, u64::MAX] {
        assert!(matches!(f.begin(offset), Err(BlobError::Offset)), "{offset}");
    }
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.write(&f.bytes).expect("room");
    assert!(matches!(upload.write(b"x"), Err(BlobError::Length)));
    assert_eq!(upload.offset(), f.bytes.len() as u64);
    upload.finish().expect("the digest is right");
    let len = f.bytes.len() as u64;
    for (offset, len) in [(len + 1, 0), (0, len + 1), (u64::MAX, u64::MAX), (1, u64::MAX)] {
        assert!(matches!(f.read(offset, len), Err(BlobError::Offset)));
    }
    assert!(f.read(len, 0).expect("an empty rest").is_empty());
}

#[test]
fn two_uploads_of_one_attachment_do_not_mix() {
    let f = fixture();
    let first = f.begin(0).expect("begins");
    assert!(matches!(f.begin(0), Err(BlobError::InProgress)));
    drop(first);
    assert!(f.begin(0).is_ok());
}

#[test]
fn a_short_upload_is_not_an_attachment() {
    let f = fixture();
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.write(&f.bytes[..10]).expect("room");
    assert!(matches!(upload.finish(), Err(BlobError::Length)));
    assert!(!f.files.held(&f.key).expect("readable").complete);
}

#[test]
fn abandoned_uploads_are_removed_and_running_ones_are_not() {
    let f = fixture();
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.write(&f.bytes[..BLOB_HEADER]).expect("room");
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    let day = Duration::from_secs(86_400);
    assert_eq!(f.files.remove_abandoned(later, day).expect("swept"), 0);
    drop(upload);
    assert_eq!(f.files.remove_abandoned(SystemTime::UNIX_EPOCH, day).expect("swept"), 0);
    assert_eq!(f.files.remove_abandoned(later, day).expect("swept"), 1);
    f.files.remove(&f.key).expect("removing what is not there is fine");
    assert_eq!(fs::read_dir(f.folder.path().join("uploads")).expect("readable").count(), 0);
}

#[test]
fn an_upload_whose_sync_failed_begins_anew() {
    let f = fixture();
    let disk = Arc::new(FaultyDisk::default());
    let files = BlobFiles::open(disk.clone(), f.folder.path(), 0).expect("folders");
    let len = f.bytes.len() as u64;
    let mut upload = begin(&files, f.key, len, u64::MAX).expect("begins").expect("is not complete");
    upload.write(&f.bytes).expect("room");
    disk.fail_at(1, rustix::io::Errno::IO);
    assert!(matches!(upload.finish(), Err(BlobError::Io(_))));
    assert!(disk.sync_failed());
    // Going on at the end would sync pages that the kernel calls clean, and may not have written.
    assert_eq!(files.held(&f.key).expect("readable"), Held { offset: 0, complete: false });
    let mut upload = begin(&files, f.key, len, u64::MAX).expect("begins").expect("is not complete");
    upload.write(&f.bytes).expect("room");
    upload.finish().expect("the disk is well again");
    assert_eq!(f.read(0, 0).expect("served"), f.bytes);
}

#[test]
fn a_damaged_attachment_is_never_served_to_its_end_and_is_counted_once() {
    let f = fixture();
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.write(&f.bytes).expect("room");
    upload.finish().expect("the digest is right");
    let path = f.files.complete_path(&f.key);
    for spoilt in [f.bytes[..f.bytes.len() - 1].to_vec(), [&[!f.bytes[0]], &f.bytes[1..]].concat()] {
        fs::write(&path, spoilt).expect("it is spoilt");
        assert!(matches!(f.read(0, 0), Err(BlobError::Damaged)));
        assert_eq!(f.files.damages(), 1);
    }
    fs::write(&path, &f.bytes).expect("it is restored");
    assert_eq!(f.read(0, 0).expect("served"), f.bytes);
}

#[test]
fn what_is_staged_counts_against_the_organisations_share() {
    let f = fixture();
    let (len, room) = (f.bytes.len() as u64, f.bytes.len() as u64 + 100);
    let mut running = begin(&f.files, f.key, len, room).expect("there is room").expect("is not complete");
    let beside = |files: &BlobFiles, len| begin(files, f.other(1), len, room).map(|_| ());
    assert!(matches!(beside(&f.files, 101), Err(BlobError::Share)), "all that was announced is set aside");
    let stranger = BlobKey { org: OrgId::parse(&[2; 16]).expect("not zero"), ..f.key };
    assert!(begin(&f.files, stranger, room, room).is_ok(), "the share is each organisation's own");
    running.write(&f.bytes[..BLOB_HEADER + 300]).expect("room");
    drop(running);
    let written = BLOB_HEADER as u64 + 300;
    for files in [f.files.clone(), open(f.folder.path(), 0).expect("folders")] {
        // An interrupted upload holds what it has written, also after a restart.
        assert!(matches!(beside(&files, room - written + 1), Err(BlobError::Share)));
        beside(&files, room - written).expect("there is room");
        // It can itself be gone on with.
        assert!(begin(&files, f.key, len, room).is_ok_and(|begun| begun.is_some()));
    }
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    f.files.remove_abandoned(later, Duration::ZERO).expect("swept");
    beside(&f.files, room).expect("everything is free again");
}

#[test]
fn a_complete_attachment_holds_its_share_until_it_is_taken_note_of() {
    let f = fixture();
    let len = f.bytes.len() as u64;
    let mut upload = begin(&f.files, f.key, len, len).expect("there is room").expect("is not complete");
    upload.write(&f.bytes).expect("room");
    let slot = upload.finish().expect("the digest is right");
    assert!(matches!(begin(&f.files, f.other(1), 1, len), Err(BlobError::Share)));
    drop(slot);
    assert!(begin(&f.files, f.other(1), len, len).is_ok());
}

#[test]
fn an_organisation_stages_so_many_attachments_and_no_more() {
    let f = fixture();
    for n in 0..MAX_STAGED_PER_ORG as u32 {
        drop(begin(&f.files, f.other(n), 100, u64::MAX).expect("there is room"));
    }
    assert!(matches!(f.begin(0), Err(BlobError::Share)), "even though they are empty");
    drop(begin(&f.files, f.other(0), 100, u64::MAX).expect("one of them goes on"));
}

#[test]
fn uploads_leave_some_of_the_disk_free() {
    let f = fixture();
    let free = f.files.free_bytes().expect("the disk says");
    let files = open(f.folder.path(), free.saturating_mul(2)).expect("folders");
    assert!(matches!(begin(&files, f.key, 100, u64::MAX), Err(BlobError::NoSpace)));
    let mut upload = f.begin(0).expect("begins").expect("is not complete");
    upload.leave_free(free.saturating_mul(2));
    assert!(matches!(upload.write(&f.bytes[..10]), Err(BlobError::NoSpace)), "also on the way");
}
