//! XCHG, CMPXCHG, XADD, CMPXCHG8B and CMPXCHG16B.

use super::alu::{self, binary, Binary, ZERO};
use super::cpu::{Cpu, Error};
use super::size::OperandSize;
use crate::linear::{AccessError, Pieces};
use crate::vcpu::{Access, Fault};
use iced_x86::Instruction;

/// Alignment of CMPXCHG16B's operand.
const DOUBLE_QWORD: u64 = 16;

impl Cpu<'_> {
    /// XCHG.
    pub fn exchange(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (first, second, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&first, size)?, self.read(&second, size)?);
        // One of them is a register.
        self.replace(instruction, &first, size, left, right)?;
        self.replace(instruction, &second, size, right, left)
    }

    /// CMPXCHG. The target is written in either case.
    pub fn compare_and_exchange(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let old = self.read(&target, size)?;
        let rax = self.registers.gprs.rax;
        let mut flags = self.registers.rflags;
        let equal = binary(Binary::Subtract, size, rax, old, &mut flags) == 0;
        let new = if equal { self.read(&source, size)? } else { old };
        self.replace(instruction, &target, size, old, new)?;
        if !equal {
            self.registers.gprs.rax = size.merge(rax, old);
        }
        self.registers.rflags = flags;
        Ok(())
    }

    /// XADD.
    pub fn exchange_and_add(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&target, size)?, self.read(&source, size)?);
        let mut flags = self.registers.rflags;
        let sum = binary(Binary::Add, size, left, right, &mut flags);
        self.replace(instruction, &target, size, left, sum)?;
        self.write(&source, size, left)?;
        self.registers.rflags = flags;
        Ok(())
    }

    /// CMPXCHG8B with halves of 32 bits, CMPXCHG16B with halves of 64 bits. Other flags than ZF stay.
    pub fn compare_and_exchange_pair(
        &mut self,
        instruction: &Instruction,
        half: OperandSize,
    ) -> Result<(), Error> {
        let (low, high) = self.locate_pair(instruction, half)?;
        let old = (self.bus.read(&low, half), self.bus.read(&high, half));
        let gprs = &mut self.registers.gprs;
        let equal = (gprs.rax & half.mask(), gprs.rdx & half.mask()) == old;
        let new = if equal { (gprs.rbx, gprs.rcx) } else { old };
        self.bus.write(&low, half, new.0);
        self.bus.write(&high, half, new.1);
        if !equal {
            let gprs = &mut self.registers.gprs;
            (gprs.rax, gprs.rdx) = (half.merge(gprs.rax, old.0), half.merge(gprs.rdx, old.1));
        }
        alu::set(&mut self.registers.rflags, ZERO, equal);
        Ok(())
    }

    /// Both halves of the operand. All checks of either are done before a device is read.
    fn locate_pair(
        &mut self,
        instruction: &Instruction,
        half: OperandSize,
    ) -> Result<(Pieces, Pieces), Error> {
        let (segment, offset, width) = self.effective_address(instruction)?;
        let register = (segment, segment.of(self.state));
        let bytes = 2 * half.bytes() as u64;
        let linear =
            self.linear.address(register, offset, bytes, Access::Write).map_err(AccessError::Fault)?;
        if half == OperandSize::Qword && !linear.is_multiple_of(DOUBLE_QWORD) {
            return Err(AccessError::Fault(Fault::GeneralProtection).into());
        }
        if half == OperandSize::Dword {
            self.linear.check_alignment(linear, bytes).map_err(AccessError::Fault)?;
        }
        let next = offset.wrapping_add(half.bytes() as u64) & width.mask();
        Ok((
            self.locate(segment, offset, half, Access::Write)?,
            self.locate(segment, next, half, Access::Write)?,
        ))
    }
}
