//! Where every run begins: a hub's folder and three organisations that have joined it, made once and copied for each run.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use samverkan_client::clock::Clock;
use samverkan_client::home::{Environment, Home, Profile, ProfileName};
use samverkan_client::keystore::{KdfCost, Keystore};
use samverkan_client::passphrase::Passphrase;
use samverkan_client::session::Session;
use samverkan_client::session::join::{self, JoinDraft};
use samverkan_client::text::{Language, Text};
use samverkan_hub::clock::Clock as HubClock;
use samverkan_hub::config::Config;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::run::Options;
use samverkan_proto::ids::MailboxAddress;
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::v1::registry_service_client::RegistryServiceClient;
use samverkan_proto::v1::{ConfirmOrganisationRequest, InviteOrganisationRequest};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::plan::OFFICES;
use super::program::Silent;
use crate::until::until_async;
use crate::wire::connect::operator_channel;
use crate::wire::member::organisation_number;

/// When the organisations join: 2026-01-05T08:00:00Z.
pub const JOINED_MS: u64 = 1_767_600_000_000;
/// The name of everybody's mailbox.
const MAILBOX: &str = "mottagning";
/// Handle and kind of each organisation.
const MEMBERS: [(&str, u32); OFFICES] = [("polisen-exempel", 1), ("boj-exempel", 8), ("socialen-exempel", 2)];
/// Memory that is a file system, on Linux: what a run writes is gone soon.
const MEMORY: &str = "/dev/shm";
/// How long a command waits for a profile that another one has taken.
const LOCK_WAIT: Duration = Duration::from_secs(15);

/// The ground that runs are copied from.
#[derive(Debug)]
pub struct Ground {
    folder: TempDir,
    address: String,
}

/// A run's own copy.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    address: String,
}

impl Ground {
    /// Lets the organisations join a hub, over a real network and in order.
    ///
    /// # Panics
    /// When anything about that fails.
    #[must_use]
    pub fn lay() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(lay())
    }

    /// A copy for one run.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn copy(&self) -> io::Result<Site> {
        let folder = temporary_folder()?;
        for name in fs::read_dir(self.folder.path())? {
            let name = name?.file_name();
            copy_folder(&self.folder.path().join(&name), &folder.path().join(&name))?;
        }
        Ok(Site { folder, address: self.address.clone() })
    }
}

impl Site {
    /// The folder that the hub keeps everything in at first.
    #[must_use]
    pub fn hub(&self) -> PathBuf {
        hub_folder(self.folder.path())
    }

    /// Another folder, which is not there yet.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The hub's configuration for a data folder.
    ///
    /// # Panics
    /// Never: it is written here.
    #[must_use]
    pub fn configuration(&self, data: &Path) -> Config {
        configuration(data, &self.address)
    }

    /// A profile as its programs find it.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn profile(&self, office: usize) -> Profile {
        profile(self.folder.path(), office)
    }
}

/// The passphrase of every profile.
///
/// # Panics
/// Never.
#[must_use]
pub fn passphrase() -> Passphrase {
    Passphrase::parse(b"ett exempel som ingen annan har".to_vec()).expect("a passphrase")
}

/// The mailbox of an office.
///
/// # Panics
/// When there is no such office.
#[must_use]
pub fn mailbox(office: usize) -> MailboxAddress {
    format!("{}/{MAILBOX}", MEMBERS[office].0).parse().expect("an address")
}

/// The office that a mailbox is of.
#[must_use]
pub fn office_of(address: &MailboxAddress) -> Option<usize> {
    (0..OFFICES).find(|office| mailbox(*office) == *address)
}

/// Copies a folder with everything in it, but for sockets. What somebody writes meanwhile is copied or not.
///
/// # Errors
/// Those of the disk.
pub fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, to) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

async fn lay() -> Ground {
    let folder = temporary_folder().expect("a temporary folder");
    let data = hub_folder(folder.path());
    fs::DirBuilder::new().mode(0o700).create(&data).expect("a folder");
    HubKeys::create(&data, "exempel", JOINED_MS).expect("keys");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (clock, _hands) = HubClock::manual(JOINED_MS);
    let stop = CancellationToken::new();
    let options = Options { clock, ..Options::default() };
    let hub = samverkan_hub::run::run(configuration(&data, &address), listener, options, stop.clone());
    let members = async {
        let operator = operator(&data).await;
        for office in 0..OFFICES {
            join(folder.path(), office, operator.clone()).await;
        }
        // Now that everybody has joined, everybody learns of everybody.
        for office in 0..OFFICES {
            let session =
                Session::open(profile(folder.path(), office), &passphrase(), Clock::manual(JOINED_MS));
            session.expect("a session").refresh(&mut Silent).await.expect("in order");
        }
        stop.cancel();
    };
    let (hub, ()) = tokio::join!(hub, members);
    hub.expect("the hub stops in order");
    Ground { folder, address }
}

async fn operator(data: &Path) -> RegistryServiceClient<Channel> {
    let socket = data.join("operator.sock");
    until_async("the operator's socket", || std::future::ready(socket.exists().then_some(()))).await;
    RegistryServiceClient::new(operator_channel(&socket))
}

/// Lets an organisation join, and makes its keystore as cheap to open as is allowed.
async fn join(folder: &Path, office: usize, mut operator: RegistryServiceClient<Channel>) {
    let (handle, kind) = MEMBERS[office];
    let number = u32::try_from(office).expect("a small number") + 1;
    let request = InviteOrganisationRequest {
        handle: handle.to_owned(),
        name: format!("{handle} Exempel"),
        organisation_number: organisation_number(number),
        kind,
        municipalities: vec!["0380".to_owned()],
        services: Vec::new(),
    };
    let invite = operator.invite_organisation(request).await.expect("invited").into_inner().invite;
    let kits = ["kit-1", "kit-2"].map(|name| folder.join(format!("{name}-{office}.txt")));
    let invite = Invite::parse(&invite).expect("an invitation");
    let draft = JoinDraft { invite, mailbox: MAILBOX.parse().expect("a name"), kits };
    let (home, clock) = (new_profile(folder, office), Clock::manual(JOINED_MS));
    let text = Text::of(Language::English);
    let joined =
        join::join(&home, &passphrase(), &draft, &text, &clock, &mut |_| Ok(())).await.expect("joined");
    draft.kits.iter().for_each(|kit| fs::remove_file(kit).expect("a kit"));
    let safety_number = joined.safety_number.to_string();
    let request = ConfirmOrganisationRequest { handle: handle.to_owned(), safety_number };
    operator.confirm_organisation(request).await.expect("confirmed");
    let mut session = Session::open(home.clone(), &passphrase(), clock).expect("a session");
    session.refresh(&mut Silent).await.expect("in order");
    let held = home.lock(LOCK_WAIT, || ()).expect("nobody else");
    let mut keystore = Keystore::open(&home, &passphrase()).expect("a keystore");
    keystore.change_passphrase(&held, &passphrase(), KdfCost::FLOOR).expect("cheaper");
}

fn configuration(data: &Path, address: &str) -> Config {
    let text = format!(
        "listen = \"{address}\"\npublic_address = \"{address}\"\ndata_dir = \"{}\"\nname = \"exempel\"\n\
         test_hub = true\ndrain_seconds = 1\nhandshakes_per_second_per_address = 1000\n",
        data.display()
    );
    Config::parse(&text).expect("a configuration")
}

fn temporary_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("samverkan-simulation-");
    if Path::new(MEMORY).is_dir() { builder.tempdir_in(MEMORY) } else { builder.tempdir() }
}

fn hub_folder(folder: &Path) -> PathBuf {
    folder.join("hub-0")
}

fn home(folder: &Path, office: usize) -> Home {
    let root = folder.join(format!("office-{office}"));
    let environment = Environment { samverkan_home: Some(root.into()), ..Environment::default() };
    Home::locate(&environment).expect("a home")
}

fn new_profile(folder: &Path, office: usize) -> Profile {
    home(folder, office).open_or_create(&ProfileName::default()).expect("a profile")
}

fn profile(folder: &Path, office: usize) -> Profile {
    home(folder, office).open(&ProfileName::default()).expect("a profile")
}
