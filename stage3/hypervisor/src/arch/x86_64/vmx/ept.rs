//! EPT: how its paging-structure entries and the pointer to them are written (Intel SDM, "The Extended Page Table
//! Mechanism (EPT)").

use super::super::nested_paging::Format;
use super::super::page::Hpa;

/// Bits 2:0 of an entry: read, write and execute allowed. Without any of them it is not present.
const READ_WRITE_EXECUTE: u64 = 0b111;
/// Bits 5:3 of an entry that maps a page: memory type write-back.
const WRITE_BACK: u64 = 6 << 3;
/// Bit 6 of an entry that maps a page: ignore the guest's PAT.
const IGNORE_PAT: u64 = 1 << 6;
/// Bit 7 of an entry above the last level: it maps a page.
const MAPS_PAGE: u64 = 1 << 7;

/// Bits 2:0 of the EPT pointer: the paging structures are in write-back memory.
const POINTER_WRITE_BACK: u64 = 6;
/// Bits 5:3 of the EPT pointer: length of a walk, minus one.
const POINTER_WALK_4: u64 = (4 - 1) << 3;

/// The encoding of EPT.
///
/// All mapped memory is RAM, which the host maps write-back as well. The guest's PAT and MTRRs do not count for it:
/// two mappings of one page with different memory types would be undefined ("Programming the PAT"), and no device but
/// the hypervisor's own reads or writes that RAM.
pub struct Ept;

impl Format for Ept {
    const PRESENT: u64 = READ_WRITE_EXECUTE;

    fn table(table: Hpa) -> u64 {
        table.0 | READ_WRITE_EXECUTE
    }

    fn page(page: Hpa, large: bool) -> u64 {
        let maps_page = if large { MAPS_PAGE } else { 0 };
        page.0 | READ_WRITE_EXECUTE | WRITE_BACK | IGNORE_PAT | maps_page
    }
}

/// The EPT pointer for the tables at `root`, without accessed and dirty flags.
pub const fn pointer(root: Hpa) -> u64 {
    root.0 | POINTER_WRITE_BACK | POINTER_WALK_4
}
