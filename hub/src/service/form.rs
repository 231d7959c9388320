//! Whether an HTTP/2 request is a gRPC call at all, and how long it says that it may take.
//!
//! Both are read as "gRPC over HTTP2" (the protocol's own specification) says. Metadata beyond that is not looked at:
//! the hub knows callers by their certificates alone.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, StatusCode};
use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::ErrorReason;

/// The content type of every call; what follows it begins with one of [`AFTER`].
const GRPC: &[u8] = b"application/grpc";

/// `application/grpc+proto` and `application/grpc; charset=…` are gRPC, `application/grpc-web` is something else.
const AFTER: &[u8] = b"+;";

/// The header with which a caller says how long it will wait.
const TIMEOUT: &str = "grpc-timeout";

/// The most digits that a time has.
const MAX_DIGITS: usize = 8;

/// Whether a request is a call.
///
/// # Errors
/// The HTTP status for somebody who does not speak gRPC.
pub(super) fn is_call<B>(request: &Request<B>) -> Result<(), StatusCode> {
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let kind = request.headers().get(CONTENT_TYPE).map_or(b"".as_slice(), |kind| kind.as_bytes());
    match kind.strip_prefix(GRPC) {
        Some([]) => Ok(()),
        Some([next, ..]) if AFTER.contains(next) => Ok(()),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

/// How long the caller will wait; `None` if it does not say.
///
/// # Errors
/// INVALID_FIELD when what it says is not 1 to 8 digits and a unit.
pub(super) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let Some(value) = headers.get(TIMEOUT) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse);
    parsed.map(Some).ok_or(Refusal::in_field(ErrorReason::InvalidField, TIMEOUT))
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > MAX_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Eight digits of hours are far below what a duration holds.
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_grpc_is_a_call() {
        let asked = |method: &str, kind: Option<&str>| {
            let mut request = Request::builder().method(method);
            if let Some(kind) = kind {
                request = request.header(CONTENT_TYPE, kind);
            }
            is_call(&request.body(()).unwrap()).map_err(|status| status.as_u16())
        };
        for good in ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"] {
            assert_eq!(asked("POST", Some(good)), Ok(()), "{good}");
        }
        for other in ["", "text/html", "application/grpc-web", "application/grp", "application/json"] {
            assert_eq!(asked("POST", Some(other)), Err(415), "{other}");
        }
        assert_eq!(asked("POST", None), Err(415));
        assert_eq!(asked("GET", Some("application/grpc")), Err(405));
    }

    #[test]
    fn times_are_read_in_every_unit() {
        let cases = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("6n", Duration::from_nanos(6)),
            ("0S", Duration::ZERO),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for wrong in ["", "S", "1", "-1S", "+1S", "1.5S", "1 S", "123456789S", "1s", "1SS", "１S", "0x1S"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(http::HeaderName::from_static(TIMEOUT), value)]);
            let well_formed = bytes.split_last().is_some_and(|(unit, digits)| {
                b"HMSmun".contains(unit) && (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
            });
            prop_assert_eq!(timeout(&headers).is_ok(), well_formed);
        }
    }
}
