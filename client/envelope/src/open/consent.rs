//! The receiver's half of consent (PROTOCOL.md section 12): every handle the hub was shown opens to a consent that covers this.

use super::LogView;
use crate::body::Body;
use crate::consent::{ConsentOpening, ConsentRecipient, ConsentRecord};
use samverkan_proto::code::{Class, ConsentPurpose};
use samverkan_proto::statement::consent::{ConsentStub, UnverifiedStub, commitment};
use samverkan_proto::statement::header::{Header, HeaderFields, Wrap};
use samverkan_proto::{Fault, InvalidField};

/// Checks the openings of a message. One on another basis has no handles, and so may carry no opening.
pub(super) fn check_consents(
    header: &Header,
    own: &Wrap,
    body: &Body,
    log: &impl LogView,
) -> Result<(), InvalidField> {
    let fields = header.fields();
    // Both lists ascend, so that equal lists mean one opening for each handle.
    let opened = body.consents.iter().map(ConsentOpening::claimed_handle);
    if !opened.eq(fields.handles.iter().map(|handle| *handle.as_bytes())) {
        return Err(mismatch("body.consents"));
    }
    body.consents.iter().try_for_each(|opening| {
        let stub = verified_stub(opening, log)?;
        check_opening(fields, own, opening, &stub)
    })
}

const fn mismatch(field: &'static str) -> InvalidField {
    Fault::ConsentMismatch.in_field(field)
}

fn verified_stub(opening: &ConsentOpening, log: &impl LogView) -> Result<ConsentStub, InvalidField> {
    let refused = |found: InvalidField| mismatch(found.field);
    let stub = UnverifiedStub::parse(&opening.stub).map_err(refused)?;
    let issuer = stub.claimed();
    let key =
        log.device_key(&issuer.issuer_org, &issuer.issuer_device).ok_or(mismatch("consent.issuer_device"))?;
    stub.verify(&key).map(|verified| verified.into_value()).map_err(refused)
}

fn check_opening(
    fields: &HeaderFields,
    own: &Wrap,
    opening: &ConsentOpening,
    stub: &ConsentStub,
) -> Result<(), InvalidField> {
    if fields.created_ms >= stub.expires_ms {
        return Err(mismatch("consent.expires_ms"));
    }
    if commitment(&opening.salt, &opening.record) != stub.commitment {
        return Err(mismatch("consent.commitment"));
    }
    let record = ConsentRecord::decode(&opening.record)?;
    if !own.is_sent_copy() && !names_one_of_mine(fields, own, &record) {
        return Err(mismatch("consent.recipients"));
    }
    if Some(record.purpose) != purpose_of(fields.class) {
        return Err(mismatch("consent.purpose"));
    }
    if (record.given_ms..record.expires_ms).contains(&fields.created_ms) {
        Ok(())
    } else {
        Err(mismatch("consent.given_ms"))
    }
}

fn names_one_of_mine(fields: &HeaderFields, own: &Wrap, record: &ConsentRecord) -> bool {
    own.mailboxes().filter_map(|index| fields.to.get(index)).any(|to| {
        record.recipients.binary_search(&ConsentRecipient { org: to.org, mailbox: to.mailbox }).is_ok()
    })
}

/// What a person must have agreed to for a message of this class.
const fn purpose_of(class: Class) -> Option<ConsentPurpose> {
    match class {
        Class::Referral | Class::ConcernReport => Some(ConsentPurpose::Referral),
        Class::InformationRequest => Some(ConsentPurpose::InformationExchange),
        Class::FollowUp => None,
    }
}
