//! How a command does something at a hub that has operators: it signs a statement with the operator's key, here, and hands it in.

use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use samverkan_proto::admission::Policy;
use samverkan_proto::code::Classes;
use samverkan_proto::ids::{OperatorId, OrgId, sha256};
use samverkan_proto::reason::Refusal;
use samverkan_proto::sign::{PublicKey, Signer};
use samverkan_proto::statement::log::OrganisationEntry;
use samverkan_proto::statement::operator::{Deed, SignedAction, Statement, Step};
use samverkan_proto::statement::safety::SafetyNumber;
use samverkan_proto::v1::{self, ErrorReason};

use super::exit::Exit;
use super::failure::Failure;
use super::socket::{self, Operator};
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{FileError, HubKeys, KeyError, load_operator_key};

/// The hub, as a command with or without a key meets it.
pub(super) struct Desk {
    /// The hub's calls.
    pub(super) hub: Operator,
    /// Who its operators are.
    pub(super) described: v1::DescribeOperatorsResponse,
    data_dir: PathBuf,
    key: Option<PathBuf>,
}

impl Desk {
    /// Connects to the running hub. `key` is the file of the operator's key, if the command line names one.
    pub(super) async fn open(config: &Path, key: Option<PathBuf>) -> Result<Self, Failure> {
        let config: Config = super::load(config)?;
        let mut hub = socket::connect(&config.operator_socket()).await?;
        let described = hub.describe_operators(v1::DescribeOperatorsRequest {}).await?.into_inner();
        Ok(Self { hub, described, data_dir: config.data_dir, key: key.or(config.operator_key) })
    }

    /// The pin of the hub's keys. It comes from the hub's own files, and not from its answers: what is signed here must serve at no other hub.
    fn pin(&self) -> Result<[u8; 32], Failure> {
        Ok(HubKeys::load(&self.data_dir)?.public().pin())
    }

    /// Whether the hub asks for signatures at all.
    pub(super) fn has_operators(&self) -> bool {
        !self.described.operators.is_empty()
    }

    /// The operator's key.
    pub(super) fn key(&self) -> Result<Signer, Failure> {
        let path = self.key.as_deref().ok_or_else(no_key)?;
        load(path)
    }

    /// What an operator is called; its id, if nobody knows it.
    pub(super) fn name_of(&self, id: &OperatorId) -> String {
        let own = |operator: &&v1::Operator| id_of(operator).is_some_and(|found| found == *id);
        self.described.operators.iter().find(own).map_or_else(|| id.to_string(), |found| found.name.clone())
    }

    /// The hash of the record that changed the operators last.
    pub(super) fn last_change(&self) -> Result<[u8; 32], Failure> {
        self.described.last_change[..].try_into().map_err(|_| strange())
    }

    /// The hash of the record that set the policy last.
    pub(super) fn last_policy(&self) -> Result<[u8; 32], Failure> {
        self.described.last_policy[..].try_into().map_err(|_| strange())
    }

    /// What may be sent without an agreement.
    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let bits = u8::try_from(self.described.agreement_required).ok();
        let classes = bits.and_then(|bits| Classes::from_bits(bits, "agreement_required").ok());
        classes.map(|agreement_required| Policy { agreement_required }).ok_or_else(strange)
    }

    /// The operators' keys with their names.
    pub(super) fn operators(&self) -> impl Iterator<Item = (&str, PublicKey)> {
        self.described.operators.iter().filter_map(|one| Some((one.name.as_str(), key_of(one)?)))
    }

    /// Signs, and hands in.
    pub(super) async fn act(
        &mut self,
        deed: Deed,
        invitation: Option<v1::InviteOrganisationRequest>,
    ) -> Result<v1::ActResponse, Failure> {
        let signer = self.key()?;
        let mut nonce = [0; 16];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Failure::from(KeyError::Random))?;
        let statement = Statement { hub: self.pin()?, nonce, deed };
        let action = SignedAction::sign(&statement, &signer, Clock::system().now_ms());
        self.hand_in(&action, invitation).await
    }

    /// Hands in what is signed.
    pub(super) async fn hand_in(
        &mut self,
        action: &SignedAction,
        invitation: Option<v1::InviteOrganisationRequest>,
    ) -> Result<v1::ActResponse, Failure> {
        let request = v1::ActRequest { action: action.bytes().clone(), invitation };
        Ok(self.hub.act(request).await?.into_inner())
    }

    /// Whether an action is for this hub: nothing else is countersigned.
    pub(super) fn is_here(&self, action: &SignedAction) -> Result<bool, Failure> {
        Ok(action.statement().hub == self.pin()?)
    }
}

/// Reads an operator's key, and says of a missing one how to make it.
fn load(path: &Path) -> Result<Signer, Failure> {
    load_operator_key(path).map_err(|error| match error {
        KeyError::File(FileError::Missing { path }) => Failure::new(
            "OPERATOR_KEY_MISSING",
            format!("There is no operator's key in {}.", path.display()),
            "name the right file with --key; samverkan-hub operator new FILE makes one",
            Exit::NotSetUp,
        ),
        error => {
            let next = "make the file yours alone (chown, chmod 600), or restore it from its copy";
            Failure::new("OPERATOR_KEY_UNUSABLE", format!("{error}."), next, Exit::NotSetUp)
        }
    })
}

fn no_key() -> Failure {
    Failure::new(
        "OPERATOR_KEY_NEEDED",
        "This hub has operators, and one of them must sign this.",
        "--key FILE, or operator_key in the configuration",
        Exit::NotSetUp,
    )
}

/// What the hub answered makes no sense.
fn strange() -> Failure {
    Failure::new(
        "HUB_MISBEHAVED",
        "The hub's answer contradicts itself; nothing was signed.",
        "samverkan-hub log verify, with the hub stopped",
        Exit::Integrity,
    )
}

fn key_of(operator: &v1::Operator) -> Option<PublicKey> {
    PublicKey::parse(operator.public_key[..].try_into().ok()?, "public_key").ok()
}

fn id_of(operator: &v1::Operator) -> Option<OperatorId> {
    key_of(operator).map(|key| OperatorId::of_key(key.as_bytes()))
}

/// The step that an organisation is to take, from where the hub says that it stands. The entry that the hub shows is what is signed; what it
/// says is held against what the operator typed, and for a confirmation against the number that was read out.
pub(super) fn step(
    step: Step,
    shown: &v1::Organisation,
    typed: &str,
    safety_number: Option<&SafetyNumber>,
) -> Result<Deed, Failure> {
    if shown.entry.is_empty() {
        return Err(tonic::Status::from(Refusal::new(ErrorReason::StateConflict)).into());
    }
    let entry = OrganisationEntry::parse(shown.entry.clone()).map_err(|_| strange())?;
    let fields = entry.fields();
    if fields.handle.as_str() != typed {
        return Err(strange());
    }
    if let Some(number) = safety_number {
        let root = shown.root_public_key[..].try_into().map_err(|_| strange())?;
        let root = PublicKey::parse(root, "root_public_key").map_err(|_| strange())?;
        if OrgId::of_root(root.as_bytes()) != fields.org_id {
            return Err(strange());
        }
        if SafetyNumber::of_root(&root) != *number {
            return Err(tonic::Status::from(Refusal::new(ErrorReason::SafetyNumberWrong)).into());
        }
    }
    let (org, handle) = (fields.org_id, fields.handle.clone());
    Ok(Deed::Move { step, org, handle, before: sha256(entry.bytes()) })
}

/// What people call a statement by: the first 128 bits of its hash, in four groups of eight digits. Whoever signs first chooses the nonce:
/// of a short reference they could make two statements, and show one and have the other signed.
pub(super) fn reference(action: &SignedAction) -> String {
    let groups = action.statement().hash();
    let groups: Vec<String> =
        groups[..16].chunks(4).map(|group| data_encoding::HEXLOWER.encode(group)).collect();
    groups.join("-")
}
