//! Which ports and MSRs exit (AMD APM volume 2, "I/O Permissions Map", "MSR Permissions Map").

use crate::arch::x86_64::page::Page;
use machine::msr::{PASS_THROUGH, TSC_AUX};

/// The I/O permissions map: 64 Ki ports and a little more, rounded up to pages.
pub type IoMap = Page<0x3000>;
/// The MSR permissions map: four ranges of 8 Ki MSRs, the last one unused.
pub type MsrMap = Page<0x2000>;

/// First MSR of each range in the map. Everything outside of them always exits.
const RANGES: [u32; 3] = [0, 0xc000_0000, 0xc001_0000];
/// MSRs in a range.
const RANGE: u32 = 0x2000;
/// Bits for each MSR: intercept reads, intercept writes.
const BITS: usize = 2;

/// A map with which every port access exits.
pub fn io_map() -> IoMap {
    Page::filled(0xff)
}

/// A map with which every MSR access exits, but those to [`PASS_THROUGH`], and to TSC_AUX for a guest that has RDTSCP.
pub fn msr_map(has_rdtscp: bool) -> MsrMap {
    let mut map = Page::filled(0xff);
    for msr in PASS_THROUGH.iter().chain(has_rdtscp.then_some(&TSC_AUX)) {
        if let Some(bit) = bit(*msr) {
            map[bit / 8] &= !(0b11 << (bit % 8));
        }
    }
    map
}

/// Position of an MSR's first bit in the map.
fn bit(msr: u32) -> Option<usize> {
    let range = RANGES.iter().position(|first| (*first..first + RANGE).contains(&msr))?;
    Some((range * RANGE as usize + (msr - RANGES[range]) as usize) * BITS)
}
