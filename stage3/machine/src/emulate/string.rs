//! MOVS, STOS, LODS, CMPS and SCAS, with and without REP (Intel SDM volume 2, "REP/REPE/REPZ/REPNE/REPNZ").
//!
//! A long string is done in parts: the registers say how far it came, RIP stays, and the guest executes the
//! instruction again after its interrupts had their turn.

use super::alu::{binary, Binary, ZERO};
use super::cpu::{Cpu, Error, Progress};
use super::decode;
use super::operand::memory_size;
use super::size::OperandSize;
use crate::exits::Output;
use crate::linear::{SegmentName, Width};
use crate::vcpu::{Access, RFLAGS_TF};
use iced_x86::Instruction;

/// Elements that are done at a time at most.
pub const MAX_ELEMENTS: u32 = 512;
/// Bytes that one element can print at most: it is split into no more than this many accesses.
const OUTPUT_OF_ONE: usize = Output::CAPACITY / 2;
/// RFLAGS.DF.
const DIRECTION: u64 = 1 << 10;

/// What is done with each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringOperation {
    Move,
    Store,
    Load,
    Compare,
    Scan,
}

/// What all elements of an instruction share.
struct Elements {
    operation: StringOperation,
    size: OperandSize,
    width: Width,
    source: SegmentName,
    step: u64,
}

impl Cpu<'_> {
    /// Does a string instruction, or a part of it.
    pub fn string(
        &mut self,
        instruction: &Instruction,
        operation: StringOperation,
    ) -> Result<Progress, Error> {
        let width = [instruction.op0_kind(), instruction.op1_kind()]
            .into_iter()
            .find_map(decode::string_address_width)
            .ok_or(Error::Unsupported("a string instruction without a string"))?;
        let size = memory_size(instruction)?;
        let bytes = size.bytes() as u64;
        let step = if self.registers.rflags & DIRECTION == 0 { bytes } else { bytes.wrapping_neg() };
        let source = decode::segment(instruction).unwrap_or(SegmentName::Ds);
        let elements = Elements { operation, size, width, source, step };
        if !instruction.has_rep_prefix() && !instruction.has_repne_prefix() {
            self.element(&elements)?;
            return Ok(Progress::Complete);
        }
        // MOVS, STOS and LODS do not look at ZF, whatever the prefix.
        let compares = matches!(operation, StringOperation::Compare | StringOperation::Scan);
        let end = if instruction.has_repne_prefix() { ZERO } else { 0 };
        // A single step ends behind each element.
        let share = if self.registers.rflags & RFLAGS_TF == 0 { MAX_ELEMENTS } else { 1 };
        for _ in 0..share {
            if self.count(width) == 0 {
                return Ok(Progress::Complete);
            }
            self.element(&elements)?;
            let rcx = &mut self.registers.gprs.rcx;
            *rcx = width.merge(*rcx, rcx.wrapping_sub(1));
            if compares && self.registers.rflags & ZERO == end {
                return Ok(Progress::Complete);
            }
            if self.bus.done().power.is_some() || self.bus.done().output.room() < OUTPUT_OF_ONE {
                break;
            }
        }
        Ok(if self.count(width) == 0 { Progress::Complete } else { Progress::Partial })
    }

    const fn count(&self, width: Width) -> u64 {
        self.registers.gprs.rcx & width.mask()
    }

    /// One element. The registers change at the end.
    fn element(&mut self, elements: &Elements) -> Result<(), Error> {
        let size = elements.size;
        let rax = self.registers.gprs.rax;
        match elements.operation {
            StringOperation::Move => {
                let source = self.source(elements)?;
                let target = self.target(elements, Access::Write)?;
                let value = self.bus.read(&source, size)?;
                self.bus.write(&target, size, value)?;
            }
            StringOperation::Store => {
                let target = self.target(elements, Access::Write)?;
                self.bus.write(&target, size, rax)?;
            }
            StringOperation::Load => {
                let source = self.source(elements)?;
                let value = self.bus.read(&source, size)?;
                self.registers.gprs.rax = size.merge(rax, value);
            }
            StringOperation::Compare => {
                let source = self.source(elements)?;
                let target = self.target(elements, Access::Read)?;
                let left = self.bus.read(&source, size)?;
                let right = self.bus.read(&target, size)?;
                binary(Binary::Subtract, size, left, right, &mut self.registers.rflags);
            }
            StringOperation::Scan => {
                let target = self.target(elements, Access::Read)?;
                let right = self.bus.read(&target, size)?;
                binary(Binary::Subtract, size, rax, right, &mut self.registers.rflags);
            }
        }
        let gprs = &mut self.registers.gprs;
        if matches!(
            elements.operation,
            StringOperation::Move | StringOperation::Load | StringOperation::Compare
        ) {
            gprs.rsi = elements.width.merge(gprs.rsi, gprs.rsi.wrapping_add(elements.step));
        }
        if elements.operation != StringOperation::Load {
            gprs.rdi = elements.width.merge(gprs.rdi, gprs.rdi.wrapping_add(elements.step));
        }
        Ok(())
    }

    /// The element at DS:SI.
    fn source(&mut self, elements: &Elements) -> Result<crate::linear::Pieces, Error> {
        let offset = self.registers.gprs.rsi & elements.width.mask();
        self.locate(elements.source, offset, elements.size, Access::Read)
    }

    /// The element at ES:DI.
    fn target(&mut self, elements: &Elements, access: Access) -> Result<crate::linear::Pieces, Error> {
        let offset = self.registers.gprs.rdi & elements.width.mask();
        self.locate(SegmentName::Es, offset, elements.size, access)
    }
}
