//! A TCP relay on loopback that counts, stalls, cuts and leads elsewhere: the network on a bad day.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the hub.
    Up,
    /// From the hub to the client.
    Down,
}

/// A running relay. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<SocketAddr>,
    closed: AtomicBool,
    connections: AtomicU64,
    bytes: [AtomicU64; 2],
    rules: Mutex<Rules>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Rules {
    /// What happens next each way, over all connections. Nothing: no bound.
    bounds: [VecDeque<Bound>; 2],
    stalled: bool,
    open: Vec<TcpStream>,
    turns: Turns,
}

/// Who speaks, and when everybody is to be silenced.
#[derive(Debug, Default)]
struct Turns {
    speaks: Option<Way>,
    count: [u64; 2],
    awaited: Option<(Way, u64, Deed)>,
    held: bool,
}

/// What is done when an awaited turn begins.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Everything is held back.
    Hold,
    /// The connection is cut after so many more bytes.
    Tear(u64),
}

impl Turns {
    /// Notes that bytes go this way; what is to be done if it is the awaited turn, once.
    fn take(&mut self, way: Way) -> Option<Deed> {
        if self.speaks.replace(way) != Some(way) {
            self.count[way as usize] += 1;
        }
        let (awaited, turn, deed) = self.awaited?;
        let is_now = (awaited, turn) == (way, self.count[way as usize]);
        self.held |= is_now;
        is_now.then(|| self.awaited = None).map(|()| deed)
    }
}

/// A place in the bytes that go one way.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// Bytes that may still pass before it.
    left: u64,
    then: Then,
}

/// What happens to the byte that would go beyond a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// Its connection is cut.
    Cut,
    /// Everything is held back.
    Stall,
}

impl Shared {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Proxy {
    /// Relays from a free loopback port to `upstream`.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
            closed: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            bytes: Default::default(),
            rules: Mutex::default(),
            changed: Condvar::new(),
        });
        let acceptor = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, &acceptor));
        Self { address, shared }
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Bytes that have passed one way.
    #[must_use]
    pub fn bytes(&self, way: Way) -> u64 {
        self.shared.bytes[way as usize].load(Ordering::SeqCst)
    }

    /// Lets exactly `n` more bytes pass one way, then cuts whichever connection sends more. Connections made after that cut are
    /// unbounded again.
    pub fn cut_after(&self, way: Way, n: u64) {
        self.cut_at(way, [n]);
    }

    /// The same several times: at each of these places, counted from now, ascending.
    pub fn cut_at(&self, way: Way, places: impl IntoIterator<Item = u64>) {
        let mut before = 0;
        let bounds = places.into_iter().map(|place| {
            let left = place - std::mem::replace(&mut before, place);
            Bound { left, then: Then::Cut }
        });
        self.shared.rules().bounds[way as usize] = bounds.collect();
    }

    /// Lets exactly `n` more bytes pass one way, then holds everything back as [`Proxy::stall`] does.
    pub fn stall_after(&self, way: Way, n: u64) {
        self.shared.rules().bounds[way as usize] = VecDeque::from([Bound { left: n, then: Then::Stall }]);
    }

    /// Whether everything is held back now.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.shared.rules().stalled
    }

    /// Cuts every open connection now.
    pub fn cut(&self) {
        for socket in self.shared.rules().open.drain(..) {
            // Its peer may have closed it already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Holds every byte back, both ways, until [`Proxy::resume`]. Connections stay open.
    pub fn stall(&self) {
        self.shared.rules().stalled = true;
    }

    /// Lets bytes pass again.
    pub fn resume(&self) {
        {
            let mut rules = self.shared.rules();
            rules.stalled = false;
            rules.turns.awaited = None;
        }
        self.shared.changed.notify_all();
    }

    /// Holds everything back as [`Proxy::stall`] does, but from the moment on when one side begins to speak for the `turn`th time after
    /// now. A side's turn lasts until the other one answers; the first turn of a connection is the client's.
    pub fn hold_at(&self, way: Way, turn: u64) {
        self.shared.rules().turns = Turns { awaited: Some((way, turn, Deed::Hold)), ..Turns::default() };
    }

    /// Cuts whoever speaks then, when so many bytes of that turn have passed. Turns are counted as in [`Proxy::hold_at`].
    pub fn tear_at(&self, way: Way, turn: u64, after: u64) {
        self.shared.rules().turns =
            Turns { awaited: Some((way, turn, Deed::Tear(after))), ..Turns::default() };
    }

    /// Whether the moment of [`Proxy::hold_at`] or [`Proxy::tear_at`] has come.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.shared.rules().turns.held
    }

    /// Loses what is held back together with every open connection; later ones are served again.
    pub fn lose(&self) {
        self.cut();
        self.resume();
    }

    /// Leads connections made from now on to another place.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.cut();
        self.resume();
        // Wakes the acceptor, so that its thread and port are given back.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let upstream = *shared.upstream.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(hub) = TcpStream::connect(upstream) else { continue };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        for (way, from, to) in [(Way::Up, &client, &hub), (Way::Down, &hub, &client)] {
            let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
            let shared = Arc::clone(shared);
            std::thread::spawn(move || relay(way, from, to, &shared));
        }
        // Each connection is remembered by both sockets, since shutting one down ends both relays.
        shared.rules().open.extend([client, hub]);
    }
}

fn relay(way: Way, mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = vec![0; 64 << 10];
    'connection: while let Ok(read @ 1..) = from.read(&mut buffer) {
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let (pass, cut) = admit(way, rest.len(), shared);
            let passed;
            (passed, rest) = rest.split_at(pass);
            // Counted first: whoever has an answer to these bytes finds them counted.
            shared.bytes[way as usize].fetch_add(pass as u64, Ordering::SeqCst);
            if to.write_all(passed).is_err() {
                break 'connection;
            }
            if cut {
                let _ = from.shutdown(Shutdown::Both);
                break 'connection;
            }
        }
    }
    // Tells the other side; it may know already.
    let _ = to.shutdown(Shutdown::Both);
}

/// How many of so many bytes may pass, once bytes may pass at all, and whether the connection is cut then.
fn admit(way: Way, bytes: usize, shared: &Shared) -> (usize, bool) {
    let mut rules = shared.rules();
    match rules.turns.take(way) {
        Some(Deed::Hold) => rules.stalled = true,
        Some(Deed::Tear(left)) => {
            rules.bounds[way as usize].push_front(Bound { left, then: Then::Cut });
        }
        None => {}
    }
    while rules.stalled && !shared.closed.load(Ordering::SeqCst) {
        rules = shared.changed.wait(rules).unwrap_or_else(PoisonError::into_inner);
    }
    let Some(bound) = rules.bounds[way as usize].front_mut() else { return (bytes, false) };
    let pass = bytes.min(usize::try_from(bound.left).unwrap_or(usize::MAX));
    bound.left -= pass as u64;
    let then = bound.then;
    if pass == bytes {
        return (pass, false);
    }
    rules.bounds[way as usize].pop_front();
    rules.stalled |= then == Then::Stall;
    (pass, then == Then::Cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::until::until;

    /// A peer that returns every byte.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut out = socket.try_clone().expect("a socket can be copied");
                    let _ = std::io::copy(&mut socket, &mut out);
                });
            }
        });
        address
    }

    #[test]
    fn bytes_are_relayed_counted_and_cut_at_the_exact_place() {
        let proxy = Proxy::start(echo());
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        let mut answer = [0; 5];
        socket.write_all(b"hello").expect("written");
        socket.read_exact(&mut answer).expect("read");
        assert_eq!(&answer, b"hello");
        proxy.cut_after(Way::Up, 3);
        // The cut may already refuse the write; what was let through still comes back.
        let _ = socket.write_all(b"world");
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        assert_eq!((proxy.bytes(Way::Up), proxy.connections()), (8, 1));
        let mut again = TcpStream::connect(proxy.address()).expect("the proxy listens");
        again.write_all(b"again").expect("written");
        again.read_exact(&mut answer).expect("read");
        assert_eq!(&answer, b"again");
    }

    #[test]
    fn each_of_several_cuts_ends_one_connection() {
        let proxy = Proxy::start(echo());
        proxy.cut_at(Way::Up, [3, 7]);
        for _ in 0..2 {
            let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
            let _ = socket.write_all(b"hello");
            let _ = socket.read_to_end(&mut Vec::new());
        }
        assert_eq!((proxy.bytes(Way::Up), proxy.connections()), (7, 2));
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        let mut answer = [0; 5];
        socket.write_all(b"hello").expect("written");
        socket.read_exact(&mut answer).expect("there is no third cut");
    }

    #[test]
    fn a_stall_begins_at_the_exact_place() {
        let proxy = Proxy::start(echo());
        proxy.stall_after(Way::Up, 3);
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        socket.write_all(b"later").expect("written");
        until("the stall begins", || proxy.is_stalled().then_some(()));
        until("what may pass has passed", || (proxy.bytes(Way::Up) == 3).then_some(()));
        proxy.resume();
        let mut answer = [0; 5];
        socket.read_exact(&mut answer).expect("read");
        assert_eq!((&answer, proxy.bytes(Way::Up)), (b"later", 5));
    }

    #[test]
    fn a_stall_holds_bytes_back_until_it_ends() {
        let proxy = Proxy::start(echo());
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        until("the connection is relayed", || (proxy.connections() == 1).then_some(()));
        proxy.stall();
        socket.write_all(b"later").expect("written");
        assert_eq!(proxy.bytes(Way::Up), 0);
        proxy.resume();
        let mut answer = [0; 5];
        socket.read_exact(&mut answer).expect("read");
        assert_eq!((&answer, proxy.bytes(Way::Up)), (b"later", 5));
    }

    #[test]
    fn a_turn_is_held_until_it_is_lost_or_let_go() {
        let proxy = Proxy::start(echo());
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        proxy.hold_at(Way::Down, 2);
        let mut answer = [0; 5];
        socket.write_all(b"first").expect("written");
        socket.read_exact(&mut answer).expect("the first turn passes");
        assert!(!proxy.is_held());
        socket.write_all(b"again").expect("written");
        until("the second turn is held", || proxy.is_held().then_some(()));
        assert_eq!(proxy.bytes(Way::Down), 5);
        proxy.resume();
        socket.read_exact(&mut answer).expect("let go");
        assert_eq!(&answer, b"again");
        proxy.hold_at(Way::Up, 1);
        socket.write_all(b"third").expect("written");
        until("the next turn is held", || proxy.is_held().then_some(()));
        proxy.lose();
        let mut rest = Vec::new();
        // The connection is reset or ended; either way nothing comes.
        let _ = socket.read_to_end(&mut rest);
        assert_eq!(rest, b"");
    }

    #[test]
    fn a_turn_is_torn_within_itself_and_once() {
        let proxy = Proxy::start(echo());
        proxy.tear_at(Way::Down, 2, 3);
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        let mut answer = [0; 5];
        socket.write_all(b"first").expect("written");
        socket.read_exact(&mut answer).expect("the first turn passes");
        socket.write_all(b"again").expect("written");
        let mut rest = Vec::new();
        // The connection is reset or ended behind what passed.
        let _ = socket.read_to_end(&mut rest);
        assert!(proxy.is_held() && proxy.bytes(Way::Down) == 8, "{rest:?}");
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        for word in [b"third", b"forth"] {
            socket.write_all(word).expect("written");
            socket.read_exact(&mut answer).expect("nothing is torn any more");
        }
    }

    #[test]
    fn the_next_connection_is_led_elsewhere() {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let proxy = Proxy::start(echo());
        proxy.lead_to(silent.local_addr().expect("an address"));
        let mut socket = TcpStream::connect(proxy.address()).expect("the proxy listens");
        socket.write_all(b"hello").expect("written");
        let mut heard = [0; 5];
        silent.accept().expect("led here").0.read_exact(&mut heard).expect("read");
        assert_eq!(&heard, b"hello");
    }
}
