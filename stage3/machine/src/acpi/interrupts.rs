//! The interrupt controllers: MADT.

use super::table;
use crate::device::power_management::SCI_IRQ;
use crate::pc::IOAPIC;
use acpi_tables::madt::{EnabledStatus, IoApic, ProcessorLocalApic};
use acpi_tables::sdt::Sdt;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{Immutable, IntoBytes, Unaligned};

/// Revision of the MADT since ACPI 6.3.
const REVISION: u8 = 5;
/// Where each CPU sees its local APIC.
const LOCAL_APIC: u32 = 0xfee0_0000;
/// Flags: there is a pair of 8259 too (PCAT_COMPAT).
const PCAT_COMPATIBLE: u32 = 1 << 0;

/// The I/O APIC.
const IO_APIC: u32 = IOAPIC.0 as u32;
/// Its ID.
const IO_APIC_ID: u8 = 0;
/// The global system interrupt of its first input.
const IO_APIC_FIRST_GSI: u32 = 0;

/// Line of the timer on the ISA bus.
const TIMER_IRQ: u8 = 0;
/// Input of the I/O APIC that it is wired to.
const TIMER_GSI: u32 = 2;

/// Bus of an interrupt source override: ISA.
const BUS_ISA: u8 = 0;
/// MPS INTI flags: polarity and trigger mode as usual on the bus (ISA: active high, by edge).
const CONFORMING: u16 = 0;
/// MPS INTI flags: active high, triggered by level.
const HIGH_LEVEL: u16 = 0b11_01;

/// A line of the ISA bus that isn't wired to the same input of the I/O APIC, or works in another way.
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C)]
struct InterruptSourceOverride {
    kind: u8,
    length: u8,
    bus: u8,
    source: u8,
    global_system_interrupt: U32,
    flags: U16,
}

impl InterruptSourceOverride {
    const KIND: u8 = 2;

    fn new(irq: u8, gsi: u32, flags: u16) -> Self {
        Self {
            kind: Self::KIND,
            length: size_of::<Self>() as u8,
            bus: BUS_ISA,
            source: irq,
            global_system_interrupt: gsi.into(),
            flags: flags.into(),
        }
    }
}

/// The local APIC's input that NMI is wired to.
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C)]
struct LocalApicNmi {
    kind: u8,
    length: u8,
    processor_uid: u8,
    flags: U16,
    lint: u8,
}

impl LocalApicNmi {
    const KIND: u8 = 4;
    /// All processors.
    const ALL: u8 = 0xff;
    /// LINT1.
    const LINT: u8 = 1;

    fn new() -> Self {
        Self {
            kind: Self::KIND,
            length: size_of::<Self>() as u8,
            processor_uid: Self::ALL,
            flags: CONFORMING.into(),
            lint: Self::LINT,
        }
    }
}

/// Multiple APIC Description Table.
pub fn madt(cpus: u8) -> Sdt {
    let mut madt = table(*b"APIC", REVISION);
    madt.append_slice(&LOCAL_APIC.to_le_bytes());
    madt.append_slice(&PCAT_COMPATIBLE.to_le_bytes());
    for cpu in 0..cpus {
        madt.append_slice(ProcessorLocalApic::new(cpu, cpu, EnabledStatus::Enabled).as_bytes());
    }
    madt.append_slice(IoApic::new(IO_APIC_ID, IO_APIC, IO_APIC_FIRST_GSI).as_bytes());
    let timer = InterruptSourceOverride::new(TIMER_IRQ, TIMER_GSI, CONFORMING);
    madt.append_slice(timer.as_bytes());
    let sci = InterruptSourceOverride::new(SCI_IRQ, SCI_IRQ.into(), HIGH_LEVEL);
    madt.append_slice(sci.as_bytes());
    madt.append_slice(LocalApicNmi::new().as_bytes());
    madt
}
