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
/// Offset of its length.
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

/// Heads and sectors of the computer that partitioned a disk: a partition ends with the last of both.
fn partitioned(medium: &Medium) -> Option<(u8, u8)> {
    let sector = medium.read(0).filter(|sector| sector.ends_with(&SIGNATURE))?;
    let entries = sector[PARTITIONS..sector.len() - SIGNATURE.len()].chunks_exact(PARTITION_BYTES);
    let mut ends = entries.filter(|entry| entry[LENGTH..] != [0; 4]).map(|entry| {
        let (head, sector) = (entry[END_HEAD], entry[END_SECTOR] & SECTOR_BITS);
        (head.saturating_add(1), sector)
    });
    ends.find(|(heads, sectors)| *heads > 1 && *sectors > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec;

    /// A disk of `sectors`, with one partition that ends at this head and sector.
    fn disk(sectors: usize, end: Option<(u8, u8)>) -> Medium {
        let mut bytes = vec![0; sectors * 512];
        if let Some((head, sector)) = end {
            bytes[PARTITIONS + END_HEAD] = head;
            bytes[PARTITIONS + END_SECTOR] = sector;
            bytes[PARTITIONS + LENGTH] = 1;
            bytes[510..512].copy_from_slice(&SIGNATURE);
        }
        Medium::new(bytes.leak())
    }

    #[test]
    fn disks_have_16_heads_and_63_sectors_unless_they_were_made_with_fewer() {
        let of = |sectors, end| {
            let (Geometry { cylinders, heads, sectors }, translation) =
                Geometry::of_medium(&disk(sectors, end));
            (cylinders, heads, sectors, translation)
        };
        assert_eq!(of(20 * 1008, None), (20, 16, 63, Translation::None));
        assert_eq!(of(20 * 1008 + 5, None), (20, 16, 63, Translation::None));
        assert_eq!(of(615 * 4 * 17, Some((3, 17))), (615, 4, 17, Translation::None));
        assert_eq!(
            of(4 * 1008, Some((254, 0xc0 | 63))),
            (4, 16, 63, Translation::None),
            "a BIOS made these heads"
        );
        assert_eq!(of(4 * 1008, Some((0, 63))), (4, 16, 63, Translation::None));
        assert_eq!(of(1, None), (0, 16, 63, Translation::None));
        assert_eq!(of(1024 * 2 * 8, Some((1, 8))).3, Translation::None);
        assert_eq!(of(1025 * 2 * 8, Some((1, 8))).3, Translation::Lba);
    }

    #[test]
    fn no_more_cylinders_are_reported_than_drives_have() {
        let (geometry, translation) = Geometry::of_medium(&disk(16_400 * 2, Some((1, 1))));
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
