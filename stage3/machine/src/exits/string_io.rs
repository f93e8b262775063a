//! INS and OUTS, with and without REP (Intel SDM, "INS/INSB/INSW/INSD", "OUTS/OUTSB/OUTSW/OUTSD").
//!
//! The string is in RAM or in a device's memory: a disk is read into the memory of a screen like that. One exit moves a
//! bounded number of elements, and one alone where RFLAGS.TF wants a trap behind each. If there are more, the registers
//! say how far it came, RIP stays, and the guest executes the rest of the instruction again after its interrupts had
//! their turn: this is how the instruction is defined.

mod decode;
mod many;
#[cfg(test)]
mod tests;

use super::{Handled, Outcome, Output, PortBus, StopReason};
use crate::emulate::{Bus, Mmio};
use crate::linear::{AccessError, Linear, SegmentName};
use crate::memory::GuestMemory;
use crate::pc::PowerEvent;
use crate::time::Instant;
use crate::vcpu::{Access, CpuState, Direction, Event, Gprs, PortIo, Vcpu, RFLAGS_TF};
use decode::StringIo;

/// Elements that one exit moves at most, so that interrupts wait no longer than for a disk sector.
const MAX_ELEMENTS: u32 = 512;
/// Bytes that one element can print at most; with less room the rest is left for the next exit.
const OUTPUT_OF_ONE: usize = 4;
/// RFLAGS.DF.
const RFLAGS_DF: u64 = 1 << 10;

/// One string instruction, or a part of it.
pub fn handle<V: Vcpu, P: PortBus + Mmio>(
    io: PortIo,
    next_rip: u64,
    vcpu: &mut V,
    physical_bits: u32,
    board: &mut P,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory);
    let mut run = Run { io, board, memory, now, output: Output::default() };
    let result = match decode::decode(&mut linear, io.direction) {
        Ok(Some(instruction)) => run.elements(instruction, &state, &mut linear, vcpu.gprs_mut()),
        Ok(None) => {
            let reason = StopReason::Unsupported("string port I/O by code that changes while it runs");
            return Outcome::Stop(reason).silent();
        }
        Err(error) => Err(error),
    };
    let outcome = match result {
        Ok(Progress::Complete) => {
            vcpu.complete_instruction(next_rip);
            Outcome::Resume
        }
        Ok(Progress::Partial) if state.rflags & RFLAGS_TF != 0 => {
            vcpu.complete_instruction(state.rip);
            Outcome::Resume
        }
        Ok(Progress::Partial) | Err(AccessError::Changed) => Outcome::Resume,
        Ok(Progress::Power(event)) => Outcome::after(Some(event)),
        Err(AccessError::Fault(fault)) => {
            vcpu.inject(Event::Fault(fault));
            Outcome::Resume
        }
        Err(AccessError::NotRam(fault)) => Outcome::Stop(StopReason::NotRam(fault)),
    };
    Handled { outcome, output: run.output }
}

enum Progress {
    Complete,
    Partial,
    Power(PowerEvent),
}

/// What all elements of an instruction share.
struct Run<'a, P> {
    io: PortIo,
    board: &'a mut P,
    memory: &'a dyn GuestMemory,
    now: Instant,
    output: Output,
}

impl<P: PortBus + Mmio> Run<'_, P> {
    /// Moves elements until the instruction is complete, its share is used up, or something happens.
    fn elements(
        &mut self,
        instruction: StringIo,
        state: &CpuState,
        linear: &mut Linear,
        gprs: &mut Gprs,
    ) -> Result<Progress, AccessError> {
        let width = instruction.address_width;
        let size = u64::from(self.io.size.bytes());
        let step = if state.rflags & RFLAGS_DF == 0 { size } else { size.wrapping_neg() };
        let share = if state.rflags & RFLAGS_TF == 0 { MAX_ELEMENTS } else { 1 };
        let mut left = share;
        while left > 0 {
            if instruction.repeat && gprs.rcx & width.mask() == 0 {
                return Ok(Progress::Complete);
            }
            if self.output.room() < OUTPUT_OF_ONE {
                return Ok(Progress::Partial);
            }
            let most = if instruction.repeat { (gprs.rcx & width.mask()).min(left.into()) } else { 1 };
            let several =
                if step == size { self.several(most, instruction, state, linear, gprs) } else { None };
            let (moved, power) = match (several, self.io.direction) {
                (Some(done), _) => done,
                (None, Direction::In) => (1, self.input(state, linear, gprs.rdi & width.mask())?),
                (None, Direction::Out) => {
                    (1, self.output(instruction.source, state, linear, gprs.rsi & width.mask())?)
                }
            };
            let index = match self.io.direction {
                Direction::In => &mut gprs.rdi,
                Direction::Out => &mut gprs.rsi,
            };
            *index = width.merge(*index, index.wrapping_add(step.wrapping_mul(moved)));
            left = left.saturating_sub(moved as u32);
            if instruction.repeat {
                gprs.rcx = width.merge(gprs.rcx, gprs.rcx.wrapping_sub(moved));
            }
            if let Some(event) = power {
                return Ok(Progress::Power(event));
            }
            if !instruction.repeat {
                return Ok(Progress::Complete);
            }
        }
        Ok(if gprs.rcx & width.mask() == 0 { Progress::Complete } else { Progress::Partial })
    }

    /// Port to ES:DI. The destination is checked first: what a device gives can't be given back.
    fn input(
        &mut self,
        state: &CpuState,
        linear: &mut Linear,
        offset: u64,
    ) -> Result<Option<PowerEvent>, AccessError> {
        let bytes = self.io.size.bytes().into();
        let destination = (SegmentName::Es, &state.es);
        let pieces = linear.locate_for_sure(destination, offset, bytes, Access::Write)?;
        let value = self.board.read_port(self.now, self.io.port, self.io.size);
        let mut bus = Bus::new(self.memory, self.board, self.now);
        bus.write(&pieces, self.io.size.into(), value.into())?;
        let done = bus.done();
        self.output.extend(done.output.as_slice());
        Ok(done.power)
    }

    /// DS:SI, or another segment, to port.
    fn output(
        &mut self,
        source: SegmentName,
        state: &CpuState,
        linear: &mut Linear,
        offset: u64,
    ) -> Result<Option<PowerEvent>, AccessError> {
        let bytes = self.io.size.bytes().into();
        let pieces = linear.locate_for_sure((source, source.of(state)), offset, bytes, Access::Read)?;
        let value = Bus::new(self.memory, self.board, self.now).read(&pieces, self.io.size.into())?;
        let effects = self.board.write_port(self.now, self.io.port, self.io.size, value as u32);
        if effects.transfer {
            self.board.transfer(self.memory);
        }
        self.output.extend(effects.output.as_slice());
        Ok(effects.power)
    }
}
