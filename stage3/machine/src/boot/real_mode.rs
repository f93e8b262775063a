//! The state of a CPU in real mode.

use crate::vcpu::{CpuState, Segment, TableRegister, CR0_ET, RFLAGS_FIXED, SEGMENT_PRESENT};

/// Limit of a segment in real mode.
const SEGMENT_LIMIT: u32 = 0xffff;
/// The interrupt vectors of real mode, at the start of memory.
pub const VECTORS: TableRegister = TableRegister { base: 0, limit: 0x3ff };

/// A CPU that executes at this place, with interrupts off and all else as after reset (Intel SDM, "Processor State After
/// Reset").
pub fn state(code: u16, rip: u64) -> CpuState {
    let data = segment(0, 0x3);
    CpuState {
        rip,
        rflags: RFLAGS_FIXED,
        cr0: CR0_ET,
        cs: segment(code, 0xb),
        ds: data,
        es: data,
        fs: data,
        gs: data,
        ss: data,
        // A busy 32-bit TSS, which VM entry demands.
        tr: Segment { selector: 0, attributes: SEGMENT_PRESENT | 0xb, limit: SEGMENT_LIMIT, base: 0 },
        idtr: VECTORS,
        ..CpuState::default()
    }
}

/// A segment of real mode with this type.
const fn segment(selector: u16, kind: u16) -> Segment {
    const CODE_OR_DATA: u16 = 1 << 4;
    let attributes = SEGMENT_PRESENT | CODE_OR_DATA | kind;
    Segment { selector, attributes, limit: SEGMENT_LIMIT, base: (selector as u64) << 4 }
}
