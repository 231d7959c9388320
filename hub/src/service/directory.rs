//! The log and what devices publish into it.

use std::sync::Arc;

use samverkan_proto::reason::Refusal;
use samverkan_proto::statement::agreement::SignedAgreement;
use samverkan_proto::statement::log::Checkpoint;
use samverkan_proto::statement::manifest::SignedManifest;
use samverkan_proto::v1::directory_service_server::DirectoryService;
use samverkan_proto::v1::{
    ErrorReason, LogEntry, PublishAgreementRequest, PublishAgreementResponse, PublishEpochKeysRequest,
    PublishEpochKeysResponse, PublishManifestRequest, PublishManifestResponse, ReturnLogRequest,
    ReturnLogResponse, SyncRequest, SyncResponse,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{returning, trace};
use crate::error;
use crate::hub::Hub;
use crate::metrics::StreamKind;
use crate::policy::agreement::may_publish_agreement;
use crate::policy::publish::{Publication, may_publish_epoch_keys, may_publish_manifest};
use crate::server::Hangup;
use crate::store::Store;

/// Pages of the log that wait for a slow reader; each is about 1 MiB at most.
const PAGES_AHEAD: usize = 1;

pub(super) struct Directory(pub(super) Arc<Hub>);

#[tonic::async_trait]
impl DirectoryService for Directory {
    type SyncStream = ReceiverStream<Result<SyncResponse, Status>>;

    async fn sync(&self, request: Request<SyncRequest>) -> Result<Response<Self::SyncStream>, Status> {
        let started = self.start_sync(&request).await;
        started.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }

    async fn publish_manifest(
        &self,
        request: Request<PublishManifestRequest>,
    ) -> Result<Response<PublishManifestResponse>, Status> {
        let published = self.take_manifest(request).await;
        let log_size = published.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(PublishManifestResponse { log_size }))
    }

    async fn publish_epoch_keys(
        &self,
        request: Request<PublishEpochKeysRequest>,
    ) -> Result<Response<PublishEpochKeysResponse>, Status> {
        let published = self.take_epoch_keys(request).await;
        let log_size = published.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(PublishEpochKeysResponse { log_size }))
    }

    async fn publish_agreement(
        &self,
        request: Request<PublishAgreementRequest>,
    ) -> Result<Response<PublishAgreementResponse>, Status> {
        let published = self.take_agreement(request).await;
        let log_size = published.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(PublishAgreementResponse { log_size }))
    }

    async fn return_log(
        &self,
        request: Request<ReturnLogRequest>,
    ) -> Result<Response<ReturnLogResponse>, Status> {
        let taken = returning::take(&self.0, request).await;
        let log_size = taken.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(ReturnLogResponse { log_size }))
    }
}

impl Directory {
    async fn start_sync(
        &self,
        request: &Request<SyncRequest>,
    ) -> Result<<Self as DirectoryService>::SyncStream, Refusal> {
        // Any caller may synchronise: who is PENDING needs the log, too.
        self.0.caller(request)?;
        let checkpoint = self.0.store.fresh_checkpoint().await.ok_or(Refusal::new(ErrorReason::Internal))?;
        let from = request.get_ref().from_leaf;
        if from > checkpoint.head().size {
            return Err(Refusal::in_field(ErrorReason::OffsetOutOfRange, "from_leaf"));
        }
        let (pages, stream) = mpsc::channel(PAGES_AHEAD);
        let sync = send_log(self.0.store.clone(), from, checkpoint, pages);
        let hangup: &Hangup = request.extensions().get().ok_or(Refusal::new(ErrorReason::Internal))?;
        let open = self.0.metrics.stream_opened(StreamKind::Sync);
        trace::serve_stream(hangup.token().clone(), async move {
            sync.await;
            trace::ended(None);
            drop(open);
        });
        Ok(ReceiverStream::new(stream))
    }

    async fn take_manifest(&self, request: Request<PublishManifestRequest>) -> Result<u64, Refusal> {
        let caller = self.0.caller(&request)?;
        let signed = SignedManifest::parse(request.into_inner().signed_manifest)?;
        let budgets = &self.0.budgets;
        let (manifest, is_removal) = match may_publish_manifest(&caller, signed)? {
            Publication::Next(manifest) => (manifest, false),
            Publication::Removal(manifest) => (manifest, true),
            Publication::Known => return Ok(self.0.store.registry().log().size()),
        };
        let is_in_time =
            budgets.manifests.take(caller.org()) || (is_removal && budgets.removals.take(caller.device()));
        if !is_in_time {
            return Err(Refusal::new(ErrorReason::RateLimited));
        }
        self.0.store.publish_manifest(*manifest).await.map_err(error::of_store)
    }

    async fn take_agreement(&self, request: Request<PublishAgreementRequest>) -> Result<u64, Refusal> {
        let caller = self.0.caller(&request)?;
        let signed = SignedAgreement::parse(request.into_inner().agreement)?;
        let now_ms = self.0.clock.now_ms();
        let registry = self.0.registry()?;
        match may_publish_agreement(&registry, &caller, signed, now_ms)? {
            Some(_) if !self.0.budgets.agreements.take(caller.org()) => {
                Err(Refusal::new(ErrorReason::RateLimited))
            }
            Some(permit) => self.0.store.publish_agreement(permit).await.map_err(error::of_store),
            None => Ok(registry.log().size()),
        }
    }

    async fn take_epoch_keys(&self, request: Request<PublishEpochKeysRequest>) -> Result<u64, Refusal> {
        let caller = self.0.caller(&request)?;
        let keys = may_publish_epoch_keys(&caller, request.into_inner().epoch_keys)?;
        self.0.store.publish_epoch_keys(keys).await.map_err(error::of_store)
    }
}

/// Sends every entry from `from` up to the checkpoint's size, then the checkpoint.
async fn send_log(
    store: Store,
    mut from: u64,
    checkpoint: Checkpoint,
    pages: mpsc::Sender<Result<SyncResponse, Status>>,
) {
    let end = checkpoint.head().size;
    while from < end {
        let page = match store.log_entries(from).await {
            Ok(page) if !page.is_empty() => page,
            // The log never shrinks below a size that was signed.
            Ok(_) => return drop(pages.send(Err(Refusal::new(ErrorReason::Internal).into())).await),
            Err(error) => return drop(pages.send(Err(error::of_store(error).into())).await),
        };
        let wanted = usize::try_from(end - from).unwrap_or(usize::MAX);
        let entries: Vec<LogEntry> = page
            .into_iter()
            .take(wanted)
            .map(|entry| LogEntry { leaf: entry.leaf.into(), record: entry.record })
            .collect();
        from += entries.len() as u64;
        let page = SyncResponse { entries, checkpoint: Default::default() };
        if pages.send(Ok(page)).await.is_err() {
            return;
        }
    }
    let last = SyncResponse { entries: vec![], checkpoint: checkpoint.note().clone() };
    // The reader has left, or has everything: either way there is nothing more to do.
    drop(pages.send(Ok(last)).await);
}
