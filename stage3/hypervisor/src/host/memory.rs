//! Physical memory: what the firmware left us, the heap, and large pieces for guests.

use crate::arch::x86_64::page::Hpa;
use bundle::boot_info::{BootInfo, MemoryRange, MEMORY_MAP_MAX, MEMORY_USABLE};
use bundle::image::{BUNDLE_ADDRESS, STAGE3_ADDRESS};
use core::alloc::Layout;
use core::ops::Range;
use heapless::Vec;
use machine::pages::LARGE_PAGE;
use spin::{Mutex, Once};
use talc::base::{binning::Binning, Talc};
use talc::{source::Source, TalcLock};

/// Memory for the hypervisor's own data to begin with; the heap grows by as much, or by what is asked for.
const HEAP_BYTES: u64 = LARGE_PAGE;
/// Memory below this is left to the firmware, to stage 2 and to CPUs that start in real mode.
const LOW_MEMORY: u64 = 1 << 20;
/// What stage 2 maps: until the host's own page tables are in use, memory above is out of reach.
const STAGE2_MAPS: u64 = 4 << 30;

#[global_allocator]
static HEAP: TalcLock<spin::Mutex<()>, FreeMemory> = TalcLock::new(FreeMemory);
static FREE: Mutex<FreeRanges> = Mutex::new(FreeRanges(Vec::new()));
static RAM: Once<Vec<Range<u64>, MEMORY_MAP_MAX>> = Once::new();

extern "C" {
    /// End of stage 3 in memory, from the linker script.
    static image_end: u8;
}

/// Free ranges of memory, each not empty and on page boundaries, in no order.
struct FreeRanges(Vec<Range<u64>, { 2 * MEMORY_MAP_MAX }>);

impl FreeRanges {
    /// Takes `hole` out of the free memory.
    fn exclude(&mut self, hole: &Range<u64>) {
        let mut at = 0;
        while at < self.0.len() {
            let range = self.0[at].clone();
            if hole.end <= range.start || hole.start >= range.end {
                at += 1;
                continue;
            }
            self.0.swap_remove(at);
            for rest in [range.start..hole.start, hole.end..range.end] {
                if rest.start < rest.end && self.0.push(rest).is_err() {
                    log::warn!("the memory map is so scattered that a part of memory stays unused");
                }
            }
            at = 0;
        }
    }

    /// Adds a range that is in none of them. Gives false if there is no room for one more.
    fn give(&mut self, mut range: Range<u64>) -> bool {
        while let Some(at) = self.0.iter().position(|free| free.end == range.start || range.end == free.start)
        {
            let neighbour = self.0.swap_remove(at);
            range = range.start.min(neighbour.start)..range.end.max(neighbour.end);
        }
        self.0.push(range).is_ok()
    }

    /// Takes `bytes` from the highest place below `limit` that has them on a multiple of `align`.
    fn take(&mut self, bytes: u64, align: u64, limit: u64) -> Option<Hpa> {
        let place = |range: &Range<u64>| {
            let start = range.end.min(limit).checked_sub(bytes)? / align * align;
            (start >= range.start).then_some(start)
        };
        let start = self.0.iter().filter_map(place).max()?;
        self.exclude(&(start..start + bytes));
        Some(Hpa(start))
    }
}

/// Where the heap takes more memory from.
#[derive(Debug)]
struct FreeMemory;

// SAFETY: nothing here uses the heap: `FREE` is a list of fixed size.
unsafe impl Source for FreeMemory {
    fn acquire<B: Binning>(heap: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        // Room for what the allocator itself keeps in a new piece of memory.
        let bytes = (layout.size() + layout.align() + 4096) as u64;
        let bytes = bytes.next_multiple_of(HEAP_BYTES);
        let piece = {
            let mut free = FREE.lock();
            // Stage 2's page tables are in use while the host's own are built on the heap.
            let low = free.take(bytes, LARGE_PAGE, STAGE2_MAPS);
            low.or_else(|| free.take(bytes, LARGE_PAGE, u64::MAX)).ok_or(())?
        };
        let base = core::ptr::with_exposed_provenance_mut(piece.0 as usize);
        // SAFETY: the range is RAM, mapped one to one, and was just taken out of the free memory.
        unsafe { heap.claim(base, bytes as usize) }.map(|_| ()).ok_or(())
    }
}

/// Reads the firmware's memory map. The heap works from here on.
pub fn init(boot: &BootInfo) {
    let ram = usable(firmware_map(boot));
    let mut free = FREE.lock();
    for range in &ram {
        // Both lists hold at least `MEMORY_MAP_MAX` ranges, and stage 2 keeps no more than that.
        let _ = free.0.push(range.clone());
    }
    let ours = u64::from(STAGE3_ADDRESS)..(&raw const image_end).addr() as u64;
    let bundle = boot.bundle..(boot.bundle + boot.bundle_bytes).next_multiple_of(4096);
    for hole in [0..LOW_MEMORY, ours, bundle] {
        free.exclude(&hole);
    }
    RAM.call_once(|| ram);
}

/// The memory map as stage 2 stored it.
fn firmware_map(boot: &BootInfo) -> &[MemoryRange] {
    let entries = (boot.memory_map_entries as usize).min(MEMORY_MAP_MAX);
    let map = core::ptr::with_exposed_provenance(boot.memory_map as usize);
    // SAFETY: stage 2 stored that many entries there; low memory stays untouched, and every bit
    // pattern is a valid entry.
    unsafe { core::slice::from_raw_parts(map, entries) }
}

/// The page-aligned RAM in `map`, without what other entries, which may overlap, keep for the firmware.
fn usable(map: &[MemoryRange]) -> Vec<Range<u64>, MEMORY_MAP_MAX> {
    let mut free = FreeRanges(Vec::new());
    let is_usable = |range: &&MemoryRange| range.kind == MEMORY_USABLE && range.attributes & 1 != 0;
    for range in map.iter().filter(is_usable) {
        let (first, bytes) = (range.start, range.bytes);
        let start = first.next_multiple_of(4096);
        let end = first.saturating_add(bytes) / 4096 * 4096;
        if start < end {
            free.exclude(&(start..end));
            let _ = free.0.push(start..end);
        }
    }
    for range in map.iter().filter(|range| range.kind != MEMORY_USABLE) {
        let (start, bytes) = (range.start, range.bytes);
        let end = start.saturating_add(bytes);
        free.exclude(&(start / 4096 * 4096..end.checked_next_multiple_of(4096).unwrap_or(u64::MAX)));
    }
    free.0.into_iter().take(MEMORY_MAP_MAX).collect()
}

/// All usable RAM of the computer.
pub fn ram() -> &'static [Range<u64>] {
    RAM.get().expect("memory is initialised first")
}

/// The bundle, as stage 2 loaded it.
pub fn bundle(boot: &'static BootInfo) -> &'static [u8] {
    debug_assert_eq!(boot.bundle, u64::from(BUNDLE_ADDRESS));
    let start = core::ptr::with_exposed_provenance(boot.bundle as usize);
    // SAFETY: stage 2 loaded that many bytes there; `init` keeps them out of the free memory, so nobody ever
    // writes to them.
    unsafe { core::slice::from_raw_parts(start, boot.bundle_bytes as usize) }
}

/// Bytes of memory that are not in use.
pub fn free_bytes() -> u64 {
    FREE.lock().0.iter().map(|range| range.end - range.start).sum()
}

/// Takes up to `bytes` of memory in one piece for a guest: a multiple of [`LARGE_PAGE`], on a multiple of it, as
/// large as there is. The memory holds what it held before.
pub fn take_for_guest(bytes: u64) -> Option<Range<u64>> {
    let mut free = FREE.lock();
    let mut size = bytes;
    while size >= LARGE_PAGE {
        if let Some(start) = free.take(size, LARGE_PAGE, u64::MAX) {
            return Some(start.0..start.0 + size);
        }
        size = (size / 2).next_multiple_of(LARGE_PAGE).min(size - LARGE_PAGE);
    }
    None
}

/// How large the heap is, and how much of it is in use (bytes).
pub fn heap_bytes() -> (u64, u64) {
    let counters = *HEAP.lock().counters();
    (counters.claimed_bytes as u64, counters.allocated_bytes as u64)
}

/// Gives memory of [`take_for_guest`] back.
pub fn give_back(range: Range<u64>) {
    if !FREE.lock().give(range) {
        log::warn!("too many pieces of free memory: one stays unused");
    }
}
