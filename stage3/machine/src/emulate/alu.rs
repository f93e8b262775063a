//! Arithmetic and logic, with flags (Intel SDM volume 1, "EFLAGS Register").
//!
//! AND, OR, XOR and TEST leave AF undefined; processors clear it.

use super::size::OperandSize;

pub const CARRY: u64 = 1 << 0;
pub const PARITY: u64 = 1 << 2;
const ADJUST: u64 = 1 << 4;
pub const ZERO: u64 = 1 << 6;
pub const SIGN: u64 = 1 << 7;
pub const OVERFLOW: u64 = 1 << 11;
/// All flags that arithmetic sets.
const ARITHMETIC: u64 = CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW;

/// An operation on two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    AddWithCarry,
    Subtract,
    SubtractWithBorrow,
    And,
    Or,
    Xor,
}

/// An operation on one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    Increment,
    Decrement,
    Not,
    Negate,
}

/// Does `operation` on operands of `size`; the upper bits of `left` and `right` are ignored. `flags` change
/// as the instruction changes RFLAGS.
pub const fn binary(operation: Binary, size: OperandSize, left: u64, right: u64, flags: &mut u64) -> u64 {
    let carry = *flags & CARRY;
    match operation {
        Binary::Add => add(size, left, right, 0, flags),
        Binary::AddWithCarry => add(size, left, right, carry, flags),
        Binary::Subtract => subtract(size, left, right, 0, flags),
        Binary::SubtractWithBorrow => subtract(size, left, right, carry, flags),
        Binary::And => logic(size, left & right, flags),
        Binary::Or => logic(size, left | right, flags),
        Binary::Xor => logic(size, left ^ right, flags),
    }
}

/// Does `operation` on an operand of `size`. INC and DEC leave CF alone, NOT all flags.
pub const fn unary(operation: Unary, size: OperandSize, value: u64, flags: &mut u64) -> u64 {
    let carry = *flags & CARRY;
    match operation {
        Unary::Increment => {
            let result = add(size, value, 1, 0, flags);
            *flags = *flags & !CARRY | carry;
            result
        }
        Unary::Decrement => {
            let result = subtract(size, value, 1, 0, flags);
            *flags = *flags & !CARRY | carry;
            result
        }
        Unary::Not => !value & size.mask(),
        Unary::Negate => subtract(size, 0, value, 0, flags),
    }
}

const fn add(size: OperandSize, left: u64, right: u64, carry: u64, flags: &mut u64) -> u64 {
    let sum = left.wrapping_add(right).wrapping_add(carry);
    // The carry out of each bit.
    let carries = left & right | (left | right) & !sum;
    let overflow = (left ^ sum) & (right ^ sum);
    arithmetic(size, sum, carries, left ^ right ^ sum, overflow, flags)
}

const fn subtract(size: OperandSize, left: u64, right: u64, borrow: u64, flags: &mut u64) -> u64 {
    let difference = left.wrapping_sub(right).wrapping_sub(borrow);
    // The borrow out of each bit.
    let borrows = !left & right | (!left | right) & difference;
    let overflow = (left ^ right) & (left ^ difference);
    arithmetic(size, difference, borrows, left ^ right ^ difference, overflow, flags)
}

/// The result of size `size` in `value`, with ZF, SF and PF of it and no other flag.
pub const fn logic(size: OperandSize, value: u64, flags: &mut u64) -> u64 {
    arithmetic(size, value, 0, 0, 0, flags)
}

/// Sets the flag `bit`, or clears it.
pub const fn set(flags: &mut u64, bit: u64, on: bool) {
    *flags = *flags & !bit | if on { bit } else { 0 };
}

/// Sets all flags: CF and OF from the top bits of `carries` and `overflow`, AF from the carry into bit 4.
const fn arithmetic(
    size: OperandSize,
    value: u64,
    carries: u64,
    carries_in: u64,
    overflow: u64,
    flags: &mut u64,
) -> u64 {
    let value = value & size.mask();
    let mut set = carries_in & ADJUST;
    if carries & size.sign() != 0 {
        set |= CARRY;
    }
    if overflow & size.sign() != 0 {
        set |= OVERFLOW;
    }
    if value == 0 {
        set |= ZERO;
    }
    if value & size.sign() != 0 {
        set |= SIGN;
    }
    if (value as u8).count_ones().is_multiple_of(2) {
        set |= PARITY;
    }
    *flags = *flags & !ARITHMETIC | set;
    value
}
