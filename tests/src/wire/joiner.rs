//! A device that an organisation has invited and that asks to become a member (PROTOCOL.md section 14).

use super::bytes::random;
use super::{Device, Member, Peer, Refused};
use ring::hmac;
use samverkan_proto::ids::sha256;
use samverkan_proto::v1;

/// A device with the secret of an invite, or with another one.
#[derive(Debug)]
pub struct Joiner {
    /// What the admin and the person both know.
    pub secret: [u8; 16],
    /// The organisation that it asks for.
    pub org: [u8; 16],
    /// Its keys.
    pub device: Device,
}

impl Joiner {
    /// New keys and a secret of its own, of which no hub has heard.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new(org: [u8; 16]) -> Self {
        Self { secret: random(), org, device: Device::new(7) }
    }

    /// One whose code the organisation's admin, connected as `admin`, has told the hub.
    ///
    /// # Panics
    /// When the hub refuses the code.
    pub async fn invited(member: &Member, admin: &Peer) -> Self {
        let joiner = Self::new(member.org());
        joiner.announce(admin).await.expect("an invite");
        joiner
    }

    /// Tells the hub its code, as the admin.
    ///
    /// # Errors
    /// The refusal.
    pub async fn announce(&self, admin: &Peer) -> Result<v1::InviteMemberResponse, Refused> {
        let request = v1::InviteMemberRequest { code: self.code().to_vec().into() };
        admin.call("MembershipService/InviteMember", &request).await
    }

    /// What the hub knows the invite by.
    #[must_use]
    pub fn code(&self) -> [u8; 16] {
        *derive(&self.secret, b"svk1 invite hub").first_chunk().expect("32 bytes")
    }

    /// SVKN.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        let entry = self.device.entry(0);
        let body = [&b"SVKN\0\x01"[..], &self.org, &entry.sign_pk, &entry.tls_spki_sha256].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derive(&self.secret, b"svk1 invite peer"));
        let mac = hmac::sign(&key, &body);
        [&body[..], mac.as_ref()].concat()
    }

    /// What it sends to the hub.
    #[must_use]
    pub fn request(&self) -> v1::RequestMembershipRequest {
        v1::RequestMembershipRequest {
            code: self.code().to_vec().into(),
            request: self.statement().into(),
            certificate_request: self.device.certificate_request().into(),
        }
    }

    /// How an admin sees that a request waits for this code.
    #[must_use]
    pub fn code_hash(&self) -> [u8; 32] {
        sha256(&self.code())
    }
}

/// `HKDF("", secret, info, 32)` of RFC 5869: one block is as long as the hash.
fn derive(secret: &[u8], info: &[u8]) -> [u8; 32] {
    let hmac = |key: &[u8], data: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let extracted = hmac(&[0; 32], secret);
    let expanded = hmac(extracted.as_ref(), &[info, &[1]].concat());
    expanded.as_ref().try_into().expect("SHA-256 is 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use samverkan_proto::statement::member::{MemberSecret, UnverifiedMembership};

    #[test]
    fn what_is_written_from_the_text_is_what_the_programs_read() {
        let joiner = Joiner::new([7; 16]);
        let secret = MemberSecret::new(joiner.secret);
        assert_eq!(*secret.hub_code().expose(), joiner.code());
        let request = UnverifiedMembership::parse(&joiner.statement()).expect("a request");
        assert_eq!(
            request.verify(&secret).expect("its own").value().device_id().as_bytes(),
            &joiner.device.id()
        );
    }
}
