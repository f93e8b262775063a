//! PUSH and POP.

use super::cpu::{Cpu, Error};
use super::operand::memory_size;
use crate::linear::SegmentName;
use crate::vcpu::Access;
use iced_x86::Instruction;

impl Cpu<'_> {
    /// PUSH of memory. The operand's address is computed with the old stack pointer.
    pub fn push(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let width = self.stack_width();
        let source = self.operand(instruction, 0, Access::Read)?;
        let top = self.registers.rsp.wrapping_sub(size.bytes() as u64);
        let place = self.locate(SegmentName::Ss, top & width.mask(), size, Access::Write)?;
        let value = self.read(&source, size)?;
        self.bus.write(&place, size, value)?;
        self.registers.rsp = width.merge(self.registers.rsp, top);
        Ok(())
    }

    /// POP to memory. The operand's address is computed with the new stack pointer.
    pub fn pop(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let width = self.stack_width();
        let old = self.registers.rsp;
        let place = self.locate(SegmentName::Ss, old & width.mask(), size, Access::Read)?;
        self.registers.rsp = width.merge(old, old.wrapping_add(size.bytes() as u64));
        let moved = self.pop_to_operand(instruction, &place);
        if moved.is_err() {
            self.registers.rsp = old;
        }
        moved
    }

    fn pop_to_operand(
        &mut self,
        instruction: &Instruction,
        top: &crate::linear::Pieces,
    ) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let target = self.operand(instruction, 0, Access::Write)?;
        let value = self.bus.read(top, size)?;
        self.write(&target, size, value)
    }
}
