//! The board as a guest and as the run loop see it.

mod apic;
mod debug_ports;
mod disks;
mod display;
mod firmware;
mod floppy;
mod fw_cfg;
mod properties;
mod restart;
mod steps;

use super::*;
use crate::device::power_management::SLEEP_TYPE_S5;
use crate::emulate::{Mmio, OperandSize};
use crate::memory::Gpa;
use crate::port::Size;
use crate::time::SECOND;
use crate::vcpu::Fault;
use std::{format, string::String, vec, vec::Vec};

const MASTER: u16 = 0x20;
const MASTER_MASK: u16 = 0x21;
const SLAVE: u16 = 0xa0;
const SLAVE_MASK: u16 = 0xa1;
const EOI: u32 = 0x20;
const TIMER: u16 = 0x40;
const TIMER_CONTROL: u16 = 0x43;
const UART: u16 = 0x3f8;
/// 1,000 Hz, nearly: the timer's count and period in nanoseconds, rounded up.
const COUNT: u32 = 1193;
const PERIOD: u64 = 999_848;
const T0: Instant = Instant(0);
/// The local APIC's page after power-on.
const LAPIC: u64 = 0xfee0_0000;

fn out(pc: &mut Pc, now: Instant, port: u16, value: u32) -> Effects {
    pc.write_port(now, port, Size::Byte, value)
}

fn inb(pc: &mut Pc, now: Instant, port: u16) -> u32 {
    pc.read_port(now, port, Size::Byte)
}

/// A PC whose interrupt controllers are set up with vectors 20h and 28h and this mask.
fn pc(mask: u16) -> Pc {
    let mut pc = test_pc(64 << 20);
    for (port, words) in [(MASTER, [0x11, 0x20, 4, 1]), (SLAVE, [0x11, 0x28, 2, 1])] {
        out(&mut pc, T0, port, words[0]);
        for word in &words[1..] {
            out(&mut pc, T0, port + 1, *word);
        }
    }
    let [master, slave] = mask.to_le_bytes();
    out(&mut pc, T0, MASTER_MASK, master.into());
    out(&mut pc, T0, SLAVE_MASK, slave.into());
    pc
}

/// Programs counter 0 at `now`: mode 2 is a rate, 0 and 4 are one-shots.
fn start_timer(pc: &mut Pc, now: Instant, mode: u32, count: u32) {
    out(pc, now, TIMER_CONTROL, 0x30 | mode << 1);
    out(pc, now, TIMER, count & 0xff);
    out(pc, now, TIMER, count >> 8);
}

fn end_of_interrupt(pc: &mut Pc, now: Instant) {
    out(pc, now, SLAVE, EOI);
    out(pc, now, MASTER, EOI);
}

#[test]
fn no_two_devices_share_a_port() {
    let mut map = PortMap::default();
    for (range, device) in PORTS {
        assert_eq!(map.register(range.clone(), *device), Ok(()));
    }
}

#[test]
fn ports_without_device_float_high_at_every_size() {
    let mut pc = pc(0);
    for port in [0x10, 0x65, 0x74, 0x77, 0x1f0, 0x402, 0x51c, 0xcf0, 0xfffc] {
        for size in [Size::Byte, Size::Word, Size::Dword] {
            assert_eq!(pc.write_port(T0, port, size, 0), Effects::default());
            assert_eq!(pc.read_port(T0, port, size), size.mask(), "{port:#x} {size:?}");
        }
    }
}

#[test]
fn the_firmware_configuration_tells_the_amount_of_memory() {
    let mut pc = pc(0);
    assert_eq!(pc.write_port(T0, 0x510, Size::Word, 0xffff_0003), Effects::default());
    // Its ports have no register of these sizes.
    out(&mut pc, T0, 0x510, 5);
    out(&mut pc, T0, 0x511, 5);
    let memory: [u8; 8] = core::array::from_fn(|_| inb(&mut pc, T0, 0x511) as u8);
    assert_eq!(u64::from_le_bytes(memory), 64 << 20);
}

#[test]
fn wide_accesses_are_bytes_at_consecutive_ports() {
    let mut pc = pc(0xffff);
    pc.write_port(T0, 0x70, Size::Word, 0xa540);
    assert_eq!(inb(&mut pc, T0, 0x71), 0xa5);
    assert_eq!(pc.read_port(T0, 0x71, Size::Word), 0xffa5);
    assert_eq!(pc.read_port(T0, 0x92, Size::Dword), 0xffff_ff02);
    out(&mut pc, T0, 0x80, 0x12);
    assert_eq!(pc.read_port(T0, 0x80, Size::Word), 0x0012);
    assert_eq!(pc.read_port(T0, MASTER, Size::Word), 0xff00);
    let effects = pc.write_port(T0, UART, Size::Dword, 0x0300_0041);
    assert_eq!(effects.output.as_slice(), b"A");
    assert_eq!(pc.read_port(T0, UART + 2, Size::Word), 0x0301);
}

#[test]
fn the_timer_interrupts_at_its_deadline() {
    let mut pc = pc(0);
    start_timer(&mut pc, T0, 2, COUNT);
    for _ in 0..5 {
        let due = pc.next_deadline().expect("a deadline");
        pc.advance(Instant(due.0 - 1));
        assert!(!pc.interrupt_pending());
        pc.advance(due);
        assert!(pc.interrupt_pending());
        assert_eq!(pc.next_deadline(), None, "it is requested already");
        assert_eq!(pc.acknowledge_interrupt(), 0x20);
        assert!(!pc.interrupt_pending());
        let next = pc.next_deadline().expect("the next one");
        assert!((next - due).abs_diff(PERIOD) <= 1);
        end_of_interrupt(&mut pc, due + 10);
        assert!(!pc.interrupt_pending());
    }
}

#[test]
fn one_shot_timers_interrupt_once() {
    for mode in [0, 4] {
        let mut pc = pc(0);
        start_timer(&mut pc, T0, mode, COUNT);
        assert!(!pc.interrupt_pending());
        let due = pc.next_deadline().expect("a deadline");
        pc.advance(due);
        assert_eq!(pc.acknowledge_interrupt(), 0x20);
        assert_eq!(pc.next_deadline(), None);
    }
}

#[test]
fn a_masked_timer_wakes_nobody_and_its_edge_is_there_when_unmasked() {
    let mut pc = pc(1);
    start_timer(&mut pc, T0, 2, COUNT);
    assert_eq!(pc.next_deadline(), None);
    let now = Instant(100 * PERIOD + 5000);
    pc.advance(now);
    assert!(!pc.interrupt_pending());
    out(&mut pc, now, MASTER_MASK, 0);
    assert!(pc.interrupt_pending());
    assert_eq!(pc.acknowledge_interrupt(), 0x20);
    assert!(!pc.interrupt_pending(), "a hundred edges are one");
}

#[test]
fn a_tick_during_service_comes_after_it() {
    let mut pc = pc(0);
    start_timer(&mut pc, T0, 2, COUNT);
    let due = pc.next_deadline().expect("a deadline");
    pc.advance(due);
    pc.acknowledge_interrupt();
    let late = due + 3 * PERIOD;
    pc.advance(late);
    assert!(!pc.interrupt_pending());
    end_of_interrupt(&mut pc, late);
    assert!(pc.interrupt_pending());
}

#[test]
fn the_speaker_counter_measures_time_through_port_61() {
    let mut pc = pc(0xffff);
    out(&mut pc, T0, 0x61, 1);
    out(&mut pc, T0, TIMER_CONTROL, 0xb0);
    out(&mut pc, T0, 0x42, COUNT & 0xff);
    out(&mut pc, T0, 0x42, COUNT >> 8);
    assert_eq!(inb(&mut pc, Instant(PERIOD), 0x61) & 0x20, 0);
    assert_eq!(inb(&mut pc, Instant(PERIOD + 1000), 0x61) & 0x20, 0x20);
    assert_eq!(pc.next_deadline(), None);
}

#[test]
fn the_clock_interrupts_through_the_slave() {
    let mut pc = pc(0);
    pc.write_port(T0, 0x70, Size::Word, 0x120b);
    assert_eq!(pc.next_deadline(), Some(Instant(SECOND)));
    pc.advance(Instant(SECOND));
    assert_eq!(pc.acknowledge_interrupt(), 0x28);
    end_of_interrupt(&mut pc, Instant(SECOND));
    assert_eq!(pc.next_deadline(), None, "the line is high until register C is read");
    out(&mut pc, Instant(SECOND), 0x70, 0x0c);
    assert_eq!(inb(&mut pc, Instant(SECOND), 0x71) & 0x90, 0x90);
    assert_eq!(pc.next_deadline(), Some(Instant(2 * SECOND)));
}

#[test]
fn the_serial_port_interrupts_for_each_event() {
    let mut pc = pc(0);
    out(&mut pc, T0, UART + 4, 0x08);
    out(&mut pc, T0, UART + 1, 0x03);
    assert_eq!(pc.acknowledge_interrupt(), 0x24);
    // The handler writes without reading IIR: the line falls and rises, and the next interrupt comes.
    assert_eq!(out(&mut pc, T0, UART, 0x41).output.as_slice(), b"A");
    end_of_interrupt(&mut pc, T0);
    assert_eq!(pc.acknowledge_interrupt(), 0x24);
    assert_eq!(inb(&mut pc, T0, UART + 2), 0x02);
    end_of_interrupt(&mut pc, T0);
    assert!(!pc.interrupt_pending());
    assert!(pc.can_receive());
    pc.receive(T0, b'x');
    assert!(!pc.can_receive());
    assert_eq!(pc.acknowledge_interrupt(), 0x24);
    assert_eq!(inb(&mut pc, T0, UART), u32::from(b'x'));
}

#[test]
fn waiting_characters_are_announced_in_time() {
    let mut pc = pc(0);
    for (register, value) in [(3, 0x83), (0, 12), (3, 3), (2, 0xc1), (4, 8), (1, 1)] {
        out(&mut pc, T0, UART + register, value);
    }
    pc.receive(T0, b'x');
    let due = pc.next_deadline().expect("the time-out");
    assert_eq!(due, Instant(4 * (10 * 12 * SECOND / 115_200)));
    pc.advance(due);
    assert_eq!(pc.acknowledge_interrupt(), 0x24);
    assert_eq!(pc.next_deadline(), None);
}

#[test]
fn every_byte_of_the_keyboard_interrupts() {
    let mut pc = pc(0);
    out(&mut pc, T0, 0x64, 0x60);
    out(&mut pc, T0, 0x60, 0x01);
    out(&mut pc, T0, 0x60, 0xf2);
    for byte in [0xfa, 0xab, 0x83] {
        assert_eq!(pc.acknowledge_interrupt(), 0x21);
        assert_eq!(inb(&mut pc, T0, 0x60), byte);
        end_of_interrupt(&mut pc, T0);
    }
    assert!(!pc.interrupt_pending());
}

#[test]
fn keys_interrupt_and_indicators_light() {
    let mut pc = pc(0);
    out(&mut pc, T0, 0x64, 0x60);
    out(&mut pc, T0, 0x60, 0x41);
    pc.key(T0, Key::RightAlt, true);
    pc.key(T0, Key::RightAlt, false);
    for byte in [0xe0, 0x38, 0xe0, 0xb8] {
        assert_eq!(pc.acknowledge_interrupt(), 0x21);
        assert_eq!(inb(&mut pc, T0, 0x60), byte);
        end_of_interrupt(&mut pc, T0);
    }
    assert!(!pc.interrupt_pending());
    out(&mut pc, T0, 0x60, 0xed);
    out(&mut pc, T0, 0x60, 0b100);
    assert_eq!(pc.keyboard_indicators(), 0b100);
}

#[test]
fn each_way_to_reset_is_named() {
    for (port, values, source) in [
        (0x64, &[0xfe][..], ResetSource::KeyboardController),
        (0x92, &[0x03], ResetSource::FastReset),
        (0xcf9, &[0x02, 0x06], ResetSource::ResetControl),
    ] {
        let mut pc = pc(0);
        let effects: Vec<_> = values.iter().map(|value| out(&mut pc, T0, port, *value).power).collect();
        assert_eq!(effects.last(), Some(&Some(PowerEvent::Reset(source))));
        assert!(effects[..effects.len() - 1].iter().all(Option::is_none));
        assert!(!format!("{source}").is_empty());
    }
}

#[test]
fn a_pci_configuration_address_is_no_reset() {
    let mut pc = pc(0);
    for (port, size) in [(0xcf8, Size::Dword), (0xcf8, Size::Word), (0xcf9, Size::Word), (0xcf7, Size::Dword)]
    {
        assert_eq!(pc.write_port(T0, port, size, 0xffff_ffff), Effects::default());
    }
    assert_eq!(inb(&mut pc, T0, 0xcf9), 0);
}

#[test]
fn the_pci_bus_has_a_host_bridge_and_nothing_else() {
    let mut pc = pc(0);
    let mut identity = |device: u32| {
        pc.write_port(T0, 0xcf8, Size::Dword, 1 << 31 | device << 11);
        pc.read_port(T0, 0xcfc, Size::Dword)
    };
    assert_ne!(identity(0), u32::MAX);
    for device in 1..32 {
        assert_eq!(identity(device), u32::MAX);
    }
}

#[test]
fn the_sleep_state_s5_is_the_power_switch() {
    let mut pc = pc(0xffff);
    let value = 1 << 13 | u32::from(SLEEP_TYPE_S5) << 10;
    let effects = pc.write_port(T0, 0x604, Size::Word, value);
    assert_eq!(effects.power, Some(PowerEvent::Off));
}
