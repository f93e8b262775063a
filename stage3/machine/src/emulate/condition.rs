//! SETcc and CMOVcc.

use super::alu::{CARRY, OVERFLOW, PARITY, SIGN, ZERO};
use super::cpu::{Cpu, Error};
use super::size::OperandSize;
use crate::vcpu::Access;
use iced_x86::{Code, Instruction};

/// The condition that an instruction has in its opcode (Intel SDM volume 1, "EFLAGS Condition Codes"), if it is SETcc or
/// CMOVcc. The decoder counts them in the order of their opcodes, CMOVcc with its three operand sizes.
const fn number(code: Code) -> Option<u32> {
    const SETO: u32 = Code::Seto_rm8 as u32;
    const SETG: u32 = Code::Setg_rm8 as u32;
    const CMOVO: u32 = Code::Cmovo_r16_rm16 as u32;
    const CMOVG: u32 = Code::Cmovg_r64_rm64 as u32;
    match code as u32 {
        code @ SETO..=SETG => Some(code - SETO),
        code @ CMOVO..=CMOVG => Some((code - CMOVO) / 3),
        _ => None,
    }
}

/// Whether condition `number` holds: pairs of a condition and its opposite.
const fn holds(number: u32, flags: u64) -> bool {
    let less = (flags & SIGN != 0) != (flags & OVERFLOW != 0);
    let condition = match number >> 1 {
        0 => flags & OVERFLOW != 0,
        1 => flags & CARRY != 0,
        2 => flags & ZERO != 0,
        3 => flags & (CARRY | ZERO) != 0,
        4 => flags & SIGN != 0,
        5 => flags & PARITY != 0,
        6 => less,
        _ => less || flags & ZERO != 0,
    };
    condition != (number & 1 != 0)
}

impl Cpu<'_> {
    /// SETcc and CMOVcc; `None` if it is neither.
    pub fn conditional(&mut self, instruction: &Instruction) -> Option<Result<(), Error>> {
        let condition = holds(number(instruction.code())?, self.registers.rflags);
        Some(if instruction.op_count() == 1 {
            self.set_on_condition(instruction, condition)
        } else {
            self.move_on_condition(instruction, condition)
        })
    }

    fn set_on_condition(&mut self, instruction: &Instruction, condition: bool) -> Result<(), Error> {
        let target = self.operand(instruction, 0, Access::Write)?;
        self.write(&target, OperandSize::Byte, condition.into())
    }

    /// The source is read in any case, and a target of 32 bits loses its upper half.
    fn move_on_condition(&mut self, instruction: &Instruction, condition: bool) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let (old, new) = (self.read(&target, size)?, self.read(&source, size)?);
        self.write(&target, size, if condition { new } else { old })
    }
}
