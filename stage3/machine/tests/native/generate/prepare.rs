//! What makes the result of an instruction interesting and defined.

use super::{Case, RAX, RCX, RDX};
use crate::forms::{Field, Form, Kind};
use crate::mode::Mode;
use crate::random::Random;

const CF: u64 = 1;
const PF: u64 = 4;
const AF: u64 = 0x10;
const ZF: u64 = 0x40;
const SF: u64 = 0x80;
const OF: u64 = 0x800;

impl Case {
    /// Sets registers, memory and flags for it. `operand` is the memory from it on.
    pub(super) fn prepare(
        &mut self,
        form: &Form,
        field: u8,
        size: usize,
        random: &mut Random,
        operand: &mut [u8],
    ) {
        let mask = u64::MAX >> (64 - 8 * size);
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
        let is_compare = matches!(form.opcode, [0x0f, 0xb1 | 0xc7]);
        if is_compare && random.once_in(2) {
            // What CMPXCHG compares with.
            let value = number(operand);
            if form.opcode == [0x0f, 0xb1] && (self.mode == Mode::Bits64 || size < 8) {
                self.set_wide(RAX, value, size.max(4));
            } else if form.kind == Kind::Aligned64 {
                self.registers[RAX] = value;
                self.registers[RDX] = number(&operand[8..]);
            } else {
                self.set_wide(RAX, value, 4);
                self.set_wide(RDX, value >> 32, 4);
            }
        }
        match form.kind {
            Kind::Shift => {
                let count = self.shift_count(form, random);
                let count = count & if size == 8 { 63 } else { 31 };
                // Rotations change CF and OF only; with a count of zero nothing does.
                let of_shift = if matches!(field, 4 | 5 | 7) && count > 0 { AF } else { 0 };
                let of_count = if count > 1 { OF } else { 0 };
                let beyond = matches!(field, 4 | 5) && count >= 8 * size as u64;
                self.undefined = of_shift | of_count | if beyond { CF } else { 0 };
            }
            Kind::DoubleShift => {
                let limit = if size == 2 { 16 } else { 8 * size as u64 };
                let count = random.below(limit);
                if matches!(form.reg, Field::AnyAnd(_)) {
                    *self.code.last_mut().unwrap() = count as u8;
                } else {
                    self.registers[RCX] = self.registers[RCX] & !0xff | count;
                }
                self.undefined = if count == 0 { 0 } else { AF } | if count > 1 { OF } else { 0 };
            }
            Kind::Multiply => self.undefined = SF | ZF | AF | PF,
            Kind::Divide => {
                self.undefined = CF | PF | AF | ZF | SF | OF;
                // Not zero, and not -1.
                operand[0] = operand[0] & 0xfe | 2;
                let divisor = number(operand) & mask;
                let high = if field == 6 {
                    random.next() % divisor
                } else {
                    let sign = self.registers[RAX] >> (8 * size - 1) & 1;
                    if sign == 0 {
                        0
                    } else {
                        mask
                    }
                };
                if size == 1 {
                    self.registers[RAX] = self.registers[RAX] & !0xff00 | (high & 0xff) << 8;
                } else {
                    self.registers[RDX] = self.registers[RDX] & !mask | high & mask;
                }
            }
            _ => {}
        }
    }

    fn shift_count(&mut self, form: &Form, random: &mut Random) -> u64 {
        let count = random.next() as u8 & if random.once_in(2) { 7 } else { 0xff };
        match form.opcode {
            [0xd1] => 1,
            [0xd3] => {
                self.registers[RCX] = self.registers[RCX] & !0xff | u64::from(count);
                count.into()
            }
            _ => {
                *self.code.last_mut().unwrap() = count;
                count.into()
            }
        }
    }

    fn set_wide(&mut self, register: usize, value: u64, bytes: usize) {
        self.registers[register] = value & (u64::MAX >> (64 - 8 * bytes));
    }
}
