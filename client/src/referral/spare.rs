//! Handles of a consent that its issuer seals into a referral, so that a recipient can pass it on within the consent (PROTOCOL.md section
//! 21). A withdrawal reaches whoever was written to under them.

use data_encoding::BASE64URL_NOPAD;
use samverkan_envelope::body::Field;
use samverkan_envelope::consent::STUB_LEN;
use samverkan_proto::limits::{MAX_FORWARDS, MAX_TO};

/// What the names of the fields begin with; a number from 1 follows.
const FIELD: &str = "svk_spare_";
/// Most of them in one referral.
pub const MAX_SPARES: usize = MAX_FORWARDS * MAX_TO as usize;

/// A registered handle that nobody has used: its stub, and the salt of its commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct Spare {
    /// The stub's bytes, as it was registered.
    pub stub: [u8; STUB_LEN],
    /// The salt of the commitment.
    pub salt: [u8; 32],
}

/// How many spares each message of a consent with so many recipients carries: one for each time that it may be passed on to one of the
/// others.
#[must_use]
pub fn wanted(recipients: usize) -> usize {
    recipients.saturating_sub(1).min(MAX_FORWARDS)
}

/// The fields that hold the spares, in no order.
#[must_use]
pub fn write(spares: &[Spare]) -> Vec<Field> {
    let field = |(number, spare): (usize, &Spare)| Field {
        name: format!("{FIELD}{number}"),
        value: BASE64URL_NOPAD.encode(&[&spare.stub[..], &spare.salt].concat()),
    };
    (1..).zip(spares).map(field).collect()
}

/// The spares of a body, in the order of their numbers, up to the first that is missing or can not be read.
#[must_use]
pub fn read(fields: &[Field]) -> Vec<Spare> {
    let spare = |number: usize| {
        let name = format!("{FIELD}{number}");
        let field = fields.iter().find(|field| field.name == name)?;
        let bytes = BASE64URL_NOPAD.decode(field.value.as_bytes()).ok()?;
        let (stub, salt) = bytes.split_at_checked(STUB_LEN)?;
        Some(Spare { stub: stub.try_into().ok()?, salt: salt.try_into().ok()? })
    };
    (1..=MAX_SPARES).map_while(spare).collect()
}

/// Whether a body has any.
#[must_use]
pub fn are_in(fields: &[Field]) -> bool {
    fields.iter().any(|field| field.name.starts_with(FIELD))
}

/// Those of the spares that fall to the recipient at this place of so many: every one of them has its own, so that no two name the same
/// handle.
#[must_use]
pub fn share(spares: &[Spare], place: usize, places: usize) -> Vec<Spare> {
    spares.iter().skip(place).step_by(places.max(1)).cloned().collect()
}
