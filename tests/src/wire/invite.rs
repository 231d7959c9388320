//! What an invite holds (PROTOCOL.md section 14).

use data_encoding::BASE64URL_NOPAD;
use samverkan_proto::ids::sha256;

/// An invite, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Digest of the hub's authority and keys.
    pub pin: [u8; 32],
    /// The code that works once.
    pub code: [u8; 16],
    /// `host:port`.
    pub address: String,
}

impl Invite {
    /// Takes an invite apart; `None` when it is not of exactly this form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.strip_prefix("svki1-")?.as_bytes()).ok()?;
        let (said, check) = bytes.split_last_chunk::<4>()?;
        let (version, rest) = said.split_first()?;
        let (pin, rest) = rest.split_first_chunk()?;
        let (code, rest) = rest.split_first_chunk()?;
        let (len, address) = rest.split_first()?;
        let address = String::from_utf8(address.to_vec()).ok()?;
        let whole = *version == 1 && usize::from(*len) == address.len() && sha256(said)[..4] == *check;
        whole.then_some(Self { pin: *pin, code: *code, address })
    }

    /// Puts it together again.
    ///
    /// # Panics
    /// For an address beyond 255 bytes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let len = u8::try_from(self.address.len()).expect("a short address");
        let mut said = [&[1], self.pin.as_slice(), &self.code, &[len], self.address.as_bytes()].concat();
        let digest = sha256(&said);
        said.extend_from_slice(&digest[..4]);
        format!("svki1-{}", BASE64URL_NOPAD.encode(&said))
    }
}
