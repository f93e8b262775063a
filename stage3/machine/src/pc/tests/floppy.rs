//! The floppy disk controller on the board: DMA channel 2 and interrupt line 6.

use super::*;
use crate::device::floppy::Geometry;
use crate::medium::Medium;
use crate::memory::test_ram::TestRam;
use crate::memory::GuestMemory;

const DATA: u16 = 0x3f5;

fn pc_with_disk() -> Pc {
    let mut pc = pc(!(1 << 6));
    let bytes = vec![0xd1; Geometry::ALL[6].bytes() as usize];
    assert!(pc.insert_floppies(vec![Medium::new(bytes.leak())]).is_empty());
    pc
}

fn send(pc: &mut Pc, writes: &[(u16, u32)]) -> bool {
    writes.iter().fold(false, |transfers, (port, value)| out(pc, T0, *port, *value).transfer || transfers)
}

/// Reads the first sector to 1_2000h.
fn set_channel_up(pc: &mut Pc) {
    send(pc, &[(0x0c, 0), (4, 0), (4, 0x20), (5, 0xff), (5, 1), (0x81, 1), (0x0b, 0x46)]);
}

const READ: [(u16, u32); 9] = [
    (DATA, 0xe6),
    (DATA, 0),
    (DATA, 0),
    (DATA, 0),
    (DATA, 1),
    (DATA, 2),
    (DATA, 18),
    (DATA, 0x1b),
    (DATA, 0xff),
];

#[test]
fn a_sector_comes_by_dma_and_the_interrupt_on_line_6() {
    let (mut pc, ram) = (pc_with_disk(), TestRam::new(2 << 20));
    send(&mut pc, &[(0x3f2, 0x1c)]);
    set_channel_up(&mut pc);
    assert!(!send(&mut pc, &READ[..8]) && send(&mut pc, &READ[8..]));
    pc.transfer(&ram);
    assert!(!pc.interrupt_pending(), "the channel is masked");
    assert!(send(&mut pc, &[(0x0a, 2)]), "now it is ready");
    pc.transfer(&ram);
    assert_eq!(ram.peek(0x1_1fff, 514), [&[0], &[0xd1; 512][..], &[0]].concat());
    assert!(pc.interrupt_pending());
    assert_eq!(pc.acknowledge_interrupt(), 0x26);
    out(&mut pc, T0, MASTER, EOI);
    let result: Vec<_> = (0..7).map(|_| inb(&mut pc, T0, DATA)).collect();
    assert_eq!(result, [0, 0, 0, 0, 0, 2, 2]);
    assert!(!pc.interrupt_pending());
}

#[test]
fn cmos_tells_the_drives_and_disks_come_out_as_they_went_in() {
    let cmos = |pc: &mut Pc, register| {
        out(pc, T0, 0x70, register);
        inb(pc, T0, 0x71)
    };
    let disk = |index: usize| Medium::new(vec![index as u8; Geometry::ALL[index].bytes() as usize].leak());
    let mut pc = pc_with_disk();
    assert!(pc.media_want_memory());
    assert_eq!((cmos(&mut pc, 0x10), cmos(&mut pc, 0x14)), (0x40, 0x03));
    let mut pc = test_pc(64 << 20);
    assert!(!pc.media_want_memory());
    assert_eq!((cmos(&mut pc, 0x10), cmos(&mut pc, 0x14)), (0, 0x02));
    assert_eq!(pc.insert_floppies(vec![disk(7), disk(3), disk(0)]).len(), 1, "there are two drives");
    assert_eq!((cmos(&mut pc, 0x10), cmos(&mut pc, 0x14)), (0x51, 0x43));
    let sizes: Vec<_> = pc.eject_floppies().iter().map(Medium::sectors).collect();
    assert_eq!(sizes, [5760, 720]);
}

#[test]
fn an_access_of_two_bytes_reaches_two_registers() {
    let (mut pc, ram) = (pc_with_disk(), TestRam::new(2 << 20));
    assert_eq!(pc.read_port(T0, 0x3f4, Size::Word), 0xff80, "status, and data that is not there");
    pc.write_port(T0, 0x3f4, Size::Word, 0x1000);
    pc.transfer(&ram);
    assert_eq!(pc.read_port(T0, 0x3f4, Size::Word), 0x90d0, "the version");
    assert_eq!(ram.layout().bytes(), 2 << 20);
}
