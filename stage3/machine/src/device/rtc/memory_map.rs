//! The bytes of the RAM in which firmware looks for the machine's configuration: "CMOS RAM Address Map"
//! of the IBM Technical Reference of the PC/AT, and those that SeaBIOS and QEMU added for more memory.

use super::BYTES;
use crate::memory::{RamLayout, HIGH_RAM_START, VGA_WINDOW};

/// Shutdown status.
pub(super) const SHUTDOWN_STATUS: u8 = 0x0f;
/// Equipment byte.
const EQUIPMENT: usize = 0x14;
/// Base memory in KiB, two bytes.
const BASE_KIB: usize = 0x15;
/// Memory from 1 MiB on in KiB, two bytes: what was configured.
const EXTENDED_KIB: usize = 0x17;
/// Memory from 1 MiB on in KiB, two bytes: what the memory test found.
const FOUND_EXTENDED_KIB: usize = 0x30;
/// Memory from 16 MiB to 4 GiB in units of 64 KiB, two bytes.
const ABOVE_16_MIB: usize = 0x34;
/// Memory from 4 GiB on in units of 64 KiB, three bytes.
const ABOVE_4_GIB: usize = 0x5b;
/// Sum of the bytes in [`SUMMED`], two bytes, upper one first.
const CHECKSUM: usize = 0x2e;
/// Bytes that the checksum covers.
const SUMMED: core::ops::Range<usize> = 0x10..0x2e;

/// Equipment: there is a floating-point unit.
const EQUIPMENT_FPU: u8 = 1 << 1;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// Unit of the fields for much memory.
const UNIT: u64 = 64 * KIB;

/// Describes a computer with memory of this layout, and no disks. The clock and what others keep here stay.
pub(super) fn describe(ram: &mut [u8; BYTES], layout: RamLayout) {
    let low = layout.low_end();
    let base = low.min(VGA_WINDOW.start) / KIB;
    let extended = low.saturating_sub(MIB) / KIB;
    let above_16_mib = low.saturating_sub(16 * MIB) / UNIT;
    let above_4_gib = (layout.high_end() - HIGH_RAM_START) / UNIT;

    ram[SUMMED].fill(0);
    ram[EQUIPMENT] = EQUIPMENT_FPU;
    store(ram, BASE_KIB, 2, base);
    store(ram, EXTENDED_KIB, 2, extended);
    store(ram, FOUND_EXTENDED_KIB, 2, extended);
    store(ram, ABOVE_16_MIB, 2, above_16_mib);
    store(ram, ABOVE_4_GIB, 3, above_4_gib);
    sum(ram);
}

/// Computes the checksum.
pub(super) fn sum(ram: &mut [u8; BYTES]) {
    let sum = ram[SUMMED].iter().fold(0_u16, |sum, byte| sum + u16::from(*byte));
    ram[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
}

/// Stores `value` in `bytes` bytes from `at`, lower ones first, or the most that fits there.
fn store(ram: &mut [u8; BYTES], at: usize, bytes: usize, value: u64) {
    let most = (1 << (8 * bytes)) - 1;
    ram[at..at + bytes].copy_from_slice(&value.min(most).to_le_bytes()[..bytes]);
}
