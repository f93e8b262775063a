//! What can happen to a board, at random.

use super::*;
use crate::device::lapic::{APIC_BASE, TSC_DEADLINE};
use proptest::prelude::*;

/// Bits of entries.
const LOGICAL: u32 = 1 << 11;
const LEVEL: u32 = 1 << 15;
const MASKED: u32 = 1 << 16;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    Read(u16, u8),
    Write(u16, u8, u32),
    Timer(u32, u32),
    /// Input, bits 31:0 of its entry, destination.
    Redirect(u32, u32, u32),
    /// Register number and value, as memory or as MSR.
    LocalApic(u32, u32),
    Base(u64),
    /// Ticks from now.
    Deadline(u64),
    SetTsc(u64),
    Wait(u64),
    Acknowledge,
    Receive(u8),
    Key(Key, bool),
}

/// A redirection entry or an entry of the local vector table: few vectors, so that they meet. Edge and level
/// triggered ones don't: a vector has one trigger mode. `flags` are those that the entry has.
fn entry(flags: u32) -> impl Strategy<Value = u32> {
    let vector = prop_oneof![8 => prop::sample::select(vec![0x31_u32, 0x32, 0x41, 0xef]), 1 => 0..0x20_u32];
    let delivery = prop_oneof![6 => Just(0_u32), 4 => 0..8_u32];
    let random = prop::sample::select(vec![0, 0, 0, 0, LOGICAL, LEVEL, LEVEL, MASKED, LEVEL | MASKED]);
    (vector, delivery, random).prop_map(move |(vector, delivery, random)| {
        let flags = random & flags;
        let vector = if flags & LEVEL == 0 { vector } else { (vector + 0x90) & 0xff };
        vector | delivery << 8 | flags
    })
}

fn local_apic() -> impl Strategy<Value = Step> {
    let register = prop_oneof![
        3 => Just((0x0b, 0)),
        2 => (0..0x60_u32).prop_map(|priority| (0x08, priority)),
        1 => prop::sample::select(vec![(0x0f, 0x1ff), (0x0f, 0x1ff), (0x0f, 0xff), (0x28, 0)]),
        1 => (0..2_u32).prop_map(|id| (0x0d, id << 24)),
        1 => (entry(0), 0..4_u32).prop_map(|(entry, shorthand)| (0x30, (entry & 0xfff) | shorthand << 18)),
        4 => (entry(MASKED), 0..4_u32).prop_map(|(entry, mode)| (0x32, (entry & 0x1_00ff) | mode << 17)),
        3 => (Just(0x35), entry(LEVEL | MASKED)),
        1 => (Just(0x37), entry(MASKED)),
        4 => (0..2_000_000_u32).prop_map(|count| (0x38, count)),
        1 => (0..16_u32).prop_map(|divide| (0x3e, divide & 0b1011)),
    ];
    register.prop_map(|(register, value)| Step::LocalApic(register, value))
}

/// Up to `length` steps.
pub fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let mut ports: Vec<u16> = PORTS.iter().flat_map(|(range, _)| range.clone()).collect();
    ports.extend([0xe9, 0xf4, 0xcf7, 0xcf8, 0xffff, 0x1f]);
    let port = prop_oneof![20 => prop::sample::select(ports), 1 => any::<u16>()];
    let wait = prop_oneof![
        8 => 0_u64..2_000_000,
        2 => 0_u64..3_000_000_000,
        1 => 0_u64..1 << 40,
    ];
    let value = prop_oneof![4 => any::<u32>(), 2 => 0_u32..16];
    // Masks, ends of interrupts and polling at the 8259A; what interrupts in power management and clock.
    let useful = prop::sample::select(vec![
        (0x21, 0),
        (0x21, 0xfe),
        (0x21, 0xff),
        (0xa1, 0),
        (0x20, 0x20),
        (0x20, 0x0c),
        (0x603, 4),
        (0x603, 5),
        (0x70, 0x0b),
        (0x71, 0x52),
    ]);
    let input = prop::sample::select(vec![0, 0, 1, 2, 2, 2, 4, 8, 9]);
    let destination = prop::sample::select(vec![0, 0, 0, 1, 0xff]);
    let base = prop::sample::select(vec![LAPIC | 0x900, LAPIC | 0x900, LAPIC | 0xd00, LAPIC | 0x100]);
    let step = prop_oneof![
        6 => (port.clone(), 0..3_u8).prop_map(|(port, size)| Step::Read(port, size)),
        12 => (port, prop_oneof![3 => Just(0_u8), 1 => 0..3_u8], value)
            .prop_map(|(port, size, value)| Step::Write(port, size, value)),
        3 => useful.prop_map(|(port, value)| Step::Write(port, 0, value)),
        2 => (0..6_u32, 2..5000_u32).prop_map(|(mode, count)| Step::Timer(mode, count)),
        4 => (input, entry(LOGICAL | LEVEL | MASKED), destination)
            .prop_map(|(input, low, destination)| Step::Redirect(input, low, destination)),
        10 => local_apic(),
        1 => base.prop_map(Step::Base),
        2 => (0_u64..3_000_000).prop_map(Step::Deadline),
        1 => (0_u64..3_000_000).prop_map(Step::SetTsc),
        6 => wait.prop_map(Step::Wait),
        5 => Just(Step::Acknowledge),
        2 => any::<u8>().prop_map(Step::Receive),
        1 => (prop::sample::select(Key::ALL), any::<bool>()).prop_map(|(key, down)| Step::Key(key, down)),
    ];
    prop::collection::vec(step, 1..length)
}

/// Does a step; gives what the guest can see of it at once.
pub fn apply(pc: &mut Pc, now: Instant, step: &Step) -> (u32, bool, Option<u8>, Effects) {
    let size = |code: u8| Size::from_bytes(1 << code).expect("1, 2 or 4");
    let mut seen = (0, false, None, Effects::default());
    match *step {
        Step::Read(port, code) => seen.0 = pc.read_port(now, port, size(code)),
        Step::Write(port, code, value) => seen.3 = pc.write_port(now, port, size(code), value),
        Step::Timer(mode, count) => start_timer(pc, now, mode, count),
        Step::Redirect(input, low, destination) => {
            for (register, value) in [(0x11 + 2 * input, destination << 24), (0x10 + 2 * input, low)] {
                pc.write_mmio(now, IOAPIC, OperandSize::Dword, register.into());
                pc.write_mmio(now, Gpa(IOAPIC.0 + 0x10), OperandSize::Dword, value.into());
            }
        }
        Step::LocalApic(register, value) => {
            let gpa = Gpa(LAPIC + 16 * u64::from(register));
            if pc.write_mmio(now, gpa, OperandSize::Dword, value.into()).is_none() {
                seen.1 = pc.write_lapic_msr(now, now.0, 0x800 + register, value.into()).is_ok();
            }
        }
        Step::Base(base) => seen.1 = pc.write_lapic_msr(now, now.0, APIC_BASE, base).is_ok(),
        Step::Deadline(ticks) => {
            seen.1 = pc.write_lapic_msr(now, now.0, TSC_DEADLINE, now.0.saturating_add(ticks)).is_ok();
        }
        Step::SetTsc(back) => pc.tsc_changed(now, now.0.saturating_sub(back)),
        Step::Wait(_) => pc.advance(now),
        Step::Acknowledge => {
            pc.advance(now);
            if pc.interrupt_pending() {
                seen.2 = Some(pc.acknowledge_interrupt());
            }
            seen.1 = pc.take_nmi() | pc.take_init();
        }
        Step::Receive(byte) => {
            seen.1 = pc.can_receive();
            pc.receive(now, byte);
        }
        Step::Key(key, down) => pc.key(now, key, down),
    }
    pc.advance(now);
    seen
}
