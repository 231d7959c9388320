//! One delivery: opened and verified in the order of PROTOCOL.md section 7, with its attachments.

use samverkan_envelope::open::{
    HeldKey, LocalDevice, Memory, OpenError, Received as Parsed, Refusal, Verified,
};
use samverkan_proto::code::{CannotDecryptReason, Class, Kind, RefusalReason};
use samverkan_proto::ids::{OrgId, SendId, ThreadId, sha256};
use samverkan_proto::statement::header::Header;
use samverkan_proto::statement::receipt::{DeviceReceipt, Verdict};
use samverkan_proto::v1::Delivery;

use super::forward::has_broken_chain;
use super::gossip::Overhearing;
use super::mail::{Kept, Mail, OutState};
use super::model::{Direction, Progress};
use super::transfer::Downloaded;
use super::{Session, keys};
use crate::connect::Link;
use crate::error::{Error, Result};

/// What a delivery turned out to be.
pub(super) enum Opened {
    /// Verified, with all its attachments on disk; to be kept, then acknowledged.
    Good {
        /// The message.
        kept: Box<Kept>,
        /// What the device says of it.
        receipt: DeviceReceipt,
    },
    /// Not to be trusted; nothing of it is kept. The receipt says so, unless not even the message it is about is known.
    Untrusted(Option<DeviceReceipt>),
    /// Shown before under another id: acknowledged again, and nothing else.
    Repeated(DeviceReceipt),
    /// Held back: no receipt, and the hub keeps it.
    Held,
    /// Its attachments can not be fetched now, for this reason. No receipt, and the hub keeps it: it comes again, and what is fetched
    /// by then is not fetched again.
    Unfetched(Error),
    /// Another process is fetching attachments, perhaps these: left to it, or to the next time.
    Elsewhere,
}

impl Opened {
    /// The message it is, if it is to be kept.
    pub(super) fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Good { kept, .. } => Some(kept),
            Self::Untrusted(_) | Self::Repeated(_) | Self::Held | Self::Unfetched(_) | Self::Elsewhere => {
                None
            }
        }
    }

    /// What the device says of it.
    pub(super) const fn receipt(&self) -> Option<&DeviceReceipt> {
        match self {
            Self::Good { receipt, .. } | Self::Repeated(receipt) => Some(receipt),
            Self::Untrusted(receipt) => receipt.as_ref(),
            Self::Held | Self::Unfetched(_) | Self::Elsewhere => None,
        }
    }
}

/// The messages that are kept, and those about to be.
pub(super) struct Known<'a> {
    pub(super) mail: &'a Mail,
    pub(super) in_batch: &'a [Opened],
}

impl Known<'_> {
    fn any(&self, is: impl Fn(&Kept) -> bool) -> bool {
        self.in_batch.iter().filter_map(Opened::kept).chain(self.mail.iter()).any(is)
    }
}

impl Memory for Known<'_> {
    /// Nothing that came is ever deleted on its own, so what is kept is the whole memory, and longer than 37 days.
    /// What the own organisation sent is not shown as something that came, so a copy of it does not repeat anything: when another device
    /// sends it again, the copy says so.
    fn was_shown(&self, sender: &OrgId, send_id: &SendId) -> bool {
        self.any(|kept| {
            let same = kept.header.fields().sender_org == *sender && kept.body.send_id == *send_id;
            kept.direction == Direction::In && same
        })
    }

    fn exchanged(&self, with: &OrgId, thread: &ThreadId) -> bool {
        self.any(|kept| {
            let fields = kept.header.fields();
            let between = match kept.direction {
                Direction::In => fields.sender_org == *with,
                Direction::Out => fields.to.iter().any(|to| to.org == *with),
            };
            kept.body.thread_id == *thread && between
        })
    }
}

impl Session {
    /// Opens a delivery and fetches its attachments. `in_batch` knows the messages that are about to be kept.
    pub(super) async fn open_delivery(
        &mut self,
        link: &mut Link,
        delivery: &Delivery,
        in_batch: &[Opened],
        progress: &mut dyn Progress,
    ) -> Result<Opened> {
        // The hub has parsed the header before it took the message, so one that does not parse is not its sender's, and
        // there is no message that a receipt could be about.
        let Ok(header) = Header::parse(&delivery.header) else {
            tracing::warn!("a message without a readable header can not be trusted");
            return Ok(Opened::Untrusted(None));
        };
        self.compare_submission(&delivery.submission_receipt)?;
        let verified = match self.verify_delivery(delivery, in_batch)? {
            Err(OpenError::LogBehind { .. }) => {
                self.synchronise(link).await?;
                // Only now is it known whether that larger log has the root that the receipt names.
                self.compare_submission(&delivery.submission_receipt)?;
                self.verify_delivery(delivery, in_batch)?
            }
            other => other,
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(OpenError::LogBehind { .. }) => return Ok(Opened::Held),
            Err(OpenError::Refused(refusal)) => return Ok(self.refused(&header, &refusal)),
        };
        if self.breaks_case_rule(&verified, in_batch) {
            let verdict = verified.refused(RefusalReason::ContentMismatch);
            return Ok(Opened::Untrusted(Some(self.receipt_for(&header, verdict))));
        }
        let has_attachments = !verified.body().attachments.is_empty();
        let fetching = if has_attachments { self.profile.try_lock_fetching()? } else { None };
        if has_attachments && fetching.is_none() {
            return Ok(Opened::Elsewhere);
        }
        let is_whole = match self.fetch_attachments(link, &verified, progress).await {
            Ok(is_whole) => is_whole,
            Err(error) => return Ok(Opened::Unfetched(error)),
        };
        if !is_whole {
            let verdict = Verdict::CannotDecrypt(CannotDecryptReason::AttachmentDamaged);
            return Ok(Opened::Untrusted(Some(self.receipt_for(&header, verdict))));
        }
        let receipt = self.receipt_for(&header, verified.delivered());
        Ok(Opened::Good { kept: Box::new(keep(delivery, verified)), receipt })
    }

    /// Whether a message decides about a concern report, which nobody may, or was passed on in a circle or too often (PROTOCOL.md section
    /// 21). It is refused, so that whoever sent
    /// it hears of it, and not merely left without effect.
    pub(super) fn breaks_case_rule(&self, verified: &Verified, in_batch: &[Opened]) -> bool {
        let known = Known { mail: &self.mail, in_batch };
        let is_report = |kept: &Kept| {
            kept.body.thread_id == verified.body().thread_id
                && kept.header.fields().class == Class::ConcernReport
        };
        let sender = &verified.header().fields().sender_org;
        let decides = verified.body().kind == Kind::Decision && known.any(is_report);
        let is_broken = has_broken_chain(verified.body(), sender, &self.membership.org);
        !verified.wrap().is_sent_copy() && (decides || is_broken)
    }

    /// What this device says about a message, now.
    pub(super) fn receipt_for(&self, header: &Header, verdict: Verdict) -> DeviceReceipt {
        DeviceReceipt {
            message_id: header.fields().message_id,
            hh: *header.hh(),
            org: self.membership.org,
            device: self.device.device_id(),
            time_ms: self.clock.now_ms(),
            verdict,
        }
    }

    fn refused(&self, header: &Header, refusal: &Refusal) -> Opened {
        tracing::warn!(
            fault = refusal.fault().name(),
            field = refusal.found().field,
            "a message can not be trusted"
        );
        match refusal.verdict() {
            Some(verdict @ Verdict::Delivered { .. }) => Opened::Repeated(self.receipt_for(header, verdict)),
            Some(verdict) => Opened::Untrusted(Some(self.receipt_for(header, verdict))),
            None => Opened::Held,
        }
    }

    /// Every check of PROTOCOL.md section 7, in its order. The checkpoint inside is held against the own copy whether the message is refused
    /// or not.
    ///
    /// # Errors
    /// [`Code::LogForked`](crate::error::Code::LogForked), with the evidence kept.
    pub(super) fn verify_delivery(
        &self,
        delivery: &Delivery,
        in_batch: &[Opened],
    ) -> Result<std::result::Result<Verified, OpenError>> {
        let log = Overhearing::of(&self.directory);
        let verified = self.verify_against(&log, delivery, in_batch);
        if let Some(heard) = log.heard() {
            self.directory.compare_checkpoint(&heard, self.clock.now_ms())?;
        }
        Ok(verified)
    }

    fn verify_against(
        &self,
        log: &Overhearing<'_>,
        delivery: &Delivery,
        in_batch: &[Opened],
    ) -> std::result::Result<Verified, OpenError> {
        let parsed = if delivery.rewrap.is_empty() {
            Parsed::parse(&delivery.header, &delivery.wrap, &delivery.content)?
        } else {
            Parsed::parse_rewrapped(&delivery.header, &delivery.rewrap, &delivery.content)?
        };
        let own = LocalDevice { org: self.membership.org, device: self.device.device_id() };
        let held = parsed.own_key(own).and_then(|id| keys::held(self.keystore.contents(), &id));
        let unwrapped =
            parsed.unwrap(own, |_| held.as_ref().map(|(secret, epoch)| HeldKey { secret, epoch: *epoch }))?;
        let accepted = unwrapped.accept(&delivery.submission_receipt, self.membership.hub.pins.receipt())?;
        accepted.verify(log, self.clock.now_ms(), &Known { mail: &self.mail, in_batch })
    }

    /// Fetches and verifies every attachment; false when one is not what the message names.
    async fn fetch_attachments(
        &self,
        link: &mut Link,
        verified: &Verified,
        progress: &mut dyn Progress,
    ) -> Result<bool> {
        let id = verified.header().fields().message_id;
        self.check_room(&verified.body().attachments)?;
        for attachment in &verified.body().attachments {
            match self.download(link, &id, attachment, progress).await? {
                Downloaded::Whole => {}
                Downloaded::Damaged => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// The message as it is kept. A copy of what another device of the own organisation sent went out, not in.
pub(super) fn keep(delivery: &Delivery, verified: Verified) -> Kept {
    let direction = if verified.wrap().is_sent_copy() { Direction::Out } else { Direction::In };
    let header = verified.header().clone();
    let (body, secret) = verified.into_parts();
    Kept {
        direction,
        header,
        body,
        secret,
        content_hash: sha256(&delivery.content),
        wraps_hash: [0; 32],
        shown: direction == Direction::Out,
        state: OutState::Settled,
        receipts: vec![delivery.submission_receipt.clone()],
        given: Vec::new(),
        pending: Vec::new(),
        resends: None,
        replaces: None,
        given_on: Vec::new(),
        dismissed: 0,
        rule_accepted: false,
        unsubmitted: false,
        stops: Vec::new(),
    }
}
