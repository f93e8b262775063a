//! The ports for kernels under development.

use super::*;
use crate::exits::StopReason;
use std::string::ToString;

const EXIT: u16 = 0xf4;
const CONSOLE: u16 = 0xe9;

fn pc_with(exit: u16, console: u16) -> Pc {
    let mut pc = test_pc(64 << 20);
    pc.ports = ports::map(DebugPorts { exit: Some(exit), console: Some(console) }, false);
    pc
}

fn exit_value(effects: Effects) -> Option<u32> {
    match effects.power {
        Some(PowerEvent::DebugExit(value)) => Some(value),
        _ => None,
    }
}

#[test]
fn a_write_of_any_size_to_the_debug_exit_port_ends_the_vm() {
    let mut pc = pc_with(EXIT, CONSOLE);
    let mut write = |port, size, value| exit_value(pc.write_port(T0, port, size, value));
    assert_eq!(write(EXIT, Size::Byte, 0xffff_ff2a), Some(0x2a));
    assert_eq!(write(EXIT, Size::Word, 0xffff_1234), Some(0x1234));
    assert_eq!(write(EXIT, Size::Dword, 0x1234_5678), Some(0x1234_5678));
    assert_eq!(write(EXIT - 1, Size::Word, 0x00ff_1234), Some(0x12), "the part that falls there");
    assert_eq!(write(EXIT + 1, Size::Byte, 1), None);
    assert_eq!(pc.read_port(T0, EXIT, Size::Byte), 0);
}

#[test]
fn the_vm_ends_with_the_value_in_words() {
    let reason = StopReason::from(PowerEvent::DebugExit(42));
    assert_eq!(reason.to_string(), "the guest ended with debug exit value 42");
}

#[test]
fn bytes_for_the_debug_console_join_the_console() {
    let mut pc = pc_with(EXIT, CONSOLE);
    assert_eq!(out(&mut pc, T0, CONSOLE, 0x141).output.as_slice(), b"A");
    let wide = pc.write_port(T0, CONSOLE, Size::Word, 0x4342);
    assert_eq!(wide.output.as_slice(), b"B", "the other byte is for the next port");
    assert_eq!(wide.power, None);
    assert_eq!(inb(&mut pc, T0, CONSOLE), 0xe9);
}

#[test]
fn a_board_without_them_has_nothing_there() {
    let mut pc = test_pc(64 << 20);
    assert_eq!((inb(&mut pc, T0, CONSOLE), inb(&mut pc, T0, EXIT)), (0xff, 0xff));
    assert_eq!(out(&mut pc, T0, EXIT, 1), Effects::default());
    assert_eq!(out(&mut pc, T0, CONSOLE, 1), Effects::default());
}

#[test]
fn the_boards_own_ports_stay_its_own() {
    for port in [0x20, 0x43, 0x64, 0x80, 0x3f8, 0x3ff, 0x510, 0x511, 0xcf8, 0xcf9, 0xcff] {
        assert!(!is_free_port(port), "{port:#x}");
        let mut pc = pc_with(port, port);
        assert_eq!(exit_value(out(&mut pc, T0, port, 0)), None, "{port:#x}");
    }
    for port in [0x10, 0x22, CONSOLE, EXIT, 0x402, 0x501, 0xcf7, 0xd00, 0xffff] {
        assert!(is_free_port(port), "{port:#x}");
    }
    // The last port can't be one, and two can't be at one port.
    assert_eq!(exit_value(out(&mut pc_with(0xffff, 0x10), T0, 0xffff, 1)), None);
    assert_eq!(exit_value(out(&mut pc_with(EXIT, EXIT), T0, EXIT, 1)), Some(1));
}
