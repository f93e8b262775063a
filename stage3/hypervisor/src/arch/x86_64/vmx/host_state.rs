//! The host-state area: what a VM exit loads (Intel SDM, "Host-State Area"). It is what this CPU has now, and none of
//! it changes while virtual CPUs exist.

use super::super::msr;
use super::entry::vmx_exit;
use super::vmcs::Vmcs;
use architecture::vmx::fields::*;
use core::arch::asm;
use x86_64::instructions::tables::{sgdt, sidt};
use x86_64::registers::control::{Cr0, Cr3, Cr4};
use x86_64::registers::model_specific::Efer;
use x86_64::registers::segmentation::{Segment, CS, DS, ES, SS};

const IA32_PAT: u32 = 0x277;

/// Writes all of it but HOST_RSP, which is the world switch's ([`super::entry`]).
pub fn write(vmcs: &mut Vmcs) {
    let (cr3, cr3_flags) = Cr3::read_raw();
    vmcs.write(&HOST_CR0, Cr0::read_raw());
    vmcs.write(&HOST_CR3, cr3.start_address().as_u64() | u64::from(cr3_flags));
    vmcs.write(&HOST_CR4, Cr4::read_raw());

    let (gdt, tr) = (sgdt(), task_register());
    vmcs.write(&HOST_CS_SELECTOR, CS::get_reg().0);
    vmcs.write(&HOST_SS_SELECTOR, SS::get_reg().0);
    vmcs.write(&HOST_DS_SELECTOR, DS::get_reg().0);
    vmcs.write(&HOST_ES_SELECTOR, ES::get_reg().0);
    // The host does not use FS and GS.
    vmcs.write(&HOST_FS_SELECTOR, 0);
    vmcs.write(&HOST_GS_SELECTOR, 0);
    vmcs.write(&HOST_FS_BASE, 0);
    vmcs.write(&HOST_GS_BASE, 0);
    vmcs.write(&HOST_TR_SELECTOR, tr);
    vmcs.write(&HOST_TR_BASE, tss_base(gdt.base.as_u64(), tr));
    vmcs.write(&HOST_GDTR_BASE, gdt.base.as_u64());
    vmcs.write(&HOST_IDTR_BASE, sidt().base.as_u64());

    // The host does not use SYSENTER.
    vmcs.write(&HOST_IA32_SYSENTER_CS, 0);
    vmcs.write(&HOST_IA32_SYSENTER_ESP, 0);
    vmcs.write(&HOST_IA32_SYSENTER_EIP, 0);
    vmcs.write(&HOST_IA32_EFER, Efer::read_raw());
    // SAFETY: each 64-bit processor has this MSR, and reading it changes nothing.
    vmcs.write(&HOST_IA32_PAT, unsafe { msr::read(IA32_PAT) });
    vmcs.write(&HOST_RIP, vmx_exit as *const () as u64);
}

/// Selector in TR.
fn task_register() -> u16 {
    let selector: u16;
    // SAFETY: STR writes to the given register only.
    unsafe { asm!("str {0:x}", out(reg) selector, options(nomem, nostack, preserves_flags)) };
    selector
}

/// Base address in the 64-bit TSS descriptor that `selector` names (Intel SDM, "TSS Descriptor in 64-bit mode").
fn tss_base(gdt: u64, selector: u16) -> u64 {
    let descriptor = (gdt + u64::from(selector & !7)) as *const [u64; 2];
    // SAFETY: TR was loaded from this descriptor, and the GDT it is in is still this CPU's.
    let [low, high] = unsafe { descriptor.read_unaligned() };
    (low >> 16) & 0xff_ffff | (low >> 32) & 0xff00_0000 | high << 32
}
