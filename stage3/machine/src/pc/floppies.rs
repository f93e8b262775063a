//! The board's floppy disks: two drives, which CMOS tells the BIOS of.

use super::Pc;
use crate::medium::Medium;
use alloc::vec::Vec;

/// Bytes of CMOS ("CMOS RAM Address Map" of the IBM Technical Reference of the PC/AT).
mod cmos {
    /// Kinds of the drives.
    pub const FLOPPIES: u8 = 0x10;
    pub const EQUIPMENT: u8 = 0x14;
    /// Equipment: there are floppy disk drives; in bits 7:6, how many more than one.
    pub const HAS_FLOPPIES: u8 = 1;
}

impl Pc {
    /// Puts disks into the drives of a PC that was just powered on, from A: on. A drive without a disk is not there.
    /// Returns those that fit into no drive.
    pub fn insert_floppies(&mut self, media: Vec<Medium>) -> Vec<Medium> {
        self.has_media |= !media.is_empty();
        let insert = |(drive, medium)| self.floppy.insert(drive, medium);
        let refused = media.into_iter().enumerate().filter_map(insert).collect();
        let types = self.floppy.cmos_types();
        let count = [types >> 4, types & 0xf].into_iter().filter(|kind| *kind != 0).count() as u8;
        if let Some(more) = count.checked_sub(1) {
            let equipment = self.clock.configuration(cmos::EQUIPMENT) | cmos::HAS_FLOPPIES | more << 6;
            self.clock.configure(cmos::EQUIPMENT, equipment);
            self.clock.configure(cmos::FLOPPIES, types);
        }
        refused
    }

    /// Takes the disks out, in the order of [`Pc::insert_floppies`].
    pub fn eject_floppies(&mut self) -> Vec<Medium> {
        self.floppy.eject_all().collect()
    }
}
