//! What an instruction works on.

use super::bus::Bus;
use super::registers::Registers;
use super::size::OperandSize;
use crate::linear::{AccessError, Linear, Pieces, SegmentName, Width};
use crate::vcpu::{Access, CpuState};

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
