//! `init`: writes the data folder, the keys and a commented configuration, in this order, each only if missing.
//!
//! A run that was interrupted is finished by running it again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use samverkan_proto::ids::HubName;
use samverkan_proto::statement::invite::HubAddress;
use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::clock::Clock;
use crate::config::{Config, Problem};
use crate::keys::{HubKeys, KeyError};

const EXAMPLE: &str = "\
Example:
  samverkan-hub init --name exempel --public-address hub.exempel.se:8443

With a configuration that exists already, give no options but --config: the keys are made for it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Arguments {
    /// The hub's name, part of its log's name for good: a-z, 0-9 and -.
    #[arg(long)]
    name: Option<HubName>,
    /// HOST:PORT where clients reach the hub.
    #[arg(long, value_name = "HOST:PORT")]
    public_address: Option<HubAddress>,
    /// The address to listen on [default: 0.0.0.0 and the public port].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The folder of keys and messages [default: /var/lib/samverkan-hub].
    #[arg(long, value_name = "PATH")]
    data_dir: Option<PathBuf>,
    /// Mark everything this hub says as TEST.
    #[arg(long)]
    test_hub: bool,
}

#[derive(Serialize)]
struct Done {
    config: PathBuf,
    data_dir: PathBuf,
    pin: String,
}

pub(super) fn run(arguments: Arguments, path: &Path, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let exists = path.symlink_metadata().is_ok();
    let (config, text) = if exists { (existing(arguments, path)?, None) } else { new(arguments)? };
    make_folder(&config.data_dir)?;
    let keys = match HubKeys::create(&config.data_dir, config.name.as_str(), Clock::system().now_ms()) {
        Ok(keys) => keys,
        // Without a configuration this is a run that was interrupted: go on where it stopped.
        Err(KeyError::Exists { .. }) if !exists => HubKeys::load(&config.data_dir)?,
        Err(error) => return Err(error.into()),
    };
    if let Some(text) = text {
        write_new(path, &text)?;
    }
    let pin = data_encoding::HEXLOWER.encode(&keys.public().pin());
    let done = Done { config: path.to_owned(), data_dir: config.data_dir, pin };
    output.result(&done, || {
        format!(
            "The hub is set up.\n  configuration  {}\n  data folder    {}\n  fingerprint    {}",
            done.config.display(),
            done.data_dir.display(),
            done.pin
        )
    })?;
    output.notice("next: samverkan-hub serve; back up the keys folder to a place apart from other backups");
    Ok(Exit::Done)
}

fn existing(arguments: Arguments, path: &Path) -> Result<Config, Failure> {
    let Arguments { name, public_address, listen, data_dir, test_hub } = arguments;
    if name.is_some() || public_address.is_some() || listen.is_some() || data_dir.is_some() || test_hub {
        return Err(Failure::new(
            "CONFIG_EXISTS",
            format!("{} exists already and is not changed.", path.display()),
            "edit it, or run init with no options but --config",
            Exit::Conflict,
        ));
    }
    super::load(path)
}

fn new(arguments: Arguments) -> Result<(Config, Option<String>), Failure> {
    let (Some(name), Some(address)) = (&arguments.name, &arguments.public_address) else {
        return Err(Failure::new(
            "USAGE",
            "A new hub needs --name and --public-address.",
            "samverkan-hub init --help",
            Exit::Usage,
        ));
    };
    let data_dir = arguments.data_dir.clone().unwrap_or_else(|| "/var/lib/samverkan-hub".into());
    let listen = arguments.listen.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], address.port.get())));
    let Some(data_dir) = data_dir.to_str() else {
        return Err(Failure::new(
            "USAGE",
            "The data folder's path is not UTF-8.",
            "give another one",
            Exit::Usage,
        ));
    };
    let text = template(name, address, listen, data_dir, arguments.test_hub);
    let config = Config::parse(&text).map_err(|problem: Problem| {
        Failure::new("USAGE", format!("{problem}."), "samverkan-hub init --help", Exit::Usage)
    })?;
    Ok((config, Some(text)))
}

fn template(name: &HubName, address: &HubAddress, listen: SocketAddr, data_dir: &str, test: bool) -> String {
    let name = name.as_str();
    let data_dir = toml::Value::from(data_dir);
    format!(
        r#"# The Samverkan hub. Every key is here; those that begin with # show their defaults.

# The hub's name. Its log is called samverkan/{name}. Never change it.
name = "{name}"

# Where clients reach the hub, HOST:PORT. Invites carry it, and the server certificate names its host.
public_address = "{address}"

# More DNS names or IP addresses for the server certificate.
# other_names = []

# A PEM file with the server certificate and its key, made by `samverkan-hub certificate` and read again at SIGHUP.
# Without it the hub makes and renews its own.
# server_certificate = "/etc/samverkan/server.pem"

# The address the hub listens on.
listen = "{listen}"

# The folder of keys and messages, mode 0700.
data_dir = {data_dir}

# Where `samverkan-hub org` and `samverkan-hub check` reach the running hub.
# operator_socket = "DATA_DIR/operator.sock"

# A loopback address for Prometheus metrics. Without it there is no page.
# metrics_listen = "127.0.0.1:9100"

# true marks everything this hub says as TEST.
test_hub = {test}

# How long open calls may take to finish when the hub stops, in seconds.
# drain_seconds = 20

# "text" or "json".
# log_format = "text"

# Connections at once.
# max_connections = 20000

# Connections a second that one address may start (IPv6: one /64), after a burst of five seconds' worth.
# handshakes_per_second_per_address = 20
"#
    )
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    match DirBuilder::new().mode(0o700).create(path) {
        // Its name must last as what will be in it does.
        Ok(()) => path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
            .map_err(|error| not_written(path, &error)),
        // Whether it is fit to hold keys is checked when they are written.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(not_written(path, &error)),
    }
}

/// Writes a configuration that anyone may read and its owner may change; fails if anything has that name.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| not_written(folder, &error))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(path)
        .map_err(|error| not_written(path, &error))?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        "FILE_UNUSABLE",
        format!("Could not create {}: {error}.", path.display()),
        "check the path and its rights, and run init again",
        Exit::NotSetUp,
    )
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let text = format!("{error}.");
        match error {
            KeyError::Exists { .. } => Self::new("KEYS_EXIST", text, "samverkan-hub serve", Exit::Conflict),
            KeyError::File(_)
            | KeyError::NotAKey { .. }
            | KeyError::NotACertificate { .. }
            | KeyError::ForeignCertificate { .. } => {
                Self::new("KEYS_UNUSABLE", text, "mend what the sentence names", Exit::NotSetUp)
            }
            KeyError::Random => Self::new("NO_RANDOMNESS", text, "try again", Exit::Unexpected),
        }
    }
}
