//! Where a hub answers: `host:port`.

use std::fmt;
use std::str::FromStr;

use rustls::pki_types::ServerName;

/// The address of a hub. Proxies are never used, whatever the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAddress {
    host: String,
    port: u16,
}

/// Text that is no `host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hub's address is host:port")]
pub struct InvalidAddress;

impl HubAddress {
    /// The host's name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The name that the hub's certificate must carry.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>, InvalidAddress> {
        ServerName::try_from(self.host.clone()).map_err(|_| InvalidAddress)
    }
}

impl fmt::Display for HubAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for HubAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(InvalidAddress)?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let plain = !host.contains([':', '[', ']']);
        let host = bracketed.or(plain.then_some(host)).ok_or(InvalidAddress)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or(InvalidAddress)?;
        let address = Self { host: host.to_owned(), port };
        address.server_name().map(|_| address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_a_port_are_taken_as_they_are() {
        for text in ["hub.example:8443", "127.0.0.1:1", "[::1]:65535", "localhost:443"] {
            assert_eq!(text.parse::<HubAddress>().expect("valid").to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "hub",
            "hub:",
            ":1",
            "hub:0",
            "hub:65536",
            "hub:+1",
            "::1:1",
            "[hub:1",
            "a b:1",
            "http://x:1",
        ] {
            assert!(text.parse::<HubAddress>().is_err(), "{text}");
        }
    }
}
