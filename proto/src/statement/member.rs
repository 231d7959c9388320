//! How a further device comes into an organisation (PROTOCOL.md section 14): the invite that an admin gives a person,
//! and the request (SVKN) that the person's client makes with it.
//!
//! The secret of the invite goes from person to person and never to the hub. The hub is told a code that follows from
//! it; the request has a code of authentication under another key that follows from it. So the hub can see that
//! somebody was invited, and can not put another device in the place of theirs.

use std::fmt;

use ring::{hkdf, hmac};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::invite::{HubAddress, InviteCode};
use super::{Verified, invite_text};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{DeviceId, OrgId, TlsKeyHash};
use crate::sign::PublicKey;

const PREFIX: &str = "svkm1-";
/// A pin, an organisation, a secret, and an address of at most 255 bytes behind its length.
const MAX_LEN: usize = invite_text::max_len(PREFIX, 32 + 16 + 16 + 1 + 255);

const MAGIC: &[u8; 4] = b"SVKN";
const MAC_LEN: usize = 32;

/// What an admin and the person who joins both know. Wiped when dropped, and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct MemberSecret([u8; 16]);

impl MemberSecret {
    /// A secret of these bytes, which must be random.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be kept where secrets are.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// What the hub knows the invite by: `HKDF("", s, "svk1 invite hub", 16)`.
    #[must_use]
    pub fn hub_code(&self) -> InviteCode {
        InviteCode::new(*self.derive::<16>(b"svk1 invite hub"))
    }

    /// `HKDF("", s, "svk1 invite peer", 32)`, as a key for HMAC-SHA256.
    fn peer_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.derive::<32>(b"svk1 invite peer"))
    }

    fn derive<const N: usize>(&self, info: &[u8]) -> Zeroizing<[u8; N]> {
        let mut out = Zeroizing::new([0; N]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"")
            .extract(&self.0)
            .expand(&[info], Length(N))
            .and_then(|okm| okm.fill(&mut *out))
            .expect("at most 32 bytes are asked for, and as many as the buffer has");
        out
    }
}

impl fmt::Debug for MemberSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemberSecret(…)")
    }
}

/// How many bytes HKDF is asked for.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// What a member's invite string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInvite {
    pin: [u8; 32],
    org: OrgId,
    secret: MemberSecret,
    address: HubAddress,
}

impl MemberInvite {
    /// An invite into `org`, on the hub whose keys have this pin.
    #[must_use]
    pub const fn new(pin: [u8; 32], org: OrgId, secret: MemberSecret, address: HubAddress) -> Self {
        Self { pin, org, secret, address }
    }

    /// Whether a text means to be a member's invite, right or wrong.
    #[must_use]
    pub fn has_prefix(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads an invite string.
    ///
    /// # Errors
    /// As [`super::invite::Invite::parse`]; `bad_identifier` for an organisation of zeros.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        invite_text::parse(text, PREFIX, MAX_LEN, |r| {
            Ok(Self {
                pin: r.array("pin")?,
                org: r.id("org_id")?,
                secret: MemberSecret(r.array("secret")?),
                address: r.text8("address")?.parse()?,
            })
        })
    }

    /// The invite string, which is as secret as its secret.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        invite_text::encode(PREFIX, |w| {
            w.put(&self.pin);
            w.put(self.org.as_bytes());
            w.put(self.secret.expose());
            w.text8(&self.address.to_string());
        })
    }

    /// The hash of the hub's CA certificate and public keys.
    #[must_use]
    pub const fn pin(&self) -> &[u8; 32] {
        &self.pin
    }

    /// The organisation.
    #[must_use]
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// What the person and the admin both know.
    #[must_use]
    pub const fn secret(&self) -> &MemberSecret {
        &self.secret
    }

    /// Where the hub listens.
    #[must_use]
    pub const fn address(&self) -> &HubAddress {
        &self.address
    }
}

/// A device that asks to be taken into an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organisation.
    pub org: OrgId,
    /// The key that the device signs with.
    pub device_pk: PublicKey,
    /// Names the key of its client certificate.
    pub tls_key: TlsKeyHash,
}

impl Membership {
    /// Bytes of a request.
    pub const LEN: usize = 118;

    /// The device.
    #[must_use]
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_key(self.device_pk.as_bytes())
    }

    /// Makes the request that travels.
    #[must_use]
    pub fn request(self, secret: &MemberSecret) -> Verified<Self> {
        let mut w = Writer::statement(MAGIC);
        w.put(self.org.as_bytes());
        w.put(self.device_pk.as_bytes());
        w.put(self.tls_key.as_bytes());
        let mut bytes = w.finish();
        let mac = hmac::sign(&secret.peer_key(), &bytes);
        bytes.extend_from_slice(mac.as_ref());
        Verified::new(self, bytes.into())
    }
}

/// A request (SVKN) as it was received. The hub can say no more of it than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedMembership {
    claimed: Membership,
    bytes: Box<[u8]>,
}

impl UnverifiedMembership {
    /// Parses a request.
    ///
    /// # Errors
    /// The first fault in the order of PROTOCOL.md section 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        let mut r = Reader::new(bytes);
        r.preamble(MAGIC)?;
        let org = r.id("membership.org_id")?;
        let device_pk = PublicKey::parse(&r.array("membership.device_pk")?, "membership.device_pk")?;
        let tls_key = r.id("membership.tls_spki_sha256")?;
        r.take(MAC_LEN, "membership.mac")?;
        r.finish("membership")?;
        Ok(Self { claimed: Membership { org, device_pk, tls_key }, bytes: bytes.into() })
    }

    /// What it claims.
    #[must_use]
    pub const fn claimed(&self) -> &Membership {
        &self.claimed
    }

    /// The bytes as they were received.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Verifies that whoever holds the secret made it. The comparison takes the same time wherever the codes differ.
    ///
    /// # Errors
    /// `bad_signature`.
    pub fn verify(self, secret: &MemberSecret) -> Result<Verified<Membership>, InvalidField> {
        let (statement, mac) = self.bytes.split_at(self.bytes.len() - MAC_LEN);
        hmac::verify(&secret.peer_key(), statement, mac)
            .map_err(|_| Fault::BadSignature.in_field("membership.mac"))?;
        Ok(Verified::new(self.claimed, self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::invite_text::{CHECK_LEN, check_of};
    use super::*;
    use crate::ids::sha256;
    use crate::sign::Signer;
    use proptest::prelude::*;

    fn invite() -> MemberInvite {
        let org = OrgId::parse(&[3; 16]).unwrap();
        MemberInvite::new(
            [7; 32],
            org,
            MemberSecret::new([9; 16]),
            "hub.exempel.example:443".parse().unwrap(),
        )
    }

    fn membership() -> Membership {
        let device = Signer::from_seed(&[5; 32]).unwrap();
        let tls_key = TlsKeyHash::parse(&sha256(b"key")).unwrap();
        Membership { org: invite().org(), device_pk: *device.public_key(), tls_key }
    }

    #[test]
    fn what_the_hub_is_told_and_what_it_is_not_are_different_keys() {
        let secret = MemberSecret::new([9; 16]);
        let code = secret.hub_code();
        assert_ne!(code.expose(), secret.expose());
        // A hub that knows the code alone makes a request that nobody takes.
        let forged = membership().request(&MemberSecret::new(*code.expose()));
        let parsed = UnverifiedMembership::parse(forged.bytes()).unwrap();
        assert_eq!(parsed.verify(&secret).unwrap_err().fault, Fault::BadSignature);
    }

    #[test]
    fn no_byte_of_a_request_can_be_another() {
        let secret = MemberSecret::new([9; 16]);
        let request = membership().request(&secret);
        assert_eq!(request.bytes().len(), Membership::LEN);
        let verified = UnverifiedMembership::parse(request.bytes()).unwrap().verify(&secret).unwrap();
        assert_eq!(verified, request);
        for place in 0..Membership::LEN {
            let mut changed = request.bytes().to_vec();
            changed[place] ^= 1;
            let taken = UnverifiedMembership::parse(&changed).and_then(|parsed| parsed.verify(&secret));
            assert!(taken.is_err(), "byte {place}");
        }
    }

    #[test]
    fn each_thing_that_can_be_wrong_with_an_invite_has_its_name() {
        let (good, text) = (invite(), invite().encode());
        assert_eq!(MemberInvite::parse(&text), Ok(good));
        let fault = |text: &str| MemberInvite::parse(text).expect_err("refused").fault;
        assert_eq!(fault(&text.replacen("svkm", "svki", 1)), Fault::WrongMagic);
        let bytes = BASE64URL_NOPAD.decode(&text.as_bytes()[PREFIX.len()..]).unwrap();
        let encode =
            |body: &[u8]| format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&[body, &check_of(body)].concat()));
        let body = &bytes[..bytes.len() - CHECK_LEN];
        assert_eq!(fault(&encode(&[&[2], &body[1..]].concat())), Fault::UnknownVersion);
        assert_eq!(fault(&encode(&[&body[..33], &[0; 16], &body[49..]].concat())), Fault::BadIdentifier);
        assert_eq!(fault(&encode(&[body, &[0]].concat())), Fault::TrailingBytes);
        assert_eq!(fault(&format!("{PREFIX}{}", "A".repeat(4_000_000))), Fault::TrailingBytes);
        for len in 0..bytes.len() {
            let short = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes[..len]));
            assert_eq!(fault(&short), Fault::Truncated, "{len}");
        }
    }

    #[test]
    fn the_longest_address_fits() {
        let name =
            format!("{}:65535", ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(57)].join("."));
        let long = MemberInvite { address: name.parse().unwrap(), ..invite() };
        assert_eq!(MemberInvite::parse(&long.encode()), Ok(long));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let printed = format!("{:?}", invite());
        assert!(printed.contains("MemberSecret(…)") && !printed.contains("9, 9"), "{printed}");
    }

    proptest! {
        #[test]
        fn what_is_accepted_has_one_encoding(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_=-]") {
            let mut text = invite().encode().to_string();
            let at = at.index(text.len());
            text.replace_range(at..=at, &to);
            if let Ok(parsed) = MemberInvite::parse(&text) {
                prop_assert_eq!(&*parsed.encode(), &text);
            }
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..130)) {
            if let Ok(parsed) = UnverifiedMembership::parse(&bytes) {
                prop_assert_eq!(parsed.bytes(), &bytes[..]);
            }
        }
    }
}
