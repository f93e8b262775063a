//! The boot information of version 1 ("Boot information format").

use crate::boot::memory_map::{memory_map, CONVENTIONAL_END, EXTENDED_START};
use crate::boot::multiboot::strings;
use crate::boot::multiboot::{Facts, LOADER};
use crate::memory::RamLayout;
use alloc::vec::Vec;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Flags: [`Information::lower`] and [`Information::upper`].
const MEMORY: u32 = 1 << 0;
/// Flags: the command line.
const COMMAND_LINE: u32 = 1 << 2;
/// Flags: the modules.
const MODULES: u32 = 1 << 3;
/// Flags: the section headers of an ELF file.
const SECTIONS: u32 = 1 << 5;
/// Flags: the memory map.
const MEMORY_MAP: u32 = 1 << 6;
/// Flags: the loader's name.
const LOADER_NAME: u32 = 1 << 9;

/// The structure that EBX points to. There is no boot device, since no BIOS loaded the kernel, and no BIOS
/// information, APM, VBE or frame buffer.
#[derive(Clone, FromZeros, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Information {
    flags: U32,
    /// KiB from zero on.
    lower: U32,
    /// KiB from 1 MiB on.
    upper: U32,
    boot_device: U32,
    command_line: U32,
    module_count: U32,
    modules: U32,
    section_count: U32,
    section_bytes: U32,
    sections: U32,
    section_names: U32,
    memory_map_bytes: U32,
    memory_map: U32,
    drives: [U32; 2],
    bios: U32,
    loader_name: U32,
    apm: U32,
    video: [u8; 44],
}

/// A module.
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C)]
struct Module {
    start: U32,
    end: U32,
    string: U32,
    reserved: U32,
}

/// A range of the memory map.
#[derive(IntoBytes, Immutable, Unaligned)]
#[repr(C)]
struct Range {
    /// Bytes that follow.
    size: U32,
    start: U64,
    bytes: U64,
    kind: U32,
}

const _: () = assert!(size_of::<Information>() == 116);
const _: () = assert!(size_of::<Range>() == 24);

/// The boot information, to be put to `at`: the structure, and behind it all that it points to.
pub fn information(at: u64, facts: &Facts, layout: RamLayout) -> Vec<u8> {
    let mut info = Information::new_zeroed();
    let mut out = info.as_bytes().to_vec();
    let here = |out: &Vec<u8>| U32::new((at + out.len() as u64) as u32);

    info.flags = (MEMORY | COMMAND_LINE | MODULES | MEMORY_MAP | LOADER_NAME).into();
    info.lower = ((CONVENTIONAL_END >> 10) as u32).into();
    info.upper = ((layout.low_end().saturating_sub(EXTENDED_START) >> 10) as u32).into();

    info.memory_map = here(&out);
    for (start, end, kind) in memory_map(layout) {
        let size = (size_of::<Range>() - size_of::<U32>()) as u32;
        let range =
            Range { size: size.into(), start: start.into(), bytes: (end - start).into(), kind: kind.into() };
        out.extend_from_slice(range.as_bytes());
    }
    info.memory_map_bytes = (here(&out).get() - info.memory_map.get()).into();

    if let Some(sections) = &facts.sections {
        info.flags |= U32::new(SECTIONS);
        info.section_count = sections.count.into();
        info.section_bytes = sections.entry_bytes.into();
        info.section_names = sections.names.into();
        info.sections = here(&out);
        out.extend_from_slice(&sections.headers());
    }

    info.modules = here(&out);
    info.module_count = (facts.modules.len() as u32).into();
    let mut string = out.len() + facts.modules.len() * size_of::<Module>();
    for (start, end, args) in &facts.modules {
        let module = Module {
            start: (*start as u32).into(),
            end: (*end as u32).into(),
            string: ((at + string as u64) as u32).into(),
            reserved: 0.into(),
        };
        out.extend_from_slice(module.as_bytes());
        string += args.len() + 1;
    }
    for (_, _, args) in &facts.modules {
        strings::put(&mut out, args);
    }

    info.command_line = here(&out);
    strings::put(&mut out, facts.cmdline);
    info.loader_name = here(&out);
    strings::put(&mut out, LOADER);
    out[..size_of::<Information>()].copy_from_slice(info.as_bytes());
    out
}
