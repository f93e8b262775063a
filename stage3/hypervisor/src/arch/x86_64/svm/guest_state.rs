//! The guest's registers in the VMCB: from and to [`CpuState`] (AMD APM volume 2, "VMCB State Save Area").

use super::vcpu::SvmVcpu;
use super::vmcb::{from_vmcb, to_vmcb};
use crate::arch::x86_64::cpu::{DR6_RESET, DR7_RESET, PAT_RESET};
use architecture::svm::vmcb::{Vmcb, VmcbSegment, FLUSH_ALL};
use machine::vcpu::{CpuState, TableRegister, Vcpu};

impl SvmVcpu {
    /// [`machine::vcpu::Vcpu::load`], but for events: the reset state of what else the VMCB holds.
    pub(super) fn load_state(&mut self, state: &CpuState) {
        self.write_state(state);
        let vmcb: &mut Vmcb = &mut self.vmcb;
        (vmcb.dr6, vmcb.dr7, vmcb.g_pat) = (DR6_RESET, DR7_RESET, PAT_RESET);
        (vmcb.interrupt_shadow, vmcb.event_injection) = (0, 0);
        (vmcb.star, vmcb.lstar, vmcb.cstar, vmcb.sfmask, vmcb.kernel_gs_base) = (0, 0, 0, 0, 0);
        (vmcb.sysenter_cs, vmcb.sysenter_esp, vmcb.sysenter_eip) = (0, 0, 0);
    }

    /// Replaces the registers in `state`, and no others.
    pub(super) fn write_state(&mut self, state: &CpuState) {
        let table = |table: &TableRegister| VmcbSegment {
            selector: 0,
            attributes: 0,
            limit: u32::from(table.limit),
            base: table.base,
        };
        self.gprs = state.gprs;
        let vmcb: &mut Vmcb = &mut self.vmcb;
        (vmcb.rsp, vmcb.rip, vmcb.rflags) = (state.rsp, state.rip, state.rflags);
        (vmcb.cr0, vmcb.cr2, vmcb.cr3, vmcb.cr4) = (state.cr0, state.cr2, state.cr3, state.cr4);
        vmcb.cs = to_vmcb(&state.cs);
        vmcb.ds = to_vmcb(&state.ds);
        vmcb.es = to_vmcb(&state.es);
        vmcb.fs = to_vmcb(&state.fs);
        vmcb.gs = to_vmcb(&state.gs);
        vmcb.ss = to_vmcb(&state.ss);
        vmcb.ldtr = to_vmcb(&state.ldtr);
        vmcb.tr = to_vmcb(&state.tr);
        vmcb.gdtr = table(&state.gdtr);
        vmcb.idtr = table(&state.idtr);
        vmcb.cpl = (state.ss.attributes >> 5) as u8 & 3;
        vmcb.tlb_control = FLUSH_ALL;
        self.write_efer(state.efer);
    }

    /// [`machine::vcpu::Vcpu::state`].
    pub(super) fn read_state(&self) -> CpuState {
        let vmcb: &Vmcb = &self.vmcb;
        let table = |table: &VmcbSegment| TableRegister { base: table.base, limit: table.limit as u16 };
        CpuState {
            gprs: self.gprs,
            rsp: vmcb.rsp,
            rip: vmcb.rip,
            rflags: vmcb.rflags,
            cr0: vmcb.cr0,
            cr2: vmcb.cr2,
            cr3: vmcb.cr3,
            cr4: vmcb.cr4,
            efer: self.efer(),
            cs: from_vmcb(&vmcb.cs),
            ds: from_vmcb(&vmcb.ds),
            es: from_vmcb(&vmcb.es),
            fs: from_vmcb(&vmcb.fs),
            gs: from_vmcb(&vmcb.gs),
            ss: from_vmcb(&vmcb.ss),
            ldtr: from_vmcb(&vmcb.ldtr),
            tr: from_vmcb(&vmcb.tr),
            gdtr: table(&vmcb.gdtr),
            idtr: table(&vmcb.idtr),
        }
    }
}
