//! Nested page table entries: ordinary long-mode entries (AMD APM volume 2, "Nested Paging").

use crate::arch::x86_64::nested_paging::Format;
use crate::arch::x86_64::page::Hpa;

const PRESENT: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
/// A guest's accesses count as user accesses in the nested tables, whatever its own privilege.
const USER: u64 = 1 << 2;
/// The entry maps a page although it is not in a table of the last level.
const LARGE: u64 = 1 << 7;

/// The encoding of nested page tables. PWT, PCD and PAT are zero: write-back memory, unless the guest's own page
/// attributes say otherwise.
pub struct Npt;

impl Format for Npt {
    const PRESENT: u64 = PRESENT;

    fn table(table: Hpa) -> u64 {
        table.0 | PRESENT | WRITABLE | USER
    }

    fn page(page: Hpa, large: bool) -> u64 {
        page.0 | PRESENT | WRITABLE | USER | if large { LARGE } else { 0 }
    }
}
