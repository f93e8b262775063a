//! GRUB: its boot sector starts what is embedded before the partition.

use super::fat::{package_files, run, Fat};
use crate::packages;
use anyhow::{Context as _, Result};
use std::process::Command;

/// What is embedded: how to read the disk and the file system, and what grub.cfg needs.
const MODULES: [&str; 7] = ["biosdisk", "part_msdos", "fat", "normal", "serial", "terminal", "linux"];

/// Makes the disk start GRUB.
pub fn install(fat: &Fat) -> Result<()> {
    packages::ensure_programs(&["grub-mkimage".into()], "grub-common")?;
    let files = package_files("grub-pc-bin")?.join("lib/grub/i386-pc");
    let directory = tempfile::tempdir()?;
    let embedded = directory.path().join("core.img");
    let mut make = Command::new("grub-mkimage");
    make.args(["--format", "i386-pc", "--prefix", "(hd0,msdos1)/", "--directory"]).arg(&files);
    run(make.arg("--output").arg(&embedded).args(MODULES))?;
    // As they come, boot.img looks for the embedded part in sector 1, and that for its rest behind itself.
    fat.write_embedded(&std::fs::read(&embedded)?)?;
    let code = std::fs::read(files.join("boot.img"))?;
    fat.write_boot_sector(code.first_chunk().context("boot.img is cut off")?)
}
