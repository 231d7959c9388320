//! Everybody's clock: the true time, which follows the runtime's and jumps over nights, and how wrong each clock is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use samverkan_client::clock::Clock as ProgramClock;
use samverkan_hub::clock::{Clock as HubClock, Hands};
use samverkan_proto::limits::MAX_AHEAD_MS;
use tokio::time::Instant;

use super::plan::PROGRAMS;

/// How often the clocks are turned.
const TICK: Duration = Duration::from_secs(1);

/// The clocks of one run. Clones are the same ones.
#[derive(Clone)]
pub struct Clocks(Arc<Shared>);

struct Shared {
    begun: Instant,
    hub: HubClock,
    hands: Hands,
    programs: Vec<ProgramClock>,
    state: Mutex<State>,
}

struct State {
    base_ms: u64,
    hub_by_ms: i64,
    programs_by_ms: [i64; PROGRAMS.len()],
    /// Grows with every jump.
    jumps: u64,
}

/// How a program's clock and the hub's stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The program's clock minus the hub's, in milliseconds.
    pub by_ms: i64,
    jumps: u64,
}

impl Apart {
    /// Whether the hub's calls are refused for it.
    #[must_use]
    pub const fn is_too_far(&self) -> bool {
        self.by_ms.unsigned_abs() > MAX_AHEAD_MS
    }

    /// Whether both clocks stood like this all the time until then.
    #[must_use]
    pub fn lasted_until(&self, then: &Self) -> bool {
        self == then
    }
}

impl Clocks {
    /// Clocks that all show this, and go.
    #[must_use]
    pub fn begin(now_ms: u64) -> Self {
        let (hub, hands) = HubClock::manual(now_ms);
        let programs = PROGRAMS.iter().map(|_| ProgramClock::manual(now_ms)).collect();
        let state = State { base_ms: now_ms, hub_by_ms: 0, programs_by_ms: [0; PROGRAMS.len()], jumps: 0 };
        Self(Arc::new(Shared { begun: Instant::now(), hub, hands, programs, state: Mutex::new(state) }))
    }

    /// The hub's clock.
    #[must_use]
    pub fn of_hub(&self) -> HubClock {
        self.0.hub.clone()
    }

    /// A program's clock.
    #[must_use]
    pub fn of_program(&self, program: usize) -> ProgramClock {
        self.0.programs[program].clone()
    }

    /// Turns the clocks for as long as this is polled.
    pub async fn go(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            self.turn();
        }
    }

    /// The hub's clock is wrong by this from now on.
    pub fn hub_is_wrong_by(&self, ms: i64) {
        self.jump(|state| state.hub_by_ms = ms);
    }

    /// A program's clock is wrong by this from now on.
    pub fn program_is_wrong_by(&self, program: usize, ms: i64) {
        self.jump(|state| state.programs_by_ms[program] = ms);
    }

    /// So much time passes at once.
    pub fn pass(&self, ms: u64) {
        self.jump(|state| state.base_ms += ms);
    }

    /// Every clock is right from now on.
    pub fn set_right(&self) {
        self.jump(|state| (state.hub_by_ms, state.programs_by_ms) = (0, [0; PROGRAMS.len()]));
    }

    /// How a program's clock and the hub's stand to each other.
    #[must_use]
    pub fn apart(&self, program: usize) -> Apart {
        let state = self.state();
        Apart { by_ms: state.programs_by_ms[program] - state.hub_by_ms, jumps: state.jumps }
    }

    fn jump(&self, change: impl FnOnce(&mut State)) {
        {
            let mut state = self.state();
            state.jumps += 1;
            change(&mut state);
        }
        self.turn();
    }

    fn turn(&self) {
        let state = self.state();
        let passed = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now_ms = state.base_ms + passed;
        for (clock, by_ms) in self.0.programs.iter().zip(state.programs_by_ms) {
            clock.set(now_ms.saturating_add_signed(by_ms));
        }
        let hub_ms = now_ms.saturating_add_signed(state.hub_by_ms);
        drop(state);
        self.0.hands.set(hub_ms);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
