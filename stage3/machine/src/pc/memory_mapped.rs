//! Devices in guest-physical memory: the local APIC, the I/O APIC, and the ROM with the firmware below 4 GiB.
//!
//! Whoever drives the board brings accesses that are not to RAM. So a local APIC whose page is moved onto RAM
//! is not reached there: no system does that.

use super::{Effects, Pc};
use crate::device::ioapic;
use crate::emulate::{Mmio, OperandSize};
use crate::memory::Gpa;
use crate::port::Size;
use crate::time::Instant;

/// Where the I/O APIC is (GPA); the ACPI tables say so.
pub const IOAPIC: Gpa = Gpa(0xfec0_0000);
/// Where the ROM ends.
const ROM_END: u64 = 1 << 32;
/// Bytes behind it.
const FLOATING: u8 = 0xff;
/// Bytes of the local APIC's page.
const LAPIC_BYTES: u64 = 0x1000;

/// A device in memory, and the offset into its registers.
#[derive(Clone, Copy)]
enum Target {
    Lapic(u32),
    IoApic(u32),
    Rom(u32),
}

impl Target {
    fn after(self, bytes: u16) -> Self {
        match self {
            Self::Lapic(offset) => Self::Lapic(offset + u32::from(bytes)),
            Self::IoApic(offset) => Self::IoApic(offset + u32::from(bytes)),
            Self::Rom(offset) => Self::Rom(offset + u32::from(bytes)),
        }
    }
}

impl Pc {
    fn target(&self, gpa: Gpa) -> Option<Target> {
        let within = |start: Gpa, bytes: u64| {
            let offset = gpa.0.checked_sub(start.0)?;
            (offset < bytes).then_some(offset as u32)
        };
        let lapic = self.interrupts.lapic.mmio_page().and_then(|page| within(page, LAPIC_BYTES));
        let rom = self.rom.len() as u64;
        lapic
            .map(Target::Lapic)
            .or_else(|| within(IOAPIC, ioapic::BYTES.into()).map(Target::IoApic))
            .or_else(|| within(Gpa(ROM_END - rom), rom).map(Target::Rom))
    }

    fn read_target(&mut self, now: Instant, target: Target, size: Size) -> u32 {
        match target {
            Target::Lapic(offset) => {
                let value = self.interrupts.lapic.read(now, offset, size);
                self.carry_lapic();
                value
            }
            Target::IoApic(offset) => self.interrupts.ioapic.read(offset, size),
            Target::Rom(offset) => {
                let mut bytes = [FLOATING; 4];
                let rest = self.rom.get(offset as usize..).unwrap_or_default();
                for (byte, place) in rest.iter().zip(&mut bytes) {
                    *place = *byte;
                }
                u32::from_le_bytes(bytes) & size.mask()
            }
        }
    }

    fn write_target(&mut self, now: Instant, target: Target, size: Size, value: u32) {
        match target {
            Target::Lapic(offset) => {
                let effects = self.interrupts.lapic.write(now, offset, size, value);
                self.interrupts.apply(effects);
                self.carry_lapic();
            }
            Target::IoApic(offset) => {
                self.interrupts.ioapic.write(offset, size, value);
                self.interrupts.settle();
            }
            Target::Rom(_) => {}
        }
    }
}

/// 64-bit accesses are two of 32 bits, the lower half first.
impl Mmio for Pc {
    fn read_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize) -> Option<u64> {
        let target = self.target(gpa)?;
        self.advance(now);
        let (first, second) = parts(size);
        let low = self.read_target(now, target, first);
        let high = second.map_or(0, |second| self.read_target(now, target.after(first.bytes()), second));
        Some(u64::from(high) << 32 | u64::from(low))
    }

    fn write_mmio(&mut self, now: Instant, gpa: Gpa, size: OperandSize, value: u64) -> Option<Effects> {
        let target = self.target(gpa)?;
        self.advance(now);
        let (first, second) = parts(size);
        self.write_target(now, target, first, value as u32);
        if let Some(second) = second {
            self.write_target(now, target.after(first.bytes()), second, (value >> 32) as u32);
        }
        Some(Effects::default())
    }
}

/// An operand as accesses of at most 32 bits.
const fn parts(size: OperandSize) -> (Size, Option<Size>) {
    match size {
        OperandSize::Byte => (Size::Byte, None),
        OperandSize::Word => (Size::Word, None),
        OperandSize::Dword => (Size::Dword, None),
        OperandSize::Qword => (Size::Dword, Some(Size::Dword)),
    }
}
