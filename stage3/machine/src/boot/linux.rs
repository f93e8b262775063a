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

use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{
    CpuState, Gprs, Segment, TableRegister, CR0_ET, CR0_PE, RFLAGS_FIXED, SEGMENT_BIG, SEGMENT_GRANULAR,
    SEGMENT_PRESENT,
};
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

/// `__BOOT_CS`, the code segment that the protocol prescribes.
const BOOT_CS: u16 = 0x10;
/// `__BOOT_DS`.
const BOOT_DS: u16 = 0x18;
/// `__BOOT_TSS`. The protocol has none, but a CPU in protected mode always has a task.
const BOOT_TSS: u16 = 0x20;
/// Size of a 32-bit task state segment.
const TSS_BYTES: u32 = 104;

/// Flat 32-bit code, execute and read, accessed.
const CODE: Segment = flat(BOOT_CS, 0xb);
/// Flat 32-bit data, read and write, accessed.
const DATA: Segment = flat(BOOT_DS, 0x3);
/// A busy 32-bit TSS, which VM entry demands. It is never used: there is no task to return to.
const TASK: Segment =
    Segment { selector: BOOT_TSS, attributes: SEGMENT_PRESENT | 0xb, limit: TSS_BYTES - 1, base: 0 };

/// A code or data segment of 4 GiB with this type.
const fn flat(selector: u16, kind: u16) -> Segment {
    const CODE_OR_DATA: u16 = 1 << 4;
    let attributes = SEGMENT_GRANULAR | SEGMENT_BIG | SEGMENT_PRESENT | CODE_OR_DATA | kind;
    Segment { selector, attributes, limit: u32::MAX, base: 0 }
}

/// The 8-byte form of `segment` (Intel SDM, "Segment Descriptors").
const fn descriptor(segment: &Segment) -> u64 {
    let limit =
        if segment.attributes & SEGMENT_GRANULAR == 0 { segment.limit } else { segment.limit >> 12 } as u64;
    let attributes = segment.attributes as u64;
    (limit & 0xffff)
        | (segment.base & 0xff_ffff) << 16
        | (attributes & 0xff) << 40
        | (limit >> 16 & 0xf) << 48
        | (attributes >> 8 & 0xf) << 52
        | (segment.base >> 24 & 0xff) << 56
}

/// Puts `kernel`, `initrd` and `cmdline` into `memory`, where the ACPI tables with the root pointer `rsdp`
/// are already, and returns the state in which the CPU enters the kernel: 32-bit protected mode without
/// paging, flat segments, interrupts off.
///
/// # Errors
/// What is wrong with the kernel file, or what doesn't fit.
pub fn load(
    kernel: &[u8],
    initrd: Option<&[u8]>,
    cmdline: &str,
    rsdp: Gpa,
    memory: &dyn GuestMemory,
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

    memory.write(Gpa(places.kernel), image.code)?;
    memory.write(Gpa(places.initrd), initrd)?;
    memory.write(Gpa(COMMAND_LINE), cmdline.as_bytes())?;
    memory.write(Gpa(COMMAND_LINE + cmdline.len() as u64), &[0])?;
    memory.write(Gpa(ZERO_PAGE), params.as_bytes())?;
    let gdt = [0, 0, descriptor(&CODE), descriptor(&DATA), descriptor(&TASK)];
    memory.write(Gpa(GDT), gdt.as_bytes())?;

    Ok(CpuState {
        gprs: Gprs { rsi: ZERO_PAGE, ..Gprs::default() },
        rsp: GDT,
        rip: places.kernel,
        rflags: RFLAGS_FIXED,
        cr0: CR0_PE | CR0_ET,
        cs: CODE,
        ds: DATA,
        es: DATA,
        fs: DATA,
        gs: DATA,
        ss: DATA,
        tr: TASK,
        gdtr: TableRegister { base: GDT, limit: (size_of_val(&gdt) - 1) as u16 },
        // No IDT: the kernel starts with interrupts off and loads its own.
        ..CpuState::default()
    })
}
