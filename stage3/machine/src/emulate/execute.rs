//! Which instructions there are, and what those with two general operands do.

use super::alu::{binary, unary, Binary, Unary};
use super::bits::BitChange;
use super::cpu::{Cpu, Error, Progress};
use super::operand::{memory_size, Operand};
use super::size::OperandSize;
use super::string::StringOperation;
use crate::vcpu::Access;
use iced_x86::{Code, Instruction, Mnemonic};

/// Refusal of an instruction that isn't in the table below.
const UNKNOWN: Error = Error::Unsupported("an instruction on device memory that pxHV does not emulate");

/// Executes `instruction` but for RIP.
pub fn execute(instruction: &Instruction, cpu: &mut Cpu) -> Result<Progress, Error> {
    if let Some(operation) = string_operation(instruction.code()) {
        return cpu.string(instruction, operation);
    }
    match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movnti | Mnemonic::Movzx => cpu.move_value(instruction, false),
        Mnemonic::Movsx | Mnemonic::Movsxd => cpu.move_value(instruction, true),
        Mnemonic::Xchg => cpu.exchange(instruction),
        Mnemonic::Cmpxchg => cpu.compare_and_exchange(instruction),
        Mnemonic::Xadd => cpu.exchange_and_add(instruction),
        Mnemonic::Add => cpu.binary(instruction, Binary::Add),
        Mnemonic::Adc => cpu.binary(instruction, Binary::AddWithCarry),
        Mnemonic::Sub => cpu.binary(instruction, Binary::Subtract),
        Mnemonic::Sbb => cpu.binary(instruction, Binary::SubtractWithBorrow),
        Mnemonic::And => cpu.binary(instruction, Binary::And),
        Mnemonic::Or => cpu.binary(instruction, Binary::Or),
        Mnemonic::Xor => cpu.binary(instruction, Binary::Xor),
        Mnemonic::Cmp => cpu.compare(instruction, Binary::Subtract),
        Mnemonic::Test => cpu.compare(instruction, Binary::And),
        Mnemonic::Inc => cpu.unary(instruction, Unary::Increment),
        Mnemonic::Dec => cpu.unary(instruction, Unary::Decrement),
        Mnemonic::Not => cpu.unary(instruction, Unary::Not),
        Mnemonic::Neg => cpu.unary(instruction, Unary::Negate),
        Mnemonic::Bt => cpu.bit(instruction, BitChange::Keep),
        Mnemonic::Bts => cpu.bit(instruction, BitChange::Set),
        Mnemonic::Btr => cpu.bit(instruction, BitChange::Reset),
        Mnemonic::Btc => cpu.bit(instruction, BitChange::Complement),
        Mnemonic::Push => cpu.push(instruction),
        Mnemonic::Pop => cpu.pop(instruction),
        _ => Err(UNKNOWN),
    }?;
    Ok(Progress::Complete)
}

/// The string instructions, which share names with others (MOVSD, CMPSD).
const fn string_operation(code: Code) -> Option<StringOperation> {
    Some(match code {
        Code::Movsb_m8_m8 | Code::Movsw_m16_m16 | Code::Movsd_m32_m32 | Code::Movsq_m64_m64 => {
            StringOperation::Move
        }
        Code::Stosb_m8_AL | Code::Stosw_m16_AX | Code::Stosd_m32_EAX | Code::Stosq_m64_RAX => {
            StringOperation::Store
        }
        Code::Lodsb_AL_m8 | Code::Lodsw_AX_m16 | Code::Lodsd_EAX_m32 | Code::Lodsq_RAX_m64 => {
            StringOperation::Load
        }
        Code::Cmpsb_m8_m8 | Code::Cmpsw_m16_m16 | Code::Cmpsd_m32_m32 | Code::Cmpsq_m64_m64 => {
            StringOperation::Compare
        }
        Code::Scasb_AL_m8 | Code::Scasw_AX_m16 | Code::Scasd_EAX_m32 | Code::Scasq_RAX_m64 => {
            StringOperation::Scan
        }
        _ => return None,
    })
}

/// Two operands, and their size.
type Pair = (Operand, Operand, OperandSize);

impl Cpu<'_> {
    /// Operands 0 and 1. All checks of either are done before a device is read.
    fn pair(&mut self, instruction: &Instruction, target: Access) -> Result<Pair, Error> {
        let size = memory_size(instruction)?;
        let source = self.operand(instruction, 1, Access::Read)?;
        Ok((self.operand(instruction, 0, target)?, source, size))
    }

    /// MOV and its kin: operand 0 becomes operand 1, extended.
    fn move_value(&mut self, instruction: &Instruction, signed: bool) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let value = self.read(&source, size)?;
        self.write(&target, size, if signed { size.sign_extend(value) } else { value })
    }

    /// XCHG.
    fn exchange(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (first, second, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&first, size)?, self.read(&second, size)?);
        self.write(&first, size, right)?;
        self.write(&second, size, left)
    }

    /// CMPXCHG. The target is written in either case.
    fn compare_and_exchange(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let old = self.read(&target, size)?;
        let rax = self.registers.gprs.rax;
        let mut flags = self.registers.rflags;
        let equal = binary(Binary::Subtract, size, rax, old, &mut flags) == 0;
        let new = if equal { self.read(&source, size)? } else { old };
        self.write(&target, size, new)?;
        if !equal {
            self.registers.gprs.rax = size.merge(rax, old);
        }
        self.registers.rflags = flags;
        Ok(())
    }

    /// XADD.
    fn exchange_and_add(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&target, size)?, self.read(&source, size)?);
        let mut flags = self.registers.rflags;
        let sum = binary(Binary::Add, size, left, right, &mut flags);
        self.write(&target, size, sum)?;
        self.write(&source, size, left)?;
        self.registers.rflags = flags;
        Ok(())
    }

    /// ADD, AND and the like: operand 0 becomes the result.
    fn binary(&mut self, instruction: &Instruction, operation: Binary) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&target, size)?, self.read(&source, size)?);
        let mut flags = self.registers.rflags;
        let result = binary(operation, size, left, right, &mut flags);
        self.write(&target, size, result)?;
        self.registers.rflags = flags;
        Ok(())
    }

    /// CMP and TEST: flags only.
    fn compare(&mut self, instruction: &Instruction, operation: Binary) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Read)?;
        let (left, right) = (self.read(&target, size)?, self.read(&source, size)?);
        binary(operation, size, left, right, &mut self.registers.rflags);
        Ok(())
    }

    /// INC, DEC, NOT and NEG.
    fn unary(&mut self, instruction: &Instruction, operation: Unary) -> Result<(), Error> {
        let size = memory_size(instruction)?;
        let target = self.operand(instruction, 0, Access::Write)?;
        let value = self.read(&target, size)?;
        let mut flags = self.registers.rflags;
        let result = unary(operation, size, value, &mut flags);
        self.write(&target, size, result)?;
        self.registers.rflags = flags;
        Ok(())
    }
}
