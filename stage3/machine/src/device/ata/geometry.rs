//! Cylinders, heads and sectors.

use crate::medium::Medium;

/// Most cylinders, heads and sectors that a drive reports.
const CYLINDERS_MAX: u64 = 16_383;
const HEADS_MAX: u8 = 16;
const SECTORS_MAX: u8 = 63;

/// Offset of the partition table in the first sector, its entries, and the signature behind it.
const PARTITIONS: usize = 0x1be;
const PARTITION_BYTES: usize = 16;
const SIGNATURE: [u8; 2] = [0x55, 0xaa];
/// Offsets in an entry: head, and sector with two bits of the cylinder, of the partition's end.
const END_HEAD: usize = 5;
const END_SECTOR: usize = 6;
/// The lower bits of that cylinder.
const END_CYLINDER: usize = 7;
/// Number of the first sector, and how many there are.
const START: usize = 8;
const LENGTH: usize = 12;
/// The bits that are the sector.
const SECTOR_BITS: u8 = 0x3f;

/// How sectors are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Cylinders.
    pub cylinders: u16,
    /// Heads.
    pub heads: u8,
    /// Sectors of a track, from 1 on.
    pub sectors: u8,
}

/// How a BIOS makes more heads of the drive's, so that it needs no more than 1024 cylinders: bits in CMOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translation {
    /// It does not.
    None = 0,
    /// By the number of sectors.
    Lba = 1,
}

impl Geometry {
    /// So many cylinders as there are sectors for.
    pub(super) fn of(total: u64, heads: u8, sectors: u8) -> Self {
        let track = u64::from(heads) * u64::from(sectors);
        let cylinders = total.checked_div(track).unwrap_or_default().min(u16::MAX.into());
        Self { cylinders: cylinders as u16, heads, sectors }
    }

    /// The geometry of a drive with this medium, and how a BIOS translates it. Disks that were made with few heads keep
    /// them: their partition table tells.
    pub(super) fn of_medium(medium: &Medium) -> (Self, Translation) {
        let total = medium.sectors();
        let (heads, sectors) = match partitioned(medium) {
            Some((heads, sectors)) if heads <= HEADS_MAX => (heads, sectors),
            _ => (HEADS_MAX, SECTORS_MAX),
        };
        let mut geometry = Self::of(total, heads, sectors);
        let translation = if geometry.cylinders > 1024 { Translation::Lba } else { Translation::None };
        geometry.cylinders = geometry.cylinders.min(CYLINDERS_MAX as u16);
        (geometry, translation)
    }

    /// How many sectors can be reached.
    pub(super) fn total(self) -> u32 {
        u32::from(self.cylinders) * u32::from(self.heads) * u32::from(self.sectors)
    }

    /// The number of a sector.
    pub(super) fn sector(self, cylinder: u16, head: u8, sector: u8) -> Option<u64> {
        let exists = cylinder < self.cylinders && head < self.heads && (1..=self.sectors).contains(&sector);
        let track = u64::from(cylinder) * u64::from(self.heads) + u64::from(head);
        exists.then(|| track * u64::from(self.sectors) + u64::from(sector) - 1)
    }

    /// Cylinder, head and sector of a sector with this number; the last cylinder that can be written for those behind.
    pub(super) fn place(self, number: u64) -> (u16, u8, u8) {
        let (sectors, heads) = (u64::from(self.sectors.max(1)), u64::from(self.heads.max(1)));
        let (track, sector) = (number / sectors, number % sectors);
        ((track / heads).min(u16::MAX.into()) as u16, (track % heads) as u8, sector as u8 + 1)
    }
}

/// Heads and sectors of the computer that partitioned a disk: a partition usually ends with the last of both. Its end is
/// told by number, too, which must be the same place.
fn partitioned(medium: &Medium) -> Option<(u8, u8)> {
    let sector = medium.read(0).filter(|sector| sector.ends_with(&SIGNATURE))?;
    let entries = sector[PARTITIONS..sector.len() - SIGNATURE.len()].chunks_exact(PARTITION_BYTES);
    let mut guesses = entries.filter_map(|entry| {
        let number = |at: usize| entry[at..].first_chunk().map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
        let end = (number(START)? + number(LENGTH)?).checked_sub(1)?;
        let (heads, sectors) = (entry[END_HEAD].checked_add(1)?, entry[END_SECTOR] & SECTOR_BITS);
        let cylinder = u16::from(entry[END_SECTOR] & !SECTOR_BITS) << 2 | u16::from(entry[END_CYLINDER]);
        let geometry = Geometry { cylinders: u16::MAX, heads, sectors };
        (geometry.sector(cylinder, heads - 1, sectors) == Some(end)).then_some((heads, sectors))
    });
    guesses.next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// A disk of `sectors`, with one partition from the second sector on, which ends at this place and has this length.
    fn disk(sectors: usize, partition: Option<(u16, u8, u8, u32)>) -> Medium {
        let mut bytes = vec![0; sectors * 512];
        if let Some((cylinder, head, sector, length)) = partition {
            let entry = &mut bytes[PARTITIONS + PARTITION_BYTES..];
            entry[END_HEAD] = head;
            entry[END_SECTOR] = sector | (cylinder >> 2) as u8 & 0xc0;
            entry[END_CYLINDER] = cylinder as u8;
            entry[START] = 1;
            entry[LENGTH..LENGTH + 4].copy_from_slice(&length.to_le_bytes());
            bytes[510..512].copy_from_slice(&SIGNATURE);
        }
        Medium::new(bytes.leak())
    }

    fn of(sectors: usize, partition: Option<(u16, u8, u8, u32)>) -> (u16, u8, u8, Translation) {
        let (Geometry { cylinders, heads, sectors }, translation) =
            Geometry::of_medium(&disk(sectors, partition));
        (cylinders, heads, sectors, translation)
    }

    #[test]
    fn disks_have_16_heads_and_63_sectors_unless_they_were_made_with_fewer() {
        let none = Translation::None;
        assert_eq!(of(20 * 1008, None), (20, 16, 63, none));
        assert_eq!(of(20 * 1008 + 5, None), (20, 16, 63, none));
        assert_eq!(of(615 * 4 * 17, Some((614, 3, 17, 615 * 4 * 17 - 1))), (615, 4, 17, none));
        assert_eq!(of(8 * 1008, Some((0, 127, 63, 8063))), (8, 16, 63, none), "a BIOS made these heads");
        assert_eq!(of(4 * 1008, Some((0, 254, 63, 4031))), (4, 16, 63, none));
        assert_eq!(of(1, None), (0, 16, 63, none));
    }

    #[test]
    fn a_partition_that_does_not_end_with_a_cylinder_tells_nothing() {
        // Sector 2942 of a disk with 16 heads and 63 sectors.
        assert_eq!(of(10 * 1008, Some((2, 14, 45, 2942))), (10, 16, 63, Translation::None));
        assert_eq!(of(10 * 1008, Some((0, 0, 0, 0))), (10, 16, 63, Translation::None));
    }

    #[test]
    fn more_than_1024_cylinders_are_translated() {
        assert_eq!(of(1024 * 2 * 8, Some((1023, 1, 8, 1024 * 16 - 1))), (1024, 2, 8, Translation::None));
        assert_eq!(of(1025 * 2 * 8, Some((1023, 1, 8, 1024 * 16 - 1))), (1025, 2, 8, Translation::Lba));
    }

    #[test]
    fn no_more_cylinders_are_reported_than_drives_have() {
        let (geometry, translation) = Geometry::of_medium(&disk(16_400 * 2, Some((0, 0, 2, 1))));
        assert_eq!((geometry.cylinders, translation), (16_383, Translation::Lba));
    }

    #[test]
    fn places_that_do_not_exist_have_no_number() {
        let geometry = Geometry { cylinders: 10, heads: 4, sectors: 17 };
        assert_eq!((geometry.sector(0, 0, 1), geometry.sector(9, 3, 17)), (Some(0), Some(679)));
        for (cylinder, head, sector) in [(0, 0, 0), (0, 0, 18), (0, 4, 1), (10, 0, 1)] {
            assert_eq!(geometry.sector(cylinder, head, sector), None);
        }
        assert_eq!(geometry.total(), 680);
        assert_eq!(Geometry::of(680, 0, 0), Geometry { cylinders: 0, heads: 0, sectors: 0 });
        assert_eq!(Geometry::of(680, 0, 0).place(5), (5, 0, 1), "never a division by zero");
    }

    proptest! {
        #[test]
        fn numbers_and_places_are_the_same(heads in 1_u8..=16, sectors in 1_u8..=63, number in 0_u64..1 << 20) {
            let geometry = Geometry::of(1 << 20, heads, sectors);
            let (cylinder, head, sector) = geometry.place(number);
            let reached = number < geometry.total().into();
            prop_assert_eq!(geometry.sector(cylinder, head, sector), reached.then_some(number));
        }
    }
}
