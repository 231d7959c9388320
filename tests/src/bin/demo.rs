//! `cargo demo`: the main job as a story, with real programs in a temporary folder.
//!
//! `demo [--keep]`: with `--keep` the folder stays and is named. Exits with 0 when everything happened as told, else with 1.

use samverkan_tests::demo;
use std::io::Write as _;
use std::process::ExitCode;
use tempfile::TempDir;

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
    let folder = tempfile::Builder::new().prefix("samverkan-demo-").tempdir()?;
    let told = demo::tell(std::io::stdout(), folder.path());
    let exit = match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(broken) => {
            writeln!(std::io::stderr(), "\nThe demo stops: {broken}")?;
            ExitCode::FAILURE
        }
    };
    clear(folder, keep)?;
    Ok(exit)
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
