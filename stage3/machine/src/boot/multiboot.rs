//! Loads a kernel by the Multiboot Specification, versions 1 (0.6.96) and 2 (2.0).
//!
//! * `v1`, `v2`: the header in the kernel's file, and the boot information that the kernel gets
//! * `elf`, `addresses`: the two ways in which a file says what belongs where in memory
//! * `image`: the kernel's parts, checked and put into place
//! * `space`: where there is room for the rest
//!
//! The file comes from outside, so nothing in it is believed before it is checked.

mod addresses;
mod elf;
mod error;
mod image;
mod space;
mod strings;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

pub use error::MultibootError;

use super::protected_mode::{self, GDT_BYTES};
use super::real_mode;
use crate::acpi::AcpiTables;
use crate::memory::{Gpa, LoadTarget};
use crate::vcpu::{CpuState, Gprs};
use addresses::Addresses;
use alloc::vec::Vec;
use elf::Sections;
use image::Image;
use space::{Space, PAGE};

/// The loader's own things begin here, if the kernel leaves room; an initial stack grows down.
const STRUCTURES: u64 = 0x9000;
/// What the boot information names as the loader.
const LOADER: &str = "pxHV";
/// Selector of the code segment; data follows.
const CODE: u16 = 8;
/// Alignment of the boot information.
const INFORMATION_ALIGNMENT: u64 = 8;

/// What to start.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a, 'f> {
    /// The kernel's file.
    pub kernel: &'f [u8],
    /// Its command line.
    pub cmdline: &'a str,
    /// The files that come with it, in order.
    pub modules: &'a [Module<'a, 'f>],
}

/// A file for the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a, 'f> {
    /// Its content.
    pub bytes: &'f [u8],
    /// Its string.
    pub args: &'a str,
}

/// Version of the specification that a kernel follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// What a header asks for.
#[derive(Debug)]
struct Header {
    version: Version,
    /// What belongs where, if the file's format does not say so.
    addresses: Option<Addresses>,
    /// Where the kernel starts, if not where the file's format says.
    entry: Option<u32>,
    /// Where else the kernel can run.
    relocation: Option<Relocation>,
}

/// Where a relocatable kernel can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Relocation {
    /// Lowest address.
    min: u32,
    /// Highest address of its end.
    max: u32,
    alignment: u32,
    preference: Preference,
}

/// Which of several places is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    None,
    Lowest,
    Highest,
}

impl Header {
    /// The header of a kernel. One that has both is taken as version 1, as emulators do that load kernels
    /// themselves.
    fn find(file: &[u8]) -> Result<Self, MultibootError> {
        v1::find(file)
            .or_else(|| v2::find(file))
            .unwrap_or(Err(MultibootError::NoHeader { compressed: file.starts_with(&[0x1f, 0x8b]) }))
    }
}

/// What the boot information tells, beside the memory map.
#[derive(Debug)]
struct Facts<'a> {
    cmdline: &'a str,
    /// Start and end of each module, and its string.
    modules: Vec<(u64, u64, &'a str)>,
    sections: Option<Sections<'a>>,
    /// Where the kernel is.
    base: u64,
}

/// Puts `guest` into `memory`, which is zero but for the ACPI tables `acpi`, and returns the state in which the
/// CPU enters the kernel.
///
/// # Errors
/// What is wrong with the kernel's file, or what doesn't fit.
pub fn load<'f>(
    guest: &Guest<'_, 'f>,
    acpi: &AcpiTables,
    memory: &dyn LoadTarget<'f>,
) -> Result<CpuState, MultibootError> {
    let layout = memory.layout();
    let mut strings = guest.modules.iter().map(|module| module.args).chain([guest.cmdline]);
    if strings.any(|string| string.contains('\0')) {
        return Err(MultibootError::StringHasZero);
    }
    let header = Header::find(guest.kernel)?;
    let image = Image::new(guest.kernel, &header, layout)?;
    image.place(memory)?;
    let mut space = Space::new(layout, image.used());
    let mut modules = Vec::new();
    for Module { bytes, args } in guest.modules {
        let length = bytes.len() as u64;
        let start = space
            .take(length, PAGE, image.end())
            .ok_or(MultibootError::NoRoom { what: "a module", bytes: length })?;
        memory.place(Gpa(start), bytes)?;
        modules.push((start, start + length, *args));
    }
    let mut sections = image.sections();
    if let Some(loaded) = &mut sections {
        // They are for debugging: a kernel can do without them where memory is scarce.
        match space.take(loaded.bytes(), PAGE, image.end()) {
            Some(at) => loaded.write(at, memory)?,
            None => sections = None,
        }
    }
    let facts = Facts { cmdline: guest.cmdline, modules, sections, base: image.base() };

    // It contains its own address, but its length does not depend on it.
    let information = |at: u64| match header.version {
        Version::One => v1::information(at, &facts, layout),
        Version::Two => v2::information(&facts, acpi, layout),
    };
    let mut take = |bytes: u64| {
        space
            .take(bytes, INFORMATION_ALIGNMENT, STRUCTURES)
            .ok_or(MultibootError::NoRoom { what: "the boot information", bytes })
    };
    let gdt = take(GDT_BYTES)?;
    let at = take(information(0).len() as u64)?;
    memory.write(Gpa(at), &information(at))?;

    let magic = match header.version {
        Version::One => v1::LOADED,
        Version::Two => v2::LOADED,
    };
    let gprs = Gprs { rax: magic.into(), rbx: at, ..Gprs::default() };
    let state = protected_mode::enter(Gpa(gdt), CODE, memory)?;
    // A kernel that goes on in real mode expects the interrupt table where a BIOS has it.
    Ok(CpuState { gprs, rsp: STRUCTURES, rip: image.entry(), idtr: real_mode::VECTORS, ..state })
}
