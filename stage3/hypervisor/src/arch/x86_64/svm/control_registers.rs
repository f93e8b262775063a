//! Control registers. With nested paging they are the guest's own. These writes exit all the same:
//!
//! * CR4, and CR0 unless only TS or MP changes. The processor checks them, but for what itself has, not for what CPUID
//!   shows; and QEMU 7.2 checks next to nothing: the next VMRUN would fail.
//! * CR8 while it holds back an interrupt ([`super::events::set_window`]).
//!
//! EFER.LME is in the VMCB only while CR4.PAE is set. Without PAE it has no effect but that paging can't be switched on,
//! and that is checked at the exit. QEMU 7.2 loses the host's CR0 at #VMEXIT from a guest that has LME and neither PAE nor
//! paging.

use super::events;
use super::vcpu::SvmVcpu;
use architecture::svm::vmcb::FLUSH_ALL;
use machine::emulate::{control_register_write, ControlRegisterWrite};
use machine::memory::GuestMemory;
use machine::vcpu::{
    ControlRegister, Event, Exit, ExitReason, Fault, Vcpu, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, EFER_SVME,
};

/// An exit for a write to a control register.
pub fn decode_write(vcpu: &mut SvmVcpu, memory: &dyn GuestMemory) -> Exit {
    // Bochs 2.7 changes EFER.LMA before it exits.
    vcpu.write_efer(vcpu.read_efer());
    let Some(write) = control_register_write(vcpu, memory, vcpu.physical_bits) else {
        let reason =
            ExitReason::Unsupported("a write to a control register by code that changes while it runs");
        return Exit { reason, next_rip: 0 };
    };
    let ControlRegisterWrite { number, value, next_rip } = write;
    let reason = match number {
        0 => ExitReason::WriteControlRegister { register: ControlRegister::Cr0, value },
        4 => ExitReason::WriteControlRegister { register: ControlRegister::Cr4, value },
        _ => {
            vcpu.move_to_cr8(value, next_rip);
            ExitReason::Host
        }
    };
    Exit { reason, next_rip }
}

/// Whether an exit with VMEXIT_INVALID is QEMU 7.2's answer to a MOV to CR3 that is to fault: in long mode, with bits
/// above the physical address. An event would still be there to deliver if VMRUN itself had failed.
pub fn is_bad_move_to_cr3(vcpu: &SvmVcpu, memory: &dyn GuestMemory) -> bool {
    let write = control_register_write(vcpu, memory, vcpu.physical_bits);
    let is_bad = |ControlRegisterWrite { number, value, .. }| number == 3 && value >> vcpu.physical_bits != 0;
    !events::was_delivering(&vcpu.vmcb) && vcpu.efer() & EFER_LMA != 0 && write.is_some_and(is_bad)
}

impl SvmVcpu {
    fn move_to_cr8(&mut self, value: u64, next_rip: u64) {
        match u8::try_from(value) {
            Ok(class @ 0..=15) => {
                self.set_cr8(class);
                self.complete_instruction(next_rip);
            }
            _ => self.inject(Event::Fault(Fault::GeneralProtection)),
        }
    }

    /// [`Vcpu::set_control_register`].
    pub(super) fn write_control_register(&mut self, register: ControlRegister, value: u64) {
        match register {
            ControlRegister::Cr0 => self.vmcb.cr0 = value,
            ControlRegister::Cr4 => self.vmcb.cr4 = value,
        }
        self.write_efer(self.read_efer());
        self.vmcb.tlb_control = FLUSH_ALL;
    }

    /// [`Vcpu::efer`].
    pub(super) fn read_efer(&self) -> u64 {
        self.vmcb.efer & !EFER_SVME | if self.long_mode_enabled { EFER_LME } else { 0 }
    }

    /// [`Vcpu::set_efer`].
    pub(super) fn write_efer(&mut self, value: u64) {
        self.code.forget();
        self.long_mode_enabled = value & EFER_LME != 0;
        let hidden = if self.vmcb.cr4 & CR4_PAE == 0 { EFER_LME } else { 0 };
        let active = if self.long_mode_enabled && self.vmcb.cr0 & CR0_PG != 0 { EFER_LMA } else { 0 };
        self.vmcb.efer = value & !(EFER_LMA | hidden) | active | EFER_SVME;
    }
}
