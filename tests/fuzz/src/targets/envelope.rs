//! What is sealed: wraps, content, bodies, consent records, attachments (PROTOCOL.md sections 7, 8, 9 and 12).
//!
//! Bytes that a key protects are fuzzed as the difference from genuine ones: any input is such a difference, and only the empty or
//! all-zero one may open. What a hostile sender can seal, who has the key, is sealed here from the input with ring, not with the
//! code under test.

use std::sync::LazyLock;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use samverkan_envelope::EpochSecret;
use samverkan_envelope::blob::{BlobOpener, BlobOutline, BlobSealer, BlobSecret};
use samverkan_envelope::body::{Body, FileKey, MAX_FIELDS, MAX_TEXT};
use samverkan_envelope::consent::{ConsentRecord, MAX_RECIPIENTS};
use samverkan_envelope::open::{HeldKey, LocalDevice, Received, Unwrapped};
use samverkan_envelope::seal::{Draft, SealRandom, SealedMessage, Target};
use samverkan_envelope::secret::MessageSecret;
use samverkan_proto::Fault;
use samverkan_proto::code::{Kind, LegalBasis, RecipientKind, Urgency};
use samverkan_proto::ids::{MailboxId, MessageId, OrgId, SendId, ThreadId, sha256};
use samverkan_proto::limits::{BODY_PREFIX, DAY_MS, MAX_BLOBS, MAX_BODY, MAX_HANDLES, TAG_LEN};
use samverkan_proto::padding::padded;
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::Recipient;

use crate::cursor::Cursor;

const CREATED_MS: u64 = 20_000 * DAY_MS;
const UUID: [u8; 16] = [0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1];

/// One message from one device to another, and what opens it.
struct Genuine {
    sealed: SealedMessage,
    secret: MessageSecret,
    device: LocalDevice,
    epoch_secret: EpochSecret,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let (sender, reader) = (signer(1), signer(2));
    let [from, to] = [3, 4].map(|byte| OrgId::parse(&[byte; 16]).expect("not zero"));
    let epoch_secret = EpochSecret::from_seed([5; 32]);
    let key = EpochKey::sign(to, Epoch::of(CREATED_MS), &epoch_secret.public_key(), &reader).expect("a key");
    let recipient =
        Recipient { org: to, mailbox: mailbox(6), manifest_serial: 1, kind: RecipientKind::Primary };
    let draft = Draft {
        message_id: MessageId::parse(&UUID).expect("version 4"),
        sender_org: from,
        sender_mailbox: mailbox(7),
        basis: Some(LegalBasis::DutyToReport),
        urgency: Urgency::Routine,
        answer_within_minutes: None,
        created_ms: CREATED_MS,
        expires_ms: CREATED_MS + DAY_MS,
        to: vec![recipient],
        devices: vec![Target { key, boxes: 1 }],
        body: body(),
    };
    let random = SealRandom { cek: [8; 32].into(), encapsulations: vec![[9; 64].into()] };
    let (sealed, secret) = draft.seal(&sender, random).expect("the draft obeys every rule");
    Genuine { sealed, secret, device: LocalDevice { org: to, device: reader.device_id() }, epoch_secret }
});

fn signer(byte: u8) -> Signer {
    Signer::from_seed(&[byte; 32]).expect("any seed is a key")
}

fn mailbox(byte: u8) -> MailboxId {
    MailboxId::parse(&[byte; 16]).expect("not zero")
}

fn body() -> Body {
    Body {
        kind: Kind::Referral,
        send_id: SendId::parse(&UUID).expect("version 4"),
        thread_id: ThreadId::parse(&UUID).expect("version 4"),
        in_reply_to: None,
        form: String::new(),
        fields: Vec::new(),
        subject: "Exempel".to_owned(),
        text: String::new(),
        attachments: Vec::new(),
        consents: Vec::new(),
        checkpoint: Vec::new(),
    }
}

impl Genuine {
    fn open(&self, header: &[u8], wrap: &[u8], content: &[u8]) -> Result<Unwrapped, Fault> {
        let held = HeldKey { secret: &self.epoch_secret, epoch: Epoch::of(CREATED_MS) };
        Received::parse(header, wrap, content)
            .and_then(|received| received.unwrap(self.device, |_| Some(held)))
            .map_err(|refusal| refusal.fault())
    }

    fn wrap(&self) -> &[u8] {
        self.sealed.wrap(0).expect("there is one device")
    }
}

/// `genuine` where `difference` is zero or ends, something else elsewhere; and whether it is something else.
fn differing(genuine: &[u8], difference: &[u8]) -> (Vec<u8>, bool) {
    let difference = difference.iter().take(genuine.len());
    let mut bytes = genuine.to_vec();
    bytes.iter_mut().zip(difference.clone()).for_each(|(byte, other)| *byte ^= other);
    (bytes, difference.clone().any(|byte| *byte != 0))
}

/// Input: the difference from a genuine wrap.
pub(super) fn wrap(input: &[u8]) {
    let genuine = &*GENUINE;
    let (wrap, differs) = differing(genuine.wrap(), input);
    let (header, content) = (genuine.sealed.header().bytes(), genuine.sealed.content());
    assert_eq!(
        genuine.open(header, &wrap, content).is_err(),
        differs,
        "a wrap opens exactly if it is genuine"
    );
    let cut = input.len() % wrap.len();
    assert_eq!(genuine.open(header, &wrap[..cut], content).err(), Some(Fault::BadLength));
}

/// Input: `u8 how | bytes`: the difference from genuine content, or the plaintext of content that is sealed under the right key.
pub(super) fn content(input: &[u8]) {
    let genuine = &*GENUINE;
    let mut input = Cursor::new(input);
    let (header, content) = (genuine.sealed.header().bytes(), genuine.sealed.content());
    if input.u8() & 1 == 0 {
        let (content, differs) = differing(content, input.rest());
        assert_eq!(genuine.open(header, genuine.wrap(), &content).is_err(), differs);
        return;
    }
    let mut plain = input.rest().to_vec();
    plain.resize(content.len() - TAG_LEN, 0);
    let body_len = u64::from(u32::from_be_bytes(*plain.first_chunk().expect("it is padded")));
    let end = body_len + BODY_PREFIX as u64;
    let well_formed = body_len <= MAX_BODY as u64
        && padded(end) == plain.len() as u64
        && plain.iter().skip(end as usize).all(|byte| *byte == 0);
    let hh = genuine.sealed.header().hh();
    let key =
        derive(genuine.secret.message_id().as_bytes(), genuine.secret.expose_cek(), &[b"svk1 content\0", hh]);
    seal(&key, [0; 12], hh, &mut plain);
    let opened = genuine.open(header, genuine.wrap(), &plain);
    assert_eq!(opened.err(), (!well_formed).then_some(Fault::BadPadding));
}

/// HKDF-SHA256 (RFC 5869) to 32 bytes.
fn derive(salt: &[u8], key: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    use ring::hkdf::{HKDF_SHA256, Salt};
    let mut derived = [0; 32];
    Salt::new(HKDF_SHA256, salt)
        .extract(key)
        .expand(info, HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut derived))
        .expect("32 bytes are one hash");
    derived
}

/// Seals in place and appends the tag.
fn seal(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], plain: &mut Vec<u8>) {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).expect("32 bytes"));
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), plain)
        .expect("far below 256 GiB");
}

pub(super) fn body_of(bytes: &[u8]) {
    let first = Body::decode(bytes);
    let Ok(body) = first else { return };
    let encoded = body.encode().expect("a decoded body obeys every rule");
    assert_eq!(encoded.as_slice(), bytes, "what was accepted has another encoding");
    assert!(bytes.len() <= MAX_BODY && body.text.len() <= MAX_TEXT && body.fields.len() <= MAX_FIELDS);
    assert!(body.attachments.len() <= MAX_BLOBS.into() && body.consents.len() <= MAX_HANDLES.into());
    assert!(body.attachments.iter().all(|file| !file.name.contains(['/', '\\', '\0', '\n'])));
    let mut sorted = body.clone();
    sorted.sort();
    assert_eq!(sorted.encode().as_deref().map(Vec::as_slice), Ok(bytes), "its lists were out of order");
}

pub(super) fn consent_record(bytes: &[u8]) {
    let Ok(record) = ConsentRecord::decode(bytes) else { return };
    assert_eq!(record.encode().as_deref(), Ok(bytes), "what was accepted has another encoding");
    assert!((1..=MAX_RECIPIENTS).contains(&record.recipients.len()));
}

/// Input: `u8 how | …`. Either a genuine attachment with changes, or one that a hostile sender sealed.
pub(super) fn blob(input: &[u8]) {
    let mut input = Cursor::new(input);
    if input.u8() & 1 == 0 { changed_blob(input) } else { hostile_blob(input) }
}

const FILE_KEY: [u8; 32] = [7; 32];
const SALT: [u8; 16] = [6; 16];

/// Files around the lengths that matter: nothing, a little, one segment to the byte, one byte more.
const FILES: [usize; 4] = [0, 5, 65_528, 65_529];

struct File {
    data: Vec<u8>,
    sealed: Vec<u8>,
    outline: BlobOutline,
}

static SEALED: LazyLock<Vec<File>> = LazyLock::new(|| {
    let file = |len: usize| {
        let data: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let secret = BlobSecret { file_key: FileKey::from_bytes(FILE_KEY), salt: SALT };
        let mut sealed = Vec::new();
        let mut sealer = BlobSealer::new(secret, len as u64, &mut sealed).expect("a short file");
        sealer.push(&data, &mut sealed).expect("as long as announced");
        let outline = sealer.finish(&mut sealed).expect("as long as announced");
        File { data, sealed, outline }
    };
    FILES.map(file).into()
});

/// `u8 file | u16 piece | u8 end | changes of { u16 distance, u8 difference }`: any change is found, nothing that leaves before is
/// anything but the file's beginning, and with the right bytes the opening goes on to its end.
fn changed_blob(mut input: Cursor<'_>) {
    let file = &SEALED[usize::from(input.u8()) % FILES.len()];
    let piece = 1 + usize::from(input.u16());
    let mut bytes = file.sealed.clone();
    match input.u8() {
        0..128 => {}
        end @ 128..192 => bytes.truncate(bytes.len() - usize::from(end - 127)),
        end => bytes.resize(bytes.len() + usize::from(end - 191), end),
    }
    let mut at = 0;
    while !input.is_empty() {
        at = (at + usize::from(input.u16())) % bytes.len();
        bytes[at] ^= input.u8();
    }
    let mut opener = BlobOpener::new(&file.outline.attachment("x".to_owned(), String::new()));
    let mut opened = Vec::new();
    let pushed = bytes.chunks(piece).try_for_each(|piece| opener.push(piece, &mut opened));
    assert!(file.data.starts_with(&opened), "other bytes than the file's left");
    if pushed.is_err() {
        assert!(opener.push(&[0; 70_000], &mut opened).is_err(), "bytes are taken after an error");
        let from = usize::try_from(opener.rewind()).expect("short");
        opener.push(&file.sealed[from..], &mut opened).expect("the genuine bytes");
        opener.finish(&mut opened).expect("the genuine end");
        assert_eq!(opened, file.data);
        return;
    }
    let finished = opener.finish(&mut opened);
    assert_eq!(finished.is_ok(), bytes == file.sealed, "an attachment opens exactly if it is genuine");
    assert!(file.data.starts_with(&opened));
}

/// `u8 segments | u16 piece | u8 tail | true length and data`: any plaintext, sealed as the sender would.
fn hostile_blob(mut input: Cursor<'_>) {
    let (full, piece, tail) = (input.u8() % 3, 1 + usize::from(input.u16()), input.u8());
    let mut plain = input.rest().to_vec();
    let len = usize::from(full) * 65_536 + plain.len().max(usize::from(tail));
    plain.resize(len, 0);
    let mut sealed =
        [b"SVKB\0\x01".as_slice(), &SALT, &derive(&SALT, &FILE_KEY, &[b"svk1 blob commit"])].concat();
    let key = derive(&SALT, &FILE_KEY, &[b"svk1 blob"]);
    let segments = plain.chunks(65_536).count();
    for (index, segment) in plain.chunks(65_536).enumerate() {
        let mut segment = segment.to_vec();
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&(index as u64).to_be_bytes());
        nonce[11] = u8::from(index + 1 == segments);
        seal(&key, nonce, b"", &mut segment);
        sealed.extend_from_slice(&segment);
    }
    let true_len = plain.first_chunk().map(|len| u64::from_be_bytes(*len));
    let file = true_len.and_then(|len| plain[8..].get(..usize::try_from(len).ok()?));
    let honest = file.is_some_and(|file| {
        padded(file.len() as u64 + 8) == len as u64 && plain[8 + file.len()..].iter().all(|byte| *byte == 0)
    });
    let mut attachment = SEALED[0].outline.attachment("x".to_owned(), String::new());
    attachment.blob_id = samverkan_proto::ids::BlobId::of_digest(sha256(&sealed));
    attachment.plaintext_len = true_len.unwrap_or_default();
    attachment.plaintext_sha256 = sha256(file.unwrap_or_default());
    let (mut opener, mut opened) = (BlobOpener::new(&attachment), Vec::new());
    let pushed = sealed.chunks(piece).try_for_each(|piece| opener.push(piece, &mut opened));
    let finished = pushed.and_then(|()| opener.finish(&mut opened));
    assert_eq!(finished.is_ok(), honest, "{finished:?}");
    assert!(opened.len() <= plain.len());
    if honest {
        assert_eq!(Some(opened.as_slice()), file);
    }
}
