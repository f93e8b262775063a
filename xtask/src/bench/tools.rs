//! What figures depend on beside pxHV: versions of programs and of files that are not ours.

use super::figures::Figures;
use crate::packages;
use crate::toolchain::Toolchain;
use anyhow::{Context as _, Result};
use std::path::Path;
use std::process::Command;

/// Notes what all of them depend on: the compiler and QEMU.
pub fn note(figures: &mut Figures) {
    let rustc = Toolchain::find().map_or_else(String::new, |toolchain| toolchain.version());
    figures.depend_on("rustc", rustc);
    figures.depend_on("qemu", first_line("qemu-system-x86_64"));
}

/// Notes Bochs, which tells its version in a banner around its help.
pub fn note_bochs(figures: &mut Figures) {
    let output = Command::new("bochs-bin").arg("--help").output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let banner = text.lines().map(str::trim).find(|line| line.starts_with("Bochs x86 Emulator"));
    figures.depend_on("bochs", banner.unwrap_or_default());
}

/// Notes the BIOS.
pub fn note_bios(figures: &mut Figures) -> Result<()> {
    note_file(figures, "seabios", Path::new(packages::SEABIOS))
}

/// Notes a file, by its checksum.
pub fn note_file(figures: &mut Figures, what: &str, path: &Path) -> Result<()> {
    figures.depend_on(what, format!("{:08x}", bundle::checksum(&read(path)?)));
    Ok(())
}

/// Notes a Linux kernel.
pub fn note_linux(figures: &mut Figures, kernel: &Path) -> Result<()> {
    figures.depend_on("linux", linux_version(&read(kernel)?).context("the kernel tells no version")?);
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

/// What a program answers to `--version`; nothing if it is not there.
fn first_line(program: &str) -> String {
    let output = Command::new(program).arg("--version").output().map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default()).lines().next().unwrap_or_default().to_owned()
}

/// The version of a bzImage: `kernel_version` of the boot protocol points to it. Only the first word, without who built it.
fn linux_version(kernel: &[u8]) -> Option<String> {
    const KERNEL_VERSION: usize = 0x20e;
    const HEADER_BASE: usize = 0x200;
    let pointer = kernel.get(KERNEL_VERSION..KERNEL_VERSION + 2)?.try_into().ok()?;
    let text = kernel.get(HEADER_BASE + usize::from(u16::from_le_bytes(pointer))..)?;
    let word = text.split(|byte| !byte.is_ascii_graphic()).next()?;
    (!word.is_empty()).then(|| String::from_utf8_lossy(word).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_tells_its_version() {
        let mut kernel = vec![0; 0x400];
        kernel[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
        assert_eq!(linux_version(&kernel), None);
        kernel[0x300..0x30f].copy_from_slice(b"6.1.0-56 (x@y)\0");
        assert_eq!(linux_version(&kernel), Some("6.1.0-56".into()));
        assert_eq!(linux_version(&kernel[..0x20f]), None);
        kernel[0x20e..0x210].copy_from_slice(&[0xff; 2]);
        assert_eq!(linux_version(&kernel), None);
    }

    #[test]
    fn files_have_checksums() {
        let mut figures = Figures::new("boot");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"one").unwrap();
        note_file(&mut figures, "floppy", file.path()).unwrap();
        let one = figures.made_with["floppy"].clone();
        std::fs::write(file.path(), b"two").unwrap();
        note_file(&mut figures, "floppy", file.path()).unwrap();
        assert_ne!(figures.made_with["floppy"], one);
        assert!(note_file(&mut figures, "floppy", Path::new("/nowhere")).is_err());
        assert_eq!(first_line("/nowhere"), "");
    }
}
