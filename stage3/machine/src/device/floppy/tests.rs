//! Conversations with the controller, and transfers.

use super::*;
use crate::device::dma::Group;
use crate::medium::{CHUNK, SECTOR};
use crate::memory::test_ram::TestRam;
use crate::memory::Gpa;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

/// Where transfers go in memory.
const BUFFER: u32 = 0x2_0000;
/// CMOS: 1.44 MB.
const HIGH_DENSITY: usize = 6;

/// A controller with a disk in drive A, its DMA and memory.
struct Pc {
    floppy: Floppy,
    dma: Dma,
    ram: TestRam,
}

/// A disk whose sectors begin with their number.
fn medium(geometry: Geometry) -> Medium {
    let sectors = geometry.bytes() / SECTOR as u64;
    let mut bytes = vec![0; geometry.bytes() as usize];
    for sector in 0..sectors {
        bytes[sector as usize * SECTOR..][..2].copy_from_slice(&(sector as u16).to_le_bytes());
    }
    let mut medium = Medium::new(bytes.leak());
    feed(&mut medium);
    medium
}

fn feed(medium: &mut Medium) {
    while medium.wants_memory() {
        medium.give(vec![0; CHUNK].into());
    }
}

impl Pc {
    fn new(geometry: Geometry, rate: u8) -> Self {
        let mut floppy = Floppy::new();
        assert!(floppy.insert(0, medium(geometry)).is_none());
        let mut pc = Self { floppy, dma: Dma::new(), ram: TestRam::new(2 << 20) };
        pc.floppy.write(0x3f2, 0x1c);
        pc.floppy.write(0x3f7, rate);
        pc.command(&[0x03, 0xaf, 0x02]);
        pc
    }

    fn usual() -> Self {
        Self::new(Geometry::ALL[HIGH_DENSITY], 0)
    }

    /// Writes a command, and reads its result.
    fn command(&mut self, bytes: &[u8]) -> Vec<u8> {
        for byte in bytes {
            assert_eq!(self.floppy.read(0x3f4) & 0xc0, 0x80, "it takes a byte");
            if self.floppy.write(0x3f5, *byte) {
                self.floppy.transfer(&mut self.dma, &self.ram);
            }
        }
        self.result()
    }

    fn result(&mut self) -> Vec<u8> {
        let mut result = Vec::new();
        while self.floppy.read(0x3f4) == 0xd0 {
            result.push(self.floppy.read(0x3f5));
        }
        result
    }

    /// Sets the DMA channel up: 44h is to memory, 48h from there.
    fn dma(&mut self, mode: u8, bytes: usize) {
        let [low, high, page, _] = BUFFER.to_le_bytes();
        let [count_low, count_high] = (bytes as u16).wrapping_sub(1).to_le_bytes();
        self.dma.write(Group::First, 12, 0);
        let writes = [(4, low), (4, high), (5, count_low), (5, count_high), (11, mode | 2), (10, 2)];
        for (register, value) in writes {
            self.dma.write(Group::First, register, value);
        }
        self.dma.write(Group::Page, 0, page);
    }

    fn read(&mut self, bytes: usize, command: &[u8]) -> Vec<u8> {
        self.dma(0x44, bytes);
        self.command(command)
    }

    /// Number of the sector that was read to a place of the buffer.
    fn sector_at(&self, place: usize) -> u16 {
        let at = u64::from(BUFFER) + (place * SECTOR) as u64;
        u16::from_le_bytes(self.ram.peek(at, 2).try_into().unwrap())
    }

    fn seek(&mut self, cylinder: u8) {
        self.command(&[0x0f, 0, cylinder]);
        assert!(self.floppy.irq());
        assert_eq!(self.command(&[0x08]), [0x20, cylinder]);
        assert!(!self.floppy.irq());
    }
}

#[test]
fn a_reset_asks_for_four_senses() {
    let mut pc = Pc::usual();
    pc.floppy.write(0x3f2, 0x18);
    assert_eq!((pc.floppy.read(0x3f4), pc.floppy.irq()), (0, false));
    pc.floppy.write(0x3f5, 0x10);
    pc.floppy.write(0x3f2, 0x1c);
    assert!(pc.floppy.irq());
    for drive in 0..4 {
        assert_eq!(pc.command(&[0x08]), [0xc0 | drive, 0]);
        assert!(!pc.floppy.irq());
    }
    assert_eq!(pc.command(&[0x08]), [0x80], "nothing is left to tell");
    pc.command(&[0x13, 0, 0x10, 0]);
    pc.floppy.write(0x3f4, 0x80);
    assert!(!pc.floppy.irq(), "without polling it finds nothing");
}

#[test]
fn sectors_are_read_from_where_the_head_is() {
    let mut pc = Pc::usual();
    assert_eq!(pc.read(1024, &[0xe6, 0, 0, 0, 3, 2, 18, 0x1b, 0xff]), [0, 0, 0, 0, 0, 5, 2]);
    assert_eq!([pc.sector_at(0), pc.sector_at(1), pc.sector_at(2)], [2, 3, 0]);
    pc.seek(10);
    assert_eq!(pc.read(512, &[0xe6, 4, 10, 1, 18, 2, 18, 0x1b, 0xff]), [4, 0, 0, 11, 0, 1, 2]);
    assert_eq!(pc.sector_at(0), 10 * 36 + 35);
    let wrong = pc.read(512, &[0xe6, 0, 11, 0, 1, 2, 18, 0x1b, 0xff]);
    assert_eq!(wrong, [0x40, 0x04, 0x10, 11, 0, 1, 2], "the head is elsewhere");
    pc.command(&[0x13, 0, 0x60, 0]);
    pc.read(512, &[0xe6, 0, 11, 0, 1, 2, 18, 0x1b, 0xff]);
    assert_eq!(pc.sector_at(0), 11 * 36, "an implied seek");
}

#[test]
fn multitrack_goes_on_on_the_other_side_and_then_ends() {
    let mut pc = Pc::usual();
    assert_eq!(pc.read(36 * 512, &[0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]), [4, 0, 0, 1, 0, 1, 2]);
    assert_eq!([pc.sector_at(0), pc.sector_at(35)], [0, 35]);
    let all = pc.read(37 * 512, &[0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]);
    assert_eq!(all, [0x44, 0x80, 0, 1, 0, 1, 2], "more than the cylinder has");
    let one = pc.read(19 * 512, &[0x66, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]);
    assert_eq!(one, [0x40, 0x80, 0, 1, 0, 1, 2], "without, it ends with the track");
}

#[test]
fn what_is_written_is_read_back() {
    let mut pc = Pc::usual();
    pc.seek(79);
    pc.ram.write(Gpa(BUFFER.into()), &[0xa5; 700]).unwrap();
    pc.dma(0x48, 700);
    assert_eq!(pc.command(&[0xc5, 4, 79, 1, 17, 2, 18, 0x1b, 0xff]), [4, 0, 0, 80, 0, 1, 2]);
    assert_eq!(pc.read(1024, &[0xe6, 4, 79, 1, 17, 2, 18, 0x1b, 0xff])[..3], [4, 0, 0]);
    let read = pc.ram.peek(BUFFER.into(), 1024);
    assert!(read[..700].iter().all(|byte| *byte == 0xa5));
    assert!(read[700..].iter().all(|byte| *byte == 0), "filled up with zeros");
    let disk = pc.floppy.eject_all().next().unwrap();
    assert_eq!(disk.read(2879).unwrap()[..2], [0xa5, 0xa5]);
    assert!(pc.floppy.insert(0, disk).is_none());
}

#[test]
fn a_track_is_formatted_as_the_disk_is() {
    let mut pc = Pc::usual();
    let ids: Vec<u8> = (1..=18).flat_map(|sector| [0, 1, sector, 2]).collect();
    pc.ram.write(Gpa(BUFFER.into()), &ids).unwrap();
    pc.dma(0x48, ids.len());
    assert_eq!(pc.command(&[0x4d, 4, 2, 18, 0x54, 0xf6]), [4, 0, 0, 0, 1, 18, 2]);
    pc.read(512, &[0x46, 4, 0, 1, 18, 2, 18, 0x1b, 0xff]);
    assert_eq!(pc.ram.peek(BUFFER.into(), 512), [0xf6; 512]);
    pc.ram.write(Gpa(BUFFER.into()), &[0, 1, 19, 2]).unwrap();
    pc.dma(0x48, 4);
    assert_eq!(pc.command(&[0x4d, 4, 2, 1, 0x54, 0xf6])[..2], [0x44, 0x04]);
}

#[test]
fn a_disk_is_found_at_its_data_rate_only() {
    for (index, geometry) in Geometry::ALL.into_iter().enumerate() {
        let expected = [2, 2, 2, 2, 2, 0, 0, 3][index];
        for rate in 0..4 {
            let mut pc = Pc::new(geometry, rate);
            let found = pc.command(&[0x4a, 0]);
            if rate == expected {
                assert_eq!(found, [0, 0, 0, 0, 0, 1, 2]);
            } else {
                assert_eq!(found[..3], [0x40, 1, 0]);
            }
        }
    }
}

#[test]
fn every_disk_is_read_to_its_last_sector() {
    for (index, geometry) in Geometry::ALL.into_iter().enumerate() {
        let mut pc = Pc::new(geometry, [2, 2, 2, 2, 2, 0, 0, 3][index]);
        let (cylinder, head, sector) = (geometry.cylinders - 1, geometry.heads - 1, geometry.sectors);
        pc.seek(cylinder);
        let result = pc.read(512, &[0x66, head << 2, cylinder, head, sector, 2, sector, 0x1b, 0xff]);
        assert_eq!(result[0], head << 2);
        assert_eq!(u64::from(pc.sector_at(0)), geometry.bytes() / 512 - 1);
        let behind = pc.read(512, &[0x66, head << 2, cylinder, head, sector + 1, 2, sector, 0x1b, 0xff]);
        assert_eq!(behind[..2], [0x40 | head << 2, 4]);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut pc = Pc::usual();
    for (drive, command) in [(1, 0xe6), (3, 0xe6), (0, 0xa6)] {
        let result = pc.read(512, &[command, drive, 0, 0, 1, 2, 18, 0x1b, 0xff]);
        assert_eq!(result[..2], [0x40 | drive, 1], "drive {drive}, command {command:x}");
    }
    pc.seek(80);
    assert_eq!(pc.command(&[0x4a, 0])[..2], [0x40, 1], "behind the last cylinder");
    for bytes in [[0, 0, 1, 3], [0, 1, 1, 2], [0, 0, 0, 2], [0, 0, 19, 2]] {
        pc.seek(0);
        let [cylinder, head, sector, size] = bytes;
        let result = pc.read(512, &[0xe6, 0, cylinder, head, sector, size, 18, 0x1b, 0xff]);
        assert_eq!(result[..3], [0x40, 4, 0], "{bytes:?}");
    }
    pc.command(&[0x03, 0xaf, 0x03]);
    assert_eq!(pc.read(512, &[0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff])[..2], [0x40, 0x10], "without DMA");
}

#[test]
fn a_transfer_waits_for_its_channel() {
    let mut pc = Pc::usual();
    pc.dma(0x44, 512);
    pc.dma.write(Group::First, 10, 6);
    assert!(pc.command(&[0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]).is_empty());
    assert_eq!((pc.floppy.read(0x3f4), pc.floppy.irq(), pc.floppy.is_transferring()), (0x10, false, true));
    pc.dma.write(Group::First, 10, 2);
    pc.floppy.transfer(&mut pc.dma, &pc.ram);
    assert!(pc.floppy.irq());
    pc.floppy.write(0x3f2, 0x14);
    assert!(!pc.floppy.irq(), "interrupts are off");
    pc.floppy.write(0x3f2, 0x1c);
    assert_eq!(pc.result(), [0, 0, 0, 0, 0, 2, 2]);
    assert!(!pc.floppy.irq());
}

#[test]
fn verify_deleted_data_and_whole_tracks() {
    let mut pc = Pc::usual();
    assert_eq!(pc.command(&[0x56, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]), [0, 0, 0, 1, 0, 1, 2]);
    assert_eq!(pc.command(&[0x56, 0x80, 0, 0, 1, 2, 18, 0x1b, 3]), [0, 0, 0, 0, 0, 4, 2]);
    assert_eq!(pc.command(&[0x56, 0x80, 0, 0, 17, 2, 18, 0x1b, 3])[..2], [0x40, 0x80]);
    let deleted = pc.read(1024, &[0x4c, 0, 0, 0, 1, 2, 18, 0x1b, 0xff]);
    assert_eq!(deleted, [0, 0, 0x40, 0, 0, 2, 2], "the sector has the other mark");
    assert_eq!(pc.read(1024, &[0x6c, 0, 0, 0, 1, 2, 18, 0x1b, 0xff])[..2], [0x40, 0x80]);
    let track = pc.read(1024, &[0x42, 0, 0, 0, 9, 2, 18, 0x1b, 0xff]);
    assert_eq!((track, pc.sector_at(1)), (vec![0, 0, 0, 0, 0, 3, 2], 1));
}

#[test]
fn seeks_move_the_head_and_the_change_line_falls() {
    let mut pc = Pc::usual();
    assert_eq!(pc.floppy.read(0x3f7), 0xff);
    pc.seek(5);
    assert_eq!(pc.floppy.read(0x3f7), 0x7f);
    pc.command(&[0xcf, 0, 3]);
    assert_eq!(pc.command(&[0x08]), [0x20, 8]);
    pc.command(&[0x8f, 0, 100]);
    assert_eq!(pc.command(&[0x08]), [0x20, 0]);
    pc.seek(85);
    pc.command(&[0x07, 0]);
    assert_eq!(pc.command(&[0x08]), [0x70, 6], "79 steps are not enough");
    pc.command(&[0x07, 0]);
    assert_eq!(pc.command(&[0x08]), [0x20, 0]);
    assert_eq!(pc.command(&[0x04, 4]), [0x3c]);
    pc.command(&[0x07, 2]);
    assert_eq!(pc.command(&[0x08]), [0x72, 0], "there is no such drive");
    let disk = pc.floppy.eject_all().next().unwrap();
    pc.floppy.insert(0, disk);
    assert_eq!(pc.floppy.read(0x3f7), 0xff);
    pc.floppy.write(0x3f2, 0x0c);
    assert_eq!(pc.floppy.read(0x3f7), 0x7f, "without motor nothing is on the cable");
}

#[test]
fn settings_are_told_and_locked() {
    let mut pc = Pc::usual();
    assert_eq!(pc.command(&[0x10]), [0x90]);
    pc.command(&[0x13, 0, 0x57, 0x21]);
    pc.command(&[0x12, 0x87]);
    pc.seek(3);
    assert_eq!(pc.command(&[0x0e]), [3, 0, 0, 0, 0xaf, 2, 0, 0x07, 0x57, 0x21]);
    assert_eq!(pc.command(&[0x94]), [0x10]);
    pc.floppy.write(0x3f4, 0x80);
    assert_eq!(pc.command(&[0x0e]), [3, 0, 0, 0, 0xaf, 2, 0, 0x84, 0x57, 0x21]);
    assert_eq!(pc.command(&[0x14]), [0]);
    pc.floppy.write(0x3f4, 0x80);
    assert_eq!(pc.command(&[0x0e])[8..], [0x70, 0]);
    for unknown in [0x00, 0x01, 0x11, 0x18, 0x25, 0x82, 0xff] {
        assert_eq!(pc.command(&[unknown]), [0x80], "{unknown:x}");
    }
}

#[test]
fn drives_are_of_the_kind_that_their_disks_need() {
    let types = Geometry::ALL.map(|geometry| {
        let mut floppy = Floppy::new();
        floppy.insert(0, medium(geometry));
        floppy.insert(1, medium(Geometry::ALL[HIGH_DENSITY]));
        floppy.cmos_types()
    });
    assert_eq!(types, [0x14, 0x14, 0x14, 0x14, 0x34, 0x24, 0x44, 0x54]);
    assert_eq!(Floppy::new().cmos_types(), 0);
    assert!(Floppy::new().insert(0, Medium::new(&[0; 5000])).is_some(), "no disk has this size");
    assert!(Floppy::new().insert(2, medium(Geometry::ALL[0])).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a guest does: no panic, and the controller can be reset.
    #[test]
    fn it_survives_anything(
        writes in prop::collection::vec((0x3f0_u16..0x3f8, any::<u8>()), 0..400),
        count in 1_usize..0x1_0000,
    ) {
        let mut pc = Pc::usual();
        for (port, value) in writes {
            pc.dma(if value & 1 == 0 { 0x44 } else { 0x48 }, count);
            if pc.floppy.write(if value & 2 == 0 { port } else { 0x3f5 }, value) {
                pc.floppy.transfer(&mut pc.dma, &pc.ram);
                pc.floppy.media_mut().for_each(feed);
            }
            pc.floppy.read(port);
        }
        pc.floppy.write(0x3f2, 0);
        pc.floppy.write(0x3f2, 0x1c);
        prop_assert_eq!(pc.command(&[0x10]), [0x90]);
    }
}
