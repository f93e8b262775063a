//! The general registers and flags, by the decoder's names.

use super::size::OperandSize;
use crate::vcpu::{CpuState, Gprs, Vcpu};
use iced_x86::Register;

/// What instructions change besides memory. It is a copy: the guest's own change when all is done.
#[derive(Clone, Copy)]
pub struct Registers {
    pub gprs: Gprs,
    pub rsp: u64,
    pub rflags: u64,
}

/// Which bits of a register an operand is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The lowest ones.
    Low(OperandSize),
    /// Bits 15:8: AH, CH, DH or BH.
    High,
}

impl Registers {
    /// Those in `state`.
    pub const fn new(state: &CpuState) -> Self {
        Self { gprs: state.gprs, rsp: state.rsp, rflags: state.rflags }
    }

    /// Gives them back to the virtual CPU that `state` was taken from.
    pub fn store<V: Vcpu>(&self, state: &CpuState, vcpu: &mut V) {
        *vcpu.gprs_mut() = self.gprs;
        if self.rsp != state.rsp {
            vcpu.set_rsp(self.rsp);
        }
        if self.rflags != state.rflags {
            vcpu.set_rflags(self.rflags);
        }
    }

    /// The value of a general register; `None` for any other.
    pub fn read(&mut self, register: Register) -> Option<u64> {
        let (number, part) = locate(register)?;
        let whole = *self.whole(number)?;
        Some(match part {
            Part::Low(size) => whole & size.mask(),
            Part::High => whole >> 8 & 0xff,
        })
    }

    /// Sets a general register. Nothing happens for another kind.
    pub fn write(&mut self, register: Register, value: u64) {
        let Some((number, part)) = locate(register) else { return };
        let Some(whole) = self.whole(number) else { return };
        *whole = match part {
            Part::Low(size) => size.merge(*whole, value),
            Part::High => *whole & !0xff00 | (value & 0xff) << 8,
        };
    }

    fn whole(&mut self, number: usize) -> Option<&mut u64> {
        let gprs = &mut self.gprs;
        Some(match number {
            0 => &mut gprs.rax,
            1 => &mut gprs.rcx,
            2 => &mut gprs.rdx,
            3 => &mut gprs.rbx,
            4 => &mut self.rsp,
            5 => &mut gprs.rbp,
            6 => &mut gprs.rsi,
            7 => &mut gprs.rdi,
            8 => &mut gprs.r8,
            9 => &mut gprs.r9,
            10 => &mut gprs.r10,
            11 => &mut gprs.r11,
            12 => &mut gprs.r12,
            13 => &mut gprs.r13,
            14 => &mut gprs.r14,
            15 => &mut gprs.r15,
            _ => return None,
        })
    }
}

/// Size of a general register; `None` for any other.
pub const fn size(register: Register) -> Option<OperandSize> {
    match locate(register) {
        Some((_, Part::Low(size))) => Some(size),
        Some((_, Part::High)) => Some(OperandSize::Byte),
        None => None,
    }
}

/// Number of the whole register and part of it. The decoder counts the names of each size in the order of
/// the numbers, with AH to BH between BL and SPL.
const fn locate(register: Register) -> Option<(usize, Part)> {
    const AL: usize = Register::AL as usize;
    const BL: usize = Register::BL as usize;
    const AH: usize = Register::AH as usize;
    const BH: usize = Register::BH as usize;
    const SPL: usize = Register::SPL as usize;
    const R15L: usize = Register::R15L as usize;
    const AX: usize = Register::AX as usize;
    const R15W: usize = Register::R15W as usize;
    const EAX: usize = Register::EAX as usize;
    const R15D: usize = Register::R15D as usize;
    const RAX: usize = Register::RAX as usize;
    const R15: usize = Register::R15 as usize;
    let name = register as usize;
    Some(match name {
        AL..=BL => (name - AL, Part::Low(OperandSize::Byte)),
        AH..=BH => (name - AH, Part::High),
        SPL..=R15L => (name - SPL + 4, Part::Low(OperandSize::Byte)),
        AX..=R15W => (name - AX, Part::Low(OperandSize::Word)),
        EAX..=R15D => (name - EAX, Part::Low(OperandSize::Dword)),
        RAX..=R15 => (name - RAX, Part::Low(OperandSize::Qword)),
        _ => return None,
    })
}
