//! The operator's entry for an organisation.

use crate::code::{OrganisationKind, OrganisationState};
use crate::codec::{Reader, Writer};
use crate::fault::{Fault, InvalidField};
use crate::ids::{Handle, Municipality, OrgId, OrganisationName, OrganisationNumber, ServiceCode};
use crate::limits::MAX_PLACES;
use bytes::Bytes;
use std::str::FromStr;

const MAGIC: &[u8; 4] = b"SVKO";

/// What an organisation entry says. It is the operator's word, not the organisation's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationFields {
    /// The organisation.
    pub org_id: OrgId,
    /// 1 for the first entry, one more for each that follows.
    pub revision: u32,
    /// Where it stands; never INVITED.
    pub state: OrganisationState,
    /// What it is.
    pub kind: OrganisationKind,
    /// Since when it stands there.
    pub since_ms: u64,
    /// As in its manifest.
    pub handle: Handle,
    /// As in its manifest.
    pub organisation_number: OrganisationNumber,
    /// Its name as people know it.
    pub name: OrganisationName,
    /// The municipalities it serves, at most 32, ascending.
    pub municipalities: Vec<Municipality>,
    /// What it offers, at most 32, ascending.
    pub services: Vec<ServiceCode>,
}

/// An organisation entry that obeys its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationEntry {
    fields: OrganisationFields,
    bytes: Bytes,
}

impl OrganisationEntry {
    /// Reads the record of a leaf of type 5 and keeps its bytes.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(bytes: Bytes) -> Result<Self, InvalidField> {
        let r = &mut Reader::new(&bytes);
        r.preamble(MAGIC)?;
        let fields = OrganisationFields {
            org_id: OrgId::parse(&r.array::<16>("org_id")?)?,
            revision: read_revision(r)?,
            state: read_state(r)?,
            kind: OrganisationKind::try_from(r.u8("organisation_kind")?)?,
            since_ms: r.u64("since_ms")?,
            handle: r.text8("handle")?.parse()?,
            organisation_number: r.text8("organisation_number")?.parse()?,
            name: r.text8("organisation_name")?.parse()?,
            municipalities: read_list(r, "municipalities", |r| {
                // Four digits without a length: read as bytes, since half a character is no text.
                let digits = r.array::<4>("municipalities")?;
                str::from_utf8(&digits).map_err(|_| Fault::BadText.in_field("municipalities"))?.parse()
            })?,
            services: read_list(r, "services", |r| ServiceCode::from_str(r.text8("services")?))?,
        };
        r.finish("organisation_entry")?;
        Ok(Self { fields, bytes })
    }

    /// Writes the fields, their lists in any order, and checks them by the same rules.
    ///
    /// # Errors
    /// The first fault, as [`OrganisationEntry::parse`] would name it.
    pub fn build(mut fields: OrganisationFields) -> Result<Self, InvalidField> {
        fields.municipalities.sort_unstable();
        fields.services.sort_unstable();
        for (len, field) in
            [(fields.municipalities.len(), "municipalities"), (fields.services.len(), "services")]
        {
            if len > MAX_PLACES.into() {
                return Err(Fault::CountOutOfRange.in_field(field));
            }
        }
        Self::parse(write(&fields).into())
    }

    /// What it says.
    #[must_use]
    pub const fn fields(&self) -> &OrganisationFields {
        &self.fields
    }

    /// The record's bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

fn read_revision(r: &mut Reader<'_>) -> Result<u32, InvalidField> {
    match r.u32("revision")? {
        0 => Err(Fault::WrongChain.in_field("revision")),
        revision => Ok(revision),
    }
}

/// INVITED exists inside the hub alone.
fn read_state(r: &mut Reader<'_>) -> Result<OrganisationState, InvalidField> {
    match r.u8("state")?.try_into()? {
        OrganisationState::Invited => Err(Fault::UnknownCode.in_field("state")),
        state => Ok(state),
    }
}

fn read_list<T: Ord>(
    r: &mut Reader<'_>,
    field: &'static str,
    read: impl Fn(&mut Reader<'_>) -> Result<T, InvalidField>,
) -> Result<Vec<T>, InvalidField> {
    let n = r.count8(0..=MAX_PLACES, field)?;
    let list = (0..n).map(|_| read(r)).collect::<Result<Vec<_>, _>>()?;
    if list.is_sorted_by(|a, b| a < b) { Ok(list) } else { Err(Fault::NotAscending.in_field(field)) }
}

fn write(fields: &OrganisationFields) -> Vec<u8> {
    let mut w = Writer::statement(MAGIC);
    w.put(fields.org_id.as_bytes());
    w.u32(fields.revision);
    w.u8(fields.state.code());
    w.u8(fields.kind.code());
    w.u64(fields.since_ms);
    w.text8(fields.handle.as_str());
    w.text8(fields.organisation_number.as_str());
    w.text8(fields.name.as_str());
    w.count8(fields.municipalities.len());
    fields.municipalities.iter().for_each(|municipality| w.put(municipality.as_str().as_bytes()));
    w.count8(fields.services.len());
    fields.services.iter().for_each(|service| w.text8(service.as_str()));
    w.finish()
}
