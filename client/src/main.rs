//! The program `samverkan`. Everything it decides is in the library.

use std::process::ExitCode;

use samverkan_client::cli::program;
use samverkan_client::harden;
use samverkan_client::home::Environment;

fn main() -> ExitCode {
    let surroundings = program::Surroundings {
        arguments: std::env::args_os().collect(),
        locale: ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok()),
        environment: Environment::of_process(),
    };
    harden::guarded(|| program::run(surroundings)).into()
}
