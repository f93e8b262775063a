//! From an offset in a segment to a linear address.

use super::{Linear, SegmentName, Width};
use crate::vcpu::{Access, Fault, Segment, CR0_PE, SEGMENT_BIG, SEGMENT_PRESENT};

/// RFLAGS.VM.
const RFLAGS_VM: u64 = 1 << 17;
/// RFLAGS.AC.
pub(super) const RFLAGS_AC: u64 = 1 << 18;
/// CR0.AM.
const CR0_AM: u64 = 1 << 18;
/// The privilege level of user mode.
pub(super) const CPL_USER: u8 = 3;
/// Type field of a code or data segment: code.
const TYPE_CODE: u16 = 1 << 3;
/// Data: the limit is a lower one.
const TYPE_EXPAND_DOWN: u16 = 1 << 2;
/// Data: writable; code: readable.
const TYPE_ACCESSIBLE: u16 = 1 << 1;

impl Linear<'_> {
    /// The linear address of `length` bytes at `offset` in `segment`, checked as the processor does
    /// (Intel SDM, "Limit Checking", "Type Checking", "Canonical Addressing").
    pub fn address(
        &self,
        (name, segment): (SegmentName, &Segment),
        offset: u64,
        length: u64,
        access: Access,
    ) -> Result<u64, Fault> {
        let fault = Err(if name == SegmentName::Ss { Fault::StackSegment } else { Fault::GeneralProtection });
        let Some(last) = offset.checked_add(length.saturating_sub(1)) else { return fault };
        if self.code_width() == Width::Bits64 {
            let base = if matches!(name, SegmentName::Fs | SegmentName::Gs) { segment.base } else { 0 };
            let (first, last) = (base.wrapping_add(offset), base.wrapping_add(last));
            return if is_canonical(first) && is_canonical(last) { Ok(first) } else { fault };
        }
        if !self.may_access(segment, access) || !is_within(segment, offset, last) {
            return fault;
        }
        Ok(segment.base.wrapping_add(offset) & Width::Bits32.mask())
    }

    /// #AC if the program at CPL 3 asked for it and an operand of `length` bytes at `linear` is not aligned (Intel SDM,
    /// "Interrupt 17—Alignment Check Exception (#AC)"). Operands without an alignment of their own (of 1 byte, or of a
    /// length that is no power of two) pass.
    pub fn check_alignment(&self, linear: u64, length: u64) -> Result<(), Fault> {
        let wanted =
            self.cpl == CPL_USER && self.state.cr0 & CR0_AM != 0 && self.state.rflags & RFLAGS_AC != 0;
        if wanted && length.is_power_of_two() && !linear.is_multiple_of(length) {
            return Err(Fault::AlignmentCheck);
        }
        Ok(())
    }

    /// Real mode and virtual-8086 mode have no types.
    fn may_access(&self, segment: &Segment, access: Access) -> bool {
        let present = segment.attributes & SEGMENT_PRESENT != 0;
        let typeless = self.state.cr0 & CR0_PE == 0 || self.state.rflags & RFLAGS_VM != 0;
        let is_code = segment.attributes & TYPE_CODE != 0;
        let accessible = segment.attributes & TYPE_ACCESSIBLE != 0;
        let allowed = match access {
            Access::Read => !is_code || accessible,
            Access::Write => !is_code && accessible,
            Access::Fetch => is_code,
        };
        typeless || (present && allowed)
    }
}

fn is_within(segment: &Segment, first: u64, last: u64) -> bool {
    let limit = u64::from(segment.limit);
    if segment.attributes & (TYPE_CODE | TYPE_EXPAND_DOWN) == TYPE_EXPAND_DOWN {
        let top = if segment.attributes & SEGMENT_BIG == 0 { Width::Bits16 } else { Width::Bits32 };
        first > limit && last <= top.mask()
    } else {
        last <= limit
    }
}

/// Bits 63 to 47 are all equal.
pub const fn is_canonical(linear: u64) -> bool {
    let top = linear >> 47;
    top == 0 || top == u64::MAX >> 47
}
