//! Finds room in a VM's memory beside what is there already.

use crate::boot::memory_map::{CONVENTIONAL_END, EXTENDED_START};
use crate::memory::RamLayout;
use alloc::vec::Vec;
use core::ops::Range;

/// Alignment of modules.
pub const PAGE: u64 = 4096;
/// What is below is for the interrupt vectors of real mode, and for a stack.
const LOWEST: u64 = super::STRUCTURES;

/// Usable memory below 4 GiB.
pub fn usable(layout: RamLayout) -> [Range<u64>; 2] {
    [0..CONVENTIONAL_END, EXTENDED_START..layout.low_end()]
}

/// Memory, and what of it is in use.
#[derive(Debug)]
pub struct Space {
    ram: [Range<u64>; 2],
    /// Sorted, without overlaps.
    used: Vec<Range<u64>>,
}

impl Space {
    /// The memory of a VM in which `used`, sorted and without overlaps, is taken.
    pub fn new(layout: RamLayout, used: Vec<Range<u64>>) -> Self {
        Self { ram: usable(layout), used }
    }

    /// Takes the lowest `bytes` from `from` on that are free, or else the lowest there are.
    pub fn take(&mut self, bytes: u64, alignment: u64, from: u64) -> Option<u64> {
        let start = self.find(bytes, alignment, from).or_else(|| self.find(bytes, alignment, LOWEST))?;
        let at = self.used.partition_point(|used| used.start < start);
        self.used.insert(at, start..start + bytes);
        Some(start)
    }

    fn find(&self, bytes: u64, alignment: u64, from: u64) -> Option<u64> {
        self.ram.iter().find_map(|ram| {
            let mut start = from.max(ram.start).checked_next_multiple_of(alignment)?;
            for used in &self.used {
                if used.start < start.saturating_add(bytes) && used.end > start {
                    start = used.end.checked_next_multiple_of(alignment)?;
                }
            }
            (start.checked_add(bytes)? <= ram.end).then_some(start)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::iter::once;
    use proptest::prelude::*;
    use std::vec;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_lowest_room_is_taken() {
        let mut space = Space::new(RamLayout::new(4 * MIB), once(MIB..MIB + 5000).collect());
        assert_eq!(space.take(100, 8, 0x9000), Some(0x9000));
        assert_eq!(space.take(100, 8, 0x9000), Some(0x9068));
        assert_eq!(space.take(100, PAGE, MIB), Some(MIB + 8192));
        assert_eq!(space.take(CONVENTIONAL_END, 1, 0x9000), Some(MIB + 8292), "not across the VGA window");
    }

    #[test]
    fn room_below_is_better_than_none() {
        let mut space = Space::new(RamLayout::new(4 * MIB), once(3 * MIB..4 * MIB).collect());
        assert_eq!(space.take(MIB, PAGE, 4 * MIB), Some(MIB));
        assert_eq!(space.take(MIB, PAGE, 4 * MIB), Some(2 * MIB));
        assert_eq!(space.take(MIB, PAGE, 4 * MIB), None);
        assert_eq!(space.take(u64::MAX, PAGE, 0), None);
    }

    proptest! {
        #[test]
        fn nothing_is_taken_twice(wishes in prop::collection::vec((1_u64..2_000_000, 0_u32..14, 0_u64..1 << 24), 1..30)) {
            let layout = RamLayout::new(16 * MIB);
            let mut taken = vec![0x8000..0xa000, MIB..2 * MIB];
            let mut space = Space::new(layout, taken.clone());
            for (bytes, alignment, from) in wishes {
                if let Some(start) = space.take(bytes, 1 << alignment, from) {
                    prop_assert!(start.is_multiple_of(1 << alignment));
                    prop_assert!(usable(layout).iter().any(|ram| ram.start <= start && start + bytes <= ram.end));
                    prop_assert!(taken.iter().all(|other| other.end <= start || start + bytes <= other.start));
                    taken.push(start..start + bytes);
                }
            }
        }
    }
}
