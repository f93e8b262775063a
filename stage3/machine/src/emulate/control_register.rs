//! Writes to control registers that exit, on processors that don't tell what the instruction wants.

use super::bus::{Bus, NoDevice};
use super::cpu::Cpu;
use super::decode;
use super::registers::Registers;
use super::size::OperandSize;
use crate::linear::Linear;
use crate::memory::GuestMemory;
use crate::time::Instant;
use crate::vcpu::{Access, Vcpu, CR0_FPU, CR0_PE, CR0_TS};
use iced_x86::{Code, Register};

/// What an instruction wants in a control register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRegisterWrite {
    /// The register's number.
    pub number: usize,
    /// What it wants there.
    pub value: u64,
    /// RIP of the next instruction.
    pub next_rip: u64,
}

/// The MOV to a control register, CLTS or LMSW at CS:RIP. `None` if that is not what is there (any more).
pub fn control_register_write<V: Vcpu>(
    vcpu: &V,
    memory: &dyn GuestMemory,
    physical_bits: u32,
) -> Option<ControlRegisterWrite> {
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory);
    let decoded = decode::decode(&mut linear).ok()?;
    let instruction = decoded.instruction?;
    // The processor has read the operand of an LMSW that exits from RAM.
    let mut no_device = NoDevice;
    let bus = Bus::new(memory, &mut no_device, Instant(0));
    let mut cpu = Cpu { registers: Registers::new(&state), state: &state, linear, bus };
    let (number, value) = match instruction.code() {
        Code::Mov_cr_r32 | Code::Mov_cr_r64 => {
            let number = (instruction.op0_register() as usize).checked_sub(Register::CR0 as usize)?;
            (number, cpu.registers.read(instruction.op1_register())?)
        }
        Code::Clts => (0, state.cr0 & !CR0_TS),
        Code::Lmsw_rm16 | Code::Lmsw_r32m16 | Code::Lmsw_r64m16 => {
            let operand = cpu.operand(&instruction, 0, Access::Read).ok()?;
            let word = cpu.read(&operand, OperandSize::Word).ok()?;
            // LMSW can set PE and not clear it.
            (0, state.cr0 & !CR0_FPU | word & (CR0_FPU | CR0_PE))
        }
        _ => return None,
    };
    Some(ControlRegisterWrite { number, value, next_rip: decoded.next_rip })
}
