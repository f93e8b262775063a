//! Hard disks, as a guest reaches them.

use super::*;
use crate::medium::{Medium, CHUNK, SECTOR};

fn pc_with(disks: &[usize]) -> Pc {
    let mut pc = pc(!(1 << 14 | 1 << 2));
    let media = disks.iter().enumerate().map(|(number, sectors)| {
        let mut medium = Medium::new(vec![number as u8 + 1; sectors * SECTOR].leak());
        while medium.wants_memory() {
            medium.give(vec![0; CHUNK].into());
        }
        medium
    });
    pc.attach(media.collect());
    pc
}

/// A command for sector 1 of this drive of a channel.
fn command(pc: &mut Pc, base: u16, device: u32, code: u32) {
    for (register, value) in [(2, 1), (3, 1), (4, 0), (5, 0), (6, device), (7, code)] {
        out(pc, T0, base + register, value);
    }
}

#[test]
fn a_sector_is_read_by_words_or_doublewords_and_interrupts_on_line_14() {
    let mut pc = pc_with(&[10]);
    command(&mut pc, 0x1f0, 0xe0, 0x20);
    assert!(pc.interrupt_pending());
    assert_eq!(pc.acknowledge_interrupt(), 0x28 + 6);
    assert_eq!(inb(&mut pc, T0, 0x3f6), 0x58);
    assert_eq!(inb(&mut pc, T0, 0x1f7), 0x58);
    assert_eq!(pc.read_port(T0, 0x1f0, Size::Word), 0x0101);
    assert_eq!(pc.read_port(T0, 0x1f0, Size::Dword), 0x0101_0101);
    for _ in 0..126 {
        pc.read_port(T0, 0x1f0, Size::Dword);
    }
    assert_eq!(inb(&mut pc, T0, 0x1f7), 0x58);
    pc.read_port(T0, 0x1f0, Size::Word);
    assert_eq!(inb(&mut pc, T0, 0x1f7), 0x50);
}

#[test]
fn what_was_written_goes_with_the_disk_to_the_next_board() {
    let mut pc = pc_with(&[10, 10, 10]);
    command(&mut pc, 0x170, 0xe0, 0x30);
    for word in 0..128 {
        pc.write_port(T0, 0x170, Size::Dword, 0x0001_0001 * word);
    }
    assert_eq!(inb(&mut pc, T0, 0x177), 0x50);
    let disks = pc.detach();
    let mut next = pc_with(&[]);
    next.attach(disks);
    command(&mut next, 0x170, 0xe0, 0x20);
    assert_eq!(next.read_port(T0, 0x170, Size::Dword), 0);
    assert_eq!(next.read_port(T0, 0x170, Size::Word), 1);
    command(&mut next, 0x1f0, 0xf0, 0x20);
    assert_eq!(next.read_port(T0, 0x1f0, Size::Word), 0x0202, "the second disk is the first channel's slave");
}

#[test]
fn a_channel_without_disks_floats() {
    let mut pc = pc_with(&[10, 10]);
    assert_eq!(
        (inb(&mut pc, T0, 0x1f7), inb(&mut pc, T0, 0x177), inb(&mut pc, T0, 0x376)),
        (0x50, 0xff, 0xff)
    );
    assert_eq!(pc.read_port(T0, 0x170, Size::Word), 0xffff);
    for port in [0x1f0, 0x1f7, 0x3f6, 0x170, 0x376] {
        assert!(!is_free_port(port), "{port:#x}");
    }
    assert!(is_free_port(0x377) && is_free_port(0x1ef));
}

#[test]
fn firmware_finds_the_controller_on_the_bus_and_the_geometries_in_cmos() {
    // The second was partitioned with 2 heads and 8 sectors, and has 1030 cylinders.
    let mut partitioned = vec![0; 1030 * 2 * 8 * SECTOR];
    // It ends at cylinder 0, head 1, sector 8, which is sector 15.
    for (at, byte) in [(0x1c3, 1), (0x1c4, 8), (0x1c6, 1), (0x1ca, 15), (0x1fe, 0x55), (0x1ff, 0xaa)] {
        partitioned[at] = byte;
    }
    let mut pc = pc(0);
    pc.attach(vec![Medium::new(vec![0; 20 * 1008 * SECTOR].leak()), Medium::new(partitioned.leak())]);
    let mut config = |register: u32| {
        pc.write_port(T0, 0xcf8, Size::Dword, 0x8000_0800 | register);
        pc.read_port(T0, 0xcfc, Size::Dword)
    };
    assert_eq!((config(0), config(8), config(0x40)), (0x7010_8086, 0x0101_0000, 0x8000_8000));
    let mut cmos = |register: u32| {
        out(&mut pc, T0, 0x70, register);
        inb(&mut pc, T0, 0x71)
    };
    assert_eq!((cmos(0x12), cmos(0x19), cmos(0x1a)), (0xff, 47, 47));
    let geometry: Vec<u32> = (0x1b..0x24).map(&mut cmos).collect();
    assert_eq!(geometry, [20, 0, 16, 0xff, 0xff, 8, 20, 0, 63]);
    assert_eq!(
        (cmos(0x24), cmos(0x25), cmos(0x39)),
        (6, 4, 0b0100),
        "more than 1024 cylinders are translated"
    );
    let sum: u32 = (0x10..0x2e).map(&mut cmos).sum();
    assert_eq!((cmos(0x2e) << 8) + cmos(0x2f), sum);
}
