//! A hub with its senders and subscribers.

use super::letters::Templates;
use super::subscriber::Subscriber;
use crate::hub::HubProcess;
use crate::loadgen::error::LoadError;
use crate::loadgen::folder::Folder;
use crate::metrics::MetricsPage;
use crate::site::Site;
use crate::wire::{Member, Peer};
use std::sync::Arc;

/// How many take part.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// Organisations that send, each with one device and one connection.
    pub senders: usize,
    /// Organisations that receive, each with one device and one connection.
    pub subscribers: usize,
}

/// A hub process in a folder of its own, with everybody enrolled over the wire.
#[derive(Debug)]
pub struct Stage {
    hub: HubProcess,
    page: MetricsPage,
    /// Connections of the senders.
    pub senders: Vec<Peer>,
    /// Open streams of the subscribers, except during a round.
    pub subscribers: Vec<Subscriber>,
    /// What letters are made from.
    pub templates: Templates,
    _folder: Folder,
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
        let hub = HubProcess::start_at(site);
        let senders = join(&hub, "avsandare", cast.senders).await;
        let members = join(&hub, "mottagare", cast.subscribers).await;
        let templates = Templates::new(&senders, &members);
        let senders = senders.iter().map(|member| member.connect(&hub)).collect();
        let mut subscribers = Vec::new();
        for (number, mut member) in (0..).zip(members) {
            let peer = member.connect(&hub);
            let signer = Arc::new(member.devices.remove(0).signer);
            subscribers.push(Subscriber::open(number, &member, signer, &peer).await?);
        }
        Ok(Self { hub, page, senders, subscribers, templates, _folder: folder })
    }

    /// The hub's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.hub.pid()
    }

    /// How often the hub has synced its journal.
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

async fn join(hub: &Site, word: &str, members: usize) -> Vec<Member> {
    let mut joined = Vec::with_capacity(members);
    for _ in 0..members {
        joined.push(Member::join(hub, word).await);
    }
    joined
}
