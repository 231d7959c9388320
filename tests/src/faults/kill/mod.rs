//! SIGKILL: a whole hub dies under eight real clients again and again, and nothing that it acknowledged is lost.
//!
//! * [`model`]: what the clients know and what must therefore be true; [`told`]: what an event says.
//! * [`federation`]: who takes part; [`ground`]: what they share.
//! * [`sending`], [`receiving`]: what the clients do while the hub lives; [`settling`]: how they take up after a start.
//! * [`victim`]: the hub's process, and what becomes of its caches while it is dead.
//!
//! A cycle is: everybody settles what the last kill left in doubt, the model is compared with what waits, all send and read, and in the
//! middle of it the hub is killed, at once or while it drains; its caches may be lost or ruined; it is started again, and sometimes
//! killed while it starts or while the clients settle. The seed decides what is done; which bytes are under way when the kill comes is
//! the machine's.

pub mod federation;
mod ground;
pub mod model;
mod receiving;
mod sending;
mod settling;
pub mod told;
pub mod victim;

use super::{Finding, Report};
use crate::chance::Chance;
use crate::wire::Peer;
use clap::Args;
use federation::Federation;
use ground::Ground;
use receiving::Reader;
use samverkan_proto::limits::MAX_IN_FLIGHT;
use sending::{Manner, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use victim::{Damage, Victim};

/// How long a cycle waits for its messages; on a slow machine the kill comes all the same.
const LONGEST: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(1);
/// Rounds of reading after which a hub that still has something new is not telling the truth.
const ROUNDS: usize = 32;

/// What to run.
#[derive(Clone, Copy, Debug, Args)]
pub struct Arguments {
    /// Kills under load.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub cycles: u64,
    /// Decides everything that is chosen.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Messages acknowledged in a cycle before the kill: at least so many, at most twice as many.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub messages: u64,
    /// Unanswered messages on each submit stream, at most.
    #[arg(long, default_value_t = MAX_IN_FLIGHT, value_name = "N")]
    pub in_flight: usize,
    /// Cycles that one hub lives through before a new one takes its place; its store grows by what is kept of every message.
    #[arg(long, default_value_t = 25, value_name = "N")]
    pub cycles_per_hub: u64,
}

/// Runs the cycles, or as many as come before something is found.
///
/// # Panics
/// When a hub can not be set up, or an answer does not come within a minute.
pub async fn run(arguments: &Arguments) -> Report {
    let Arguments { cycles, seed, messages, .. } = arguments;
    let command = format!("kill --cycles {cycles} --messages {messages}");
    let mut report = Report::begin(command, *seed);
    let mut chance = Chance::of_seed(*seed);
    while report.cycles < *cycles && (report.cycles == 0 || report.is_green()) {
        let part = Report::begin(String::new(), *seed);
        let last = arguments.cycles_per_hub.min(cycles - report.cycles);
        let mut run = Run { arguments, chance, report: part };
        if let Err(words) = run.one_hub(last).await {
            run.report.find(Finding::Refused, words);
        }
        chance = run.chance;
        report.add(run.report);
    }
    report
}

struct Run<'a> {
    arguments: &'a Arguments,
    chance: Chance,
    /// Of one hub.
    report: Report,
}

impl Run<'_> {
    /// A hub from its first start to its end, through so many cycles.
    async fn one_hub(&mut self, cycles: u64) -> Result<(), String> {
        self.report.count("hubs", 1);
        let mut victim = Victim::new();
        victim.start();
        victim.answers().await?;
        let federation = Federation::join(victim.site()).await;
        let ground = Arc::new(Ground::new(federation, self.arguments.in_flight));
        let mut lived = Ok(());
        while self.report.cycles < cycles && lived.is_ok() {
            lived = self.cycle(&mut victim, &ground).await;
            self.report.cycles += 1;
        }
        if lived.is_ok() {
            ground.begin();
            self.finish(&victim, &ground).await;
        }
        ground.model().tell(&mut self.report);
        lived
    }

    /// One kill under load, and the start after it.
    async fn cycle(&mut self, victim: &mut Victim, ground: &Arc<Ground>) -> Result<(), String> {
        ground.begin();
        let readers = settling::settle(ground, &peers(ground, victim)).await;
        let clients = self.unleash(victim, ground, readers);
        self.kill_under_load(victim, ground).await;
        clients.join_all().await;
        self.spoil(victim)?;
        while self.chance.percent(20) {
            victim.start();
            self.pause(80).await;
            self.kill(victim, ground);
            self.spoil(victim)?;
        }
        victim.start();
        victim.answers().await?;
        if self.chance.percent(20) {
            ground.begin();
            let (settling, peers) = (Arc::clone(ground), peers(ground, victim));
            let settled = tokio::spawn(async move { settling::settle(&settling, &peers).await });
            self.pause(60).await;
            self.kill(victim, ground);
            settled.await.map_err(|error| error.to_string())?;
            victim.start();
            victim.answers().await?;
        }
        Ok(())
    }

    /// Lets every client send and read.
    fn unleash(&mut self, victim: &Victim, ground: &Arc<Ground>, readers: Vec<Reader>) -> JoinSet<()> {
        let mut clients = JoinSet::new();
        for reader in readers {
            clients.spawn(reader.read(Chance::of_seed(self.chance.draw())));
        }
        for (client, peer) in peers(ground, victim).into_iter().enumerate() {
            let chance = Chance::of_seed(self.chance.draw());
            let sender = Sender { ground: Arc::clone(ground), client, peer, chance };
            clients.spawn(sender.send(Manner::of(client, self.report.cycles)));
        }
        clients
    }

    /// Waits for the moment that chance has chosen; in a quarter of all cycles the hub is draining then.
    async fn kill_under_load(&mut self, victim: &mut Victim, ground: &Ground) {
        let messages = self.arguments.messages;
        let enough = self.chance.within(messages..messages * 2 + 1);
        let deadline = Instant::now() + LONGEST;
        while ground.receipts() < enough && Instant::now() < deadline {
            tokio::time::sleep(PAUSE).await;
        }
        self.pause(5).await;
        if self.chance.percent(25) {
            ground.end();
            victim.ask_to_stop();
            self.pause(150).await;
        }
        self.kill(victim, ground);
    }

    fn kill(&mut self, victim: &mut Victim, ground: &Ground) {
        ground.end();
        victim.kill();
        self.report.count("kills", 1);
    }

    fn spoil(&mut self, victim: &Victim) -> Result<(), String> {
        let damage = Damage::by_chance(&mut self.chance);
        victim.damage(damage).map_err(|error| format!("the caches can not be spoilt ({damage:?}): {error}"))
    }

    /// A moment of up to `most` milliseconds, to the microsecond.
    async fn pause(&mut self, most: u64) {
        tokio::time::sleep(Duration::from_micros(self.chance.within(0..most * 1_000))).await;
    }

    /// Everybody reads until nobody is shown or told anything more; then every sender knows everything.
    async fn finish(&self, victim: &Victim, ground: &Arc<Ground>) {
        for _ in 0..ROUNDS {
            let mut readers = settling::settle(ground, &peers(ground, victim)).await;
            let mut news = false;
            for reader in &mut readers {
                news |= reader.got_anything();
                if let Err(refused) = reader.acknowledge_all().await {
                    ground.refused("the last acknowledgements", &refused);
                    return;
                }
            }
            if !news {
                return ground.model().finish();
            }
        }
        ground.model().find(Finding::Duplicated, "there is always something new");
    }
}

/// New connections, one a client.
fn peers(ground: &Ground, victim: &Victim) -> Vec<Peer> {
    (0..ground.federation.clients()).map(|client| ground.federation.connect(client, victim.site())).collect()
}
