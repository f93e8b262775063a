//! Why the guest could not go on: the processor's words, and what the auditor finds.

use super::super::cpu;
use super::capabilities;
use super::instructions::{InstructionError, VmFail};
use super::vcpu::VmxVcpu;
use architecture::vmx::audit::{audit, Processor, View};
use architecture::vmx::exit_reason;
use architecture::vmx::fields::*;
use architecture::vmx::interruption::{Kind, VALID, VECTOR};
use core::fmt::{self, Write};
use machine::cpuid::HostCpuid;

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
            broken_rules(vcpu, out)
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
                exit_reason::ENTRY_FAILURE_GUEST_STATE => broken_rules(vcpu, out),
                _ => Ok(()),
            }
        }
    }
}

fn event(out: &mut dyn Write, what: &str, information: u32) -> fmt::Result {
    if information & VALID == 0 {
        return Ok(());
    }
    write!(out, "\n  {what}: {}, vector {}", Kind::of(information).name(), information & VECTOR)
}

/// The rules of VM entry that the VMCS breaks, a line each.
fn broken_rules(vcpu: &VmxVcpu, out: &mut dyn Write) -> fmt::Result {
    let processor = Processor::new(capabilities::read(), &|leaf, subleaf| cpu::Cpuid.leaf(leaf, subleaf));
    let (mut count, mut result) = (0, Ok(()));
    audit(vcpu, &processor, &mut |finding| {
        count += 1;
        result = result.and_then(|()| write!(out, "\n  {finding}"));
    });
    result?;
    if count == 0 {
        write!(out, "\n  no rule of the manual that the auditor knows is broken")?;
    }
    Ok(())
}

impl View for VmxVcpu {
    fn read(&self, encoding: u64) -> u64 {
        self.vmcs.read_encoding(encoding).unwrap_or_default()
    }

    fn memory(&self, address: u64) -> Option<u32> {
        self.virtual_apic_dword(address)
    }
}
