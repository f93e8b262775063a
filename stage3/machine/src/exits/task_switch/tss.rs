//! Task-state segments of 32 and of 16 bits (Intel SDM, volume 3, "Task-State Segment (TSS)", "16-Bit Task-State
//! Segment (TSS)").

use super::descriptor::Tables;
use super::place::Place;
use crate::linear::AccessError;
use crate::vcpu::{Access, CpuState, Gprs, Segment};

/// Bytes of the longer one without its I/O map.
const IMAGE: usize = 104;

/// Where what is in one kind of TSS.
struct Layout {
    /// Bytes of a register.
    width: usize,
    /// Bytes that the processor reads; the limit must be at least one less.
    size: usize,
    /// EIP, EFLAGS, then eight general registers, each of `width`: what it writes begins here ...
    eip: usize,
    /// ... and ES, CS, SS, DS follow, and FS and GS of 32 bits, each of `width`.
    es: usize,
    /// The end of what it writes.
    saved_end: usize,
    ldt: usize,
}

const BITS_32: Layout = Layout { width: 4, size: IMAGE, eip: 0x20, es: 0x48, saved_end: 0x5e, ldt: 0x60 };
const BITS_16: Layout = Layout { width: 2, size: 0x2c, eip: 0x0e, es: 0x22, saved_end: 0x2a, ldt: 0x2a };
/// Of 32 bits only: CR3, and bit 0 here asks for a debug trap.
const CR3: usize = 0x1c;
/// See [`CR3`].
const TRAP: usize = 0x64;

/// A TSS of the guest.
pub struct Tss {
    base: u64,
    layout: &'static Layout,
    image: [u8; IMAGE],
}

/// The state of a task. Selectors in the order ES, CS, SS, DS, FS, GS.
pub struct Task {
    pub cr3: Option<u64>,
    pub eip: u64,
    pub eflags: u64,
    pub gprs: Gprs,
    pub esp: u64,
    pub selectors: [u16; 6],
    pub ldt: u16,
    pub traps: bool,
}

impl Tss {
    /// The one that `segment` describes, unread.
    pub const fn of(segment: &Segment) -> Self {
        const OF_32_BITS: u16 = 1 << 3;
        let layout = if segment.attributes & OF_32_BITS != 0 { &BITS_32 } else { &BITS_16 };
        Self { base: segment.base, layout, image: [0; IMAGE] }
    }

    /// Bytes of a register in it, and of an error code for its task.
    pub const fn width(&self) -> usize {
        self.layout.width
    }

    /// `limit` is too small for a task to be loaded.
    pub const fn is_beyond(&self, limit: u32) -> bool {
        (limit as usize) < self.layout.size - 1
    }

    /// `limit` is too small for a task to be saved.
    pub const fn saved_is_beyond(&self, limit: u32) -> bool {
        (limit as usize) < self.layout.saved_end - 1
    }

    /// Where the state is saved.
    pub fn saved_part(
        &self,
        state: &CpuState,
        tables: &Tables,
        access: Access,
    ) -> Result<Place, AccessError> {
        let start = self.base.wrapping_add(self.layout.eip as u64);
        tables.locate(state, start, self.layout.saved_end - self.layout.eip, access)
    }

    /// Where the selector of the task to return to is.
    pub fn back_link(&self, state: &CpuState, tables: &Tables) -> Result<Place, AccessError> {
        tables.locate(state, self.base, 2, Access::Write)
    }

    /// Reads it.
    pub fn read(&mut self, state: &CpuState, tables: &Tables) -> Result<(), AccessError> {
        let bytes = self.image.get_mut(..self.layout.size).unwrap_or_default();
        tables.locate(state, self.base, bytes.len(), Access::Read)?.read(tables.memory, bytes)
    }

    /// Saves `state` to `place`. What lies between the selectors stays.
    pub fn save(&self, state: &CpuState, place: &Place, tables: &Tables) -> Result<(), AccessError> {
        let Layout { width, eip, es, saved_end, .. } = *self.layout;
        let mut image = [0; IMAGE];
        let bytes = image.get_mut(eip..saved_end).unwrap_or_default();
        place.read(tables.memory, bytes)?;
        let g = &state.gprs;
        let values = [state.rip, state.rflags, g.rax, g.rcx, g.rdx, g.rbx, state.rsp, g.rbp, g.rsi, g.rdi];
        for (field, value) in bytes.chunks_exact_mut(width).zip(values) {
            field.copy_from_slice(value.to_le_bytes().get(..width).unwrap_or_default());
        }
        let selectors = [state.es, state.cs, state.ss, state.ds, state.fs, state.gs].map(|s| s.selector);
        let fields = bytes.get_mut(es - eip..).unwrap_or_default().chunks_mut(width);
        for (field, selector) in fields.zip(selectors) {
            field.get_mut(..2).unwrap_or_default().copy_from_slice(&selector.to_le_bytes());
        }
        place.write(tables.memory, bytes)
    }

    /// The task in its image.
    pub fn task(&self) -> Task {
        let Layout { width, eip, es, ldt, .. } = *self.layout;
        let is_32 = width == BITS_32.width;
        let register = |number| self.field(eip + number * width, width);
        // The upper halves of general registers are not defined for a TSS of 16 bits; processors set them.
        let general = |number: usize| register(2 + number) | if is_32 { 0 } else { 0xffff_0000 };
        let selector =
            |number| if is_32 || number < 4 { self.field(es + number * width, 2) as u16 } else { 0 };
        Task {
            cr3: is_32.then(|| self.field(CR3, 4)),
            eip: register(0),
            eflags: register(1),
            gprs: Gprs {
                rax: general(0),
                rcx: general(1),
                rdx: general(2),
                rbx: general(3),
                rbp: general(5),
                rsi: general(6),
                rdi: general(7),
                ..Gprs::default()
            },
            esp: general(4),
            selectors: [0, 1, 2, 3, 4, 5].map(selector),
            ldt: self.field(ldt, 2) as u16,
            traps: is_32 && self.field(TRAP, 1) & 1 != 0,
        }
    }

    fn field(&self, offset: usize, width: usize) -> u64 {
        let bytes = self.image.get(offset..offset + width).unwrap_or_default();
        bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}
