//! `hub.toml`: every key, its unit in its name, its default here. Unknown keys are refused.
//!
//! ```toml
//! listen = "0.0.0.0:8443"
//! public_address = "hub.exempel.se:8443"   # what invites carry
//! data_dir = "/var/lib/samverkan-hub"
//! name = "exempel"                         # the log's origin is samverkan/exempel
//! ```

mod value;

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use samverkan_proto::ids::HubName;
use samverkan_proto::statement::invite::{Host, HubAddress};
use serde::{Deserialize, Deserializer, de};

pub use value::ServerName;

use crate::limits;
use crate::server::Bounds;

/// A configuration is a screen long; more than this is a mistake.
const MAX_FILE: u64 = 64 << 10;

/// The hub's configuration, checked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address the hub listens on.
    pub listen: SocketAddr,
    /// The host and port that invites carry; its host is in the server certificate.
    #[serde(deserialize_with = "hub_address")]
    pub public_address: HubAddress,
    /// The folder of keys and messages; it must exist, mode 0700.
    pub data_dir: PathBuf,
    /// The hub's name: the log's origin is `samverkan/NAME`. Never changed after `init`.
    #[serde(deserialize_with = "hub_name")]
    pub name: HubName,
    /// More DNS names or IP addresses for the server certificate. Default: none.
    #[serde(default)]
    pub other_names: Vec<ServerName>,
    /// A PEM file with the server certificate and its key, issued by the hub's own authority (`samverkan-hub certificate`).
    /// It is read again at SIGHUP. Default: none, the hub makes and renews its own.
    #[serde(default)]
    pub server_certificate: Option<PathBuf>,
    /// Where the operator's commands reach the hub. Default: `operator.sock` in `data_dir`.
    #[serde(default)]
    pub operator_socket: Option<PathBuf>,
    /// The file of the operator's key that the operator's commands sign with, unless `--key` names another. The running hub does not read it.
    /// Default: none.
    #[serde(default)]
    pub operator_key: Option<PathBuf>,
    /// A loopback address for the metrics page. Default: no page.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// Marks everything this hub says as TEST. Default: false.
    #[serde(default)]
    pub test_hub: bool,
    /// How long open calls may take to finish at a stop, in seconds. Default: 20.
    #[serde(default = "default_drain_seconds")]
    pub drain_seconds: u64,
    /// How log lines look. Default: text.
    #[serde(default)]
    pub log_format: LogFormat,
    /// Connections at once. Default: 20,000.
    #[serde(default = "default_max_connections")]
    pub max_connections: usize,
    /// Handshakes a second that one address (IPv6: one /64) may start. Default: 20.
    #[serde(default = "default_handshakes")]
    pub handshakes_per_second_per_address: u32,
    /// How long a handshake may take, up to the first bytes of HTTP/2, in seconds. Default: 5.
    #[serde(default = "default_handshake_seconds")]
    pub handshake_seconds: u64,
    /// How long a peer may leave what it asked for unread, in seconds. Default: 180.
    #[serde(default = "default_unread_seconds")]
    pub unread_seconds: u64,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// See [`ConfigError`]; each names the file, and the key if it has one.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let io = |source| ConfigError::Read { path: path.to_owned(), source };
        let metadata = path.metadata().map_err(io)?;
        if !metadata.is_file() || metadata.len() > MAX_FILE {
            return Err(ConfigError::NotAConfiguration { path: path.to_owned() });
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(ConfigError::Writable { path: path.to_owned() });
        }
        let text = String::from_utf8(std::fs::read(path).map_err(io)?)
            .map_err(|_| ConfigError::NotAConfiguration { path: path.to_owned() })?;
        Self::parse(&text).map_err(|problem| ConfigError::Invalid { path: path.to_owned(), problem })
    }

    /// Parses and checks a configuration.
    ///
    /// # Errors
    /// A text that names the line and the key.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let config: Self = toml::from_str(text).map_err(|error| Problem::Syntax(Box::new(error)))?;
        if !config.data_dir.is_absolute() {
            return Err(Problem::Value { key: "data_dir", must: "be an absolute path" });
        }
        if config.server_certificate.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(Problem::Value { key: "server_certificate", must: "be an absolute path" });
        }
        if config.operator_socket.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(Problem::Value { key: "operator_socket", must: "be an absolute path" });
        }
        if config.operator_key.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Err(Problem::Value { key: "operator_key", must: "be an absolute path" });
        }
        if config.metrics_listen.is_some_and(|address| !address.ip().to_canonical().is_loopback()) {
            return Err(Problem::Value {
                key: "metrics_listen",
                must: "be a loopback address, as 127.0.0.1:9100",
            });
        }
        if !(1..=3600).contains(&config.drain_seconds) {
            return Err(Problem::Value { key: "drain_seconds", must: "be between 1 and 3600" });
        }
        if !(1..=1_000_000).contains(&config.max_connections) {
            return Err(Problem::Value { key: "max_connections", must: "be between 1 and 1000000" });
        }
        if !(1..=1_000_000).contains(&config.handshakes_per_second_per_address) {
            return Err(Problem::Value {
                key: "handshakes_per_second_per_address",
                must: "be between 1 and 1000000",
            });
        }
        if !(1..=60).contains(&config.handshake_seconds) {
            return Err(Problem::Value { key: "handshake_seconds", must: "be between 1 and 60" });
        }
        if !(1..=3600).contains(&config.unread_seconds) {
            return Err(Problem::Value { key: "unread_seconds", must: "be between 1 and 3600" });
        }
        Ok(config)
    }

    /// Where the operator's commands reach the hub.
    pub fn operator_socket(&self) -> PathBuf {
        self.operator_socket.clone().unwrap_or_else(|| self.data_dir.join("operator.sock"))
    }

    /// The names in the server certificate.
    pub fn server_names(&self) -> Vec<String> {
        let public = match &self.public_address.host {
            Host::Name(name) => name.clone(),
            Host::V4(address) => address.to_string(),
            Host::V6(address) => address.to_string(),
        };
        std::iter::once(public).chain(self.other_names.iter().map(ToString::to_string)).collect()
    }

    /// How long open calls may take to finish at a stop.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// The server's bounds.
    pub fn bounds(&self) -> Bounds {
        Bounds {
            max_connections: self.max_connections,
            handshakes_per_second_per_address: self.handshakes_per_second_per_address,
            handshake_timeout: Duration::from_secs(self.handshake_seconds),
            stalled_reader: Duration::from_secs(self.unread_seconds),
            ..Bounds::default()
        }
    }
}

fn hub_name<'de, D: Deserializer<'de>>(input: D) -> Result<HubName, D::Error> {
    let text = String::deserialize(input)?;
    text.parse().map_err(|_| de::Error::custom("a hub's name is 1 to 63 of a-z, 0-9 and -, as exempel-1"))
}

fn hub_address<'de, D: Deserializer<'de>>(input: D) -> Result<HubAddress, D::Error> {
    let text = String::deserialize(input)?;
    let wrong = "a public address is host:port in lowercase, as hub.exempel.se:8443 or [2001:db8::1]:8443";
    text.parse().map_err(|_| de::Error::custom(wrong))
}

fn default_drain_seconds() -> u64 {
    limits::DRAIN.as_secs()
}

fn default_max_connections() -> usize {
    limits::MAX_CONNECTIONS
}

fn default_handshakes() -> u32 {
    limits::HANDSHAKES_PER_SECOND_PER_ADDRESS
}

fn default_handshake_seconds() -> u64 {
    limits::HANDSHAKE_TIMEOUT.as_secs()
}

fn default_unread_seconds() -> u64 {
    limits::STALLED_READER.as_secs()
}

/// What is wrong with a configuration's text.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Not TOML, an unknown, missing or repeated key, or a value of the wrong type. Names line and key.
    #[error("{0}")]
    Syntax(Box<toml::de::Error>),
    /// A value that is out of range.
    #[error("{key} must {must}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        must: &'static str,
    },
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or can not be read.
    #[error("could not read {}: {source}; give the right path with --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a regular file, larger than 64 KiB, or not UTF-8.
    #[error("{} is not a configuration file", path.display())]
    NotAConfiguration {
        /// The path.
        path: PathBuf,
    },
    /// Users other than its owner can write it.
    #[error("{} can be written by others: run `chmod go-w {}`", path.display(), path.display())]
    Writable {
        /// The file.
        path: PathBuf,
    },
    /// Its text is wrong.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Problem,
    },
}

#[cfg(test)]
mod tests;
