//! A running hub, and peers that know the protocol but none of the client's code.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use samverkan_hub::clock::{Clock, Hands};
use samverkan_hub::config::Config;
use samverkan_hub::keys::HubKeys;
use samverkan_hub::run::{Options, RunError, run};
use samverkan_proto::code::{Class, LegalBasis, RecipientKind, Roles, Urgency};
use samverkan_proto::ids::{MailboxId, MessageId, OrgId, OrganisationNumber, TlsKeyHash, sha256};
use samverkan_proto::limits::DAY_MS;
use samverkan_proto::reason::Refusal;
use samverkan_proto::sign::{PublicKey, Signer};
use samverkan_proto::statement::epoch_key::{Epoch, EpochKey};
use samverkan_proto::statement::header::{HeaderFields, Recipient, Wrap};
use samverkan_proto::statement::invite::Invite;
use samverkan_proto::statement::manifest::{Device, Mailbox, Manifest, ManifestFields, SignedManifest};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1;
use samverkan_proto::v1::ErrorReason;
use samverkan_proto::v1::directory_service_client::DirectoryServiceClient;
use samverkan_proto::v1::enrolment_service_client::EnrolmentServiceClient;
use samverkan_proto::v1::registry_service_client::RegistryServiceClient;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Status};

/// A Monday in 2025.
pub(crate) const NOW: u64 = 1_750_000_000_000;

/// Longer than anything a passing test waits for.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A hub that runs in this process.
pub(crate) struct Hub {
    pub(crate) folder: TempDir,
    pub(crate) hands: Hands,
    clock: Clock,
    address: SocketAddr,
    /// More lines of its configuration.
    extra: String,
    stop: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl Hub {
    /// A new hub without members.
    pub(crate) async fn start() -> Self {
        Self::start_with(String::new()).await
    }

    /// A new hub with these lines in its configuration.
    pub(crate) async fn start_with(extra: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        HubKeys::create(folder.path(), "exempel", NOW).unwrap();
        let (clock, hands) = Clock::manual(NOW);
        Self::run(folder, clock, hands, extra).await
    }

    async fn run(folder: TempDir, clock: Clock, hands: Hands, extra: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = format!(
            "listen = \"{address}\"\npublic_address = \"localhost:{}\"\ndata_dir = {:?}\nname = \"exempel\"\n\
             drain_seconds = 2\ntest_hub = true\nhandshakes_per_second_per_address = 1000\n{extra}",
            address.port(),
            folder.path()
        );
        std::fs::write(folder.path().join("hub.toml"), &config).unwrap();
        let stop = CancellationToken::new();
        let config = Config::parse(&config).unwrap();
        let options = Options { clock: clock.clone(), ..Options::default() };
        let running = tokio::spawn(run(config, listener, options, stop.clone()));
        let hub = Self { folder, hands, clock, address, extra, stop, running };
        hub.is_up().await;
        hub
    }

    /// Waits until the operator's socket answers.
    async fn is_up(&self) {
        let up = async {
            while UnixStream::connect(self.socket()).await.is_err() {
                assert!(!self.running.is_finished(), "the hub did not start");
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, up).await.expect("the hub starts");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("operator.sock")
    }

    /// Stops it, which must succeed.
    pub(crate) async fn stop(self) -> (TempDir, Clock, Hands) {
        self.stop.cancel();
        tokio::time::timeout(SOON, self.running).await.expect("the hub stops").unwrap().unwrap();
        (self.folder, self.clock, self.hands)
    }

    /// Stops it and starts it again on the same folder.
    pub(crate) async fn restarted(self) -> Self {
        self.restarted_after(|_| {}).await
    }

    /// Stops it, lets `meanwhile` do something to its data folder, and starts it again.
    pub(crate) async fn restarted_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Self {
        let extra = self.extra.clone();
        let (folder, clock, hands) = self.stop().await;
        meanwhile(folder.path());
        Self::run(folder, clock, hands, extra).await
    }

    pub(crate) async fn operator(&self) -> RegistryServiceClient<Channel> {
        let path = self.socket();
        let connector = tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://operator");
        RegistryServiceClient::new(endpoint.connect_with_connector(connector).await.unwrap())
    }

    /// A channel without a client certificate.
    pub(crate) async fn stranger(&self) -> Channel {
        self.channel(None).await.unwrap()
    }

    pub(crate) async fn channel(
        &self,
        identity: Option<&Identity>,
    ) -> Result<Channel, tonic::transport::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_details(provider, Arc::new(self.clock.clone()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der()).into();
                builder.with_client_auth_cert(vec![identity.certificate.clone()], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let (connector, address) = (tokio_rustls::TlsConnector::from(Arc::new(config)), self.address);
        let dial = tower::service_fn(move |_: Uri| {
            let connector = connector.clone();
            async move {
                let socket = TcpStream::connect(address).await?;
                let name = ServerName::try_from("localhost").expect("a name");
                connector.connect(name, socket).await.map(TokioIo::new)
            }
        });
        Endpoint::from_static("http://localhost").connect_with_connector(dial).await
    }

    /// The key that the hub signs receipts with.
    pub(crate) fn receipt_key(&self) -> PublicKey {
        *HubKeys::load(self.folder.path()).unwrap().receipt.public_key()
    }

    fn ca(&self) -> CertificateDer<'static> {
        HubKeys::load(self.folder.path()).unwrap().authority.certificate().clone()
    }

    /// Invites an organisation and gives the invite.
    pub(crate) async fn invite(&self, handle: &str, kind: u32) -> Invite {
        let request = invitation(handle, kind);
        let reply = self.operator().await.invite_organisation(request).await.unwrap().into_inner();
        assert_eq!(reply.expires_ms, self.clock.now_ms() + 72 * 3_600_000);
        Invite::parse(&reply.invite).unwrap()
    }

    /// A member that has joined and is PENDING.
    pub(crate) async fn pending(&self, handle: &str, kind: u32) -> Member {
        let invite = self.invite(handle, kind).await;
        self.enrolled(handle, &invite).await
    }

    /// A member that has joined with this invite.
    pub(crate) async fn enrolled(&self, handle: &str, invite: &Invite) -> Member {
        let mut member = Member::new(handle);
        let mut enrolment = EnrolmentServiceClient::new(self.stranger().await);
        let reply = enrolment.enrol(member.enrolment(invite)).await.unwrap().into_inner();
        member.identity.certificate = CertificateDer::from(reply.certificate.to_vec());
        member
    }

    /// A member that the operator has confirmed.
    pub(crate) async fn member(&self, handle: &str, kind: u32) -> Member {
        let member = self.pending(handle, kind).await;
        self.confirm(&member).await.unwrap();
        member
    }

    pub(crate) async fn confirm(&self, member: &Member) -> Result<v1::Organisation, Status> {
        let request = v1::ConfirmOrganisationRequest {
            handle: member.handle.clone(),
            safety_number: member.safety_number(),
        };
        let reply = self.operator().await.confirm_organisation(request).await?;
        Ok(reply.into_inner().organisation.unwrap())
    }
}

/// An organisation number that nobody has, another one for every handle: `999`, six digits, and the check digit that fits.
fn number_of(handle: &str) -> String {
    let [a, b, c, d, ..] = sha256(handle.as_bytes());
    let digits = u32::from_be_bytes([a, b, c, d]) % 1_000_000;
    let mut numbers = (0..10).map(|check| format!("999{digits:06}{check}"));
    numbers.find(|number| number.parse::<OrganisationNumber>().is_ok()).expect("one of ten digits fits")
}

/// What the operator writes down about an organisation.
pub(crate) fn invitation(handle: &str, kind: u32) -> v1::InviteOrganisationRequest {
    v1::InviteOrganisationRequest {
        handle: handle.to_owned(),
        name: "Jouren Exempel".to_owned(),
        organisation_number: number_of(handle),
        kind,
        municipalities: vec!["0180".to_owned()],
        services: vec!["shelter".to_owned()],
    }
}

/// A client certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: KeyPair,
}

impl Identity {
    /// A key that has no certificate yet.
    pub(crate) fn new() -> Self {
        Self { certificate: CertificateDer::from(vec![]), key: KeyPair::generate().unwrap() }
    }

    pub(crate) fn request(&self) -> Bytes {
        let request = CertificateParams::default().serialize_request(&self.key).unwrap();
        Bytes::copy_from_slice(request.der())
    }

    pub(crate) fn tls_key(&self) -> TlsKeyHash {
        TlsKeyHash::of_spki(&self.key.subject_public_key_info())
    }
}

/// An organisation of one device, whose keys are all at hand.
pub(crate) struct Member {
    pub(crate) handle: String,
    pub(crate) root: Signer,
    pub(crate) device: Signer,
    pub(crate) identity: Identity,
    pub(crate) manifest: Manifest,
}

impl Member {
    pub(crate) fn new(handle: &str) -> Self {
        let (root, device) = (random_signer(), random_signer());
        let identity = Identity::new();
        let mailbox = MailboxId::parse(device.device_id().as_bytes()).unwrap();
        let manifest = Manifest::build(ManifestFields {
            serial: 1,
            prev: [0; 32],
            issued_ms: NOW,
            not_after_ms: NOW + 300 * DAY_MS,
            root_pk: *root.public_key(),
            handle: handle.parse().unwrap(),
            organisation_number: number_of(handle).parse().unwrap(),
            threshold: 1,
            devices: vec![standing(&device, &identity, Roles::ALL)],
            mailboxes: vec![Mailbox {
                id: mailbox,
                name: "stod".parse().unwrap(),
                readers: vec![device.device_id()],
            }],
            revocations: vec![],
        });
        Self { handle: handle.to_owned(), root, device, identity, manifest: manifest.unwrap() }
    }

    pub(crate) fn org(&self) -> OrgId {
        self.manifest.org_id()
    }

    /// Its one mailbox.
    pub(crate) fn mailbox(&self) -> MailboxId {
        self.manifest.mailboxes()[0].id
    }

    pub(crate) fn safety_number(&self) -> String {
        SafetyNumber::of_root(self.root.public_key()).to_string()
    }

    /// The manifest signed by the root.
    pub(crate) fn signed(&self) -> SignedManifest {
        SignedManifest::sign_as_root(&self.manifest, &self.root).unwrap()
    }

    /// What it joins with.
    pub(crate) fn enrolment(&self, invite: &Invite) -> v1::EnrolRequest {
        v1::EnrolRequest {
            code: Bytes::copy_from_slice(invite.code().expose()),
            signed_manifest: self.signed().bytes().clone(),
            certificate_request: self.identity.request(),
            epoch_keys: vec![epoch_key(self.org(), &self.device, Epoch::of(NOW)).bytes().clone()],
        }
    }

    /// Replaces its manifest by one that follows, signed by its first device, and gives the request that publishes it.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut ManifestFields)) -> v1::PublishManifestRequest {
        let (next, request) = following(&self.manifest, &self.device, change);
        self.manifest = next;
        request
    }

    /// The same, signed by another of its admin devices.
    pub(crate) fn change_by(
        &mut self,
        admin: &Signer,
        change: impl FnOnce(&mut ManifestFields),
    ) -> v1::PublishManifestRequest {
        let (next, request) = following(&self.manifest, admin, change);
        self.manifest = next;
        request
    }
}

/// The manifest that follows, and the request that publishes it with this admin's signature.
fn following(
    previous: &Manifest,
    admin: &Signer,
    change: impl FnOnce(&mut ManifestFields),
) -> (Manifest, v1::PublishManifestRequest) {
    let mut fields = ManifestFields::following(previous, NOW, NOW + 300 * DAY_MS);
    change(&mut fields);
    let next = Manifest::build(fields).unwrap();
    let signed = SignedManifest::sign_as_admins(&next, previous, &[admin]).unwrap();
    (next, v1::PublishManifestRequest { signed_manifest: signed.bytes().clone() })
}

/// What one member writes to another, sealed to its one device.
pub(crate) fn referral(from: &Member, to: &Member) -> HeaderFields {
    let key = epoch_key(to.org(), &to.device, Epoch::of(NOW)).id();
    HeaderFields {
        message_id: MessageId::random(),
        sender_org: from.org(),
        sender_mailbox: from.mailbox(),
        sender_device: from.device.device_id(),
        class: Class::Referral,
        basis: Some(LegalBasis::VitalInterest),
        urgency: Urgency::Soon,
        answer_within_minutes: None,
        created_ms: NOW,
        expires_ms: NOW + 21 * DAY_MS,
        content_len: 4096 + 16,
        key_commit: [1; 32],
        to: vec![Recipient {
            org: to.org(),
            mailbox: to.mailbox(),
            manifest_serial: to.manifest.serial(),
            kind: RecipientKind::Primary,
        }],
        wraps: vec![Wrap { org: to.org(), device: to.device.device_id(), epoch_key: key, boxes: 1 }],
        blobs: vec![],
        handles: vec![],
    }
}

pub(crate) async fn directory(hub: &Hub, member: &Member) -> DirectoryServiceClient<Channel> {
    DirectoryServiceClient::new(hub.channel(Some(&member.identity)).await.unwrap())
}

pub(crate) fn standing(device: &Signer, identity: &Identity, roles: Roles) -> Device {
    Device::new(*device.public_key(), identity.tls_key(), roles, NOW, NOW + 300 * DAY_MS)
}

pub(crate) fn random_signer() -> Signer {
    let seed = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    Signer::from_seed(&seed).unwrap()
}

/// A signed epoch key with a well-formed public half that nobody can open anything with.
pub(crate) fn epoch_key(org: OrgId, device: &Signer, epoch: Epoch) -> EpochKey {
    let mut pk = vec![0; 1_216 - 32];
    pk.extend_from_slice(&device.public_key().as_bytes()[..24]);
    pk.extend_from_slice(&epoch.number().to_be_bytes());
    pk.extend_from_slice(&[1; 4]);
    EpochKey::sign(org, epoch, &pk, device).unwrap()
}

/// The reason behind a refused call.
pub(crate) fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> ErrorReason {
    let status = answer.expect_err("refused");
    Refusal::from_status(&status).unwrap_or_else(|| panic!("{status:?}")).reason
}

/// The reason and field behind a refused call.
pub(crate) fn field<T: std::fmt::Debug>(answer: Result<T, Status>) -> (ErrorReason, String) {
    let status = answer.expect_err("refused");
    let refusal = Refusal::from_status(&status).unwrap_or_else(|| panic!("{status:?}"));
    (refusal.reason, refusal.field.unwrap_or_default().into_owned())
}

/// Whether a call ended because its connection did.
pub(crate) fn is_cut(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)
}
