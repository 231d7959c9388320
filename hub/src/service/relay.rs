//! The messages themselves. Each call's screen is here; what is longer has a file.
//!
//! * [`submission`]: a message as it is handed in.
//! * [`submit`]: one message, or many over a stream.
//! * [`receive`]: what waits for a device, and what it says about it; [`outbox`] bounds what is queued for it.
//! * [`blobs`]: attachments in and out.

mod blobs;
mod outbox;
mod receive;
pub(super) mod submission;
mod submit;

use std::sync::Arc;

use bytes::Bytes;
use samverkan_proto::ids::{BlobId, MessageId};
use samverkan_proto::reason::Refusal;
use samverkan_proto::v1::relay_service_server::RelayService;
use samverkan_proto::v1::{
    DownloadBlobRequest, ErrorReason, GetMessageStatusRequest, GetMessageStatusResponse, GetUploadRequest,
    GetUploadResponse, RecallRequest, RecallResponse, ReceiveRequest, RewrapRequest, RewrapResponse,
    SubmitRequest, SubmitResponse, SubmitStreamRequest, UploadBlobRequest, UploadBlobResponse,
};
use tonic::{Request, Response, Status, Streaming};

use super::trace;
use crate::error;
use crate::hub::Hub;
use crate::policy::rewrap::may_rewrap;
use crate::policy::takeback::may_recall;
use crate::policy::{may_receive, may_see_status, may_upload};
use crate::server::{Hangup, Peer, PeerCertificate};
use crate::store::Given;
use outbox::Outlet;

pub(super) struct Relay(pub(super) Arc<Hub>);

#[tonic::async_trait]
impl RelayService for Relay {
    async fn submit(&self, request: Request<SubmitRequest>) -> Result<Response<SubmitResponse>, Status> {
        if let Some(id) = submission::claimed_id(request.get_ref()) {
            trace::about(&id);
        }
        let handed_in = match certificate(&request) {
            Ok(certificate) => submit::submit(&self.0, &certificate, request.into_inner()).await,
            Err(refusal) => Err(refusal),
        };
        let receipt = handed_in.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(SubmitResponse { receipt }))
    }

    type SubmitStreamStream = submit::Answers;

    async fn submit_stream(
        &self,
        request: Request<Streaming<SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let caller = self.0.caller(&request).and_then(|_| Line::of(&request));
        let line = caller.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(submit::start(Arc::clone(&self.0), line, request.into_inner())))
    }

    type ReceiveStream = Outlet;

    async fn receive(
        &self,
        request: Request<Streaming<ReceiveRequest>>,
    ) -> Result<Response<Self::ReceiveStream>, Status> {
        let permit = self.0.caller(&request).and_then(|caller| may_receive(&caller));
        let permitted = permit.and_then(|permit| Ok((permit, Line::of(&request)?)));
        let (permit, line) = permitted.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(receive::start(Arc::clone(&self.0), permit, line, request.into_inner())))
    }

    async fn get_upload(
        &self,
        request: Request<GetUploadRequest>,
    ) -> Result<Response<GetUploadResponse>, Status> {
        let held = self.held(&request).await;
        held.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }

    async fn upload_blob(
        &self,
        request: Request<Streaming<UploadBlobRequest>>,
    ) -> Result<Response<UploadBlobResponse>, Status> {
        let permit = self.0.caller(&request).and_then(|caller| may_upload(&caller));
        let permitted = permit.and_then(|permit| Ok((permit, Line::of(&request)?)));
        let (permit, line) = permitted.map_err(|refusal| self.0.refuse(refusal))?;
        let uploaded = blobs::upload(&self.0, permit, &line, request.into_inner()).await;
        uploaded.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }

    type DownloadBlobStream = blobs::Frames;

    async fn download_blob(
        &self,
        request: Request<DownloadBlobRequest>,
    ) -> Result<Response<Self::DownloadBlobStream>, Status> {
        let permit = self.0.caller(&request).and_then(|caller| may_receive(&caller));
        let permitted = permit.and_then(|permit| Ok((permit, Line::of(&request)?)));
        let (permit, line) = permitted.map_err(|refusal| self.0.refuse(refusal))?;
        let opened = blobs::download(&self.0, permit, line, request.get_ref()).await;
        opened.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }

    async fn rewrap(&self, request: Request<RewrapRequest>) -> Result<Response<RewrapResponse>, Status> {
        let given = self.give(&request).await;
        let given = given.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(RewrapResponse { settled: given == Given::Settled }))
    }

    async fn recall(&self, request: Request<RecallRequest>) -> Result<Response<RecallResponse>, Status> {
        let receipt = self.take_back(&request).await;
        let receipt = receipt.map_err(|refusal| self.0.refuse(refusal))?;
        Ok(Response::new(RecallResponse { receipt: receipt.into() }))
    }

    async fn get_message_status(
        &self,
        request: Request<GetMessageStatusRequest>,
    ) -> Result<Response<GetMessageStatusResponse>, Status> {
        let status = self.status(&request).await;
        status.map(Response::new).map_err(|refusal| self.0.refuse(refusal))
    }
}

impl Relay {
    async fn held(&self, request: &Request<GetUploadRequest>) -> Result<GetUploadResponse, Refusal> {
        let permit = may_upload(&self.0.caller(request)?)?;
        let blob = BlobId::parse(&request.get_ref().blob_id)?;
        let held = self.0.store.upload_state(permit.org(), blob).await.map_err(error::of_store)?;
        Ok(GetUploadResponse { offset: held.offset, complete: held.complete })
    }

    async fn give(&self, request: &Request<RewrapRequest>) -> Result<Given, Refusal> {
        let permit = may_rewrap(&self.0.caller(request)?, &request.get_ref().rewrap)?;
        trace::about(&permit.statement().value().message_id);
        self.0.store.rewrap(permit).await.map_err(error::of_store)
    }

    async fn take_back(&self, request: &Request<RecallRequest>) -> Result<Vec<u8>, Refusal> {
        let permit = may_recall(&self.0.caller(request)?, &request.get_ref().recall)?;
        trace::about(&permit.statement().value().message_id);
        self.0.store.recall(permit).await.map_err(error::of_store)
    }

    async fn status(
        &self,
        request: &Request<GetMessageStatusRequest>,
    ) -> Result<GetMessageStatusResponse, Refusal> {
        let caller = self.0.caller(request)?;
        let id = MessageId::parse(&request.get_ref().message_id)?;
        trace::about(&id);
        let status = self.0.store.status(id).await.map_err(error::of_store)?;
        let status = status.ok_or(Refusal::new(ErrorReason::MessageUnknown))?;
        may_see_status(&caller, status.sender_org, status.sender_mailbox)?;
        let receipts = status.receipts.into_iter().map(Bytes::from).collect();
        Ok(GetMessageStatusResponse { receipts, state: status.state.into() })
    }
}

/// What a stream keeps of the connection it came over.
#[derive(Clone)]
struct Line {
    certificate: PeerCertificate,
    hangup: Hangup,
}

impl Line {
    fn of<T>(request: &Request<T>) -> Result<Self, Refusal> {
        let hangup = request.extensions().get::<Hangup>();
        // The server puts one into every request.
        let hangup = hangup.cloned().ok_or(Refusal::new(ErrorReason::Internal))?;
        Ok(Self { certificate: certificate(request)?, hangup })
    }
}

fn certificate<T>(request: &Request<T>) -> Result<PeerCertificate, Refusal> {
    match request.extensions().get() {
        Some(Peer::Device(certificate)) => Ok(*certificate),
        Some(Peer::Stranger | Peer::Operator) | None => Err(Refusal::new(ErrorReason::CertificateRequired)),
    }
}
