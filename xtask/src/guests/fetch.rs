//! Fetches Debian packages without installing them.

use super::apt::Architecture;
use crate::progress::Step;
use crate::{packages, project};
use anyhow::{ensure, Context, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A package of Debian.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is built for.
    pub architecture: Architecture,
}

/// What apt's signed lists say about a package.
struct Entry {
    version: String,
    bytes: u64,
    sha256: String,
    depends: String,
}

/// The first package that `package` depends on.
pub fn dependency(package: Package) -> Result<String> {
    let depends = entry(package)?.depends;
    let name = depends.split([' ', ',', '|']).next().filter(|name| !name.is_empty());
    Ok(name.with_context(|| format!("{} depends on nothing", package.name))?.to_owned())
}

/// A directory with the directory `part` of `package`.
pub fn unpacked(package: Package, part: &str) -> Result<PathBuf> {
    let entry = entry(package)?;
    let parent = project::target().join("guests");
    let Package { name, architecture } = package;
    let directory =
        parent.join(format!("{name}{}-{}", architecture.suffix(), entry.version.replace(':', "_")));
    if directory.exists() {
        return Ok(directory);
    }
    std::fs::create_dir_all(&parent)?;
    // Unpacked beside its place and renamed: there is never half a directory.
    let work = tempfile::tempdir_in(&parent)?;
    let archive = download(package, &entry, work.path())?;
    let content = work.path().join("content");
    std::fs::create_dir(&content)?;
    unpack(&archive, part, &content)?;
    if std::fs::rename(&content, &directory).is_err() {
        ensure!(directory.exists(), "can't make {}", directory.display());
    }
    Ok(directory)
}

/// Unpacks one directory of a package: a kernel's modules are some 400 MB that nobody needs here.
fn unpack(archive: &Path, part: &str, directory: &Path) -> Result<()> {
    let mut package =
        Command::new("dpkg-deb").arg("--fsys-tarfile").arg(archive).stdout(Stdio::piped()).spawn()?;
    let stream = package.stdout.take().context("a pipe was asked for")?;
    let mut tar = Command::new("tar");
    tar.arg("-x").arg("-C").arg(directory).arg(format!("./{part}")).stdin(stream);
    let unpacked = tar.status()?;
    let read = package.wait()?;
    ensure!(unpacked.success() && read.success(), "can't unpack {part} of {}", archive.display());
    Ok(())
}

fn entry(package: Package) -> Result<Entry> {
    let Package { name, architecture } = package;
    ensure!(packages::has_program("apt-get"), "only Debian's apt-get can fetch {name}");
    if let Some(entry) = parse(&architecture.show(name)?) {
        return Ok(entry);
    }
    architecture.refresh()?;
    parse(&architecture.show(name)?).with_context(|| format!("apt does not know {name}"))
}

fn parse(text: &str) -> Option<Entry> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
    };
    Some(Entry {
        version: field("Version")?,
        bytes: field("Size")?.parse().ok()?,
        sha256: field("SHA256")?,
        depends: field("Depends").unwrap_or_default(),
    })
}

fn download(package: Package, entry: &Entry, directory: &Path) -> Result<PathBuf> {
    if let Err(error) = try_download(package, entry, directory) {
        // The usual reason: the lists are older than the last security update.
        package.architecture.refresh().with_context(|| format!("{error:#}"))?;
        try_download(package, &self::entry(package)?, directory)?;
    }
    archive_in(directory).context("apt-get downloaded nothing")
}

fn try_download(package: Package, entry: &Entry, directory: &Path) -> Result<()> {
    let Package { name, architecture } = package;
    let step = Step::of_bytes(&format!("downloading {name}"), entry.bytes);
    let mut download = architecture.apt("apt-get");
    download.arg("download").arg(format!("{name}={}", entry.version)).current_dir(directory);
    let mut child = download.stdout(Stdio::null()).spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let bytes = archive_in(directory).and_then(|path| path.metadata().ok()).map_or(0, |data| data.len());
        step.at(bytes);
        std::thread::sleep(Duration::from_millis(100));
    };
    ensure!(status.success(), "apt-get can't download {name}");
    let archive = std::fs::read(archive_in(directory).context("apt-get downloaded nothing")?)?;
    let sha256 = hexadecimal(&Sha256::digest(&archive));
    ensure!(
        archive.len() as u64 == entry.bytes && sha256 == entry.sha256,
        "{name} is not what apt's signed lists describe: {} bytes, SHA-256 {sha256}",
        archive.len()
    );
    step.done(&format!("downloaded {name} {} (SHA-256 verified)", entry.version));
    Ok(())
}

fn archive_in(directory: &Path) -> Option<PathBuf> {
    let mut files = std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    files.find(|path| path.extension().is_some_and(|extension| extension == "deb"))
}

/// Bytes as apt writes them.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read() {
        let text = "Package: a\nVersion: 1:2-3\nDepends: b (= 1), c\nSize: 42\nSHA256: 00ff\n";
        let entry = parse(text).unwrap();
        assert_eq!((entry.version.as_str(), entry.bytes, entry.sha256.as_str()), ("1:2-3", 42, "00ff"));
        assert_eq!(entry.depends, "b (= 1), c");
        assert!(parse("Version: 1\nSize: 42\n").is_none(), "without a checksum there is no trust");
    }

    #[test]
    fn checksums_are_written_like_apts() {
        assert_eq!(hexadecimal(&[0, 0xff, 0x1a]), "00ff1a");
    }
}
