//! Instructions whose exits need no look at anything outside of the virtual CPU, most often: they are answered between an exit
//! and the next entry, and what the run loop does around each exit is left out.

#[cfg(test)]
mod tests;

use super::hypercall;
use super::VirtualCpu;
use crate::device::lapic;
use crate::pc::Pc;
use crate::port::Size;
use crate::time::Instant;
use crate::vcpu::Vcpu;

/// An instruction that exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// CPUID.
    Cpuid,
    /// RDMSR.
    ReadMsr,
    /// VMCALL or VMMCALL.
    Hypercall,
    /// IN of `size` from `port`.
    In {
        /// First port.
        port: u16,
        /// Operand size.
        size: Size,
    },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: it is for [`super::handle`].
    None,
    /// The registers hold its result: it is to be completed, and the guest goes on.
    Given,
    /// The same, but the run loop has to look at the board before the guest goes on.
    GivenOnce,
}

/// Answers `question` of `vcpu` if that is possible so. `clock` gives the VM's time.
#[inline]
pub fn answer<V: Vcpu>(
    question: Question,
    vcpu: &mut V,
    cpu: &VirtualCpu,
    board: &mut Pc,
    clock: impl FnOnce() -> Instant,
) -> Answer {
    match question {
        Question::Cpuid => {
            let gprs = vcpu.gprs_mut();
            let Some(result) = cpu.cpuid.fixed_leaf(gprs.rax as u32) else { return Answer::None };
            gprs.rax = result.eax.into();
            gprs.rbx = result.ebx.into();
            gprs.rcx = result.ecx.into();
            gprs.rdx = result.edx.into();
        }
        Question::ReadMsr => {
            let index = vcpu.gprs().rcx as u32;
            // Reading the local APIC's can change them, by time.
            if lapic::is_msr(index) {
                return Answer::None;
            }
            let Ok(value) = cpu.msr.read(index, vcpu, &cpu.cpuid) else { return Answer::None };
            vcpu.gprs_mut().set_edx_eax(value);
        }
        Question::Hypercall => return hypercall::answer(vcpu),
        Question::In { port, size } => {
            let value = board.read_port(clock(), port, size);
            let gprs = vcpu.gprs_mut();
            gprs.rax = size.merge(gprs.rax, value);
            if board.is_changed() {
                return Answer::GivenOnce;
            }
        }
    }
    Answer::Given
}
