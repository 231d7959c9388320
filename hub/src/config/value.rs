//! Values with rules of their own.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rustls::pki_types;
use serde::Deserialize;

/// A hub's name: 1 to 63 of `a-z`, `0-9`, `.` and `-`, beginning and ending with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HubName(String);

impl HubName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin line of the hub's transparency log.
    pub fn log_origin(&self) -> String {
        format!("samverkan/{}", self.0)
    }
}

impl FromStr for HubName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let ends = bytes.first().is_some_and(|b| allowed(*b)) && bytes.last().is_some_and(|b| allowed(*b));
        if bytes.len() <= 63 && ends && bytes.iter().all(|b| allowed(*b) || b".-".contains(b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue("a hub's name is 1 to 63 of a-z, 0-9, . and -, as hub.exempel"))
        }
    }
}

/// A DNS name or an IP address that a server certificate can carry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServerName(String);

impl FromStr for ServerName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match pki_types::ServerName::try_from(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(InvalidValue("a server's name is a DNS name or an IP address")),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `HOST:PORT`, as clients reach the hub; an IPv6 address stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicAddress {
    host: ServerName,
    port: u16,
}

impl PublicAddress {
    /// The host, without brackets.
    pub fn host(&self) -> &ServerName {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for PublicAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        const WRONG: InvalidValue =
            InvalidValue("a public address is HOST:PORT, as hub.exempel.se:8443 or [2001:db8::1]:8443");
        let (host, port) = text.rsplit_once(':').ok_or(WRONG)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host: ServerName = bracketed.unwrap_or(host).parse().map_err(|_| WRONG)?;
        let is_v6 = matches!(host.0.parse(), Ok(IpAddr::V6(_)));
        let port: u16 = port.parse().map_err(|_| WRONG)?;
        if is_v6 != bracketed.is_some() || port == 0 {
            return Err(WRONG);
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.0.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a value should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(&'static str);

macro_rules! parse_from_string {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }
    )*};
}
parse_from_string!(HubName, ServerName, PublicAddress);
