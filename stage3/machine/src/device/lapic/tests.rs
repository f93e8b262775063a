//! Tests of the local APIC, by the manual's sections.

mod access;
mod base;
mod errors;
mod lvt;
mod messages;
mod msr;
mod priority;
mod random;
mod timer;

use super::{ApicEffects, Delivery, Destination, InterruptMessage, LocalApic, Trigger, APIC_BASE};
use crate::port::Size;
use crate::time::{Instant, TscScale};

const BITS: u8 = 40;
const NOW: Instant = Instant(1_000);
/// IA32_APIC_BASE of the bootstrap processor in x2APIC mode.
const X2APIC_ON: u64 = 0xfee0_0d00;

const ID: u32 = 0x20;
const TPR: u32 = 0x80;
const PPR: u32 = 0xa0;
const EOI: u32 = 0xb0;
const LDR: u32 = 0xd0;
const DFR: u32 = 0xe0;
const SVR: u32 = 0xf0;
const ISR: u32 = 0x100;
const TMR: u32 = 0x180;
const IRR: u32 = 0x200;
const ESR: u32 = 0x280;
const ICR: u32 = 0x300;
const ICR_HIGH: u32 = 0x310;
const LVT_TIMER: u32 = 0x320;
const LVT_LINT0: u32 = 0x350;
const LVT_LINT1: u32 = 0x360;
const LVT_ERROR: u32 = 0x370;
const INITIAL: u32 = 0x380;
const CURRENT: u32 = 0x390;
const DIVIDE: u32 = 0x3e0;

const MASKED: u32 = 1 << 16;

/// A local APIC after power-on, of the bootstrap processor, with a TSC of 1 GHz.
fn reset_apic() -> LocalApic {
    LocalApic::new(0, true, BITS, TscScale::from_khz(1_000_000))
}

/// The same, enabled by software; spurious vector FFh.
fn apic() -> LocalApic {
    let mut apic = reset_apic();
    write(&mut apic, SVR, 0x1ff);
    apic
}

/// The same in x2APIC mode.
fn x2apic(id: u32) -> LocalApic {
    let mut apic = LocalApic::new(id, true, BITS, TscScale::from_khz(1_000_000));
    write(&mut apic, SVR, 0x1ff);
    write_msr(&mut apic, APIC_BASE, X2APIC_ON);
    apic
}

fn read(apic: &mut LocalApic, offset: u32) -> u32 {
    apic.read(NOW, offset, Size::Dword)
}

fn send(apic: &mut LocalApic, offset: u32, value: u32) -> ApicEffects {
    apic.write(NOW, offset, Size::Dword, value)
}

fn write(apic: &mut LocalApic, offset: u32, value: u32) {
    assert_eq!(send(apic, offset, value), ApicEffects::default());
}

fn write_msr(apic: &mut LocalApic, index: u32, value: u64) {
    assert_eq!(apic.write_msr(NOW, 0, index, value), Ok(ApicEffects::default()));
}

fn message(delivery: Delivery, vector: u8) -> InterruptMessage {
    InterruptMessage { destination: Destination::All, delivery, trigger: Trigger::Edge, vector }
}

fn accept(apic: &mut LocalApic, vector: u8) {
    apic.accept(&message(Delivery::Fixed, vector));
}
