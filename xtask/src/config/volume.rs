//! How many sectors an image of a disk says that the disk has: an image with fewer was cut off.

use machine::medium::SECTOR;

const SIGNATURE: [u8; 2] = [0x55, 0xaa];
/// The table of partitions in the first sector, its entries, and offsets in them.
const PARTITIONS: std::ops::Range<usize> = 0x1be..0x1fe;
const ENTRY: usize = 16;
const KIND: usize = 4;
const START: usize = 8;
const LENGTH: usize = 12;
/// The length of a partition that covers a disk too large for this table.
const WITHOUT_END: u64 = 0xffff_ffff;
/// Offsets in the boot sector of a FAT file system: bytes of a sector, and the number of sectors in 2 or 4 bytes.
const SECTOR_BYTES: usize = 11;
const SECTORS: usize = 19;
const MANY_SECTORS: usize = 32;

/// The number of sectors by the table of partitions or by the file system's own word, if there is one of them.
pub fn sectors(image: &[u8]) -> Option<u64> {
    let sector = image.get(..SECTOR).filter(|sector| sector.ends_with(&SIGNATURE))?;
    partitions(sector).or_else(|| file_system(sector))
}

/// The end of the last partition. Other boot sectors have code in this place: all of the table must be one.
fn partitions(sector: &[u8]) -> Option<u64> {
    let mut end = None;
    for entry in sector[PARTITIONS].chunks(ENTRY) {
        if entry.iter().all(|byte| *byte == 0) {
            continue;
        }
        let (start, length) = (number(entry, START, 4), number(entry, LENGTH, 4));
        if !matches!(entry[0], 0 | 0x80) || entry[KIND] == 0 || start == 0 || length == 0 {
            return None;
        }
        if length != WITHOUT_END {
            end = end.max(Some(start + length));
        }
    }
    end
}

fn file_system(sector: &[u8]) -> Option<u64> {
    let is_fat = matches!(sector[0], 0xeb | 0xe9) && number(sector, SECTOR_BYTES, 2) == SECTOR as u64;
    let few = number(sector, SECTORS, 2);
    let sectors = if few == 0 { number(sector, MANY_SECTORS, 4) } else { few };
    is_fat.then_some(sectors)
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    bytes[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(changes: &[(usize, &[u8])]) -> Vec<u8> {
        let mut sector = vec![0; SECTOR];
        sector[510..].copy_from_slice(&SIGNATURE);
        for (at, bytes) in changes {
            sector[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        sector
    }

    const ACTIVE: &[u8] = &[0x80, 1, 1, 0, 6, 15, 63, 9, 63, 0, 0, 0, 0x21, 0x27, 0, 0];
    const SECOND: &[u8] = &[0, 0, 1, 10, 5, 15, 63, 19, 0x60, 0x27, 0, 0, 0x60, 0x27, 0, 0];
    const FAT: &[u8] = &[0, 2, 1, 1, 0, 2, 224, 0, 0x40, 0x0b];

    #[test]
    fn the_last_partition_ends_the_disk() {
        assert_eq!(sectors(&sector(&[(0x1be, ACTIVE)])), Some(63 + 0x2721));
        assert_eq!(sectors(&sector(&[(0x1be, SECOND), (0x1ee, ACTIVE)])), Some(2 * 0x2760));
        assert_eq!(sectors(&sector(&[])), None);
        assert_eq!(sectors(&sector(&[(0x1be, ACTIVE), (0x1ca, &[0xff; 4])])), None, "a GPT's stand-in");
    }

    #[test]
    fn a_file_system_without_partitions_tells_its_size() {
        assert_eq!(sectors(&sector(&[(0, &[0xeb]), (SECTOR_BYTES, FAT)])), Some(2880));
        let many =
            sector(&[(0, &[0xeb]), (SECTOR_BYTES, FAT), (SECTORS, &[0, 0]), (MANY_SECTORS, &[1, 0, 2])]);
        assert_eq!(sectors(&many), Some(0x2_0001));
    }

    #[test]
    fn code_is_no_table() {
        for change in [(0x1be, 0x90), (0x1c2, 0), (0x1de, 1)] {
            let image = sector(&[(0x1be, ACTIVE), (change.0, &[change.1])]);
            assert_eq!(sectors(&image), None, "{change:x?}");
        }
        assert_eq!(sectors(&sector(&[(SECTOR_BYTES, FAT)])), None, "it does not begin with a jump");
        assert_eq!(sectors(&sector(&[(0x1be, ACTIVE), (510, &[0])])), None, "no signature");
        assert_eq!(sectors(&[0; 100]), None);
    }
}
