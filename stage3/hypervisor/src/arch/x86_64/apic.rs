//! The local APIC of this CPU, in xAPIC or x2APIC mode, whichever the firmware left it in (Intel SDM, "Advanced
//! Programmable Interrupt Controller (APIC)").

use super::{interrupts, msr};
use core::sync::atomic::{AtomicBool, Ordering};

/// APIC_BASE: the APIC is in x2APIC mode.
const X2APIC: u64 = 1 << 10;
/// APIC_BASE: the APIC is on. It is never switched off: not every processor can switch it on again.
const ENABLED: u64 = 1 << 11;
/// HPA of the registers in xAPIC mode. The firmware leaves them there; they move only if software moves them.
pub const REGISTERS: u64 = 0xfee0_0000;
/// First MSR of x2APIC mode; an MSR for each 16 bytes of registers.
const X2APIC_MSR: u32 = 0x800;

/// Spurious-interrupt vector register: bit 8 lets the APIC accept interrupts.
const SPURIOUS_VECTOR: u32 = 0xf0;
const SOFTWARE_ENABLE: u32 = 1 << 8;
const ID: u32 = 0x20;
/// Where the ID is in xAPIC mode.
const XAPIC_ID_SHIFT: u32 = 24;
const END_OF_INTERRUPT: u32 = 0xb0;
const TASK_PRIORITY: u32 = 0x80;
const LVT_TIMER: u32 = 0x320;
const LVT_LINT0: u32 = 0x350;
const INITIAL_COUNT: u32 = 0x380;
const CURRENT_COUNT: u32 = 0x390;
const DIVIDE_CONFIGURATION: u32 = 0x3e0;
/// LVT: deliver the vector of the 8259 pair.
const EXTERNAL: u32 = 7 << 8;
/// LVT: deliver nothing.
const MASKED: u32 = 1 << 16;
/// Divide by 16: a 32-bit count at bus rates lasts for more than a minute.
const DIVIDE_BY_16: u32 = 0b0011;

static IS_X2APIC: AtomicBool = AtomicBool::new(false);

/// Lets this CPU's APIC pass the 8259 pair's interrupts on, and readies its timer.
pub fn init() {
    // SAFETY: every CPU with virtualization has a local APIC, so the register exists.
    let base = unsafe { msr::read(msr::APIC_BASE) };
    assert!(base & ENABLED != 0, "the firmware switched the local APIC off");
    IS_X2APIC.store(base & X2APIC != 0, Ordering::Relaxed);
    write(SPURIOUS_VECTOR, SOFTWARE_ENABLE | u32::from(interrupts::SPURIOUS));
    write(TASK_PRIORITY, 0);
    write(LVT_LINT0, EXTERNAL);
    write(DIVIDE_CONFIGURATION, DIVIDE_BY_16);
    write(LVT_TIMER, MASKED);
}

/// Its ID.
pub fn id() -> u32 {
    let id = read(ID);
    if IS_X2APIC.load(Ordering::Relaxed) {
        id
    } else {
        id >> XAPIC_ID_SHIFT
    }
}

/// Ends the interrupt in service.
pub fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Starts the timer: an interrupt with `vector` after `count` ticks, or none. Zero stops it.
pub fn start_timer(vector: Option<u8>, count: u32) {
    write(LVT_TIMER, vector.map_or(MASKED, u32::from));
    write(INITIAL_COUNT, count);
}

/// Ticks that the timer still has to go.
pub fn timer_remaining() -> u32 {
    read(CURRENT_COUNT)
}

fn read(register: u32) -> u32 {
    if IS_X2APIC.load(Ordering::Relaxed) {
        // SAFETY: in x2APIC mode these registers exist, and reading those used here has no effect.
        unsafe { msr::read(X2APIC_MSR + (register >> 4)) as u32 }
    } else {
        let address = core::ptr::with_exposed_provenance::<u32>((REGISTERS + u64::from(register)) as usize);
        // SAFETY: in xAPIC mode the registers are there, mapped one to one and uncached.
        unsafe { address.read_volatile() }
    }
}

fn write(register: u32, value: u32) {
    if IS_X2APIC.load(Ordering::Relaxed) {
        // SAFETY: as for `read`; the callers write values that the manual allows.
        unsafe { msr::write(X2APIC_MSR + (register >> 4), u64::from(value)) }
    } else {
        let address =
            core::ptr::with_exposed_provenance_mut::<u32>((REGISTERS + u64::from(register)) as usize);
        // SAFETY: as for `read`.
        unsafe { address.write_volatile(value) }
    }
}
