//! Resets of the whole board.

use super::*;
use crate::medium::Medium;

const LATER: Instant = Instant(100 * SECOND);
const CMOS: u16 = 0x70;

fn cmos(pc: &mut Pc, now: Instant, register: u8) -> u32 {
    out(pc, now, CMOS, register.into());
    inb(pc, now, CMOS + 1)
}

fn set_cmos(pc: &mut Pc, now: Instant, register: u8, value: u32) {
    out(pc, now, CMOS, register.into());
    out(pc, now, CMOS + 1, value);
}

/// Hours, minutes, seconds.
fn time(pc: &mut Pc, now: Instant) -> [u32; 3] {
    [4, 2, 0].map(|register| cmos(pc, now, register))
}

#[test]
fn the_clock_goes_on_and_its_ram_stays() {
    let mut pc = test_pc(16 << 20);
    for (register, value) in [(4, 0x11), (2, 0x22), (0, 0x33), (0x0f, 0x0a), (0x40, 0x5a)] {
        set_cmos(&mut pc, T0, register, value);
    }
    pc.restart(&test_config(16 << 20), LATER);
    assert_eq!(time(&mut pc, T0), [0x11, 0x24, 0x13]);
    assert_eq!(time(&mut pc, Instant(SECOND - 1)), [0x11, 0x24, 0x13]);
    assert_eq!(time(&mut pc, Instant(SECOND)), [0x11, 0x24, 0x14]);
    assert_eq!((cmos(&mut pc, T0, 0x0f), cmos(&mut pc, T0, 0x40)), (0x0a, 0x5a));
    pc.restart(&test_config(16 << 20), Instant(SECOND + SECOND / 4));
    assert_eq!(time(&mut pc, Instant(SECOND / 2)), [0x11, 0x24, 0x14]);
    assert_eq!(time(&mut pc, Instant(3 * SECOND / 4)), [0x11, 0x24, 0x15], "parts of seconds count");
}

#[test]
fn interrupts_of_the_clock_end_and_its_modes_stay() {
    let mut pc = test_pc(16 << 20);
    set_cmos(&mut pc, T0, 0x0b, 0x7e);
    pc.advance(LATER);
    pc.restart(&test_config(16 << 20), LATER);
    assert_eq!((cmos(&mut pc, T0, 0x0b), cmos(&mut pc, T0, 0x0c)), (0x06, 0));
    assert_eq!(pc.next_deadline(), None);
    // A clock that was stopped stays stopped.
    set_cmos(&mut pc, T0, 0x0a, 0x66);
    let before = time(&mut pc, T0);
    pc.restart(&test_config(16 << 20), LATER);
    assert_eq!(time(&mut pc, LATER), before);
}

#[test]
fn what_it_says_of_the_computer_is_true_again() {
    let mut pc = test_pc(16 << 20);
    pc.attach(vec![Medium::new(&[7; 512 * 1008 * 4])]);
    pc.insert_floppies(vec![Medium::new(vec![0; 1440 << 10].leak())]);
    let all: Vec<_> = (0x10..0x36).map(|register| cmos(&mut pc, T0, register)).collect();
    for register in (0x10..0x32).chain(0x33..0x36) {
        set_cmos(&mut pc, T0, register, 0xee);
    }
    pc.restart(&test_config(16 << 20), LATER);
    // But for the century, and a byte that nobody else has.
    let again: Vec<_> = (0x10..0x36).map(|register| cmos(&mut pc, T0, register)).collect();
    assert_eq!((&again[..0x22], &again[0x24..]), (&all[..0x22], &all[0x24..]));
    assert_eq!((pc.detach().len(), pc.eject_floppies().len()), (1, 1));
    pc.restart(&test_config(16 << 20), LATER);
    assert_eq!([0x10, 0x12, 0x14].map(|register| cmos(&mut pc, T0, register)), [0, 0, 2], "no disks");
}

#[test]
fn other_devices_are_as_after_power_on() {
    let mut pc = pc(0xfffe);
    program_uart_scratch(&mut pc);
    pc.restart(&test_config(64 << 20), LATER);
    assert_eq!(inb(&mut pc, T0, UART + 7), 0);
    assert!(!pc.interrupt_pending());
}

fn program_uart_scratch(pc: &mut Pc) {
    out(pc, T0, UART + 7, 0x77);
    assert_eq!(inb(pc, T0, UART + 7), 0x77);
}
