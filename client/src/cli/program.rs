//! One run of the program: arguments, language, output, a runtime, the exit code.

use std::ffi::OsString;
use std::thread;

use clap::FromArgMatches as _;
use clap::error::ErrorKind;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::commands::{self, Cli};
use super::console::Console;
use super::context::{Context, Means};
use super::globals::Early;
use super::help;
use super::interrupt::{self, Interrupt};
use super::output::Output;
use super::usage;
use crate::clock::Clock;
use crate::error::{Code, Error, Result};
use crate::exit::Exit;
use crate::harden;
use crate::home::Environment;
use crate::keeper;

/// What the process was started with, read once.
#[derive(Debug)]
pub struct Surroundings {
    /// The command line, the program's name first.
    pub arguments: Vec<OsString>,
    /// What [`crate::text::Language::VARIABLES`] are set to.
    pub locale: [Option<String>; 4],
    /// Where things are kept.
    pub environment: Environment,
}

/// Runs the program on this process's stdin, stdout and stderr until it is done or the person presses Ctrl-C.
#[must_use]
pub fn run(surroundings: Surroundings) -> Exit {
    if let [_, only] = surroundings.arguments.as_slice()
        && only == keeper::ARGUMENT
    {
        return keeper::process::run();
    }
    let early = Early::scan(&surroundings.arguments, &surroundings.locale);
    let stdio = move || Output::stdio(early.format, early.language);
    if harden::protect_memory().is_err() {
        return fail(&mut stdio(), &Error::new(Code::MemoryUnprotected));
    }
    let interrupt = Interrupt::default();
    let (done, ended) = oneshot::channel();
    let heard = interrupt.clone();
    // The command has a thread of its own, so that Ctrl-C is heard while it computes or waits for a key press.
    let worker = thread::Builder::new().name("command".to_owned()).spawn(move || {
        let exit = work(surroundings, heard, &mut stdio());
        // The receiver is gone only when the process is ending.
        let _ = done.send(exit);
    });
    let waited = worker.and_then(|_| runtime()?.block_on(interrupt::wait(ended, &interrupt)));
    match waited {
        Ok(Some(exit)) => exit,
        Ok(None) if interrupt.is_the_end() => Exit::Done,
        Ok(None) => fail(&mut stdio(), &Error::new(Code::Interrupted)),
        Err(_) => fail(&mut stdio(), &Error::new(Code::ProgramDefect)),
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn work(surroundings: Surroundings, interrupt: Interrupt, output: &mut Output) -> Exit {
    let Surroundings { arguments, environment, .. } = surroundings;
    let means = Means {
        environment,
        clock: Clock::system(),
        console: Console::of_process(),
        interrupt: interrupt.clone(),
    };
    let Ok(runtime) = runtime() else {
        return fail(output, &Error::new(Code::ProgramDefect));
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = command(arguments, means, output) => outcome,
            () = interrupt.cuts_off() => Err(Error::new(Code::Interrupted)),
        }
    });
    match outcome {
        Ok(()) => Exit::Done,
        Err(error) => fail(output, &error),
    }
}

/// Reads the command line and does what it says.
pub(super) async fn command(arguments: Vec<OsString>, means: Means, output: &mut Output) -> Result<()> {
    let mut tree = commands::tree(output.text());
    let matches = match tree.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(answer) if answer.kind() == ErrorKind::DisplayVersion => {
            return output.result(&help::Version::of_this_program());
        }
        Err(answer) if answer.kind() == ErrorKind::DisplayHelp => {
            return output.result(&help::CommandPage::new(answer.render().to_string()));
        }
        Err(mistake) => return Err(usage::explain(&mistake)),
    };
    let cli = Cli::from_arg_matches(&matches).map_err(|mistake| usage::explain(&mistake))?;
    let mut context = Context::new(cli.globals, means);
    cli.command.run(&mut context, output).await
}

fn fail(output: &mut Output, error: &Error) -> Exit {
    output.error(error);
    error.exit()
}
