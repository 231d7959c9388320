//! Calls and streams to the bare server, in a closed loop.

use crate::binaries::binaries;
use crate::loadgen::error::{LoadError, ensure};
use crate::loadgen::folder::Folder;
use crate::loadgen::meter::Meter;
use crate::loadgen::round::{Latencies, Round};
use crate::process::Running;
use crate::site::free_address;
use crate::until::until;
use crate::wire::connect::{authority, tls};
use crate::wire::parcel::random_bytes;
use crate::wire::{Device, Peer, now_ms};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use samverkan_hub::keys::HubKeys;
use samverkan_proto::v1::relay_service_client::RelayServiceClient;
use samverkan_proto::v1::{SubmitRequest, SubmitStreamRequest};
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

/// What a message carries.
pub const BODY: usize = 4096;
/// Different bodies, used in turn.
const BODIES: usize = 64;

/// What is asked of the bare server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call that gets its content back.
    Echo,
    /// A call that is answered when its content is on disk.
    Put,
    /// The same over one stream a connection.
    Bidi,
}

/// The bare server as a child process, and connections to it.
#[derive(Debug)]
pub struct BareServer {
    /// Before the folder: the process ends before its files vanish.
    process: Running,
    kind: Kind,
    peer: Peer,
    connections: Vec<RelayServiceClient<Channel>>,
    bodies: Vec<Bytes>,
    _folder: Folder,
}

impl BareServer {
    /// Starts it with its files in `folder`, and makes connections of one device.
    ///
    /// # Errors
    /// When the folder can not be used.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn start(folder: Folder, kind: Kind, connections: usize) -> Result<Self, LoadError> {
        let data = folder.private("bare")?;
        let keys = HubKeys::create(&data, "exempel", now_ms()).expect("new keys in a new folder");
        let mut device = Device::new(7);
        device.certify_by(&keys);
        let address = free_address();
        let mut command = Command::new(&binaries().loadgen);
        command.args(["serve-bare", &address.to_string()]).arg(&data);
        if kind != Kind::Echo {
            command.arg("--log");
        }
        let mut process = Running::start(&mut command, &folder.path().join("bare.log"));
        until("the bare server answers", || {
            assert!(process.finished().is_none(), "the bare server ended");
            TcpStream::connect(address).ok()
        });
        let peer = Peer::at(address, tls(authority(&data), Some(device.presented())));
        let connections = (0..connections).map(|_| peer.through(address).relay()).collect();
        let bodies = (0..BODIES).map(|_| random_bytes(BODY).into()).collect();
        Ok(Self { process, kind, peer, connections, bodies, _folder: folder })
    }

    /// A connection to it.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Does `messages` of them with `in_flight` unanswered at a time, over all connections together.
    ///
    /// # Errors
    /// The first refusal, or an echo that is not what was sent.
    pub async fn round(&self, messages: usize, in_flight: usize) -> Result<Round, LoadError> {
        let depth = in_flight.div_ceil(self.connections.len());
        let share = messages.div_ceil(self.connections.len());
        let mut loops = JoinSet::new();
        let meter = Meter::start(Some(self.process.id()))?;
        for client in &self.connections {
            let (client, bodies) = (client.clone(), self.bodies.clone());
            match self.kind {
                Kind::Echo => loops.spawn(calls(client, bodies, share, depth, true)),
                Kind::Put => loops.spawn(calls(client, bodies, share, depth, false)),
                Kind::Bidi => loops.spawn(stream(client, bodies, share, depth)),
            };
        }
        let mut round = Round { messages: (share * self.connections.len()) as u64, ..Round::default() };
        while let Some(done) = loops.join_next().await {
            round.answered.add_all(&done??);
        }
        round.usage = meter.stop()?;
        ensure(round.answered.count() == round.messages, "not every call was answered once")?;
        Ok(round)
    }
}

async fn calls(
    client: RelayServiceClient<Channel>,
    bodies: Vec<Bytes>,
    messages: usize,
    depth: usize,
    echo: bool,
) -> Result<Latencies, LoadError> {
    let mut latencies = Latencies::default();
    let mut waiting = bodies.iter().cycle().take(messages).map(|body| {
        let (mut client, content) = (client.clone(), body.clone());
        async move {
            let sent = Instant::now();
            let request = SubmitRequest { content: content.clone(), ..SubmitRequest::default() };
            let answer = client.submit(request).await?.into_inner();
            ensure(!echo || answer.receipt == content, "an echo is another's")?;
            Ok::<_, LoadError>(sent.elapsed())
        }
    });
    let mut open: FuturesUnordered<_> = waiting.by_ref().take(depth).collect();
    while let Some(done) = open.next().await {
        latencies.add(done?);
        open.extend(waiting.next());
    }
    Ok(latencies)
}

async fn stream(
    mut client: RelayServiceClient<Channel>,
    bodies: Vec<Bytes>,
    messages: usize,
    depth: usize,
) -> Result<Latencies, LoadError> {
    let mut latencies = Latencies::default();
    let (steps, queue) = mpsc::channel(depth);
    let mut answers = client.submit_stream(ReceiverStream::new(queue)).await?.into_inner();
    let mut sent = Vec::with_capacity(messages);
    for answered in 0..messages {
        while sent.len() < messages.min(answered + depth) {
            // The number stands where a message would have its header.
            let header = Bytes::copy_from_slice(&(sent.len() as u64).to_be_bytes());
            let content = bodies[sent.len() % bodies.len()].clone();
            let message = Some(SubmitRequest { header, content, ..SubmitRequest::default() });
            sent.push(Instant::now());
            steps.send(SubmitStreamRequest { message }).await.map_err(|_| LoadError::Ended)?;
        }
        let answer = answers.message().await?.ok_or(LoadError::Ended)?;
        ensure(answer.message_id[..] == (answered as u64).to_be_bytes(), "an answer is out of order")?;
        latencies.add(sent[answered].elapsed());
    }
    Ok(latencies)
}
