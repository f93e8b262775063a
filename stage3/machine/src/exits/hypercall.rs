//! Hypercalls: VMCALL and VMMCALL, the way for a guest to talk to pxHV itself (docs/hypercalls.md).
//!
//! EAX says which call, and holds 0 or an error afterwards. Only the operating system calls, at CPL 0. Both instructions
//! work on both vendors' processors: the one that a processor does not have raises #UD, which exits.

#[cfg(test)]
mod tests;

use super::{Answer, Handled, Outcome, Output, StopReason, VirtualCpu};
use crate::cpuid;
use crate::linear::{AccessError, Linear, SegmentName, Width};
use crate::memory::GuestMemory;
use crate::time::Instant;
use crate::vcpu::{Access, Event, Fault, Gprs, Vcpu, RFLAGS_RF};

/// The number of the first call: "PX" and a zero. Those of other hypervisors (KVM, Xen, Hyper-V) are far away.
pub const FIRST: u32 = 0x5058_0000;
const VERSION: u32 = FIRST;
const PRINT: u32 = FIRST + 1;
const EXIT: u32 = FIRST + 2;
const YIELD: u32 = FIRST + 3;
const TIME: u32 = FIRST + 4;
/// The calls that exist: bit n is that of number [`FIRST`] + n.
pub const CALLS: u32 = 0b1_1111;

/// TIME: since the VM was powered on.
const SINCE_POWER_ON: u32 = 0;
/// TIME: since 1970-01-01 00:00 UTC.
const SINCE_1970: u32 = 1;

/// VMCALL and VMMCALL.
const INSTRUCTIONS: [[u8; 3]; 2] = [[0x0f, 0x01, 0xc1], [0x0f, 0x01, 0xd9]];

/// What a call fails with. The numbers are those of the KVM interface, whose signature CPUID shows, and where Linux takes
/// its own (include/uapi/linux/kvm_para.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    /// Not at CPL 0.
    NotPermitted = 1,
    /// The memory that the guest names can't be read.
    BadAddress = 14,
    /// An argument without a meaning.
    InvalidArgument = 22,
    /// There is no such call.
    NoSuchCall = 1000,
}

/// VMCALL or VMMCALL, behind which `next_rip` is.
pub fn handle<V: Vcpu>(
    next_rip: u64,
    vcpu: &mut V,
    cpu: &VirtualCpu,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    let mut output = Output::default();
    let mut outcome = Outcome::Resume;
    let number = vcpu.gprs().rax as u32;
    let result = match number {
        _ if vcpu.cpl() != 0 => Err(Error::NotPermitted),
        VERSION => {
            version(vcpu.gprs_mut());
            Ok(())
        }
        PRINT => match print(vcpu, cpu.cpuid.physical_address_bits(), memory, &mut output) {
            // The guest executes it again.
            Ok(false) => return Handled { outcome, output },
            Ok(true) => Ok(()),
            Err(error) => Err(error),
        },
        EXIT => {
            outcome = Outcome::Stop(StopReason::Exit(vcpu.gprs().rbx as u32));
            Ok(())
        }
        YIELD => {
            outcome = Outcome::Yield;
            Ok(())
        }
        TIME => time(vcpu, cpu, now),
        _ => Err(Error::NoSuchCall),
    };
    let answer = result.map_or_else(|error| (error as u64).wrapping_neg(), |()| 0);
    vcpu.gprs_mut().rax = if vcpu.in_64_bit_code() { answer } else { answer & Width::Bits32.mask() };
    vcpu.complete_instruction(next_rip);
    Handled { outcome, output }
}

/// Answers what can be answered by registers alone: VERSION, mostly of programs that look whether pxHV is there.
pub fn answer<V: Vcpu>(vcpu: &mut V) -> Answer {
    if vcpu.gprs().rax as u32 != VERSION || vcpu.cpl() != 0 {
        return Answer::None;
    }
    let gprs = vcpu.gprs_mut();
    version(gprs);
    gprs.rax = 0;
    Answer::Given
}

/// VERSION.
fn version(gprs: &mut Gprs) {
    (gprs.rbx, gprs.rcx) = (cpuid::VERSION.into(), CALLS.into());
}

/// An instruction raised #UD: it may be the other vendor's hypercall, without prefixes; else the guest takes the exception.
/// This costs guests an exit for each #UD, and those that raise none, nothing.
pub fn invalid_opcode<V: Vcpu>(
    vcpu: &mut V,
    cpu: &VirtualCpu,
    memory: &dyn GuestMemory,
    now: Instant,
) -> Handled {
    let state = vcpu.state();
    let code = Linear::new(&state, vcpu.cpl(), cpu.cpuid.physical_address_bits(), memory).unnoticed().fetch();
    if !INSTRUCTIONS.iter().any(|instruction| code.bytes().starts_with(instruction)) {
        vcpu.inject(Event::Fault(Fault::InvalidOpcode));
        return Outcome::Resume.silent();
    }
    // The exception that does not come would have pushed it set; instructions clear it.
    vcpu.set_rflags(state.rflags & !RFLAGS_RF);
    let next_rip = state.rip.wrapping_add(3);
    // Outside of 64-bit code, EIP wraps around.
    let mask = if vcpu.in_64_bit_code() { u64::MAX } else { Width::Bits32.mask() };
    handle(next_rip & mask, vcpu, cpu, memory, now)
}

/// PRINT: the (R/E)CX bytes at DS:(R/E)SI to the console, counted as by REP LODSB: a call that stops in the middle, for an
/// error or since one exit can print no more, leaves the rest in both registers. Returns whether it is complete.
fn print<V: Vcpu>(
    vcpu: &mut V,
    physical_bits: u32,
    memory: &dyn GuestMemory,
    output: &mut Output,
) -> Result<bool, Error> {
    let state = vcpu.state();
    let mut linear = Linear::new(&state, vcpu.cpl(), physical_bits, memory);
    let width = if vcpu.in_64_bit_code() { Width::Bits64 } else { Width::Bits32 };
    let gprs = vcpu.gprs_mut();
    while gprs.rcx & width.mask() != 0 {
        if output.room() == 0 {
            return Ok(false);
        }
        let place = linear.locate((SegmentName::Ds, &state.ds), gprs.rsi & width.mask(), 1, Access::Read);
        let [(gpa, _), _] = match place {
            Ok(pieces) => pieces.parts(),
            // Another CPU changed the page tables meanwhile.
            Err(AccessError::Changed) => return Ok(false),
            Err(AccessError::Fault(_) | AccessError::NotRam(_)) => return Err(Error::BadAddress),
        };
        let mut byte = [0];
        memory.read(gpa, &mut byte).map_err(|_| Error::BadAddress)?;
        output.extend(&byte);
        gprs.rsi = width.merge(gprs.rsi, gprs.rsi.wrapping_add(1));
        gprs.rcx = width.merge(gprs.rcx, gprs.rcx.wrapping_sub(1));
    }
    Ok(true)
}

/// TIME: nanoseconds by the clock that EBX names, in ECX:EBX.
fn time<V: Vcpu>(vcpu: &mut V, cpu: &VirtualCpu, now: Instant) -> Result<(), Error> {
    let nanos = match vcpu.gprs().rbx as u32 {
        SINCE_POWER_ON => now.0,
        SINCE_1970 => cpu.msr.clock.unix_nanos(now),
        _ => return Err(Error::InvalidArgument),
    };
    let gprs = vcpu.gprs_mut();
    (gprs.rbx, gprs.rcx) = (nanos & Width::Bits32.mask(), nanos >> 32);
    Ok(())
}
