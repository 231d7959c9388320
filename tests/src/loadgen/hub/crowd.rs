//! Many devices that only listen, and some that do not even read.

use super::stage::Stage;
use super::volume::settled_memory;
use crate::loadgen::error::LoadError;
use crate::site::Site;
use crate::wire::{Device, Member, Peer};
use samverkan_hub::keys::HubKeys;
use samverkan_proto::limits::MAX_CREDIT;
use samverkan_proto::v1::receive_request::Step;
use samverkan_proto::v1::receive_response::Item;
use samverkan_proto::v1::{ReceiveRequest, ReceiveResponse, Start};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Devices of one organisation beside its first.
const DEVICES: usize = 250;
/// Devices that shake hands at the same time.
const AT_ONCE: usize = 64;

/// What a crowd takes of the hub's memory.
#[derive(Clone, Copy, Debug)]
pub struct CrowdUse {
    /// Devices with an open stream.
    pub devices: usize,
    /// The hub's resident memory with all of them, in bytes.
    pub resident_bytes: u64,
    /// What each of them added, in bytes.
    pub bytes_each: f64,
}

/// Bytes that a device that does not read takes before it has read them: what comes after waits in the hub.
const WINDOW: u32 = 64 << 10;

/// An open stream; the sender keeps it open.
type Listening = (mpsc::Sender<ReceiveRequest>, Streaming<ReceiveResponse>);

/// Enrols so many devices, has all of them listen, and measures what that takes.
///
/// # Errors
/// The first refusal.
///
/// # Panics
/// When an organisation can not join.
pub async fn idle(stage: &Stage, devices: usize) -> Result<CrowdUse, LoadError> {
    let mut peers = Vec::with_capacity(devices);
    while peers.len() < devices {
        let member = Member::join(&stage.hub, "lyssnare").await;
        peers.extend(listeners(member, &stage.hub, DEVICES.min(devices - peers.len())).await?);
    }
    let before = settled_memory(stage.pid())?;
    let mut streams = Vec::with_capacity(devices);
    let mut opening = JoinSet::new();
    for peer in peers {
        if opening.len() == AT_ONCE {
            streams.extend(opening.join_next().await.transpose()?);
        }
        opening.spawn(async move { listen(&peer).await });
    }
    streams.extend(opening.join_all().await);
    // Whoever was refused ends the measurement.
    let streams = streams.into_iter().collect::<Result<Vec<_>, _>>()?;
    let resident_bytes = settled_memory(stage.pid())?;
    let bytes_each = resident_bytes.saturating_sub(before) as f64 / streams.len() as f64;
    Ok(CrowdUse { devices: streams.len(), resident_bytes, bytes_each })
}

/// New devices of an organisation, in its manifest and with certificates.
async fn listeners(mut member: Member, hub: &Site, n: usize) -> Result<Vec<Peer>, LoadError> {
    let keys = HubKeys::load(&hub.data_dir()).expect("the hub has keys");
    let mut devices: Vec<_> = (0..n).map(|_| Device::new(4)).collect();
    let mut manifest = member.next_manifest();
    manifest.devices.extend(devices.iter().map(|device| device.entry(manifest.issued_ms)));
    member.publish(hub, manifest).await?;
    devices.iter_mut().for_each(|device| device.certify_by(&keys));
    Ok(devices.iter().map(|device| device.connect(hub)).collect())
}

/// Opens a stream and takes the word that nothing waits.
async fn listen(peer: &Peer) -> Result<Listening, LoadError> {
    let (steps, mut items) = open(peer).await?;
    match items.message().await?.and_then(|message| message.item) {
        Some(Item::CaughtUp(_)) => Ok((steps, items)),
        _ => Err(LoadError::Wrong("something waits for a new device")),
    }
}

async fn open(peer: &Peer) -> Result<Listening, LoadError> {
    let (steps, queue) = mpsc::channel(1);
    let start = ReceiveRequest { step: Some(Step::Start(Start { credit: MAX_CREDIT })) };
    steps.send(start).await.map_err(|_| LoadError::Ended)?;
    Ok((steps, peer.relay().receive(ReceiverStream::new(queue)).await?.into_inner()))
}

/// Has every silent receiver of the stage open a stream that it never reads, and measures what each adds.
///
/// # Errors
/// The first refusal.
pub async fn slow(stage: &Stage) -> Result<CrowdUse, LoadError> {
    let before = settled_memory(stage.pid())?;
    let mut streams = Vec::new();
    for receiver in &stage.silent_receivers {
        streams.push(open(&receiver.peer().narrow(WINDOW)).await?);
    }
    let resident_bytes = settled_memory(stage.pid())?;
    let bytes_each = resident_bytes.saturating_sub(before) as f64 / streams.len().max(1) as f64;
    Ok(CrowdUse { devices: streams.len(), resident_bytes, bytes_each })
}
