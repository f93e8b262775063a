//! A hard disk with FreeDOS, made of the floppy's kernel, command interpreter and boot sector, of what stands in
//! guests/freedos/disk, and of the tests' programs and batch files in tests/guests/dos.

use super::fat::{self, File, Place};
use crate::{assemble, project};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Files of the floppy that a disk needs to start.
const SYSTEM: [&str; 2] = ["kernel.sys", "command.com"];
/// The disk's geometry; the first track is not the partition's.
const CYLINDERS: u16 = 8;
const HEADS: u8 = 16;
const TRACK: u8 = 63;
const SECTOR: usize = 512;
/// A partition's kind: FAT12.
const FAT12: u8 = 1;
/// Where the table of partitions begins.
const TABLE: usize = 0x1be;

/// The disk for the floppy `floppy`.
pub fn make(floppy: &[u8]) -> Result<Vec<u8>> {
    let mut files = Vec::new();
    for name in SYSTEM {
        files.push(fat::file(floppy, name)?);
    }
    let root = project::root();
    for directory in ["guests/freedos/disk", "tests/guests/dos"] {
        for path in sorted(&root.join(directory))? {
            files.push(file(&path)?);
        }
    }
    let sectors = CYLINDERS * u16::from(HEADS) * u16::from(TRACK) - u16::from(TRACK);
    let place = Place { start: TRACK.into(), sectors, heads: HEADS, per_track: TRACK };
    let mut disk = assemble::source(&root.join("guests/freedos/mbr.asm"))?;
    disk[TABLE..TABLE + 16].copy_from_slice(&partition(place));
    disk.resize(usize::from(TRACK) * SECTOR, 0);
    disk.extend(fat::volume(floppy, place, &files)?);
    Ok(disk)
}

/// The entry of an active partition: its first and last place on the disk, and both by number.
fn partition(place: Place) -> [u8; 16] {
    let last_cylinder = (CYLINDERS - 1) as u8;
    let mut entry = [0x80, 1, 1, 0, FAT12, HEADS - 1, TRACK, last_cylinder, 0, 0, 0, 0, 0, 0, 0, 0];
    entry[8..12].copy_from_slice(&place.start.to_le_bytes());
    entry[12..].copy_from_slice(&u32::from(place.sectors).to_le_bytes());
    entry
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>> {
    let files = std::fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    let mut paths: Vec<_> = files.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    Ok(paths)
}

/// A program for DOS, if `path` is its source, or a text, with lines as DOS has them.
fn file(path: &Path) -> Result<File> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_source = path.extension().is_some_and(|extension| extension == "asm");
    let (name, bytes) = if is_source {
        (name(&path.with_extension("com")), assemble::source(path)?)
    } else {
        (name(path), std::fs::read_to_string(path)?.replace('\n', "\r\n").into_bytes())
    };
    File::new(&name.context("a file has a name")?, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_ends_with_the_disk() {
        let place = Place { start: 63, sectors: 8001, heads: HEADS, per_track: TRACK };
        let entry = partition(place);
        assert_eq!(entry[..8], [0x80, 1, 1, 0, 1, 15, 63, 7]);
        assert_eq!(entry[8..], [63, 0, 0, 0, 0x41, 0x1f, 0, 0]);
        assert_eq!(u32::from(CYLINDERS) * 1008, 63 + 8001);
    }

    #[test]
    fn a_floppy_without_dos_is_refused_by_name() {
        let error = make(&vec![0; 1440 << 10]).unwrap_err().to_string();
        assert!(error.contains("kernel.sys"), "{error}");
    }
}
