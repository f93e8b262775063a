//! What an instruction works on.

use super::bus::Bus;
use super::registers::Registers;
use super::size::OperandSize;
use crate::linear::{AccessError, Linear, Pieces, SegmentName, Width};
use crate::vcpu::{Access, CpuState, Vcpu, RFLAGS_TF};

/// Why an instruction does not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// An operand can't be accessed.
    Access(AccessError),
    /// What it is that is not emulated.
    Unsupported(&'static str),
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

/// How far an instruction came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is done.
    Complete,
    /// It is done, and the next instruction is there.
    Jump(u64),
    /// The guest executes it again for the rest.
    Partial,
}

impl Progress {
    /// Ends the instruction at `rip`, or a part of it, and with it the interrupt shadow. `next_rip` is that of the
    /// instruction behind it. Of a string, the guest executes the rest again: behind the trap of this element, if it
    /// steps or `trapped` says that there is one.
    pub fn end<V: Vcpu>(self, vcpu: &mut V, rip: u64, next_rip: u64, trapped: bool) {
        match self {
            Self::Complete => vcpu.complete_instruction(next_rip),
            Self::Jump(target) => vcpu.complete_instruction(target),
            Self::Partial if trapped || vcpu.rflags() & RFLAGS_TF != 0 => vcpu.complete_instruction(rip),
            Self::Partial => {}
        }
    }
}

/// The virtual CPU while it does one instruction. Its registers change only when the instruction (of a
/// string: the element) can't fault any more.
pub struct Cpu<'a> {
    pub registers: Registers,
    pub state: &'a CpuState,
    pub linear: Linear<'a>,
    pub bus: Bus<'a>,
}

impl Cpu<'_> {
    /// Where the operand of `size` at `offset` in `segment` is, with all checks for `access` done.
    pub fn locate(
        &mut self,
        segment: SegmentName,
        offset: u64,
        size: OperandSize,
        access: Access,
    ) -> Result<Pieces, Error> {
        let register = segment.of(self.state);
        Ok(self.linear.locate((segment, register), offset, size.bytes() as u64, access)?)
    }

    /// Width of the stack pointer.
    pub fn stack_width(&self) -> Width {
        match self.linear.code_width() {
            Width::Bits64 => Width::Bits64,
            _ if self.state.ss.attributes & crate::vcpu::SEGMENT_BIG != 0 => Width::Bits32,
            _ => Width::Bits16,
        }
    }
}
