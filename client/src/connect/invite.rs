//! The invitation: one string that says where the hub is, which keys it has, and what code opens it once.
//!
//! ```text
//! "svki1-" base64url( u8 1 | pin[32] | code[16] | text8 address | check[4] )        PROTOCOL.md section 14
//! ```

use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use samverkan_proto::ids::sha256;
use secrecy::zeroize::{Zeroize, Zeroizing};

use super::HubAddress;

const PREFIX: &str = "svki1-";
const CHECK_LEN: usize = 4;

/// Text that is no invitation, or one with a typing error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an invitation, or it is not complete")]
pub struct InvalidInvite;

/// An invitation. Its code is a secret until it is used, so nothing prints it.
pub struct Invite {
    address: HubAddress,
    pin: [u8; 32],
    code: Zeroizing<[u8; 16]>,
}

impl Invite {
    /// Where the hub answers.
    #[must_use]
    pub const fn address(&self) -> &HubAddress {
        &self.address
    }

    /// What the hub's keys must hash to ([`super::HubPins::digest`]).
    #[must_use]
    pub const fn pin(&self) -> &[u8; 32] {
        &self.pin
    }

    /// The one-time code.
    #[must_use]
    pub fn code(&self) -> &[u8; 16] {
        &self.code
    }
}

impl FromStr for Invite {
    type Err = InvalidInvite;

    /// Blank space round the text and line breaks inside it, as letters have them, do not matter.
    fn from_str(text: &str) -> Result<Self, InvalidInvite> {
        let joined: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
        let encoded = joined.strip_prefix(PREFIX).ok_or(InvalidInvite)?;
        let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_| InvalidInvite)?);
        let (covered, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(InvalidInvite)?;
        if sha256(covered).first_chunk() != Some(check) {
            return Err(InvalidInvite);
        }
        let (&[1], rest) = covered.split_first_chunk::<1>().ok_or(InvalidInvite)? else {
            return Err(InvalidInvite);
        };
        let (pin, rest) = rest.split_first_chunk::<32>().ok_or(InvalidInvite)?;
        let (code, rest) = rest.split_first_chunk::<16>().ok_or(InvalidInvite)?;
        let (&length, address) = rest.split_first().ok_or(InvalidInvite)?;
        if usize::from(length) != address.len() {
            return Err(InvalidInvite);
        }
        let address = str::from_utf8(address).ok().and_then(|text| text.parse().ok()).ok_or(InvalidInvite)?;
        let mut invite = Self { address, pin: *pin, code: Zeroizing::new([0; 16]) };
        invite.code.zeroize();
        invite.code.copy_from_slice(code);
        Ok(invite)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(address: &str) -> String {
        let head = [&[1u8][..], &[7; 32], &[9; 16], &[u8::try_from(address.len()).expect("short")]].concat();
        let covered = [&head[..], address.as_bytes()].concat();
        let whole = [&covered[..], &sha256(&covered)[..CHECK_LEN]].concat();
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&whole))
    }

    #[test]
    fn an_invitation_says_where_which_keys_and_the_code() {
        let text = written("hub.example:8443");
        for given in [text.clone(), format!("  {}\n{}\n", &text[..20], &text[20..])] {
            let invite: Invite = given.parse().unwrap_or_else(|_| panic!("{given}"));
            assert_eq!(invite.address().to_string(), "hub.example:8443");
            assert_eq!((invite.pin(), invite.code()), (&[7; 32], &[9; 16]));
        }
    }

    #[test]
    fn a_bad_address_version_or_prefix_is_refused() {
        for text in [written("hub.example"), written("hub:8443").replace("svki1", "svki2"), String::new()] {
            assert!(text.parse::<Invite>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_or_missing_character_is_noticed(at in 0usize..90, with in "[A-Za-z0-9_-]") {
            let text = written("hub.example:8443");
            let at = at.min(text.len() - 1);
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &with);
            prop_assert_eq!(wrong.parse::<Invite>().is_ok(), wrong == text);
            wrong.replace_range(at..=at, "");
            prop_assert!(wrong.parse::<Invite>().is_err());
        }
    }
}
