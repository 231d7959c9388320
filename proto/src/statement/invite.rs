//! The invite: one string that an organisation gets from the operator and joins with (PROTOCOL.md section 14).
//!
//! `svki1-` and base64url of the hub's pin, a secret code that works once, the hub's address, and four bytes that catch typing errors.

use super::invite_text;
use crate::fault::{Fault, InvalidField};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const PREFIX: &str = "svki1-";
/// A pin, a code, and an address of at most 255 bytes behind its length.
const MAX_LEN: usize = invite_text::max_len(PREFIX, 32 + 16 + 1 + 255);

/// The secret that lets an organisation enrol once. Wiped when dropped, and never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct InviteCode([u8; 16]);

impl InviteCode {
    /// How many bytes it has.
    pub const LEN: usize = 16;

    /// A code of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Takes the bytes of a code.
    ///
    /// # Errors
    /// `bad_length` for another number of bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidField> {
        bytes.try_into().map(Self).map_err(|_| Fault::BadLength.in_field("code"))
    }

    /// The bytes, for the call that enrols.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for InviteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteCode(…)")
    }
}

/// What an address names: a DNS name in lowercase, or an IP address in its one canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// At most 253 bytes of labels of `[a-z0-9-]{1,63}`, none of which begins or ends with a hyphen; the last is not a number.
    Name(String),
    /// Four decimal numbers.
    V4(Ipv4Addr),
    /// In brackets, as RFC 5952 writes it; none that maps an IPv4 address, and without a zone.
    V6(Ipv6Addr),
}

/// Where a hub listens: `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAddress {
    /// Whom the hub's certificate must be for.
    pub host: Host,
    /// Never 0.
    pub port: std::num::NonZeroU16,
}

fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}

impl FromStr for Host {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            // An IPv4 address has one spelling, without the prefix that maps it into IPv6 (RFC 4291 section 2.5.5.2).
            let plain = inner.parse().ok().filter(|v6: &Ipv6Addr| v6.to_ipv4_mapped().is_none());
            plain.map(Self::V6).ok_or(Fault::BadText.in_field("address"))
        } else if let Ok(v4) = text.parse() {
            Ok(Self::V4(v4))
        } else if is_dns_name(text) {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(Fault::BadText.in_field("address"))
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(v4) => write!(f, "{v4}"),
            Self::V6(v6) => write!(f, "[{v6}]"),
        }
    }
}

impl FromStr for HubAddress {
    type Err = InvalidField;

    /// # Errors
    /// `bad_text` for anything but the one spelling of an address.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        const BAD: InvalidField = Fault::BadText.in_field("address");
        let (host, port) = text.rsplit_once(':').ok_or(BAD)?;
        let address = Self { host: host.parse()?, port: port.parse().map_err(|_| BAD)? };
        // Refuses `0443`, `+443` and every other way to write an IPv6 address.
        if address.to_string() == text { Ok(address) } else { Err(BAD) }
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// What an invite string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pin: [u8; 32],
    code: InviteCode,
    address: HubAddress,
}

impl Invite {
    /// An invite to the hub whose keys have this pin ([`crate::statement::log::HubKeys::pin`]).
    #[must_use]
    pub const fn new(pin: [u8; 32], code: InviteCode, address: HubAddress) -> Self {
        Self { pin, code, address }
    }

    /// Reads an invite string.
    ///
    /// # Errors
    /// `wrong_magic` without the prefix, `bad_text` when the rest is not base64url or the address is none, `unknown_version`,
    /// `truncated`, `trailing_bytes`, and `hash_mismatch` when the check bytes show a typing error.
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        invite_text::parse(text, PREFIX, MAX_LEN, |r| {
            Ok(Self {
                pin: r.array("pin")?,
                code: InviteCode(r.array("code")?),
                address: r.text8("address")?.parse()?,
            })
        })
    }

    /// The invite string, which is as secret as its code.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        invite_text::encode(PREFIX, |w| {
            w.put(&self.pin);
            w.put(self.code.expose());
            w.text8(&self.address.to_string());
        })
    }

    /// The hash of the hub's CA certificate and public keys.
    #[must_use]
    pub const fn pin(&self) -> &[u8; 32] {
        &self.pin
    }

    /// The secret code.
    #[must_use]
    pub const fn code(&self) -> &InviteCode {
        &self.code
    }

    /// Where the hub listens.
    #[must_use]
    pub const fn address(&self) -> &HubAddress {
        &self.address
    }
}

#[cfg(test)]
mod tests {
    use super::invite_text::{CHECK_LEN, check_of};
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    fn invite(address: &str) -> Invite {
        Invite::new([7; 32], InviteCode([9; 16]), address.parse().unwrap())
    }

    fn fault(text: &str) -> Fault {
        Invite::parse(text).expect_err("refused").fault
    }

    /// An invite with these bytes before its check.
    fn encode(bytes: &[u8]) -> String {
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&[bytes, &check_of(bytes)].concat()))
    }

    #[test]
    fn addresses_have_one_spelling() {
        for good in
            ["hub.exempel.example:443", "localhost:7443", "192.0.2.7:1", "[2001:db8::1]:65535", "x:80"]
        {
            assert_eq!(good.parse::<HubAddress>().expect(good).to_string(), good);
        }
        let long = format!("{}:443", "a.".repeat(127));
        for bad in [
            "",
            ":",
            "hub",
            "hub:",
            ":443",
            "hub:0",
            "hub:0443",
            "hub:+443",
            "hub:65536",
            "Hub:443",
            "h b:443",
            "-hub:443",
            "hub-:443",
            "hub..se:443",
            "hub.:443",
            "hub_x:443",
            "192.0.2.300:443",
            "192.0.02.1:443",
            "2001:db8::1:443",
            "[2001:db8:0::1]:443",
            "[2001:DB8::1]:443",
            "[::1:443",
            "[::ffff:192.0.2.7]:443",
            "[::ffff:c000:207]:443",
            "[fe80::1%eth0]:443",
            "hub:443:443",
            "https://hub:443",
            "åäö.se:443",
            &long,
        ] {
            assert_eq!(bad.parse::<HubAddress>().expect_err(bad).fault, Fault::BadText);
        }
    }

    #[test]
    fn each_thing_that_can_be_wrong_has_its_name() {
        let good = invite("hub.exempel.example:443");
        let text = good.encode();
        assert_eq!(Invite::parse(&text), Ok(good));
        let bytes = BASE64URL_NOPAD.decode(&text.as_bytes()[PREFIX.len()..]).unwrap();
        let body = &bytes[..bytes.len() - CHECK_LEN];
        assert_eq!(fault(""), Fault::WrongMagic);
        assert_eq!(fault(&text.to_uppercase()), Fault::WrongMagic);
        assert_eq!(fault(&text.replacen('1', "2", 1)), Fault::WrongMagic);
        assert_eq!(fault(&format!("{}=", *text)), Fault::BadText);
        assert_eq!(fault(&format!(" {}", *text)), Fault::WrongMagic);
        assert_eq!(fault(&encode(&[&[2], &body[1..]].concat())), Fault::UnknownVersion);
        assert_eq!(fault(&encode(&[body, &[0]].concat())), Fault::TrailingBytes);
        assert_eq!(fault(&encode(&[&body[..49], b"\x03hub"].concat())), Fault::BadText);
        let mut mistyped = bytes.clone();
        mistyped[5] ^= 1;
        assert_eq!(fault(&format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&mistyped))), Fault::HashMismatch);
        for len in 0..bytes.len() {
            let short = format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes[..len]));
            assert_eq!(fault(&short), Fault::Truncated, "{len}");
        }
        assert_eq!(fault(&format!("{PREFIX}{}", "A".repeat(4_000_000))), Fault::TrailingBytes);
    }

    #[test]
    fn the_longest_address_fits() {
        let name =
            format!("{}:65535", ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(57)].join("."));
        let long = invite(&name);
        assert_eq!(name.len(), 255);
        assert_eq!(Invite::parse(&long.encode()), Ok(long));
    }

    #[test]
    fn the_code_is_not_printed() {
        let printed = format!("{:?}", invite("hub:443"));
        assert!(printed.contains("hub") && !printed.contains("9, 9"), "{printed}");
    }

    proptest! {
        #[test]
        fn what_is_accepted_has_one_encoding(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_=-]") {
            let mut text = invite("hub.exempel.example:443").encode().to_string();
            let at = at.index(text.len());
            text.replace_range(at..=at, &to);
            if let Ok(parsed) = Invite::parse(&text) {
                prop_assert_eq!(&*parsed.encode(), &text);
            }
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in "(svki1-)?\\PC{0,80}") {
            if let Ok(parsed) = Invite::parse(&text) {
                prop_assert_eq!(&*parsed.encode(), &text);
            }
        }
    }
}
