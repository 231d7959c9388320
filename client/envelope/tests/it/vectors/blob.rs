//! Kinds `blob_seal` and `blob`: attachments.

use super::{array_of, bytes_of, list_of, number_of, of_kind, read, text_of};
use samverkan_envelope::blob::{BlobOpener, BlobSealer, BlobSecret};
use samverkan_envelope::body::{Attachment, FileKey};
use samverkan_proto::ids::BlobId;
use samverkan_proto::{InvalidField, padding::is_blob_len};
use serde_json::Value;

/// The file of every vector: byte i is i mod 251.
fn file(len: u64) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn sealing_a_file_gives_the_bytes_of_the_vectors() {
    for vector in of_kind("blob_seal", 5) {
        let (input, ok, name) = (&vector.input, vector.ok(), &vector.name);
        let secret = BlobSecret {
            file_key: FileKey::from_bytes(array_of(&input["file_key"])),
            salt: array_of(&input["salt"]),
        };
        let data = file(number_of(&input["data_len"]));
        let mut blob = Vec::new();
        let mut sealer = BlobSealer::new(secret, data.len() as u64, &mut blob).expect("small");
        sealer.push(&data, &mut blob).expect("as announced");
        let outline = sealer.finish(&mut blob).expect("as announced");
        assert!(blob == bytes_of(&ok["blob"]), "{name}");
        assert!(is_blob_len(blob.len() as u64), "{name}");
        assert_eq!(outline.blob_id.as_bytes(), &array_of(&ok["blob_id"]), "{name}");
        assert_eq!(outline.plaintext_sha256, array_of(&ok["data_sha256"]), "{name}");
    }
}

#[test]
fn blobs_open_or_fail_as_their_vectors_say() {
    for vector in of_kind("blob", 30) {
        let input = &vector.input;
        let blob: Vec<u8> = list_of(&input["blob"]).iter().flat_map(piece).collect();
        let opened = open(&attachment(input), &blob);
        match vector.fault() {
            None => assert!(
                opened.expect(&vector.name) == file(number_of(&vector.ok()["data_len"])),
                "{}",
                vector.name
            ),
            Some(fault) => {
                assert_eq!(opened.expect_err(&vector.name).fault.name(), fault, "{}", vector.name);
            }
        }
    }
}

/// A piece of a blob: given here, or cut from the blob of a `blob_seal` vector.
fn piece(piece: &Value) -> Vec<u8> {
    if let Some(hex) = piece.get("hex") {
        return bytes_of(hex);
    }
    let (kind, source) = read(text_of(&piece["vector"]));
    assert_eq!(kind, "blob_seal");
    let end = |member: &str| usize::try_from(number_of(&piece[member])).expect("an offset");
    bytes_of(&source.ok()["blob"])[end("from")..end("to")].to_vec()
}

fn attachment(input: &Value) -> Attachment {
    Attachment {
        blob_id: BlobId::parse(&bytes_of(&input["blob_id"])).expect("an id"),
        file_key: FileKey::from_bytes(array_of(&input["file_key"])),
        plaintext_len: number_of(&input["plaintext_len"]),
        plaintext_sha256: array_of(&input["plaintext_sha256"]),
        name: "bilaga.pdf".into(),
        media_type: "application/pdf".into(),
    }
}

fn open(attachment: &Attachment, blob: &[u8]) -> Result<Vec<u8>, InvalidField> {
    let mut opener = BlobOpener::new(attachment);
    let mut data = Vec::new();
    opener.push(blob, &mut data)?;
    opener.finish(&mut data)?;
    Ok(data)
}
