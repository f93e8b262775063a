//! MUL, IMUL, DIV and IDIV.
//!
//! Multiplications leave SF, ZF, AF and PF undefined; they are those of the lower half here. Divisions leave all flags
//! undefined; they are left alone.

use super::alu::{self, CARRY, OVERFLOW};
use super::cpu::{Cpu, Error};
use super::operand::memory_size;
use super::size::OperandSize;
use crate::linear::AccessError;
use crate::vcpu::{Access, Fault};
use iced_x86::Instruction;

const DIVIDE_ERROR: Error = Error::Access(AccessError::Fault(Fault::DivideError));

impl Cpu<'_> {
    /// MUL, and IMUL with one operand: the double width in AX or DX:AX.
    pub fn multiply(&mut self, instruction: &Instruction, signed: bool) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let factor = self.operand(instruction, 0, Access::Read)?;
        let factor = self.read(&factor, size)?;
        let low = self.product(size, self.registers.gprs.rax, factor, signed);
        let gprs = &mut self.registers.gprs;
        if size == OperandSize::Byte {
            gprs.rax = OperandSize::Word.merge(gprs.rax, low as u64);
        } else {
            gprs.rax = size.merge(gprs.rax, low as u64);
            gprs.rdx = size.merge(gprs.rdx, (low >> size.bits()) as u64);
        }
        Ok(())
    }

    /// IMUL with two operands, or three.
    pub fn multiply_to_register(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let target = self.operand(instruction, 0, Access::Write)?;
        let source = self.operand(instruction, 1, Access::Read)?;
        let other =
            if instruction.op_count() == 3 { self.operand(instruction, 2, Access::Read)? } else { target };
        let (left, right) = (self.read(&source, size)?, self.read(&other, size)?);
        let product = self.product(size, left, right, true);
        self.write(&target, size, product as u64)
    }

    /// The product in double width. CF and OF tell whether its upper half is more than an extension.
    fn product(&mut self, size: OperandSize, left: u64, right: u64, signed: bool) -> u128 {
        let extend = |value: u64| {
            if signed {
                i128::from(size.sign_extend(value).cast_signed()).cast_unsigned()
            } else {
                u128::from(value & size.mask())
            }
        };
        let product = extend(left).wrapping_mul(extend(right));
        let flags = &mut self.registers.rflags;
        let is_longer = product != extend(product as u64);
        alu::logic(size, product as u64, flags);
        alu::set(flags, CARRY, is_longer);
        alu::set(flags, OVERFLOW, is_longer);
        product
    }

    /// DIV and IDIV: AX or DX:AX by the operand.
    pub fn divide(&mut self, instruction: &Instruction, signed: bool) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let divisor = self.operand(instruction, 0, Access::Read)?;
        let divisor = self.read(&divisor, size)?;
        let gprs = &mut self.registers.gprs;
        let high = if size == OperandSize::Byte { gprs.rax >> 8 } else { gprs.rdx };
        let dividend = u128::from(high & size.mask()) << size.bits() | u128::from(gprs.rax & size.mask());
        let (quotient, remainder) =
            if signed { signed_quotient(size, dividend, divisor) } else { quotient(size, dividend, divisor) }
                .ok_or(DIVIDE_ERROR)?;
        if size == OperandSize::Byte {
            gprs.rax = OperandSize::Word.merge(gprs.rax, quotient & 0xff | (remainder & 0xff) << 8);
        } else {
            gprs.rax = size.merge(gprs.rax, quotient);
            gprs.rdx = size.merge(gprs.rdx, remainder);
        }
        Ok(())
    }
}

/// Quotient and remainder, if the quotient fits in `size`.
fn quotient(size: OperandSize, dividend: u128, divisor: u64) -> Option<(u64, u64)> {
    let divisor = u128::from(divisor);
    let quotient = u64::try_from(dividend.checked_div(divisor)?).ok()?;
    (quotient <= size.mask()).then_some((quotient, (dividend % divisor) as u64))
}

/// The same of signed numbers.
fn signed_quotient(size: OperandSize, dividend: u128, divisor: u64) -> Option<(u64, u64)> {
    let unused = 128 - 2 * size.bits();
    let dividend = (dividend << unused).cast_signed() >> unused;
    let divisor = i128::from(size.sign_extend(divisor).cast_signed());
    let quotient = i64::try_from(dividend.checked_div(divisor)?).ok()?.cast_unsigned();
    let fits = size.sign_extend(quotient) == quotient;
    fits.then_some((quotient, (dividend % divisor).cast_unsigned() as u64))
}
