//! Firmware configuration, as a guest reaches it.

use super::*;
use crate::memory::test_ram::TestRam;
use crate::memory::GuestMemory;

#[test]
fn an_item_is_selected_by_a_word_and_read_by_bytes() {
    let mut pc = test_pc(64 << 20);
    pc.write_port(T0, 0x510, Size::Word, 0);
    let bytes: Vec<u32> = (0..5).map(|_| inb(&mut pc, T0, 0x511)).collect();
    assert_eq!(bytes, [b'Q'.into(), b'E'.into(), b'M'.into(), b'U'.into(), 0]);
    // A byte selects nothing, and can't be written to the item.
    out(&mut pc, T0, 0x510, 5);
    out(&mut pc, T0, 0x511, 5);
    assert_eq!(inb(&mut pc, T0, 0x511), 0);
    pc.write_port(T0, 0x510, Size::Word, 5);
    assert_eq!(inb(&mut pc, T0, 0x511), 1, "one CPU");
}

#[test]
fn a_command_is_done_when_its_address_is_complete() {
    let (mut pc, ram) = (test_pc(64 << 20), TestRam::new(1 << 20));
    assert_eq!(pc.read_port(T0, 0x514, Size::Dword), u32::from_le_bytes(*b"QEMU"));
    // Select item 0, and read 4 bytes of it to 2000h.
    let command = [0x0000_000a_u32, 4, 0, 0x2000].map(u32::to_be_bytes).concat();
    ram.write(Gpa(0x1000), &command).unwrap();
    assert!(!pc.write_port(T0, 0x514, Size::Dword, 0).transfer);
    assert!(pc.write_port(T0, 0x518, Size::Dword, 0x1000_u32.swap_bytes()).transfer);
    pc.transfer(&ram);
    assert_eq!((ram.peek(0x2000, 5), ram.peek(0x1000, 4)), (b"QEMU\0".to_vec(), vec![0; 4]));
    // Once.
    ram.write(Gpa(0x2000), &[0; 4]).unwrap();
    pc.transfer(&ram);
    assert_eq!(ram.peek(0x2000, 4), [0; 4]);
}
