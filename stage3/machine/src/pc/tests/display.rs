//! A board with a display adapter, and its keyboard.

use super::*;

fn pc_with_vga() -> Pc {
    Pc::new(&PcConfig {
        layout: RamLayout::new(64 << 20).with_vga(),
        debug: DebugPorts { exit: Some(0x3d4), console: None },
        ..test_config(64 << 20)
    })
}

#[test]
fn its_index_and_data_can_be_written_as_a_word() {
    let mut pc = pc_with_vga();
    assert_eq!(pc.write_port(T0, 0x3d4, Size::Word, 0x550e), Effects::default());
    assert_eq!(pc.read_port(T0, 0x3d4, Size::Word), 0x550e);
    assert_eq!(pc.vga().and_then(Vga::text).unwrap().cursor.unwrap().location, 0x5500);
    assert_eq!(inb(&mut pc, T0, 0x3ba), 0xff, "the monochrome display's port");
}

#[test]
fn a_board_without_one_has_nothing_there() {
    let mut pc = test_pc(64 << 20);
    assert!(pc.vga().is_none());
    for port in crate::device::vga::PORTS.into_iter().flatten() {
        assert_eq!(out(&mut pc, T0, port, 0), Effects::default());
        assert_eq!(inb(&mut pc, T0, port), 0xff);
        assert!(!is_free_port(port));
    }
}

#[test]
fn the_keyboard_takes_a_key_when_the_last_one_was_read() {
    let mut pc = pc_with_vga();
    assert!(pc.can_type());
    pc.key(T0, Key::Home, true);
    for _ in 0..2 {
        assert!(!pc.can_type());
        inb(&mut pc, T0, 0x60);
    }
    assert!(pc.can_type());
    out(&mut pc, T0, 0x64, 0xaa);
    assert!(!pc.can_type(), "the answer to a command waits");
}
