//! Which instructions there are, and what those with two general operands do.

use super::alu::{binary, unary, Binary, Unary};
use super::bits::BitChange;
use super::cpu::{Cpu, Error, Progress};
use super::operand::{memory_size, Operand};
use super::shift::{DoubleShift, Shift};
use super::size::OperandSize;
use super::string::StringOperation;
use crate::vcpu::Access;
use iced_x86::{Code, Instruction, Mnemonic, Register};

/// Refusal of an instruction that isn't in the table below.
const UNKNOWN: Error = Error::Unsupported("an instruction on device memory that pxHV does not emulate");

/// Executes `instruction` but for RIP.
pub fn execute(instruction: &Instruction, cpu: &mut Cpu) -> Result<Progress, Error> {
    if let Some(operation) = string_operation(instruction.code()) {
        return cpu.string(instruction, operation);
    }
    if let Some(done) = cpu.conditional(instruction) {
        return done.map(|()| Progress::Complete);
    }
    match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movnti | Mnemonic::Movzx => cpu.move_value(instruction, false),
        Mnemonic::Movsx | Mnemonic::Movsxd => cpu.move_value(instruction, true),
        Mnemonic::Movbe => cpu.move_swapped(instruction),
        Mnemonic::Xlatb => cpu.translate_byte(instruction),
        Mnemonic::Xchg => cpu.exchange(instruction),
        Mnemonic::Cmpxchg => cpu.compare_and_exchange(instruction),
        Mnemonic::Cmpxchg8b => cpu.compare_and_exchange_pair(instruction, OperandSize::Dword),
        Mnemonic::Cmpxchg16b => cpu.compare_and_exchange_pair(instruction, OperandSize::Qword),
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
        Mnemonic::Shl | Mnemonic::Sal => cpu.shift(instruction, Shift::Left),
        Mnemonic::Shr => cpu.shift(instruction, Shift::Right),
        Mnemonic::Sar => cpu.shift(instruction, Shift::ArithmeticRight),
        Mnemonic::Rol => cpu.shift(instruction, Shift::RotateLeft),
        Mnemonic::Ror => cpu.shift(instruction, Shift::RotateRight),
        Mnemonic::Rcl => cpu.shift(instruction, Shift::RotateLeftThroughCarry),
        Mnemonic::Rcr => cpu.shift(instruction, Shift::RotateRightThroughCarry),
        Mnemonic::Shld => cpu.double_shift(instruction, DoubleShift::Left),
        Mnemonic::Shrd => cpu.double_shift(instruction, DoubleShift::Right),
        Mnemonic::Mul => cpu.multiply(instruction, false),
        Mnemonic::Imul if instruction.op_count() == 1 => cpu.multiply(instruction, true),
        Mnemonic::Imul => cpu.multiply_to_register(instruction),
        Mnemonic::Div => cpu.divide(instruction, false),
        Mnemonic::Idiv => cpu.divide(instruction, true),
        Mnemonic::Clflush | Mnemonic::Clflushopt | Mnemonic::Clwb => cpu.flush(instruction),
        Mnemonic::Push => cpu.push(instruction),
        Mnemonic::Pop => cpu.pop(instruction),
        Mnemonic::Leave => cpu.leave(instruction),
        Mnemonic::Call => return cpu.call(instruction).map(Progress::Jump),
        Mnemonic::Jmp => return cpu.jump(instruction).map(Progress::Jump),
        Mnemonic::Ret => return cpu.return_near(instruction).map(Progress::Jump),
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
    pub fn pair(&mut self, instruction: &Instruction, target: Access) -> Result<Pair, Error> {
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

    /// MOVBE: operand 0 becomes operand 1 with its bytes in reverse.
    fn move_swapped(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let value = self.read(&source, size)?;
        self.write(&target, size, value.swap_bytes() >> (u64::BITS - size.bits()))
    }

    /// XLAT: AL becomes the byte at DS:BX + AL.
    fn translate_byte(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let source = self.operand(instruction, 0, Access::Read)?;
        let value = self.read(&source, OperandSize::Byte)?;
        self.write(&Operand::Register(Register::AL), OperandSize::Byte, value)
    }

    /// CLFLUSH and its kin are checked as a read, and have nothing to do: what they work on is not cached.
    fn flush(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let (segment, offset, _) = self.effective_address(instruction)?;
        self.locate(segment, offset, OperandSize::Byte, Access::Read).map(|_| ())
    }

    /// ADD, AND and the like: operand 0 becomes the result.
    fn binary(&mut self, instruction: &Instruction, operation: Binary) -> Result<(), Error> {
        let (target, source, size) = self.pair(instruction, Access::Write)?;
        let (left, right) = (self.read(&target, size)?, self.read(&source, size)?);
        let mut flags = self.registers.rflags;
        let result = binary(operation, size, left, right, &mut flags);
        self.replace(instruction, &target, size, left, result)?;
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
        self.replace(instruction, &target, size, value, result)?;
        self.registers.rflags = flags;
        Ok(())
    }
}
