//! How a restored hub notices that it has signed more than it has, and takes that back.

use std::sync::Arc;

use samverkan_proto::InvalidField;
use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::log::{Checkpoint, LogTree};
use samverkan_proto::v1::{ErrorReason, HelloRequest, ReturnLogRequest};
use tokio::sync::Mutex;
use tonic::Request;

use crate::error;
use crate::hub::Hub;
use crate::policy::returned::{Verdict, judge};
use crate::registry::{Claim, Registry};
use crate::server::Peer;

/// The hub's tree, to compare with what members return; made when somebody does, by one caller at a time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Returning(Arc<Mutex<LogTree>>);

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
    if !is_news(&hub.store.registry(), &signed) {
        return Ok(());
    }
    hub.store.fall_behind(signed.head()).await.map_err(error::of_store)
}

/// Whether the hub has fewer leaves than it signed, and does not know it.
fn is_news(registry: &Registry, signed: &Checkpoint) -> bool {
    match registry.log().claim() {
        Some(Claim::Behind(known)) => known.size < signed.head().size,
        Some(Claim::Diverged(_)) => false,
        None => registry.log().size() < signed.head().size,
    }
}

/// Takes what a device returns. Gives the log's size then.
pub(super) async fn take(hub: &Hub, request: Request<ReturnLogRequest>) -> Result<u64, Refusal> {
    if !matches!(request.extensions().get(), Some(Peer::Device(_))) {
        return Err(Refusal::new(ErrorReason::CertificateRequired));
    }
    let request = request.into_inner();
    let signed = verify(hub, request.checkpoint.clone())?;
    let mut tree = hub.returning.0.clone().try_lock_owned().map_err(|_| Refusal::new(ErrorReason::Busy))?;
    let registry = hub.store.registry();
    let from = registry.log().size();
    // Hashing a whole log takes a while.
    let judged = tokio::task::spawn_blocking(move || {
        follow(&mut tree, &registry);
        // What is only offered stays out of the tree: whoever offers may hang up before it is kept.
        let verdict = judge(&mut LogTree::clone(&tree), &signed, &request);
        (signed, verdict)
    });
    let (signed, verdict) = judged.await.map_err(|_| Refusal::new(ErrorReason::Internal))?;
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
