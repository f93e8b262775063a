//! The auditor of VMRUN: which fields of a VMCB break which rule (AMD APM volume 2, "Canonicalization and Consistency
//! Checks", "Event Injection", "Nested Paging and VMRUN/#VMEXIT", "Address Space Identifiers", "Virtualizing NMI",
//! "Advanced Virtual Interrupt Controller").
//!
//! A feature that the processor does not have is not looked at: VMRUN ignores its bits.

mod controls;
mod processor;
mod state;
#[cfg(test)]
mod tests;

pub use processor::{Features, Processor};

use super::vmcb::Vmcb;
use crate::audit::{Audited, Findings};

/// Reports each rule that `vmcb` breaks on `processor`.
pub fn audit(vmcb: &Vmcb, processor: &Processor, out: Findings<'_>) {
    let mut audit = Audit { vmcb, processor, out };
    audit.intercepts();
    audit.permission_maps();
    audit.address_space();
    audit.event();
    audit.nested_paging();
    audit.avic();
    audit.efer();
    audit.control_registers();
    audit.debug_registers();
    audit.code_segment();
    audit.shadow_stack_control();
}

/// The state of an audit. The rules are in `controls`, for the control area, and `state`, for the save area.
struct Audit<'a> {
    vmcb: &'a Vmcb,
    processor: &'a Processor,
    out: Findings<'a>,
}

impl Audit<'_> {
    /// A field to check.
    fn field(&mut self, name: &'static str, value: impl Into<u64>) -> Audited<'_> {
        Audited::new(name, value, self.out)
    }
}
