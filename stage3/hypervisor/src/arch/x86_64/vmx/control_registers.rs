//! CR0, CR4 and EFER: which bits are the guest's, and what writing one of the others does (Intel SDM, "Guest/Host
//! Masks and Read Shadows for CR0 and CR4"; volume 2, "MOV—Move to/from Control Registers").

use super::capabilities::Capabilities;
use super::exits::is_64bit_code;
use super::paging::{Paging, CR0_DEFINED};
use super::qualification::{ControlRegisterAccess, ControlRegisterWrite};
use super::vcpu::VmxVcpu;
use super::vmcs::Vmcs;
use architecture::vmx::controls::Entry;
use architecture::vmx::fields::*;
use machine::memory::GuestMemory;
use machine::vcpu::{
    ControlRegister, ExitReason, Fault, CR0_CD, CR0_ET, CR0_NE, CR0_NW, CR0_PE, CR0_PG, EFER_LMA, EFER_LME,
};

/// CR0.MP, CR0.EM and CR0.TS, which LMSW changes beside CR0.PE.
const CR0_LMSW: u64 = 0b1110;
/// CR0.TS.
const CR0_TS: u64 = 1 << 3;

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
    pub cr4_guest: u64,
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
        vmcs.write(&GUEST_CR4, value | self.cr4_one);
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
            (ControlRegister::Cr0, old & !CR0_LMSW | operand & (CR0_LMSW | CR0_PE))
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
    /// [`machine::vcpu::Vcpu::write_control_register`].
    pub(super) fn move_to_control_register(
        &mut self,
        register: ControlRegister,
        value: u64,
        memory: &dyn GuestMemory,
    ) -> Result<(), Fault> {
        let old = self.paging();
        let new = match register {
            ControlRegister::Cr0 => {
                if value >> 32 != 0 {
                    return Err(Fault::GeneralProtection);
                }
                // Reserved bits of the lower half are ignored; ET is always 1.
                let cr0 = value & CR0_DEFINED | CR0_ET;
                let active = old.efer & EFER_LME != 0 && cr0 & CR0_PG != 0;
                let efer = if active { old.efer | EFER_LMA } else { old.efer & !EFER_LMA };
                Paging { cr0, efer, ..old }
            }
            ControlRegister::Cr4 if value & !self.ownership.cr4_guest != 0 => {
                return Err(Fault::GeneralProtection);
            }
            ControlRegister::Cr4 => Paging { cr4: value, ..old },
        };
        new.check_after(&old)?;
        if new.loads_pdptes_after(&old) {
            let pdptes = new.read_pdptes(memory)?;
            for (field, pdpte) in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3].iter().zip(pdptes)
            {
                self.vmcs.write(field, pdpte);
            }
        }
        match register {
            ControlRegister::Cr0 => {
                self.ownership.set_cr0(&mut self.vmcs, new.cr0);
                set_efer(&mut self.vmcs, new.efer);
            }
            ControlRegister::Cr4 => self.ownership.set_cr4(&mut self.vmcs, new.cr4),
        }
        self.flush_translations();
        Ok(())
    }

    fn paging(&self) -> Paging {
        Paging {
            cr0: cr0(&self.vmcs),
            cr3: self.vmcs.read(&GUEST_CR3),
            cr4: self.ownership.cr4(&self.vmcs),
            efer: self.vmcs.read(&GUEST_IA32_EFER),
            cs_access_rights: self.vmcs.read(&GUEST_CS.access_rights),
            tr_access_rights: self.vmcs.read(&GUEST_TR.access_rights),
        }
    }
}
