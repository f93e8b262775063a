//! A disk image with a FAT partition, written by the programs of Debian's package mtools.

use super::partition::{boot_sector, CODE, HEADS, SECTOR, START, TRACK};
use crate::guests::apt::Architecture;
use crate::guests::fetch::{unpacked, Package};
use anyhow::{ensure, Result};
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of a cylinder.
const CYLINDER: u64 = HEADS * TRACK * SECTOR;

/// The file system in the partition of a disk.
pub struct Fat {
    disk: PathBuf,
    /// The directory of mtools's programs.
    mtools: PathBuf,
}

/// The directory of the programs of a package.
pub fn programs(package: &str) -> Result<PathBuf> {
    Ok(package_files(package)?.join("bin"))
}

/// The directory /usr of a package, which is not installed.
pub fn package_files(package: &str) -> Result<PathBuf> {
    let package = Package { name: package, architecture: Architecture::Amd64 };
    Ok(unpacked(package, "usr")?.join("usr"))
}

impl Fat {
    /// A disk whose partition has room for `bytes` bytes.
    pub fn create(disk: &Path, bytes: u64) -> Result<Self> {
        let length = (START * SECTOR + bytes).next_multiple_of(CYLINDER);
        File::create(disk)?.set_len(length)?;
        let fat = Self { disk: disk.into(), mtools: programs("mtools")? };
        let partition = length / SECTOR - START;
        let numbers = [("-T", partition), ("-h", HEADS), ("-s", TRACK), ("-H", START)];
        let mut format = fat.tool("mformat");
        for (option, number) in numbers {
            format.args([option, &number.to_string()]);
        }
        run(format.arg("::"))?;
        Ok(fat)
    }

    /// The disk's image.
    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// Where the partition begins, in bytes.
    pub fn offset() -> u64 {
        START * SECTOR
    }

    /// Copies a file to the root directory.
    pub fn copy(&self, file: &Path) -> Result<()> {
        run(self.tool("mcopy").arg(file).arg("::"))
    }

    /// Writes what the BIOS starts, and the partition table.
    pub fn write_boot_sector(&self, code: &[u8; CODE]) -> Result<()> {
        let disk = File::options().read(true).write(true).open(&self.disk)?;
        let sectors = disk.metadata()?.len() / SECTOR;
        Ok(disk.write_all_at(&boot_sector(code, sectors), 0)?)
    }

    /// Writes what a boot loader has between boot sector and partition.
    pub fn write_embedded(&self, code: &[u8]) -> Result<()> {
        ensure!(code.len() as u64 <= (START - 1) * SECTOR, "{} bytes are too many", code.len());
        Ok(File::options().write(true).open(&self.disk)?.write_all_at(code, SECTOR)?)
    }

    /// A search path on which mtools's programs come first.
    pub fn path(&self) -> Result<OsString> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Ok(std::env::join_paths([self.mtools.clone()].into_iter().chain(std::env::split_paths(&path)))?)
    }

    fn tool(&self, name: &str) -> Command {
        let mut tool = Command::new(self.mtools.join(name));
        tool.arg("-i").arg(format!("{}@@{}", self.disk.display(), Self::offset()));
        // No configuration of the user's.
        tool.env("MTOOLSRC", "/dev/null");
        tool
    }
}

/// Runs a program that says something only if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = [output.stdout, output.stderr].concat();
    let name = command.get_program().display();
    ensure!(
        output.status.success(),
        "{name} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&said)
    );
    Ok(())
}
