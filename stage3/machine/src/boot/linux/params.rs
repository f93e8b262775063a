//! `struct boot_params`, the "zero page" (Linux: Documentation/arch/x86/zero-page.rst).

use super::header::{SetupHeader, HEADER_OFFSET};
use super::place::Places;
use crate::boot::memory_map::memory_map;
use crate::memory::RamLayout;
use core::mem::offset_of;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Entries of the memory map that the zero page has room for.
const E820_MAX: usize = 128;
/// Where the table of memory ranges is.
const E820_TABLE_OFFSET: usize = 0x2d0;

/// [`SetupHeader::type_of_loader`]: a loader without an assigned number.
const UNASSIGNED_LOADER: u8 = 0xff;

/// One range of the memory map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct E820Entry {
    pub start: U64,
    pub bytes: U64,
    pub kind: U32,
}

/// `struct screen_info`: the display as the firmware left it.
#[derive(Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ScreenInfo {
    cursor: [u8; 2],
    extended_memory_kib: U16,
    page: U16,
    mode: u8,
    columns: u8,
    pad1: [u8; 6],
    rows: u8,
    is_vga: u8,
    lines_of_character: U16,
    pad2: [u8; 0x40 - 0x12],
}

impl ScreenInfo {
    /// What [`crate::device::vga::Vga::new`] shows.
    const VGA_TEXT: Self = Self {
        cursor: [0; 2],
        extended_memory_kib: U16::ZERO,
        page: U16::ZERO,
        mode: 3,
        columns: 80,
        pad1: [0; 6],
        rows: 25,
        is_vga: 1,
        lines_of_character: U16::new(16),
        pad2: [0; 0x40 - 0x12],
    };
}

/// The parameters of a kernel.
#[derive(Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct BootParams {
    /// Zero means that there is none.
    screen: ScreenInfo,
    /// APM and others: zero means that there is none.
    firmware: [u8; 0x70 - 0x40],
    /// The ACPI tables' root pointer (GPA); since protocol 2.14.
    pub acpi_rsdp_addr: U64,
    /// Drives, EFI: zero means that there is none.
    hardware: [u8; 0x1e8 - 0x78],
    pub e820_entries: u8,
    pad1: [u8; HEADER_OFFSET - 0x1e9],
    pub header: SetupHeader,
    pad2: [u8; E820_TABLE_OFFSET - 0x26c],
    pub e820_table: [E820Entry; E820_MAX],
    pad3: [u8; 0x1000 - 0xcd0],
}

const _: () = {
    assert!(offset_of!(BootParams, acpi_rsdp_addr) == 0x70);
    assert!(offset_of!(BootParams, header) == HEADER_OFFSET);
    assert!(offset_of!(BootParams, e820_table) == E820_TABLE_OFFSET);
    assert!(size_of::<BootParams>() == 0x1000);
};

impl BootParams {
    /// The parameters for a kernel with this `header`.
    pub fn new(
        header: &SetupHeader,
        places: &Places,
        initrd_bytes: u32,
        command_line: u32,
        layout: RamLayout,
    ) -> Self {
        let mut params = Self::new_zeroed();
        if layout.has_vga() {
            params.screen = ScreenInfo::VGA_TEXT;
        }
        params.header = header.clone();
        params.header.type_of_loader = UNASSIGNED_LOADER;
        params.header.code32_start = (places.kernel as u32).into();
        params.header.cmd_line_ptr = command_line.into();
        // What stands there in the file means nothing.
        let initrd = if initrd_bytes == 0 { 0 } else { places.initrd as u32 };
        params.header.ramdisk_image = initrd.into();
        params.header.ramdisk_size = initrd_bytes.into();
        for (entry, (start, end, kind)) in params.e820_table.iter_mut().zip(memory_map(layout)) {
            *entry = E820Entry { start: start.into(), bytes: (end - start).into(), kind: kind.into() };
            params.e820_entries += 1;
        }
        params
    }
}
