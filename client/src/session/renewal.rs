//! The device's next certificate, in good time and also too late (PROTOCOL.md section 14), and when a running client
//! has something to do by itself.
//!
//! The device's identity key asks, not the certificate: one that has expired renews like any other. The person hears of
//! it when it fails and there is no good certificate left.

use rcgen::PublicKeyData as _;
use samverkan_proto::ids::{OrgId, TlsKeyHash};
use samverkan_proto::sign::Signer;
use samverkan_proto::statement::epoch_key::Epoch;
use samverkan_proto::statement::renewal::Renewal;
use samverkan_proto::v1::RenewCertificateRequest;

use super::call::misbehaved;
use super::certificate::{self, CertificateFacts};
use super::{Membership, Session, TRIES, call, check_clock};
use crate::connect::Link;
use crate::error::{Code, Error, Result};
use crate::keystore::Contents;
use crate::msg;

/// How soon a running client looks again after what was due did not work, and how seldom at the least: what others did to
/// the organisation's devices shows in the log alone.
const AGAIN_MS: u64 = 60 * 60 * 1000;

/// Over how long the clients of a hub spread what is due to all of them at the same moment.
const SPREAD_MS: u64 = 10 * 60 * 1000;

impl Session {
    /// Renews the certificate when less than a third of its life is left, or nothing.
    ///
    /// # Errors
    /// What renewing fails with, when there is no good certificate left. Until then the next contact tries again.
    pub async fn keep_certified(&mut self) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let facts = self.membership.certificate_facts()?;
        if now_ms < facts.renew_at_ms() {
            return Ok(());
        }
        match self.renew(Need::Due).await {
            Err(error) if now_ms < facts.not_after_ms => {
                tracing::warn!(code = error.code().as_str(), "the certificate could not be renewed yet");
                Ok(())
            }
            renewed => renewed,
        }
    }

    /// Opens a link as this device, with a new certificate first if it needs one.
    pub(super) async fn dial_certified(&mut self) -> Result<Link> {
        self.keep_certified().await?;
        match self.dial().await {
            // By the hub's clock it is over; or this keystore is a copy from before the last renewal.
            Err(error) if error.code() == Code::CertificateRefused => {
                self.renew(Need::Refused).await?;
                self.dial().await
            }
            dialled => dialled,
        }
    }

    async fn renew(&mut self, need: Need) -> Result<()> {
        let mut refused = Error::new(Code::CertificateRefused);
        for _ in 0..TRIES {
            if self.was_renewed_elsewhere(need)? {
                return Ok(());
            }
            match self.renew_once().await {
                // Another command of this device was faster; what it got is here now, or the hub has started again.
                Err(error) if error.code() == Code::InvalidField => refused = error,
                renewed => return renewed,
            }
        }
        Err(refused)
    }

    /// Takes the certificate from disk that another process may have put there; says whether it is what is needed.
    fn was_renewed_elsewhere(&mut self, need: Need) -> Result<bool> {
        let _held = self.begin()?;
        let kept =
            Membership::load(self.keystore.contents())?.ok_or(Error::new(Code::KeystoreDamaged))?.certificate;
        let is_new = kept != self.membership.certificate;
        self.membership.certificate = kept;
        let is_due = self.clock.now_ms() >= self.membership.certificate_facts()?.renew_at_ms();
        Ok(is_new && (need == Need::Refused || !is_due))
    }

    async fn renew_once(&mut self) -> Result<()> {
        let hub = &self.membership.hub;
        let link = Link::open_nameless(&self.network, &hub.address, &hub.pins, &self.clock).await?;
        check_clock(&link)?;
        let request = asking(self.membership.org, &self.device, self.keystore.contents(), &link)?;
        let certificate = call::unary(link.enrolment().renew_certificate(request)).await?.certificate;
        let own =
            TlsKeyHash::of_spki(&certificate::tls_key(self.keystore.contents())?.subject_public_key_info());
        let facts = CertificateFacts::of(&certificate).filter(|facts| facts.tls_key == own);
        if facts.is_none_or(|facts| facts.renew_at_ms() <= self.clock.now_ms()) {
            return Err(misbehaved(msg!("cause-certificate-unfit")));
        }
        let held = self.begin()?;
        self.membership.certificate = certificate.to_vec();
        self.membership.store(self.keystore.contents_mut())?;
        Ok(self.keystore.commit(&held)?)
    }

    /// When a client that goes on running has something to do: a certificate or keys are due, keys are over, or an hour is. Those of one
    /// hub are spread over ten minutes; what did not work is tried again after an hour.
    pub(super) fn next_duty_ms(&self) -> Result<u64> {
        let now_ms = self.clock.now_ms();
        let certificate_ms = self.membership.certificate_facts()?.renew_at_ms();
        let next_week_ms = Epoch::of(now_ms).encrypt_until_ms();
        let over = self.keystore.contents().epochs().map(|epoch| Epoch::new(epoch).destroy_at_ms());
        let next_ms = over.fold(certificate_ms.min(next_week_ms), u64::min);
        let next_ms = next_ms.saturating_add(spread(&self.device));
        let hour_ms = now_ms.saturating_add(AGAIN_MS);
        Ok(if next_ms <= now_ms { hour_ms } else { next_ms.min(hour_ms) })
    }
}

/// Why a certificate is renewed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// It is time, by this computer's clock.
    Due,
    /// The hub does not take the one there is.
    Refused,
}

/// The device's share of the time over which all clients of a hub spread.
fn spread(device: &Signer) -> u64 {
    let [a, b, c, d, ..] = *device.device_id().as_bytes();
    u64::from(u32::from_be_bytes([a, b, c, d])) % SPREAD_MS
}

/// The signed request, with the nonce of this link's greeting.
fn asking(org: OrgId, device: &Signer, contents: &Contents, link: &Link) -> Result<RenewCertificateRequest> {
    let nonce = link.hello().renewal_nonce.ok_or_else(|| misbehaved(msg!("cause-no-nonce")))?;
    let request = certificate::request(&certificate::tls_key(contents)?)?;
    let renewal = Renewal::new(org, device, nonce, &request).sign(device);
    let renewal = renewal.map_err(|_| Error::new(Code::ProgramDefect))?;
    Ok(RenewCertificateRequest {
        renewal: renewal.bytes().to_vec().into(),
        certificate_request: request.into(),
    })
}
