//! The partition table of a disk with one partition: sector 0, behind the code that the BIOS starts.

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// Where the partition begins, in sectors: at 1 MiB, as all partitioning programs do it. A boot loader that is longer than
/// one sector has room before it.
pub const START: u64 = 2048;
/// Bytes of a boot sector that are its loader's.
pub const CODE: usize = 440;

/// Heads and sectors of a track, as pxHV's ATA disks tell them.
pub const HEADS: u64 = 16;
pub const TRACK: u64 = 63;

/// Where the table is in the sector.
const TABLE: usize = 446;
/// The one partition is what is booted from.
const ACTIVE: u8 = 0x80;
/// FAT with up to 65,524 clusters, to be accessed by sector numbers.
const FAT16_LBA: u8 = 0x0e;

/// A boot sector with `code`, for a disk of this many sectors.
pub fn boot_sector(code: &[u8; CODE], sectors: u64) -> [u8; SECTOR as usize] {
    let mut sector = [0; SECTOR as usize];
    sector[..CODE].copy_from_slice(code);
    let entry = &mut sector[TABLE..][..16];
    entry[0] = ACTIVE;
    entry[1..4].copy_from_slice(&place(START));
    entry[4] = FAT16_LBA;
    entry[5..8].copy_from_slice(&place(sectors - 1));
    entry[8..12].copy_from_slice(&(START as u32).to_le_bytes());
    entry[12..].copy_from_slice(&((sectors - START) as u32).to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// Head, sector and cylinder of a sector, in the form of INT 13h.
fn place(sector: u64) -> [u8; 3] {
    let cylinder = (sector / (HEADS * TRACK)).min(1023);
    [(sector / TRACK % HEADS) as u8, (sector % TRACK + 1) as u8 | (cylinder >> 8 << 6) as u8, cylinder as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_one_partition() {
        let sector = boot_sector(&[0x90; CODE], 300 * HEADS * TRACK);
        assert_eq!(sector[..CODE], [0x90; CODE]);
        assert_eq!(sector[CODE..TABLE], [0; 6]);
        // 2048 is cylinder 2, head 0, sector 33; the last is cylinder 299, head 15, sector 63.
        assert_eq!(sector[TABLE..][..8], [0x80, 0, 33, 2, 0x0e, 15, 63 | 0x40, 43]);
        assert_eq!(sector[454..458], 2048_u32.to_le_bytes());
        assert_eq!(sector[458..462], (300_u32 * 1008 - 2048).to_le_bytes());
        assert_eq!(sector[462..510], [0; 48]);
        assert_eq!(sector[510..], [0x55, 0xaa]);
    }
}
