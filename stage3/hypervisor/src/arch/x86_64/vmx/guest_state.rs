//! The guest-state area: from and to [`CpuState`] (Intel SDM, "Guest-State Area").

use super::super::cpu::{DR7_RESET, PAT_RESET};
use super::control_registers;
use super::vcpu::VmxVcpu;
use super::vmcs::Vmcs;
use architecture::vmx::access_rights::UNUSABLE;
use architecture::vmx::fields::*;
use core::arch::asm;
use machine::vcpu::{
    CpuState, Segment, TableRegister, CR0_PG, EFER_LMA, EFER_LME, RFLAGS_FIXED, SEGMENT_PRESENT,
};
use x86_64::registers::control::Cr2;

/// GUEST_ACTIVITY_STATE: active. HLT exits, and the VM waits instead of the processor.
const ACTIVE: u32 = 0;

/// Access rights of a segment with these attributes (bits 11:8 of the attributes are bits 15:12 here).
fn access_rights(attributes: u16) -> u32 {
    let unusable = if attributes & SEGMENT_PRESENT == 0 { UNUSABLE } else { 0 };
    let attributes = u32::from(attributes);
    // DPL counts all the same: that of SS is the privilege level.
    attributes & 0xff | (attributes & 0xf00) << 4 | unusable
}

/// The other way. A segment that can't be used is one that is not present.
fn attributes(access_rights: u32) -> u16 {
    let attributes = (access_rights & 0xff | (access_rights >> 4) & 0xf00) as u16;
    if access_rights & UNUSABLE != 0 {
        attributes & !SEGMENT_PRESENT
    } else {
        attributes
    }
}

/// CR2 is the guest's all the time: the host reads it only after a page fault of its own, which sets it.
pub fn set_cr2(value: u64) {
    // SAFETY: see above.
    unsafe { asm!("mov cr2, {}", in(reg) value, options(nomem, nostack, preserves_flags)) };
}

/// DR6 is the guest's all the time, too.
pub fn add_to_dr6(bits: u64) {
    let dr6: u64;
    // SAFETY: the host reads DR6 only after a debug exception of its own, which it does not ask for.
    unsafe {
        asm!("mov {}, dr6", out(reg) dr6, options(nomem, nostack, preserves_flags));
        asm!("mov dr6, {}", in(reg) dr6 | bits, options(nomem, nostack, preserves_flags));
    }
}

fn write_segment(vmcs: &mut Vmcs, fields: &SegmentFields, segment: &Segment) {
    vmcs.write(&fields.selector, segment.selector);
    vmcs.write(&fields.base, segment.base);
    vmcs.write(&fields.limit, segment.limit);
    vmcs.write(&fields.access_rights, access_rights(segment.attributes));
}

fn read_segment(vmcs: &Vmcs, fields: &SegmentFields) -> Segment {
    Segment {
        selector: vmcs.read(&fields.selector),
        base: vmcs.read(&fields.base),
        limit: vmcs.read(&fields.limit),
        attributes: attributes(vmcs.read(&fields.access_rights)),
    }
}

impl VmxVcpu {
    /// [`machine::vcpu::Vcpu::load`], and the reset state of what else the VMCS holds. The state is not one with
    /// PAE paging, whose page-directory pointers would have to be read from memory.
    pub(super) fn load_state(&mut self, state: &CpuState) {
        self.write_state(state);
        self.reset_events();
        let vmcs = &mut self.vmcs;
        vmcs.write(&GUEST_DR7, DR7_RESET);
        vmcs.write(&GUEST_IA32_PAT, PAT_RESET);
        vmcs.write(&GUEST_IA32_DEBUGCTL, 0);
        vmcs.write(&GUEST_IA32_SYSENTER_CS, 0);
        vmcs.write(&GUEST_IA32_SYSENTER_ESP, 0);
        vmcs.write(&GUEST_IA32_SYSENTER_EIP, 0);
        vmcs.write(&GUEST_ACTIVITY_STATE, ACTIVE);
        self.reset_tpr();
    }

    /// Replaces the registers in `state`, and no others.
    pub(super) fn write_state(&mut self, state: &CpuState) {
        self.switch.gprs = state.gprs;
        let vmcs = &mut self.vmcs;
        vmcs.write(&GUEST_RSP, state.rsp);
        vmcs.write(&GUEST_RIP, state.rip);
        vmcs.write(&GUEST_RFLAGS, state.rflags | RFLAGS_FIXED);

        self.ownership.set_cr0(vmcs, state.cr0);
        self.ownership.set_cr4(vmcs, state.cr4);
        vmcs.write(&GUEST_CR3, state.cr3);
        let active = state.efer & EFER_LME != 0 && state.cr0 & CR0_PG != 0;
        let lma = if active { EFER_LMA } else { 0 };
        control_registers::set_efer(vmcs, state.efer & !EFER_LMA | lma);

        write_segment(vmcs, &GUEST_CS, &state.cs);
        write_segment(vmcs, &GUEST_DS, &state.ds);
        write_segment(vmcs, &GUEST_ES, &state.es);
        write_segment(vmcs, &GUEST_FS, &state.fs);
        write_segment(vmcs, &GUEST_GS, &state.gs);
        write_segment(vmcs, &GUEST_SS, &state.ss);
        write_segment(vmcs, &GUEST_LDTR, &state.ldtr);
        write_segment(vmcs, &GUEST_TR, &state.tr);
        vmcs.write(&GUEST_GDTR_BASE, state.gdtr.base);
        vmcs.write(&GUEST_GDTR_LIMIT, state.gdtr.limit.into());
        vmcs.write(&GUEST_IDTR_BASE, state.idtr.base);
        vmcs.write(&GUEST_IDTR_LIMIT, state.idtr.limit.into());
        set_cr2(state.cr2);
        self.flush_translations();
    }

    /// [`machine::vcpu::Vcpu::state`].
    pub(super) fn read_state(&self) -> CpuState {
        let vmcs = &self.vmcs;
        CpuState {
            gprs: self.switch.gprs,
            rsp: vmcs.read(&GUEST_RSP),
            rip: vmcs.read(&GUEST_RIP),
            rflags: vmcs.read(&GUEST_RFLAGS),
            cr0: control_registers::cr0(vmcs),
            cr2: Cr2::read_raw(),
            cr3: vmcs.read(&GUEST_CR3),
            cr4: self.ownership.cr4(vmcs),
            efer: vmcs.read(&GUEST_IA32_EFER),
            cs: read_segment(vmcs, &GUEST_CS),
            ds: read_segment(vmcs, &GUEST_DS),
            es: read_segment(vmcs, &GUEST_ES),
            fs: read_segment(vmcs, &GUEST_FS),
            gs: read_segment(vmcs, &GUEST_GS),
            ss: read_segment(vmcs, &GUEST_SS),
            ldtr: read_segment(vmcs, &GUEST_LDTR),
            tr: read_segment(vmcs, &GUEST_TR),
            gdtr: TableRegister {
                base: vmcs.read(&GUEST_GDTR_BASE),
                limit: vmcs.read(&GUEST_GDTR_LIMIT) as u16,
            },
            idtr: TableRegister {
                base: vmcs.read(&GUEST_IDTR_BASE),
                limit: vmcs.read(&GUEST_IDTR_LIMIT) as u16,
            },
        }
    }
}
