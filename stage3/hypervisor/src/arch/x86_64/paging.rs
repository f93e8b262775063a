//! The host's own page tables: all memory mapped one to one, nothing both writable and executable.
//!
//! * The first 4 MiB in 4 KiB pages: stage 3's code is read-only, its data not executable, page 0 and the page
//!   below the stack not mapped.
//! * RAM and the devices below 4 GiB in large pages, not executable; what is not RAM is uncached.

use super::{entry, page::PAGE_SIZE};
use crate::host::memory;
use alloc::boxed::Box;
use core::ops::Range;
use raw_cpuid::CpuId;
use x86_64::registers::control::{Cr3, Cr3Flags, Efer, EferFlags};
use x86_64::structures::paging::{PageTable, PageTableFlags as Flags, PhysFrame};
use x86_64::PhysAddr;

/// Bytes that an entry of each level stands for: of a page table, a directory, a directory pointer table and the root.
const LARGE_PAGE: u64 = 512 * PAGE_SIZE;
/// See [`LARGE_PAGE`].
const GIB: u64 = 512 * LARGE_PAGE;
/// See [`LARGE_PAGE`].
const HALF_TIB: u64 = 512 * GIB;
/// Everything below is mapped, RAM or not: devices live there.
const DEVICES_END: u64 = 4 * GIB;
/// What is mapped in small pages, with a permission for each section of stage 3.
const SMALL_PAGES_END: u64 = 4 << 20;
/// Data of the hypervisor and of guests.
const DATA: Flags = Flags::PRESENT.union(Flags::WRITABLE).union(Flags::NO_EXECUTE);

extern "C" {
    /// From the linker script: start and end of code, and end of constants.
    static text_start: u8;
    /// See `text_start`.
    static text_end: u8;
    /// See `text_start`.
    static rodata_end: u8;
    /// End of stage 3.
    static image_end: u8;
}

/// Builds the tables and switches to them.
pub fn init() {
    assert!((&raw const image_end).addr() as u64 <= SMALL_PAGES_END, "stage 3 has outgrown its small pages");
    let features = CpuId::new().get_extended_processor_and_feature_identifiers();
    let has_1g = features.is_some_and(|id| id.has_1gib_pages());
    let ram_end = memory::ram().iter().map(|range| range.end).max().unwrap_or(0);
    let end = DEVICES_END.max(ram_end);
    let directories = |gib: Range<u64>| {
        if gib.start >= end {
            None
        } else if has_1g && is_all_ram(&gib) {
            Some((gib.start, DATA | Flags::HUGE_PAGE))
        } else {
            Some(below(table(gib.start, LARGE_PAGE, large_page)))
        }
    };
    let root = table(0, HALF_TIB, |half: Range<u64>| {
        (half.start < end).then(|| below(table(half.start, GIB, directories)))
    });
    // SAFETY: the new tables map all that is in use, at the same addresses: code executable, stack and data writable.
    unsafe {
        Efer::update(|efer| efer.insert(EferFlags::NO_EXECUTE_ENABLE));
        Cr3::write(PhysFrame::containing_address(PhysAddr::new(root)), Cr3Flags::empty());
    }
}

/// HPA of a table, never freed, whose entries stand for `each` bytes, from `start` on: `entry` gives address and flags.
fn table(start: u64, each: u64, entry: impl Fn(Range<u64>) -> Option<(u64, Flags)>) -> u64 {
    let table = Box::leak(Box::new(PageTable::new()));
    for (slot, index) in table.iter_mut().zip(0..) {
        let from = start + index * each;
        if let Some((address, flags)) = entry(from..from + each) {
            slot.set_addr(PhysAddr::new(address), flags);
        }
    }
    core::ptr::from_mut(table).addr() as u64
}

/// The entry that points to a table.
fn below(table: u64) -> (u64, Flags) {
    (table, Flags::PRESENT | Flags::WRITABLE)
}

/// The entry of a directory.
fn large_page(large: Range<u64>) -> Option<(u64, Flags)> {
    if large.start < SMALL_PAGES_END {
        Some(below(table(large.start, PAGE_SIZE, small_page)))
    } else if touches_ram(&large) {
        Some((large.start, DATA | Flags::HUGE_PAGE))
    } else {
        (large.start < DEVICES_END).then_some((large.start, DATA | Flags::HUGE_PAGE | Flags::NO_CACHE))
    }
}

/// The entry of a page table.
fn small_page(small: Range<u64>) -> Option<(u64, Flags)> {
    let address = |symbol: *const u8| symbol.addr() as u64;
    let text = address(&raw const text_start)..address(&raw const text_end);
    let constants = text.end..address(&raw const rodata_end);
    match small.start {
        0 => None,
        at if at == entry::guard_page() => None,
        at if text.contains(&at) => Some((at, Flags::PRESENT)),
        at if constants.contains(&at) => Some((at, Flags::PRESENT | Flags::NO_EXECUTE)),
        at => Some((at, DATA)),
    }
}

fn is_all_ram(range: &Range<u64>) -> bool {
    memory::ram().iter().any(|ram| ram.start <= range.start && range.end <= ram.end)
}

fn touches_ram(range: &Range<u64>) -> bool {
    memory::ram().iter().any(|ram| ram.start < range.end && range.start < ram.end)
}
