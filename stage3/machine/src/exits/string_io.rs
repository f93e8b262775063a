//! INS and OUTS, with and without REP (Intel SDM, "INS/INSB/INSW/INSD", "OUTS/OUTSB/OUTSW/OUTSD").
//!
//! The string is in RAM or in a device's memory: a disk is read into the memory of a screen like that.

mod decode;
mod many;
#[cfg(test)]
mod tests;

use super::{breakpoints, Handled, Outcome, Output, PortBus, StopReason};
use crate::emulate::repeat::{Next, Repeat};
use crate::emulate::{Bus, Mmio, Progress};
use crate::linear::{AccessError, Linear, SegmentName};
use crate::memory::GuestMemory;
use crate::pc::PowerEvent;
use crate::time::Instant;
use crate::vcpu::{Access, CpuState, Direction, Event, Gprs, PortIo, Vcpu};
use decode::StringIo;

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
    let met = breakpoints::met(vcpu, io.port, io.size);
    let mut run = Run { io, board, memory, now, output: Output::default(), power: None };
    let result = match decode::decode(&mut linear, io.direction) {
        Ok(Some(instruction)) => run.elements(instruction, &state, &mut linear, vcpu.gprs_mut(), met != 0),
        Ok(None) => {
            let reason = StopReason::Unsupported("string port I/O by code that changes while it runs");
            return Outcome::Stop(reason).silent();
        }
        Err(error) => Err(error),
    };
    let outcome = match result {
        Ok((progress, moved)) => {
            progress.end(vcpu, state.rip, next_rip, met != 0);
            if met != 0 && moved {
                vcpu.trap_breakpoints(met);
            }
            Outcome::after(run.power)
        }
        Err(AccessError::Changed) => Outcome::Resume,
        Err(AccessError::Fault(fault)) => {
            vcpu.inject(Event::Fault(fault));
            Outcome::Resume
        }
        Err(AccessError::NotRam(fault)) => Outcome::Stop(StopReason::NotRam(fault)),
    };
    Handled { outcome, output: run.output }
}

/// What all elements of an instruction share.
struct Run<'a, P> {
    io: PortIo,
    board: &'a mut P,
    memory: &'a dyn GuestMemory,
    now: Instant,
    output: Output,
    power: Option<PowerEvent>,
}

impl<P: PortBus + Mmio> Run<'_, P> {
    /// Moves elements until the instruction is complete, its share is used up, or something happens. Tells as well
    /// whether there was one: CX may be zero. `trapped`: a breakpoint wants a trap behind each.
    fn elements(
        &mut self,
        instruction: StringIo,
        state: &CpuState,
        linear: &mut Linear,
        gprs: &mut Gprs,
        trapped: bool,
    ) -> Result<(Progress, bool), AccessError> {
        let size = u64::from(self.io.size.bytes());
        let repeat = Repeat::new(instruction.repeat, instruction.address_width, size, state.rflags, trapped);
        let mut moved = false;
        let progress = repeat.run(gprs, |gprs, most| {
            let together =
                if repeat.goes_up() { self.several(most, instruction, state, linear, gprs) } else { None };
            let done = match (together, self.io.direction) {
                (Some(done), _) => done,
                (None, Direction::In) => {
                    self.input(state, linear, repeat.offset(gprs.rdi))?;
                    1
                }
                (None, Direction::Out) => {
                    self.output(instruction.source, state, linear, repeat.offset(gprs.rsi))?;
                    1
                }
            };
            let index = match self.io.direction {
                Direction::In => &mut gprs.rdi,
                Direction::Out => &mut gprs.rsi,
            };
            *index = repeat.advance(*index, done);
            moved = true;
            Ok((done, if self.has_to_stop() { Next::Exit } else { Next::Element }))
        })?;
        Ok((progress, moved))
    }

    /// The guest did something to its machine as a whole, or what one more element may print has no place.
    const fn has_to_stop(&self) -> bool {
        self.power.is_some() || !self.output.has_room_for_one()
    }

    /// Port to ES:DI. The destination is checked first: what a device gives can't be given back.
    fn input(&mut self, state: &CpuState, linear: &mut Linear, offset: u64) -> Result<(), AccessError> {
        let bytes = self.io.size.bytes().into();
        let destination = (SegmentName::Es, &state.es);
        let pieces = linear.locate(destination, offset, bytes, Access::Write)?;
        let value = self.board.read_port(self.now, self.io.port, self.io.size);
        let mut bus = Bus::new(self.memory, self.board, self.now);
        bus.write(&pieces, self.io.size.into(), value.into());
        let done = bus.done();
        self.output.extend(done.output.as_slice());
        self.power = done.power;
        Ok(())
    }

    /// DS:SI, or another segment, to port.
    fn output(
        &mut self,
        source: SegmentName,
        state: &CpuState,
        linear: &mut Linear,
        offset: u64,
    ) -> Result<(), AccessError> {
        let bytes = self.io.size.bytes().into();
        let pieces = linear.locate((source, source.of(state)), offset, bytes, Access::Read)?;
        let value = Bus::new(self.memory, self.board, self.now).read(&pieces, self.io.size.into());
        let effects = self.board.write_port(self.now, self.io.port, self.io.size, value as u32);
        if effects.transfer {
            self.board.transfer(self.memory);
        }
        self.output.extend(effects.output.as_slice());
        self.power = effects.power;
        Ok(())
    }
}
