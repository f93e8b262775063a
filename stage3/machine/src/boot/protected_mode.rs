//! 32-bit protected mode without paging, with flat segments: how boot protocols hand over a CPU.

use crate::memory::{Gpa, GuestMemory, NotRam};
use crate::vcpu::{
    CpuState, Segment, TableRegister, CR0_ET, CR0_PE, RFLAGS_FIXED, SEGMENT_BIG, SEGMENT_GRANULAR,
    SEGMENT_PRESENT,
};
use zerocopy::IntoBytes;

/// Bytes of a descriptor.
const DESCRIPTOR: u16 = 8;
/// Most descriptors in the GDT.
const DESCRIPTORS: usize = 5;
/// Bytes that the GDT has at most.
pub const GDT_BYTES: u64 = DESCRIPTORS as u64 * DESCRIPTOR as u64;
/// Size of a 32-bit task state segment.
const TSS_BYTES: u32 = 104;

/// Type of a code segment: execute and read, accessed.
const CODE: u16 = 0xb;
/// Type of a data segment: read and write, accessed.
const DATA: u16 = 0x3;

/// A code or data segment of 4 GiB with this type.
const fn flat(selector: u16, kind: u16) -> Segment {
    const CODE_OR_DATA: u16 = 1 << 4;
    let attributes = SEGMENT_GRANULAR | SEGMENT_BIG | SEGMENT_PRESENT | CODE_OR_DATA | kind;
    Segment { selector, attributes, limit: u32::MAX, base: 0 }
}

/// A busy 32-bit TSS, which VM entry demands. It is never used: there is no task to return to.
const fn task(selector: u16) -> Segment {
    Segment { selector, attributes: SEGMENT_PRESENT | 0xb, limit: TSS_BYTES - 1, base: 0 }
}

/// The 8-byte form of `segment` (Intel SDM, "Segment Descriptors").
pub const fn descriptor(segment: &Segment) -> u64 {
    let limit =
        if segment.attributes & SEGMENT_GRANULAR == 0 { segment.limit } else { segment.limit >> 12 } as u64;
    let attributes = segment.attributes as u64;
    (limit & 0xffff)
        | (segment.base & 0xff_ffff) << 16
        | (attributes & 0xff) << 40
        | (limit >> 16 & 0xf) << 48
        | (attributes >> 8 & 0xf) << 52
        | (segment.base >> 24 & 0xff) << 56
}

/// Writes a GDT to `gdt`, with code, data and task from the selector `code` (8 or 10h) on. Returns the state of
/// a CPU in these segments: interrupts off, no IDT, and the other registers zero.
pub fn enter(gdt: Gpa, code: u16, memory: &dyn GuestMemory) -> Result<CpuState, NotRam> {
    let segments = [flat(code, CODE), flat(code + DESCRIPTOR, DATA), task(code + 2 * DESCRIPTOR)];
    let mut table = [0; DESCRIPTORS];
    let first = usize::from(code / DESCRIPTOR);
    for (entry, segment) in table.iter_mut().skip(first).zip(&segments) {
        *entry = descriptor(segment);
    }
    let used = (first + segments.len()).min(DESCRIPTORS);
    memory.write(gdt, table[..used].as_bytes())?;

    let [cs, data, tr] = segments;
    Ok(CpuState {
        rflags: RFLAGS_FIXED,
        cr0: CR0_PE | CR0_ET,
        cs,
        ds: data,
        es: data,
        fs: data,
        gs: data,
        ss: data,
        tr,
        gdtr: TableRegister { base: gdt.0, limit: used as u16 * DESCRIPTOR - 1 },
        ..CpuState::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_split_base_and_limit() {
        let segment = Segment { selector: 0, attributes: 0x493, limit: 0xa_bcde, base: 0x1234_5678 };
        assert_eq!(descriptor(&segment), 0x124a_9334_5678_bcde);
    }
}
