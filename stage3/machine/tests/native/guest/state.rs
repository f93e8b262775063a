//! The state of the virtual CPU in each mode: the memory of cases starts in a page of RAM and ends in the device.

use super::board::Ram;
use crate::mode::{Mode, DS, ES, FS, SS};
use machine::vcpu::*;

/// Linear address of the two pages under Linux.
pub const BUFFER: u64 = 0x1000_0000;
/// Linear address of DS on the emulated computer, and its selector; the other segments are near
/// ([`Mode::base`]). The second page is 1000h higher.
pub const DS_BASE: u64 = 0x2_0000;
/// Where the first page is.
pub const FIRST: u64 = 0x1_0000;
/// Where the second is.
pub const DEVICE: u64 = 0xfee0_0000;
/// Where they are without paging: the VGA window is no RAM.
pub const UNPAGED: u64 = 0x9_f000;
/// Where the code is; its linear address is the same.
pub const CODE: u64 = 0x8000;

/// Selectors of 16-bit and 32-bit protected mode, by the numbers of the segments; machine.asm has the same.
const SELECTORS: [u16; 5] = [0x30, 0, 0x40, 0x28, 0x38];

const CR4_PSE: u64 = 1 << 4;
const RFLAGS_VM: u64 = 1 << 17;
const RFLAGS_IOPL: u64 = 3 << 12;

/// The state of the CPU, whose page tables, if any, are put into `ram`.
pub fn of(mode: Mode, ram: &Ram) -> CpuState {
    match mode {
        Mode::Bits64 => long(ram),
        Mode::Compatibility => {
            legacy_tables(ram, BUFFER);
            let data = segment(0x93 | SEGMENT_BIG, 0, u32::MAX);
            CpuState {
                cr0: CR0_PE | CR0_PG,
                cr3: 0x1000,
                cr4: CR4_PSE,
                cs: segment(0x9b | SEGMENT_BIG, 0, u32::MAX),
                ds: data,
                es: data,
                ss: data,
                ..CpuState::default()
            }
        }
        Mode::Real => with_segments(mode, UNPAGED, 0x93, 0xffff, &CpuState::default()),
        Mode::Virtual8086 => {
            legacy_tables(ram, DS_BASE);
            let state = CpuState {
                cr0: CR0_PE | CR0_PG,
                cr3: 0x1000,
                cr4: CR4_PSE,
                rflags: RFLAGS_VM | RFLAGS_IOPL,
                ..CpuState::default()
            };
            with_segments(mode, DS_BASE, 0xf3, 0xffff, &state)
        }
        Mode::Protected16 => {
            let state = CpuState { cr0: CR0_PE, ..CpuState::default() };
            with_segments(mode, UNPAGED, 0x93, 0xffff, &state)
        }
        Mode::Protected32 => {
            legacy_tables(ram, DS_BASE);
            let state = CpuState { cr0: CR0_PE | CR0_PG, cr3: 0x1000, cr4: CR4_PSE, ..CpuState::default() };
            with_segments(mode, DS_BASE, 0x93 | SEGMENT_BIG, 0xf_ffff, &state)
        }
        Mode::Pae => {
            pae_tables(ram);
            let state = CpuState { cr0: CR0_PE | CR0_PG, cr3: 0x1000, cr4: CR4_PAE, ..CpuState::default() };
            with_segments(mode, DS_BASE, 0x93 | SEGMENT_BIG, 0xf_ffff, &state)
        }
    }
}

fn segment(attributes: u16, base: u64, limit: u32) -> Segment {
    Segment { selector: 8, attributes, limit, base }
}

/// Segments of the emulated computer around `base`. CS starts at zero, or in 16-bit code at the code.
fn with_segments(mode: Mode, base: u64, attributes: u16, limit: u32, state: &CpuState) -> CpuState {
    let is_real = matches!(mode, Mode::Real | Mode::Virtual8086);
    let data = |number: usize| Segment {
        // The real computer has them at DS_BASE in each mode.
        selector: if is_real {
            (DS_BASE.wrapping_add(mode.base(number)) >> 4) as u16
        } else {
            SELECTORS[number]
        },
        attributes,
        limit,
        base: base.wrapping_add(mode.base(number)),
    };
    let code = attributes | if is_real { 0 } else { 8 };
    CpuState { cs: segment(code, 0, limit), ds: data(DS), es: data(ES), fs: data(FS), ss: data(SS), ..*state }
}

/// Four levels of page tables: 2 MiB of RAM at 0, and the two pages.
fn long(ram: &Ram) -> CpuState {
    for (place, entry) in [
        (0x1000, 0x2007),
        (0x2000, 0x3007),
        (0x3000, 0x87),
        (0x3000 + (BUFFER >> 21) * 8, 0x4007),
        (0x4000, FIRST | 7),
        (0x4008, DEVICE | 7),
    ] {
        ram.set(place, &u64::to_le_bytes(entry));
    }
    CpuState {
        cr0: CR0_PE | CR0_PG,
        cr3: 0x1000,
        cr4: CR4_PAE,
        efer: EFER_LME | EFER_LMA,
        cs: segment(0x9b | SEGMENT_LONG, 0, u32::MAX),
        ..CpuState::default()
    }
}

/// Two levels of page tables: the code where it is, and the two pages at `buffer`.
fn legacy_tables(ram: &Ram, buffer: u64) {
    for (place, entry) in [
        (0x1000, 0x2007),
        (0x1000 + (buffer >> 22) * 4, 0x2007),
        (0x2000 + (CODE >> 12) * 4, CODE as u32 | 7),
        (0x2000 + (buffer >> 12 & 0x3ff) * 4, FIRST as u32 | 7),
        (0x2000 + (buffer >> 12 & 0x3ff) * 4 + 4, DEVICE as u32 | 7),
    ] {
        ram.set(place, &u32::to_le_bytes(entry));
    }
}

/// Three levels of page tables: the same at `DS_BASE`.
fn pae_tables(ram: &Ram) {
    for (place, entry) in [
        (0x1000, 0x2001),
        (0x2000, 0x3007),
        (0x3000 + (CODE >> 12) * 8, CODE | 7),
        (0x3000 + (DS_BASE >> 12) * 8, FIRST | 7),
        (0x3000 + (DS_BASE >> 12) * 8 + 8, DEVICE | 7),
    ] {
        ram.set(place, &u64::to_le_bytes(entry));
    }
}
