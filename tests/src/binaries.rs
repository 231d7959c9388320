//! The two programs under test, the hub that lies to one of them, and the load generator, which starts itself as the bare server.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the programs are.
#[derive(Debug)]
pub struct Binaries {
    /// `samverkan-hub`
    pub hub: PathBuf,
    /// `samverkan`
    pub client: PathBuf,
    /// `evil_hub`
    pub evil_hub: PathBuf,
    /// `loadgen`
    pub loadgen: PathBuf,
}

/// Builds the programs, once a process, in the profile of the test itself, and says where they are. A plain `cargo test` thereby
/// drives programs made from the sources beside it.
///
/// # Panics
/// When they do not build; the compiler's messages are on standard error.
pub fn binaries() -> &'static Binaries {
    static BUILT: OnceLock<Binaries> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = target_folder();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--workspace", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        // What the cargo above says of the package that it runs would make ring, and all that stands on it, be built anew: its build
        // script asks for these.
        for (name, _) in std::env::vars_os() {
            let of_package = name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
            if of_package {
                cargo.env_remove(name);
            }
        }
        // A person who waits for minutes sees why.
        if !std::io::stderr().is_terminal() {
            cargo.arg("--quiet");
        }
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.stdin(Stdio::null()).status().expect("cargo can be started");
        assert!(status.success(), "the programs do not build");
        Binaries {
            hub: folder.join("samverkan-hub"),
            client: folder.join("samverkan"),
            evil_hub: folder.join("evil_hub"),
            loadgen: folder.join("loadgen"),
        }
    })
}

/// The folder of this profile: tests run from its `deps`, programs from itself.
fn target_folder() -> PathBuf {
    let mut folder = std::env::current_exe().expect("a running program has a path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder
}
