//! Which computers of this checkout run.

use super::Client;
use crate::emulator::On;
use anyhow::{bail, Context, Result};
use clap::ValueEnum as _;
use std::path::{Path, PathBuf};

/// The link to the socket of the emulator `on`.
fn link(directory: &Path, on: On) -> PathBuf {
    directory.join(format!("control-{}", on.name()))
}

/// A computer is found while this lives, or until another one in the same emulator is started.
#[derive(Debug)]
pub struct Record {
    link: PathBuf,
    socket: PathBuf,
}

impl Record {
    /// Makes the link in `directory` that leads to `socket`.
    pub fn new(directory: &Path, on: On, socket: &Path) -> Result<Self> {
        let link = link(directory, on);
        // A new link takes the old one's place at once.
        let new = directory.join(format!(".control-{}", std::process::id()));
        _ = std::fs::remove_file(&new);
        std::os::unix::fs::symlink(socket, &new)
            .and_then(|()| std::fs::rename(&new, &link))
            .with_context(|| format!("can't make {}", link.display()))?;
        Ok(Self { link, socket: socket.into() })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if std::fs::read_link(&self.link).is_ok_and(|socket| socket == self.socket) {
            _ = std::fs::remove_file(&self.link);
        }
    }
}

/// Connects to the computer that runs, on the emulator `on` if that is given; None if none does.
pub fn running(directory: &Path, on: Option<On>) -> Result<Option<Client>> {
    let candidates = On::value_variants().iter().filter(|candidate| on.is_none_or(|on| on == **candidate));
    let mut found = Vec::new();
    for candidate in candidates {
        // Names of sockets must be short; what a link leads to is.
        let Ok(socket) = std::fs::read_link(link(directory, *candidate)) else { continue };
        // Whoever was killed has left it behind.
        let Ok(client) = Client::connect(&socket) else { continue };
        found.push((candidate.name(), client));
    }
    if found.len() > 1 {
        let names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
        bail!("several computers run: choose one by --on {}", names.join(" or --on "));
    }
    Ok(found.pop().map(|(_, client)| client))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn whoever_runs_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let find = |on| running(directory.path(), on).map(|client| client.is_some());
        assert!(!find(None).unwrap(), "nobody does");
        let _listener = UnixListener::bind(at("first")).unwrap();
        let first = Record::new(directory.path(), On::Qemu, &at("first")).unwrap();
        assert!(find(None).unwrap());
        assert!(find(Some(On::Qemu)).unwrap());
        assert!(!find(Some(On::Bochs)).unwrap());

        let _listener = UnixListener::bind(at("other")).unwrap();
        let other = Record::new(directory.path(), On::Bochs, &at("other")).unwrap();
        let error = find(None).unwrap_err().to_string();
        assert_eq!(error, "several computers run: choose one by --on qemu or --on bochs");
        assert!(find(Some(On::Bochs)).unwrap());
        drop(other);
        assert!(find(None).unwrap());

        let listener = UnixListener::bind(at("second")).unwrap();
        let second = Record::new(directory.path(), On::Qemu, &at("second")).unwrap();
        drop(first);
        assert!(find(None).unwrap(), "the end of the first is not that of the second");
        drop(listener);
        assert!(!find(None).unwrap(), "it was killed");
        drop(second);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3, "three sockets, no links");
    }
}
