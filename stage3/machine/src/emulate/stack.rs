//! PUSH, POP and LEAVE; CALL, RET and JMP by memory: the stack, or the address of the target, is on a device.

use super::cpu::{Cpu, Error};
use super::operand::Operand;
use super::size::OperandSize;
use crate::linear::{is_canonical, AccessError, Pieces, SegmentName, Width};
use crate::vcpu::{Access, Fault};
use iced_x86::{Code, Instruction, OpKind};

/// Size of what an instruction moves on the stack, and of a near target; `None` if it is none of these. The rest of
/// their kin changes segments or system flags.
const fn stack_size(code: Code) -> Option<OperandSize> {
    use Code as C;
    Some(match code {
        C::Push_r16
        | C::Push_rm16
        | C::Push_imm16
        | C::Pushw_imm8
        | C::Pop_r16
        | C::Pop_rm16
        | C::Pushw_ES
        | C::Pushw_CS
        | C::Pushw_SS
        | C::Pushw_DS
        | C::Pushw_FS
        | C::Pushw_GS
        | C::Call_rel16
        | C::Call_rm16
        | C::Jmp_rm16
        | C::Retnw
        | C::Retnw_imm16
        | C::Leavew => OperandSize::Word,
        C::Push_r32
        | C::Push_rm32
        | C::Pushd_imm32
        | C::Pushd_imm8
        | C::Pop_r32
        | C::Pop_rm32
        | C::Pushd_ES
        | C::Pushd_CS
        | C::Pushd_SS
        | C::Pushd_DS
        | C::Pushd_FS
        | C::Pushd_GS
        | C::Call_rel32_32
        | C::Call_rm32
        | C::Jmp_rm32
        | C::Retnd
        | C::Retnd_imm16
        | C::Leaved => OperandSize::Dword,
        C::Push_r64
        | C::Push_rm64
        | C::Pushq_imm32
        | C::Pushq_imm8
        | C::Pop_r64
        | C::Pop_rm64
        | C::Pushq_FS
        | C::Pushq_GS
        | C::Call_rel32_64
        | C::Call_rm64
        | C::Jmp_rm64
        | C::Retnq
        | C::Retnq_imm16
        | C::Leaveq => OperandSize::Qword,
        _ => return None,
    })
}

/// Refusal of an instruction on the stack that is not in the table above.
const UNKNOWN: Error =
    Error::Unsupported("an instruction on a stack in device memory that pxHV does not emulate");
const GENERAL_PROTECTION: Error = Error::Access(AccessError::Fault(Fault::GeneralProtection));

impl Cpu<'_> {
    /// PUSH. The operand's address is computed with the old stack pointer.
    pub fn push(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let source = self.operand(instruction, 0, Access::Read)?;
        let (place, rsp) = self.room_on_stack(size)?;
        let value = self.read(&source, size)?;
        self.bus.write(&place, size, value);
        self.registers.rsp = rsp;
        Ok(())
    }

    /// POP. The operand's address is computed with the new stack pointer.
    pub fn pop(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let old = self.registers.rsp;
        let (top, rsp) = self.top_of_stack(size, 0)?;
        self.registers.rsp = rsp;
        let moved = self.pop_to_operand(instruction, &top, size);
        if moved.is_err() {
            self.registers.rsp = old;
        }
        moved
    }

    fn pop_to_operand(
        &mut self,
        instruction: &Instruction,
        top: &Pieces,
        size: OperandSize,
    ) -> Result<(), Error> {
        let target = self.operand(instruction, 0, Access::Write)?;
        let value = self.bus.read(top, size);
        self.write(&target, size, value)
    }

    /// LEAVE: RSP becomes RBP, which is popped.
    pub fn leave(&mut self, instruction: &Instruction) -> Result<(), Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let old = self.registers.rsp;
        self.registers.rsp = self.stack_width().merge(old, self.registers.gprs.rbp);
        let popped = self.top_of_stack(size, 0).map(|(top, rsp)| (self.bus.read(&top, size), rsp));
        self.registers.rsp = old;
        let (value, rsp) = popped?;
        let rbp = &mut self.registers.gprs.rbp;
        *rbp = size.merge(*rbp, value);
        self.registers.rsp = rsp;
        Ok(())
    }

    /// CALL near; returns where to.
    pub fn call(&mut self, instruction: &Instruction) -> Result<u64, Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let target = match instruction.op0_kind() {
            OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
                Operand::Immediate(instruction.near_branch_target())
            }
            _ => self.operand(instruction, 0, Access::Read)?,
        };
        let (place, rsp) = self.room_on_stack(size)?;
        let target = self.read(&target, size)?;
        self.check_target(target)?;
        self.bus.write(&place, size, instruction.next_ip());
        self.registers.rsp = rsp;
        Ok(target)
    }

    /// JMP near to an address in memory; returns it.
    pub fn jump(&mut self, instruction: &Instruction) -> Result<u64, Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let target = self.operand(instruction, 0, Access::Read)?;
        let target = self.read(&target, size)?;
        self.check_target(target)?;
        Ok(target)
    }

    /// RET near; returns where to.
    pub fn return_near(&mut self, instruction: &Instruction) -> Result<u64, Error> {
        let size = stack_size(instruction.code()).ok_or(UNKNOWN)?;
        let parameters = if instruction.op_count() == 0 { 0 } else { instruction.immediate16().into() };
        let (top, rsp) = self.top_of_stack(size, parameters)?;
        let target = self.bus.read(&top, size);
        self.check_target(target)?;
        self.registers.rsp = rsp;
        Ok(target)
    }

    /// Where `size` is pushed, and RSP after that.
    fn room_on_stack(&mut self, size: OperandSize) -> Result<(Pieces, u64), Error> {
        let (width, rsp) = (self.stack_width(), self.registers.rsp);
        let top = rsp.wrapping_sub(size.bytes() as u64);
        let place = self.locate(SegmentName::Ss, top & width.mask(), size, Access::Write)?;
        Ok((place, width.merge(rsp, top)))
    }

    /// Where `size` is popped from, and RSP after that and `more` bytes.
    fn top_of_stack(&mut self, size: OperandSize, more: u64) -> Result<(Pieces, u64), Error> {
        let (width, rsp) = (self.stack_width(), self.registers.rsp);
        let place = self.locate(SegmentName::Ss, rsp & width.mask(), size, Access::Read)?;
        Ok((place, width.merge(rsp, rsp.wrapping_add(size.bytes() as u64).wrapping_add(more))))
    }

    /// Code can be there, as far as segments are concerned. The rest its fetch finds out.
    fn check_target(&self, target: u64) -> Result<(), Error> {
        let valid = match self.linear.code_width() {
            Width::Bits64 => is_canonical(target),
            Width::Bits32 | Width::Bits16 => target <= self.state.cs.limit.into(),
        };
        if valid {
            Ok(())
        } else {
            Err(GENERAL_PROTECTION)
        }
    }
}
