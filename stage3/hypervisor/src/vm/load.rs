//! Puts what a VM boots into its memory.

use super::ram::GuestRam;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bundle::manifest::{Blob, Boot, Bundle, BundleError, Display as Screen, VmSpec};
use core::fmt::Display;
use machine::acpi::{self, AcpiConfig};
use machine::boot::multiboot::{self, Guest, Module};
use machine::boot::{bios, flat, linux};
use machine::medium::Medium;
use machine::memory::GuestMemory;
use machine::pc::Firmware;
use machine::vcpu::CpuState;

/// Loads the guest of `spec` into `ram`, which is zero. Returns the state in which its CPU starts.
///
/// # Errors
/// Why that does not go, in words.
pub fn guest(spec: &VmSpec, bundle: &Bundle<'static>, ram: &GuestRam) -> Result<CpuState, String> {
    let read = |blob: &Blob| bundle.blob(blob).map_err(|error| error.to_string());
    let acpi = acpi::tables(&AcpiConfig { cpus: 1 });
    // A BIOS puts them where it likes.
    if !matches!(spec.boot, Boot::Bios { .. }) {
        ram.write(acpi.start, &acpi.bytes).map_err(|error| error.to_string())?;
    }
    let refused = |kernel: &Blob, error: &dyn Display| format!("{}: {error}", kernel.name);
    match &spec.boot {
        Boot::Linux { kernel, initrd, cmdline } => {
            let initrd = initrd.as_ref().map(read).transpose()?;
            linux::load(read(kernel)?, initrd, cmdline, acpi.rsdp, ram)
                .map_err(|error| refused(kernel, &error))
        }
        Boot::Multiboot { kernel, cmdline, modules } => {
            let mut files = Vec::new();
            for module in modules {
                files.push(Module { bytes: read(&module.file)?, args: &module.args });
            }
            let guest = Guest { kernel: read(kernel)?, cmdline, modules: &files };
            multiboot::load(&guest, &acpi, ram).map_err(|error| refused(kernel, &error))
        }
        Boot::Flat { kernel, load } => {
            flat::load(read(kernel)?, (*load).into(), ram).map_err(|error| refused(kernel, &error))
        }
        Boot::Bios { firmware, vga_bios, .. } => {
            if let Some(vga_bios) = vga_bios {
                bios::load_vga_bios(read(vga_bios)?, ram).map_err(|error| refused(vga_bios, &error))?;
            }
            bios::load(read(firmware)?, ram).map_err(|error| refused(firmware, &error))
        }
    }
}

/// Whether memory has kept the files of `spec`, which were right when they were loaded.
///
/// # Errors
/// Which one is not what it was.
pub fn verify(spec: &VmSpec, bundle: &Bundle) -> Result<(), BundleError> {
    spec.boot.blobs().try_for_each(|blob| bundle.verify(blob))
}

/// The disks of `spec`.
///
/// # Errors
/// A file is damaged.
pub fn disks(spec: &VmSpec, bundle: &Bundle<'static>) -> Result<Vec<Medium>, String> {
    let Boot::Bios { disks, .. } = &spec.boot else { return Ok(Vec::new()) };
    media(disks, bundle)
}

/// The floppy disks of `spec`.
///
/// # Errors
/// A file is damaged.
pub fn floppies(spec: &VmSpec, bundle: &Bundle<'static>) -> Result<Vec<Medium>, String> {
    let Boot::Bios { floppies, .. } = &spec.boot else { return Ok(Vec::new()) };
    media(floppies, bundle)
}

fn media(blobs: &[Blob], bundle: &Bundle<'static>) -> Result<Vec<Medium>, String> {
    let medium = |blob| bundle.blob(blob).map(Medium::new).map_err(|error| error.to_string());
    blobs.iter().map(medium).collect()
}

/// What the board of `spec` gets if a BIOS starts there.
///
/// # Errors
/// A file is damaged.
pub fn firmware(spec: &VmSpec, bundle: &Bundle<'static>) -> Result<Option<Firmware>, String> {
    let Boot::Bios { firmware, vga_bios, .. } = &spec.boot else { return Ok(None) };
    let read = |blob: &Blob| bundle.blob(blob).map_err(|error| error.to_string());
    let vga_bios = vga_bios.as_ref().map(read).transpose()?;
    let wishes = bios::Wishes { serial: spec.display == Screen::Serial, vga_bios };
    let acpi = acpi::tables(&AcpiConfig { cpus: 1 });
    Ok(Some(Firmware { rom: read(firmware)?, files: bios::files(&wishes, &acpi) }))
}
