//! CR0, CR4 and EFER: which bits are the guest's, and what the guest wants when it writes one of the others (Intel SDM,
//! "Guest/Host Masks and Read Shadows for CR0 and CR4").

use super::exits::is_64bit_code;
use super::qualification::{ControlRegisterAccess, ControlRegisterWrite};
use super::vcpu::VmxVcpu;
use super::vmcs::Vmcs;
use architecture::vmx::capabilities::Capabilities;
use architecture::vmx::controls::Entry;
use architecture::vmx::fields::*;
use machine::vcpu::{
    ControlRegister, ExitReason, CR0_CD, CR0_FPU, CR0_NE, CR0_NW, CR0_PE, CR0_PG, CR0_TS, EFER_LMA, EFER_LME,
};

/// CR0 bits that are not the guest's. NE must be 1 in VMX operation, although the guest may see it as 0. With CD or NW
/// the guest would slow down everything on this CPU; it sees them as it sets them.
const CR0_HOST: u64 = CR0_NE | CR0_CD | CR0_NW;

/// Which bits of CR0 and CR4 are whose on this CPU, for one guest.
#[derive(Clone, Copy, Debug)]
pub struct Ownership {
    /// CR0 bits that are 1 whatever the guest wants. PE and PG are the guest's: "unrestricted guest" is on.
    cr0_one: u64,
    /// CR4 bits that are 1 whatever the guest wants.
    cr4_one: u64,
    /// CR4 bits that the guest may set.
    cr4_guest: u64,
}

impl Ownership {
    /// For a guest that may set the CR4 bits in `cr4`.
    pub const fn new(can: &Capabilities, cr4: u64) -> Self {
        Self {
            cr0_one: can.cr0_fixed0 & !(CR0_PE | CR0_PG),
            cr4_one: can.cr4_fixed0,
            cr4_guest: cr4 & can.cr4_fixed1 & !can.cr4_fixed0,
        }
    }

    /// Makes MOV to CR0 or CR4 exit when it would change a bit that is not the guest's.
    pub fn write_masks(&self, vmcs: &mut Vmcs) {
        vmcs.write(&CR0_GUEST_HOST_MASK, CR0_HOST);
        vmcs.write(&CR4_GUEST_HOST_MASK, !self.cr4_guest);
    }

    /// Sets CR0 as the guest sees it.
    pub fn set_cr0(&self, vmcs: &mut Vmcs, value: u64) {
        vmcs.write(&CR0_READ_SHADOW, value);
        vmcs.write(&GUEST_CR0, value & !(CR0_CD | CR0_NW) | self.cr0_one);
    }

    /// Sets CR4 as the guest sees it.
    pub fn set_cr4(&self, vmcs: &mut Vmcs, value: u64) {
        vmcs.write(&CR4_READ_SHADOW, value);
        vmcs.write(&GUEST_CR4, value & self.cr4_guest | self.cr4_one);
    }

    /// CR4 as the guest sees it.
    pub fn cr4(&self, vmcs: &Vmcs) -> u64 {
        vmcs.read(&GUEST_CR4) & self.cr4_guest | vmcs.read(&CR4_READ_SHADOW) & !self.cr4_guest
    }
}

/// CR0 as the guest sees it.
pub fn cr0(vmcs: &Vmcs) -> u64 {
    vmcs.read(&GUEST_CR0) & !CR0_HOST | vmcs.read(&CR0_READ_SHADOW) & CR0_HOST
}

/// Sets EFER, LMA included, and the VM-entry control that must agree with it.
pub fn set_efer(vmcs: &mut Vmcs, value: u64) {
    vmcs.write(&GUEST_IA32_EFER, value);
    // The processor changes this control too, at each exit.
    let mut entry = Entry::from_bits_retain(vmcs.read(&VM_ENTRY_CONTROLS));
    entry.set(Entry::IA_32E_MODE_GUEST, value & EFER_LMA != 0);
    vmcs.write(&VM_ENTRY_CONTROLS, entry.bits());
}

/// An exit for an access to a control register, as an exit reason: what the guest wants in the register.
pub fn decode_access(vcpu: &VmxVcpu) -> ExitReason {
    let access = ControlRegisterAccess(vcpu.vmcs.read(&EXIT_QUALIFICATION)).decode();
    let (register, value) = match access {
        Some(ControlRegisterWrite::Mov(register, number)) => (register, operand(vcpu, number)),
        Some(ControlRegisterWrite::Clts) => (ControlRegister::Cr0, cr0(&vcpu.vmcs) & !CR0_TS),
        Some(ControlRegisterWrite::Lmsw(operand)) => {
            // LMSW can set PE and not clear it.
            let operand = u64::from(operand);
            let old = cr0(&vcpu.vmcs);
            (ControlRegister::Cr0, old & !CR0_FPU | operand & (CR0_FPU | CR0_PE))
        }
        None => return ExitReason::Unsupported("access to a control register that no control makes exit"),
    };
    ExitReason::WriteControlRegister { register, value }
}

/// The general register with this number, in the manual's order.
fn operand(vcpu: &VmxVcpu, number: u8) -> u64 {
    let gprs = &vcpu.switch.gprs;
    let value = match number {
        0 => gprs.rax,
        1 => gprs.rcx,
        2 => gprs.rdx,
        3 => gprs.rbx,
        4 => vcpu.vmcs.read(&GUEST_RSP),
        5 => gprs.rbp,
        6 => gprs.rsi,
        7 => gprs.rdi,
        8 => gprs.r8,
        9 => gprs.r9,
        10 => gprs.r10,
        11 => gprs.r11,
        12 => gprs.r12,
        13 => gprs.r13,
        14 => gprs.r14,
        _ => gprs.r15,
    };
    if is_64bit_code(&vcpu.vmcs) {
        value
    } else {
        value & 0xffff_ffff
    }
}

impl VmxVcpu {
    /// [`machine::vcpu::Vcpu::set_control_register`].
    pub(super) fn write_control_register(&mut self, register: ControlRegister, value: u64) {
        match register {
            ControlRegister::Cr0 => {
                self.ownership.set_cr0(&mut self.vmcs, value);
                let efer = self.vmcs.read(&GUEST_IA32_EFER);
                let active = efer & EFER_LME != 0 && value & CR0_PG != 0;
                set_efer(&mut self.vmcs, efer & !EFER_LMA | if active { EFER_LMA } else { 0 });
            }
            ControlRegister::Cr4 => self.ownership.set_cr4(&mut self.vmcs, value),
        }
        self.flush_translations();
    }
}
