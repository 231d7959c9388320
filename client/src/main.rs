//! The program `samverkan`. Everything it decides is in the library.

use std::process::ExitCode;

use samverkan_client::cli::program;
use samverkan_client::harden;
use samverkan_client::home::Environment;
use samverkan_client::text::Language;

fn main() -> ExitCode {
    let surroundings = program::Surroundings {
        arguments: std::env::args_os().collect(),
        locale: Language::VARIABLES.map(|name| std::env::var(name).ok()),
        environment: Environment::of_process(),
    };
    harden::guarded(|| program::run(surroundings)).into()
}
