//! Loads a Linux bzImage by the 32-bit boot protocol (Linux: Documentation/arch/x86/boot.rst).
//!
//! The file comes from outside, so nothing in it is believed before it is checked.

mod error;
mod header;
mod params;
mod place;
#[cfg(test)]
mod tests;

pub use error::LinuxError;

use super::protected_mode;
use crate::memory::{Gpa, LoadTarget};
use crate::vcpu::{CpuState, Gprs};
use header::Image;
use params::BootParams;
use place::Places;
use zerocopy::IntoBytes;

/// Where the loader puts its own things, below the kernel: a stack grows down from the GDT.
const GDT: u64 = 0x6000;
/// `struct boot_params`, the "zero page".
const ZERO_PAGE: u64 = 0x7000;
/// The command line. Up to 64 KiB have room here.
const COMMAND_LINE: u64 = 0x8000;
/// Longest command line, without the terminating zero, whatever the kernel's own limit is.
const COMMAND_LINE_MAX: usize = 0xffff;

/// `__BOOT_CS`, the code segment that the protocol prescribes; data follows.
const BOOT_CS: u16 = 0x10;

/// Puts `kernel`, `initrd` and `cmdline` into `memory`, where the ACPI tables with the root pointer `rsdp`
/// are already, and returns the state in which the CPU enters the kernel.
///
/// # Errors
/// What is wrong with the kernel file, or what doesn't fit.
pub fn load<'f>(
    kernel: &'f [u8],
    initrd: Option<&'f [u8]>,
    cmdline: &str,
    rsdp: Gpa,
    memory: &dyn LoadTarget<'f>,
) -> Result<CpuState, LinuxError> {
    let layout = memory.layout();
    let image = Image::parse(kernel)?;
    let initrd = initrd.unwrap_or_default();
    let max = image.cmdline_max().min(COMMAND_LINE_MAX);
    if cmdline.len() > max {
        return Err(LinuxError::CommandLineTooLong { bytes: cmdline.len(), max });
    }
    if cmdline.bytes().any(|byte| byte == 0) {
        return Err(LinuxError::CommandLineHasZero);
    }
    let places = Places::find(&image, initrd.len() as u64, layout)?;
    let mut params =
        BootParams::new(&image.header, &places, initrd.len() as u32, COMMAND_LINE as u32, layout);
    params.acpi_rsdp_addr = rsdp.0.into();

    memory.place(Gpa(places.kernel), image.code)?;
    memory.place(Gpa(places.initrd), initrd)?;
    memory.write(Gpa(COMMAND_LINE), cmdline.as_bytes())?;
    memory.write(Gpa(COMMAND_LINE + cmdline.len() as u64), &[0])?;
    memory.write(Gpa(ZERO_PAGE), params.as_bytes())?;

    // No IDT: the kernel starts with interrupts off and loads its own.
    let state = protected_mode::enter(Gpa(GDT), BOOT_CS, memory)?;
    let gprs = Gprs { rsi: ZERO_PAGE, ..Gprs::default() };
    Ok(CpuState { gprs, rsp: GDT, rip: places.kernel, ..state })
}
