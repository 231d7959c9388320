//! A message as it is handed in: three byte strings that fit each other.

use samverkan_proto::ids::MessageId;
use samverkan_proto::limits::WRAP_LEN;
use samverkan_proto::statement::header::Header;
use samverkan_proto::v1::SubmitRequest;
use samverkan_proto::{Fault, InvalidField};

use crate::store::Sealed;

/// Where the message id stands in a header, after magic and suite (PROTOCOL.md section 6).
const MESSAGE_ID: std::ops::Range<usize> = 6..22;

/// Parses a message whose parts fit each other; nobody has looked at who sent it.
pub(in crate::service) fn parse(request: SubmitRequest) -> Result<Sealed, InvalidField> {
    let header = Header::parse(&request.header)?;
    if request.wraps.len() != header.fields().wraps.len() * WRAP_LEN {
        return Err(Fault::BadLength.in_field("wraps"));
    }
    if request.content.len() as u64 != u64::from(header.fields().content_len) {
        return Err(Fault::BadLength.in_field("content"));
    }
    Ok(Sealed::new(header, request.wraps, request.content))
}

/// The id that a request claims, as far as its header can be read.
pub(in crate::service) fn claimed_id(request: &SubmitRequest) -> Option<MessageId> {
    MessageId::parse(request.header.get(MESSAGE_ID)?).ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;
    use samverkan_proto::code::OrganisationKind;

    use super::*;
    use crate::policy::world::{World, header};

    fn request() -> SubmitRequest {
        let mut world = World::new();
        let from = world.member("from-exempel", OrganisationKind::Police);
        let to = world.member("to-exempel", OrganisationKind::Police);
        let header = header(world.referral(&from, &to));
        SubmitRequest {
            header: Bytes::copy_from_slice(header.bytes()),
            wraps: vec![0; WRAP_LEN].into(),
            content: vec![0; header.fields().content_len as usize].into(),
        }
    }

    #[test]
    fn lengths_are_those_that_the_header_announces() {
        let good = request();
        assert_eq!(Some(parse(good.clone()).unwrap().id()), claimed_id(&good));
        let field = |request| parse(request).unwrap_err().field;
        for len in [0, WRAP_LEN - 1, WRAP_LEN + 1, 2 * WRAP_LEN] {
            assert_eq!(field(SubmitRequest { wraps: vec![0; len].into(), ..good.clone() }), "wraps");
        }
        for len in [0, good.content.len() - 1, good.content.len() + 1] {
            assert_eq!(field(SubmitRequest { content: vec![0; len].into(), ..good.clone() }), "content");
        }
    }

    #[test]
    fn an_id_is_claimed_as_soon_as_it_can_be_read() {
        let good = request();
        let cut = |len| SubmitRequest { header: good.header.slice(..len), ..good.clone() };
        assert_eq!(claimed_id(&cut(22)), claimed_id(&good));
        assert!((0..22).all(|len| claimed_id(&cut(len)).is_none()));
        assert!(claimed_id(&SubmitRequest { header: vec![0; 200].into(), ..good }).is_none(), "no UUID");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_quietly(header in proptest::collection::vec(any::<u8>(), 0..300)) {
            let request = SubmitRequest { header: header.into(), ..SubmitRequest::default() };
            let _ = claimed_id(&request);
            prop_assert!(parse(request).is_err());
        }
    }
}
