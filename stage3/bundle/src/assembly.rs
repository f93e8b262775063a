//! The numbers that the NASM stages share with Rust.
//!
//! `cargo xtask image` writes [`SYMBOLS`] and [`TABLES`] to an include file as `%define NAME value` lines.

use crate::boot_info::{self, BootInfo, MemoryRange};
use crate::image::{self, ImageHeader, Part};
use crate::instructions::{self, Stream};
use core::mem::offset_of;

/// Name and value of every shared number.
pub const SYMBOLS: &[(&str, u64)] = &[
    ("SECTOR", image::SECTOR as u64),
    ("HEADER_ADDRESS", image::HEADER_ADDRESS as u64),
    ("STAGE2_ADDRESS", image::STAGE2_ADDRESS as u64),
    ("STAGE2_LIMIT", image::STAGE2_LIMIT as u64),
    ("STAGE3_ADDRESS", image::STAGE3_ADDRESS as u64),
    ("STAGE1_COUNT_OFFSET", image::STAGE1_COUNT_OFFSET as u64),
    ("IMAGE_MAGIC_LOW", u32_of(image::MAGIC, 0)),
    ("IMAGE_MAGIC_HIGH", u32_of(image::MAGIC, 4)),
    ("IMAGE_VERSION", image::VERSION as u64),
    ("FLAG_START_WITH_A20_OFF", image::FLAG_START_WITH_A20_OFF as u64),
    ("HEADER_VERSION", offset_of!(ImageHeader, version) as u64),
    ("HEADER_CHECKSUM", offset_of!(ImageHeader, checksum) as u64),
    ("HEADER_SECTORS", offset_of!(ImageHeader, sectors) as u64),
    ("HEADER_FLAGS", offset_of!(ImageHeader, flags) as u64),
    ("HEADER_STAGE3_UNPACKED", offset_of!(ImageHeader, stage3_unpacked) as u64),
    ("HEADER_STAGE3_CODE", offset_of!(ImageHeader, stage3_code) as u64),
    ("HEADER_STAGE3_STREAMS", offset_of!(ImageHeader, stage3_streams) as u64),
    ("HEADER_STAGE2", part_offset(image::STAGE2)),
    ("HEADER_STAGE3", part_offset(image::STAGE3)),
    ("HEADER_BUNDLE", part_offset(image::BUNDLE)),
    ("PART_NAME", offset_of!(Part, name) as u64),
    ("PART_SECTOR", offset_of!(Part, sector) as u64),
    ("PART_BYTES", offset_of!(Part, bytes) as u64),
    ("PART_ADDRESS", offset_of!(Part, address) as u64),
    ("PART_MEMORY", offset_of!(Part, memory) as u64),
    ("PART_CHECKSUM", offset_of!(Part, checksum) as u64),
    ("PART_ENTRY", offset_of!(Part, entry) as u64),
    ("PART_SIZE", size_of::<Part>() as u64),
    ("BOOT_MAGIC_LOW", boot_info::MAGIC & 0xffff_ffff),
    ("BOOT_MAGIC_HIGH", boot_info::MAGIC >> 32),
    ("BOOT_MAGIC", offset_of!(BootInfo, magic) as u64),
    ("BOOT_VERSION", offset_of!(BootInfo, version) as u64),
    ("BOOT_SIZE", offset_of!(BootInfo, size) as u64),
    ("BOOT_VENDOR", offset_of!(BootInfo, vendor) as u64),
    ("BOOT_FLAGS", offset_of!(BootInfo, flags) as u64),
    ("BOOT_MEMORY_MAP", offset_of!(BootInfo, memory_map) as u64),
    ("BOOT_MEMORY_MAP_ENTRIES", offset_of!(BootInfo, memory_map_entries) as u64),
    ("BOOT_DRIVE", offset_of!(BootInfo, boot_drive) as u64),
    ("BOOT_IMAGE_HEADER", offset_of!(BootInfo, image_header) as u64),
    ("BOOT_BUNDLE", offset_of!(BootInfo, bundle) as u64),
    ("BOOT_BUNDLE_BYTES", offset_of!(BootInfo, bundle_bytes) as u64),
    ("BOOT_VMXON_REGION", offset_of!(BootInfo, vmxon_region) as u64),
    ("BOOT_LOW_MEMORY_END", offset_of!(BootInfo, low_memory_end) as u64),
    ("BOOT_INFO_SIZE", size_of::<BootInfo>() as u64),
    ("VENDOR_INTEL", boot_info::VENDOR_INTEL as u64),
    ("VENDOR_AMD", boot_info::VENDOR_AMD as u64),
    ("BOOT_FLAG_SERIAL", boot_info::FLAG_SERIAL as u64),
    ("BOOT_FLAG_VGA_TEXT", boot_info::FLAG_VGA_TEXT as u64),
    ("RANGE_START", offset_of!(MemoryRange, start) as u64),
    ("RANGE_BYTES", offset_of!(MemoryRange, bytes) as u64),
    ("RANGE_KIND", offset_of!(MemoryRange, kind) as u64),
    ("RANGE_ATTRIBUTES", offset_of!(MemoryRange, attributes) as u64),
    ("RANGE_SIZE", size_of::<MemoryRange>() as u64),
    ("MEMORY_USABLE", boot_info::MEMORY_USABLE as u64),
    ("MEMORY_MAP_MAX", boot_info::MEMORY_MAP_MAX as u64),
    ("STREAM_OPCODES", Stream::Opcodes as u64),
    ("STREAM_SIBS", Stream::Sibs as u64),
    ("STREAM_CALLS", Stream::Calls as u64),
    ("STREAM_IMMEDIATES8", Stream::Immediates8 as u64),
    ("STREAM_DISPLACEMENTS8", Stream::Displacements8 as u64),
    ("STREAM_JUMPS32", Stream::Jumps32 as u64),
    ("STREAM_JUMPS8", Stream::Jumps8 as u64),
    ("STREAM_ADDRESSES", Stream::Addresses as u64),
    ("STREAM_DISPLACEMENTS32", Stream::Displacements32 as u64),
    ("STREAM_IMMEDIATES32", Stream::Immediates32 as u64),
    ("INSTRUCTION_LONGEST", instructions::LONGEST as u64),
    ("INSTRUCTION_MODRM", instructions::MODRM as u64),
    ("INSTRUCTION_OPERAND", instructions::OPERAND as u64),
    ("INSTRUCTION_IMMEDIATE8", instructions::IMMEDIATE8 as u64),
    ("INSTRUCTION_IMMEDIATE32", instructions::IMMEDIATE32 as u64),
    ("INSTRUCTION_SPECIAL", instructions::SPECIAL as u64),
    ("INSTRUCTION_OPERAND_SIZE", instructions::OPERAND_SIZE as u64),
    ("INSTRUCTION_ESCAPE", instructions::ESCAPE as u64),
];

/// Name and bytes of every shared table.
pub const TABLES: &[(&str, &[u8])] = &[
    ("INSTRUCTIONS_ONE_BYTE", &instructions::ONE_BYTE),
    ("INSTRUCTIONS_TWO_BYTES", &instructions::TWO_BYTES),
];

// stage2/unpack.asm has the addresses of what handles these operands in this order.
const _: () = assert!(
    instructions::IMMEDIATE8 == 2
        && instructions::IMMEDIATE32 == 4
        && instructions::JUMP8 == 6
        && instructions::JUMP32 == 8
        && instructions::CALL == 10
        && instructions::IMMEDIATE64 == 12
);

const fn part_offset(index: usize) -> u64 {
    (offset_of!(ImageHeader, parts) + index * size_of::<Part>()) as u64
}

const fn u32_of(bytes: [u8; 8], at: usize) -> u64 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as u64
}
