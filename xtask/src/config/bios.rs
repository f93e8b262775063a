//! A virtual machine that starts with a BIOS: its firmware, disks and screen.

use super::pretend::Pretended;
use super::raw::Vm;
use super::{volume, Boot, File, Provide, Source};
use crate::packages;
use anyhow::{bail, Result};
use machine::boot::bios;
use machine::device::floppy::DRIVES;
use machine::medium::SECTOR;
use machine::pc::DISKS_MAX;
use toml::Spanned;

/// Bytes of every kind of floppy disk, and its usual name.
const FLOPPIES: [(usize, &str); 8] = [
    (160 << 10, "160K"),
    (180 << 10, "180K"),
    (320 << 10, "320K"),
    (360 << 10, "360K"),
    (720 << 10, "720K"),
    (1200 << 10, "1.2M"),
    (1440 << 10, "1.44M"),
    (2880 << 10, "2.88M"),
];

impl Source<'_> {
    /// The loader of stage 3 tries the firmware.
    pub(super) fn bios(&self, vm: &Vm, memory: u64, provide: Provide) -> Result<Boot> {
        let firmware = match &vm.firmware {
            Some(path) => self.file("firmware", path, provide)?,
            None => self.named_file("boot", &vm.boot, packages::SEABIOS, provide)?,
        };
        if let Err(error) = bios::load(&firmware.bytes, &Pretended::new(memory)) {
            let value = vm.firmware.as_ref().unwrap_or(&vm.boot);
            let reason = format!("{error}; leave it away for SeaBIOS, or name another file");
            bail!(self.wrong("firmware", value, &reason));
        }
        let mut floppies = Vec::new();
        for value in vm.floppies.iter().flatten() {
            if floppies.len() == DRIVES {
                let reason = format!("the PC has {DRIVES} drives; remove it");
                bail!(self.wrong("floppies", value, &reason));
            }
            floppies.push(self.floppy(value, provide)?);
        }
        let mut disks = Vec::new();
        for value in vm.disks.iter().flatten() {
            if disks.len() == DISKS_MAX {
                let reason = format!("the PC has {DISKS_MAX} disks at most; remove it");
                bail!(self.wrong("disks", value, &reason));
            }
            disks.push(self.disk(value, provide)?);
        }
        let vga_bios = match &vm.display {
            Some(value) if value.get_ref() == "text" => {
                Some(self.named_file("display", value, packages::VGA_BIOS, provide)?)
            }
            _ => None,
        };
        Ok(Boot::Bios { firmware, floppies, disks, vga_bios })
    }

    fn floppy(&self, value: &Spanned<String>, provide: Provide) -> Result<File> {
        let file = self.file("floppies", value, provide)?;
        let bytes = file.bytes.len();
        if !FLOPPIES.iter().any(|(size, _)| bytes == *size) {
            let names: Vec<_> = FLOPPIES.iter().map(|(_, name)| *name).collect();
            let reason =
                format!("{bytes} bytes; no floppy disk has this size, which are {}", names.join(", "));
            bail!(self.wrong("floppies", value, &reason));
        }
        self.is_whole("floppies", value, &file)?;
        Ok(file)
    }

    /// Refuses an image of which a part is missing.
    fn is_whole(&self, key: &str, value: &Spanned<String>, file: &File) -> Result<()> {
        let sectors = (file.bytes.len() / SECTOR) as u64;
        match volume::sectors(&file.bytes) {
            Some(told) if told > sectors => {
                let reason = format!(
                    "{sectors} sectors; by what is in the first one there are {told}: is this all of the disk?"
                );
                bail!(self.wrong(key, value, &reason))
            }
            _ => Ok(()),
        }
    }

    fn disk(&self, value: &Spanned<String>, provide: Provide) -> Result<File> {
        let file = self.file("disks", value, provide)?;
        let bytes = file.bytes.len();
        if !bytes.is_multiple_of(SECTOR) {
            let reason = format!(
                "{bytes} bytes; a disk has whole sectors of {SECTOR} bytes: is this an image of a disk, and all of it?"
            );
            bail!(self.wrong("disks", value, &reason));
        }
        self.is_whole("disks", value, &file)?;
        Ok(file)
    }
}
