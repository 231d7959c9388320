//! The whole system in one process, on a network that does everything networks do: what a seed decides goes wrong, and a model says
//! what must hold all the same.
//!
//! * [`plan`]: what the seed decides, pure: what three offices with four programs do, what becomes of each connection, when the hub is
//!   killed or stopped, how clocks jump. [`crate::chance`]: its numbers.
//! * [`ground`]: the folders every run begins with, in which the organisations have joined.
//! * [`network`]: connections that are refused, lost, cut anywhere, fall dark, or deliver late. [`clocks`]: everybody's time.
//! * [`hub`], [`program`]: the real hub and the real client's sessions, killed and started again; [`world`]: what they share.
//! * [`model`]: the rules, pure. [`trace`]: what happened. [`many`], [`summary`]: one seed after another.
//!
//! **What a seed replays.** The plan is the seed's alone. A run has one thread and the runtime's own time, which moves on when everybody
//! waits; the hub's store works on the same thread. So the same things happen at the same moments, with three exceptions: keys and
//! identifiers are random, with them the order of what is sorted by them, and a byte more or less in a signature; libraries look into
//! hash tables, and choose among branches that are ready, in an order of their own. A failure that hangs on one of those may need
//! several runs of its seed.
//!
//! **What is not in it.** A killed hub leaves its files as they are between two steps of its own, and a killed program stops where it
//! waits: power cuts within a write are the business of other instruments.

pub mod clocks;
pub mod ground;
pub mod hub;
pub mod many;
pub mod model;
pub mod network;
pub mod plan;
pub mod program;
pub mod summary;
pub mod trace;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::LocalSet;

use clocks::Clocks;
use ground::{Ground, JOINED_MS, Site};
use hub::Hub;
use model::{Office, View, Violation};
use network::Network;
use plan::{PROGRAMS, Plan};
use program::Program;
use trace::Trace;
use world::World;

/// How long everybody's work may take, by the runtime's clock: beyond every deadline there is.
const WORK_LIMIT: Duration = Duration::from_secs(4 * 60 * 60);
/// Rounds of receiving after which everybody has come to rest.
const ROUNDS: usize = 12;
/// How long the network is left alone between two rounds.
const PAUSE: Duration = Duration::from_secs(61);

/// What each office shows at the end.
type Views = BTreeMap<Office, View>;

/// What a run was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Messages that were written.
    pub messages: u64,
    /// Messages of which somebody has a copy.
    pub delivered: u64,
    /// Connections that were tried.
    pub connections: u64,
}

/// A run in which every rule held.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// What it was.
    pub facts: Facts,
    /// What happened.
    pub trace: Vec<String>,
}

/// A run in which a rule was broken.
#[derive(Debug)]
pub struct Failure {
    /// What decided it.
    pub seed: u64,
    /// The rule.
    pub violation: Violation,
    /// What happened.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, violation, .. } = self;
        writeln!(f, "seed {seed}: {}", violation.0)?;
        let end = seed + 1;
        write!(f, "again: cargo run -p samverkan-tests --bin simulate -- --seeds {seed}..{end} --trace")
    }
}

/// Runs one seed from its beginning to the end.
///
/// # Errors
/// The first rule that is broken.
///
/// # Panics
/// When this machine fails: no runtime, no disk.
pub fn run(ground: &Ground, seed: u64) -> Result<Ran, Box<Failure>> {
    let site = ground.copy().expect("the ground can be copied");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let local = LocalSet::new();
    runtime.block_on(local.run_until(async {
        let trace = Trace::begin();
        let ran = Box::pin(live(&site, seed, &trace)).await;
        let trace = trace.lines();
        match ran {
            Ok(facts) => Ok(Ran { facts, trace }),
            Err(violation) => Err(Box::new(Failure { seed, violation, trace })),
        }
    }))
}

async fn live(site: &Site, seed: u64, trace: &Trace) -> Result<Facts, Violation> {
    let plan = Arc::new(Plan::of_seed(seed));
    let clocks = Clocks::begin(JOINED_MS + plan.begins_ms);
    let network = Network::new(Arc::clone(&plan), trace.clone());
    let world = World::new(site, network.clone(), clocks.clone(), trace.clone());
    let hub = Hub::new(site, network.clone(), clocks.clone());
    hub.start();
    let mut programs = Vec::new();
    for number in 0..PROGRAMS.len() {
        programs.push(Program::start(&world, number)?);
    }
    let views = tokio::select! {
        () = clocks.go() => BTreeMap::new(),
        ended = play(&plan, &world, &hub, &mut programs) => ended?,
    };
    hub.stop().await?;
    hub.bury().await;
    let came = views.values().flat_map(|view| &view.shown).filter(|shown| shown.came);
    let delivered = came.map(|shown| shown.token).collect::<BTreeSet<_>>().len() as u64;
    Ok(Facts { messages: world.written(), delivered, connections: network.connections() })
}

/// Everything that the plan says, and then rest.
async fn play(
    plan: &Plan,
    world: &World<'_>,
    hub: &Hub<'_>,
    programs: &mut [Program<'_>],
) -> Result<Views, Violation> {
    let work = async {
        let mut planned = programs.iter_mut().zip(&plan.programs);
        let mut next = || planned.next().expect("a plan for each program");
        let [one, two, three, four] = std::array::from_fn(|_| next());
        tokio::try_join!(
            one.0.work(one.1),
            two.0.work(two.1),
            three.0.work(three.1),
            four.0.work(four.1),
            world.suffer(hub, &plan.accidents),
        )
    };
    match tokio::time::timeout(WORK_LIMIT, work).await {
        Ok(worked) => drop(worked?),
        Err(_elapsed) => return Err(Violation("somebody never comes to an end".to_owned())),
    }
    world.trace.tell(|| "everything works again".to_owned());
    world.clocks.set_right();
    world.network.heal();
    hub.start();
    come_to_rest(world, programs).await
}

async fn come_to_rest(world: &World<'_>, programs: &mut [Program<'_>]) -> Result<Views, Violation> {
    for _ in 0..ROUNDS {
        // An upload that was cut is held for a minute.
        tokio::time::sleep(PAUSE).await;
        let mut news = false;
        for program in &mut *programs {
            news |= program.receive().await?;
        }
        if !news {
            return at_rest(world, programs);
        }
    }
    Err(Violation(format!("there is still news after {ROUNDS} rounds")))
}

fn at_rest(world: &World<'_>, programs: &mut [Program<'_>]) -> Result<Views, Violation> {
    let mut views = BTreeMap::new();
    for program in programs {
        // What is seen is what is on disk.
        program.restart()?;
        program.prove()?;
        let (office, view) = (program.office(), program.view()?);
        world.look(office, program.number(), &view)?;
        views.insert(office, view);
    }
    world.rest(&views)?;
    Ok(views)
}
