//! `cargo demo`: the main job as a story, with real programs in a temporary folder.
//!
//! `demo [--keep]`: with `--keep` the folder stays and is named. Exits with 0 when everything happened as told, with 130 when it was
//! stopped, else with 1. However it ends, its processes end with it, and without `--keep` its folder goes too.

use samverkan_tests::binaries::binaries;
use samverkan_tests::demo::{self, Broken};
use samverkan_tests::stop::Stop;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use tempfile::TempDir;

const INTERRUPTED: u8 = 130;

fn main() -> std::io::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let keep = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--keep"] => true,
        _ => {
            writeln!(std::io::stderr(), "usage: cargo demo [--keep]")?;
            return Ok(ExitCode::from(2));
        }
    };
    let stop = Stop::on_signals()?;
    writeln!(std::io::stderr(), "Building the programs; the first time this takes some minutes.")?;
    let folder = tempfile::Builder::new().prefix("samverkan-demo-").tempdir()?;
    // Helpers that can not go on panic; when it is because Ctrl-C reached their programs too, that is no failure.
    let told = catch_unwind(AssertUnwindSafe(|| {
        binaries();
        demo::tell(std::io::stdout(), folder.path(), &stop)
    }));
    let exit = match told {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ if stop.is_asked() => {
            writeln!(std::io::stderr(), "\nThe demo was stopped.")?;
            ExitCode::from(INTERRUPTED)
        }
        Ok(Err(broken)) => failed(&broken)?,
        Err(_panicked) => ExitCode::FAILURE,
    };
    clear(folder, keep)?;
    Ok(exit)
}

fn failed(broken: &Broken) -> std::io::Result<ExitCode> {
    writeln!(std::io::stderr(), "\nThe demo stops: {broken}")?;
    Ok(ExitCode::FAILURE)
}

fn clear(folder: TempDir, keep: bool) -> std::io::Result<()> {
    if keep {
        let folder = folder.keep();
        return writeln!(
            std::io::stderr(),
            "Everything is in {}; remove it when you are done.",
            folder.display()
        );
    }
    folder.close()
}
