//! A guest's memory at the addresses that its own instructions use: through segments and page tables.
//!
//! The rules are those of the Intel SDM, chapter "Paging", and of the AMD APM, "Page Translation and
//! Protection". PAE's page-directory pointers are read from memory, as AMD's processors do.

mod entry;
mod fetch;
mod segment;
#[cfg(test)]
mod tests;
mod walk;

pub use entry::{Entry, EntryKind};

pub use fetch::MAX_INSTRUCTION;
pub use segment::is_canonical;

use crate::memory::{Gpa, GuestMemory};
use crate::vcpu::{Access, CpuState, Fault, MemoryFault, Segment, EFER_LMA, SEGMENT_BIG, SEGMENT_LONG};

/// Why an access to a guest's memory fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessError {
    /// The guest takes this fault.
    Fault(Fault),
    /// The page tables lead to, or lie in, something that is not RAM.
    NotRam(MemoryFault),
    /// Another CPU changed the memory meanwhile: the guest executes the instruction again.
    Changed,
}

/// A page of 4 KiB, the smallest unit of translation.
pub const PAGE: u64 = 4096;

/// Width of addresses in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Width {
    Bits16,
    Bits32,
    Bits64,
}

impl Width {
    /// Their number.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits16 => 16,
            Self::Bits32 => 32,
            Self::Bits64 => 64,
        }
    }

    /// The bits of an address of this width.
    pub const fn mask(self) -> u64 {
        match self {
            Self::Bits16 => 0xffff,
            Self::Bits32 => 0xffff_ffff,
            Self::Bits64 => u64::MAX,
        }
    }

    /// `old` with its low part replaced: 16 bits leave the rest alone, 32 bits clear the upper half.
    pub const fn merge(self, old: u64, value: u64) -> u64 {
        match self {
            Self::Bits16 => (old & !0xffff) | (value & 0xffff),
            Self::Bits32 | Self::Bits64 => value & self.mask(),
        }
    }
}

/// Access to the memory of a guest in one state of its CPU.
pub struct Linear<'a> {
    state: &'a CpuState,
    cpl: u8,
    physical_bits: u32,
    memory: &'a dyn GuestMemory,
    /// Accessed and dirty bits are set.
    marks: bool,
    /// The last translation: page, its place, kind of access.
    last: Option<(u64, u64, Access)>,
}

impl<'a> Linear<'a> {
    /// Memory as seen at privilege level `cpl`.
    pub fn new(state: &'a CpuState, cpl: u8, physical_bits: u32, memory: &'a dyn GuestMemory) -> Self {
        Self { state, cpl, physical_bits, memory, marks: true, last: None }
    }

    /// The same for a look from outside, which leaves no accessed bits behind.
    pub fn unnoticed(self) -> Self {
        Self { marks: false, ..self }
    }

    /// RIP.
    pub const fn rip(&self) -> u64 {
        self.state.rip
    }

    /// Width of addresses and operands in the present code segment without prefixes.
    pub fn code_width(&self) -> Width {
        let attributes = self.state.cs.attributes;
        if self.state.efer & EFER_LMA != 0 && attributes & SEGMENT_LONG != 0 {
            Width::Bits64
        } else if attributes & SEGMENT_BIG != 0 {
            Width::Bits32
        } else {
            Width::Bits16
        }
    }

    /// Where the `length` bytes (at most a page) at `offset` in `segment` are: one piece, or two if
    /// they cross into another page. Every check of segments and page tables is done here.
    pub fn locate(
        &mut self,
        (name, segment): (SegmentName, &Segment),
        offset: u64,
        length: u64,
        access: Access,
    ) -> Result<Pieces, AccessError> {
        let linear = self.address((name, segment), offset, length, access).map_err(AccessError::Fault)?;
        self.check_alignment(linear, length).map_err(AccessError::Fault)?;
        let in_first_page = (PAGE - linear % PAGE).min(length);
        let first = (self.translate(linear, access)?, in_first_page as usize);
        let rest = length - in_first_page;
        let second = if rest == 0 {
            (first.0, 0)
        } else {
            let next = linear.wrapping_add(in_first_page);
            let wrapped = if self.code_width() == Width::Bits64 { next } else { next & Width::Bits32.mask() };
            (self.translate(wrapped, access)?, rest as usize)
        };
        Ok(Pieces([first, second]))
    }

    /// Page tables know about `linear`: in long mode, it is canonical.
    pub fn is_address(&self, linear: u64) -> bool {
        self.state.efer & EFER_LMA == 0 || is_canonical(linear)
    }

    fn translate(&mut self, linear: u64, access: Access) -> Result<Gpa, AccessError> {
        let (page, offset) = (linear / PAGE, linear % PAGE);
        if let Some((last, place, kind)) = self.last {
            if last == page && kind == access {
                return Ok(Gpa(place + offset));
            }
        }
        let place = self.walk(linear, access)?.0 - offset;
        self.last = Some((page, place, access));
        Ok(Gpa(place + offset))
    }
}

/// Which segment register an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the registers'")]
pub enum SegmentName {
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
}

impl SegmentName {
    /// The register in `state`.
    pub const fn of(self, state: &CpuState) -> &Segment {
        match self {
            Self::Es => &state.es,
            Self::Cs => &state.cs,
            Self::Ss => &state.ss,
            Self::Ds => &state.ds,
            Self::Fs => &state.fs,
            Self::Gs => &state.gs,
        }
    }
}

/// Guest-physical places of an operand; the second is empty unless the operand crosses a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces([(Gpa, usize); 2]);

impl Pieces {
    /// Place and length of each piece.
    pub const fn parts(&self) -> [(Gpa, usize); 2] {
        self.0
    }
}

pub const fn not_ram(gpa: Gpa, access: Access) -> AccessError {
    AccessError::NotRam(MemoryFault { gpa, access })
}
