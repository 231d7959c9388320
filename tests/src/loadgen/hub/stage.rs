//! A hub with its senders and subscribers.

use super::letters::Templates;
use super::subscriber::Subscriber;
use crate::binaries::binaries;
use crate::hub::HubProcess;
use crate::loadgen::error::LoadError;
use crate::loadgen::folder::Folder;
use crate::metrics::MetricsPage;
use crate::recorder::Syncing;
use crate::site::Site;
use crate::wire::{Member, Peer};
use samverkan_proto::ids::OrgId;
use samverkan_proto::sign::Signer;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// How many take part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cast {
    /// Organisations that send, each with one device and one connection.
    pub senders: usize,
    /// Organisations that receive, each with one device and one connection.
    pub subscribers: usize,
    /// Organisations whose messages wait.
    pub silent: usize,
}

/// A hub process in a folder of its own, with everybody enrolled over the wire.
#[derive(Debug)]
pub struct Stage {
    /// The hub.
    pub hub: HubProcess,
    page: MetricsPage,
    /// Connections of the senders.
    pub senders: Vec<Peer>,
    receivers: Vec<Receiver>,
    /// Open streams of the subscribers, except during a round.
    pub subscribers: Vec<Subscriber>,
    /// What letters to subscribers are made from.
    pub templates: Templates,
    /// Those who read nothing yet.
    pub silent_receivers: Vec<Receiver>,
    /// What letters to them are made from.
    pub silent: Templates,
    _folder: Folder,
}

/// An organisation that receives with its first device.
#[derive(Debug)]
pub struct Receiver {
    number: u32,
    org: OrgId,
    signer: Arc<Signer>,
    peer: Peer,
}

impl Receiver {
    /// The first device of `member`, with a connection of its own.
    ///
    /// # Panics
    /// For a member without a device.
    fn new(number: u32, mut member: Member, hub: &Site) -> Self {
        let peer = member.connect(hub);
        let org = OrgId::parse(&member.org()).expect("a member has an identifier");
        Self { number, org, signer: Arc::new(member.devices.remove(0).signer), peer }
    }

    /// Its connection.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Opens its stream.
    ///
    /// # Errors
    /// The refusal.
    pub async fn open(&self) -> Result<Subscriber, LoadError> {
        Subscriber::open(self.number, self.org, Arc::clone(&self.signer), &self.peer).await
    }
}

impl Stage {
    /// Sets it.
    ///
    /// # Errors
    /// When a stream is refused.
    ///
    /// # Panics
    /// When the hub does not start or somebody can not join.
    pub async fn set(folder: Folder, cast: Cast) -> Result<Self, LoadError> {
        let site = Site::in_folder(&folder.private("hub")?);
        let page = MetricsPage::of(&site);
        Self::set_with(HubProcess::start_at(site), page, folder, cast).await
    }

    /// The same over a disk that writes down what is done to it, and that only says that it syncs if `syncing` is off. Returns where it
    /// writes that, too.
    ///
    /// # Errors
    /// As [`Stage::set`].
    ///
    /// # Panics
    /// As [`Stage::set`].
    pub async fn recorded(
        folder: Folder,
        cast: Cast,
        syncing: Syncing,
    ) -> Result<(Self, PathBuf), LoadError> {
        let site = Site::in_folder(&folder.private("hub")?);
        let (page, recording) = (MetricsPage::of(&site), folder.path().join("recording"));
        let mut command = Command::new(&binaries().loadgen);
        command.args(["serve-recorded", "--config"]).arg(site.configuration());
        command.arg("--record").arg(&recording);
        if syncing == Syncing::Off {
            command.arg("--no-sync");
        }
        let hub = HubProcess::start_by(site, &mut command);
        Ok((Self::set_with(hub, page, folder, cast).await?, recording))
    }

    async fn set_with(
        hub: HubProcess,
        page: MetricsPage,
        folder: Folder,
        cast: Cast,
    ) -> Result<Self, LoadError> {
        let members = join(&hub, "avsandare", cast.senders).await;
        let receivers = join(&hub, "mottagare", cast.subscribers).await;
        let silent = join(&hub, "brevlada", cast.silent).await;
        let mut stage = Self {
            page,
            templates: Templates::new(&members, &receivers),
            silent: Templates::new(&members, &silent),
            senders: members.iter().map(|member| member.connect(&hub)).collect(),
            receivers: numbered(receivers, &hub),
            silent_receivers: numbered(silent, &hub),
            subscribers: Vec::new(),
            hub,
            _folder: folder,
        };
        stage.reconnect().await?;
        Ok(stage)
    }

    /// Opens the streams of all subscribers, again if they were open.
    ///
    /// # Errors
    /// The refusal.
    pub async fn reconnect(&mut self) -> Result<(), LoadError> {
        self.subscribers.clear();
        for receiver in &self.receivers {
            self.subscribers.push(receiver.open().await?);
        }
        Ok(())
    }

    /// The hub's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.hub.pid()
    }

    /// How often the hub has synced its journal since it was started.
    ///
    /// # Errors
    /// When its metrics page does not say.
    ///
    /// # Panics
    /// When the page is not served.
    pub fn syncs(&self) -> Result<u64, LoadError> {
        const NAME: &str = "sync_seconds_count";
        let page = self.page.read();
        let line = page.lines().find_map(|line| line.split_once(NAME)).map(|(_, count)| count.trim());
        line.and_then(|count| count.parse().ok()).ok_or(LoadError::NoMetric(NAME))
    }
}

fn numbered(members: Vec<Member>, hub: &Site) -> Vec<Receiver> {
    (0..).zip(members).map(|(number, member)| Receiver::new(number, member, hub)).collect()
}

async fn join(hub: &Site, word: &str, members: usize) -> Vec<Member> {
    let mut joined = Vec::with_capacity(members);
    for _ in 0..members {
        joined.push(Member::join(hub, word).await);
    }
    joined
}
