//! What a seed decides beforehand: what everybody does, and everything that goes wrong. Nothing here depends on how the run goes.

use crate::chance::Chance;
use samverkan_proto::limits::DAY_MS;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Organisations in the world.
pub const OFFICES: usize = 3;
/// The office of each running program: the second one runs two programs over one profile.
pub const PROGRAMS: [usize; 4] = [0, 1, 1, 2];

/// The plan of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    seed: u64,
    /// How long after the organisations joined it begins, in milliseconds.
    pub begins_ms: u64,
    /// What each program does, one thing after another.
    pub programs: Vec<Vec<Planned>>,
    /// What happens to the hub and to the clocks, one thing after another.
    pub accidents: Vec<Accident>,
}

/// One thing a program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// How long it waits before, in milliseconds.
    pub wait_ms: u64,
    /// After so many milliseconds the program is killed, and started again.
    pub killed_after_ms: Option<u64>,
    /// What it does.
    pub what: Command,
}

/// What a person asks a program for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A new message, to these offices.
    Send {
        /// The recipients.
        to: Vec<usize>,
        /// How long it may wait unread, in milliseconds.
        keep_ms: u64,
        /// The length of the file that goes with it.
        file: Option<usize>,
    },
    /// An answer in the thread with this number, counted round those there are.
    Reply {
        /// The number.
        thread: u64,
    },
    /// Everything that waits.
    Receive,
    /// Everything that comes, for a while.
    Watch {
        /// How long, in milliseconds.
        for_ms: u64,
    },
}

/// Something that happens to the hub or to clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accident {
    /// How long after the one before, in milliseconds.
    pub wait_ms: u64,
    /// What happens.
    pub what: Mishap,
}

/// What goes wrong outside the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The hub is killed, and back after a while.
    HubKilled {
        /// How long it is away, in milliseconds.
        down_ms: u64,
    },
    /// The hub is stopped by its operator, and back after a while.
    HubStopped {
        /// How long it is away, in milliseconds.
        down_ms: u64,
    },
    /// The hub's clock shows another time for a while.
    HubClock {
        /// By how much, in milliseconds.
        by_ms: i64,
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// The clock of a program's computer shows another time for a while.
    ProgramClock {
        /// Whose.
        program: usize,
        /// By how much, in milliseconds.
        by_ms: i64,
        /// For how long, in milliseconds.
        for_ms: u64,
    },
    /// So much time passes at once, everywhere: nobody works at night.
    Night {
        /// How much, in milliseconds.
        ms: u64,
    },
}

/// What becomes of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// How long each piece is on its way, in milliseconds.
    pub latency_ms: u64,
    /// What goes wrong, if anything.
    pub trouble: Trouble,
}

/// What goes wrong with one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// It is refused.
    Refused,
    /// Nobody ever answers.
    Lost,
    /// After so many bytes this way it is cut, and both ends are told.
    Cut(Place),
    /// After so many bytes this way nothing passes any more, either way, and nobody is told.
    Dark(Place),
    /// After so many bytes this way the rest is held back, and delivered late: after later connections, whether its sender still is there
    /// or not.
    Late(Place, u64),
}

/// A place in the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whether the bytes go up, to the hub.
    pub up: bool,
    /// How many of them pass.
    pub after: u64,
}

impl Course {
    /// The course of a connection on a good day.
    pub const CALM: Self = Self { latency_ms: 1, trouble: Trouble::None };
}

impl Plan {
    /// What this seed decides.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let chance = Chance::of_seed(seed);
        let programs = (0..)
            .zip(PROGRAMS)
            .map(|(program, office)| program_plan(chance.fork("program", program), office));
        Self {
            seed,
            begins_ms: chance.fork("begin", 0).within(0..7 * DAY_MS),
            programs: programs.collect(),
            accidents: accidents(chance.fork("accidents", 0)),
        }
    }

    /// The course of the connection with this number, counted from 0, that a program makes.
    #[must_use]
    pub fn course(&self, program: usize, number: u64) -> Course {
        let chance = Chance::of_seed(self.seed).fork("connection", program as u64);
        course(chance.fork("number", number))
    }
}

fn program_plan(mut chance: Chance, office: usize) -> Vec<Planned> {
    let count = chance.within(3..7);
    let planned = (0..count).map(|_| Planned {
        wait_ms: chance.scaled(40 * SECOND),
        killed_after_ms: chance.percent(12).then(|| chance.scaled(2 * SECOND)),
        what: command(&mut chance, office),
    });
    planned.collect()
}

fn command(chance: &mut Chance, office: usize) -> Command {
    match chance.within(0..100) {
        0..45 => {
            let others: Vec<usize> = (0..OFFICES).filter(|other| *other != office).collect();
            let to = if chance.percent(25) { others } else { vec![chance.one_of(&others)] };
            let keep_ms = if chance.percent(15) { DAY_MS } else { 30 * DAY_MS };
            let file = chance.percent(20).then(|| usize::try_from(chance.scaled(40_000)).unwrap_or(0) + 1);
            Command::Send { to, keep_ms, file }
        }
        45..60 => Command::Reply { thread: chance.draw() },
        60..90 => Command::Receive,
        _ => Command::Watch { for_ms: chance.scaled(40 * SECOND) },
    }
}

fn accidents(mut chance: Chance) -> Vec<Accident> {
    let count = chance.within(0..4);
    (0..count).map(|_| Accident { wait_ms: chance.scaled(60 * SECOND), what: mishap(&mut chance) }).collect()
}

fn mishap(chance: &mut Chance) -> Mishap {
    let down_ms = chance.scaled(30 * SECOND);
    let by_ms = jump(chance);
    let for_ms = chance.scaled(90 * SECOND);
    match chance.within(0..100) {
        0..40 => Mishap::HubKilled { down_ms },
        40..55 => Mishap::HubStopped { down_ms },
        55..70 => Mishap::HubClock { by_ms, for_ms },
        70..85 => {
            let program = usize::try_from(chance.within(0..PROGRAMS.len() as u64)).unwrap_or(0);
            Mishap::ProgramClock { program, by_ms, for_ms }
        }
        _ => Mishap::Night { ms: chance.within(HOUR..DAY_MS) },
    }
}

/// How far a clock jumps: within what is allowed, beyond it, and by a day, either way.
fn jump(chance: &mut Chance) -> i64 {
    let far = chance.one_of(&[5 * MINUTE, HOUR, DAY_MS]).cast_signed();
    if chance.percent(50) { far } else { -far }
}

fn course(mut chance: Chance) -> Course {
    let latency_ms = 1 + chance.scaled(80);
    // A connection's beginning is as likely a place as a later one: handshake, greeting, log, message.
    let place = Place { up: chance.percent(50), after: chance.scaled(24 << 10) };
    let trouble = match chance.within(0..100) {
        0..50 => Trouble::None,
        50..54 => Trouble::Refused,
        54..57 => Trouble::Lost,
        57..80 => Trouble::Cut(place),
        80..87 => Trouble::Dark(place),
        _ => Trouble::Late(place, chance.within(5 * SECOND..2 * MINUTE)),
    };
    Course { latency_ms, trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_decides_the_same_and_another_one_something_else() {
        assert_eq!(Plan::of_seed(5), Plan::of_seed(5));
        assert_ne!(Plan::of_seed(5).programs, Plan::of_seed(6).programs);
        let plan = Plan::of_seed(5);
        let courses = |plan: &Plan| (0..20).map(|number| plan.course(1, number)).collect::<Vec<_>>();
        assert_eq!(courses(&plan), courses(&Plan::of_seed(5)));
        assert_ne!(courses(&plan), (0..20).map(|number| plan.course(2, number)).collect::<Vec<_>>());
    }

    #[test]
    fn everything_that_can_go_wrong_does_within_a_hundred_seeds() {
        let plans: Vec<Plan> = (0..100).map(Plan::of_seed).collect();
        let happens = |is: &dyn Fn(&Mishap) -> bool| {
            plans.iter().flat_map(|plan| &plan.accidents).any(|one| is(&one.what))
        };
        assert!(happens(&|what| matches!(what, Mishap::HubKilled { .. })));
        assert!(happens(&|what| matches!(what, Mishap::HubStopped { .. })));
        assert!(happens(
            &|what| matches!(what, Mishap::HubClock { by_ms, .. } if *by_ms < -(HOUR.cast_signed()))
        ));
        assert!(happens(
            &|what| matches!(what, Mishap::ProgramClock { by_ms, .. } if *by_ms > HOUR.cast_signed())
        ));
        assert!(happens(&|what| matches!(what, Mishap::Night { .. })));
        let courses: Vec<Trouble> =
            plans.iter().flat_map(|plan| (0..10).map(|number| plan.course(0, number).trouble)).collect();
        for up in [true, false] {
            assert!(courses.iter().any(|trouble| matches!(trouble, Trouble::Cut(place) if place.up == up)));
            assert!(courses.iter().any(|trouble| matches!(trouble, Trouble::Dark(place) if place.up == up)));
            assert!(
                courses.iter().any(|trouble| matches!(trouble, Trouble::Late(place, _) if place.up == up))
            );
        }
        assert!(courses.contains(&Trouble::Refused) && courses.contains(&Trouble::Lost));
        let planned: Vec<&Planned> = plans.iter().flat_map(|plan| plan.programs.iter().flatten()).collect();
        assert!(planned.iter().any(|one| one.killed_after_ms.is_some()));
        assert!(planned.iter().any(|one| matches!(&one.what, Command::Send { to, .. } if to.len() == 2)));
        assert!(planned.iter().any(|one| matches!(&one.what, Command::Watch { .. })));
    }
}
