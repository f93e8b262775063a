//! Why the guest could not go on: the exit's numbers, and what the auditor finds.

use super::exits;
use crate::arch::x86_64::cpu;
use architecture::svm::audit::{audit, Processor};
use architecture::svm::vmcb::Vmcb;
use core::fmt::{self, Write};
use machine::cpuid::HostCpuid;

/// [`HardwareVcpu::explain`](crate::arch::x86_64::backend::HardwareVcpu::explain).
pub fn explain(vmcb: &Vmcb, out: &mut dyn Write) -> fmt::Result {
    write!(out, "exit code {:#x}, info {:#x} {:#x}", vmcb.exit_code, vmcb.exit_info_1, vmcb.exit_info_2)?;
    if !exits::is_refusal(vmcb) {
        return Ok(());
    }
    let processor = Processor::new(&|leaf, subleaf| cpu::Cpuid.leaf(leaf, subleaf));
    let (mut count, mut result) = (0, Ok(()));
    audit(vmcb, &processor, &mut |finding| {
        count += 1;
        result = result.and_then(|()| write!(out, "\n  {finding}"));
    });
    result?;
    if count == 0 {
        write!(out, "\n  no rule of the manual that the auditor knows is broken")?;
    }
    Ok(())
}
