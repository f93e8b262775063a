//! The rules of VM entry about the host (Intel SDM, "Checks on Host Control Registers, MSRs, and SSP", "Checks on Host
//! Segment and Descriptor-Table Registers", "Checks Related to Address-Space Size").

use super::Report;
use super::{is_canonical, CR4_VMXE};
use architecture::vmx::fields::*;
use core::fmt;
use machine::vcpu::{CR0_NE, CR0_PE, CR0_PG, CR4_PAE, EFER_LMA, EFER_LME};

/// Requested privilege level and table indicator of a selector.
const RPL_AND_TI: u16 = 7;

/// All of them.
pub fn check(report: &mut Report) -> fmt::Result {
    let vmcs = report.vmcs;
    let (cr0, cr4) = (vmcs.read(&HOST_CR0), vmcs.read(&HOST_CR4));
    let required = CR0_PE | CR0_NE | CR0_PG;
    report.rule(cr0 & required == required, "HOST_CR0", cr0, "PE, NE and PG must be 1")?;
    let required = CR4_VMXE | CR4_PAE;
    report.rule(cr4 & required == required, "HOST_CR4", cr4, "VMXE and PAE must be 1")?;
    let efer = vmcs.read(&HOST_IA32_EFER);
    let required = EFER_LMA | EFER_LME;
    report.rule(efer & required == required, "HOST_IA32_EFER", efer, "LMA and LME must be 1")?;

    for field in [
        HOST_CS_SELECTOR,
        HOST_SS_SELECTOR,
        HOST_DS_SELECTOR,
        HOST_ES_SELECTOR,
        HOST_FS_SELECTOR,
        HOST_GS_SELECTOR,
        HOST_TR_SELECTOR,
    ] {
        let selector = vmcs.read(&field);
        report.rule(selector & RPL_AND_TI == 0, field.name, selector.into(), "RPL and TI must be 0")?;
    }
    for field in [HOST_CS_SELECTOR, HOST_TR_SELECTOR] {
        let selector = vmcs.read(&field);
        report.rule(selector != 0, field.name, selector.into(), "must not be 0")?;
    }
    for field in [
        HOST_FS_BASE,
        HOST_GS_BASE,
        HOST_TR_BASE,
        HOST_GDTR_BASE,
        HOST_IDTR_BASE,
        HOST_IA32_SYSENTER_ESP,
        HOST_IA32_SYSENTER_EIP,
        HOST_RIP,
    ] {
        let address = vmcs.read(&field);
        report.rule(is_canonical(address), field.name, address, "must be canonical")?;
    }
    Ok(())
}
