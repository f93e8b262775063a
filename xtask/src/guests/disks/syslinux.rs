//! SYSLINUX: the code of its own master boot record starts the partition's boot sector, and that the file LDLINUX.SYS.

use super::fat::{package_files, run, Fat};
use anyhow::{Context as _, Result};
use std::process::Command;

/// Makes the disk start SYSLINUX.
pub fn install(fat: &Fat) -> Result<()> {
    let files = package_files("syslinux")?;
    let code = std::fs::read(files.join("lib/SYSLINUX/mbr.bin"))?;
    fat.write_boot_sector(code.first_chunk().context("mbr.bin is cut off")?)?;
    // It uses mtools itself.
    let mut installer = Command::new(files.join("bin/syslinux"));
    installer.env("PATH", fat.path()?).args(["--install", "--offset", &Fat::offset().to_string()]);
    run(installer.arg(fat.disk()))
}
