//! What the stories need: real programs, real TLS, and a peer that can say anything.
//!
//! * [`binaries`]: the two programs, freshly built, wherever the tests are run from.
//! * [`site`]: where a hub is, and the operator who runs it; [`hub`]: a hub process, killed and started again at will.
//! * [`clocked`]: a hub whose clock the test turns.
//! * [`cli`]: the client program with a home folder of its own.
//! * [`wire`]: a low-level peer that writes every byte itself, right or wrong.
//! * [`proxy`]: a TCP relay that cuts, stalls and counts.
//! * [`evil`]: a hub process that changes a byte of what a real hub said.
//! * [`faults`]: crashes and what must hold through them.
//! * [`search`]: looks for planted texts in folders and outputs, however they are encoded.
//! * [`loadgen`]: what the hub can carry, compared with what the machine can.
//! * [`until`]: waiting for a condition, loud when it does not come.
//! * [`process`]: child processes that can not outlive the test.
//! * [`demo`]: the main job from invitation to answer, told by [`story`], until somebody asks it to [`stop`].
//! * [`shim`]: a file system that refuses on command; [`small_disk`]: one that is soon full.
//! * [`simulation`]: hub and programs in one process, on a network that a seed makes bad.
//! * [`normalise`]: makes outputs of different runs comparable.
//! * [`transcript`]: what was typed and answered, compared with a file.
//! * [`ordinary`]: a user without special rights, also where root runs the tests.
//! * [`terminal`]: a command at a terminal, with somebody who presses keys.
//! * [`spy`]: reads command lines and environments of running processes; [`metrics`]: a hub's metrics page.
//! * [`interop`]: the Python implementation against the vectors and through a hub.
//! * [`office`]: an organisation whose people use the client program; [`cast`]: those of a story, and what holds when it is told.
//! * [`faults`]: instruments that look for anything acknowledged and lost; [`recorder`]: a disk that knows what a power cut leaves;
//!   [`chance`]: what a seed decides.

pub mod binaries;
pub mod cast;
pub mod chance;
pub mod cli;
pub mod clocked;
pub mod demo;
pub mod evil;
pub mod faults;
pub mod hub;
pub mod interop;
pub mod loadgen;
pub mod metrics;
pub mod normalise;
pub mod office;
pub mod ordinary;
pub mod process;
pub mod proxy;
pub mod recorder;
pub mod search;
pub mod shim;
pub mod simulation;
pub mod site;
pub mod small_disk;
pub mod spy;
pub mod stop;
pub mod story;
pub mod terminal;
pub mod transcript;
pub mod until;
pub mod wire;
