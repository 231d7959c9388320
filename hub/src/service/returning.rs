//! How a restored hub notices that it has signed more than it has, and takes that back.

use std::sync::Arc;

use samverkan_proto::InvalidField;
use samverkan_proto::ids::TlsKeyHash;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::log::{Checkpoint, LogTree};
use samverkan_proto::v1::{ErrorReason, HelloRequest, ReturnLogRequest};
use tokio::sync::OwnedMutexGuard;
use tonic::Request;

use crate::error;
use crate::hub::Hub;
use crate::limits::{RETURN_TURN, RETURNS, RETURNS_PER_SECOND};
use crate::policy::returned::{Verdict, judge};
use crate::rate::Budget;
use crate::registry::Registry;
use crate::server::Peer;

/// What it takes to judge what members return. Clones share it.
#[derive(Clone)]
pub(crate) struct Returning {
    /// The hub's tree, made when somebody returns something. Whoever holds it has the turn, until what was returned is kept.
    tree: Arc<tokio::sync::Mutex<LogTree>>,
    /// Counts each device's calls: a certificate is enough to make them, also one of a device that was revoked in what is lost.
    calls: Arc<Budget<TlsKeyHash>>,
}

impl Returning {
    pub(crate) fn new() -> Self {
        Self { tree: Arc::default(), calls: Arc::new(Budget::new(RETURNS_PER_SECOND, RETURNS)) }
    }

    /// Waits for the turn; whoever came first has it first.
    async fn turn(&self) -> Result<OwnedMutexGuard<LogTree>, Refusal> {
        let turn = tokio::time::timeout(RETURN_TURN, Arc::clone(&self.tree).lock_owned()).await;
        turn.map_err(|_| Refusal::new(ErrorReason::Busy))
    }
}

/// Looks at the checkpoint that a device believes. One that the hub has not signed says nothing.
///
/// # Errors
/// What writing down fails with. The device must not be told then that the smaller log is the newest: it would take that for a lie.
pub(super) async fn heed(hub: &Hub, request: &Request<HelloRequest>) -> Result<(), Refusal> {
    let note = &request.get_ref().checkpoint;
    if note.is_empty() || !matches!(request.extensions().get(), Some(Peer::Device(_))) {
        return Ok(());
    }
    let Ok(signed) = verify(hub, note.clone()) else { return Ok(()) };
    if !hub.store.registry().log().is_surpassed_by(&signed.head()) {
        return Ok(());
    }
    hub.store.fall_behind(signed.head()).await.map_err(error::of_store)
}

/// Takes what a device returns. Gives the log's size then.
pub(super) async fn take(hub: &Hub, request: Request<ReturnLogRequest>) -> Result<u64, Refusal> {
    let Some(Peer::Device(certificate)) = request.extensions().get() else {
        return Err(Refusal::new(ErrorReason::CertificateRequired));
    };
    if !hub.returning.calls.take(certificate.key()) {
        return Err(Refusal::new(ErrorReason::RateLimited));
    }
    let signed = verify(hub, request.get_ref().checkpoint.clone());
    let registry = hub.store.registry();
    let is_news = signed.as_ref().is_ok_and(|signed| registry.log().is_surpassed_by(&signed.head()));
    if !is_news && !registry.log().is_behind() {
        hub.caller(&request)?;
    }
    let signed = signed?;
    let mut tree = hub.returning.turn().await?;
    let registry = hub.store.registry();
    let (from, request) = (registry.log().size(), request.into_inner());
    // Hashing a whole log takes a while.
    let judged = tokio::task::spawn_blocking(move || {
        follow(&mut tree, &registry);
        // What is only offered stays out of the tree: whoever offers may hang up before it is kept.
        let verdict = judge(&mut LogTree::clone(&tree), &signed, &request);
        (signed, verdict, tree)
    });
    let (signed, verdict, _turn) = judged.await.map_err(|_| Refusal::new(ErrorReason::Internal))?;
    match verdict? {
        Verdict::Known => {}
        Verdict::Diverged => hub.store.diverge(signed.head()).await.map_err(error::of_store)?,
        Verdict::Continues(leaves) => {
            hub.store.fall_behind(signed.head()).await.map_err(error::of_store)?;
            hub.store.take_back(from, leaves).await.map_err(error::of_store)?;
        }
    }
    Ok(hub.store.registry().log().size())
}

fn verify(hub: &Hub, note: bytes::Bytes) -> Result<Checkpoint, InvalidField> {
    Checkpoint::verify(note, &hub.name, &hub.keys.log_key)
}

/// Brings the tree up to the log.
fn follow(tree: &mut LogTree, registry: &Registry) {
    let size = registry.log().size();
    for leaf in (tree.size()..size).filter_map(|index| registry.log().leaf(index)) {
        tree.append(&leaf.encode());
    }
}
