//! A hub that runs inside the test, and its operator.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use samverkan_client::clock::Clock;
use samverkan_hub::clock::{Clock as HubClock, Hands};
use samverkan_hub::config::Config;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::run::{Options, run};
use samverkan_proto::ids::{OrganisationNumber, sha256};
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::v1::registry_service_client::RegistryServiceClient;
use samverkan_proto::v1::{
    ConfirmOrganisationRequest, GetOrganisationRequest, InviteOrganisationRequest, Organisation,
    SuspendOrganisationRequest,
};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

/// 2026-01-01T00:00:00Z.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

/// A running hub. It is stopped and its folder removed when it is dropped.
pub(crate) struct TestHub {
    pub(crate) clock: Clock,
    hands: Hands,
    folder: tempfile::TempDir,
    address: String,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl TestHub {
    /// A new hub, listening.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("tempdir");
        let data = folder.path().join("data");
        std::fs::DirBuilder::new().mode(0o700).create(&data).expect("folder");
        HubKeys::create(&data, "exempel", START_MS).expect("keys");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("address").to_string();
        let (hub_clock, hands) = HubClock::manual(START_MS);
        let stop = CancellationToken::new();
        let config = config(&data, &address);
        let running = tokio::spawn({
            let stop = stop.clone();
            let options = Options { clock: hub_clock, ..Options::default() };
            async move { run(config, listener, options, stop).await.expect("the hub runs") }
        });
        let hub = Self { clock: Clock::manual(START_MS), hands, folder, address, stop, running };
        hub.wait_until_it_answers().await;
        hub
    }

    /// Turns the clock of the hub and of every client.
    pub(crate) fn advance(&self, by: Duration) {
        self.hands.advance(by);
        let by = u64::try_from(by.as_millis()).expect("short");
        self.clock.set(self.clock.now_ms() + by);
    }

    /// Stops it as an operator would.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("the hub ended well");
    }

    /// An invitation for a new organisation.
    pub(crate) async fn invite(&self, handle: &str, kind: u32) -> Invite {
        let request = InviteOrganisationRequest {
            handle: handle.to_owned(),
            name: format!("Föreningen {handle}"),
            organisation_number: number_of(handle),
            kind,
            municipalities: vec!["0380".to_owned()],
            services: vec!["victim-support".to_owned()],
        };
        let answer = self.operator().await.invite_organisation(request).await.expect("invited");
        Invite::parse(&answer.into_inner().invite).expect("an invite")
    }

    /// Confirms an organisation with the number it read out.
    pub(crate) async fn confirm(&self, handle: &str, safety_number: &str) {
        let request =
            ConfirmOrganisationRequest { handle: handle.to_owned(), safety_number: safety_number.to_owned() };
        self.operator().await.confirm_organisation(request).await.expect("confirmed");
    }

    /// Suspends an organisation.
    pub(crate) async fn suspend(&self, handle: &str) {
        let request = SuspendOrganisationRequest { handle: handle.to_owned() };
        self.operator().await.suspend_organisation(request).await.expect("suspended");
    }

    /// What the operator sees of an organisation.
    pub(crate) async fn organisation(&self, handle: &str) -> Organisation {
        let request = GetOrganisationRequest { handle: handle.to_owned() };
        let answer = self.operator().await.get_organisation(request).await.expect("known");
        answer.into_inner().organisation.expect("present")
    }

    async fn operator(&self) -> RegistryServiceClient<Channel> {
        let channel = self.try_operator().await.expect("the operator's socket");
        RegistryServiceClient::new(channel)
    }

    async fn try_operator(&self) -> Result<Channel, tonic::transport::Error> {
        let socket: Arc<PathBuf> = Arc::new(self.folder.path().join("data/operator.sock"));
        let connector = tower::service_fn(move |_: http::Uri| {
            let socket = Arc::clone(&socket);
            async move { UnixStream::connect(socket.as_path()).await.map(TokioIo::new) }
        });
        Endpoint::from_static("http://operator.invalid").connect_with_connector(connector).await
    }

    async fn wait_until_it_answers(&self) {
        // The listener was bound before; only the operator's socket has to appear.
        while self.try_operator().await.is_err() {
            assert!(!self.running.is_finished(), "the hub ended");
            tokio::task::yield_now().await;
        }
    }

    /// Its folder of keys and messages.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

fn config(data: &std::path::Path, address: &str) -> Config {
    let text = format!(
        "listen = \"{address}\"\npublic_address = \"{address}\"\ndata_dir = \"{}\"\nname = \"exempel\"\n\
         test_hub = true\ndrain_seconds = 1\nhandshakes_per_second_per_address = 1000\n",
        data.display()
    );
    Config::parse(&text).unwrap_or_else(|problem| panic!("{problem:?}"))
}

/// An organisation number that nobody has, another one for every handle: `999`, six digits, and the check digit that fits.
fn number_of(handle: &str) -> String {
    let [a, b, c, d, ..] = sha256(handle.as_bytes());
    let digits = u32::from_be_bytes([a, b, c, d]) % 1_000_000;
    let mut numbers = (0..10).map(|check| format!("999{digits:06}{check}"));
    numbers.find(|number| number.parse::<OrganisationNumber>().is_ok()).expect("one of ten digits fits")
}
