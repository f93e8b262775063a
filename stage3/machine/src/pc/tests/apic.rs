//! The board with its local APIC and I/O APIC.

use super::*;
use crate::device::lapic::{APIC_BASE, TSC_DEADLINE};

const EOI_REGISTER: u64 = 0xb0;
const LVT_TIMER: u64 = 0x320;
const LVT_LINT0: u64 = 0x350;
const INITIAL_COUNT: u64 = 0x380;
/// Bits 10:8 of an entry: NMI.
const NMI: u32 = 0x400;
/// Bits 10:8 of an entry: ExtINT.
const EXT_INT: u32 = 0x700;

/// Writes a redirection entry of the I/O APIC: fixed delivery of `low` to APIC 0.
fn redirect(pc: &mut Pc, input: u32, low: u32) {
    for (register, value) in [(0x11 + 2 * input, 0), (0x10 + 2 * input, low)] {
        pc.write_mmio(T0, IOAPIC, OperandSize::Dword, register.into()).unwrap();
        pc.write_mmio(T0, Gpa(IOAPIC.0 + 0x10), OperandSize::Dword, value.into()).unwrap();
    }
}

fn lapic_write(pc: &mut Pc, now: Instant, offset: u64, value: u64) {
    pc.write_mmio(now, Gpa(LAPIC + offset), OperandSize::Dword, value).unwrap();
}

#[test]
fn the_timer_interrupts_through_the_io_apic() {
    let mut pc = pc(0xffff);
    redirect(&mut pc, 2, 0x30);
    start_timer(&mut pc, T0, 2, COUNT);
    let due = pc.next_deadline().expect("the timer runs");
    pc.advance(due);
    assert_eq!(pc.acknowledge_interrupt(), 0x30);
    pc.advance(due + PERIOD);
    assert!(!pc.interrupt_pending(), "before the EOI");
    lapic_write(&mut pc, due + PERIOD, 0xb0, 0);
    assert_eq!(pc.acknowledge_interrupt(), 0x30);
}

#[test]
fn the_8259_reaches_the_cpu_through_lint0_only_in_virtual_wire_mode() {
    let mut pc = pc(0xfffe);
    start_timer(&mut pc, T0, 0, COUNT);
    pc.advance(Instant(2 * PERIOD));
    assert!(pc.interrupt_pending());
    lapic_write(&mut pc, T0, 0x350, 1 << 16);
    assert!(!pc.interrupt_pending(), "LINT0 is masked");
}

#[test]
fn a_level_interrupt_comes_again_until_its_line_falls() {
    let mut pc = pc(0xffff);
    redirect(&mut pc, SCI_IRQ.into(), 1 << 15 | 0x41);
    out(&mut pc, T0, 0x603, 1);
    pc.press_power_button(T0);
    for _ in 0..2 {
        assert_eq!(pc.acknowledge_interrupt(), 0x41);
        lapic_write(&mut pc, T0, 0xb0, 0);
    }
    assert!(pc.interrupt_pending());
    pc.acknowledge_interrupt();
    out(&mut pc, T0, 0x601, 1);
    lapic_write(&mut pc, T0, 0xb0, 0);
    assert!(!pc.interrupt_pending());
}

#[test]
fn the_local_apics_timer_has_a_deadline() {
    let mut pc = pc(0xffff);
    lapic_write(&mut pc, T0, 0x320, 0x50);
    lapic_write(&mut pc, T0, 0x380, 1000);
    let due = pc.next_deadline().expect("it runs");
    assert_eq!(due, Instant(20_000), "100 MHz, divided by two");
    pc.advance(due);
    assert_eq!((pc.acknowledge_interrupt(), pc.next_deadline()), (0x50, None));
}

#[test]
fn cr8_holds_interrupts_back_and_tells_which() {
    let mut pc = pc(0xffff);
    pc.set_cr8(5);
    assert_eq!(pc.read_mmio(T0, Gpa(LAPIC + 0x80), OperandSize::Dword), Some(0x50));
    lapic_write(&mut pc, T0, 0x300, 0x4_0000 | 0x57);
    assert_eq!((pc.interrupt_pending(), pc.held_back_class()), (false, Some(5)));
    pc.set_cr8(4);
    assert_eq!((pc.interrupt_pending(), pc.held_back_class()), (true, None));
}

#[test]
fn messages_to_oneself_arrive() {
    let mut pc = pc(0xffff);
    lapic_write(&mut pc, T0, 0x300, 0x0_4400);
    assert!(pc.has_signal() && pc.take_nmi() && !pc.take_nmi());
    lapic_write(&mut pc, T0, 0x300, 0x0_4500);
    assert!(pc.take_init());
    assert_eq!(pc.write_lapic_msr(T0, 0, 0x80b, 0), Err(Fault::GeneralProtection), "not in x2APIC mode");
    pc.write_lapic_msr(T0, 0, 0x1b, LAPIC | 0xd00).unwrap();
    assert_eq!(pc.read_mmio(T0, Gpa(LAPIC), OperandSize::Dword), None, "x2APIC mode has no page");
    pc.write_lapic_msr(T0, 0, 0x80b, 0).unwrap();
    assert!(pc.has_lapic());
    pc.write_lapic_msr(T0, 0, 0x1b, LAPIC | 0x100).unwrap();
    assert!(!pc.has_lapic());
}

/// Linux tries these when its timer does not come through input 2 ("through the 8259A", "Virtual Wire IRQ").
/// Nobody acknowledges at the 8259A: its request stays, and each tick is an edge of INTR all the same.
#[test]
fn the_timer_interrupts_through_the_8259_as_an_ordinary_interrupt() {
    for through_the_io_apic in [true, false] {
        let mut pc = pc(0xfffe);
        lapic_write(&mut pc, T0, LVT_LINT0, if through_the_io_apic { 1 << 16 } else { 0x30 });
        redirect(&mut pc, 0, if through_the_io_apic { 0x30 } else { 1 << 16 });
        start_timer(&mut pc, T0, 2, COUNT);
        let mut last = T0;
        for _ in 0..5 {
            let due = pc.next_deadline().expect("the timer runs");
            assert!(due - last >= PERIOD - 1);
            pc.advance(due);
            assert_eq!(pc.acknowledge_interrupt(), 0x30);
            assert!(!pc.interrupt_pending());
            lapic_write(&mut pc, due, EOI_REGISTER, 0);
            last = due;
        }
    }
}

#[test]
fn two_requests_of_the_8259_are_two_edges_for_the_io_apic() {
    let mut pc = pc(0xffff);
    // Automatic EOI: the second request waits for nothing.
    for (port, value) in [(0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 3), (0x21, 0xed)] {
        out(&mut pc, T0, port, value);
    }
    lapic_write(&mut pc, T0, LVT_LINT0, 1 << 16);
    redirect(&mut pc, 0, EXT_INT);
    out(&mut pc, T0, UART + 4, 8);
    out(&mut pc, T0, UART + 1, 2);
    out(&mut pc, T0, 0x64, 0x60);
    out(&mut pc, T0, 0x60, 1);
    pc.key(T0, Key::A, true);
    for vector in [0x21, 0x24] {
        assert!(pc.interrupt_pending());
        assert_eq!(pc.acknowledge_interrupt(), vector);
    }
    assert!(!pc.interrupt_pending());
}

#[test]
fn the_8259_goes_before_the_local_apic_and_knows_no_task_priority() {
    let mut pc = pc(0xfffe);
    start_timer(&mut pc, T0, 0, COUNT);
    lapic_write(&mut pc, T0, 0x300, 0x4_00f1);
    pc.set_cr8(14);
    let now = Instant(2 * PERIOD);
    pc.advance(now);
    assert_eq!((pc.acknowledge_interrupt(), pc.acknowledge_interrupt()), (0x20, 0xf1));
    assert!(!pc.interrupt_pending());
}

#[test]
fn a_timer_whose_interrupt_waits_wakes_nobody_until_it_is_taken() {
    let mut pc = pc(0xffff);
    lapic_write(&mut pc, T0, LVT_TIMER, 0x2_0050);
    lapic_write(&mut pc, T0, INITIAL_COUNT, 50_000);
    pc.advance(Instant(1_000_000));
    assert_eq!(pc.next_deadline(), None, "it waits");
    pc.advance(Instant(2_500_000));
    assert_eq!(pc.acknowledge_interrupt(), 0x50);
    assert_eq!(pc.next_deadline(), Some(Instant(3_000_000)), "before the EOI");
    lapic_write(&mut pc, Instant(2_600_000), EOI_REGISTER, 0);
    assert!(!pc.interrupt_pending(), "the end at 2 ms was part of the first one");
}

#[test]
fn ticks_that_reach_nobody_wake_nobody() {
    for (mask, input, lint0) in [
        // A local APIC that isn't there, or is disabled; LINT0 is masked.
        (0xffff, 0x0800_0030, EXT_INT),
        (0xfffe, 1 << 16, 1 << 16),
        (0xfffe, 1 << 16, 0x200),
    ] {
        let mut pc = pc(mask);
        redirect(&mut pc, 2, input & 0x00ff_ffff);
        if input >> 24 != 0 {
            for (register, value) in [(0, 0x15), (0x10, input)] {
                pc.write_mmio(T0, Gpa(IOAPIC.0 + register), OperandSize::Dword, value.into()).unwrap();
            }
        }
        lapic_write(&mut pc, T0, LVT_LINT0, lint0.into());
        start_timer(&mut pc, T0, 2, COUNT);
        assert_eq!(pc.next_deadline(), None);
    }
    let mut pc = pc(0xffff);
    redirect(&mut pc, 2, 0x30);
    start_timer(&mut pc, T0, 2, COUNT);
    assert!(pc.next_deadline().is_some());
    pc.advance(Instant(2 * PERIOD));
    assert_eq!(pc.next_deadline(), None, "the interrupt waits");
    pc.acknowledge_interrupt();
    assert!(pc.next_deadline().is_some());
    lapic_write(&mut pc, Instant(2 * PERIOD), 0xf0, 0xff);
    assert_eq!(pc.next_deadline(), None, "disabled by software");
    redirect(&mut pc, 2, NMI);
    assert!(pc.next_deadline().is_some(), "no register holds back an NMI");
    pc.advance(Instant(4 * PERIOD));
    assert_eq!(pc.next_deadline(), None, "it waits");
    assert!(pc.take_nmi() && pc.next_deadline().is_some());
}

#[test]
fn the_system_control_interrupt_is_level_triggered_at_the_8259_too() {
    let mut pc = pc(0xfdfb);
    assert_eq!((inb(&mut pc, T0, 0x4d0), inb(&mut pc, T0, 0x4d1)), (0, 0x02));
    out(&mut pc, T0, 0x603, 1);
    pc.press_power_button(T0);
    for _ in 0..3 {
        assert_eq!(pc.acknowledge_interrupt(), 0x29);
        end_of_interrupt(&mut pc, T0);
    }
    out(&mut pc, T0, 0x601, 1);
    assert!(!pc.interrupt_pending());
}

#[test]
fn the_clock_wakes_through_the_system_control_interrupt_though_its_line_is_masked() {
    let mut pc = pc(0xfdfb);
    pc.write_port(T0, 0x70, Size::Word, 0x120b);
    assert_eq!(pc.next_deadline(), None);
    out(&mut pc, T0, 0x603, 1 << 2);
    assert_eq!(pc.next_deadline(), Some(Instant(SECOND)));
    pc.advance(Instant(SECOND));
    assert_eq!(pc.acknowledge_interrupt(), 0x29);
    assert_eq!(pc.next_deadline(), None, "the line is up");
}

#[test]
fn the_local_apics_page_goes_where_its_base_says() {
    let mut pc = pc(0xffff);
    let moved = 0xfe00_0000;
    pc.write_lapic_msr(T0, 0, APIC_BASE, moved | 0x900).unwrap();
    assert_eq!(pc.read_mmio(T0, Gpa(LAPIC + 0x30), OperandSize::Dword), None);
    assert!(pc.read_mmio(T0, Gpa(moved + 0x30), OperandSize::Dword).is_some());
    // It hides the I/O APIC if it is there too.
    let version = pc.read_mmio(T0, Gpa(moved + 0x30), OperandSize::Dword);
    pc.write_lapic_msr(T0, 0, APIC_BASE, IOAPIC.0 | 0x900).unwrap();
    assert_eq!(pc.read_mmio(T0, Gpa(IOAPIC.0 + 0x30), OperandSize::Dword), version);
}

#[test]
fn a_deadline_of_the_tsc_moves_when_the_tsc_is_set() {
    let mut pc = pc(0xffff);
    lapic_write(&mut pc, T0, LVT_TIMER, 0x4_0050);
    pc.write_lapic_msr(T0, 0, TSC_DEADLINE, 1_000_000).unwrap();
    let due = pc.next_deadline().expect("it is armed");
    assert!((1_000_000..1_000_010).contains(&due.0), "1 GHz");
    pc.tsc_changed(Instant(1000), 500_000);
    let due = pc.next_deadline().expect("it is armed");
    assert!((501_000..501_010).contains(&due.0));
    pc.tsc_changed(Instant(2000), 1_000_000);
    assert_eq!((pc.next_deadline(), pc.acknowledge_interrupt()), (None, 0x50));
}

#[test]
fn a_local_apic_that_is_switched_off_leaves_the_8259_to_the_cpu() {
    let mut pc = pc(0xfffe);
    lapic_write(&mut pc, T0, LVT_LINT0, 1 << 16);
    start_timer(&mut pc, T0, 2, COUNT);
    assert_eq!(pc.next_deadline(), None);
    pc.write_lapic_msr(T0, 0, APIC_BASE, LAPIC | 0x100).unwrap();
    let due = pc.next_deadline().expect("INTR is the CPU's pin now");
    pc.advance(due);
    assert_eq!(pc.acknowledge_interrupt(), 0x20);
    assert!(!pc.has_lapic());
    let from_off = pc.write_lapic_msr(T0, 0, APIC_BASE, LAPIC | 0xd00);
    assert_eq!(from_off, Err(Fault::GeneralProtection), "x2APIC mode is entered from xAPIC mode");
    pc.write_lapic_msr(T0, 0, APIC_BASE, LAPIC | 0x900).unwrap();
    assert!(pc.has_lapic());
}

#[test]
fn a_device_is_not_forgotten_because_the_timers_line_keeps_the_8259s_output_up() {
    let mut pc = pc(!0b1_0001);
    lapic_write(&mut pc, T0, LVT_LINT0, NMI.into());
    // A square wave: up at each period, and down again in its middle.
    start_timer(&mut pc, T0, 3, COUNT);
    let up = pc.next_deadline().expect("the timer");
    pc.advance(up);
    assert!(pc.take_nmi());
    // A byte that nobody reads interrupts after the time of four, which is 694 µs at this rate.
    for (register, value) in [(3, 0x83), (0, 2), (1, 0), (3, 3), (4, 8), (2, 0xc1), (1, 1)] {
        out(&mut pc, up, UART + register, value);
    }
    pc.receive(up, b'x');
    let due = pc.next_deadline().expect("the byte, or the timer");
    assert!(due > up + PERIOD / 2 && due < up + PERIOD, "{due:?}");
    pc.advance(due);
    assert!(pc.take_nmi());
}

#[test]
fn only_some_lines_can_wake_a_cpu_without_interrupts() {
    const INIT: u32 = 0x500;
    const MASKED: u32 = 0x1_0000;
    let mut pc = pc(0xffff);
    assert!(!pc.can_signal(), "LINT1 is NMI, and wired to nothing");
    for (low, expected) in [(0x30, false), (NMI, true), (INIT, true), (NMI | MASKED, false)] {
        redirect(&mut pc, 2, low);
        assert_eq!(pc.can_signal(), expected, "input {low:#x}");
    }
    for (entry, expected) in [(EXT_INT, false), (NMI, true), (NMI | MASKED, false), (INIT, true)] {
        lapic_write(&mut pc, T0, LVT_LINT0, entry.into());
        assert_eq!(pc.can_signal(), expected, "LINT0 {entry:#x}");
    }
}
