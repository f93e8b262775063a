//! The memory map that loaders give to guests, as a BIOS reports it (INT 15h, AX=E820h).

use crate::acpi::TABLES;
use crate::memory::{RamLayout, HIGH_RAM_START};

/// Kind of a range: RAM for the guest.
pub const USABLE: u32 = 1;
/// Kind of a range: not for the guest.
pub const RESERVED: u32 = 2;

/// Conventional memory ends here; a BIOS keeps its extended data area above.
pub const CONVENTIONAL_END: u64 = 0x9_fc00;
/// Start of the VGA window.
const VGA_START: u64 = 0xa_0000;
/// Where RAM goes on above the BIOS area.
pub const EXTENDED_START: u64 = 0x10_0000;

/// Start, end and kind of each range. The BIOS area, where the ACPI tables are, is RAM too.
pub fn memory_map(layout: RamLayout) -> impl Iterator<Item = (u64, u64, u32)> {
    [
        (0, CONVENTIONAL_END, USABLE),
        (CONVENTIONAL_END, VGA_START, RESERVED),
        (TABLES.start, EXTENDED_START, RESERVED),
        (EXTENDED_START, layout.low_end(), USABLE),
        (HIGH_RAM_START, layout.high_end(), USABLE),
    ]
    .into_iter()
    .filter(|(start, end, _)| start < end)
}
