//! The network between programs and hub: in memory, and as bad as the plan says.
//!
//! A connection is two pipes with a carrier of bytes each way. Within a connection bytes keep their order, as TCP promises. What a
//! network can do to calls it does between connections: a connection's bytes may come after those of a later one (its sender has given
//! up and tried again meanwhile, so that the hub hears the same twice and in the wrong order), may come although nobody waits for the
//! answer any more, or may end anywhere.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use samverkan_client::connect::{Carrier, Connecting};
use samverkan_hub::server::Listener;
use samverkan_proto::statement::invite::HubAddress;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf,
};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::plan::{Course, PROGRAMS, Place, Plan, Trouble};
use super::trace::Trace;

/// Bytes that a pipe holds.
const PIPE: usize = 64 << 10;
/// Bytes that travel as one piece.
const PIECE: usize = 8 << 10;
/// Connections that may wait for the hub to take them.
const BACKLOG: usize = 64;

/// The network. Clones are the same one.
#[derive(Clone)]
pub struct Network {
    plan: Arc<Plan>,
    trace: Trace,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Where the hub takes connections, while there is one.
    hub: Option<mpsc::Sender<(DuplexStream, IpAddr)>>,
    /// Cuts every connection of this hub.
    cut: CancellationToken,
    made: [u64; PROGRAMS.len()],
    calm: bool,
}

impl Network {
    /// A network without a hub.
    #[must_use]
    pub fn new(plan: Arc<Plan>, trace: Trace) -> Self {
        let state =
            State { hub: None, cut: CancellationToken::new(), made: [0; PROGRAMS.len()], calm: false };
        Self { plan, trace, state: Arc::new(Mutex::new(state)) }
    }

    /// Connects a hub, in place of the one before.
    #[must_use]
    pub fn open_door(&self) -> Door {
        let (hub, incoming) = mpsc::channel(BACKLOG);
        self.close_door();
        self.state().hub = Some(hub);
        Door(AsyncMutex::new(incoming))
    }

    /// Cuts the hub off, with every connection that it has.
    pub fn close_door(&self) {
        let mut state = self.state();
        state.hub = None;
        std::mem::take(&mut state.cut).cancel();
    }

    /// Cuts every connection, and does no harm from now on.
    pub fn heal(&self) {
        let mut state = self.state();
        state.calm = true;
        std::mem::take(&mut state.cut).cancel();
    }

    /// The network as a program sees it.
    #[must_use]
    pub fn of_program(&self, program: usize) -> samverkan_client::connect::Network {
        samverkan_client::connect::Network::of(Arc::new(Socket { network: self.clone(), program }))
    }

    /// How many connections were made, or tried.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state().made.iter().sum()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The course of the next connection of a program.
    fn next_course(&self, program: usize) -> (u64, Course) {
        let mut state = self.state();
        let number = state.made[program];
        state.made[program] += 1;
        (number, if state.calm { Course::CALM } else { self.plan.course(program, number) })
    }

    async fn connect(&self, program: usize) -> io::Result<DuplexStream> {
        let (number, course) = self.next_course(program);
        if course.trouble != Trouble::None {
            self.trace.tell(|| format!("program {program}, connection {number}: {course:?}"));
        }
        match course.trouble {
            Trouble::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
            Trouble::Lost => return std::future::pending().await,
            Trouble::None | Trouble::Cut(_) | Trouble::Dark(_) | Trouble::Late(..) => {}
        }
        tokio::time::sleep(Duration::from_millis(course.latency_ms)).await;
        let (hub, cut) = {
            let state = self.state();
            (state.hub.clone().ok_or(io::ErrorKind::ConnectionRefused)?, state.cut.child_token())
        };
        let ((ours, program_end), (theirs, hub_end)) = (tokio::io::duplex(PIPE), tokio::io::duplex(PIPE));
        let address = IpAddr::from([10, 0, 0, u8::try_from(program).unwrap_or(u8::MAX)]);
        hub.send((theirs, address)).await.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Line::new(course, cut).carry(program_end, hub_end);
        Ok(ours)
    }
}

/// What a program connects with.
struct Socket {
    network: Network,
    program: usize,
}

impl Carrier for Socket {
    fn connect<'a>(&'a self, _: &'a HubAddress) -> Connecting<'a> {
        Box::pin(async move { Ok(Box::new(self.network.connect(self.program).await?) as _) })
    }
}

/// Where the hub takes connections.
pub struct Door(AsyncMutex<mpsc::Receiver<(DuplexStream, IpAddr)>>);

impl Listener for Door {
    type Stream = DuplexStream;

    async fn next(&self) -> io::Result<(DuplexStream, IpAddr)> {
        match self.0.lock().await.recv().await {
            Some(connection) => Ok(connection),
            // A hub that was cut off hears nothing more.
            None => std::future::pending().await,
        }
    }
}

/// One connection, and how it is going.
#[derive(Clone)]
struct Line {
    course: Course,
    cut: CancellationToken,
    dark: CancellationToken,
}

/// What becomes of the next bytes.
enum Next {
    /// So many of them pass.
    Pass(usize),
    /// The line is over.
    Over,
}

impl Line {
    fn new(course: Course, cut: CancellationToken) -> Self {
        Self { course, cut, dark: CancellationToken::new() }
    }

    /// Carries bytes between the two ends until the line is over.
    fn carry(self, program: DuplexStream, hub: DuplexStream) {
        let (from_program, to_program) = tokio::io::split(program);
        let (from_hub, to_hub) = tokio::io::split(hub);
        drop(tokio::spawn(self.clone().carry_one_way(true, from_program, to_hub)));
        drop(tokio::spawn(self.carry_one_way(false, from_hub, to_program)));
    }

    async fn carry_one_way(self, up: bool, from: ReadHalf<DuplexStream>, to: WriteHalf<DuplexStream>) {
        let cut = self.cut.clone();
        // Both ends are let go of together when the line is cut.
        let _ = cut.run_until_cancelled(self.pass(up, from, to)).await;
    }

    async fn pass(&self, up: bool, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let (mut passed, mut piece) = (0, vec![0; PIECE]);
        loop {
            let read = tokio::select! {
                biased;
                () = self.dark.cancelled() => return std::future::pending().await,
                read = from.read(&mut piece) => read.unwrap_or(0),
            };
            if read == 0 {
                // Whoever has gone is found gone: an end in good order and any other are told alike.
                let _ = to.shutdown().await;
                return;
            }
            let mut rest = &piece[..read];
            while !rest.is_empty() {
                tokio::time::sleep(Duration::from_millis(self.course.latency_ms)).await;
                let Next::Pass(pass) = self.admit(up, passed, rest.len()).await else { return };
                let (now, later) = rest.split_at(pass);
                if to.write_all(now).await.is_err() {
                    return;
                }
                (passed, rest) = (passed + pass as u64, later);
            }
        }
    }

    /// What becomes of so many bytes behind those that have passed this way.
    async fn admit(&self, up: bool, passed: u64, len: usize) -> Next {
        let (Trouble::Cut(place) | Trouble::Dark(place) | Trouble::Late(place, _)) = self.course.trouble
        else {
            return Next::Pass(len);
        };
        match room(place, up, passed, len) {
            Some(0) => match self.course.trouble {
                Trouble::Cut(_) => {
                    self.cut.cancel();
                    Next::Over
                }
                Trouble::Dark(_) => {
                    self.dark.cancel();
                    std::future::pending().await
                }
                Trouble::Late(_, late_ms) => {
                    tokio::time::sleep(Duration::from_millis(late_ms)).await;
                    Next::Pass(len)
                }
                Trouble::None | Trouble::Refused | Trouble::Lost => Next::Pass(len),
            },
            Some(room) => Next::Pass(room),
            None => Next::Pass(len),
        }
    }
}

/// How many of so many bytes pass before the place; none of them behind it, or this way is not its.
fn room(place: Place, up: bool, passed: u64, len: usize) -> Option<usize> {
    let left = usize::try_from(place.after.checked_sub(passed)?).ok()?;
    (place.up == up).then_some(left.min(len))
}
