//! 65 and 72–79: messages that a hub takes, since it can not open them, and a receiver must not believe.

use crate::ground::Ground;
use data_encoding::HEXLOWER;
use samverkan_envelope::EpochSecret;
use samverkan_envelope::open::{HeldKey, LocalDevice, OpenError, Received, Verified};
use samverkan_proto::Fault;
use samverkan_proto::code::{CannotDecryptReason, Kind, RefusalReason};
use samverkan_proto::ids::{DeviceId, OrgId};
use samverkan_proto::limits::{WRAP_LEN, XWING_ENC_LEN};
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::receipt::Verdict;
use samverkan_proto::v1::Delivery;
use samverkan_tests::wire::log::Log;
use samverkan_tests::wire::seal::{Reader, Sealed, body, seal, seal_as};
use samverkan_tests::wire::{Device, Inbox, Parcel, now_ms, refused};

pub(crate) const TEXT: &str = "Exempel Exempelsson vill bli uppringd på eftermiddagen.";

/// What a receiver says of a message that can not be opened.
pub(crate) const CANNOT_OPEN: Option<Verdict> = Some(Verdict::CannotDecrypt(CannotDecryptReason::CannotOpen));

/// Two members, and what the sender knows of the log.
pub(crate) struct Scene {
    pub(crate) ground: Ground,
    pub(crate) log: Log,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let ground = Ground::new().await;
        let log = Log::synchronise(&ground.peer).await.expect("a copy of the log");
        Self { ground, log }
    }

    pub(crate) fn seal(&self) -> Sealed {
        seal(&self.ground.sender, &[&self.ground.recipient], body(&self.log, TEXT))
    }

    /// The hub takes the message and hands it to the recipient's device at `index`.
    async fn relay_to(&self, index: usize, parcel: &Parcel) -> Delivery {
        parcel.submit(&self.ground.peer).await.expect("the hub can not tell");
        self.delivered(index, parcel).await
    }

    /// What the hub hands to the recipient's device at `index`.
    async fn delivered(&self, index: usize, parcel: &Parcel) -> Delivery {
        let device = &self.ground.recipient.devices[index];
        let mut inbox = Inbox::open(&device.connect(self.ground.hub)).await.expect("a stream");
        loop {
            let delivery = inbox.delivery().await.expect("a delivery");
            if delivery.header == parcel.header_bytes() {
                return delivery;
            }
        }
    }

    async fn relay(&self, parcel: &Parcel) -> Delivery {
        self.relay_to(0, parcel).await
    }

    /// Opens as the recipient's device at `index`, which has synchronised since the message came.
    async fn open_as(&self, index: usize, delivery: &Delivery) -> Result<Verified, OpenError> {
        let log = Log::synchronise(&self.ground.peer).await.expect("a copy of the log");
        Reader { member: &self.ground.recipient, index, log: &log }.open(delivery)
    }

    async fn open(&self, delivery: &Delivery) -> Result<Verified, OpenError> {
        self.open_as(0, delivery).await
    }

    /// Relays a message that was made wrong, and checks what the receiver finds and says.
    pub(crate) async fn is_refused(
        &self,
        case: &str,
        sealed: &Sealed,
        fault: Fault,
        verdict: Option<Verdict>,
    ) {
        let delivery = self.relay(&sealed.parcel).await;
        assert_refused(case, self.open(&delivery).await.err(), fault, verdict);
    }
}

#[track_caller]
fn assert_refused(case: &str, error: Option<OpenError>, fault: Fault, verdict: Option<Verdict>) {
    match error {
        Some(OpenError::Refused(refusal)) => {
            assert_eq!((refusal.fault(), refusal.verdict()), (fault, verdict), "{case}");
            assert_eq!(refusal.to_string(), "the message can not be trusted", "{case}");
        }
        Some(OpenError::LogBehind { log_size }) => panic!("{case}: the log is behind {log_size}"),
        None => panic!("opened: {case}"),
    }
}

/// A refusal by policy, whose tag only an opener can make.
#[track_caller]
fn assert_refused_by_rule(case: &str, error: Option<OpenError>, fault: Fault, reason: RefusalReason) {
    let Some(OpenError::Refused(refusal)) = error else { panic!("{case}: {error:?}") };
    assert_eq!(refusal.fault(), fault, "{case}");
    let said = matches!(refusal.verdict(), Some(Verdict::Refused { reason: said, open_tag })
        if said == reason && open_tag != [0; 16]);
    assert!(said, "{case}: {:?}", refusal.verdict());
}

#[tokio::test]
async fn an_honest_message_opens() {
    let scene = Scene::new().await;
    let delivery = scene.relay(&scene.seal().parcel).await;
    assert_eq!(scene.open(&delivery).await.expect("opens").body().text, TEXT);
}

/// `p = 2^255 − 19`, changed by so much, little-endian.
const fn around_p(by: i8) -> [u8; 32] {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed_u8.wrapping_add_signed(by), 0x7f);
    p
}

/// The u coordinates of small order: 0, 1, p − 1 and the two of order eight.
const LOW_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    around_p(-1),
    *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00",
    *b"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57",
];

/// Numbers from p on: p, p + 1, 2^255 − 1 and 2^256 − 1.
const NOT_CANONICAL: [[u8; 32]; 4] = [around_p(0), around_p(1), around_p(0x12), [0xff; 32]];

#[tokio::test]
async fn bad_065_encapsulations() {
    let scene = Scene::new().await;
    for half in LOW_ORDER.into_iter().chain(NOT_CANONICAL) {
        let mut sealed = scene.seal();
        sealed.parcel.wraps[XWING_ENC_LEN - 32..XWING_ENC_LEN].copy_from_slice(&half);
        scene.is_refused("X25519", &sealed, Fault::LowOrderKey, CANNOT_OPEN).await;
    }
    let mut sealed = scene.seal();
    sealed.parcel.wraps[..XWING_ENC_LEN - 32].fill(0x5a);
    scene.is_refused("ML-KEM", &sealed, Fault::WrapFailed, CANNOT_OPEN).await;
    let mut sealed = scene.seal();
    sealed.parcel.wraps[WRAP_LEN - 1] ^= 1;
    scene.is_refused("the sealed key", &sealed, Fault::WrapFailed, CANNOT_OPEN).await;
}

#[tokio::test]
async fn bad_072_ciphertext_of_another_message() {
    let scene = Scene::new().await;
    let mut mixed = scene.seal();
    mixed.parcel.content = scene.seal().parcel.content;
    scene.is_refused("another content", &mixed, Fault::ContentFailed, CANNOT_OPEN).await;
    let (mut mixed, other) = (scene.seal(), scene.seal());
    (mixed.parcel.content, mixed.parcel.wraps) = (other.parcel.content, other.parcel.wraps);
    scene.is_refused("another header", &mixed, Fault::WrapFailed, CANNOT_OPEN).await;
}

#[tokio::test]
async fn bad_073_swapped_wraps() {
    let mut scene = Scene::new().await;
    scene.ground.recipient.add_device(scene.ground.hub, 6).await;
    let mut sealed = scene.seal();
    sealed.parcel.wraps.rotate_left(WRAP_LEN);
    for index in [0, 1] {
        let delivery = scene.relay_to(index, &sealed.parcel).await;
        let error = scene.open_as(index, &delivery).await.err();
        assert_refused("swapped", error, Fault::WrapFailed, CANNOT_OPEN);
    }
}

#[tokio::test]
async fn bad_074_another_key_than_committed() {
    let scene = Scene::new().await;
    let mut sealed = scene.seal();
    // The commitment is a part of the header, to which the wraps are bound: changing it breaks them first.
    sealed.parcel.header.key_commit[0] ^= 1;
    scene.is_refused("another commitment", &sealed, Fault::WrapFailed, CANNOT_OPEN).await;
}

/// A wrap that holds another key needs a sealer of its own, which wrote this vector.
#[test]
fn bad_074_another_key_in_the_wrap() {
    let vector = include_str!("../../proto/testvectors/message-commit-mismatch.json");
    let vector: serde_json::Value = serde_json::from_str(vector).expect("a vector is JSON");
    let input = &vector["input"];
    let bytes =
        |value: &serde_json::Value| HEXLOWER.decode(value.as_str().expect("text").as_bytes()).expect("hex");
    let key = &input["epoch_keys"][0];
    let secret = EpochSecret::from_seed(bytes(&key["seed"]).try_into().expect("a seed has 32 bytes"));
    let epoch = Epoch::new(key["epoch"].as_u64().and_then(|week| week.try_into().ok()).expect("a week"));
    let device = LocalDevice {
        org: OrgId::parse(&bytes(&input["org_id"])).expect("an id"),
        device: DeviceId::parse(&bytes(&input["device_id"])).expect("an id"),
    };
    let (header, wrap, content) = (bytes(&input["header"]), bytes(&input["wrap"]), bytes(&input["content"]));
    let received = Received::parse(&header, &wrap, &content).expect("of the right form");
    let opened = received.unwrap(device, |_| Some(HeldKey { secret: &secret, epoch }));
    let error = opened.err().map(OpenError::from);
    assert_refused("another key", error, Fault::CommitMismatch, CANNOT_OPEN);
}

#[tokio::test]
async fn bad_075_padding() {
    let scene = Scene::new().await;
    let signer = &scene.ground.sender.device().signer;
    let honest = body(&scene.log, TEXT).encode().expect("a body");
    let mut sealed = scene.seal();
    let plain = sealed.plain(&sealed.signature(signer, &honest), &honest);
    for at in [68 + honest.len(), plain.len() - 1] {
        let mut spoilt = plain.clone();
        spoilt[at] = 1;
        sealed = scene.seal();
        sealed.reseal(spoilt);
        scene.is_refused("padding that is not zero", &sealed, Fault::BadPadding, CANNOT_OPEN).await;
    }
    for len in [plain.len() as u32 - 67, 1 << 20, (1 << 20) + 1, u32::MAX, u32::MAX - 67] {
        let mut spoilt = plain.clone();
        spoilt[..4].copy_from_slice(&len.to_be_bytes());
        sealed = scene.seal();
        sealed.reseal(spoilt);
        scene.is_refused("a body beyond the end", &sealed, Fault::BadPadding, CANNOT_OPEN).await;
    }
    let long = body(&scene.log, &"lång ".repeat(1000));
    let mut sealed = seal(&scene.ground.sender, &[&scene.ground.recipient], long);
    sealed.replace_body(signer, &honest);
    scene.is_refused("more padding than there should be", &sealed, Fault::BadPadding, CANNOT_OPEN).await;
}

#[tokio::test]
async fn bad_076_signatures() {
    let mut scene = Scene::new().await;
    let second = scene.ground.sender.add_device(scene.ground.hub, 6).await;
    let honest = body(&scene.log, TEXT).encode().expect("a body");
    let sign = |sealed: &Sealed| sealed.signature(&scene.ground.sender.device().signer, &honest);
    let colleague = &scene.ground.sender.devices[second].signer;
    let spoilt: [(&str, &Sign<'_>); 7] = [
        ("by a colleague", &|sealed| sealed.signature(colleague, &honest)),
        ("by the recipient", &|sealed| sealed.signature(&scene.ground.recipient.device().signer, &honest)),
        ("by the root", &|sealed| sealed.signature(&scene.ground.sender.root, &honest)),
        ("of another message", &|_| sign(&scene.seal())),
        ("none", &|_| [0; 64]),
        ("S + L", &|sealed| beyond_the_order(sign(sealed))),
        ("an R that is not canonical", &|sealed| not_canonical(sign(sealed))),
    ];
    for (case, signature) in spoilt {
        let mut sealed = scene.seal();
        sealed.reseal(sealed.plain(&signature(&sealed), &honest));
        scene.is_refused(case, &sealed, Fault::BadSignature, CANNOT_OPEN).await;
    }
}

/// Signs a message in some way.
type Sign<'a> = dyn Fn(&Sealed) -> [u8; 64] + 'a;

/// Adds the group's order to S: the same number, written in a way that is not allowed.
fn beyond_the_order(mut signature: [u8; 64]) -> [u8; 64] {
    let order = *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
    }
    signature
}

/// Puts p + 1 where R stands, which is another way to write 1.
fn not_canonical(mut signature: [u8; 64]) -> [u8; 64] {
    signature[..32].fill(0xff);
    (signature[0], signature[31]) = (0xee, 0x7f);
    signature
}

/// A key of small order verifies what nobody signed. It comes into no manifest, and so to no receiver.
#[tokio::test]
async fn bad_076_key_of_small_order() {
    let mut ground = Ground::new().await;
    let identity = {
        let mut one = [0; 32];
        one[0] = 1;
        one
    };
    let mut manifest = ground.sender.next_manifest();
    let mut device = Device::new(6).entry(manifest.issued_ms);
    (device.sign_pk, device.device_id) = (identity, *DeviceId::of_key(&identity).as_bytes());
    manifest.devices.push(device);
    let refusal = refused("a key of small order", ground.sender.publish(ground.hub, manifest).await);
    refusal.is_invalid("sign_pk");
}

#[tokio::test]
async fn bad_076_device_that_was_revoked() {
    let mut scene = Scene::new().await;
    let hub = scene.ground.hub;
    let second = scene.ground.sender.add_device(hub, 6).await;
    let log = Log::synchronise(&scene.ground.peer).await.expect("a copy of the log");
    let text = body(&log, TEXT);
    let sealed = seal_as(&scene.ground.sender, second, &[&scene.ground.recipient], text);
    let colleague = scene.ground.sender.devices[second].connect(hub);
    sealed.parcel.submit(&colleague).await.expect("accepted");
    let delivery = scene.delivered(0, &sealed.parcel).await;
    let mut without = scene.ground.sender.without(second);
    without.revocations[0].revoked_ms -= 60_000;
    scene.ground.sender.publish(hub, without).await.expect("the revocation");
    let error = scene.open(&delivery).await.err();
    assert_refused_by_rule("revoked", error, Fault::SenderRevoked, RefusalReason::SenderNotValid);
}

#[tokio::test]
async fn bad_077_body_that_is_none() {
    let scene = Scene::new().await;
    let signer = &scene.ground.sender.device().signer;
    let honest = body(&scene.log, TEXT).encode().expect("a body").to_vec();
    let unknown_field = [honest.as_slice(), b"\x78\x01"].concat();
    let cases: [(&str, Vec<u8>); 6] = [
        ("nothing", Vec::new()),
        ("no protobuf", b"\xff\xff\xff\xff".to_vec()),
        ("cut", honest[..honest.len() - 1].to_vec()),
        ("an unknown field", unknown_field),
        ("a field twice", [b"\x08\x01".as_slice(), &honest].concat()),
        ("a zero written out", [&honest[..2], b"\x10\x00", &honest[2..]].concat()),
    ];
    for (case, bytes) in cases {
        let mut sealed = scene.seal();
        sealed.replace_body(signer, &bytes);
        scene.is_refused(case, &sealed, Fault::BodyMalformed, CANNOT_OPEN).await;
    }
}

#[tokio::test]
async fn bad_078_kind_and_schema() {
    let scene = Scene::new().await;
    let signer = &scene.ground.sender.device().signer;
    let honest = body(&scene.log, TEXT).encode().expect("a body").to_vec();
    assert_eq!(honest[..4], *b"\x08\x01\x10\x01", "schema and kind come first");
    let with = |at: usize, value: u8| {
        let mut bytes = honest.clone();
        bytes[at] = value;
        bytes
    };
    for kind in [4, 15, 23, 99] {
        let mut sealed = scene.seal();
        sealed.replace_body(signer, &with(3, kind));
        scene.is_refused("no such kind", &sealed, Fault::BodyMalformed, CANNOT_OPEN).await;
    }
    for kind in [Kind::ConcernReport, Kind::Feedback] {
        let mut sealed = scene.seal();
        sealed.replace_body(signer, &with(3, kind.code()));
        let error = scene.open(&scene.relay(&sealed.parcel).await).await.err();
        assert_refused_by_rule("another class", error, Fault::BodyMismatch, RefusalReason::ContentMismatch);
    }
    let mut sealed = scene.seal();
    sealed.replace_body(signer, &with(1, 2));
    let error = scene.open(&scene.relay(&sealed.parcel).await).await.err();
    assert_refused_by_rule("schema 2", error, Fault::SchemaTooNew, RefusalReason::SchemaTooNew);
}

#[tokio::test]
async fn bad_079_replays() {
    let scene = Scene::new().await;
    let delivery = scene.relay(&scene.seal().parcel).await;
    let opened = scene.open(&delivery).await.expect("the first time");
    let said = opened.delivered();
    let log = Log::synchronise(&scene.ground.peer).await.expect("a copy of the log");
    let reader = Reader { member: &scene.ground.recipient, index: 0, log: &log };
    let again = reader.open_at(&delivery, now_ms(), |send_id| *send_id == opened.body().send_id);
    assert_refused("to a client that remembers", again.err(), Fault::Replayed, Some(said));
}

#[tokio::test]
async fn bad_079_replay_to_a_client_that_was_installed_anew() {
    let mut scene = Scene::new().await;
    let delivery = scene.relay(&scene.seal().parcel).await;
    // Whatever was kept of the identity, the private halves of the epoch keys are never restored.
    scene.ground.recipient.devices[0].epoch_keys.clear();
    let destroyed = Some(Verdict::CannotDecrypt(CannotDecryptReason::KeyDestroyed));
    assert_refused("without its keys", scene.open(&delivery).await.err(), Fault::KeyDestroyed, destroyed);
}
