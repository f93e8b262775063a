//! Shifts and rotations, with flags (Intel SDM volume 2, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD").
//!
//! OF is defined for shifts by one bit only; processors compute it for others by the same rule. AF is undefined after
//! shifts; it is cleared.

use super::alu::{self, CARRY, OVERFLOW};
use super::cpu::{Cpu, Error};
use super::operand::memory_size;
use super::size::OperandSize;
use crate::vcpu::Access;
use iced_x86::Instruction;

/// A shift of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    Left,
    Right,
    ArithmeticRight,
    RotateLeft,
    RotateRight,
    RotateLeftThroughCarry,
    RotateRightThroughCarry,
}

/// Direction of SHLD and SHRD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubleShift {
    Left,
    Right,
}

/// The count that an operand of `size` is shifted by when the instruction says `count`.
const fn masked(size: OperandSize, count: u64) -> u32 {
    count as u32 & if matches!(size, OperandSize::Qword) { 63 } else { 31 }
}

/// Shifts `value` by `count`, which is not zero. `flags` change as the instruction changes RFLAGS.
const fn shift(operation: Shift, size: OperandSize, value: u64, count: u32, flags: &mut u64) -> u64 {
    let mut result = value & size.mask();
    let mut carry = *flags & CARRY != 0;
    // One bit after the other: at most 63 times.
    let mut left = count;
    while left > 0 {
        let (top, low) = (result & size.sign() != 0, result & 1 != 0);
        let (out, fill) = match operation {
            Shift::Left => (top, false),
            Shift::Right => (low, false),
            Shift::ArithmeticRight => (low, top),
            Shift::RotateLeft => (top, top),
            Shift::RotateRight => (low, low),
            Shift::RotateLeftThroughCarry => (top, carry),
            Shift::RotateRightThroughCarry => (low, carry),
        };
        result = if is_left(operation) {
            (result << 1 & size.mask()) | fill as u64
        } else {
            result >> 1 | if fill { size.sign() } else { 0 }
        };
        carry = out;
        left -= 1;
    }
    let sign = result & size.sign() != 0;
    let overflow = match operation {
        // SAR keeps the sign.
        Shift::ArithmeticRight => false,
        _ if is_left(operation) => sign != carry,
        // Before the last bit, the sign was where the next lower bit is now.
        _ => sign != (result << 1 & size.sign() != 0),
    };
    if matches!(operation, Shift::Left | Shift::Right | Shift::ArithmeticRight) {
        alu::logic(size, result, flags);
    }
    alu::set(flags, CARRY, carry);
    alu::set(flags, OVERFLOW, overflow);
    result
}

const fn is_left(operation: Shift) -> bool {
    matches!(operation, Shift::Left | Shift::RotateLeft | Shift::RotateLeftThroughCarry)
}

/// SHLD and SHRD by `count`, which is not zero. With more than 16 bits, operands of 16 bits are undefined; processors
/// shift `value` in again: all in all, it and `filling` rotate.
const fn double_shift(
    operation: DoubleShift,
    size: OperandSize,
    (value, filling): (u64, u64),
    count: u32,
    flags: &mut u64,
) -> u64 {
    let bits = size.bits();
    let (value, filling) = (value & size.mask(), filling & size.mask());
    let (result, carry) = match operation {
        DoubleShift::Left => {
            let both = (value as u128) << bits | filling as u128;
            let (stays, goes_round) = (both << count, both >> (2 * bits - count));
            ((stays | goes_round) >> bits, goes_round & 1 != 0)
        }
        DoubleShift::Right => {
            let both = (filling as u128) << bits | value as u128;
            (both >> count | both << (2 * bits - count), both >> (count - 1) & 1 != 0)
        }
    };
    let result = alu::logic(size, result as u64, flags);
    alu::set(flags, CARRY, carry);
    alu::set(flags, OVERFLOW, (result ^ value) & size.sign() != 0);
    result
}

impl Cpu<'_> {
    /// SHL and the like. A count of zero changes nothing, and writes nothing.
    pub fn shift(&mut self, instruction: &Instruction, operation: Shift) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let count = self.operand(instruction, 1, Access::Read)?;
        let count = masked(size, self.read(&count, OperandSize::Byte)?);
        self.shift_by(instruction, size, count, |value, flags| shift(operation, size, value, count, flags))
    }

    /// SHLD and SHRD.
    pub fn double_shift(&mut self, instruction: &Instruction, operation: DoubleShift) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let (filling, count) =
            (self.operand(instruction, 1, Access::Read)?, self.operand(instruction, 2, Access::Read)?);
        let filling = self.read(&filling, size)?;
        let count = masked(size, self.read(&count, OperandSize::Byte)?);
        self.shift_by(instruction, size, count, |value, flags| {
            double_shift(operation, size, (value, filling), count, flags)
        })
    }

    fn shift_by(
        &mut self,
        instruction: &Instruction,
        size: OperandSize,
        count: u32,
        shifted: impl Fn(u64, &mut u64) -> u64,
    ) -> Result<(), Error> {
        let target = self.operand(instruction, 0, Access::Write)?;
        let value = self.read(&target, size)?;
        if count > 0 {
            let mut flags = self.registers.rflags;
            let result = shifted(value, &mut flags);
            self.write(&target, size, result)?;
            self.registers.rflags = flags;
        }
        Ok(())
    }
}
