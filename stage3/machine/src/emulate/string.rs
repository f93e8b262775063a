//! MOVS, STOS, LODS, CMPS and SCAS, with and without REP.

use super::alu::{binary, Binary, ZERO};
use super::cpu::{Cpu, Error, Progress};
use super::decode;
use super::operand::memory_size;
use super::repeat::{Next, Repeat};
use super::size::OperandSize;
use crate::linear::{Pieces, SegmentName};
use crate::vcpu::{Access, Gprs};
use iced_x86::Instruction;

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
    source: SegmentName,
    repeat: Repeat,
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
        let repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
        let source = decode::segment(instruction).unwrap_or(SegmentName::Ds);
        let repeat = Repeat::new(repeated, width, size.bytes() as u64, self.registers.rflags, false);
        let elements = Elements { operation, size, source, repeat };
        // MOVS, STOS and LODS do not look at ZF, whatever the prefix.
        let compares = matches!(operation, StringOperation::Compare | StringOperation::Scan);
        let end = if instruction.has_repne_prefix() { ZERO } else { 0 };
        let mut gprs = self.registers.gprs;
        let progress = repeat.run(&mut gprs, |gprs, _| {
            self.element(&elements, gprs)?;
            let done = self.bus.done();
            let next = if compares && self.registers.rflags & ZERO == end {
                Next::End
            } else if done.power.is_some() || !done.output.has_room_for_one() {
                Next::Exit
            } else {
                Next::Element
            };
            Ok((1, next))
        });
        self.registers.gprs = gprs;
        progress
    }

    /// One element. The registers change at the end.
    fn element(&mut self, elements: &Elements, gprs: &mut Gprs) -> Result<(), Error> {
        let size = elements.size;
        match elements.operation {
            StringOperation::Move => {
                let source = self.source(elements, gprs)?;
                let target = self.target(elements, gprs, Access::Write)?;
                let value = self.bus.read(&source, size);
                self.bus.write(&target, size, value);
            }
            StringOperation::Store => {
                let target = self.target(elements, gprs, Access::Write)?;
                self.bus.write(&target, size, gprs.rax);
            }
            StringOperation::Load => {
                let source = self.source(elements, gprs)?;
                let value = self.bus.read(&source, size);
                gprs.rax = size.merge(gprs.rax, value);
            }
            StringOperation::Compare => {
                let source = self.source(elements, gprs)?;
                let target = self.target(elements, gprs, Access::Read)?;
                let left = self.bus.read(&source, size);
                let right = self.bus.read(&target, size);
                binary(Binary::Subtract, size, left, right, &mut self.registers.rflags);
            }
            StringOperation::Scan => {
                let target = self.target(elements, gprs, Access::Read)?;
                let right = self.bus.read(&target, size);
                binary(Binary::Subtract, size, gprs.rax, right, &mut self.registers.rflags);
            }
        }
        if matches!(
            elements.operation,
            StringOperation::Move | StringOperation::Load | StringOperation::Compare
        ) {
            gprs.rsi = elements.repeat.advance(gprs.rsi, 1);
        }
        if elements.operation != StringOperation::Load {
            gprs.rdi = elements.repeat.advance(gprs.rdi, 1);
        }
        Ok(())
    }

    /// The element at DS:SI.
    fn source(&mut self, elements: &Elements, gprs: &Gprs) -> Result<Pieces, Error> {
        let offset = elements.repeat.offset(gprs.rsi);
        self.locate(elements.source, offset, elements.size, Access::Read)
    }

    /// The element at ES:DI.
    fn target(&mut self, elements: &Elements, gprs: &Gprs, access: Access) -> Result<Pieces, Error> {
        let offset = elements.repeat.offset(gprs.rdi);
        self.locate(SegmentName::Es, offset, elements.size, access)
    }
}
