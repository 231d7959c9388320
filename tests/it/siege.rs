//! A hub of its own for one who abuses it, and two members whom that must not disturb.

use samverkan_tests::hub::HubProcess;
use samverkan_tests::metrics::MetricsPage;
use samverkan_tests::site::Site;
use samverkan_tests::until::until_async;
use samverkan_tests::wire::{Inbox, Member, Parcel, Peer};

const MIB: u64 = 1 << 20;

/// What an attack may leave behind in the hub's memory, and what it may take while it lasts. Far above the noise of an allocator, and
/// far below what any of the floods would come to if it were kept.
const LEFT_BEHIND: u64 = 32 * MIB;
const AT_MOST: u64 = 64 * MIB;

/// A hub under attack.
pub(crate) struct Siege {
    pub(crate) hub: HubProcess,
    page: MetricsPage,
    /// Who sends before, during and after.
    pub(crate) sender: Member,
    /// Who receives that.
    pub(crate) recipient: Member,
    /// A connection from before the attack.
    pub(crate) peer: Peer,
    /// The hub's memory before the attack.
    before: u64,
}

impl Siege {
    /// A hub as it is set up.
    pub(crate) async fn begin() -> Self {
        Self::with(&[]).await
    }

    /// A hub with these keys in its configuration.
    pub(crate) async fn with(keys: &[(&str, &str)]) -> Self {
        let site = Site::new();
        for (key, value) in keys {
            site.configure(key, value);
        }
        let page = MetricsPage::of(&site);
        let hub = HubProcess::start_at(site);
        let sender = Member::join(&hub, "brottsofferjouren").await;
        let recipient = Member::join(&hub, "kvinnojouren").await;
        let mut siege = Self { peer: sender.connect(&hub), before: 0, hub, page, sender, recipient };
        siege.goes_on().await;
        siege.reaches("connections", 1).await;
        siege.before = siege.hub.resident_bytes();
        siege
    }

    /// The hub does its work: over the connection from before the attack, and over a new one.
    pub(crate) async fn goes_on(&self) {
        for peer in [&self.peer, &self.sender.connect(&self.hub)] {
            let parcel = Parcel::new(&self.sender, &[&self.recipient]);
            parcel.submit(peer).await.unwrap_or_else(|refused| panic!("the hub must go on: {refused:?}"));
        }
    }

    /// The value of a metric, such as `connections_closed_total{reason="Stalled"}`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let page = self.page.read();
        let sample =
            |line: &str| line.strip_prefix("samverkan_hub_")?.strip_prefix(name)?.trim().parse().ok();
        page.lines().find_map(sample).unwrap_or_else(|| panic!("no {name} on {page}"))
    }

    /// Waits until a metric has exactly this value.
    pub(crate) async fn reaches(&self, name: &str, value: u64) {
        until_async(&format!("{name} is {value}"), || async { (self.metric(name) == value).then_some(()) })
            .await;
    }

    /// Nothing is left of the attack: the hub goes on, holds one connection, no stream and no memory, and has not panicked.
    pub(crate) async fn is_over(&self) {
        self.is_quiet().await;
        let (now, peak) = (self.hub.resident_bytes(), self.hub.peak_resident_bytes());
        assert!(now < self.before + LEFT_BEHIND, "{} MiB became {} MiB", self.before / MIB, now / MIB);
        assert!(peak < self.before + AT_MOST, "{} MiB rose to {} MiB", self.before / MIB, peak / MIB);
    }

    /// The same where there is more to remember than before.
    pub(crate) async fn is_quiet(&self) {
        self.goes_on().await;
        self.reaches("connections", 1).await;
        for stream in ["Submit", "Receive", "Upload", "Download", "Sync"] {
            self.reaches(&format!("streams{{stream=\"{stream}\"}}"), 0).await;
        }
        let log = self.hub.log();
        assert!(!log.contains("error [INTERNAL]") && !log.contains("panic"), "{log}");
    }

    /// How many messages wait for the recipient.
    pub(crate) async fn waiting(&self) -> usize {
        let peer = self.recipient.connect(&self.hub);
        let mut inbox = Inbox::open(&peer).await.expect("a stream");
        inbox.drain().await.expect("what waits").deliveries.len()
    }
}
