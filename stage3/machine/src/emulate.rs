//! The instructions that access device memory.
//!
//! A processor tells at an exit which address a guest touched, not what the instruction wanted there:
//! it is fetched and decoded again, and done on the guest's registers, RAM and devices. The rules are
//! those of the Intel SDM volume 2, instruction by instruction; flags that it leaves undefined are as
//! processors leave them (see `alu` and `bits`).
//!
//! Each memory operand may be in RAM or be a device's. Where neither is, the bus floats
//! as in a PC: reads give ones and writes vanish. Accesses reach a device as the instruction makes
//! them, in 1, 2, 4 or 8 bytes; those that cross 8 aligned bytes are split, as on the bus.
//!
//! LOCK and XCHG are atomic towards devices, which are never accessed by two CPUs at a time. So are accessed and dirty
//! bits, and operands in RAM that are aligned, by compare-and-exchange: if another CPU was faster, the guest executes
//! the instruction again. (What has its locked operand in RAM gets here only if another CPU changed the code, or half of
//! the operand is in a device.)

mod alu;
mod bits;
mod bus;
mod condition;
mod control_register;
mod cpu;
pub(crate) mod decode;
mod disassemble;
mod exchange;
mod execute;
mod multiply;
mod operand;
mod refusal;
mod registers;
pub(crate) mod repeat;
mod shift;
mod size;
mod stack;
mod string;
#[cfg(test)]
mod tests;

pub use bus::{Done, Mmio, NoDevice};
pub use control_register::{control_register_write, ControlRegisterWrite};
pub use decode::init;
pub use disassemble::{disassemble, Bytes};
pub use refusal::Refusal;
pub use size::OperandSize;

use crate::linear::{AccessError, Linear, Width};
use crate::memory::GuestMemory;
use crate::time::Instant;
use crate::vcpu::{Access, Event, MemoryFault, Vcpu};
pub(crate) use bus::Bus;
pub(crate) use cpu::Progress;
use cpu::{Cpu, Error};
use registers::Registers;

/// Does the instruction at CS:RIP of `vcpu`, which caused `fault`: completes it, or a part of it if it is
/// a long string, or makes the guest take the exception that it leads to. The caller resumes the guest.
///
/// # Errors
/// [`Refusal`]: why it can't be done. The guest's registers are as before.
pub fn emulate<V: Vcpu>(
    fault: MemoryFault,
    vcpu: &mut V,
    physical_bits: u32,
    mmio: &mut dyn Mmio,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Result<Done, Refusal> {
    if fault.access == Access::Fetch {
        return Err(Refusal::NotRam(fault));
    }
    if vcpu.was_delivering() {
        return Err(Refusal::Delivery(fault));
    }
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory);
    let decoded = match decode::decode(&mut linear) {
        Ok(decoded) => decoded,
        Err(AccessError::Fault(fault)) => {
            vcpu.inject(Event::Fault(fault));
            return Ok(Done::default());
        }
        Err(AccessError::NotRam(fault)) => return Err(Refusal::NotRam(fault)),
        Err(AccessError::Changed) => return Ok(Done::default()),
    };
    let Some(instruction) = decoded.instruction else {
        return Err(Refusal::Unsupported("an instruction that its decoder does not know", decoded.bytes));
    };
    let bus = Bus::new(memory, mmio, now);
    let mut cpu = Cpu { registers: Registers::new(&state), state: &state, linear, bus };
    let result = execute::execute(&instruction, &mut cpu);
    let Cpu { registers, bus, .. } = cpu;
    match result {
        Err(Error::Access(AccessError::NotRam(fault))) => return Err(Refusal::NotRam(fault)),
        Err(Error::Unsupported(what)) => return Err(Refusal::Unsupported(what, decoded.bytes)),
        Ok(_) | Err(Error::Access(AccessError::Fault(_) | AccessError::Changed)) => {}
    }
    let done = bus.done();
    registers.store(&state, vcpu);
    match result {
        Err(Error::Access(AccessError::Fault(fault))) => vcpu.inject(Event::Fault(fault)),
        Ok(progress) => progress.end(vcpu, state.rip, decoded.next_rip, false),
        // The guest executes it again.
        Err(_) => {}
    }
    Ok(done)
}

/// How many prefixes the instruction at CS:RIP has: for processors that tell neither its length nor the next RIP at an
/// exit. What exits there is CPUID, HLT, RDMSR and the like, whose opcode alone decides about the rest of the length, so
/// that no decoder is needed. Zero if it can't be fetched.
pub fn prefixes<V: Vcpu>(vcpu: &V, memory: &dyn GuestMemory, physical_bits: u32) -> u8 {
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory);
    let has_rex = linear.code_width() == Width::Bits64;
    let is_prefix = |byte: &&u8| match **byte {
        // Segment overrides, operand and address size, LOCK, REPNE and REP.
        0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3 => true,
        0x40..=0x4f => has_rex,
        _ => false,
    };
    // At most 15: the longest instruction.
    linear.fetch().bytes().iter().take_while(is_prefix).count() as u8
}
