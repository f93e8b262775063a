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
use x86_64::structures::paging::mapper::Mapper;
use x86_64::structures::paging::{
    FrameAllocator, OffsetPageTable, PageSize, PageTable, PageTableFlags as Flags, PhysFrame, Size1GiB,
    Size2MiB, Size4KiB,
};
use x86_64::{PhysAddr, VirtAddr};

const GIB: u64 = 1 << 30;
/// Everything below is mapped, RAM or not: devices live there.
const DEVICES_END: u64 = 4 * GIB;
/// What is mapped in small pages, with a permission for each section of stage 3.
const SMALL_PAGES_END: u64 = 4 << 20;

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

/// Takes the memory for page tables from the heap.
struct HeapFrames;

// SAFETY: every frame is a fresh allocation of its own that is never freed.
unsafe impl FrameAllocator<Size4KiB> for HeapFrames {
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        let table = Box::leak(Box::new(PageTable::new()));
        PhysFrame::from_start_address(PhysAddr::new(core::ptr::from_mut(table).addr() as u64)).ok()
    }
}

/// Builds the tables and switches to them.
pub fn init() {
    let table = Box::leak(Box::new(PageTable::new()));
    let root = PhysAddr::new(core::ptr::from_mut(table).addr() as u64);
    // SAFETY: memory is mapped one to one, before and after the switch.
    let mut mapper = unsafe { OffsetPageTable::new(table, VirtAddr::zero()) };
    let has_1g =
        CpuId::new().get_extended_processor_and_feature_identifiers().is_some_and(|id| id.has_1gib_pages());

    map_small_pages(&mut mapper);
    let ram_end = memory::ram().iter().map(|range| range.end).max().unwrap_or(0);
    let mut at = SMALL_PAGES_END;
    while at < DEVICES_END.max(ram_end) {
        let huge = at..at + GIB;
        if has_1g && at.is_multiple_of(GIB) && is_all_ram(&huge) {
            map::<Size1GiB>(&mut mapper, at, Flags::WRITABLE | Flags::NO_EXECUTE);
            at = huge.end;
            continue;
        }
        let large = at..at + Size2MiB::SIZE;
        if touches_ram(&large) {
            map::<Size2MiB>(&mut mapper, at, Flags::WRITABLE | Flags::NO_EXECUTE);
        } else if at < DEVICES_END {
            map::<Size2MiB>(&mut mapper, at, Flags::WRITABLE | Flags::NO_EXECUTE | Flags::NO_CACHE);
        }
        at = large.end;
    }
    // SAFETY: the new tables map all that is in use, at the same addresses: code executable, stack and data writable.
    unsafe {
        Efer::update(|efer| efer.insert(EferFlags::NO_EXECUTE_ENABLE));
        Cr3::write(PhysFrame::containing_address(root), Cr3Flags::empty());
    }
}

fn map_small_pages(mapper: &mut OffsetPageTable) {
    let address = |symbol: *const u8| symbol.addr() as u64;
    let text = address(&raw const text_start)..address(&raw const text_end);
    let constants = text.end..address(&raw const rodata_end);
    assert!(address(&raw const image_end) <= SMALL_PAGES_END, "stage 3 has outgrown its small pages");
    for at in (PAGE_SIZE..SMALL_PAGES_END).step_by(PAGE_SIZE as usize) {
        if at == entry::guard_page() {
            continue;
        }
        let flags = if text.contains(&at) {
            Flags::empty()
        } else if constants.contains(&at) {
            Flags::NO_EXECUTE
        } else {
            Flags::WRITABLE | Flags::NO_EXECUTE
        };
        map::<Size4KiB>(mapper, at, flags);
    }
}

fn map<S: PageSize>(mapper: &mut OffsetPageTable, at: u64, flags: Flags)
where
    for<'a> OffsetPageTable<'a>: Mapper<S>,
{
    let frame = PhysFrame::<S>::containing_address(PhysAddr::new(at));
    // SAFETY: the tables are not in use yet, and map memory to its own address.
    let result = unsafe { mapper.identity_map(frame, flags | Flags::PRESENT, &mut HeapFrames) };
    let Ok(flush) = result else {
        panic!("page {at:#x} is mapped twice, or the heap has no room for page tables");
    };
    flush.ignore();
}

fn is_all_ram(range: &Range<u64>) -> bool {
    memory::ram().iter().any(|ram| ram.start <= range.start && range.end <= ram.end)
}

fn touches_ram(range: &Range<u64>) -> bool {
    memory::ram().iter().any(|ram| ram.start < range.end && range.start < ram.end)
}
