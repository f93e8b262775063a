//! Why the guest could not go on: the processor's words, and which fields break which rule of VM entry.
//!
//! It runs only after a failure. The rules are those of the manual that a guest, a loader or a slip in the set-up can
//! plausibly break.

mod host;
mod segments;

use super::events::{
    BLOCKING_BY_MOV_SS, BLOCKING_BY_NMI, BLOCKING_BY_STI, TYPE, TYPE_EXTERNAL_INTERRUPT, TYPE_NMI, VALID,
};
use super::guest_state::LONG;
use super::instructions::{InstructionError, VmFail};
use super::vcpu::VmxVcpu;
use super::vmcs::Vmcs;
use architecture::vmx::controls::{Entry, Primary, Secondary};
use architecture::vmx::exit_reason;
use architecture::vmx::fields::*;
use core::arch::x86_64::__cpuid;
use core::fmt::{self, Write};
use machine::vcpu::{CR0_NE, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME, RFLAGS_FIXED, RFLAGS_IF};

/// RFLAGS.VM: virtual-8086 mode.
pub const RFLAGS_VM: u64 = 1 << 17;
/// RFLAGS bits that are zero.
const RFLAGS_ZERO: u64 = !0x3f_7fd7;
/// CR4.PCIDE.
const CR4_PCIDE: u64 = 1 << 17;
/// CR4.VMXE.
const CR4_VMXE: u64 = 1 << 13;
/// EFER bits that mean something on Intel processors: SCE, LME, LMA, NXE.
const EFER_DEFINED: u64 = 0xd01;
/// Interruption information, bits 10:8: type external interrupt, NMI.
const TYPES: [&str; 8] = [
    "external interrupt",
    "reserved",
    "NMI",
    "hardware exception",
    "software interrupt",
    "privileged software exception",
    "software exception",
    "other event",
];

/// Broken rules go out as they are found.
pub struct Report<'a> {
    pub vmcs: &'a Vmcs,
    out: &'a mut dyn Write,
    broken: usize,
}

impl Report<'_> {
    /// One line if the rule does not hold.
    pub fn rule(&mut self, holds: bool, field: &str, value: u64, rule: &str) -> fmt::Result {
        if holds {
            return Ok(());
        }
        self.broken += 1;
        write!(self.out, "\n  {field} = {value:#x}: {rule}")
    }
}

/// [`super::super::backend::HardwareVcpu::explain`].
pub fn explain(vcpu: &VmxVcpu, out: &mut dyn Write) -> fmt::Result {
    let vmcs = &vcpu.vmcs;
    match vcpu.last_exit {
        Err(fail) => {
            let instruction = if vcpu.switch.is_launched() { "VMRESUME" } else { "VMLAUNCH" };
            match fail {
                VmFail::Invalid => write!(out, "{instruction}: there is no current VMCS")?,
                VmFail::Valid => {
                    write!(out, "{instruction}: {}", InstructionError(vmcs.read(&VM_INSTRUCTION_ERROR)))?;
                }
            }
            check(vmcs, out)
        }
        Ok(reason) => {
            let name = exit_reason::name(reason as u16);
            let qualification = vmcs.read(&EXIT_QUALIFICATION);
            write!(out, "exit reason {reason:#x} ({name}), qualification {qualification:#x}")?;
            write!(
                out,
                "\n  guest-physical address {:#x}, guest-linear address {:#x}, instruction length {}",
                vmcs.read(&GUEST_PHYSICAL_ADDRESS),
                vmcs.read(&GUEST_LINEAR_ADDRESS),
                vmcs.read(&VM_EXIT_INSTRUCTION_LENGTH)
            )?;
            event(out, "interruption", vmcs.read(&VM_EXIT_INTERRUPTION_INFORMATION))?;
            event(out, "interrupted the delivery of", vmcs.read(&IDT_VECTORING_INFORMATION))?;
            match reason as u16 {
                exit_reason::ENTRY_FAILURE_GUEST_STATE => check(vmcs, out),
                _ => Ok(()),
            }
        }
    }
}

fn event(out: &mut dyn Write, what: &str, information: u32) -> fmt::Result {
    if information & VALID == 0 {
        return Ok(());
    }
    let kind = TYPES[(information >> 8) as usize & 7];
    write!(out, "\n  {what}: {kind}, vector {}", information & 0xff)
}

fn check(vmcs: &Vmcs, out: &mut dyn Write) -> fmt::Result {
    let mut report = Report { vmcs, out, broken: 0 };
    controls(&mut report)?;
    host::check(&mut report)?;
    control_registers(&mut report)?;
    segments::check(&mut report)?;
    rip_and_rflags(&mut report)?;
    non_register_state(&mut report)?;
    if report.broken == 0 {
        write!(report.out, "\n  no rule that pxHV checks is broken")?;
    }
    Ok(())
}

/// Intel SDM, "Checks on VMX Controls".
fn controls(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let primary = vmcs.read(&PRIMARY_PROCESSOR_BASED_CONTROLS);
    let secondary = vmcs.read(&SECONDARY_PROCESSOR_BASED_CONTROLS);
    let has_secondary = primary & Primary::ACTIVATE_SECONDARY_CONTROLS.bits() != 0;
    let vpid = vmcs.read(&VIRTUAL_PROCESSOR_IDENTIFIER);
    let uses_vpid = has_secondary && secondary & Secondary::ENABLE_VPID.bits() != 0;
    report.rule(!uses_vpid || vpid != 0, "VPID", vpid.into(), "must not be zero")?;
    let unrestricted = secondary & Secondary::UNRESTRICTED_GUEST.bits() != 0;
    let ept = secondary & Secondary::ENABLE_EPT.bits() != 0;
    report.rule(
        !unrestricted || ept,
        "secondary controls",
        secondary.into(),
        "unrestricted guest needs EPT",
    )?;
    let too_wide = u64::MAX << physical_address_bits();
    for field in
        [ADDRESS_OF_IO_BITMAP_A, ADDRESS_OF_IO_BITMAP_B, ADDRESS_OF_MSR_BITMAPS, VIRTUAL_APIC_ADDRESS]
    {
        let address = vmcs.read(&field);
        report.rule(address & (too_wide | 0xfff) == 0, field.name, address, "must be the HPA of a page")?;
    }
    let pointer = vmcs.read(&EPT_POINTER);
    report.rule(pointer & (too_wide | 0xf80) == 0, "EPT_POINTER", pointer, "reserved bits are set")?;

    let entry = vmcs.read(&VM_ENTRY_INTERRUPTION_INFORMATION);
    if entry & VALID != 0 {
        let protected = vmcs.read(&GUEST_CR0) & CR0_PE != 0;
        let (kind, vector) = ((entry >> 8) & 7, entry & 0xff);
        let takes_code = protected && kind == 3 && matches!(vector, 8 | 10..=14 | 17);
        let has_code = entry & (1 << 11) != 0;
        let event = "VM_ENTRY_INTERRUPTION_INFORMATION";
        let mut rule = |holds, rule| report.rule(holds, event, entry.into(), rule);
        rule(entry & 0x7fff_f000 == 0, "bits 30:12 are reserved")?;
        rule(kind != 1, "type 1 is reserved")?;
        rule(kind != 2 || vector == 2, "the vector of an NMI is 2")?;
        rule(kind != 3 || vector < 32, "a hardware exception has a vector below 32")?;
        rule(takes_code == has_code, "error code for an exception that has none, or none for one that has")?;
    }
    Ok(())
}

/// Intel SDM, "Checks on Guest Control Registers, Debug Registers, and MSRs".
fn control_registers(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let (cr0, cr4) = (vmcs.read(&GUEST_CR0), vmcs.read(&GUEST_CR4));
    let (cr3, efer) = (vmcs.read(&GUEST_CR3), vmcs.read(&GUEST_IA32_EFER));
    let entry = vmcs.read(&VM_ENTRY_CONTROLS);
    let ia32e = entry & Entry::IA_32E_MODE_GUEST.bits() != 0;
    let (paging, lme, lma) = (cr0 & CR0_PG != 0, efer & EFER_LME != 0, efer & EFER_LMA != 0);

    report.rule(cr0 & CR0_NE != 0, "GUEST_CR0", cr0, "NE must be 1 in VMX operation")?;
    report.rule(!paging || cr0 & CR0_PE != 0, "GUEST_CR0", cr0, "PG needs PE")?;
    report.rule(cr0 >> 32 == 0, "GUEST_CR0", cr0, "bits 63:32 must be 0")?;
    report.rule(cr4 & CR4_VMXE != 0, "GUEST_CR4", cr4, "VMXE must be 1 in VMX operation")?;
    report.rule(ia32e || cr4 & CR4_PCIDE == 0, "GUEST_CR4", cr4, "PCIDE needs IA-32e mode")?;
    report.rule(!ia32e || paging, "GUEST_CR0", cr0, "IA-32e mode needs PG")?;
    report.rule(!ia32e || cr4 & CR4_PAE != 0, "GUEST_CR4", cr4, "IA-32e mode needs PAE")?;
    report.rule(cr3 >> physical_address_bits() == 0, "GUEST_CR3", cr3, "wider than physical addresses")?;
    report.rule(efer & !EFER_DEFINED == 0, "GUEST_IA32_EFER", efer, "reserved bits are set")?;
    report.rule(lma == ia32e, "GUEST_IA32_EFER", efer, "LMA must equal the control IA-32e mode guest")?;
    report.rule(!paging || lma == lme, "GUEST_IA32_EFER", efer, "with paging, LMA must equal LME")?;

    let dr7 = vmcs.read(&GUEST_DR7);
    report.rule(dr7 >> 32 == 0, "GUEST_DR7", dr7, "bits 63:32 must be 0")?;
    let pat = vmcs.read(&GUEST_IA32_PAT);
    let pat_holds = pat.to_le_bytes().iter().all(|kind| matches!(kind, 0 | 1 | 4..=7));
    report.rule(pat_holds, "GUEST_IA32_PAT", pat, "each byte must be 0, 1, 4, 5, 6 or 7")?;
    for field in [GUEST_IA32_SYSENTER_ESP, GUEST_IA32_SYSENTER_EIP, GUEST_GDTR_BASE, GUEST_IDTR_BASE] {
        let address = vmcs.read(&field);
        report.rule(is_canonical(address), field.name, address, "must be canonical")?;
    }
    if paging && cr4 & CR4_PAE != 0 && !ia32e {
        for field in [GUEST_PDPTE0, GUEST_PDPTE1, GUEST_PDPTE2, GUEST_PDPTE3] {
            let pdpte = vmcs.read(&field);
            let reserved = 0x1e6 | u64::MAX << physical_address_bits();
            let holds = pdpte & 1 == 0 || pdpte & reserved == 0;
            report.rule(holds, field.name, pdpte, "reserved bits are set")?;
        }
    }
    Ok(())
}

/// Intel SDM, "Checks on Guest RIP, RFLAGS, and SSP".
fn rip_and_rflags(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let (rip, rflags) = (vmcs.read(&GUEST_RIP), vmcs.read(&GUEST_RFLAGS));
    let ia32e = vmcs.read(&VM_ENTRY_CONTROLS) & Entry::IA_32E_MODE_GUEST.bits() != 0;
    let long_code = ia32e && vmcs.read(&GUEST_CS.access_rights) & LONG != 0;
    let external =
        vmcs.read(&VM_ENTRY_INTERRUPTION_INFORMATION) & (VALID | TYPE) == VALID | TYPE_EXTERNAL_INTERRUPT;

    report.rule(
        long_code || rip >> 32 == 0,
        "GUEST_RIP",
        rip,
        "bits 63:32 must be 0 outside of 64-bit mode",
    )?;
    report.rule(!long_code || is_canonical(rip), "GUEST_RIP", rip, "must be canonical")?;
    report.rule(rflags & RFLAGS_ZERO == 0, "GUEST_RFLAGS", rflags, "reserved bits are set")?;
    report.rule(rflags & RFLAGS_FIXED != 0, "GUEST_RFLAGS", rflags, "bit 1 must be 1")?;
    let real = vmcs.read(&GUEST_CR0) & CR0_PE == 0;
    let no_vm = rflags & RFLAGS_VM == 0;
    report.rule(
        no_vm || !(ia32e || real),
        "GUEST_RFLAGS",
        rflags,
        "VM needs protected mode without IA-32e",
    )?;
    report.rule(
        !external || rflags & RFLAGS_IF != 0,
        "GUEST_RFLAGS",
        rflags,
        "an external interrupt needs IF",
    )
}

/// Intel SDM, "Checks on Guest Non-Register State".
fn non_register_state(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let activity = vmcs.read(&GUEST_ACTIVITY_STATE).into();
    report.rule(activity == 0, "GUEST_ACTIVITY_STATE", activity, "pxHV enters active guests only")?;
    let state = vmcs.read(&GUEST_INTERRUPTIBILITY_STATE);
    let information = vmcs.read(&VM_ENTRY_INTERRUPTION_INFORMATION);
    let external = information & (VALID | TYPE) == VALID | TYPE_EXTERNAL_INTERRUPT;
    let nmi = information & (VALID | TYPE) == VALID | TYPE_NMI;
    let rflags = vmcs.read(&GUEST_RFLAGS);
    let shadow = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;
    let mut rule = |holds, rule| report.rule(holds, "GUEST_INTERRUPTIBILITY_STATE", state.into(), rule);
    rule(state >> 5 == 0, "reserved bits are set")?;
    rule(state & shadow != shadow, "blocking by STI and by MOV SS exclude each other")?;
    rule(state & BLOCKING_BY_STI == 0 || rflags & RFLAGS_IF != 0, "blocking by STI needs RFLAGS.IF")?;
    rule(!external || state & shadow == 0, "no external interrupt while STI or MOV SS blocks")?;
    rule(
        !nmi || state & (BLOCKING_BY_MOV_SS | BLOCKING_BY_NMI) == 0,
        "no NMI while MOV SS or an NMI blocks",
    )?;
    let pending = vmcs.read(&GUEST_PENDING_DEBUG_EXCEPTIONS);
    let reserved = !0x1_500f;
    report.rule(
        pending & reserved == 0,
        "GUEST_PENDING_DEBUG_EXCEPTIONS",
        pending,
        "reserved bits are set",
    )?;
    let link = vmcs.read(&VMCS_LINK_POINTER);
    report.rule(link == u64::MAX, "VMCS_LINK_POINTER", link, "must be all ones without VMCS shadowing")
}

/// Bits 63:47 are equal.
pub const fn is_canonical(address: u64) -> bool {
    matches!(address >> 47, 0 | 0x1_ffff)
}

/// Width of physical addresses on this CPU (at most 52).
fn physical_address_bits() -> u32 {
    __cpuid(0x8000_0008).eax & 0xff
}
