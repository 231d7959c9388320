//! The hub's process under fire: started, killed, and started again over whatever is left of its caches.

use crate::chance::Chance;
use crate::process::Running;
use crate::site::Site;
use crate::until::PATIENCE;
use crate::wire::parcel::random_bytes;
use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const PAUSE: Duration = Duration::from_millis(2);
/// Bytes of the log that a finding quotes.
const QUOTED: usize = 600;

/// What happens to the hub's caches while it is dead. The journal is never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// The index's folder is gone.
    IndexGone,
    /// The index's files hold garbage.
    IndexGarbage,
    /// The catalogues of the journal's segments are gone.
    CataloguesGone,
    /// The catalogues hold garbage.
    CataloguesGarbage,
}

impl Damage {
    /// None in half of all cases.
    pub fn by_chance(chance: &mut Chance) -> Self {
        match chance.within(0..8) {
            0 => Self::IndexGone,
            1 => Self::IndexGarbage,
            2 => Self::CataloguesGone,
            3 => Self::CataloguesGarbage,
            _ => Self::None,
        }
    }
}

/// The hub.
#[derive(Debug)]
pub struct Victim {
    /// Before the site: the process ends before its files vanish.
    process: Option<Running>,
    site: Site,
}

impl Victim {
    /// One in a new folder, not started yet.
    #[must_use]
    pub fn new() -> Self {
        Self { process: None, site: Site::new() }
    }

    /// Where it is.
    #[must_use]
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// Starts its process and goes on at once.
    pub fn start(&mut self) {
        self.process = Some(Running::start(&mut self.site.command(&["serve"]), &self.site.log_file()));
    }

    /// Waits until it takes connections.
    ///
    /// # Errors
    /// When it ended instead, or did not come up in time: with the end of its log.
    pub async fn answers(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.process.as_mut().and_then(Running::finished);
            if ended.is_some() || Instant::now() > deadline {
                let log = self.site.log();
                let tail = log.char_indices().rev().nth(QUOTED).map_or(log.as_str(), |(at, _)| &log[at..]);
                return Err(format!("the hub did not open ({ended:?}): {tail}"));
            }
            let public = TcpStream::connect(self.site.address()).await;
            if public.is_ok() && UnixStream::connect(self.site.operator_socket()).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// SIGTERM: it drains.
    pub fn ask_to_stop(&mut self) {
        if let Some(process) = &mut self.process {
            process.ask_to_stop();
        }
    }

    /// Spoils its caches; it must not run.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn damage(&self, damage: Damage) -> io::Result<()> {
        let store = self.site.data_dir().join("store");
        let index = store.join("index");
        match damage {
            Damage::None => Ok(()),
            Damage::IndexGone => absent_is_fine(fs::remove_dir_all(index)),
            Damage::IndexGarbage => ruin(&files_of(&index)?),
            Damage::CataloguesGone => catalogues(&store)?.iter().try_for_each(fs::remove_file),
            Damage::CataloguesGarbage => ruin(&catalogues(&store)?),
        }
    }
}

impl Default for Victim {
    fn default() -> Self {
        Self::new()
    }
}

fn catalogues(store: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = files_of(&store.join("segments"))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cat"));
    Ok(files)
}

/// The files of a folder, none of one that is not there.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    Ok(paths?.into_iter().filter(|path| path.is_file()).collect())
}

fn ruin(files: &[PathBuf]) -> io::Result<()> {
    for path in files {
        let len = path.metadata()?.len().clamp(64, 1 << 20);
        fs::write(path, random_bytes(usize::try_from(len).unwrap_or(64)))?;
    }
    Ok(())
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
