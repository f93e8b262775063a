//! IN and OUT of a register.

use super::{breakpoints, Handled, Outcome, Output, PortBus};
use crate::memory::GuestMemory;
use crate::port::Size;
use crate::time::Instant;
use crate::vcpu::{Direction, PortIo, Vcpu};

/// One port instruction whose operand is AL, AX or EAX.
pub fn handle<V: Vcpu, B: PortBus>(
    io: PortIo,
    next_rip: u64,
    vcpu: &mut V,
    board: &mut B,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    let handled = match io.direction {
        Direction::In => {
            let value = board.read_port(now, io.port, io.size);
            let gprs = vcpu.gprs_mut();
            gprs.rax = io.size.merge(gprs.rax, value);
            Outcome::Resume.silent()
        }
        Direction::Out => {
            let effects = board.write_port(now, io.port, io.size, operand(vcpu.gprs().rax, io.size));
            if effects.transfer {
                board.transfer(memory);
            }
            let outcome = Outcome::after(effects.power);
            let mut output = Output::default();
            output.extend(effects.output.as_slice());
            Handled { outcome, output }
        }
    };
    vcpu.complete_instruction(next_rip);
    let met = breakpoints::met(vcpu, io.port, io.size);
    if met != 0 {
        vcpu.trap_breakpoints(met);
    }
    handled
}

/// AL, AX or EAX.
const fn operand(rax: u64, size: Size) -> u32 {
    rax as u32 & size.mask()
}
