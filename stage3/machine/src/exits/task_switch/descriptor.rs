//! Descriptors in the GDT and the LDT (Intel SDM, volume 3, "Segment Descriptors", "TSS Descriptor").

use super::place::Place;
use crate::linear::{AccessError, Linear, SegmentName};
use crate::memory::GuestMemory;
use crate::vcpu::{
    Access, CpuState, Fault, Segment, SelectorFault, RFLAGS_AC, SEGMENT_GRANULAR, SEGMENT_PRESENT,
};

/// Attributes: a code or data segment, not one of the system.
pub const NOT_SYSTEM: u16 = 1 << 4;
/// Attributes: the type.
pub const TYPE: u16 = 0xf;
/// Type of a TSS: it is busy.
const BUSY: u16 = 1 << 1;
/// Types of a TSS that is not busy.
const TSS_16: u16 = 0x1;
/// See [`TSS_16`].
const TSS_32: u16 = 0x9;
/// Selector: its table is the LDT.
pub const IN_LDT: u16 = 1 << 2;
/// Selector: requested privilege level.
pub const RPL: u16 = 0b11;
/// Bytes of a descriptor.
const DESCRIPTOR: u64 = 8;
/// The byte of a descriptor that holds type, S, DPL and P.
const ACCESS_BYTE: u64 = 5;

/// DPL of a segment. That of SS is the privilege level of the CPU.
pub const fn privilege(segment: &Segment) -> u8 {
    (segment.attributes >> 5) as u8 & 3
}

/// The guest's tables as the processor accesses them, whatever the privilege level.
pub struct Tables<'a> {
    pub memory: &'a dyn GuestMemory,
    pub physical_bits: u32,
    /// No instruction asked for the task switch: error codes say so.
    pub external: bool,
}

/// A descriptor, and where its access byte is.
pub struct Descriptor {
    pub segment: Segment,
    access_byte: Place,
}

impl Tables<'_> {
    /// A fault about `selector`.
    pub const fn fault(&self, exception: SelectorFault, selector: u16) -> AccessError {
        let error_code = selector & !RPL | self.external as u16;
        AccessError::Fault(Fault::Selector(exception, error_code))
    }

    /// Where the `length` bytes at the linear address `linear` are.
    pub fn locate(
        &self,
        state: &CpuState,
        linear: u64,
        length: usize,
        access: Access,
    ) -> Result<Place, AccessError> {
        const FLAT: Segment = Segment {
            selector: 0,
            attributes: SEGMENT_PRESENT | SEGMENT_GRANULAR | NOT_SYSTEM | 0x3,
            limit: u32::MAX,
            base: 0,
        };
        let state = CpuState { rflags: state.rflags & !RFLAGS_AC, ..*state };
        let mut linear_memory = Linear::new(&state, 0, self.physical_bits, self.memory);
        let linear = linear & u64::from(u32::MAX);
        Place::find(&mut linear_memory, (SegmentName::Ds, &FLAT), linear, length, access, self.memory)
    }

    /// The descriptor of `selector`; `exception` if its table does not reach so far.
    pub fn descriptor(
        &self,
        state: &CpuState,
        selector: u16,
        exception: SelectorFault,
    ) -> Result<Descriptor, AccessError> {
        let (base, limit) = if selector & IN_LDT == 0 {
            (state.gdtr.base, u32::from(state.gdtr.limit))
        } else if state.ldtr.attributes & SEGMENT_PRESENT != 0 {
            (state.ldtr.base, state.ldtr.limit)
        } else {
            return Err(self.fault(exception, selector));
        };
        let offset = u64::from(selector & !(RPL | IN_LDT));
        if offset + DESCRIPTOR - 1 > u64::from(limit) {
            return Err(self.fault(exception, selector));
        }
        let linear = base.wrapping_add(offset);
        let mut bytes = [0; DESCRIPTOR as usize];
        self.locate(state, linear, bytes.len(), Access::Read)?.read(self.memory, &mut bytes)?;
        let access_byte = self.locate(state, linear.wrapping_add(ACCESS_BYTE), 1, Access::Read)?;
        Ok(Descriptor { segment: segment(selector, u64::from_le_bytes(bytes)), access_byte })
    }

    /// The descriptor of the TSS to switch to: available, or busy if the switch returns to it.
    pub fn task(&self, state: &CpuState, selector: u16, returns: bool) -> Result<Descriptor, AccessError> {
        let wrong = if returns { SelectorFault::InvalidTss } else { SelectorFault::GeneralProtection };
        if selector & IN_LDT != 0 {
            return Err(self.fault(wrong, selector));
        }
        let found = self.descriptor(state, selector, wrong)?;
        let busy = if returns { BUSY } else { 0 };
        let kind = found.segment.attributes & (NOT_SYSTEM | TYPE);
        if kind != TSS_16 | busy && kind != TSS_32 | busy {
            return Err(self.fault(wrong, selector));
        }
        if found.segment.attributes & SEGMENT_PRESENT == 0 {
            return Err(self.fault(SelectorFault::SegmentNotPresent, selector));
        }
        Ok(found)
    }
}

impl Descriptor {
    /// Marks the TSS in the table.
    pub fn set_busy(&mut self, busy: bool, tables: &Tables) -> Result<(), AccessError> {
        let attributes = self.segment.attributes & !BUSY | if busy { BUSY } else { 0 };
        self.write_access_byte(attributes, tables)
    }

    /// Marks the segment as accessed.
    pub fn set_accessed(&mut self, tables: &Tables) -> Result<(), AccessError> {
        const ACCESSED: u16 = 1 << 0;
        if self.segment.attributes & ACCESSED != 0 {
            return Ok(());
        }
        self.write_access_byte(self.segment.attributes | ACCESSED, tables)
    }

    fn write_access_byte(&mut self, attributes: u16, tables: &Tables) -> Result<(), AccessError> {
        self.segment.attributes = attributes;
        self.access_byte.write(tables.memory, &[attributes as u8])
    }

    /// The TSS as TR holds it.
    pub const fn busy(&self) -> Segment {
        Segment { attributes: self.segment.attributes | BUSY, ..self.segment }
    }
}

fn segment(selector: u16, raw: u64) -> Segment {
    let attributes = (raw >> 40 & 0xff | (raw >> 52 & 0xf) << 8) as u16;
    let limit = (raw & 0xffff | raw >> 32 & 0xf_0000) as u32;
    Segment {
        selector,
        attributes,
        limit: if attributes & SEGMENT_GRANULAR == 0 { limit } else { limit << 12 | 0xfff },
        base: raw >> 16 & 0xff_ffff | raw >> 32 & 0xff00_0000,
    }
}
