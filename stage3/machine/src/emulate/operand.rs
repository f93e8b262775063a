//! Operands: registers, memory, immediates.

use super::cpu::{Cpu, Error};
use super::decode;
use super::registers;
use super::size::OperandSize;
use crate::linear::{Pieces, SegmentName, Width};
use crate::vcpu::Access;
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// An operand that was found and checked, but not read.
#[derive(Clone, Copy)]
pub enum Operand {
    Register(Register),
    Memory(Pieces),
    Immediate(u64),
}

/// Refusal of an operand that isn't an integer in a general register or in memory.
const NO_INTEGER: Error =
    Error::Unsupported("an instruction on device memory with other than integer operands");

impl Cpu<'_> {
    /// Finds operand `index`; checks it for `access` if it is in memory.
    pub fn operand(
        &mut self,
        instruction: &Instruction,
        index: u32,
        access: Access,
    ) -> Result<Operand, Error> {
        match instruction.try_op_kind(index).map_err(|_| NO_INTEGER)? {
            OpKind::Register => {
                let register = instruction.try_op_register(index).map_err(|_| NO_INTEGER)?;
                match decode::segment_register(register) {
                    Some(name) if access == Access::Read => {
                        Ok(Operand::Immediate(name.of(self.state).selector.into()))
                    }
                    _ => registers::size(register).map(|_| Operand::Register(register)).ok_or(NO_INTEGER),
                }
            }
            OpKind::Memory => {
                let size = memory_size(instruction)?;
                let (segment, offset, _) = self.effective_address(instruction)?;
                Ok(Operand::Memory(self.locate(segment, offset, size, access)?))
            }
            _ => instruction.try_immediate(index).map(Operand::Immediate).map_err(|_| NO_INTEGER),
        }
    }

    /// Reads an operand. `size` is that of the instruction's operand in memory.
    pub fn read(&mut self, operand: &Operand, size: OperandSize) -> Result<u64, Error> {
        match operand {
            Operand::Register(register) => self.registers.read(*register).ok_or(NO_INTEGER),
            Operand::Memory(place) => Ok(self.bus.read(place, size)),
            Operand::Immediate(value) => Ok(*value & size.mask()),
        }
    }

    /// Writes an operand.
    pub fn write(&mut self, operand: &Operand, size: OperandSize, value: u64) -> Result<(), Error> {
        match operand {
            Operand::Register(register) => {
                self.registers.write(*register, value);
                Ok(())
            }
            Operand::Memory(place) => {
                self.bus.write(place, size, value);
                Ok(())
            }
            Operand::Immediate(_) => Err(NO_INTEGER),
        }
    }

    /// Writes an operand that held `old`: as one step for all CPUs if the instruction is locked.
    pub fn replace(
        &mut self,
        instruction: &Instruction,
        operand: &Operand,
        size: OperandSize,
        old: u64,
        new: u64,
    ) -> Result<(), Error> {
        match operand {
            Operand::Memory(place) if is_locked(instruction) => {
                Ok(self.bus.replace(place, size, old, new)?)
            }
            _ => self.write(operand, size, new),
        }
    }

    /// Segment, offset and address width of the operand in memory (Intel SDM, "Specifying an Offset").
    pub fn effective_address(
        &mut self,
        instruction: &Instruction,
    ) -> Result<(SegmentName, u64, Width), Error> {
        let segment = decode::segment(instruction).ok_or(NO_INTEGER)?;
        let (base, index) = (instruction.memory_base(), instruction.memory_index());
        let displacement = instruction.memory_displacement64();
        let width = address_width(base, index, instruction.memory_displ_size()).ok_or(NO_INTEGER)?;
        let mut offset = displacement;
        // The decoder's displacement from RIP is the address itself.
        if !matches!(base, Register::None | Register::RIP | Register::EIP) {
            offset = offset.wrapping_add(self.registers.read(base).ok_or(NO_INTEGER)?);
        }
        if index != Register::None {
            let scaled = self.registers.read(index).ok_or(NO_INTEGER)?;
            offset = offset.wrapping_add(scaled.wrapping_mul(instruction.memory_index_scale().into()));
        }
        Ok((segment, offset & width.mask(), width))
    }
}

/// XCHG with memory needs no LOCK for that.
fn is_locked(instruction: &Instruction) -> bool {
    instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg
}

/// Size of the operand in memory.
pub fn memory_size(instruction: &Instruction) -> Result<OperandSize, Error> {
    OperandSize::of_memory(instruction.memory_size()).ok_or(NO_INTEGER)
}

/// Registers in an address tell its width; without any, the displacement is as wide as it.
const fn address_width(base: Register, index: Register, displacement_size: u32) -> Option<Width> {
    let register = if matches!(base, Register::None) { index } else { base };
    match (register, displacement_size) {
        (Register::RIP, _) | (Register::None, 8) => Some(Width::Bits64),
        (Register::EIP, _) | (Register::None, 4) => Some(Width::Bits32),
        (Register::None, 2) => Some(Width::Bits16),
        _ => match registers::size(register) {
            Some(OperandSize::Word) => Some(Width::Bits16),
            Some(OperandSize::Dword) => Some(Width::Bits32),
            Some(OperandSize::Qword) => Some(Width::Bits64),
            _ => None,
        },
    }
}
