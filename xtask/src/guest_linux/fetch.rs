//! Fetches Debian packages without installing them.

use crate::progress::Step;
use crate::{packages, project};
use anyhow::{bail, ensure, Context, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What apt's signed lists say about a package.
struct Entry {
    version: String,
    bytes: u64,
    sha256: String,
    depends: String,
}

/// The first package that `package` depends on.
pub fn dependency(package: &str) -> Result<String> {
    let depends = entry(package)?.depends;
    let name = depends.split([' ', ',', '|']).next().filter(|name| !name.is_empty());
    Ok(name.with_context(|| format!("{package} depends on nothing"))?.to_owned())
}

/// A directory with the content of `package`.
pub fn unpacked(package: &str) -> Result<PathBuf> {
    let entry = entry(package)?;
    let directory =
        project::target().join("guests").join(format!("{package}-{}", entry.version.replace(':', "_")));
    if directory.exists() {
        return Ok(directory);
    }
    let parent = project::target().join("guests");
    std::fs::create_dir_all(&parent)?;
    // Unpacked beside its place and renamed: there is never half a directory.
    let work = tempfile::tempdir_in(&parent)?;
    let archive = download(package, &entry, work.path())?;
    let content = work.path().join("content");
    let status = Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&content).status()?;
    ensure!(status.success(), "dpkg-deb can't unpack {}", archive.display());
    if std::fs::rename(&content, &directory).is_err() {
        ensure!(directory.exists(), "can't make {}", directory.display());
    }
    Ok(directory)
}

fn entry(package: &str) -> Result<Entry> {
    if !packages::has_program("apt-get") {
        bail!("only Debian's apt-get can fetch {package}");
    }
    if !packages::is_known(package) {
        packages::refresh_lists()?;
    }
    let output = Command::new("apt-cache").args(["show", "--no-all-versions", package]).output()?;
    parse(&String::from_utf8_lossy(&output.stdout)).with_context(|| format!("apt does not know {package}"))
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

fn download(package: &str, entry: &Entry, directory: &Path) -> Result<PathBuf> {
    if let Err(error) = try_download(package, entry, directory) {
        // The usual reason: the lists are older than the last security update.
        packages::refresh_lists().with_context(|| format!("{error:#}"))?;
        try_download(package, &self::entry(package)?, directory)?;
    }
    archive_in(directory).context("apt-get downloaded nothing")
}

fn try_download(package: &str, entry: &Entry, directory: &Path) -> Result<()> {
    let step = Step::of_bytes(&format!("downloading {package}"), entry.bytes);
    let mut child = Command::new("apt-get")
        // As root, apt would want the directory to be writable for its own user.
        .args(["-q", "-o", "APT::Sandbox::User=root", "download"])
        .arg(format!("{package}={}", entry.version))
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let bytes = archive_in(directory).and_then(|path| path.metadata().ok()).map_or(0, |data| data.len());
        step.at(bytes);
        std::thread::sleep(Duration::from_millis(100));
    };
    ensure!(status.success(), "apt-get can't download {package}");
    let archive = std::fs::read(archive_in(directory).context("apt-get downloaded nothing")?)?;
    let sha256 = hexadecimal(&Sha256::digest(&archive));
    ensure!(
        archive.len() as u64 == entry.bytes && sha256 == entry.sha256,
        "{package} is not what apt's signed lists describe: {} bytes, SHA-256 {sha256}",
        archive.len()
    );
    step.done(&format!("downloaded {package} {} (SHA-256 verified)", entry.version));
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
