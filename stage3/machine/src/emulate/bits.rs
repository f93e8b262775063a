//! BT, BTS, BTR and BTC.
//!
//! They leave OF, SF, AF and PF undefined; processors leave these flags alone, as the manual says of ZF.

use super::alu::CARRY;
use super::cpu::{Cpu, Error};
use super::operand::{memory_size, Operand};
use super::size::OperandSize;
use crate::vcpu::Access;
use iced_x86::{Instruction, OpKind};

/// What happens to the bit after it went to CF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BitChange {
    Keep,
    Set,
    Reset,
    Complement,
}

impl Cpu<'_> {
    /// Copies a bit of operand 0 to CF and changes it. Operand 1 is its number: within the operand if it is an
    /// immediate, else any bit of the memory around (Intel SDM volume 2, "Bit(BitBase, BitOffset)").
    pub fn bit(&mut self, instruction: &Instruction, change: BitChange) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let access = if change == BitChange::Keep { Access::Read } else { Access::Write };
        let number = self.operand(instruction, 1, Access::Read)?;
        let number = self.read(&number, size)?;
        let target = if instruction.op1_kind() == OpKind::Register {
            let (segment, offset, width) = self.effective_address(instruction)?;
            let unit = offset.wrapping_add(offset_of_unit(size, number)) & width.mask();
            Operand::Memory(self.locate(segment, unit, size, access)?)
        } else {
            self.operand(instruction, 0, access)?
        };
        let bit = 1 << (number % u64::from(size.bits()));
        let value = self.read(&target, size)?;
        let new = match change {
            BitChange::Keep => None,
            BitChange::Set => Some(value | bit),
            BitChange::Reset => Some(value & !bit),
            BitChange::Complement => Some(value ^ bit),
        };
        if let Some(new) = new {
            self.replace(instruction, &target, size, value, new)?;
        }
        let flags = &mut self.registers.rflags;
        *flags = *flags & !CARRY | if value & bit == 0 { 0 } else { CARRY };
        Ok(())
    }
}

/// Bytes from the operand's address to the unit of `size` that has bit `number`, which is signed.
const fn offset_of_unit(size: OperandSize, number: u64) -> u64 {
    let units = size.sign_extend(number).cast_signed() >> size.bits().trailing_zeros();
    units.cast_unsigned().wrapping_mul(size.bytes() as u64)
}
