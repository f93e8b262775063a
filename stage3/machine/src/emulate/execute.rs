//! What each instruction does.

use super::cpu::{Cpu, Error, Progress};
use super::operand::memory_size;
use crate::vcpu::Access;
use iced_x86::{Instruction, Mnemonic};

/// Refusal of an instruction that isn't in the table below.
const UNKNOWN: Error = Error::Unsupported("an instruction on device memory that pxHV does not emulate");

/// Executes `instruction` but for RIP.
pub fn execute(instruction: &Instruction, cpu: &mut Cpu) -> Result<Progress, Error> {
    match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movnti | Mnemonic::Movzx => cpu.move_value(instruction, false),
        Mnemonic::Movsx | Mnemonic::Movsxd => cpu.move_value(instruction, true),
        _ => Err(UNKNOWN),
    }?;
    Ok(Progress::Complete)
}

impl Cpu<'_> {
    /// MOV and its kin: operand 0 becomes operand 1, extended.
    fn move_value(&mut self, instruction: &Instruction, signed: bool) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let source = self.operand(instruction, 1, Access::Read)?;
        let target = self.operand(instruction, 0, Access::Write)?;
        let value = self.read(&source, size)?;
        self.write(&target, size, if signed { size.sign_extend(value) } else { value })
    }
}
